"""The product's settings, with the pages of the contestants beside its own."""

from pathlib import Path

from config.settings import *  # noqa: F403
from config.settings import TEMPLATES

ROOT_URLCONF = "tests.bench.contestants"
TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")

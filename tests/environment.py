"""What tests need before Django reads its settings: a pytest plugin, loaded by the options in pyproject.toml."""

import atexit
import datetime
import os
import shutil
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine

# The browser of the tests marked "browser", or None. Debian's shell draws the same pages without a window around
# them, which takes two thirds of the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)

os.environ["UPRIGHT_DEVELOPMENT"] = "1"
# A second pathway, so that whatever holds for one holds for two; what starts a process of its own has ours alone.
os.environ["CLINIC_PATHWAYS"] = str(Path(__file__).with_name("procedures"))
# The tests in tests/accounts switch it on.
os.environ["SECOND_FACTOR"] = "0"
# Counting checks would write to the database, which most tests do not have. test_counts.py switches it on.
os.environ["COUNT_EVERY_SECONDS"] = "0"
# Playwright runs an event loop in the thread of the test, and Django would take each query there for a mistake.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

# No test may depend on when it runs: CLINIC_CLOCK="2026-11-29T23:30" begins the session at that time in New York.
if clock := os.environ.get("CLINIC_CLOCK"):
    begins = datetime.datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo("America/New_York"))
    # In UTC, for time_machine would set the time zone of the process to that of a ZoneInfo.
    time_machine.travel(begins.astimezone(datetime.UTC), tick=True).start()

# The workers of a run share its folder, each with a database of its own in it; var/ is never touched.
if "PYTEST_XDIST_WORKER" not in os.environ:
    folder = tempfile.mkdtemp(prefix="upright-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["SQLITE_PATH"] = f"{folder}/never-opened.sqlite3"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="there is no Chromium: apt-get install chromium"))

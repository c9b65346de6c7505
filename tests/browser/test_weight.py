"""The first view of any page is light enough to arrive with the first packets of a new connection."""

import gzip
import re
from functools import cache
from html.parser import HTMLParser
from random import Random
from statistics import median

import pytest
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, override_settings

from .conftest import LANGUAGES
from .states import PUBLIC, fetch, reach, stored_states

MOST_BYTES = 14 * 1024
# What browsers of today say they can read.
ENCODINGS = "gzip, deflate, br, zstd"


@pytest.fixture
def static_files_as_in_production(tmp_path):
    """Compressed, under hashed names, sent by the same middleware."""
    storages = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "config.static_files.StaticFiles"},
    }
    with override_settings(STORAGES=storages, STATIC_ROOT=tmp_path, WHITENOISE_USE_FINDERS=False):
        # No page that patients see has a file of the admin, and to compress those takes longest.
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin"])
        yield


@pytest.fixture
def tokens_by_no_chance(monkeypatch):
    """A token that is new each time presses to another length each time, and the sum would be luck."""
    always_the_same = Random(1)  # noqa: S311

    def draw(length: int, allowed_chars: str) -> str:
        return "".join(always_the_same.choices(allowed_chars, k=length))

    monkeypatch.setattr("django.middleware.csrf.get_random_string", draw)


@pytest.mark.usefixtures("static_files_as_in_production", "tokens_by_no_chance")
def test_the_first_view_of_every_page_is_light(requests, record_property):
    weigh = cache(weight_of_file)
    weights = {}
    for state in (*PUBLIC, *stored_states(requests)):
        for language in LANGUAGES:
            page = fetch(state, language, accept_encoding=ENCODINGS)
            parts = {"page": len(page.content)} | {file: weigh(file) for file in files_of(source_of(page))}
            weights[f"{state}, {language}"] = parts

    totals = {page: sum(parts.values()) for page, parts in weights.items()}
    heaviest = sorted(totals, key=totals.get, reverse=True)
    record_property("the heaviest pages", "; ".join(f"{page}: {totals[page]} bytes" for page in heaviest[:5]))
    record_property("the weight of a page", f"{median(totals.values()):.0f} bytes (median of {len(totals)})")
    too_heavy = [f"{page}: {totals[page]} bytes, {weights[page]}" for page in heaviest if totals[page] > MOST_BYTES]
    assert not too_heavy, "\n".join(too_heavy)


@pytest.mark.browser
def test_a_browser_asks_for_no_more_than_is_weighed(page):
    asked_for = []
    page.on("request", lambda request: asked_for.append(request.url))

    reach(page, PUBLIC[0])

    own_address, *files = (re.sub("^http://[^/]*", "", url) for url in asked_for)
    assert own_address == PUBLIC[0].path
    assert files
    assert set(files) <= set(files_of(page.content()))


def test_all_that_a_page_needs_is_weighed():
    html = """<link rel="stylesheet" href="/a.css"><link rel="canonical" href="/not-loaded/">
    <script src="/b.js"></script><img src="/c.png" srcset="/d.png 2x, /e.png 3x"><a href="/not-loaded/">"""

    assert files_of(html) == ["/a.css", "/b.js", "/c.png", "/d.png", "/e.png"]


def source_of(page: HttpResponse) -> str:
    encoding = page.get("Content-Encoding", "")
    assert encoding in ("", "gzip"), f"the test cannot read {encoding}"
    return (gzip.decompress(page.content) if encoding else page.content).decode()


def weight_of_file(address: str) -> int:
    response = Client(headers={"accept-encoding": ENCODINGS}).get(address)
    assert response.status_code == 200, f"{address} came with status {response.status_code}"
    if response["Content-Type"].startswith("text/css"):
        plain = b"".join(Client().get(address)).decode()
        assert plain, f"{address} is empty"
        assert not re.search(r"@import|url\(", plain), f"{address} loads more files: weigh them too"
    return len(b"".join(response))


class FilesOfPage(HTMLParser):
    """The files that a browser loads with a page."""

    def __init__(self):
        super().__init__()
        self.addresses: dict[str, None] = {}

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        loads = {"stylesheet", "icon", "preload", "modulepreload"} & set(attributes.get("rel", "").split())
        if tag == "link" and loads:
            self._add(attributes["href"])
        if source := attributes.get("src"):
            self._add(source)
        for candidate in filter(None, attributes.get("srcset", "").split(",")):
            self._add(candidate.split()[0])

    def _add(self, address: str) -> None:
        self.addresses[address] = None


def files_of(html: str) -> list[str]:
    parser = FilesOfPage()
    parser.feed(html)
    return list(parser.addresses)

"""Visitors with a real browser. Whatever goes wrong in one, seen or unseen, fails the test."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Request, sync_playwright

from tests.environment import CHROMIUM

# No name but our own leads anywhere, so that a page which calls another host is noticed and does not reach it.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
)

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, live_server):
    """Open the browser of one more visitor, at an empty page; relative addresses are ours."""
    contexts, complaints = [], []

    def open_page(size=PHONE, *, javascript=True, colours="light"):
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=size,
            java_script_enabled=javascript,
            color_scheme=colours,
            # Colours are measured as they are in the end.
            reduced_motion="reduce",
            locale="en-US",
        )
        contexts.append(context)
        Watch(context, live_server.url, complaints)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


class Watch:
    """Writes down the errors of a browser's pages and each request to another host."""

    def __init__(self, context, own_address: str, complaints: list[str]):
        self.own_host = urlsplit(own_address).netloc
        self.complaints = complaints
        self.addresses: set[str] = set()
        context.on("request", self.see_request)
        context.on("console", self.see_message)
        context.on("weberror", lambda problem: complaints.append(f"page error: {problem.error}"))

    def see_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https") and address.netloc != self.own_host:
            self.complaints.append(f"request to another host: {request.url}")
        if request.is_navigation_request():
            self.addresses.add(request.url)

    def see_message(self, message: ConsoleMessage) -> None:
        # A page that comes with a 404 or 422 is one we test, a file that does is missing.
        is_status_of_page = (
            message.text.startswith("Failed to load resource: the server responded with a status of 4")
            and message.location["url"] in self.addresses
        )
        if message.type in ("error", "warning") and not is_status_of_page:
            self.complaints.append(f"console {message.type}: {message.text}")

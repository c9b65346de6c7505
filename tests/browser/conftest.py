"""Visitors with a real browser. Whatever goes wrong in it, seen or unseen, fails the test."""

import os
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Request, sync_playwright

from appointments.lifecycle.definition import BOOK, CLAIM, CLOSE, LOG_CALL
from appointments.lifecycle.transition import perform
from appointments.models import ContactAttempt
from tests.environment import CHROMIUM

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that calls another host is noticed, and does not reach it.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
)

# With it, what judges a page looks at each in every language, width and colour, which takes several times as long.
EVERY_LOOK = "EVERY_LOOK" in os.environ

LANGUAGES = [code for code, name in settings.LANGUAGES]

# Also what is left of 1280 by 1024 px when a page is shown at 400 %.
SMALL_PHONE = {"width": 320, "height": 256}
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}

# What makes a call sheet long.
A_LOT_TO_ASK = {
    "filled_in_by": "Berta Example",
    "relationship": "daughter",
    "may_talk": "patient_agrees",
    "name": "Maximiliana Example-Placeholder de la Muestra",
    "email": "maximiliana.example-placeholder@mail.example.com",
    "language": "other",
    "other_language": "Haitian Creole",
    "needs_interpreter": "on",
    "call_times": ["morning", "afternoon"],
    "cancer": "other",
    "clotting": "too_much",
    "blood_thinner": "yes",
    "safety": ["infection", "allergy"],
}


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def complaints():
    """What the browsers of a test complained of. At its end there is to be none."""
    return []


@pytest.fixture
def open_page(chromium, live_server, complaints):
    """Open the browser of one more visitor, at an empty page; addresses are relative to our server."""
    contexts = []

    def open_page(size=PHONE, *, javascript=True):
        context = new_context(chromium, live_server.url, complaints, viewport=size, java_script_enabled=javascript)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="module")
def long_lived_page(chromium, live_server):
    """A page for the tests of a module to share, because a new one takes longer than to look at most of ours."""
    complaints: list[str] = []
    with new_context(chromium, live_server.url, complaints) as context:
        yield context.new_page(), complaints


@pytest.fixture
def page(long_lived_page):
    """A page with nothing left of the test before."""
    page, complaints = long_lived_page
    complaints.clear()
    page.context.clear_cookies()
    page.emulate_media(color_scheme="light", forced_colors="none")
    yield page
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def requests(a_request, scheduler, clinician, place, consulting_hours, next_week):
    """One request in each state, by its name; those that are held are held by `scheduler`."""
    requests = {status: a_request(**A_LOT_TO_ASK) for status in ("waiting", "claimed", "booked", "closed")}
    for status in ("claimed", "booked", "closed"):
        perform(CLAIM, requests[status], by=scheduler)
        call = {"channel": ContactAttempt.Channel.PHONE, "outcome": ContactAttempt.CallResult.REACHED}
        perform(LOG_CALL, requests[status], by=scheduler, note="Her daughter will be there.", **call)
    perform(BOOK, requests["booked"], by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    perform(CLOSE, requests["closed"], by=scheduler, reason="declined")
    return requests


@pytest.fixture
def signed_in(client, scheduler):
    """The cookies of a browser in which `scheduler` has signed in."""
    client.force_login(scheduler)
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


def new_context(chromium: Browser, address: str, complaints: list[str], **options) -> BrowserContext:
    # Colours are measured as they are in the end, not on their way there.
    context = chromium.new_context(base_url=address, locale="en-US", reduced_motion="reduce", **options)
    Watch(context, address, complaints)
    return context


class Watch:
    """Complains of each error in a browser's pages, and of each request to another host."""

    def __init__(self, context: BrowserContext, address: str, complaints: list[str]):
        self.own_host = urlsplit(address).netloc
        self.complaints = complaints
        self.pages_seen: set[str] = set()
        context.on("request", self.see_request)
        context.on("console", self.see_message)
        context.on("weberror", lambda problem: complaints.append(f"page error: {problem.error}"))

    def see_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https") and address.netloc != self.own_host:
            self.complaints.append(f"request to another host: {request.url}")
        if request.is_navigation_request():
            self.pages_seen.add(request.url)

    def see_message(self, message: ConsoleMessage) -> None:
        # Browsers call every page with a status of 4xx or 5xx an error. We test those pages.
        is_page_with_status = (
            message.text.startswith("Failed to load resource: the server responded with a status of")
            and message.location["url"] in self.pages_seen
        )
        if message.type in ("error", "warning") and not is_page_with_status:
            self.complaints.append(f"console {message.type}: {message.text} {message.location['url']}")

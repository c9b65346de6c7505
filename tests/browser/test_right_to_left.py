"""The pages in a language that is read from right to left, in a browser: see tests/pseudo_language.py."""

import os
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.mail import free_port
from tests.pseudo_language import CODE

from .conftest import DESKTOP, PHONE, SMALL_PHONE, new_context
from .states import PUBLIC, State, reach
from .test_every_page import ENLARGED, MEASURE, PLACEMENT

pytestmark = pytest.mark.browser

# One of each address and form of a page. What is different on the server meanwhile, another process cannot know.
STATES = {
    (state.path, state.status): state
    for state in reversed(PUBLIC)
    if isinstance(state.meanwhile, nullcontext) and state.status < 500 and "spinal" not in state.path
}.values()
QUEUE = "/admin/appointments/appointmentrequest/"
# A request in that language, and a member of staff who is signed in: the number of the one, the session of the other.
OF_STAFF = f"""
from django.contrib.auth import get_user_model
from django.test import Client
from tests.factories import a_request
kim = Client()
kim.force_login(get_user_model().objects.create_superuser("kim"))
print("made", a_request(language="{CODE}").pk, kim.cookies["session"].value)
"""


@pytest.fixture(scope="module")
def site(migrated_copy):
    """Gives the address, and what runs a command in that language on its database."""
    environment = {**os.environ, "SQLITE_PATH": str(migrated_copy()), "SECOND_FACTOR": "0"}
    command, at = [sys.executable, "-m", "tests.pseudo_language"], f"localhost:{free_port()}"
    options = {"cwd": Path(__file__).parents[2], "env": environment}

    def run(*arguments: str) -> str:
        ran = subprocess.run(  # noqa: S603
            [*command, *arguments], **options, capture_output=True, text=True, check=True
        )
        return ran.stdout

    with subprocess.Popen(  # noqa: S603
        [*command, "runserver", at, "--noreload"], **options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            while not answers(f"http://{at}/health/"):
                assert server.poll() is None
                time.sleep(0.1)
            yield f"http://{at}", run
        finally:
            server.terminate()


def answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=60):  # noqa: S310
            return True
    except URLError:
        return False


@pytest.fixture(scope="module")
def page(chromium, site):
    complaints: list[str] = []
    with new_context(chromium, site[0], complaints) as context:
        yield context.new_page()
    assert not complaints, "\n".join(complaints)


def test_it_runs_from_right_to_left_and_all_of_it_is_to_be_seen_and_pressed(page):
    found = []
    for state in STATES:
        reach(page, state, CODE)
        if page.evaluate("getComputedStyle(document.body).direction") != "rtl":
            found.append(f"{state}: runs from left to right")
        for size in (SMALL_PHONE, PHONE, DESKTOP):
            page.set_viewport_size(size)
            found += [f"{state}, {size['width']} px: {one}" for one in page.evaluate(MEASURE, PLACEMENT)]
        page.set_viewport_size(PHONE)
        large = {"style": ENLARGED, "sideways": True, "cutOff": True}
        found += [f"{state}, enlarged: {one}" for one in page.evaluate(MEASURE, large)]

    assert not found, "\n".join(found)


def test_staff_see_what_is_said_in_it_without_scrolling_sideways(page, site):
    _address, run = site
    pk, session = run("shell", "-c", OF_STAFF).rpartition("made ")[2].split()
    pages = ("/admin/", QUEUE, f"{QUEUE}{pk}/change/", f"/admin/letter/{pk}/", f"/admin/requests/{pk}/record/")
    found = []
    for path in pages:
        reach(page, State(path, path, {"session": session}), "en")
        for size in (SMALL_PHONE, DESKTOP):
            page.set_viewport_size(size)
            found += [f"{path}, {size['width']} px: {one}" for one in page.evaluate(MEASURE, {"sideways": True})]

    assert not found, "\n".join(found)

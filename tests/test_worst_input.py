"""No address takes input that costs more than its length: the worst known of each kind, at two sizes, at every one.

A field may hide behind one that is refused first; tests/test_long_input.py does the same field by field where people
type most.
"""

import re
import time
from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from accounts.passwords import Hasher
from tests.browser.states import answered
from tests.staff import signed_in
from tests.test_headers import ADDRESSES as SAMPLES
from tests.test_long_input import badly_ordered
from tests.walk import ADDRESSES as STEPS
from tests.walk import BIRTHDAY, CALL, TEXTBOOK, VISIT_ANSWERS, WHO

pytestmark = pytest.mark.sweep

# The long one is about what a request may carry. What costs the square takes a second then, where the page with the
# short one takes some hundredths.
SHORT, LONG = 1_000, 28_000
MOST_TIMES = 5
# In seconds of the processor; below this nothing is worth a word.
ALWAYS_FINE = 0.12

# One field with this in it.
WORST_TEXTS: dict[str, Callable[[int], str]] = {
    "badly ordered marks": badly_ordered,
    "digits": lambda length: "9" * length,
    "nested lists": lambda length: "[" * (length // 2) + "(" * (length // 2),
}
MOST_FIELDS = 15
# Of so many fields each gets a part of it. Half of the marks is enough to be seen when they are sorted.
SHARED_BY = {"badly ordered marks": 2, "digits": MOST_FIELDS, "nested lists": MOST_FIELDS}
# Each address once, and where one part of it is a step or a verb, those that take the most. Of tables the forms: the
# other pages are Django's own, and take the same of each.
DO = "/admin/appointments/appointmentrequest/1/do"
OF_DJANGO = re.compile(r"/admin/appointments/(?!appointmentrequest)\w+/(1/(delete|history|change)/)?")
ADDRESSES = sorted({*SAMPLES, *STEPS, f"{DO}/correct/", f"{DO}/note/"} - {*filter(OF_DJANGO.fullmatch, SAMPLES)})
# What each page takes that it does not show at once.
ALWAYS = ("next", "language", "in_language", "q", "code", "version")
COOKIES = ("answers", "status", "known", "unsent", "session", "language", "csrf", "messages")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch, settings):
    # A hash is dear on purpose, and would hide what is measured here.
    monkeypatch.setattr(Hasher, "iterations", 1)
    settings.AXES_ENABLED = False
    settings.TEXTS, settings.TEXTS_TOKEN = "twilio", "t" * 32


def processor_time(send, *arguments) -> float:
    started = time.process_time()
    send(*arguments)
    return time.process_time() - started


def costs_more(send, worst) -> bool:
    if processor_time(send, worst(LONG)) <= ALWAYS_FINE:
        return False
    enough = max(MOST_TIMES * processor_time(send, worst(SHORT)), ALWAYS_FINE)
    # Once is enough for what costs its length, but for a pause of the machine.
    return all(processor_time(send, worst(LONG)) > enough for _ in range(2))


@pytest.fixture
def visitor_to(a_request) -> Callable[[str], Client]:
    """Who comes to an address: a patient in the middle of everything, or staff who may do everything.

    Each time anew, with the cookies of then: what was sent before must not have ended the session or the check.
    """
    patient = Client()
    typed = {"questions": VISIT_ANSWERS, "who": WHO, "call": CALL}
    earlier = {
        key: {name: [value] if isinstance(value, str) else value for name, value in step.items()}
        for key, step in typed.items()
    }
    patient.cookies.load(answered(TEXTBOOK, **earlier))
    patient.post("/status/", {"reference": a_request().reference, **BIRTHDAY})
    staff = signed_in(get_user_model().objects.create_superuser("nora"))

    def visitor(address: str) -> Client:
        kept = staff.cookies if address.startswith("/admin/") else patient.cookies
        # Who is signed in sees no sign-in, and what ends the session ends it for those who come later.
        is_stranger = re.search("login|logout|sessions/|second-factor/leave", address)
        cookies = "" if is_stranger else "; ".join(f"{name}={one.value}" for name, one in kept.items())
        return Client(headers={"cookie": cookies}, raise_request_exception=False)

    return visitor


def test_no_field_of_any_page_costs_more(visitor_to):
    too_dear = []
    for address in ADDRESSES:
        if visitor_to(address).post(address).status_code in (404, 405):
            continue
        page = visitor_to(address).get(address)
        shown = [] if page.streaming else re.findall(r' name="([\w:-]+)"', page.content.decode())
        fields = list(dict.fromkeys([*shown, *ALWAYS]))[:MOST_FIELDS]

        for kind, worst in WORST_TEXTS.items():
            for start in range(0, len(fields), SHARED_BY[kind]):
                some = fields[start : start + SHARED_BY[kind]]

                def send(text: str, address=address, some=some):
                    visitor_to(address).post(address, dict.fromkeys(some, text[: len(text) // len(some)]))

                if costs_more(send, worst):
                    too_dear.append((address, some, kind))
    assert too_dear == []


def test_neither_do_many_equal_keys_and_long_cookies(visitor_to):
    form = "application/x-www-form-urlencoded"
    too_dear = []
    for address in ADDRESSES:

        def equal_keys(text: str, address=address):
            visitor_to(address).generic("POST", address, "a=1&" * (len(text) // 4), content_type=form)

        if costs_more(equal_keys, WORST_TEXTS["digits"]):
            too_dear.append(address)
    for name in COOKIES:
        for address in ("/check/pain/", "/visit/who/", "/status/yours/", "/admin/unsent/"):
            for kind, worst in WORST_TEXTS.items():

                def in_cookie(text: str, name=name, address=address):
                    text = text.encode().decode("latin-1")
                    Client(headers={"cookie": f"{name}={text}"}, raise_request_exception=False).get(address)

                if costs_more(in_cookie, worst):
                    too_dear.append((address, name, kind))
    assert too_dear == []

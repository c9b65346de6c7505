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
from tests.test_headers import ADDRESSES
from tests.test_long_input import badly_ordered
from tests.walk import BIRTHDAY, CALL, TEXTBOOK, VISIT_ANSWERS, WHO

pytestmark = pytest.mark.sweep

# The long one is about what a request may carry. What costs the square takes a second then, where the page with the
# short one takes some hundredths.
SHORT, LONG = 1_000, 28_000
MOST_TIMES = 12
# In seconds of the processor; below this nothing is worth a word.
ALWAYS_FINE = 0.15

# One field with this in it.
WORST_TEXTS: dict[str, Callable[[int], str]] = {
    "badly ordered marks": badly_ordered,
    "digits": lambda length: "9" * length,
    "nested lists": lambda length: "[" * (length // 2) + "(" * (length // 2),
}
MOST_FIELDS = 15
# Of so many fields each gets a part of it: the square of a fifth of the marks is still twice of what is fine.
SHARED_BY = {"badly ordered marks": 5, "digits": MOST_FIELDS, "nested lists": MOST_FIELDS}
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


def visitors(a_request) -> dict[str, Client]:
    """Who comes to all addresses: a patient in the middle of everything, and staff who may do everything."""
    patient = Client(raise_request_exception=False)
    typed = {"questions": VISIT_ANSWERS, "who": WHO, "call": CALL}
    earlier = {
        key: {name: [value] if isinstance(value, str) else value for name, value in step.items()}
        for key, step in typed.items()
    }
    patient.cookies.load(answered(TEXTBOOK, **earlier))
    patient.post("/status/", {"reference": a_request().reference, **BIRTHDAY})
    staff = signed_in(get_user_model().objects.create_superuser("nora"))
    staff.raise_request_exception = False
    return {"patient": patient, "staff": staff}


def test_no_field_of_any_page_costs_more(a_request):
    people = visitors(a_request)
    too_dear = []
    for address in ADDRESSES:
        client = people["staff" if address.startswith("/admin/") else "patient"]
        # Who is signed in sees no sign-in, and whatever ends the session must not end that of the others.
        if re.search("login|logout|sessions/|leave", address):
            client = Client(raise_request_exception=False)
        if client.post(address).status_code in (404, 405):
            continue
        page = client.get(address)
        shown = [] if page.streaming else re.findall(r' name="([\w:-]+)"', page.content.decode())
        fields = list(dict.fromkeys([*shown, *ALWAYS]))[:MOST_FIELDS]

        for kind, worst in WORST_TEXTS.items():
            for start in range(0, len(fields), SHARED_BY[kind]):
                some = fields[start : start + SHARED_BY[kind]]

                def send(text: str, client=client, address=address, some=some):
                    client.post(address, dict.fromkeys(some, text[: len(text) // len(some)]))

                if costs_more(send, worst):
                    too_dear.append((address, some, kind))
    assert too_dear == []


def test_neither_do_many_equal_keys_and_long_cookies(a_request):
    people = visitors(a_request)
    form = "application/x-www-form-urlencoded"
    too_dear = []
    for address in ADDRESSES:
        client = people["staff" if address.startswith("/admin/") else "patient"]

        def equal_keys(text: str, client=client, address=address):
            client.generic("POST", address, "a=1&" * (len(text) // 4), content_type=form)

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

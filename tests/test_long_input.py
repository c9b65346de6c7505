"""What somebody types costs no more than its length, however it is made up."""

import time
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from accounts.passwords import Hasher
from appointments.models import AppointmentRequest
from tests.browser.states import answered
from tests.staff import signed_in
from tests.walk import CALL, CHECK, FIELDS, HELPER, TEXTBOOK, VISIT_ANSWERS, WHO

# As much as one request may carry. What costs the square then takes seconds, next to which the page itself, which
# costs the same with the short text, is little. What costs its length is little next to the page.
SHORT, LONG = 1_000, 30_000
MOST_TIMES = 10
PASSWORD = "four quiet herons at dusk"  # noqa: S105


def badly_ordered(length: int) -> str:
    """The dearest text to normalize: each mark has to be sorted past all before it."""
    return ("a" + "\u0301\u0323" * length)[:length]


OTHER_DEAR_TEXTS = [lambda length, pair=pair: pair * (length // 2) for pair in (" a", "a\u200d", "1 ", "..", "a@")]


def processor_time(send, *arguments) -> float:
    started = time.process_time()
    send(*arguments)
    return time.process_time() - started


def costs_no_more_than_its_length(send, dear) -> bool:
    short = min(processor_time(send, dear(SHORT)) for _ in range(2))
    # What costs the square does so each time. Once is enough for what does not, but for a pause of the machine.
    return any(processor_time(send, dear(LONG)) < MOST_TIMES * short for _ in range(3))


def visitor(last: str) -> Client:
    """Somebody who has come to that step of asking for a visit."""
    client, earlier = Client(), {}
    for key, typed in VISIT.items():
        if key == last:
            client.cookies.load(answered(TEXTBOOK, **earlier, for_someone_else=True))
            return client
        earlier[key] = {name: [value] if isinstance(value, str) else value for name, value in typed.items()}
    raise KeyError(last)


VISIT = {"questions": VISIT_ANSWERS, "who": WHO | HELPER, "call": CALL, "check": CHECK}


@pytest.mark.parametrize("step", FIELDS)
@pytest.mark.parametrize(
    "dear", [badly_ordered, *(pytest.param(dear, marks=pytest.mark.sweep) for dear in OTHER_DEAR_TEXTS)]
)
def test_no_field_of_a_visit_request_costs_more_than_its_length(db, step, dear):
    client = visitor(step)

    def send_each(text: str):
        for name in FIELDS[step]:
            answer = client.post(f"/visit/{step}/", {**VISIT[step], name: text})
            assert answer.status_code in (302, 422)

    assert costs_no_more_than_its_length(send_each, dear)
    assert not AppointmentRequest.objects.filter(name__contains="\u0301\u0323").exists()


def sign_in(stored, text):
    Client().post("/admin/login/", {"username": "nora", "password": text})


def sign_in_as(stored, text):
    Client().post("/admin/login/", {"username": text, "password": PASSWORD})


def look_up(stored, text):
    Client(REMOTE_ADDR="192.0.2.77").post("/status/", {"reference": text, "date_of_birth_month": text})


def change_password(stored, text):
    staff().post(
        "/admin/password_change/", {"old_password": text, "new_password1": PASSWORD, "new_password2": PASSWORD}
    )


def search(stored, text):
    staff().post("/admin/appointments/appointmentrequest/", {"q": text})


def correct(stored, text):
    staff().post(
        f"/admin/appointments/appointmentrequest/{stored.pk}/do/correct/",
        {"name": text, "version": stored.version},
    )


def staff() -> Client:
    return signed_in(get_user_model().objects.get(username="nora"))


@pytest.mark.parametrize("send", [sign_in, sign_in_as, look_up, change_password, search, correct])
def test_nothing_else_that_is_typed_costs_more_than_its_length(a_request, monkeypatch, settings, send):
    # A hash is dear on purpose, and would hide what is measured here.
    monkeypatch.setattr(Hasher, "iterations", 1)
    settings.AXES_ENABLED = False
    stored = a_request()
    get_user_model().objects.create_superuser("nora", password=PASSWORD)

    assert costs_no_more_than_its_length(partial(send, stored), badly_ordered)


def test_a_password_that_is_too_long_is_refused_when_it_is_set(db):
    get_user_model().objects.create_superuser("nora", password=PASSWORD)
    new = "a heron " * 200

    answer = staff().post(
        "/admin/password_change/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    )

    assert "at most 1,000 characters" in answer.content.decode()

"""A birthday cannot be tried out: what is tried leaves a trace, ends in a week, and keeps nobody out who was in."""

import datetime

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from appointments import reference
from appointments.delivery.rendering import email
from appointments.lifecycle.definition import OPEN_ONLINE
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, Message, RateBucket
from appointments.portal.guesses import MOST_TRIES_PER_REFERENCE, MOST_WRONG_IN_A_WEEK
from audit.models import AuditEntry
from tests.staff import member_of, signed_in
from tests.walk import WHO, answer_check, ask_for_visit, words_of

BORN = {"date_of_birth_month": "3", "date_of_birth_day": "14", "date_of_birth_year": "1948"}
WRONG = {**BORN, "date_of_birth_day": "15"}
CLOSED = "It is closed here now. Please call us."


@pytest.fixture
def request_(a_request, settings):
    settings.EMAIL_HOST, settings.SENDS_EMAILS = "mail.example", True
    return a_request(email="ana@example.com", texts_ok=True)


def look_up(client, reference_: str, born=BORN):
    return client.post("/status/", {"reference": reference_, **born})


def guess_for_a_week(reference_: str):
    """From ever new addresses, and slowly enough for each hour. Gives the last answer."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for number in range(MOST_WRONG_IN_A_WEEK):
            answer = look_up(Client(REMOTE_ADDR=f"192.0.2.{number}"), reference_, WRONG)
            clock.shift(datetime.timedelta(minutes=10))
    return answer


def test_a_wrong_birthday_leaves_an_entry_at_the_request(request_, client):
    look_up(client, request_.reference, WRONG)

    entry = AuditEntry.objects.latest("seq")
    assert (entry.who, entry.action, entry.outcome) == ("patient", "look-up", "refused")
    assert entry.numbers == str(request_.pk)


def test_after_many_wrong_birthdays_in_a_week_it_is_closed_online_until_staff_open_it(request_, client):
    scheduler = signed_in(member_of("Schedulers"))
    sheet = f"/admin/appointments/appointmentrequest/{request_.pk}/change/"

    assert guess_for_a_week(request_.reference).status_code == 422
    refused = look_up(client, request_.reference)
    with time_machine.travel(timezone.now() + datetime.timedelta(days=30), tick=False):
        a_month_later = look_up(client, request_.reference)

    assert (refused.status_code, a_month_later.status_code) == (429, 429)
    assert CLOSED in words_of(refused)
    assert "Closed online since" in words_of(scheduler.get(sheet))
    closed = AuditEntry.objects.get(action="change", numbers=request_.pk)
    assert (closed.username, closed.details) == ("", "online_closed, version 1")

    scheduler.post(f"{sheet.removesuffix('change/')}do/open-online/", {"version": 1})

    assert "Closed online since" not in words_of(scheduler.get(sheet))
    assert look_up(client, request_.reference).status_code == 302


def test_a_reference_of_no_request_is_closed_as_one_is(request_, client):
    unknown = reference.new()

    guess_for_a_week(unknown)

    assert CLOSED in words_of(look_up(client, unknown))


def test_who_was_in_before_is_not_locked_out_by_what_others_try(request_, client):
    look_up(client, request_.reference)
    client.post("/status/leave/")

    for number in range(MOST_TRIES_PER_REFERENCE + 1):
        look_up(Client(REMOTE_ADDR=f"192.0.2.{number}"), request_.reference, WRONG)
    assert look_up(Client(), request_.reference).status_code == 429
    assert look_up(client, request_.reference).status_code == 302
    RateBucket.objects.all().delete()
    guess_for_a_week(request_.reference)

    assert look_up(Client(), request_.reference).status_code == 429
    assert look_up(client, request_.reference).status_code == 302


def test_a_browser_that_was_in_opens_nothing_and_may_not_try_for_ever(request_, client):
    look_up(client, request_.reference)
    client.post("/status/leave/")

    answers = [look_up(client, request_.reference, WRONG).status_code for _ in range(MOST_TRIES_PER_REFERENCE + 1)]

    assert client.get("/status/yours/").status_code == 302
    assert answers == [422] * MOST_TRIES_PER_REFERENCE + [429]


def test_nor_does_it_know_another_request(request_, a_request, client):
    look_up(client, request_.reference)
    other = a_request()

    guess_for_a_week(other.reference)

    assert look_up(client, other.reference).status_code == 429


def test_the_patient_is_told_when_it_is_opened_in_a_browser_that_is_new(request_, client):
    opened = Message.objects.filter(kind="opened", channel="email")

    look_up(client, request_.reference, WRONG)
    assert opened.count() == 0
    look_up(client, request_.reference)
    assert opened.count() == 1
    look_up(client, request_.reference)
    assert opened.count() == 1
    look_up(Client(), request_.reference)
    assert opened.count() == 2


@pytest.mark.parametrize(
    ("filled_in_by", "words"),
    [("", "If it was not you, please call us."), ("Bo Example", "If it was neither of you, please call us.")],
)
def test_a_helper_who_opened_it_is_not_told_to_call_because_it_was_not_the_patient(
    request_, client, filled_in_by, words
):
    AppointmentRequest.objects.update(filled_in_by=filled_in_by)
    look_up(client, request_.reference)

    told = email(Message.objects.get(kind="opened", channel="email"), "bo@example.com")

    assert words in told.plain


def test_who_sent_it_from_this_browser_is_not_told(db, client, settings):
    settings.SENDS_EMAILS = True
    answer_check(client)
    ask_for_visit(client, email="ana@example.com")
    sent = AppointmentRequest.objects.get().reference

    born = {name: value for name, value in WHO.items() if name.startswith("date_of_birth")}
    assert look_up(client, sent, born).status_code == 302

    assert not Message.objects.filter(kind="opened").exists()


def test_opening_it_again_can_be_done_only_where_it_is_closed(request_, scheduler):
    guess_for_a_week(request_.reference)
    request_.refresh_from_db()

    perform(OPEN_ONLINE, request_, by=scheduler)

    request_.refresh_from_db()
    assert request_.online_closed_at is None
    assert not OPEN_ONLINE.when.holds(request_, scheduler, timezone.now())

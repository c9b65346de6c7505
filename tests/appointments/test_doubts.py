"""Requests that perhaps no person sent: which those are, who looks at them by when, and what becomes of them."""

import datetime

import pytest
import time_machine
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client

from appointments.delivery.relevance import still_true
from appointments.lifecycle.definition import BOOK, CLAIM, UNDO, VOUCH
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, KnownNetwork, Message
from appointments.operations import jobs
from audit.models import AuditEntry
from tests.staff import member_of, signed_in
from tests.walk import words_of

pytestmark = pytest.mark.both

DOUBTS = "/admin/doubts/"
MANY = "many requests from one address"
# A Friday at ten in the morning in New York.
FRIDAY = datetime.datetime(2026, 8, 7, 14, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def scheduling(db):
    return signed_in(member_of("Schedulers"))


@pytest.fixture
def unhurried(monkeypatch):
    monkeypatch.setattr("appointments.intake.views.FEWEST_SECONDS", 0)


@pytest.fixture
def writes(settings):
    """Messages are stored to be sent."""
    settings.SENDS_EMAILS, settings.STAFF_EMAILS = True, ["desk@clinic.example"]


def doubted() -> int:
    return AppointmentRequest.objects.filter(is_doubtful=True).count()


def told(request) -> set[str]:
    return set(request.messages.values_list("kind", flat=True))


def refuse_to_store(execute, sql, params, many, context):
    if sql.startswith(('INSERT INTO "appointments_appointmentrequest"', "INSERT OR IGNORE INTO")):
        raise OperationalError("the disk is full")
    return execute(sql, params, many, context)


def test_only_what_is_stored_is_counted_and_the_eleventh_of_an_hour_is_doubted(unhurried, send_request):
    first = send_request()
    with connection.execute_wrapper(refuse_to_store):
        for _ in range(12):
            send_request()
    assert AppointmentRequest.objects.get() == first

    for _ in range(9):
        send_request()
    assert doubted() == 0

    assert send_request().doubts == MANY


def add_network(client, network):
    return client.post("/admin/appointments/knownnetwork/add/", {"network": network, "label": "Kiosk in the lobby"})


def test_from_a_network_that_managers_know_any_number_is_believed(unhurried, client, send_request, monkeypatch):
    monkeypatch.setattr("appointments.intake.submit.MOST_FROM_ONE_ADDRESS", 1)
    monkeypatch.setattr("appointments.intake.submit.MOST_TAKEN_FROM_ONE_ADDRESS", 2)
    manager = signed_in(member_of("Managers"))
    for network in ("192.0.2.77/24", "2001:db8:1:2::7"):
        assert add_network(manager, network).status_code == 302
    assert set(KnownNetwork.objects.values_list("network", flat=True)) == {"192.0.2.0/24", "2001:db8:1:2::7/128"}
    written = AuditEntry.objects.filter(details__startswith="knownnetwork", username="one of the managers")
    assert written.count() == 2

    for address in ("192.0.2.9", "::ffff:192.0.2.9", "2001:db8:1:2::7"):
        client.defaults["REMOTE_ADDR"] = address
        for _ in range(3):
            send_request()
    assert (AppointmentRequest.objects.count(), doubted()) == (9, 0)

    client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    for _ in range(4):
        send_request()
    assert (AppointmentRequest.objects.count(), doubted()) == (11, 1)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("the lobby", "Enter an address, or a network like 192.0.2.0/24."),
        ("0.0.0.0/0", "This is too wide: /8 or narrower."),
        ("::/0", "This is too wide: /32 or narrower."),
    ],
)
def test_what_is_no_network_of_somebodys_is_refused_in_words(db, typed, answer):
    assert answer in words_of(add_network(signed_in(member_of("Managers")), typed))
    assert not KnownNetwork.objects.exists()


@pytest.mark.parametrize(
    ("asked", "look_by"),
    [
        (FRIDAY, "Mon Aug 10, 5:00 PM"),
        # In the evening, at the weekend, and before the clinic opens.
        (FRIDAY + 10 * HOUR, "Mon Aug 10, 5:00 PM"),
        (FRIDAY + 40 * HOUR, "Mon Aug 10, 5:00 PM"),
        (FRIDAY - 4 * HOUR, "Fri Aug 7, 5:00 PM"),
    ],
)
def test_whoever_is_doubted_stands_on_today_with_a_time_by_which_somebody_looks(
    a_request, scheduling, asked, look_by
):
    with time_machine.travel(asked):
        a_request(name="Ana Doubted", doubts=MANY)
        # A browser that signed in before that time would be signed out.
        today = words_of(signed_in(member_of("Schedulers", "another")).get("/admin/"))

    assert f"Perhaps not a person: look at these P2 Ana Doubted , by {look_by}" in today.replace("P1", "P2")


def test_who_is_said_to_be_a_person_is_told_and_called_like_everybody(a_request, scheduling, writes, scheduler):
    request = a_request(pain="10", doubts=MANY)
    plain = a_request(pain="10", phone="(212) 555-0150")
    assert told(request) == set()
    assert told(plain) >= {"received", "new_urgent"}

    page = scheduling.get(DOUBTS)
    assert "Many requests from one address." in words_of(page)
    answer = scheduling.post(DOUBTS, {"said": "vouch", "chosen": f"{request.pk}-{request.version}"}, follow=True)

    assert "This is a person: said of 1. " in words_of(answer)
    assert "Nothing to look at." in words_of(answer)
    request.refresh_from_db()
    assert (request.doubts, request.status, told(request)) == ("", "waiting", told(plain))
    assert "Perhaps not a person" not in words_of(scheduling.get("/admin/"))
    sheet = scheduling.get(f"/admin/appointments/appointmentrequest/{request.pk}/change/")
    assert f"Said that a person sent it {MANY}" in words_of(sheet)


def test_what_was_said_by_mistake_can_be_taken_back_before_anybody_is_told(a_request, writes, scheduler):
    request = a_request(doubts=MANY)
    perform(VOUCH, request, by=scheduler)
    message = request.messages.get(kind="received")
    assert still_true(message)
    perform(UNDO, request, by=scheduler)

    message.refresh_from_db()
    assert not still_true(message)
    assert request.is_doubtful


def test_each_that_is_chosen_is_done_as_the_screen_showed_it_and_the_page_says_which_were_not(a_request, scheduling):
    first, second, third = (a_request(name=f"Number {at}", doubts=MANY) for at in ("One", "Two", "Three"))
    chosen = [f"{one.pk}-{one.version}" for one in (first, second)]
    AppointmentRequest.objects.filter(pk=second.pk).update(version=1)

    answer = scheduling.post(DOUBTS, {"said": "dismiss", "chosen": chosen})

    assert answer.status_code == 409
    assert f"said of 1. The others changed since you opened this page. {second}: " in words_of(answer)
    closed = AppointmentRequest.objects.filter(status="closed")
    said = [*closed.values_list("pk", "close_reason", "closed_by__username")]
    assert said == [(first.pk, "not_real", "one of the schedulers")]
    assert {second.pk, third.pk} == {one.pk for one in AppointmentRequest.objects.to_look_at()}
    assert scheduling.post(DOUBTS, {"said": "dismiss"}).status_code == 422


def test_whoever_looks_at_the_list_is_written_down(a_request, scheduling):
    request = a_request(doubts=MANY)

    scheduling.get(DOUBTS)

    entry = AuditEntry.objects.latest("seq")
    assert (entry.action, entry.page, entry.numbers) == ("list", "admin:doubts", str(request.pk))


def test_what_nobody_looked_at_in_time_is_counted_and_staff_are_told_once(a_request, writes, settings):
    settings.METRICS_TOKEN = "t" * 32
    with time_machine.travel(FRIDAY, tick=False) as clock:
        a_request(doubts=MANY)
        for days, late in ((1, 0), (4, 1), (5, 1)):
            clock.move_to(FRIDAY + days * 24 * HOUR)
            cache.clear()
            jobs.alert_of_what_is_late()

            figures = Client().get("/metrics/", headers={"authorization": f"Bearer {settings.METRICS_TOKEN}"}).text
            assert f'upright_waiting_late{{list="doubtful",turn="scheduler"}} {late}.0' in figures
            assert Message.objects.filter(kind="calls_overdue").count() == late


def test_who_has_a_visit_is_a_person_and_is_told_of_it(a_request, writes, scheduler, clinician, place, next_week):
    request = a_request(doubts=MANY)
    perform(CLAIM, request, by=scheduler)

    perform(BOOK, request, by=scheduler, starts_at=next_week, clinician=clinician, place=place)

    assert (request.is_doubtful, told(request)) == (False, {"booked", "reminder"})

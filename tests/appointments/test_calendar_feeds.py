"""The booked visits of a clinician or a place in calendar programs, by a private address."""

import datetime
import logging
import re

import icalendar
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from appointments.lifecycle.definition import BOOK, CANCEL, CLAIM, RESCHEDULE, UNDO
from appointments.lifecycle.transition import perform
from appointments.models import Absence, CalendarFeed, Clinician
from appointments.staff import calendar_feeds
from audit.models import AuditEntry
from config.logs import JsonLines
from tests.reading import ANAS_BIRTHDAY, ANAS_PHONE, words_found
from tests.staff import member_of, signed_in

PAGE = "/admin/calendar-feeds/"
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def manager(db):
    return signed_in(member_of("Managers", "manager"))


@pytest.fixture
def make(manager):
    """Let the manager make a feed on the page; give the path of its address, as the answer shows it."""

    def make(**of) -> str:
        of = {"label": "Desk three", **{what: row.pk for what, row in of.items()}}
        return re.search(r">https?://[\w.:]+(/calendar/[\w-]{43}\.ics)<", manager.post(PAGE, of).text)[1]

    return make


@pytest.fixture
def book(a_request, scheduler, clinician, place):
    def book(starts_at, clinician=clinician):
        request = a_request()
        perform(CLAIM, request, by=scheduler)
        perform(BOOK, request, by=scheduler, starts_at=starts_at, place=place, clinician=clinician)
        return request

    return book


def read(address: str, **headers):
    """As a calendar program does, which has no cookies."""
    return Client(headers=headers).get(address)


def events_at(address: str) -> list[icalendar.Event]:
    answer = read(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    return icalendar.Calendar.from_ical(answer.content).walk("VEVENT")


def test_a_feed_says_when_and_where_and_the_reference_and_nothing_else_of_the_patient(
    make, book, clinician, place, next_week
):
    request = book(next_week)
    Absence.objects.create(
        clinician=clinician, starts_at=next_week + DAY, ends_at=next_week + 2 * DAY, reason="Own surgery"
    )

    visit, absence = events_at(make(clinician=clinician))
    [same] = events_at(make(place=place))

    assert visit["summary"] == f"Consultation {request}"
    assert (visit["location"], visit["status"], visit["sequence"]) == ("Main clinic", "CONFIRMED", 0)
    assert visit["dtstart"].dt == next_week
    assert visit["dtend"].dt - next_week == datetime.timedelta(minutes=30)
    assert (absence["summary"], absence["dtend"].dt) == ("Away", next_week + 2 * DAY)
    assert (same["uid"], same["description"]) == (visit["uid"], "With Dr. Example")
    told = read(make(clinician=clinician)).text
    assert not any(word in told.lower() for word in ("fracture", "osteoporosis", "surgery", "scheduler"))
    assert not words_found(told, "Ana", *ANAS_PHONE, *ANAS_BIRTHDAY)


def test_a_visit_that_is_moved_is_cancelled_there_and_one_that_is_taken_back_stands_again(
    make, book, scheduler, clinician, place, next_week
):
    request = book(next_week)
    address = make(clinician=clinician)
    [before] = events_at(address)

    perform(RESCHEDULE, request, by=scheduler, starts_at=next_week + HOUR, place=place, clinician=clinician)
    old, new = events_at(address)
    perform(UNDO, request, by=scheduler)
    stands, gone = events_at(address)

    assert [old["uid"], new["uid"]] == [stands["uid"], gone["uid"]]
    assert (old["summary"], old["status"], old["sequence"]) == (f"Cancelled: Consultation {request}", "CANCELLED", 1)
    assert (stands["uid"], stands["status"], stands["sequence"]) == (before["uid"], "CONFIRMED", 2)
    assert (gone["status"], gone["sequence"]) == ("CANCELLED", new["sequence"] + 1)


def test_a_feed_has_its_own_visits_of_the_last_month_and_all_to_come(
    make, book, clinician, consults, scheduler, next_week, monkeypatch
):
    other = consults(Clinician.objects.create(name="Dr. Other"))
    book(next_week + 2 * HOUR, clinician=other)
    cancelled, kept = book(next_week), book(next_week + HOUR)
    perform(CANCEL, cancelled, by=scheduler, reason="patient")
    far = book(next_week + 140 * DAY)
    address = make(clinician=clinician)

    def starts_of() -> list[datetime.datetime]:
        return [event["dtstart"].dt for event in events_at(address)]

    soon = starts_of()
    with time_machine.travel(next_week + 29 * DAY):
        later = starts_of()
    with time_machine.travel(next_week + 31 * DAY):
        much_later = starts_of()
    monkeypatch.setattr(calendar_feeds, "MOST_EVENTS", 1)

    assert soon == [next_week, kept.appointment.starts_at, far.appointment.starts_at]
    # It was cancelled more than a month ago by then.
    assert later == [kept.appointment.starts_at, far.appointment.starts_at]
    assert much_later == [far.appointment.starts_at]
    assert starts_of() == [next_week]


def test_the_address_is_shown_once_kept_as_a_hash_and_opens_nothing_when_it_is_revoked(
    make, manager, clinician, caplog
):
    caplog.set_level(logging.DEBUG)
    address = make(clinician=clinician)
    token = address.removeprefix("/calendar/").removesuffix(".ics")
    feed = CalendarFeed.objects.get()

    assert read(address).status_code == 200
    listed = manager.get(PAGE).text
    assert "Desk three" in listed
    manager.post(f"{PAGE}{feed.pk}/revoke/")

    assert read(address).status_code == read("/calendar/made-up.ics").status_code == 404
    assert "Desk three" not in manager.get(PAGE).text
    kept = [*CalendarFeed.objects.values_list(), *AuditEntry.objects.values_list()]
    log = "\n".join(map(JsonLines().format, caplog.records))
    assert "calendar/<str:token>.ics" in log
    assert not any(token in text for text in (listed, log, f"{kept}"))
    said = AuditEntry.objects.filter(username="manager", action="change").values_list("details", flat=True)
    assert [*said] == [f"calendar feed {feed.pk} made", f"calendar feed {feed.pk} revoked"]


def test_reading_is_written_down_once_an_hour_and_what_has_not_changed_is_not_sent_again(
    make, book, clinician, next_week
):
    request = book(next_week)
    address = make(clinician=clinician)
    reads = AuditEntry.objects.filter(details__startswith="calendar feed", action="list")

    first = read(address)
    again = read(address, if_none_match=first["ETag"])
    with time_machine.travel(timezone.now() + HOUR * 1.5):
        read(address)

    assert (first["Cache-Control"], first.status_code) == ("no-store", 200)
    assert (again.status_code, again.content) == (304, b"")
    assert [(entry.who, entry.page, entry.numbers.split()) for entry in reads] == [
        ("nobody", "appointments:calendar_feed", [f"{request.pk}"])
    ] * 2
    assert CalendarFeed.objects.get().last_read_at > timezone.now() + HOUR


def test_nobody_can_go_on_guessing_or_ask_all_the_time(make, clinician, monkeypatch):
    address = make(clinician=clinician)
    monkeypatch.setattr(calendar_feeds, "MOST_TRIES_PER_ADDRESS", 1)
    monkeypatch.setattr(calendar_feeds, "MOST_READS_PER_FEED", 2)

    guesses = [read(f"/calendar/{guess}.ics").status_code for guess in ("one", "two")]
    reads = [read(address).status_code for _ in range(3)]

    assert (guesses, reads) == ([404, 429], [200, 200, 429])


@pytest.mark.parametrize("filled_in", [(), ("label",), ("label", "clinician", "place"), ("clinician",)])
def test_a_feed_has_a_name_and_is_of_one_clinician_or_one_place(manager, clinician, place, filled_in):
    all_of_it = {"label": "Mine", "clinician": clinician.pk, "place": place.pk}

    answer = manager.post(PAGE, {name: all_of_it[name] for name in filled_in})

    assert answer.status_code == 422
    assert ("Choose a clinician or a place" if "label" in filled_in else "Give it a name") in answer.text
    assert not CalendarFeed.objects.exists()

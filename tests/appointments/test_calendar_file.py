"""The booked visit as a file for the patient's calendar."""

import datetime

import icalendar
import pytest

from appointments.lifecycle.definition import BOOK, CANCEL, CLAIM, RESCHEDULE
from appointments.lifecycle.transition import perform
from tests.walk import WHO

BIRTHDAY = {name: value for name, value in WHO.items() if name.startswith("date_of_birth")}


@pytest.fixture
def booked(a_request, client, scheduler, clinician, place, next_week):
    """A booked request that its patient has opened."""
    request = a_request()
    perform(CLAIM, request, by=scheduler)
    perform(BOOK, request, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    client.post("/status/", {"reference": request.reference, **BIRTHDAY})
    return request


def event_of(client) -> icalendar.Event:
    response = client.get("/status/yours/visit.ics")
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    [event] = icalendar.Calendar.from_ical(response.content).walk("VEVENT")
    return event


def test_it_has_the_time_in_utc_and_the_place_and_nothing_about_health(client, booked, next_week):
    page = client.get("/status/yours/").text
    event = event_of(client)

    assert 'href="/status/yours/visit.ics"' in page
    assert event["dtstart"].dt == next_week.astimezone(datetime.UTC)
    assert event["dtend"].dt - event["dtstart"].dt == datetime.timedelta(minutes=30)
    assert "TZID" not in event["dtstart"].params
    assert (str(event["summary"]), str(event["location"])) == ("Visit at Upright Spine Clinic", "Main clinic")
    text = event.to_ical().decode().lower()
    assert not any(word in text for word in ("ana", "osteoporosis", "fracture", "kyphoplasty", "dr. example"))


def test_a_moved_visit_is_the_same_one_with_a_higher_number(client, booked, scheduler, clinician, place, next_week):
    before = event_of(client)
    perform(
        RESCHEDULE,
        booked,
        by=scheduler,
        starts_at=next_week + datetime.timedelta(days=1),
        place=place,
        clinician=clinician,
    )

    after = event_of(client)

    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert after["dtstart"].dt > before["dtstart"].dt


def test_it_speaks_the_language_of_the_page(client, booked):
    client.cookies["language"] = "es"

    assert str(event_of(client)["summary"]) == "Cita en Upright Spine Clinic"


def test_without_a_visit_there_is_no_file(client, booked, scheduler):
    perform(CANCEL, booked, by=scheduler, reason="patient")

    assert client.get("/status/yours/visit.ics")["Location"] == "/status/yours/"
    assert "visit.ics" not in client.get("/status/yours/").text

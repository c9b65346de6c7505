"""Times that a patient may choose from by a private link: until one is chosen, or all are taken or too old."""

import datetime
import time

import pytest
from django.core import signing
from django.utils import timezone

from appointments.calendar.slots import Slot, free_slots
from appointments.lifecycle import status_words
from appointments.lifecycle.definition import BOOK, CHOOSE, CLAIM, CLOSE, OFFER, WITHDRAW
from appointments.lifecycle.offered_times import PURPOSE, link_of, open_times, opened_by
from appointments.lifecycle.transition import Refused, perform
from appointments.models import Appointment, AppointmentRequest, Clinician, OfferedTime
from tests.reading import words_found

pytestmark = pytest.mark.both

DAY = datetime.timedelta(days=1)


@pytest.fixture
def held(a_request, scheduler):
    request = a_request()
    perform(CLAIM, request, by=scheduler)
    return request


@pytest.fixture
def times(clinician, place, next_week):
    return [Slot(next_week + datetime.timedelta(hours=hours), clinician, place) for hours in range(4)]


def token_of(request) -> str:
    return link_of(request).strip("/").split("/")[-1]


def test_times_that_are_offered_wait_for_the_patient_and_stay_free_for_others(held, scheduler, times, settings):
    perform(OFFER, held, by=scheduler, times=times[:3], note="Prefers mornings.")

    assert [time.starts_at for time in open_times(held)] == [time.starts_at for time in times[:3]]
    assert (held.status, held.claimed_by, held.is_promised) == ("waiting", None, False)
    assert timezone.now() < held.next_call_at <= times[2].starts_at
    offered = held.events.last()
    assert (offered.verb, offered.by, offered.note) == ("offered", scheduler, "Prefers mornings.")
    assert str(times[0]) in offered.details
    assert times[0] in free_slots(most=1000)


def test_a_new_offer_replaces_the_one_before(held, scheduler, times):
    perform(OFFER, held, by=scheduler, times=times[:2])
    perform(CLAIM, held, by=scheduler)
    perform(OFFER, held, by=scheduler, times=times[2:3])

    assert [time.starts_at for time in open_times(held)] == [times[2].starts_at]


@pytest.mark.parametrize("count", [0, 4])
def test_one_to_three_times_are_offered(held, scheduler, times, count):
    with pytest.raises(Refused, match="Choose one to 3 times"):
        perform(OFFER, held, by=scheduler, times=times[:count])

    assert held.events.count() == 1


def test_two_clinicians_can_be_offered_at_the_same_time_of_the_day(held, scheduler, times, place, consults):
    another = consults(Clinician.objects.create(name="Dr. Sample"))
    perform(OFFER, held, by=scheduler, times=[times[0], Slot(times[0].starts_at, another, place)])

    assert {time.clinician.name for time in open_times(held)} == {"Dr. Example", "Dr. Sample"}


def test_names_as_long_as_they_can_be_fit_into_the_history(held, scheduler, times, clinician, place):
    for row in (clinician, place):
        row.name = "x" * 120
        row.save()

    perform(OFFER, held, by=scheduler, times=times[:3])

    offered = held.events.last()
    offered.full_clean(exclude=["before"])


def test_only_who_holds_a_request_can_offer_times(held, colleague, times):
    with pytest.raises(Refused, match="scheduler holds this request"):
        perform(OFFER, held, by=colleague, times=times[:1])

    assert not OfferedTime.objects.exists()


def test_a_time_that_is_chosen_is_booked_in_the_name_of_the_patient(held, scheduler, times):
    perform(OFFER, held, by=scheduler, times=times[:3])
    found = opened_by(token_of(held))

    perform(CHOOSE, found, time=open_times(found)[1])

    visit = Appointment.objects.get()
    assert (visit.request, visit.starts_at, visit.booked_by) == (held, times[1].starts_at, None)
    assert (found.status, found.next_call_at) == ("booked", None)
    assert (found.events.last().verb, found.events.last().by) == ("booked", None)
    assert "You chose the time of your visit." in str(status_words.story(found))
    assert open_times(found) == []
    assert not OfferedTime.objects.exists()


def test_a_time_can_be_chosen_while_somebody_holds_the_request_who_is_then_too_late(held, scheduler, times):
    perform(OFFER, held, by=scheduler, times=times[:1])
    perform(CLAIM, held, by=scheduler)
    found = opened_by(token_of(held))

    perform(CHOOSE, found, time=open_times(found)[0])

    with pytest.raises(Refused, match="A visit is booked"):
        perform(CLOSE, held, by=scheduler, reason="declined")


def test_a_time_that_somebody_else_took_is_not_open_and_cannot_be_chosen(held, scheduler, times, a_request):
    perform(OFFER, held, by=scheduler, times=times[:2])
    seen = open_times(held)
    another = a_request()
    perform(CLAIM, another, by=scheduler)
    perform(BOOK, another, by=scheduler, **times[0]._asdict())

    assert [time.starts_at for time in open_times(held)] == [times[1].starts_at]
    with pytest.raises(Refused, match=r"Dr. Example already has a visit at that time"):
        perform(CHOOSE, held, time=seen[0])
    held.refresh_from_db()
    assert (held.status, OfferedTime.objects.count()) == ("waiting", 2)


def test_a_time_that_has_passed_is_not_open(held, scheduler, times):
    perform(OFFER, held, by=scheduler, times=times[:2])
    OfferedTime.objects.filter(starts_at=times[0].starts_at).update(starts_at=timezone.now())

    assert [time.starts_at for time in open_times(held)] == [times[1].starts_at]


@pytest.mark.parametrize("end", ["close", "withdraw", "book"])
def test_when_the_request_is_booked_or_closed_there_is_nothing_left_to_choose(held, scheduler, times, end):
    perform(OFFER, held, by=scheduler, times=times[:2])
    (first, _second), old = open_times(held), AppointmentRequest.objects.get()
    perform(CLAIM, held, by=scheduler)
    if end == "close":
        perform(CLOSE, held, by=scheduler, reason="declined")
    elif end == "withdraw":
        perform(WITHDRAW, held)
    else:
        perform(BOOK, held, by=scheduler, **times[3]._asdict())

    assert open_times(held) == []
    for request in (old, AppointmentRequest.objects.get()):
        with pytest.raises(Refused):
            perform(CHOOSE, request, time=first)


def test_a_link_that_is_genuine_opens_its_request_for_some_days(held, settings, monkeypatch):
    token, now = token_of(held), time.time()

    monkeypatch.setattr("time.time", lambda: now + settings.OFFER_DAYS * 24 * 60 * 60 - 60)
    assert opened_by(token) == held
    monkeypatch.setattr("time.time", lambda: now + settings.OFFER_DAYS * 24 * 60 * 60 + 60)
    assert opened_by(token) is None


def test_a_link_that_was_made_up_opens_nothing(held):
    token = token_of(held)
    for_another_use = signing.dumps(held.pk, salt="something else")
    with_another_key = signing.dumps(held.pk, key="not ours", salt=PURPOSE)
    changed = ("A" if token[0] != "A" else "B") + token[1:]

    made_up = ("", "x", ":", "::", "é" * 9, str(held.pk), for_another_use, with_another_key, changed, token[:-1])
    for link in made_up:
        assert opened_by(link) is None
    assert opened_by(signing.dumps(held.pk + 1, salt=PURPOSE)) is None


def test_a_link_names_nobody(held):
    token = token_of(held)

    assert not words_found(token, "Ana", held.reference)
    assert signing.loads(token, salt=PURPOSE) == held.pk

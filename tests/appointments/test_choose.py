"""Staff offer up to three times, and the patient chooses one of them by a private link."""

import datetime
import html
import re

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from appointments.calendar.slots import free_slots
from appointments.lifecycle.definition import BOOK, CLAIM
from appointments.lifecycle.offered_times import link_of
from appointments.lifecycle.transition import perform
from appointments.lifecycle.waits import wait_of
from appointments.models import AppointmentRequest, Holiday
from appointments.portal import choose
from appointments.portal.guesses import MOST_TRIES_PER_REFERENCE, MOST_WRONG_IN_A_WEEK
from tests.reading import ANAS_BIRTHDAY, words_found
from tests.walk import BIRTHDAY, back_of, checked_in, words_of

pytestmark = pytest.mark.both

SHEET = "/admin/appointments/appointmentrequest/{}/"


@pytest.fixture
def staff(scheduler) -> Client:
    client = Client()
    client.force_login(scheduler)
    return client


@pytest.fixture
def held(a_request, scheduler, consulting_hours):
    request = a_request()
    perform(CLAIM, request, by=scheduler)
    return request


@pytest.fixture
def link(staff, held) -> str:
    """The link on the call sheet, after two times were offered there."""
    page = staff.get(SHEET.format(held.pk) + "change/")
    # Not the next ones, which some tests let pass.
    times = re.findall('name="times" value="([^"]*)"', page.text)[-2:]
    staff.post(SHEET.format(held.pk) + "do/offer/", {"times": times, "version": held.version})
    held.refresh_from_db()
    page = staff.get(SHEET.format(held.pk) + "change/")
    return "/visit/choose/" + re.search('/visit/choose/([^<"]*)', html.unescape(page.text))[1]


def times_on(page) -> list[str]:
    return re.findall('name="time" value="([0-9]+)"', page.text)


def test_the_patient_chooses_one_of_the_offered_times_and_has_a_visit(held, link):
    patient = Client()
    page = patient.get(link)

    chosen = patient.post(link, {"time": times_on(page)[1], **BIRTHDAY})

    held.refresh_from_db()
    assert len(times_on(page)) == 2
    assert re.search(r"\d [ap]\.m\. Main clinic, Dr\. Example", words_of(page))
    assert (held.status, held.appointment.booked_by) == ("booked", None)
    assert "Your visit is booked for" in words_of(chosen)
    assert words_of(patient.get(link)) == words_of(chosen)
    assert [(event.by, event.verb) for event in held.events.all()][-1] == (None, "booked")


@pytest.mark.either
@pytest.mark.parametrize(
    ("born", "said"),
    [
        ({}, "Enter the month, day and year of birth."),
        ({"date_of_birth_year": "1949"}, "We have another date of birth. Please check it, or call us."),
    ],
)
def test_a_program_that_presses_the_button_in_a_mail_takes_no_time(held, link, born, said):
    wanted = times_on(Client().get(link))[0]

    page = Client().post(link, {"time": wanted, **(BIRTHDAY | born if born else {})})

    held.refresh_from_db()
    assert (page.status_code, held.status, said in words_of(page)) == (422, "waiting", True)
    assert checked_in(page) == {"time": [wanted]}


def test_birthdays_can_be_guessed_only_so_often(held, link):
    wanted = times_on(Client().get(link))[0]
    for _ in range(MOST_TRIES_PER_REFERENCE):
        Client().post(link, {"time": wanted, **BIRTHDAY, "date_of_birth_year": "1949"})

    page = Client().post(link, {"time": wanted, **BIRTHDAY})

    held.refresh_from_db()
    assert (page.status_code, held.status) == (429, "waiting")


def test_birthdays_that_are_guessed_by_the_link_close_the_request_online(held, link):
    wanted = times_on(Client().get(link))[0]
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(MOST_WRONG_IN_A_WEEK):
            Client().post(link, {"time": wanted, **BIRTHDAY, "date_of_birth_year": "1949"})
            clock.shift(datetime.timedelta(minutes=10))
        page = Client().post(link, {"time": wanted, **BIRTHDAY})

    held.refresh_from_db()
    assert (page.status_code, held.status) == (429, "waiting")
    assert held.online_closed_at


def test_whom_no_time_suits_says_which_would_and_is_called(held, link, staff):
    page = Client().post(link, {"time": "none", "wish": "Tuesday mornings", **BIRTHDAY})

    held.refresh_from_db()
    assert "We will call you to find another time." in words_of(page)
    assert (held.awaited, wait_of(held, timezone.now())[0].key) == ("", "call")
    assert "Tuesday mornings" in words_of(staff.get(SHEET.format(held.pk) + "change/"))


def test_whom_none_suited_and_who_comes_back_reads_that_it_is_known(held, link):
    patient = Client()
    said = "You told us that none of the times suits you. You can still choose one."
    assert said not in words_of(patient.get(link))

    patient.post(link, {"time": "none", "wish": "", **BIRTHDAY})

    assert said in words_of(patient.get(link))


def test_what_is_written_about_other_times_beside_a_chosen_one_is_asked_about_and_kept(held, link):
    patient = Client()
    wanted = times_on(patient.get(link))[0]

    page = patient.post(link, {"time": wanted, "wish": "Only after noon, please", **BIRTHDAY})

    held.refresh_from_db()
    assert (page.status_code, held.status, checked_in(page)) == (422, "waiting", {"time": [wanted]})
    assert "You wrote about other times." in words_of(page)
    assert "Only after noon, please" in words_of(page)


def test_who_has_proved_who_they_are_chooses_from_the_status_page(held, link):
    patient = Client()
    patient.post("/status/", {"reference": held.reference, **BIRTHDAY})
    assert 'href="/status/yours/choose/"' in patient.get("/status/yours/").text
    page = patient.get("/status/yours/choose/")
    assert "date_of_birth" not in page.text
    assert back_of(page) == "/status/yours/"

    patient.post("/status/yours/choose/", {"time": times_on(page)[0]})

    assert "You chose the time of your visit." in words_of(patient.get("/status/yours/"))


def test_whoever_has_the_link_learns_nothing_about_the_patient(held, link):
    page = Client().get(link)

    shown = words_of(page).replace("For example: 3 14 1948.", "") + link
    assert not words_found(shown, held.name, held.reference, held.phone, *ANAS_BIRTHDAY, "osteoporosis")


def test_a_time_that_was_taken_meanwhile_is_no_longer_offered(held, link, a_request, scheduler):
    patient = Client()
    wanted = times_on(patient.get(link))[0]
    taken = held.offered_times.get(pk=wanted)
    another = a_request()
    perform(CLAIM, another, by=scheduler)
    slot = {"starts_at": taken.starts_at, "clinician": taken.clinician, "place": taken.place}
    perform(BOOK, another, by=scheduler, **slot)

    page = patient.post(link, {"time": wanted, **BIRTHDAY})

    held.refresh_from_db()
    assert (page.status_code, held.status) == (422, "waiting")
    assert "Somebody took that time just now. Choose another." in words_of(page)
    assert len(times_on(page)) == 1


def test_a_button_that_was_pressed_twice_says_what_the_first_press_did(held, link, monkeypatch):
    patient = Client()
    wanted = times_on(patient.get(link))[0]

    def after_another_press(verb, request, **entered):
        monkeypatch.setattr(choose, "perform", perform)
        Client().post(link, {"time": wanted, **BIRTHDAY})
        perform(verb, request, **entered)

    monkeypatch.setattr(choose, "perform", after_another_press)
    page = patient.post(link, {"time": wanted, **BIRTHDAY})

    assert page.status_code == 200
    assert "Your visit is booked for" in words_of(page)


def test_what_staff_change_while_the_patient_chooses_is_said_and_the_choice_is_kept(
    held, link, scheduler, monkeypatch
):
    patient = Client()
    wanted = times_on(patient.get(link))[1]

    def after_a_claim(verb, request, **entered):
        perform(CLAIM, AppointmentRequest.objects.get(pk=held.pk), by=scheduler)
        perform(verb, request, **entered)

    monkeypatch.setattr(choose, "perform", after_a_claim)
    page = patient.post(link, {"time": wanted, **BIRTHDAY})

    assert (page.status_code, checked_in(page)) == (409, {"time": [wanted]})
    assert "Your request was changed a moment ago." in words_of(page)


def test_a_day_that_became_a_holiday_and_a_clinician_who_left_are_no_longer_offered(held, link):
    first, second = held.offered_times.order_by("starts_at")
    Holiday.objects.create(date=timezone.localdate(first.starts_at), name="A day off")
    patient = Client()

    page = patient.get(link)
    refused = patient.post(link, {"time": first.pk, **BIRTHDAY})

    is_same_day = timezone.localdate(first.starts_at) == timezone.localdate(second.starts_at)
    assert times_on(page) == ([] if is_same_day else [str(second.pk)])
    assert refused.status_code in (404, 422)
    Holiday.objects.all().delete()
    type(second.clinician).objects.update(is_active=False)
    assert patient.get(link).status_code == 404


def test_a_choice_without_a_valid_token_is_shown_again(link):
    strict = Client(enforce_csrf_checks=True)
    wanted = times_on(strict.get(link))[1]

    page = strict.post(link, {"time": wanted, **BIRTHDAY})

    assert (page.status_code, checked_in(page)) == (403, {"time": [wanted]})


def test_no_time_chosen_is_asked_for_again(link):
    page = Client().post(link, {})

    assert page.status_code == 422
    assert "Choose one of the times, or say that none suits you." in words_of(page)


def test_a_link_that_is_too_old_or_made_up_leads_to_the_phone(held, link):
    later = timezone.now() + datetime.timedelta(days=settings.OFFER_DAYS, minutes=1)
    with time_machine.travel(later, tick=False):
        old = Client().get(link)
    forged = Client().get("/visit/choose/" + link_of(held).split("/")[-2][:-1] + "/")

    assert (old.status_code, forged.status_code) == (404, 404)
    assert "There are no times to choose here" in words_of(old)
    assert "call us" in words_of(forged)


def test_no_more_than_three_times_are_offered(staff, held):
    times = [f"{free.clinician.pk} {free.place.pk} {free.starts_at:%Y-%m-%dT%H:%M}Z" for free in free_slots(most=4)]

    page = staff.post(SHEET.format(held.pk) + "do/offer/", {"times": times, "version": held.version})

    assert page.status_code == 422
    assert "Choose no more than 3 times." in page.text
    assert not held.offered_times.exists()


def test_after_the_offer_the_request_waits_until_the_last_of_the_times_at_most(held, link):
    last = max(time.starts_at for time in held.offered_times.all())

    assert timezone.now() < held.next_call_at <= last
    assert (held.status, held.awaited) == ("waiting", "choice")

"""What patients read of the clinic, and how it calls, is kept by its own staff, with a history."""

import datetime
import time
from dataclasses import replace

import pytest
from django.db import OperationalError, connection
from django.urls import reverse

from appointments.models import AppointmentRequest, ClinicDetails, OpeningHours
from common.clinic import CLINIC, REMEMBERED_SECONDS, in_words
from common.languages import ENGLISH, SPANISH
from tests.staff import member_of, signed_in
from tests.walk import words_of

pytestmark = pytest.mark.django_db

DETAILS, ADD = (reverse(f"admin:appointments_clinicdetails_{page}") for page in ("changelist", "add"))
HELP, SPANISH_FIRST = "/check/get-help-today/", {"accept-language": "es"}


@pytest.fixture
def eve(django_capture_on_commit_callbacks):
    """A manager's browser, with what happens after a page is stored."""
    client = signed_in(member_of("Managers", "eve"))

    def post(url: str, data: dict):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url, data)

    client.send = post
    return client


def as_shown(eve) -> dict:
    form = eve.get(ADD).context["adminform"].form
    initial = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {name: "" if value is None else value for name, value in initial.items()}


def test_what_staff_save_is_what_patients_read_and_each_change_stays_in_the_list(eve, client, settings):
    shown = as_shown(eve)
    assert (shown["name"], shown["phone"]) == (settings.CLINIC_NAME, settings.CLINIC_PHONE)

    words = {
        "hours_es": "los lunes, de 9 a 12 horas",
        "nurse_line": "(212) 555-0111",
        "nurse_line_hours_en": "at night",
    }
    assert eve.send(ADD, {**shown, "name": "Sample Spine", "phone": "(212) 555-0122", **words}).status_code == 302

    page = words_of(client.get(HELP))
    assert "(212) 555-0122 Monday to Friday, 8 am to 5 pm" in page
    assert "(212) 555-0111, at night" in page
    assert "Sample Spine" in words_of(client.get("/"))
    assert "los lunes, de 9 a 12 horas" in words_of(client.get(HELP, headers=SPANISH_FIRST))

    assert eve.send(ADD, {**as_shown(eve), "name": "Sample Spine Center"}).status_code == 302
    history = words_of(eve.get(DETAILS))
    assert ("Sample Spine Center" in history, history.count("(212) 555-0122"), history.count("eve")) == (True, 3, 3)
    oldest = ClinicDetails.objects.last()
    assert eve.send(f"{DETAILS}{oldest.pk}/change/", {**shown, "name": "Otherwise"}).status_code == 403
    assert eve.send(f"{DETAILS}{oldest.pk}/delete/", {"post": "yes"}).status_code == 403


def test_patients_read_the_hours_that_staff_set(eve, client):
    friday = reverse("admin:appointments_openinghours_change", args=[OpeningHours.objects.get(weekday=4).pk])

    assert eve.send(friday, {"weekday": 4, "opens": "08:00", "closes": "12:30"}).status_code == 302

    assert "Monday to Thursday, 8 am to 5 pm; Friday, 8 am to 12:30 pm" in words_of(client.get(HELP))
    spanish = words_of(client.get(HELP, headers=SPANISH_FIRST))
    assert "de lunes a jueves, de 8 am a 5 pm; viernes, de 8 am a 12:30 pm" in spanish


def test_calls_are_made_as_staff_set_it(eve, a_request, scheduler):
    asked = a_request()
    eve.send(ADD, {**as_shown(eve), "call_attempts": 1})
    sheet = f"/admin/appointments/appointmentrequest/{asked.pk}"
    ana = signed_in(scheduler)
    ana.post(f"{sheet}/do/claim/", {"version": 0})

    ana.post(f"{sheet}/do/log-call/", {"version": 1, "outcome": "no_answer"})

    assert "send a letter" in words_of(ana.get(f"{sheet}/change/"))
    assert AppointmentRequest.objects.get(pk=asked.pk).next_call_at is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"phone": "call us"}, "Enter a phone number that patients can call, with its area code."),
        ({"phone": "5550100"}, "Enter a phone number that patients can call, with its area code."),
        ({"nurse_line": "5550100"}, "Enter a phone number that patients can call, with its area code."),
        ({"calls_from_hour": 18, "calls_until_hour": 20}, "The clinic is never open at these hours"),
        ({"calls_from_hour": 0, "calls_until_hour": 8}, "The clinic is never open at these hours"),
        ({"calls_from_hour": 20, "calls_until_hour": 8}, "It must come after the first hour."),
        ({"call_attempts": 0}, "greater than or equal to 1"),
        ({"name": ""}, "This field is required."),
        ({"hours_en": "always " * 20}, "at most 80 characters"),
    ],
)
def test_what_cannot_be_is_refused_and_stays_in_the_form(eve, typed, said):
    page = eve.send(ADD, {**as_shown(eve), "nurse_line_hours_es": "por la noche", **typed})

    assert (page.status_code, said in words_of(page)) == (200, True)
    assert "por la noche" in page.text
    assert not ClinicDetails.objects.exists()


def test_while_the_database_is_away_what_was_read_last_is_believed(eve, client, caplog):
    eve.send(ADD, {**as_shown(eve), "phone": "(212) 555-0122"})
    assert CLINIC.phone == "(212) 555-0122"
    CLINIC.known = replace(CLINIC.known, looked_at=time.monotonic() - REMEMBERED_SECONDS - 1)

    def refuse(*arguments):
        raise OperationalError("the server is gone")

    with connection.execute_wrapper(refuse):
        assert [CLINIC.phone, CLINIC.hours] == ["(212) 555-0122", "Monday to Friday, 8 am to 5 pm"]

    assert "The clinic's details could not be looked up: OperationalError" in caplog.messages


EIGHT, NOON, FIVE = datetime.time(8), datetime.time(12), datetime.time(17, 30)


@pytest.mark.parametrize(
    ("week", "english", "spanish"),
    [
        ({}, "", ""),
        ({5: (EIGHT, NOON)}, "Saturday, 8 am to noon", "sábado, de 8 am a 12 pm"),
        (
            {0: (EIGHT, FIVE), 2: (EIGHT, FIVE), 3: (EIGHT, FIVE)},
            "Monday, 8 am to 5:30 pm; Wednesday to Thursday, 8 am to 5:30 pm",
            "lunes, de 8 am a 5:30 pm; de miércoles a jueves, de 8 am a 5:30 pm",
        ),
    ],
)
def test_opening_hours_are_told_as_people_say_them(week, english, spanish):
    assert (in_words(week, ENGLISH), in_words(week, SPANISH)) == (english, spanish)

"""The demo shows every kind of request that there is, to somebody who can sign in, in development only."""

import datetime
import re
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from appointments.lifecycle.waits import counted, lengths
from appointments.models import (
    Appointment,
    AppointmentRequest,
    Clinician,
    ContactAttempt,
    Event,
    Place,
    ReferralSource,
)
from tests.walk import words_of

QUEUE = "/admin/appointments/appointmentrequest/"

pytestmark = pytest.mark.django_db


def demo(weeks: int = 2) -> str:
    said = StringIO()
    call_command("demo", weeks=weeks, stdout=said)
    return said.getvalue()


def password_in(said: str) -> str:
    return re.search(r"Staff sign in at /admin/ as demo with the password (\S+)\n", said)[1]


def sign_in(client, password: str, to: str = QUEUE):
    """Through the form, as somebody does who has read what the command said."""
    form = {"username": "demo", "password": password, "next": to}
    return client.post("/admin/login/", form, follow=True)


def everything() -> list:
    models = (AppointmentRequest, Appointment, ContactAttempt, Event, Clinician, Place)
    return [list(model.objects.order_by("pk").values()) for model in models]


def kinds(field: str) -> set:
    return set(AppointmentRequest.objects.values_list(field, flat=True))


@pytest.mark.sweep
def test_who_signs_in_as_told_finds_requests_of_every_kind_and_each_opens(client):
    """One demo for all of it, because it takes seconds to live it."""
    said = demo()

    assert kinds("status") == {"waiting", "claimed", "booked", "closed"}
    assert kinds("outcome") == {"likely_candidate", "specialist_review"}
    assert kinds("priority") == {"P1", "P2", "P3"}
    assert kinds("is_recent_pain") == {True, False}
    assert kinds("language") == {"en", "es", "other"}
    assert kinds("source") == {"web", "phone", "walk_in", "referral"}
    assert kinds("taken_by__username") == {None, "demo-scheduler", "demo-nurse"}
    assert kinds("referred_by") >= {"", *ReferralSource.objects.values_list("name", flat=True)}
    assert set(Appointment.objects.values_list("kind__name", flat=True)) == {"Consultation", "Imaging review"}
    assert ContactAttempt.objects.filter(request__status="waiting").exists()
    reasons = {"attended", "declined", "unreachable", "advised_against"}
    assert reasons <= kinds("close_reason")
    waits = {length.wait.key for length in lengths(counted(timezone.now())) if length.count}
    on_lists = {"doubtful", "visit-over", "nurse", "records", "booked", "to-choose", "to-answer", "letter", "call"}
    assert waits >= on_lists
    assert f"The demo has 42 visit requests, {AppointmentRequest.objects.open().count()} open." in said
    answers = [request.answers for request in AppointmentRequest.objects.all()]
    assert all(all(one.values()) for one in answers)
    assert not [one for one in answers if "imaging_month" in one and set(one["imaging"]) & {"none", "not_sure"}]
    assert [phone for phone in kinds("phone") if not re.fullmatch(r"\+121255501\d\d", phone)] == []
    assert {email.partition("@")[2] for email in kinds("email")} == {"", "example.com"}

    queue = sign_in(client, password_in(said))

    assert queue.redirect_chain == [(QUEUE, 302)]
    assert "Open: 2" in queue.text
    sheets = [client.get(f"{QUEUE}{request.pk}/change/") for request in AppointmentRequest.objects.all()]
    assert [sheet.status_code for sheet in sheets] == [200] * 42


def test_run_again_at_any_hour_it_doubles_nothing_and_gives_a_new_password_and_somebody_to_call(client):
    night = datetime.datetime(2037, 5, 3, 3, 30, tzinfo=ZoneInfo("America/New_York"))
    with time_machine.travel(night) as clock:
        said = [demo(weeks=0)]
        before = everything()
        said.append(demo(weeks=0))
        assert everything() == before
        for hour in (3, 11, 17, 23):
            clock.move_to(night.replace(hour=hour))
            said.append(demo(weeks=0))
            home = words_of(sign_in(client, password_in(said[-1]), to="/admin/"))
            assert "can be called now" in home
            assert "Your last step" not in home

        assert "Please enter the correct username and password" in sign_in(Client(), password_in(said[0])).text
    assert list(map(len, everything())) == list(map(len, before))
    assert get_user_model().objects.filter(username="demo").count() == 1
    assert not Event.objects.filter(by__username="demo").exists()


def test_after_its_requests_are_deleted_the_demo_fills_in_new_ones():
    demo(weeks=0)
    AppointmentRequest.objects.all().delete()
    Appointment.objects.all().delete()

    assert "The demo has 30 visit requests" in demo(weeks=0)


def test_requests_that_are_there_already_are_left_alone(a_request):
    a_request()
    before = everything()

    said = demo()

    assert everything() == before
    assert "The demo has 1 visit requests, 1 open." in said


def test_there_is_no_demo_where_patients_are(settings):
    settings.DEVELOPMENT = False

    with pytest.raises(CommandError, match="for development only"):
        demo()

    assert not get_user_model().objects.exists()
    assert not any(everything())

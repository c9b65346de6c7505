"""What tests of several kinds share."""

import datetime

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from appointments.models import AppointmentRequest, Clinician, Place
from tests.walk import answer_check, ask_for_visit


@pytest.fixture
def send_request(db, client):
    """Walk a visitor through the whole journey; give the request that comes of it."""

    def send(**changes) -> AppointmentRequest:
        client.cookies.clear()
        answer_check(client, **changes)
        ask_for_visit(client, **changes)
        return AppointmentRequest.objects.latest("pk")

    return send


@pytest.fixture
def scheduler(db):
    return get_user_model().objects.create_superuser("scheduler")


@pytest.fixture
def colleague(db):
    return get_user_model().objects.create_superuser("colleague")


@pytest.fixture
def clinician(db):
    return Clinician.objects.create(name="Dr. Example")


@pytest.fixture
def place(db):
    return Place.objects.create(name="Main clinic")


@pytest.fixture
def next_week():
    return timezone.now().replace(minute=0, second=0, microsecond=0) + datetime.timedelta(days=7)

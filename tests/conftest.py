"""What tests of several kinds share."""

import datetime
import os

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.utils import timezone, translation

from appointments.models import AppointmentRequest, Clinician, ConsultingHours, Place
from tests.walk import check_and_ask_for_visit

DATABASE = {"db", "transactional_db", "live_server"}
# What these look at is decided before a database is asked. "make fuzz" runs them with each all the same.
SAME_WITH_EACH = {
    "test_attacks.py",
    "test_fuzz.py",
    "test_headers.py",
    "test_random_walk.py",
    "test_reading_level.py",
    "test_roles.py",
    "test_translations.py",
}


def pytest_collection_modifyitems(config, items):
    """What asks no database is the same with each, and so is what a browser shows: they are run with SQLite only."""
    if connection.vendor == "sqlite":
        return
    asks = [
        item
        for item in items
        if (item.get_closest_marker("django_db") or DATABASE & set(item.fixturenames))
        and not item.get_closest_marker("browser")
        and (item.path.name not in SAME_WITH_EACH or os.environ.get("ALL_WITH_EACH"))
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in asks])
    items[:] = asks


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup):
    """To empty the tables after a test, the audit is cut off first, as only its owner can."""
    operations = type(connection.ops)
    sql_flush = operations.sql_flush

    def cut_and_flush(self, style, tables, **options):
        cut = [
            "DELETE FROM appointments_audithead",
            "INSERT INTO appointments_audithead (id, seq, mac, seal, first_kept, cut_mac, cut_seal)"
            " VALUES (1, 0, '', '', 9223372036854775807, '', '')",
            "DELETE FROM appointments_auditentry",
        ]
        return [*cut, *sql_flush(self, style, tables, **options)]

    # Of the class, because tests in a browser have connections of their own.
    operations.sql_flush = cut_and_flush


@pytest.fixture
def send_request(db, client):
    """Let a visitor ask for a visit; give the request that comes of it."""

    def send(**changes) -> AppointmentRequest:
        client.cookies.clear()
        check_and_ask_for_visit(client, **changes)
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
def consulting_hours(clinician, place):
    """The clinician sees patients on every weekday from nine to five."""
    return ConsultingHours.objects.bulk_create(
        ConsultingHours(
            clinician=clinician, place=place, weekday=weekday, starts=datetime.time(9), ends=datetime.time(17)
        )
        for weekday in range(5)
    )


@pytest.fixture(autouse=True)
def empty_cache():
    """What was cached for the test before is not true in this one."""
    cache.clear()


@pytest.fixture(autouse=True)
def in_english():
    """Whatever language the last page of the test before was in."""
    translation.activate("en")


@pytest.fixture
def next_week():
    return timezone.now().replace(minute=0, second=0, microsecond=0) + datetime.timedelta(days=7)

"""What tests of several kinds share."""

import datetime
import time
import uuid
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.utils import timezone, translation

from accounts.models import RecoveryCodes
from accounts.passwords import Hasher
from appointments.models import AppointmentRequest, Clinician, ConsultingHours, Place
from common.clinic import CLINIC, Known
from common.sealed_cookie import seal, unseal
from screening import sign_off
from screening.visitor import COOKIE, MAX_AGE
from tests import factories, prepared_database
from tests.walk import FIELDS, answer_check, fill_in


def pytest_collection_modifyitems(items):
    """The upgrade runs the product's commands on a database of its own, of either kind."""
    for item in items:
        if item.path.parent.name == "upgrade":
            item.add_marker("process")
            item.add_marker("both")
        elif item.name == "test_importing_the_pathway_loads_nothing_of_django":
            item.add_marker("process")


@pytest.fixture(scope="session")
def turn_to_prepare(django_db_modify_db_settings):
    """The first process prepares a database, and the others wait for it; see prepared_database.py."""
    options = connection.settings_dict["OPTIONS"]
    if "init_command" in options:
        # Nothing here outlives the tests.
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
    with prepared_database.wait_for_turn() as turn:
        yield turn


@pytest.fixture(scope="session")
def django_db_keepdb(turn_to_prepare, django_db_blocker):
    with django_db_blocker.unblock():
        return prepared_database.take()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker, turn_to_prepare):
    """To empty the tables after a test, the audit is cut off first, as only its owner can."""
    with django_db_blocker.unblock():
        prepared_database.keep()
    turn_to_prepare.close()
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


@pytest.fixture(scope="session")
def migrated_copy(tmp_path_factory, django_db_setup):
    """Gives a function that makes a migrated database for another process: a file."""

    def make() -> Path:
        file = tmp_path_factory.mktemp("migrated") / "site.sqlite3"
        prepared_database.copy_to(file)
        return file

    return make


@pytest.fixture(autouse=True)
def nobody_has_signed_or_changed_the_clinic():
    """As if this had just been looked up, as it is once a minute; `look_again()` of either forgets it."""
    now = time.monotonic()
    weekdays = dict.fromkeys(range(5), (datetime.time(8), datetime.time(17)))
    CLINIC.known = Known(now + 3600, None, weekdays)
    sign_off._remembered.update(dict.fromkeys(sign_off.to_sign(), (now + 3600, None)))


@pytest.fixture
def send_request(db, client):
    """Let a visitor ask for a visit through the public pages; give the request that comes of it.

    For tests of those pages; others need only the row, and ask for `a_request`. Who types what somebody has typed
    before begins at the last page, which saves much time.
    """
    *pages, last = FIELDS

    def send(**changes) -> AppointmentRequest:
        client.cookies.clear()
        typed = repr(sorted(changes.items()))
        if typed not in kept_before_the_last_page:
            answer_check(client, **changes)
            for key in pages:
                fill_in(client, key, changes)
            cookie = client.cookies[COOKIE].value
            kept_before_the_last_page[typed] = unseal(cookie, purpose=COOKIE, max_age=MAX_AGE)
        kept = {**kept_before_the_last_page[typed], "id": uuid.uuid4().hex, "since": time.time()}
        client.cookies[COOKIE] = seal(kept, purpose=COOKIE)
        fill_in(client, last, changes)
        return AppointmentRequest.objects.latest("pk")

    return send


# By what was typed; the answers of a visitor are in their own browser.
kept_before_the_last_page: dict[str, dict] = {}


@pytest.fixture
def a_request(db):
    """Make a request for a visit without the way through the public pages; see tests/factories.py."""
    return factories.a_request


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
def consults(place):
    """Lets a clinician see patients on every weekday from nine to five; gives them back."""

    def on_weekdays(clinician) -> Clinician:
        hours = {"place": place, "starts": datetime.time(9), "ends": datetime.time(17)}
        ConsultingHours.objects.bulk_create(
            ConsultingHours(clinician=clinician, weekday=weekday, **hours) for weekday in range(5)
        )
        return clinician

    return on_weekdays


@pytest.fixture
def consulting_hours(clinician, consults):
    """Those of the clinician."""
    consults(clinician)
    return list(ConsultingHours.objects.all())


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    """The strength of a hash is the matter of Django and of hashlib, and would cost the tests minutes."""
    monkeypatch.setattr(Hasher, "iterations", 1000)
    monkeypatch.setattr(RecoveryCodes, "ITERATIONS", 100)


@pytest.fixture(autouse=True)
def few_time_zones(request, monkeypatch):
    """The list of all that a phone can be in takes half of the time that a call sheet takes."""
    if "every_time_zone" not in request.fixturenames:
        monkeypatch.setattr("appointments.lifecycle.forms.zones_of_phones", lambda: {"Pacific/Honolulu"})


@pytest.fixture
def every_time_zone():
    """For tests of that list."""


@pytest.fixture(autouse=True)
def empty_cache():
    """What was cached for the test before is not true in this one."""
    cache.clear()


@pytest.fixture(autouse=True)
def in_english():
    """Whatever language the last page of the test before was in."""
    translation.activate("en")


@pytest.fixture
def next_week(consulting_hours):
    """When the clinician begins to see patients on a weekday, a week from now or a little later."""
    day = timezone.localdate() + datetime.timedelta(days=7)
    while day.weekday() not in {hours.weekday for hours in consulting_hours}:
        day += datetime.timedelta(days=1)
    return datetime.datetime.combine(day, consulting_hours[0].starts, timezone.get_default_timezone()).astimezone(
        datetime.UTC
    )

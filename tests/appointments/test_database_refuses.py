"""Rows that must not exist are refused by the database itself, whoever writes them: here it is plain SQL."""

import datetime
import uuid

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from appointments import reference
from appointments.lifecycle.definition import BOOK, CLAIM, CLOSE
from appointments.lifecycle.transition import perform
from appointments.models import Appointment, AppointmentRequest, Clinician, ConsultingHours, OpeningHours

pytestmark = pytest.mark.both

REQUESTS = AppointmentRequest._meta.db_table
VISITS = Appointment._meta.db_table

SOMEBODY = "(SELECT MIN(id) FROM auth_user)"
CLAIMED = f"claimed_by_id = {SOMEBODY}, claimed_at = CURRENT_TIMESTAMP"
CLOSED = f"closed_by_id = {SOMEBODY}, closed_at = CURRENT_TIMESTAMP"


@pytest.fixture
def in_state(a_request, scheduler, clinician, place, next_week):
    def bring(state, visit_at=next_week) -> AppointmentRequest:
        request = a_request()
        if state != "waiting":
            perform(CLAIM, request, by=scheduler)
        if state == "booked":
            perform(BOOK, request, by=scheduler, starts_at=visit_at, place=place, clinician=clinician)
        if state == "closed":
            perform(CLOSE, request, by=scheduler, reason="declined")
        return request

    return bring


def execute(sql: str) -> int:
    """Runs one statement as a transaction of its own. Gives the number of rows it wrote."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.rowcount


def update(row, changes: str) -> int:
    return execute(f"UPDATE {row._meta.db_table} SET {changes} WHERE id = {key_of(row)}")  # noqa: S608


def insert_another(row, **changes: str) -> int:
    """Copies a row, with other values in some of its columns."""
    columns = [field.column for field in row._meta.concrete_fields if not field.generated]
    if "id" not in changes:
        columns.remove("id")
    values = [changes.get(column, column) for column in columns]
    table = row._meta.db_table
    return execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table} WHERE id = {key_of(row)}"  # noqa: S608
    )


def key_of(row) -> str:
    return quoted(row.pk) if isinstance(row.pk, uuid.UUID) else str(row.pk)


def quoted(value) -> str:
    return f"'{value.hex if isinstance(value, uuid.UUID) else value}'"


@pytest.mark.parametrize(
    ("state", "changes", "constraint"),
    [
        ("waiting", "outcome = ''", "has_an_outcome_and_a_priority"),
        ("waiting", "priority = ''", "has_an_outcome_and_a_priority"),
        ("waiting", f"claimed_by_id = {SOMEBODY}", "claimed_by_somebody_at_some_time"),
        ("waiting", "claimed_at = CURRENT_TIMESTAMP", "claimed_by_somebody_at_some_time"),
        ("claimed", "claimed_by_id = NULL", "claimed_by_somebody_at_some_time"),
        ("claimed", "claimed_at = NULL", "claimed_by_somebody_at_some_time"),
        ("booked", CLAIMED, "claimed_only_while_open"),
        ("closed", CLAIMED, "claimed_only_while_open"),
        ("claimed", f"{CLOSED}, close_reason = 'declined'", "claimed_only_while_open"),
        ("waiting", f"closed_by_id = {SOMEBODY}", "closed_for_a_reason_by_staff_or_withdrawn"),
        ("waiting", "closed_at = CURRENT_TIMESTAMP", "closed_for_a_reason_by_staff_or_withdrawn"),
        ("waiting", "close_reason = 'declined'", "closed_for_a_reason_by_staff_or_withdrawn"),
        ("waiting", CLOSED, "closed_for_a_reason_by_staff_or_withdrawn"),
        (
            "waiting",
            "closed_at = CURRENT_TIMESTAMP, close_reason = 'declined'",
            "closed_for_a_reason_by_staff_or_withdrawn",
        ),
        ("closed", "closed_by_id = NULL", "closed_for_a_reason_by_staff_or_withdrawn"),
        ("closed", "closed_at = NULL", "closed_for_a_reason_by_staff_or_withdrawn"),
        ("closed", "close_reason = ''", "closed_for_a_reason_by_staff_or_withdrawn"),
    ],
)
def test_a_request_cannot_be_brought_into_a_state_that_must_not_be(in_state, state, changes, constraint):
    request = in_state(state)

    with pytest.raises(IntegrityError, match=constraint):
        update(request, changes)


@pytest.mark.parametrize(
    ("state", "changes", "status"),
    [
        ("waiting", CLAIMED, "claimed"),
        ("claimed", "claimed_by_id = NULL, claimed_at = NULL", "waiting"),
        ("waiting", f"{CLOSED}, close_reason = 'declined'", "closed"),
        ("waiting", "closed_at = CURRENT_TIMESTAMP, close_reason = 'withdrawn'", "closed"),
        ("booked", f"{CLOSED}, close_reason = 'attended'", "closed"),
        ("booked", "appointment_id = NULL", "waiting"),
        ("closed", "closed_by_id = NULL, closed_at = NULL, close_reason = ''", "waiting"),
    ],
)
def test_a_state_that_may_be_is_let_through_and_the_status_follows(in_state, state, changes, status):
    request = in_state(state)

    assert update(request, changes) == 1

    request.refresh_from_db()
    assert request.status == status


@pytest.mark.parametrize("changes", ["status = 'waiting'", "status = 'claimed'", "is_doubtful = NULL"])
def test_what_follows_from_the_rest_cannot_be_written(in_state, changes):
    request = in_state("claimed")

    with pytest.raises(DatabaseError, match=changes.split()[0]):
        update(request, changes)


def test_one_journey_makes_one_request_and_no_reference_is_given_twice(in_state):
    request = in_state("waiting")
    new = {"journey": quoted(uuid.uuid4()), "reference": quoted(reference.new())}

    with pytest.raises(IntegrityError, match=f"{REQUESTS}[._]journey"):
        insert_another(request, reference=new["reference"])
    with pytest.raises(IntegrityError, match=f"{REQUESTS}[._]reference"):
        insert_another(request, journey=new["journey"])
    assert insert_another(request, **new) == 1


def test_a_visit_belongs_to_one_request(in_state):
    booked, waiting = in_state("booked"), in_state("waiting")
    new = {"journey": quoted(uuid.uuid4()), "reference": quoted(reference.new())}

    with pytest.raises(IntegrityError, match=f"{REQUESTS}[._]appointment_id"):
        insert_another(booked, **new)
    with pytest.raises(IntegrityError, match=f"{REQUESTS}[._]appointment_id"):
        update(waiting, f"appointment_id = {quoted(booked.appointment_id)}")


# A visit of half an hour, and when another one starts and ends, in minutes from its start.
OVERLAPPING = [(0, 30), (29, 59), (-29, 1), (10, 20), (-60, 90), (0, 1), (29, 30)]
APART = [(30, 60), (-30, 0), (31, 32), (-90, -1)]


def at(visit, minutes: int) -> str:
    """As SQL has it in both databases, where connections are in UTC."""
    moment = visit.starts_at + datetime.timedelta(minutes=minutes)
    return f"'{moment.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S}'"


@pytest.mark.parametrize(("starts", "ends"), OVERLAPPING)
def test_a_clinician_has_no_two_visits_at_once_not_even_for_a_minute(in_state, next_week, starts, ends):
    visit = in_state("booked").appointment
    other = in_state("booked", visit_at=next_week + datetime.timedelta(days=1)).appointment

    with pytest.raises(IntegrityError, match="no_two_visits_at_once"):
        insert_another(visit, id=quoted(uuid.uuid4()), starts_at=at(visit, starts), ends_at=at(visit, ends))
    with pytest.raises(IntegrityError, match="no_two_visits_at_once"):
        update(other, f"starts_at = {at(visit, starts)}, ends_at = {at(visit, ends)}")


@pytest.mark.parametrize(("starts", "ends"), APART)
def test_a_visit_may_start_when_another_one_ends(in_state, next_week, starts, ends):
    visit = in_state("booked").appointment
    other = in_state("booked", visit_at=next_week + datetime.timedelta(days=1)).appointment

    assert insert_another(visit, id=quoted(uuid.uuid4()), starts_at=at(visit, starts), ends_at=at(visit, ends)) == 1
    execute(f"DELETE FROM {VISITS} WHERE id NOT IN ({key_of(visit)}, {key_of(other)})")  # noqa: S608
    assert update(other, f"starts_at = {at(visit, starts)}, ends_at = {at(visit, ends)}") == 1


def test_two_clinicians_can_have_visits_at_once_and_one_visit_can_be_moved_a_little(in_state):
    visit = in_state("booked").appointment
    another_clinician = str(Clinician.objects.create(name="Dr. Sample").pk)

    assert insert_another(visit, id=quoted(uuid.uuid4()), clinician_id=another_clinician) == 1
    assert update(visit, f"starts_at = {at(visit, 10)}, ends_at = {at(visit, 40)}") == 1
    with pytest.raises(IntegrityError, match="no_two_visits_at_once"):
        update(visit, f"starts_at = {at(visit, 0)}, ends_at = {at(visit, 30)}, clinician_id = {another_clinician}")


def test_a_cancelled_visit_takes_no_time_and_cannot_come_back_to_a_time_that_is_taken(in_state):
    visit, new = in_state("booked").appointment, uuid.uuid4()

    assert insert_another(visit, id=quoted(new), cancelled_at="CURRENT_TIMESTAMP", starts_at=at(visit, 15)) == 1
    cancelled = Appointment.objects.get(pk=new)
    with pytest.raises(IntegrityError, match="no_two_visits_at_once"):
        update(cancelled, "cancelled_at = NULL")
    assert update(cancelled, f"ends_at = {at(visit, 75)}") == 1

    assert update(visit, "cancelled_at = CURRENT_TIMESTAMP") == 1
    assert update(cancelled, "cancelled_at = NULL") == 1
    with pytest.raises(IntegrityError, match="no_two_visits_at_once"):
        update(visit, "cancelled_at = NULL")


@pytest.mark.parametrize("minutes", [0, -1])
def test_a_visit_ends_after_it_starts(in_state, minutes):
    visit = in_state("booked").appointment

    # PostgreSQL makes a range of the times before it checks them, and that cannot end before it starts.
    with pytest.raises(DatabaseError, match=r"visit_ends_after_it_starts|range lower bound"):
        update(visit, f"ends_at = {at(visit, minutes)}")


def test_the_clinic_does_not_close_before_it_opens_nor_a_clinician_end_before_starting(clinician, place):
    opens = OpeningHours.objects.first()
    hours = ConsultingHours.objects.create(
        clinician=clinician, place=place, weekday=0, starts=datetime.time(9), ends=datetime.time(17)
    )

    for closes in ("opens", "'00:00:00'"):
        with pytest.raises(IntegrityError, match="closes_after_it_opens"):
            update(opens, f"closes = {closes}")
    for ends in ("starts", "'00:00:00'"):
        with pytest.raises(IntegrityError, match="ends_after_it_starts"):
            update(hours, f"ends = {ends}")
    with pytest.raises(IntegrityError, match=r"weekday"):
        insert_another(opens)


# SQLite and PostgreSQL check references when the transaction ends, so these need transactions that really do.


@pytest.mark.django_db(transaction=True)
def test_a_visit_is_not_deleted_under_its_request(in_state):
    request = in_state("booked")

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        execute(f"DELETE FROM {VISITS}")  # noqa: S608
    assert Appointment.objects.get().request == request


@pytest.mark.django_db(transaction=True)
def test_a_request_cannot_have_a_visit_that_is_not_there(in_state):
    request = in_state("waiting")

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        update(request, f"appointment_id = {quoted(uuid.uuid4())}")


@pytest.mark.django_db(transaction=True)
def test_the_history_keeps_those_who_stand_in_it(in_state, scheduler):
    in_state("claimed")

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        execute(f"DELETE FROM auth_user WHERE id = {scheduler.pk}")  # noqa: S608

"""Rows that must not exist are refused by the database itself, whoever writes them: here it is plain SQL."""

import uuid

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from appointments import booking, queue, reference
from appointments.models import Appointment, AppointmentRequest, Clinician

REQUESTS = AppointmentRequest._meta.db_table
VISITS = Appointment._meta.db_table

SOMEBODY = "(SELECT MIN(id) FROM auth_user)"
CLAIMED = f"claimed_by_id = {SOMEBODY}, claimed_at = CURRENT_TIMESTAMP"
CLOSED = f"closed_by_id = {SOMEBODY}, closed_at = CURRENT_TIMESTAMP"


@pytest.fixture
def in_state(send_request, scheduler, clinician, place, next_week):
    def bring(state, visit_at=next_week) -> AppointmentRequest:
        request = send_request()
        if state != "waiting":
            queue.claim(request, by=scheduler)
        if state == "booked":
            booking.book(request, by=scheduler, starts_at=visit_at, place=place, clinician=clinician)
        if state == "closed":
            queue.close(request, by=scheduler, reason="declined")
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
        ("waiting", "outcome = 'not_matching'", "outcome_offers_a_visit"),
        ("waiting", "outcome = ''", "outcome_offers_a_visit"),
        ("waiting", "priority = 'P4'", "priority_is_known"),
        ("waiting", "priority = 'p1'", "priority_is_known"),
        ("waiting", f"claimed_by_id = {SOMEBODY}", "claimed_by_somebody_at_some_time"),
        ("waiting", "claimed_at = CURRENT_TIMESTAMP", "claimed_by_somebody_at_some_time"),
        ("claimed", "claimed_by_id = NULL", "claimed_by_somebody_at_some_time"),
        ("claimed", "claimed_at = NULL", "claimed_by_somebody_at_some_time"),
        ("booked", CLAIMED, "claimed_only_while_open"),
        ("closed", CLAIMED, "claimed_only_while_open"),
        ("claimed", f"{CLOSED}, close_reason = 'declined'", "claimed_only_while_open"),
        ("waiting", f"closed_by_id = {SOMEBODY}", "closed_by_staff_or_withdrawn"),
        ("waiting", "closed_at = CURRENT_TIMESTAMP", "closed_by_staff_or_withdrawn"),
        ("waiting", "close_reason = 'declined'", "closed_by_staff_or_withdrawn"),
        ("waiting", CLOSED, "closed_by_staff_or_withdrawn"),
        ("waiting", f"{CLOSED}, close_reason = 'bored'", "closed_by_staff_or_withdrawn"),
        ("waiting", "closed_at = CURRENT_TIMESTAMP, close_reason = 'declined'", "closed_by_staff_or_withdrawn"),
        ("closed", "closed_by_id = NULL", "closed_by_staff_or_withdrawn"),
        ("closed", "closed_at = NULL", "closed_by_staff_or_withdrawn"),
        ("closed", "close_reason = ''", "closed_by_staff_or_withdrawn"),
        ("closed", "close_reason = 'attended'", "visit_reasons_need_a_visit"),
        ("closed", "close_reason = 'did_not_come'", "visit_reasons_need_a_visit"),
        ("booked", f"{CLOSED}, close_reason = 'declined'", "visit_reasons_need_a_visit"),
        ("booked", "closed_at = CURRENT_TIMESTAMP, close_reason = 'withdrawn'", "visit_reasons_need_a_visit"),
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


def test_a_clinician_has_one_visit_at_a_time(in_state, next_week):
    first = in_state("booked").appointment
    second = in_state("booked", visit_at=next_week.replace(minute=30)).appointment
    new_id = quoted(uuid.uuid4())
    one_visit = f"one_visit_per_clinician_and_time|{VISITS}.clinician_id, {VISITS}.starts_at"

    with pytest.raises(IntegrityError, match=one_visit):
        insert_another(first, id=new_id)
    with pytest.raises(IntegrityError, match=one_visit):
        update(second, f"starts_at = (SELECT starts_at FROM {VISITS} WHERE id = {key_of(first)})")  # noqa: S608
    assert insert_another(first, id=new_id, clinician_id=str(Clinician.objects.create(name="Dr. Sample").pk)) == 1


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

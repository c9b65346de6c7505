"""Whatever breaks under it, the product loses and doubles nothing that it confirmed, and says what is the matter."""

import contextlib
import datetime
import itertools
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.utils import timezone

from appointments import rate_limit
from appointments.lifecycle.definition import CLAIM, CLOSE, RELEASE
from appointments.lifecycle.transition import Refused, perform
from appointments.models import AppointmentRequest, Event, Message, PeriodicJob
from appointments.operations import jobs, retention
from common.outages import is_outage
from tests import postgres
from tests.mail import mail_server
from tests.staff import signed_in
from tests.walk import CALL, CHECK, VISIT_ANSWERS, WHO, answer_check, source_of

ROOT = Path(__file__).parents[1]
REQUESTS = AppointmentRequest._meta.db_table
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


@pytest.fixture
def ready(client):
    """Somebody who has only the last step before them."""
    client.raise_request_exception = False
    go_to_the_last_step(client)
    return client


def go_to_the_last_step(client) -> None:
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)
    client.post("/visit/who/", WHO)
    client.post("/visit/call/", CALL)


# ------------------------------------------------------------------------------- Shortened from `make soak`


@pytest.mark.process
@pytest.mark.parametrize(("kind", "seconds"), [("scarce", 1), ("failover", 1)])
def test_a_short_soak_finds_nothing_lost_doubled_or_left_hanging(kind, seconds):
    try:
        postgres.binaries()
    except postgres.Unavailable as reason:
        pytest.skip(str(reason))
    command = [sys.executable, "-m", "tests.soak", kind, "--seconds", str(seconds)]

    soak = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)  # noqa: S603

    assert soak.returncode == 0, f"{soak.stdout}\n{soak.stderr[-3000:]}"


# --------------------------------------------------------------------------------- What the database may say


@contextlib.contextmanager
def a_database_that_says(code: str):
    """PostgreSQL refuses to store requests with an error of this code, as it does by itself when it must."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; "
            f"END $$ LANGUAGE plpgsql; CREATE TRIGGER refuses BEFORE INSERT ON {REQUESTS} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        try:
            yield
        finally:
            cursor.execute(f"DROP TRIGGER refuses ON {REQUESTS}; DROP FUNCTION refuse()")


def is_kept_and_can_be_sent_again(answer) -> bool:
    words = source_of(answer)
    return all(
        what in words for what in ("What you typed is still here", 'name="keeping_ok"', " checked", "Ana Example")
    )


# A file says nothing but that it is full or locked.
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "code",
    [
        "53100",  # disk full
        "53200",  # out of memory
        "57014",  # took too long
        "55P03",  # a lock could not be had
        "40P01",  # two waited for each other
        "57P01",  # is being shut down
        "25006",  # only reads, for being a copy
        "25P03",  # the transaction stood still for too long
        "58030",  # the disk is broken
        "XX001",  # what is stored is broken
    ],
)
def test_whatever_a_database_says_that_cannot_store_the_form_is_kept_and_nothing_stored(ready, code, caplog):
    with a_database_that_says(code):
        answer = ready.post("/visit/check/", CHECK)

    assert answer.status_code == 503
    assert is_kept_and_can_be_sent_again(answer)
    assert not AppointmentRequest.objects.exists()
    assert [line.levelno for line in caplog.records if "could not be stored yet" in line.getMessage()] == [
        logging.WARNING
    ]
    assert ready.post("/visit/check/", CHECK).status_code == 302
    assert AppointmentRequest.objects.count() == 1


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_whichever_statement_is_the_first_to_find_no_database_the_form_is_kept(ready):
    ready.post("/visit/check/", CHECK)
    # Who asks again is compared with who asked before.
    go_to_the_last_step(ready)
    kept = 0
    while True:
        left = itertools.chain(range(kept), itertools.repeat(None))

        def goes_away(execute, *statement, left=left):
            if next(left) is None:
                raise OperationalError("gone")
            return execute(*statement)

        with connection.execute_wrapper(goes_away):
            answer = ready.post("/visit/check/", CHECK)
        if answer.status_code == 302:
            break
        assert answer.status_code == 503
        assert is_kept_and_can_be_sent_again(answer)
        kept += 1

    assert kept > 5
    assert AppointmentRequest.objects.count() == 2


@contextlib.contextmanager
def a_full_file():
    """The file of SQLite may not grow, and what room there is in it is taken."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE filler (content BLOB)")
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
        try:
            with contextlib.suppress(OperationalError):
                while True:
                    cursor.execute("INSERT INTO filler VALUES (randomblob(3000))")
            yield
        finally:
            cursor.execute("PRAGMA max_page_count = 1000000")
            cursor.execute("DROP TABLE filler")


@pytest.mark.skipif(connection.vendor == "postgresql", reason="the soak gives PostgreSQL a small disk")
@pytest.mark.django_db(transaction=True)
def test_when_the_file_of_the_database_cannot_grow_the_form_is_kept_and_nothing_is_stored_by_half(ready, scheduler):
    staff = signed_in(scheduler)
    staff.raise_request_exception = False
    confirmed = 0

    with a_full_file():
        # The first few have room in the pages that each table has begun.
        while (answer := ready.post("/visit/check/", CHECK)).status_code == 302:
            confirmed += 1
            go_to_the_last_step(ready)
        queue_page = staff.get("/admin/appointments/appointmentrequest/")

    assert answer.status_code == 503
    assert is_kept_and_can_be_sent_again(answer)
    # It is shown only if there is room to write down who saw it.
    assert queue_page.status_code in (200, 503)
    assert AppointmentRequest.objects.count() == confirmed
    assert ready.post("/visit/check/", CHECK).status_code == 302
    assert AppointmentRequest.objects.count() == confirmed + 1


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_a_request_that_was_stored_before_the_answer_was_lost_is_confirmed_when_it_is_sent_again(ready):
    kept = ready.cookies["answers"].value
    ready.post("/visit/check/", CHECK)
    stored = AppointmentRequest.objects.get()

    # The browser did not get the answer, so it has the cookie of before.
    ready.cookies["answers"] = kept
    again = ready.post("/visit/check/", CHECK, follow=True)

    assert stored.reference in source_of(again).replace("-", "")
    assert AppointmentRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("gone"), True),
        (InterfaceError("closed"), True),
        (InternalError("only reads"), True),
        # What the driver says when a connection broke at a moment it did not expect.
        (DatabaseError("no message from the libpq"), True),
        (IntegrityError("twice"), False),
        (DataError("too long"), False),
        (ProgrammingError("no such column"), False),
        (ValueError("ours"), False),
        (None, False),
    ],
)
def test_faults_of_a_database_are_told_from_our_own(error, expected):
    assert is_outage(error) is expected


# ------------------------------------------------------------------------------------------ Clocks that are set


@pytest.mark.both
@pytest.mark.django_db
@pytest.mark.parametrize("jump", [-DAY, -HOUR, HOUR, 19 * HOUR])
def test_a_clock_that_is_set_during_a_journey_loses_nothing_and_makes_nobody_look_like_a_program(ready, jump):
    with time_machine.travel(timezone.now() + jump):
        answer = ready.post("/visit/check/", CHECK)

    assert answer["Location"] == "/visit/sent/"
    assert "faster" not in AppointmentRequest.objects.get().doubts


@pytest.mark.both
@pytest.mark.django_db
def test_answers_that_a_clock_made_too_old_are_there_again_when_it_is_right(ready):
    with time_machine.travel(timezone.now() + 2 * DAY):
        assert ready.get("/visit/call/").status_code == 302

    assert ready.post("/visit/check/", CHECK)["Location"] == "/visit/sent/"


@pytest.mark.both
@pytest.mark.django_db
def test_tries_that_were_counted_while_a_clock_was_ahead_do_not_count_until_then():
    with time_machine.travel(timezone.now() + DAY):
        for _ in range(20):
            rate_limit.count("sent", "192.0.2.1", seconds=3600)

    assert rate_limit.count("sent", "192.0.2.1", seconds=3600) == 1
    assert rate_limit.count("sent", "192.0.2.1", seconds=3600) == 2


@pytest.mark.both
@pytest.mark.django_db
def test_servers_whose_clocks_differ_a_little_count_together():
    ahead = timezone.now() + datetime.timedelta(minutes=10)
    counted = []
    for _ in range(3):
        with time_machine.travel(ahead):
            counted.append(rate_limit.count("sent", "192.0.2.1", seconds=3600))
        counted.append(rate_limit.count("sent", "192.0.2.1", seconds=3600))

    assert counted == [1, 2, 3, 4, 5, 6]


@pytest.mark.both
@pytest.mark.django_db
def test_a_clock_that_is_set_back_signs_nobody_out_and_one_that_is_set_ahead_those_who_seem_idle(scheduler):
    staff = signed_in(scheduler)
    with time_machine.travel(timezone.now() - DAY):
        assert staff.get("/admin/").status_code == 200
    assert staff.get("/admin/").status_code == 200
    with time_machine.travel(timezone.now() + DAY):
        assert "/login/" in staff.get("/admin/")["Location"]


@pytest.mark.both
@pytest.mark.django_db
def test_whoever_lost_a_request_to_a_clock_that_was_set_ahead_is_told_so(a_request, scheduler, colleague):
    a_request()
    mine = AppointmentRequest.objects.get()
    perform(CLAIM, mine, by=scheduler)
    with time_machine.travel(timezone.now() + HOUR):
        theirs = AppointmentRequest.objects.get()
        perform(CLAIM, theirs, by=colleague)

    with pytest.raises(Refused, match="colleague holds this request"):
        perform(CLOSE, mine, by=scheduler, reason="declined")
    assert list(Event.objects.order_by("version").values_list("by__username", "version")) == [
        ("scheduler", 1),
        ("colleague", 2),
    ]


@pytest.mark.both
@pytest.mark.django_db
def test_a_request_that_was_claimed_while_a_clock_was_ahead_can_be_given_back_by_anybody(
    a_request, scheduler, colleague
):
    a_request()
    with time_machine.travel(timezone.now() + DAY):
        perform(CLAIM, AppointmentRequest.objects.get(), by=scheduler)

    with pytest.raises(Refused):
        perform(CLAIM, AppointmentRequest.objects.get(), by=colleague)
    perform(RELEASE, AppointmentRequest.objects.get(), by=colleague)
    perform(CLAIM, AppointmentRequest.objects.get(), by=colleague)

    assert AppointmentRequest.objects.get().claimed_by == colleague


@pytest.mark.both
@pytest.mark.django_db
@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_a_clock_that_is_set_stops_no_periodic_job(jump):
    names = sorted(job.name for job in jobs.JOBS)
    with time_machine.travel(timezone.now() + jump):
        assert sorted(jobs.run_due()) == names
        assert jobs.run_due() == []

    assert sorted(jobs.run_due()) == names
    assert jobs.run_due() == []


@pytest.mark.django_db(transaction=True)
# A file has no table that only one job waits for.
@pytest.mark.postgresql
def test_a_job_that_waits_in_vain_for_the_database_is_left_alone_for_a_while(monkeypatch):
    monkeypatch.setattr(jobs, "_not_before", {})
    with contextlib.closing(connection.copy()) as other, connection.cursor() as cursor:
        other.set_autocommit(False)
        other.cursor().execute("LOCK TABLE appointments_ratebucket IN ACCESS EXCLUSIVE MODE")
        cursor.execute("SET lock_timeout = '200ms'")
        with pytest.raises(OperationalError):
            jobs.run_due()

        jobs.run_due()
        assert jobs.run_due() == []
        cursor.execute("RESET lock_timeout")

    done = set(PeriodicJob.objects.values_list("name", flat=True)) - {retention.LAST_LOOK}
    assert done == {job.name for job in jobs.JOBS} - {"forget tries"}


@pytest.mark.both
@pytest.mark.django_db
def test_a_job_that_fails_holds_up_neither_the_others_nor_the_messages_and_is_tried_again(
    a_request, settings, monkeypatch, caplog
):
    settings.KEEP_CLOSED_DAYS = 10**6
    monkeypatch.setattr(jobs, "_not_before", {})
    # Of its coming in nobody is told.
    a_request(doubts="many requests from one address")
    names = {job.name for job in jobs.JOBS}

    with mail_server(settings) as mailbox:
        AppointmentRequest.objects.update(attempts_made=1)
        Message.objects.create(request=AppointmentRequest.objects.get(), kind="call_missed", channel="email")
        call_command("work", "--once")
        assert len(mailbox.messages) == 1

    assert set(PeriodicJob.objects.values_list("name", flat=True)) == names - {"retention"}
    assert [line.message for line in caplog.records if line.exc_info] == ["The job 'retention' failed."]
    settings.KEEP_CLOSED_DAYS = 365
    assert jobs.run_due() == []
    monkeypatch.setattr(jobs, "_not_before", {})
    assert jobs.run_due() == ["retention"]

"""Whatever many people do at once, each request and each time goes to one of them, and nobody is told wrong."""

import copy
import datetime
import os
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import CharField
from django.db.models.functions import Cast
from django.utils import timezone

from appointments.lifecycle.definition import (
    BOOK,
    CANCEL,
    CLAIM,
    CLOSE,
    LOG_CALL,
    RELEASE,
    REOPEN,
    RESCHEDULE,
    WITHDRAW,
)
from appointments.lifecycle.transition import Refused, perform
from appointments.models import Appointment, AppointmentRequest, Clinician, ContactAttempt, Event, Message
from appointments.operations import jobs
from appointments.worklist import next_call
from tests.copies import many_like

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]

# SQLite lets one write at a time, whoever else wants to, so that more of it shows nothing more.
IS_LONG = connection.vendor == "postgresql"
QUEUE_LENGTH = 200 if IS_LONG else 60
CALLERS = 10
BOOKERS = 10
QUARTER = datetime.timedelta(minutes=15)
QUARTERS = 30 if IS_LONG else 10
TO_CALL = 100 if IS_LONG else 30
PROCESSES = 3


def at_once(*jobs) -> list:
    """Runs each job in a thread with its own connection to the database; all start together. Gives the results."""
    start = threading.Barrier(len(jobs))

    def run(job):
        start.wait()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(run, job) for job in jobs]]


def many_users(count) -> list:
    return get_user_model().objects.bulk_create(
        get_user_model()(username=f"user {n}", is_superuser=True) for n in range(count)
    )


def succeeds(verb, request, **arguments) -> bool:
    try:
        verb(request, **arguments)
    except Refused:
        return False
    return True


def test_of_ten_people_who_claim_all_requests_each_request_goes_to_one(a_request):
    many_like(a_request(), QUEUE_LENGTH - 1)
    requests = list(AppointmentRequest.objects.order_by("pk"))
    callers = many_users(CALLERS)
    waiting = AppointmentRequest.objects.filter(status="waiting")

    def claim_all(caller) -> list[tuple]:
        """Everybody has the same old page, goes through it in an own order, and stops when all are taken."""
        claimed = []
        for request in random.sample(requests, len(requests)):
            if succeeds(partial(perform, CLAIM), copy.copy(request), by=caller):
                claimed.append((request.pk, caller.pk))
            elif not waiting.exists():
                break
        return claimed

    told = sorted(
        claim for claims in at_once(*(partial(claim_all, caller) for caller in callers)) for claim in claims
    )

    assert [pk for pk, _ in told] == [request.pk for request in requests]
    assert sorted(AppointmentRequest.objects.values_list("pk", "claimed_by")) == told
    assert sorted(Event.objects.filter(verb="claimed").values_list("request", "by")) == told


def test_of_ten_people_who_book_the_same_times_each_time_goes_to_one_and_nobody_loses_a_request(
    a_request, clinician, place, next_week, consults
):
    """The times start every quarter of an hour and visits take half an hour, so that each overlaps its neighbours."""
    clinicians = [clinician, consults(Clinician.objects.create(name="Dr. Sample"))]
    slots = [(who, next_week + QUARTER * number) for number in range(QUARTERS) for who in clinicians]
    bookers, sent, now = many_users(BOOKERS), a_request(), timezone.now()
    held = {booker: many_like(sent, len(slots) // 5, claimed_by=booker, claimed_at=now) for booker in bookers}
    sent.delete()
    # Each is another patient.
    AppointmentRequest.objects.update(phone=Cast("pk", CharField()))

    def book_all(booker) -> list[tuple]:
        """Everybody goes through the same times and offers each one to the next of the own patients."""
        patients, booked = list(held[booker]), []
        for who, starts_at in slots:
            slot = {"clinician": who, "starts_at": starts_at, "place": place}
            # A copy, because what was refused is no longer as it is stored.
            if patients and succeeds(partial(perform, BOOK), copy.copy(patients[0]), by=booker, **slot):
                booked.append((patients.pop(0).pk, who.pk, starts_at, booker.pk))
        return booked

    told = sorted(visit for visits in at_once(*(partial(book_all, booker) for booker in bookers)) for visit in visits)

    assert sorted(Appointment.objects.values_list("request", "clinician", "starts_at", "booked_by")) == told
    for who in clinicians:
        taken = sorted(starts_at for _request, clinician, starts_at, _booker in told if clinician == who.pk)
        gaps = {later - earlier for earlier, later in pairwise([next_week - 2 * QUARTER, *taken])}
        assert min(gaps) >= 2 * QUARTER, "two visits overlap"
        assert max(gaps) < 4 * QUARTER, "a time that was free went to nobody"
    owners = [(request.pk, booker.pk) for booker, requests in held.items() for request in requests]
    still_held = AppointmentRequest.objects.filter(status="claimed").values_list("pk", "claimed_by")
    assert sorted([*still_held, *((visit[0], visit[3]) for visit in told)]) == sorted(owners)


def test_of_two_people_who_want_times_that_overlap_one_is_told_in_words_that_it_is_taken(
    a_request, scheduler, clinician, place, next_week
):
    """However the two meet in the database, it is no error for either."""
    sent = a_request()
    for number in range(20):
        pair = many_like(sent, 2, claimed_by=scheduler, claimed_at=timezone.now())
        starts_at = next_week + datetime.timedelta(weeks=number // 7, hours=number % 7)

        def book(request, starts_at):
            perform(BOOK, request, by=scheduler, starts_at=starts_at, clinician=clinician, place=place)

        jobs = [partial(succeeds, book, request, starts_at=starts_at + QUARTER * n) for n, request in enumerate(pair)]
        assert sorted(at_once(*jobs)) == [False, True]


def test_of_two_who_book_one_patient_with_two_clinicians_at_one_time_one_is_refused(
    a_request, scheduler, clinician, place, next_week, consults
):
    another = consults(Clinician.objects.create(name="Dr. Sample"))
    pair = [a_request(), a_request()]
    for request in pair:
        perform(CLAIM, request, by=scheduler)
    is_booked = threading.Event()

    def book(request, clinician) -> bool:
        slot = {"starts_at": next_week, "clinician": clinician, "place": place}
        return succeeds(partial(perform, BOOK), request, by=scheduler, **slot)

    def go_first() -> bool:
        with transaction.atomic():
            succeeded = book(pair[0], clinician)
            is_booked.set()
            # Now the other tries, and meets what is not committed yet.
            time.sleep(0.2)
            return succeeded

    def go_second() -> bool:
        is_booked.wait(timeout=300)
        return book(pair[1], another)

    assert at_once(go_first, go_second) == [True, False]
    assert Appointment.objects.get().clinician == clinician


@pytest.fixture
def can_be_called(a_request):
    """Many whom anybody may call at any minute."""
    sent = a_request()
    promised = {"doubts": "", "is_promised": True, "next_call_at": timezone.now()}
    many = many_like(sent, TO_CALL, **promised)
    sent.delete()
    return many


def test_of_ten_people_who_ask_for_the_next_call_each_gets_others_until_there_is_nobody_left(can_be_called, settings):
    settings.CALLS_FROM_HOUR, settings.CALLS_UNTIL_HOUR = 0, 24
    callers = many_users(BOOKERS)

    def take_all(caller) -> list[tuple]:
        taken = []
        while found := next_call.take(caller):
            taken.append((found[0].pk, caller.pk))
        assert not AppointmentRequest.objects.filter(status="waiting").exists(), "somebody was left"
        return taken

    told = sorted(taken for takes in at_once(*(partial(take_all, caller) for caller in callers)) for taken in takes)

    assert [pk for pk, _ in told] == sorted(request.pk for request in can_be_called)
    assert sorted(AppointmentRequest.objects.values_list("pk", "claimed_by")) == told
    assert sorted(Event.objects.filter(verb="claimed").values_list("request", "by")) == told


TAKE_ALL = """
import sys, django
django.setup()
from django.contrib.auth import get_user_model
from appointments.worklist import next_call
caller = get_user_model().objects.get(pk=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
while found := next_call.take(caller):
    print(found[0].pk)
"""


@pytest.mark.process
def test_processes_share_the_queue_as_threads_do(can_be_called):
    database = connection.settings_dict["NAME"]
    name = "DATABASE_NAME" if connection.vendor == "postgresql" else "SQLITE_PATH"
    always = {"CALLS_FROM_HOUR": "0", "CALLS_UNTIL_HOUR": "24", "DJANGO_SETTINGS_MODULE": "config.settings"}
    callers = many_users(PROCESSES)
    processes = [
        subprocess.Popen(  # noqa: S603 - the program is the one above
            [sys.executable, "-c", TAKE_ALL, str(caller.pk)],
            env=os.environ | always | {name: str(database)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for caller in callers
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    taken = [process.communicate()[0].split() for process in processes]

    assert [process.returncode for process in processes] == [0] * PROCESSES
    told = sorted((int(pk), caller.pk) for caller, pks in zip(callers, taken, strict=True) for pk in pks)
    assert [pk for pk, _ in told] == sorted(request.pk for request in can_be_called)
    assert sorted(AppointmentRequest.objects.values_list("pk", "claimed_by")) == told


STAFF_AFTER_THE_VISIT = ("reschedule", "cancel", "close after the visit")
PRESSED = [
    *(("visit is over", first, second) for first in STAFF_AFTER_THE_VISIT for second in STAFF_AFTER_THE_VISIT),
    *(("booked", "withdraw", second) for second in ("reschedule", "cancel", "withdraw")),
    ("visit is over", "close after the visit", "withdraw"),
    ("claimed", "book", "book"),
    ("claimed", "book", "close"),
    ("claimed", "book", "log a call"),
    ("claimed", "close", "book"),
    ("claimed", "close", "release"),
    ("claimed", "release", "book"),
    ("claimed", "release", "log a call"),
    ("claimed", "withdraw", "book"),
    ("waiting", "claim", "claim"),
    ("waiting", "withdraw", "claim"),
    ("closed", "reopen", "reopen"),
]
# SQLite lets one transaction write at a time, so that what holds for one pair from each state holds for all.
ON_SQLITE = {state: (state, *rest) for state, *rest in PRESSED}.values()


@pytest.mark.parametrize(
    ("state", "first", "second"),
    [pytest.param(*pair, marks=() if pair in ON_SQLITE else pytest.mark.postgresql) for pair in PRESSED],
)
def test_of_two_people_who_press_a_button_at_once_one_succeeds_and_the_other_is_refused(
    a_request, scheduler, clinician, place, next_week, state, first, second
):
    request = a_request()
    if state != "waiting":
        perform(CLAIM, request, by=scheduler)
    if state in ("booked", "visit is over"):
        perform(BOOK, request, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    if state == "visit is over":
        Appointment.objects.update(starts_at=timezone.now() - datetime.timedelta(hours=1))
    if state == "closed":
        perform(CLOSE, request, by=scheduler, reason="declined")

    def press(button, hours):
        by_staff = {"by": scheduler}
        slot = {"starts_at": next_week + datetime.timedelta(hours=hours), "clinician": clinician, "place": place}
        verbs = {
            "book": partial(perform, BOOK, **by_staff, **slot),
            "cancel": partial(perform, CANCEL, **by_staff, reason="patient"),
            "claim": partial(perform, CLAIM, **by_staff),
            "close": partial(perform, CLOSE, **by_staff, reason="declined"),
            "close after the visit": partial(perform, CLOSE, **by_staff, reason="attended"),
            "log a call": partial(perform, LOG_CALL, **by_staff, channel="phone", outcome="reached"),
            "release": partial(perform, RELEASE, **by_staff),
            "reopen": partial(perform, REOPEN, **by_staff),
            "reschedule": partial(perform, RESCHEDULE, **by_staff, **slot),
            "withdraw": partial(perform, WITHDRAW),
        }
        return partial(succeeds, verbs[button], AppointmentRequest.objects.get())

    is_done, press_first, press_second = threading.Event(), press(first, hours=1), press(second, hours=2)

    def go_first() -> tuple:
        with transaction.atomic():
            succeeded = press_first()
            is_done.set()
            # Now the other tries, and meets what is not committed yet.
            time.sleep(0.2)
            return succeeded, what_there_is()

    def go_second() -> bool:
        is_done.wait(timeout=300)
        return press_second()

    (first_succeeded, left), second_succeeded = at_once(go_first, go_second)

    assert (first_succeeded, second_succeeded) == (True, False)
    assert what_there_is() == left


def what_there_is() -> list:
    models = (AppointmentRequest, Appointment, ContactAttempt, Event)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_of_workers_that_look_at_once_one_does_each_periodic_job_and_staff_get_one_alert(a_request, settings):
    settings.STAFF_EMAILS = ["desk@clinic.example"]
    a_request()
    AppointmentRequest.objects.update(doubts="", due_at=timezone.now() - datetime.timedelta(minutes=1))

    done = at_once(*[jobs.run_due] * PROCESSES)

    assert sorted(name for names in done for name in names) == sorted(job.name for job in jobs.JOBS)
    assert Message.objects.filter(kind="calls_overdue").count() == 1

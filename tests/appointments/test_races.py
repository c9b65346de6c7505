"""Whatever many people do at once, each request and each time goes to one of them, and nobody is told wrong."""

import copy
import datetime
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from appointments import booking, calls, queue, self_service
from appointments.changes import Refused
from appointments.models import Appointment, AppointmentRequest, Clinician, ContactAttempt, Event

pytestmark = pytest.mark.django_db(transaction=True)

QUEUE_LENGTH = 1_000
CALLERS = 20
BOOKERS = 10
HOURS = 50


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
    return get_user_model().objects.bulk_create(get_user_model()(username=f"user {n}") for n in range(count))


def many_like(request, count, **changes) -> list[AppointmentRequest]:
    """Stores copies of a request."""
    names = {field.name for field in request._meta.concrete_fields if not field.generated}
    values = {name: getattr(request, name) for name in names - {"id", "journey", "reference"}} | changes
    return AppointmentRequest.objects.bulk_create(
        AppointmentRequest(journey=uuid.uuid4(), **values) for _ in range(count)
    )


def succeeds(verb, request, **arguments) -> bool:
    try:
        verb(request, **arguments)
    except Refused:
        return False
    return True


def test_of_twenty_people_who_claim_all_requests_each_request_goes_to_one(send_request):
    many_like(send_request(), QUEUE_LENGTH - 1)
    requests = list(AppointmentRequest.objects.all())
    callers = many_users(CALLERS)
    waiting = AppointmentRequest.objects.filter(status="waiting")

    def claim_all(caller) -> list[tuple]:
        """Everybody has the same old page, goes through it in an own order, and stops when all are taken."""
        claimed = []
        for request in random.sample(requests, len(requests)):
            if succeeds(queue.claim, copy.copy(request), by=caller):
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
    send_request, clinician, place, next_week
):
    clinicians = [clinician, Clinician.objects.create(name="Dr. Sample")]
    slots = [(who, next_week + datetime.timedelta(hours=hour)) for hour in range(HOURS) for who in clinicians]
    bookers, sent, now = many_users(BOOKERS), send_request(), timezone.now()
    held = {booker: many_like(sent, len(slots) // 5, claimed_by=booker, claimed_at=now) for booker in bookers}
    sent.delete()

    def book_all(booker) -> list[tuple]:
        """Everybody goes through the same times and offers each one to the next of the own patients."""
        patients, booked = list(held[booker]), []
        for who, starts_at in slots:
            slot = {"clinician": who, "starts_at": starts_at, "place": place}
            if patients and succeeds(booking.book, patients[0], by=booker, **slot):
                booked.append((patients.pop(0).pk, who.pk, starts_at, booker.pk))
        return booked

    told = sorted(visit for visits in at_once(*(partial(book_all, booker) for booker in bookers)) for visit in visits)

    assert sorted(Appointment.objects.values_list("request", "clinician", "starts_at", "booked_by")) == told
    assert sorted(visit[1:3] for visit in told) == sorted((who.pk, starts_at) for who, starts_at in slots)
    owners = [(request.pk, booker.pk) for booker, requests in held.items() for request in requests]
    still_held = AppointmentRequest.objects.filter(status="claimed").values_list("pk", "claimed_by")
    assert sorted([*still_held, *((visit[0], visit[3]) for visit in told)]) == sorted(owners)


STAFF_AFTER_THE_VISIT = ("reschedule", "cancel", "close after the visit")


@pytest.mark.parametrize(
    ("state", "first", "second"),
    [
        *(("visit is over", first, second) for first in STAFF_AFTER_THE_VISIT for second in STAFF_AFTER_THE_VISIT),
        *(("visit is over", "withdraw", second) for second in (*STAFF_AFTER_THE_VISIT, "withdraw")),
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
    ],
)
def test_of_two_people_who_press_a_button_at_once_one_succeeds_and_the_other_is_refused(
    send_request, scheduler, clinician, place, next_week, state, first, second
):
    request = send_request()
    if state != "waiting":
        queue.claim(request, by=scheduler)
    if state == "visit is over":
        booking.book(request, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
        Appointment.objects.update(starts_at=timezone.now() - datetime.timedelta(hours=1))
    if state == "closed":
        queue.close(request, by=scheduler, reason="declined")

    def press(button, hours):
        by_staff = {"by": scheduler}
        slot = {"starts_at": next_week + datetime.timedelta(hours=hours), "clinician": clinician, "place": place}
        verbs = {
            "book": partial(booking.book, **by_staff, **slot),
            "cancel": partial(booking.cancel, **by_staff, reason="patient"),
            "claim": partial(queue.claim, **by_staff),
            "close": partial(queue.close, **by_staff, reason="declined"),
            "close after the visit": partial(queue.close, **by_staff, reason="attended"),
            "log a call": partial(calls.log_call, **by_staff, channel="phone", outcome="reached"),
            "release": partial(queue.release, **by_staff),
            "reopen": partial(queue.reopen, **by_staff),
            "reschedule": partial(booking.reschedule, **by_staff, **slot),
            "withdraw": self_service.withdraw,
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
        is_done.wait(timeout=60)
        return press_second()

    (first_succeeded, left), second_succeeded = at_once(go_first, go_second)

    assert (first_succeeded, second_succeeded) == (True, False)
    assert what_there_is() == left


def what_there_is() -> list:
    models = (AppointmentRequest, Appointment, ContactAttempt, Event)
    return [list(model.objects.order_by("pk").values()) for model in models]

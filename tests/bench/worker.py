"""One of many processes that work on the queue at once. Says what it got, and how long each step took, as JSON."""

import json
import sys
import time

import django


def take_all(user, lasts: int) -> dict:
    """Take calls for some seconds, or until there is nobody to call."""
    from appointments.worklist import next_call

    return _in_turn(lambda: next_call.take(user), lasts)


def take_plainly(user, lasts: int) -> dict:
    """The same without anything that the product promises: the first row that nobody has locked, marked as taken."""
    from django.db import connection, transaction

    def take():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM appointments_appointmentrequest WHERE closed_at IS NULL AND status = 'waiting'"
                " ORDER BY priority, created_at LIMIT 1 FOR UPDATE SKIP LOCKED"
            )
            if found := cursor.fetchone():
                cursor.execute(
                    "UPDATE appointments_appointmentrequest"
                    " SET claimed_by_id = %s, claimed_at = now(), version = version + 1 WHERE id = %s",
                    [user.pk, found[0]],
                )
        return found and [user.__class__(pk=found[0])]

    return _in_turn(take, lasts)


def _in_turn(take, lasts: int) -> dict:
    taken, seconds, ends = [], [], time.perf_counter() + lasts
    while time.perf_counter() < ends:
        started = time.perf_counter()
        found = take()
        seconds.append(time.perf_counter() - started)
        if not found:
            break
        taken.append(found[0].pk)
    return {"taken": taken, "seconds": seconds}


def book_all(user, clinician: int, count: int) -> dict:
    """Offer each of the next times to the next of the own patients."""
    from django.db import Error

    from appointments.calendar.slots import free_slots
    from appointments.lifecycle.definition import BOOK
    from appointments.lifecycle.transition import Refused, perform
    from appointments.models import AppointmentRequest, Clinician

    who = Clinician.objects.get(pk=clinician)
    patients = list(AppointmentRequest.objects.filter(status="claimed", claimed_by=user).values_list("pk", flat=True))
    booked, seconds, errors = 0, [], []
    for free in [free for free in free_slots(most=100_000) if free.clinician == who][:count]:
        if not patients:
            break
        started = time.perf_counter()
        try:
            patient = AppointmentRequest.objects.get(pk=patients[0])
            perform(BOOK, patient, by=user, **free._asdict())
            patients.pop(0)
            booked += 1
        except Refused:
            pass
        except Error as error:
            errors.append(type(error).__name__ + ": " + str(error).splitlines()[0])
        seconds.append(time.perf_counter() - started)
    return {"booked": booked, "seconds": seconds, "errors": errors}


if __name__ == "__main__":
    django.setup()
    from django.contrib.auth import get_user_model

    job, username, *numbers = sys.argv[1:]
    work = {"take": take_all, "take_plainly": take_plainly, "book": book_all}[job]
    me = get_user_model().objects.get(username=username)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(work(me, *map(int, numbers))))

"""The figures of one database; run by `python -m tests.bench`."""

import datetime
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import django

QUEUE = "/admin/appointments/appointmentrequest/"
FEW = 100
SECONDS_OF_CALLS = 30
BOOKERS, SLOTS = 10, 500
AUDIT_ENTRIES, FEW_ENTRIES = 100_000, 2_000
# On PostgreSQL; SQLite has no index of parts of words.
GOAL_OF_SEARCH = 0.150
GOAL_OF_GROWTH = 1.25
MOST_QUERIES = 6

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


def main(requests: int, still_open: int, callers: int) -> int:
    """Prints figures; gives 1 if anything was given to two people, or a goal was missed."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    from tests.bench import fill

    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create_superuser("bench")
    staff = Client(SERVER_NAME="localhost")
    staff.force_login(user)
    model = fill.prepare()
    missed = []

    fill.fill(model, closed=FEW // 4, still_open=FEW - FEW // 4 - 1)
    before = {name: measured(staff, page) for name, page in pages().items()}
    started = time.perf_counter()
    fill.fill(model, closed=requests - still_open - FEW // 4, still_open=still_open - FEW)
    say(f"filled with {requests:,} requests, {still_open:,} open", f"{time.perf_counter() - started:.0f} s")

    say("page, median", f"{FEW:,} rows", f"{requests:,} rows", "ratio", "queries")
    for name, page in pages().items():
        (few, few_queries), (many, queries) = before[name], measured(staff, page)
        say(name, milliseconds(few), milliseconds(many), f"{many / few:.2f}", f"{few_queries} → {queries}")
        if name == "queue" and (many > GOAL_OF_GROWTH * few or queries > MOST_QUERIES or queries != few_queries):
            missed.append(f"{name}: ≤ {GOAL_OF_GROWTH} times, ≤ {MOST_QUERIES} queries")

    say("search, median", "time", "queries", "found")
    for name, typed in searches(model).items():
        seconds, queries = measured(staff, lambda typed=typed: (QUEUE, {"q": typed}))
        say(name, milliseconds(seconds), str(queries), str(found_on(staff, typed)))
        if seconds > GOAL_OF_SEARCH and connection.vendor == "postgresql":
            missed.append(f"search for {name}: ≤ {milliseconds(GOAL_OF_SEARCH)}")

    missed += next_calls(user, callers) + bookings() + verified()
    say("goals missed", "; ".join(missed) or "none")
    return int(bool(missed))


def pages() -> dict[str, Callable]:
    from appointments.models import AppointmentRequest

    def at(filter_key: str, requests, place: int):
        row = requests[max(0, min(place, requests.count() - 60))]
        return QUEUE, {"queue": filter_key, "after": row.pk}

    requests = AppointmentRequest.objects
    keys = ("callable", "late", "spanish", "nurse", "doubtful", "mine", "waiting", "booked", "closed", "all")
    return {
        "queue": lambda: (QUEUE, None),
        "queue, last page": lambda: at("open", requests.open().in_queue_order(), 10**9),
        **{f"queue, {key}": lambda key=key: (f"{QUEUE}?queue={key}", None) for key in keys},
        "queue, all, last page": lambda: at("all", requests.order_by("-created_at", "-pk"), 10**9),
        "report, a year": lambda: ("/admin/report/", {"weeks": 52}),
        "home": lambda: ("/admin/", None),
        "call sheet": lambda: (f"{QUEUE}{requests.open().in_queue_order().first().pk}/change/", None),
    }


def searches(model) -> dict[str, str]:
    from appointments import reference
    from appointments.models import AppointmentRequest

    helped = AppointmentRequest.objects.exclude(filled_in_by="").order_by("pk")[30]
    somebody = AppointmentRequest.objects.exclude(email="").filter(pk__gt=model.pk).order_by("pk")[30]
    first, middle, last = somebody.name.split()
    born = somebody.date_of_birth
    return {
        "a name": somebody.name,
        "a name, turned round": f"{last} {middle}",
        "a first name that many have": first,
        "three letters that many have": "exa",
        "a name that nobody has": "Zyxwvut Qqqq",
        "three letters that nobody has": "zqx",
        "a phone number": somebody.phone_shown,
        "the last four digits": somebody.phone[-4:],
        "a phone number that nobody has": "(808) 555-0199",
        "a birthday": f"{born:%m/%d/%Y}",
        "a birthday in words, with a name": f"{last} {born:%b %-d %Y}",
        "a birthday without signs": f"{born:%m%d%y}",
        "a name of two letters": "Li",
        "who filled it in, and a birthday": f"{helped.filled_in_by} {helped.date_of_birth:%Y-%m-%d}",
        "an e-mail address": somebody.email,
        "a part of every address": "@example.com",
        "an address that nobody has": "nobody@example.org",
        "a reference": reference.grouped(model.reference),
        "a reference that nobody has": reference.grouped(reference.new()),
    }


def found_on(staff, typed: str) -> int:
    return len(set(staff.post(QUEUE, {"q": typed}).text.split("/change/")[:-1]))


def measured(staff, page: Callable, times=11) -> tuple[float, int]:
    """The median of some times, in seconds, and the number of queries. `page` gives an address and what is posted."""
    from tests.statements import statements_without_audit

    address, data = page()

    def get():
        is_search = data and "q" in data
        response = staff.post(address, data) if is_search else staff.get(address, data)
        if response.status_code != 200:
            raise RuntimeError(f"{address} answers {response.status_code}")

    get()
    with statements_without_audit() as queries:
        get()
    count = len(queries)
    return statistics.median(timed(get) for _ in range(times)), count


def timed(job: Callable) -> float:
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def next_calls(user, callers: int) -> list[str]:
    from appointments.models import AppointmentRequest
    from appointments.worklist import next_call

    waiting = AppointmentRequest.objects.open().filter(claimed_by=None)
    seconds = sorted(timed(lambda: next_call.take(user)) for _ in range(30))
    say(
        "next call, alone",
        f"median {milliseconds(statistics.median(seconds))}",
        f"slowest {milliseconds(seconds[-1])}",
    )

    # All of them are due, so that each call is chosen among all.
    waiting.update(next_call_at=None, doubts="", language="en", nurse_check="", call_times=["any"])
    due = set(waiting.values_list("pk", flat=True))
    results, took = at_once("take", callers, SECONDS_OF_CALLS)
    granted = [pk for result in results for pk in result["taken"]]
    say(
        f"{callers} processes take calls",
        f"{took:.1f} s",
        f"granted {len(granted):,}",
        f"twice {len(granted) - len(set(granted))}",
        f"left {len(due - set(granted)):,}",
        *percentiles(results),
    )
    return [] if len(set(granted) & due) == len(granted) else ["each call is taken once"]


def bookings() -> list[str]:
    from django.contrib.auth import get_user_model
    from django.db.models import F
    from django.utils import timezone

    from appointments.models import Appointment, AppointmentRequest, Clinician, ConsultingHours, Place

    clinician = Clinician.objects.create(name="Dr. Sample")
    hours = {"place": Place.objects.get(), "starts": datetime.time(0), "ends": datetime.time(23)}
    ConsultingHours.objects.bulk_create(
        ConsultingHours(clinician=clinician, weekday=weekday, **hours) for weekday in range(7)
    )
    patients = list(AppointmentRequest.objects.open().values_list("pk", flat=True)[: 2 * SLOTS])
    slots = len(patients) // 2
    for number, booker in enumerate(users(BOOKERS)):
        user = get_user_model().objects.get(username=booker)
        own = AppointmentRequest.objects.filter(pk__in=patients[number::BOOKERS])
        own.update(claimed_by=user, claimed_at=timezone.now())
    results, took = at_once("book", BOOKERS, clinician.pk, slots)
    told = sum(result["booked"] for result in results)
    visits = Appointment.objects.filter(clinician=clinician, cancelled_at=None)
    times = list(visits.order_by("starts_at").values_list("starts_at", "ends_at"))
    twice = sum(later[0] < earlier[1] for earlier, later in pairwise(times))
    errors = sorted({error for result in results for error in result["errors"]})
    without = (
        visits.filter(request=None).count()
        + AppointmentRequest.objects.filter(appointment__clinician=clinician, appointment__cancelled_at__isnull=False)
        .exclude(appointment=F("appointment"))
        .count()
    )
    say(
        f"{BOOKERS} processes book {slots} times",
        f"{took:.1f} s",
        f"booked {told}",
        f"twice {twice}",
        f"errors {sum(len(result['errors']) for result in results)}",
        *percentiles(results),
    )
    for error in errors[:3]:
        say("", error)
    is_right = told == len(times) == slots and not (twice or errors or without)
    return [] if is_right else ["each time is booked once, without errors"]


def verified() -> list[str]:
    import audit
    from audit import chain

    seconds = [timed(lambda: audit.record("view", who="system", requests=[1])) for _ in range(300)]
    say("one audit entry", f"median {milliseconds(statistics.median(seconds))}")
    for _ in range(AUDIT_ENTRIES // FEW_ENTRIES):
        with audit.atomic():
            for _ in range(FEW_ENTRIES):
                audit.record("view", who="system", requests=[1])
    started = time.perf_counter()
    faults = list(chain.faults())
    took = time.perf_counter() - started
    say(f"the audit of {chain.head().seq:,} entries is verified", f"{took:.1f} s", f"faults {len(faults)}")
    return ["the audit is whole"] if faults else []


def users(count: int) -> list[str]:
    from django.contrib.auth import get_user_model

    names = [f"caller {number}" for number in range(count)]
    model = get_user_model()
    model.objects.bulk_create(
        (model(username=name, is_staff=True, is_superuser=True) for name in names), ignore_conflicts=True
    )
    return names


def at_once(job: str, count: int, *numbers: int) -> tuple[list[dict], float]:
    processes = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "tests.bench.worker", job, name, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in users(count)
    ]
    for process in processes:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("a worker did not start")
    started = time.perf_counter()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0] for process in processes]
    took = time.perf_counter() - started
    return [json.loads(words) for words in said], took


def percentiles(results: list[dict]) -> tuple[str, str]:
    seconds = sorted(second for result in results for second in result["seconds"])
    return (
        f"median {milliseconds(statistics.median(seconds))}",
        f"p99 {milliseconds(seconds[len(seconds) * 99 // 100])}",
    )


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def say(what: str, *figures: str) -> None:
    sys.stdout.write(f"  {what:36}{''.join(f'{figure:>16}' for figure in figures)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    django.setup()
    sys.exit(main(*map(int, sys.argv[1:])))

"""Fills a database with as many requests as are asked for, by the fastest way that each database has."""

import csv
import datetime
import io
import itertools
import json
import random
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Min
from django.test import Client
from django.utils import timezone

from appointments import reference
from appointments.models import Appointment, AppointmentRequest, Clinician, Event, OpeningHours, Place
from appointments.search import text_to_search
from common.progress import watched
from tests.walk import answer_check, ask_for_visit

CHUNK = 20_000
CLINICIANS = 50
# One in so many.
WITH_A_VISIT, STILL_BOOKED = 10, 500
DAYS_BACK = 3 * 365
FIRST_NAMES = ("Alma", "Boris", "Carmen", "Delia", "Edwin", "Flora", "Gustavo", "Hazel", "Inés", "Jasper", "Núria")
LAST_NAMES = (
    "Example",
    "Sample",
    "Muestra",
    "Testwell",
    "Pretend",
    "Ficticia",
    "Placeholder",
    "Demopoulos",
    "Mañana",
    "Li",
)
ZONES = ("America/New_York", "America/New_York", "America/New_York", "America/Chicago", "America/Los_Angeles")


def prepare() -> AppointmentRequest:
    """The clinic, always open, and one request that was sent through the public pages."""
    OpeningHours.objects.all().delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(weekday=weekday, opens=datetime.time(), closes=datetime.time.max) for weekday in range(7)
    )
    Clinician.objects.bulk_create(Clinician(name=f"Dr. Example {number}") for number in range(CLINICIANS))
    Place.objects.create(name="Main clinic")
    visitor = Client(SERVER_NAME="localhost")
    answer_check(visitor)
    ask_for_visit(visitor)
    return AppointmentRequest.objects.get()


def fill(model: AppointmentRequest, *, closed: int, still_open: int) -> None:
    """Store copies of a request: old ones that were closed, a part of them after a visit, and newer open ones."""
    chance = random.Random(closed)  # noqa: S311
    now, staff = timezone.now(), get_user_model().objects.order_by("pk").first()
    visits = [uuid.UUID(int=chance.getrandbits(128)) for _ in range(closed // WITH_A_VISIT)]
    _store(
        Appointment,
        (
            {"id": pk, "reference": "", "sequence": 0, **slot}
            for pk, slot in zip(visits, _slots(now, staff), strict=False)
        ),
        len(visits),
    )
    first = AppointmentRequest.objects.order_by("-pk").values_list("pk", flat=True).first() + 1
    same = _columns(model)

    def requests() -> Iterator[dict]:
        for number in range(closed):
            pk = first + number
            ended = {"closed_at": now, "closed_by_id": staff.pk, "close_reason": "declined"}
            if number % WITH_A_VISIT == 0 and number // WITH_A_VISIT < len(visits):
                ended |= {"close_reason": "attended", "appointment_id": visits[number // WITH_A_VISIT]}
                if number % STILL_BOOKED == 0:
                    ended |= {"closed_at": None, "closed_by_id": None, "close_reason": ""}
            days_ago = DAYS_BACK * (closed - number) / closed
            yield (
                {"id": pk}
                | same
                | _somebody(chance, pk)
                | ended
                | {"created_at": now - datetime.timedelta(days=10 + days_ago)}
            )
        for number in range(still_open):
            pk = first + closed + number
            asked = now - datetime.timedelta(days=10 * (still_open - number) / still_open)
            due = {"created_at": asked, "due_at": asked + datetime.timedelta(days=chance.randint(1, 12))}
            due["doubts"] = "many requests" if chance.random() < 0.02 else ""
            if chance.random() < 0.3:
                due["next_call_at"] = now + datetime.timedelta(hours=chance.randint(-48, 48))
                due["attempts_made"] = chance.randint(1, 3)
            yield (
                {"id": pk}
                | same
                | _somebody(chance, pk)
                | due
                | {"doubts": "many requests" if chance.random() < 0.02 else ""}
            )

    with _search_index_made_at_the_end():
        _store(AppointmentRequest, requests(), closed + still_open)
    history = {"at": now, "by_id": staff.pk, "verb": "closed", "details": "Does not want a visit", "note": ""}
    history |= {"version": 1, "before": "{}", "is_undone": False}
    _store(Event, ({"request_id": pk, **history} for pk in range(first, first + closed)), closed)
    # A call for each that was closed, which the report reads.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO appointments_contactattempt (event_id, request_id, by_id, at, channel, outcome, note)"
            " SELECT id, request_id, by_id, at, 'phone', 'reached', ''"
            " FROM appointments_event WHERE request_id >= %s",
            [first],
        )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for table in (AppointmentRequest, Event):
                name = table._meta.db_table
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")  # noqa: S608
            cursor.execute("VACUUM ANALYZE")
            # What was filled in is on the disk before anything is measured.
            cursor.execute("CHECKPOINT")


@contextmanager
def _search_index_made_at_the_end() -> Iterator[None]:
    """Filling an index of parts of words row by row takes PostgreSQL longer than all the rest."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'search_text_by_parts'")
        (made_by,) = cursor.fetchone()
        cursor.execute("DROP INDEX search_text_by_parts")
        yield
        cursor.execute(made_by)


def _columns(model: AppointmentRequest) -> dict:
    fields = [field for field in model._meta.concrete_fields if not field.generated and field.column != "id"]
    return {field.column: _raw(field.value_from_object(model)) for field in fields}


def _somebody(chance: random.Random, number: int) -> dict:
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    name = f"{first} {chance.choice('ABCDEFGHIJKLMNOPRSTVW')}{chance.randrange(10**5):05} {last}"
    contact = {
        "name": name,
        "filled_in_by": f"{chance.choice(FIRST_NAMES)} {last}" if chance.random() < 0.3 else "",
        "phone": f"+1212{chance.randrange(2_000_000, 9_999_999)}",
        "email": f"{first}.{chance.randrange(10**6)}@example.com".lower() if chance.random() < 0.5 else "",
        "reference": _reference(number),
    }
    return {
        **contact,
        "search_text": text_to_search(**contact),
        "journey": uuid.UUID(int=chance.getrandbits(128)),
        "date_of_birth": datetime.date(1930, 1, 1) + datetime.timedelta(days=chance.randrange(14_000)),
        "priority": chance.choice(["P1", "P2", "P2", "P3"]),
        "is_recent_pain": chance.random() < 0.5,
        "language": chance.choice(["en", "en", "en", "en", "es"]),
        "time_zone": chance.choice(ZONES),
        "call_times": json.dumps(chance.choice([["any"], ["morning"], ["afternoon"], ["morning", "evening"]])),
        "nurse_check": chance.choice(["", "", "", "needed"]),
        "doubts": "",
    }


def _reference(number: int) -> str:
    """Another one for each number, as references are but for the digit that checks the others."""
    number *= 1_000_000_007
    return "".join(reference.ALPHABET[number // 18**place % 18] for place in range(reference.LENGTH))


def _slots(now: datetime.datetime, staff) -> Iterator[dict]:
    """Half hours, one after another into the past, with each of the clinicians."""
    place, clinicians = Place.objects.get(), list(Clinician.objects.order_by("pk"))
    earliest = Appointment.objects.aggregate(Min("starts_at"))["starts_at__min"]
    ends_at = earliest or now.replace(minute=0, second=0, microsecond=0)
    while True:
        starts_at = ends_at - datetime.timedelta(minutes=30)
        for clinician in clinicians:
            times = {"starts_at": starts_at, "ends_at": ends_at, "booked_at": starts_at, "cancelled_at": None}
            times["is_exception"] = False
            yield {"clinician_id": clinician.pk, "place_id": place.pk, "booked_by_id": staff.pk, **times}
        ends_at = starts_at


def _raw(value):
    """As both databases read it."""
    match value:
        case bool():
            return int(value)
        case list() | dict():
            return json.dumps(value)
        case uuid.UUID():
            return value.hex
        case datetime.datetime():
            return f"{value.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S.%f}"
        case datetime.date():
            return value.isoformat()
    return value


def _store(model, rows: Iterable[dict], count: int) -> None:
    rows = iter(watched(rows, of=count, what=model._meta.verbose_name_plural))
    while chunk := list(itertools.islice(rows, CHUNK)):
        names = list(chunk[0])
        values = [[_raw(row[name]) for name in names] for row in chunk]
        with transaction.atomic(), connection.cursor() as cursor:
            columns = ", ".join(f'"{name}"' for name in names)
            if connection.vendor == "postgresql":
                text = io.StringIO()
                csv.writer(text).writerows([r"\N" if value is None else value for value in row] for row in values)
                text.seek(0)
                copy = f"COPY {model._meta.db_table} ({columns}) FROM STDIN WITH (FORMAT csv, NULL '\\N')"
                cursor.cursor.copy_expert(copy, text)
            else:
                marks = ", ".join(["%s"] * len(names))
                cursor.executemany(f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({marks})", values)  # noqa: S608

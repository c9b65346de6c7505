"""What each request that is not closed waits for: whose turn it is, and by when. One entry a list.

Of all entries whose guard holds the first one counts, so that each request is on exactly one list.
"""

import datetime
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from itertools import takewhile
from typing import Any

from django.db.models import Case, Count, DateTimeField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from ..models import AppointmentRequest, Status
from .guard import Guard, value_of
from .guards import (
    BOOKED,
    CALENDAR_CHANGED,
    HAS_A_LETTER,
    HAS_MISSED_A_VISIT,
    IS_DOUBTFUL,
    IS_NOT_PROMISED,
    IS_TO_BE_TOLD,
    NO_CALL_WILL_HELP,
    NOT_CLOSED,
    NURSE_SAID_NO,
    NURSES_TURN,
    OPEN,
    PATIENT_ANSWERS,
    PATIENT_CHOOSES,
    PHONE_IS_WRONG,
    RECORDS_ARE_MISSING,
    VISIT_IS_OVER,
)


class WaitsFor(Enum):
    """Whose turn it is."""

    SCHEDULER = "the scheduler"
    NURSE = "the nurse"
    PATIENT = "the patient"
    CLINIC = "the clinic"


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Why a request is not done with yet.

    `label` names the list, `to` completes "waits for the patient to …", `then` says what is next if `due` passes
    and nothing happened. `due` are the columns that tell by when: the first that is set. `where` says what it is to
    instead, where more is known: the first guard that holds.
    """

    key: str
    whom: WaitsFor
    label: str
    to: str
    when: Guard
    due: tuple[str, ...]
    then: str = ""
    where: tuple[tuple[Guard, str], ...] = ()

    @property
    def is_for_staff(self) -> bool:
        """Whether it is late, and not just over, once it is past due."""
        return self.whom in (WaitsFor.SCHEDULER, WaitsFor.NURSE)

    def to_do(self, request: AppointmentRequest, now: datetime.datetime) -> str:
        """What it waits for somebody to do with this request."""
        return next((to for guard, to in self.where if guard.holds(request, None, now)), self.to)

    @property
    def is_for_the_nurse(self) -> bool:
        return self.whom is WaitsFor.NURSE


LOOK = Wait(
    key="doubtful",
    whom=WaitsFor.SCHEDULER,
    label="Perhaps not a person",
    to="look whether a person sent it",
    when=OPEN & IS_DOUBTFUL,
    due=("look_by", "due_at"),
)
MOVE = Wait(
    key="to-move",
    whom=WaitsFor.SCHEDULER,
    label="Visits to move",
    to="move the visit, because the calendar has changed",
    when=BOOKED & CALENDAR_CHANGED,
    due=("appointment__must_move_by",),
)
SAY_WHAT_CAME_OF_IT = Wait(
    key="visit-over",
    whom=WaitsFor.SCHEDULER,
    label="Visits over: what came of it?",
    to="say what came of the visit",
    when=VISIT_IS_OVER,
    due=("appointment__outcome_due_at", "appointment__starts_at"),
)
ANSWER = Wait(
    key="nurse",
    whom=WaitsFor.NURSE,
    label="Needs a nurse",
    to="answer, or to call the patient",
    when=NOT_CLOSED & NURSES_TURN,
    due=("nurse_due_at", "due_at"),
)
TELL = Wait(
    key="to-tell",
    whom=WaitsFor.SCHEDULER,
    label="Booked, and to be called",
    to="call about the booked visit",
    when=BOOKED & IS_TO_BE_TOLD,
    due=("call_by", "next_call_at"),
    where=((NURSE_SAID_NO, "call, and cancel the visit, against which the nurse advises"),),
)
GET_RECORDS = Wait(
    key="records",
    whom=WaitsFor.SCHEDULER,
    label="Records missing for a visit",
    to="get the pictures or reports before the visit",
    when=BOOKED & RECORDS_ARE_MISSING,
    due=("appointment__records_due_at", "appointment__starts_at"),
)
SEE_THE_PATIENT = Wait(
    key="booked",
    whom=WaitsFor.CLINIC,
    label="Visits to come",
    to="see the patient",
    when=BOOKED,
    due=("appointment__starts_at",),
    then="somebody says what came of it",
)
CHOOSE = Wait(
    key="to-choose",
    whom=WaitsFor.PATIENT,
    label="Patients choose a time",
    to="choose one of the times that were offered",
    when=OPEN & PATIENT_CHOOSES,
    due=("next_call_at",),
    then="call",
)
CALL_US = Wait(
    key="to-answer",
    whom=WaitsFor.PATIENT,
    label="Patients were written to",
    to="call us, as we wrote",
    when=OPEN & PATIENT_ANSWERS,
    due=("next_call_at",),
    then="write a letter, or close after one",
)
GIVE_UP = Wait(
    key="to-close",
    whom=WaitsFor.SCHEDULER,
    label="No answer to the letter",
    to="close it with “Could not be reached”, or try once more",
    when=OPEN & HAS_A_LETTER,
    due=("next_call_at",),
)
WRITE = Wait(
    key="letter",
    whom=WaitsFor.SCHEDULER,
    label="Letters to send",
    to="send a letter",
    when=OPEN & NO_CALL_WILL_HELP,
    due=("call_by", "next_call_at", "due_at"),
    where=((PHONE_IS_WRONG, "find the right number, or send a letter"),),
)
CALL = Wait(
    key="call",
    whom=WaitsFor.SCHEDULER,
    label="Calls",
    to="call",
    when=OPEN,
    due=("call_by", "next_call_at", "due_at"),
    where=(
        (NURSE_SAID_NO, "call, say that the nurse advises against a visit for now, and close"),
        (HAS_MISSED_A_VISIT & IS_NOT_PROMISED, "call about the visit that the patient missed"),
    ),
)

WAITS = tuple(one for one in [*globals().values()] if isinstance(one, Wait))


def wait_of(request: AppointmentRequest, now: datetime.datetime) -> tuple[Wait, datetime.datetime] | None:
    """What it waits for and until when, or None if it is closed. Costs no statement if its visit is loaded."""
    if request.status == Status.CLOSED:
        return None
    wait = next(wait for wait in WAITS if wait.when.holds(request, None, now))
    return wait, next(due for path in wait.due if (due := value_of(request, path)) is not None)


def with_waits(requests: QuerySet[AppointmentRequest], now: datetime.datetime) -> QuerySet[Any]:
    """Those that are not closed, each with the key of what it waits for as `wait` and the moment as `wait_due`."""
    guards = [(wait, wait.when.q(None, now)) for wait in WAITS]
    keys = [When(holds, then=Value(wait.key)) for wait, holds in guards]
    # Not by the key: databases are given its whole expression wherever it stands.
    dues = [When(holds, then=_first_of(wait.due)) for wait, holds in guards]
    return requests.filter(closed_at=None).annotate(
        wait=Case(*keys), wait_due=Case(*dues, output_field=DateTimeField())
    )


def waits_for(wait: Wait, now: datetime.datetime) -> Q:
    """That it is this, and none that counts before it: the same as `wait` of `with_waits`, for one list alone."""
    states = [state for state in Status if wait.when.may_hold_in(state)]
    before = takewhile(lambda other: other is not wait, WAITS)
    others = [other.when.q(None, now) for other in before if any(map(other.when.may_hold_in, states))]
    return reduce(lambda found, other: found & ~other, others, wait.when.q(None, now))


def late(requests: QuerySet[AppointmentRequest], now: datetime.datetime | None = None) -> QuerySet[Any]:
    """Those for which staff should have done by now what they wait for."""
    now = now or timezone.now()
    return with_waits(requests, now).filter(wait__in=FOR_STAFF, wait_due__lte=now)


@dataclass(frozen=True)
class Length:
    """How many requests are on a list, and how many of them have been there longer than they should."""

    wait: Wait
    count: int = 0
    late: int = 0


def counted(now: datetime.datetime, *by: str) -> list[tuple]:
    """How many are on a list and alike in these columns: its key, their values, how many, how many too long.

    Costs one statement, over what is not closed.
    """
    rows = with_waits(AppointmentRequest.objects.order_by(), now).values_list("wait", *by)
    return list(rows.annotate(count=Count("pk"), late=Count("pk", filter=Q(wait_due__lte=now))))


def lengths(rows: Iterable[tuple]) -> list[Length]:
    """Of each list, from what `counted` gives."""
    counts: Counter[str] = Counter()
    late: Counter[str] = Counter()
    for key, *_by, count, too_long in rows:
        counts[key] += count
        late[key] += too_long
    return [Length(wait, counts[wait.key], late[wait.key]) for wait in WAITS]


FOR_STAFF = [wait.key for wait in WAITS if wait.is_for_staff]


def _first_of(columns: tuple[str, ...]) -> Coalesce | str:
    return Coalesce(*columns) if len(columns) > 1 else columns[0]

"""Whom to call next, and why: one ranking for "Next call", the home page and the filter "callable now".

`Moment.order` is the order. The database gives the requests in runs that have this order already, so that of
thousands only the first are read.
"""

import datetime
import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import BigIntegerField, Count, Func, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.timesince import timesince

from common.languages import ENGLISH, LANGUAGES
from screening.pathways import URGENCIES

from ..calendar.calling_hours import is_callable, is_decent_hour
from ..calendar.opening_hours import BusinessHours
from ..fields import call_times_in_words
from ..lifecycle.definition import SKIP
from ..lifecycle.guards import LAPSED
from ..lifecycle.waits import CALL, waits_for
from ..models import AppointmentRequest, AppointmentRequestQuerySet, Caller, Event, Status

# Of the languages that we have pages in, but for English, which all staff speak.
ENGLISH_NAMES = {one.code: one.english_name for one in LANGUAGES if one is not ENGLISH}
# One that no pathway knows any more comes first: a person looks at it.
URGENCY = {priority: place for place, priority in enumerate(URGENCIES, 1)}
# A plain DISTINCT would read all that waits.
PRIORITIES_WAITING = """
    WITH RECURSIVE found (priority) AS (
        SELECT MIN(priority) FROM appointments_appointmentrequest WHERE status = 'waiting' AND is_promised = FALSE
        UNION ALL
        SELECT (
            SELECT MIN(priority) FROM appointments_appointmentrequest AS further
            WHERE status = 'waiting' AND is_promised = FALSE AND further.priority > found.priority
        ) FROM found WHERE found.priority IS NOT NULL
    ) SELECT priority FROM found WHERE priority IS NOT NULL
"""
# So many of a run are read at first; then, each time, so many times as many.
FIRST_PIECE, GROWTH = 30, 4


class MinuteDue(Func):
    """`Candidate.due` for the database, in minutes since 1970."""

    output_field = BigIntegerField()

    def __init__(self) -> None:
        super().__init__(Coalesce("call_by", "next_call_at", "due_at"))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST(FLOOR(EXTRACT(EPOCH FROM %(expressions)s AT TIME ZONE 'UTC') / 60) AS bigint)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "(CAST(STRFTIME('%%%%s', %(expressions)s) AS integer) / 60)"
        return self.as_sql(compiler, connection, template=template, **context)


# Not `Candidate.was_called`. In SQL, because SQLite finds an index by an expression only without parameters.
FIRST_CALL = RawSQL(
    "(CASE WHEN next_call_at IS NULL AND attempts_made = 0 AND reached_at IS NULL THEN 1 ELSE 0 END)", ()
)


class Candidate(NamedTuple):
    """What the order is made from."""

    pk: int
    priority: str
    due_at: datetime.datetime
    is_recent_pain: bool
    created_at: datetime.datetime
    next_call_at: datetime.datetime | None
    call_by: datetime.datetime | None
    is_promised: bool
    attempts_made: int
    reached_at: datetime.datetime | None
    language: str
    needs_interpreter: bool
    time_zone: str
    call_times: list[str]
    version: int

    @property
    def due(self) -> datetime.datetime:
        """When the next call, or the first, is due; to the minute, because no more is shown."""
        return (self.call_by or self.next_call_at or self.due_at).replace(second=0, microsecond=0)

    @property
    def was_called(self) -> bool:
        return bool(self.next_call_at or self.attempts_made or self.reached_at)


@dataclass(frozen=True)
class Moment:
    """Everything but the requests that the order depends on."""

    now: datetime.datetime
    hours: BusinessHours
    # The languages of this member of staff, and those that others speak and they do not.
    speaks: frozenset[str]
    left_to_others: frozenset[str]
    # Thousands of requests share a few zones and times of the day.
    _in_a_window: dict[tuple, bool] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, user: User) -> "Moment":
        """Now, for this member of staff. Costs three statements."""
        active = get_user_model().objects.filter(is_active=True)
        spoken = dict(Caller.objects.filter(user__in=active).values_list("user", "languages"))
        mine, anybodys = frozenset(spoken.get(user.pk, ())), frozenset().union(*spoken.values())
        return cls(timezone.now(), BusinessHours.of_the_clinic(), mine, anybodys - mine)

    def is_overdue(self, candidate: Candidate) -> bool:
        return candidate.due <= self.now

    def level(self, candidate: Candidate) -> int:
        """Its priority, one higher once it is overdue, so that nobody waits for ever behind more urgent ones."""
        first_call_is_late = not candidate.was_called and self.is_overdue(candidate)
        return max(1, _urgency(candidate.priority) - first_call_is_late)

    def is_callable(self, candidate: Candidate) -> bool:
        """Whether this member of staff may call them at this moment."""
        if candidate.next_call_at and candidate.next_call_at > self.now:
            return False
        if not self._can_talk_with(candidate):
            return False
        return self.is_in_a_window(candidate.is_promised, candidate.time_zone, candidate.call_times)

    def is_in_a_window(self, is_promised: bool, time_zone: str, call_times: list[str]) -> bool:
        key = (is_promised, time_zone, *call_times)
        if key not in self._in_a_window:
            zone = ZoneInfo(time_zone)
            self._in_a_window[key] = (
                is_decent_hour(self.now, zone)
                if is_promised
                else is_callable(self.now, zone=zone, call_times=call_times, hours=self.hours)
            )
        return self._in_a_window[key]

    def order(self, candidate: Candidate) -> tuple:
        """Sorts the most urgent first: promised calls, then by level, due time, newer pain, and waiting time."""
        return (
            not candidate.is_promised,
            self.level(candidate),
            candidate.due,
            not candidate.is_recent_pain,
            candidate.created_at,
            candidate.pk,
        )

    def reasons(self, candidate: Candidate) -> list[str]:
        """The order in words: each reason is one of its keys, in their sequence, and then why now and why you."""
        reasons = []
        if candidate.is_promised and candidate.next_call_at:
            when = f"by {_clock(candidate.call_by)}" if candidate.call_by else f"at {_clock(candidate.next_call_at)}"
            reasons.append(f"was promised a call {when}")
        raised = self.level(candidate) < _urgency(candidate.priority)
        reasons.append(f"{candidate.priority}{', one level up because the first call is overdue' if raised else ''}")
        is_late, due = self.is_overdue(candidate), _clock(candidate.due)
        if not candidate.was_called:
            reasons.append(f"first call {'was' if is_late else 'is'} due by {due}")
        elif not candidate.is_promised:
            which = f"call number {candidate.attempts_made + 1}" if candidate.attempts_made else "another call"
            reasons.append(f"{which} is due {'since' if is_late else 'by'} {due}")
        if candidate.is_recent_pain:
            reasons.append("newer pain")
        reasons.append(f"asked {timesince(candidate.created_at, self.now, depth=1)} ago")
        local = self.now.astimezone(ZoneInfo(candidate.time_zone))
        chosen = call_times_in_words(candidate.call_times)
        reasons.append(f"it is {local:%-I:%M %p} there; chose: {', '.join(chosen)}")
        if candidate.language in ENGLISH_NAMES and not candidate.needs_interpreter:
            then = ", as you do" if candidate.language in self.speaks else ": get an interpreter"
            reasons.append(f"speaks {ENGLISH_NAMES[candidate.language]}{then}")
        return reasons

    def _can_talk_with(self, candidate: Candidate) -> bool:
        """Those whose language colleagues speak are left to them, unless the call is overdue."""
        is_left = candidate.language in self.left_to_others and not candidate.needs_interpreter
        return not is_left or self.is_overdue(candidate)


def callable_now(
    user: User, requests: AppointmentRequestQuerySet | None = None
) -> tuple[Moment, Iterator[Candidate]]:
    """Whom this member of staff may call at this moment, the most urgent first.

    Read as they are asked for, a few at a time, so that the first of 50,000 costs hardly more than the first of 100.
    Doubtful ones are left out, and those that this member of staff skipped not long ago.
    """
    moment = Moment.of(user)
    waiting = Q(status=Status.WAITING)
    # `is_promised__in`, because of a column that stands alone SQLite looks for no index.
    to_call = _to_call(user, moment, requests)
    # Those who were promised a call are few, and so are those that somebody holds.
    few = to_call.filter(waiting & Q(is_promised__in=[True]) | _mine_to_take(user, moment))
    promised_or_held = map(Candidate._make, few.values_list(*Candidate._fields))
    runs: list[tuple[tuple, Iterator[Candidate]]] = [((), iter(sorted(promised_or_held, key=moment.order)))]
    others = to_call.filter(waiting, is_promised__in=[False])
    rows = others.annotate(minute=MinuteDue(), first_call=FIRST_CALL).order_by()
    read = _reader(rows.values_list(*Candidate._fields, "minute", "first_call"))
    for priority in _priorities_waiting():
        for first_call in (0, 1):
            # None of it comes before this. Only those who were never called are ever one level up.
            bound = (True, max(1, _urgency(priority) - first_call))
            runs.append((bound, _in_pieces(partial(read, priority, first_call))))
    return moment, filter(moment.is_callable, _merged(runs, moment))


def count_callable_now(user: User, moment: Moment) -> int:
    """How many `callable_now` gives. Costs two statements, one of which reads all that waits."""
    requests = _callable_by_the_facts(user, moment).order_by()
    groups = requests.values_list("is_promised", "time_zone", "call_times").annotate(Count("pk"))
    return sum(count for *window, count in groups if moment.is_in_a_window(*window))


def only_callable_now(requests: AppointmentRequestQuerySet, user: User) -> AppointmentRequestQuerySet:
    """Those of them that `callable_now` gives."""
    moment = Moment.of(user)
    requests = _callable_by_the_facts(user, moment, requests)
    windows = requests.order_by().values_list("is_promised", "time_zone", "call_times").distinct()
    in_a_window = Q(pk__in=())
    for is_promised, time_zone, call_times in windows:
        if moment.is_in_a_window(is_promised, time_zone, call_times):
            in_a_window |= Q(is_promised=is_promised, time_zone=time_zone, call_times=call_times)
    return requests.filter(in_a_window)


def _to_call(
    user: User, moment: Moment, requests: AppointmentRequestQuerySet | None = None
) -> AppointmentRequestQuerySet:
    """Those whose next call is due, held or not, but for what this member of staff skipped not long ago."""
    requests = AppointmentRequest.objects.all() if requests is None else requests
    is_due = Q(next_call_at=None) | Q(next_call_at__lte=moment.now)
    return requests.filter(waits_for(CALL, moment.now), is_due).exclude(pk__in=_skipped_by(user))


def _mine_to_take(user: User, moment: Moment) -> Q:
    """That somebody holds it and it is this member of staff's to take: handed out to them, or left to lie."""
    return LAPSED.q(user, moment.now) | Q(claimed_by=user, assigned_until__gt=moment.now)


def _callable_by_the_facts(
    user: User, moment: Moment, requests: AppointmentRequestQuerySet | None = None
) -> AppointmentRequestQuerySet:
    """Those that `callable_now` gives, and those that it would give at another time of the day."""
    found = _to_call(user, moment, requests).filter(Q(status=Status.WAITING) | _mine_to_take(user, moment))
    if not moment.left_to_others:
        return found
    is_ours = ~Q(language__in=moment.left_to_others) | Q(needs_interpreter=True)
    return found.alias(minute=MinuteDue()).filter(is_ours | Q(minute__lte=_minute(moment.now)))


def _merged(runs: Iterable[tuple[tuple, Iterator[Candidate]]], moment: Moment) -> Iterator[Candidate]:
    """All of them in order. No run is opened before it is its turn: each says what none of it comes before."""
    heap: list[tuple] = [(bound, number, None, run) for number, (bound, run) in enumerate(runs)]
    heapq.heapify(heap)
    while heap:
        _key, number, candidate, run = heap[0]
        if candidate:
            yield candidate
        if following := next(run, None):
            heapq.heapreplace(heap, (moment.order(following), number, following, run))
        else:
            heapq.heappop(heap)


def _reader(rows: QuerySet[Any]) -> Callable[[str, int, int, int], list[Candidate]]:
    """Reads some of one run: a priority, whether never called, from which minute on, and how many at most.

    Django writes the statement once for all of them, which takes it longer than PostgreSQL takes to answer.
    """
    compiler = rows.query.get_compiler(connection=connection)
    sql, parameters = compiler.as_sql()
    select = f"""
        SELECT * FROM ({sql}) AS found WHERE priority = %s AND first_call = %s AND minute >= %s
        ORDER BY minute, is_recent_pain DESC, created_at, pk LIMIT %s
    """  # noqa: S608  # nosec B608  # all of it ours

    def read(*chosen: str | int) -> list[Candidate]:
        with connection.cursor() as cursor:
            cursor.execute(select, (*parameters, *chosen))
            found = compiler.results_iter([cursor.fetchall()])
        return [Candidate._make(row[: len(Candidate._fields)]) for row in found]

    return read


def _priorities_waiting() -> list[str]:
    """Which there are among those who wait, unknown ones included: one step in the index for each."""
    with connection.cursor() as cursor:
        cursor.execute(PRIORITIES_WAITING)
        return [priority for (priority,) in cursor.fetchall()]


def _in_pieces(read: Callable[[int, int], list[Candidate]]) -> Iterator[Candidate]:
    """Those of a run, a few at a time: most often the first piece is enough."""
    size, since, seen = FIRST_PIECE, 0, set[int]()
    while True:
        piece = read(since, size + len(seen))
        yield from (candidate for candidate in piece if candidate.pk not in seen)
        if len(piece) < size + len(seen):
            return
        since, size = _minute(piece[-1].due), GROWTH * size
        # What others take meanwhile must not make us leave out any, so we go on from the minute and not by number.
        seen = {candidate.pk for candidate in piece if _minute(candidate.due) == since}


def reasons(request: AppointmentRequest, user: User) -> list[str]:
    """Why this request is where it is in the order, for somebody who holds it."""
    return Moment.of(user).reasons(Candidate(*(getattr(request, name) for name in Candidate._fields)))


def _urgency(priority: str) -> int:
    return URGENCY.get(priority, 1)


def _minute(at: datetime.datetime) -> int:
    return int(at.timestamp()) // 60


def _skipped_by(user: User) -> list[int]:
    since = timezone.now() - datetime.timedelta(minutes=settings.SKIP_MINUTES)
    skips = Event.objects.standing().filter(by=user, verb=SKIP.event, at__gt=since)
    return list(skips.values_list("request", flat=True))


def _clock(moment: datetime.datetime) -> str:
    return f"{timezone.localtime(moment):%a %b %-d, %-I:%M %p}"

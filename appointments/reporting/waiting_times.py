"""What a manager answers for, computed from the records: how long people wait, and what becomes of their requests.

A report is about one cohort: the requests that were asked in its period, whatever happened to them until now.
Doubtful ones are left out. Times are by the clock, nights and weekends included. Checks come from the anonymous
counts: their language is that of the pages, and the language of a request is the one to call in.

The database counts, so that what is read from it grows with the number of groups and not with that of requests.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Case, Count, Exists, Min, OuterRef, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from screening.pathways import PATHWAYS, URGENCIES

from ..lifecycle.close_reasons import ATTENDED, DID_NOT_COME, LABELS
from ..lifecycle.definition import BOOK, CLOSE, REOPEN
from ..lifecycle.effects.calls import TALKED
from ..lifecycle.guards import OPEN_STATUSES
from ..models import AppointmentRequest, ContactAttempt, DailyCount, Event, Language, Source, Status
from .kaplan_meier import shortest_within

OFFERS_VISIT = reduce(
    or_,
    (
        Q(pathway=one.key, outcome__in=[outcome.key for outcome in one.outcomes if outcome.offers_visit])
        for one in PATHWAYS.values()
    ),
)

# What can have become of a request, by key, in the words that staff use elsewhere.
OPEN = "open"
BECAME = {OPEN: "Still open", Status.BOOKED.value: Status.BOOKED.label, **LABELS}
HELPER, PATIENT = "helper", "patient"


@dataclass(frozen=True, eq=False)
class Dimension:
    """By what requests are told apart: a column of FACTS, and the names of its values."""

    column: str
    caption: str
    heading: str
    names: dict[str, str]


@dataclass(frozen=True)
class Period:
    """So many calendar weeks, Monday to Sunday where the clinic is; the last is the current one, up to now."""

    weeks: int
    now: datetime.datetime

    @cached_property
    def mondays(self) -> list[datetime.date]:
        this_week = monday_of(timezone.localdate(self.now, timezone.get_default_timezone()))
        return [this_week - datetime.timedelta(weeks=ago) for ago in reversed(range(self.weeks))]

    @cached_property
    def starts(self) -> list[datetime.datetime]:
        """When each week starts, in UTC."""
        zone = timezone.get_default_timezone()
        midnights = [datetime.datetime.combine(monday, datetime.time(), zone) for monday in self.mondays]
        return [midnight.astimezone(datetime.UTC) for midnight in midnights]

    @cached_property
    def by_week(self) -> Dimension:
        return Dimension(
            "week", "by week", "Week from", {str(at): f"{day:%b %-d, %Y}" for at, day in enumerate(self.mondays)}
        )


def monday_of(day: datetime.date) -> datetime.date:
    return day - datetime.timedelta(days=day.weekday())


BY_PRIORITY = Dimension("priority", "by priority", "Priority", {one: one for one in URGENCIES})
BY_LANGUAGE = Dimension("language", "by language", "Language", {one.value: str(one.label) for one in Language})
BY_WHO_ASKED = Dimension(
    "asked_by", "by who asked", "Asked by", {PATIENT: "The patient", HELPER: "Somebody else for the patient"}
)
BY_SOURCE = Dimension("source", "by source", "Source", dict(Source.choices))
BY_PATHWAY = Dimension("pathway", "by procedure", "Procedure", {one.key: one.name for one in PATHWAYS.values()})
# One more way to come in is one more entry here, and its column in Cohort and FACTS.
SOURCES = (BY_LANGUAGE, BY_WHO_ASKED, BY_SOURCE, *([BY_PATHWAY] if len(PATHWAYS) > 1 else []))


class Waiting(NamedTuple):
    """How many of how many something happened to, how many wait for it, and how many hours it takes."""

    happened: int
    of: int
    still_waiting: int
    median: float | None
    ninetieth: float | None


class Checks(NamedTuple):
    """How many checks were started, were finished, and ended with an outcome that offers a visit."""

    started: int
    finished: int
    qualified: int


@dataclass
class Figures:
    """All figures of some requests."""

    name: str
    asked: int = 0
    by_priority: Counter[str] = field(default_factory=Counter)
    became: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    waits: dict[str, dict[float, tuple[int, int]]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, row: dict[str, Any]) -> None:
        """Those of one group of what `_counted` gives."""
        self.asked += row["asked"]
        self.by_priority[row["priority"]] += row["asked"]
        self.became[row["became"]] += row["asked"]
        self.counts.update({name: row[name] for name in SUMS})

    @property
    def first_try(self) -> Waiting:
        return self._waiting("tried")

    @property
    def first_talk(self) -> Waiting:
        return self._waiting("talked")

    def _waiting(self, what: str) -> Waiting:
        waits = self.waits[what]
        return Waiting(
            self.counts[what],
            self.asked,
            self.counts[f"waits_to_be_{what}"],
            shortest_within(waits, 0.5),
            shortest_within(waits, 0.9),
        )

    @property
    def funnel(self) -> list[tuple[str, int]]:
        """How many of the same requests came so far: who came further came here, too."""
        return [
            ("Asked for a visit", self.asked),
            ("Were reached", self.counts["reached_at_least"]),
            ("Had a visit booked", self.counts["booked_at_least"]),
            ("Came to it", self.became[ATTENDED.key]),
        ]


class Person(NamedTuple):
    """What one member of staff did for these requests: calls, and to how many requests the rest."""

    name: str
    calls: int
    talks: int
    booked: int
    came: int
    closed: int


@dataclass(frozen=True)
class Report:
    total: Figures
    groups: dict[Dimension, list[Figures]]
    checks: Checks | None
    people: list[Person]
    doubtful: int
    not_looked_at: int
    # Of checks before this day nothing is known.
    counted_since: datetime.date | None


def report_on(period: Period, language: str = "") -> Report:
    """The figures of all languages or of one. Costs six statements, however many there are."""
    in_period = AppointmentRequest.objects.filter(created_at__gte=period.starts[0], created_at__lte=period.now)
    checks = DailyCount.objects.filter(day__gte=period.mondays[0])
    groups = {
        dimension: {key: Figures(name) for key, name in dimension.names.items()}
        for dimension in (BY_PRIORITY, period.by_week, *SOURCES)
    }
    if language:
        in_period, checks = in_period.filter(language=language), checks.filter(language=language)
        groups[BY_LANGUAGE] = {language: groups[BY_LANGUAGE][language]}
    asked = in_period.filter(is_doubtful=False)
    total = Figures("All")
    by_column = {dimension.column: figures for dimension, figures in groups.items()}
    counted, waits = _read(Cohort.of(asked, period), by_column)
    for row in counted:
        total.add(row)
        for dimension, figures in groups.items():
            _of(figures, row[dimension.column]).add(row)
    for column, key, what, hours, happened, ended in waits:
        group = _of(by_column[column], key) if column else total
        group.waits[what][float(hours)] = (happened, ended)
    return Report(
        total=total,
        groups={dimension: list(figures.values()) for dimension, figures in groups.items()},
        checks=_checks(checks) if language in ("", *dict(settings.LANGUAGES)) else None,
        people=_people(asked),
        **in_period.filter(is_doubtful=True).aggregate(
            doubtful=Count("pk"), not_looked_at=Count("pk", filter=Q(status__in=OPEN_STATUSES))
        ),
        counted_since=DailyCount.objects.aggregate(first=Min("day"))["first"],
    )


def _of(figures: dict[Any, Figures], key: Any) -> Figures:
    # An older version of the rules knew others.
    return figures.setdefault(key, Figures(str(key)))


class Cohort(NamedTuple):
    """A row for each request, for each that was tried, and for each that was booked or opened again.

    What was taken back has not happened.
    """

    asked: QuerySet
    tries: QuerySet
    steps: QuerySet

    @classmethod
    def of(cls, asked: QuerySet, period: Period) -> "Cohort":
        weeks = [
            When(created_at__gte=start, then=Value(str(at))) for at, start in reversed([*enumerate(period.starts)])
        ]
        tries = ContactAttempt.objects.standing().filter(request__in=asked).order_by().values("request_id")
        steps = Event.objects.standing().filter(request__in=asked, verb__in=(BOOK.event, REOPEN.event))
        reopened = Q(verb=REOPEN.event)
        return cls(
            asked.order_by().values(
                "id",
                "priority",
                "language",
                "source",
                "pathway",
                "created_at",
                "due_at",
                "reached_at",
                "closed_at",
                "close_reason",
                "status",
                "visits_missed",
                read_at=Value(period.now, models.DateTimeField()),
                week=Case(*weeks, default=Value("0")),
                asked_by=Case(When(filled_in_by="", then=Value(PATIENT)), default=Value(HELPER)),
            ),
            tries.annotate(tried_at=Min("at"), called_at=Min("at", filter=Q(channel=ContactAttempt.Channel.PHONE))),
            steps.order_by()
            .values("request_id")
            .annotate(
                booked_at=Min("at", filter=Q(verb=BOOK.event)),
                reopened=Count("pk", filter=reopened),
                reopened_missed=Count("pk", filter=reopened & Q(before__close_reason=DID_NOT_COME.key)),
            ),
        )


# Waiting ends without what one waited for when the request is closed, or a visit is booked, or else now. To the tenth
# of an hour for two days, to the hour for two weeks, and to the day then: nobody needs more, and it is few values.
FACTS = """
    WITH asked AS ({asked}), tries AS ({tries}), steps AS ({steps}),
    ended AS (
        SELECT asked.*, tried_at, called_at, booked_at,
            COALESCE(reopened, 0) AS times_reopened, COALESCE(reopened_missed, 0) AS times_reopened_missed,
            CASE WHEN booked_at < COALESCE(closed_at, read_at) THEN booked_at ELSE COALESCE(closed_at, read_at) END
                AS ended_at,
            CASE WHEN status IN ('waiting', 'claimed') THEN 1 ELSE 0 END AS is_open
        FROM asked
        LEFT JOIN tries ON tries.request_id = asked.id
        LEFT JOIN steps ON steps.request_id = asked.id
    ), lasted AS (
        SELECT ended.*,
            {seconds_to_try} AS seconds_to_try,
            {seconds_to_talk} AS seconds_to_talk
        FROM ended
    ), fact AS (
        SELECT priority, language, week, asked_by, source, pathway, booked_at, visits_missed,
            times_reopened, times_reopened_missed, is_open,
            {hours_to_try} AS hours_tried,
            {hours_to_talk} AS hours_talked,
            CASE WHEN tried_at IS NULL THEN 0 ELSE 1 END AS was_tried,
            CASE WHEN reached_at IS NULL THEN 0 ELSE 1 END AS was_talked,
            CASE WHEN close_reason <> '' THEN close_reason WHEN is_open = 1 THEN 'open' ELSE 'booked' END AS became,
            CASE
                WHEN called_at <= due_at THEN 1
                WHEN booked_at <= due_at THEN NULL
                WHEN called_at IS NULL AND (due_at >= read_at OR closed_at <= due_at) THEN NULL
                ELSE 0
            END AS was_in_time
        FROM lasted
    )
"""
HOURS = """
    CASE WHEN {0} < 172800 THEN ROUND({0} / 360.0) / 10.0 WHEN {0} < 1209600 THEN ROUND({0} / 3600.0)
    ELSE ROUND({0} / 86400.0) * 24 END
"""
SECONDS = {
    "postgresql": "ROUND(EXTRACT(EPOCH FROM {0} - created_at))",
    "sqlite": "ROUND((julianday({0}) - julianday(created_at)) * 86400)",
}
# What is summed, and of whom it is true.
SUMS = {
    "tried": "was_tried = 1",
    "talked": "was_talked = 1",
    "waits_to_be_tried": "was_tried = 0 AND is_open = 1",
    "waits_to_be_talked": "was_talked = 0 AND is_open = 1",
    "due": "was_in_time IS NOT NULL",
    "in_time": "was_in_time = 1",
    "reached_at_least": "was_talked = 1 OR booked_at IS NOT NULL OR became IN ('booked', 'attended', 'did_not_come')",
    "booked_at_least": "booked_at IS NOT NULL OR became IN ('booked', 'attended', 'did_not_come')",
    "reopened": "times_reopened > 0",
    "missed": "visits_missed > 0 OR times_reopened_missed > 0 OR became = 'did_not_come'",
}
NONE = "''"
KEYS = ("priority", "language", "week", "asked_by", "source", "pathway", "became")


def _read(cohort: Cohort, columns: Iterable[str]) -> tuple[list[dict[str, Any]], list[tuple]]:
    """The sums of each group of requests that are alike in all KEYS; and, for all and by each column, after how many
    hours how many were tried or talked with, or stopped waiting. In one statement, which works out the facts once.
    """
    sums = ", ".join(f"SUM(CASE WHEN {true} THEN 1 ELSE 0 END)" for true in SUMS.values())
    keys = ", ".join(KEYS)
    counted = f"SELECT {keys}, COUNT(*), {sums} FROM fact GROUP BY {keys}"  # noqa: S608  # nosec B608  # all of it ours
    # Filled up to the same columns: first words, then numbers.
    no_words, no_numbers = ", ''" * (len(KEYS) - 3), ", NULL" * (len(SUMS) - 2)
    waits = [
        f"SELECT '{column}', {column or NONE}, '{what}'{no_words}, hours_{what},"  # noqa: S608  # nosec B608  # ours
        f" SUM(was_{what}), COUNT(*) - SUM(was_{what}){no_numbers} FROM fact GROUP BY 2, {len(KEYS) + 1}"
        for column in ("", *columns)
        for what in ("tried", "talked")
    ]
    tables = [rows.query.sql_with_params() for rows in cohort]
    asked, tries, steps = (sql for sql, _parameters in tables)
    seconds = SECONDS[connection.vendor]
    facts = FACTS.format(
        asked=asked,
        tries=tries,
        steps=steps,
        seconds_to_try=seconds.format("COALESCE(tried_at, ended_at)"),
        seconds_to_talk=seconds.format("COALESCE(reached_at, ended_at)"),
        hours_to_try=HOURS.format("seconds_to_try"),
        hours_to_talk=HOURS.format("seconds_to_talk"),
    )
    select = " UNION ALL ".join([counted, *waits])
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # To compile it takes PostgreSQL many times as long as to do it, and a year's facts fit into some memory.
            cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
        cursor.execute(f"{facts} {select}", [one for _sql, parameters in tables for one in parameters])
        rows = cursor.fetchall()
    words = len(KEYS)
    return (
        [
            dict(zip((*KEYS, "asked", *SUMS), (*row[:words], *map(int, row[words:])), strict=True))
            for row in rows
            if row[-1] is not None
        ],
        [(*row[:3], *row[words : words + 3]) for row in rows if row[-1] is None],
    )


def _checks(counts: QuerySet) -> Checks:
    sums = counts.aggregate(
        started=Sum("count", filter=Q(event=DailyCount.Event.STARTED), default=0),
        finished=Sum("count", filter=Q(event=DailyCount.Event.FINISHED), default=0),
        qualified=Sum("count", filter=OFFERS_VISIT, default=0),
    )
    return Checks(**sums)


def _people(asked: QuerySet) -> list[Person]:
    is_call = Q(channel=ContactAttempt.Channel.PHONE)
    calls = ContactAttempt.objects.standing().filter(request__in=asked).order_by().values_list("by__username")
    called = calls.annotate(
        calls=Count("pk", filter=is_call), talks=Count("pk", filter=is_call & Q(outcome__in=TALKED))
    )
    steps = Event.objects.standing().filter(request__in=asked, by__isnull=False, verb__in=(BOOK.event, CLOSE.event))
    is_booking = Q(verb=BOOK.event)
    later = Event.objects.standing().filter(is_booking, request=OuterRef("request"), version__gt=OuterRef("version"))
    # Of several visits the last one was come to, whoever booked the others; or the patient chose it, and nobody did.
    is_of_who_came = Q(is_booking, ~Exists(later), request__close_reason=ATTENDED.key)
    done = (
        steps.order_by()
        .values_list("by__username")
        .annotate(
            booked=Count("request", filter=is_booking, distinct=True),
            came=Count("request", filter=is_of_who_came, distinct=True),
            closed=Count("request", filter=Q(verb=CLOSE.event), distinct=True),
        )
    )
    of_calls, of_steps = ({name: figures for name, *figures in rows} for rows in (called, done))
    names = sorted(of_calls.keys() | of_steps.keys())
    return [Person(name, *of_calls.get(name, (0, 0)), *of_steps.get(name, (0, 0, 0))) for name in names]

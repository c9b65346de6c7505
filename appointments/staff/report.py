"""The manager's report: how long people wait, and what becomes of those who ask, as pictures and as tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

import audit
from accounts.requests import StaffRequest
from screening.pathways import URGENCIES

from ..models import Language
from ..reporting.waiting_times import (
    BECAME,
    BY_LANGUAGE,
    BY_PRIORITY,
    SOURCES,
    Checks,
    Dimension,
    Figures,
    Period,
    Person,
    Waiting,
    report_on,
)
from ..roles import MANAGE
from .pages import needs, staff_page

WEEKS = (4, 12, 52)
AT_FIRST = {"weeks": 12, "language": ""}
NOTHING = "–"
TWO_DAYS, TWO_WEEKS = 48, 14 * 24
CHECKS = ("Started the check", "Finished it", "Qualified for a visit")


class PeriodForm(forms.Form):
    weeks = forms.TypedChoiceField(
        label="Period", choices=[(weeks, f"Last {weeks} weeks") for weeks in WEEKS], coerce=int
    )
    language = forms.ChoiceField(choices=[("", "All languages"), *Language.choices], required=False)


@dataclass(frozen=True)
class Table:
    """The first word of each row is its heading."""

    caption: str
    head: list[str]
    rows: list[list[str]]


class Bar(NamedTuple):
    """One line of a chart; its length is out of 100."""

    name: str
    kind: str
    shown: str
    length: float


@require_safe
@needs(MANAGE)
def page(request: StaffRequest) -> HttpResponse:
    asked_for = PeriodForm(request.GET)
    asked_for.is_valid()
    chosen = {**AT_FIRST, **asked_for.cleaned_data}
    period = Period(chosen["weeks"], timezone.now())
    report = report_on(period, chosen["language"])
    audit.shows(request)
    by_priority, by_week = report.groups[BY_PRIORITY], report.groups[period.by_week]
    by_source = [(source, report.groups[source]) for source in SOURCES]
    others = [(period.by_week, by_week), *by_source]
    with_total = [(BY_PRIORITY, [*by_priority, report.total])]
    most_in_a_week = max(week.asked for week in by_week)
    return staff_page(
        request,
        "report.html",
        title="Report",
        form=PeriodForm(initial=chosen),
        first_day=period.mondays[0],
        days_kept={"not_real": settings.KEEP_DOUBTFUL_DAYS, "closed": settings.KEEP_CLOSED_DAYS},
        report=report,
        began_counting_late=report.counted_since is None or report.counted_since > period.mondays[0],
        waiting_chart=_waiting_bars(by_priority),
        waiting=[_tries(*group) for group in with_total] + [_talks(*group) for group in with_total],
        more_waiting=[table(*group) for group in others for table in (_tries, _talks)],
        most_in_a_week=most_in_a_week,
        week_chart=[(10 * at, 100 * week.asked / (most_in_a_week or 1)) for at, week in enumerate(by_week)],
        weeks=_weeks(by_week),
        checks=_checks(report.checks),
        funnel_chart=[Bar(step, "step", str(n), _length(n, report.total.asked)) for step, n in report.total.funnel],
        funnel=_funnel(report.total),
        more_funnels=[_funnels(*group) for group in others],
        became=[table(BY_LANGUAGE, [*report.groups[BY_LANGUAGE], report.total]) for table in (_became, _ever)],
        more_became=[table(*group) for group in others if group[0] is not BY_LANGUAGE for table in (_became, _ever)],
        people=_people(report.people),
    )


def _tries(by: Dimension, groups: Iterable[Figures]) -> Table:
    head = [
        by.heading,
        "Requests",
        "Tried",
        "Still waiting",
        "Half within",
        "Nine in ten within",
        "First call in time",
    ]
    rows = [
        [group.name, str(group.asked), *_waited(group.first_try), _of(group.counts["in_time"], group.counts["due"])]
        for group in groups
    ]
    return Table(f"Until the first try, {by.caption}", head, rows)


def _talks(by: Dimension, groups: Iterable[Figures]) -> Table:
    head = [by.heading, "Requests", "Reached", "Still waiting", "Half within", "Nine in ten within"]
    rows = [[group.name, str(group.asked), *_waited(group.first_talk)] for group in groups]
    return Table(f"Until the first talk, {by.caption}", head, rows)


def _waited(waiting: Waiting) -> list[str]:
    happened, still_waiting = _of(waiting.happened, waiting.of), str(waiting.still_waiting)
    return [happened, still_waiting, *(_hours(hours, of=waiting.of) for hours in (waiting.median, waiting.ninetieth))]


def _weeks(groups: Iterable[Figures]) -> Table:
    rows = [[group.name, str(group.asked), *(str(group.by_priority[key]) for key in URGENCIES)] for group in groups]
    return Table("Requests per week", ["Week from", "Requests", *URGENCIES], rows)


def _checks(checks: Checks | None) -> Table:
    if checks is None:
        rows = [[step, NOTHING] for step in CHECKS]
    else:
        counts = (str(checks.started), str(checks.finished), _of(checks.qualified, checks.finished))
        rows = [list(row) for row in zip(CHECKS, counts, strict=True)]
    return Table("Checks, counted without names", ["Step", "How many"], rows)


def _funnel(total: Figures) -> Table:
    rows, before = [], total.asked
    for step, count in total.funnel:
        rows.append([step, _of(count, total.asked), _of(count, before)])
        before = count
    return Table("From the request to the visit", ["Step", "Of all who asked", "Of the step before"], rows)


def _funnels(by: Dimension, groups: list[Figures]) -> Table:
    steps = [step for step, _count in Figures("").funnel]
    rows = [
        [group.name, str(group.asked), *(_of(count, group.asked) for _step, count in group.funnel[1:])]
        for group in groups
    ]
    return Table(f"From the request to the visit, {by.caption}", [by.heading, *steps], rows)


def _became(by: Dimension, groups: Iterable[Figures]) -> Table:
    rows = [[group.name, str(group.asked), *(str(group.became[key]) for key in BECAME)] for group in groups]
    return Table(f"What became of the requests, {by.caption}", [by.heading, "Requests", *BECAME.values()], rows)


def _ever(by: Dimension, groups: Iterable[Figures]) -> Table:
    rows = [
        [group.name, *(_of(group.counts[what], group.asked) for what in ("missed", "reopened"))] for group in groups
    ]
    return Table(f"What happened on the way, {by.caption}", [by.heading, "Missed a visit", "Were opened again"], rows)


def _people(people: Iterable[Person]) -> Table:
    head = ["Who", "Phone calls", "Talked with somebody", "Booked a visit", "Came to it", "Closed"]
    rows = [
        [
            one.name,
            str(one.calls),
            _of(one.talks, one.calls),
            str(one.booked),
            _of(one.came, one.booked),
            str(one.closed),
        ]
        for one in people
    ]
    return Table("By person", head, rows)


def _waiting_bars(groups: list[Figures]) -> list[Bar]:
    longest = max((group.first_try.ninetieth or group.first_try.median or 0 for group in groups), default=0)
    return [
        Bar(
            f"{group.name}, {words}",
            group.name.lower(),
            _hours(hours, of=group.asked),
            _length(hours, longest),
        )
        for group in groups
        for words, hours in (
            ("half within", group.first_try.median),
            ("nine in ten within", group.first_try.ninetieth),
        )
    ]


def _length(value: float | None, longest: float) -> float:
    return round(100 * (value or 0) / longest, 2) if longest else 0


def _hours(hours: float | None, *, of: int) -> str:
    if hours is None:
        return "not known yet" if of else NOTHING
    if hours < TWO_DAYS:
        return f"{hours:.1f} h"
    return f"{hours:.0f} h" if hours < TWO_WEEKS else f"{hours / 24:.0f} days"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.0f}%)" if whole else f"{part} of {whole}"

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
from screening.pathways import PATHWAY

from ..models import Language
from ..reporting.waiting_times import BECAME, Figures, Period, Waiting, report_on
from ..roles import MANAGE
from .pages import needs, staff_page

WEEKS = (4, 12, 52)
AT_FIRST = {"weeks": 12, "language": ""}
NOTHING = "–"


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
    most_in_a_week = max(week.asked for week in report.by_week)
    return staff_page(
        request,
        "report.html",
        title="Report",
        form=PeriodForm(initial=chosen),
        first_day=period.mondays[0],
        days_kept={"doubtful": settings.KEEP_DOUBTFUL_DAYS, "closed": settings.KEEP_CLOSED_DAYS},
        report=report,
        began_counting_late=report.counted_since is None or report.counted_since > period.mondays[0],
        waiting_chart=_waiting_bars(report.by_priority),
        waiting=_waiting("Waiting by priority", "Priority", [*report.by_priority, report.total]),
        more_waiting=[
            _waiting("Waiting by week", "Week from", report.by_week),
            _waiting("Waiting by language", "Language", report.by_language),
        ],
        most_in_a_week=most_in_a_week,
        week_chart=[(10 * at, 100 * week.asked / (most_in_a_week or 1)) for at, week in enumerate(report.by_week)],
        weeks=_weeks(report.by_week),
        funnel_chart=_funnel_bars(report.total),
        funnel=_funnel(report.total),
        more_funnels=[
            _funnels("From the check to the visit by week", "Week from", report.by_week),
            _funnels("From the check to the visit by language", "Language", report.by_language),
        ],
        became=_became("What became of the requests by language", "Language", [*report.by_language, report.total]),
        became_by_week=_became("What became of the requests by week", "Week from", report.by_week),
    )


def _waiting(caption: str, of: str, groups: Iterable[Figures]) -> Table:
    head = [of, "Requests", "Tried", "Half tried within", "Nine in ten tried within"]
    head += ["Reached", "Half reached within", "Nine in ten reached within", "First call in time"]
    rows = [
        [
            group.name,
            str(group.asked),
            *_waited(group.first_attempt),
            *_waited(group.first_talk),
            f"{group.in_time} of {group.due}{_share(group.in_time, group.due)}",
        ]
        for group in groups
    ]
    return Table(caption, head, rows)


def _waited(waiting: Waiting) -> list[str]:
    return [str(waiting.number), _hours(waiting.median), _hours(waiting.ninetieth)]


def _weeks(groups: Iterable[Figures]) -> Table:
    priorities = [priority.key for priority in PATHWAY.priorities]
    rows = [[group.name, str(group.asked), *(str(group.by_priority[key]) for key in priorities)] for group in groups]
    return Table("Requests per week", ["Week from", "Requests", *priorities], rows)


def _funnel(total: Figures) -> Table:
    rows, before = [], None
    for step, count in total.funnel:
        rows.append([step, _number(count), _share(count, before).strip(" ()") or NOTHING])
        before = count
    return Table("From the check to the visit", ["Step", "How many", "Of the step before"], rows)


def _funnels(caption: str, of: str, groups: list[Figures]) -> Table:
    steps = [step for step, _count in groups[0].funnel]
    rows = [[group.name, *(_number(count) for _step, count in group.funnel)] for group in groups]
    return Table(caption, [of, *steps], rows)


def _became(caption: str, of: str, groups: Iterable[Figures]) -> Table:
    rows = [[group.name, *(str(group.became[key]) for key in BECAME)] for group in groups]
    return Table(caption, [of, *BECAME.values()], rows)


def _waiting_bars(groups: list[Figures]) -> list[Bar]:
    longest = max((group.first_attempt.ninetieth or 0 for group in groups), default=0)
    return [
        Bar(f"{group.name}, {words}", group.name.lower(), _hours(hours), _length(hours, longest))
        for group in groups
        for words, hours in (
            ("half within", group.first_attempt.median),
            ("nine in ten within", group.first_attempt.ninetieth),
        )
    ]


def _funnel_bars(total: Figures) -> list[Bar]:
    most = max(count or 0 for _step, count in total.funnel)
    return [Bar(step, "step", _number(count), _length(count, most)) for step, count in total.funnel]


def _length(value: float | None, longest: float) -> float:
    return round(100 * (value or 0) / longest, 2) if longest else 0


def _hours(hours: float | None) -> str:
    return NOTHING if hours is None else f"{hours:.1f} h"


def _number(count: int | None) -> str:
    return NOTHING if count is None else str(count)


def _share(part: int | None, whole: int | None) -> str:
    """In percent and brackets; nothing where it would say nothing."""
    return f" ({100 * part / whole:.0f}%)" if part is not None and whole else ""

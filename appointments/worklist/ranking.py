"""Whom to call next, and why: one ranking for "Next call", the home page and the filter "callable now"."""

import datetime
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone
from django.utils.timesince import timesince

from common.languages import ENGLISH, LANGUAGES
from screening.pathways import URGENCIES

from ..calendar.calling_hours import is_callable, is_decent_hour
from ..calendar.opening_hours import BusinessHours
from ..fields import call_times_in_words
from ..lifecycle.definition import SKIP
from ..lifecycle.guards import FREE
from ..lifecycle.waits import CALL, with_waits
from ..models import AppointmentRequest, AppointmentRequestQuerySet, Caller, Event

# Of the languages that we have pages in, but for English, which all staff speak.
ENGLISH_NAMES = {one.code: one.english_name for one in LANGUAGES if one is not ENGLISH}
# One that no pathway knows any more comes first: a person looks at it.
URGENCY = {priority: place for place, priority in enumerate(URGENCIES, 1)}


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
        return max(1, _urgency(candidate) - first_call_is_late)

    def is_callable(self, candidate: Candidate) -> bool:
        """Whether this member of staff may call them at this moment."""
        if candidate.next_call_at and candidate.next_call_at > self.now:
            return False
        if not self._can_talk_with(candidate):
            return False
        key = (candidate.is_promised, candidate.time_zone, *candidate.call_times)
        if key not in self._in_a_window:
            self._in_a_window[key] = self._is_in_a_window(candidate)
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
        raised = self.level(candidate) < _urgency(candidate)
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

    def _is_in_a_window(self, candidate: Candidate) -> bool:
        zone = ZoneInfo(candidate.time_zone)
        if candidate.is_promised:
            return is_decent_hour(self.now, zone)
        return is_callable(self.now, zone=zone, call_times=candidate.call_times, hours=self.hours)

    def _can_talk_with(self, candidate: Candidate) -> bool:
        """Those whose language colleagues speak are left to them, unless the call is overdue."""
        is_left = candidate.language in self.left_to_others and not candidate.needs_interpreter
        return not is_left or self.is_overdue(candidate)


def callable_now(user: User, requests: AppointmentRequestQuerySet | None = None) -> tuple[Moment, list[Candidate]]:
    """Whom this member of staff may call at this moment, the most urgent first.

    Reads all open requests that nobody holds: about 20 ms for 5,000. Doubtful ones are left out, and those that this
    member of staff skipped not long ago.
    """
    moment = Moment.of(user)
    requests = AppointmentRequest.objects.all() if requests is None else requests
    requests = requests.exclude(pk__in=_skipped_by(user))
    mine_to_take = FREE.q(user, moment.now) | Q(claimed_by=user, assigned_until__gt=moment.now)
    is_due = Q(next_call_at=None) | Q(next_call_at__lte=moment.now)
    rows = with_waits(requests.open().filter(mine_to_take, is_due), moment.now).filter(wait=CALL.key)
    rows = rows.values_list(*Candidate._fields)
    candidates = [candidate for candidate in map(Candidate._make, rows.iterator()) if moment.is_callable(candidate)]
    return moment, sorted(candidates, key=moment.order)


def reasons(request: AppointmentRequest, user: User) -> list[str]:
    """Why this request is where it is in the order, for somebody who holds it."""
    return Moment.of(user).reasons(Candidate(*(getattr(request, name) for name in Candidate._fields)))


def _urgency(candidate: Candidate) -> int:
    return URGENCY.get(candidate.priority, 1)


def _skipped_by(user: User) -> list[int]:
    since = timezone.now() - datetime.timedelta(minutes=settings.SKIP_MINUTES)
    skips = Event.objects.standing().filter(by=user, verb=SKIP.event, at__gt=since)
    return list(skips.values_list("request", flat=True))


def _clock(moment: datetime.datetime) -> str:
    return f"{timezone.localtime(moment):%a %b %-d, %-I:%M %p}"

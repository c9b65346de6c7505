"""The lists that staff choose from in the queue, and how one goes on page by page."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Q

from ..models import QUEUE_ORDER, AppointmentRequest, AppointmentRequestQuerySet, Language, NurseCheck, Status
from .ranking import callable_now

NEWEST_FIRST = ("-created_at", "-pk")


@dataclass(frozen=True)
class Filter:
    key: str
    label: str
    choose: Callable[[AppointmentRequestQuerySet, User], AppointmentRequestQuerySet]
    order: tuple[str, ...] = QUEUE_ORDER


def _callable_now(requests: AppointmentRequestQuerySet, user: User) -> AppointmentRequestQuerySet:
    _moment, candidates = callable_now(user)
    return requests.filter(pk__in=[candidate.pk for candidate in candidates])


FILTERS = (
    Filter("open", "Open", lambda requests, user: requests.open()),
    Filter("mine", "Mine", lambda requests, user: requests.open().filter(claimed_by=user)),
    Filter("callable", "Callable now", _callable_now),
    Filter("overdue", "Overdue", lambda requests, user: requests.overdue()),
    Filter("waiting", "Held by nobody", lambda requests, user: requests.open().filter(claimed_by=None)),
    Filter("spanish", "Spanish", lambda requests, user: requests.open().filter(language=Language.SPANISH)),
    Filter(
        "nurse",
        "Needs a nurse",
        lambda requests, user: requests.open().filter(nurse_check__in=NurseCheck.to_be_answered()),
    ),
    Filter("doubtful", "Perhaps not a person", lambda requests, user: requests.open().filter(is_doubtful=True)),
    Filter(
        "booked",
        "Booked",
        lambda requests, user: requests.filter(closed_at=None, appointment__isnull=False),
        order=NEWEST_FIRST,
    ),
    Filter("closed", "Closed", lambda requests, user: requests.filter(status=Status.CLOSED), order=NEWEST_FIRST),
    Filter("all", "All", lambda requests, user: requests, order=NEWEST_FIRST),
)


def after(requests: AppointmentRequestQuerySet, pk: str, order: tuple[str, ...]) -> AppointmentRequestQuerySet:
    """Those that come behind the request of that number: the last page costs as much as the first."""
    names = [name.lstrip("-") for name in order]
    if not pk.isdecimal() or len(pk) > 18:
        return requests
    last = AppointmentRequest.objects.filter(pk=pk).values(*names).first()
    if last is None:
        return requests
    behind, same = Q(), Q()
    for name, key in zip(names, order, strict=True):
        behind |= same & _is_behind(name, last[name], descending=key.startswith("-"))
        same &= Q(**{name: last[name]})
    return requests.filter(behind)


def _is_behind(name: str, value: object, *, descending: bool) -> Q:
    # Not every database orders booleans with < and >, so compare them by equality.
    if isinstance(value, bool):
        return Q(**{name: not descending}) if value == descending else Q(pk__in=())
    return Q(**{f"{name}__{'lt' if descending else 'gt'}": value})

"""The lists that staff choose from in the queue, and how one goes on page by page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone

from common.languages import ENGLISH, LANGUAGES, Language
from screening.pathways import OFFERED
from screening.questionnaire.definition import Pathway

from ..lifecycle.waits import WAITS, Wait, late, with_waits
from ..models import QUEUE_ORDER, AppointmentRequest, AppointmentRequestQuerySet, NurseCheck, Status
from .ranking import only_callable_now

NEWEST_FIRST = ("-created_at", "-pk")


@dataclass(frozen=True)
class Filter:
    key: str
    label: str
    choose: Callable[[AppointmentRequestQuerySet, User], QuerySet[Any]]
    order: tuple[str, ...] = QUEUE_ORDER


def _list_of(wait: Wait) -> Filter:
    return Filter(
        wait.key, wait.label, lambda requests, user: with_waits(requests, timezone.now()).filter(wait=wait.key)
    )


def _list_in(language: Language) -> Filter:
    name = language.english_name
    return Filter(name.lower(), name, lambda requests, user: requests.open().filter(language=language.code))


def _list_about(pathway: Pathway) -> Filter:
    return Filter(pathway.key, pathway.name, lambda requests, user: requests.open().filter(pathway=pathway.key))


FILTERS = (
    Filter("open", "Open", lambda requests, user: requests.open()),
    Filter("mine", "Mine", lambda requests, user: requests.open().filter(claimed_by=user)),
    Filter("callable", "Callable now", only_callable_now),
    Filter("late", "Late", lambda requests, user: late(requests)),
    Filter("waiting", "Held by nobody", lambda requests, user: requests.open().filter(claimed_by=None)),
    *(_list_in(language) for language in LANGUAGES if language is not ENGLISH),
    Filter(
        "flagged",
        "Flagged for the nurse",
        lambda requests, user: requests.open().filter(nurse_check=NurseCheck.NEEDED),
    ),
    *map(_list_of, WAITS),
    *map(_list_about, OFFERED if len(OFFERED) > 1 else ()),
    Filter("closed", "Closed", lambda requests, user: requests.filter(status=Status.CLOSED), order=NEWEST_FIRST),
    Filter("all", "All", lambda requests, user: requests, order=NEWEST_FIRST),
)


def after(requests: QuerySet[Any], pk: str, order: tuple[str, ...]) -> QuerySet[Any]:
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

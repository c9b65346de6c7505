"""Does a verb: one conditional UPDATE, its history, its audit entry, what it announces. All of it or nothing."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import F, Field, Q
from django.utils import timezone

import audit
from audit.models import AuditEntry

from ..models import AppointmentRequest, Awaited, Event, NurseCheck, Status
from ..search import SEARCHED, text_to_search
from . import announce, close_reasons
from .grammar import Verb
from .guard import Guard

DETAILS_LENGTH = Event._meta.get_field("details").max_length
CHANGED_MEANWHILE = "This changed while you worked on it. See what is new, and press again if it still fits."


class Refused(Exception):
    """The request is not in a state that allows this. The message tells staff what happened meanwhile."""


@dataclass(frozen=True)
class Change:
    """What a verb does to a request: the columns it sets, and what the history says about it.

    `still` narrows the verb's guard, to what the verb saw or to its arguments. `then` does the rest in the same
    transaction, when the request is as it is afterwards.
    """

    values: dict
    details: str = ""
    note: str = ""
    still: Q = field(default_factory=Q)
    then: Callable[[Event], object] | None = None


# The values of a request that nobody has claimed.
NOBODY = {"claimed_by": None, "claimed_at": None, "assigned_until": None}


def plan(
    not_before: datetime.datetime | None = None,
    *,
    call_by: datetime.datetime | None = None,
    is_promised: bool = False,
    awaited: Awaited = Awaited.NOTHING,
) -> dict:
    """The values of when to call, and of what the patient may do until then: all, so that none is left over."""
    return {"next_call_at": not_before, "call_by": call_by, "is_promised": is_promised, "awaited": awaited}


def claimed_by(user: User) -> dict:
    """The values of a request that this member of staff works on from now."""
    return {"claimed_by": user, "claimed_at": timezone.now(), "assigned_until": None}


@audit.atomic()
def perform(verb: Verb, request: AppointmentRequest, *, by: User | None = None, **entered: Any) -> None:
    """Do it if the stored request has the version of `request` and the verb's guard holds; else raise Refused.

    `entered` are the verb's own arguments; without `by`, the patient does it. One conditional UPDATE decides, so that
    of any number of people who try at once exactly one succeeds. Raises PermissionDenied if `by` may not do it.
    """
    if verb.needs and not (by and by.has_perm(verb.needs)):
        raise PermissionDenied
    change = verb.does(request, by=by, **entered)
    if change is None:
        return
    values = dict(change.values)
    before = {column_of(name).attname: _storable(getattr(request, column_of(name).attname)) for name in values}
    if values.keys() & set(SEARCHED):
        contact = {name: values.get(name, getattr(request, name)) for name in SEARCHED}
        values["search_text"] = text_to_search(**contact)
    # What the guard names PostgreSQL does not read again after waiting for a lock. The version, which rises with each
    # change, is in the row that is locked, so that it has to stand outside.
    allowed = AppointmentRequest.objects.filter(verb.when.q(by, timezone.now()), change.still, pk=request.pk)
    same = AppointmentRequest.objects.filter(pk=request.pk, version=request.version, pk__in=allowed.values("pk"))
    if not same.update(version=F("version") + 1, **values):
        raise Refused(what_happened_meanwhile(request, verb.when, by))
    event = Event.objects.create(
        request=request,
        by=by,
        verb=verb.event,
        details=change.details[:DETAILS_LENGTH],
        note=change.note,
        version=request.version + 1,
        before=before,
    )
    request.refresh_from_db()
    if change.then:
        change.then(event)
    who = AuditEntry.Who.PATIENT if verb.is_the_patients else ""
    details = f"{verb.event}, version {event.version}"
    audit.record(AuditEntry.Action.CHANGE, by=by, who=who, requests=[request], details=details)
    announce.store((*verb.tells, announce.FOR_THE_RECORD), request, before)


def changes_since(request: AppointmentRequest, version: int) -> list[Event]:
    return list(request.events.filter(version__gt=version).select_related("by").order_by("version"))


def what_happened_meanwhile(request: AppointmentRequest, guard: Guard | None = None, by: User | None = None) -> str:
    """Why something was refused that the page had offered, for staff."""
    related = ("claimed_by", "closed_by", "appointment")
    now = AppointmentRequest.objects.select_related(*related).filter(pk=request.pk).first()
    if now is None:
        return "This request is not there any more."
    if guard is not None and guard.holds(now, by, timezone.now()):
        return CHANGED_MEANWHILE
    match now.status:
        case Status.CLAIMED if by and now.claimed_by == by and now.nurse_check not in NurseCheck.lets_book():
            return f"No visit can be booked yet. {now.get_nurse_check_display()}."
        case Status.CLAIMED:
            return f"{now.claimed_by} holds this request."
        case Status.BOOKED if now.nurse_check == NurseCheck.AGAINST:
            return f"The nurse advises against the visit: {now.appointment}. Call, and cancel it."
        case Status.BOOKED:
            return f"A visit is booked: {now.appointment}."
        case Status.CLOSED:
            reason = close_reasons.LABELS.get(now.close_reason, now.close_reason)
            return f"{now.closed_by or 'The patient'} closed this request: {reason}."
    return "Nobody holds this request: it waits in the queue."


def _storable(value: object) -> object:
    """A value for JSON, which the column's `to_python` turns back."""
    return value.isoformat() if isinstance(value, datetime.date) else value


def column_of(name: str) -> "Field[Any, Any]":
    return AppointmentRequest._meta.get_field(name)  # type: ignore[return-value]  # not a relation that leads here

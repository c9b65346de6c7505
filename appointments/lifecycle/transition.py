"""Changes a request and writes down who did it: both or neither, and only if nobody else was faster."""

import datetime

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

import audit
from audit.models import AuditEntry

from ..models import AppointmentRequest, Event, Status
from ..search import SEARCHED, text_to_search
from . import announce

DETAILS_LENGTH = Event._meta.get_field("details").max_length
NOBODY = {"claimed_by": None, "claimed_at": None, "assigned_until": None}


class Refused(Exception):
    """The request is not in a state that allows this. The message tells staff what happened meanwhile."""


@audit.atomic()
def change(request: AppointmentRequest, *, by, verb: str, allowed: Q, details="", note="", **values) -> None:
    """Set `values` if the stored request has the version of `request` and matches `allowed`; else raise Refused.

    One conditional UPDATE decides, so that of any number of people who try at once exactly one succeeds. `allowed`
    may name columns of the request only: another table PostgreSQL does not read again after waiting for a lock.
    """
    before = {_column(name): _storable(getattr(request, _column(name))) for name in values}
    if values.keys() & set(SEARCHED):
        contact = {name: values.get(name, getattr(request, name)) for name in SEARCHED}
        values["search_text"] = text_to_search(**contact)
    same = AppointmentRequest.objects.filter(allowed, pk=request.pk, version=request.version)
    if not same.update(version=F("version") + 1, **values):
        raise Refused(what_happened_meanwhile(request, allowed))
    Event.objects.create(
        request=request,
        by=by,
        verb=verb,
        details=details[:DETAILS_LENGTH],
        note=note,
        version=request.version + 1,
        before=before,
    )
    who = "" if by else AuditEntry.Who.PATIENT
    audit.record(
        AuditEntry.Action.CHANGE, by=by, who=who, requests=[request], details=f"{verb}, version {request.version + 1}"
    )
    request.refresh_from_db()
    announce.changed(request, before=before, verb=verb)


def held_by(user) -> Q:
    return Q(status=Status.CLAIMED, claimed_by=user)


def hold(by) -> dict:
    """The values of a request that `by` works on from now."""
    return {"claimed_by": by, "claimed_at": timezone.now(), "assigned_until": None}


def free() -> Q:
    """Held by nobody, or by somebody who has let it lie for too long."""
    now = timezone.now()
    lapsed = Q(claimed_at__lte=now - _claim_lasts()) & (Q(assigned_until=None) | Q(assigned_until__lte=now))
    return Q(status=Status.WAITING) | Q(status=Status.CLAIMED) & lapsed


def has_lapsed(request: AppointmentRequest) -> bool:
    """Whether somebody holds it who has let it lie for too long."""
    now = timezone.now()
    return request.status == Status.CLAIMED and (
        request.claimed_at <= now - _claim_lasts()
        and (request.assigned_until is None or request.assigned_until <= now)
    )


def _claim_lasts() -> datetime.timedelta:
    return datetime.timedelta(minutes=settings.CLAIM_MINUTES)


def changes_since(request: AppointmentRequest, version: int) -> list[Event]:
    return list(request.events.filter(version__gt=version).select_related("by").order_by("version"))


def what_happened_meanwhile(request: AppointmentRequest, allowed: Q | None = None) -> str:
    related = ("claimed_by", "closed_by", "appointment")
    now = AppointmentRequest.objects.select_related(*related).filter(pk=request.pk).first()
    if now is None:
        return "This request is not there any more."
    if allowed is not None and AppointmentRequest.objects.filter(allowed, pk=request.pk).exists():
        return "This changed while you worked on it. See what is new, and press again if it still fits."
    match now.status:
        case Status.CLAIMED:
            return f"{now.claimed_by} holds this request."
        case Status.BOOKED:
            return f"A visit is booked: {now.appointment}."
        case Status.CLOSED:
            return f"{now.closed_by or 'The patient'} closed this request: {now.get_close_reason_display()}."
    return "Nobody holds this request: it waits in the queue."


def _storable(value):
    """For JSON; whoever reads it turns it back by the column's own `to_python`."""
    return value.isoformat() if isinstance(value, datetime.date) else value


def _column(name: str) -> str:
    return AppointmentRequest._meta.get_field(name).attname

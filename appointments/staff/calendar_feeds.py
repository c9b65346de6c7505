"""Booked visits in the calendar programs of clinicians and front desks, at private addresses that managers make."""

import datetime
import hashlib
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_http_methods, require_POST, require_safe

import audit
from accounts.requests import StaffRequest
from accounts.views import after_a_fresh_code
from audit.models import AuditEntry
from common.client_address import counted_address_of
from common.strict_form import StrictForm

from .. import rate_limit
from ..models import Absence, Appointment, AppointmentRequest, CalendarFeed, Clinician, Place
from ..roles import MANAGE
from .pages import needs, staff_page

BACK = datetime.timedelta(days=30)
MOST_EVENTS = 2_000
AN_HOUR = datetime.timedelta(hours=1)
MOST_READS_PER_FEED = 120
MOST_TRIES_PER_ADDRESS = 50


class FeedForm(StrictForm):
    label = forms.CharField(
        label="What it is called",
        max_length=60,
        help_text="The calendar program shows it. Name who reads it there, like “Front desk, main clinic”.",
        widget=forms.TextInput({"autocomplete": "off"}),
        error_messages={"required": "Give it a name by which you will know it again."},
    )
    clinician = forms.ModelChoiceField(
        Clinician.objects.filter(is_active=True),
        label="Visits of a clinician",
        required=False,
        empty_label="Choose",
        help_text="With the times at which the clinician is away.",
    )
    place = forms.ModelChoiceField(
        Place.objects.filter(is_active=True), label="Or all visits at a place", required=False, empty_label="Choose"
    )

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        if not self.errors and bool(entered["clinician"]) == bool(entered["place"]):
            self.add_error("clinician", "Choose a clinician or a place, and not both.")
        return entered


@require_http_methods(["GET", "HEAD", "POST"])
@needs(MANAGE)
@after_a_fresh_code
def page(request: StaffRequest) -> HttpResponse:
    """Lists the feeds, and makes one: its address is shown in the answer, and never again.

    Who has the address reads without signing in, so to make one is to say who may do what.
    """
    audit.shows(request)
    if request.method != "POST":
        return _page(request, FeedForm(label_suffix=""))
    form = FeedForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _page(request, form, status=422)
    feed = CalendarFeed(**form.cleaned_data, made_by=request.user)
    token = feed.new_token()
    with audit.atomic():
        feed.save()
        audit.record(AuditEntry.Action.CHANGE, details=f"calendar feed {feed.pk} made")
    address = f"{settings.SITE_URL}{reverse('appointments:calendar_feed', args=[token])}"
    return _page(request, FeedForm(label_suffix=""), made=feed, address=address)


@needs(MANAGE)
@require_POST
def revoke(request: StaffRequest, pk: int) -> HttpResponse:
    with audit.atomic():
        revoked = {"revoked_at": timezone.now(), "revoked_by": request.user}
        if CalendarFeed.objects.in_use().filter(pk=pk).update(**revoked):
            audit.record(AuditEntry.Action.CHANGE, details=f"calendar feed {pk} revoked")
    messages.success(request, "It is revoked: its address opens nothing any more.")
    return redirect("admin:calendar_feeds")


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """For calendar programs, which sign in nowhere: who has the address may read. What there is not is a 404."""
    found = CalendarFeed.objects.opened_by(token)
    if _is_asked_too_often(request, found):
        return HttpResponse(status=429, headers={"Retry-After": int(AN_HOUR.total_seconds())})
    if found is None:
        raise Http404
    since = timezone.now() - BACK
    visits, absences = _visits(found, since), _absences(found, since)
    _note_that_it_is_read(found, visits)
    # Loaded when it is first needed: the library behind it takes 4 MB.
    from ..calendar.ics import CONTENT_TYPE, calendar_of

    file = calendar_of(found, visits, absences)
    etag = quote_etag(hashlib.sha256(file).hexdigest())
    response = HttpResponse(file, content_type=CONTENT_TYPE, headers={"ETag": etag})
    return get_conditional_response(request, etag=etag, response=response) or response


def _page(
    request: StaffRequest,
    form: FeedForm,
    *,
    made: CalendarFeed | None = None,
    address: str = "",
    status: int = 200,
) -> HttpResponse:
    return staff_page(
        request,
        "calendar_feeds.html",
        title=f"{'Error: ' if status >= 400 else ''}Calendar feeds",
        status=status,
        form=form,
        made=made,
        address=address,
        feeds=CalendarFeed.objects.in_use().select_related("clinician", "place", "made_by"),
    )


def _is_asked_too_often(request: HttpRequest, found: CalendarFeed | None) -> bool:
    """What opens nothing is counted by where it comes from: programs for many people share an address."""
    seconds = int(AN_HOUR.total_seconds())
    if found is None:
        tries = rate_limit.count("calendar feeds by address", counted_address_of(request), seconds=seconds)
        return tries > MOST_TRIES_PER_ADDRESS
    return rate_limit.count("calendar feed", str(found.pk), seconds=seconds) > MOST_READS_PER_FEED


def _visits(found: CalendarFeed, since: datetime.datetime) -> list[Appointment]:
    """From `since` on, with those that were cancelled since then; of too many, the first."""
    stands_or_is_news = Q(cancelled_at=None) | Q(cancelled_at__gte=since)
    visits = Appointment.objects.filter(stands_or_is_news, starts_at__gte=since)
    visits = visits.filter(clinician=found.clinician) if found.clinician else visits.filter(place=found.place)
    return list(visits.select_related("clinician", "place", "kind").order_by("starts_at", "pk")[:MOST_EVENTS])


def _absences(found: CalendarFeed, since: datetime.datetime) -> list[Absence]:
    if found.clinician is None:
        return []
    return list(Absence.objects.filter(clinician=found.clinician, ends_at__gte=since)[:MOST_EVENTS])


def _note_that_it_is_read(found: CalendarFeed, visits: list[Appointment]) -> None:
    """In the feed and in the audit, once an hour: programs ask several times."""
    now = timezone.now()
    is_due = Q(last_read_at=None) | Q(last_read_at__lt=now - AN_HOUR)
    with audit.atomic():
        if CalendarFeed.objects.filter(is_due, pk=found.pk).update(last_read_at=now):
            audit.record(
                AuditEntry.Action.LIST,
                who=AuditEntry.Who.NOBODY,
                requests=AppointmentRequest.objects.filter(appointment__in=visits).only("pk"),
                details=f"calendar feed {found.pk}",
            )

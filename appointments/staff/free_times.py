"""All free times, week by week: for whoever cannot come at one of those that the call sheet lists.

One form for all of it, so that each of its buttons takes along what was ticked to be offered.
"""

import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

import audit
from accounts.requests import StaffRequest

from ..calendar.slots import DAY, DAYS_BOOKED_AHEAD, Calendar, Slot
from ..lifecycle.definition import OFFER
from ..lifecycle.effects.offers import MOST
from ..lifecycle.forms import key_of, still_free
from ..models import AppointmentRequest, Clinician, Place, Status, VisitKind
from ..roles import WORK
from .call_sheet import sheet_url
from .pages import needs, staff_page

WEEK = 7 * DAY


class FreeTimesForm(forms.Form):
    """What is looked for. `request` is for whom, by its number; the times then lead to its sheet."""

    request = forms.ModelChoiceField(AppointmentRequest.objects.all(), required=False, widget=forms.HiddenInput)
    day = forms.DateField(
        label="Week of",
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Choose a day, like 2026-05-04."},
    )
    clinician = forms.ModelChoiceField(
        Clinician.objects.filter(is_active=True), required=False, empty_label="Anybody"
    )
    place = forms.ModelChoiceField(Place.objects.filter(is_active=True), required=False, empty_label="Anywhere")
    kind = forms.ModelChoiceField(
        VisitKind.objects.filter(is_active=True), label="Kind of visit", required=False, empty_label=None
    )

    def clean_day(self) -> datetime.date:
        """Of the weeks in which a visit can be booked, the nearest."""
        today = timezone.localdate()
        return min(max(self.cleaned_data["day"] or today, today), today + DAYS_BOOKED_AHEAD * DAY)


@require_safe
@needs(WORK)
def page(request: StaffRequest) -> HttpResponse:
    """Costs the same number of statements for any week, and reads the visits of that week alone.

    Where times of other weeks are ticked, all visits to come are read, too.
    """
    form = FreeTimesForm({"day": timezone.localdate(), **request.GET.dict()})
    if not form.is_valid():
        audit.shows(request)
        return staff_page(request, "free_times.html", title="Error: Free times", status=400, form=form)
    chosen = form.cleaned_data
    visit_request = chosen["request"]
    audit.shows(request, [visit_request])
    about = visit_request.pathway if visit_request else ""
    may_offer = visit_request is not None and OFFER.when.holds(visit_request, request.user, timezone.now())
    ticked = request.GET.getlist("times") if may_offer else []
    if "first" in request.GET:
        kept = {name: row.pk for name, row in chosen.items() if name != "day" and row}
        query = urlencode({**kept, "day": _first_day(chosen, about), "times": ticked}, doseq=True)
        return redirect(f"{reverse('admin:free_times')}?{query}")
    today, day = timezone.localdate(), chosen["day"]
    monday = day - day.weekday() * DAY
    left = 7 - max(today - monday, 0 * DAY).days
    calendar = Calendar(max(timezone.now(), _midnight(monday)), days=left, about=about)
    kind = chosen["kind"] or calendar.usual_kind
    days = [(of_day, [free for free in times if _fits(free, chosen)]) for of_day, times in calendar.free(kind)]
    shown = {key_of(free) for _day, times in days for free in times}
    elsewhere = [key for key in ticked if key not in shown]
    return staff_page(
        request,
        "free_times.html",
        title=f"Free times in the week of {monday:%b %-d, %Y}",
        form=form,
        visit_request=visit_request,
        monday=monday,
        days=[
            (of_day, [(free, key_of(free), _sheet_with(free, visit_request, kind)) for free in times])
            for of_day, times in days
        ],
        previous=monday > today and monday - WEEK,
        following=monday + WEEK <= today + DAYS_BOOKED_AHEAD * DAY and monday + WEEK,
        may_offer=may_offer,
        most=MOST,
        ticked=ticked,
        elsewhere=still_free(elsewhere, kind, Calendar(days=DAYS_BOOKED_AHEAD, about=about)) if elsewhere else {},
        sheet=visit_request and sheet_url(visit_request.pk),
    )


def _fits(free: Slot, chosen: dict[str, Any]) -> bool:
    return chosen["clinician"] in (None, free.clinician) and chosen["place"] in (None, free.place)


def _first_day(chosen: dict[str, Any], about: str) -> datetime.date:
    """On which there is a time, or today if there is none at all."""
    calendar = Calendar(days=DAYS_BOOKED_AHEAD, about=about)
    days = calendar.free(chosen["kind"] or calendar.usual_kind)
    found = (day for day, times in days if any(_fits(free, chosen) for free in times))
    return next(found, timezone.localdate())


def _sheet_with(free: Slot, visit_request: AppointmentRequest | None, kind: VisitKind | None) -> str:
    """Where the time is filled in, ready to be booked; nothing if nobody said for whom."""
    if visit_request is None or visit_request.status == Status.CLOSED:
        return ""
    time = {
        "starts_at": f"{timezone.localtime(free.starts_at):%Y-%m-%dT%H:%M}",
        "clinician": free.clinician.pk,
        "place": free.place.pk,
        **({"kind": kind.pk} if kind else {}),
    }
    verb = "reschedule" if visit_request.status == Status.BOOKED else "book"
    return f"{sheet_url(visit_request.pk)}?{urlencode(time)}#do-{verb}"


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min), timezone.get_default_timezone())

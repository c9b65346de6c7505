"""A day on paper, for when the computers are down: whom to call, and who comes."""

import datetime
from itertools import groupby

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Case, Q, QuerySet, When
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

import audit
from accounts.requests import StaffRequest
from audit.models import AuditEntry

from ..calendar.opening_hours import BusinessHours
from ..lifecycle.call_policy import is_exhausted
from ..lifecycle.guards import OPEN_STATUSES
from ..lifecycle.waits import CALL, LOOK, TELL, WAITS, waits_for, with_waits
from ..models import QUEUE_ORDER, Appointment, AppointmentRequest, Clinician
from ..roles import SEE
from .pages import needs, staff_page
from .rows import call_times_of, flags_of, language_of, say_first

MOST_CALLS = 200
FARTHEST = datetime.timedelta(days=366)
WAITING_FOR = {wait.key: wait for wait in WAITS}


class DayForm(forms.Form):
    date = forms.DateField(
        label="Day",
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Choose a day, like 2026-05-04."},
    )
    clinician = forms.ModelChoiceField(
        Clinician.objects.all(),
        required=False,
        empty_label="All, and the calls",
        error_messages={"invalid_choice": "Choose a clinician of the list."},
    )

    def clean_date(self) -> datetime.date:
        day = self.cleaned_data["date"]
        if abs(day - timezone.localdate()) > FARTHEST:
            raise ValidationError("Choose a day not more than a year from now.")
        return day


@require_safe
@needs(SEE)
def page(request: StaffRequest) -> HttpResponse:
    """The sheet of the day that is asked for, else of the next business day: all of it, or one clinician's visits."""
    form = DayForm(
        {"date": request.GET.get("date") or _next_business_day(), "clinician": request.GET.get("clinician", "")}
    )
    if not form.is_valid():
        audit.shows(request)
        return staff_page(request, "day_sheet.html", title="Error: Day sheet", status=400, form=form)
    day, chosen = form.cleaned_data["date"], form.cleaned_data["clinician"]
    # Calls are nobody's until somebody takes them.
    calls = [] if chosen else list(_callable_by(_midnight(day + datetime.timedelta(days=1)))[: MOST_CALLS + 1])
    visits = list(_visits(day).filter(clinician=chosen) if chosen else _visits(day))
    seen = [*calls[:MOST_CALLS], *(getattr(visit, "request", None) for visit in visits)]
    audit.shows(request, seen, action=AuditEntry.Action.PRINT)
    return staff_page(
        request,
        "day_sheet.html",
        title=f"Day sheet for {day:%a, %b %-d, %Y}{f', {chosen}' if chosen else ''}",
        form=form,
        day=day,
        chosen=chosen,
        printed_at=timezone.now(),
        calls=_calls(calls[:MOST_CALLS]),
        there_are_more=len(calls) > MOST_CALLS,
        visits=[(clinician, list(visits)) for clinician, visits in groupby(visits, lambda v: v.clinician)],
        zone=timezone.get_default_timezone_name(),
    )


def _next_business_day() -> datetime.date:
    """The next on which somebody is called or comes; tomorrow, in a clinic that is never open."""
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    hours = BusinessHours.of_the_clinic()
    opens, _closes = next(hours.openings(_midnight(tomorrow)), (_midnight(tomorrow), None))
    visits = Appointment.objects.filter(cancelled_at=None, starts_at__gte=_midnight(tomorrow), starts_at__lt=opens)
    first = visits.order_by("starts_at").values_list("starts_at", flat=True).first()
    return min(opens, first or opens).astimezone(hours.zone).date()


def _callable_by(end: datetime.datetime) -> QuerySet:
    """First those to be called before `end`, of a booked visit too, then those who could be.

    The latter nobody would know else.
    """
    now = timezone.now()
    is_to_call = Q(status__in=OPEN_STATUSES) | waits_for(TELL, now)
    is_by_then = Q(next_call_at__lt=end) | Q(next_call_at=None)
    requests = with_waits(AppointmentRequest.objects.filter(is_to_call, is_by_then), now)
    is_due = Q(call_by__lt=end) | Q(next_call_at__lt=end) | Q(due_at__lt=end)
    requests = requests.annotate(is_due=Case(When(is_due, then=True), default=False)).order_by(
        "-is_due", *QUEUE_ORDER
    )
    related = ("claimed_by", "appointment__clinician", "appointment__place")
    return requests.select_related(*related).defer("answers", "findings", "consent")


def _visits(day: datetime.date) -> QuerySet:
    """By clinician and time."""
    visits = Appointment.objects.filter(
        cancelled_at=None,
        starts_at__gte=_midnight(day),
        starts_at__lt=_midnight(day + datetime.timedelta(days=1)),
    )
    return visits.select_related("clinician", "place", "kind", "request").order_by("clinician__name", "starts_at")


def _calls(requests: list[AppointmentRequest]) -> list[dict]:
    # Hundreds share a few call times, whose words are made from the opening hours.
    alike = {tuple(request.call_times): request for request in requests}
    in_words = {times: call_times_of(request) for times, request in alike.items()}
    return [_call(request, in_words[tuple(request.call_times)]) for request in requests]


def _call(visit_request: AppointmentRequest, call_times: list[str]) -> dict:
    wait = WAITING_FOR[visit_request.wait]  # type: ignore[attr-defined]  # annotated
    return {
        "request": visit_request,
        # What is to be done, if it is not just to call.
        "to_do": "" if wait in (CALL, LOOK) else wait.to_do(visit_request, timezone.now()),
        "is_exhausted": is_exhausted(visit_request.attempts_made),
        "language": language_of(visit_request),
        "call_times": call_times,
        "is_far_away": visit_request.time_zone != timezone.get_default_timezone_name(),
        "flags": flags_of(visit_request),
        # Whoever answers the phone hears nothing about the reason for the call before the birthday was asked for.
        "say_first": say_first(visit_request),
    }


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min), timezone.get_default_timezone())

"""The nurse's own list: requests that need an answer before a visit is booked, and a form for each."""

from collections.abc import Sequence

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, Prefetch, Q, Value, When
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from audit.models import AuditEntry
from common.strict_form import StrictForm

from ..lifecycle.definition import ANSWER, ASK_NURSE, TAKE_OVER
from ..lifecycle.forms import FutureMomentField, LogNursesCallForm, note
from ..lifecycle.guards import OPEN_STATUSES
from ..lifecycle.transition import Refused, changes_since, perform
from ..models import AppointmentRequest, Event, NurseCheck
from ..roles import ANSWER_AS_NURSE, SEE
from .pages import needs, staff_page
from .rows import flags_of, language_of

REQUESTS_ON_A_PAGE = 25


class AnswerForm(StrictForm):
    answer = forms.ChoiceField(
        label="Your answer",
        widget=forms.RadioSelect,
        choices=[
            (NurseCheck.FINE, "A visit is fine"),
            (NurseCheck.CALL_FIRST, "I call the patient first"),
            (NurseCheck.AGAINST, "I advise against a visit"),
        ],
        error_messages={"required": "Choose an answer."},
    )
    calls_by = FutureMomentField(
        label="If you call first: by when",
        required=False,
        help_text="If you leave it empty, by the end of the next business day.",
    )
    note = note("Note for the scheduler")
    visit_request = forms.ModelChoiceField(AppointmentRequest.objects, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)


@needs(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: StaffRequest) -> HttpResponse:
    if request.method != "POST":
        return _list(request)
    if not request.user.has_perm(ANSWER_AS_NURSE):
        raise PermissionDenied
    form = AnswerForm(request.POST, auto_id="tried_%s")
    is_valid = form.is_valid()
    if "visit_request" not in form.cleaned_data or "version" not in form.cleaned_data:
        raise Http404
    visit_request, seen = form.cleaned_data["visit_request"], form.cleaned_data["version"]
    visit_request.version = seen
    if not is_valid:
        return _list(request, tried=(visit_request, form), status=422)
    try:
        said = {name: form.cleaned_data[name] for name in ("answer", "calls_by", "note")}
        perform(ANSWER, visit_request, by=request.user, **said)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        visit_request.refresh_from_db()
        news = changes_since(visit_request, seen)
        return _list(request, tried=(visit_request, form), news=news, status=409)
    messages.success(request, f"Your answer about {visit_request} is saved.")
    return redirect(request.get_full_path())


def _list(
    request: StaffRequest,
    tried: tuple[AppointmentRequest, AnswerForm] | tuple[None, None] = (None, None),
    news: Sequence[Event] = (),
    status: int = 200,
) -> HttpResponse:
    """Her turn first, then what was flagged; each by priority and waiting time. Above all what could not be answered.

    Costs three statements, however long the list is.
    """
    tried_request, tried_form = tried
    is_flagged = Q(nurse_check=NurseCheck.NEEDED, status__in=OPEN_STATUSES)
    waiting = AppointmentRequest.objects.filter(
        Q(nurse_check__in=NurseCheck.of_the_nurse()) | is_flagged, closed_at=None
    ).select_related("claimed_by", "appointment__place", "appointment__clinician")
    place = Case(
        *(When(nurse_check=state, then=Value(number)) for number, state in enumerate(NurseCheck.to_be_answered()))
    )
    waiting = waiting.defer("answers", "findings", "consent")
    waiting = waiting.order_by(place, "is_doubtful", "priority", "created_at", "pk")
    said = Event.objects.filter(verb__in=(ASK_NURSE.event, ANSWER.event, TAKE_OVER.event)).select_related("by")
    pages = Paginator(waiting.prefetch_related(Prefetch("events", said, "said")), REQUESTS_ON_A_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    rows = [_row(one) for one in shown if one != tried_request]
    if tried_request:
        # As it is prefetched for the others.
        tried_request.said = said.filter(request=tried_request)  # type: ignore[attr-defined]
        rows.insert(0, {**_row(tried_request), "form": tried_form, "news": news})
    audit.shows(request, [row["request"] for row in rows], action=AuditEntry.Action.LIST)
    return staff_page(
        request,
        "nurse.html",
        title=f"{'Error: ' if tried_form else ''}Questions to the nurse",
        status=status,
        page=shown,
        now=timezone.now(),
        rows=rows,
        tried=tried_form,
        may_answer=request.user.has_perm(ANSWER_AS_NURSE),
    )


def _row(visit_request: AppointmentRequest) -> dict:
    return {
        "request": visit_request,
        "flags": flags_of(visit_request),
        "language": language_of(visit_request),
        "is_flagged": visit_request.nurse_check == NurseCheck.NEEDED,
        "nurse_calls": visit_request.nurse_check == NurseCheck.CALL_FIRST,
        "form": AnswerForm(auto_id=f"r{visit_request.pk}_%s"),
        "call": LogNursesCallForm(visit_request, auto_id=f"c{visit_request.pk}_%s"),
    }

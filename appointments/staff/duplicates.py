"""Requests that may be of one person: staff look at both and decide."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

import audit
from accounts.requests import StaffRequest
from audit.models import AuditEntry
from common.strict_form import StrictForm

from ..lifecycle.close_reasons import LABELS
from ..lifecycle.decisions import decide
from ..lifecycle.transition import Refused
from ..models import AppointmentRequest, PossibleDuplicate
from ..roles import SEE, WORK
from .pages import needs, staff_page
from .rows import flags_of, language_of

PAIRS_ON_A_PAGE = 50
BOTH = ("earlier", "later")

Decision = PossibleDuplicate.Decision

# What tells people apart, and what only tells requests apart, which always differ.
WHO = {
    "Name": lambda one: one.name,
    "Born": lambda one: f"{one.date_of_birth:%B %-d, %Y}",
    "Phone": lambda one: ", ".join(filter(None, (one.phone_shown, one.about_the_phone))),
    "E-mail": lambda one: one.email,
    "Filled in by": lambda one: f"{one.filled_in_by} ({one.relationship})" if one.filled_in_by else "",
    "Language": language_of,
}
REQUEST_ITSELF = {
    "Asked": lambda one: f"{timezone.localtime(one.created_at):%b %-d, %Y, %-I:%M %p}",
    "State": lambda one: (
        f"Closed: {LABELS.get(one.close_reason, one.close_reason)}" if one.close_reason else one.status_label
    ),
    "Priority": lambda one: one.priority,
    "Ask the nurse about": lambda one: ", ".join(flag.name() for flag in flags_of(one)),
}


class DecisionForm(StrictForm):
    """The button that was pressed, and what was decided when it was shown."""

    decision = forms.ChoiceField(choices=[(Decision.SAME, ""), (Decision.DIFFERENT, "")])
    seen = forms.ChoiceField(choices=Decision, required=False)


@needs(SEE)
@require_safe
def page(request: StaffRequest) -> HttpResponse:
    """The pairs to decide on, newest first. Two closed requests are left out: nobody is called twice."""
    pairs = PossibleDuplicate.objects.filter(
        Q(earlier__closed_at=None) | Q(later__closed_at=None), decision=Decision.OPEN
    )
    pages = Paginator(pairs.select_related(*BOTH).order_by("-pk"), PAIRS_ON_A_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    numbers = [number for pair in shown for number in (pair.earlier_id, pair.later_id)]
    audit.shows(request, numbers, action=AuditEntry.Action.LIST)
    return staff_page(request, "duplicates.html", title="Possible duplicates", pairs=shown)


@needs(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def pair(request: StaffRequest, pk: int) -> HttpResponse:
    """Both requests side by side, and the two buttons. Refuses to overwrite a decision that was not shown."""
    pairs = PossibleDuplicate.objects.select_related(*BOTH, "decided_by").exclude(decision=Decision.OTHER)
    found = get_object_or_404(pairs, pk=pk)
    if request.method != "POST":
        return _side_by_side(request, found)
    if not request.user.has_perm(WORK):
        raise PermissionDenied
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _side_by_side(request, found, problem="Choose one of the two.", status=422)
    found.decision = form.cleaned_data["seen"]
    try:
        decide(found, by=request.user, same=form.cleaned_data["decision"] == Decision.SAME)
    except Refused as refusal:
        found = PossibleDuplicate.objects.select_related(*BOTH, "decided_by").get(pk=pk)
        return _side_by_side(request, found, problem=str(refusal), status=409)
    messages.success(request, f"Decided for {found}: {found.get_decision_display().lower()}.")
    return redirect("admin:duplicates")


def _side_by_side(
    request: StaffRequest, found: PossibleDuplicate, problem: str = "", status: int = 200
) -> HttpResponse:
    audit.shows(request, [found.earlier, found.later])
    return staff_page(
        request,
        "duplicate.html",
        title=f"{'Error: ' if problem else ''}Compare {found}",
        status=status,
        pair=found,
        who=_compared(found, WHO),
        request_itself=_compared(found, REQUEST_ITSELF),
        may_decide=request.user.has_perm(WORK),
        problem=problem,
    )


def _compared(found: PossibleDuplicate, rows: dict) -> list[tuple]:
    def shown(value: Callable[[AppointmentRequest], object], one: AppointmentRequest) -> object:
        return value(one) or "–"

    return [(label, shown(value, found.earlier), shown(value, found.later)) for label, value in rows.items()]

"""Requests that perhaps no person sent: somebody looks at each, and says whether one did."""

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from audit.models import AuditEntry
from common.strict_form import StrictForm

from ..lifecycle.definition import DISMISS, VOUCH
from ..lifecycle.transition import Refused, perform, what_happened_meanwhile
from ..models import AppointmentRequest
from ..roles import SEE, WORK
from .pages import needs, staff_page
from .rows import language_of

SAID = {verb.key: verb for verb in (VOUCH, DISMISS)}
MOST_ROWS = 50


class LookForm(StrictForm):
    """The requests that were ticked, with the versions that the screen showed."""

    several = frozenset(("chosen",))

    said = forms.ChoiceField(choices=[(verb.key, verb.label) for verb in SAID.values()])

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        found = (re.fullmatch(r"([0-9]{1,18})-([0-9]{1,9})", one) for one in data.getlist("chosen"))
        self.chosen = {int(match[1]): int(match[2]) for match in found if match}

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        if not self.chosen:
            self.add_error(None, "Choose at least one request.")
        return entered


@require_http_methods(["GET", "HEAD", "POST"])
@needs(SEE)
def page(request: StaffRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    if not request.user.has_perm(WORK):
        raise PermissionDenied
    form = LookForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, errors=[str(error) for errors in form.errors.values() for error in errors])
    verb, chosen = SAID[form.cleaned_data["said"]], form.chosen
    stored = AppointmentRequest.objects.in_bulk(chosen)
    refused = []
    for pk, version in chosen.items():
        # Each for itself, so that one which changed does not hold the others back.
        visit_request = stored.get(pk)
        if visit_request is None:
            refused.append("One of them is not there any more.")
        elif visit_request.version != version:
            refused.append(f"{visit_request}: {what_happened_meanwhile(visit_request)}")
        else:
            try:
                perform(verb, visit_request, by=request.user)
            except Refused as refusal:
                refused.append(f"{visit_request}: {refusal}")
    done = f"{verb.label}: said of {len(chosen) - len(refused)}."
    if refused:
        return _page(request, status=409, errors=[f"{done} The others changed since you opened this page.", *refused])
    messages.success(request, done)
    return redirect("admin:doubts")


def _page(request: StaffRequest, *, status: int = 200, errors: list[str] | None = None) -> HttpResponse:
    to_look_at = AppointmentRequest.objects.to_look_at()
    rows = list(to_look_at.in_queue_order().defer("answers", "findings", "consent")[:MOST_ROWS])
    audit.shows(request, rows, action=AuditEntry.Action.LIST)
    return staff_page(
        request,
        "doubts.html",
        title=f"{'Error: ' if errors else ''}Perhaps not a person",
        status=status,
        errors=errors,
        count=to_look_at.count(),
        rows=[{"request": row, "language": language_of(row)} for row in rows],
        verbs=SAID.values(),
        now=timezone.now(),
    )

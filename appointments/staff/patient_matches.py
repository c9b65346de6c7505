"""Who the patients are in the health record, where not exactly one was found there: staff say it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from audit.models import AuditEntry
from common.strict_form import StrictForm

from ..lifecycle import announce
from ..models import PatientMatch
from ..models.clinic import IS_FHIR_ID
from ..roles import WORK
from .pages import needs, staff_page

MOST_SHOWN = 50
NEW, OTHER, AGAIN = "-new", "-other", "-again"


class MatchForm(StrictForm):
    """`choice` is an id of the record, or one of the three words above, which no id is like."""

    match = forms.IntegerField()
    choice = forms.CharField(max_length=64, error_messages={"required": "Choose one."})
    other = forms.CharField(max_length=64, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        choice = cleaned.get("choice")
        if choice and choice not in (NEW, AGAIN):
            cleaned["patient_id"] = cleaned.get("other", "") if choice == OTHER else choice
            IS_FHIR_ID(cleaned["patient_id"])
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
@needs(WORK)
def page(request: StaffRequest) -> HttpResponse:
    matches = PatientMatch.objects.select_related("request", "decided_by")
    if request.method == "POST":
        form = MatchForm(request.POST)
        if not form.is_valid():
            messages.error(request, " ".join(str(fault) for faults in form.errors.values() for fault in faults))
        elif _decide(request, **form.cleaned_data):
            messages.success(request, "This is kept, and what follows from it is done by itself.")
        else:
            messages.error(request, "Somebody else has decided that meanwhile.")
        return redirect("admin:patient_matches")
    waiting = list(matches.open().order_by("at", "pk")[:MOST_SHOWN])
    known = list(matches.known().order_by("-at", "-pk")[:MOST_SHOWN])
    audit.shows(request, [match.request for match in (*waiting, *known)], action=AuditEntry.Action.LIST)
    return staff_page(
        request,
        "patient_matches.html",
        title="Patients in the health record",
        waiting=waiting,
        known=known,
        count=PatientMatch.objects.open().count(),
    )


@audit.atomic()
def _decide(request: StaffRequest, *, match: int, choice: str, other: str, patient_id: str = "") -> bool:
    """Once for each that waits. What is known is chosen anew by opening it again, and nothing is sent until then."""
    one = PatientMatch.objects.select_for_update(of=("self",)).select_related("request").filter(pk=match).first()
    is_open = one is not None and not one.patient_id and not one.is_new
    if one is None or is_open == (choice == AGAIN):
        return False
    one.candidates = (
        [{"id": one.patient_id, "words": "as it was before"}] if choice == AGAIN and one.patient_id else []
    )
    one.patient_id, one.is_new = patient_id, choice == NEW
    one.decided_by, one.at = request.user, timezone.now()
    one.save()
    details = "the patient in the health record is to be chosen anew" if choice == AGAIN else "patient matched"
    audit.record(AuditEntry.Action.CHANGE, by=request.user, requests=[one.request], details=details)
    if choice != AGAIN:
        announce.store([announce.FOR_THE_RECORD], one.request)
    return True

"""A letter about what stands now, in the patient's language, with nothing about health in it."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

import audit
from accounts.requests import StaffRequest
from audit.models import AuditEntry
from common.languages import language_or_english

from ..lifecycle import call_policy, letters, status_words
from ..models import AppointmentRequest
from ..roles import WORK
from .pages import needs


@needs(WORK)
@require_safe
def page(request: StaffRequest, pk: int) -> HttpResponse:
    related = ("appointment__place", "appointment__clinician")
    visit_request = get_object_or_404(AppointmentRequest.objects.select_related(*related), pk=pk)
    audit.shows(request, [visit_request], action=AuditEntry.Action.PRINT)
    language = language_or_english(visit_request.language).code
    with translation.override(language):
        context = {
            "visit_request": visit_request,
            "subject": letters.subject_of(visit_request),
            "status": status_words.status_in_words(visit_request),
            "days": call_policy.LETTER_DAYS,
            "language": language,
            "date": timezone.localdate(),
        }
        return render(request, "staff/letter.html", context)

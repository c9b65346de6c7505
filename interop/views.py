"""The addresses: what programs may read of us, and one case for staff to take along."""

from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

import audit
from accounts.requests import StaffRequest
from appointments.models import AppointmentRequest
from appointments.roles import SEE, WORK
from appointments.staff.pages import needs, staff_page
from audit.models import AuditEntry
from common.clinic import CLINIC
from screening.pathways import OFFERED
from screening.questionnaire.definition import Pathway
from screening.sign_off import current_sign_off

from . import case, terms
from .keys import public_keys
from .questionnaire import PUBLISHED, id_of, questionnaire_of
from .record import words_for_the_record

CONTENT_TYPE = "application/fhir+json; charset=utf-8"


@require_safe
def metadata(request: HttpRequest) -> HttpResponseBase:
    """What we offer to programs: the questions, to read."""
    changed = [one.changes[0].date for one in OFFERED if one.changes]
    return _resource(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": max(changed, default=timezone.localdate()).isoformat(),
            "kind": "instance",
            "software": {"name": "Upright"},
            "implementation": {"description": f"Upright, {CLINIC.name}", "url": terms.address("").rstrip("/")},
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "rest": [
                {
                    "mode": "server",
                    "resource": [
                        {"type": "Questionnaire", "interaction": [{"code": "read"}, {"code": "search-type"}]},
                    ],
                }
            ],
        }
    )


@require_safe
def jwks(request: HttpRequest) -> HttpResponseBase:
    """The keys by which the EHR knows that it is us; none where nothing is sent to one."""
    return JsonResponse(public_keys(), content_type="application/json")


@require_safe
def questionnaires(request: HttpRequest) -> HttpResponseBase:
    """Every version there is, the oldest first."""
    entries = [
        {
            "fullUrl": terms.address(f"Questionnaire/{id_of(one)}"),
            "resource": _written(one),
            "search": {"mode": "match"},
        }
        for one in PUBLISHED.values()
    ]
    return _resource({"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries})


@require_safe
def questionnaire(request: HttpRequest, key: str) -> HttpResponseBase:
    pathway = PUBLISHED.get(key)
    if pathway is None:
        return _resource(
            {
                "resourceType": "OperationOutcome",
                "issue": [
                    {"severity": "error", "code": "not-found", "diagnostics": "There is no such Questionnaire."}
                ],
            },
            status=404,
        )
    return _resource(_written(pathway))


@needs(WORK)
@require_safe
def bundle(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The case as a file. It leaves here, and the audit says so."""
    visit_request = _real(pk)
    audit.shows(request, [visit_request], action=AuditEntry.Action.EXPORT, details="FHIR bundle")
    response = _resource(case.bundle_of(visit_request))
    response["Content-Disposition"] = f'attachment; filename="request-{visit_request}.fhir.json"'
    return response


@needs(SEE)
@require_safe
def record(request: StaffRequest, pk: int) -> HttpResponseBase:
    visit_request = _real(pk)
    audit.shows(request, [visit_request], details="words for the record")
    return staff_page(
        request,
        "for_the_record.html",
        title=f"For the record, {visit_request}",
        visit_request=visit_request,
        words=words_for_the_record(visit_request),
    )


def _real(pk: int) -> AppointmentRequest:
    """What perhaps no person sent is nothing for a record."""
    related = ("taken_by", "claimed_by", "appointment__clinician", "appointment__place", "appointment__kind")
    visit_request = get_object_or_404(AppointmentRequest.objects.select_related(*related), pk=pk)
    if visit_request.is_doubtful:
        raise Http404
    return visit_request


def _written(pathway: Pathway) -> dict:
    return questionnaire_of(pathway, is_signed=current_sign_off(pathway.key) is not None)


def _resource(resource: dict, status: int = 200) -> JsonResponse:
    return JsonResponse(resource, status=status, content_type=CONTENT_TYPE)

"""The addresses: what programs may read of us and send to us, and one case for staff to take along."""

import hashlib
import logging
import re
from urllib.parse import urlencode

from django.conf import settings
from django.db import Error
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

import audit
from accounts.requests import StaffRequest
from appointments.models import AppointmentRequest
from appointments.roles import SEE, WORK
from appointments.staff.pages import needs, staff_page
from audit.models import AuditEntry
from common.clinic import CLINIC
from common.operation_outcome import CONTENT_TYPE, issue, outcome
from common.outages import is_outage
from screening.pathways import OFFERED
from screening.questionnaire.definition import Pathway
from screening.sign_off import current_sign_off

from . import case, incoming, terms
from .keys import public_keys
from .questionnaire import PUBLISHED, questionnaire_of
from .record import words_for_the_record
from .search import PARAMETERS, NotSearched, Search

logger = logging.getLogger(__name__)


@require_safe
def metadata(request: HttpRequest) -> HttpResponseBase:
    """What we offer to programs: the questions, to read, and if some may, to send back with answers."""
    offered = {
        "type": "Questionnaire",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": [{"name": name, "type": kind} for name, kind in PARAMETERS.items()],
    }
    taken: dict = {"type": "QuestionnaireResponse", "interaction": [{"code": "create"}]}
    security = {"description": "Registered programs send Authorization: Bearer with the token they were given."}
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
                        offered,
                        *([taken] if settings.FHIR_CLIENTS else []),
                    ],
                    **({"security": security} if settings.FHIR_CLIENTS else {}),
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
    """Of every version there is those that are looked for, of each pathway the newest first."""
    asked = [(name, value) for name, values in request.GET.lists() for value in values]
    preferred = re.split(r"\s*[,;]\s*", request.headers.get("Prefer", ""))
    try:
        search = Search.of(asked, is_strict="handling=strict" in preferred)
    except NotSearched as parameter:
        return outcome(400, issue("not-supported", f"Questionnaires are not searched by {parameter}."))
    entries = [
        {
            "fullUrl": terms.address(f"Questionnaire/{resource['id']}"),
            "resource": resource,
            "search": {"mode": "match"},
        }
        for resource in map(_written, PUBLISHED.values())
        if search.finds(resource)
    ]
    itself = terms.address("Questionnaire") + (f"?{urlencode(search.heeded)}" if search.heeded else "")
    found = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(entries),
        "link": [{"relation": "self", "url": itself}],
    }
    return _resource(found | ({"entry": entries} if entries else {}))


@require_safe
def questionnaire(request: HttpRequest, key: str) -> HttpResponseBase:
    pathway = PUBLISHED.get(key)
    if pathway is None:
        return outcome(404, issue("not-found", "There is no such Questionnaire."))
    return _resource(_written(pathway))


@csrf_exempt
@require_POST
def questionnaire_response(request: HttpRequest) -> HttpResponseBase:
    """The token stands in for the CSRF token, which only browsers have."""
    if not settings.FHIR_CLIENTS:
        raise Http404
    client = _client_of(request)
    if client is None:
        refused, nobody = AuditEntry.Action.REFUSED, AuditEntry.Who.NOBODY
        audit.record(refused, who=nobody, outcome=AuditEntry.Result.REFUSED, status=401)
        response = outcome(401, issue("login", "The token is not one that we gave."))
        response["WWW-Authenticate"] = "Bearer"
        return response
    try:
        sent = incoming.read(request.body)
    except ValueError:
        return outcome(400, issue("structure", "This is no QuestionnaireResponse in JSON."))
    try:
        taken = incoming.take(sent, client)
        if taken.request and taken.status == 201:
            details, system = f"asked for a visit, by {client}", AuditEntry.Who.SYSTEM
            audit.record(AuditEntry.Action.CHANGE, who=system, requests=[taken.request], details=details)
    except Error as error:
        if not is_outage(error):
            raise
        # What the database says may hold values.
        logger.warning("A response to the questions could not be stored yet: %s", type(error).__name__)
        response = outcome(503, issue("transient", "We cannot store it just now. Send it again later."))
        response["Retry-After"] = "60"
        return response
    # Without an address, because what was sent is not given out again.
    return outcome(taken.status, *taken.issues)


def _client_of(request: HttpRequest) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    digest = hashlib.sha256(token.strip().encode()).hexdigest() if kind.lower() == "bearer" else ""
    # All of them, so that how long it takes says nothing.
    found = [name for known, name in settings.FHIR_CLIENTS.items() if constant_time_compare(digest, known)]
    return found[0] if found else None


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


def _resource(resource: dict) -> JsonResponse:
    return JsonResponse(resource, content_type=CONTENT_TYPE)

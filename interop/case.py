"""One request as a Bundle: who asks, what was answered, what it means, where it stands, and the visit.

Nothing is invented: no code of a diagnosis, no sex, no number that the hospital did not give.
"""

import datetime
from typing import Any

from django.utils import timezone

from appointments.models import Appointment, AppointmentRequest, PhoneOwner, Status
from common.clinic import CLINIC
from screening.pathways import PATHWAYS, versions
from screening.questionnaire.definition import Pathway

from . import terms
from .questionnaire import bare_items_of, canonical, items_of

ATTENDED = "attended"
# What of ours each status is: of the wish for a visit, and of the work to arrange it.
WISH = {Status.WAITING: "active", Status.CLAIMED: "active", Status.BOOKED: "active"}
WORK = {Status.WAITING: "requested", Status.CLAIMED: "in-progress", Status.BOOKED: "completed"}


def bundle_of(request: AppointmentRequest) -> dict:
    """Needs the visit of the request with its clinician and place."""
    visit = request.appointment
    resources = [(_url("Patient", request), patient_of(request)), _response(request), _wish(request), _work(request)]
    if visit is not None:
        status = "fulfilled" if request.close_reason == ATTENDED else "booked"
        resources += [_practitioner(visit), _location(visit), appointment_of(request, visit, status)]
    written_by = _provenance(request, resources)
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": _identifier(request),
        "timestamp": _instant(timezone.now()),
        "entry": [{"fullUrl": url, "resource": one} for url, one in [*resources, written_by]],
    }


Entry = tuple[str, dict[str, Any]]


def patient_of(request: AppointmentRequest) -> dict[str, Any]:
    is_own = request.phone_owner == PhoneOwner.PATIENT or not (request.phone_owner or request.filled_in_by)
    numbers = [*([request.phone] if is_own else []), *filter(None, [request.patient_phone])]
    telecom = [{"system": "phone", "value": number} for number in dict.fromkeys(numbers)]
    # Whoever fills it in for somebody else gives "yours, or theirs".
    if request.email and not request.filled_in_by:
        telecom.append({"system": "email", "value": request.email})
    former = [{"use": "old", "text": request.former_names}] if request.former_names else []
    patient: dict[str, Any] = {
        "resourceType": "Patient",
        "identifier": [_identifier(request)],
        "name": [{"use": "usual", "text": request.name}, *former],
        "gender": "unknown",
        "birthDate": request.date_of_birth.isoformat(),
        "communication": [{"language": _language(request), "preferred": True}],
    }
    if telecom:
        patient["telecom"] = telecom
    if request.needs_interpreter:
        patient["extension"] = [{"url": terms.INTERPRETER_REQUIRED, "valueBoolean": True}]
    if request.postal_address:
        patient["address"] = [{"text": request.postal_address}]
    if request.filled_in_by:
        contact: dict[str, Any] = {"name": {"text": request.filled_in_by}}
        if request.relationship:
            contact["relationship"] = [{"text": request.relationship}]
        if request.phone_owner == PhoneOwner.HELPER:
            contact["telecom"] = [{"system": "phone", "value": request.phone}]
        patient["contact"] = [contact]
    return patient


def _response(request: AppointmentRequest) -> Entry:
    known = _pathway_of(request)
    response: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse",
        "identifier": _identifier(request),
        "questionnaire": canonical(request.pathway, request.pathway_version),
        "status": "completed",
        "subject": _patient_of(request),
        "authored": _instant(request.created_at),
    }
    if items := items_of(known, request.answers) if known else bare_items_of(request.answers):
        response["item"] = items
    return _url("QuestionnaireResponse", request), response


def _wish(request: AppointmentRequest) -> Entry:
    about = PATHWAYS[request.pathway].name if request.pathway in PATHWAYS else request.pathway
    ended = "completed" if request.close_reason == ATTENDED else "revoked"
    return _url("ServiceRequest", request), {
        "resourceType": "ServiceRequest",
        "identifier": [_identifier(request)],
        "status": WISH.get(Status(request.status), ended),
        "intent": "proposal",
        "priority": _priority(request),
        "code": {"text": f"Consultation about {about[0].lower()}{about[1:]}"},
        "subject": _patient_of(request),
        "authoredOn": _instant(request.created_at),
        "supportingInfo": [_reference("QuestionnaireResponse", request)],
    }


def _work(request: AppointmentRequest) -> Entry:
    ended = "completed" if request.close_reason == ATTENDED else "cancelled"
    known = _pathway_of(request)
    names = {flag.key: flag.clinical_name() for flag in known.flags} if known else {}
    task: dict[str, Any] = {
        "resourceType": "Task",
        "identifier": [_identifier(request)],
        "status": WORK.get(Status(request.status), ended),
        "businessStatus": {"text": request.status_label},
        "intent": "proposal",
        "priority": _priority(request),
        "description": "Call, and arrange a visit",
        "focus": _reference("ServiceRequest", request),
        "for": _patient_of(request),
        "authoredOn": _instant(request.created_at),
        "restriction": {"period": {"end": _instant(request.due_at)}},
        "input": [{"type": {"text": "Answers"}, "valueReference": _reference("QuestionnaireResponse", request)}],
        "output": [
            _output("Outcome", "outcome", request.outcome, version=request.pathway_version),
            _output("Priority", "priority", request.priority, version=request.pathway_version),
            *(
                _output("Flag", "flag", flag, version=request.pathway_version, text=names.get(flag, ""))
                for flag in request.flags
            ),
        ],
    }
    if request.claimed_by:
        task["owner"] = {"display": request.claimed_by.get_full_name() or request.claimed_by.get_username()}
    return _url("Task", request), task


def appointment_of(request: AppointmentRequest, visit: Appointment, status: str) -> Entry:
    """Also of a visit that the request no longer has. Needs its clinician, place and kind."""
    taking_part = [
        (_patient_of(request), "accepted"),
        ({"reference": _practitioner(visit)[0], "display": visit.clinician.name}, "accepted"),
        ({"reference": _location(visit)[0], "display": visit.place.name}, "accepted"),
    ]
    appointment: dict[str, Any] = {
        "resourceType": "Appointment",
        "identifier": [terms.identifier("visit", visit.pk)],
        "status": status,
        "start": _instant(visit.starts_at),
        "end": _instant(visit.ends_at),
        "created": _instant(visit.booked_at),
        "basedOn": [_reference("ServiceRequest", request)],
        "participant": [{"actor": actor, "status": status} for actor, status in taking_part],
    }
    if visit.kind:
        system, _, code = visit.kind.ehr_code.partition("|")
        coding = {"coding": [{"system": system, "code": code}]} if code else {}
        appointment["appointmentType"] = {**coding, "text": visit.kind.name}
    return terms.full_url("Appointment", visit.pk), appointment


def _practitioner(visit: Appointment) -> Entry:
    return terms.full_url("Practitioner", visit.clinician_id), {
        "resourceType": "Practitioner",
        "identifier": [terms.identifier("clinician", visit.clinician_id)],
        "name": [{"text": visit.clinician.name}],
    }


def _location(visit: Appointment) -> Entry:
    place = visit.place
    location: dict[str, Any] = {
        "resourceType": "Location",
        "identifier": [terms.identifier("place", place.pk)],
        "name": place.name,
    }
    if place.address:
        location["address"] = {"text": place.address}
    return terms.full_url("Location", place.pk), location


def _provenance(request: AppointmentRequest, resources: list[Entry]) -> Entry:
    """Whose words the answers are: the patient's, or whoever took or filled them in."""
    taken_by = request.taken_by and (request.taken_by.get_full_name() or request.taken_by.get_username())
    author = {"display": request.filled_in_by} if request.filled_in_by else _patient_of(request)
    agents = [{"type": {"text": "Author"}, "who": author}]
    if taken_by:
        agents.append({"type": {"text": "Enterer"}, "who": {"display": taken_by}})
    agents.append({"type": {"text": "Assembler"}, "who": {"display": f"Upright, {CLINIC.name}"}})
    return _url("Provenance", request), {
        "resourceType": "Provenance",
        "target": [{"reference": url} for url, _resource in resources],
        "recorded": _instant(timezone.now()),
        "reason": [{"text": f"Came by: {request.came_by}. Patient-reported, not confirmed."}],
        "agent": agents,
    }


def _pathway_of(request: AppointmentRequest) -> Pathway | None:
    """What was answered, and no other in its place: what leaves here is believed."""
    return versions(request.pathway).get(request.pathway_version)


def _output(label: str, name: str, code: str, *, version: str, text: str = "") -> dict:
    concept: dict[str, Any] = {"coding": [{"system": terms.system(name), "version": version, "code": code}]}
    return {"type": {"text": label}, "valueCodeableConcept": concept | ({"text": text} if text else {})}


def _priority(request: AppointmentRequest) -> str:
    pathway = request.asked
    return "urgent" if request.priority == pathway.priorities[0].key else "routine"


def _language(request: AppointmentRequest) -> dict:
    if request.other_language:
        return {"text": request.other_language}
    return {"coding": [{"system": terms.LANGUAGES, "code": request.language}], "text": request.get_language_display()}


def _identifier(request: AppointmentRequest) -> dict:
    return terms.identifier("request", request.reference)


def _patient_of(request: AppointmentRequest) -> dict:
    return _reference("Patient", request)


def _reference(kind: str, request: AppointmentRequest) -> dict:
    return {"reference": _url(kind, request)}


def _url(kind: str, request: AppointmentRequest) -> str:
    return terms.full_url(kind, request.reference)


def _instant(at: datetime.datetime) -> str:
    return at.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

"""Entries of the audit as AuditEvent resources of FHIR R4. Requests are named by our number, patients not at all."""

import datetime

from common.clinic import CLINIC

from .models import AuditEntry
from .numbers import MOST_IN_WORDS

Action, Result, Who = AuditEntry.Action, AuditEntry.Result, AuditEntry.Who

DICOM = "http://dicom.nema.org/resources/ontology/DCM"
TYPES = {
    "110114": "User Authentication",
    "110106": "Export",
    "110112": "Query",
    "110110": "Patient Record",
    "110101": "Audit Log Used",
    "110100": "Application Activity",
    "110113": "Security Alert",
}
# The kind of event, and what was done: C(reate), R(ead), U(pdate), D(elete) or E(xecute).
MEANS: dict[str, tuple[str, str]] = {
    Action.VIEW: ("110110", "R"),
    Action.LIST: ("110112", "E"),
    Action.SEARCH: ("110112", "E"),
    Action.PRINT: ("110110", "R"),
    Action.EXPORT: ("110106", "R"),
    Action.CHANGE: ("110110", "U"),
    Action.ERASE: ("110110", "D"),
    Action.LOOK_UP: ("110112", "E"),
    Action.SENT_ON: ("110100", "E"),
    Action.REFUSED: ("110113", "E"),
    Action.SIGN_IN: ("110114", "E"),
    Action.SIGN_OUT: ("110114", "E"),
    Action.SIGN_IN_FAILED: ("110114", "E"),
    Action.LOCKED_OUT: ("110113", "E"),
    Action.SECOND_FACTOR: ("110114", "E"),
    Action.VERIFY: ("110101", "E"),
    Action.CUT: ("110101", "D"),
    Action.SET_ASIDE: ("110113", "E"),
    Action.RESTORE: ("110100", "E"),
    Action.UNKNOWN: ("110113", "E"),
}
OUTCOMES: dict[str, str] = {Result.OK: "0", Result.REFUSED: "4", Result.FAILED: "8"}
IP_ADDRESS = "2"
SYSTEM_OBJECT = {"system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "2"}
OUR_ACTIONS = "urn:upright:audit-action"


def audit_event(entry: AuditEntry) -> dict:
    code, action = MEANS[entry.action]
    event = {
        "resourceType": "AuditEvent",
        "id": str(entry.seq),
        "type": {"system": DICOM, "code": code, "display": TYPES[code]},
        "subtype": [{"system": OUR_ACTIONS, "code": entry.action, "display": entry.get_action_display()}],
        "action": action,
        "recorded": entry.at.astimezone(datetime.UTC).isoformat(),
        "outcome": OUTCOMES[entry.outcome],
        "agent": [_agent(entry)],
        "source": {"observer": {"display": CLINIC.name}},
    }
    if entities := [*_requests(entry), *_page(entry)]:
        event["entity"] = entities
    return event


def _agent(entry: AuditEntry) -> dict:
    agent = {"requestor": True, "who": {"display": entry.username or entry.get_who_display()}}
    if entry.user_id is not None:
        agent["altId"] = str(entry.user_id)
    if entry.address:
        agent["network"] = {"address": entry.address, "type": IP_ADDRESS}
    return agent


def _requests(entry: AuditEntry) -> list[dict]:
    if entry.packed:
        detail = {
            "type": f"more than {MOST_IN_WORDS} numbers, as zlib-packed bits",
            "valueBase64Binary": entry.packed,
        }
        return [{"type": SYSTEM_OBJECT, "description": f"{entry.count} requests", "detail": [detail]}]
    return [
        {"type": SYSTEM_OBJECT, "what": {"reference": f"ServiceRequest/{number}"}} for number in entry.numbers.split()
    ]


def _page(entry: AuditEntry) -> list[dict]:
    facts = {"page": entry.page, "method": entry.method, "status": entry.status, "details": entry.details}
    details = [{"type": name, "valueString": str(value)} for name, value in facts.items() if value]
    return [{"type": SYSTEM_OBJECT, "description": "What was asked for", "detail": details}] if details else []

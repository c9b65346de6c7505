"""Takes in what was answered in another program, by the same rule and the same intake as our pages."""

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import translation

from appointments.intake.forms import VisitQuestionsForm
from appointments.intake.origin import Origin
from appointments.intake.submit import submit
from appointments.models import AppointmentRequest, Source
from common.operation_outcome import issue
from screening.pathways import OFFERED
from screening.questionnaire.assessment import Assessment, Emergency
from screening.questionnaire.definition import Pathway
from screening.questionnaire.journey import Journey
from screening.wording import can_be_said, say, say_line

from . import terms
from .contact import contact_in
from .questionnaire import PUBLISHED, answers_in, canonical_of, questionnaire_of, warning_in
from .response import Fault, values_in, where

LONGEST_IDENTIFIER = 200
CALL_THE_CLINIC = "What is different now has to be told to the clinic by phone."


@dataclass(frozen=True)
class Taken:
    """What came of a response: a request, or `issues` of an OperationOutcome that say why there is none."""

    status: int
    issues: list[dict]
    request: AppointmentRequest | None = None


def read(body: bytes) -> dict[str, Any]:
    """The resource. Raises ValueError for what is none, what says one thing twice, and text that nobody can store."""
    try:
        found = json.loads(body, object_pairs_hook=_each_once, parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(found, dict) or found.get("resourceType") != "QuestionnaireResponse":
        raise ValueError("not a QuestionnaireResponse")
    return found


def take(response: dict[str, Any], client: str) -> Taken:
    """Store the request that this response makes; the one of before if its identifier was sent before.

    A warning sign is answered first, whatever else there is to say, and then nothing is stored.
    """
    with translation.override("en"):
        warning = _warning_in(response)
        taken = _take(response, client, is_warned=bool(warning))
    return Taken(422, [*warning, *taken.issues]) if warning else taken


def _warning_in(response: dict[str, Any]) -> list[dict]:
    """By the pathway that it answers. What answers none that is offered is not taken, and so is read by every one."""
    named = _pathway_of(response)
    for pathway in [named] if named else [*OFFERED, *PUBLISHED.values()]:
        if found := warning_in(pathway, response.get("item")):
            return [_decided(pathway, found)]
    return []


def _pathway_of(response: dict[str, Any]) -> Pathway | None:
    return next((one for one in OFFERED if canonical_of(one) == response.get("questionnaire")), None)


def _take(response: dict[str, Any], client: str, *, is_warned: bool) -> Taken:
    journey_id = _journey_id(response.get("identifier"), client)
    if journey_id is None:
        words = "It needs an identifier with a value, by which we know it when it is sent again."
        return _refused([Fault("required", words, "QuestionnaireResponse.identifier")])
    sent = _digest(response)
    # Also when the questions have changed meanwhile.
    if before := AppointmentRequest.objects.filter(journey=journey_id).first():
        return _taken_before(before, sent)
    pathway = _pathway_of(response)
    if pathway is None:
        there_are = ", ".join(map(canonical_of, OFFERED))
        words = f"Only the present version of the questions is taken: {there_are}"
        return _refused([Fault("not-supported", words, "QuestionnaireResponse.questionnaire")])
    if faults := [*_not_taken(response)]:
        return _refused(faults)
    asked = questionnaire_of(pathway, is_signed=True)["item"]
    values = values_in(asked, response.get("item", []), faults)
    answers = answers_in(pathway, values, faults)
    journey = Journey(pathway, answers)
    if is_warned:
        return _refused(faults)
    if journey.stopped:
        return _refused(faults, [_decided(pathway, journey.stopped)])
    if faults:
        return _refused(faults)
    if not journey.assessment.outcome.offers_visit:
        return _refused([], [_decided(pathway, journey.assessment)])
    questions = VisitQuestionsForm.from_typed(values, pathway=pathway, for_someone_else=False)
    for key, errors in questions.errors.items():
        faults.append(Fault("required" if key not in values else "value", str(errors[0]), where(key)))
    contact = contact_in(pathway, values, faults)
    if contact is None:
        return _refused(faults)
    stored = submit(
        journey_id=journey_id,
        journey=journey,
        visit_answers=questions.cleaned_data,
        contact=contact,
        origin=Origin(source=Source.PROGRAM, referred_by=client, sent_digest=sent),
    )
    # Another may have been stored under the identifier at the same moment.
    if stored.sent_digest != sent:
        return _taken_before(stored, sent)
    return Taken(201, [_stored(stored, "A visit is asked for.")], stored)


def _taken_before(request: AppointmentRequest, sent: str) -> Taken:
    """Of requests that an earlier version stored no digest is known, and what is sent again is taken for the same."""
    if request.sent_digest in ("", sent):
        return Taken(200, [_stored(request, "Sent before, and stored then. Nothing was changed.")], request)
    words = f"Request {request} was stored under this identifier with other items or another status, and not changed."
    return Taken(409, [issue("conflict", f"{words} {CALL_THE_CLINIC}")])


def _digest(response: dict[str, Any]) -> str:
    """Of what is taken from it, however it is written down."""
    taken = [response.get("status"), response.get("item")]
    return hashlib.sha256(json.dumps(taken, sort_keys=True).encode()).hexdigest()


def _not_taken(response: dict[str, Any]) -> Iterator[Fault]:
    if response.get("status") != "completed":
        yield Fault("business-rule", "Only what is completed is taken.", "QuestionnaireResponse.status")
    if "modifierExtension" in response or "implicitRules" in response:
        yield Fault("not-supported", "We know no modifier extensions and no implicit rules.")


def _journey_id(identifier: Any, client: str) -> UUID | None:
    """The same whenever this client sends it, and no other client's; None if it is no identifier."""
    if not isinstance(identifier, dict):
        return None
    system, value = identifier.get("system", ""), identifier.get("value")
    if not value or not all(isinstance(one, str) and len(one) <= LONGEST_IDENTIFIER for one in (system, value)):
        return None
    named = json.dumps([client, system, value])
    return uuid.uuid5(uuid.NAMESPACE_URL, terms.address(f"QuestionnaireResponse/{named}"))


def _refused(faults: list[Fault], first: list[dict] | None = None) -> Taken:
    return Taken(422, [*(first or []), *(issue(one.code, one.words, one.expression) for one in faults)])


def _decided(pathway: Pathway, assessment: Assessment) -> dict:
    """What the pathway says to whoever is offered no visit, with the code of the outcome."""
    return {
        "severity": "error",
        "code": "business-rule",
        "details": _outcome(pathway.version, assessment.outcome.key, say_line(assessment.heading)),
        "diagnostics": " ".join(_words(assessment)),
    }


def _words(assessment: Assessment) -> Iterator[str]:
    yield say_line(assessment.meaning)
    yield from map(say_line, (*assessment.notes, *assessment.next_step))
    if isinstance(assessment.outcome, Emergency):
        for paragraph in assessment.outcome.body:
            if can_be_said(paragraph.text):
                yield from (say(words) for words in (paragraph.lead_in, paragraph.text, *paragraph.items) if words)


def _stored(request: AppointmentRequest, words: str) -> dict:
    outcome = request.asked.outcome(request.outcome)
    return {
        "severity": "information",
        "code": "informational",
        "details": _outcome(request.pathway_version, request.outcome, outcome.title if outcome else request.outcome),
        "diagnostics": f"{words} The reference is {request}.",
    }


def _outcome(version: str, key: str, title: str) -> dict:
    return {"coding": [{"system": terms.system("outcome"), "version": version, "code": key}], "text": title}


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")

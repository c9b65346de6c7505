"""Takes in a request for a visit: one row for one journey, however often it is sent, and at once too."""

from uuid import UUID

from django.utils import timezone

from screening.pathway import PATHWAY
from screening.questionnaire.conditions import Answers
from screening.questionnaire.journey import Journey
from screening.wording import english_line

from . import reference
from .models import AppointmentRequest

REFERENCES_TO_TRY = 5


class NoVisitOffered(ValueError):
    """The answers do not lead to an outcome that offers a visit."""


def submit(
    *, journey_id: UUID, journey: Journey, visit_answers: Answers, doubts: str = "", **contact
) -> AppointmentRequest:
    """Store the request and return it; if this journey was sent before, return what was stored then, unchanged.

    The outcome is worked out here, from the answers. `contact` are the fields of AppointmentRequest that the patient
    fills in. An open request of the same person is linked. Costs three statements. Raises NoVisitOffered.
    """
    if not journey.is_complete or not journey.assessment.outcome.offers_visit:
        raise NoVisitOffered
    assessment = journey.assessment
    answers = {**journey.relevant_answers, **visit_answers}
    same_person = {"date_of_birth": contact["date_of_birth"], "phone": contact["phone"]}
    earlier = (
        AppointmentRequest.objects.open().filter(**same_person).exclude(journey=journey_id).order_by("pk").last()
    )
    facts = {
        "earlier": earlier,
        "doubts": doubts,
        "created_at": timezone.now(),
        "pathway_version": PATHWAY.version,
        "outcome": assessment.outcome.key,
        "priority": PATHWAY.priority(assessment.outcome, answers).key,
        "is_recent_pain": bool(PATHWAY.sooner_within_priority.holds(answers)),
        "flags": [flag.key for flag in PATHWAY.flags_raised(answers)],
        "answers": answers,
        "findings": [
            {
                "criterion": finding.criterion.key,
                "verdict": finding.verdict,
                "title": finding.criterion.title,
                "explanation": english_line(finding.explanation),
            }
            for finding in assessment.findings
        ],
    }
    for _ in range(REFERENCES_TO_TRY):
        # A conflict is expected and must not become an error: PostgreSQL would write the whole row to its log.
        row = AppointmentRequest(journey=journey_id, reference=reference.new(), **facts, **contact)
        AppointmentRequest.objects.bulk_create([row], ignore_conflicts=True)
        if stored := AppointmentRequest.objects.filter(journey=journey_id).first():
            return stored
    raise RuntimeError("the request could not be stored: every reference drawn was taken, or a rule refused it")

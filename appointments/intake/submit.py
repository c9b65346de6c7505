"""Takes in a request for a visit: one row for one journey, however often it is sent, and at once too."""

from dataclasses import asdict
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

import audit
from audit.models import AuditEntry
from common.client_address import counted_by
from screening.questionnaire.conditions import Answers
from screening.questionnaire.definition import Pathway
from screening.questionnaire.journey import Journey
from screening.signed_text import fingerprint
from screening.wording import english_line

from .. import rate_limit, reference
from ..calendar.calling_hours import zone_of
from ..calendar.opening_hours import BusinessHours
from ..lifecycle import announce, duplicates
from ..models import AppointmentRequest, KnownNetwork, NurseCheck, Records
from ..search import text_to_search
from .contact import Contact
from .origin import Origin

REFERENCES_TO_TRY = 5
# More within an hour are marked for staff to look at, and far more, which no family and no care home sends, are not
# taken. Networks that the clinic knows may send any number.
MOST_FROM_ONE_ADDRESS = 10
MOST_TAKEN_FROM_ONE_ADDRESS = 100
AN_HOUR = 60 * 60


class NoVisitOffered(ValueError):
    """The answers do not lead to an outcome that offers a visit."""


class TooManyFromOneAddress(Exception):
    """Nothing was stored."""


# Of somebody who answered on the public pages.
FROM_THE_WEB = Origin()


def submit(
    *,
    journey_id: UUID,
    journey: Journey,
    visit_answers: Answers,
    contact: Contact,
    origin: Origin = FROM_THE_WEB,
    doubts: str = "",
    sent_from: str | None = None,
) -> AppointmentRequest:
    """Store the request and return it; if this journey was sent before, return what was stored then, unchanged.

    The outcome is worked out here, from the answers. An open request of the same person is linked, and those that may
    be of the same person are remembered. What is stored is counted by `sent_from`, the address of the visitor, if
    there is one, and what staff take is audited, once. Costs five statements, one more if there are such, and one for
    what is to be told. Raises NoVisitOffered and TooManyFromOneAddress.
    """
    if not journey.is_complete or not journey.assessment.outcome.offers_visit:
        raise NoVisitOffered
    pathway, assessment = journey.pathway, journey.assessment
    answers = answers_kept(journey, visit_answers)
    earlier = asked_before(contact, journey_id, pathway).only("pk").first()
    created_at = timezone.now()
    priority = pathway.priority(assessment.outcome, answers)
    hours = BusinessHours.of_the_clinic()
    flags = sorted(flag.key for flag in pathway.flags_raised(answers))
    facts = {
        "source": origin.source,
        "referred_by": origin.referred_by,
        "taken_by": origin.taken_by,
        "sent_digest": origin.sent_digest,
        "earlier": earlier,
        "doubts": doubts,
        "look_by": hours.end_of_next_day(created_at),
        "created_at": created_at,
        "due_at": hours.end_of_day(created_at, business_days=priority.business_days),
        "time_zone": zone_of(contact.phone),
        "nurse_check": NurseCheck.NEEDED if flags else NurseCheck.NOT_NEEDED,
        # Pictures that were taken elsewhere have to come here.
        "records": Records.NEEDED if pathway.records_elsewhere.holds(answers) else Records.NOT_NEEDED,
        "pathway": pathway.key,
        "pathway_version": pathway.version,
        "pathway_fingerprint": fingerprint(pathway.key),
        "outcome": assessment.outcome.key,
        "priority": priority.key,
        "is_recent_pain": bool(pathway.sooner_within_priority.holds(answers)),
        "flags": flags,
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
        new = reference.new()
        row = AppointmentRequest(
            journey=journey_id,
            reference=new,
            search_text=text_to_search(
                name=contact.name,
                filled_in_by=contact.filled_in_by,
                phone=contact.phone,
                phone_note=contact.phone_note,
                patient_phone=contact.patient_phone,
                email=contact.email,
                reference=new,
            ),
            **facts,
            **asdict(contact),
        )
        if stored := _store(row, sent_from):
            # After the transaction: of two that are sent at once, one at least sees the other. And each time it is
            # sent: the database may have gone after the first time had stored it.
            duplicates.look_for(stored)
            return stored
    raise RuntimeError("the request could not be stored: every reference drawn was taken, or a rule refused it")


def answers_kept(journey: Journey, visit_answers: Answers) -> Answers:
    """Those that count, with those to the questions about the visit."""
    return {**journey.relevant_answers, **visit_answers}


def is_as_stored(stored: AppointmentRequest, answers: Answers, contact: Contact, origin: Origin) -> bool:
    """Whether the request still says what is sent, whoever takes it."""
    sent = {**asdict(contact), "answers": answers, "source": origin.source, "referred_by": origin.referred_by}
    return all(getattr(stored, name) == value for name, value in sent.items())


def asked_before(contact: Contact, journey_id: UUID, pathway: Pathway) -> QuerySet[AppointmentRequest]:
    """The open requests of the same person about the same that came of another journey, the newest first."""
    same = {"date_of_birth": contact.date_of_birth, "phone": contact.phone, "pathway": pathway.key}
    return AppointmentRequest.objects.open().filter(**same).exclude(journey=journey_id).order_by("-pk")


@audit.atomic()
def _store(row: AppointmentRequest, sent_from: str | None) -> AppointmentRequest | None:
    """The request of this journey, the new one or that of before; None if its reference belongs to another."""
    AppointmentRequest.objects.bulk_create([row], ignore_conflicts=True)
    # To lock is to write: the commit waits for a standby, also where a standby may lack what was stored before.
    # Not `first()`, which would have the one row sorted, and names every column for that.
    of_this_journey = AppointmentRequest.objects.select_for_update(no_key=True).filter(journey=row.journey)
    stored = next(iter(of_this_journey), None)
    if stored and stored.reference == row.reference:
        if sent_from is not None and (doubt := _doubt_of_many_from(sent_from)):
            stored.doubts = ", ".join(filter(None, [stored.doubts, doubt]))
            stored.save(update_fields=["doubts"])
        announce.store([announce.ARRIVAL], stored)
        if row.taken_by:
            details = f"asked for a visit, by {row.source}"
            audit.record(AuditEntry.Action.CHANGE, by=row.taken_by, requests=[stored], details=details)
    return stored


def _doubt_of_many_from(address: str) -> str:
    """Count one more that is stored, with it or not at all: who tries and is not taken is not counted."""
    counted = counted_by(address)
    number = rate_limit.count("sent", counted, seconds=AN_HOUR)
    if number <= MOST_FROM_ONE_ADDRESS or KnownNetwork.has(address):
        return ""
    if counted and number > MOST_TAKEN_FROM_ONE_ADDRESS:
        raise TooManyFromOneAddress
    return "many requests from one address"

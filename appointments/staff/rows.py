"""A request in the words that staff read."""

from dataclasses import asdict
from functools import lru_cache

import phonenumbers
from django.conf import settings
from django.utils import translation

from common.clinic import CLINIC
from common.languages import language_or_english
from screening.questionnaire.journey import Journey

from ..fields import call_times_in_words
from ..models import AppointmentRequest


def language_of(visit_request: AppointmentRequest) -> str:
    return visit_request.other_language or visit_request.get_language_display()


@lru_cache(maxsize=10_000)
def area_of(phone: str) -> str:
    """The city, state or country that the number belongs to, like New York, NY; empty if none is known."""
    # Loaded when it is first needed: the names of all areas of the world take a second, and 100 MB.
    from phonenumbers.geocoder import description_for_number

    return description_for_number(phonenumbers.parse(phone, settings.PHONE_REGION), "en")


def flags_of(visit_request: AppointmentRequest) -> list:
    """In the words of the version that raised them."""
    flags = visit_request.asked.flags
    return [flag for flag in flags if flag.key in visit_request.flags]


def heading_of(visit_request: AppointmentRequest) -> str:
    """What the patient read above their result, in English."""
    pathway = visit_request.asked
    journey = Journey(pathway, visit_request.answers)
    if journey.is_complete and journey.assessment.outcome.key == visit_request.outcome:
        return journey.assessment.heading.text
    outcome = pathway.outcome(visit_request.outcome)
    return outcome.title if outcome else ""


def call_times_of(visit_request: AppointmentRequest) -> list[str]:
    return call_times_in_words(visit_request.call_times)


def answers_in_words(visit_request: AppointmentRequest) -> list[tuple[str, str]]:
    """What was answered, in the words that were shown then, or as stored where nobody knows those any more."""
    pathway = visit_request.asked
    questions = {question.key: question for question in (*pathway.questions, *pathway.visit_questions)}
    rows = []
    for key, answer in visit_request.answers.items():
        question = questions.get(key)
        labels = question.in_words(visit_request.answers, str) if question else []
        stored = answer if isinstance(answer, str) else ", ".join(answer)
        rows.append((question.name if question else key, ", ".join(labels) or stored))
    return rows


def say_first(visit_request: AppointmentRequest, own_name: str = "") -> dict[str, str]:
    """What to say on the phone before what it is about, in their language to those who need no interpreter for it."""
    spoken = language_or_english("" if visit_request.needs_interpreter else visit_request.language)
    with translation.override(spoken.code):
        names = {
            "own": own_name or "…",
            "clinic": CLINIC.name,
            "whom": visit_request.whom_to_ask_for,
            "phone": CLINIC.phone,
        }
    return {"language": spoken.code} | {part: words.format(**names) for part, words in asdict(spoken.script).items()}

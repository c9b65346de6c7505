"""A request in the words that staff read."""

from dataclasses import asdict

from common.clinic import CLINIC
from common.languages import language_or_english
from screening.pathways import PATHWAY

from ..fields import CALL_TIMES
from ..models import AppointmentRequest


def language_of(visit_request: AppointmentRequest) -> str:
    return visit_request.other_language or visit_request.get_language_display()


def flags_of(visit_request: AppointmentRequest) -> list:
    return [flag for flag in PATHWAY.flags if flag.key in visit_request.flags]


def call_times_of(visit_request: AppointmentRequest) -> list[str]:
    return [str(label) for value, label in CALL_TIMES if value in visit_request.call_times]


def answers_in_words(visit_request: AppointmentRequest) -> list[tuple[str, str]]:
    """What was answered, in the words of today's pathway, or as stored where those no longer know it."""
    questions = {question.key: question for question in (*PATHWAY.questions, *PATHWAY.visit_questions)}
    rows = []
    for key, answer in visit_request.answers.items():
        question = questions.get(key)
        labels = [option.label for option in question.chosen(visit_request.answers)] if question else []
        stored = answer if isinstance(answer, str) else ", ".join(answer)
        rows.append((question.name if question else key, ", ".join(labels) or stored))
    return rows


def say_first(visit_request: AppointmentRequest, own_name: str = "") -> dict[str, str]:
    """What to say on the phone before what it is about, in their language to those who need no interpreter for it."""
    spoken = language_or_english("" if visit_request.needs_interpreter else visit_request.language)
    names = {
        "own": own_name or "…",
        "clinic": CLINIC.name,
        "whom": visit_request.filled_in_by or visit_request.name,
        "phone": CLINIC.phone,
    }
    return {"language": spoken.code} | {part: words.format(**names) for part, words in asdict(spoken.script).items()}

"""One request in plain clinical words, to copy into the record by hand."""

from collections.abc import Iterator

from django.utils import timezone

from appointments.models import AppointmentRequest
from screening.questionnaire.journey import Journey


def words_for_the_record(request: AppointmentRequest) -> str:
    return "\n".join(_lines(request))


def _lines(request: AppointmentRequest) -> Iterator[str]:
    pathway = request.asked
    journey = Journey(pathway, request.answers)
    yield f"{request.name}, born {request.date_of_birth:%Y-%m-%d}. Request {request}."
    yield (
        f"Screening, {pathway.name}, {timezone.localtime(request.created_at):%Y-%m-%d %H:%M}, "
        f"by: {request.came_by}. Patient-reported, not confirmed."
    )
    if request.filled_in_by:
        yield f"Answered by {request.filled_in_by} ({request.relationship or 'relationship not said'})."
    yield f"Priority {request.priority}. Phone {request.phone_shown}."
    yield ""
    yield "CRITERIA"
    said = {one.criterion.key: one.label for one in journey.assessment.findings} if journey.is_complete else {}
    for finding in request.findings:
        yield f"- {finding['title']}: {said.get(finding['criterion'], finding['verdict'].replace('_', ' '))}"
    if flags := [flag.clinical_name() for flag in pathway.flags if flag.key in request.flags]:
        yield ""
        yield "TO CONSIDER"
        yield from (f"- {flag}" for flag in flags)
    yield ""
    yield "ANSWERS"
    for question in (*pathway.questions, *pathway.visit_questions):
        if words := question.in_words(request.answers, str):
            yield f"- {question.name}: {'; '.join(words)}"
    if visit := request.appointment:
        yield ""
        yield f"VISIT: {visit}{f' ({visit.kind})' if visit.kind else ''}"
    yield ""
    yield f"Rules: version {request.pathway_version}. No diagnosis."

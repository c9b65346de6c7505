"""Makes rows without the way through the public pages, for tests that are about what becomes of them."""

import uuid

from django.http import QueryDict

from appointments.intake.contact import Contact
from appointments.intake.forms import CallForm, ConsentForm, VisitQuestionsForm, WhoForm, contact_of
from appointments.intake.submit import submit
from appointments.models import AppointmentRequest
from screening.forms import AnswersForm
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.journey import Journey
from tests.walk import CALL, CHECK, FIELDS, HELPER, TEXTBOOK, VISIT_ANSWERS, WHO


def a_request(*, doubts: str = "", **changes) -> AppointmentRequest:
    """Store the request of somebody who typed what tests/walk.py says, but for these changes, and give it.

    The forms and the intake are the product's own, so the row is the one that the pages would have made; only what a
    page adds that has looked at the visitor, the doubts, is said here. Nobody doubts it if nothing is said.
    """
    what = repr(sorted(changes.items()))
    if what not in entered_before:
        entered_before[what] = _entered(changes)
    journey, visit_answers, contact = entered_before[what]
    return submit(
        journey_id=uuid.uuid4(), journey=journey, visit_answers=visit_answers, contact=contact, doubts=doubts
    )


# What the forms gave, by what was typed.
entered_before: dict[str, tuple[Journey, dict, Contact]] = {}


def _entered(changes: dict) -> tuple[Journey, dict, Contact]:
    journey = _answered({**TEXTBOOK, **changes})
    is_helper = "filled_in_by" in changes
    typed = {**VISIT_ANSWERS, **WHO, **(HELPER if is_helper else {}), **CALL, **CHECK, **changes}
    forms = {"questions": VisitQuestionsForm, "who": WhoForm, "call": CallForm, "check": ConsentForm}
    questions, who, call, consent = (
        _valid(
            form(
                _typed({name: typed[name] for name in FIELDS[key] & typed.keys()}),
                pathway=journey.pathway,
                for_someone_else=is_helper,
            )
        )
        for key, form in forms.items()
    )
    return journey, questions.cleaned_data, contact_of(who, call, consent)


def _answered(answers: dict) -> Journey:
    """The journey after these answers to the pages that are shown, each cleaned by its own form."""
    journey = Journey(PATHWAY, {})
    while page := journey.next_page:
        keys = [question.key for question in page.questions if question.key in answers]
        journey = journey.with_answers(
            _valid(AnswersForm(journey, page, _typed({key: answers[key] for key in keys}))).cleaned_data
        )
    return journey


def _typed(values: dict) -> QueryDict:
    """As a browser sends it."""
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list | tuple) else [value])
    return data


def _valid(form):
    # A mistake in a test must not become a row that is not what the test says, or an error far from it.
    assert form.is_valid(), form.errors
    return form

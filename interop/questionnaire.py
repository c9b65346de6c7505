"""The pathway as a Questionnaire, and answers to it as the items of a QuestionnaireResponse, there and back.

Worked out from the pathway; one that cannot be expressed fails when this is imported.
"""

from collections.abc import Collection
from itertools import chain, product
from typing import Any

from screening.pathways import OFFERED, PATHWAYS, versions
from screening.questionnaire.assessment import Assessment
from screening.questionnaire.conditions import ALWAYS, Answer, Answers
from screening.questionnaire.definition import Pathway
from screening.questionnaire.journey import Journey
from screening.questionnaire.questions import InvalidAnswer, Menu, Question, Text
from screening.wording import say

from . import terms
from .contact import contact_items
from .enabling import EnableWhen, enabling_of
from .response import Fault, Values, codings_in, where

# The scale of pain that hospitals know: "Pain severity - 0-10 verbal numeric rating".
LOINC_CODES = {"pain": "72514-3"}


def id_of(pathway: Pathway) -> str:
    return f"{pathway.key.replace('_', '-')}-{pathway.version}"


def _url(key: str) -> str:
    return terms.address(f"Questionnaire/{key.replace('_', '-')}")


# Every version of every pathway, by their ids, the newest of each first.
PUBLISHED = {id_of(one): one for key in PATHWAYS for one in reversed(versions(key).values())}
ENABLING = {key: enabling_of(pathway) for key, pathway in PUBLISHED.items()}


def canonical_of(pathway: Pathway) -> str:
    return canonical(pathway.key, pathway.version)


def canonical(key: str, version: str) -> str:
    """Also of a pathway that there is no more."""
    return f"{_url(key)}|{version}"


def questionnaire_of(pathway: Pathway, *, is_signed: bool) -> dict:
    """In English, which is what is signed. The rule itself is ours, and in no questionnaire.

    What this site offers goes on with what it takes to ask for a visit; the rest is retired.
    """
    is_offered = pathway in OFFERED
    items = [_item(pathway, question) for question in _questions(pathway)]
    return {
        "resourceType": "Questionnaire",
        "id": id_of(pathway),
        "extension": [
            {
                "url": terms.VERSION_ALGORITHM,
                "valueCoding": {"system": "http://hl7.org/fhir/version-algorithm", "code": "natural"},
            }
        ],
        "url": _url(pathway.key),
        "version": pathway.version,
        "name": pathway.key.title().replace("_", ""),
        "title": pathway.title,
        "status": ("active" if is_signed else "draft") if is_offered else "retired",
        "experimental": is_offered and not is_signed,
        "subjectType": ["Patient"],
        "language": "en",
        "item": items + (contact_items(pathway, _enabling_of_a_visit(pathway)) if is_offered else []),
    }


def items_of(pathway: Pathway, answers: Answers) -> list[dict]:
    """Of what was answered; what was not asked, and what was left open, has none."""
    items = []
    for question in _questions(pathway):
        answer = answers.get(question.key)
        if answer and question.accepts(answer):
            values = [answer] if isinstance(answer, str) else answer
            answered = [_value(pathway, question, value) for value in values]
            items.append({"linkId": question.key, "text": _text(pathway, question), "answer": answered})
    return items


def bare_items_of(answers: Answers) -> list[dict]:
    """Of a pathway that nobody knows any more: what was stored, without the words of another."""
    given = {key: [answer] if isinstance(answer, str) else answer for key, answer in answers.items() if answer}
    return [{"linkId": key, "answer": [{"valueString": value} for value in values]} for key, values in given.items()]


def answers_in(pathway: Pathway, values: Values, faults: list[Fault]) -> dict[str, Answer]:
    """The answers that these values give by the rules of the pathway. What it refuses is added to `faults`.

    What may be left open, and was asked and is not answered, was left open. What is asked with a visit request only
    may be missing: there may be none.
    """
    answers: dict[str, Answer] = {}
    for question in _questions(pathway):
        try:
            if given := values.get(question.key):
                answers[question.key] = question.parse(given)
            elif question.optional and question.ask_if.holds(answers):
                answers[question.key] = ""
        except InvalidAnswer as wrong:
            faults.append(Fault("value", say(str(wrong)), where(question.key)))
    # What is asked next depends on answers that nobody knows as long as there is one missing or wrong.
    if faults:
        return answers
    journey = Journey(pathway, answers)
    if page := journey.next_page:
        missing = [one for one in journey.questions_on(page) if one.key not in journey.relevant_answers]
        faults += [Fault("required", "This is asked and has no answer.", where(one.key)) for one in missing]
        return answers
    is_asked = {question.key for question in journey.asked}
    is_asked |= {one.key for one in pathway.visit_questions if one.ask_if.holds(answers) and not journey.stopped}
    for key in answers.keys() - is_asked:
        if answers[key]:
            faults.append(Fault("business-rule", "This is not asked after the other answers.", where(key)))
    return {key: answer for key, answer in answers.items() if key in is_asked}


def warning_in(pathway: Pathway, items: Any) -> Assessment | None:
    """What ends the check at once, by an answer that stands anywhere in these items; they need not be valid."""
    given = {*codings_in(items)}
    asked = [question for question in pathway.questions if question.key in pathway.emergency_questions]
    ways = [dict(chain(*way)) for way in product(*(_ways_to_read(question, given) for question in asked))]
    stops = (pathway.stop(answers) for rule in pathway.stops for answers in ways if rule.when.holds(answers))
    return next(stops, None)


def _ways_to_read(question: Question, given: Collection[tuple[str, str]]) -> list[list[tuple[str, Answer]]]:
    """The question with its answer: with each, if it has several and takes one; nothing, if it has none."""
    values = [one.value for one in question.options if (terms.system(question.key), one.value) in given]
    if question.takes_several:
        return [[(question.key, values)]]
    return [[(question.key, value)] for value in values] or [[]]


def _questions(pathway: Pathway) -> tuple[Question, ...]:
    return (*pathway.questions, *pathway.visit_questions)


def _item(pathway: Pathway, question: Question) -> dict:
    item: dict[str, Any] = {"linkId": question.key, "text": _text(pathway, question)}
    if question.key in LOINC_CODES:
        item["code"] = [{"system": terms.LOINC, "code": LOINC_CODES[question.key]}]
    if isinstance(question, Text):
        item |= {"type": "string", "maxLength": question.longest}
    else:
        options = [_option(pathway, question, option.value) for option in question.options]
        item |= {"type": "choice", "answerOption": options}
    # Those that go with a visit request are asked of whoever makes one, and of nobody else.
    item["required"] = not question.optional and question not in pathway.visit_questions
    if question.takes_several:
        item["repeats"] = True
    if question.options and not isinstance(question, Menu):
        # All that can be answered is read before one answers.
        item |= terms.control("check-box" if question.takes_several else "radio-button")
    if question.hint:
        hint = {"linkId": f"{question.key}.hint", "type": "display", "text": question.hint}
        item["item"] = [hint | terms.control("help")]
    return item | _enable_when(pathway, ENABLING[id_of(pathway)][question.key])


def _enabling_of_a_visit(pathway: Pathway) -> dict:
    """As of what everybody is asked who asks for one."""
    asked = next((question for question in pathway.visit_questions if question.ask_if is ALWAYS), None)
    return _enable_when(pathway, ENABLING[id_of(pathway)][asked.key] if asked else None)


def _text(pathway: Pathway, question: Question) -> str:
    page = next((page for page in pathway.pages if question in page.questions), None)
    return f"{page.text} {question.text}" if page and page.text != question.text else question.text


def _option(pathway: Pathway, question: Question, value: str) -> dict:
    option = next(option for option in question.options if option.value == value)
    shown = {"valueCoding": _coding(pathway, question, value)}
    return {"extension": [{"url": terms.OPTION_EXCLUSIVE, "valueBoolean": True}], **shown} if option.alone else shown


def _value(pathway: Pathway, question: Question, value: str) -> dict:
    if isinstance(question, Text):
        return {"valueString": value}
    return {"valueCoding": _coding(pathway, question, value)}


def _coding(pathway: Pathway, question: Question, value: str) -> dict:
    label = next(option.label for option in question.options if option.value == value)
    return {**_code(pathway, question, value), "display": label}


def _code(pathway: Pathway, question: Question, value: str) -> dict:
    """With the version, because in another the same code may stand for other words."""
    return {"system": terms.system(question.key), "version": pathway.version, "code": value}


def _enable_when(pathway: Pathway, enabling: EnableWhen | None) -> dict:
    if enabling is None:
        return {}
    compared = [
        {
            "question": one.question.key,
            "operator": one.operator,
            **(
                {"answerBoolean": True}
                if one.operator == "exists"
                else {"answerCoding": _code(pathway, one.question, one.value)}
            ),
        }
        for one in enabling.comparisons
    ]
    # To say how several are taken together where there is one is a fault.
    return {"enableWhen": compared} | ({"enableBehavior": enabling.behavior} if len(compared) > 1 else {})

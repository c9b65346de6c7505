"""Works out by which `enableWhen` FHIR asks a question when we do, by trying all answers; refuses what does not fit.

FHIR compares single answers, and takes all of the comparisons or any. So a condition is looked for that is one or the
other, and is right for every set of answers that can be given, a question that was not asked included.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import Any

from screening.questionnaire.conditions import ALWAYS, Answers, Condition
from screening.questionnaire.definition import Pathway
from screening.questionnaire.questions import Checkboxes, Question


class Inexpressible(ValueError):
    """FHIR cannot ask this question when the pathway does. The message says which."""


@dataclass(frozen=True)
class Comparison:
    """Of the answers to one question: one of them is `value`, or none is (`!=`), or there is one (`exists`)."""

    question: Question
    operator: str
    value: str = ""

    def holds(self, answers: Answers) -> bool:
        given = answers.get(self.question.key, ())
        given = [given] if isinstance(given, str) else given
        if self.operator == "exists":
            return bool(given)
        return (self.value in given) is (self.operator == "=")


@dataclass(frozen=True)
class EnableWhen:
    behavior: str
    comparisons: tuple[Comparison, ...]


def enabling_of(pathway: Pathway) -> dict[str, EnableWhen | None]:
    """For each question of the pathway by its key; None where it is always asked. Raises Inexpressible."""
    questions = {question.key: question for question in (*pathway.questions, *pathway.visit_questions)}
    found: dict[str, EnableWhen | None] = {}
    asked_before: set[str] = set()
    for page in pathway.pages:
        for question in page.questions:
            found[question.key] = _enabling(pathway, question, questions, asked_before)
        asked_before |= {question.key for question in page.questions}
    for question in pathway.visit_questions:
        found[question.key] = _enabling(pathway, question, questions, asked_before)
    return found


def _enabling(
    pathway: Pathway, question: Question, questions: dict[str, Question], asked_before: set[str]
) -> EnableWhen | None:
    # A stop ends the check behind the page on which it is answered.
    stops = [rule.when for rule in pathway.stops if rule.when.about <= asked_before]
    read_by_stops = [questions[key] for key in sorted(set().union(*(stop.about for stop in stops)))]
    goes_on = _all_of(read_by_stops, lambda answers: not any(stop.holds(answers) for stop in stops), question)
    if question.ask_if is ALWAYS:
        return EnableWhen("all", goes_on) if goes_on else None
    read = [questions[key] for key in sorted(question.ask_if.about)]
    if (comparisons := _fitting_all(read, question.ask_if)) is not None:
        return EnableWhen("all", (*goes_on, *comparisons))
    any_of = _fitting_any(read, question.ask_if)
    # What they read was asked, and so nothing had stopped the check.
    if any_of is not None and not {one.question for one in any_of} & {*read_by_stops}:
        return EnableWhen("any", any_of)
    raise Inexpressible(f"FHIR cannot express when {question.key} is asked")


def _all_of(read: Sequence[Question], holds: Callable[[Answers], bool], of: Question) -> tuple[Comparison, ...]:
    if not read:
        return ()
    comparisons = _fitting_all(read, Condition(frozenset(), holds, str))
    if comparisons is None:
        raise Inexpressible(f"FHIR cannot express what stops the check before {of.key}")
    return comparisons


def _fitting_all(read: Sequence[Question], condition: Condition) -> tuple[Comparison, ...] | None:
    """The fewest comparisons, none of which can be left out, that together hold when the condition does."""
    ways = [(answers, bool(condition.holds(answers))) for answers in _ways_to_answer(read)]
    # Whatever is true each time it holds; if these are not enough, no others are.
    needed = [one for one in _comparisons(read) if all(one.holds(answers) for answers, held in ways if held)]

    def fits(chosen: Sequence[Comparison]) -> bool:
        return all(all(one.holds(answers) for one in chosen) is held for answers, held in ways)

    return _fewest(needed, fits)


def _fitting_any(read: Sequence[Question], condition: Condition) -> tuple[Comparison, ...] | None:
    ways = [(answers, bool(condition.holds(answers))) for answers in _ways_to_answer(read)]
    equal = [one for one in _comparisons(read) if one.operator == "="]
    enough = [one for one in equal if not any(one.holds(answers) for answers, held in ways if not held)]

    def fits(chosen: Sequence[Comparison]) -> bool:
        return all(any(one.holds(answers) for one in chosen) is held for answers, held in ways)

    return _fewest(enough, fits)


def _fewest(
    comparisons: Sequence[Comparison], fits: Callable[[Sequence[Comparison]], bool]
) -> tuple[Comparison, ...] | None:
    if not fits(comparisons):
        return None
    kept = [*comparisons]
    for one in comparisons:
        without = [other for other in kept if other is not one]
        if fits(without):
            kept = without
    return tuple(kept)


def _comparisons(read: Sequence[Question]) -> Iterator[Comparison]:
    """Those first that are left out first, so that the plainest stay."""
    for question in read:
        for option in question.options:
            yield Comparison(question, "!=", option.value)
    for question in read:
        yield Comparison(question, "exists")
        for option in question.options:
            yield Comparison(question, "=", option.value)


def _ways_to_answer(read: Sequence[Question]) -> Iterator[Answers]:
    for answers in product(*map(_answers_to, read)):
        yield {question.key: answer for question, answer in zip(read, answers, strict=True) if answer is not None}


def _answers_to(question: Question) -> list[Any]:
    """Everything that can be answered, and None for a question that was not asked."""
    if not question.options:
        raise Inexpressible(f"a condition reads {question.key}, which has no options")
    values = [option.value for option in question.options]
    if not isinstance(question, Checkboxes):
        return [None, *values]
    together = [option.value for option in question.options if not option.alone]
    several = chain.from_iterable(combinations(together, size) for size in range(1, len(together) + 1))
    return [None, *([option.value] for option in question.options if option.alone), *map(list, several)]

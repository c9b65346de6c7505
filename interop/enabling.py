"""Works out by which `enableWhen` FHIR asks a question when we do, by trying all answers; refuses what does not fit.

FHIR compares single answers, and takes all of the comparisons or any. So a condition is looked for that is one or the
other, and is right for every set of answers that can be given, a question that was not asked included.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain, combinations, product
from operator import and_, or_
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
    going_on: dict[tuple[Condition, ...], tuple[Comparison, ...]] = {(): ()}
    for asked_together in (*(page.questions for page in pathway.pages), pathway.visit_questions):
        # A stop ends the check behind the page on which it is answered.
        stops = tuple(rule.when for rule in pathway.stops if rule.when.about <= asked_before)
        if stops not in going_on:
            going_on[stops] = _going_on(stops, questions)
        for question in asked_together:
            found[question.key] = _enabling(question, questions, going_on[stops])
        asked_before |= {question.key for question in asked_together}
    return found


def _going_on(stops: Sequence[Condition], questions: dict[str, Question]) -> tuple[Comparison, ...]:
    about = frozenset[str]().union(*(stop.about for stop in stops))
    no_stop = Condition(about, lambda answers: not any(stop.holds(answers) for stop in stops), str)
    comparisons = _fitting_all([questions[key] for key in sorted(about)], no_stop)
    if comparisons is None:
        raise Inexpressible(f"FHIR cannot express what of {', '.join(sorted(about))} ends the check")
    return comparisons


def _enabling(
    question: Question, questions: dict[str, Question], goes_on: tuple[Comparison, ...]
) -> EnableWhen | None:
    if question.ask_if is ALWAYS:
        return EnableWhen("all", goes_on) if goes_on else None
    read = [questions[key] for key in sorted(question.ask_if.about)]
    if (comparisons := _fitting_all(read, question.ask_if)) is not None:
        return EnableWhen("all", (*goes_on, *comparisons))
    any_of = _fitting_any(read, question.ask_if)
    # What they read was asked, and so nothing had stopped the check.
    if any_of is not None and not {one.question for one in any_of} & {one.question for one in goes_on}:
        return EnableWhen("any", any_of)
    raise Inexpressible(f"FHIR cannot express when {question.key} is asked")


def _fitting_all(read: Sequence[Question], condition: Condition) -> tuple[Comparison, ...] | None:
    """Comparisons, none of which can be left out, that all hold exactly when the condition does."""
    held, everything, holding = _tried(read, condition)
    # Whatever is true each time it holds; if these are not enough, no others are.
    needed = [one for one, ways in holding.items() if held & ~ways == 0]
    return _fewest(needed, lambda chosen: reduce(and_, map(holding.__getitem__, chosen), everything) == held)


def _fitting_any(read: Sequence[Question], condition: Condition) -> tuple[Comparison, ...] | None:
    """Comparisons, none of which can be left out, of which one holds exactly when the condition does."""
    held, _everything, holding = _tried(read, condition)
    enough = [one for one, ways in holding.items() if one.operator == "=" and ways & ~held == 0]
    return _fewest(enough, lambda chosen: reduce(or_, map(holding.__getitem__, chosen), 0) == held)


def _tried(read: Sequence[Question], condition: Condition) -> tuple[int, int, dict[Comparison, int]]:
    """In which of all ways to answer the condition holds, and each comparison does: a bit for each way."""
    ways = [*_ways_to_answer(read)]

    def bits(holds: Callable[[Answers], bool | None]) -> int:
        return sum(1 << number for number, answers in enumerate(ways) if holds(answers))

    return bits(condition.holds), (1 << len(ways)) - 1, {one: bits(one.holds) for one in _comparisons(read)}


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

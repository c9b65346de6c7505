"""Why answers end as they do: which rule decided, and what made it hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from .assessment import Assessment, Flag, Priority, Rule
from .conditions import Answer, Answers, Condition, Say
from .definition import Pathway
from .journey import Journey
from .questions import Option, Question


def in_words(held: bool | None) -> str:
    return {True: "holds", False: "does not hold", None: "is not known"}[held]


@dataclass(frozen=True)
class Reason:
    """A condition in words, whether it holds, and what of its definition makes it so."""

    words: str
    held: bool | None
    parts: tuple[Reason, ...] = ()

    @property
    def verdict(self) -> str:
        return in_words(self.held)


def reasons(condition: Condition, answers: Answers, say: Say = str) -> tuple[Reason, ...]:
    """What makes it hold, fail or stay unknown: only parts that decide, down to the answers.

    What is joined without a name of its own is told by its parts.
    """
    held = condition.holds(answers)
    # A single part is one that is denied: it decides either way.
    deciding = [part for part in condition.parts if len(condition.parts) == 1 or part.holds(answers) is held]
    parts = tuple(dict.fromkeys(told for part in deciding for told in reasons(part, answers, say)))
    if condition.is_compound:
        return parts
    if condition.definition and not parts:
        parts = (Reason(condition.definition(say), held),)
    return (Reason(condition.prose(say), held, parts),)


@dataclass(frozen=True)
class Ending:
    """Where answers lead under one pathway. `given` are those to the questions of the check.

    `with_visit` are those to the questions that come with a visit request; they count only where one is offered.
    What is open is answered quietly.
    """

    pathway: Pathway
    given: Answers
    with_visit: Answers

    @cached_property
    def journey(self) -> Journey:
        return Journey(self.pathway, self.given).completed()

    @property
    def answers(self) -> Answers:
        return self.journey.relevant_answers

    @cached_property
    def all_answers(self) -> Answers:
        """With those of the visit, where one is asked for."""
        return {**self.with_visit, **self.answers} if self.assessment.outcome.offers_visit else self.answers

    @cached_property
    def quiet(self) -> dict[str, Answer]:
        """What nobody said, and was taken as the quiet answer."""
        return {key: answer for key, answer in self.answers.items() if self.given.get(key) != answer}

    @cached_property
    def needless(self) -> tuple[str, ...]:
        """The names of the questions that were answered and are not asked on this way."""
        return tuple(q.name for q in self.pathway.questions if q.key in self.given and q.key not in self.answers)

    @cached_property
    def assessment(self) -> Assessment:
        return self.journey.assessment

    @cached_property
    def is_stop(self) -> bool:
        return self.journey.stopped is not None

    @cached_property
    def tried(self) -> tuple[Rule, ...]:
        """The rules that were tried, in their order; the last of them decides."""
        stop = self.pathway.stopping_rule(self.answers)
        rules = self.pathway.stops if stop else self.pathway.rules
        return rules[: rules.index(stop or self.pathway.deciding_rule(self.answers)) + 1]

    @property
    def rule(self) -> Rule:
        return self.tried[-1]

    def why(self, say: Say = str) -> tuple[Reason, ...]:
        return reasons(self.rule.when, self.answers, say)

    def in_words(self, say: Say = str) -> str:
        """The rule that decided, by its number and its words."""
        among = "of what ends the check at once" if self.is_stop else "of the rules"
        return f"number {len(self.tried)} {among}: {self.rule.when.prose(say)}"

    def terms_that_hold(self) -> Iterator[Condition]:
        """The named conditions that apply; after a stop nothing is judged."""
        if not self.is_stop:
            yield from (term for term in self.pathway.terms if term.holds(self.answers))

    @cached_property
    def flags(self) -> tuple[Flag, ...]:
        return self.pathway.flags_raised(self.all_answers)

    @cached_property
    def not_known(self) -> tuple[Question, ...]:
        """What was answered by "not sure", and by nothing else."""
        asked = ((question, question.chosen(self.answers)) for question in self.journey.asked)
        return tuple(question for question, chosen in asked if chosen and all(option.unsure for option in chosen))

    @cached_property
    def told(self) -> tuple[Question, ...]:
        """Those of which every answer is not known, raises a flag of its own or is asked more about.

        So they need no more words beside what is not known, the flags and the other answers.
        """
        return tuple(
            question
            for question in self.journey.asked
            if question in self.not_known
            or all(self._is_told(question, option) for option in question.chosen(self.answers))
        )

    def _is_told(self, question: Question, option: Option) -> bool:
        alone = {question.key: [option.value] if question.takes_several else option.value}
        return any(flag.when.about == alone.keys() and flag.when.holds(alone) for flag in self.flags) or any(
            more.text == option.label for more in self.journey.asked
        )

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """What the points rest on, and the conditions that hold here."""
        points = (criterion.source for criterion in self.pathway.criteria)
        conditions = (source for term in self.terms_that_hold() for source in term.sources)
        return tuple(dict.fromkeys((*points, *conditions)))

    @cached_property
    def priority(self) -> Priority | None:
        """None where no visit is offered, so that nobody is called."""
        outcome = self.assessment.outcome
        return self.pathway.priority(outcome, self.all_answers) if outcome.offers_visit else None

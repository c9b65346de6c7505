"""A whole pathway, and the checks that refuse a broken one when it is imported."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import Formatter

from .assessment import (
    Advice,
    Assessment,
    Criterion,
    Emergency,
    Flag,
    Note,
    Outcome,
    Priority,
    Rule,
    all_lines,
    first_line,
)
from .conditions import ALWAYS, Answer, Answers, Condition
from .questions import Page, Question

# Filled in where they are shown, with what the settings of the clinic say.
PLACES = frozenset({"emergency", "phone", "hours", "nurse_line"})
# So many questions somebody remembers to ask, and a doctor has the time to answer.
MOST_TO_ASK = 3


class BrokenPathway(ValueError):
    """The definition contradicts itself. The message says where."""


@dataclass(frozen=True)
class Change:
    """What a version changed, for whoever reads its history. `sources` say what it rests on."""

    version: str
    date: datetime.date
    what: str
    why: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Situation:
    """A table of the rule: what is the same in all its rows, and what is answered in each of these ways."""

    name: str
    answers: Answers
    varied: Mapping[str, Sequence[Answer]]


@dataclass(frozen=True, kw_only=True)
class Pathway:
    """Everything we ask and everything it means.

    `key` names it in addresses and wherever it is stored, for ever; `name` is what staff and records call it. `title`
    stands above its first page, `points` above what it looks at, `summary` above what is printed. `call_now` ends
    "Call 911 …" and `call_today` "Call a doctor today …", wherever patients read when to get help.
    `stops` end the check on the page where one of them holds; they are tried in order, as are `rules` once all
    questions are answered and `priorities` once a visit is requested: the first that holds decides. `advice` follows
    the notes of every outcome but those of `stops`; so do the first MOST_TO_ASK that apply of `to_ask`, the questions
    for one's own doctor, the most pressing first. `terms` are the named conditions, explained to whoever reads the
    rule. `visit_questions` are asked with a visit request only; they raise flags and decide nothing. Where
    `records_elsewhere` holds, there are pictures that have to come here. `changes` tells what each version brought,
    the newest first; `situations` are the tables that show the rule.
    """

    key: str
    version: str
    name: str
    title: str
    points: str
    summary: str
    call_now: str
    call_today: str
    pages: tuple[Page, ...]
    stops: tuple[Rule, ...]
    criteria: tuple[Criterion, ...]
    rules: tuple[Rule, ...]
    advice: tuple[Advice, ...] = ()
    to_ask: tuple[Note, ...] = ()
    terms: tuple[Condition, ...]
    visit_questions: tuple[Question, ...]
    flags: tuple[Flag, ...]
    priorities: tuple[Priority, ...]
    sooner_within_priority: Condition
    records_elsewhere: Condition = ~ALWAYS
    changes: tuple[Change, ...] = ()
    situations: tuple[Situation, ...] = ()

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for page in self.pages for question in page.questions)

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple(dict.fromkeys(rule.outcome for rule in (*self.stops, *self.rules)))

    def page(self, key: str) -> Page | None:
        return next((page for page in self.pages if page.key == key), None)

    def outcome(self, key: str) -> Outcome | None:
        return next((outcome for outcome in self.outcomes if outcome.key == key), None)

    @cached_property
    def emergencies(self) -> tuple[Emergency, ...]:
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, Emergency))

    @cached_property
    def emergency_questions(self) -> frozenset[str]:
        """The keys of the questions whose answers can end the check."""
        return frozenset[str]().union(*(rule.when.about for rule in self.stops))

    @cached_property
    def emergency_pages(self) -> frozenset[Page]:
        """Those that ask such a question."""
        asked = self.emergency_questions
        return frozenset(page for page in self.pages if any(question.key in asked for question in page.questions))

    def stopping_rule(self, answers: Answers) -> Rule | None:
        return next((rule for rule in self.stops if rule.when.holds(answers)), None)

    def deciding_rule(self, answers: Answers) -> Rule:
        return next(rule for rule in self.rules if rule.when.holds(answers))

    def stop(self, answers: Answers) -> Assessment | None:
        """The outcome that ends the check at once, if these answers call for one."""
        rule = self.stopping_rule(answers)
        return self._assessment(rule.outcome, answers, judged=False) if rule else None

    def assess(self, answers: Answers) -> Assessment:
        """What a complete set of relevant answers means."""
        return self._assessment(self.outcome_of(answers), answers, judged=True)

    def outcome_of(self, answers: Answers) -> Outcome:
        """The outcome alone, which costs a part of `assess`."""
        return self.deciding_rule(answers).outcome

    def flags_raised(self, answers: Answers) -> tuple[Flag, ...]:
        return tuple(flag for flag in self.flags if flag.when.holds(answers))

    def priority(self, outcome: Outcome, answers: Answers) -> Priority:
        """How soon to call somebody with this outcome; `answers` include those to the visit questions."""
        return next(
            priority for priority in self.priorities if outcome in priority.outcomes or priority.when.holds(answers)
        )

    def _assessment(self, outcome: Outcome, answers: Answers, *, judged: bool) -> Assessment:
        fitting = [note for note in self.advice if note.with_visit in (None, outcome.offers_visit)] if judged else []
        advice = all_lines(fitting, answers)
        return Assessment(
            outcome,
            first_line(outcome.headings, answers),
            first_line(outcome.meaning, answers),
            tuple(criterion.judge(answers) for criterion in self.criteria) if judged else (),
            all_lines(outcome.notes, answers) + advice,
            advice,
            all_lines(outcome.next_step, answers),
            all_lines(self.to_ask, answers)[:MOST_TO_ASK] if judged else (),
        )

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", self.key):
            raise BrokenPathway(f"the key {self.key!r} is no word of small letters, digits and underscores")
        self._refuse_repeated("page", [page.key for page in self.pages])
        self._refuse_repeated("question", [q.key for q in (*self.questions, *self.visit_questions)])
        self._refuse_repeated("criterion", [criterion.key for criterion in self.criteria])
        self._refuse_repeated("outcome", [outcome.key for outcome in self.outcomes])
        self._refuse_repeated("flag", [flag.key for flag in self.flags])
        self._refuse_repeated("priority", keys := [priority.key for priority in self.priorities])
        if keys != sorted(keys):
            raise BrokenPathway("the priorities are named so that the most urgent comes first, as P1 before P2")
        self._refuse_questions_that_depend_on_later_ones()
        self._refuse_conditions_on_unasked_questions()
        self._refuse_lists_without_a_last_resort()
        self._refuse_placeholders_without_words()

    @staticmethod
    def _refuse_repeated(what: str, keys: Sequence[str]) -> None:
        for key in keys:
            if keys.count(key) > 1:
                raise BrokenPathway(f"the {what} {key} is defined twice")

    def _refuse_questions_that_depend_on_later_ones(self) -> None:
        asked: set[str] = set()
        for page in self.pages:
            for question in page.questions:
                if later := question.ask_if.about - asked:
                    raise BrokenPathway(f"{question.key} depends on {sorted(later)}, which it does not follow")
            asked.update(question.key for question in page.questions)

    def _refuse_conditions_on_unasked_questions(self) -> None:
        asked = {question.key for question in self.questions}
        with_visit = asked | {question.key for question in self.visit_questions}
        during_check = [
            *(rule.when for rule in (*self.stops, *self.rules)),
            *(when for c in self.criteria for when in (c.met_when, c.not_met_when)),
            *(note.when for note in self._notes()),
        ]
        for condition, known in [
            *((condition, asked) for condition in during_check),
            *((flag.when, with_visit) for flag in self.flags),
            *((priority.when, with_visit) for priority in self.priorities),
            (self.sooner_within_priority, with_visit),
            (self.records_elsewhere, with_visit),
            *((question.ask_if, with_visit) for question in self.visit_questions),
        ]:
            if unasked := condition.about - known:
                raise BrokenPathway(f"a condition reads {sorted(unasked)}, which is not asked by then")

    def _refuse_lists_without_a_last_resort(self) -> None:
        if self.rules[-1].when is not ALWAYS or self.priorities[-1].when is not ALWAYS:
            raise BrokenPathway("the last rule and the last priority must apply always")
        for notes in self._exclusive_notes():
            if not notes or notes[-1].when is not ALWAYS:
                raise BrokenPathway(f"nothing is said when none of these applies: {notes}")
        if any(note.when is not ALWAYS for note in self.to_ask[-MOST_TO_ASK:]):
            raise BrokenPathway(f"the last {MOST_TO_ASK} questions for one's own doctor must apply always")

    def _refuse_placeholders_without_words(self) -> None:
        for note in self._notes():
            named = {name for _, name, _, _ in Formatter().parse(note.text) if name} - PLACES
            if named != set(note.fill):
                raise BrokenPathway(f"placeholders and words do not match: {note.text}")

    def _exclusive_notes(self) -> Iterator[Sequence[Note]]:
        for criterion in self.criteria:
            yield from criterion.explanations.values()
        for outcome in self.outcomes:
            yield outcome.headings
            yield outcome.meaning

    def _notes(self) -> Iterator[Note]:
        for notes in self._exclusive_notes():
            yield from notes
        for outcome in self.outcomes:
            yield from outcome.notes
            yield from outcome.next_step
        yield from self.advice
        yield from self.to_ask

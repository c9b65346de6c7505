"""From answers to findings, one per criterion, and from findings to one outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from .conditions import ALWAYS, Answers, Condition, Say, _


class Verdict(StrEnum):
    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """The word patients and staff read, marked for translation."""
        return {
            Verdict.MET: _("Fits"),
            Verdict.NOT_MET: _("Does not fit"),
            Verdict.UNKNOWN: _("Not known yet"),
        }[self]


@dataclass(frozen=True)
class Line:
    """A sentence ready to be shown: `values` holds the words for each of its placeholders, all untranslated."""

    text: str
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """A sentence said when a condition holds. `fill` gives the words for its placeholders."""

    text: str
    when: Condition = ALWAYS
    fill: Mapping[str, Callable[[Answers], Sequence[str]]] = field(default_factory=dict)

    @cached_property
    def _as_it_stands(self) -> Line:
        return Line(self.text)

    def line(self, answers: Answers) -> Line:
        if not self.fill:
            return self._as_it_stands
        return Line(self.text, {name: words(answers) for name, words in self.fill.items()})


def first_line(notes: Sequence[Note], answers: Answers) -> Line:
    """The first note that applies. The last of `notes` must apply always."""
    return next(note.line(answers) for note in notes if note.when.holds(answers))


def all_lines(notes: Sequence[Note], answers: Answers) -> tuple[Line, ...]:
    return tuple(note.line(answers) for note in notes if note.when.holds(answers))


@dataclass(frozen=True)
class Advice(Note):
    """Said with every result that it fits; `with_visit` keeps it to those that offer a visit, or to the others."""

    with_visit: bool | None = None


@dataclass(frozen=True)
class Finding:
    criterion: Criterion
    verdict: Verdict
    explanation: Line
    # Whether the answers say something of it: what was never asked is no point that speaks against anybody.
    is_asked: bool = True

    @property
    def label(self) -> str:
        """The word that is read with it, marked for translation."""
        return self.verdict.label if self.is_asked else _("Not asked")


@dataclass(frozen=True, kw_only=True, eq=False)
class Criterion:
    """One point of the rule: met, not met, or, where neither condition holds, not known.

    The last note for each verdict must apply always.
    """

    key: str
    title: str
    source: str
    met_when: Condition
    not_met_when: Condition
    if_met: tuple[Note, ...]
    if_not_met: tuple[Note, ...]
    if_unknown: tuple[Note, ...]
    # Where another answer makes it needless to ask.
    not_asked_when: Condition | None = None

    def verdict(self, answers: Answers) -> Verdict:
        if self.met_when.holds(answers):
            return Verdict.MET
        if self.not_met_when.holds(answers):
            return Verdict.NOT_MET
        return Verdict.UNKNOWN

    def judge(self, answers: Answers) -> Finding:
        verdict = self.verdict(answers)
        is_asked = not (self.not_asked_when and self.not_asked_when.holds(answers))
        return Finding(self, verdict, first_line(self.explanations[verdict], answers), is_asked)

    @property
    def explanations(self) -> Mapping[Verdict, tuple[Note, ...]]:
        return {
            Verdict.MET: self.if_met,
            Verdict.NOT_MET: self.if_not_met,
            Verdict.UNKNOWN: self.if_unknown,
        }

    @property
    def is_met(self) -> Condition:
        return self._is(Verdict.MET, _("“{criterion}” fits"))

    @property
    def is_not_met(self) -> Condition:
        return self._is(Verdict.NOT_MET, _("“{criterion}” does not fit"))

    @property
    def is_unknown(self) -> Condition:
        return self._is(Verdict.UNKNOWN, _("“{criterion}” is not known yet"))

    def _is(self, verdict: Verdict, pattern: str) -> Condition:
        """A statement about the finding, which is always known once the questions are answered."""
        return Condition(
            self.met_when.about | self.not_met_when.about,
            lambda answers: self.verdict(answers) is verdict,
            lambda say: say(pattern).format(criterion=say(self.title)),
            criteria=frozenset({self.key}),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """Where somebody stands at the end of the check.

    The first of `headings` that applies is the heading, the first of `meaning` the sentence under it; each of `notes`
    and of `next_step` that applies follows the findings. The last of `headings` and of `meaning` must apply always.
    """

    key: str
    headings: tuple[Note, ...]
    meaning: tuple[Note, ...]
    notes: tuple[Note, ...] = ()
    next_step: tuple[Note, ...] = ()
    offers_visit: bool = False

    @property
    def title(self) -> str:
        """What it is called where the answers are not at hand."""
        return self.headings[-1].text


@dataclass(frozen=True)
class Paragraph:
    """`lead_in` stands before it in bold, `items` are listed after it.

    It is left out where the clinic has nothing to put into one of its places, like {nurse_line}.
    """

    text: str
    lead_in: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Emergency(Outcome):
    """An outcome that ends the check, with a page of its own at `address`, which holds no answers.

    So it reads the same for everybody: its one heading, its one meaning, then `body`. `calls_first` puts a button for
    the emergency number under the first sentence.
    """

    address: str
    body: tuple[Paragraph, ...]
    calls_first: bool = False


@dataclass(frozen=True)
class Rule:
    """When this holds, that is the outcome."""

    when: Condition
    outcome: Outcome


@dataclass(frozen=True)
class Assessment:
    """Where somebody stands, in words that are ready to be shown.

    `advice` are the notes that cannot wait, `to_ask` the questions for one's own doctor.
    """

    outcome: Outcome
    heading: Line
    meaning: Line
    findings: tuple[Finding, ...]
    notes: tuple[Line, ...]
    advice: tuple[Line, ...]
    next_step: tuple[Line, ...]
    to_ask: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Flag:
    """Something a nurse should hear of before a visit is booked; `advice` is what staff do about it.

    `clinical` names it for a doctor, as they do themselves. `values` fill the places that the names have for them;
    `sources` say why it is asked.
    """

    key: str
    label: str
    advice: str
    when: Condition
    values: Mapping[str, object] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    clinical: str = ""

    def name(self, say: Say = str) -> str:
        return say(self.label).format(**self.values)

    def clinical_name(self, say: Say = str) -> str:
        return say(self.clinical or self.label).format(**self.values)


@dataclass(frozen=True)
class Priority:
    """How soon to call: for requests of which `when` holds, or whose outcome is one of `outcomes`."""

    key: str
    business_days: int
    when: Condition
    outcomes: tuple[Outcome, ...] = ()
    sources: tuple[str, ...] = ()

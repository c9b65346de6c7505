"""The kinds of question, the pages they stand on, and what counts as an answer to them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import ClassVar, TypeGuard

from .conditions import ALWAYS, Answer, Answers, Briefly, Condition, Say, _


class InvalidAnswer(ValueError):
    """What was sent is no answer to the question. `str()` says how to mend it, marked for translation."""


@dataclass(frozen=True)
class Option:
    """One answer to pick.

    `unsure` says that it leaves open what the question asks. `alone` says that it cannot be ticked together with
    others, and `not_with_others` what is said to whoever tries. `in_sentence` names it inside a sentence, where the
    label would not fit.
    """

    value: str
    label: str
    _: KW_ONLY
    unsure: bool = False
    alone: bool = False
    not_with_others: str = ""
    in_sentence: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """One thing we ask. It is asked when `ask_if` holds, and not while that is unknown.

    `name` says in a few words what it is about; conditions and staff pages call it by that. One that is `optional`
    may be left open; its answer is then empty.
    """

    key: str
    name: str
    text: str
    hint: str = ""
    why: str = ""
    options: tuple[Option, ...] = ()
    ask_if: Condition = ALWAYS
    optional: bool = False

    takes_several: ClassVar[bool] = False

    def __post_init__(self) -> None:
        values = [option.value for option in self.options]
        if len(set(values)) != len(values):
            raise ValueError(f"{self.key}: two options have the same value")

    @cached_property
    def values(self) -> frozenset[str]:
        """Those of all options."""
        return frozenset(option.value for option in self.options)

    def parse(self, values: Sequence[str]) -> Answer:
        """The answer that these submitted values give. Raises InvalidAnswer."""
        raise NotImplementedError

    @property
    def quiet_answer(self) -> Answer:
        """What somebody answers who has nothing to tell: none of these, or no, or else the last one that is sure."""
        if self.optional:
            return ""
        sure = [option for option in self.options if not option.unsure]
        quiet = next((option for option in sure if option.value in ("none", "no")), sure[-1]).value
        return [quiet] if self.takes_several else quiet

    def answers_in_prose(self, say: Say) -> Iterator[str]:
        """What can be answered, as lines of Markdown, for whoever signs the pathway."""
        yield "\nAny of:\n" if self.takes_several else ""
        for option in self.options:
            marks = [mark for mark, applies in (("unsure", option.unsure), ("alone", option.alone)) if applies]
            yield " ".join(
                [
                    f"- {say(option.label)} `{option.value}`",
                    *(f"({mark})" for mark in marks),
                    *([f"Beside others: {say(option.not_with_others)}"] if option.not_with_others else []),
                    *([f"In a sentence: {say(option.in_sentence)}."] if option.in_sentence else []),
                ]
            )

    def chosen(self, answers: Answers) -> tuple[Option, ...]:
        """The options picked, in the order of the page; none where the question was not answered."""
        answer = answers.get(self.key)
        picked = () if answer is None else (answer,) if isinstance(answer, str) else answer
        return tuple(option for option in self.options if option.value in picked)

    def in_words(self, answers: Answers, say: Say) -> list[str]:
        """What was answered, as the reader is shown it."""
        return [say(option.label) for option in self.chosen(answers)]

    def accepts(self, answer: object) -> TypeGuard[Answer]:
        """Whether a stored value is still an answer to this question."""
        values = [answer] if isinstance(answer, str) else answer
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            return False
        try:
            return self.parse(values) == answer
        except InvalidAnswer:
            return False

    def _require_options(self, values: Sequence[str]) -> None:
        unknown = set(values) - self.values
        if unknown:
            raise ValueError(f"{self.key} has no option {', '.join(sorted(unknown))}")

    def _labels(self, values: Sequence[str], say: Say) -> str:
        meant = [option for option in self.options if option.value in values]
        if isinstance(say, Briefly):
            return ", ".join(option.value for option in meant)
        return " / ".join(f"“{say(option.label)}”" for option in meant)

    def _condition(self, holds: Callable[[Answers], bool | None], pattern: str, values: Sequence[str]) -> Condition:
        return Condition(
            frozenset({self.key}),
            holds,
            lambda say: say(pattern).format(question=say(self.name), answers=self._labels(values, say)),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice(Question):
    """Exactly one of the options."""

    def parse(self, values: Sequence[str]) -> Answer:
        if self.optional and not any(values):
            return ""
        if not values:
            raise InvalidAnswer(_("Pick the answer that fits best."))
        if len(values) > 1 or values[0] not in self.values:
            raise InvalidAnswer(_("Pick one of the answers on this page."))
        return values[0]

    def is_(self, *values: str) -> Condition:
        """The answer is one of these. Not known for another answer that is unsure."""
        self._require_options(values)
        unsure = {option.value for option in self.options if option.unsure}

        def holds(answers: Answers) -> bool | None:
            answer = answers.get(self.key)
            if answer in values:
                return True
            return None if answer is None or answer in unsure else False

        return self._condition(holds, _("{question}: {answers}"), values)

    def is_not(self, *values: str) -> Condition:
        """Another answer was given, an unsure one included: this is about the answer, not about what is so."""
        self._require_options(values)

        def holds(answers: Answers) -> bool | None:
            answer = answers.get(self.key)
            return None if answer is None else answer not in values

        return self._condition(holds, _("{question}: any answer but {answers}"), values)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale(Choice):
    """A whole number from `lowest` to `highest`, or an unsure option."""

    lowest: int
    highest: int
    unsure: Option
    options: tuple[Option, ...] = field(init=False)

    def __post_init__(self) -> None:
        numbers = tuple(Option(str(n), str(n)) for n in range(self.lowest, self.highest + 1))
        object.__setattr__(self, "options", (*numbers, self.unsure))
        super().__post_init__()

    def answers_in_prose(self, say: Say) -> Iterator[str]:
        yield f"\n{self.lowest} to {self.highest}, or:\n"
        yield f"- {say(self.unsure.label)} `{self.unsure.value}`{' (unsure)' if self.unsure.unsure else ''}"

    def is_at_least(self, number: int) -> Condition:
        return self._compared(range(number, self.highest + 1), _("{question}: {number} or more"), number)

    def is_at_most(self, number: int) -> Condition:
        return self._compared(range(self.lowest, number + 1), _("{question}: {number} or less"), number)

    def _compared(self, numbers: range, pattern: str, number: int) -> Condition:
        if not numbers or numbers[0] < self.lowest or numbers[-1] > self.highest:
            raise ValueError(f"{self.key} has no number {number}")
        return Condition(
            frozenset({self.key}),
            self.is_(*map(str, numbers)).holds,
            lambda say: say(pattern).format(question=say(self.name), number=number),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkboxes(Question):
    """One or more of the options; an option marked `alone` only by itself."""

    takes_several = True

    def parse(self, values: Sequence[str]) -> Answer:
        if not values:
            raise InvalidAnswer(_("Check at least one box. If none fits, check the box that says so."))
        if not self.values.issuperset(values):
            raise InvalidAnswer(_("Pick only from the boxes on this page."))
        ticked = [option for option in self.options if option.value in values]
        if len(ticked) > 1 and (alone := [option for option in ticked if option.alone]):
            words = next((option.not_with_others for option in alone if option.not_with_others), "")
            raise InvalidAnswer(words or _("These boxes do not go together. Leave only those that are true."))
        return [option.value for option in ticked]

    def includes(self, *values: str) -> Condition:
        """At least one of these is ticked. Not known if none is and an unsure option is ticked."""
        self._require_options(values)
        wanted = frozenset(values)
        unsure = {option.value for option in self.options if option.unsure}

        def holds(answers: Answers) -> bool | None:
            ticked = answers.get(self.key)
            if ticked is None:
                return None
            if not wanted.isdisjoint(ticked):
                return True
            return False if unsure.isdisjoint(ticked) else None

        return self._condition(holds, _("{question}: {answers}"), values)


@dataclass(frozen=True, kw_only=True, eq=False)
class Menu(Choice):
    """One of many options, in a list to open."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Text(Question):
    """A few words, at most `longest` characters."""

    longest: int

    def parse(self, values: Sequence[str]) -> Answer:
        typed = "".join(values)
        if len(typed) > self.longest:
            raise InvalidAnswer(_("Please make it shorter."))
        words = " ".join(typed.split())
        if not words.isprintable() or not (words or self.optional):
            raise InvalidAnswer(_("Write it in letters and numbers."))
        return words

    def in_words(self, answers: Answers, say: Say) -> list[str]:
        answer = answers.get(self.key)
        return [answer] if answer and isinstance(answer, str) else []

    def answers_in_prose(self, say: Say) -> Iterator[str]:
        yield f"\nA text of up to {self.longest} characters"


@dataclass(frozen=True, kw_only=True, eq=False)
class Year(Text):
    """A year from `earliest` to the present one."""

    earliest: int
    longest: int = 4

    def parse(self, values: Sequence[str]) -> Answer:
        answer = super().parse(values)
        # Somewhere it may be tomorrow already.
        latest = datetime.date.today() + datetime.timedelta(days=1)
        years = [str(year) for year in range(self.earliest, latest.year + 1)]
        if answer and answer not in years:
            raise InvalidAnswer(_("Enter a year in four digits that has begun, or leave it empty."))
        return answer

    def answers_in_prose(self, say: Say) -> Iterator[str]:
        yield f"\nA year from {self.earliest} to the present one"


@dataclass(frozen=True, kw_only=True, eq=False)
class Number(Text):
    """A whole number from `lowest` to `highest`, typed, of the `unit`. Where it is optional, empty is not known."""

    lowest: int = 0
    highest: int
    unit: str
    longest: int = 6

    def parse(self, values: Sequence[str]) -> Answer:
        typed = str(super().parse(values))
        if self.optional and not typed:
            return ""
        # `isdecimal` knows the digits of every script, as `int` does.
        if not typed.isdecimal() or not self.lowest <= int(typed) <= self.highest:
            raise InvalidAnswer(_("Enter a whole number in digits, like 10. It must be one that can be."))
        return str(int(typed))

    def in_words(self, answers: Answers, say: Say) -> list[str]:
        return [f"{number} {say(self.unit)}" for number in super().in_words(answers, say)]

    def answers_in_prose(self, say: Say) -> Iterator[str]:
        yield f"\nA whole number from {self.lowest} to {self.highest}, in {say(self.unit)}"

    def is_at_least(self, number: int) -> Condition:
        return self._compared(lambda given: given >= number, _("{question}: {number} or more"), number)

    def is_at_most(self, number: int) -> Condition:
        return self._compared(lambda given: given <= number, _("{question}: {number} or less"), number)

    def _compared(self, holds: Callable[[int], bool], pattern: str, number: int) -> Condition:
        if not self.lowest <= number <= self.highest:
            raise ValueError(f"{self.key} has no number {number}")

        def compared(answers: Answers) -> bool | None:
            given = answers.get(self.key)
            return holds(int(given)) if isinstance(given, str) and given else None

        return Condition(
            frozenset({self.key}),
            compared,
            lambda say: say(pattern).format(question=say(self.name), number=f"{number} {say(self.unit)}"),
        )


@dataclass(frozen=True)
class Group:
    """Questions that are answered by the same options, taken together: only those count that were asked."""

    name: str
    questions: tuple[Choice, ...]

    def any_is(self, *values: str) -> Condition:
        """One of the answers at least. Not known if none is and one is unsure."""
        return self._counted(1, _("{question}, one at least: {answers}"), values)

    def several_are(self, *values: str) -> Condition:
        return self._counted(2, _("{question}, two or more: {answers}"), values)

    def none_is(self, *values: str) -> Condition:
        """About the answers: none was given that is one of these."""

        def holds(answers: Answers) -> bool | None:
            return not any(answers.get(question.key) in values for question in self.questions)

        return self._condition(holds, _("{question}, none: {answers}"), values)

    def _counted(self, least: int, pattern: str, values: Sequence[str]) -> Condition:
        unsure = {option.value for option in self.questions[0].options if option.unsure}

        def holds(answers: Answers) -> bool | None:
            given = [answers[question.key] for question in self.questions if question.key in answers]
            if sum(answer in values for answer in given) >= least:
                return True
            return None if any(answer in unsure for answer in given) else False

        return self._condition(holds, pattern, values)

    def _condition(self, holds: Callable[[Answers], bool | None], pattern: str, values: Sequence[str]) -> Condition:
        first = self.questions[0]
        first._require_options(values)
        return Condition(
            frozenset(question.key for question in self.questions),
            holds,
            lambda say: say(pattern).format(question=say(self.name), answers=first._labels(values, say)),
        )


@dataclass(frozen=True, eq=False)
class Page:
    """One screen of the check: a single question, or several that share a heading and a reason."""

    questions: tuple[Question, ...]
    key: str
    text: str
    why: str = ""

    @classmethod
    def of(cls, question: Question) -> Page:
        return cls((question,), question.key, question.text)

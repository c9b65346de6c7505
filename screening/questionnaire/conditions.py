"""Statements about the answers of one visitor, each true, false or not known.

The logic is Kleene's: what is not known stays not known, unless the rest decides alone. `False and unknown` is
false, `True and unknown` is unknown. A condition that is not known never counts as one that does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

Answer = str | Sequence[str]
Answers = Mapping[str, Answer]

# Turns a sentence of the pathway into the reader's language.
Say = Callable[[str], str]


@dataclass(frozen=True)
class Briefly:
    """A `Say` that names answers by their values, for a reader who has their labels at hand."""

    say: Say

    def __call__(self, text: str) -> str:
        return self.say(text)


def _(text: str) -> str:
    """Mark a sentence for translation. It is translated where it is shown."""
    return text


@dataclass(frozen=True, eq=False)
class Condition:
    """`holds(answers)` is None while not known; `about` names the questions it reads; `prose(say)` words it.

    `sources` is where a threshold comes from, for whoever signs it; `criteria` names the points that it
    reads the verdicts of; `parts` are the conditions it is made of.
    """

    about: frozenset[str]
    holds: Callable[[Answers], bool | None]
    prose: Callable[[Say], str]
    definition: Callable[[Say], str] | None = None
    is_compound: bool = False
    sources: tuple[str, ...] = ()
    criteria: frozenset[str] = frozenset()
    parts: tuple[Condition, ...] = ()

    def __and__(self, other: Condition) -> Condition:
        return all_of(self, other)

    def __or__(self, other: Condition) -> Condition:
        return any_of(self, other)

    def __invert__(self) -> Condition:
        def holds(answers: Answers) -> bool | None:
            held = self.holds(answers)
            return None if held is None else not held

        def prose(say: Say) -> str:
            return say(_("not: {it}")).format(it=_nested(self, say))

        return Condition(self.about, holds, prose, is_compound=True, criteria=self.criteria, parts=(self,))

    def called(self, name: str, *, sources: tuple[str, ...] = (), **values: object) -> Condition:
        """The same condition under a name of its own, which stands for it wherever it is worded.

        `values` fill the places that the name has for them.
        """

        def prose(say: Say) -> str:
            return say(name).format(**values)

        return replace(self, prose=prose, definition=self.prose, is_compound=False, sources=sources)


def all_of(*conditions: Condition) -> Condition:
    def holds(answers: Answers) -> bool | None:
        known = True
        for condition in conditions:
            held = condition.holds(answers)
            if held is False:
                return False
            known = known and held is not None
        return True if known else None

    return _joined(conditions, holds, _("{these} and {this}"))


def any_of(*conditions: Condition) -> Condition:
    def holds(answers: Answers) -> bool | None:
        known = True
        for condition in conditions:
            held = condition.holds(answers)
            if held is True:
                return True
            known = known and held is not None
        return False if known else None

    return _joined(conditions, holds, _("{these} or {this}"))


ALWAYS = Condition(frozenset(), lambda answers: True, lambda say: say(_("always")))


def _joined(conditions: Sequence[Condition], holds: Callable[[Answers], bool | None], pattern: str) -> Condition:
    def prose(say: Say) -> str:
        words = _nested(conditions[0], say)
        for condition in conditions[1:]:
            words = say(pattern).format(these=words, this=_nested(condition, say))
        return words

    about = frozenset[str]().union(*(condition.about for condition in conditions))
    criteria = frozenset[str]().union(*(condition.criteria for condition in conditions))
    is_compound, parts = len(conditions) > 1, tuple(conditions)
    return Condition(about, holds, prose, is_compound=is_compound, criteria=criteria, parts=parts)


def _nested(condition: Condition, say: Say) -> str:
    words = condition.prose(say)
    return f"({words})" if condition.is_compound else words

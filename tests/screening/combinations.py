"""Every combination of answers, without going through each of them.

What is worked out from a few answers is the same whatever else was answered. So an answer is left open until it is
needed, and only then is each one there is tried in turn.
"""

from collections.abc import Mapping
from itertools import combinations, product
from math import prod

from tests.screening import oracle

# What was tried and how far each treatment helped are one part of the answers; every other question is one by itself.
CARE = ("tried", *oracle.HELPED)
ONLY_WITH_PAIN = ("function", "duration", "cause", "care")


class Needed(Exception):
    """This part is needed, and still open."""


class OpenAnswers(Mapping):
    """The answers that count, as far as their parts are given. To need another raises Needed."""

    def __init__(self, given, known=None):
        self.given, self.known = given, known or {}

    def get(self, question, default=None):
        try:
            answer = self.known[question]
        except KeyError:
            answer = self._answer(question) if oracle.is_asked(question, self) else None
            self.known[question] = answer
        return default if answer is None else answer

    def _answer(self, question):
        return dict(self.part("care"))[question] if question in CARE else self.part(question)

    def part(self, name):
        if name not in self.given:
            raise Needed(name)
        return self.given[name]

    def also(self, part, answer):
        """With one more part. What is known stays known."""
        return OpenAnswers({**self.given, part: answer}, dict(self.known))

    def but(self, **parts):
        """The same answers, with these instead."""
        return OpenAnswers({**self.given, **parts})

    def __getitem__(self, question):
        if (answer := self.get(question)) is None:
            raise KeyError(question)
        return answer

    def __iter__(self):
        raise TypeError("to go through all answers is to need them all")

    def __len__(self):
        raise TypeError("to count all answers is to need them all")


def every_way(work_out, parts, answers=None):
    """Each way to answer what `work_out` needs, with what it comes to: together, all the combinations of `parts`."""
    answers = OpenAnswers({}) if answers is None else answers
    try:
        result = work_out(answers)
    except Needed as needed:
        [part] = needed.args
    else:
        yield answers.given, result
        return
    for answer in parts[part]:
        yield from every_way(work_out, parts, answers.also(part, answer))


def learned(work_out, parts):
    """`work_out` as a tree of the answers that make a difference to it, which is a lot quicker to ask."""

    def branch(answers):
        try:
            return work_out(answers)
        except Needed as needed:
            [part] = needed.args
        ways = {answer: branch(answers.also(part, answer)) for answer in parts[part]}
        first, *others = ways.values()
        return (part, ways) if any(other != first for other in others) else first

    tree = branch(OpenAnswers({}))

    def recalled(answers):
        node = tree
        while isinstance(node, tuple):
            part, ways = node
            node = ways[answers.part(part)]
        return node

    return recalled


def how_many(parts, given):
    """The combinations of `parts` in which these are given."""
    for part in ("pain", "fracture"):
        if part not in given:
            return sum(how_many(parts, {**given, part: answer}) for answer in parts[part])
    dropped = {*given, *(ONLY_WITH_PAIN if given["pain"] == "0" else ())}
    dropped |= {"height_loss"} if given["fracture"] == "no" else set()
    return prod(len(answers) for part, answers in parts.items() if part not in dropped)


def every_way_to_tick(question):
    alone = oracle.ALONE[question]
    together = [box for box in oracle.OPTIONS[question] if box not in alone]
    some = [boxes for count in range(1, len(together) + 1) for boxes in combinations(together, count)]
    return [*((box,) for box in alone), *some]


def care(*also, **helped):
    """These treatments were tried, with this success, and these boxes were ticked beside them."""
    ticked = tuple(box for box in oracle.OPTIONS["tried"] if box in helped or box in also)
    return ("tried", ticked), *((f"helped_{treatment}", result) for treatment, result in helped.items())


def every_care():
    for ticked in every_way_to_tick("tried"):
        treatments = [box for box in ticked if box in oracle.TREATMENTS]
        for results in product(oracle.OPTIONS["helped_rest"], repeat=len(treatments)):
            yield care(*ticked, **dict(zip(treatments, results, strict=True)))

"""The way from the questions over the points to the outcomes, as a picture that is drawn from the pathway."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .questionnaire.definition import Pathway
from .questionnaire.questions import Page
from .wording import say

# In em, so that the picture grows with the letters of its reader.
WIDTH, BETWEEN, LINE, PADDING, GAP = 14.5, 6.0, 1.35, 0.6, 0.8
CHARACTERS = 23


@dataclass(frozen=True)
class Box:
    key: str
    kind: str
    words: tuple[str, ...]
    x: float
    y: float

    @property
    def height(self) -> float:
        return round(len(self.words) * LINE + 2 * PADDING, 2)

    @property
    def middle(self) -> float:
        return round(self.y + self.height / 2, 2)

    @property
    def text(self) -> list[tuple[str, str, str]]:
        """Each line of words, with where it begins."""
        first = self.y + PADDING + LINE * 0.75
        return [(f"{self.x + PADDING:g}", f"{first + LINE * at:.2f}", words) for at, words in enumerate(self.words)]


@dataclass(frozen=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Picture:
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float
    box_width: float = WIDTH


def picture_of(pathway: Pathway) -> Picture:
    """In the language that is active. Costs no more than the rules have conditions."""
    columns = (
        _column(0, "page", [(page.key, _name(page)) for page in pathway.pages]),
        _column(1, "criterion", [(criterion.key, criterion.title) for criterion in pathway.criteria]),
        _column(2, "outcome", [(outcome.key, outcome.title) for outcome in pathway.outcomes]),
    )
    height = max(column[-1].y + column[-1].height for column in columns)
    placed = [_spread(column, height) for column in columns]
    pages, criteria, outcomes = ({box.key: box for box in column} for column in placed)
    lines = [
        *(_line(pages[page], criteria[criterion]) for page, criterion in _looked_at(pathway)),
        *(_line(criteria[criterion], outcomes[outcome]) for criterion, outcome in _weighed(pathway)),
        *(_line(pages[page], outcomes[outcome]) for page, outcome in _decided_at_once(pathway)),
    ]
    boxes = tuple(box for column in placed for box in column)
    return Picture(boxes, tuple(lines), 3 * WIDTH + 2 * BETWEEN, height)


def _name(page: Page) -> str:
    return page.questions[0].name if len(page.questions) == 1 else page.text


def _column(number: int, kind: str, named: Sequence[tuple[str, str]]) -> list[Box]:
    boxes: list[Box] = []
    for key, name in named:
        y = round(boxes[-1].y + boxes[-1].height + GAP, 2) if boxes else 0.0
        boxes.append(Box(key, kind, tuple(textwrap.wrap(say(name), CHARACTERS)), number * (WIDTH + BETWEEN), y))
    return boxes


def _spread(column: list[Box], height: float) -> list[Box]:
    """The same boxes over the whole height of the picture."""
    spare = (height - column[-1].y - column[-1].height) / max(len(column), 1)
    return [
        Box(box.key, box.kind, box.words, box.x, round(box.y + spare * (number + 0.5), 2))
        for number, box in enumerate(column)
    ]


def _pages_that_ask(pathway: Pathway, keys: frozenset[str]) -> Iterator[str]:
    for page in pathway.pages:
        if any(question.key in keys for question in page.questions):
            yield page.key


def _looked_at(pathway: Pathway) -> Iterator[tuple[str, str]]:
    for criterion in pathway.criteria:
        for page in _pages_that_ask(pathway, criterion.met_when.about | criterion.not_met_when.about):
            yield page, criterion.key


def _weighed(pathway: Pathway) -> Iterator[tuple[str, str]]:
    """The last rule applies where no other does, so all points count for it."""
    for rule in pathway.rules:
        for criterion in pathway.criteria:
            if criterion.key in rule.when.criteria or rule is pathway.rules[-1]:
                yield criterion.key, rule.outcome.key


def _decided_at_once(pathway: Pathway) -> Iterator[tuple[str, str]]:
    """What a rule looks at beside the points."""
    for rule in (*pathway.stops, *pathway.rules):
        weighed = [one for one in pathway.criteria if one.key in rule.when.criteria]
        known = frozenset[str]().union(*(one.met_when.about | one.not_met_when.about for one in weighed))
        for page in _pages_that_ask(pathway, rule.when.about - known):
            yield page, rule.outcome.key


def _line(start: Box, end: Box) -> Line:
    return Line(start.x + WIDTH, start.middle, end.x, end.middle)

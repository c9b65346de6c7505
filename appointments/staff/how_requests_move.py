"""How requests move: the lifecycle as a picture and a table, drawn from its definition."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_safe

import audit
from accounts.requests import StaffRequest

from ..lifecycle.definition import LIFECYCLE
from ..lifecycle.description import in_words, moves
from ..lifecycle.grammar import GONE
from ..lifecycle.waits import WAITS
from ..roles import SEE
from .pages import needs, staff_page

# In units of the picture.
BOX_WIDTH, BOX_HEIGHT, BETWEEN = 110, 40, 250
# The top of an arrow to the next box, and how much higher one is that goes a box farther: room for its names.
RISE, HIGHER = 45, 85
LINE = 15


@dataclass(frozen=True)
class Arrow:
    """A curve from the edge of one box to that of another, with the names of what leads along it at its top."""

    path: str
    x: float
    words: list[tuple[float, str]]


@require_safe
@needs(SEE)
def page(request: StaffRequest) -> HttpResponse:
    audit.shows(request)
    places = {state: number * BETWEEN for number, state in enumerate(LIFECYCLE.states)}
    arrows = [
        _arrow(places[start], places[end], [verb.label for verb in verbs])
        for (start, end), verbs in moves(LIFECYCLE).items()
        if end is not GONE
    ]
    return staff_page(
        request,
        "how_requests_move.html",
        title="How requests move",
        boxes=[(x, x + BOX_WIDTH / 2, state.label) for state, x in places.items()],
        box={"width": BOX_WIDTH, "height": BOX_HEIGHT, "y": -BOX_HEIGHT / 2},
        width=BETWEEN * (len(places) - 1) + BOX_WIDTH,
        arrows=arrows,
        rows=in_words(LIFECYCLE),
        waits=WAITS,
        reasons=LIFECYCLE.close_reasons,
        kinds=LIFECYCLE.message_kinds.values(),
    )


def _arrow(start: float, end: float, names: list[str]) -> Arrow:
    """Forward above the boxes, back below them; the farther, the higher."""
    up = -1 if end > start else 1
    steps = abs(end - start) / BETWEEN
    # Arrows that go farther begin and end further inside, so that no two meet.
    inward = BOX_WIDTH * (0.1 + 0.12 * steps)
    from_x, to_x = (
        (start + BOX_WIDTH - inward, end + inward) if up < 0 else (start + inward, end + BOX_WIDTH - inward)
    )
    edge = up * BOX_HEIGHT / 2
    apex = edge + up * (RISE + HIGHER * (steps - 1))
    # A quadratic curve rises half as high as its control point.
    control = 2 * apex - edge
    first = apex - 7 - LINE * (len(names) - 1) if up < 0 else apex + 17
    words = [(first + LINE * number, name) for number, name in enumerate(names)]
    middle = (from_x + to_x) / 2
    return Arrow(f"M{from_x:.0f} {edge:.0f} Q{middle:.0f} {control:.0f} {to_x:.0f} {edge:.0f}", middle, words)

"""The tables and the picture of the rule say what the rule does."""

import re
from itertools import product

import pytest

from screening.pathways.vertebral_cement import PATHWAY
from screening.picture import picture_of
from screening.questionnaire.assessment import Verdict
from screening.questionnaire.decision_table import decision_table
from screening.questionnaire.journey import Journey
from tests.walk import source_of, words_of


@pytest.mark.parametrize("situation", PATHWAY.situations, ids=lambda situation: situation.name)
def test_the_first_row_that_fits_gives_the_result_of_every_way_to_answer(situation):
    rows = decision_table(PATHWAY, situation)

    for values in product(*situation.varied.values()):
        journey = Journey(PATHWAY, situation.answers | dict(zip(situation.varied, values, strict=True))).completed()
        verdicts = [criterion.verdict(journey.relevant_answers) for criterion in PATHWAY.criteria]
        fits = next(row for row in rows if all(map(lambda verdict, cell: verdict in cell, verdicts, row.verdicts)))
        assert journey.assessment.outcome in fits.outcomes, journey.answers


@pytest.mark.parametrize("situation", PATHWAY.situations, ids=lambda situation: situation.name)
def test_a_table_is_short_enough_to_read(situation):
    rows = decision_table(PATHWAY, situation)

    assert len(rows) <= 12
    assert len(set(rows)) == len(rows)


def test_a_bleeding_disorder_stands_first_whatever_else_there_is():
    *others, clotting = decision_table(PATHWAY, PATHWAY.situations[0])[0].verdicts

    assert [len(cell) for cell in others] == [len(Verdict)] * 4
    assert clotting == {Verdict.NOT_MET}


def test_the_tables_and_the_picture_are_published(client):
    page = client.get("/how-this-check-decides/at-a-glance/")

    for situation in PATHWAY.situations:
        assert situation.name in words_of(page)
    drawn = re.findall('<g class="(page|criterion|outcome)">', source_of(page))
    assert [drawn.count(kind) for kind in ("page", "criterion", "outcome")] == [
        len(PATHWAY.pages),
        len(PATHWAY.criteria),
        len(PATHWAY.outcomes),
    ]
    assert f"Version {PATHWAY.version}" in words_of(page)
    assert "<ul>\n  \n</ul>" not in source_of(page)
    assert words_of(page).count("You write it yourself.") == 2


def test_every_box_of_the_picture_stands_by_itself_and_has_its_lines():
    picture = picture_of(PATHWAY)

    for one, other in product(picture.boxes, repeat=2):
        apart = one.x != other.x or one.y + one.height <= other.y or other.y + other.height <= one.y
        assert one is other or apart, (one.key, other.key)
    ends = {(line.x2, line.y2) for line in picture.lines}
    starts = {(line.x1, line.y1) for line in picture.lines}
    decided = frozenset[str]().union(*(rule.when.about for rule in (*PATHWAY.stops, *PATHWAY.rules)))
    silent = {page.key for page in PATHWAY.pages if not any(question.key in decided for question in page.questions)}
    for box in picture.boxes:
        if box.kind == "page" and box.key in silent:
            continue
        assert box.kind == "page" or (box.x, box.middle) in ends, box.key
        assert box.kind == "outcome" or (box.x + picture.box_width, box.middle) in starts, box.key

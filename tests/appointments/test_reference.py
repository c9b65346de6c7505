"""References are read out on the phone and typed by hand: no slip may lead to somebody else's request."""

import datetime
import uuid

import pytest

from appointments import reference
from appointments.intake import submit
from appointments.intake.contact import Contact
from appointments.models import AppointmentRequest
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.journey import Journey
from tests.walk import TEXTBOOK, VISIT_ANSWERS

SOME = [reference.new() for _ in range(300)]
ONE = "MXP44MX9H"


def test_a_reference_is_nine_characters_of_which_no_two_look_alike():
    taken_for_each_other = "0OQD", "1ILJ", "2Z", "5S", "6G", "8B", "UV"

    assert {len(drawn) for drawn in SOME} == {9}
    assert set("".join(SOME)) == set(reference.ALPHABET)
    assert [group for group in taken_for_each_other if len(set(group) & set(reference.ALPHABET)) > 1] == []


def test_a_reference_holds_no_vowel_that_could_make_it_a_word():
    assert set("".join(SOME)).isdisjoint("AEIOU")


def test_references_are_drawn_at_random():
    assert len({drawn[:4] for drawn in SOME}) > 280


def test_every_reference_that_was_drawn_is_recognised():
    assert [reference.parse(drawn) for drawn in SOME] == SOME


def test_any_single_wrong_character_is_noticed():
    slips = [
        drawn[:position] + wrong + drawn[position + 1 :]
        for drawn in SOME
        for position in range(9)
        for wrong in reference.ALPHABET
        if wrong != drawn[position]
    ]

    assert len(slips) == 300 * 9 * 17
    assert [slip for slip in slips if reference.parse(slip)] == []


def test_two_neighbours_swapped_are_noticed_in_98_of_100_cases_at_least():
    swaps = [
        drawn[:position] + drawn[position + 1] + drawn[position] + drawn[position + 2 :]
        for drawn in SOME
        for position in range(8)
        if drawn[position] != drawn[position + 1]
    ]

    # Measured on 30,000 swaps: 99.4 of 100. Without the check character it would be none.
    assert sum(reference.parse(swap) is None for swap in swaps) / len(swaps) > 0.98


def test_a_reference_is_shown_in_groups_of_three():
    assert reference.grouped(ONE) == "MXP-44M-X9H"


@pytest.mark.parametrize(
    "typed", [ONE, "MXP-44M-X9H", "mxp-44m-x9h", " MXP 44M X9H ", "M.X.P.4.4.M.X.9.H", "#mxp44mx9h", "MXP–44M–X9H\n"]
)
def test_a_reference_is_found_however_it_is_typed(typed):
    assert reference.parse(typed) == ONE


@pytest.mark.parametrize(
    "typed",
    [
        *("", "   ", "---", "\0"),
        *("MXP44MX9", "MXP44MX9HH", ONE * 2, "X" * 10_000),
        # Characters that are in no reference, even where the sum of the others would fit.
        *("MXP44MX9O", "MXP44MX90", "AAAAAAAAA", "123456789", "'; DROP TABLE"),
        # Other scripts, and letters that grow in upper case.
        *("МХР44МХ9Н", "ＭＸＰ４４ＭＸ９Ｈ", "٣٤٧٩٣٤٧٩٣", "ßßßßß", "ﬃﬃﬃ", "🦴" * 9),
    ],
)
def test_what_cannot_be_a_reference_is_none(typed):
    assert reference.parse(typed) is None


@pytest.fixture
def eight_references(db, monkeypatch):
    """Only eight different references, of which each is drawn sooner or later."""
    monkeypatch.setattr(reference, "ALPHABET", "34")
    monkeypatch.setattr(reference, "LENGTH", 4)
    monkeypatch.setattr(submit, "REFERENCES_TO_TRY", 200)


def store_another_request():
    return submit.submit(
        journey_id=uuid.uuid4(),
        journey=Journey(PATHWAY, TEXTBOOK),
        visit_answers=VISIT_ANSWERS,
        contact=Contact(
            date_of_birth=datetime.date(1948, 3, 14),
            name="Ana Example",
            phone="+12125550123",
            language="en",
            call_times=["any"],
            voicemail_ok=True,
            consent="You may call me.",
        ),
    )


def test_where_a_reference_is_taken_another_is_drawn(eight_references):
    given = [store_another_request().reference for _ in range(8)]

    assert len(set(given)) == 8


def test_where_none_is_left_nobody_is_given_that_of_somebody_else(eight_references):
    journeys = {store_another_request().journey for _ in range(8)}

    with pytest.raises(RuntimeError, match="every reference drawn was taken"):
        store_another_request()

    assert {stored.journey for stored in AppointmentRequest.objects.all()} == journeys

"""What is not known stays not known, unless the rest decides alone."""

import pytest

from screening.pathways.vertebral_cement import FRACTURE, PAIN, SAFETY, TRIED
from screening.questionnaire.conditions import ALWAYS, Condition, all_of, any_of

YES, NO, UNKNOWN = True, False, None


def statement(holds, words="it rains", about=("weather",)):
    return Condition(frozenset(about), lambda answers: holds, lambda say: say(words))


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        (YES, YES, YES, YES),
        (YES, UNKNOWN, UNKNOWN, YES),
        (YES, NO, NO, YES),
        (UNKNOWN, YES, UNKNOWN, YES),
        (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
        (UNKNOWN, NO, NO, UNKNOWN),
        (NO, YES, NO, YES),
        (NO, UNKNOWN, NO, UNKNOWN),
        (NO, NO, NO, NO),
    ],
)
def test_and_and_or_follow_kleene(one, other, both, either):
    assert (statement(one) & statement(other)).holds({}) is both
    assert (statement(one) | statement(other)).holds({}) is either


@pytest.mark.parametrize(("held", "negated"), [(YES, NO), (UNKNOWN, UNKNOWN), (NO, YES)])
def test_not_leaves_the_unknown_unknown(held, negated):
    assert (~statement(held)).holds({}) is negated


@pytest.mark.parametrize(
    ("held", "all_hold", "any_holds"),
    [
        ([YES, YES, YES], YES, YES),
        ([YES, UNKNOWN, YES], UNKNOWN, YES),
        ([UNKNOWN, UNKNOWN, NO], NO, UNKNOWN),
        ([NO, NO, UNKNOWN], NO, UNKNOWN),
        ([UNKNOWN, NO, YES], NO, YES),
        ([NO, NO, NO], NO, NO),
    ],
)
def test_many_conditions_follow_kleene_in_any_order(held, all_hold, any_holds):
    for order in (held, held[::-1]):
        assert all_of(*map(statement, order)).holds({}) is all_hold
        assert any_of(*map(statement, order)).holds({}) is any_holds


def test_always_holds_and_reads_nothing():
    assert ALWAYS.holds({}) is True
    assert ALWAYS.about == frozenset()
    assert ALWAYS.prose(str) == "always"


def test_a_compound_is_about_all_that_its_parts_are_about():
    wet = statement(YES, about=("rain",)) & (statement(YES, about=("snow",)) | ~statement(NO, about=("sun",)))

    assert wet.about == {"rain", "snow", "sun"}


RAIN, SNOW, SUN = (statement(YES, words) for words in ("it rains", "it snows", "the sun shines"))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (RAIN, "it rains"),
        (RAIN & SNOW, "it rains and it snows"),
        (RAIN | SNOW, "it rains or it snows"),
        (~RAIN, "not: it rains"),
        (~(RAIN & SNOW), "not: (it rains and it snows)"),
        (~RAIN & SUN, "(not: it rains) and the sun shines"),
        (RAIN & (SNOW | SUN), "it rains and (it snows or the sun shines)"),
        ((RAIN & SNOW) | SUN, "(it rains and it snows) or the sun shines"),
        (all_of(RAIN, SNOW, SUN), "it rains and it snows and the sun shines"),
        (any_of(RAIN | SNOW), "(it rains or it snows)"),
    ],
)
def test_a_condition_reads_as_a_sentence(condition, words):
    assert condition.prose(str) == words


def test_a_called_condition_goes_by_its_name_and_keeps_its_definition():
    wet = (RAIN | SNOW).called("it is wet")

    assert (wet & SUN).prose(str) == "it is wet and the sun shines"
    assert wet.definition(str) == "it rains or it snows"


@pytest.mark.parametrize("held", [YES, NO, UNKNOWN])
def test_a_called_condition_holds_as_before(held):
    wet = statement(held).called("it is wet")

    assert wet.holds({}) is held
    assert wet.about == {"weather"}


def test_a_condition_is_worded_in_the_language_of_its_reader():
    spanish = {"it rains": "llueve", "it snows": "nieva", "{these} and {this}": "{these} y {this}"}

    assert (RAIN & SNOW).prose(spanish.__getitem__) == "llueve y nieva"


@pytest.mark.parametrize(
    ("condition", "answers", "held"),
    [
        (FRACTURE.is_("yes"), {"fracture": "yes"}, YES),
        (FRACTURE.is_("yes"), {"fracture": "no"}, NO),
        (FRACTURE.is_("yes"), {"fracture": "suspect"}, UNKNOWN),
        (FRACTURE.is_("yes"), {}, UNKNOWN),
        (FRACTURE.is_("suspect"), {"fracture": "suspect"}, YES),
        (FRACTURE.is_("suspect"), {"fracture": "not_sure"}, UNKNOWN),
        (FRACTURE.is_("yes", "suspect"), {"fracture": "suspect"}, YES),
        # Which answer was given is known, however unsure the answer.
        (FRACTURE.is_not("no"), {"fracture": "not_sure"}, YES),
        (FRACTURE.is_not("no"), {"fracture": "no"}, NO),
        (FRACTURE.is_not("no"), {}, UNKNOWN),
        (PAIN.is_at_least(5), {"pain": "4"}, NO),
        (PAIN.is_at_least(5), {"pain": "5"}, YES),
        (PAIN.is_at_least(5), {"pain": "10"}, YES),
        (PAIN.is_at_least(5), {"pain": "not_sure"}, UNKNOWN),
        (PAIN.is_at_most(4), {"pain": "0"}, YES),
        (PAIN.is_at_most(4), {"pain": "4"}, YES),
        (PAIN.is_at_most(4), {"pain": "5"}, NO),
        (PAIN.is_at_most(4), {"pain": "not_sure"}, UNKNOWN),
        (SAFETY.includes("infection"), {"safety": ["infection", "not_sure"]}, YES),
        (SAFETY.includes("infection"), {"safety": ["allergy", "not_sure"]}, UNKNOWN),
        (SAFETY.includes("infection"), {"safety": ["allergy"]}, NO),
        (SAFETY.includes("infection"), {"safety": ["none"]}, NO),
        (SAFETY.includes("infection"), {}, UNKNOWN),
        (SAFETY.includes("infection", "allergy"), {"safety": ["allergy"]}, YES),
        (TRIED.includes("none"), {"tried": ["cannot"]}, NO),
        (TRIED.includes("none"), {"tried": ["not_sure"]}, UNKNOWN),
    ],
)
def test_an_unsure_answer_is_never_read_as_a_no(condition, answers, held):
    assert condition.holds(answers) is held

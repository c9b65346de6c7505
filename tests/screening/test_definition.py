"""A broken pathway is refused when it is built, which is when it is imported."""

from dataclasses import replace

import pytest

from screening.pathways.vertebral_cement import (
    BONE,
    CANCER,
    CLOTTING,
    FRACTURE,
    HEIGHT_LOSS,
    IMAGING,
    NOT_MATCHING,
    PAIN,
    PATHWAY,
    RED_FLAGS,
    SAFETY,
    TRIED,
)
from screening.questionnaire.assessment import Note, Rule
from screening.questionnaire.conditions import ALWAYS
from screening.questionnaire.definition import BrokenPathway
from screening.questionnaire.questions import Choice, Option, Page

YES_NO = (Option("yes", "Yes"), Option("no", "No"))
STRANGER = Choice(key="stranger", name="Stranger", text="Are you a stranger here?", options=YES_NO)
SHOUTING = Choice(key="shouting", name="Shouting", text="Do you shout?", options=YES_NO, ask_if=STRANGER.is_("yes"))


def page_of(*questions, key="together"):
    return Page(questions, key=key, text="Together", why="")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pages": (*PATHWAY.pages, page_of(STRANGER, key="pain"))}, "the page pain is defined twice"),
        ({"pages": (*PATHWAY.pages, page_of(PAIN))}, "the question pain is defined twice"),
        ({"visit_questions": (IMAGING, CANCER)}, "the question cancer is defined twice"),
        ({"visit_questions": (IMAGING, IMAGING)}, "the question imaging is defined twice"),
        ({"criteria": (*PATHWAY.criteria, BONE)}, "the criterion bone is defined twice"),
        ({"flags": (*PATHWAY.flags, PATHWAY.flags[0])}, "the flag long_known_signs is defined twice"),
        ({"priorities": (PATHWAY.priorities[-1], *PATHWAY.priorities)}, "the priority P3 is defined twice"),
        (
            {"rules": (Rule(ALWAYS, replace(NOT_MATCHING, offers_visit=True)), *PATHWAY.rules)},
            "the outcome not_matching is defined twice",
        ),
    ],
)
def test_a_key_is_used_once(changes, message):
    with pytest.raises(BrokenPathway, match=f"^{message}$"):
        replace(PATHWAY, **changes)


def test_two_options_of_a_question_differ_in_value():
    with pytest.raises(ValueError, match=r"^clotting: two options have the same value$"):
        replace(CLOTTING, options=(*CLOTTING.options, Option("yes", "Yes, often")))


def test_a_question_does_not_depend_on_a_later_one():
    pages = tuple(page for page in PATHWAY.pages if page.key != "fracture")

    with pytest.raises(BrokenPathway, match=r"^height_loss depends on \['fracture'\], which it does not follow$"):
        replace(PATHWAY, pages=(*pages, Page.of(FRACTURE)))


def test_a_question_does_not_depend_on_one_of_its_own_page():
    with pytest.raises(BrokenPathway, match=r"^shouting depends on \['stranger'\], which it does not follow$"):
        replace(PATHWAY, pages=(*PATHWAY.pages, page_of(STRANGER, SHOUTING)))


def test_a_question_may_depend_on_an_earlier_one():
    longer = replace(PATHWAY, pages=(*PATHWAY.pages, Page.of(STRANGER), Page.of(SHOUTING)))

    assert longer.questions[-2:] == (STRANGER, SHOUTING)


@pytest.mark.parametrize(
    "changes",
    [
        {"stops": (Rule(STRANGER.is_("yes"), NOT_MATCHING),)},
        {"rules": (Rule(STRANGER.is_("yes"), NOT_MATCHING), *PATHWAY.rules)},
        {"criteria": (replace(BONE, met_when=STRANGER.is_("yes")),)},
        {"criteria": (replace(BONE, not_met_when=STRANGER.is_("no")),)},
        {"criteria": (replace(BONE, if_met=(Note("Hello.", STRANGER.is_("no")), *BONE.if_met)),)},
        {"rules": (Rule(ALWAYS, replace(NOT_MATCHING, notes=(Note("Hello.", STRANGER.is_("no")),))),)},
        {"flags": (replace(PATHWAY.flags[0], when=STRANGER.is_("yes")),)},
        {"priorities": (replace(PATHWAY.priorities[0], when=STRANGER.is_("yes")), *PATHWAY.priorities[1:])},
        {"sooner_within_priority": STRANGER.is_("yes")},
    ],
)
def test_no_condition_reads_a_question_that_is_never_asked(changes):
    with pytest.raises(BrokenPathway, match=r"^a condition reads \['stranger'\], which is not asked by then$"):
        replace(PATHWAY, **changes)


def test_only_flags_and_priorities_read_the_questions_asked_with_a_visit():
    scanned = IMAGING.includes("mri")

    assert replace(PATHWAY, sooner_within_priority=scanned).sooner_within_priority is scanned
    assert replace(PATHWAY, flags=(replace(PATHWAY.flags[0], when=scanned),)).flags[0].when is scanned
    with pytest.raises(BrokenPathway, match=r"^a condition reads \['imaging'\], which is not asked by then$"):
        replace(PATHWAY, rules=(Rule(scanned, NOT_MATCHING), *PATHWAY.rules))


@pytest.mark.parametrize("question", [FRACTURE, PAIN, HEIGHT_LOSS])
def test_a_condition_names_options_that_exist(question):
    with pytest.raises(ValueError, match=f"^{question.key} has no option maybe$"):
        question.is_("yes" if question is not PAIN else "4", "maybe")
    with pytest.raises(ValueError, match=f"^{question.key} has no option maybe$"):
        question.is_not("maybe")


@pytest.mark.parametrize("question", [RED_FLAGS, TRIED, SAFETY])
def test_a_condition_on_boxes_names_boxes_that_exist(question):
    with pytest.raises(ValueError, match=f"^{question.key} has no option maybe$"):
        question.includes("none", "maybe")


@pytest.mark.parametrize("number", [-1, 11])
def test_a_condition_on_a_scale_stays_on_the_scale(number):
    with pytest.raises(ValueError, match=f"^pain has no number {number}$"):
        PAIN.is_at_least(number)
    with pytest.raises(ValueError, match=f"^pain has no number {number}$"):
        PAIN.is_at_most(number)


@pytest.mark.parametrize("number", [0, 10])
def test_both_ends_of_a_scale_can_be_named(number):
    assert PAIN.is_at_least(number).holds({"pain": "10"}) is True
    assert PAIN.is_at_most(number).holds({"pain": "0"}) is True


@pytest.mark.parametrize(
    "changes",
    [
        {"rules": PATHWAY.rules[:-1]},
        {"rules": (*PATHWAY.rules[:-1], Rule(CANCER.is_("no"), NOT_MATCHING))},
        {"priorities": PATHWAY.priorities[:-1]},
    ],
)
def test_the_last_rule_and_the_last_priority_apply_always(changes):
    with pytest.raises(BrokenPathway, match=r"^the last rule and the last priority must apply always$"):
        replace(PATHWAY, **changes)


@pytest.mark.parametrize("notes", [(), (Note("You had cancer.", CANCER.is_("other")),)])
@pytest.mark.parametrize("verdict", ["if_met", "if_not_met", "if_unknown"])
def test_every_verdict_has_something_to_say_always(verdict, notes):
    with pytest.raises(BrokenPathway, match=r"^nothing is said when none of these applies"):
        replace(PATHWAY, criteria=(replace(BONE, **{verdict: notes}), *PATHWAY.criteria[1:]))


@pytest.mark.parametrize("notes", [(), (Note("You had cancer.", CANCER.is_("other")),)])
@pytest.mark.parametrize("changed", ["stops", "rules"])
def test_every_outcome_has_something_to_say_always(changed, notes):
    first, *others = getattr(PATHWAY, changed)

    with pytest.raises(BrokenPathway, match=r"^nothing is said when none of these applies"):
        replace(PATHWAY, **{changed: (replace(first, outcome=replace(first.outcome, meaning=notes)), *others)})


@pytest.mark.parametrize("to_ask", [PATHWAY.to_ask[:-1], (*PATHWAY.to_ask, Note("Why?", CANCER.is_("other")))])
def test_there_are_always_three_questions_for_ones_own_doctor(to_ask):
    with pytest.raises(BrokenPathway, match=r"^the last 3 questions for one's own doctor must apply always$"):
        replace(PATHWAY, to_ask=to_ask)


@pytest.mark.parametrize(
    "note",
    [
        Note("You tried {list}."),
        Note("You tried {list} and {more}.", fill={"list": lambda answers: ["rest"]}),
        Note("You tried much.", fill={"list": lambda answers: ["rest"]}),
    ],
)
def test_placeholders_and_the_words_for_them_match(note):
    with pytest.raises(BrokenPathway, match=r"^placeholders and words do not match: You tried"):
        replace(PATHWAY, criteria=(replace(BONE, if_met=(note,)), *PATHWAY.criteria[1:]))


def test_the_emergency_number_is_filled_in_where_it_is_shown():
    call = Note("Call {emergency}.")

    changed = replace(PATHWAY, criteria=(replace(BONE, if_met=(call,)), *PATHWAY.criteria[1:]))

    assert changed.criteria[0].if_met == (call,)

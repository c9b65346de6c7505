"""What changed between two versions, in words; and why answers end as they do."""

from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from screening.cases import compare_cases, read
from screening.own_cases import own_cases
from screening.pathways import EARLIER, versions
from screening.pathways.vertebral_cement import CLOTTING, PAIN, PATHWAY
from screening.questionnaire.comparison import changes_between, compare
from screening.questionnaire.conditions import all_of, any_of
from screening.questionnaire.description import describe
from screening.questionnaire.explanation import Ending, reasons
from screening.questionnaire.questions import Page
from tests.walk import FACTS

FIRST = EARLIER[0]
CASES = own_cases(PATHWAY)


def other(things, **changes):
    """With the first of them changed."""
    return (replace(things[0], **changes), *things[1:])


def told(before, after):
    """Each difference as part, thing, what became of it, aspect, before, after."""
    return [
        (part.title, difference.thing, difference.what, aspect.aspect, aspect.before, aspect.after)
        for part in compare(before, after)
        for difference in part.differences
        for aspect in difference.aspects
    ]


def with_question(**changes):
    """The present pathway with the question about bleeding changed."""
    changed = replace(CLOTTING, **changes)
    pages = tuple(Page.of(changed) if page.questions == (CLOTTING,) else page for page in PATHWAY.pages)
    return replace(PATHWAY, pages=pages)


def test_a_version_is_the_same_as_itself():
    assert [compare(version, version) for version in versions(PATHWAY.key).values()] == [(), ()]


YES = CLOTTING.options[0]
UNKNOWN = PATHWAY.criteria[0].if_unknown
CHANGED = {
    "a title": replace(PATHWAY, title="Another title"),
    "a question's text": with_question(text="Do you bleed?"),
    "a question's name": with_question(name="Bleeding"),
    "a hint": with_question(hint="Think."),
    "a why": with_question(why="So."),
    "an optional question": with_question(optional=True),
    "an option that is gone": with_question(options=CLOTTING.options[1:]),
    "a reworded option": with_question(options=other(CLOTTING.options, label="Yes, I do")),
    "an option that is unsure": with_question(options=other(CLOTTING.options, unsure=True)),
    "an option that stands alone": with_question(options=other(CLOTTING.options, alone=True)),
    "what is said beside others": with_question(options=other(CLOTTING.options, not_with_others="No.")),
    "an option in a sentence": with_question(options=other(CLOTTING.options, in_sentence="bleeding")),
    "the order of options": with_question(options=CLOTTING.options[::-1]),
    "when a question is asked": with_question(ask_if=PAIN.is_not("0")),
    "a question of the visit": replace(PATHWAY, visit_questions=PATHWAY.visit_questions[:-1], flags=()),
    "the order of the pages": replace(PATHWAY, pages=(*PATHWAY.pages[:-2], *PATHWAY.pages[:-3:-1])),
    "what a page is called": replace(PATHWAY, pages=other(PATHWAY.pages, text="Signs")),
    "what a shared page says": replace(
        PATHWAY, pages=tuple(replace(page, why="So.") if len(page.questions) > 1 else page for page in PATHWAY.pages)
    ),
    "the order of the stops": replace(PATHWAY, stops=PATHWAY.stops[::-1]),
    "a condition of a stop": replace(PATHWAY, stops=other(PATHWAY.stops, when=PATHWAY.stops[1].when)),
    "a criterion that is gone": replace(PATHWAY, criteria=PATHWAY.criteria[1:]),
    "a criterion's title": replace(PATHWAY, criteria=other(PATHWAY.criteria, title="Bones")),
    "a criterion's source": replace(PATHWAY, criteria=other(PATHWAY.criteria, source="A book")),
    "when a criterion is met": replace(PATHWAY, criteria=other(PATHWAY.criteria, met_when=PAIN.is_("0"))),
    "when it is not met": replace(PATHWAY, criteria=other(PATHWAY.criteria, not_met_when=PAIN.is_("0"))),
    "what is said of a criterion": replace(
        PATHWAY, criteria=other(PATHWAY.criteria, if_met=other(PATHWAY.criteria[0].if_met, text="It is."))
    ),
    "the order of what is said": replace(
        PATHWAY,
        criteria=other(
            PATHWAY.criteria,
            if_unknown=(*UNKNOWN[1::-1], *UNKNOWN[2:]),
        ),
    ),
    "the order of the rules": replace(PATHWAY, rules=(*PATHWAY.rules[1::-1], *PATHWAY.rules[2:])),
    "a rule that is gone": replace(PATHWAY, rules=PATHWAY.rules[1:]),
    "a term that is gone": replace(PATHWAY, terms=PATHWAY.terms[1:]),
    "a source of a term": replace(PATHWAY, terms=other(PATHWAY.terms, sources=("A book",))),
    "advice that is gone": replace(PATHWAY, advice=PATHWAY.advice[1:]),
    "advice with a visit": replace(PATHWAY, advice=other(PATHWAY.advice, with_visit=True)),
    "when advice is given": replace(PATHWAY, advice=other(PATHWAY.advice, when=PAIN.is_("0"))),
    "a flag that is gone": replace(PATHWAY, flags=PATHWAY.flags[1:]),
    "a flag's label": replace(PATHWAY, flags=other(PATHWAY.flags, label="Signs")),
    "what staff do about a flag": replace(PATHWAY, flags=other(PATHWAY.flags, advice="Ask.")),
    "when a flag is raised": replace(PATHWAY, flags=other(PATHWAY.flags, when=PAIN.is_("0"))),
    "a source of a flag": replace(PATHWAY, flags=other(PATHWAY.flags, sources=("A book",))),
    "how soon to call": replace(PATHWAY, priorities=other(PATHWAY.priorities, business_days=2)),
    "when a priority applies": replace(PATHWAY, priorities=other(PATHWAY.priorities, when=PAIN.is_("0"))),
    "the results of a priority": replace(
        PATHWAY, priorities=other(PATHWAY.priorities, outcomes=PATHWAY.outcomes[-1:])
    ),
    "who is called sooner": replace(PATHWAY, sooner_within_priority=PAIN.is_("0")),
}


@pytest.mark.parametrize("what", CHANGED)
def test_whatever_changes_the_description_is_told(what):
    assert describe(CHANGED[what]) != describe(PATHWAY)
    assert told(PATHWAY, CHANGED[what])


def with_outcome(outcome, **changes):
    changed = replace(outcome, **changes)
    stops, rules = (
        tuple(replace(rule, outcome=changed) if rule.outcome is outcome else rule for rule in rules)
        for rules in (PATHWAY.stops, PATHWAY.rules)
    )
    return replace(PATHWAY, stops=stops, rules=rules, priorities=PATHWAY.priorities[-1:])


@pytest.mark.parametrize(
    "changes",
    [
        {"offers_visit": True},
        {"headings": PATHWAY.outcomes[1].headings},
        {"meaning": PATHWAY.outcomes[1].meaning},
        {"notes": PATHWAY.advice[:1]},
        {"next_step": PATHWAY.advice[:1]},
        {"address": "elsewhere"},
        {"calls_first": False},
        {"body": PATHWAY.outcomes[0].body[1:]},
    ],
)
def test_whatever_changes_a_result_is_told(changes):
    parts = compare(with_outcome(PATHWAY.outcomes[0]), with_outcome(PATHWAY.outcomes[0], **changes))

    assert "Results" in [part.title for part in parts]


def test_what_was_added_removed_and_reworded_stands_there_in_words():
    found = told(FIRST, PATHWAY)

    hint = "Your best guess is fine."
    assert ("Questions", "How it began", "added", "Text", "", "How did this pain start?") in found
    assert ("Questions", "How long in pain", "changed", "Hint", hint) in [one[:5] for one in found]
    assert ("Questions", "Warning signs", "changed", "Answer “long_known”", "") in [one[:5] for one in found]
    removed = "Not sure about infection, pregnancy or allergy"
    assert ("Flags", "Not sure about the safety list", "changed", "Label", removed) in [one[:5] for one in found]
    assert any(one[2] == "removed" and one[0] == "Words used in the rules" for one in found)
    assert [one[3:] for one in told(PATHWAY, FIRST)] != [one[3:] for one in found]


def test_the_history_is_told_from_one_version_to_the_other_only():
    assert changes_between(FIRST, PATHWAY) == tuple(one for one in PATHWAY.changes if one.version == "2.0")
    assert changes_between(PATHWAY, FIRST) == ()
    assert changes_between(PATHWAY, PATHWAY) == ()


# Cases under two versions.


def results(*rows):
    text = "\n".join(["Case;Result;pain;fracture;osteoporosis;height_loss;tried;clotting;function;safety", *rows])
    sheet = read(text, PATHWAY)
    assert sheet.problems == ()
    return [(one.before, one.after) for one in compare_cases(sheet.cases, PATHWAY, FIRST, PATHWAY)]


def test_each_case_ends_under_both_versions_as_its_rule_says():
    named = {one.case.name: (one.before, one.after) for one in compare_cases(CASES, PATHWAY, FIRST, PATHWAY)}

    assert named["N06"][0] == "Other care usually comes first"
    assert named["N06"][1] == "A specialist needs to check a few things first, P1"
    assert named["V01"] == ("You may be a candidate, P2",) * 2


def test_what_one_version_asks_with_a_visit_counts_there():
    """Version 1.0 asks with a visit request how somebody gets around, and calls those in bed first."""
    in_bed, up = results(
        "A;likely_candidate;6;yes;yes;yes;not_sure;no;bed;", "B;likely_candidate;6;yes;yes;yes;not_sure;no;by_self;"
    )

    assert in_bed[0] == "A specialist needs to check a few things first, P1"
    assert up[0] == "A specialist needs to check a few things first, P2"


def test_an_answer_that_a_version_does_not_know_is_named():
    [(before, after)] = results("A;likely_candidate;6;yes;yes;yes;not_sure;low_platelets;;steroids")

    assert before == "cannot be answered: “Bleeding or clotting disorder” has no “My platelets are low”"
    assert after == "A specialist needs to check a few things first, P1"


def test_an_answer_that_is_not_asked_for_keeps_no_case_from_being_answered():
    """A fever ends the check before the question about bleeding."""
    sheet = read("Case;Result;red_flags;clotting\nA;emergency_today;fever;low_platelets", PATHWAY)

    [one] = compare_cases(sheet.cases, PATHWAY, FIRST, PATHWAY)

    assert (one.before, one.after) == ("Talk to a doctor or nurse today",) * 2


# The command.


def test_the_command_prints_it_all(capsys):
    call_command("compare_versions", "1.0", "2.0")

    said = capsys.readouterr().out
    assert "# From version 1.0 to version 2.0" in said
    assert "- 2.0, 2026-11-29: Pain that is “not sure” never counts as mild. What is not known must not" in said
    assert (
        "  - Text\n    - before: Do you have any of these right now?\n    - now: Do you have any of these signs"
        in said
    )
    assert "- How it began: added\n  - Name: How it began\n" in said
    assert "  - Answer “tearing” (added): Sudden pain in your back" in said
    assert "## Cases that end otherwise: 17 of 32" in said
    assert "  - 1.0: You may be a candidate, P2\n  - 2.0: A specialist needs to check a few things first, P2" in said


def test_the_command_knows_only_versions_that_there_are():
    with pytest.raises(CommandError, match=r"There is no version 3\.0\. There are: 1\.0, 2\.0\."):
        call_command("compare_versions", "1.0", "3.0")


# Why answers end as they do.


SEVERE = PAIN.is_at_least(8).called("severe")
BLEEDS = CLOTTING.is_("yes")


def shown(condition, **answers):
    def words(told):
        return [(one.words, one.verdict, *([words(one.parts)] if one.parts else [])) for one in told]

    return words(reasons(condition, answers))


def test_reasons_are_the_parts_that_decide():
    pain, bleeds = "Worst back pain in 7 days: 8 or more", "Bleeding or clotting disorder: “" + YES.label + "”"
    severe = ("severe", "holds", [(pain, "holds")])

    assert shown(any_of(SEVERE, BLEEDS), pain="9", clotting="no") == [severe]
    assert shown(all_of(SEVERE, BLEEDS), pain="9", clotting="yes") == [severe, (bleeds, "holds")]
    assert shown(all_of(SEVERE, BLEEDS), pain="9", clotting="no") == [(bleeds, "does not hold")]
    assert shown(SEVERE & ~BLEEDS, pain="9", clotting="no") == [severe, (bleeds, "does not hold")]
    assert shown(SEVERE | BLEEDS, pain="9", clotting="not_sure") == [severe]
    assert shown(SEVERE & BLEEDS, pain="9", clotting="not_sure") == [(bleeds, "is not known")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_rule_that_is_named_is_the_one_that_decides(case):
    ending = case.ending(PATHWAY)

    assert ending.rule.outcome is ending.assessment.outcome
    assert ending.rule.when.holds(ending.answers)
    assert not any(rule.when.holds(ending.answers) for rule in ending.tried[:-1])
    assert all(one.words for one in ending.why())


def test_answers_of_the_visit_count_only_where_one_is_offered():
    with_visit = {"place": "tailbone"}

    assert "place_tailbone" in [flag.key for flag in Ending(PATHWAY, FACTS, with_visit).flags]
    without = Ending(PATHWAY, {**FACTS, "fracture": "no"}, with_visit)
    assert (without.priority, "place_tailbone" in [flag.key for flag in without.flags]) == (None, False)

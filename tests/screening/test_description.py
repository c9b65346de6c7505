"""The pathway in prose, as it was approved; and that nothing in it can change without the prose changing."""

from collections import Counter
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path

import pytest

from screening.pathways import vertebral_cement as content
from screening.pathways.vertebral_cement import (
    BLOOD_THINNER,
    CLOTTING,
    HELPED,
    NOT_MATCHING,
    PAIN,
    PATHWAY,
    RED_FLAGS,
    SAFETY,
)
from screening.questionnaire.conditions import ALWAYS, Condition
from screening.questionnaire.description import describe, describe_rule
from screening.questionnaire.questions import Choice, Option, Page
from screening.signed_text import fingerprint

APPROVED = Path(__file__).with_name("approved") / "pathway.md"


def test_the_pathway_reads_as_approved():
    approved = APPROVED.read_text(encoding="utf-8")

    now = f"{describe(PATHWAY)}\nFingerprint {fingerprint(PATHWAY.key)}\n"

    diff = "\n".join(unified_diff(lines_of(approved), lines_of(now), "approved", "now", n=1, lineterm=""))
    assert not diff, f"The pathway reads differently now. Read the difference, then run `make approve`.\n\n{diff}"


def lines_of(text):
    """Blank lines do not count; those of the description itself are under its fingerprint."""
    return [line for line in text.splitlines() if line]


def test_the_description_is_in_the_language_of_its_reader():
    spanish = {"Do you take a blood thinner?": "¿Toma un anticoagulante?"}

    description = describe(PATHWAY, lambda text: spanish.get(text, text))

    assert "### ¿Toma un anticoagulante? `blood_thinner`" in description
    assert "Do you take a blood thinner?" not in description


def test_every_named_condition_is_explained():
    named = [thing for thing in vars(content).values() if isinstance(thing, Condition) and thing.definition]

    assert named
    assert [condition.prose(str) for condition in named if condition not in PATHWAY.terms] == []


NEW = "Something else"
ANOTHER_CONDITION = CLOTTING.is_("not_sure") & BLOOD_THINNER.is_("not_sure")


def swapped(things, old, *new):
    return tuple(one for thing in things for one in (new if thing is old else (thing,)))


def with_question(old, new):
    """The pathway with one question replaced, on its page or among those asked with a visit."""
    pages = PATHWAY.pages
    for page in pages:
        if old in page.questions:
            changed = replace(page, questions=swapped(page.questions, old, new))
            pages = swapped(pages, page, changed if len(page.questions) > 1 else Page.of(new))
    return replace(PATHWAY, pages=pages, visit_questions=swapped(PATHWAY.visit_questions, old, new))


def with_outcome(old, new):
    def rules(before):
        return tuple(replace(rule, outcome=new) if rule.outcome is old else rule for rule in before)

    return replace(PATHWAY, stops=rules(PATHWAY.stops), rules=rules(PATHWAY.rules))


def other_notes(notes):
    conditional = [note for note in notes if note.when is not ALWAYS]
    for note in notes:
        yield swapped(notes, note, replace(note, text=f"{note.text} {NEW}."))
    for note in conditional:
        yield swapped(notes, note, replace(note, when=ANOTHER_CONDITION))
        yield swapped(notes, note)
    if len(conditional) > 1:
        yield (*conditional[::-1], *notes[len(conditional) :])


def other_pages():
    for page in PATHWAY.pages:
        yield replace(PATHWAY, pages=swapped(PATHWAY.pages, page, replace(page, text=NEW)))
        yield replace(PATHWAY, pages=swapped(PATHWAY.pages, page, replace(page, key="something_else")))
        yield replace(PATHWAY, pages=swapped(PATHWAY.pages, page, replace(page, why=NEW)))
    *others, blood_thinner, safety = PATHWAY.pages
    yield replace(PATHWAY, pages=(*others, safety, blood_thinner))


def other_questions():
    for question in (*PATHWAY.questions, *PATHWAY.visit_questions):
        for changed in ("name", "text", "hint"):
            yield with_question(question, replace(question, **{changed: NEW}))
        if question not in HELPED.values():  # They share the reason of their page.
            yield with_question(question, replace(question, why=NEW))
        if question is not RED_FLAGS:
            yield with_question(question, replace(question, ask_if=RED_FLAGS.includes("none")))
    yield with_question(SAFETY, Choice(key="safety", name=SAFETY.name, text=SAFETY.text, options=SAFETY.options))


def other_options():
    for question in (*PATHWAY.questions, *PATHWAY.visit_questions):
        if question is PAIN:
            yield with_question(PAIN, replace(PAIN, lowest=1))
            yield with_question(PAIN, replace(PAIN, highest=9))
            yield with_question(PAIN, replace(PAIN, unsure=replace(PAIN.unsure, label=NEW)))
            yield with_question(PAIN, replace(PAIN, unsure=replace(PAIN.unsure, unsure=False)))
            continue
        for option in question.options:
            for instead in (
                [],
                [replace(option, value="something_else")],
                [replace(option, label=NEW)],
                [replace(option, in_sentence=NEW)],
                [replace(option, unsure=not option.unsure)],
                [replace(option, alone=not option.alone)],
                [option, Option("one_more", NEW)],
            ):
                yield with_question(question, replace(question, options=swapped(question.options, option, *instead)))
        if question.options:
            yield with_question(question, replace(question, options=question.options[::-1]))


def other_criteria():
    for criterion in PATHWAY.criteria:
        lists = {name: other_notes(getattr(criterion, name)) for name in ("if_met", "if_not_met", "if_unknown")}
        for new in (
            replace(criterion, key="something_else"),
            replace(criterion, title=NEW),
            replace(criterion, source=NEW),
            replace(criterion, met_when=ANOTHER_CONDITION),
            replace(criterion, met_when=~criterion.met_when),
            replace(criterion, not_met_when=ANOTHER_CONDITION),
            *(replace(criterion, **{name: notes}) for name, others in lists.items() for notes in others),
        ):
            yield replace(PATHWAY, criteria=swapped(PATHWAY.criteria, criterion, new))


def other_outcomes():
    for outcome in PATHWAY.outcomes:
        for new in (
            replace(outcome, key="something_else"),
            *(replace(outcome, headings=notes) for notes in other_notes(outcome.headings)),
            *(replace(outcome, next_step=notes) for notes in other_notes(outcome.next_step)),
            replace(outcome, offers_visit=not outcome.offers_visit),
            *(replace(outcome, meaning=notes) for notes in other_notes(outcome.meaning)),
            *(replace(outcome, notes=notes) for notes in other_notes(outcome.notes)),
        ):
            yield with_outcome(outcome, new)


def other_rules():
    for name in ("stops", "rules"):
        rules = getattr(PATHWAY, name)
        for rule in rules:
            if rule.when is not ALWAYS:
                yield replace(PATHWAY, **{name: swapped(rules, rule)})
                yield replace(PATHWAY, **{name: swapped(rules, rule, replace(rule, when=ANOTHER_CONDITION))})
                yield replace(PATHWAY, **{name: swapped(rules, rule, replace(rule, when=~rule.when))})
        first, second, *others = rules
        yield replace(PATHWAY, **{name: (second, first, *others)})


def other_flags():
    for flag in PATHWAY.flags:
        yield replace(PATHWAY, flags=swapped(PATHWAY.flags, flag))
        for changes in (
            {"key": NEW},
            {"label": NEW},
            {"advice": NEW},
            {"clinical": NEW},
            {"when": ANOTHER_CONDITION},
            {"sources": (NEW,)},
        ):
            yield replace(PATHWAY, flags=swapped(PATHWAY.flags, flag, replace(flag, **changes)))


def other_advice():
    for notes in other_notes(PATHWAY.advice):
        yield replace(PATHWAY, advice=notes)
    for note in PATHWAY.advice:
        yield replace(PATHWAY, advice=swapped(PATHWAY.advice, note, replace(note, with_visit=not note.with_visit)))


def other_questions_to_ask():
    *asked, first, second, third = PATHWAY.to_ask
    for notes in other_notes(tuple(asked)):
        yield replace(PATHWAY, to_ask=(*notes, first, second, third))
    yield replace(PATHWAY, to_ask=(*asked, first, third, second))


def other_emergencies():
    for outcome in PATHWAY.emergencies:
        yield with_outcome(outcome, replace(outcome, address="elsewhere"))
        yield with_outcome(outcome, replace(outcome, calls_first=not outcome.calls_first))
        for paragraph in outcome.body:
            for instead in ([], [replace(paragraph, text=NEW)], [replace(paragraph, lead_in=NEW)]):
                yield with_outcome(outcome, replace(outcome, body=swapped(outcome.body, paragraph, *instead)))
            for item in paragraph.items:
                shorter = replace(paragraph, items=swapped(paragraph.items, item))
                yield with_outcome(outcome, replace(outcome, body=swapped(outcome.body, paragraph, shorter)))


def other_changes():
    for change in PATHWAY.changes:
        yield replace(PATHWAY, changes=swapped(PATHWAY.changes, change))
        for told in ("what", "why"):
            yield replace(PATHWAY, changes=swapped(PATHWAY.changes, change, replace(change, **{told: NEW})))


def other_priorities():
    for priority in PATHWAY.priorities:
        changes = [
            {"key": f"{priority.key}-new"},
            {"business_days": 30},
            {"outcomes": (*priority.outcomes, NOT_MATCHING)},
        ]
        if priority.when is not ALWAYS:
            changes += [{"when": ANOTHER_CONDITION}]
            yield replace(PATHWAY, priorities=swapped(PATHWAY.priorities, priority))
        for change in changes:
            new = replace(priority, **change)
            yield replace(PATHWAY, priorities=swapped(PATHWAY.priorities, priority, new))
    yield replace(PATHWAY, sooner_within_priority=ANOTHER_CONDITION)
    yield replace(PATHWAY, records_elsewhere=ANOTHER_CONDITION)


OTHER_WORDS = ("points", "summary", "call_now", "call_today")


def other_names():
    yield replace(PATHWAY, key="another")
    yield from (replace(PATHWAY, **{what: NEW}) for what in ("version", "name", "title", *OTHER_WORDS))


def other_terms():
    for term in PATHWAY.terms:
        yield replace(PATHWAY, terms=swapped(PATHWAY.terms, term))
        yield replace(PATHWAY, terms=swapped(PATHWAY.terms, term, ANOTHER_CONDITION.called(term.prose(str))))
    yield replace(PATHWAY, version="3.0")
    yield replace(PATHWAY, title=NEW)


@pytest.mark.sweep
@pytest.mark.parametrize(
    "others",
    [
        other_pages,
        other_questions,
        other_options,
        other_advice,
        other_emergencies,
        other_changes,
        other_criteria,
        other_outcomes,
        other_rules,
        other_flags,
        other_questions_to_ask,
        other_priorities,
        other_names,
        other_terms,
    ],
)
def test_two_pathways_that_differ_read_differently(others):
    read = Counter(map(describe, [PATHWAY, *others()]))

    assert len(read) > 1
    assert [text for text, times in read.items() if times > 1] == []


@pytest.mark.parametrize("others", [other_rules, other_priorities])
def test_the_rule_alone_leaves_out_sentences_and_no_rule(others):
    read = Counter(map(describe_rule, [PATHWAY, *others()]))

    assert [text for text, times in read.items() if times > 1] == []
    assert describe(PATHWAY).startswith(describe_rule(PATHWAY).partition("\n## Sources")[0])


def test_the_rule_alone_is_short_enough_to_be_read_at_one_sitting():
    lines = describe_rule(PATHWAY).split("\n")

    assert sum(len(line.split()) for line in lines) < len(describe(PATHWAY).split()) / 2
    assert max(map(len, describe(PATHWAY).split("\n"))) <= 200

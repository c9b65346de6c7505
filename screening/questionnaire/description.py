"""A pathway in prose, whole, for the people who sign it off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .assessment import Note, Rule
from .conditions import ALWAYS, Say
from .definition import Pathway
from .questions import Question


def describe(pathway: Pathway, say: Say = str) -> str:
    """Everything the pathway asks, decides and says, as Markdown: two pathways that differ read differently."""
    return "\n".join(_lines(pathway, say)) + "\n"


def _lines(pathway: Pathway, say: Say) -> Iterator[str]:
    yield f"# {say(pathway.title)}"
    yield f"\nVersion {pathway.version}"

    yield "\n## Questions, in this order"
    for page in pathway.pages:
        yield f"\n### {say(page.text)} `{page.key}`"
        if page.why:
            yield f"\nWhy we ask all of these: {say(page.why)}"
        for question in page.questions:
            if len(page.questions) > 1:
                yield f"\n#### {say(question.text)} `{question.key}`"
            yield from _question(question, say)

    yield "\n## What ends the check at once"
    yield ""
    yield from _rules(pathway.stops, say)

    yield "\n## What we look at"
    for criterion in pathway.criteria:
        yield f"\n### {say(criterion.title)} `{criterion.key}`"
        yield f"\nSource: {say(criterion.source)}\n"
        yield f"- Met: {criterion.met_when.prose(say)}"
        yield f"- Not met: {criterion.not_met_when.prose(say)}"
        yield "- Needs a check: anything else\n"
        for verdict, notes in criterion.explanations.items():
            yield f"{say(verdict.label)}, we say the first that applies:\n"
            yield from _notes(notes, say)

    yield "\n## What decides, the first that applies"
    yield ""
    yield from _rules(pathway.rules, say)

    yield "\n## Words used above"
    yield ""
    for term in pathway.terms:
        yield f"- {term.prose(say)}: {(term.definition or term.prose)(say)}"

    yield "\n## What we say"
    for outcome in pathway.outcomes:
        yield f"\n### {say(outcome.title)} `{outcome.key}`"
        yield f"\nA visit can be asked for: {'yes' if outcome.offers_visit else 'no'}\n"
        yield "The first that applies:\n"
        yield from _notes(outcome.meaning, say)
        if outcome.notes:
            yield "All that apply:\n"
            yield from _notes(outcome.notes, say)
        if outcome.next_step:
            yield f"Next: {say(outcome.next_step)}"

    yield "\n## Asked with a visit request only"
    for question in pathway.visit_questions:
        yield f"\n### {say(question.text)} `{question.key}`"
        yield from _question(question, say)

    yield "\n## Flags for staff"
    yield ""
    for flag in pathway.flags:
        yield f"- {flag.name(say)} `{flag.key}`: {flag.when.prose(say)}. {say(flag.advice)}"

    yield "\n## Priority, the first that applies"
    yield ""
    for priority in pathway.priorities:
        reasons = [f"`{outcome.key}`" for outcome in priority.outcomes] + [priority.when.prose(say)]
        yield f"- {priority.key}, call within {priority.business_days} business days: {' or '.join(reasons)}"
    yield f"\nSooner within one priority: {pathway.sooner_within_priority.prose(say)}. Then the oldest request."


def _question(question: Question, say: Say) -> Iterator[str]:
    yield f"\nAsked as: {say(question.text)}"
    yield f"\nCalled: {say(question.name)}"
    if question.why:
        yield f"\nWhy we ask: {say(question.why)}"
    if question.hint:
        yield f"\nHint: {say(question.hint)}"
    if question.ask_if is not ALWAYS:
        yield f"\nAsked if: {question.ask_if.prose(say)}"
    yield from question.answers_in_prose(say)


def _rules(rules: Sequence[Rule], say: Say) -> Iterator[str]:
    for number, rule in enumerate(rules, start=1):
        yield f"{number}. {rule.when.prose(say)} → {say(rule.outcome.title)} `{rule.outcome.key}`"


def _notes(notes: Sequence[Note], say: Say) -> Iterator[str]:
    for note in notes:
        words = "".join(f", {name}: {fill.__name__.replace('_', ' ')}" for name, fill in note.fill.items())
        yield f"- {note.when.prose(say)}: “{say(note.text)}”{words}"
    yield ""

"""A pathway in prose, whole, for the people who sign it off."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from .assessment import Advice, Emergency, Flag, Note, Outcome, Rule
from .conditions import ALWAYS, Briefly, Condition, Say
from .definition import Pathway
from .questions import Page, Question

WIDTH = 120


def describe(pathway: Pathway, say: Say = str) -> str:
    """Everything the pathway asks, decides and says, as Markdown: two pathways that differ read differently.

    Answers are named by their keys, which stand beside their words where the question does.
    """
    described = _Description(pathway, Briefly(say))
    # The numbers of the sources are given as they are met, and told at the end.
    lines = [*described.lines(), *described.listed_sources()]
    return "\n".join(wrapped for told in lines for line in told.split("\n") for wrapped in _wrapped(line)) + "\n"


def _wrapped(line: str) -> list[str]:
    if len(line) <= WIDTH:
        return [line]
    mark = line[: len(line) - len(line.lstrip(" -0123456789."))]
    indent = " " * len(mark)
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


class _Description:
    def __init__(self, pathway: Pathway, say: Briefly) -> None:
        self.pathway = pathway
        self.say = say
        self.sources: list[str] = []

    def lines(self) -> Iterator[str]:
        pathway, say = self.pathway, self.say
        yield f"# {say(pathway.title)}"
        yield f"\nVersion {pathway.version}."

        yield "\n## Questions, in this order"
        for page in pathway.pages:
            yield from self._page(page)

        yield "\n## What ends the check at once, the first that applies\n"
        yield from self._rules(pathway.stops)

        yield "\n## The points that are looked at"
        yield "\nOf the sentences for each, the first that applies is said."
        for criterion in pathway.criteria:
            yield f"\n### {say(criterion.title)} `{criterion.key}`{self._cited((criterion.source,))}\n"
            yield f"- Met: {criterion.met_when.prose(say)}"
            yield f"- Not met: {criterion.not_met_when.prose(say)}"
            for verdict, notes in criterion.explanations.items():
                yield f"\n{say(verdict.label)}:\n"
                yield from self._notes(notes)

        yield "\n## What decides, the first that applies\n"
        yield from self._rules(pathway.rules)

        yield "\n## Words used in the rules\n"
        for term in pathway.terms:
            yield f"- **{term.prose(say)}**: {(term.definition or term.prose)(say)}{self._cited(term.sources)}"

        yield "\n## What is said"
        for outcome in pathway.outcomes:
            yield from self._outcome(outcome)
        if pathway.advice:
            yield "\n### With every result that does not end the check, all that apply\n"
            yield from self._notes(pathway.advice)

        yield "\n## Asked with a visit request only"
        for question in pathway.visit_questions:
            yield from self._page(Page.of(question))

        yield "\n## Flags for staff"
        for advice, flags in groupby(pathway.flags, key=lambda flag: flag.advice):
            yield f"\n{say(advice)}\n"
            yield from map(self._flag, flags)

        yield "\n## Priority, the first that applies\n"
        for priority in pathway.priorities:
            reasons = [f"`{outcome.key}`" for outcome in priority.outcomes] + [priority.when.prose(say)]
            within = f"call within {priority.business_days} business days"
            yield f"- {priority.key}, {within}: {' or '.join(reasons)}{self._cited(priority.sources)}"
        yield f"\nSooner within one priority: {pathway.sooner_within_priority.prose(say)}. Then the oldest request."

        if pathway.changes:
            yield "\n## What changed, and why\n"
            for change in pathway.changes:
                told = f"{change.version}, {change.date}: {say(change.what)} {say(change.why)}"
                yield f"- {told}{self._cited(change.sources)}"

    def listed_sources(self) -> Iterator[str]:
        yield "\n## Sources\n"
        for number, source in enumerate(self.sources, start=1):
            yield f"{number}. {self.say(source)}"

    def _cited(self, sources: Sequence[str]) -> str:
        self.sources += [source for source in dict.fromkeys(sources) if source not in self.sources]
        return "".join(f" [{self.sources.index(source) + 1}]" for source in sources)

    def _page(self, page: Page) -> Iterator[str]:
        say, (first, *others) = self.say, page.questions
        yield f"\n### {say(page.text)} `{page.key}`"
        if page.why:
            yield f"\nWhy: {say(page.why)}"
        share_options = others and len({question.options for question in page.questions}) == 1
        for question in page.questions:
            if others:
                yield f"\n{say(question.text)} `{question.key}`"
            yield from self._about(question)
            if not share_options:
                yield from question.answers_in_prose(say)
        if share_options:
            yield "\nEach of them:"
            yield from first.answers_in_prose(say)

    def _about(self, question: Question) -> Iterator[str]:
        say = self.say
        parts = [
            f"Called “{say(question.name)}”.",
            question.hint and f"Hint: {say(question.hint)}",
            question.why and f"Why: {say(question.why)}",
            question.ask_if is not ALWAYS and f"Asked if: {question.ask_if.prose(say)}.",
            question.optional and "May be left open.",
        ]
        yield "\n" + " ".join(part for part in parts if part)

    def _rules(self, rules: Sequence[Rule]) -> Iterator[str]:
        for number, rule in enumerate(rules, start=1):
            yield f"{number}. {rule.when.prose(self.say)} → `{rule.outcome.key}`"

    def _outcome(self, outcome: Outcome) -> Iterator[str]:
        offered = "With a visit." if outcome.offers_visit else "Without a visit."
        yield f"\n### `{outcome.key}`"
        yield f"\n{offered} The heading, the first that applies:\n"
        yield from self._notes(outcome.headings)
        yield "\nUnder it, the first that applies:\n"
        yield from self._notes(outcome.meaning)
        for title, notes in (("All that apply", outcome.notes), ("Next, all that apply", outcome.next_step)):
            if notes:
                yield f"\n{title}:\n"
                yield from self._notes(notes)
        if isinstance(outcome, Emergency):
            button = ", with a button to call {emergency}" if outcome.calls_first else ""
            yield f"\nOn a page of its own, `{outcome.address}`{button}:\n"
            for paragraph in outcome.body:
                lead_in = f"**{self.say(paragraph.lead_in)}** " if paragraph.lead_in else ""
                items = " ".join(f"· {self.say(item)}" for item in paragraph.items)
                yield f"- {lead_in}{self.say(paragraph.text)} {items}".rstrip()

    def _notes(self, notes: Sequence[Note]) -> Iterator[str]:
        for note in notes:
            words = "".join(f" {{{name}}}: {fill.__name__.replace('_', ' ')}." for name, fill in note.fill.items())
            offered = {True: " With a visit.", False: " Without a visit.", None: ""}
            visit = offered[note.with_visit] if isinstance(note, Advice) else ""
            yield f"- {self._when(note.when)}“{self.say(note.text)}”{words}{visit}"

    def _when(self, condition: Condition) -> str:
        return "" if condition is ALWAYS else f"{condition.prose(self.say)}: "

    def _flag(self, flag: Flag) -> str:
        return f"- {flag.name(self.say)} `{flag.key}`: {flag.when.prose(self.say)}{self._cited(flag.sources)}"

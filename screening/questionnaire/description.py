"""A pathway in prose, whole, for the people who sign it off."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from .assessment import Advice, Emergency, Note, Outcome, Rule
from .conditions import ALWAYS, Briefly, Condition, Say
from .definition import MOST_TO_ASK, Pathway
from .questions import Page, Question

WIDTH = 120


def describe(pathway: Pathway, say: Say = str) -> str:
    """Everything the pathway asks, decides and says, as Markdown: two pathways that differ read differently.

    First the rule, then every sentence. Answers are named by their keys, which stand beside their words where the
    question does.
    """
    described = _Description(pathway, Briefly(say))
    # The numbers of the sources are given as they are met, and told when all are known.
    rule, words = [*described.rule()], [*described.words()]
    return _as_text([*rule, *described.listed_sources(), *words])


def describe_rule(pathway: Pathway, say: Say = str) -> str:
    """What is asked and what decides, without the sentences that are said: the first part of `describe`."""
    described = _Description(pathway, Briefly(say))
    return _as_text([*described.rule(), *described.listed_sources()])


def _as_text(lines: Sequence[str]) -> str:
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

    def rule(self) -> Iterator[str]:
        pathway, say = self.pathway, self.say
        yield f"# {say(pathway.title)}"
        yield f"\nVersion {pathway.version} of `{pathway.key}`, “{pathway.name}” to staff and in records."

        yield "\n## Questions, in this order"
        for page in pathway.pages:
            yield from self._page(page)

        yield "\n## What ends the check at once, the first that applies\n"
        yield from self._rules(pathway.stops)

        yield "\n## The points that are looked at\n"
        for criterion in pathway.criteria:
            yield f"- **{say(criterion.title)}** `{criterion.key}`{self._cited((criterion.source,))}"
            yield f"  - Met: {criterion.met_when.prose(say)}"
            yield f"  - Not met: {criterion.not_met_when.prose(say)}"

        yield "\n## What decides, the first that applies\n"
        yield from self._rules(pathway.rules)

        yield "\n## Words used in the rules\n"
        for term in pathway.terms:
            yield f"- **{term.prose(say)}**: {(term.definition or term.prose)(say)}{self._cited(term.sources)}"

        yield "\n## Asked with a visit request only"
        for question in pathway.visit_questions:
            yield from self._page(Page.of(question))

        yield "\n## Flags for staff\n"
        for flag in pathway.flags:
            yield f"- {flag.name(say)} `{flag.key}`: {flag.when.prose(say)}{self._cited(flag.sources)}"

        yield "\n## Priority, the first that applies\n"
        for priority in pathway.priorities:
            reasons = [f"`{outcome.key}`" for outcome in priority.outcomes] + [priority.when.prose(say)]
            within = f"call within {priority.business_days} business days"
            yield f"- {priority.key}, {within}: {' or '.join(reasons)}{self._cited(priority.sources)}"
        yield f"\nSooner within one priority: {pathway.sooner_within_priority.prose(say)}. Then the oldest request."
        yield f"\nPictures that have to come here: {pathway.records_elsewhere.prose(say)}."

    def words(self) -> Iterator[str]:
        pathway, say = self.pathway, self.say
        yield "\n# What is said"
        yield f"\n- Above the points: {say(pathway.points)}"
        yield f"- Above the summary: {say(pathway.summary)}"
        yield f"- After “Call {{emergency}}”: {say(pathway.call_now)}"
        yield f"- After “Call a doctor today”: {say(pathway.call_today)}"
        yield "\n## With the questions\n"
        for page in (*pathway.pages, *map(Page.of, pathway.visit_questions)):
            if page.why:
                yield f"- `{page.key}` why: {say(page.why)}"
            for question in page.questions:
                yield from self._said_with(question)

        yield "\n## Of the points, the first that applies"
        for criterion in pathway.criteria:
            for verdict, notes in criterion.explanations.items():
                yield f"\n{say(criterion.title)}: {say(verdict.label)}\n"
                yield from self._notes(notes)

        yield "\n## As results"
        for outcome in pathway.outcomes:
            yield from self._outcome(outcome)
        if pathway.advice:
            yield "\n### With every result that does not end the check, all that apply\n"
            yield from self._notes(pathway.advice)

        if pathway.to_ask:
            yield f"\n## Questions for one's own doctor, the first {MOST_TO_ASK} that apply\n"
            yield from self._notes(pathway.to_ask)

        if any(flag.clinical for flag in pathway.flags):
            yield "\n## To one's own doctor, of the flags\n"
            for flag in pathway.flags:
                yield f"- `{flag.key}`: {flag.clinical_name(say)}"

        yield "\n## To staff, of the flags\n"
        for advice, flags in groupby(pathway.flags, key=lambda flag: flag.advice):
            yield f"- {', '.join(f'`{flag.key}`' for flag in flags)}: {say(advice)}"

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
        share_options = others and len({question.options for question in page.questions}) == 1
        for question in page.questions:
            if others:
                yield f"\n{say(question.text)} `{question.key}`"
            parts = [
                f"Called “{say(question.name)}”.",
                question.ask_if is not ALWAYS and f"Asked if: {question.ask_if.prose(say)}.",
                question.optional and "May be left open.",
            ]
            yield "\n" + " ".join(part for part in parts if part)
            if not share_options:
                yield from question.answers_in_prose(say)
        if share_options:
            yield "\nEach of them:"
            yield from first.answers_in_prose(say)

    def _said_with(self, question: Question) -> Iterator[str]:
        if question.hint:
            yield f"- `{question.key}` hint: {self.say(question.hint)}"
        if question.why:
            yield f"- `{question.key}` why: {self.say(question.why)}"

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

"""What changed between two versions of a pathway, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .assessment import Advice, Criterion, Emergency, Flag, Note, Outcome, Priority, Rule
from .conditions import ALWAYS, Say
from .definition import Change, Pathway
from .questions import Option, Question

# What is told of a thing, by the aspect that it tells of.
Aspects = dict[str, str]
# The things of one part, each with its name, by key.
Things = dict[str, tuple[str, Aspects]]


@dataclass(frozen=True)
class Reworded:
    """One aspect of a thing; empty before if it is new, and after if it is gone."""

    aspect: str
    before: str
    after: str

    @property
    def what(self) -> str:
        return "changed" if self.before and self.after else "added" if self.after else "removed"


@dataclass(frozen=True)
class Difference:
    """A question, an outcome, a flag: what became of it, in words."""

    thing: str
    what: str
    aspects: tuple[Reworded, ...]


@dataclass(frozen=True)
class Part:
    title: str
    differences: tuple[Difference, ...]


def compare(before: Pathway, after: Pathway, say: Say = str) -> tuple[Part, ...]:
    """Whatever is otherwise in one description than in the other. Parts that are the same are left out."""
    old, new = (dict(_Facts(pathway, say).parts()) for pathway in (before, after))
    compared = (Part(title, tuple(_differences(old[title], new[title]))) for title in new)
    return tuple(part for part in compared if part.differences)


def changes_between(before: Pathway, after: Pathway) -> tuple[Change, ...]:
    """What the history of the later one tells of the versions since the earlier one."""
    known = {before.version, *(change.version for change in before.changes)}
    return tuple(change for change in after.changes if change.version not in known)


def _differences(old: Things, new: Things) -> Iterator[Difference]:
    nothing: tuple[str, Aspects] = ("", {})
    for key in dict.fromkeys([*new, *old]):
        (old_name, was), (new_name, now) = old.get(key, nothing), new.get(key, nothing)
        changed = [
            Reworded(aspect, was.get(aspect, ""), now.get(aspect, ""))
            for aspect in dict.fromkeys([*now, *was])
            if was.get(aspect, "") != now.get(aspect, "")
        ]
        if moved := _moved([*was], [*now]):
            changed.append(Reworded("Order", *("; ".join(order) for order in moved)))
        if key not in old:
            yield Difference(new_name, "added", tuple(changed))
        elif key not in new:
            yield Difference(old_name, "removed", tuple(changed))
        elif changed:
            yield Difference(new_name, "changed", tuple(changed))
    if moved := _moved([*old], [*new]):
        before, after = ("; ".join(new[key][0] for key in order) for order in moved)
        yield Difference("Order", "changed", (Reworded("Order", before, after),))


def _moved(old: Sequence[str], new: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Of what is in both, from the first to the last that has another place: the order before, and now."""
    in_both = set(old) & set(new)
    before, after = ([one for one in order if one in in_both] for order in (old, new))
    places = [place for place, (was, now) in enumerate(zip(before, after, strict=True)) if was != now]
    return (before[places[0] : places[-1] + 1], after[places[0] : places[-1] + 1]) if places else None


class _Facts:
    """All that a pathway says, by part, by key, by aspect."""

    def __init__(self, pathway: Pathway, say: Say) -> None:
        self.pathway = pathway
        self.say = say

    def parts(self) -> Iterator[tuple[str, Things]]:
        pathway, say = self.pathway, self.say
        asked = (*pathway.questions, *pathway.visit_questions)
        # Others say what their one question says.
        pages = [page for page in pathway.pages if page.why or page.text != page.questions[0].text]
        terms = {term.prose(say): term for term in pathway.terms}
        yield "Title", {"title": ("Title", {"Title": say(pathway.title)})}
        yield "Questions", {question.key: (say(question.name), self._question(question)) for question in asked}
        yield (
            "Pages with words of their own",
            {page.key: (say(page.text), {"Text": say(page.text), "Why": say(page.why)}) for page in pages},
        )
        yield "What ends the check at once", self._rules(pathway.stops)
        yield "The points that are looked at", {it.key: self._criterion(it) for it in pathway.criteria}
        yield "What decides", self._rules(pathway.rules)
        yield (
            "Words used in the rules",
            {
                words: (words, {"Means": (term.definition or term.prose)(say), **self._sources(term.sources)})
                for words, term in terms.items()
            },
        )
        yield "Results", {outcome.key: self._outcome(outcome) for outcome in pathway.outcomes}
        yield (
            "Advice",
            {
                f"{note.text} {note.with_visit}": (f"“{say(note.text)}”", {"Said": self._when(note)})
                for note in pathway.advice
            },
        )
        yield "Flags", {flag.key: self._flag(flag) for flag in pathway.flags}
        yield "Priorities", {priority.key: self._priority(priority) for priority in pathway.priorities}
        sooner = pathway.sooner_within_priority.prose(say)
        yield "Within one priority", {"sooner": ("Sooner", {"When": sooner})}

    def _question(self, question: Question) -> Aspects:
        say = self.say
        when = "in the check" if question in self.pathway.questions else "with a visit request"
        if question.ask_if is not ALWAYS:
            when += f", if {question.ask_if.prose(say)}"
        return {
            "Name": say(question.name),
            "Text": say(question.text),
            "Hint": say(question.hint),
            "Why": say(question.why),
            "Asked": when + (", may be left open" if question.optional else ""),
            "Answers": "any number of these" if question.takes_several else "one of these",
            **(
                {f"Answer “{option.value}”": self._option(option) for option in question.options}
                or {"Answers": " ".join(question.answers_in_prose(say)).strip()}
            ),
        }

    def _option(self, option: Option) -> str:
        say = self.say
        parts = [
            say(option.label),
            option.unsure and "(unsure)",
            option.alone and "(alone)",
            option.not_with_others and f"Beside others: {say(option.not_with_others)}",
            option.in_sentence and f"In a sentence: {say(option.in_sentence)}.",
        ]
        return " ".join(part for part in parts if part)

    def _criterion(self, criterion: Criterion) -> tuple[str, Aspects]:
        say = self.say
        aspects = {
            "Title": say(criterion.title),
            "Met when": criterion.met_when.prose(say),
            "Not met when": criterion.not_met_when.prose(say),
            **self._sources((criterion.source,)),
        }
        for verdict, notes in criterion.explanations.items():
            aspects |= self._notes(say(verdict.label), notes)
        return aspects["Title"], aspects

    def _rules(self, rules: Sequence[Rule]) -> Things:
        """By outcome, and by its turn where several rules lead there."""
        told: Things = {}
        turns: Counter[str] = Counter()
        for rule in rules:
            turns[rule.outcome.key] += 1
            name = f"“{self.say(rule.outcome.title)}”"
            told[f"{rule.outcome.key} {turns[rule.outcome.key]}"] = (name, {"When": rule.when.prose(self.say)})
        return told

    def _outcome(self, outcome: Outcome) -> tuple[str, Aspects]:
        say = self.say
        aspects = {
            "Visit": "offered" if outcome.offers_visit else "not offered",
            **self._notes("Heading", outcome.headings),
            **self._notes("Meaning", outcome.meaning),
            **self._notes("Note", outcome.notes),
            **self._notes("Next step", outcome.next_step),
        }
        if isinstance(outcome, Emergency):
            button = ", with a button to call {emergency}" if outcome.calls_first else ""
            aspects["Page of its own"] = outcome.address + button
            for paragraph in outcome.body:
                words = [paragraph.lead_in, paragraph.text, *paragraph.items]
                aspects[f"Paragraph: “{' · '.join(say(one) for one in words if one)}”"] = "always"
        return say(outcome.title), aspects

    def _flag(self, flag: Flag) -> tuple[str, Aspects]:
        name, when = flag.name(self.say), flag.when.prose(self.say)
        told = {"Label": name, "Advice": self.say(flag.advice), "Raised when": when}
        return name, {**told, **self._sources(flag.sources)}

    def _priority(self, priority: Priority) -> tuple[str, Aspects]:
        told = {
            "Call within": f"{priority.business_days} business days",
            "When": priority.when.prose(self.say),
            "With the results": ", ".join(self.say(outcome.title) for outcome in priority.outcomes),
        }
        return priority.key, {**told, **self._sources(priority.sources)}

    def _sources(self, sources: Sequence[str]) -> Aspects:
        return {"Sources": "; ".join(map(self.say, sources))} if sources else {}

    def _notes(self, aspect: str, notes: Sequence[Note]) -> Aspects:
        """A sentence that is reworded is another one, so that both stand there whole."""
        return {f"{aspect}: “{self.say(note.text)}”": self._when(note) for note in notes}

    def _when(self, note: Note) -> str:
        when = "always" if note.when is ALWAYS else f"when {note.when.prose(self.say)}"
        words = "".join(f", {{{name}}}: {fill.__name__.replace('_', ' ')}" for name, fill in note.fill.items())
        with_visit = note.with_visit if isinstance(note, Advice) else None
        return when + words + {True: ", with a visit", False: ", without a visit", None: ""}[with_visit]

"""The lifecycle in prose and as a diagram, for the clinic's manager to approve."""

from collections.abc import Iterator

from ..roles import ANSWER_AS_NURSE, ERASE, MANAGE, SEE, WORK
from .grammar import BACK, GONE, SAME, Lifecycle, State, Verb
from .waits import WAITS


def describe(lifecycle: Lifecycle) -> str:
    """Everything that can happen to a request, as Markdown: two lifecycles that differ read differently."""
    return "\n".join(_lines(lifecycle)) + "\n"


def diagram(lifecycle: Lifecycle) -> str:
    """The states and what leads from one to another, in the language of Mermaid."""
    lines = ["stateDiagram-v2", f"    [*] --> {lifecycle.start.key}: asks for a visit"]
    for (start, end), verbs in moves(lifecycle).items():
        names = ", ".join(verb.key for verb in verbs)
        lines.append(f"    {start.key} --> {'[*]' if end is GONE else end.key}: {names}")
    return "\n".join(lines)


def moves(lifecycle: Lifecycle) -> dict[tuple[State, State], list[Verb]]:
    """Which verbs lead from which state to which other, or to the end."""
    found: dict[tuple[State, State], list[Verb]] = {}
    for verb in lifecycle.verbs:
        for end in verb.leads_to:
            if end is GONE:
                # From everywhere, so that one arrow says it.
                found.setdefault((lifecycle.states[-1], end), []).append(verb)
            elif end not in (SAME, BACK):
                for start in lifecycle.starts_of(verb):
                    if start is not end:
                        found.setdefault((start, end), []).append(verb)
    return found


def in_words(lifecycle: Lifecycle) -> list[tuple[str, list[str]]]:
    """Each verb, by the name that staff know, with what there is to know: when, by whom, what comes of it."""
    return [
        (verb.label or verb.history, [fact[:1].upper() + fact[1:] for fact in _facts(verb)])
        for verb in lifecycle.verbs
    ]


def _lines(lifecycle: Lifecycle) -> Iterator[str]:
    yield "# What can happen to a request"
    yield f"\n```mermaid\n{diagram(lifecycle)}\n```"
    yield "\n## What staff and patients do"
    yield "\n| what | key | history | how |"
    yield "|---|---|---|---|"
    for verb, (name, words) in zip(lifecycle.verbs, in_words(lifecycle), strict=True):
        yield f"| {name} | `{verb.key}` | {verb.history} `{verb.event}` | {'. '.join(words)} |"
    yield "\n## Whose turn it is"
    yield "\nOf all that hold, the first one counts."
    yield "\n| list | key | turn of | when | waits for them to | due |"
    yield "|---|---|---|---|---|---|"
    for wait in WAITS:
        due = f"`{'` or `'.join(wait.due)}`"
        then = f"; then: {wait.then}" if wait.then else ""
        where = "".join(f"; where {guard.prose}: {to}" for guard, to in wait.where)
        waits = f"{wait.to}{where}{then}"
        yield f"| {wait.label} | `{wait.key}` | {wait.whom.value} | {wait.when.prose} | {waits} | {due} |"
    yield "\n## Why requests are closed"
    yield ""
    for reason in lifecycle.close_reasons:
        reads = f". The patient reads: “{reason.patient_reads}”" if reason.patient_reads else ""
        yield f"- {reason.label} `{reason.key}`: when {reason.when.prose}{reads}"
    yield "\n## What is told"
    yield ""
    for kind in lifecycle.message_kinds.values():
        ways = "by e-mail and text" if kind.goes_by_text else "by e-mail"
        sent_by = ", ".join(verb.key for verb in lifecycle.verbs if any(kind in tells.kinds for tells in verb.tells))
        yield f"- {kind.label} `{kind.key}`: {ways}{f', after {sent_by}' if sent_by else ''}"


WHO = {
    SEE: "all who see requests",
    WORK: "schedulers and managers",
    ANSWER_AS_NURSE: "nurses",
    MANAGE: "managers",
    ERASE: "managers",
}


def who_does(verb: Verb) -> str:
    """In words."""
    if verb.happens_by_itself:
        return "nobody: it happens by itself"
    return WHO[verb.needs] if verb.needs else "the patient"


def _facts(verb: Verb) -> Iterator[str]:
    yield f"when {verb.when.prose}"
    yield f"leads to: {' or '.join(end.label for end in verb.leads_to)}"
    yield f"by {who_does(verb)}"
    if verb.tells:
        kinds = dict.fromkeys(kind.label for tells in verb.tells for kind in tells.kinds)
        yield f"may tell: {', '.join(kinds)}"
    if verb.patient_reads is not None:
        yield (
            "the patient reads of it"
            if callable(verb.patient_reads)
            else f"the patient reads: “{str(verb.patient_reads).rstrip('.')}”"
        )
    if verb.needs:
        yield "can be taken back" if verb.undo else "cannot be taken back"

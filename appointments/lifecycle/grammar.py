"""The words a lifecycle is written in, and the checks that refuse a broken one when it is imported.

Plain Python, as the words of a pathway are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .guard import Guard, Request


class BrokenLifecycle(ValueError):
    """The definition contradicts itself. The message says where."""


@dataclass(frozen=True)
class State:
    """Where a request stands. `is_told` says that the patient is told when it comes here or leaves again."""

    key: str
    label: str
    is_told: bool = False


# What a verb can lead to, besides a state: it stays where it is, goes back to where it was, or is no more.
SAME = State("same", "where it is")
BACK = State("back", "where it was before")
GONE = State("gone", "nothing of it is left")


@dataclass(frozen=True)
class MessageKind:
    """Something that patients, or staff, are told by e-mail and text.

    `still_true` is asked when it is sent, which may be days later. `calendar` is what calendars shall do with its
    visit. `decides_the_way` says that somebody sets out, or stays at home, by it. `addresses` gives whom of the staff
    a message goes to, if not to STAFF_EMAILS. `to_ehr` says that it goes to the health record, and to nobody else.
    """

    key: str
    label: str
    still_true: Callable[[Any], bool] | None = None
    to_staff: bool = False
    addresses: Callable[[Any], list[str]] | None = None
    to_ehr: bool = False
    by_text: bool = True
    calendar: str = ""
    decides_the_way: bool = False

    @property
    def goes_by_text(self) -> bool:
        return self.by_text and not self.to_staff


@dataclass(frozen=True)
class Tells:
    """Which messages a change may call for, and which of them it does.

    `which` takes the request as it is now and what its columns held before, and gives kinds with the visit each is
    about, or None.
    """

    kinds: tuple[MessageKind, ...]
    which: Callable[[Request, dict[str, Any]], Iterable[tuple[MessageKind, Any]]]


def always(kind: MessageKind) -> Tells:
    """Whatever was before: about the request, and no visit."""
    return Tells((kind,), lambda request, before: [(kind, None)])


@dataclass(frozen=True)
class CloseReason:
    """Why staff close a request. `when` says which requests can be; `patient_reads` is the status page then."""

    key: str
    label: str
    when: Guard
    patient_reads: Any = None


@dataclass(frozen=True, kw_only=True)
class Verb:
    """Something that staff or patients do with a request. All that depends on it is derived from its entry.

    `key` stands in addresses, `event` in the history, in metrics and exports. `does` gives the Change to make, or
    None if it has done all itself; `asks` is the form on the call sheet whose `cleaned_data` are its arguments.
    `needs` is a permission; without it, it is the patient's, or happens by itself. `patient_reads` is what the status
    page says happened, or a function of the event that gives it. `undo` does what is left to do once the columns have
    what they held before; without it nothing takes it back.
    """

    key: str
    event: str
    history: str
    label: str
    when: Guard
    leads_to: tuple[State, ...]
    does: Callable[..., Any]
    needs: str = ""
    happens_by_itself: bool = False
    done: str = ""
    asks: type | None = None
    access_key: str = ""
    ends_the_call: bool = False
    patient_reads: Any = None
    tells: tuple[Tells, ...] = ()
    undo: Callable[[Request, Any], None] | None = None

    @property
    def is_the_patients(self) -> bool:
        return not self.needs and not self.happens_by_itself

    @property
    def has_button(self) -> bool:
        """Whether it stands on the call sheet."""
        return self.asks is not None


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """Everything that can happen to a request.

    `tells` are messages that no verb sends. `verbs` stand in the order in which the call sheet offers them.
    """

    states: tuple[State, ...]
    start: State
    verbs: tuple[Verb, ...]
    close_reasons: tuple[CloseReason, ...]
    tells: tuple[Tells, ...]

    def verb(self, key: str) -> Verb | None:
        return next((verb for verb in self.verbs if verb.key == key), None)

    def of_event(self, event: str) -> Verb | None:
        """The verb behind an entry of the history; None for one that an older release wrote."""
        return self.by_event.get(event)

    @cached_property
    def by_event(self) -> dict[str, Verb]:
        return {verb.event: verb for verb in reversed(self.verbs)}

    @cached_property
    def events(self) -> dict[str, str]:
        """What the history calls each event; what leaves nothing behind has no history."""
        return {verb.event: verb.history for verb in self.verbs if GONE not in verb.leads_to}

    @cached_property
    def message_kinds(self) -> dict[str, MessageKind]:
        """All kinds that anything sends, by key."""
        tells = [*self.tells, *(tells for verb in self.verbs for tells in verb.tells)]
        return {kind.key: kind for each in tells for kind in each.kinds}

    def reason(self, key: str) -> CloseReason | None:
        return next((reason for reason in self.close_reasons if reason.key == key), None)

    def starts_of(self, verb: Verb) -> tuple[State, ...]:
        """The states in which a verb can be done."""
        return tuple(state for state in self.states if verb.when.may_hold_in(state.key))

    def __post_init__(self) -> None:
        for what, keys in (
            ("state", [state.key for state in self.states]),
            ("verb", [verb.key for verb in self.verbs]),
            ("close reason", [reason.key for reason in self.close_reasons]),
        ):
            for key in keys:
                if keys.count(key) > 1:
                    raise BrokenLifecycle(f"the {what} {key} is defined twice")
        for fault in self._faults():
            raise BrokenLifecycle(fault)

    def _faults(self) -> Iterator[str]:
        for verb in self.verbs:
            starts = self.starts_of(verb)
            if not verb.leads_to:
                yield f"{verb.key} leads nowhere"
            if not starts:
                yield f"no state allows {verb.key}"
            if unknown := set(verb.leads_to) - {*self.states, SAME, BACK, GONE}:
                yield f"{verb.key} leads to {unknown}, which is no state"
            if (self.verb_shows(verb) or verb.is_the_patients) and verb.patient_reads is None:
                yield f"the patient sees what {verb.key} does, and nothing says it"
            if verb.has_button and not verb.done:
                yield f"{verb.key} has a button, and nothing to say when it is done"
            if self.by_event[verb.event].history != verb.history:
                yield f"{verb.event} is called by two names"
        for state in self.states:
            if state is not self.start and not any(state in verb.leads_to for verb in self.verbs):
                yield f"nothing leads to {state.key}"
            if not any(state in self.starts_of(verb) and set(verb.leads_to) - {SAME, state} for verb in self.verbs):
                yield f"nothing leads out of {state.key}"
        for reason in self.close_reasons:
            if not any(reason.when.may_hold_in(state.key) for state in self.states):
                yield f"no state allows to close as {reason.key}"
        for kind in self.message_kinds.values():
            if kind.still_true is None:
                yield f"nothing says when the message {kind.key} is still true"

    def verb_shows(self, verb: Verb) -> bool:
        """Whether it takes a request into or out of a state of which the patient is told."""
        ways = [(start, end) for start in self.starts_of(verb) for end in verb.leads_to if end in self.states]
        return any((start.is_told or end.is_told) for start, end in ways)

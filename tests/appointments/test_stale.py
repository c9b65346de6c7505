"""Whoever works on a screen that is no longer true changes nothing, whatever they press, and learns what happened."""

import copy
import datetime
from contextlib import contextmanager
from functools import partial

import pytest
from django.db import transaction

from appointments.calendar.slots import Slot
from appointments.lifecycle.definition import (
    ANSWER,
    ASK_NURSE,
    ASSIGN,
    BOOK,
    CANCEL,
    CHANGE_CALL_TIMES,
    CHOOSE,
    CLAIM,
    CLOSE,
    CORRECT,
    CORRECT_PHONE,
    LOG_CALL,
    OFFER,
    RELEASE,
    REOPEN,
    RESCHEDULE,
    SKIP,
    UNDO,
    WITHDRAW,
)
from appointments.lifecycle.transition import Refused, changes_since, perform
from appointments.models import Appointment, AppointmentRequest, ContactAttempt, Event, OfferedTime

pytestmark = pytest.mark.both

STALE = "This changed while you worked on it. See what is new, and press again if it still fits."


@pytest.fixture
def verbs(scheduler, colleague, clinician, place, next_week):
    """All that can be done with a request, by name; each takes the request."""
    slot = {"clinician": clinician, "place": place, "starts_at": next_week}
    later = {**slot, "starts_at": next_week + datetime.timedelta(hours=1)}
    by_me, by_another = {"by": scheduler}, {"by": colleague}
    return {
        "claim": partial(perform, CLAIM, **by_another),
        "release": partial(perform, RELEASE, **by_another),
        "skip": partial(perform, SKIP, **by_me, reason="busy"),
        "hand out": partial(perform, ASSIGN, **by_another, to=colleague),
        "miss": partial(perform, LOG_CALL, **by_me, channel="phone", outcome="no_answer"),
        "reach": partial(perform, LOG_CALL, **by_me, channel="phone", outcome="reached"),
        "book": partial(perform, BOOK, **by_me, **slot),
        "offer": partial(perform, OFFER, **by_me, times=[Slot(**later)]),
        "choose": lambda request: perform(CHOOSE, request, time=OfferedTime(request=request, **later)),
        "close": partial(perform, CLOSE, **by_me, reason="declined"),
        "correct a phone number": partial(perform, CORRECT, **by_another, phone="+18085550199"),
        "correct a name": partial(perform, CORRECT, **by_me, name="Ana Muestra"),
        "ask the nurse": partial(perform, ASK_NURSE, **by_me),
        "answer as nurse": partial(perform, ANSWER, **by_another, answer="fine"),
        "reschedule": partial(perform, RESCHEDULE, **by_another, **later),
        "cancel": partial(perform, CANCEL, **by_me, reason="clinic"),
        "close after the visit": partial(perform, CLOSE, **by_another, reason="attended"),
        "reopen": partial(perform, REOPEN, **by_me),
        "the patient corrects the phone number": partial(perform, CORRECT_PHONE, phone="+13125550177"),
        "the patient changes when to call": partial(perform, CHANGE_CALL_TIMES, call_times=["evening"]),
        "the patient withdraws": partial(perform, WITHDRAW),
        "take back": partial(perform, UNDO, **by_me),
    }


ANY_TIME_BEFORE_THE_END = {
    "correct a phone number",
    "correct a name",
    "the patient corrects the phone number",
    "the patient changes when to call",
    "the patient withdraws",
}
WHILE_BOOKED = {"miss", "reach", "ask the nurse", "answer as nurse"}
POSSIBLE = {
    "waiting": ANY_TIME_BEFORE_THE_END | {"claim", "hand out", "answer as nurse", "choose"},
    "claimed": ANY_TIME_BEFORE_THE_END
    | {"release", "skip", "hand out", "miss", "reach", "book", "offer", "choose", "close", "ask the nurse"}
    | {"answer as nurse", "take back"},
    "booked": ANY_TIME_BEFORE_THE_END | WHILE_BOOKED | {"reschedule", "cancel", "take back"},
    "visit is over": (ANY_TIME_BEFORE_THE_END - {"the patient withdraws"})
    | WHILE_BOOKED
    | {"reschedule", "cancel", "close after the visit", "take back"},
    "closed": {"reopen", "take back"},
    "closed after the visit": {"reopen"},
}


@pytest.fixture
def in_state(a_request, verbs):
    def bring(state) -> AppointmentRequest:
        sent = a_request()
        AppointmentRequest.objects.update(nurse_check="fine")
        sent.refresh_from_db()
        if state != "waiting":
            verbs["hand out"].func(ASSIGN, sent, by=verbs["skip"].keywords["by"], to=verbs["skip"].keywords["by"])
        if state in ("booked", "visit is over", "closed after the visit"):
            verbs["book"](sent)
        if state in ("visit is over", "closed after the visit"):
            past = Appointment.objects.get()
            past.starts_at -= datetime.timedelta(days=9)
            past.ends_at -= datetime.timedelta(days=9)
            past.save()
        if state == "closed":
            verbs["close"](sent)
        if state == "closed after the visit":
            verbs["close after the visit"](sent)
        return AppointmentRequest.objects.get()

    return bring


def everything() -> list:
    models = (AppointmentRequest, Appointment, ContactAttempt, Event, OfferedTime)
    return [list(model.objects.order_by("pk").values()) for model in models]


@contextmanager
def rolled_back():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.either
@pytest.mark.generated
@pytest.mark.parametrize("state", POSSIBLE)
def test_of_any_two_things_that_are_done_from_the_same_screen_the_second_is_refused_and_changes_nothing(
    in_state, verbs, state
):
    screen = in_state(state)
    assert len(verbs) == 22
    for first in POSSIBLE[state]:
        with rolled_back():
            verbs[first](copy.copy(screen))
            before = everything()
            for verb in verbs.values():
                with pytest.raises(Refused, match=r".\."):
                    verb(copy.copy(screen))
            assert everything() == before, first


@pytest.mark.parametrize("state", POSSIBLE)
def test_what_is_possible_from_a_screen_that_is_true_is_done_and_raises_the_version(in_state, verbs, state):
    screen = in_state(state)
    for name, verb in verbs.items():
        with rolled_back():
            request, before = copy.copy(screen), everything()
            if name in POSSIBLE[state]:
                verb(request)
                assert request.version == AppointmentRequest.objects.get().version == screen.version + 1, name
                assert request.events.filter(version=request.version).count() == 1, name
            else:
                with pytest.raises(Refused):
                    verb(request)
                assert everything() == before, name


@pytest.mark.parametrize(
    ("state", "first", "second", "told"),
    [
        ("waiting", "claim", "hand out", STALE),
        ("waiting", "correct a name", "correct a phone number", STALE),
        ("waiting", "the patient corrects the phone number", "claim", STALE),
        ("claimed", "reach", "book", STALE),
        ("claimed", "answer as nurse", "book", STALE),
        ("claimed", "release", "book", "Nobody holds this request: it waits in the queue."),
        ("claimed", "hand out", "book", "colleague holds this request."),
        ("claimed", "close", "miss", "scheduler closed this request: Does not want a visit."),
        ("claimed", "the patient withdraws", "miss", "The patient closed this request: Withdrew the request."),
        ("booked", "the patient withdraws", "cancel", "The patient closed this request: Withdrew the request."),
        ("booked", "cancel", "reschedule", "Nobody holds this request: it waits in the queue."),
        ("closed", "reopen", "take back", "There is nothing of yours here that can be taken back."),
    ],
)
def test_who_comes_too_late_is_told_why(in_state, verbs, state, first, second, told):
    screen = in_state(state)
    verbs[first](copy.copy(screen))

    with pytest.raises(Refused) as refusal:
        verbs[second](screen)

    assert str(refusal.value) == told


def test_who_comes_too_late_for_a_time_is_told_which_visit_there_is(in_state, verbs):
    screen = in_state("claimed")
    verbs["book"](copy.copy(screen))

    with pytest.raises(Refused) as refusal:
        verbs["skip"](screen)

    assert str(refusal.value) == f"A visit is booked: {Appointment.objects.get()}."


def test_what_happened_since_is_told_in_its_sequence(in_state, verbs, scheduler, colleague):
    screen = in_state("claimed")
    current = copy.copy(screen)
    verbs["reach"](current, note="Asks for a Tuesday.")
    verbs["correct a phone number"](current)
    verbs["the patient changes when to call"](current)

    told = [(event.by, event.verb, event.details, event.note) for event in changes_since(screen, screen.version)]

    assert told == [
        (scheduler, "called", "Phone call: Reached", "Asks for a Tuesday."),
        (colleague, "corrected", "phone", ""),
        (None, "times_changed", "", ""),
    ]
    assert changes_since(current, current.version) == []


def test_a_change_and_its_place_in_the_history_are_stored_both_or_neither(in_state, scheduler, clinician, place):
    screen = in_state("claimed")
    before, slot = everything(), {"starts_at": screen.created_at, "place": place, "clinician": clinician}

    with pytest.raises(ValueError, match="is not a valid"):
        perform(LOG_CALL, copy.copy(screen), by=scheduler, channel="pigeon", outcome="reached")
    with pytest.raises(Refused, match="in the past"):
        perform(BOOK, copy.copy(screen), by=scheduler, **slot)

    assert everything() == before

"""What was done last can be taken back by who did it, for a while, and leaves no trace but in the history."""

import datetime
from functools import partial

import pytest
from django.utils import timezone

from appointments.calendar.slots import Slot
from appointments.lifecycle import status_words
from appointments.lifecycle.definition import (
    ANSWER,
    ASK_NURSE,
    ASSIGN,
    BOOK,
    CANCEL,
    CHANGE_CALL_TIMES,
    CLAIM,
    CLOSE,
    CORRECT,
    LIFECYCLE,
    LOG_CALL,
    OFFER,
    RELEASE,
    REOPEN,
    RESCHEDULE,
    SKIP,
    UNDO,
    WITHDRAW,
    last_step_of,
)
from appointments.lifecycle.offered_times import open_times
from appointments.lifecycle.transition import Refused, perform
from appointments.models import Appointment, AppointmentRequest, ContactAttempt, Event, OfferedTime
from appointments.worklist import next_call

pytestmark = pytest.mark.both

MINUTE = datetime.timedelta(minutes=1)
NOTHING = "There is nothing of yours here that can be taken back."


@pytest.fixture
def do(scheduler, colleague, clinician, place, next_week):
    """Does a verb, as the scheduler unless somebody else is named."""
    slot = {"clinician": clinician, "place": place}
    at_ten, at_noon = next_week.replace(hour=15), next_week.replace(hour=17)
    noon = timezone.now().replace(hour=17, minute=0, second=0, microsecond=123_456) + datetime.timedelta(days=2)
    verbs = {
        "claim": (partial(perform, CLAIM), {}),
        "release": (partial(perform, RELEASE), {}),
        "skip": (partial(perform, SKIP), {"reason": "busy"}),
        "assign": (partial(perform, ASSIGN), {"to": colleague}),
        "miss": (partial(perform, LOG_CALL), {"channel": "phone", "outcome": "no_answer"}),
        "leave a message": (partial(perform, LOG_CALL), {"channel": "phone", "outcome": "voicemail"}),
        "reach": (partial(perform, LOG_CALL), {"channel": "phone", "outcome": "reached"}),
        "agree on a call": (
            partial(perform, LOG_CALL),
            {"channel": "phone", "outcome": "call_back", "next_call_at": noon},
        ),
        "find a wrong number": (partial(perform, LOG_CALL), {"channel": "phone", "outcome": "wrong_number"}),
        "send a letter": (partial(perform, LOG_CALL), {"channel": "letter", "outcome": "sent"}),
        "book": (partial(perform, BOOK), {"starts_at": at_ten, **slot}),
        "reschedule": (partial(perform, RESCHEDULE), {"starts_at": at_noon, "reason": "patient", **slot}),
        "reschedule by a few minutes": (partial(perform, RESCHEDULE), {"starts_at": at_ten + 10 * MINUTE, **slot}),
        "cancel": (partial(perform, CANCEL), {"reason": "clinic"}),
        "offer": (
            partial(perform, OFFER),
            {"times": [Slot(at_ten, clinician, place), Slot(at_noon, clinician, place)]},
        ),
        "close": (partial(perform, CLOSE), {"reason": "declined"}),
        "close after the visit": (partial(perform, CLOSE), {"reason": "attended"}),
        "reopen": (partial(perform, REOPEN), {}),
        "correct": (
            partial(perform, CORRECT),
            {"name": "Ana Muestra", "phone": "+18085550199", "call_times": ["evening"]},
        ),
        "ask the nurse": (partial(perform, ASK_NURSE), {"note": "Takes blood thinners."}),
        "answer as nurse": (partial(perform, ANSWER), {"answer": "against"}),
    }

    def press(verb: str, request, by=scheduler) -> None:
        do_it, arguments = verbs[verb]
        do_it(request, by=by, **arguments)
        if verb == "book":
            assert request.appointment.starts_at == at_ten

    return press


def row_of(request) -> dict:
    row = AppointmentRequest.objects.filter(pk=request.pk).values().get()
    del row["version"]
    return row


def standing_visits() -> list:
    return list(
        Appointment.objects.filter(cancelled_at=None).values_list("request", "clinician", "starts_at", "ends_at")
    )


def everything() -> list:
    models = (AppointmentRequest, Appointment, ContactAttempt, Event, OfferedTime)
    return [list(model.objects.order_by("pk").values()) for model in models]


def let_visits_pass() -> None:
    for visit in Appointment.objects.all():
        visit.starts_at -= datetime.timedelta(days=9)
        visit.ends_at -= datetime.timedelta(days=9)
        visit.save()


CASES = [
    ([], "claim"),
    ([], "assign"),
    ([], "correct"),
    ([], "answer as nurse"),
    (["claim"], "release"),
    (["claim"], "skip"),
    (["claim"], "assign"),
    (["claim"], "miss"),
    (["claim"], "leave a message"),
    (["claim"], "reach"),
    (["claim"], "agree on a call"),
    (["claim"], "find a wrong number"),
    (["claim"], "send a letter"),
    (["claim"], "book"),
    (["claim"], "offer"),
    (["claim"], "close"),
    (["claim"], "correct"),
    (["claim"], "ask the nurse"),
    (["claim", "ask the nurse"], "answer as nurse"),
    (["claim", "agree on a call", "claim"], "miss"),
    (["claim", "agree on a call", "claim"], "book"),
    (["claim", "agree on a call", "claim"], "close"),
    (["claim", "miss", "claim", "miss", "claim"], "reach"),
    (["claim", "book"], "reschedule"),
    (["claim", "book"], "reschedule by a few minutes"),
    (["claim", "book"], "cancel"),
    (["claim", "book", "cancel", "claim"], "book"),
    (["claim", "book", "the visit passes"], "close after the visit"),
    (["claim", "book", "the visit passes", "close after the visit"], "reopen"),
    (["claim", "close"], "reopen"),
]


@pytest.mark.parametrize(
    ("before", "verb"), CASES, ids=lambda value: value if isinstance(value, str) else "; ".join(value)
)
def test_every_verb_that_is_taken_back_gives_back_every_column_and_every_time(a_request, scheduler, do, before, verb):
    request = a_request()
    AppointmentRequest.objects.update(nurse_check="fine")
    request.refresh_from_db()
    for step in before:
        if step == "the visit passes":
            let_visits_pass()
        else:
            do(step, request)
    row, visits, version = row_of(request), standing_visits(), request.version
    do(verb, request)
    assert row_of(request) != row

    perform(UNDO, request, by=scheduler)

    assert row_of(request) == row
    assert standing_visits() == visits
    assert request.version == version + 2
    done, taken_back = request.events.order_by("version")[len(before) - ("the visit passes" in before) :]
    assert (taken_back.verb, taken_back.by) == ("undone", scheduler)
    assert taken_back.details == f"{LIFECYCLE.events[done.verb]} {done.details}".strip()


def test_a_verb_that_was_taken_back_can_be_done_again(a_request, scheduler, do):
    request = a_request()
    for verb in ("claim", "book"):
        do(verb, request)
        perform(UNDO, request, by=scheduler)
        do(verb, request)

    assert request.status == "booked"
    assert Appointment.objects.filter(cancelled_at=None).get().request == request


def test_a_call_that_was_taken_back_does_not_count_and_the_patient_is_not_told_of_it(a_request, scheduler, do):
    request = a_request()
    for verb in ("claim", "miss", "claim", "leave a message"):
        do(verb, request)
    assert request.attempts_made == 2

    perform(UNDO, request, by=scheduler)

    assert request.attempts_made == 1
    assert list(request.contact_attempts.values_list("outcome", "event__is_undone")) == [
        ("no_answer", False),
        ("voicemail", True),
    ]
    assert "left a message" not in str(status_words.story(request))


def test_an_offer_that_was_taken_back_leaves_nothing_to_choose(a_request, scheduler, do):
    request = a_request()
    do("claim", request)
    do("offer", request)

    perform(UNDO, request, by=scheduler)

    assert open_times(request) == []


def test_an_offer_that_was_taken_back_leaves_the_one_before(a_request, scheduler, clinician, place, next_week, do):
    request = a_request()
    first, second = (Slot(next_week + datetime.timedelta(hours=hours), clinician, place) for hours in (1, 2))
    do("claim", request)
    perform(OFFER, request, by=scheduler, times=[first])
    do("claim", request)
    perform(OFFER, request, by=scheduler, times=[first, second])
    assert len(open_times(request)) == 2

    perform(UNDO, request, by=scheduler)

    assert [time.starts_at for time in open_times(request)] == [first.starts_at]


def test_somebody_whom_it_was_a_mistake_to_skip_can_be_offered_again(a_request, scheduler, do, settings):
    request = a_request(call_times=["any"])
    AppointmentRequest.objects.update(doubts="", is_promised=True, next_call_at=timezone.now())
    request.refresh_from_db()
    settings.CALLS_FROM_HOUR, settings.CALLS_UNTIL_HOUR = 0, 24
    do("claim", request)
    do("skip", request)
    assert next_call.take(scheduler) is None

    perform(UNDO, request, by=scheduler)
    do("release", request)

    assert next_call.take(scheduler)[0] == request


def test_a_time_that_somebody_took_meanwhile_is_not_taken_from_them(a_request, scheduler, do):
    request, another = a_request(), a_request()
    for verb in ("claim", "book", "cancel"):
        do(verb, request)
    for verb in ("claim", "book"):
        do(verb, another)
    before = everything()

    with pytest.raises(Refused, match=r"Dr. Example already has a visit at that time"):
        perform(UNDO, request, by=scheduler)

    assert everything() == before


def test_a_time_that_was_given_up_by_moving_is_not_taken_from_who_has_it_now(a_request, scheduler, do):
    request, another = a_request(), a_request()
    for verb in ("claim", "book", "reschedule"):
        do(verb, request)
    for verb in ("claim", "book"):
        do(verb, another)
    before = everything()

    with pytest.raises(Refused, match=r"Dr. Example already has a visit at that time"):
        perform(UNDO, request, by=scheduler)

    assert everything() == before


def is_refused(request, by) -> bool:
    before = everything()
    assert last_step_of(request, by) is None
    with pytest.raises(Refused, match=NOTHING):
        perform(UNDO, request, by=by)
    return everything() == before


def test_only_who_did_it_can_take_it_back(a_request, scheduler, colleague, do):
    request = a_request()
    assert is_refused(request, by=scheduler)
    do("claim", request)

    assert is_refused(request, by=colleague)
    assert last_step_of(request, scheduler).verb == "claimed"


@pytest.mark.parametrize("after", ["a colleague", "the patient"])
def test_what_something_came_after_cannot_be_taken_back(a_request, scheduler, colleague, do, after):
    request = a_request()
    do("claim", request)
    if after == "a colleague":
        do("correct", request, by=colleague)
    else:
        perform(CHANGE_CALL_TIMES, request, call_times=["evening"])

    assert is_refused(request, by=scheduler)


def test_what_the_patient_did_cannot_be_taken_back_by_staff(a_request, scheduler):
    request = a_request()
    perform(WITHDRAW, request)

    assert is_refused(request, by=scheduler)


def test_of_two_own_steps_only_the_last_is_taken_back_and_not_the_one_before(a_request, scheduler, do):
    request = a_request()
    do("claim", request)
    do("reach", request)

    perform(UNDO, request, by=scheduler)

    assert (request.status, request.reached_at) == ("claimed", None)
    assert is_refused(request, by=scheduler)


def test_a_step_can_be_taken_back_for_some_minutes(a_request, scheduler, do, settings):
    request = a_request()
    do("claim", request)

    Event.objects.update(at=timezone.now() - settings.UNDO_MINUTES * MINUTE)
    assert is_refused(request, by=scheduler)

    Event.objects.update(at=timezone.now() - (settings.UNDO_MINUTES - 1) * MINUTE)
    perform(UNDO, request, by=scheduler)
    assert request.status == "waiting"


def test_two_screens_of_one_person_take_it_back_once(a_request, scheduler, do):
    request = a_request()
    do("claim", request)
    other_screen = AppointmentRequest.objects.get()

    perform(UNDO, request, by=scheduler)

    assert is_refused(other_screen, by=scheduler)


def test_a_screen_that_is_older_than_the_step_cannot_take_it_back(a_request, scheduler, do):
    old_screen = a_request()
    do("claim", AppointmentRequest.objects.get())

    assert is_refused(old_screen, by=scheduler)

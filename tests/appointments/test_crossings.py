"""What happens where two things cross: a letter and a call, a nurse and a promise, a second request and the first."""
# The fixtures are those of test_waits.
# ruff: noqa: F811

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from appointments.calendar.slots import free_slots
from appointments.delivery import arrivals
from appointments.lifecycle.decisions import decide
from appointments.lifecycle.definition import (
    ANSWER,
    ASK_FOR_ANOTHER_TIME,
    ASK_NURSE,
    ASSIGN,
    BOOK,
    CANCEL,
    CLAIM,
    CLOSE,
    CORRECT_PHONE,
    DID_NOT_COME,
    LOG_CALL,
    OFFER,
    RELEASE,
    REOPEN,
    SEND_LETTER,
    WITHDRAW,
)
from appointments.lifecycle.offered_times import link_of
from appointments.lifecycle.transition import Refused, perform
from appointments.models import AppointmentRequest, Message, PossibleDuplicate
from appointments.operations import retention
from appointments.portal.views import COOKIE as STATUS
from appointments.portal.views import opening_of
from appointments.worklist import next_call
from common.clinic import CLINIC
from tests.appointments.test_waits import (  # noqa: F401
    FLAGGED,
    HOUR,
    ana,
    clock,
    first_slot,
    held,
    kim,
    list_of,
    post,
    sheet,
)
from tests.staff import member_of, signed_in
from tests.walk import BIRTHDAY, answer_check, ask_for_visit, words_of

pytestmark = pytest.mark.both

DAY = datetime.timedelta(days=1)


@pytest.fixture
def exhausted(held, ana):
    """Gives a request that was called as often as the plan says; Ana holds it."""

    def call(**facts) -> AppointmentRequest:
        request = held(**facts)
        for _ in range(CLINIC.call_attempts):
            perform(LOG_CALL, request, by=ana, channel="phone", outcome="no_answer")
            perform(CLAIM, request, by=ana)
        return request

    return call


@pytest.fixture
def written_to(exhausted, ana):
    """Gives such a request after its letter."""

    def write(**facts) -> AppointmentRequest:
        request = exhausted(**facts)
        perform(SEND_LETTER, request, by=ana)
        assert list_of(request)[0] == "to-answer"
        return request

    return write


@pytest.fixture
def booked_today(held, ana, clock):
    request = held()
    perform(BOOK, request, by=ana, **free_slots(most=6)[5]._asdict())
    assert 2 * HOUR < request.appointment.starts_at - timezone.now() < DAY / 4
    return request


def hour_before(request) -> datetime.datetime:
    return request.appointment.starts_at - HOUR


# A visit that is booked, and something that has to be said before it.


@pytest.mark.parametrize("what", ["another time", "question", "no", "missed call", "wrong number", "mended number"])
def test_what_has_to_be_said_about_a_visit_is_due_before_the_patient_sets_out(booked_today, ana, kim, what):
    request = booked_today
    match what:
        case "another time":
            perform(ASK_FOR_ANOTHER_TIME, request, wish="Mondays")
        case "question" | "no":
            perform(ASK_NURSE, request, by=ana)
        case "missed call":
            perform(LOG_CALL, request, by=ana, channel="phone", outcome="no_answer")
        case "wrong number" | "mended number":
            perform(LOG_CALL, request, by=ana, channel="phone", outcome="wrong_number")
    if what == "no":
        perform(ANSWER, request, by=kim, answer="against")
    if what == "mended number":
        perform(CORRECT_PHONE, request, phone="+12125550199")

    assert list_of(request)[0] == ("nurse" if what == "question" else "to-tell")
    assert list_of(request)[1] <= hour_before(request)


def test_whose_visit_of_today_the_clinic_cancels_is_told_before_they_set_out(booked_today, ana):
    due = hour_before(booked_today)
    perform(CANCEL, booked_today, by=ana, reason="clinic")

    assert list_of(booked_today) == ("call", due)


def test_nobody_is_called_again_after_the_visit_that_the_call_is_about(booked_today, ana):
    later = timezone.localtime(booked_today.appointment.starts_at + DAY)
    answer = post(ana, booked_today, "log-call", outcome="call_back", next_call_at=f"{later:%Y-%m-%dT12:00}")

    assert answer.status_code == 409
    assert "Call before the visit" in words_of(answer)


def test_a_visit_that_the_nurse_advises_against_is_moved_by_nobody_but_her_and_a_manager(booked_today, ana, kim):
    perform(ASK_NURSE, booked_today, by=ana)
    perform(ANSWER, booked_today, by=kim, answer="against")
    slot = free_slots(most=6)[5]
    later = {"starts_at": f"{timezone.localtime(slot.starts_at):%Y-%m-%dT%H:%M}", "note": "She insists."}
    later |= {"clinician": slot.clinician.pk, "place": slot.place.pk, "reason": "patient"}

    assert post(ana, booked_today, "reschedule", **later).status_code == 409
    assert list_of(booked_today)[0] == "to-tell"
    assert "Move the visit" not in sheet(ana, booked_today)
    boss = member_of("Managers", "boss")
    assert post(boss, booked_today, "reschedule-anyway", **later).status_code == 302
    assert list_of(booked_today)[0] == "booked"


def test_a_call_that_was_promised_is_not_lost_on_the_nurse(held, ana, clock):
    asked_first, promised_first = held(), held(name="Ana Second")
    by = timezone.now() + 2 * HOUR
    perform(ASK_NURSE, asked_first, by=ana)
    perform(LOG_CALL, asked_first, by=ana, channel="phone", outcome="call_back", next_call_at=by)
    perform(LOG_CALL, promised_first, by=ana, channel="phone", outcome="call_back", next_call_at=by)
    perform(CLAIM, promised_first, by=ana)
    perform(ASK_NURSE, promised_first, by=ana)

    assert list_of(asked_first) == list_of(promised_first) == ("nurse", by)


# A letter, or the last call of the plan, and then a sign of life.


@pytest.mark.parametrize("answer", ["fine", "against"])
def test_who_talked_with_the_nurse_is_not_waited_for_to_answer_a_letter(written_to, kim, answer):
    request = written_to(**FLAGGED)
    perform(ANSWER, request, by=kim, answer="call_first")
    assert post(kim, request, "log-nurses-call", outcome="reached").status_code == 302
    request.refresh_from_db()
    perform(ANSWER, request, by=kim, answer=answer)

    key, due = list_of(request)
    assert key == "call"
    assert due <= timezone.now() + 2 * DAY


def test_who_asks_again_instead_of_answering_a_letter_is_called(written_to, a_request, ana, clock):
    first = written_to()
    clock.shift(DAY)
    again = a_request(call_times=["any"], imaging=["none"], phone="212-555-0188")

    decide(PossibleDuplicate.objects.get(), by=ana, same=True)

    again.refresh_from_db()
    assert again.close_reason == "duplicate"
    assert list_of(first)[0] == "call"
    taken, _reasons = next_call.take(ana)
    assert (taken, taken.patient_phone) == (first, "+12125550188")


def test_who_asks_again_with_a_number_that_is_right_is_called_by_it(held, a_request, ana, settings, clock):
    settings.SENDS_EMAILS = False
    first = held()
    perform(LOG_CALL, first, by=ana, channel="phone", outcome="wrong_number")
    perform(RELEASE, first, by=ana)
    assert list_of(first)[0] == "letter"
    a_request(call_times=["any"], imaging=["none"], phone="212-555-0188")

    decide(PossibleDuplicate.objects.get(), by=ana, same=True)

    taken, _reasons = next_call.take(ana)
    assert (taken, taken.phone, taken.phone_is_wrong) == (first, "+12125550188", False)


@pytest.mark.parametrize("why", ["none suits", "cancelled"])
def test_who_was_promised_a_call_gets_one_though_all_of_the_plan_were_made(exhausted, ana, why):
    request = exhausted()
    if why == "none suits":
        perform(OFFER, request, by=ana, times=free_slots(most=2))
        said = Client().post(link_of(request), {"time": "none", "wish": "Mondays", **BIRTHDAY})
        assert "We will call you" in words_of(said)
    else:
        perform(BOOK, request, by=ana, **first_slot())
        perform(CANCEL, request, by=ana, reason="clinic")

    assert list_of(request)[0] == "call"
    assert next_call.take(ana)[0] == request


@pytest.mark.parametrize("when", ["after a first time", "when the offer is over"])
def test_whoever_sees_times_may_say_that_none_suits(held, ana, clock, when):
    request = held()
    perform(OFFER, request, by=ana, times=free_slots(most=80)[-2:])
    if when == "after a first time":
        assert Client().post(link_of(request), {"time": "none", "wish": "Not Mondays", **BIRTHDAY}).status_code == 200
    else:
        clock.move_to(request.next_call_at + HOUR)
    assert "None of these" in Client().get(link_of(request)).text

    said = Client().post(link_of(request), {"time": "none", "wish": "Tuesdays", **BIRTHDAY})

    assert said.status_code == 200
    assert request.events.last().note == "Tuesdays"
    assert list_of(request)[0] == "call"


@pytest.mark.parametrize("why", ["wrong", "exhausted"])
def test_a_letter_can_be_logged_as_a_call(held, exhausted, ana, why):
    request = exhausted() if why == "exhausted" else held(email="")
    if why == "wrong":
        perform(LOG_CALL, request, by=ana, channel="phone", outcome="wrong_number")

    assert (
        post(ana, request, "log-call", channel="letter", outcome="sent", note="With the brochure").status_code == 302
    )
    assert list_of(request)[0] == "to-answer"


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_to_an_e_mail_that_cannot_arrive_is_not_waited_for(held, ana, when):
    request = held()
    if when == "before":
        AppointmentRequest.objects.filter(pk=request.pk).update(email_fails=True)
        request.refresh_from_db()
    perform(LOG_CALL, request, by=ana, channel="phone", outcome="wrong_number")
    if when == "after":
        written = request.messages.get(kind="wrong_number")
        Message.objects.filter(pk=written.pk).update(state="sent", done_at=timezone.now())
        arrivals.note(written.pk, Message.Arrival.BOUNCED, is_for_good=True, to=request.email)

    key, due = list_of(request)
    assert (key, f"{timezone.localtime(due):%a %H:%M}") == ("letter", "Wed 17:00")


# What is typed as the time of the next call.


@pytest.mark.parametrize("outcome", ["wrong_number", "no_answer", "reached"])
def test_a_time_that_nobody_asked_for_puts_nobody_off(held, ana, outcome):
    request = held()
    far = f"{timezone.localtime() + 40 * DAY:%Y-%m-%dT12:00}"

    assert post(ana, request, "log-call", outcome=outcome, next_call_at=far).status_code == 409
    assert post(ana, request, "log-call", outcome="call_back", next_call_at=far).status_code == 302


# Who holds it.


def test_what_waits_for_an_answer_is_handed_out_for_the_day_and_no_longer(written_to, ana, clock):
    request, bob = written_to(), member_of("Schedulers", "bob")
    perform(ASSIGN, request, by=ana, to=bob)
    perform(CORRECT_PHONE, request, phone="+12125550199")
    clock.shift(DAY)

    assert next_call.take(ana)[0] == request


# A second request of the same person, and the nurse.


@pytest.mark.parametrize("said", ["asked", "against"])
def test_what_the_nurse_was_asked_or_said_of_one_request_holds_for_the_one_that_is_kept(
    held,
    a_request,
    ana,
    kim,
    said,
):
    kept = a_request(call_times=["any"], imaging=["none"])
    twin = held()
    perform(ASK_NURSE, twin, by=ana, note="On dialysis since Monday?")
    if said == "against":
        perform(ANSWER, twin, by=kim, answer="against", note="On dialysis.")

    decide(PossibleDuplicate.objects.get(), by=ana, same=True)

    kept.refresh_from_db()
    assert kept.nurse_check == said
    if said == "asked":
        assert "On dialysis since Monday?" in words_of(signed_in(kim).get("/admin/nurse/"))
        assert list_of(kept)[0] == "nurse"
    else:
        perform(CLAIM, kept, by=ana)
        with pytest.raises(Refused):
            perform(BOOK, kept, by=ana, **first_slot())


@pytest.mark.parametrize("verb", ["undo", "reopen"])
def test_whoever_opens_again_what_was_asked_twice_is_asked_about_both_again(held, a_request, ana, verb):
    a_request(call_times=["any"], imaging=["none"])
    twin = held()
    decide(PossibleDuplicate.objects.get(), by=ana, same=True)

    assert post(ana, twin, verb).status_code == 302

    assert list_of(twin)[0] == "call"
    assert PossibleDuplicate.objects.get().decision == PossibleDuplicate.Decision.OPEN


# After the visit.


def test_whoever_came_once_is_kept_as_long_though_it_was_opened_again(booked_today, ana, clock, settings):
    request = booked_today
    clock.move_to(request.appointment.starts_at + 2 * HOUR)
    perform(CLOSE, request, by=ana, reason="attended")
    perform(REOPEN, request, by=ana)
    perform(CLAIM, request, by=ana)
    perform(CLOSE, request, by=ana, reason="declined")
    closed_for = {"KEEP_CLOSED_DAYS": settings.KEEP_CLOSED_DAYS, "KEEP_VISITED_DAYS": settings.KEEP_VISITED_DAYS}

    due = {
        setting: {rule.setting for rule in retention.RULES if rule.due(timezone.now() + (days + 1) * DAY).exists()}
        for setting, days in closed_for.items()
    }
    of_people = {setting: found & closed_for.keys() for setting, found in due.items()}
    assert of_people == {"KEEP_CLOSED_DAYS": set(), "KEEP_VISITED_DAYS": {"KEEP_VISITED_DAYS"}}


def test_who_missed_a_visit_and_whose_next_the_clinic_cancels_is_called_about_that(booked_today, ana, clock):
    request = booked_today
    clock.move_to(request.appointment.starts_at + HOUR)
    perform(DID_NOT_COME, request, by=ana)
    assert "call about the visit that the patient missed" in sheet(ana, request)
    perform(CLAIM, request, by=ana)
    perform(BOOK, request, by=ana, **first_slot())
    perform(CANCEL, request, by=ana, reason="clinic")

    assert "the visit that the patient missed" not in sheet(ana, request)


# The day on paper.


def test_the_day_sheet_says_what_is_to_be_done_by_when(held, ana):
    wrong, cancelled, moves = held(email=""), held(name="Cancelled Example"), held(name="Moves Example")
    perform(LOG_CALL, wrong, by=ana, channel="phone", outcome="wrong_number")
    perform(BOOK, cancelled, by=ana, **free_slots(most=40)[30]._asdict())
    perform(CANCEL, cancelled, by=ana, reason="clinic")
    perform(BOOK, moves, by=ana, **free_slots(most=40)[35]._asdict())
    perform(ASK_FOR_ANOTHER_TIME, moves, wish="Mondays")

    printed = words_of(signed_in(ana).get("/admin/day-sheet/"))

    assert "This number is wrong. To do: find the right number, or send a letter." in printed
    assert "Promised by Wed, May 6, 5:00 PM." in printed
    assert "To do: call about the booked visit." in printed


# What the patient reads.


def own_page(request) -> str:
    browser = Client()
    browser.cookies[STATUS] = opening_of(request)
    return words_of(browser.get("/status/yours/"))


def test_nobody_is_told_that_we_call_again_at_a_number_that_is_wrong(held, ana):
    request = held()
    perform(LOG_CALL, request, by=ana, channel="phone", outcome="wrong_number")

    assert "The phone number that we have is wrong. Please correct it, or call us." in own_page(request)
    assert "We will try again" not in own_page(request)


def test_a_promise_that_was_not_kept_is_told_as_late_and_not_as_another_promise(booked_today, ana, clock):
    request = booked_today
    perform(CANCEL, request, by=ana, reason="clinic")
    assert "We call you by Tuesday, May 5, 2037 at 2 p.m." in own_page(request)
    clock.move_to(request.call_by + HOUR)

    assert "We are late with our call. We are sorry." in own_page(request)
    assert "We call you by" not in own_page(request)


def test_a_call_that_was_agreed_and_did_not_come_is_told_as_late(held, ana, clock):
    request = held()
    at = timezone.now() + 2 * HOUR
    perform(LOG_CALL, request, by=ana, channel="phone", outcome="call_back", next_call_at=at)
    assert "We plan to call you on" in own_page(request)
    clock.move_to(at + HOUR / 2)
    assert "We are late" not in own_page(request)

    clock.move_to(at + HOUR)

    assert "We are late with our call. We are sorry." in own_page(request)


def test_who_is_to_be_called_about_another_time_reads_by_when(held, ana):
    request = held()
    perform(OFFER, request, by=ana, times=free_slots(most=2))
    Client().post(link_of(request), {"time": "none", "wish": "Mondays", **BIRTHDAY})

    assert "We call you by Wednesday, May 6, 2037 at 5 p.m." in own_page(request)


def test_who_asked_twice_reads_that_the_other_request_goes_on(held, a_request, ana):
    a_request(call_times=["any"], imaging=["none"])
    twin = held()
    decide(PossibleDuplicate.objects.get(), by=ana, same=True)

    assert "You asked us twice. We go on with your other request." in own_page(twin)


def test_the_page_of_what_was_sent_says_what_has_become_of_it(client, clock, db):
    clock.shift(-HOUR)
    answer_check(client)
    clock.shift(HOUR)
    ask_for_visit(client)
    assert "If we miss you, we try again" in words_of(client.get("/visit/sent/"))

    perform(WITHDRAW, AppointmentRequest.objects.get())

    said = words_of(client.get("/visit/sent/"))
    assert "You withdrew this request. We will not call you about it." in said
    assert "If we miss you, we try again" not in said


def test_who_keeps_a_visit_changes_nothing_and_loses_no_wish(booked_today):
    browser = Client()
    browser.cookies[STATUS] = opening_of(booked_today)
    version = booked_today.version

    kept = browser.post("/status/yours/withdraw/", {"what": "keep", "wish": "", "version": version})
    assert (kept.status_code, kept["Location"]) == (302, "/status/yours/")
    wished = browser.post("/status/yours/withdraw/", {"what": "keep", "wish": "Mondays", "version": version})
    assert wished.status_code == 422
    assert "You wrote about another time." in words_of(wished)
    assert "Mondays" in wished.text
    browser.post("/status/yours/withdraw/", {"what": "cancel", "wish": "I am well again", "version": version})
    assert booked_today.events.last().note == "I am well again"


def test_the_link_to_choose_says_what_is_so_after_the_visit(held, ana, clock):
    request = held()
    perform(OFFER, request, by=ana, times=free_slots(most=2))
    perform(CLAIM, request, by=ana)
    perform(BOOK, request, by=ana, **first_slot())
    clock.move_to(request.appointment.starts_at + HOUR)

    after = words_of(Client().get(link_of(request)))
    assert "Your visit was on" in after
    assert "If you cannot come" not in after
    perform(CLOSE, request, by=ana, reason="attended")
    closed = words_of(Client().get(link_of(request)))
    assert "This request is closed." in closed
    assert "we find another time" not in closed

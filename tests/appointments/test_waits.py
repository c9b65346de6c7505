"""Whose turn it is: each request that is not closed is on one list, of one role, with a time by which to act."""

import datetime

import pytest
import time_machine
from django.utils import timezone

from appointments.calendar.slots import free_slots
from appointments.delivery import sms
from appointments.lifecycle.definition import (
    ANSWER,
    ASK_NURSE,
    BOOK,
    CANCEL,
    CHANGE_CALL_TIMES,
    CHOOSE,
    CLAIM,
    CORRECT,
    CORRECT_PHONE,
    DID_NOT_COME,
    LOG_CALL,
    OFFER,
    RELEASE,
    RESCHEDULE,
    SEND_LETTER,
)
from appointments.lifecycle.offered_times import link_of, open_times
from appointments.lifecycle.transition import Refused, perform
from appointments.lifecycle.waits import WAITS, late, wait_of, with_waits
from appointments.models import AppointmentRequest, Message
from appointments.operations.jobs import alert_of_what_is_late, end_offers
from appointments.worklist import next_call
from tests.staff import member_of, signed_in
from tests.walk import BIRTHDAY, words_of

pytestmark = pytest.mark.both

SHEETS = "/admin/appointments/appointmentrequest/"
FLAGGED = {"blood_thinner": "yes"}
# A Tuesday at noon in New York.
NOON = datetime.datetime(2037, 5, 5, 16, tzinfo=datetime.UTC)
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


@pytest.fixture
def clock(settings):
    settings.SITE_URL = "https://clinic.example"
    settings.SENDS_EMAILS = True
    with time_machine.travel(NOON) as travel:
        yield travel


@pytest.fixture
def ana(db, clock):
    """A scheduler, and nothing more."""
    return member_of("Schedulers", "ana")


@pytest.fixture
def kim(db, clock):
    return member_of("Nurses", "kim")


@pytest.fixture
def held(a_request, ana, consulting_hours):
    """Gives a request that Ana holds."""

    def hold(**facts) -> AppointmentRequest:
        request = a_request(**{"call_times": ["any"], "imaging": ["none"], **facts})
        perform(CLAIM, request, by=ana)
        return request

    return hold


def list_of(request) -> tuple[str, datetime.datetime]:
    """Where it is by its sheet, which must be where the database has it."""
    request = AppointmentRequest.objects.select_related("appointment").get(pk=request.pk)
    now = timezone.now()
    wait, due = wait_of(request, now)
    stored = with_waits(AppointmentRequest.objects.filter(pk=request.pk), now).get()
    assert (stored.wait, stored.wait_due) == (wait.key, due)
    return wait.key, due


def post(user, request, verb, **typed):
    request.refresh_from_db()
    return signed_in(user).post(f"{SHEETS}{request.pk}/do/{verb}/", {"version": request.version, **typed})


def sheet(user, request) -> str:
    return words_of(signed_in(user).get(f"{SHEETS}{request.pk}/change/"))


def first_slot():
    return free_slots(most=1)[0]._asdict()


# The nurse.


@pytest.mark.parametrize("check", ["needed", "asked", "call_first", "against"])
def test_nothing_is_booked_or_offered_while_the_nurse_has_not_agreed(held, ana, kim, check):
    request = held(**FLAGGED)
    if check != "needed":
        perform(ASK_NURSE, request, by=ana)
    if check in ("call_first", "against"):
        perform(ANSWER, request, by=kim, answer=check)
    slot = first_slot()

    page = sheet(ana, request)
    refused = post(ana, request, "book", **{"time": key_of(slot)})

    assert "No visit can be booked or offered yet." in page
    assert refused.status_code == 409
    assert "No visit can be booked yet." in words_of(refused)
    for verb, typed in ((BOOK, slot), (OFFER, {"times": free_slots(most=1)})):
        with pytest.raises(Refused):
            perform(verb, request, by=ana, **typed)


def key_of(slot) -> str:
    return f"{slot['clinician'].pk} {slot['place'].pk} {slot['starts_at']:%Y-%m-%dT%H:%M}Z"


def test_a_manager_books_anyway_for_a_reason_that_is_kept(held, ana):
    request = held(**FLAGGED)
    eve = member_of("Managers", "eve")
    perform(RELEASE, request, by=eve)
    perform(CLAIM, request, by=eve)
    time = key_of(first_slot())

    assert post(ana, request, "book-anyway", time=time, note="I may not").status_code == 403
    assert post(eve, request, "book-anyway", time=time, note="").status_code == 422
    assert post(eve, request, "book-anyway", time=time, note="Dr. Example asked for her.").status_code == 302

    request.refresh_from_db()
    assert (request.status, request.appointment.is_exception) == ("booked", True)
    assert request.events.last().note == "Dr. Example asked for her."


def test_a_patient_cannot_choose_while_a_question_to_the_nurse_is_open(held, ana, client):
    request = held()
    perform(OFFER, request, by=ana, times=free_slots(most=2))
    [time, _] = open_times(request)
    perform(CLAIM, request, by=ana)
    perform(ASK_NURSE, request, by=ana, note="Does the thinner matter?")

    page = client.post(link_of(request), {"time": time.pk, **BIRTHDAY})

    assert page.status_code == 404
    with pytest.raises(Refused):
        perform(CHOOSE, request, time=time)
    assert list_of(request)[0] == "nurse"


def test_a_question_about_a_booked_visit_reaches_the_nurse_and_her_no_reaches_a_scheduler(held, ana, kim):
    request = held()
    perform(BOOK, request, by=ana, **first_slot())
    assert list_of(request) == ("booked", request.appointment.starts_at)

    perform(ASK_NURSE, request, by=ana, note="She takes a thinner after all.")
    assert list_of(request)[0] == "nurse"
    listed = words_of(signed_in(kim).get("/admin/nurse/"))
    assert "Visit booked" in listed
    answered = {
        "visit_request": request.pk,
        "version": request.version,
        "answer": "against",
        "note": "Not before June.",
    }
    assert signed_in(kim).post("/admin/nurse/", answered).status_code == 302

    key, due = list_of(request)
    assert (key, due) == ("to-tell", request.appointment.starts_at)
    assert "A visit is booked, and the nurse has not agreed." in sheet(ana, request)
    assert "to call, and cancel the visit, against which the nurse advises by Tue" in sheet(ana, request)
    assert post(ana, request, "log-call", outcome="reached", note="Told her.").status_code == 302
    assert list_of(request) == (key, due)
    assert post(ana, request, "cancel", reason="clinic").status_code == 302
    assert list_of(request)[0] == "call"


def test_whoever_calls_after_the_nurse_said_no_knows_what_the_call_is_about(held, ana, kim):
    request = held()
    assert "Waits for the scheduler to call by" in sheet(ana, request)
    perform(ASK_NURSE, request, by=ana)

    perform(ANSWER, request, by=kim, answer="against", note="Not before June.")

    assert list_of(request)[0] == "call"
    assert "to call, say that the nurse advises against a visit for now, and close by" in sheet(ana, request)


def test_the_nurse_says_by_when_she_calls_and_logs_her_calls(held, ana, kim):
    request = held(**FLAGGED)
    perform(ASK_NURSE, request, by=ana)
    soon = {"calls_by": "2037-05-05T15:00"}
    late = {"calls_by": "2037-06-05T15:00"}
    for calls_by, status in ((late, 409), (soon, 302)):
        request.refresh_from_db()
        answer = {"visit_request": request.pk, "version": request.version, "answer": "call_first", **calls_by}
        assert signed_in(kim).post("/admin/nurse/", answer).status_code == status

    assert list_of(request) == ("nurse", datetime.datetime(2037, 5, 5, 19, tzinfo=datetime.UTC))
    assert post(ana, request, "log-nurses-call", outcome="reached").status_code == 403
    assert post(kim, request, "log-nurses-call", outcome="no_answer").status_code == 302
    assert request.contact_attempts.get().by == kim
    key, due = list_of(request)
    assert (key, due > NOON + HOUR) == ("nurse", True)


# Times that were offered.


@pytest.mark.parametrize(("facts", "until"), [({"function": "bed"}, "Wed 17:00"), ({}, "Fri 17:00")])
def test_an_offer_lasts_no_longer_than_the_priority_allows(held, ana, facts, until):
    request = held(**facts)

    perform(OFFER, request, by=ana, times=free_slots(most=60)[-1:])

    key, due = list_of(request)
    assert (key, f"{timezone.localtime(due):%a %H:%M}") == ("to-choose", until)
    assert f"to choose one of the times that were offered until {timezone.localtime(due):%a, %b %-d}" in sheet(
        ana, request
    )
    with time_machine.travel(due + HOUR):
        assert list_of(request)[0] == "call"


def test_an_offer_ends_when_its_last_time_begins(held, ana):
    request = held()
    [time] = free_slots(most=1)

    perform(OFFER, request, by=ana, times=[time])

    assert list_of(request) == ("to-choose", time.starts_at)


def test_who_loses_the_last_time_that_was_offered_is_told_and_called(held, ana):
    request, other = held(), held(name="Quick Example")
    slot = first_slot()
    perform(OFFER, request, by=ana, times=free_slots(most=1))
    end_offers()
    assert list_of(request)[0] == "to-choose"

    perform(BOOK, other, by=ana, **slot)
    end_offers()

    assert list_of(request)[0] == "call"
    assert Message.objects.filter(request=request, kind="no_times_left").exists()
    assert next_call.take(ana)[0] == request
    assert "The times offered are gone" in sheet(ana, request)


def test_an_offer_that_nothing_can_carry_waits_a_day_and_says_so(held, ana):
    request = held(email="", function="with_help")
    assert "There is no e-mail and no text to send the link by." in sheet(ana, request)

    perform(OFFER, request, by=ana, times=free_slots(most=60)[-1:])

    assert f"{timezone.localtime(list_of(request)[1]):%a %H:%M}" == "Wed 17:00"


def test_an_offer_goes_by_no_text_to_a_number_that_answered_stop_and_staff_see_it(held, ana, settings):
    settings.TEXTS = "console"
    request = held(email="", texts_ok="on", function="with_help")
    assert "Texts Allowed" in sheet(ana, request)

    sms.answered(request.phone, "STOP")

    assert "this number answered STOP, and gets none until it answers START" in sheet(ana, request)
    assert "There is no e-mail and no text to send the link by." in sheet(ana, request)
    perform(OFFER, request, by=ana, times=free_slots(most=60)[-1:])
    assert f"{timezone.localtime(list_of(request)[1]):%a %H:%M}" == "Wed 17:00"
    assert not Message.objects.filter(kind="offered").exists()
    sms.answered(request.phone, "START")
    assert "Texts Allowed" in sheet(ana, request)


# Wrong numbers and letters.


def test_a_wrong_number_counts_asks_by_email_then_wants_a_letter_then_is_given_up(held, ana):
    request = held()

    perform(LOG_CALL, request, by=ana, channel="phone", outcome="wrong_number")

    assert (request.attempts_made, request.phone_is_wrong) == (1, True)
    assert Message.objects.filter(request=request, kind="wrong_number").count() == 1
    key, due = list_of(request)
    assert (key, f"{timezone.localtime(due):%a %H:%M}") == ("to-answer", "Thu 17:00")
    assert "Wrong number: somebody else answers" in sheet(ana, request)
    perform(RELEASE, request, by=ana)
    with time_machine.travel(due + HOUR):
        assert next_call.take(ana) is None
        assert list_of(request)[0] == "letter"
        printed = post(ana, request, "letter")
        assert "We could not reach you" in words_of(signed_in(ana).get(printed["Location"]))
        key, answered_by = list_of(request)
        assert (key, round((answered_by - due) / DAY)) == ("to-answer", 14)
    with time_machine.travel(answered_by + HOUR):
        assert list_of(request) == ("to-close", answered_by)
        assert "close it with “Could not be reached”" in sheet(ana, request)


def test_without_an_email_a_wrong_number_wants_a_letter_at_once(held, ana):
    request = held(email="")

    perform(LOG_CALL, request, by=ana, channel="phone", outcome="wrong_number")

    assert list_of(request)[0] == "letter"
    assert not Message.objects.filter(request=request, kind="wrong_number").exists()


def test_a_number_that_is_corrected_is_called_again(held, ana):
    request = held()
    perform(LOG_CALL, request, by=ana, channel="phone", outcome="wrong_number")
    perform(RELEASE, request, by=ana)

    perform(CORRECT, request, by=ana, phone="+12125550177")

    assert (request.phone_is_wrong, request.attempts_made) == (False, 0)
    assert next_call.take(ana)[0] == request


def test_when_all_calls_are_made_a_letter_is_due_within_a_business_day(held, ana, settings):
    settings.CALL_ATTEMPTS = 1
    request = held()

    perform(LOG_CALL, request, by=ana, channel="phone", outcome="no_answer")

    key, due = list_of(request)
    assert (key, f"{timezone.localtime(due):%a %H:%M}") == ("letter", "Wed 17:00")
    perform(SEND_LETTER, request, by=ana)
    assert list_of(request)[0] == "to-answer"
    assert [attempt.channel for attempt in request.contact_attempts.all()] == ["phone", "letter"]


@pytest.mark.parametrize(
    ("verb", "answer"),
    [(CORRECT_PHONE, {"phone": "+12125550177"}), (CHANGE_CALL_TIMES, {"call_times": ["any"]})],
)
def test_who_answers_after_the_last_call_is_called_again_and_not_left_to_the_letter(
    held, ana, settings, verb, answer
):
    settings.CALL_ATTEMPTS = 1
    request = held()
    perform(LOG_CALL, request, by=ana, channel="phone", outcome="no_answer")
    perform(SEND_LETTER, request, by=ana)
    assert list_of(request)[0] == "to-answer"

    perform(verb, request, **answer)

    assert (list_of(request)[0], request.attempts_made) == ("call", 0)
    assert next_call.take(ana)[0] == request


# Visits that are over, or do not take place.


@pytest.fixture
def visit_over(held, ana, clock):
    """A visit began an hour ago."""
    request = held()
    perform(BOOK, request, by=ana, **first_slot())
    clock.move_to(request.appointment.starts_at + HOUR)
    return request


def test_a_visit_that_is_over_waits_for_somebody_to_say_what_came_of_it(visit_over, ana):
    key, due = list_of(visit_over)

    assert (key, due) == ("visit-over", visit_over.appointment.outcome_due_at)
    assert "Visits over: what came of it? scheduler 1 0" in words_of(signed_in(ana).get("/admin/"))
    with time_machine.travel(due + HOUR):
        assert "Visits over: what came of it? scheduler 1 1" in words_of(signed_in(ana).get("/admin/"))


def test_who_did_not_come_is_told_and_called_anew(visit_over, ana):
    perform(DID_NOT_COME, visit_over, by=ana, note="")

    assert (visit_over.status, visit_over.visits_missed, visit_over.attempts_made) == ("waiting", 1, 0)
    assert list_of(visit_over)[0] == "call"
    assert Message.objects.filter(request=visit_over, kind="missed_visit").exists()
    assert "Missed 1 visit." in sheet(ana, visit_over)
    assert next_call.take(ana)[0] == visit_over
    visit_over.refresh_from_db()
    assert post(ana, visit_over, "close", reason="did_not_come").status_code == 302


def test_whom_the_clinic_cancelled_is_promised_a_call_and_comes_first(held, ana):
    cancelled, urgent = held(), held(function="bed", name="Urgent Example")
    perform(RELEASE, urgent, by=ana)
    perform(BOOK, cancelled, by=ana, **first_slot())

    perform(CANCEL, cancelled, by=ana, reason="clinic")

    taken, reasons = next_call.take(ana)
    assert (taken, reasons[0]) == (cancelled, "was promised a call by Tue May 5, 12:30 PM")


# Alerts.


@pytest.mark.parametrize("what", ["nurse", "visit"])
def test_staff_are_alerted_once_of_whatever_is_late(held, ana, clock, settings, what):
    settings.STAFF_EMAILS = ["desk@clinic.example"]
    request = held()
    if what == "nurse":
        perform(ASK_NURSE, request, by=ana)
    else:
        perform(BOOK, request, by=ana, **first_slot())
        clock.move_to(request.appointment.starts_at + HOUR)
    clock.move_to(list_of(request)[1] + HOUR)

    alert_of_what_is_late()
    alert_of_what_is_late()

    assert Message.objects.filter(kind="calls_overdue").count() == 1


@pytest.mark.either
def test_each_list_is_a_queue_of_that_name(db, ana):
    for wait in WAITS:
        page = signed_in(ana).get(f"{SHEETS}?queue={wait.key}")
        assert wait.label in words_of(page), wait.key


# What is written.


def test_a_letter_says_what_stands_now_in_the_language_and_size_of_the_patient(held, ana):
    request = held(language="es", postal_address="12 Example Street\nSpringfield", large_print=True)
    perform(BOOK, request, by=ana, **first_slot())

    printed = signed_in(ana).get(post(ana, request, "letter")["Location"])

    assert 'class="large"' in printed.text
    assert "12 Example Street<br>Springfield" in printed.text
    assert "Su cita está reservada" in words_of(printed)
    assert f" {timezone.localdate().day} de mayo de 2037" in words_of(printed)
    assert f"{timezone.localtime(request.appointment.starts_at).day} de mayo" in words_of(printed)
    assert list_of(request)[0] == "booked"
    request.refresh_from_db()
    perform(CANCEL, request, by=ana, reason="patient")
    again = words_of(signed_in(ana).get(printed.request["PATH_INFO"]))
    assert "Su cita no tendrá lugar." in again


def test_a_new_email_is_told_at_once_how_it_stands(held, ana):
    request = held()
    perform(BOOK, request, by=ana, **first_slot())
    before = Message.objects.filter(kind="booked", channel="email").count()

    perform(CORRECT, request, by=ana, email="new@example.com")

    assert Message.objects.filter(kind="booked", channel="email").count() == before + 1


def test_how_it_stands_is_sent_again_on_demand(held, ana):
    request = held()

    assert post(ana, request, "write-again").status_code == 302

    assert Message.objects.filter(request=request, kind="received").count() == 2
    silent = held(email="", name="Silent Example")
    refused = post(ana, silent, "write-again")
    assert "There is no e-mail and no text to send it by." in words_of(refused)


# Who holds it.


def test_an_open_sheet_keeps_its_request_and_says_until_when(held, ana, clock):
    request = held()
    clock.shift(19 * datetime.timedelta(minutes=1))

    assert "You hold it until 12:39 PM" in sheet(ana, request)

    clock.shift(19 * datetime.timedelta(minutes=1))
    assert next_call.take(member_of("Schedulers", "ben")) is None
    keep = f"{SHEETS}{request.pk}/keep/"
    assert signed_in(ana).post(keep, headers={"Accept": "application/json"}).json() == {
        "until": "12:58 PM",
        "ends": "2037-05-05T16:58:00+00:00",
        "version": request.version,
    }
    assert signed_in(ana).post(keep)["Location"] == f"{SHEETS}{request.pk}/change/"


def test_nobody_keeps_what_a_colleague_has_taken_meanwhile(held, ana, clock):
    request, ben = held(), member_of("Schedulers", "ben")
    clock.shift(21 * datetime.timedelta(minutes=1))
    assert next_call.take(ben)[0] == request

    late = signed_in(ana).post(f"{SHEETS}{request.pk}/keep/", headers={"Accept": "application/json"})

    assert (late.status_code, late.json()) == (409, {"why": f"{ben} holds this request."})
    request.refresh_from_db()
    assert request.claimed_by == ben


# Pictures and reports.


def test_records_that_a_visit_lacks_are_somebodys_job_and_late_two_business_days_before_it(held, ana, clock):
    request = held()
    assert post(ana, request, "records", records="requested").status_code == 302
    request.refresh_from_db()
    on_a_monday = next(slot for slot in free_slots(most=500) if f"{slot.starts_at:%F}" == "2037-05-18")

    perform(BOOK, request, by=ana, **on_a_monday._asdict())

    thursday_5_pm = datetime.datetime(2037, 5, 14, 21, tzinfo=datetime.UTC)
    assert list_of(request) == ("records", thursday_5_pm)
    assert "to get the pictures or reports before the visit by Thu, May 14, 5:00 PM" in sheet(ana, request)
    assert request not in late(AppointmentRequest.objects.all(), thursday_5_pm - HOUR)
    assert request in late(AppointmentRequest.objects.all(), thursday_5_pm)
    assert post(ana, request, "records", records="received", records_dated="2037-05-01").status_code == 302
    assert list_of(request)[0] == "booked"


def test_records_of_a_visit_at_short_notice_are_due_by_the_close_of_that_day_and_before_the_visit(held, ana):
    request = held(imaging=["mri"])
    tomorrow = next(slot for slot in free_slots(most=500) if f"{slot.starts_at:%F}" == "2037-05-06")

    perform(BOOK, request, by=ana, **tomorrow._asdict())

    assert list_of(request) == ("records", datetime.datetime(2037, 5, 5, 21, tzinfo=datetime.UTC))
    today = next(slot for slot in free_slots(most=500) if f"{slot.starts_at:%F}" == "2037-05-05")
    perform(RESCHEDULE, request, by=ana, **today._asdict())
    assert list_of(request) == ("records", today.starts_at)
    assert not late(AppointmentRequest.objects.all())


def test_the_tab_of_today_says_how_many_are_late_and_its_figures_name_nobody(held, ana, clock):
    request = held(name="Canary Example")
    clock.move_to(request.due_at + HOUR)

    figures = signed_in(ana).get("/admin/figures/")

    assert "<title>(1) Today" in signed_in(ana).get("/admin/").text
    assert 'data-late="1"' in figures.text
    assert "Canary" not in figures.text


def test_the_figures_of_an_open_page_say_whether_there_is_somebody_to_call(ana, a_request, clock):
    figures = signed_in(ana).get("/admin/figures/")
    assert "There is nobody to call just now." in figures.text

    a_request(call_times=["any"])

    figures = signed_in(ana).get("/admin/figures/")
    assert "1 can be called now." in figures.text


@pytest.mark.parametrize("outcome", ["no_answer", "wrong_number"])
def test_neither_one_more_call_nor_the_same_wrong_number_puts_off_what_is_due(
    a_request, scheduler, settings, clock, outcome
):
    settings.CALL_ATTEMPTS = 1
    request = a_request()
    perform(CLAIM, request, by=scheduler)
    perform(LOG_CALL, request, by=scheduler, channel="phone", outcome=outcome)
    first = wait_of(request, timezone.now())

    clock.shift(20 * HOUR)
    if request.status == "waiting":
        perform(CLAIM, request, by=scheduler)
    perform(LOG_CALL, request, by=scheduler, channel="phone", outcome=outcome)

    assert wait_of(request, timezone.now()) == first

"""What patients are promised, and what they can do when it is not kept, or when they have lost their reference."""

import datetime

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from appointments.delivery.outbox import Worker
from appointments.lifecycle.definition import BOOK, CLAIM, LOG_CALL, WRITE_AGAIN
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, ContactAttempt, Message
from appointments.worklist.ranking import callable_now
from common.clinic import CLINIC, Known
from common.clinic_tables import ClinicDetails
from tests.mail import mail_server
from tests.walk import BIRTHDAY, answer_check, ask_for_visit, source_of, words_of

# Monday noon in New York, so that the clinic is open.
MONDAY = datetime.datetime(2037, 3, 2, 17, tzinfo=datetime.UTC)
BY_THURSDAY = "We call you by Thursday, March 5, 2037 at 5 p.m."


@pytest.fixture
def mailbox(settings):
    settings.SITE_URL = "https://clinic.example"
    with mail_server(settings) as mailbox:
        yield mailbox


@pytest.fixture
def asked(client, db):
    """Somebody asks on a Monday; a call is due on Thursday."""
    with time_machine.travel(MONDAY - datetime.timedelta(minutes=9), tick=False):
        answer_check(client)
    with time_machine.travel(MONDAY, tick=False):
        ask_for_visit(client)
    return AppointmentRequest.objects.get()


def told() -> None:
    worker = Worker()
    while worker.send_some():
        pass
    worker.close()


def status_of(client, request) -> str:
    client.post("/status/", {"reference": request.reference, **BIRTHDAY})
    return words_of(client.get("/status/yours/"))


def test_by_when_they_are_called_stands_on_every_page_and_in_the_message(client, asked, mailbox):
    with time_machine.travel(MONDAY, tick=False):
        assert BY_THURSDAY in words_of(client.get("/visit/sent/"))
        assert BY_THURSDAY in status_of(client, asked)
        told()

    assert BY_THURSDAY in mailbox.messages[0].get_body(("plain",)).get_content()
    assert asked.due_at == datetime.datetime(2037, 3, 5, 22, tzinfo=datetime.UTC)


def test_a_clinic_may_leave_the_date_out(client, asked):
    details = ClinicDetails(name="Example Clinic", phone="(212) 555-0100", tells_call_by=False)
    details.call_attempts, details.hours_between_calls, details.calls_from_hour, details.calls_until_hour = (
        4,
        20,
        8,
        20,
    )
    details.save()
    CLINIC.look_again()

    with time_machine.travel(MONDAY, tick=False):
        page = status_of(client, asked)

    assert "Someone will call you as soon as possible." in page
    assert "March 5" not in page


def test_whoever_was_not_called_in_time_is_told_so_and_may_ask_to_be_first(client, asked, a_request, scheduler):
    # At ten in the morning, when both may be called.
    friday = MONDAY + datetime.timedelta(days=4, hours=-2)
    with time_machine.travel(MONDAY - datetime.timedelta(days=7)):
        a_request(pain="9", phone="(212) 555-0177")
    with time_machine.travel(friday, tick=False):
        page = status_of(client, asked)
        assert "We are late with our call. We are sorry. Ask us to call you first" in page
        assert next(callable_now(scheduler)[1]).pk != asked.pk

        first = client.get("/status/yours/first/")
        sent = client.post("/status/yours/first/", {"version": "0"}, follow=True)

        assert "we call you before others" in words_of(first)
        assert "You asked us to call you first." in words_of(sent)
        assert "We call you by Monday, March 9, 2037 at 5 p.m." in words_of(sent)
        assert "Ask us to call you first" not in words_of(sent)
        assert next(callable_now(scheduler)[1]).pk == asked.pk
        # Pressed once more it changes nothing, and leads to how it stands.
        again = client.post("/status/yours/first/", {"version": "1"})
        assert (again.status_code, again["Location"]) == (302, "/status/yours/")
        assert asked.events.count() == 1


def test_whoever_was_called_is_not_told_that_we_are_late(client, asked, scheduler):
    with time_machine.travel(MONDAY, tick=False):
        perform(CLAIM, asked, by=scheduler)
        perform(LOG_CALL, asked, by=scheduler, channel="phone", outcome=ContactAttempt.CallResult.NO_ANSWER)

    with time_machine.travel(MONDAY + datetime.timedelta(days=4), tick=False):
        assert "We are late" not in status_of(client, asked)


def test_after_a_talk_no_first_call_is_promised_any_more(client, asked, scheduler):
    with time_machine.travel(MONDAY, tick=False):
        perform(CLAIM, asked, by=scheduler)
        perform(LOG_CALL, asked, by=scheduler, channel="phone", outcome=ContactAttempt.CallResult.REACHED)
        page = status_of(client, asked)

    assert BY_THURSDAY not in page
    assert "Someone will call you as soon as possible." in page


@pytest.mark.parametrize(
    ("outcomes", "stands"),
    [
        (["call_back"], "We plan to call you on Friday, March 6, 2037 at noon."),
        (["wrong_number"], "The phone number that we have is wrong. Please correct it, or call us."),
        (["no_answer"], "We called and did not reach you. We will try again at another time."),
        (["no_answer"] * 4, "We called and could not reach you. Please call us if you still want a visit."),
    ],
)
def test_what_is_sent_again_says_of_the_call_what_the_status_page_says(
    client, asked, mailbox, scheduler, outcomes, stands
):
    with time_machine.travel(MONDAY, tick=False):
        for outcome in outcomes:
            at = MONDAY + datetime.timedelta(days=4) if outcome == "call_back" else None
            perform(CLAIM, asked, by=scheduler)
            perform(LOG_CALL, asked, by=scheduler, channel="phone", outcome=outcome, next_call_at=at)
        told()
        perform(WRITE_AGAIN, asked, by=scheduler)
        told()
        page = status_of(client, asked)

    last = mailbox.messages[-1]
    assert last["Subject"] == "We have your request"
    assert stands in page
    assert stands in last.get_body(("plain",)).get_content()
    assert "as soon as possible" not in last.get_body(("plain",)).get_content()


# Whoever has lost the reference.


def lost(client=None, **typed):
    return (client or Client()).post("/status/reference/", {**BIRTHDAY, "phone": "(212) 555-0123", **typed})


def test_a_lost_reference_is_sent_to_where_the_request_says_and_shown_to_nobody(asked, mailbox):
    known, unknown = lost(), lost(phone="(212) 555-0199")
    told()

    assert (known.status_code, words_of(known)) == (unknown.status_code, words_of(unknown))
    assert str(asked) not in source_of(known)
    [message] = [one for one in mailbox.messages if one["Subject"] == "Your reference"]
    assert message["To"] == "ana@example.com"
    assert f"Your reference is {asked}." in message.get_body(("plain",)).get_content()


def test_after_three_tries_nothing_more_is_sent(asked):
    answers = [lost() for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert Message.objects.filter(kind="reference").count() == 3


def test_another_birthday_or_phone_sends_nothing(asked):
    lost(date_of_birth_day="15")
    lost(phone="(212) 555-0124")

    assert not Message.objects.filter(kind="reference").exists()


def test_a_helper_finds_it_by_the_patients_phone_and_reads_whose_visit_it_is(client, db, mailbox):
    answer_check(client, filled_in_by="Bo")
    ask_for_visit(client, filled_in_by="Bo", patient_phone="(212) 555-0144")
    AppointmentRequest.objects.update(doubts="")

    lost(phone="(212) 555-0144")
    told()

    [message] = [one for one in mailbox.messages if one["Subject"] == "Your reference"]
    assert "You asked us for someone else." in message.get_body(("plain",)).get_content()


# Half an hour.


def test_after_half_an_hour_the_page_says_why_it_asks_again(client, asked):
    status_of(client, asked)
    assert "This page closes by itself after 30 minutes." in words_of(client.get("/status/yours/"))

    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=31)):
        page = client.get("/status/yours/phone/", follow=True)

    assert "For your safety, we show your request for 30 minutes only." in words_of(page)
    assert "30 minutes only" not in words_of(Client().get("/status/"))


def test_the_calendar_file_speaks_up_the_day_before(client, asked, scheduler, clinician, place, next_week):
    perform(CLAIM, asked, by=scheduler)
    perform(BOOK, asked, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    status_of(client, asked)

    file = client.get("/status/yours/visit.ics").text

    assert "BEGIN:VALARM" in file
    assert "TRIGGER:-P1D" in file


# A mistaken press.


def test_starting_again_asks_first_and_keeps_the_answers_until_it_is_said(client):
    answer_check(client)

    page = client.get("/check/start-again/")

    assert "This deletes all your answers from this phone or computer." in words_of(page)
    assert client.get("/check/result/").status_code == 200
    client.post("/check/start-again/")
    assert client.get("/check/start-again/")["Location"] == "/check/"
    assert client.get("/check/result/")["Location"].startswith("/check/red_flags/")


def test_a_sign_together_with_none_says_first_what_to_do_if_the_sign_is_right(client):
    page = client.post("/check/red_flags/", {"red_flags": ["legs", "none"]})

    assert page.status_code == 422
    assert "If a sign you checked is right, call 911 now." in words_of(page)


def test_no_time_of_the_day_is_offered_in_which_the_clinic_is_closed(client, db):
    mornings = dict.fromkeys(range(5), (datetime.time(9), datetime.time(13)))
    CLINIC.known = Known(CLINIC.known.looked_at, None, mornings)
    answer_check(client)
    client.cookies["language"] = "es"

    ask_for_visit(client, call_times=["evening"])
    page = words_of(client.get("/visit/call/"))

    assert "Por la mañana (9 am a 12 pm) Por la tarde (12 pm a 1 pm) A cualquiera de estas horas" in page
    assert "Al final de la tarde" not in page
    assert not AppointmentRequest.objects.exists()

"""What patients and staff are told of a request by e-mail and text, as it arrives at a real mail server."""

import datetime

import icalendar
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from appointments.calendar.slots import Slot
from appointments.delivery.outbox import Worker
from appointments.lifecycle.definition import (
    ANSWER,
    BOOK,
    CANCEL,
    CLAIM,
    CLOSE,
    CORRECT,
    DID_NOT_COME,
    LIFECYCLE,
    LOG_CALL,
    OFFER,
    RELEASE,
    RESCHEDULE,
    UNDO,
    WITHDRAW,
)
from appointments.lifecycle.effects import booking
from appointments.lifecycle.transition import Refused, perform
from appointments.lifecycle.waits import late
from appointments.models import Appointment, AppointmentRequest, Clinician, ContactAttempt, ExtraHours, Message, Place
from appointments.operations import jobs, retention
from common.clinic import CLINIC
from common.clinic_tables import ClinicDetails
from tests.mail import mail_server, text_provider
from tests.reading import ANAS_BIRTHDAY, ANAS_PHONE, words_found
from tests.staff import signed_in
from tests.walk import BIRTHDAY, answer_check, ask_for_visit, words_of

HOUR = datetime.timedelta(hours=1)
# A Tuesday at noon in New York, in summer.
NOON = datetime.datetime(2026, 8, 4, 16, tzinfo=datetime.UTC)
HEALTH = (
    "fracture",
    "bone",
    "spine",
    "osteoporosis",
    "kyphoplasty",
    "vertebroplasty",
    "pain",
    "hueso",
    "fractura",
    "dolor",
)


@pytest.fixture
def mailbox(settings):
    settings.STAFF_EMAILS = ["desk@clinic.example"]
    settings.SITE_URL = "https://clinic.example"
    with mail_server(settings) as mailbox:
        yield mailbox


@pytest.fixture
def send(db, client):
    """Somebody takes ten minutes to ask for a visit; give the request that comes of it."""

    def send(**changes) -> AppointmentRequest:
        client.cookies.clear()
        now = timezone.now()
        with time_machine.travel(now - datetime.timedelta(minutes=10)):
            answer_check(client, **changes)
        with time_machine.travel(now, tick=False):
            ask_for_visit(client, **changes)
        return AppointmentRequest.objects.latest("pk")

    return send


@pytest.fixture
def book(scheduler, clinician, place, consulting_hours):
    """Also on two Saturdays, four and eleven days after NOON."""
    for days in (4, 11):
        saturday = (NOON + datetime.timedelta(days=days)).date()
        hours = {"starts": datetime.time(9), "ends": datetime.time(17)}
        ExtraHours.objects.create(clinician=clinician, place=place, date=saturday, **hours)

    def book(request, starts_at):
        perform(CLAIM, request, by=scheduler)
        perform(BOOK, request, by=scheduler, starts_at=starts_at, place=place, clinician=clinician)

    return book


def send_all() -> None:
    worker = Worker()
    while worker.send_some():
        pass
    worker.close()


def parts_of(message) -> dict[str, str]:
    return {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}


def event_of(message) -> tuple[str, icalendar.Event]:
    [part] = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    calendar = icalendar.Calendar.from_ical(part.get_content())
    assert part.get_param("method") == calendar["method"]
    [event] = calendar.walk("VEVENT")
    return str(calendar["method"]), event


def test_who_asks_for_a_visit_is_told_that_we_have_the_request_and_how_to_see_it(send, mailbox):
    request = send(pain="3")

    send_all()

    [message] = mailbox.messages
    assert message["Subject"] == "We have your request"
    assert mailbox.recipients == ["ana@example.com"]
    parts = parts_of(message)
    for words in parts.values():
        assert f"{request}" in words
        assert "https://clinic.example/status/" in words
        assert "If you get worse, do not wait for us." in words
    assert set(parts) == {"text/plain", "text/html"}
    assert '<a href="tel:911" style="white-space:nowrap">911</a>' in parts["text/html"]
    assert '<a href="tel:+1-212-555-0100" style=' in parts["text/html"]
    # Machines that answer for people who are away leave it.
    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == ("auto-generated", "All")


def test_nobody_is_written_to_whose_request_may_be_made_up_by_somebody_else(send_request, mailbox):
    request = send_request()
    assert request.doubts

    send_all()

    assert mailbox.messages == []
    assert request.messages.count() == 0


def test_without_an_address_nothing_is_kept_to_be_sent(send, mailbox):
    assert send(email="", pain="3").messages.count() == 0


def test_the_clinic_is_told_at_once_of_a_new_urgent_request_and_of_no_other(send, mailbox):
    calm = send(pain="3", email="")
    urgent = send(pain="9", email="", name="Bo Example", phone="(212) 555-0177")
    assert (calm.priority, urgent.priority) != ("P1", "P1")
    assert urgent.priority == "P1"

    send_all()

    [message] = mailbox.messages
    assert mailbox.recipients == ["desk@clinic.example"]
    assert message["Subject"] == "A new urgent request waits"
    text = parts_of(message)["text/plain"]
    assert f"https://clinic.example/admin/appointments/appointmentrequest/{urgent.pk}/change/" in text
    assert "Bo" not in text


@time_machine.travel(NOON)
def test_a_visit_is_put_into_the_calendar_then_moved_then_taken_out(send, mailbox, book, scheduler, clinician, place):
    request = send(pain="3")
    send_all()
    book(request, NOON + 72 * HOUR)
    send_all()
    perform(RESCHEDULE, request, by=scheduler, starts_at=NOON + 96 * HOUR, place=place, clinician=clinician)
    send_all()
    perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.PATIENT)
    send_all()

    assert mailbox.subjects == [
        "We have your request",
        "Your visit is booked",
        "Your visit was moved",
        "Your visit was cancelled",
    ]
    methods, events = zip(*map(event_of, mailbox.messages[1:]), strict=True)
    assert methods == ("REQUEST", "REQUEST", "CANCEL")
    assert len({event["uid"] for event in events}) == 1
    assert [event["status"] for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    sequences = [event["sequence"] for event in events]
    assert sequences == sorted(set(sequences))
    assert [event["dtstart"].dt for event in events] == [NOON + 72 * HOUR, NOON + 96 * HOUR, NOON + 96 * HOUR]
    assert all(event["dtstart"].to_ical().endswith(b"Z") for event in events)
    assert "Friday, August 7, 2026 at noon" in parts_of(mailbox.messages[1])["text/plain"]
    assert "Main clinic" in parts_of(mailbox.messages[2])["text/plain"]


@time_machine.travel(NOON)
def test_what_was_taken_back_before_it_was_told_is_not_told(send, mailbox, book, scheduler):
    request = send(pain="3", email="ana@example.com")
    book(request, NOON + 72 * HOUR)
    perform(UNDO, request, by=scheduler)

    send_all()

    assert mailbox.subjects == ["We have your request"]
    assert set(request.messages.exclude(kind="received").values_list("state", flat=True)) == {"dropped"}


@time_machine.travel(NOON)
def test_a_booking_that_was_told_and_then_taken_back_is_told_as_cancelled(send, mailbox, book, scheduler):
    request = send(pain="3")
    book(request, NOON + 72 * HOUR)
    send_all()
    perform(UNDO, request, by=scheduler)

    send_all()

    assert mailbox.subjects == ["Your visit is booked", "Your visit was cancelled"]


@time_machine.travel(NOON)
def test_a_visit_that_nobody_was_told_of_is_not_told_as_cancelled_because_an_earlier_one_was(
    send, mailbox, book, scheduler
):
    request = send(pain="3")
    book(request, NOON + 72 * HOUR)
    send_all()
    perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.PATIENT)
    book(request, NOON + 96 * HOUR)
    perform(UNDO, request, by=scheduler)

    send_all()

    assert mailbox.subjects == ["Your visit is booked", "Your visit was cancelled"]
    assert "August 7" in parts_of(mailbox.messages[1])["text/plain"]


@time_machine.travel(NOON)
def test_who_was_told_of_a_visit_and_not_that_it_was_moved_is_told_that_it_was_cancelled(
    send, mailbox, book, scheduler, clinician, place
):
    request = send(pain="3")
    book(request, NOON + 72 * HOUR)
    send_all()
    later = {"starts_at": NOON + 96 * HOUR, "place": place, "clinician": clinician}
    perform(RESCHEDULE, request, by=scheduler, **later)
    perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.CLINIC)

    send_all()

    assert mailbox.subjects == ["Your visit is booked", "Your visit was cancelled"]


@pytest.mark.parametrize(
    ("tells_call_by", "late", "told"),
    [
        (True, 0 * HOUR, "We will call you by Wednesday, August 5, 2026 to find another time."),
        (True, 48 * HOUR, "We will call you to find another time."),
        (False, 0 * HOUR, "We will call you to find another time."),
    ],
)
def test_a_cancellation_by_the_clinic_names_a_day_for_the_call_only_if_it_is_to_come_and_the_clinic_tells_it(
    send, mailbox, book, scheduler, settings, tells_call_by, late, told
):
    with text_provider(settings) as provider, time_machine.travel(NOON, tick=False) as clock:
        say_in_clinic_details(tells_call_by=tells_call_by)
        request = send(pain="3", texts_ok="on")
        book(request, NOON + 24 * 10 * HOUR)
        send_all()
        perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.CLINIC)
        clock.shift(late)

        send_all()

    assert mailbox.subjects[-1] == "Your visit was cancelled"
    assert f"We are sorry. {told}" in parts_of(mailbox.messages[-1])["text/plain"]
    assert told in provider.orders[-1]["Body"]


def say_in_clinic_details(*, tells_call_by: bool) -> None:
    of_calls = {"call_attempts": 4, "hours_between_calls": 20, "calls_from_hour": 8, "calls_until_hour": 20}
    ClinicDetails.objects.create(
        name="Example Clinic", phone="(212) 555-0100", tells_call_by=tells_call_by, **of_calls
    )
    CLINIC.look_again()


def test_whom_staff_have_talked_with_is_a_person_and_is_promised_and_told_what_everybody_is(
    a_request, mailbox, book, scheduler
):
    with time_machine.travel(NOON, tick=False) as clock:
        request = a_request(doubts="answered faster than people read")
        assert request.is_doubtful
        perform(CLAIM, request, by=scheduler)
        call_back = ContactAttempt.CallResult.CALL_BACK
        perform(LOG_CALL, request, by=scheduler, channel="phone", outcome=call_back, next_call_at=NOON + HOUR)
        clock.move_to(NOON + 2 * HOUR)
        assert request in late(AppointmentRequest.objects.all())

        book(request, NOON + 72 * HOUR)
        send_all()
        assert mailbox.subjects == ["Your visit is booked"]

        perform(UNDO, request, by=scheduler)
        assert not request.is_doubtful


def test_who_gave_no_address_when_the_visit_was_booked_hears_that_it_was_cancelled(send, mailbox, book, scheduler):
    with time_machine.travel(NOON):
        request = send(pain="3", email="")
        book(request, NOON + 24 * 10 * HOUR)
        perform(CORRECT, request, by=scheduler, email="ana@example.com")
        perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.CLINIC)

        send_all()

    assert mailbox.subjects == ["Your visit was cancelled"]


def test_a_visit_booked_so_long_ago_that_its_message_is_deleted_is_still_told_as_cancelled(
    send, mailbox, book, scheduler
):
    with time_machine.travel(NOON, tick=False) as clock:
        request = send(pain="3")
        book(request, NOON + 24 * 120 * HOUR)
        send_all()
        clock.move_to(NOON + 24 * 95 * HOUR)
        retention.delete_some()
        perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.CLINIC)

        send_all()

    assert mailbox.subjects == ["Your visit is booked", "Your visit was cancelled"]


def test_a_message_says_what_holds_when_it_is_sent_and_not_when_its_worker_took_it(send, mailbox, book, scheduler):
    with time_machine.travel(NOON):
        first, second = send(pain="3"), send(pain="3", email="bo@example.com", phone="(212) 555-0177")
        book(first, NOON + 24 * 10 * HOUR)
        book(second, NOON + 24 * 10 * HOUR + HOUR)

        def cancel_after_the_first() -> bool:
            if len(mailbox.messages) == 1 and second.status == "booked":
                perform(CANCEL, second, by=scheduler, reason=booking.CancelReason.CLINIC)
            return False

        worker = Worker(should_stop=cancel_after_the_first)
        worker.send_some()
        worker.close()

    assert second.status == "waiting"
    assert mailbox.recipients == ["ana@example.com"]


@pytest.mark.parametrize("give_up", ["cancel", "reschedule"])
def test_who_keeps_the_visit_after_all_is_reminded_once(send, mailbox, book, scheduler, clinician, place, give_up):
    with time_machine.travel(NOON, tick=False) as clock:
        request = send(pain="3")
        book(request, NOON + 24 * 10 * HOUR)
        if give_up == "cancel":
            perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.PATIENT)
        else:
            later = {"starts_at": NOON + 24 * 11 * HOUR, "place": place, "clinician": clinician}
            perform(RESCHEDULE, request, by=scheduler, **later)
        perform(UNDO, request, by=scheduler)
        send_all()
        mailbox.messages.clear()

        clock.move_to(NOON + 24 * 8 * HOUR)
        send_all()

    assert mailbox.subjects == ["Your visit is coming up"]


def test_a_verb_that_is_refused_tells_nobody_anything(send, mailbox, book, scheduler, colleague, clinician, place):
    request = send(pain="3")
    perform(CLAIM, request, by=colleague)

    with pytest.raises(Refused):
        perform(BOOK, request, by=scheduler, starts_at=NOON + 9999 * HOUR, place=place, clinician=clinician)

    assert list(request.messages.values_list("kind", flat=True)) == ["received"]


def test_the_reminder_comes_two_days_before_and_only_for_a_visit_that_is_still_on(send, mailbox, book, scheduler):
    with time_machine.travel(NOON, tick=False) as clock:
        kept = send(pain="3")
        book(kept, NOON + 24 * 10 * HOUR)
        called_off = send(pain="3", email="bo@example.com", name="Bo Example", phone="(212) 555-0177")
        book(called_off, NOON + 24 * 10 * HOUR + HOUR)
        send_all()
        assert mailbox.subjects == ["Your visit is booked"] * 2
        perform(CANCEL, called_off, by=scheduler, reason=booking.CancelReason.PATIENT)
        send_all()
        mailbox.messages.clear()

        clock.move_to(NOON + 24 * 8 * HOUR - HOUR)
        send_all()
        assert mailbox.subjects == []

        clock.move_to(NOON + 24 * 8 * HOUR)
        send_all()

        [message] = mailbox.messages
        assert (message["Subject"], message["To"]) == ("Your visit is coming up", "ana@example.com")
        send_all()
        assert len(mailbox.messages) == 1


@pytest.mark.parametrize("since", ["given since", "booked by a release without reminders"])
def test_who_could_not_be_reminded_when_the_visit_was_booked_is(send, mailbox, book, scheduler, since):
    with time_machine.travel(NOON, tick=False) as clock:
        request = send(pain="3", email="" if since == "given since" else "ana@example.com")
        book(request, NOON + 24 * 10 * HOUR)
        if since == "given since":
            perform(CORRECT, request, by=scheduler, email="ana@example.com")
        else:
            request.messages.filter(kind="reminder").delete()
        send_all()
        mailbox.messages.clear()

        clock.move_to(NOON + 24 * 8 * HOUR - HOUR)
        jobs.run_due()
        send_all()
        assert mailbox.subjects == []

        for _ in range(2):
            clock.shift(HOUR)
            jobs.run_due()
            send_all()

    assert mailbox.subjects == ["Your visit is coming up"]


@time_machine.travel(NOON)
def test_who_booked_for_the_day_after_tomorrow_gets_no_reminder(send, mailbox, book):
    request = send(pain="3")
    book(request, NOON + 50 * HOUR)

    send_all()

    assert request.messages.get(kind="reminder").state == "dropped"


def log_call(request, scheduler, outcome):
    perform(CLAIM, request, by=scheduler)
    perform(LOG_CALL, request, by=scheduler, channel=ContactAttempt.Channel.PHONE, outcome=outcome)


@time_machine.travel(NOON)
def test_a_missed_call_is_told_and_the_last_one_says_that_we_could_not_reach_them(send, mailbox, scheduler, settings):
    settings.CALL_ATTEMPTS = 2
    request = send(pain="3")
    send_all()
    log_call(request, scheduler, ContactAttempt.CallResult.NO_ANSWER)
    send_all()
    log_call(request, scheduler, ContactAttempt.CallResult.VOICEMAIL)
    send_all()

    assert mailbox.subjects[1:] == ["We called and did not reach you", "We could not reach you"]


@time_machine.travel(NOON)
@pytest.mark.parametrize("meanwhile", ["taken back", "reached"])
def test_a_missed_call_is_not_told_when_it_was_taken_back_or_they_were_reached_since(
    send, mailbox, scheduler, meanwhile
):
    request = send(pain="3")
    send_all()
    log_call(request, scheduler, ContactAttempt.CallResult.NO_ANSWER)
    if meanwhile == "taken back":
        perform(UNDO, request, by=scheduler)
    else:
        log_call(request, scheduler, ContactAttempt.CallResult.REACHED)
    send_all()

    assert mailbox.subjects == ["We have your request"]


@time_machine.travel(NOON)
def test_of_two_missed_calls_the_one_that_was_taken_back_is_not_told(send, mailbox, scheduler):
    request = send(pain="3")
    log_call(request, scheduler, ContactAttempt.CallResult.NO_ANSWER)
    send_all()
    log_call(request, scheduler, ContactAttempt.CallResult.NO_ANSWER)
    perform(UNDO, request, by=scheduler)
    send_all()

    assert mailbox.subjects == ["We have your request", "We called and did not reach you"]


@pytest.mark.parametrize(("calls", "told"), [(2, "We called and did not reach you"), (4, "We could not reach you")])
def test_of_the_missed_calls_that_waited_for_the_mail_server_only_the_last_is_told(
    send, mailbox, scheduler, calls, told
):
    with time_machine.travel(NOON, tick=False) as clock:
        request = send(pain="3")
        send_all()
        miss_calls(request, scheduler, clock, calls)

        send_all()

    assert mailbox.subjects == ["We have your request", told]


def test_of_missed_calls_that_waited_the_first_is_told_if_the_second_was_taken_back(send, mailbox, scheduler):
    with time_machine.travel(NOON, tick=False) as clock:
        request = send(pain="3")
        send_all()
        miss_calls(request, scheduler, clock, 2)
        perform(UNDO, request, by=scheduler)

        send_all()

    assert mailbox.subjects == ["We have your request", "We called and did not reach you"]


@pytest.mark.parametrize("since", ["corrected", "found wrong"])
def test_what_a_missed_call_says_of_the_next_one_is_not_told_when_it_has_changed(send, mailbox, scheduler, since):
    with time_machine.travel(NOON, tick=False) as clock:
        request = send(pain="3")
        send_all()
        miss_calls(request, scheduler, clock, 4 if since == "corrected" else 1)
        if since == "corrected":
            perform(CORRECT, request, by=scheduler, phone="+12125550177")
            miss_calls(request, scheduler, clock, 1)
        else:
            log_call(request, scheduler, ContactAttempt.CallResult.WRONG_NUMBER)

        send_all()

    right = "We called and did not reach you" if since == "corrected" else "We have no working phone number for you"
    assert mailbox.subjects == ["We have your request", right]


def miss_calls(request, scheduler, clock, count: int) -> None:
    for _ in range(count):
        clock.shift(21 * HOUR)
        log_call(request, scheduler, ContactAttempt.CallResult.NO_ANSWER)


@time_machine.travel(NOON)
def test_who_was_missed_before_hears_nothing_when_a_talk_is_taken_back(send, mailbox, scheduler):
    request = send(pain="3")
    log_call(request, scheduler, ContactAttempt.CallResult.NO_ANSWER)
    send_all()
    log_call(request, scheduler, ContactAttempt.CallResult.REACHED)
    perform(UNDO, request, by=scheduler)
    send_all()

    assert request.attempts_made == 1
    assert mailbox.subjects == ["We have your request", "We called and did not reach you"]


@time_machine.travel(NOON)
def test_who_could_not_be_reached_is_told_also_when_the_request_is_closed_for_that_at_once(
    send, mailbox, scheduler, settings
):
    settings.CALL_ATTEMPTS = 1
    request = send(pain="3")
    log_call(request, scheduler, ContactAttempt.CallResult.NO_ANSWER)
    perform(CLAIM, request, by=scheduler)
    perform(CLOSE, request, by=scheduler, reason="unreachable")
    send_all()

    assert mailbox.subjects == ["We could not reach you"]
    words = parts_of(mailbox.messages[0])["text/plain"]
    assert "This request is closed. You can ask again at any time." in words
    assert "we will close this request" not in words


@time_machine.travel(NOON)
def test_who_could_not_be_reached_reads_that_the_request_will_be_closed_while_it_is_open(
    send, mailbox, scheduler, settings
):
    settings.CALL_ATTEMPTS = 1
    request = send(pain="3")
    send_all()
    log_call(request, scheduler, ContactAttempt.CallResult.NO_ANSWER)
    send_all()

    words = parts_of(mailbox.messages[-1])["text/plain"]
    assert "If you do not call, we will close this request." in words
    assert "This request is closed." not in words


@time_machine.travel(NOON)
def test_who_was_reached_is_told_nothing(send, mailbox, scheduler):
    request = send(pain="3")
    log_call(request, scheduler, ContactAttempt.CallResult.REACHED)

    assert list(request.messages.values_list("kind", flat=True)) == ["received"]


@time_machine.travel(NOON)
def test_times_to_choose_from_come_as_a_link_that_opens_them(
    send, mailbox, scheduler, clinician, place, client, consulting_hours
):
    request = send(pain="3")
    perform(ANSWER, request, by=scheduler, answer="fine")
    perform(CLAIM, request, by=scheduler)
    perform(OFFER, request, by=scheduler, times=[Slot(NOON + 72 * HOUR, clinician, place)])
    send_all()

    words = parts_of(mailbox.messages[-1])["text/plain"]
    link = next(word for word in words.split() if "/visit/choose/" in word)

    assert link.startswith("https://clinic.example/")
    assert client.get(link.removeprefix("https://clinic.example")).status_code == 200


@time_machine.travel(NOON)
def test_times_that_can_no_longer_be_chosen_are_not_offered_by_a_message_that_waited(
    send, mailbox, scheduler, clinician, place
):
    request = send(pain="3")
    perform(ANSWER, request, by=scheduler, answer="fine")
    perform(CLAIM, request, by=scheduler)
    perform(OFFER, request, by=scheduler, times=[Slot(NOON + 72 * HOUR, clinician, place)])
    AppointmentRequest.objects.update(nurse_check="against")

    send_all()

    assert mailbox.subjects == ["We have your request"]


@time_machine.travel(NOON)
def test_who_withdraws_is_told_once_and_a_booked_visit_leaves_the_calendar(send, mailbox, book):
    request = send(pain="3")
    book(request, NOON + 72 * HOUR)
    send_all()
    perform(WITHDRAW, request)
    send_all()

    assert mailbox.subjects == ["Your visit is booked", "You withdrew your request"]
    method, event = event_of(mailbox.messages[-1])
    assert (method, event["status"]) == ("CANCEL", "CANCELLED")


@time_machine.travel(NOON)
def test_every_message_in_spanish_says_nothing_in_english_and_nothing_about_health(
    send, mailbox, book, scheduler, clinician, place, settings
):
    settings.CALL_ATTEMPTS = 2
    everything_told_to(send(pain="3", language="es"), book, scheduler, clinician, place)

    subjects = mailbox.subjects
    assert len(set(subjects)) == len([kind for kind in LIFECYCLE.message_kinds.values() if not kind.to_staff])
    for message in mailbox.messages:
        for words in [message["Subject"], *parts_of(message).values()]:
            told = words.replace("Upright Spine Clinic", "")
            assert not any(word in told.lower() for word in HEALTH), words
            assert "Your " not in words
            assert not words_found(words.replace("mailto:ana@example.com", ""), "Ana")


def everything_told_to(request, book, scheduler, clinician, place):
    """One request that goes through all that is told to patients."""
    send_all()
    with time_machine.travel(NOON) as clock:
        log_call(request, scheduler, ContactAttempt.CallResult.NO_ANSWER)
        send_all()
        log_call(request, scheduler, ContactAttempt.CallResult.NO_ANSWER)
        send_all()
        perform(ANSWER, request, by=scheduler, answer="fine")
        perform(CLAIM, request, by=scheduler)
        perform(LOG_CALL, request, by=scheduler, channel="phone", outcome="wrong_number")
        send_all()
        slot = Slot(NOON + 24 * 9 * HOUR, clinician, place)
        perform(OFFER, request, by=scheduler, times=[slot])
        send_all()
        Appointment.objects.create(**slot._asdict(), ends_at=slot.starts_at + HOUR)
        jobs.end_offers()
        request.refresh_from_db()
        send_all()
        book(request, NOON + 24 * 10 * HOUR)
        send_all()
        at = NOON + 24 * 11 * HOUR
        perform(RESCHEDULE, request, by=scheduler, starts_at=at, place=place, clinician=clinician)
        send_all()
        clock.move_to(NOON + 24 * 9 * HOUR + HOUR)
        send_all()
        perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.CLINIC)
        send_all()
        book(request, NOON + 24 * 10 * HOUR)
        clock.move_to(NOON + 24 * 10 * HOUR + HOUR)
        perform(DID_NOT_COME, request, by=scheduler)
        send_all()
        perform(WITHDRAW, request)
        send_all()
        Client().post("/status/reference/", {**BIRTHDAY, "phone": request.phone})
        send_all()
        Client().post("/status/", {**BIRTHDAY, "reference": request.reference})
        send_all()


def test_texts_go_to_those_who_agreed_at_hours_at_which_we_would_call_and_say_how_to_end_them(
    send, mailbox, book, settings
):
    with text_provider(settings) as provider, time_machine.travel(NOON + 10 * HOUR, tick=False) as clock:
        asked = send(pain="3", email="", texts_ok="on")
        book(asked, NOON + 72 * HOUR)
        not_asked = send(pain="3", email="", name="Bo Example", phone="(212) 555-0177")
        book(not_asked, NOON + 73 * HOUR)
        send_all()
        assert provider.orders == []

        clock.move_to(NOON + 20 * HOUR)
        send_all()

        [order] = provider.orders
        assert order["To"] == "+12125550123"
        assert order["Body"] == (
            "Your visit is booked: Friday, August 7, 2026 at noon, Main clinic, Upright Spine Clinic. "
            "Questions? Call us at (212) 555-0100. Reply STOP to end texts."
        )
        assert provider.paths == ["/2010-04-01/Accounts/AC1/Messages.json"]
        assert provider.secrets == ["Basic QUMxOmEgdG9rZW4="]


@pytest.mark.parametrize(("visit", "cancelled", "told"), [(9, 5, 6), (9, 7, 7), (12, 5, 8), (12, 10, 10)])
def test_a_text_about_a_visit_waits_for_decent_hours_but_comes_three_hours_before_at_the_latest(
    send, mailbox, book, scheduler, settings, visit, cancelled, told
):
    """By the clock of a patient in Los Angeles, where it is nine in the morning at noon in New York."""

    def at(hour: int) -> datetime.datetime:
        return NOON + 72 * HOUR + (hour - 9) * HOUR

    with text_provider(settings) as provider, time_machine.travel(NOON, tick=False) as clock:
        request = send(pain="3", email="", texts_ok="on", phone="(310) 555-0123")
        book(request, at(visit))
        send_all()
        assert len(provider.orders) == 1

        clock.move_to(at(cancelled))
        perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.CLINIC)
        sent_at = []
        for minutes in range(0, 60 * (visit - cancelled), 10):
            clock.move_to(at(cancelled) + datetime.timedelta(minutes=minutes))
            send_all()
            sent_at += [timezone.now()] * (len(provider.orders) - 1 - len(sent_at))

    assert sent_at == [at(told)]


def test_the_words_of_a_clinic_take_the_place_of_ours(send, mailbox, settings, tmp_path):
    (tmp_path / "messages").mkdir()
    (tmp_path / "messages/received.txt").write_text("Thank you\n\nWe call {{ reference }} soon & <gladly>.")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    request = send(pain="3")

    send_all()

    [message] = mailbox.messages
    assert message["Subject"] == "Thank you"
    assert parts_of(message)["text/plain"].strip() == f"We call {request} soon & <gladly>."
    assert f"We call {request} soon &amp; &lt;gladly&gt;." in parts_of(message)["text/html"]


@time_machine.travel(NOON)
def test_words_of_a_clinic_that_break_hold_up_no_other_message_and_are_tried_again(
    send, mailbox, book, settings, tmp_path, caplog
):
    (tmp_path / "messages").mkdir()
    (tmp_path / "messages/received.txt").write_text("{% include nothing.at.all|add:reference %}{% now %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    broken = send(pain="3")
    booked = send(pain="3", email="bo@example.com", name="Bo Example", phone="(212) 555-0177")
    book(booked, NOON + 72 * HOUR)

    send_all()

    assert mailbox.subjects == ["Your visit is booked"]
    message = broken.messages.get()
    assert (message.state, message.attempts, message.lease) == ("waiting", 1, None)
    assert message.error == "it could not be written (TemplateSyntaxError)"
    assert not words_found(caplog.text, "Ana")


@time_machine.travel(NOON)
def test_who_wants_no_texts_any_more_gets_none_that_waited(send, mailbox, book, scheduler, settings):
    with text_provider(settings) as provider:
        request = send(pain="3", email="", texts_ok="on")
        book(request, NOON + 72 * HOUR)
        perform(CORRECT, request, by=scheduler, texts_ok=False)

        send_all()

        assert provider.orders == []
    assert set(request.messages.values_list("state", "error")) >= {("failed", "the patient wants no texts any more")}


@time_machine.travel(NOON)
def test_a_text_that_waited_when_texts_were_switched_off_ends_quietly_where_an_email_says_the_same(
    send, mailbox, book, settings, admin_client
):
    settings.TEXTS = "console"
    request = send(pain="3", texts_ok="on")
    book(request, NOON + 72 * HOUR)
    settings.TEXTS = "off"

    send_all()

    [text] = request.messages.filter(kind="booked", channel="text")
    assert (text.state_in_words, text.error) == ("Not sent", "texts are switched off")
    assert not Message.objects.failed().exists()
    assert "Your visit is booked" in mailbox.subjects
    sheet = words_of(admin_client.get(f"/admin/appointments/appointmentrequest/{request.pk}/change/"))
    assert "texts are switched off" in sheet


@time_machine.travel(NOON)
def test_whoever_counted_on_a_text_when_texts_were_switched_off_is_on_a_list_of_staff(
    send, mailbox, book, settings, scheduler, clinician, place, admin_client
):
    settings.TEXTS = "console"
    told, chooses = (
        send(pain="3", email="", texts_ok="on"),
        send(pain="3", email="", texts_ok="on", name="Anna Sample", phone="(212) 555-0143"),
    )
    book(told, NOON + 72 * HOUR)
    perform(ANSWER, chooses, by=scheduler, answer="fine")
    perform(CLAIM, chooses, by=scheduler)
    perform(OFFER, chooses, by=scheduler, times=[Slot(NOON + 7 * 24 * HOUR, clinician, place)])
    settings.TEXTS = "off"

    send_all()

    assert set(Message.objects.failed().values_list("kind", "error")) == {
        ("booked", "texts are switched off"),
        ("offered", "texts are switched off"),
    }
    assert "Texts are switched off" in words_of(admin_client.get("/admin/messages/"))
    chooses.refresh_from_db()
    assert chooses.next_call_at <= NOON + 36 * HOUR


@time_machine.travel(NOON)
def test_a_text_that_perhaps_went_before_texts_were_switched_off_is_for_staff_to_find_out(
    send, mailbox, book, settings
):
    settings.TEXTS = "console"
    request = send(pain="3", texts_ok="on")
    book(request, NOON + 72 * HOUR)
    Message.objects.filter(kind="booked", channel="text").update(handed_over_at=NOON)
    settings.TEXTS = "off"

    send_all()

    assert request.messages.get(kind="booked", channel="text").state_in_words == "Perhaps sent"


def test_staff_are_told_once_of_calls_that_nobody_made_in_time(send, mailbox, send_periodic_alerts):
    with time_machine.travel(NOON, tick=False) as clock:
        send(pain="3", email="")
        send_periodic_alerts()
        assert mailbox.subjects == []

        clock.move_to(NOON + 24 * 20 * HOUR)
        send_periodic_alerts()
        assert mailbox.subjects == ["Calls are overdue"]
        assert mailbox.recipients == ["desk@clinic.example"]
        assert "?queue=late" in parts_of(mailbox.messages[0])["text/plain"]

        clock.move_to(NOON + 24 * 20 * HOUR + HOUR)
        send_periodic_alerts()
        assert len(mailbox.messages) == 1


@pytest.mark.parametrize(
    ("meanwhile", "told"), [("called", []), ("claimed", ["Calls are overdue"]), ("nothing", ["Calls are overdue"])]
)
def test_staff_are_told_late_of_an_overdue_call_only_if_it_is_still_to_be_made(
    send, mailbox, scheduler, meanwhile, told
):
    with time_machine.travel(NOON, tick=False) as clock:
        request = send(pain="3", email="")
        clock.move_to(NOON + 24 * 20 * HOUR)
        jobs.run_due()
        request.refresh_from_db()
        if meanwhile == "called":
            log_call(request, scheduler, ContactAttempt.CallResult.REACHED)
        elif meanwhile == "claimed":
            perform(CLAIM, request, by=scheduler)
        clock.shift(HOUR)

        send_all()

    assert mailbox.subjects == told


def test_staff_are_told_of_a_call_that_became_overdue_while_somebody_let_it_lie(
    send, mailbox, scheduler, settings, send_periodic_alerts
):
    with time_machine.travel(NOON, tick=False) as clock:
        request = send(pain="3", email="")
        clock.move_to(request.due_at - datetime.timedelta(minutes=5))
        perform(CLAIM, request, by=scheduler)
        send_periodic_alerts()
        clock.move_to(request.due_at + datetime.timedelta(minutes=10))
        send_periodic_alerts()
        assert mailbox.subjects == []

        clock.move_to(request.due_at + settings.CLAIM_MINUTES * datetime.timedelta(minutes=1))
        send_periodic_alerts()
        clock.move_to(request.due_at + 5 * HOUR)
        send_periodic_alerts()

    assert mailbox.subjects == ["Calls are overdue"]


def test_staff_are_told_once_of_a_call_that_became_overdue_while_people_held_it(
    send, mailbox, scheduler, colleague, send_periodic_alerts
):
    """However often it is taken and given back, before they are told and after."""
    with time_machine.travel(NOON, tick=False) as clock:
        request = send(pain="3", email="")

        def wait_until(minutes_late: int) -> None:
            clock.move_to(request.due_at + datetime.timedelta(minutes=minutes_late))

        wait_until(-5)
        perform(CLAIM, request, by=scheduler)
        wait_until(1)
        perform(RELEASE, request, by=scheduler)
        perform(CLAIM, request, by=colleague)
        wait_until(16)
        send_periodic_alerts()
        perform(RELEASE, request, by=colleague)
        assert mailbox.subjects == []

        told = []
        for minutes_late in (31, 46, 61, 76):
            wait_until(minutes_late)
            send_periodic_alerts()
            told.append(len(mailbox.messages))
            perform(CLAIM, request, by=scheduler)
            perform(RELEASE, request, by=scheduler)

    assert told == [1, 1, 1, 1]


def test_staff_are_told_once_of_all_calls_that_became_overdue_while_no_mail_went_out(
    send, mailbox, send_periodic_alerts
):
    with time_machine.travel(NOON, tick=False) as clock:
        send(pain="3", email="")
        clock.move_to(NOON + 24 * HOUR)
        send(pain="3", email="", name="Anna Sample", phone="(212) 555-0143")
        for request in AppointmentRequest.objects.order_by("pk"):
            clock.move_to(request.due_at + HOUR)
            jobs.run_due()
        assert AppointmentRequest.objects.exclude(overdue_told=None).count() == 2

        send_periodic_alerts()
        assert mailbox.subjects == ["Calls are overdue"]

        third = send(pain="3", email="", name="Carl Sample", phone="(212) 555-0144")
        clock.move_to(third.due_at + HOUR)
        send_periodic_alerts()
        assert mailbox.subjects == ["Calls are overdue"] * 2


def test_a_planned_call_is_late_half_an_hour_after_its_time(send, mailbox, scheduler, send_periodic_alerts):
    with time_machine.travel(NOON, tick=False) as clock:
        request = send(pain="3", email="")
        perform(CLAIM, request, by=scheduler)
        perform(LOG_CALL, request, by=scheduler, channel="phone", outcome=ContactAttempt.CallResult.NO_ANSWER)
        told = []
        for minutes in (-15, 0, 15, 29, 45, 60, 75):
            clock.move_to(request.next_call_at + datetime.timedelta(minutes=minutes))
            send_periodic_alerts()
            told.append(len(mailbox.messages))

    assert told == [0, 0, 0, 0, 1, 1, 1]


@time_machine.travel(NOON)
def test_no_text_is_put_down_for_a_phone_that_gets_none(send, mailbox, book, settings):
    settings.TEXTS = "console"
    request = send(pain="3", email="", texts_ok="on", phone="(212) 555-0123 x12")
    book(request, NOON + 72 * HOUR)

    assert not request.messages.exists()


@time_machine.travel(NOON)
def test_who_could_not_be_reached_is_told_so_once(send, mailbox, scheduler, settings):
    settings.CALL_ATTEMPTS = 1
    request = send(pain="3")
    for _ in range(2):
        perform(CLAIM, request, by=scheduler)
        perform(LOG_CALL, request, by=scheduler, channel="phone", outcome=ContactAttempt.CallResult.NO_ANSWER)

    send_all()

    assert mailbox.subjects == ["We have your request", "We could not reach you"]


@pytest.fixture
def send_periodic_alerts():
    def run():
        jobs.run_due()
        send_all()

    return run


@time_machine.travel(NOON)
def test_a_call_sheet_shows_what_the_patient_was_told(send, mailbox, admin_client):
    request = send(pain="3")
    send_all()

    page = admin_client.get(f"/admin/appointments/appointmentrequest/{request.pk}/change/").text

    assert "What was written about it" in page
    assert "We have your request" in page


# What clinician and front desk are told of visits. Patients here have no e-mail: all that comes is the clinic's.


@pytest.fixture
def clinic_is_told(clinician, place):
    Clinician.objects.filter(pk=clinician.pk).update(email="doctor@clinic.example")
    Place.objects.filter(pk=place.pk).update(email="front@clinic.example")
    clinician.refresh_from_db()
    place.refresh_from_db()


@time_machine.travel(NOON)
def test_clinician_and_front_desk_are_told_what_is_booked_moved_and_cancelled(
    clinic_is_told, a_request, mailbox, book, scheduler, clinician, place, client
):
    request = a_request(pain="3", email="", language="es")
    book(request, NOON + 72 * HOUR)
    send_all()
    perform(RESCHEDULE, request, by=scheduler, starts_at=NOON + 96 * HOUR, place=place, clinician=clinician)
    send_all()
    perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.PATIENT)
    send_all()

    booked, moved, _cancelled = mailbox.messages
    assert mailbox.recipients == ["doctor@clinic.example", "front@clinic.example"] * 3
    assert mailbox.subjects == [
        "Visit booked: Friday, August 7, 2026 at noon",
        "Visit moved: Saturday, August 8, 2026 at noon",
        "Visit cancelled: Saturday, August 8, 2026 at noon",
    ]
    link = f"https://clinic.example/admin/appointments/appointmentrequest/{request.pk}/change/"
    assert parts_of(booked)["text/plain"].splitlines() == [
        "When: Friday, August 7, 2026 at noon",
        "Where: Main clinic",
        "With: Dr. Example",
        "",
        "Kind: Consultation",
        f"Reference: {request}",
        "",
        "The call sheet, for those who sign in:",
        link,
    ]
    assert "Before, it was: When: Friday, August 7, 2026 at noon" in " ".join(parts_of(moved)["text/plain"].split())
    for message in mailbox.messages:
        told = " ".join(parts_of(message).values()).replace(link, "")
        assert not any(word in told.lower() for word in HEALTH)
        assert not words_found(told, "Ana", *ANAS_PHONE, *ANAS_BIRTHDAY)
    assert client.get(link.removeprefix("https://clinic.example"))["Location"].startswith("/admin/login/")
    client.force_login(scheduler)
    assert client.get(link.removeprefix("https://clinic.example")).text.count("To clinician and front desk") == 3


@time_machine.travel(NOON)
def test_nobody_is_erased_whom_the_clinic_goes_on_expecting(clinic_is_told, a_request, mailbox, book, scheduler):
    request = a_request(pain="3", email="")
    book(request, NOON + 72 * HOUR)
    send_all()
    staff = signed_in(scheduler)

    def press():
        request.refresh_from_db()
        typed = {"version": request.version, "reference": request.reference}
        return staff.post(f"/admin/appointments/appointmentrequest/{request.pk}/do/erase/", typed, follow=True)

    sheet = words_of(staff.get(f"/admin/appointments/appointmentrequest/{request.pk}/change/"))
    assert "To erase this request, cancel the visit first" in sheet
    refused = press()
    assert refused.status_code == 409
    assert "A visit is booked: " in words_of(refused)
    with pytest.raises(CommandError, match="Cancel it first, so that the clinic hears of it"):
        call_command("erase", request.reference)

    perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.PATIENT)
    assert "The clinic has not been told yet what became of the visit." in words_of(press())

    send_all()
    assert "Everything about this request is erased." in words_of(press())
    assert [subject.split(":")[0] for subject in mailbox.subjects] == ["Visit booked", "Visit cancelled"]
    assert not AppointmentRequest.objects.filter(pk=request.pk).exists()


@time_machine.travel(NOON)
@pytest.mark.parametrize("was_sent", [True, False])
def test_the_clinic_is_told_by_the_difference_to_what_it_knows(
    clinic_is_told, a_request, mailbox, book, scheduler, clinician, place, was_sent
):
    request = a_request(pain="3", email="", doubts="answered faster than people read")
    other = Clinician.objects.create(name="Dr. Other", email="other@clinic.example")
    ExtraHours.objects.create(
        clinician=other, place=place, date=NOON.date() + 4 * 24 * HOUR, starts="09:00", ends="17:00"
    )
    maybe_send = send_all if was_sent else lambda: None

    book(request, NOON + 72 * HOUR)
    maybe_send()
    perform(UNDO, request, by=scheduler)
    send_all()
    assert [subject.split(":")[0] for subject in mailbox.subjects] == ["Visit booked", "Visit cancelled"] * was_sent

    perform(BOOK, request, by=scheduler, starts_at=NOON + 72 * HOUR, place=place, clinician=clinician)
    send_all()
    mailbox.messages.clear()
    mailbox.recipients.clear()
    perform(RESCHEDULE, request, by=scheduler, starts_at=NOON + 96 * HOUR, place=place, clinician=other)
    maybe_send()
    perform(WITHDRAW, request)
    send_all()

    # Whoever did not hear of the second visit hears that the first is off.
    if was_sent:
        assert [subject.split(":")[0] for subject in mailbox.subjects] == ["Visit moved", "Visit cancelled"]
        everybody = ["other@clinic.example", "front@clinic.example", "doctor@clinic.example"]
        assert mailbox.recipients == [*everybody, *everybody[:2]]
    else:
        assert mailbox.subjects == ["Visit cancelled: Friday, August 7, 2026 at noon"]
        assert mailbox.recipients == ["doctor@clinic.example", "front@clinic.example"]


@time_machine.travel(NOON)
def test_a_clinic_that_gave_no_address_or_took_it_away_gets_nothing(clinic_is_told, a_request, mailbox, book, place):
    first, second = a_request(pain="3", email=""), a_request(pain="3", email="", name="Bo Example")
    book(first, NOON + 72 * HOUR)
    Clinician.objects.update(email="")
    Place.objects.update(email="")
    book(second, NOON + 73 * HOUR)

    send_all()

    assert mailbox.messages == []
    assert first.messages.get().state == "dropped"
    assert not second.messages.filter(kind="visit_news").exists()


def test_nobody_is_reminded_twice_because_messages_are_kept_shortly(send, mailbox, book, settings):
    settings.KEEP_MESSAGES_DAYS = 1
    with time_machine.travel(NOON, tick=False) as clock:
        book(send(pain="3"), NOON + 24 * 10 * HOUR)
        send_all()
        clock.move_to(NOON + 24 * 8 * HOUR)
        send_all()
        mailbox.messages.clear()

        clock.move_to(NOON + 24 * 9 * HOUR)
        for _ in range(4):
            clock.shift(2 * HOUR)
            call_command("work", once=True)

    assert [subject for subject in mailbox.subjects if "visit" in subject] == []

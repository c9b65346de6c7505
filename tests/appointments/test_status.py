"""Patients see, correct and withdraw their own request."""

import datetime
import re

import pytest
from django.test import Client
from django.utils import timezone

from appointments import booking, calls, contact, queue, reference
from appointments.models import Appointment, AppointmentRequest, ContactAttempt, Event
from appointments.status_views import COOKIE
from tests.walk import CALL, VISIT_ANSWERS, WHO, answer_check, ask_for_visit

BORN = {"date_of_birth_month": "3", "date_of_birth_day": "14", "date_of_birth_year": "1948"}
OTHER_BIRTHDAY = {**BORN, "date_of_birth_day": "15"}


@pytest.fixture
def request_(send_request):
    return send_request()


@pytest.fixture
def opened(client, request_):
    """The request, opened in this client with its reference and date of birth."""
    client.post("/status/", {"reference": request_.reference, **BORN})
    return request_


def test_reference_and_birthday_open_the_request_however_the_reference_is_typed(client, request_):
    typed = reference.grouped(request_.reference).lower().replace("-", " ")

    response = client.post("/status/", {"reference": typed, **BORN}, follow=True)

    assert response.redirect_chain == [("/status/yours/", 302)]
    assert reference.grouped(request_.reference) in response.content.decode()


def test_a_wrong_birthday_and_an_unknown_reference_get_the_same_answer(client, request_):
    wrong_birthday = client.post("/status/", {"reference": request_.reference, **OTHER_BIRTHDAY})
    unknown_reference = client.post("/status/", {"reference": reference.new(), **BORN})
    no_reference_at_all = client.post("/status/", {"reference": "hello", **BORN})

    told = [
        list(response.context["form"].non_field_errors())
        for response in (wrong_birthday, unknown_reference, no_reference_at_all)
    ]
    assert told == [["We found no request with this reference and this date of birth. Check both."]] * 3
    assert {wrong_birthday.status_code, unknown_reference.status_code, no_reference_at_all.status_code} == {422}


def test_after_ten_tries_for_one_reference_even_the_right_birthday_waits(client, request_):
    for _ in range(10):
        client.post("/status/", {"reference": request_.reference, **OTHER_BIRTHDAY})

    response = client.post("/status/", {"reference": request_.reference, **BORN})

    assert response.status_code == 429
    assert "too many tries" in response.content.decode()


def test_after_fifty_tries_from_one_address_it_waits(client, db):
    for _ in range(50):
        client.post("/status/", {"reference": reference.new(), **BORN})

    response = client.post("/status/", {"reference": reference.new(), **BORN})

    assert response.status_code == 429


@pytest.mark.parametrize("page", ["", "phone/", "times/", "withdraw/", "summary/"])
def test_without_opening_a_request_none_of_its_pages_is_shown(client, request_, page):
    assert client.get(f"/status/yours/{page}")["Location"] == "/status/"
    assert client.post(f"/status/yours/{page}").status_code in (302, 405)


def test_the_opened_request_is_shut_again_for_others(client, opened):
    client.post("/status/leave/")

    assert client.get("/status/yours/")["Location"] == "/status/"


def test_a_copy_of_the_cookie_opens_nothing_once_the_request_was_shut(client, opened):
    cookie = client.cookies[COOKIE].value
    client.post("/status/leave/")
    client.cookies[COOKIE] = cookie

    assert client.get("/status/yours/")["Location"] == "/status/"


def test_who_shuts_a_request_shuts_it_in_that_browser_only(client, opened):
    at_home = Client()
    at_home.post("/status/", {"reference": opened.reference, **BORN})

    client.post("/status/leave/")

    assert at_home.get("/status/yours/").status_code == 200


def test_it_tells_in_plain_words_what_happened(client, opened, scheduler, clinician, place, next_week):
    queue.claim(opened, by=scheduler)
    calls.log_call(opened, by=scheduler, channel="phone", outcome=ContactAttempt.Outcome.NO_ANSWER)
    queue.claim(opened, by=scheduler)
    calls.log_call(opened, by=scheduler, channel="phone", outcome=ContactAttempt.Outcome.REACHED)
    booking.book(opened, by=scheduler, starts_at=next_week, place=place, clinician=clinician)

    page = client.get("/status/yours/").content.decode()

    told = ["You asked for a visit.", "did not reach you", "We talked with you.", "We booked your visit."]
    assert [page.index(words) for words in told] == sorted(page.index(words) for words in told)
    assert "Your visit is booked for" in page
    assert "Dr. Example" in page
    assert "osteoporosis" not in page.lower()
    assert "scheduler" not in page


def change(client, what, typed=None):
    """Fill in a page of the own request as it is shown now, and send it."""
    page = client.get(f"/status/yours/{what}/")
    version = re.search('name="version" value="([0-9]+)"', page.content.decode())[1]
    return client.post(f"/status/yours/{what}/", {"version": version, **(typed or {})})


@pytest.mark.parametrize(
    ("what", "typed"),
    [("phone", {"phone": "(212) 555-0199"}), ("times", {"call_times": ["evening"]}), ("withdraw", {})],
)
def test_what_staff_changed_meanwhile_is_not_overwritten_and_what_was_typed_is_kept(
    client, opened, scheduler, what, typed
):
    version = opened.version
    contact.correct(opened, by=scheduler, phone="+12125550177", call_times=["morning", "afternoon"])

    response = client.post(f"/status/yours/{what}/", {"version": version, **typed})

    opened.refresh_from_db()
    assert (response.status_code, opened.status) == (409, "waiting")
    assert (opened.phone, opened.call_times) == ("+12125550177", ["morning", "afternoon"])
    assert "We worked on your request just now." in response.content.decode()
    assert all(value in response.content.decode() for value in typed.get("phone", "").split())
    again = re.search('name="version" value="([0-9]+)"', response.content.decode())[1]
    assert client.post(f"/status/yours/{what}/", {"version": again, **typed}).status_code == 302


def test_the_phone_number_can_be_corrected_and_staff_see_that_it_was(client, opened):
    change(client, "phone", {"phone": "(212) 555-0199"})

    opened.refresh_from_db()
    assert opened.phone == "+12125550199"
    assert [event.verb for event in opened.events.filter(by=None)] == [Event.Verb.PHONE_CORRECTED]


def test_a_wrong_phone_number_is_refused_and_kept_on_the_page(client, opened):
    response = change(client, "phone", {"phone": "12"})

    assert response.status_code == 422
    assert 'value="12"' in response.content.decode()


def test_the_times_to_call_can_be_changed(client, opened):
    change(client, "times", {"call_times": ["afternoon", "evening"]})

    opened.refresh_from_db()
    assert opened.call_times == ["afternoon", "evening"]


def test_withdrawing_closes_the_request_and_gives_the_visit_free(
    client, opened, scheduler, clinician, place, next_week
):
    queue.claim(opened, by=scheduler)
    booking.book(opened, by=scheduler, starts_at=next_week, place=place, clinician=clinician)

    change(client, "withdraw")

    opened.refresh_from_db()
    assert (opened.status, opened.close_reason, opened.closed_by) == ("closed", "withdrawn", None)
    assert not Appointment.objects.filter(cancelled_at=None).exists()


def test_a_withdrawn_request_can_no_longer_be_changed(client, opened):
    change(client, "withdraw")

    response = change(client, "phone", {"phone": "(212) 555-0199"})

    opened.refresh_from_db()
    assert response.status_code == 409
    assert opened.phone == "+12125550123"


def test_staff_who_act_on_a_withdrawn_request_are_told(client, admin_client, opened):
    change(client, "withdraw")

    response = admin_client.post(f"/admin/appointments/appointmentrequest/{opened.pk}/do/claim/", {"version": 0})

    assert response.status_code == 409
    assert "The patient closed this request: Withdrew the request." in response.content.decode()


def test_the_summary_shows_answers_findings_and_reference(client, opened):
    page = client.get("/status/yours/summary/").content.decode()

    for words in ("Ana Example", reference.grouped(opened.reference), "Osteoporosis", "Bone lost height: Met."):
        assert words in page


# Asking again, and asking by machine.


def test_a_second_request_of_the_same_person_is_linked_and_both_sides_are_told(client, admin_client, send_request):
    first = send_request()
    answer_check(client)
    ask_for_visit(client)

    page = client.get("/visit/sent/").content.decode()

    assert f"You asked before, with reference {reference.grouped(first.reference)}." in page
    second = first.later.get()
    sheet = admin_client.get(f"/admin/appointments/appointmentrequest/{second.pk}/change/").content.decode()
    assert reference.grouped(first.reference) in sheet


def test_another_person_on_the_same_phone_is_not_linked(send_request):
    send_request()

    second = send_request(date_of_birth_day="15")

    assert second.earlier is None


def test_what_a_machine_sends_is_kept_and_marked_for_staff(send_request, admin_client):
    request = send_request(leave_this_empty="buy now")

    assert request.doubts == "filled in a field that people do not see, answered faster than people read"
    queue_page = admin_client.get("/admin/appointments/appointmentrequest/?queue=doubtful").content.decode()
    assert reference.grouped(request.reference) in queue_page


def test_who_took_their_time_is_not_doubted(client, db, monkeypatch):
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)
    client.post("/visit/who/", WHO)
    later = timezone.now() + datetime.timedelta(minutes=3)
    monkeypatch.setattr("time.time", later.timestamp)

    client.post("/visit/call/", CALL)

    assert AppointmentRequest.objects.get().doubts == ""


def test_doubtful_requests_stand_at_the_end_of_the_queue(admin_client, send_request):
    doubtful = send_request(pain="10")
    sincere = send_request(pain="4", phone="(212) 555-0150")
    type(sincere).objects.filter(pk=sincere.pk).update(doubts="")

    page = admin_client.get("/admin/appointments/appointmentrequest/").content.decode()

    assert page.index(reference.grouped(sincere.reference)) < page.index(reference.grouped(doubtful.reference))


# A page that stayed open too long.


def test_a_question_sent_without_a_valid_token_is_shown_again_as_it_was_filled_in(db):

    client = Client(enforce_csrf_checks=True)

    response = client.post("/check/red_flags/", {"red_flags": ["fever"]})

    page = response.content.decode()
    assert response.status_code == 403
    assert 'value="fever" id="id_red_flags_5" checked' in page
    assert "Please press the button once more." in page
    assert "data-outcome" not in page


def test_answering_for_someone_else_is_said_on_each_page_and_remembered(client):
    client.post("/check/")

    page = client.get("/check/red_flags/").content.decode()

    assert "You are answering for someone else." in page
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)
    assert 'value="someone_else" id="id_filled_in_for_1" checked' in client.get("/visit/who/").content.decode()

"""Patients see, correct and withdraw their own request."""

import datetime
import re

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from appointments import reference
from appointments.calendar.moments import day_in_words, visit_in_words
from appointments.calendar.slots import free_slots
from appointments.lifecycle.definition import BOOK, CLAIM, CORRECT, LOG_CALL, OFFER, UNDO
from appointments.lifecycle.transition import perform
from appointments.lifecycle.waits import wait_of
from appointments.models import Appointment, AppointmentRequest, ContactAttempt, RateBucket
from appointments.portal.views import COOKIE
from screening.pathways.vertebral_cement import PATHWAY
from screening.signed_text import fingerprint
from tests.walk import (
    CALL,
    CHECK,
    HELPER,
    VISIT_ANSWERS,
    WHO,
    answer_check,
    ask_for_visit,
    checked_in,
    source_of,
    words_of,
)

BORN = {"date_of_birth_month": "3", "date_of_birth_day": "14", "date_of_birth_year": "1948"}
OTHER_BIRTHDAY = {**BORN, "date_of_birth_day": "15"}


@pytest.fixture
def request_(a_request):
    return a_request()


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

    told = [list(response.context["form"].non_field_errors()) for response in (wrong_birthday, unknown_reference)]
    assert told == [["We found no request with this reference and this date of birth. Check both."]] * 2
    assert {wrong_birthday.status_code, unknown_reference.status_code} == {422}


SLIPS = [
    ("R7M-343-N4", "a reference has 9 letters and numbers, and this has 8."),
    ("hello", "our references have no “E”."),
]
SLIPS += [("R7M-343-N4O", "our references have no “O”."), ("R7M-343-4NX", "Please compare it sign by sign.")]


@pytest.mark.parametrize(("typed", "words"), SLIPS)
def test_a_slip_in_the_reference_is_named_and_costs_no_try(client, request_, typed, words):
    with CaptureQueriesContext(connection) as queries:
        page = client.post("/status/", {"reference": typed, **BORN})

    assert (page.status_code, len(queries)) == (422, 0)
    assert f"There is a typing mistake: {words}" in words_of(
        page
    ) or f"typing mistake in the reference. {words}" in words_of(page)
    assert f'value="{typed}"' in source_of(page)


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


def test_who_had_too_many_tries_may_try_again_an_hour_after_the_first(client, request_):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(11):
            waits = client.post("/status/", {"reference": request_.reference, **OTHER_BIRTHDAY})
        clock.shift(datetime.timedelta(hours=1))
        opens = client.post("/status/", {"reference": request_.reference, **BORN})

    assert (waits.status_code, opens.status_code) == (429, 302)


def test_what_tries_are_counted_by_cannot_be_read_from_the_table(client, request_):
    client.post("/status/", {"reference": request_.reference, **OTHER_BIRTHDAY})

    keys = list(RateBucket.objects.values_list("key", flat=True))
    assert keys
    assert [key for key in keys if not re.fullmatch("[0-9a-f]{64}", key)] == []


def test_the_cookie_that_opens_a_request_is_out_of_reach_of_scripts_and_other_sites(client, opened):
    cookie = client.cookies[COOKIE]

    kept = {name: value for name, value in cookie.items() if value and name != "expires"}
    assert kept == {"httponly": True, "samesite": "Lax", "max-age": 24 * 60 * 60, "path": "/"}


@pytest.mark.parametrize("page", ["", "phone/", "times/", "withdraw/", "summary/"])
def test_without_opening_a_request_none_of_its_pages_is_shown(client, request_, page):
    assert client.get(f"/status/yours/{page}")["Location"] == "/status/"
    assert client.post(f"/status/yours/{page}").status_code in (302, 405)


def test_the_opened_request_is_shut_again_for_others(client, opened):
    left = client.post("/status/leave/")

    assert client.get("/status/yours/")["Location"] == "/status/"
    assert (left.cookies[COOKIE].value, left.cookies[COOKIE]["max-age"]) == ("", 0)


def test_a_copy_of_the_cookie_opens_nothing_once_the_request_was_shut(client, opened):
    cookie = client.cookies[COOKIE].value
    client.post("/status/leave/")
    client.cookies[COOKIE] = cookie

    assert client.get("/status/yours/")["Location"] == "/status/"


def test_a_link_to_the_button_shuts_nothing(client, opened):
    cookie = client.cookies[COOKIE].value
    client.get("/status/leave/")
    client.cookies[COOKIE] = cookie

    assert client.get("/status/yours/").status_code == 200


@pytest.mark.parametrize(("minutes", "is_open"), [(29, True), (31, False)])
def test_an_opened_request_stays_open_for_half_an_hour_whatever_the_browser_says(client, opened, minutes, is_open):
    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=minutes)):
        assert (client.get("/status/yours/").status_code == 200) == is_open


@pytest.mark.parametrize(("method", "is_said"), [("post", True), ("get", False)])
def test_what_is_sent_after_half_an_hour_is_said_to_be_not_saved(client, opened, method, is_said):
    sent = {"version": opened.version, "phone": "(212) 555-0199"}

    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=31)):
        page = getattr(client, method)("/status/yours/phone/", sent, follow=True)

    assert "Please open it again." in words_of(page)
    assert ("What you sent just now was not saved." in words_of(page)) == is_said


def test_who_shuts_a_request_shuts_it_in_that_browser_only(client, opened):
    at_home = Client()
    at_home.post("/status/", {"reference": opened.reference, **BORN})

    client.post("/status/leave/")

    assert at_home.get("/status/yours/").status_code == 200


def test_it_tells_in_plain_words_what_happened(client, opened, scheduler, clinician, place, next_week):
    perform(CLAIM, opened, by=scheduler)
    perform(LOG_CALL, opened, by=scheduler, channel="phone", outcome=ContactAttempt.CallResult.NO_ANSWER)
    perform(CLAIM, opened, by=scheduler)
    perform(LOG_CALL, opened, by=scheduler, channel="phone", outcome=ContactAttempt.CallResult.REACHED)
    perform(BOOK, opened, by=scheduler, starts_at=next_week, place=place, clinician=clinician)

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
    perform(CORRECT, opened, by=scheduler, phone="+12125550177", call_times=["morning", "afternoon"])

    response = client.post(f"/status/yours/{what}/", {"version": version, **typed})

    opened.refresh_from_db()
    assert (response.status_code, opened.status) == (409, "waiting")
    assert (opened.phone, opened.call_times) == ("+12125550177", ["morning", "afternoon"])
    assert "Your request was changed a moment ago." in response.content.decode()
    assert all(value in response.content.decode() for value in typed.get("phone", "").split())
    again = re.search('name="version" value="([0-9]+)"', response.content.decode())[1]
    assert client.post(f"/status/yours/{what}/", {"version": again, **typed}).status_code == 302


@pytest.mark.parametrize(
    ("what", "typed"),
    [("phone", {"phone": "(212) 555-0199 Bo"}), ("times", {"call_times": ["evening"]}), ("withdraw", {})],
)
def test_a_button_of_ones_own_request_that_was_pressed_twice_says_what_the_first_press_did(
    client, opened, what, typed
):
    sent = {"version": opened.version, **typed}

    answers = [client.post(f"/status/yours/{what}/", sent, follow=True) for _press in range(2)]

    assert [answer.redirect_chain[-1][0].partition("?")[0] for answer in answers] == ["/status/yours/"] * 2
    assert opened.events.count() == 1


@pytest.mark.parametrize("what", ["another", "cancel"])
def test_whoever_cannot_come_and_presses_twice_reads_that_it_was_taken(
    client, opened, scheduler, clinician, place, next_week, what
):
    perform(CLAIM, opened, by=scheduler)
    perform(BOOK, opened, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    sent = {"version": opened.version, "what": what, "wish": "Tuesdays"}

    answers = [client.post("/status/yours/withdraw/", sent, follow=True) for _press in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert opened.events.count() == 3


def test_another_number_than_the_one_that_was_just_corrected_is_not_said_to_be_saved(client, opened):
    client.post("/status/yours/phone/", {"version": opened.version, "phone": "(212) 555-0199"})

    response = client.post("/status/yours/phone/", {"version": opened.version, "phone": "(212) 555-0188"})

    assert response.status_code == 409
    assert "Your request was changed a moment ago." in words_of(response)


def test_the_phone_number_can_be_corrected_and_staff_see_that_it_was(client, opened):
    change(client, "phone", {"phone": "(212) 555-0199"})

    opened.refresh_from_db()
    assert opened.phone == "+12125550199"
    assert [event.verb for event in opened.events.filter(by=None)] == ["phone_corrected"]


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
    perform(CLAIM, opened, by=scheduler)
    perform(BOOK, opened, by=scheduler, starts_at=next_week, place=place, clinician=clinician)

    page = client.get("/status/yours/withdraw/")
    assert f"Your visit is booked for {timezone.localtime(next_week):%A, %B %-d, %Y}" in words_of(page)
    assert change(client, "withdraw").status_code == 422
    assert change(client, "withdraw", {"what": "keep"}).status_code == 302
    opened.refresh_from_db()
    assert opened.status == "booked"

    change(client, "withdraw", {"what": "cancel"})

    opened.refresh_from_db()
    assert (opened.status, opened.close_reason, opened.closed_by) == ("closed", "withdrawn", None)
    assert not Appointment.objects.filter(cancelled_at=None).exists()


def test_who_cannot_come_then_is_called_about_another_time_and_keeps_the_visit_until_then(
    client, opened, scheduler, clinician, place, next_week
):
    perform(CLAIM, opened, by=scheduler)
    perform(BOOK, opened, by=scheduler, starts_at=next_week, place=place, clinician=clinician)

    change(client, "withdraw", {"what": "another", "wish": "Tuesday mornings"})

    opened.refresh_from_db()
    assert (opened.status, wait_of(opened, timezone.now())[0].key) == ("booked", "to-tell")
    page = words_of(client.get("/status/yours/"))
    assert "We will call you about it." in page
    assert "You asked for another time for your visit." in page
    assert opened.events.last().note == "Tuesday mornings"


def test_times_of_a_visit_name_the_clinics_city_where_clocks_differ_and_lead_to_its_map(
    client, opened, scheduler, clinician, place, next_week
):
    place.address, place.map_url = "1 Sample Street", "https://maps.example/clinic"
    place.save()
    AppointmentRequest.objects.update(time_zone="America/Los_Angeles")
    opened.refresh_from_db()
    perform(CLAIM, opened, by=scheduler)
    perform(BOOK, opened, by=scheduler, starts_at=next_week, place=place, clinician=clinician)

    page = client.get("/status/yours/")

    assert "(New York time). Place: Main clinic, 1 Sample Street." in words_of(page)
    assert 'href="https://maps.example/clinic"' in page.text


def test_a_visit_that_has_begun_is_not_withdrawn(client, opened, scheduler, clinician, place, next_week):
    perform(CLAIM, opened, by=scheduler)
    perform(BOOK, opened, by=scheduler, starts_at=next_week, place=place, clinician=clinician)

    with time_machine.travel(next_week + datetime.timedelta(hours=1)):
        client.post("/status/", {"reference": opened.reference, **BORN})
        page = client.get("/status/yours/")
        refused = change(client, "withdraw", {"what": "cancel"})

    opened.refresh_from_db()
    assert "Your visit was on" in words_of(page)
    assert "Withdraw your request" not in words_of(page)
    assert (refused.status_code, opened.status, opened.appointment.cancelled_at) == (409, "booked", None)


def test_what_staff_took_back_is_not_told(client, opened, scheduler, clinician, place, next_week):
    perform(CLAIM, opened, by=scheduler)
    perform(BOOK, opened, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    perform(UNDO, opened, by=scheduler)

    page = words_of(client.get("/status/yours/"))

    assert "You asked for a visit." in page
    assert "We booked your visit." not in page


@pytest.mark.parametrize(
    ("phone", "told"),
    [("(212) 555-0123", "at 2 p.m. What"), ("(310) 555-0123", "at 11 a.m. (Los Angeles time). What")],
)
def test_a_call_that_was_promised_is_told_by_the_clock_where_the_patient_is(
    client, a_request, scheduler, next_week, phone, told
):
    request = a_request(phone=phone)
    client.post("/status/", {"reference": request.reference, **BORN})
    perform(CLAIM, request, by=scheduler)
    at_two = timezone.localtime(next_week).replace(hour=14, minute=0, second=0, microsecond=0)
    outcome = ContactAttempt.CallResult.CALL_BACK
    perform(LOG_CALL, request, by=scheduler, channel="phone", outcome=outcome, next_call_at=at_two)

    assert told in words_of(client.get("/status/yours/"))


def test_when_we_try_again_is_not_promised_to_the_minute(client, opened, scheduler):
    perform(CLAIM, opened, by=scheduler)
    perform(LOG_CALL, opened, by=scheduler, channel="phone", outcome=ContactAttempt.CallResult.NO_ANSWER)

    page = words_of(client.get("/status/yours/"))

    assert "We called and did not reach you. We will try again at another time. What happened so far" in page


def test_after_the_last_call_nobody_is_told_that_another_comes(client, opened, scheduler, settings):
    settings.CALL_ATTEMPTS = 1
    perform(CLAIM, opened, by=scheduler)
    perform(LOG_CALL, opened, by=scheduler, channel="phone", outcome=ContactAttempt.CallResult.NO_ANSWER)

    page = words_of(client.get("/status/yours/"))

    assert "We called and could not reach you. Please call us if you still want a visit." in page
    assert "try again" not in page


def test_who_was_offered_times_is_told_to_choose_one(client, opened, scheduler, consulting_hours):
    perform(CLAIM, opened, by=scheduler)
    perform(OFFER, opened, by=scheduler, times=free_slots(most=2))

    page = words_of(client.get("/status/yours/"))

    assert "We offered you times for a visit. Please choose one." in page


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
    page = words_of(client.get("/status/yours/summary/"))

    findings = "Fits: Weak-bone condition , Spine fracture ,"
    for words in ("Ana Example", reference.grouped(opened.reference), "Osteoporosis", findings):
        assert words in page


# Asking again, and asking by machine.


def test_a_second_request_of_the_same_person_is_linked_and_both_sides_are_told(client, admin_client):
    for _ in range(2):
        answer_check(client)
        ask_for_visit(client)

    page = client.get("/visit/sent/").content.decode()

    first, second = AppointmentRequest.objects.order_by("pk")
    assert second.earlier == first
    assert f"You asked before, with reference {reference.grouped(first.reference)}." in page
    sheet = admin_client.get(f"/admin/appointments/appointmentrequest/{second.pk}/change/").content.decode()
    assert reference.grouped(first.reference) in sheet


def test_who_sends_a_request_as_somebody_else_learns_nothing_of_an_earlier_one(client, a_request):
    first = a_request()
    stranger = Client()
    pages = []
    for born in ("14", "15"):
        answer_check(stranger)
        ask_for_visit(stranger, date_of_birth_day=born)
        sent = words_of(stranger.get("/visit/sent/"))
        own = reference.grouped(AppointmentRequest.objects.latest("pk").reference)
        pages.append(sent.replace(own, "…").replace(f"March {born}, 1948", "…"))
        stranger.post("/check/start-again/")

    assert first.later.count() == 1
    assert reference.grouped(first.reference) not in pages[0]
    assert pages[0] == pages[1]


def test_the_summary_of_what_was_sent_is_open_for_half_an_hour_and_then_needs_the_birthday(client, send_request):
    sent = send_request()

    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=29)):
        soon = client.get("/visit/sent/summary/")
    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=31)):
        later = client.get("/visit/sent/summary/")

    assert sent.name in words_of(soon)
    assert later["Location"] == "/status/"


@pytest.mark.parametrize("page", ["/visit/sent/", "/status/yours/"])
def test_whoever_leaves_one_page_of_the_request_leaves_them_all(client, send_request, page):
    sent = send_request()
    client.post("/status/", {"reference": sent.reference, **BORN})
    [button] = re.findall('action="([^"]*)"[^/]*<button[^>]*>Leave this page', source_of(client.get(page)))

    response = client.post(button)

    assert client.get("/visit/sent/")["Location"] == "/check/"
    assert client.get("/visit/sent/summary/")["Location"] == "/status/"
    assert client.get("/status/yours/")["Location"] == "/status/"
    assert response["Clear-Site-Data"] == '"cache", "storage"'


def test_another_person_on_the_same_phone_is_not_linked(a_request):
    a_request()

    second = a_request(date_of_birth_day="15")

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
    client.post("/visit/call/", CALL)
    later = timezone.now() + datetime.timedelta(minutes=3)
    monkeypatch.setattr("time.time", later.timestamp)

    client.post("/visit/check/", CHECK)

    assert AppointmentRequest.objects.get().doubts == ""


def test_doubtful_requests_stand_at_the_end_of_the_queue(admin_client, a_request):
    doubtful = a_request(pain="10", doubts="answered faster than people read")
    sincere = a_request(pain="4", phone="(212) 555-0150")

    page = admin_client.get("/admin/appointments/appointmentrequest/").content.decode()

    assert page.index(reference.grouped(sincere.reference)) < page.index(reference.grouped(doubtful.reference))


# A page that stayed open too long, or a browser without cookies.


def test_a_question_sent_without_a_valid_token_is_shown_again_as_it_was_filled_in(db):

    client = Client(enforce_csrf_checks=True)

    response = client.post("/check/red_flags/", {"red_flags": ["none"]})

    page = response.content.decode()
    assert response.status_code == 403
    assert checked_in(response) == {"red_flags": ["none"]}
    assert "Please press the button once more." in page
    assert "your browser may block cookies" in page
    assert "data-outcome" not in page


def test_a_warning_sign_is_answered_also_where_no_form_counts_and_the_signs_are_asked_again():
    client = Client()
    answer_check(client)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    del strict.cookies["csrf"]

    response = strict.post("/check/red_flags/", {"red_flags": ["fever"]})

    assert (response.status_code, response["Location"]) == (303, "/check/get-help-today/")
    assert strict.get("/check/result/")["Location"] == "/check/red_flags/"


@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("/status/", {"reference": "R7M-343-N4X", **BORN}),
        ("/status/yours/phone/", {"phone": "(212) 555-0199", "version": "0"}),
        ("/status/yours/times/", {"call_times": "evening", "version": "0"}),
        ("/status/yours/withdraw/", {"version": "0"}),
    ],
)
def test_a_form_of_ones_own_request_without_a_valid_token_is_shown_again_and_does_nothing(
    client, opened, page, typed
):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies

    response = strict.post(page, typed)

    opened.refresh_from_db()
    assert (response.status_code, opened.version) == (403, 0)
    assert "Please press the button once more." in words_of(response)
    source = source_of(response)
    assert all(f'value="{value}"' in source for value in typed.values())


def test_answering_for_someone_else_is_said_on_each_page_and_remembered(client):
    client.post("/check/")

    page = client.get("/check/red_flags/").content.decode()

    assert "You are answering for someone else." in page
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)
    assert "Your own name" in words_of(client.get("/visit/who/"))


def test_who_answers_for_someone_else_by_mistake_takes_it_back(client):
    client.post("/check/", {"answering_for": "someone_else"})
    answer_check(client)
    assert "No, I answer for myself" in words_of(client.get("/check/"))

    client.post("/check/", {"answering_for": "myself"})

    assert "You are answering for someone else." not in words_of(client.get("/check/red_flags/"))
    assert "No, I answer for myself" not in words_of(client.get("/check/"))


def test_whoever_finds_at_the_name_that_it_is_for_somebody_else_says_so_there_and_loses_nothing(client):
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)

    page = client.post("/visit/who/", {**WHO, "whose": "someone_else"})

    assert "Your own name" in words_of(page)
    assert 'value="Ana Example"' in source_of(page)
    assert "Error" not in words_of(page)
    assert client.post("/visit/who/", {**WHO, **HELPER})["Location"] == "/visit/call/"
    back = client.post("/visit/who/", {**WHO, **HELPER, "whose": "myself"})
    assert "Your own name" not in words_of(back)
    assert client.post("/visit/who/", WHO)["Location"] == "/visit/call/"


def test_whoever_has_a_request_reads_which_text_they_answered(client, opened):
    now = client.get("/status/yours/")
    AppointmentRequest.objects.update(pathway_version="1.0", pathway_fingerprint="")
    old = client.get("/status/yours/")

    assert f"You answered version {PATHWAY.version} of our questions (text {fingerprint(PATHWAY.key)})." in words_of(
        now
    )
    assert "You answered version 1.0 of our questions." in words_of(old)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Monday, November 30, 2026 at 5:30 p.m"), ("es", "lunes 30 de noviembre de 2026, 5:30 p.m")],
)
def test_times_are_told_by_the_clock_of_twelve_hours_as_the_clinics_hours_are(language, words):
    zone = timezone.get_default_timezone()
    with translation.override(language):
        assert visit_in_words(datetime.datetime(2026, 11, 30, 17, 30, tzinfo=zone), zone) == words


def test_spanish_writes_weekdays_and_months_in_small_letters():
    with translation.override("es"):
        written = day_in_words(datetime.datetime(2026, 12, 2, 15, tzinfo=datetime.UTC))

    assert written == "miércoles 2 de diciembre de 2026"

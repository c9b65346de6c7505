"""The scheduler asks, the nurse answers, and neither overlooks what the other did."""

import copy
import datetime
import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from appointments.calendar.slots import free_slots
from appointments.lifecycle.definition import ANSWER, ASK_NURSE, CHOOSE, CLAIM, CLOSE, LOG_CALL, OFFER, RELEASE
from appointments.lifecycle.effects import nurse
from appointments.lifecycle.offered_times import open_times
from appointments.lifecycle.transition import Refused, perform
from appointments.models import AppointmentRequest, Event
from screening.pathways.vertebral_cement import PATHWAY
from tests.reading import ANAS_PHONE, words_found
from tests.staff import member_of, signed_in
from tests.statements import statements_without_audit
from tests.walk import source_of, title_of, words_of

LIST = "/admin/nurse/"
SHEETS = "/admin/appointments/appointmentrequest/"
FLAGGED = {"blood_thinner": "yes"}


@pytest.fixture
def the_nurse(db):
    return member_of("Nurses", "nurse")


@pytest.fixture
def asked(a_request, scheduler) -> AppointmentRequest:
    """A request that the scheduler holds and has asked the nurse about."""
    request = a_request(**FLAGGED)
    perform(CLAIM, request, by=scheduler)
    perform(ASK_NURSE, request, by=scheduler, note="Can she lie flat?")
    return request


def names_on(page) -> list[str]:
    return re.findall(r'<h3 id="who-\d+">(.*?)</h3>', source_of(page))


def filled_in(request, **changes) -> dict:
    return {"visit_request": request.pk, "version": request.version, "answer": "fine", "note": "", **changes}


# Asking.


def test_the_holder_asks_and_goes_on_holding_the_request(asked, scheduler):
    assert (asked.nurse_check, asked.status, asked.claimed_by) == ("asked", "claimed", scheduler)
    event = asked.events.get(verb="nurse_asked")
    assert (event.by, event.note) == (scheduler, "Can she lie flat?")


def test_a_question_is_something_done_with_the_request_so_it_is_held_from_then(a_request, scheduler):
    request = a_request()
    perform(CLAIM, request, by=scheduler)
    long_ago = timezone.now() - datetime.timedelta(hours=3)
    AppointmentRequest.objects.update(claimed_at=long_ago)

    perform(ASK_NURSE, request, by=scheduler, note="")

    assert request.claimed_at > long_ago + datetime.timedelta(hours=2)


def test_nobody_asks_but_the_holder(a_request, scheduler, colleague):
    request = a_request(**FLAGGED)
    with pytest.raises(Refused, match="Nobody holds this request"):
        perform(ASK_NURSE, request, by=colleague)
    perform(CLAIM, request, by=scheduler)

    with pytest.raises(Refused, match="scheduler holds this request"):
        perform(ASK_NURSE, request, by=colleague)

    request.refresh_from_db()
    assert request.nurse_check == "needed"


# Answering.


@pytest.mark.parametrize(("answer", "told"), [(answer, answer.label) for answer in nurse.ANSWERS])
def test_the_answer_stands_on_the_call_sheet_and_the_first_page_of_the_scheduler(asked, the_nurse, answer, told):
    typed = filled_in(asked, answer=answer.value, note="Stop the thinner first.")

    page = signed_in(the_nurse).post(LIST, typed, follow=True)

    assert page.redirect_chain == [(LIST, 302)]
    asked.refresh_from_db()
    assert asked.nurse_check == answer
    event = asked.events.get(verb="nurse_answered")
    assert (event.by, event.details, event.note) == (the_nurse, told, "Stop the thinner first.")
    sheet = words_of(signed_in(asked.claimed_by).get(f"{SHEETS}{asked.pk}/change/"))
    assert f"What the nurse answered {told} : “Stop the thinner first.”" in sheet
    assert told in words_of(signed_in(asked.claimed_by).get("/admin/"))


@pytest.mark.parametrize("state", ["waiting", "claimed"])
def test_a_flagged_request_is_answered_without_a_question_too(a_request, scheduler, the_nurse, state):
    request = a_request(**FLAGGED)
    if state == "claimed":
        perform(CLAIM, request, by=scheduler)

    perform(ANSWER, request, by=the_nurse, answer="against")

    assert (request.nurse_check, request.status) == ("against", state)


def test_a_nurse_takes_back_her_answer_by_the_button_that_she_is_shown(asked, the_nurse):
    browser = signed_in(the_nurse)
    browser.post(LIST, filled_in(asked, answer="against"))
    assert "Take it back" in words_of(browser.get("/admin/"))

    browser.post(f"{SHEETS}{asked.pk}/do/undo/", {"version": asked.version + 1})

    asked.refresh_from_db()
    assert asked.nurse_check == "asked"


@pytest.mark.parametrize(("answer", "is_open"), [("fine", True), ("call_first", False), ("against", False)])
def test_what_the_nurse_advises_against_the_patient_cannot_choose(
    asked, scheduler, the_nurse, consulting_hours, answer, is_open
):
    perform(ANSWER, asked, by=the_nurse, answer="fine")
    perform(OFFER, asked, by=scheduler, times=free_slots(most=1))
    [time] = open_times(asked)

    perform(ANSWER, asked, by=the_nurse, answer=answer)

    assert bool(open_times(asked)) == is_open
    if not is_open:
        with pytest.raises(Refused):
            perform(CHOOSE, asked, time=time)


def test_home_counts_for_the_nurse_what_her_list_shows(asked, the_nurse):
    browser = signed_in(the_nurse)
    perform(ANSWER, asked, by=the_nurse, answer="call_first")

    assert "Needs a nurse nurse 1 0" in words_of(browser.get("/admin/"))
    assert len(names_on(browser.get(LIST))) == 1


def test_an_answer_takes_the_place_of_an_earlier_one_and_a_new_question_too(asked, scheduler, the_nurse):
    perform(ANSWER, asked, by=the_nurse, answer="fine")
    perform(ANSWER, asked, by=the_nurse, answer="against")
    assert asked.nurse_check == "against"

    perform(ASK_NURSE, asked, by=scheduler, note="Even after the new scan?")

    assert asked.nurse_check == "asked"


def test_nothing_is_answered_that_was_not_asked(a_request, the_nurse):
    request = a_request()

    with pytest.raises(Refused):
        perform(ANSWER, request, by=the_nurse, answer="fine")

    assert not request.events.exists()


def test_nothing_is_answered_about_a_request_that_is_closed(asked, scheduler, the_nurse):
    perform(CLOSE, asked, by=scheduler, reason="declined")

    with pytest.raises(Refused, match="closed this request"):
        perform(ANSWER, asked, by=the_nurse, answer="fine")

    assert signed_in(the_nurse).post(LIST, filled_in(asked)).status_code == 409
    asked.refresh_from_db()
    assert asked.nurse_check == "asked"


@pytest.mark.parametrize("group", ["Schedulers", "Managers", "Auditors"])
def test_only_a_nurse_answers(asked, group):
    other = member_of(group)

    with pytest.raises(PermissionDenied):
        perform(ANSWER, asked, by=other, answer="fine")

    assert signed_in(other).post(LIST, filled_in(asked)).status_code == 403
    asked.refresh_from_db()
    assert asked.nurse_check == "asked"


@pytest.mark.parametrize("answer", ["", "needed", "asked", "bogus"])
def test_only_an_answer_is_one(asked, the_nurse, answer):
    with pytest.raises(ValueError, match="no answer"):
        perform(ANSWER, asked, by=the_nurse, answer=answer)

    page = signed_in(the_nurse).post(LIST, filled_in(asked, answer=answer, note="Stop the thinner first."))

    assert page.status_code == 422
    assert title_of(page).startswith("Error: ")
    assert "Stop the thinner first.</textarea>" in page.text
    asked.refresh_from_db()
    assert asked.nurse_check == "asked"


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_of_an_answer_and_a_call_that_is_logged_at_once_one_is_refused(asked, scheduler, the_nurse):
    start = threading.Barrier(2)

    def succeeds(verb, **arguments) -> bool:
        start.wait()
        try:
            verb(copy.copy(asked), **arguments)
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        answered = pool.submit(succeeds, partial(perform, ANSWER), by=the_nurse, answer="against")
        logged = pool.submit(succeeds, partial(perform, LOG_CALL), by=scheduler, channel="phone", outcome="reached")

    now = AppointmentRequest.objects.get()
    assert answered.result() != logged.result()
    assert (now.nurse_check == "against") is answered.result()
    assert (now.reached_at is not None) is logged.result()


# The list.


def test_asked_ones_come_first_then_those_the_nurse_calls_then_priority_and_waiting_time(
    a_request, scheduler, the_nurse
):
    a_request(name="Old Example", **FLAGGED)
    a_request(name="New Example", **FLAGGED)
    a_request(name="Bed Example", function="bed", **FLAGGED)
    a_request(name="No Flag Example")
    for name, answer in (("Calls Example", "call_first"), ("Fine Example", "fine"), ("Against Example", "against")):
        perform(ANSWER, a_request(name=name, **FLAGGED), by=the_nurse, answer=answer)
    for name, changes in (("Asked Example", {}), ("Asked In Bed Example", {"function": "bed"})):
        asked = a_request(name=name, **changes)
        perform(CLAIM, asked, by=scheduler)
        perform(ASK_NURSE, asked, by=scheduler)
    AppointmentRequest.objects.filter(name="Old Example").update(created_at=timezone.now() - datetime.timedelta(1))

    page = signed_in(the_nurse).get(LIST)

    first = ["Asked In Bed Example", "Asked Example", "Calls Example"]
    assert names_on(page) == [*first, "Bed Example", "Old Example", "New Example"]


def test_booked_and_closed_requests_are_not_in_the_list(asked, scheduler, the_nurse):
    perform(CLOSE, asked, by=scheduler, reason="declined")

    page = signed_in(the_nurse).get(LIST)

    assert names_on(page) == []
    assert "Nobody waits for an answer." in words_of(page)


def test_the_list_says_what_is_asked_and_what_was_flagged(asked, the_nurse):
    [flag] = [flag for flag in PATHWAY.flags if flag.key in asked.flags]

    words = words_of(signed_in(the_nurse).get(LIST))

    assert f"{flag.name()} {flag.advice}" in words
    assert "Asked the nurse , scheduler" in words
    assert "“Can she lie flat?”" in words
    assert asked.phone_shown not in words


def test_whom_the_nurse_calls_stays_in_her_list_with_the_phone_number_until_she_has(asked, the_nurse):
    staff = signed_in(the_nurse)

    staff.post(LIST, filled_in(asked, answer="call_first"))
    page = staff.get(LIST)

    assert names_on(page) == ["Ana Example"]
    assert f'href="{asked.phone_link}"' in page.text

    asked.refresh_from_db()
    staff.post(LIST, filled_in(asked, answer="fine"))

    assert names_on(staff.get(LIST)) == []


def test_who_may_only_look_sees_no_form(asked):
    page = signed_in(member_of("Schedulers")).get(LIST)

    assert names_on(page) == ["Ana Example"]
    assert "Your answer" not in page.text


def test_an_answer_to_what_changed_meanwhile_is_refused_with_all_that_was_typed(asked, scheduler, the_nurse):
    seen = copy.copy(asked)
    perform(LOG_CALL, asked, by=scheduler, channel="phone", outcome="reached", note="Has no pain any more.")
    staff = signed_in(the_nurse)

    late = staff.post(LIST, filled_in(seen, answer="against", note="Stop the thinner first."))

    assert late.status_code == 409
    assert title_of(late).startswith("Error: ")
    assert "This changed while you worked on it." in words_of(late)
    assert "Has no pain any more." in words_of(late)
    assert re.findall(r'value="(\w+)"[^>]* checked', late.text) == ["against"]
    assert "Stop the thinner first.</textarea>" in late.text
    asked.refresh_from_db()
    assert asked.nurse_check == "asked"

    again = re.search(r'name="version" value="(\d+)"', late.text)[1]
    assert staff.post(LIST, filled_in(asked, version=again, answer="against")).status_code == 302
    asked.refresh_from_db()
    assert asked.nurse_check == "against"


def test_what_a_colleague_answered_meanwhile_is_shown_though_it_left_the_list(asked, the_nurse):
    seen = copy.copy(asked)
    perform(ANSWER, asked, by=member_of("Nurses", "other nurse"), answer="fine", note="Spoke with her doctor.")

    late = signed_in(the_nurse).post(LIST, filled_in(seen, answer="against", note="Stop the thinner first."))

    assert late.status_code == 409
    assert names_on(late) == ["Ana Example"]
    assert "Nurse: a visit is fine, other nurse: “Spoke with her doctor.”" in words_of(late)
    assert "Stop the thinner first.</textarea>" in late.text


@pytest.mark.parametrize("answer", ["fine", ""])
def test_an_incomplete_answer_does_not_hide_that_something_changed(asked, scheduler, the_nurse, answer):
    seen = copy.copy(asked)
    perform(RELEASE, asked, by=scheduler)
    staff = signed_in(the_nurse)
    page = staff.post(LIST, filled_in(seen, answer="" if not answer else "bogus"))

    again = re.search(r'name="version" value="(\d+)"', page.text)[1]

    assert page.status_code == 422
    assert staff.post(LIST, filled_in(seen, version=again)).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"visit_request": "999999"},
        {"visit_request": "x"},
        {"visit_request": "9" * 30},
        {"visit_request": "1\x00"},
        {"version": ""},
        {"version": "-1"},
        {"version": "9" * 30},
    ],
    ids=str,
)
def test_what_no_form_sends_is_not_found(asked, the_nurse, wrong):
    assert signed_in(the_nurse).post(LIST, filled_in(asked, **wrong)).status_code == 404
    asked.refresh_from_db()
    assert asked.nurse_check == "asked"


def test_titles_and_messages_name_nobody(asked, the_nurse):
    staff = signed_in(the_nurse)
    seen = copy.copy(asked)
    done = staff.post(LIST, filled_in(asked), follow=True)
    late = staff.post(LIST, filled_in(seen))

    said = [title_of(done), title_of(late), *(str(message) for message in done.context["messages"])]

    assert f"Your answer about {asked} is saved." in said
    assert not words_found(" ".join(said), "Ana", "Example", "flat", *ANAS_PHONE)


def test_a_long_list_costs_as_many_statements_as_a_short_one(asked, the_nurse):
    staff = signed_in(the_nurse)

    def statements() -> int:
        with statements_without_audit() as queries:
            assert staff.get(LIST).status_code == 200
        return len(queries)

    short = statements()
    names = {field.name for field in asked._meta.concrete_fields if not field.generated}
    same = {name: getattr(asked, name) for name in names - {"id", "journey", "reference"}}
    others = AppointmentRequest.objects.bulk_create(
        AppointmentRequest(journey=uuid.uuid4(), **same) for _ in range(30)
    )
    Event.objects.bulk_create(
        Event(request=other, by=asked.claimed_by, verb="nurse_asked", version=1, before={}) for other in others
    )

    assert statements() == short <= 8
    assert len(names_on(staff.get(LIST))) == 25
    assert len(names_on(staff.get(LIST, {"page": "2"}))) == 6

"""Requests change hands in bulk, each as it was on the screen or not at all, and the page says which were not."""

import datetime
import re
import uuid

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.utils import timezone

from appointments.lifecycle.definition import ASSIGN, CHANGE_CALL_TIMES, CLAIM, CLOSE, LOG_CALL, RELEASE
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, Caller, ContactAttempt, Event, OpeningHours
from appointments.worklist import next_call
from tests.staff import member_of, signed_in
from tests.statements import statements_without_audit
from tests.walk import title_of, words_of

pytestmark = pytest.mark.both

HANDOVER = "/admin/hand-over/"
HAND_OUT = "/admin/assign/"


@pytest.fixture
def alice(db):
    return member_of("Schedulers", "alice")


@pytest.fixture
def bruno(db):
    return member_of("Schedulers", "bruno")


@pytest.fixture
def manager(db):
    return member_of("Managers", "manager")


@pytest.fixture
def tomorrow_morning():
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    return timezone.make_aware(datetime.datetime.combine(tomorrow, datetime.time(9, 30)))


@pytest.fixture
def held_by(a_request):
    def hold(user, name="Ana Example", **typed) -> AppointmentRequest:
        request = waiting(a_request(name=name, **typed))
        perform(CLAIM, request, by=user)
        return request

    return hold


@pytest.fixture
def promised_by(held_by, tomorrow_morning):
    def promise(user, name="Ana Example", **more) -> AppointmentRequest:
        request = held_by(user, name)
        agreed = {"outcome": "call_back", "next_call_at": tomorrow_morning, **more}
        perform(LOG_CALL, request, by=user, channel="phone", **agreed)
        return request

    return promise


def waiting(request) -> AppointmentRequest:
    """What is filled in as fast as this is doubtful; let it be a person's."""
    AppointmentRequest.objects.filter(pk=request.pk).update(doubts="")
    request.refresh_from_db()
    return request


def on(page) -> dict[str, list[str]]:
    """The names in each list, those that are ticked with a cross."""
    lists = {}
    for part in re.findall(r"<fieldset>(.*?)</fieldset>", page.text, re.DOTALL):
        heading = re.search(r"<h2>([A-Za-z ]+) \(", part)[1]
        boxes = re.findall(r'name="chosen" value="\d+"( checked)?>.*?<strong>([^<]*)</strong>', part, re.DOTALL)
        lists[heading] = [f"{name}{' x' if ticked else ''}" for ticked, name in boxes]
    return lists


def form_on(page, *chosen, **typed) -> dict:
    """What the form on this page sends with these requests ticked."""
    shown = re.findall(r'name="shown" value="([^"]*)"', page.text)
    return {"shown": shown, "chosen": [request.pk for request in chosen], **typed}


def in_whose_hands(*requests) -> list[str | None]:
    for request in requests:
        request.refresh_from_db()
    return [request.claimed_by and request.claimed_by.username for request in requests]


def last_step(request) -> tuple:
    event = request.events.last()
    return event.verb, event.by.username, event.details, event.note


def test_it_shows_what_i_hold_and_what_i_promised_and_nothing_of_others(held_by, promised_by, alice, bruno):
    held_by(alice, "Held Example", cancer="other")
    promised_by(alice, "Promised Example", note="Her daughter will be there.")
    held_by(bruno, "Theirs Example")
    promised_by(bruno, "Theirs Sample")
    taken_over = promised_by(alice, "Taken Example")
    perform(CLAIM, taken_over, by=bruno)

    page = signed_in(alice).get(HANDOVER)

    assert on(page) == {"Held": ["Held Example"], "Promised a call": ["Promised Example"]}
    words = words_of(page)
    assert re.search(
        r"Promised a call \w+, \w+ \d+, 9:30 AM\. Noted in the call: Her daughter will be there\.", words
    )
    assert "Ask the nurse: Another cancer" in words


def test_a_promise_is_of_whoever_made_the_last_one_that_stands(promised_by, alice, bruno, tomorrow_morning):
    again = promised_by(alice, "Again Example")
    perform(CLAIM, again, by=bruno)
    later = {"outcome": "call_back", "next_call_at": tomorrow_morning + datetime.timedelta(hours=1)}
    perform(LOG_CALL, again, by=bruno, channel="phone", **later)
    undone = promised_by(alice, "Undone Example")
    perform(CLAIM, undone, by=bruno)
    perform(LOG_CALL, undone, by=bruno, channel="phone", **later)
    Event.objects.filter(request=undone, verb="called", by=bruno).update(is_undone=True)

    assert on(signed_in(alice).get(HANDOVER))["Promised a call"] == ["Undone Example"]
    assert on(signed_in(bruno).get(HANDOVER))["Promised a call"] == ["Again Example"]


def test_the_chosen_are_handed_over_with_a_note_and_the_others_stay(held_by, promised_by, alice, bruno):
    mine, given, promised = held_by(alice, "Mine"), held_by(alice, "Given"), promised_by(alice, "Promised")
    me = signed_in(alice)

    response = me.post(
        HANDOVER, form_on(me.get(HANDOVER), given, promised, to=bruno.pk, note="I am away until Monday.")
    )
    after = me.get(HANDOVER)

    assert (response.status_code, response["Location"]) == (302, HANDOVER)
    assert in_whose_hands(mine, given, promised) == ["alice", "bruno", "bruno"]
    assert last_step(given) == ("assigned", "alice", "to bruno", "I am away until Monday.")
    assert promised.is_promised
    assert promised.next_call_at
    assert "2 handed over to bruno." in words_of(after)
    assert on(after) == {"Held": ["Mine"], "Promised a call": []}
    theirs = words_of(signed_in(bruno).get(HANDOVER))
    assert "Given" in theirs
    assert "Handed over by alice: I am away until Monday." in theirs


def test_all_that_are_shown_are_handed_over_without_ticking_any(held_by, promised_by, alice, bruno):
    requests = [held_by(alice), held_by(alice), promised_by(alice)]
    me = signed_in(alice)
    page = me.get(HANDOVER)
    later = held_by(alice)

    me.post(HANDOVER, form_on(page, to=bruno.pk, all=""))

    assert in_whose_hands(*requests, later) == ["bruno", "bruno", "bruno", "alice"]


def test_the_chosen_can_go_back_into_the_queue(held_by, alice, bruno):
    kept, given = held_by(alice), held_by(alice)
    me = signed_in(alice)

    # Whom else the form names does not matter then.
    me.post(HANDOVER, form_on(me.get(HANDOVER), given, to=bruno.pk, note="Fire drill.", release=""))

    assert in_whose_hands(kept, given) == ["alice", None]
    assert last_step(given) == ("released", "alice", "", "Fire drill.")


def test_what_changed_meanwhile_is_left_alone_and_the_page_says_why_and_keeps_the_choices(
    held_by, alice, bruno, manager
):
    same, patient, taken, closed = (
        held_by(alice, f"{name} Example") for name in ("Same", "Patient", "Taken", "Closed")
    )
    me = signed_in(alice)
    form = form_on(me.get(HANDOVER), same, patient, taken, closed, to=bruno.pk, note="Back on Monday.")
    perform(CHANGE_CALL_TIMES, patient, call_times=["evening"])
    perform(ASSIGN, taken, by=manager, to=manager)
    perform(CLOSE, closed, by=alice, reason="declined")
    before = [list(request.events.values()) for request in (patient, taken, closed)]

    page = me.post(HANDOVER, form)

    assert page.status_code == 409
    assert title_of(page).startswith("Error: Hand-over")
    assert in_whose_hands(same, patient, taken, closed) == ["bruno", "alice", "manager", None]
    assert [list(request.events.values()) for request in (patient, taken, closed)] == before
    told = words_of(page)
    assert "1 handed over to bruno. 3 could not be" in told
    assert f"{patient} : The patient: The patient changed when to call. alice holds this request." in told
    assert f"{taken} : manager: Handed out. manager holds this request." in told
    assert f"{closed} : alice: Closed. alice closed this request: Does not want a visit" in told
    assert on(page) == {"Held": ["Patient Example x"], "Promised a call": []}
    assert f'<option value="{bruno.pk}" selected>' in page.text
    assert "Back on Monday.</textarea>" in page.text

    again = me.post(HANDOVER, form_on(page, patient, to=bruno.pk))

    assert again.status_code == 302
    assert in_whose_hands(patient) == ["bruno"]


@pytest.mark.either
@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"to": ""}, "Choose a colleague."),
        ({"to": "alice"}, "Select a valid choice."),
        ({"to": "onlooker"}, "Select a valid choice."),
        ({"to": "gone"}, "Select a valid choice."),
        ({"to": "x"}, "Select a valid choice."),
        ({"chosen": []}, "Choose at least one request."),
        ({"shown": ["1", "x-1", "9" * 30 + "-1"]}, "Choose at least one request."),
        ({"note": "x" * 501}, "at most 500 characters"),
    ],
)
def test_a_form_that_is_not_complete_hands_nothing_over_and_keeps_what_was_chosen(held_by, alice, bruno, typed, told):
    member_of("Nurses", "onlooker")
    gone = member_of("Schedulers", "gone")
    get_user_model().objects.filter(pk=gone.pk).update(is_active=False)
    request = held_by(alice)
    me = signed_in(alice)
    people = {user.username: user.pk for user in get_user_model().objects.all()}
    typed = {name: people.get(value, value) if name == "to" else value for name, value in typed.items()}

    page = me.post(HANDOVER, {**form_on(me.get(HANDOVER), request, to=bruno.pk), **typed})

    assert page.status_code == 422
    assert told in words_of(page)
    assert in_whose_hands(request) == ["alice"]
    assert on(page)["Held"] == ["Ana Example" if {"chosen", "shown"} & typed.keys() else "Ana Example x"]


def test_nobody_hands_over_what_is_not_on_the_list_by_naming_its_number(held_by, alice, bruno):
    theirs = held_by(bruno)

    page = signed_in(alice).post(
        HANDOVER, {"shown": [f"{theirs.pk}-{theirs.version}", "999999-1"], "all": "", "to": bruno.pk}
    )

    assert page.status_code == 409
    assert in_whose_hands(theirs) == ["bruno"]
    assert "assigned" not in theirs.events.values_list("verb", flat=True)
    assert "bruno holds this request." in words_of(page)
    assert "It is not there any more." in words_of(page)


def test_the_list_of_somebody_else_takes_the_permission_to_manage(held_by, promised_by, alice, bruno, manager):
    held, promised = held_by(bruno, "Held"), promised_by(bruno, "Promised")
    address = f"{HANDOVER}?whose={bruno.pk}"
    form = {"shown": f"{held.pk}-{held.version}", "chosen": held.pk, "to": alice.pk}
    other, boss = signed_in(alice), signed_in(manager)

    refused = [other.get(address), other.post(address, form)]
    page = boss.get(address)
    done = boss.post(address, form_on(page, held, promised, to=alice.pk))

    assert [answer.status_code for answer in refused] == [403, 403]
    assert "Whose list" not in other.get(HANDOVER).text
    assert on(page) == {"Held": ["Held"], "Promised a call": ["Promised"]}
    assert (done.status_code, done["Location"]) == (302, address)
    assert in_whose_hands(held, promised) == ["alice", "alice"]
    assert last_step(held) == ("assigned", "manager", "to alice", "")
    assert {boss.get(f"{HANDOVER}?whose={typed}").status_code for typed in ("0", "x", "9" * 40)} == {404}


def test_somebody_who_left_can_still_be_chosen_as_long_as_they_have_something(promised_by, bruno, manager):
    promised_by(bruno)
    get_user_model().objects.filter(pk=bruno.pk).update(is_active=False)
    boss = signed_in(manager)
    choice = f'<option value="{bruno.pk}">bruno</option>'

    assert choice in boss.get(HANDOVER).text
    AppointmentRequest.objects.update(is_promised=False)
    assert choice not in boss.get(HANDOVER).text


@pytest.mark.either
def test_those_who_only_look_see_their_list_and_hand_nothing_over(held_by, alice, bruno):
    nurse = member_of("Nurses")
    request = held_by(alice)
    AppointmentRequest.objects.update(claimed_by=nurse)
    looking = signed_in(nurse)

    page = looking.get(HANDOVER)
    answer = looking.post(HANDOVER, form_on(page, request, to=bruno.pk))

    assert "Ana Example" in page.text
    assert "Hand over the chosen" not in page.text
    assert answer.status_code == 403
    assert in_whose_hands(request) == [nurse.username]
    assert signed_in(member_of("Auditors")).get(HANDOVER).status_code == 403


def test_the_first_of_the_queue_are_handed_out_by_priority_and_language(a_request, manager, bruno, alice):
    english = waiting(a_request(name="English"))
    spanish = waiting(a_request(name="Spanish", language="es"))
    urgent = waiting(a_request(name="Urgent", function="bed"))
    held = waiting(a_request(name="Held"))
    perform(CLAIM, held, by=alice)
    a_request(name="Doubtful", doubts="many requests from one address")
    boss = signed_in(manager)

    def shown(**changes):
        return on(boss.get(HAND_OUT, {"to": bruno.pk, "which": "waiting", "most": 10, **changes}))[
            "First in the queue"
        ]

    assert shown() == ["Urgent", "English", "Spanish"]
    assert shown(most=1) == ["Urgent"]
    assert shown(language="es") == ["Spanish"]
    assert shown(priority="P2") == ["English", "Spanish"]

    address = f"{HAND_OUT}?to={bruno.pk}&which=waiting&most=2"
    response = boss.post(address, form_on(boss.get(address), to=bruno.pk, note="For today.", all=""))

    assert (response.status_code, response["Location"]) == (302, address)
    assert in_whose_hands(urgent, english, spanish) == ["bruno", "bruno", None]
    assert last_step(urgent) == ("assigned", "manager", "to bruno", "For today.")


def test_callable_now_is_what_the_colleague_may_call(a_request, manager, alice, bruno, settings):
    waiting(a_request(name="Spanish", language="es", call_times=["any"]))
    later = waiting(a_request(name="Later", call_times=["any"]))
    AppointmentRequest.objects.filter(pk=later.pk).update(next_call_at=timezone.now() + datetime.timedelta(hours=1))
    Caller.objects.create(user=bruno, languages=["es"])
    # Open at any hour, so that the clock does not matter.
    settings.CALLS_FROM_HOUR, settings.CALLS_UNTIL_HOUR = 0, 24
    OpeningHours.objects.all().delete()
    any_hour = {"opens": datetime.time.min, "closes": datetime.time.max}
    OpeningHours.objects.bulk_create(OpeningHours(weekday=weekday, **any_hour) for weekday in range(7))
    cache.clear()
    boss = signed_in(manager)

    def shown(to):
        return on(boss.get(HAND_OUT, {"to": to.pk, "which": "callable", "most": 10}))["First in the queue"]

    assert shown(bruno) == ["Spanish"]
    assert shown(alice) == []
    assert "bruno, speaks Spanish" in boss.get(HAND_OUT).text


def test_what_was_taken_meanwhile_is_not_handed_out(a_request, manager, alice, bruno):
    taken, free = (waiting(a_request(name=name)) for name in ("Taken", "Free"))
    boss = signed_in(manager)
    address = f"{HAND_OUT}?to={bruno.pk}&which=waiting&most=10"
    form = form_on(boss.get(address), taken, free, to=bruno.pk)
    perform(CLAIM, taken, by=alice)

    page = boss.post(address, form)

    assert page.status_code == 409
    assert in_whose_hands(taken, free) == ["alice", "bruno"]
    assert f"{taken} : alice: Claimed. alice holds this request." in words_of(page)


@pytest.mark.parametrize(
    "query", ["to=x", "to={bruno}", "to={bruno}&which=all&most=5", "to={bruno}&which=waiting&most=41"]
)
def test_a_choice_made_up_by_hand_shows_and_hands_out_nothing(a_request, manager, bruno, query):
    sent = a_request()
    address = f"{HAND_OUT}?{query.format(bruno=bruno.pk)}"
    boss = signed_in(manager)

    answers = [
        boss.get(address),
        boss.post(address, {"shown": f"{sent.pk}-{sent.version}", "all": "", "to": bruno.pk}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert in_whose_hands(sent) == [None]
    assert "Ana Example" not in answers[0].text


@pytest.mark.either
@pytest.mark.parametrize("group", ["Schedulers", "Nurses", "Auditors"])
def test_only_those_who_may_manage_hand_out_from_the_queue(a_request, bruno, group):
    sent = a_request()
    client = signed_in(member_of(group))
    address = f"{HAND_OUT}?to={bruno.pk}&which=waiting&most=2"

    answers = [client.get(HAND_OUT), client.post(address, {"shown": f"{sent.pk}-{sent.version}", "all": ""})]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert in_whose_hands(sent) == [None]


@pytest.mark.either
def test_a_long_list_costs_as_many_statements_as_a_short_one_and_its_form_can_be_sent(
    held_by, promised_by, manager, alice
):
    boss = signed_in(manager)

    def more_like(request, count):
        names = {field.name for field in request._meta.concrete_fields if not field.generated}
        values = {name: getattr(request, name) for name in names - {"id", "journey", "reference"}}
        copies = AppointmentRequest.objects.bulk_create(
            AppointmentRequest(journey=uuid.uuid4(), **values) for _ in range(count)
        )
        entries = Event.objects.bulk_create(
            Event(request=copy, by=manager, verb="called", version=1, before={}) for copy in copies
        )
        ContactAttempt.objects.bulk_create(
            ContactAttempt(request=copy, by=manager, channel="phone", outcome="call_back", event=entry)
            for copy, entry in zip(copies, entries, strict=True)
        )
        Event.objects.bulk_create(
            Event(request=copy, by=manager, verb="assigned", version=2, before={}) for copy in copies
        )

    def page_and_statements():
        with statements_without_audit() as queries:
            page = boss.get(HANDOVER)
        return page, len(queries)

    held, promised = held_by(manager), promised_by(manager)
    more_like(held, 1)
    more_like(promised, 1)
    _page, few = page_and_statements()
    more_like(held, 60)
    more_like(promised, 60)

    page, many = page_and_statements()
    response = boss.post(HANDOVER, form_on(page, to=alice.pk, all=""))

    assert many == few <= 14
    assert [len(names) for names in on(page).values()] == [40, 40]
    assert "and more" in words_of(page)
    assert response.status_code == 302
    assert AppointmentRequest.objects.filter(claimed_by=alice).count() == 80


def test_what_is_handed_out_waits_for_that_person_until_the_end_of_the_day(a_request, scheduler, colleague):
    request = a_request(call_times=["any"])
    AppointmentRequest.objects.update(doubts="", time_zone="America/New_York")
    monday = timezone.make_aware(datetime.datetime(2026, 11, 23, 10, 0))
    with time_machine.travel(monday, tick=False):
        perform(ASSIGN, AppointmentRequest.objects.get(), by=scheduler, to=colleague)

    with time_machine.travel(monday + datetime.timedelta(hours=5), tick=False):
        assert next_call.take(scheduler) is None
        taken, _reasons = next_call.take(colleague)

    assert (taken, taken.claimed_by, taken.assigned_until) == (request, colleague, None)


def test_what_was_handed_out_and_not_called_is_for_everybody_on_the_next_day(a_request, scheduler, colleague):
    a_request(call_times=["any"])
    AppointmentRequest.objects.update(doubts="", time_zone="America/New_York")
    monday = timezone.make_aware(datetime.datetime(2026, 11, 23, 10, 0))
    with time_machine.travel(monday, tick=False):
        perform(ASSIGN, AppointmentRequest.objects.get(), by=scheduler, to=colleague)

    with time_machine.travel(monday + datetime.timedelta(days=1), tick=False):
        taken, _reasons = next_call.take(scheduler)

    assert taken.claimed_by == scheduler


def test_a_note_to_an_earlier_holder_is_not_shown_to_the_next(held_by, manager, alice, bruno):
    request = held_by(alice, "Passed Example")
    perform(ASSIGN, request, by=manager, to=bruno, note="Only for Bruno")

    assert "Only for Bruno" in words_of(signed_in(bruno).get(HANDOVER))
    perform(RELEASE, request, by=bruno)
    perform(CLAIM, request, by=alice)

    page = words_of(signed_in(alice).get(HANDOVER))
    assert "Passed Example" in page
    assert "Only for Bruno" not in page


def test_a_note_stays_while_who_it_was_handed_to_works_on_the_request(held_by, manager, alice, bruno):
    request = held_by(alice, "Passed Example")
    perform(ASSIGN, request, by=manager, to=bruno, note="Only for Bruno")
    perform(LOG_CALL, request, by=bruno, channel="phone", outcome="reached")

    assert "Only for Bruno" in words_of(signed_in(bruno).get(HANDOVER))

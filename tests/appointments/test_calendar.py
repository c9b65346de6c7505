"""The clinic's calendar: what a visit is refused for, and what becomes of visits when the calendar changes."""

import datetime
import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from django.utils import timezone

from appointments.calendar.slots import Slot, free_slots
from appointments.lifecycle.definition import BOOK, BOOK_ANYWAY, CANCEL, CLAIM, OFFER, RESCHEDULE, UNDO
from appointments.lifecycle.offered_times import link_of, open_times
from appointments.lifecycle.transition import Refused, perform
from appointments.models import (
    Absence,
    AppointmentRequest,
    Clinician,
    ConsultingHours,
    ExtraHours,
    Holiday,
    Message,
    OpeningHours,
    Place,
    PlaceHours,
    VisitKind,
)
from appointments.operations.jobs import end_offers
from tests.staff import member_of, signed_in
from tests.statements import statements_without_audit
from tests.walk import BIRTHDAY, words_of

pytestmark = pytest.mark.both

SHEETS = "/admin/appointments/appointmentrequest/"
# A Tuesday at noon in New York; the visits are on the Monday after.
NOON = datetime.datetime(2037, 5, 5, 16, tzinfo=datetime.UTC)
MONDAY = datetime.date(2037, 5, 11)
SATURDAY = datetime.date(2037, 5, 9)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON) as travel:
        yield travel


@pytest.fixture
def ana(db):
    return member_of("Schedulers", "ana")


@pytest.fixture
def eve(db):
    return member_of("Managers", "eve")


@pytest.fixture
def review(db):
    return VisitKind.objects.create(name="Imaging review", minutes=15)


@pytest.fixture
def held(a_request, ana, consulting_hours):
    """Gives a request that Ana holds, each of another patient."""
    phones = iter(range(100, 200))

    def hold(by=ana, **facts) -> AppointmentRequest:
        request = a_request(**{"phone": f"(212) 555-0{next(phones)}", **facts})
        perform(CLAIM, request, by=by)
        return request

    return hold


@pytest.fixture
def booked(held, ana, clinician, place):
    """Gives a request with a visit that Ana booked."""

    def book(day=MONDAY, time="10:00") -> AppointmentRequest:
        request = held()
        perform(BOOK, request, by=ana, starts_at=at(day, time), clinician=clinician, place=place)
        return request

    return book


def at(day: datetime.date, time: str) -> datetime.datetime:
    moment = datetime.datetime.combine(day, datetime.time.fromisoformat(time), timezone.get_default_timezone())
    return moment.astimezone(datetime.UTC)


def post(user, request, verb, **typed):
    request.refresh_from_db()
    return signed_in(user).post(f"{SHEETS}{request.pk}/do/{verb}/", {"version": request.version, **typed})


def sheet(user, request) -> str:
    return words_of(signed_in(user).get(f"{SHEETS}{request.pk}/change/"))


def add(user, table, confirmed=False, **typed):
    return change(user, f"{table}/add", confirmed=confirmed, **typed)


def change(user, page, confirmed=False, **typed):
    """What the admin answers; confirmed, what it answers to the button below what it shows."""
    url = f"/admin/appointments/{page}/"
    answer = signed_in(user).post(url, typed)
    if not confirmed:
        return answer
    [seen] = re.findall(r'name="visits_seen" value="(\w+)"', answer.text)
    return signed_in(user).post(url, {**typed, "visits_seen": seen})


def to_move(user) -> str:
    return words_of(signed_in(user).get(f"{SHEETS}?queue=to-move")).partition("State")[2]


# What is refused.


def away(clinician, **more):
    Absence.objects.create(clinician=clinician, starts_at=at(MONDAY, "12:00"), ends_at=at(MONDAY, "18:00"), **more)


@pytest.mark.either
@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("2037-05-11T10:00", ""),
        (
            "2037-05-12T16:45",
            "Outside hours: Dr. Example sees patients at Main clinic from 9:00 AM to 5:00 PM on Tue",
        ),
        ("2037-05-10T10:00", "Outside hours: Dr. Example sees nobody at Main clinic on Sunday, May 10."),
        ("2037-05-12T03:07", "on Tuesday, May 12. Did you mean 3:07 PM?"),
        ("2037-05-12T21:00", "on Tuesday, May 12. Did you mean 9:00 AM?"),
        ("2037-05-11T15:00", "Dr. Example is away from Mon May 11 2037, 12:00 PM to 6:00 PM: a course."),
        ("2037-05-13T10:00", "The clinic sees nobody then: May 13, 2037: A day off."),
        ("2056-05-01T10:00", "That is more than 180 days ahead."),
    ],
)
def test_a_time_that_the_calendar_does_not_have_is_refused_with_the_reason(held, ana, clinician, place, when, why):
    away(clinician, reason="a course")
    Holiday.objects.create(date=datetime.date(2037, 5, 13), name="A day off")
    request = held()

    answer = post(ana, request, "book", starts_at=when, clinician=clinician.pk, place=place.pk)

    assert answer.status_code == (409 if why else 302)
    assert not why or why in words_of(answer)


def test_a_clinician_sees_nobody_at_a_place_where_there_are_no_hours(held, ana, clinician):
    other = Place.objects.create(name="North clinic")

    with pytest.raises(Refused, match=r"Dr. Example sees nobody at North clinic on Monday, May 11\."):
        perform(BOOK, held(), by=ana, starts_at=at(MONDAY, "10:00"), clinician=clinician, place=other)


def test_a_visit_is_not_moved_to_where_it_could_not_be_booked(booked, ana, clinician, place):
    request = booked()

    for time, status in (("03:00", 409), ("10:15", 302)):
        typed = {"starts_at": f"{MONDAY}T{time}", "clinician": clinician.pk, "place": place.pk, "reason": "clinic"}
        assert post(ana, request, "reschedule", **typed).status_code == status


def test_a_patient_has_no_two_visits_at_once(held, ana, clinician, place):
    other = Clinician.objects.create(name="Dr. Sample")
    ConsultingHours.objects.create(
        clinician=other, place=place, weekday=0, starts=datetime.time(9), ends=datetime.time(17)
    )
    first, second, third = (held(phone="(212) 555-0123") for _ in range(3))
    AppointmentRequest.objects.filter(pk=third.pk).update(phone="+12125550124", earlier=first)
    perform(BOOK, first, by=ana, starts_at=at(MONDAY, "10:00"), clinician=clinician, place=place)

    for again in (second, AppointmentRequest.objects.get(pk=third.pk)):
        with pytest.raises(Refused, match="The patient has another visit at that time: Mon May 11 2037, 10:00 AM"):
            perform(BOOK, again, by=ana, starts_at=at(MONDAY, "10:15"), clinician=other, place=place)
    perform(BOOK, second, by=ana, starts_at=at(MONDAY, "10:30"), clinician=other, place=place)


def test_a_manager_may_book_and_move_against_hours_and_never_onto_another_visit_or_an_absence(
    held, booked, eve, ana, clinician, place
):
    booked()
    away(clinician)
    request = held(by=eve)
    who = {"clinician": clinician.pk, "place": place.pk, "note": "Dr. Example comes in for her."}
    steps = (
        ("book-anyway", f"{MONDAY}T10:15", 409),
        ("book-anyway", "2037-05-05T11:59", 422),
        ("book-anyway", "2037-05-10T07:00", 302),
        ("reschedule-anyway", f"{MONDAY}T10:15", 409),
        ("reschedule-anyway", f"{MONDAY}T14:00", 409),
        ("reschedule-anyway", f"{MONDAY + DAY}T19:00", 302),
    )

    for verb, starts_at, status in steps:
        reason = {"reason": "clinic"} if verb == "reschedule-anyway" else {}
        assert post(eve, request, verb, starts_at=starts_at, **reason, **who).status_code == status
    assert post(ana, request, "reschedule-anyway", starts_at="2037-05-10T07:00", **who).status_code == 403

    request.refresh_from_db()
    assert (request.appointment.starts_at, request.appointment.is_exception) == (at(MONDAY + DAY, "19:00"), True)
    assert request.events.last().details.startswith("Against a rule. The clinic had to: Tue May 12")


# What can be booked.


def times_of(day: datetime.date) -> list[str]:
    times = free_slots(most=1000, since=at(day, "00:00"))
    return [f"{free.starts_at:%H:%M} {free.place}" for free in times if timezone.localdate(free.starts_at) == day]


def test_free_times_heed_breaks_dates_extra_hours_absences_and_the_hours_of_the_place(clinician, place):
    def consults(starts, ends, **more):
        hours = {"starts": datetime.time(starts), "ends": datetime.time(ends)}
        ConsultingHours.objects.create(clinician=clinician, place=place, weekday=0, **hours, **more)

    consults(9, 10)
    # Sunday and Monday after the first Monday.
    consults(13, 16, since=MONDAY, until=MONDAY + DAY)
    ExtraHours.objects.create(
        clinician=clinician, place=place, date=SATURDAY, starts=datetime.time(9), ends=datetime.time(10)
    )
    Absence.objects.create(clinician=clinician, starts_at=at(MONDAY, "13:45"), ends_at=at(MONDAY, "14:15"))
    PlaceHours.objects.create(place=place, weekday=0, opens=datetime.time(9, 30), closes=datetime.time(15))

    # In UTC, which New York is four hours behind.
    assert times_of(MONDAY) == ["13:30 Main clinic", "17:00 Main clinic", "18:30 Main clinic"]
    assert times_of(MONDAY + 7 * DAY) == ["13:30 Main clinic"]
    assert times_of(SATURDAY) == ["13:00 Main clinic", "13:30 Main clinic"]


# What becomes of visits when the calendar changes.


def whole_day(clinician, day=MONDAY) -> dict:
    return {"clinician": clinician.pk, "starts_at": f"{day}T00:00", "ends_at": f"{day + DAY}T00:00", "reason": "ill"}


def test_visits_that_an_absence_touches_are_shown_first_then_moved_and_taken_off_when_it_ends(
    booked, ana, eve, clinician
):
    touched, untouched = booked(), booked(day=MONDAY + DAY)

    shown = add(eve, "absence", **whole_day(clinician))

    assert "Save, and put 1 visit on the list of visits to move" in words_of(shown)
    assert (touched.name in shown.text, "Mon May 11 2037, 10:00 AM" in words_of(shown)) == (True, True)
    assert (
        "Tue May 12"
        not in words_of(shown).partition("Nothing is saved yet")[2].partition("Why")[2].partition("is away")[0]
    )
    assert "was added" not in words_of(shown)
    assert not Absence.objects.exists()

    assert add(eve, "absence", confirmed=True, **whole_day(clinician)).status_code == 302
    why = "Dr. Example is away from Mon May 11 2037, 12:00 AM to Tue May 12 2037, 12:00 AM: ill."
    assert why in to_move(ana)
    assert f"To be moved: {why}" in sheet(ana, touched)
    # The close of the next business day.
    assert "by Wed, May 6, 5:00 PM" in sheet(ana, touched)
    assert "To be moved" not in sheet(ana, untouched)

    row = Absence.objects.get()
    gone = change(eve, f"absence/{row.pk}/delete", confirmed=True, post="yes")
    assert gone.status_code == 302
    assert why not in to_move(ana)
    assert "To be moved" not in sheet(ana, touched)


def test_what_touches_nobody_is_saved_at_once(booked, eve, clinician):
    booked()

    assert add(eve, "absence", **whole_day(clinician, day=MONDAY + DAY)).status_code == 302
    assert Absence.objects.count() == 1


def test_who_has_seen_one_list_has_not_seen_a_longer_one(booked, eve, clinician):
    booked()
    shown = add(eve, "absence", **whole_day(clinician))
    [seen] = re.findall(r'name="visits_seen" value="(\w+)"', shown.text)
    booked(time="11:00")

    again = add(eve, "absence", **whole_day(clinician), visits_seen=seen)

    assert "put 2 visits on the list" in words_of(again)
    assert not Absence.objects.exists()


def every_change(clinician, place, consulting_hours) -> dict[str, tuple[str, dict]]:
    hours = consulting_hours[0]
    row = {"clinician": clinician.pk, "place": place.pk, "weekday": 0, "starts": "09:00", "ends": "10:00"}
    opening = OpeningHours.objects.get(weekday=0)
    return {
        "a holiday": ("holiday/add", {"date": MONDAY, "name": "A day off"}),
        "shorter hours": (f"consultinghours/{hours.pk}/change", row),
        "hours that end": (f"consultinghours/{hours.pk}/change", {**row, "ends": "17:00", "until": "2037-05-10"}),
        "hours that are deleted": (f"consultinghours/{hours.pk}/delete", {"post": "yes"}),
        "hours that are deleted from the list": (
            "consultinghours",
            {"action": "delete_selected", "_selected_action": hours.pk, "post": "yes"},
        ),
        "the clinic opens later": (
            f"openinghours/{opening.pk}/change",
            {"weekday": 0, "opens": "13:00", "closes": "17:00"},
        ),
        "the place opens later": (
            "placehours/add",
            {"place": place.pk, "weekday": 0, "opens": "13:00", "closes": "17:00"},
        ),
        "a clinician who leaves": (f"clinician/{clinician.pk}/change", {"name": clinician.name}),
        "a place that is given up": (f"place/{place.pk}/change", {"name": place.name}),
    }


@pytest.mark.either
@pytest.mark.parametrize("number", range(9))
def test_whatever_change_touches_a_visit_puts_it_on_the_list(
    booked, held, ana, eve, clinician, place, consulting_hours, number
):
    what, (page, typed) = [*every_change(clinician, place, consulting_hours).items()][number]
    request, offered = booked(), held()
    perform(OFFER, offered, by=ana, times=[Slot(at(MONDAY, "12:00"), clinician, place)])

    shown = change(eve, page, **typed)

    assert "Visits to move (1)" in words_of(shown), what
    assert "Offered times that are gone (1)" in words_of(shown), what
    assert change(eve, page, confirmed=True, **typed).status_code == 302
    assert request.name in to_move(ana)
    assert open_times(offered) == []
    end_offers()
    assert Message.objects.filter(request=offered, kind="no_times_left").exists()


@pytest.mark.parametrize("what", ["minutes", "clinicians", "places"])
def test_a_change_of_a_kind_of_visits_shows_the_offered_times_that_it_ends(
    held, ana, eve, clinician, place, review, what
):
    offered, kind = held(), VisitKind.objects.first()
    perform(OFFER, offered, by=ana, times=[Slot(at(MONDAY, "16:30"), clinician, place)], kind=kind)
    as_it_is = {"name": kind.name, "minutes": "30", "is_active": "on"}
    elsewhere = Place.objects.create(name="Elsewhere")
    changed = {
        "minutes": {"minutes": "60"},
        "clinicians": {"clinicians": Clinician.objects.create(name="Dr. Other").pk},
        "places": {"places": elsewhere.pk},
    }[what]

    shown = change(eve, f"visitkind/{kind.pk}/change", **{**as_it_is, **changed})

    assert "Offered times that are gone (1)" in words_of(shown)
    assert len(open_times(offered)) == 1
    assert change(eve, f"visitkind/{kind.pk}/change", confirmed=True, **{**as_it_is, **changed}).status_code == 302
    assert open_times(offered) == []


def test_what_was_booked_against_hours_is_moved_for_holidays_and_absences_only(held, eve, ana, clinician, place):
    request = held(by=eve)
    perform(
        BOOK_ANYWAY, request, by=eve, starts_at=at(MONDAY, "18:00"), clinician=clinician, place=place, note="Agreed."
    )

    assert change(eve, f"openinghours/{OpeningHours.objects.get(weekday=0).pk}/delete", post="yes").status_code == 302
    assert add(eve, "absence", confirmed=True, **whole_day(clinician)).status_code == 302

    assert "is away" in to_move(ana)


def test_a_visit_that_comes_back_to_a_time_that_is_gone_by_now_is_on_the_list(booked, ana, eve, clinician):
    request = booked()
    perform(CANCEL, request, by=ana, reason="patient")
    add(eve, "absence", **whole_day(clinician))

    perform(UNDO, request, by=ana)

    assert "is away" in to_move(ana)


def test_a_visit_that_was_moved_is_off_the_list(booked, ana, eve, clinician, place):
    request = booked()
    add(eve, "absence", confirmed=True, **whole_day(clinician))
    perform(RESCHEDULE, request, by=ana, starts_at=at(MONDAY + DAY, "10:00"), clinician=clinician, place=place)

    assert request.name not in to_move(ana)


FAR = "Check the year: it is one from 2000 to 2199."


@pytest.mark.either
@pytest.mark.parametrize(
    ("table", "typed", "why"),
    [
        ("consultinghours", {"starts": "17:00", "ends": "09:00"}, "It must end after it begins."),
        (
            "consultinghours",
            {"starts": "16:00", "ends": "18:00"},
            "These overlap hours that are there: Dr. Example, Mon",
        ),
        (
            "consultinghours",
            {"starts": "17:00", "ends": "18:00", "since": "2037-06-01", "until": "2037-05-01"},
            "The last",
        ),
        ("extrahours", {"date": SATURDAY, "starts": "12:00", "ends": "09:00"}, "It must end after it begins."),
        (
            "extrahours",
            {"date": "2037-05-02", "starts": "11:00", "ends": "13:00"},
            "These overlap hours that are there",
        ),
        ("absence", {"starts_at": "2037-05-11T12:00", "ends_at": "2037-05-11T09:00"}, "It must end after it begins."),
        ("absence", {"starts_at": "2037-05-11T12:00", "ends_at": "9999-12-31T23:59"}, FAR),
        ("absence", {"starts_at": "0001-01-01T00:00", "ends_at": "2037-05-11T12:00"}, FAR),
        ("consultinghours", {"starts": "17:00", "ends": "18:00", "until": "9999-12-31"}, FAR),
        ("extrahours", {"date": "9999-12-31", "starts": "09:00", "ends": "12:00"}, FAR),
        ("holiday", {"date": "0001-01-01", "name": "Example Day"}, FAR),
        ("openinghours", {"opens": "17:00", "closes": "09:00", "weekday": 6}, "It must end after it begins."),
        ("placehours", {"opens": "17:00", "closes": "09:00"}, "It must end after it begins."),
    ],
)
def test_impossible_hours_are_refused_in_words(eve, clinician, place, consulting_hours, table, typed, why):
    ExtraHours.objects.create(
        clinician=clinician, place=place, date="2037-05-02", starts=datetime.time(9), ends=datetime.time(12)
    )

    refused = add(eve, table, **{"clinician": clinician.pk, "place": place.pk, "weekday": 0, **typed})

    assert refused.status_code == 200
    assert why in words_of(refused)


def test_hours_may_follow_each_other_and_replace_those_that_end(eve, clinician, place, consulting_hours):
    ConsultingHours.objects.filter(weekday=0).update(until=MONDAY)
    row = {"clinician": clinician.pk, "place": place.pk, "weekday": 0, "starts": "10:00", "ends": "18:00"}

    assert add(eve, "consultinghours", **{**row, "starts": "17:00"}).status_code == 302
    assert add(eve, "consultinghours", **{**row, "ends": "17:00", "since": MONDAY + DAY}).status_code == 302


# All free times.


def test_any_free_time_of_a_week_can_be_chosen_and_booked(held, ana, clinician, place, consults, review):
    consults(Clinician.objects.create(name="Dr. Sample"))
    request = held()
    browser = signed_in(ana)
    assert f'href="/admin/free-times/?request={request.pk}"' in browser.get(f"{SHEETS}{request.pk}/change/").text

    week = browser.get("/admin/free-times/", {"request": request.pk, "day": MONDAY, "clinician": clinician.pk})
    [link] = re.findall(r'<a href="([^"]*2037-05-13T14%3A30[^"]*)"', week.text)
    chosen = browser.get(unescape(link))
    typed = dict(parse_qsl(urlsplit(unescape(link)).query))

    assert "Dr. Sample," not in words_of(week).partition("Week of May 11, 2037")[2]
    assert (request.name in week.text, str(request) in week.text) == (False, True)
    assert 'open><summary id="do-book"' in chosen.text
    assert 'value="2037-05-13T14:30"' in chosen.text
    assert post(ana, request, "book", **typed).status_code == 302
    week = browser.get("/admin/free-times/", {"request": request.pk, "day": MONDAY, "clinician": clinician.pk})
    assert "2037-05-13T14%3A30" not in week.text


def test_weeks_lead_to_each_other_and_to_the_first_in_which_there_is_a_time(ana, clinician, consulting_hours):
    Absence.objects.create(clinician=clinician, starts_at=NOON - DAY, ends_at=at(MONDAY + 8 * DAY, "12:00"))
    browser = signed_in(ana)

    first = browser.get("/admin/free-times/?first=")
    found = browser.get(first["Location"])

    assert first["Location"].endswith("?day=2037-05-19")
    assert "Tuesday, May 19 12:00 PM Dr. Example, Main clinic" in words_of(found)
    assert "Monday, May 18 No free time." in words_of(found)
    assert weeks_from(found) == {"Previous week": "2037-05-11", "Next week": "2037-05-25"}
    now = browser.get("/admin/free-times/")
    assert ("Monday, May 4" in words_of(now), "Previous week" in now.text) == (False, False)
    farthest = browser.get("/admin/free-times/?day=9999-12-31")
    assert (farthest.status_code, "Next week" in farthest.text) == (200, False)


def weeks_from(page) -> dict[str, str]:
    return {label: day for day, label in re.findall(r'name="day" value="([^"]*)">([^<]* week)<', page.text)}


def test_times_of_several_weeks_can_be_ticked_and_offered(held, ana, clinician, place):
    """As a browser sends the form: with all that is ticked, the day of the field, and then that of the button."""
    request, browser = held(), signed_in(ana)
    assert f'href="/admin/free-times/?request={request.pk}"' in browser.get(f"{SHEETS}{request.pk}/change/").text
    keys = [f"{clinician.pk} {place.pk} {day}T14:30Z" for day in (MONDAY, MONDAY + 7 * DAY, MONDAY + 70 * DAY)]
    week, sent = browser.get("/admin/free-times/", {"request": request.pk, "day": MONDAY}), {"request": request.pk}
    for number, key in enumerate(keys):
        assert f'value="{key}" aria-label="Offer ' in week.text
        days = [MONDAY, (MONDAY + 7 * DAY, MONDAY + 70 * DAY, MONDAY)[number]]
        week = browser.get("/admin/free-times/", {**sent, "times": keys[: number + 1], "day": days})
    first = browser.get("/admin/free-times/", {**sent, "times": keys, "first": ""})

    assert ticked(week) == ticked(browser.get(first["Location"])) == set(keys)
    sheet = browser.get(f"{SHEETS}{request.pk}/change/", {**sent, "times": keys, "clinician": "", "place": ""})
    assert ('open><summary id="do-offer"' in sheet.text, ticked(sheet)) == (True, set(keys))
    assert post(ana, request, "offer", times=keys).status_code == 302
    assert [f"{time.starts_at:%F}" for time in open_times(request)] == ["2037-05-11", "2037-05-18", "2037-07-20"]


def ticked(page) -> set[str]:
    return set(re.findall(r'type="checkbox" name="times" value="([^"]*)"[^>]* checked', page.text))


def test_times_are_ticked_only_where_they_can_be_offered(held, booked, ana):
    for request in (held(by=member_of("Schedulers", "ben")), booked()):
        week = signed_in(ana).get("/admin/free-times/", {"request": request.pk, "times": ["x", "1 1 9999-99-99T0Z"]})
        assert (week.status_code, 'name="times"' in week.text) == (200, False)


@pytest.mark.parametrize(
    "query", ["day=soon", "clinician=x", "place=999999999", "kind=0", "request=99999999999999999999"]
)
def test_what_is_looked_for_and_is_not_there_is_said_plainly(ana, consulting_hours, query):
    page = signed_in(ana).get(f"/admin/free-times/?{query}")

    assert page.status_code == 400


def test_free_times_cost_the_same_in_any_week(booked, ana):
    def statements(day) -> int:
        with statements_without_audit() as queries:
            assert signed_in(ana).get(f"/admin/free-times/?day={day}").status_code == 200
        return len(queries)

    empty = statements(MONDAY + 70 * DAY)
    for hour in range(9, 15):
        booked(time=f"{hour:02}:00")

    assert statements(MONDAY) == empty


# Kinds of visits.


def test_a_kind_says_how_long_a_visit_is_wherever_it_is_booked_moved_or_chosen(
    held, ana, clinician, place, review, client
):
    where = {"clinician": clinician.pk, "place": place.pk}
    short, long, offered = held(), held(), held()

    assert post(ana, short, "book", starts_at=f"{MONDAY}T09:00", kind=review.pk, **where).status_code == 302
    assert post(ana, long, "book", starts_at=f"{MONDAY}T09:15", **where).status_code == 302
    assert post(ana, short, "reschedule", starts_at=f"{MONDAY}T09:00", reason="mistake", **where).status_code == 302
    perform(OFFER, offered, by=ana, times=[Slot(at(MONDAY, "09:45"), clinician, place)], kind=review)
    [time] = open_times(offered)
    assert client.post(link_of(offered), {"time": time.pk, **BIRTHDAY}).status_code == 200

    visits = AppointmentRequest.objects.order_by("pk").values_list(
        "appointment__kind__name", "appointment__starts_at", "appointment__ends_at"
    )
    assert [*visits] == [
        ("Imaging review", at(MONDAY, "09:00"), at(MONDAY, "09:15")),
        ("Consultation", at(MONDAY, "09:15"), at(MONDAY, "09:45")),
        ("Imaging review", at(MONDAY, "09:45"), at(MONDAY, "10:00")),
    ]
    assert "(Imaging review, 15 minutes)" in sheet(ana, short)
    assert "Imaging review" in words_of(signed_in(ana).get(f"/admin/day-sheet/?date={MONDAY}"))


def test_a_time_that_is_too_short_for_the_kind_that_was_chosen_is_refused(held, ana, clinician, place):
    long = VisitKind.objects.create(name="First visit", minutes=60)
    perform(BOOK, held(), by=ana, starts_at=at(MONDAY, "10:00"), clinician=clinician, place=place)
    half_past_nine = f"{clinician.pk} {place.pk} 2037-05-11T13:30Z"

    request = held()

    assert post(ana, request, "book", time=half_past_nine, kind=long.pk).status_code == 422
    assert post(ana, request, "book", time=half_past_nine).status_code == 302


def test_a_kind_is_done_by_those_and_where_it_says(held, ana, clinician, place, consults, review):
    other = consults(Clinician.objects.create(name="Dr. Sample"))
    review.clinicians.add(other)
    request = held()

    page = signed_in(ana).get(f"{SHEETS}{request.pk}/change/")
    typed = {"starts_at": f"{MONDAY}T09:00", "place": place.pk, "kind": review.pk}
    refused = post(ana, request, "book", clinician=clinician.pk, **typed)

    assert "Imaging review, 15 minutes" in words_of(page)
    assert "Imaging review is not done by Dr. Example." in words_of(refused)
    listed = refused.text.partition("<legend>Free times")[2].partition("Another time")[0]
    assert ("Dr. Sample" in listed, "Dr. Example" in listed) == (True, False)
    assert post(ana, request, "book", clinician=other.pk, **typed).status_code == 302

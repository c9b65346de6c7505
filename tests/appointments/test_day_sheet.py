"""On paper stands whom to call on a day and who comes, and nothing that is not needed for that."""

import datetime
import re
import uuid

import pytest
import time_machine
from django.utils import timezone

from appointments.lifecycle.definition import BOOK_ANYWAY, CANCEL, CLAIM, CLOSE, LOG_CALL
from appointments.lifecycle.transition import perform
from appointments.models import Appointment, AppointmentRequest, Clinician, Holiday, OpeningHours
from audit.models import AuditEntry
from tests.reading import words_found
from tests.staff import member_of, signed_in
from tests.statements import statements_without_audit
from tests.walk import title_of, words_of

SHEET = "/admin/day-sheet/"


@pytest.fixture
def staff(db):
    return signed_in(member_of("Schedulers", "caller"))


@pytest.fixture
def day():
    """A Tuesday or so in the next weeks, far enough from now that no clock matters."""
    return timezone.localdate() + datetime.timedelta(days=10)


def at(day: datetime.date, clock: str) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.fromisoformat(clock)))


def sheet_of(client, day):
    return client.get(SHEET, {"date": day.isoformat()})


def calls_on(page) -> list[str]:
    """The names of those to call, from top to bottom."""
    return re.findall(r"<h3><span class=\"badge p\d\">P\d</span> ([^<]*)</h3>", page.text)


def set_apart(request, **changes) -> AppointmentRequest:
    AppointmentRequest.objects.filter(pk=request.pk).update(**changes)
    request.refresh_from_db()
    return request


def more_like(request, count, **changes) -> None:
    names = {field.name for field in request._meta.concrete_fields if not field.generated}
    values = {name: getattr(request, name) for name in names - {"id", "journey", "reference"}} | changes
    AppointmentRequest.objects.bulk_create(AppointmentRequest(journey=uuid.uuid4(), **values) for _ in range(count))


def test_the_sheet_has_the_calls_due_by_the_end_of_the_day_in_queue_order(a_request, staff, scheduler, day):
    last_minute, next_morning = at(day, "23:59"), at(day + datetime.timedelta(days=1), "00:00")
    earlier = timezone.now() - datetime.timedelta(days=1)
    changes = {
        "Later Again": {"due_at": earlier, "next_call_at": next_morning},
        "Due Later": {"due_at": next_morning},
        "Again Today": {"due_at": earlier, "next_call_at": last_minute},
        "Due Today": {"due_at": last_minute},
        "Overdue": {"due_at": earlier, "priority": "P1"},
        "Doubtful": {"due_at": earlier, "priority": "P1", "doubts": "too fast"},
        "Closed": {"due_at": earlier},
    }
    for name, changed in changes.items():
        sent = set_apart(a_request(), **{"name": name, "doubts": "", **changed})
        if name == "Closed":
            perform(CLAIM, sent, by=scheduler)
            perform(CLOSE, sent, by=scheduler, reason="declined")

    page = sheet_of(staff, day)

    assert calls_on(page) == ["Overdue", "Again Today", "Due Today", "Doubtful", "Due Later"]
    assert "Calls (5)" in words_of(page)


def test_a_call_has_all_that_is_needed_to_make_it_without_a_computer(a_request, staff, scheduler, day):
    sent = a_request(
        filled_in_by="Berta Example",
        relationship="daughter",
        may_talk="patient_agrees",
        language="other",
        other_language="Haitian Creole",
        needs_interpreter="on",
        hard_of_hearing="on",
        voicemail_ok="no",
        call_times=["morning", "afternoon"],
        clotting="too_much",
        blood_thinner="yes",
    )
    perform(CLAIM, sent, by=scheduler)
    perform(LOG_CALL, sent, by=scheduler, channel="phone", outcome="call_back", next_call_at=at(day, "09:30"))
    set_apart(sent, time_zone="America/Denver")

    words = words_of(sheet_of(staff, day))

    for needed in (
        "P2 Ana Example (212) 555-0123",
        f"Promised {day:%a, %b} {day.day}, 9:30 AM. Morning, 8 am to noon, Afternoon, noon to 4 pm",
        "by the clock in America/Denver",
        "Haitian Creole, needs an interpreter , hard of hearing",
        "Ask for Berta Example. Berta Example (daughter) filled this in. Says the patient agrees.",
        "Leave no message.",
        "May I speak with Berta Example?",
        "Ask for the birthday (March 14, 1948) before you say what the call is about.",
        "Ask the nurse: Blood clots too much , ",
        "☐ reached",
    ):
        assert needed in words
    assert "A message may be left" not in words


def test_a_message_may_be_left_where_the_patient_said_so_and_spanish_is_greeted_in_spanish(a_request, staff, day):
    set_apart(a_request(language="es"), due_at=at(day, "12:00"))

    page = sheet_of(staff, day)

    assert "A message may be left: name and number only." in words_of(page)
    assert re.search(r'<q lang="es" dir="auto">Hola, soy …, de [^<]*¿Puedo hablar con Ana Example\?</q>', page.text)


def test_visits_of_the_day_stand_by_clinician_and_time(a_request, staff, scheduler, clinician, place, day):
    other = Clinician.objects.create(name="Dr. Another")
    booked = {}
    for name, who, starts_at in (
        ("Late Sample", clinician, at(day, "23:30")),
        ("Early Sample", clinician, at(day, "00:00")),
        ("Other Sample", other, at(day, "10:00")),
        ("Before Sample", clinician, at(day, "00:00") - datetime.timedelta(minutes=30)),
        ("After Sample", clinician, at(day + datetime.timedelta(days=1), "00:00")),
        ("Cancelled Sample", clinician, at(day, "12:00")),
    ):
        booked[name] = set_apart(a_request(), name=name)
        perform(CLAIM, booked[name], by=scheduler)
        perform(
            BOOK_ANYWAY, booked[name], by=scheduler, starts_at=starts_at, place=place, clinician=who, note="Agreed."
        )
    perform(CANCEL, booked["Cancelled Sample"], by=scheduler, reason="patient")

    words = words_of(sheet_of(staff, day)).partition("Visits")[2]

    assert re.findall(r"Dr\. \w+, \d visits?|\d+:\d\d [AP]M|\w+ Sample", words) == [
        "Dr. Another, 1 visit",
        "10:00 AM",
        "Other Sample",
        "Dr. Example, 2 visits",
        "12:00 AM",
        "Early Sample",
        "11:30 PM",
        "Late Sample",
    ]
    assert "(212) 555-0123" in words
    assert "To be moved" not in words

    Appointment.objects.filter(request=booked["Other Sample"]).update(must_move_by=at(day, "09:00"))
    assert words_of(sheet_of(staff, day)).count("To be moved") == 1

    # One clinician's page has nobody of another's, and no calls.
    set_apart(a_request(), name="To Call", due_at=at(day, "12:00"))
    only = staff.get(SHEET, {"date": day.isoformat(), "clinician": other.pk})
    assert re.findall(r"\w+ Sample|To Call|Calls \(", words_of(only)) == ["Other Sample"]
    assert AuditEntry.objects.latest("seq").numbers.split() == [str(booked["Other Sample"].pk)]
    assert staff.get(SHEET, {"date": day.isoformat(), "clinician": "0"}).status_code == 400


def test_without_a_date_it_is_the_next_business_day(staff):
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    expected = tomorrow + datetime.timedelta(days=1)
    OpeningHours.objects.all().delete()
    for weekday in range(7):
        OpeningHours.objects.create(weekday=weekday, opens=datetime.time(8), closes=datetime.time(17))
    Holiday.objects.create(date=tomorrow, name="Example Day")

    assert title_of(staff.get(SHEET)).startswith(f"Day sheet for {expected:%a, %b} {expected.day}, {expected.year}")


def test_without_a_date_it_is_a_day_without_calls_if_somebody_comes_then(
    a_request, staff, scheduler, clinician, place
):
    request = a_request(
        hard_of_hearing="on",
        filled_in_by="Eva",
        relationship="daughter",
        may_talk="not_sure",
    )
    # A Friday; the clinic answers the phone on weekdays.
    friday = datetime.datetime(2099, 12, 4, 17, tzinfo=datetime.UTC)
    with time_machine.travel(friday):
        perform(CLAIM, request, by=scheduler)
        saturday = {"starts_at": friday + datetime.timedelta(days=1), "place": place, "clinician": clinician}
        perform(BOOK_ANYWAY, request, by=scheduler, **saturday, note="Agreed.")
        staff.force_login(scheduler)
        page = staff.get(SHEET)

    assert title_of(page).startswith("Day sheet for Sat, Dec 5, 2099")
    assert "Ask for Ana Example; Eva (daughter) filled this in. Speak with the patient first." in words_of(page)
    assert "English, has trouble hearing" in words_of(page)


def test_of_a_clinic_that_is_never_open_it_is_tomorrow(staff):
    OpeningHours.objects.all().delete()
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)

    assert title_of(staff.get(SHEET)).startswith(f"Day sheet for {tomorrow:%a, %b} {tomorrow.day}, {tomorrow.year}")


@pytest.mark.parametrize("typed", ["tomorrow", "2026-02-30", "0001-01-01", "9999-12-31", "05/04/2026", "2" * 1_000])
def test_what_is_no_day_of_these_years_is_said_plainly(a_request, staff, typed):
    a_request()

    page = staff.get(SHEET, {"date": typed})

    assert page.status_code == 400
    assert title_of(page).startswith("Error: Day sheet")
    assert re.search(r'class="error"[^>]*>Choose a day', page.text)
    assert not words_found(page.text, "Ana")


def test_of_too_many_calls_the_first_two_hundred_are_there_and_the_sheet_says_so(a_request, staff, day):
    sent = set_apart(a_request(), due_at=at(day, "12:00"))
    assert "These are the first" not in words_of(sheet_of(staff, day))
    more_like(sent, 203)
    set_apart(sent, priority="P1", name="Ana First")

    page = sheet_of(staff, day)

    assert len(calls_on(page)) == 200
    assert calls_on(page)[0] == "Ana First"
    assert "These are the first 200 calls. There are more, which are not on this sheet." in words_of(page)


def test_a_long_sheet_costs_as_many_statements_as_a_short_one(a_request, staff, scheduler, clinician, place, day):
    def statements():
        with statements_without_audit() as queries:
            assert sheet_of(staff, day).status_code == 200
        return len(queries)

    sent = set_apart(a_request(), due_at=at(day, "12:00"))
    booked = a_request()
    perform(CLAIM, booked, by=scheduler)
    perform(
        BOOK_ANYWAY,
        booked,
        by=scheduler,
        starts_at=at(day, "09:00"),
        place=place,
        clinician=clinician,
        note="Agreed.",
    )
    short = statements()
    more_like(sent, 50, claimed_by=scheduler, claimed_at=timezone.now())
    for hour in range(10, 15):
        booked = a_request()
        perform(CLAIM, booked, by=scheduler)
        perform(
            BOOK_ANYWAY,
            booked,
            by=scheduler,
            starts_at=at(day, f"{hour}:00"),
            place=place,
            clinician=clinician,
            note="Agreed.",
        )

    assert statements() == short <= 8


def test_the_title_and_the_address_name_nobody(a_request, staff, day):
    set_apart(a_request(), due_at=at(day, "12:00"))

    page = sheet_of(staff, day)

    assert calls_on(page) == ["Ana Example"]
    assert "Ana" not in title_of(page) + page.wsgi_request.get_full_path()


def test_only_those_who_may_see_requests_get_a_sheet(a_request):
    a_request()
    auditor = signed_in(member_of("Auditors"))

    assert auditor.get(SHEET).status_code == 403
    assert signed_in(member_of("Nurses")).get(SHEET).status_code == 200
    assert signed_in(member_of("Schedulers")).post(SHEET).status_code == 405

"""The times at which a visit can be booked: in consulting hours, not on holidays, and not while another one is."""

import datetime

import pytest
from django.utils import timezone

from appointments.calendar.slots import DAYS_AHEAD, free_slots
from appointments.models import Appointment, Clinician, ConsultingHours, Holiday, OpeningHours, Place, VisitKind
from tests.minutes import luck

pytestmark = pytest.mark.both

MANY = 100_000
HALF_AN_HOUR = datetime.timedelta(minutes=30)
# A Monday, in a future that stays one.
MONDAY = datetime.date(2099, 1, 12)


def at(day: datetime.date, time: str) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time.fromisoformat(time), timezone.get_default_timezone())


def consults(clinician, place, weekday: int, starts: str, ends: str) -> ConsultingHours:
    hours = {"starts": datetime.time.fromisoformat(starts), "ends": datetime.time.fromisoformat(ends)}
    return ConsultingHours.objects.create(clinician=clinician, place=place, weekday=weekday, **hours)


def visit(clinician, place, starts_at, minutes=30, **more) -> Appointment:
    ends_at = starts_at + datetime.timedelta(minutes=minutes)
    return Appointment.objects.create(clinician=clinician, place=place, starts_at=starts_at, ends_at=ends_at, **more)


def shown(times) -> list[str]:
    return [f"{timezone.localtime(time.starts_at):%a %-d %H:%M}" for time in times]


def test_times_are_in_consulting_hours_the_earliest_first(clinician, place):
    consults(clinician, place, 0, "09:00", "10:30")
    consults(clinician, place, 2, "14:00", "15:00")

    times = free_slots(most=6, since=at(MONDAY, "00:00"))

    assert shown(times) == [
        "Mon 12 09:00",
        "Mon 12 09:30",
        "Mon 12 10:00",
        "Wed 14 14:00",
        "Wed 14 14:30",
        "Mon 19 09:00",
    ]
    assert str(times[0]) == "Mon Jan 12, 9:00 AM, Main clinic, Dr. Example"
    assert (times[0].clinician, times[0].place) == (clinician, place)


def test_times_that_are_past_are_not_offered(clinician, place):
    consults(clinician, place, 0, "09:00", "10:30")

    assert shown(free_slots(most=2, since=at(MONDAY, "09:30"))) == ["Mon 12 10:00", "Mon 19 09:00"]
    assert all(time.starts_at > timezone.now() for time in free_slots(most=MANY))


def test_holidays_are_off(clinician, place):
    consults(clinician, place, 0, "09:00", "09:30")
    Holiday.objects.create(date=MONDAY, name="A day off")

    assert shown(free_slots(most=1, since=at(MONDAY, "00:00"))) == ["Mon 19 09:00"]


@pytest.mark.parametrize(
    ("starts", "minutes", "free"),
    [
        ("09:00", 30, ["09:30", "10:00"]),
        ("09:15", 30, ["10:00"]),
        ("08:31", 30, ["09:30", "10:00"]),
        ("08:30", 30, ["09:00", "09:30", "10:00"]),
        ("10:29", 30, ["09:00", "09:30"]),
        ("10:30", 30, ["09:00", "09:30", "10:00"]),
        ("08:00", 240, []),
    ],
)
def test_what_overlaps_a_visit_is_taken_and_what_touches_one_is_free(clinician, place, starts, minutes, free):
    consults(clinician, place, 0, "09:00", "10:30")
    visit(clinician, place, at(MONDAY, starts), minutes)

    times = free_slots(most=3, since=at(MONDAY, "00:00"))

    assert [time[-5:] for time in shown(times) if time.startswith("Mon 12")] == free


def test_a_visit_that_was_cancelled_and_one_with_somebody_else_take_no_time(clinician, place):
    consults(clinician, place, 0, "09:00", "09:30")
    visit(clinician, place, at(MONDAY, "09:00"), cancelled_at=timezone.now())
    visit(Clinician.objects.create(name="Dr. Sample"), place, at(MONDAY, "09:00"))

    assert shown(free_slots(most=1, since=at(MONDAY, "00:00"))) == ["Mon 12 09:00"]


@pytest.mark.parametrize("left", [Clinician, Place])
def test_those_who_left_and_places_that_were_given_up_are_not_offered(clinician, place, left):
    consults(clinician, place, 0, "09:00", "09:30")
    left.objects.update(is_active=False)

    assert free_slots(most=1) == []


def test_a_visit_is_as_long_as_the_clinic_says_and_fits_into_the_hours(clinician, place):
    VisitKind.objects.update(minutes=45)
    consults(clinician, place, 0, "09:00", "10:40")

    assert shown(free_slots(most=3, since=at(MONDAY, "00:00"))) == ["Mon 12 09:00", "Mon 12 09:45", "Mon 19 09:00"]


def test_the_clock_is_that_of_the_clinic_also_after_it_was_changed(clinician, place, settings):
    settings.TIME_ZONE = "America/New_York"
    OpeningHours.objects.create(weekday=6, opens=datetime.time(9), closes=datetime.time(17))
    consults(clinician, place, 6, "09:00", "09:30")
    before_the_change = datetime.date(2099, 3, 1)

    times = free_slots(most=2, since=at(before_the_change, "00:00"))

    assert [f"{time.starts_at:%d %H:%M}" for time in times] == ["01 14:00", "08 13:00"]


def test_so_many_are_given_and_none_too_far_ahead(clinician, place):
    consults(clinician, place, 0, "09:00", "17:00")

    assert len(free_slots(most=5, since=at(MONDAY, "00:00"))) == 5
    times = free_slots(most=MANY, since=at(MONDAY, "00:00"))
    assert {time.starts_at.date() - MONDAY for time in times} <= {datetime.timedelta(n) for n in range(DAYS_AHEAD)}
    assert len(times) == 16 * 9


def test_without_consulting_hours_there_are_no_times(clinician, place):
    assert free_slots(most=3) == []


def test_times_cost_ten_statements_however_many_visits_there_are(clinician, place, django_assert_num_queries):
    consults(clinician, place, 0, "09:00", "17:00")
    for half_hours in range(10):
        visit(clinician, place, at(MONDAY, "09:00") + half_hours * HALF_AN_HOUR)

    with django_assert_num_queries(10):
        assert len(free_slots(most=20, since=at(MONDAY, "00:00"))) == 20


@pytest.mark.generated
@pytest.mark.parametrize("seed", range(5))
def test_in_any_calendar_all_times_that_are_given_can_be_booked_and_no_other_of_the_grid(clinician, place, seed):
    """The database is the judge: it lets each of them be booked, and refuses what was left out."""
    chance, days = luck(seed), [MONDAY + datetime.timedelta(days) for days in range(7)]
    for weekday in range(5):
        consults(clinician, place, weekday, "09:00", "12:00")
    minute = at(MONDAY, "08:00")
    while minute < at(days[4], "13:00"):
        minute += datetime.timedelta(minutes=chance.randint(5, 400))
        length = chance.randint(5, 90)
        visit(clinician, place, minute, length)
        minute += datetime.timedelta(minutes=length)
    grid = [at(day, "09:00") + n * HALF_AN_HOUR for day in days[:5] for n in range(6)]

    offered = [time.starts_at for time in free_slots(most=len(grid), since=at(MONDAY, "00:00"))]
    offered = [time for time in offered if time <= grid[-1]]

    taken = Appointment.objects.filter(clinician=clinician)
    free = [time for time in grid if not taken.filter(starts_at__lt=time + HALF_AN_HOUR, ends_at__gt=time).exists()]
    assert offered == free
    assert 0 < len(free) < len(grid)
    for time in offered:
        visit(clinician, place, time)

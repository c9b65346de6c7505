"""By when a request should have been called, compared with a look at the clinic's door, minute by minute."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from appointments.calendar.opening_hours import BusinessHours
from appointments.models import Holiday, OpeningHours
from tests.minutes import CASES, Case, any_case, luck, minute_of, moment_of

OFFICE = {weekday: (datetime.time(8), datetime.time(17)) for weekday in range(5)}
NEW_YORK = ZoneInfo("America/New_York")
CHRISTMAS = datetime.date(2026, 12, 25)


def hours_of(case: Case) -> BusinessHours:
    return BusinessHours(ZoneInfo(case.clinic), case.weekly, case.holidays)


def close_of_the_door(case: Case, *, business_days: int) -> int:
    """Stand at the door from that minute on and count how often it is shut."""
    minute, left = case.since, business_days + 1
    while left:
        minute += 1
        left -= case.is_open(minute - 1) and not case.is_open(minute)
    return minute


@pytest.mark.generated
@pytest.mark.parametrize("seed", range(4))
def test_a_due_time_is_when_somebody_at_the_door_has_seen_it_shut_so_often(seed):
    chance = luck(seed)
    for _ in range(CASES // 4):
        case, business_days = any_case(chance), chance.randint(0, 3)

        due = hours_of(case).end_of_day(moment_of(case.since), business_days=business_days)

        assert due == moment_of(close_of_the_door(case, business_days=business_days)), (case, business_days)


@pytest.mark.generated
@pytest.mark.parametrize("seed", range(2))
def test_the_clinic_is_open_in_the_minutes_in_which_its_clock_says_so(seed):
    chance = luck(seed)
    for _ in range(CASES // 10):
        case = any_case(chance)
        hours, minutes = hours_of(case), range(case.since, case.since + 3 * 24 * 60)

        openings = [
            minute
            for opens, closes in hours.openings(moment_of(case.since))
            if minute_of(opens) < minutes.stop
            for minute in range(max(minute_of(opens), case.since), min(minute_of(closes), minutes.stop))
        ]

        assert openings == [minute for minute in minutes if case.is_open(minute)], case
        sample = chance.sample(minutes, 50)
        assert [hours.is_open(moment_of(minute)) for minute in sample] == [case.is_open(minute) for minute in sample]


@pytest.mark.parametrize(
    ("asked", "business_days", "due"),
    [
        ("Mon 2026-12-14 07:59", 0, "Mon 2026-12-14 17:00"),
        ("Mon 2026-12-14 16:59", 0, "Mon 2026-12-14 17:00"),
        ("Mon 2026-12-14 17:00", 0, "Tue 2026-12-15 17:00"),
        ("Mon 2026-12-14 09:00", 1, "Tue 2026-12-15 17:00"),
        ("Mon 2026-12-14 09:00", 3, "Thu 2026-12-17 17:00"),
        ("Fri 2026-12-18 16:00", 1, "Mon 2026-12-21 17:00"),
        ("Fri 2026-12-18 18:00", 1, "Tue 2026-12-22 17:00"),
        ("Sat 2026-12-19 12:00", 1, "Tue 2026-12-22 17:00"),
        ("Thu 2026-12-24 09:00", 1, "Mon 2026-12-28 17:00"),
        ("Thu 2026-12-24 18:00", 1, "Tue 2026-12-29 17:00"),
        ("Fri 2027-03-12 09:00", 1, "Mon 2027-03-15 17:00"),
    ],
)
def test_days_off_and_holidays_do_not_count_and_what_comes_after_hours_counts_as_come_on_the_next_day(
    asked, business_days, due
):
    hours = BusinessHours(NEW_YORK, OFFICE, frozenset([CHRISTMAS]))
    asked_at = datetime.datetime.strptime(asked, "%a %Y-%m-%d %H:%M").replace(tzinfo=NEW_YORK)

    due_at = hours.end_of_day(asked_at, business_days=business_days)

    assert f"{due_at.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M}" == due


@pytest.mark.parametrize("weekly", [{}, {6: (datetime.time(2, 15), datetime.time(2, 45))}])
def test_a_clinic_that_is_never_or_hardly_ever_open_still_has_due_times(weekly):
    since = datetime.datetime(2027, 3, 13, 12, tzinfo=datetime.UTC)

    due = BusinessHours(NEW_YORK, weekly).end_of_day(since, business_days=2)

    assert since + datetime.timedelta(days=2) <= due < since + datetime.timedelta(days=30)
    assert not list(BusinessHours(NEW_YORK, {}).openings(since))


def test_the_hours_are_those_that_staff_keep(db):
    OpeningHours.objects.all().delete()
    OpeningHours.objects.create(weekday=2, opens=datetime.time(10), closes=datetime.time(12, 30))
    holiday = Holiday.objects.create(date=datetime.date(2099, 5, 6), name="Founders’ Day")

    hours = BusinessHours.of_the_clinic()

    assert hours.weekly == {2: (datetime.time(10), datetime.time(12, 30))}
    assert hours.holidays == {holiday.date}
    assert hours.zone.key == "America/New_York"


def test_a_new_clinic_is_open_on_weekdays(db):
    assert BusinessHours.of_the_clinic().weekly == OFFICE

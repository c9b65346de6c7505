"""When somebody may be called, compared with a look at the clocks, minute by minute."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.test import override_settings

from appointments.calendar.calling_hours import (
    is_callable,
    is_decent_hour,
    next_callable,
    part_of_day,
    windows,
    zone_of,
)
from appointments.calendar.opening_hours import BusinessHours
from appointments.lifecycle import call_policy
from appointments.models import AppointmentRequest, Holiday, OpeningHours
from tests.minutes import CASES, DAY, HOUR, Case, any_case, clock, luck, minute_of, moment_of

LONGEST_LOOK = 4 * DAY
NEW_YORK = ZoneInfo("America/New_York")
OFFICE = BusinessHours(NEW_YORK, {weekday: (datetime.time(8), datetime.time(17)) for weekday in range(5)})


def cases(seed, count):
    """Random cases, each with its settings, which end before those of the next begin."""
    chance = luck(seed)
    for _ in range(count):
        case = any_case(chance)
        with override_settings(CALLS_FROM_HOUR=case.calls_from, CALLS_UNTIL_HOUR=case.calls_until):
            yield chance, case


def asked(case: Case) -> dict:
    hours = BusinessHours(ZoneInfo(case.clinic), case.weekly, case.holidays)
    return {"zone": ZoneInfo(case.patient), "call_times": case.call_times, "hours": hours}


def part_by_the_clock(case: Case, minute: int) -> str | None:
    hour = clock(case.patient, minute)[1].hour
    return "morning" if 8 <= hour < 12 else "afternoon" if 12 <= hour < 16 else "evening" if 16 <= hour < 18 else None


@pytest.mark.generated
@pytest.mark.parametrize("seed", range(4))
def test_the_windows_are_the_minutes_in_which_the_clocks_allow_a_call(seed):
    for chance, case in cases(seed, CASES // 4):
        look = range(case.since, case.since + LONGEST_LOOK)
        expected = [minute for minute in look if case.is_callable(minute)]

        found = []
        for starts, ends in windows(moment_of(case.since), **asked(case)):
            if minute_of(starts) >= look.stop:
                break
            assert starts < ends
            assert len({part_of_day(moment_of(m), ZoneInfo(case.patient)) for m in range_of(starts, ends)}) == 1
            found += [minute for minute in range_of(starts, ends) if minute in look]

        assert found == expected, case
        sample = [*chance.sample(look, 20), *chance.sample(expected, min(len(expected), 20))]
        assert [is_callable(moment_of(minute), **asked(case)) for minute in sample] == [
            case.is_callable(minute) for minute in sample
        ], case
        first = next_callable(moment_of(case.since), **asked(case))
        if expected:
            assert first == moment_of(expected[0]), case
        else:
            assert first is None or first >= moment_of(look.stop), case


def range_of(starts, ends) -> range:
    return range(minute_of(starts), minute_of(ends))


def test_no_window_is_outside_decent_hours_where_the_patient_is_nor_while_the_clinic_is_closed():
    """A law, however the windows are worked out: for each minute of each window both clocks are looked at."""
    for _, case in cases("law", CASES // 10):
        for number, (starts, ends) in enumerate(windows(moment_of(case.since), **asked(case))):
            for minute in (minute_of(starts), minute_of(ends) - 1, (minute_of(starts) + minute_of(ends)) // 2):
                assert case.calls_from <= clock(case.patient, minute)[1].hour < case.calls_until
                assert case.is_open(minute)
            if number == 10:
                break


def test_a_moment_within_a_minute_counts_like_the_minute():
    opens = datetime.datetime(2026, 12, 14, 8, tzinfo=NEW_YORK)
    almost, just = opens - datetime.timedelta(microseconds=1), opens + datetime.timedelta(seconds=59)
    anybody = {"zone": NEW_YORK, "call_times": ["morning"], "hours": OFFICE}

    assert [is_callable(at, **anybody) for at in (almost, opens, just)] == [False, True, True]
    assert next_callable(just, **anybody) == just
    assert next_callable(almost, **anybody) == opens


@pytest.mark.parametrize(
    ("zone", "call_times", "first"),
    [
        ("America/New_York", ["evening"], "16:00"),
        ("America/New_York", ["afternoon", "morning"], "08:00"),
        ("America/New_York", ["any"], "08:00"),
        ("America/New_York", [], "08:00"),
        ("America/Los_Angeles", ["any"], "11:00"),
        ("America/Los_Angeles", ["afternoon"], "15:00"),
        ("Pacific/Honolulu", ["morning"], "13:00"),
        # Their late afternoon is after hours here: better called at another decent hour than never.
        ("America/Chicago", ["evening"], "09:00"),
        ("America/Phoenix", ["evening"], "10:00"),
        ("Pacific/Honolulu", ["evening"], "13:00"),
        # But if one of the times they chose can be had, they are called then.
        ("America/Chicago", ["evening", "afternoon"], "13:00"),
    ],
)
def test_somebody_is_first_called_at(zone, call_times, first):
    morning = datetime.datetime(2026, 12, 14, 0, tzinfo=NEW_YORK)

    at = next_callable(morning, zone=ZoneInfo(zone), call_times=call_times, hours=OFFICE)

    assert f"{at.astimezone(NEW_YORK):%d %H:%M}" == f"14 {first}"


def test_a_holiday_does_not_make_a_time_impossible_that_only_its_day_has():
    late_on_thursday = OFFICE.weekly | {3: (datetime.time(8), datetime.time(19))}
    hours = BusinessHours(NEW_YORK, late_on_thursday, frozenset([datetime.date(2026, 12, 24)]))
    monday = datetime.datetime(2026, 12, 21, tzinfo=NEW_YORK)

    at = next_callable(monday, zone=ZoneInfo("America/Chicago"), call_times=["evening"], hours=hours)

    assert at.astimezone(NEW_YORK) == datetime.datetime(2026, 12, 31, 17, tzinfo=NEW_YORK)


def test_where_it_is_night_whenever_the_clinic_is_open_there_is_no_time_to_call():
    monday = datetime.datetime(2026, 12, 14, tzinfo=NEW_YORK)
    guam = {"zone": ZoneInfo("Pacific/Guam"), "call_times": ["any"]}
    an_hour_longer = BusinessHours(NEW_YORK, {0: (datetime.time(8), datetime.time(18))})

    assert next_callable(monday, hours=OFFICE, **guam) is None
    assert next_callable(monday, hours=an_hour_longer, **guam) == monday.replace(hour=17)
    assert next_callable(monday, hours=BusinessHours(NEW_YORK, {}), **guam) is None


@pytest.mark.parametrize(
    ("phone", "zone"),
    [
        ("+12125550123", "America/New_York"),
        ("+13125550123", "America/Chicago"),
        ("+18085550123", "Pacific/Honolulu"),
        ("+16025550123", "America/Phoenix"),
        ("+18005550123", "America/New_York"),
        ("+442079460018;ext=12", "Europe/London"),
        ("+8835100012345", "America/New_York"),
    ],
)
def test_the_area_code_tells_the_time_zone_as_far_as_it_can(phone, zone):
    assert zone_of(phone) == zone


@pytest.mark.parametrize(("hour", "is_decent"), [(7, False), (8, True), (19, True), (20, False)])
def test_what_was_agreed_must_be_at_a_decent_hour_there(hour, is_decent):
    there = datetime.datetime(2026, 12, 20, hour, 59, tzinfo=ZoneInfo("Pacific/Honolulu"))

    assert is_decent_hour(there.astimezone(datetime.UTC), ZoneInfo("Pacific/Honolulu")) == is_decent


# When to try again.


@pytest.fixture
def clinic(db):
    """Opens the clinic of a case."""

    def keep(case: Case) -> None:
        OpeningHours.objects.all().delete()
        Holiday.objects.all().delete()
        OpeningHours.objects.bulk_create(
            OpeningHours(weekday=weekday, opens=opens, closes=closes)
            for weekday, (opens, closes) in case.weekly.items()
        )
        Holiday.objects.bulk_create(Holiday(date=day, name="A day off") for day in case.holidays)
        cache.clear()

    return keep


@pytest.mark.generated
@pytest.mark.parametrize("seed", range(2))
def test_the_next_attempt_is_in_the_first_minute_that_is_late_enough_and_in_another_part_of_the_day(
    clinic, settings, seed
):
    for chance, case in cases(seed, max(CASES // 20, 10)):
        hours = chance.choice([1, 20, 48])
        case.clinic = settings.TIME_ZONE
        clinic(case)
        earliest = case.since + hours * HOUR
        tried = part_by_the_clock(case, case.since)
        possible = [minute for minute in range(earliest, earliest + 7 * DAY) if case.is_callable(minute)]
        another = [minute for minute in possible if part_by_the_clock(case, minute) != tried]
        request = AppointmentRequest(time_zone=case.patient, call_times=case.call_times, attempts_made=0)

        with override_settings(HOURS_BETWEEN_CALLS=hours):
            at = call_policy.next_attempt(request, after=moment_of(case.since))

        if possible:
            assert at == moment_of([*another, *possible][0]), (case, hours)
        else:
            assert at is None or at >= moment_of(earliest + 7 * DAY), case


def test_when_all_attempts_are_made_there_is_no_next_one(db, settings):
    settings.CALL_ATTEMPTS = 3
    requests = [
        AppointmentRequest(time_zone="America/New_York", call_times=["any"], attempts_made=made) for made in range(4)
    ]

    planned = [call_policy.next_attempt(request) is not None for request in requests]

    assert planned == [True, True, False, False]
    assert [call_policy.is_exhausted(made) for made in range(5)] == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("tried", "call_times", "again"),
    [
        ("Mon 2099-01-12 09:00", ["any"], "Tue 12:00"),
        ("Mon 2099-01-12 13:00", ["any"], "Tue 09:00"),
        ("Mon 2099-01-12 16:30", ["any"], "Tue 12:30"),
        ("Mon 2099-01-12 09:00", ["morning", "evening"], "Tue 16:00"),
        ("Mon 2099-01-12 16:30", ["morning", "evening"], "Wed 08:00"),
        ("Mon 2099-01-12 13:00", ["afternoon"], "Tue 12:00"),
        ("Fri 2099-01-16 13:00", ["morning"], "Tue 08:00"),
    ],
)
def test_somebody_who_did_not_answer_is_called_again_at(db, tried, call_times, again):
    Holiday.objects.create(date=datetime.date(2099, 1, 19), name="Martin Luther King Day")
    tried_at = datetime.datetime.strptime(tried, "%a %Y-%m-%d %H:%M").replace(tzinfo=NEW_YORK)
    request = AppointmentRequest(time_zone="America/New_York", call_times=call_times, attempts_made=1)

    at = call_policy.next_attempt(request, after=tried_at).astimezone(NEW_YORK)

    assert f"{at:%a %H:%M}" == again
    assert at - tried_at >= datetime.timedelta(hours=20)

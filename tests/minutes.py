"""Says of each minute whether somebody may be called then: by looking at the clocks, and by no other arithmetic.

What the product works out is compared with it. Minutes are counted from 1970 in UTC.
"""

import datetime
import os
import random
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

# How many random cases each test that makes some goes through; "make bench" asks for 100,000.
CASES = int(os.environ.get("RANDOM_CASES", "120"))

HOUR = 60
DAY = 24 * HOUR
PARTS = {"morning": (8, 12), "afternoon": (12, 16), "evening": (16, 18)}

CLINICS = ("America/New_York", "America/Los_Angeles", "America/St_Johns", "Australia/Lord_Howe", "UTC")
# Half hours, half an hour of summer time, clocks that change at midnight or never, the other end of the world.
PATIENTS = (
    *CLINICS,
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Anchorage",
    "America/Havana",
    "America/Puerto_Rico",
    "Pacific/Honolulu",
    "Pacific/Guam",
    "Asia/Kolkata",
    "Europe/Madrid",
)
# Mondays of the weeks in which clocks change somewhere, and of one in between, in a future that stays one.
MONDAYS = tuple(
    datetime.date.fromisoformat(day)
    for day in ("2098-09-29", "2098-10-20", "2098-10-27", "2098-12-22", "2099-03-02", "2099-03-23", "2099-03-30")
)


def minute_of(moment: datetime.datetime) -> int:
    return int(moment.timestamp()) // 60


def moment_of(minute: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(minute * 60, datetime.UTC)


def clock(zone: str, minute: int) -> tuple[datetime.date, datetime.time]:
    """What the calendar and the clock show there."""
    return _clocks_of_a_day(zone, minute // DAY)[minute % DAY]


@cache
def _clocks_of_a_day(zone: str, day: int) -> list[tuple[datetime.date, datetime.time]]:
    place = ZoneInfo(zone)
    shown = (moment_of(day * DAY + minute).astimezone(place) for minute in range(DAY))
    return [(local.date(), local.time()) for local in shown]


@dataclass
class Case:
    """A clinic, a patient, and a minute since which something is asked."""

    clinic: str
    weekly: dict[int, tuple[datetime.time, datetime.time]]
    holidays: frozenset[datetime.date]
    patient: str
    call_times: list[str]
    calls_from: int
    calls_until: int
    since: int

    def is_open(self, minute: int, *, holidays=None) -> bool:
        day, time = clock(self.clinic, minute)
        if day in (self.holidays if holidays is None else holidays) or day.weekday() not in self.weekly:
            return False
        opens, closes = self.weekly[day.weekday()]
        return opens <= time < closes

    def is_decent(self, minute: int) -> bool:
        return self.calls_from <= clock(self.patient, minute)[1].hour < self.calls_until

    def is_chosen(self, minute: int) -> bool:
        chosen = [PARTS[part] for part in self.call_times if part in PARTS]
        hour = clock(self.patient, minute)[1].hour
        return not chosen or any(first <= hour < end for first, end in chosen)

    def is_callable(self, minute: int) -> bool:
        if not (self.is_open(minute) and self.is_decent(minute)):
            return False
        return self.is_chosen(minute) or not self._is_ever_chosen(clock(self.clinic, minute)[0])

    def _is_ever_chosen(self, day: datetime.date) -> bool:
        """Whether the clinic is open in a chosen hour of the week of that day, if there are no holidays."""
        monday = day.toordinal() - day.weekday()
        if monday not in self._ever_chosen:
            self._ever_chosen[monday] = any(
                self.is_open(minute, holidays=()) and self.is_decent(minute) and self.is_chosen(minute)
                for minute in self._minutes_of_week(monday)
            )
        return self._ever_chosen[monday]

    def _minutes_of_week(self, monday: int) -> list[int]:
        noon = minute_of(
            datetime.datetime.combine(datetime.date.fromordinal(monday), datetime.time(12), datetime.UTC)
        )
        around = range(noon - 2 * DAY, noon + 9 * DAY)
        return [minute for minute in around if 0 <= clock(self.clinic, minute)[0].toordinal() - monday < 7]

    def __post_init__(self):
        self._ever_chosen = {}


def luck(seed) -> random.Random:
    return random.Random(seed)  # noqa: S311  # the same cases in each run


def any_case(chance: random.Random) -> Case:
    monday = chance.choice(MONDAYS)
    days_off = [monday + datetime.timedelta(days=days) for days in range(-1, 10)]
    calls_from, calls_until = chance.choice([(8, 20), (8, 20), (8, 20), (0, 24), (9, 17), (2, 3), (1, 23)])
    parts = chance.sample(list(PARTS), chance.randint(1, 3))
    return Case(
        clinic=chance.choice(CLINICS),
        weekly={weekday: _any_hours(chance) for weekday in chance.sample(range(7), chance.choice([2, 5, 5, 6, 7]))},
        holidays=frozenset(chance.sample(days_off, chance.randint(0, 4))),
        patient=chance.choice(PATIENTS),
        call_times=chance.choice([["any"], [], parts, parts]),
        calls_from=calls_from,
        calls_until=calls_until,
        since=minute_of(_midnight(monday)) + chance.randrange(7 * DAY),
    )


def _any_hours(chance: random.Random) -> tuple[datetime.time, datetime.time]:
    """An office day, a short one, or all of it: never starting or ending while a clock is being changed, at night."""
    minutes = [*range(HOUR), *range(3 * HOUR, DAY)]
    first, last = sorted(chance.sample(minutes, 2))
    opens, closes = chance.choice([(8 * HOUR, 17 * HOUR), (8 * HOUR, 17 * HOUR), (first, last), (0, DAY - 1)])
    return datetime.time(*divmod(opens, HOUR)), datetime.time(*divmod(closes, HOUR))


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)

"""When somebody may be called: at the times they chose, by the clock where they are, while the clinic is open."""

import datetime
import zoneinfo
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import phonenumbers
import phonenumbers.timezone
from django.conf import settings
from django.utils import timezone
from phonenumbers.tzdata import TIMEZONE_DATA

from common.clinic import CLINIC

from ..fields import PARTS_OF_THE_DAY
from .opening_hours import BusinessHours

Window = tuple[datetime.datetime, datetime.datetime]
Hours = tuple[tuple[int, int], ...]


def is_callable(at: datetime.datetime, *, zone: ZoneInfo, call_times: list[str], hours: BusinessHours) -> bool:
    """Whether `at` is in one of the `windows`, worked out without them: the queue asks it of thousands."""
    if not hours.is_open(at):
        return False
    hour = at.astimezone(zone).hour
    day = at.astimezone(hours.zone).date()
    return any(
        first <= hour < end for first, end in _welcome_hours(day, zone=zone, call_times=call_times, hours=hours)
    )


def next_callable(
    since: datetime.datetime, *, zone: ZoneInfo, call_times: list[str], hours: BusinessHours
) -> datetime.datetime | None:
    """The first moment from `since` on, or None if there is none within a year."""
    for starts, _ends in windows(since, zone=zone, call_times=call_times, hours=hours):
        return max(starts, since)
    return None


def windows(
    since: datetime.datetime, *, zone: ZoneInfo, call_times: list[str], hours: BusinessHours
) -> Iterator[Window]:
    """The stretches of time, in UTC and in order, in which a call is welcome and possible, that end after `since`.

    Each is in one part of the day. In a week in which the clinic is never open at the times that somebody chose, they
    are welcome at any decent hour: late afternoon in Chicago is after hours in New York.
    """
    for opens, closes in hours.openings(since):
        day = opens.astimezone(hours.zone).date()
        welcome = _welcome_hours(day, zone=zone, call_times=call_times, hours=hours)
        yield from (window for window in _within((opens, closes), welcome, zone) if window[1] > since)


def part_of_day(at: datetime.datetime, zone: ZoneInfo) -> str | None:
    hour = at.astimezone(zone).hour
    return next((part for part, (first, end) in PARTS_OF_THE_DAY.items() if first <= hour < end), None)


def is_decent_hour(at: datetime.datetime, zone: ZoneInfo) -> bool:
    """Whether it is not too early and not too late to call anybody, whatever was agreed."""
    first, end = CLINIC.calling_hours
    return first <= at.astimezone(zone).hour < end


def decent_hours() -> str:
    """For staff, like: from 8 AM to 8 PM."""
    return "from {} to {}".format(*(f"{datetime.time(hour % 24):%-I %p}" for hour in CLINIC.calling_hours))


def next_decent(at: datetime.datetime, zone: ZoneInfo) -> datetime.datetime:
    """This moment, or the next at which it is neither too early nor too late there."""
    while not is_decent_hour(at, zone):
        at = at.replace(minute=0, second=0, microsecond=0) + datetime.timedelta(hours=1)
    return at


def is_elsewhere(zone: ZoneInfo, at: datetime.datetime) -> bool:
    """Whether clocks there then show another time than those of the clinic."""
    return at.astimezone(zone).utcoffset() != timezone.localtime(at).utcoffset()


def zone_of(phone: str) -> str:
    """The name of the time zone that a number's area code belongs to.

    The clinic's own, where the area code fits it, belongs to several, or to none that is known.
    """
    own = timezone.get_default_timezone_name()
    zones = phonenumbers.timezone.time_zones_for_number(phonenumbers.parse(phone, settings.PHONE_REGION))
    known = [zone for zone in zones if zone in _known_zones()]
    return known[0] if len(known) == 1 and own not in zones else own


@cache
def zones_of_phones() -> frozenset[str]:
    """The zones that a phone number can belong to, anywhere; most others are older names for one of them."""
    return _known_zones() & {zone for zones in TIMEZONE_DATA.values() for zone in zones}


@cache
def _known_zones() -> frozenset[str]:
    # Reading the time zone files takes 10 ms.
    return frozenset(zoneinfo.available_timezones())


def _welcome_hours(day: datetime.date, *, zone: ZoneInfo, call_times: list[str], hours: BusinessHours) -> Hours:
    """The hours, where the patient is, that count on a business day."""
    chosen = tuple(PARTS_OF_THE_DAY[part] for part in PARTS_OF_THE_DAY if part in call_times)
    monday = day - datetime.timedelta(days=day.weekday())
    return _welcome_in_week(monday, zone, chosen, CLINIC.calling_hours, hours)


@lru_cache(maxsize=1024)
def _welcome_in_week(
    monday: datetime.date, zone: ZoneInfo, chosen: Hours, decent: tuple[int, int], hours: BusinessHours
) -> Hours:
    chosen = _cut(chosen, decent)
    is_ever_possible = any(_within(opening, chosen, zone) for opening in hours.ordinary_week(monday))
    return chosen if is_ever_possible else _all_day(decent)


def _all_day(decent: tuple[int, int]) -> Hours:
    edges = [0, *sorted({edge for part in PARTS_OF_THE_DAY.values() for edge in part}), 24]
    return _cut(tuple(pairwise(edges)), decent)


def _cut(stretches: Hours, decent: tuple[int, int]) -> Hours:
    cut = ((max(first, decent[0]), min(end, decent[1])) for first, end in stretches)
    return tuple((first, end) for first, end in cut if first < end)


def _within(opening: Window, welcome: Hours, zone: ZoneInfo) -> list[Window]:
    opens, closes = opening
    # One business day can span two calendar days in a distant time zone.
    day, last = opens.astimezone(zone).date(), closes.astimezone(zone).date()
    found = []
    while day <= last:
        for first_hour, end_hour in welcome:
            starts, ends = max(opens, _at_hour(day, first_hour, zone)), min(closes, _at_hour(day, end_hour, zone))
            if starts < ends:
                found.append((starts, ends))
        day += datetime.timedelta(days=1)
    return found


def _at_hour(day: datetime.date, hour: int, zone: ZoneInfo) -> datetime.datetime:
    midnight_after = hour == 24
    day += datetime.timedelta(days=midnight_after)
    return datetime.datetime.combine(day, datetime.time(hour % 24), zone).astimezone(datetime.UTC)

"""The clinic whose pages these are: as its staff say on their pages, and until they do, as its settings have it."""

import datetime
import logging
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Any

import phonenumbers
from django.conf import settings
from django.db import Error, transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language, gettext, override

from .clinic_tables import RELAY, ClinicDetails, ClinicNotices, LanguageHelp, OpeningHours
from .languages import Language, language_or_english

logger = logging.getLogger(__name__)

# Public pages must not wait for a database, so what was found is believed for so long, and longer while it is away.
REMEMBERED_SECONDS = 60
NOON = datetime.time(12)

Hours = tuple[datetime.time, datetime.time]


@dataclass(frozen=True)
class Known:
    """What was found in the tables."""

    looked_at: float
    details: ClinicDetails | None
    week: dict[int, Hours]
    notices: ClinicNotices | None = None
    language_help: tuple[LanguageHelp, ...] = ()


class Clinic:
    """What is read here may be a minute old. While the database is away it is what was read last."""

    def __init__(self) -> None:
        self.known: Known | None = None

    @property
    def name(self) -> str:
        return self._stored("name", settings.CLINIC_NAME)

    @property
    def phone(self) -> str:
        return left_to_right(self._phone)

    @property
    def _phone(self) -> str:
        return self._stored("phone", settings.CLINIC_PHONE)

    @property
    def phone_last_known(self) -> str:
        """The phone without asking the database, for when nothing else works."""
        return self.known.details.phone if self.known and self.known.details else settings.CLINIC_PHONE

    @property
    def phone_link(self) -> str:
        return link_to(self._phone)

    @property
    def nurse_line(self) -> str:
        """Whom to call after hours, with its hours in the active language; empty where the clinic has none."""
        number = self._stored("nurse_line", settings.NURSE_LINE)
        hours = self._stored("nurse_line_hours", settings.NURSE_LINE_HOURS).get(get_language(), "")
        if not number:
            return ""
        return f"{left_to_right(number)}, {hours}" if hours else left_to_right(number)

    @property
    def numbers(self) -> dict[str, str]:
        """Each number that our pages name, as it is written there, and the address that pressing it opens."""
        nurse_line = self._stored("nurse_line", settings.NURSE_LINE)
        named = (self.emergency_number, RELAY, self._phone, nurse_line, self.notices.teletypewriter)
        return {number: link_to(number) for number in named if number}

    @property
    def hours(self) -> str:
        """When somebody answers the phone, in the active language."""
        language = language_or_english(get_language())
        own_words = self._stored("hours", settings.CLINIC_HOURS).get(language.code)
        return own_words or in_words(self.week, language) or language.hours

    @property
    def week(self) -> dict[int, Hours]:
        """The opening hours of each weekday on which there are any."""
        return self._look().week

    @property
    def emergency_number(self) -> str:
        return settings.EMERGENCY_NUMBER

    @property
    def notices(self) -> ClinicNotices:
        """What it has to show, as far as its staff have set it."""
        return self._look().notices or ClinicNotices()

    @property
    def language_help(self) -> tuple[LanguageHelp, ...]:
        return self._look().language_help

    @property
    def call_attempts(self) -> int:
        """How often somebody is called who does not answer."""
        return self._stored("call_attempts", settings.CALL_ATTEMPTS)

    @property
    def tells_call_by(self) -> bool:
        """Whether patients read by when they are called."""
        return self._stored("tells_call_by", True)

    @property
    def time_between_calls(self) -> datetime.timedelta:
        return datetime.timedelta(hours=self._stored("hours_between_calls", settings.HOURS_BETWEEN_CALLS))

    @property
    def calling_hours(self) -> tuple[int, int]:
        """The first hour at which anybody is called where they are, and the one at which that ends."""
        first = self._stored("calls_from_hour", settings.CALLS_FROM_HOUR)
        return first, self._stored("calls_until_hour", settings.CALLS_UNTIL_HOUR)

    @property
    def keeps_closed(self) -> str:
        """How long a request is kept that came to no visit, in the active language."""
        return _how_long(settings.KEEP_CLOSED_DAYS)

    @property
    def keeps_visited(self) -> str:
        return _how_long(settings.KEEP_VISITED_DAYS)

    @property
    def as_known(self) -> Known:
        """All that is said here, as it was looked up last; the same object until it is looked up again."""
        return self._look()

    def look_again(self) -> None:
        self.known = None

    def _stored(self, name: str, otherwise: Any) -> Any:
        details = self._look().details
        return getattr(details, name) if details else otherwise

    def _look(self) -> Known:
        known, now = self.known, time.monotonic()
        if known is None or now - known.looked_at > REMEMBERED_SECONDS:
            try:
                week = {row.weekday: (row.opens, row.closes) for row in OpeningHours.objects.all()}
                details, notices = ClinicDetails.objects.first(), ClinicNotices.objects.first()
                known = Known(now, details, week, notices, tuple(LanguageHelp.objects.all()))
            except Error as error:
                logger.warning("The clinic's details could not be looked up: %s", type(error).__name__)
                known = replace(known, looked_at=now) if known else Known(now, None, {})
            self.known = known
        return known


CLINIC = Clinic()


@receiver([post_save, post_delete], sender=ClinicDetails)
@receiver([post_save, post_delete], sender=OpeningHours)
@receiver([post_save, post_delete], sender=ClinicNotices)
@receiver([post_save, post_delete], sender=LanguageHelp)
def _look_again(**kwargs: Any) -> None:
    """Whoever made a change sees it at once."""
    transaction.on_commit(CLINIC.look_again)


def in_words(week: dict[int, Hours], language: Language) -> str:
    """The opening hours of a week, like "Monday to Friday, 8 am to 5 pm", or nothing if it is never open."""
    parts = []
    for hours, group in groupby(sorted(week), week.__getitem__):
        days = list(group)
        for first, last in _without_gaps(days):
            with override(language.code):
                names = [str(WEEKDAYS[day]) for day in (first, last)]
            which = language.days.format(first=names[0], last=names[1]) if first != last else names[0]
            opens, closes = (_clock(moment, language) for moment in hours)
            parts.append(f"{which}, {language.times.format(opens=opens, closes=closes)}")
    return "; ".join(parts)


def _without_gaps(days: list[int]) -> list[tuple[int, int]]:
    """The first and the last of each run of days: between two that are alike there may be a day off."""
    runs = [list(run) for _, run in groupby(days, lambda day: day - days.index(day))]
    return [(run[0], run[-1]) for run in runs]


def clock_in_words(moment: datetime.time) -> str:
    """Like "8 am" in the active language."""
    return _clock(moment, language_or_english(get_language()))


def _how_long(days: int) -> str:
    years, left = divmod(days, 365)
    if left:
        return gettext("{days} days").format(days=days)
    return gettext("1 year") if years == 1 else gettext("{years} years").format(years=years)


def _clock(moment: datetime.time, language: Language) -> str:
    if moment == NOON:
        return language.noon
    minutes = f":{moment:%M}" if moment.minute else ""
    return f"{moment.hour % 12 or 12}{minutes} {'am' if moment.hour < 12 else 'pm'}"


def left_to_right(number: str) -> str:
    """The number with its parts in their order also where the active language runs from right to left."""
    if language_or_english(get_language()).direction == "ltr":
        return number
    return f"\N{LEFT-TO-RIGHT ISOLATE}{number}\N{POP DIRECTIONAL ISOLATE}"


@lru_cache(maxsize=8)
def link_to(number: str) -> str:
    if number in (settings.EMERGENCY_NUMBER, RELAY):
        return f"tel:{number}"
    parsed = phonenumbers.parse(number, settings.PHONE_REGION)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.RFC3966)


def clinic(request: HttpRequest) -> dict[str, Any]:
    """Context processor."""
    return {"clinic": CLINIC}

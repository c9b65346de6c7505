"""When the clinic is open, and what follows from it: by when a request should have been called."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from zoneinfo import ZoneInfo

from django.apps import AppConfig
from django.core.cache import cache
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils import timezone

from ..models import Holiday, OpeningHours

FARTHEST_DAYS = 366
OFFICE_DAYS, OFFICE_OPENS, OFFICE_CLOSES = range(5), datetime.time(8), datetime.time(17)
OFFICE_IN_WORDS = "Monday to Friday from 8 AM to 5 PM"
CACHED_SECONDS = 60


@dataclass(frozen=True)
class BusinessHours:
    """`weekly` has, by the number of the weekday, when the clinic opens and closes in its own `zone`."""

    zone: ZoneInfo
    weekly: dict[int, tuple[datetime.time, datetime.time]] = field(hash=False)
    holidays: frozenset[datetime.date] = frozenset()

    @classmethod
    def of_the_clinic(cls) -> "BusinessHours":
        """As staff keep them; a change counts within CACHED_SECONDS. Costs two statements, or none while cached."""
        return cache.get_or_set("business-hours", cls._stored, CACHED_SECONDS) or cls._stored()

    @classmethod
    def _stored(cls) -> "BusinessHours":
        weekly = {row.weekday: (row.opens, row.closes) for row in OpeningHours.objects.all()}
        holidays = Holiday.objects.filter(date__gte=timezone.localdate() - datetime.timedelta(days=1))
        return cls(timezone.get_default_timezone(), weekly, frozenset(holidays.values_list("date", flat=True)))

    def opening(self, day: datetime.date) -> tuple[datetime.datetime, datetime.datetime] | None:
        """From when to when the clinic is open on a day, in UTC, or None on a day off."""
        if day in self.holidays or day.weekday() not in self.weekly:
            return None
        opens, closes = (
            datetime.datetime.combine(day, time, self.zone).astimezone(datetime.UTC)
            for time in self.weekly[day.weekday()]
        )
        # A clock that is set forward can swallow a very short day.
        return (opens, closes) if opens < closes else None

    def is_open(self, at: datetime.datetime) -> bool:
        opening = self.opening(at.astimezone(self.zone).date())
        return opening is not None and opening[0] <= at < opening[1]

    def ordinary_week(self, day: datetime.date) -> list[tuple[datetime.datetime, datetime.datetime]]:
        """The openings of the week, from Monday on, that `day` is in, as they are without holidays."""
        monday = day - datetime.timedelta(days=day.weekday())
        without_holidays = replace(self, holidays=frozenset())
        openings = (without_holidays.opening(monday + datetime.timedelta(days=days)) for days in range(7))
        return [opening for opening in openings if opening]

    def openings(self, since: datetime.datetime) -> Iterator[tuple[datetime.datetime, datetime.datetime]]:
        """All times of being open that end after `since`, for a year."""
        first = since.astimezone(self.zone).date()
        for days in range(FARTHEST_DAYS):
            opening = self.opening(first + datetime.timedelta(days=days))
            if opening and opening[1] > since:
                yield opening

    def end_of_day(self, since: datetime.datetime, *, business_days: int) -> datetime.datetime:
        """The close of the so many-th business day after the one on which `since` falls.

        What comes after hours or on a day off counts as come on the next business day. In a clinic that is never
        open, days count as they come.
        """
        closes = [closes for (opens, closes), _ in zip(self.openings(since), range(business_days + 1), strict=False)]
        return closes[-1] if len(closes) > business_days else since + datetime.timedelta(days=business_days)

    def end_of_day_before(self, moment: datetime.datetime, *, business_days: int) -> datetime.datetime:
        """The close of the so many-th business day before the day of `moment`.

        Holidays that are over are not known, and count as any other day. In a clinic that is never open, days count
        as they come.
        """
        day = moment.astimezone(self.zone).date()
        days_before = (self.opening(day - datetime.timedelta(days=days)) for days in range(1, FARTHEST_DAYS))
        closes = [opening[1] for opening in islice(filter(None, days_before), business_days)]
        return closes[-1] if len(closes) == business_days else moment - datetime.timedelta(days=business_days)

    def end_of_next_day(self, since: datetime.datetime) -> datetime.datetime:
        """The close of the first business day that begins after `since`; a day later, where none does."""
        next_closes = (closes for opens, closes in self.openings(since) if opens > since)
        return next(next_closes, since + datetime.timedelta(days=1))


def are_those_of_the_office() -> bool:
    """Whether the clinic is open as each is when it is new."""
    hours = OpeningHours.objects.values_list("weekday", "opens", "closes")
    return list(hours) == [(weekday, OFFICE_OPENS, OFFICE_CLOSES) for weekday in OFFICE_DAYS]


def connect(app_config: AppConfig) -> None:
    """After a migration, a clinic that is never open is open on weekdays, until its staff say otherwise."""
    post_migrate.connect(_open_on_weekdays, sender=app_config, dispatch_uid="opening hours")


def _open_on_weekdays(sender: object, *, using: str, **kwargs: object) -> None:
    # The table is not there yet when only the first migrations are run.
    with connections[using].cursor() as cursor:
        tables = connections[using].introspection.table_names(cursor)
    hours = OpeningHours.objects.using(using)
    if OpeningHours._meta.db_table in tables and not hours.exists():
        hours.bulk_create(
            OpeningHours(weekday=weekday, opens=OFFICE_OPENS, closes=OFFICE_CLOSES) for weekday in OFFICE_DAYS
        )

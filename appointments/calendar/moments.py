"""Days and times as patients read them: always with the weekday, and never in a zone that is not named."""

import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from common.languages import language_or_english
from screening.wording import date_in_words

from .calling_hours import is_elsewhere


def day_in_words(moment: datetime.datetime, zone: datetime.tzinfo | None = None) -> str:
    """Like "Monday, November 30, 2026", at the clinic unless another zone is given."""
    language = language_or_english(get_language())
    return date_in_words(_local(moment, zone), language.date)


def time_in_words(moment: datetime.datetime, zone: datetime.tzinfo | None = None) -> str:
    return date_format(_local(moment, zone), language_or_english(get_language()).time)


def call_in_words(moment: datetime.datetime, zone: ZoneInfo) -> str:
    """When the patient's phone rings, where they are; names their city if clocks there differ from the clinic's.

    Like all that follows it is for the end of a sentence, whose full stop it leaves out after "9 a.m.".
    """
    return _in_words(moment, zone, zone if is_elsewhere(zone, moment) else None)


def visit_in_words(moment: datetime.datetime, patients_zone: ZoneInfo) -> str:
    """When to be at the clinic; names its city if clocks show another time where the patient is."""
    own = timezone.get_default_timezone()
    return _in_words(moment, own, own if is_elsewhere(patients_zone, moment) else None)


def _in_words(moment: datetime.datetime, zone: datetime.tzinfo, named: datetime.tzinfo | None) -> str:
    date, time = day_in_words(moment, zone), time_in_words(moment, zone)
    if isinstance(named, ZoneInfo):
        city = named.key.rpartition("/")[2].replace("_", " ")
        return _("{date} at {time} ({city} time)").format(date=date, time=time, city=city)
    return _("{date} at {time}").format(date=date, time=time).removesuffix(".")


def _local(moment: datetime.datetime, zone: datetime.tzinfo | None) -> datetime.datetime:
    return timezone.localtime(moment, zone or timezone.get_default_timezone())

"""Reads a date of birth as people type it into a search: 12/31/1948, 1948-12-31, Dec 31 1948, 31 dic 1948, 123148."""

import datetime
import re
from collections.abc import Iterator

from django.utils import timezone

from common.languages import LANGUAGES

ADULT = 18
WHOLE = {name: at for language in LANGUAGES for at, name in enumerate(language.months.split(), 1)}
MONTHS = {name[:length]: at for name, at in WHOLE.items() for length in (3, 4, len(name))} | {"setiembre": 9}

MONTH = rf"\b(?P<month>{'|'.join(sorted(MONTHS, key=len, reverse=True))})\b"
DAY, YEAR = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<year>\d{4}|\d{2})"
FIRST, SECOND, BETWEEN = r"(?P<first>\d{1,2})", r"(?P<second>\d{1,2})", r"[\s./-]+"
# Between a number and the word for the month nothing need stand; between two numbers something has to.
BESIDE_WORD = r"[\s.,/-]*(?:\b(?:of|de|del)\b)?[\s.,/-]*"
BETWEEN_NUMBERS = r"[\s.,/-]+(?:(?:of|de|del)\b[\s.,/-]*)?"
# What stands among more digits is a phone number.
ALONE = r"(?<!\d)(?<!\d[\s./-])(?<!\+){}(?![\s./-]?\d)"
SPELLINGS = [
    re.compile(ALONE.format(spelling), re.ASCII)
    for spelling in (
        rf"(?P<year>\d{{4}}){BETWEEN}{FIRST}{BETWEEN}{SECOND}",
        rf"{FIRST}{BETWEEN}{SECOND}{BETWEEN}{YEAR}",
        rf"{MONTH}{BESIDE_WORD}{DAY}{BETWEEN_NUMBERS}{YEAR}",
        rf"{DAY}{BESIDE_WORD}{MONTH}{BESIDE_WORD}{YEAR}",
        r"(?P<first>\d{2})(?P<second>\d{2})(?P<year>\d{4}|\d{2})",
        r"(?P<year>\d{4})(?P<first>\d{2})(?P<second>\d{2})",
    )
]
EARLIEST = 1900


def find(typed: str) -> tuple[list[datetime.date], str]:
    """The dates that something in small letters may name, and the words that do; none and nothing if none do.

    The month comes first, as here. Where that can be read the other way round, too, both are given, because not
    everybody is from here. Of two digits the year is the last in which an adult was born.
    """
    for spelling in SPELLINGS:
        if (match := spelling.search(typed)) and (dates := list(_readings(match))):
            return dates, match[0]
    return [], ""


def _readings(match: re.Match[str]) -> Iterator[datetime.date]:
    parts = match.groupdict()
    if "month" in parts:
        readings = [(MONTHS[parts["month"]], int(parts["day"]))]
    else:
        first, second = int(parts["first"]), int(parts["second"])
        year_comes_first = match.start("year") < match.start("first")
        readings = [(first, second)] if year_comes_first or first == second else [(first, second), (second, first)]
    year, today = _year(parts["year"]), timezone.localdate()
    for month, day in readings:
        try:
            date = datetime.date(year, month, day)
        except ValueError:
            continue
        if year >= EARLIEST and date <= today:
            yield date


def _year(typed: str) -> int:
    if len(typed) > 2:
        return int(typed)
    in_this_century = 2000 + int(typed)
    return in_this_century if in_this_century <= timezone.localdate().year - ADULT else in_this_century - 100

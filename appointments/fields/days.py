"""Days that somebody can mean. Those at the ends of the calendar are none elsewhere, nor have a next one."""

import datetime

from django.core.exceptions import ValidationError

EARLIEST, LATEST = 2000, 2199


def validate_year(day: datetime.date) -> None:
    """Of a day, or of a moment."""
    if not EARLIEST <= day.year <= LATEST:
        raise ValidationError(f"Check the year: it is one from {EARLIEST} to {LATEST}.")

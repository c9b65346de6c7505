"""The date of birth of an adult, in three boxes or whole in one of them."""

import calendar
import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import formats, timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..typed_dates import ADULT, MONTHS, find
from .text import tidied

OLDEST = 120
# Of a whole date in one box.
LONGEST_PART = 30
DIGITS_OF_A_YEAR = 4
MONTHS_OF_A_YEAR = 12


def validate_birthday(born: datetime.date) -> None:
    """Of somebody who is an adult today."""
    today = timezone.localdate()
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if born > today:
        raise ValidationError(_("A date of birth is in the past. Check the year."))
    if age > OLDEST:
        raise ValidationError(_("Check the year of birth. It needs four numbers, like 1948."))
    if age < ADULT:
        raise ValidationError(_("This check is for adults 18 or older. Please call us instead."))


class DatePartsWidget(forms.MultiWidget):
    template_name = "upright/date_parts.html"
    use_fieldset = True

    def __init__(self) -> None:
        part = {"inputmode": "numeric", "maxlength": str(LONGEST_PART)}
        super().__init__(
            {
                "month": forms.TextInput({**part, "autocomplete": "bday-month"}),
                "day": forms.TextInput({**part, "autocomplete": "bday-day"}),
                "year": forms.TextInput({**part, "autocomplete": "bday-year"}),
            }
        )

    def decompress(self, value: datetime.date | None) -> list[int | None]:
        return [value.month, value.day, value.year] if value else [None, None, None]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str | None]:
        """The parts; a whole date in one of the boxes, and nothing in the others, is split over them."""
        parts = super().value_from_datadict(data, files, name)
        filled_in = [part for part in parts if part and part.strip()]
        if len(filled_in) == 1 and len(filled_in[0]) <= LONGEST_PART:
            dates, _words = find(tidied(filled_in[0]).lower())
            # Where it can be read in two ways, the month comes first, as in the boxes.
            if dates:
                return [str(part) for part in self.decompress(dates[0])]
        return parts


class DateOfBirthField(forms.MultiValueField):
    """A date in three parts, of somebody who is an adult today. Says which part is wrong, and why."""

    widget = DatePartsWidget

    def __init__(self, **kwargs: Any) -> None:
        parts = [forms.CharField(required=False) for _ in range(3)]
        super().__init__(parts, require_all_fields=False, **kwargs)
        self.error_messages["required"] = _("Enter the month, day and year of birth.")

    def compress(self, parts: list[str]) -> datetime.date | None:
        if not any(parts):
            return None
        month, day, year = ("" if len(part) > LONGEST_PART else part for part in parts)
        born = _date(_month(month), day, year)
        validate_birthday(born)
        return born


def _month(typed: str) -> int:
    if not typed:
        raise ValidationError(_("Enter the month of birth, too."))
    if (named := MONTHS.get(typed.lower().rstrip("."))) is not None:
        return named
    if not typed.isdecimal():
        raise ValidationError(_("Write the month as a number from 1 to 12, or as a word."))
    if not 1 <= int(typed) <= MONTHS_OF_A_YEAR:
        raise ValidationError(_("The month must be 1 to 12. It comes before the day."))
    return int(typed)


def _date(month: int, day: str, year: str) -> datetime.date:
    if not day:
        raise ValidationError(_("Enter the day of birth, too."))
    if not year:
        raise ValidationError(_("Enter the year of birth, too."))
    if not year.isdecimal() or len(year) != DIGITS_OF_A_YEAR or int(year) == 0:
        raise ValidationError(_("Check the year of birth. It needs four numbers, like 1948."))
    if not day.isdecimal():
        raise ValidationError(_("Write the day of birth as a number."))
    longest = calendar.monthrange(int(year), month)[1]
    if not 1 <= int(day) <= longest:
        named = formats.date_format(datetime.date(int(year), month, 1), "YEAR_MONTH_FORMAT")
        raise ValidationError(
            gettext("Check the day of birth. {month} had {days} days.").format(month=named, days=longest)
        )
    return datetime.date(int(year), month, int(day))

"""Phone numbers, as people write them: with words beside, and sometimes two."""

from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberMatcher, PhoneNumberType

from .text import tidied, without_formats

LONGEST_EXTENSION = 8
LONGEST_TYPED = 80
ODD = _("To call this number costs extra, or is not possible. Correct it, or press the button again.")
# What stands between a number and the words beside it, and is no part of either.
AROUND = " ,;:/()[]–—-"


class PhoneField(forms.CharField):
    """Gives the number as +12125550123, with ;ext=12 where there is an extension.

    What else was typed is no error; `words_beside` has it.
    """

    default_error_messages = dict.fromkeys(
        ("invalid", "max_length"), _("Enter a phone number with its area code, like 212 555 0123.")
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_TYPED, widget=forms.TextInput(attrs={"type": "tel"}), **kwargs)
        self.widget.input_type = "tel"
        self.widget.attrs.update(autocomplete="tel", inputmode="tel")

    def clean(self, value: object) -> str:
        typed = super().clean(value)
        if not typed:
            return ""
        numbers = numbers_in(typed)
        if not numbers:
            raise ValidationError(self.error_messages["invalid"])
        return numbers[0]


# What most people have. Others cost the caller, or are for machines and services.
OF_PEOPLE = (
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.TOLL_FREE,
)


def is_odd(stored: str) -> bool:
    """Whether to call it would cost extra, or may not be possible from here: most likely a slip."""
    number = phonenumbers.parse(stored, settings.PHONE_REGION)
    is_ours = number.country_code == phonenumbers.country_code_for_region(settings.PHONE_REGION)
    is_dialled_from_here = is_ours or phonenumbers.can_be_internationally_dialled(number)
    return phonenumbers.number_type(number) not in OF_PEOPLE or not is_dialled_from_here


def numbers_in(typed: str) -> list[str]:
    """Those that can be dialled, in the order in which they stand there, as PhoneField gives them."""
    return [_stored(match.number) for match in _matches(typed)]


def words_beside(typed: str) -> str:
    """What was typed beside the number that PhoneField takes, such as whose it is, or a second number."""
    match = next(iter(_matches(typed)), None)
    if match is None:
        return ""
    around = (typed[: match.start], typed[match.end :])
    return tidied(" ".join(without_formats(words).strip(AROUND) for words in around))[:LONGEST_TYPED]


def _matches(typed: str) -> list[phonenumbers.PhoneNumberMatch]:
    found = PhoneNumberMatcher(typed[:LONGEST_TYPED], settings.PHONE_REGION)
    return [match for match in found if len(match.number.extension or "") <= LONGEST_EXTENSION]


def _stored(number: PhoneNumber) -> str:
    stored = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{stored};ext={number.extension}" if number.extension else stored

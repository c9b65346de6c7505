"""Form fields for what people know about themselves: their name, birthday and phone number, as they write them."""

from .asked_back import AskedField, ask_back
from .birthdays import DateOfBirthField, validate_birthday
from .choices import PARTS_OF_THE_DAY, CallTimesField, LongSelect, call_times_in_words
from .days import validate_year
from .emails import EmailField, likely_meant
from .names import PersonNameField, PostalAddressField
from .phones import ODD, PhoneField, is_odd, numbers_in, words_beside
from .text import tidied, without_formats

__all__ = [
    "ODD",
    "PARTS_OF_THE_DAY",
    "AskedField",
    "CallTimesField",
    "DateOfBirthField",
    "EmailField",
    "LongSelect",
    "PersonNameField",
    "PhoneField",
    "PostalAddressField",
    "ask_back",
    "call_times_in_words",
    "is_odd",
    "likely_meant",
    "numbers_in",
    "tidied",
    "validate_birthday",
    "validate_year",
    "without_formats",
    "words_beside",
]

"""Finds requests by what a caller says or types, about the patient or about whoever filled it in for them.

A name, a phone number or a date of birth in any spelling, an e-mail, a reference.
"""

import re
import unicodedata

from django.db.models import Q, QuerySet

from . import reference, typed_dates
from .fields import numbers_in

FEWEST_CHARACTERS = 3
# Nobody types more to find somebody, and each word costs.
MOST_CHARACTERS = 200
SEARCHED = ("name", "former_names", "filled_in_by", "phone", "phone_note", "patient_phone", "email", "reference")
SHORT_NAME = 2
PHONE_NUMBER = re.compile(
    r"(?:tel:)?(?P<number>[\d\s().+/‐-―−-]+?)(?:[,;\s]*(?:extension|ext|x|#)[.=:\s]*(?P<extension>\d+))?",
    re.ASCII | re.IGNORECASE,
)
# From so many digits on, a number that starts with two zeros starts with what is dialled before a country code.
LONGEST_WITHIN_A_COUNTRY = 10
# People leave these out, or write them in one of many ways.
AS_IF_WRITTEN = str.maketrans(
    dict.fromkeys("'’‘ʼʻ`´.()\u200c\u200d")
    | dict.fromkeys("-‐‑‒–—,\0", " ")
    | {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"}
)
# As in O Brien, Mc Donald, De La Cruz, which others write in one.
SHORT_WORDS = re.compile(r"\b(\w{1,2}) (?=\w)")


def text_to_search(
    *,
    name: str,
    phone: str,
    email: str,
    reference: str,
    phone_note: str = "",
    patient_phone: str = "",
    former_names: str = "",
    filled_in_by: str = "",
) -> str:
    """All of it, with a blank before and after each word."""
    names = [spelling for one in (name, former_names, filled_in_by) for spelling in _spellings(one)]
    parts = (*names, phone, *numbers_in(phone_note), patient_phone, folded(email), reference.lower())
    return f" {' '.join(filter(None, parts))} "


def _spellings(name: str) -> tuple[str, ...]:
    words = folded(name)
    in_one = SHORT_WORDS.sub(r"\1", words)
    return (words,) if in_one == words else (words, in_one)


def folded(text: str) -> str:
    """The same text without capitals, accents, apostrophes and dots, and with blanks for hyphens and commas."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(AS_IF_WRITTEN))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def find(requests: QuerySet, typed: str) -> QuerySet:
    """Those requests that fit all words of what was typed; none, if that is too short to tell."""
    conditions = _conditions(typed)
    return requests.filter(*conditions) if conditions else requests.none()


def is_too_short(typed: str) -> bool:
    """Whether nobody can be found by it, whoever there is."""
    return not _conditions(typed)


def _conditions(typed: str) -> list[Q]:
    """What has to hold of a request, all of it; nothing if what was typed is too short."""
    if exact := reference.parse(typed[:MOST_CHARACTERS]):
        return [Q(reference=exact)]
    seen = "".join(one for one in typed[:MOST_CHARACTERS] if unicodedata.category(one) != "Cf")
    plain = unicodedata.normalize("NFKC", seen).strip()
    dates, said = typed_dates.find(plain.casefold())
    if dates:
        born = Q(date_of_birth__in=dates)
        # 123148 may be a birthday, and in the middle of a phone number.
        either = born | Q(search_text__contains=said) if said.isdecimal() else born
        return [either, *map(_has, folded(plain.casefold().replace(said, " ")).split())]
    if number := PHONE_NUMBER.fullmatch(plain):
        digits = _as_stored(**number.groupdict())
        return [Q(search_text__contains=digits)] if len(digits) >= FEWEST_CHARACTERS else []
    words = folded(seen).split()
    # Letters alone are in every text. Where one stands for a syllable or a word, it tells as much as two.
    letters = sum(len(word) * (1 if word.isascii() else 2) for word in words if len(word) > 1)
    if letters >= FEWEST_CHARACTERS:
        return [_has(word) for word in words]
    # Li, Ng and Wu are whole names.
    is_a_name = any(len(word) == SHORT_NAME for word in words)
    return [_has(f"{word} " if len(word) == SHORT_NAME else word) for word in words] if is_a_name else []


def _has(word: str) -> Q:
    # An initial is in every text somewhere, so it has to be the start of a word.
    is_long = len(word.strip()) >= FEWEST_CHARACTERS
    return Q(search_text__contains=word if is_long else f" {word}")


def _as_stored(number: str, extension: str | None) -> str:
    """As +1 212 555 0123 is stored as +12125550123;ext=12: people leave the country code out, or the plus."""
    digits = re.sub(r"\D", "", number)
    if len(digits) > LONGEST_WITHIN_A_COUNTRY:
        digits = digits.removeprefix("00")
    return f"{digits};ext={extension}" if extension else digits

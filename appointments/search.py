"""Finds requests by what a caller says or types: a name, a phone number in any spelling, an e-mail, a reference."""

import re
import unicodedata

from django.db.models import QuerySet

from . import reference

FEWEST_CHARACTERS = 3
# Nobody types more to find somebody, and each word costs.
MOST_CHARACTERS = 200
SEARCHED = ("name", "phone", "email", "reference")
PHONE_NUMBER = re.compile(
    r"(?:tel:)?(?P<number>[\d\s().+/‐-―−-]+?)(?:[,;\s]*(?:extension|ext|x|#)[.=:\s]*(?P<extension>\d+))?",
    re.ASCII | re.IGNORECASE,
)
# From so many digits on, a number that starts with two zeros starts with what is dialled before a country code.
LONGEST_WITHIN_A_COUNTRY = 10
# People leave these out, or write them in one of many ways.
AS_IF_WRITTEN = str.maketrans(
    dict.fromkeys("'’‘ʼ`´\u200c\u200d")
    | dict.fromkeys("-‐‑‒–—,\0", " ")
    | {"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"}
)


def text_to_search(*, name: str, phone: str, email: str, reference: str) -> str:
    return " ".join(("", folded(name), phone, folded(email), reference.lower()))


def folded(text: str) -> str:
    """The same text without capitals, accents and apostrophes, and with blanks for hyphens and commas."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(AS_IF_WRITTEN))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def find(requests: QuerySet, typed: str) -> QuerySet:
    """Those requests that fit all words of what was typed; none, if that is too short to tell."""
    typed = typed[:MOST_CHARACTERS]
    if exact := reference.parse(typed):
        return requests.filter(reference=exact)
    number = PHONE_NUMBER.fullmatch(unicodedata.normalize("NFKC", typed).strip())
    parts = [_as_stored(**number.groupdict())] if number else folded(typed).split()
    if max(map(len, parts), default=0) < FEWEST_CHARACTERS:
        return requests.none()
    for part in parts:
        # An initial is in every text somewhere, so it has to be the start of a word.
        requests = requests.filter(search_text__contains=part if len(part) >= FEWEST_CHARACTERS else f" {part}")
    return requests


def _as_stored(number: str, extension: str | None) -> str:
    """As +1 212 555 0123 is stored as +12125550123;ext=12: people leave the country code out, or the plus."""
    digits = re.sub(r"\D", "", number)
    if len(digits) > LONGEST_WITHIN_A_COUNTRY:
        digits = digits.removeprefix("00")
    return f"{digits};ext={extension}" if extension else digits

"""Finds requests by what a caller says or types: a name, a phone number in any spelling, an e-mail, a reference."""

import re
import unicodedata

from django.db.models import QuerySet

from . import reference

FEWEST_CHARACTERS = 3
# Nobody types more to find somebody, and each word costs.
MOST_CHARACTERS = 200
SEARCHED = ("name", "phone", "patient_phone", "email", "reference")
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


def text_to_search(*, name: str, phone: str, email: str, reference: str, patient_phone: str = "") -> str:
    words = folded(name)
    in_one = SHORT_WORDS.sub(r"\1", words)
    names = (words,) if in_one == words else (words, in_one)
    return " ".join(("", *names, phone, *filter(None, [patient_phone]), folded(email), reference.lower()))


def folded(text: str) -> str:
    """The same text without capitals, accents, apostrophes and dots, and with blanks for hyphens and commas."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(AS_IF_WRITTEN))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def find(requests: QuerySet, typed: str) -> QuerySet:
    """Those requests that fit all words of what was typed; none, if that is too short to tell."""
    if exact := reference.parse(typed[:MOST_CHARACTERS]):
        return requests.filter(reference=exact)
    parts = _parts_of(typed)
    if not parts:
        return requests.none()
    for part in parts:
        # An initial is in every text somewhere, so it has to be the start of a word.
        requests = requests.filter(search_text__contains=part if len(part) >= FEWEST_CHARACTERS else f" {part}")
    return requests


def is_too_short(typed: str) -> bool:
    """Whether nobody can be found by it, whoever there is."""
    return not (_parts_of(typed) or reference.parse(typed[:MOST_CHARACTERS]))


def _parts_of(typed: str) -> list[str]:
    """What has to be found in the text of a request; nothing if it is too short."""
    seen = "".join(one for one in typed[:MOST_CHARACTERS] if unicodedata.category(one) != "Cf")
    if number := PHONE_NUMBER.fullmatch(unicodedata.normalize("NFKC", seen).strip()):
        digits = _as_stored(**number.groupdict())
        return [digits] if len(digits) >= FEWEST_CHARACTERS else []
    words = folded(seen).split()
    # Letters alone are in every text. Where one stands for a syllable or a word, it tells as much as two.
    letters = sum(len(word) * (1 if word.isascii() else 2) for word in words if len(word) > 1)
    return words if letters >= FEWEST_CHARACTERS else []


def _as_stored(number: str, extension: str | None) -> str:
    """As +1 212 555 0123 is stored as +12125550123;ext=12: people leave the country code out, or the plus."""
    digits = re.sub(r"\D", "", number)
    if len(digits) > LONGEST_WITHIN_A_COUNTRY:
        digits = digits.removeprefix("00")
    return f"{digits};ext={extension}" if extension else digits

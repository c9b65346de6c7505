"""Turns the sentences of the pathway into what the reader sees, in their language."""

import datetime
import re
from collections.abc import Sequence

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from common.clinic import CLINIC
from common.languages import language_or_english

from .questionnaire.assessment import Line
from .questionnaire.definition import PLACES

PLACE = re.compile("({" + "}|{".join(sorted(PLACES)) + "})")


def say(text: str) -> str:
    """A sentence of the pathway in the active language, with what the clinic's settings say in its places."""
    return PLACE.sub(lambda place: _in_place(place[0]), gettext(text)) if text else ""


def date_in_words(date: datetime.date, form: str = "DATE_FORMAT") -> str:
    """As the active language writes it, like "Nov. 30, 2026"; in one that writes months small, these too."""
    words = date_format(date, form)
    return words.lower() if language_or_english(translation.get_language()).writes_months_small else words


def can_be_said(text: str) -> bool:
    """Whether the clinic has something for each of its places."""
    return all(_in_place(place) for place in PLACE.findall(text))


def _in_place(place: str) -> str:
    """What the clinic has for one of PLACES."""
    match place:
        case "{emergency}":
            return CLINIC.emergency_number
        case "{phone}":
            return CLINIC.phone
        case "{hours}":
            return CLINIC.hours
        case "{nurse_line}":
            return CLINIC.nurse_line
    raise ValueError(place)


def say_line(line: Line) -> str:
    words = {name: _listed([say(value) for value in values]) for name, values in line.values.items()}
    return say(line.text).format(**words) if words else say(line.text)


def _listed(items: Sequence[str]) -> str:
    if len(items) < 2:
        return "".join(items)
    return gettext(_("{items} and {last}")).format(items=", ".join(items[:-1]), last=items[-1])


def english_line(line: Line) -> str:
    """The sentence as staff read it, whatever language the visitor reads."""
    with translation.override("en"):
        return say_line(line)

"""Turns the sentences of the pathway into what the reader sees, in their language."""

from collections.abc import Sequence

from django.utils import translation
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from common.clinic import CLINIC

from .questionnaire.assessment import Line


def say(text: str) -> str:
    """A sentence of the pathway in the active language, with what the clinic's settings say in its places."""
    if not text:
        return ""
    said = gettext(text)
    for place, (words, _link) in _places().items():
        said = said.replace(place, words)
    return said


def say_with_links(text: str) -> SafeString:
    """The same, with each phone number to press."""
    said = str(conditional_escape(gettext(text)))
    for place, (words, link) in _places().items():
        shown = format_html('<a class="nowrap" href="{}">{}</a>', link, words) if link else conditional_escape(words)
        said = said.replace(place, str(shown))
    return mark_safe(said)  # noqa: S308  # nosec: escaped above, piece by piece


def can_be_said(text: str) -> bool:
    """Whether the clinic has something for each of its places."""
    return all(words for place, (words, _link) in _places().items() if place in text)


def _places() -> dict[str, tuple[str, str]]:
    """What stands in each place of questionnaire.definition.PLACES, and what pressing it opens."""
    return {
        "{emergency}": (CLINIC.emergency_number, f"tel:{CLINIC.emergency_number}"),
        "{phone}": (CLINIC.phone, CLINIC.phone_link),
        "{hours}": (CLINIC.hours, ""),
        "{nurse_line}": (CLINIC.nurse_line, CLINIC.nurse_line_link),
    }


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

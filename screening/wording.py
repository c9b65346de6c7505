"""Turns the sentences of the pathway into what the reader sees, in their language."""

from collections.abc import Sequence

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from .questionnaire.assessment import Line


def say(text: str) -> str:
    """A sentence of the pathway in the active language, with the emergency number in its place."""
    return gettext(text).replace("{emergency}", settings.EMERGENCY_NUMBER) if text else ""


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

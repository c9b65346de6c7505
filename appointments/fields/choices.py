"""What is chosen from a list: when to call, and one of hundreds."""

import datetime
import functools
from collections.abc import Collection
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.clinic import CLINIC, clock_in_words

ANY_TIME = "any"
# By the hour, where the patient is.
PARTS_OF_THE_DAY = {"morning": (8, 12), "afternoon": (12, 16), "evening": (16, 18)}
WITH_HOURS = {
    "morning": _("Morning, {opens} to {closes}"),
    "afternoon": _("Afternoon, {opens} to {closes}"),
    "evening": _("Late afternoon, {opens} to {closes}"),
}


def call_times() -> list[tuple[str, str]]:
    """What patients choose from, with its words: the parts of the day in which the clinic is ever open."""
    return [*((part, _with_hours(part)) for part in PARTS_OF_THE_DAY if _open_hours(part)), (ANY_TIME, _any_time())]


def call_times_in_words(chosen: Collection[str]) -> list[str]:
    """In the order of the day, those included in which the clinic is not open any more."""
    return [_with_hours(part) for part in PARTS_OF_THE_DAY if part in chosen] + [_any_time()] * (ANY_TIME in chosen)


def _any_time() -> str:
    return gettext("Any of these times")


def _with_hours(part: str) -> str:
    first, end = PARTS_OF_THE_DAY[part]
    opens, closes = _open_hours(part) or (datetime.time(first), datetime.time(end))
    return str(WITH_HOURS[part]).format(opens=clock_in_words(opens), closes=clock_in_words(closes))


def _open_hours(part: str) -> tuple[datetime.time, datetime.time] | None:
    """From when to when the clinic is open in it, on one weekday or another; all of it if nobody has said."""
    first, end = (datetime.time(hour) for hour in PARTS_OF_THE_DAY[part])
    week = CLINIC.week.values() or [(first, end)]
    open_in_it = [(max(opens, first), min(closes, end)) for opens, closes in week if opens < end and closes > first]
    if not open_in_it:
        return None
    return min(opens for opens, _closes in open_in_it), max(closes for _opens, closes in open_in_it)


class LongSelect(forms.Select):
    """For hundreds of choices without groups: without a template for each, which would take most of a page's time."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> Any:
        chosen = set(self.format_value(value))
        options = format_html_join(
            "\n", "{}", ((_option(key, str(label), key in chosen),) for key, label in self.choices)
        )
        attributes = flatatt(self.build_attrs(self.attrs, attrs))
        return format_html('<select name="{}"{}>\n{}\n</select>', name, attributes, options)


@functools.lru_cache(maxsize=2_000)
def _option(key: str, label: str, is_chosen: bool) -> str:
    return format_html("  <option{}>{}</option>", flatatt({"value": key, "selected": is_chosen}), label)


class CallTimesField(forms.MultipleChoiceField):
    def __init__(self) -> None:
        super().__init__(
            label=_("When is a good time to call?"),
            help_text=_("Check every one that suits you."),
            widget=forms.CheckboxSelectMultiple,
            choices=call_times,
            error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose at least one time to call.")),
        )

    def clean(self, value: object) -> list[str]:
        times = super().clean(value)
        return [ANY_TIME] if ANY_TIME in times else times

"""A form that takes what its page asks for, and nothing else."""

from collections.abc import Iterable
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _


class StrictForm(forms.Form):
    """Refuses a field that it does not have, and one sent twice that has one value: no page of ours sends such.

    To take one of two values would be a guess. `beside` are names that its page sends besides its fields, `several`
    those of them that may come more than once. What is no form that was sent, like a dictionary, is not looked at.
    """

    beside: frozenset[str] = frozenset(("csrfmiddlewaretoken", "version", "leave_this_empty"))
    several: frozenset[str] = frozenset()

    def choice_field(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError(f"{name} has no choices")
        return field

    def unjudged(self) -> Self:
        """As it was filled in, and without a word about what is missing or wrong: it was not sent to be taken."""
        self._errors, self.cleaned_data = ErrorDict(), {}
        return self

    def clean(self) -> dict[str, Any]:
        super().clean()
        if hasattr(self.data, "lists") and not self._asks_for(dict(self.data.lists())):
            raise ValidationError(
                _("This page got something that it did not ask for. Load it again and fill it in once more."),
                code="not asked for",
            )
        return self.cleaned_data

    def _asks_for(self, sent: dict[str, list[str]]) -> bool:
        several = self._names(takes_several=True) | self.several
        once = self._names(takes_several=False) | self.beside
        return all(name in several or (name in once and len(values) <= 1) for name, values in sent.items())

    def _names(self, *, takes_several: bool) -> set[str]:
        return {
            bound.html_name + suffix
            for bound in self
            if _takes_several(bound.field.widget) == takes_several
            for suffix in getattr(bound.field.widget, "widgets_names", [""])
        }


def sent_together(*forms: StrictForm, beside: Iterable[str] = ()) -> None:
    """Let each of these forms of one page, sent as one, leave to the others what they ask for.

    `beside` are names that the page sends besides.
    """
    names = [form._names(takes_several=True) | form._names(takes_several=False) for form in forms]
    for form, own in zip(forms, names, strict=True):
        form.beside = form.beside | set(beside)
        form.several = form.several | (frozenset[str]().union(*names) - own)


def _takes_several(widget: forms.Widget) -> bool:
    return getattr(widget, "allow_multiple_selected", False) or getattr(widget, "reads_all_values", False)

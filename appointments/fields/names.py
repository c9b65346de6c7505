"""Names and addresses, as people write them."""

import unicodedata
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from .text import JOINERS, LONGEST_COMPOSED, tidied, without_formats, without_needless_joiners

# Unicode's categories of characters that no name holds: controls, private use, what is not assigned.
UNREADABLE = {"Cc", "Cf", "Co", "Cs", "Cn"}
# Letters to Unicode, and nothing to the eye.
INVISIBLE_LETTERS = {"\u115f", "\u1160", "\u3164", "\uffa0"}
MOST_MARKS_ON_A_LETTER = 4


class PersonNameField(forms.CharField):
    """Each has an error message of its own for what has no letters, as "invalid".

    What is invisible and needless is dropped without a word.
    """

    default_error_messages: ClassVar = {
        "unreadable": _("There is a sign in it that we cannot read. Please type it again: {label}"),
        "accents": _("There are too many accents on one letter. Please type it again: {label}"),
        "max_length": _("Make this shorter: {label}"),
    }

    def __init__(self, *, autocomplete: str = "name", **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 120)
        super().__init__(**kwargs)
        for code in ("unreadable", "accents", "max_length"):
            self.error_messages[code] = format_lazy(self.error_messages[code], label=self.label)
        self.widget.attrs.update(autocomplete=autocomplete, spellcheck="false")

    def to_python(self, value: object) -> str:
        typed = super().to_python(value) or ""
        if len(typed) > LONGEST_COMPOSED:
            return typed
        name = without_needless_joiners(tidied(without_formats(typed)))
        if name and (code := _what_is_wrong_with(name)):
            raise ValidationError(self.error_messages[code], code=code)
        return name


def _what_is_wrong_with(name: str) -> str:
    """The code of the error, or nothing."""
    seen = [character for character in name if character not in JOINERS]
    categories = [unicodedata.category(character) for character in seen]
    kinds = "".join(category[0] for category in categories)
    if UNREADABLE & set(categories):
        return "unreadable"
    if "M" * (MOST_MARKS_ON_A_LETTER + 1) in kinds:
        return "accents"
    return "" if "L" in kinds and not INVISIBLE_LETTERS & set(seen) else "invalid"


class PostalAddressField(forms.CharField):
    """A few lines, as they stand on an envelope."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"rows": 3, "autocomplete": "street-address", "spellcheck": "false"}
        super().__init__(required=False, max_length=200, widget=forms.Textarea(attributes), **kwargs)
        self.error_messages["max_length"] = format_lazy(_("Make this shorter: {label}"), label=self.label)

    def to_python(self, value: object) -> str:
        typed = super().to_python(value) or ""
        if len(typed) > LONGEST_COMPOSED:
            return typed
        lines = (tidied(without_formats(line)) for line in typed.splitlines())
        address = "\n".join(line for line in lines if line)
        if any(unicodedata.category(character) in UNREADABLE for character in address.replace("\n", "")):
            raise ValidationError(_("Write the address in letters and numbers."))
        return address

"""E-mail addresses, as people write them."""

import unicodedata
from difflib import get_close_matches
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .text import LONGEST_COMPOSED, without_formats

INVALID = _("Enter an e-mail address like name@example.com, or leave this empty.")
# Where most private addresses of this country are; what is written almost like one of them is mostly a slip.
COMMON = (
    *("gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "aol.com", "icloud.com", "live.com", "msn.com"),
    *("comcast.net", "verizon.net", "att.net", "sbcglobal.net", "bellsouth.net", "cox.net", "charter.net"),
    *("optonline.net", "earthlink.net", "frontier.com", "ymail.com", "rocketmail.com", "protonmail.com"),
    *("me.com", "mac.com", "mail.com", "email.com", "gmx.com", "gmx.net", "yahoo.es", "hotmail.es", "outlook.es"),
)
ENDINGS = {"con": "com", "cmo": "com", "ocm": "com", "vom": "com", "xom": "com", "comm": "com", "nte": "net"}
ALIKE = 0.85


class EmailField(forms.EmailField):
    """Gives an address that mail can be sent to, less what is invisible or stands around it."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"autocomplete": "email", "inputmode": "email", "spellcheck": "false", "autocapitalize": "none"}
        messages = dict.fromkeys(("invalid", "max_length"), INVALID)
        super().__init__(
            **{
                "required": False,
                "max_length": 254,
                "widget": forms.EmailInput(attributes),
                "error_messages": messages,
                **kwargs,
            }
        )

    def to_python(self, value: object) -> str:
        typed = super().to_python(value) or ""
        if len(typed) > LONGEST_COMPOSED:
            return typed
        # The same letters in full width, as some keyboards write them.
        address = unicodedata.normalize("NFKC", without_formats(typed)).strip(" \t<>,;.")
        # A quoted name and the number of a machine are allowed, and no mail to them arrives.
        if any(sign in address for sign in '"[]()'):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return address


def likely_meant(address: str) -> str:
    """The address that this one is most likely a slip of, or nothing."""
    name, at, domain = address.rpartition("@")
    domain = domain.lower()
    if not at or domain in COMMON:
        return ""
    start, _dot, ending = domain.rpartition(".")
    meant = f"{start}.{ENDINGS[ending]}" if ending in ENDINGS else domain
    if near := get_close_matches(meant, COMMON, n=1, cutoff=ALIKE):
        meant = near[0]
    return f"{name}@{meant}" if meant != domain else ""

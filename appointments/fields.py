"""Form fields for what people know about themselves: their name, birthday and phone number, as they write them."""

import datetime
import re
import unicodedata
from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

# Unicode's categories of characters that no name holds: controls, overrides of the writing direction, private use.
REFUSED_IN_NAMES = {"Cc", "Cf", "Co", "Cs", "Cn"}
# Formats that names in some scripts need, from Arabic on: the joiner and the non-joiner, after a letter of theirs.
JOINERS = {"\u200c", "\u200d"}
NEEDLESS_JOINERS = re.compile("(?<![\u0600-\u1fff\u2c00-\uffff])[\u200c\u200d]+|(?<=[\u200c\u200d])[\u200c\u200d]+")
# Letters to Unicode, and nothing to the eye.
INVISIBLE_LETTERS = {"\u115f", "\u1160", "\u3164", "\uffa0"}
MOST_MARKS_ON_A_LETTER = 4
# Four times the longest field, for those who type each accent as a character of its own. To compose badly ordered
# marks costs the square of their number, so longer text is left as it is: no field takes it.
LONGEST_COMPOSED = 500
ADULT = 18
LONGEST_EXTENSION = 8
OLDEST = 120
LONGEST_PART = 4


def tidied(text: str) -> str:
    """The same text in its shortest spelling: blanks collapsed, letters and their accents in one piece.

    Text longer than LONGEST_COMPOSED keeps its accents as they are.
    """
    words = " ".join(text.split())
    return unicodedata.normalize("NFC", words) if len(words) <= LONGEST_COMPOSED else words


def without_needless_joiners(name: str) -> str:
    """Needless ones are nothing to the eye, and make two names of one. `name` must be tidied; the result is."""
    # Without one, marks may change their places, and another may become needless.
    while (shorter := tidied(NEEDLESS_JOINERS.sub("", name))) != name:
        name = shorter
    return name


class PersonNameField(forms.CharField):
    """Each has an error message of its own for what is "invalid"."""

    def __init__(self, *, autocomplete: str = "name", **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 120)
        super().__init__(**kwargs)
        self.error_messages["max_length"] = format_lazy(_("Make this shorter: {label}"), label=self.label)
        self.widget.attrs.update(autocomplete=autocomplete, spellcheck="false")

    def to_python(self, value: object) -> str:
        typed = super().to_python(value) or ""
        if len(typed) > LONGEST_COMPOSED:
            return typed
        name = without_needless_joiners(tidied(typed))
        if typed and not _could_be_a_name(name):
            raise ValidationError(self.error_messages["invalid"])
        return name


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
        lines = (tidied(line) for line in typed.splitlines())
        address = "\n".join(line for line in lines if line)
        if any(unicodedata.category(character) in REFUSED_IN_NAMES for character in address.replace("\n", "")):
            raise ValidationError(_("Write the address in letters and numbers."))
        return address


def _could_be_a_name(text: str) -> bool:
    seen = [character for character in text if character not in JOINERS]
    kinds = "".join(unicodedata.category(character)[0] for character in seen)
    return (
        "L" in kinds
        and "M" * (MOST_MARKS_ON_A_LETTER + 1) not in kinds
        and not INVISIBLE_LETTERS & set(seen)
        and not any(unicodedata.category(character) in REFUSED_IN_NAMES for character in seen)
    )


class PhoneField(forms.CharField):
    """Gives the number as +12125550123, with ;ext=12 where there is an extension."""

    default_error_messages = dict.fromkeys(
        ("invalid", "max_length"), _("Enter a phone number with its area code, like 212 555 0123.")
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, widget=forms.TextInput(attrs={"type": "tel"}), **kwargs)
        self.widget.input_type = "tel"
        self.widget.attrs.update(autocomplete="tel", inputmode="tel")

    def clean(self, value: object) -> str:
        typed = super().clean(value)
        if not typed:
            return ""
        try:
            number = phonenumbers.parse(typed, settings.PHONE_REGION)
        except phonenumbers.NumberParseException:
            number = None
        if (
            number is None
            or not phonenumbers.is_valid_number(number)
            or len(number.extension or "") > LONGEST_EXTENSION
        ):
            raise ValidationError(self.error_messages["invalid"])
        stored = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return f"{stored};ext={number.extension}" if number.extension else stored


def validate_birthday(born: datetime.date) -> None:
    """Of somebody who is an adult today."""
    today = timezone.localdate()
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if born > today:
        raise ValidationError(_("A date of birth is in the past. Check the year."))
    if age > OLDEST:
        raise ValidationError(_("Check the year of birth. It needs four numbers, like 1948."))
    if age < ADULT:
        raise ValidationError(_("This check is for adults 18 or older. Please call us instead."))


class DatePartsWidget(forms.MultiWidget):
    template_name = "upright/date_parts.html"
    use_fieldset = True

    def __init__(self) -> None:
        part = {"inputmode": "numeric", "maxlength": "4"}
        super().__init__(
            {
                "month": forms.TextInput({**part, "autocomplete": "bday-month"}),
                "day": forms.TextInput({**part, "autocomplete": "bday-day"}),
                "year": forms.TextInput({**part, "autocomplete": "bday-year"}),
            }
        )

    def decompress(self, value: datetime.date | None) -> list[int | None]:
        return [value.month, value.day, value.year] if value else [None, None, None]


class DateOfBirthField(forms.MultiValueField):
    """A date in three parts, of somebody who is an adult today."""

    widget = DatePartsWidget

    def __init__(self, **kwargs: Any) -> None:
        parts = [forms.CharField(), forms.CharField(), forms.CharField()]
        super().__init__(parts, require_all_fields=True, **kwargs)
        self.error_messages["required"] = _("Enter the month, day and year of birth.")
        self.error_messages["incomplete"] = self.error_messages["required"]

    def compress(self, parts: list[str]) -> datetime.date | None:
        if not parts:
            return None
        try:
            if any(len(part) > LONGEST_PART for part in parts):
                raise ValueError
            month, day, year = (int(part) for part in parts)
            born = datetime.date(year, month, day)
        except (ValueError, OverflowError):
            raise ValidationError(_("Enter a real date of birth in numbers, like 3 14 1948.")) from None
        validate_birthday(born)
        return born


ANY_TIME = "any"
CALL_TIMES = [
    ("morning", _("Morning, 8 am to noon")),
    ("afternoon", _("Afternoon, noon to 4 pm")),
    ("evening", _("Late afternoon, 4 pm to 6 pm")),
    (ANY_TIME, _("Any of these times")),
]


class LongSelect(forms.Select):
    """For hundreds of choices without groups: without a template for each, which would take most of a page's time."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> Any:
        chosen = set(self.format_value(value))
        options = format_html_join(
            "\n",
            "  <option{}>{}</option>",
            ((flatatt({"value": key, "selected": str(key) in chosen}), label) for key, label in self.choices),
        )
        attributes = flatatt(self.build_attrs(self.attrs, attrs))
        return format_html('<select name="{}"{}>\n{}\n</select>', name, attributes, options)


class CallTimesField(forms.MultipleChoiceField):
    def __init__(self) -> None:
        super().__init__(
            label=_("When is a good time to call?"),
            help_text=_("Check all that fit."),
            widget=forms.CheckboxSelectMultiple,
            choices=CALL_TIMES,
            error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose at least one time to call.")),
        )

    def clean(self, value: object) -> list[str]:
        times = super().clean(value)
        return [ANY_TIME] if ANY_TIME in times else times

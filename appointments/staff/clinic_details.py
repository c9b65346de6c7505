"""The page of the clinic's details: what counts now stands in it, and each language has fields of its own."""

from typing import Any

from django import forms
from django.conf import settings

from common.clinic import CLINIC, in_words
from common.clinic_tables import ClinicDetails
from common.languages import LANGUAGES, Language

IN_WORDS = {"hours": "Phone hours", "nurse_line_hours": "Hours of the nurse line"}
OF_A_LANGUAGE = {
    f"{column}_{language.code}": forms.CharField(label=f"{label}, {language.name}", max_length=80, required=False)
    for column, label in IN_WORDS.items()
    for language in LANGUAGES
}


class ClinicDetailsForm(type("Words", (forms.ModelForm,), OF_A_LANGUAGE)):  # type: ignore[misc]  # a field a language
    class Meta:
        model = ClinicDetails
        exclude = tuple(IN_WORDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language in LANGUAGES:
            self.fields[f"hours_{language.code}"].help_text = _if_empty(language)

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or self.cleaned_data
        for column in IN_WORDS:
            words = {language.code: entered.get(f"{column}_{language.code}") for language in LANGUAGES}
            setattr(self.instance, column, {code: text for code, text in words.items() if text})
        return entered


def fields_of(column: str) -> list[str]:
    """The fields in which a column is typed: none for what is not."""
    own = [f"{column}_{language.code}" for language in LANGUAGES] if column in IN_WORDS else [column]
    return [name for name in own if name in ClinicDetailsForm.base_fields]


def as_they_are() -> dict[str, Any]:
    """What the form begins with: the newest details, or what the settings say."""
    newest = ClinicDetails.objects.first() or ClinicDetails(
        name=settings.CLINIC_NAME,
        phone=settings.CLINIC_PHONE,
        hours=settings.CLINIC_HOURS,
        nurse_line=settings.NURSE_LINE,
        nurse_line_hours=settings.NURSE_LINE_HOURS,
        call_attempts=settings.CALL_ATTEMPTS,
        hours_between_calls=settings.HOURS_BETWEEN_CALLS,
        calls_from_hour=settings.CALLS_FROM_HOUR,
        calls_until_hour=settings.CALLS_UNTIL_HOUR,
    )
    columns = forms.model_to_dict(newest, exclude=tuple(IN_WORDS))
    words = {
        f"{column}_{code}": text for column in IN_WORDS for code, text in getattr(newest, column).items() if text
    }
    return columns | words


def _if_empty(language: Language) -> str:
    return f"If empty, as the opening hours are: {in_words(CLINIC.week, language) or 'none'}."

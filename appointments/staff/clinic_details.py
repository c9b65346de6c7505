"""The pages of what the clinic says of itself: what counts now stands there, each language in fields of its own."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.validators import URLValidator
from django.db import models

from common.clinic import CLINIC, in_words
from common.clinic_tables import ClinicDetails, ClinicNotices
from common.languages import LANGUAGES, Language


class InLanguagesForm(forms.ModelForm):
    """Of a table whose rows are only added. What `in_languages` names is typed in a field for each language."""

    in_languages: ClassVar[dict[str, str]]

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or self.cleaned_data
        for column in self.in_languages:
            words = {language.code: entered.get(f"{column}_{language.code}") for language in LANGUAGES}
            setattr(self.instance, column, {code: text for code, text in words.items() if text})
        return entered

    @classmethod
    def fields_of(cls, column: str) -> list[str]:
        """The fields in which a column is typed: none for what is not."""
        in_each = [f"{column}_{language.code}" for language in LANGUAGES]
        return [name for name in (in_each if column in cls.in_languages else [column]) if name in cls.base_fields]

    @classmethod
    def as_it_is(cls) -> dict[str, Any]:
        """What the form begins with: the newest row, or what counts before there is any."""
        newest = cls.Meta.model._default_manager.first() or cls.before_the_first()
        words = {
            f"{column}_{code}": text for column in cls.in_languages for code, text in getattr(newest, column).items()
        }
        return forms.model_to_dict(newest, exclude=tuple(cls.in_languages)) | words

    @classmethod
    def before_the_first(cls) -> models.Model:
        return cls.Meta.model()

    class Meta:
        model: type[models.Model]


def _in_each_language(
    columns: dict[str, str], field: type[forms.CharField], **options: Any
) -> dict[str, forms.Field]:
    return {
        f"{column}_{language.code}": field(label=f"{label}, {language.name}", required=False, **options)
        for column, label in columns.items()
        for language in LANGUAGES
    }


HOURS = {"hours": "Phone hours", "nurse_line_hours": "Hours of the nurse line"}
HOURS_FIELDS = _in_each_language(HOURS, forms.CharField, max_length=80)


class ClinicDetailsForm(type("Hours", (InLanguagesForm,), HOURS_FIELDS)):  # type: ignore[misc]  # a field a language
    in_languages = HOURS

    class Meta:
        model = ClinicDetails
        exclude = tuple(HOURS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language in LANGUAGES:
            self.fields[f"hours_{language.code}"].help_text = _if_empty(language)

    @classmethod
    def before_the_first(cls) -> ClinicDetails:
        """As the settings have it."""
        return ClinicDetails(
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


LINKS = {
    "privacy_practices": "Link to the Notice of Privacy Practices (45 CFR 164.520)",
    "health_data": "Link to the notice on consumer health data, where you are no entity of HIPAA",
    "nondiscrimination": "Link to the notice of nondiscrimination (45 CFR 92.10)",
}
LINKS_FIELDS = _in_each_language(
    LINKS,
    forms.URLField,
    max_length=300,
    assume_scheme="https",
    validators=[URLValidator(schemes=["https"])],
    error_messages={"invalid": "Enter a link that begins with https://."},
)


class ClinicNoticesForm(type("Links", (InLanguagesForm,), LINKS_FIELDS)):  # type: ignore[misc]  # a field a language
    in_languages = LINKS

    class Meta:
        model = ClinicNotices
        exclude = tuple(LINKS)


def _if_empty(language: Language) -> str:
    return f"If empty, as the opening hours are: {in_words(CLINIC.week, language) or 'none'}."

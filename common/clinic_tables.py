"""What the clinic's staff say of it on pages of their own: the tables behind `common.clinic`."""

import datetime
from typing import Any

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

# They belong to the application that holds the schema.
APP = "appointments"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class OpeningHours(models.Model):
    """When the clinic calls and is called, on one day of the week. A day without a row is a day off.

    Places that have no hours of their own see patients within these.
    """

    weekday = models.PositiveSmallIntegerField(choices=list(enumerate(WEEKDAYS)), unique=True)
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        app_label = APP
        ordering = ("weekday",)
        verbose_name = verbose_name_plural = "opening hours"
        constraints = (models.CheckConstraint(name="closes_after_it_opens", condition=Q(closes__gt=F("opens"))),)

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"

    def clean(self) -> None:
        refuse_what_ends_before_it_starts(self, "opens", "closes")

    @classmethod
    def meet(cls, first_hour: int, last_hour: int) -> bool:
        """Whether the clinic is open on some day within these hours, of which the last may be 24."""
        open_then = cls.objects.filter(closes__gt=datetime.time(first_hour))
        return (open_then if last_hour == 24 else open_then.filter(opens__lt=datetime.time(last_hour))).exists()


def _is_a_phone_number(typed: str) -> None:
    try:
        # Without its area code a number is possible, and pressing it calls nobody.
        is_phone = phonenumbers.is_valid_number(phonenumbers.parse(typed, settings.PHONE_REGION))
    except phonenumbers.NumberParseException:
        is_phone = False
    if not is_phone:
        raise ValidationError("Enter a phone number that patients can call, with its area code.")


RELAY = "711"


def _is_a_teletypewriter(typed: str) -> None:
    if typed != RELAY:
        _is_a_phone_number(typed)


def _number(least: int, most: int, **options: Any) -> models.Field:
    between = (MinValueValidator(least), MaxValueValidator(most))
    return models.PositiveSmallIntegerField(validators=between, **options)


class ClinicDetails(models.Model):
    """What patients read of the clinic, and how it calls them. Each change is a new row, and the newest counts."""

    name = models.CharField(max_length=80, help_text="As patients know it.")
    phone = models.CharField(max_length=30, validators=(_is_a_phone_number,), help_text="The number they call.")
    hours = models.JSONField(default=dict, blank=True, help_text="In each language; empty as the opening hours are.")
    nurse_line = models.CharField(
        max_length=30, blank=True, validators=(_is_a_phone_number,), help_text="Whom to call after hours, if anybody."
    )
    nurse_line_hours = models.JSONField(default=dict, blank=True, help_text="In each language.")
    call_attempts = _number(1, 20, help_text="So often somebody is called who does not answer, before a letter.")
    hours_between_calls = _number(1, 24 * 14, help_text="At least so many hours apart.")
    calls_from_hour = _number(0, 23, help_text="Nobody is called earlier than this hour where they are.")
    calls_until_hour = _number(1, 24, help_text="Nor later than this, from 0 to 24.")
    tells_call_by = models.BooleanField(
        "tells patients by when",
        default=True,
        db_default=True,
        help_text="Patients read by which day they are called.",
    )
    saved_at = models.DateTimeField(auto_now_add=True)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        app_label = APP
        ordering = ("-pk",)
        verbose_name_plural = "clinic details"
        constraints = (
            models.CheckConstraint(
                name="calls_end_after_they_begin", condition=Q(calls_until_hour__gt=F("calls_from_hour"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.name}, {self.phone}"

    def clean(self) -> None:
        first, last = self.calls_from_hour, self.calls_until_hour
        if first is not None and last is not None and last <= first:
            raise ValidationError({"calls_until_hour": "It must come after the first hour."})
        if None not in (first, last) and OpeningHours.objects.exists() and not OpeningHours.meet(first, last):
            raise ValidationError({"calls_until_hour": "The clinic is never open at these hours: nobody is called."})


class ClinicNotices(models.Model):
    """What a clinic in the United States has to show. Each change is a new row, and the newest counts.

    Its links lead to the clinic's own pages, by language: we write no legal text.
    """

    privacy_practices = models.JSONField(
        default=dict, blank=True, help_text="Notice of Privacy Practices, 45 CFR 164.520."
    )
    health_data = models.JSONField(
        default=dict, blank=True, help_text="Notice on consumer health data, where you are no entity of HIPAA."
    )
    nondiscrimination = models.JSONField(default=dict, blank=True, help_text="Notice of 45 CFR 92.10.")
    accessibility_email = models.EmailField(
        "e-mail about accessibility",
        blank=True,
        help_text="For people who cannot use a page. It shows our statement.",
    )
    teletypewriter = models.CharField(
        "TTY",
        max_length=30,
        blank=True,
        validators=(_is_a_teletypewriter,),
        help_text="Your own number for TTY, or 711 for the relay service.",
    )
    saved_at = models.DateTimeField(auto_now_add=True)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        app_label = APP
        ordering = ("-pk",)
        verbose_name_plural = "clinic notices"

    def __str__(self) -> str:
        return f"Notices of {self.saved_at:%Y-%m-%d}"


class LanguageHelp(models.Model):
    """The clinic's approved words, in one language, that help with languages is free: 45 CFR 92.11."""

    class Direction(models.TextChoices):
        LEFT_TO_RIGHT = "ltr", "left to right"
        RIGHT_TO_LEFT = "rtl", "right to left"

    name = models.CharField(max_length=40, unique=True, help_text="As its speakers write it: Español, العربية.")
    code = models.CharField(
        max_length=20,
        unique=True,
        validators=(RegexValidator(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", "Like es, zh-Hant or hmn."),),
        help_text="Its code in BCP 47, like es, zh-Hant or ar. Screen readers choose a voice by it.",
    )
    direction = models.CharField(max_length=3, choices=Direction, default=Direction.LEFT_TO_RIGHT)
    text = models.TextField(
        max_length=2000, help_text="The approved text, pasted as it is. Leave a line between parts."
    )

    class Meta:
        app_label = APP
        ordering = ("pk",)
        verbose_name_plural = "language help"

    def __str__(self) -> str:
        return self.name


def refuse_what_ends_before_it_starts(row: models.Model, first: str, last: str) -> None:
    """Raise ValidationError, with the words at the second field."""
    starts: datetime.time | None = getattr(row, first)
    ends: datetime.time | None = getattr(row, last)
    if starts and ends and ends <= starts:
        raise ValidationError({last: "It must end after it begins."})

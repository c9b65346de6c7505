"""What was done with a request: its history, the tries to reach somebody, times offered, and comparisons."""

from typing import Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .clinic import Clinician, Place, VisitKind
from .requests import AppointmentRequest


class EventQuerySet(models.QuerySet["Event"]):
    def standing(self) -> Self:
        """Those that nobody took back: what counts for whatever is worked out from the history."""
        return self.filter(is_undone=False)


class Event(models.Model):
    """Something that was done with a request. More about calls stands in ContactAttempt."""

    request = models.ForeignKey(AppointmentRequest, models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    # Nobody means the patient.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=20, help_text="The event of a verb; see lifecycle/definition.py.")
    details = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=500, blank=True)
    # The version that the request had after it, and what it had before it in each column that changed.
    version = models.PositiveIntegerField()
    before = models.JSONField(encoder=DjangoJSONEncoder)
    is_undone = models.BooleanField(default=False, help_text="Somebody took it back.")

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ("at", "pk")
        # Whom somebody skipped not long ago is asked for with each call; see worklist/ranking.py.
        indexes = (models.Index(fields=("by", "at"), condition=Q(verb="skipped"), name="skipped_by_somebody"),)

    def __str__(self) -> str:
        return f"{self.verb} ({self.pk})"


class ContactAttemptQuerySet(models.QuerySet["ContactAttempt"]):
    def standing(self) -> Self:
        """Those that nobody took back."""
        return self.filter(event__is_undone=False)


class ContactAttempt(models.Model):
    """One try to reach somebody."""

    class Channel(models.TextChoices):
        PHONE = "phone", "Phone call"
        TEXT = "text", "Text message"
        EMAIL = "email", "E-mail"
        LETTER = "letter", "Letter"

    class CallResult(models.TextChoices):
        REACHED = "reached", "Reached"
        CALL_BACK = "call_back", "Reached, asked to be called later"
        VOICEMAIL = "voicemail", "Left a message"
        NO_ANSWER = "no_answer", "No answer"
        WRONG_NUMBER = "wrong_number", "Wrong number"
        SENT = "sent", "Sent"

    request = models.ForeignKey(AppointmentRequest, models.CASCADE, related_name="contact_attempts")
    event = models.OneToOneField(Event, models.CASCADE, related_name="attempt")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel)
    outcome = models.CharField(max_length=20, choices=CallResult)
    next_call_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    objects = ContactAttemptQuerySet.as_manager()

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.get_channel_display()} ({self.pk})"


class OfferedTime(models.Model):
    """One of the times that a patient may choose from by a private link. Chosen, it becomes an Appointment."""

    request = models.ForeignKey(AppointmentRequest, models.CASCADE, related_name="offered_times")
    clinician = models.ForeignKey(Clinician, models.PROTECT)
    place = models.ForeignKey(Place, models.PROTECT)
    kind = models.ForeignKey(VisitKind, models.PROTECT, null=True)
    starts_at = models.DateTimeField()
    # Of the request when it was offered. Only the times that were offered last can be chosen.
    version = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ("starts_at",)
        constraints = (
            models.UniqueConstraint(fields=("request", "version", "clinician", "starts_at"), name="offered_once"),
        )

    def __str__(self) -> str:
        return f"{timezone.localtime(self.starts_at):%a %b %-d %Y, %-I:%M %p}, {self.place}, {self.clinician}"


class PossibleDuplicate(models.Model):
    """Two requests that may be of one person, and what was decided about that."""

    class Decision(models.TextChoices):
        OPEN = "", "Not decided"
        SAME = "same", "The same person"
        DIFFERENT = "different", "Different people"
        # Nobody has to decide: who asks about two procedures asks twice.
        OTHER = "other", "About another procedure"

    earlier = models.ForeignKey(AppointmentRequest, models.CASCADE, related_name="+")
    later = models.ForeignKey(AppointmentRequest, models.CASCADE, related_name="possible_duplicates")
    reasons = models.CharField(max_length=200)
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("earlier", "later"), name="one_pair_once"),)
        indexes = (models.Index(fields=("-id",), condition=Q(decision=""), name="pairs_to_decide"),)

    def __str__(self) -> str:
        return f"{self.earlier} and {self.later}"

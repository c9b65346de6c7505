"""Visits, booked or cancelled."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from .clinic import Clinician, Place, VisitKind


class Appointment(models.Model):
    """A visit, booked or cancelled.

    That no clinician has two at once, cancelled ones aside, the migration no_two_visits_at_once lets the database see
    to: by an exclusion constraint in PostgreSQL, by triggers in SQLite.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinician = models.ForeignKey(Clinician, models.PROTECT)
    place = models.ForeignKey(Place, models.PROTECT)
    # None where it was booked before there were kinds.
    kind = models.ForeignKey(VisitKind, models.PROTECT, null=True, db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # Nobody means the patient, who chose one of the times that were offered.
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    booked_at = models.DateTimeField(default=timezone.now)
    # That of its request, which a cancelled visit does not lead to any more.
    reference = models.CharField(max_length=9, blank=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, editable=False)
    # How often it was cancelled or taken back, by which calendars know the newer of two.
    sequence = models.PositiveIntegerField(default=0, editable=False)
    outcome_due_at = models.DateTimeField(null=True, help_text="By when somebody says what came of it.")
    records_due_at = models.DateTimeField(null=True, help_text="By when its pictures and reports are here.")
    must_move_by = models.DateTimeField(null=True, help_text="By when it is moved, because the calendar changed.")
    is_exception = models.BooleanField(default=False, help_text="A manager booked it against a rule.")

    class Meta:
        constraints = (
            models.CheckConstraint(name="visit_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
        )
        indexes = (
            models.Index(fields=("starts_at",), name="visits_by_time"),
            models.Index(fields=("clinician", "starts_at"), name="visits_of_a_clinician"),
        )

    def __str__(self) -> str:
        return f"{timezone.localtime(self.starts_at):%a %b %-d %Y, %-I:%M %p}, {self.place}, {self.clinician}"

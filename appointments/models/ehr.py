"""Who patients are in the clinic's health record."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from .requests import AppointmentRequest


class PatientMatchQuerySet(models.QuerySet["PatientMatch"]):
    def open(self) -> Self:
        """Those that wait for a person to decide."""
        return self.filter(patient_id="", is_new=False)

    def known(self) -> Self:
        return self.exclude(patient_id="", is_new=False)


class PatientMatch(models.Model):
    """Which patient of the health record a request is of: the only one found there, or the one staff chose."""

    request = models.OneToOneField(AppointmentRequest, models.CASCADE, related_name="patient_match")
    patient_id = models.CharField(max_length=64, blank=True)
    is_new = models.BooleanField(default=False, help_text="Staff said that the record does not have them yet.")
    # Those who may be meant, each with an id and what it says of them, until somebody has decided.
    candidates = models.JSONField(default=list)
    at = models.DateTimeField(default=timezone.now)
    # Nobody, if only one was found.
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = PatientMatchQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = (models.Index("at", condition=models.Q(patient_id="", is_new=False), name="patients_to_match"),)

    def __str__(self) -> str:
        return f"{self.request_id}: {self.patient_id or 'not known yet'}"

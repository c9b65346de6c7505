"""Who has put their name to what patients read."""

import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

# Tables and permissions belong to this application, which is one aggregate with its migrations.
APP = "appointments"


class SignOff(models.Model):
    """A signature on paper, recorded: it covers one exact text, until it runs out or is withdrawn.

    `about` is the key of a pathway for its rules and every sentence, or the code of a language for its translation.
    Only added to: a withdrawal is the one change there is.
    """

    about = models.CharField(max_length=40)
    fingerprint = models.CharField(max_length=12)
    version = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=120)
    licence = models.CharField("license", max_length=120)
    attests = models.CharField("what is attested", max_length=1000)
    conditions = models.CharField(max_length=1000, blank=True)
    second_reader = models.CharField(max_length=240, blank=True)
    date = models.DateField("signed on")
    valid_until = models.DateField()
    evidence = models.CharField("SHA-256 of the signed file", max_length=64)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawal_reason = models.CharField(max_length=240, blank=True)

    class Meta:
        app_label = APP
        db_table = "appointments_signoff"
        ordering = ("-recorded_at", "-pk")
        default_permissions = ("view", "add")
        constraints = (
            models.CheckConstraint(name="signed_off_for_some_time", condition=Q(valid_until__gt=F("date"))),
            models.CheckConstraint(
                name="withdrawn_by_somebody_for_a_reason",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawal_reason="")
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawal_reason=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.about} {self.fingerprint} ({self.pk})"

    def state_on(self, day: datetime.date, fingerprint: str) -> str:
        """Whether it counts, in words that staff read; "In force" if it does."""
        if self.withdrawn_at:
            return "Withdrawn"
        if day > self.valid_until:
            return "Expired"
        if day < self.date:
            return "Not yet"
        return "In force" if self.fingerprint == fingerprint else "For an earlier text"

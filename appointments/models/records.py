"""Who took what out of here."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class ExportLog(models.Model):
    """Who took requests out of here, which, and what for. Written before the first of them leaves."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    filters = models.JSONField()
    purpose = models.CharField(max_length=200)
    rows = models.PositiveIntegerField()

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (models.CheckConstraint(name="export_has_a_purpose", condition=~Q(purpose="")),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} ({self.pk})"

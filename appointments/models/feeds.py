"""Addresses under which calendar programs read the booked visits."""

import hashlib
import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .clinic import Clinician, Place


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def in_use(self) -> Self:
        return self.filter(revoked_at=None)

    def opened_by(self, token: str) -> "CalendarFeed | None":
        """The feed that this token opens, if it was not revoked."""
        feeds = self.in_use().select_related("clinician", "place")
        return feeds.filter(token_hash=_hash_of(token)).first()


class CalendarFeed(models.Model):
    """A private address with the visits of one clinician, or of one place. Whoever knows it can read them.

    Of the token in the address only a hash is kept. It is long and random, so that the hash needs no key, and feeds
    outlive a change of SECRET_KEY.
    """

    label = models.CharField(max_length=60)
    clinician = models.ForeignKey(Clinician, models.CASCADE, null=True, related_name="+")
    place = models.ForeignKey(Place, models.CASCADE, null=True, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    last_read_at = models.DateTimeField(null=True, help_text="To the hour; see staff/calendar_feeds.py.")
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        ordering = ("label", "pk")
        default_permissions = ()
        constraints = (
            models.CheckConstraint(
                name="feed_is_of_a_clinician_or_a_place",
                condition=Q(clinician__isnull=False, place__isnull=True)
                | Q(clinician__isnull=True, place__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.label} ({self.of})"

    @property
    def of(self) -> "Clinician | Place | None":
        return self.clinician or self.place

    def new_token(self) -> str:
        """Give a token to be shown once. The feed must be saved afterwards."""
        token = secrets.token_urlsafe(32)
        self.token_hash = _hash_of(token)
        return token


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""By which ways patients come to us."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from screening.visitor import LINK_CODE


class Source(models.TextChoices):
    WEB = "web", "Web"
    PHONE = "phone", "Phone"
    WALK_IN = "walk_in", "Walk-in"
    REFERRAL = "referral", "Referral"
    POSTER = "poster", "Poster"
    PROGRAM = "program", "Another program"


class ReferralSource(models.Model):
    """Who or what sends patients to the public pages by a link of its own, `/?from=CODE`. Names no patient."""

    KINDS = ((Source.REFERRAL, "A practice that refers patients"), (Source.POSTER, "A poster, a leaflet, a page"))

    code = models.CharField(
        max_length=20,
        unique=True,
        validators=[RegexValidator(f"^{LINK_CODE}$", "Use small letters, digits and hyphens.")],
        help_text="Stands in its link: /?from=CODE",
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=KINDS)
    is_active = models.BooleanField(default=True, help_text="The code of one that is not counts as none.")

    class Meta:
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name

    @property
    def link(self) -> str:
        return f"{settings.SITE_URL}/?from={self.code}"

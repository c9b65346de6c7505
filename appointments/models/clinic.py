"""The clinic: who works there, where, and when, and from where many people may write to it."""

import ipaddress

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from common.client_address import parsed_address

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Clinician(models.Model):
    name = models.CharField(max_length=120, unique=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Place(models.Model):
    name = models.CharField(max_length=120, unique=True)
    address = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class OpeningHours(models.Model):
    """When the clinic calls and is called, on one day of the week. A day without a row is a day off."""

    weekday = models.PositiveSmallIntegerField(choices=list(enumerate(WEEKDAYS)), unique=True)
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ("weekday",)
        verbose_name = verbose_name_plural = "opening hours"
        constraints = (models.CheckConstraint(name="closes_after_it_opens", condition=Q(closes__gt=F("opens"))),)

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


class Holiday(models.Model):
    """A day on which the clinic neither calls nor sees anybody."""

    date = models.DateField(unique=True)
    name = models.CharField(max_length=60)

    class Meta:
        ordering = ("date",)

    def __str__(self) -> str:
        return f"{self.date:%b %-d, %Y}: {self.name}"


class ConsultingHours(models.Model):
    """When a clinician sees patients at a place, every week."""

    clinician = models.ForeignKey(Clinician, models.CASCADE, related_name="consulting_hours")
    place = models.ForeignKey(Place, models.CASCADE)
    weekday = models.PositiveSmallIntegerField(choices=list(enumerate(WEEKDAYS)))
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        ordering = ("weekday", "starts")
        verbose_name = verbose_name_plural = "consulting hours"
        constraints = (models.CheckConstraint(name="ends_after_it_starts", condition=Q(ends__gt=F("starts"))),)

    def __str__(self) -> str:
        return f"{self.clinician}, {self.get_weekday_display()} {self.starts:%H:%M} to {self.ends:%H:%M}"


class Caller(models.Model):
    """What matters of a member of staff when calls are given out."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="caller")
    speaks_spanish = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.user}"


class KnownNetwork(models.Model):
    """Where many people ask for visits from one address: the clinic itself, a kiosk, a residence."""

    # The most addresses in one that can be somebody's: a wider one would let in whoever there is.
    WIDEST = {4: 8, 6: 32}  # noqa: RUF012  # nobody changes it

    network = models.CharField(max_length=43, unique=True, help_text="One address, or many, like 192.0.2.0/24.")
    label = models.CharField(max_length=60, help_text="Whose it is, like “Kiosk in the lobby”.")

    class Meta:
        ordering = ("label", "network")

    def __str__(self) -> str:
        return f"{self.label}: {self.network}"

    @classmethod
    def has(cls, address: str) -> bool:
        """Whether it is in one of them. Costs one statement."""
        parsed = parsed_address(address)
        stored = cls.objects.values_list("network", flat=True)
        return parsed is not None and any(parsed in ipaddress.ip_network(network) for network in stored)

    def clean(self) -> None:
        try:
            parsed = ipaddress.ip_network(self.network.strip(), strict=False)
        except ValueError:
            raise ValidationError({"network": "Enter an address, or a network like 192.0.2.0/24."}) from None
        if parsed.prefixlen < self.WIDEST[parsed.version]:
            raise ValidationError({"network": f"This is too wide: /{self.WIDEST[parsed.version]} or narrower."})
        self.network = str(parsed)

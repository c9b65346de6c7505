"""The clinic: who works there, where, and when, and from where many people may write to it."""

import datetime
import ipaddress

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from common.client_address import parsed_address
from common.clinic_tables import WEEKDAYS, refuse_what_ends_before_it_starts

WHAT_IS_MAILED = "Hears of each visit that is booked, moved or cancelled, without the patient’s name. Empty: nobody."
IS_FHIR_ID = RegexValidator(r"^[A-Za-z0-9.-]{1,64}$", "An id has letters, digits, dots and hyphens only.")
IS_CODING = RegexValidator(r"^[^|\s]+\|[^|\s]+$", "Write system|code, with no spaces.")


class ForPathways(models.Model):
    """Something of the calendar that is for visits about some procedures."""

    pathways = models.JSONField("procedures", null=True, blank=True, help_text="None: all of them.")

    class Meta:
        abstract = True

    def is_for(self, pathway: str) -> bool:
        return not self.pathways or pathway in self.pathways


class Clinician(ForPathways):
    name = models.CharField(max_length=120, unique=True)
    email = models.EmailField("e-mail about visits", blank=True, help_text=WHAT_IS_MAILED)
    ehr_id = models.CharField(
        "id in the health record",
        max_length=64,
        blank=True,
        db_default="",
        validators=(IS_FHIR_ID,),
        help_text="Of the Practitioner there. Without it, no visit with them is sent there.",
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Place(models.Model):
    name = models.CharField(max_length=120, unique=True)
    address = models.CharField(max_length=200, blank=True, help_text="As patients read it, on one line.")
    map_url = models.URLField("link to a map", blank=True, help_text="Patients can follow it to find the way.")
    email = models.EmailField("e-mail of the front desk", blank=True, help_text=WHAT_IS_MAILED)
    ehr_id = models.CharField(
        "id in the health record",
        max_length=64,
        blank=True,
        db_default="",
        validators=(IS_FHIR_ID,),
        help_text="Of the Location there. Without it, no visit at this place is sent there.",
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class PlaceHours(models.Model):
    """When one place is open, where that is not as the clinic. On a day without a row it is closed."""

    place = models.ForeignKey(Place, models.CASCADE)
    weekday = models.PositiveSmallIntegerField(choices=list(enumerate(WEEKDAYS)))
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ("place", "weekday")
        verbose_name = verbose_name_plural = "hours of places"
        constraints = (
            models.CheckConstraint(name="place_closes_after_it_opens", condition=Q(closes__gt=F("opens"))),
            models.UniqueConstraint(fields=("place", "weekday"), name="a_place_opens_once_a_day"),
        )

    def __str__(self) -> str:
        return f"{self.place}, {self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"

    def clean(self) -> None:
        refuse_what_ends_before_it_starts(self, "opens", "closes")


class Holiday(models.Model):
    """A day on which the clinic neither calls nor sees anybody."""

    date = models.DateField(unique=True)
    name = models.CharField(max_length=60)

    class Meta:
        ordering = ("date",)

    def __str__(self) -> str:
        return f"{self.date:%b %-d, %Y}: {self.name}"


class ConsultingHours(models.Model):
    """When a clinician sees patients at a place, every week. Several rows of one day leave a break between them."""

    clinician = models.ForeignKey(Clinician, models.CASCADE, related_name="consulting_hours")
    place = models.ForeignKey(Place, models.CASCADE)
    weekday = models.PositiveSmallIntegerField(choices=list(enumerate(WEEKDAYS)))
    starts = models.TimeField()
    ends = models.TimeField()
    since = models.DateField("first day", null=True, blank=True, help_text="Empty: from now on.")
    until = models.DateField("last day", null=True, blank=True, help_text="Empty: for good.")

    class Meta:
        ordering = ("weekday", "starts")
        verbose_name = verbose_name_plural = "consulting hours"
        constraints = (models.CheckConstraint(name="ends_after_it_starts", condition=Q(ends__gt=F("starts"))),)

    def __str__(self) -> str:
        return f"{self.clinician}, {self.get_weekday_display()} {self.starts:%H:%M} to {self.ends:%H:%M}"

    def clean(self) -> None:
        refuse_what_ends_before_it_starts(self, "starts", "ends")
        if self.since and self.until and self.until < self.since:
            raise ValidationError({"until": "The last day is before the first."})
        if self.clinician_id and self.weekday is not None and self.starts and self.ends:
            others = ConsultingHours.objects.filter(weekday=self.weekday)
            others = others.filter(Q(until=None) | Q(until__gte=self.since or datetime.date.min))
            others = others.filter(Q(since=None) | Q(since__lte=self.until or datetime.date.max))
            _refuse_two_at_once(self, others)

    def holds_on(self, day: datetime.date) -> bool:
        is_the_day = self.weekday == day.weekday()
        return is_the_day and (self.since or day) <= day <= (self.until or day)


class ExtraHours(models.Model):
    """When a clinician sees patients at a place on one date, beside the weekly hours and whatever the place's are."""

    clinician = models.ForeignKey(Clinician, models.CASCADE)
    place = models.ForeignKey(Place, models.CASCADE)
    date = models.DateField()
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        ordering = ("date", "starts")
        verbose_name = verbose_name_plural = "hours on one date"
        constraints = (models.CheckConstraint(name="extra_ends_after_it_starts", condition=Q(ends__gt=F("starts"))),)

    def __str__(self) -> str:
        return f"{self.clinician}, {self.date:%b %-d, %Y} {self.starts:%H:%M} to {self.ends:%H:%M}"

    def clean(self) -> None:
        refuse_what_ends_before_it_starts(self, "starts", "ends")
        if self.clinician_id and self.date and self.starts and self.ends:
            _refuse_two_at_once(self, ExtraHours.objects.filter(date=self.date))


class Absence(models.Model):
    """When a clinician sees nobody."""

    clinician = models.ForeignKey(Clinician, models.CASCADE)
    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("until")
    reason = models.CharField(max_length=100, blank=True, help_text="For staff only.")

    class Meta:
        ordering = ("starts_at",)
        constraints = (
            models.CheckConstraint(name="absence_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
        )

    def __str__(self) -> str:
        starts_at, ends_at = map(timezone.localtime, (self.starts_at, self.ends_at))
        until = f"{ends_at:%-I:%M %p}" if ends_at.date() == starts_at.date() else f"{ends_at:%a %b %-d %Y, %-I:%M %p}"
        why = f": {self.reason}" if self.reason else ""
        return f"{self.clinician} is away from {starts_at:%a %b %-d %Y, %-I:%M %p} to {until}{why}"

    def clean(self) -> None:
        refuse_what_ends_before_it_starts(self, "starts_at", "ends_at")


class VisitKind(ForPathways):
    """What a visit is for, and so how long it takes. The first that is in use is chosen unless somebody says else."""

    name = models.CharField(max_length=60, unique=True, help_text="For staff only.")
    # The calendar relies on it that no visit is longer than a day.
    minutes = models.PositiveSmallIntegerField(validators=(MinValueValidator(5), MaxValueValidator(24 * 60)))
    ehr_code = models.CharField(
        "code in the health record",
        max_length=200,
        blank=True,
        db_default="",
        validators=(IS_CODING,),
        help_text="Of the type of appointment there, as system|code. Empty: only the name is sent.",
    )
    is_active = models.BooleanField("in use", default=True)
    clinicians = models.ManyToManyField(Clinician, blank=True, help_text="None: all of them.")
    places = models.ManyToManyField(Place, blank=True, help_text="None: all of them.")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.name}, {self.minutes} minutes"

    @property
    def length(self) -> datetime.timedelta:
        return datetime.timedelta(minutes=self.minutes)

    def why_not(self, clinician: Clinician, place: Place) -> str:
        """Why it is not done by this clinician or at this place, or nothing. Costs nothing if both are prefetched."""
        for one, those in ((clinician, self.clinicians.all()), (place, self.places.all())):
            if those and one not in those:
                return f"{self.name} is not done {'by' if one is clinician else 'at'} {one}."
        return ""


class Caller(models.Model):
    """What matters of a member of staff when calls are given out."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="caller")
    languages = models.JSONField(default=list, blank=True, help_text="That they speak with patients, beside English.")

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


def _refuse_two_at_once(row: ConsultingHours | ExtraHours, others: models.QuerySet) -> None:
    """A clinician cannot be at two places, and needs no two rows for one."""
    at_once = others.filter(clinician=row.clinician_id, starts__lt=row.ends, ends__gt=row.starts).exclude(pk=row.pk)
    if other := at_once.select_related("clinician", "place").first():
        raise ValidationError({"starts": f"These overlap hours that are there: {other}, {other.place}."})

"""Requests for a visit."""

from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

import phonenumbers
from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.clinic import left_to_right
from common.languages import LANGUAGES
from screening.pathways import pathway_of
from screening.questionnaire.definition import Pathway

from .. import reference
from .sources import Source
from .visits import Appointment


class Status(models.TextChoices):
    WAITING = "waiting", "Waiting"
    CLAIMED = "claimed", "Claimed"
    BOOKED = "booked", "Booked"
    CLOSED = "closed", "Closed"


# A language of calls: each that we have pages in, or another.
Language = models.TextChoices(  # type: ignore[call-overload]  # its members are data
    "Language",
    [
        *((one.english_name.upper().replace("-", "_"), (one.code, one.name)) for one in LANGUAGES),
        ("OTHER", ("other", _("Another language"))),
    ],
)


def languages_to_call_in() -> list[tuple[str, str]]:
    """By a function, so that one language more is no migration."""
    return Language.choices


class MayTalk(models.TextChoices):
    """Whether we may talk about the patient with whoever filled this in for them: 45 CFR 164.510(b), 164.502(g)."""

    PATIENT_AGREES = "patient_agrees", _("Yes. The person knows about this and agrees.")
    REPRESENTATIVE = (
        "representative",
        _("Yes. I am their legal representative, like a health-care proxy or guardian."),
    )
    NOT_SURE = "not_sure", _("Not sure")

    @property
    def for_staff(self) -> str:
        """What whoever calls keeps in mind."""
        return {
            MayTalk.PATIENT_AGREES: "Says the patient agrees. Confirm with the patient when you can.",
            MayTalk.REPRESENTATIVE: (
                "Says to be the legal representative. Ask for the paper before you share more than a time and place."
            ),
            MayTalk.NOT_SURE: "Speak with the patient first. Tell the helper only that we called.",
        }[self]


class PhoneOwner(models.TextChoices):
    """Whose phone rings, where somebody fills this in for the patient."""

    HELPER = "helper", _("My own")
    PATIENT = "patient", _("Of the person who needs the visit")

    @property
    def for_staff(self) -> str:
        return {PhoneOwner.HELPER: "the helper’s phone", PhoneOwner.PATIENT: "the patient’s phone"}[self]


class NurseCheck(models.TextChoices):
    NOT_NEEDED = "", "Not needed"
    NEEDED = "needed", "Ask the nurse"
    ASKED = "asked", "Nurse was asked"
    FINE = "fine", "Nurse: a visit is fine"
    CALL_FIRST = "call_first", "Nurse calls the patient first"
    AGAINST = "against", "Nurse advises against a visit"

    @classmethod
    def to_be_answered(cls) -> "tuple[NurseCheck, ...]":
        """Those on the nurse's list, first the most urgent: whom she calls first are nobody else's to call."""
        return (cls.ASKED, cls.CALL_FIRST, cls.NEEDED)

    @classmethod
    def of_the_nurse(cls) -> "tuple[NurseCheck, ...]":
        """Where it is her turn: she was asked, or said that she calls the patient."""
        return (cls.ASKED, cls.CALL_FIRST)

    @classmethod
    def stricter(cls, one: str, other: str) -> "NurseCheck":
        """Of two, the one that lets less happen before the nurse has spoken."""
        order = (cls.NOT_NEEDED, cls.FINE, cls.NEEDED, cls.CALL_FIRST, cls.ASKED, cls.AGAINST)
        return max(cls(one), cls(other), key=order.index)

    @classmethod
    def lets_book(cls) -> "tuple[NurseCheck, ...]":
        """Where nothing keeps a visit from being booked; all else waits for her word, or is against it."""
        return (cls.NOT_NEEDED, cls.FINE)


class Awaited(models.TextChoices):
    """What the patient was asked to do, so that nobody calls until `next_call_at`."""

    NOTHING = "", "Nothing"
    CHOICE = "choice", "A choice of the times that were offered"
    EMAIL = "email", "An answer to our e-mail"
    LETTER = "letter", "An answer to our letter"


QUEUE_ORDER = ("is_doubtful", "priority", "-is_recent_pain", "created_at", "pk")


class Records(models.TextChoices):
    """Pictures of the spine and their reports, which whoever sees the patient has to have."""

    NOT_NEEDED = "", "None needed"
    NEEDED = "needed", "To be asked for"
    REQUESTED = "requested", "Asked for"
    RECEIVED = "received", "Here"

    @classmethod
    def missing(cls) -> "tuple[Records, ...]":
        return (cls.NEEDED, cls.REQUESTED)


class AppointmentRequestQuerySet(models.QuerySet["AppointmentRequest"]):
    def open(self) -> Self:
        """Those that somebody still has to call."""
        # Filter by status and not by the missing visit: SQLite would use an index that holds nearly all rows.
        return self.filter(closed_at=None, status__in=(Status.WAITING, Status.CLAIMED))

    def to_look_at(self) -> Self:
        """The doubtful ones: nobody has said yet whether a person sent them."""
        return self.open().filter(is_doubtful=True)

    def in_queue_order(self) -> Self:
        """Who to call first: by priority, then newer pain, then the oldest request; doubtful ones after all."""
        return self.order_by(*QUEUE_ORDER)


class AppointmentRequest(models.Model):
    """Somebody who qualified asks to be called about a visit.

    What they answered and what it meant is copied in as it was when they sent it, so that a later pathway does not
    change it. `findings` are in English, for staff. The status follows from what happened and cannot contradict it.
    """

    journey = models.UUIDField(unique=True, editable=False)
    reference = models.CharField(max_length=reference.LENGTH, unique=True, default=reference.new, editable=False)
    created_at = models.DateTimeField("asked", default=timezone.now, editable=False)
    source = models.CharField(max_length=10, choices=Source, default=Source.WEB)
    referred_by = models.CharField(
        max_length=120, blank=True, help_text="The practice, poster or program it came by."
    )
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="Who of the staff asked the questions; nobody where they were answered on the web.",
    )
    sent_digest = models.CharField(
        max_length=64, blank=True, db_default="", editable=False, help_text="Of what another program sent."
    )

    pathway = models.CharField("procedure", max_length=40, db_default="vertebral_cement", help_text="By its key.")
    pathway_version = models.CharField(max_length=20)
    pathway_fingerprint = models.CharField(
        max_length=12, blank=True, help_text="Of every sentence they could read, see screening/signed_text.py."
    )
    outcome = models.CharField(max_length=40)
    priority = models.CharField(max_length=2)
    is_recent_pain = models.BooleanField()
    flags = models.JSONField()
    answers = models.JSONField()
    findings = models.JSONField()

    name = models.CharField(max_length=120)
    former_names = models.CharField("former or other name", max_length=120, blank=True)
    date_of_birth = models.DateField()
    phone = models.CharField(max_length=32)
    phone_note = models.CharField(
        "note on the phone",
        max_length=80,
        blank=True,
        default="",
        db_default="",
        help_text="What was typed beside the number.",
    )
    phone_owner = models.CharField(
        "whose phone it is", max_length=10, choices=PhoneOwner, blank=True, default="", db_default=""
    )
    email = models.EmailField(blank=True)
    postal_address = models.CharField("mailing address", max_length=200, blank=True)
    filled_in_by = models.CharField(max_length=120, blank=True)
    relationship = models.CharField(max_length=60, blank=True)
    may_talk = models.CharField("may we talk with them", max_length=20, choices=MayTalk, blank=True)
    patient_phone = models.CharField("phone of the patient", max_length=32, blank=True)
    language = models.CharField(max_length=10, choices=languages_to_call_in)
    other_language = models.CharField(max_length=60, blank=True)
    needs_interpreter = models.BooleanField()
    hard_of_hearing = models.BooleanField(default=False)
    large_print = models.BooleanField(default=False)
    call_times = models.JSONField()
    voicemail_ok = models.BooleanField()
    texts_ok = models.BooleanField()
    consent = models.TextField(help_text="What was agreed to, in the words that were shown or read out.")

    time_zone = models.CharField(max_length=40, help_text="Where the patient is, as far as the area code tells.")
    search_text = models.TextField(editable=False, help_text="What the search looks through; see search.py.")

    doubts = models.CharField(max_length=100, blank=True, help_text="Signs that no person sent this.")
    is_doubtful = models.GeneratedField(
        expression=Case(When(doubts="", then=Value(False)), default=Value(True)),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    look_by = models.DateTimeField(
        null=True, help_text="Until when somebody looks at it, where a person perhaps did not send it."
    )
    earlier = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="later", help_text="An open request of the same person."
    )

    due_at = models.DateTimeField("first call due", help_text="By when somebody should have called.")
    next_call_at = models.DateTimeField("next call", null=True, help_text="Nobody calls before.")
    call_by = models.DateTimeField(null=True, help_text="By when to call or write next, if not at next_call_at.")
    awaited = models.CharField("waits for the patient", max_length=10, choices=Awaited, blank=True)
    is_promised = models.BooleanField(default=False, help_text="The patient was told when the next call comes.")
    overdue_told = models.DateTimeField(
        null=True, editable=False, help_text="The time of the call of which staff were told that nobody made it."
    )
    attempts_made = models.PositiveSmallIntegerField(default=0)
    # What was sent there did not arrive, so that nothing more is, until it is corrected.
    email_fails = models.BooleanField(default=False, db_default=False)
    texts_fail = models.BooleanField(default=False, db_default=False)
    phone_is_wrong = models.BooleanField(default=False, help_text="Somebody else answers there.")
    visits_missed = models.PositiveSmallIntegerField(default=0)
    reached_at = models.DateTimeField(null=True, help_text="When somebody first talked with the patient.")
    nurse_check = models.CharField(max_length=10, choices=NurseCheck, blank=True)
    nurse_due_at = models.DateTimeField(null=True, help_text="By when the nurse answers, or calls.")

    records = models.CharField("pictures and reports", max_length=10, choices=Records, blank=True)
    records_dated = models.DateField("date of the newest report", null=True, blank=True)

    online_closed_at = models.DateTimeField(
        null=True, help_text="Since when nobody opens it online: too many tried birthdays for its reference."
    )

    is_on_legal_hold = models.BooleanField(
        default=False, help_text="Kept, whatever retention says; see retention.py."
    )

    # Optimistic lock: rises with each change, and each change names the version it was made from.
    version = models.PositiveIntegerField(default=0)
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    assigned_until = models.DateTimeField(null=True, help_text="How long it waits for whom it was handed out to.")
    appointment = models.OneToOneField(Appointment, models.PROTECT, null=True, related_name="request")
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=20, blank=True, help_text="See lifecycle/close_reasons.py.")

    status = models.GeneratedField(
        expression=Case(
            When(closed_at__isnull=False, then=Value(Status.CLOSED)),
            When(appointment__isnull=False, then=Value(Status.BOOKED)),
            When(claimed_at__isnull=False, then=Value(Status.CLAIMED)),
            default=Value(Status.WAITING),
        ),
        output_field=models.CharField(max_length=10, choices=Status),
        db_persist=True,
    )

    objects = AppointmentRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "visit request"
        default_permissions = ("view", "change")
        permissions = (
            ("take_request", "Can take requests by phone, at the desk and from practices"),
            ("answer_as_nurse", "Can answer questions to the nurse"),
            ("manage_queue", "Can see reports, hand out requests and export"),
            ("erase_request", "Can erase requests and place legal holds"),
        )
        constraints = (
            models.CheckConstraint(
                name="claimed_by_somebody_at_some_time",
                condition=Q(claimed_by__isnull=True, claimed_at__isnull=True)
                | Q(claimed_by__isnull=False, claimed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="claimed_only_while_open",
                condition=Q(claimed_at__isnull=True) | Q(appointment__isnull=True, closed_at__isnull=True),
            ),
            models.CheckConstraint(name="has_an_outcome_and_a_priority", condition=~Q(outcome="") & ~Q(priority="")),
            models.CheckConstraint(
                name="closed_for_a_reason_by_staff_or_withdrawn",
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, close_reason="")
                | Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(close_reason="")
                | Q(closed_at__isnull=False, closed_by__isnull=True, close_reason="withdrawn"),
            ),
        )
        indexes = (
            models.Index(
                "is_doubtful",
                "priority",
                F("is_recent_pain").desc(),
                "created_at",
                "id",
                condition=Q(closed_at__isnull=True),
                name="queue_order",
            ),
            models.Index(
                "due_at",
                condition=Q(closed_at__isnull=True),
                name="open_by_due_time",
            ),
            models.Index(
                F("created_at").desc(),
                F("id").desc(),
                condition=Q(closed_at__isnull=True, appointment__isnull=False),
                name="booked_newest_first",
            ),
            # Somebody who asks again is found by these.
            models.Index(fields=("date_of_birth",), name="born_on_a_day"),
            models.Index(fields=("phone",), name="same_phone"),
            models.Index("email", condition=~Q(email=""), name="same_email"),
            models.Index(fields=("claimed_at",), condition=Q(claimed_at__isnull=False), name="held_longest"),
            models.Index(fields=("created_at",), name="by_day_asked"),
            models.Index(fields=("closed_at",), condition=Q(closed_at__isnull=False), name="closed_longest_ago"),
        )

    def __str__(self) -> str:
        # Only the reference, because Django copies this into logs that outlive the record.
        return reference.grouped(self.reference)

    @property
    def asked(self) -> Pathway:
        """The pathway that was answered, as it was then."""
        return pathway_of(self.pathway, self.pathway_version)

    @property
    def whom_to_ask_for(self) -> str:
        """Whoever filled it in for the patient, unless it is not clear that we may talk with them."""
        return self.name if self.may_talk == MayTalk.NOT_SURE else self.filled_in_by or self.name

    @property
    def who_may_be_told(self) -> str:
        """What staff keep in mind when they talk with whoever filled it in; empty where the patient did."""
        return MayTalk(self.may_talk).for_staff if self.may_talk else ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def status_label(self) -> str:
        return Status(self.status).label

    @property
    def came_by(self) -> str:
        """The way it came in, with who or what sent them."""
        return f"{Source(self.source).label}: {self.referred_by}" if self.referred_by else Source(self.source).label

    @property
    def phone_shown(self) -> str:
        return left_to_right(as_dialled(self.phone))

    @property
    def about_the_phone(self) -> str:
        """Whose it is and what was typed beside it; for most, nothing."""
        owner = PhoneOwner(self.phone_owner).for_staff if self.phone_owner else ""
        return "; ".join(filter(None, (owner, self.phone_note)))

    @property
    def phone_link(self) -> str:
        return _to_press(self.phone)

    @property
    def patient_phone_shown(self) -> str:
        return left_to_right(as_dialled(self.patient_phone))

    @property
    def patient_phone_link(self) -> str:
        return _to_press(self.patient_phone)


@lru_cache(maxsize=10_000)
def as_dialled(stored: str) -> str:
    """As one dials it here: with its country code if it is of another country."""
    number = _parsed(stored)
    is_ours = number.country_code == phonenumbers.country_code_for_region(settings.PHONE_REGION)
    style = phonenumbers.PhoneNumberFormat.NATIONAL if is_ours else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


@lru_cache(maxsize=10_000)
def _to_press(stored: str) -> str:
    return phonenumbers.format_number(_parsed(stored), phonenumbers.PhoneNumberFormat.RFC3966)


# A page shows the same number two or three times. What a number says never changes, so that nothing gets old.
@lru_cache(maxsize=10_000)
def _parsed(stored: str) -> phonenumbers.PhoneNumber:
    return phonenumbers.parse(stored, settings.PHONE_REGION)

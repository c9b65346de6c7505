"""What is stored: a request for a visit, what staff did about it, and the visit that came of it.

The database itself refuses what must not happen; see the constraints of each model.
"""

import uuid
from zoneinfo import ZoneInfo

import phonenumbers
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from screening.pathway import PATHWAY

from . import reference

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Clinician(models.Model):
    name = models.CharField(max_length=120, unique=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)

    def __str__(self):
        return self.name


class Place(models.Model):
    name = models.CharField(max_length=120, unique=True)
    address = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)

    def __str__(self):
        return self.name


class Appointment(models.Model):
    """A visit, booked or cancelled.

    That no clinician has two at once, cancelled ones aside, the migration no_two_visits_at_once lets the database see
    to: by an exclusion constraint in PostgreSQL, by triggers in SQLite.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinician = models.ForeignKey(Clinician, models.PROTECT)
    place = models.ForeignKey(Place, models.PROTECT)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # Nobody means the patient, who chose one of the times that were offered.
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    booked_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(name="visit_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
        )
        indexes = (
            models.Index(fields=("starts_at",), name="visits_by_time"),
            models.Index(fields=("clinician", "starts_at"), name="visits_of_a_clinician"),
        )

    def __str__(self):
        return f"{timezone.localtime(self.starts_at):%a %b %-d %Y, %-I:%M %p}, {self.place}, {self.clinician}"


class OpeningHours(models.Model):
    """When the clinic calls and is called, on one day of the week. A day without a row is a day off."""

    weekday = models.PositiveSmallIntegerField(choices=list(enumerate(WEEKDAYS)), unique=True)
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ("weekday",)
        verbose_name = verbose_name_plural = "opening hours"
        constraints = (models.CheckConstraint(name="closes_after_it_opens", condition=Q(closes__gt=F("opens"))),)

    def __str__(self):
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


class Holiday(models.Model):
    """A day on which the clinic neither calls nor sees anybody."""

    date = models.DateField(unique=True)
    name = models.CharField(max_length=60)

    class Meta:
        ordering = ("date",)

    def __str__(self):
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

    def __str__(self):
        return f"{self.clinician}, {self.get_weekday_display()} {self.starts:%H:%M} to {self.ends:%H:%M}"


class Caller(models.Model):
    """What matters of a member of staff when calls are given out."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="caller")
    speaks_spanish = models.BooleanField(default=False)

    def __str__(self):
        return f"{self.user}"


class Status(models.TextChoices):
    WAITING = "waiting", "Waiting"
    CLAIMED = "claimed", "Claimed"
    BOOKED = "booked", "Booked"
    CLOSED = "closed", "Closed"


class CloseReason(models.TextChoices):
    ATTENDED = "attended", "Came to the visit"
    DID_NOT_COME = "did_not_come", "Did not come to the visit"
    DECLINED = "declined", "Does not want a visit"
    UNREACHABLE = "unreachable", "Could not be reached"
    ADVISED_AGAINST = "advised_against", "Nurse or doctor advised against a visit"
    SEEN_ELSEWHERE = "seen_elsewhere", "Is cared for elsewhere"
    WITHDRAWN = "withdrawn", "Withdrew the request"
    DUPLICATE = "duplicate", "Asked twice"
    NOT_REAL = "not_real", "Not a real request"

    @classmethod
    def after_a_visit(cls):
        """The reasons that need a booked visit; the others need that there is none."""
        return (cls.ATTENDED, cls.DID_NOT_COME)


class Language(models.TextChoices):
    ENGLISH = "en", "English"
    SPANISH = "es", "Español"
    OTHER = "other", _("Another language")


class NurseCheck(models.TextChoices):
    NOT_NEEDED = "", "Not needed"
    NEEDED = "needed", "Ask the nurse"
    ASKED = "asked", "Nurse was asked"
    FINE = "fine", "Nurse: a visit is fine"
    CALL_FIRST = "call_first", "Nurse calls the patient first"
    AGAINST = "against", "Nurse advises against a visit"

    @classmethod
    def to_be_answered(cls):
        return (cls.NEEDED, cls.ASKED)


QUEUE_ORDER = ("is_doubtful", "priority", "-is_recent_pain", "created_at", "pk")


class AppointmentRequestQuerySet(models.QuerySet):
    def open(self):
        """Those that somebody still has to call."""
        # Told by the status and not by the missing visit: SQLite would look for that in an index of nearly all rows.
        return self.filter(closed_at=None, status__in=(Status.WAITING, Status.CLAIMED))

    def overdue(self):
        """Those whose first call, or next call if one is planned, should have been made by now."""
        now = timezone.now()
        return self.open().filter(Q(next_call_at=None, due_at__lte=now) | Q(next_call_at__lte=now))

    def in_queue_order(self):
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

    pathway_version = models.CharField(max_length=20)
    outcome = models.CharField(max_length=40)
    priority = models.CharField(max_length=2)
    is_recent_pain = models.BooleanField()
    flags = models.JSONField()
    answers = models.JSONField()
    findings = models.JSONField()

    name = models.CharField(max_length=120)
    date_of_birth = models.DateField()
    phone = models.CharField(max_length=32)
    email = models.EmailField(blank=True)
    filled_in_by = models.CharField(max_length=120, blank=True)
    relationship = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=5, choices=Language)
    other_language = models.CharField(max_length=60, blank=True)
    needs_interpreter = models.BooleanField()
    hard_of_hearing = models.BooleanField(default=False)
    large_print = models.BooleanField(default=False)
    call_times = models.JSONField()
    voicemail_ok = models.BooleanField()
    texts_ok = models.BooleanField()
    consent = models.TextField(help_text="What was agreed to, in the words that were shown.")

    time_zone = models.CharField(max_length=40, help_text="Where the patient is, as far as the area code tells.")
    search_text = models.TextField(editable=False, help_text="What the search looks through; see search.py.")

    doubts = models.CharField(max_length=100, blank=True, help_text="Signs that no person sent this.")
    is_doubtful = models.GeneratedField(
        expression=Case(When(doubts="", then=Value(False)), default=Value(True)),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    earlier = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="later", help_text="An open request of the same person."
    )

    due_at = models.DateTimeField("first call due", help_text="By when somebody should have called.")
    next_call_at = models.DateTimeField("next call", null=True)
    is_promised = models.BooleanField(default=False, help_text="The patient was told when the next call comes.")
    attempts_made = models.PositiveSmallIntegerField(default=0)
    reached_at = models.DateTimeField(null=True, help_text="When somebody first talked with the patient.")
    nurse_check = models.CharField(max_length=10, choices=NurseCheck, blank=True)

    is_on_legal_hold = models.BooleanField(
        default=False, help_text="Kept, whatever retention says; see retention.py."
    )

    # Rises with each change. Whoever changes something names the version they looked at.
    version = models.PositiveIntegerField(default=0)
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    assigned_until = models.DateTimeField(null=True, help_text="How long it waits for whom it was handed out to.")
    appointment = models.OneToOneField(Appointment, models.PROTECT, null=True, related_name="request")
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=20, choices=CloseReason, blank=True)

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
            ("answer_as_nurse", "Can answer questions to the nurse"),
            ("manage_queue", "Can see reports, hand out requests and export"),
            ("erase_request", "Can erase requests and place legal holds"),
        )
        constraints = (
            models.CheckConstraint(
                name="outcome_offers_a_visit",
                condition=Q(outcome__in=sorted(o.key for o in PATHWAY.outcomes if o.offers_visit)),
            ),
            models.CheckConstraint(
                name="priority_is_known",
                condition=Q(priority__in=sorted(priority.key for priority in PATHWAY.priorities)),
            ),
            models.CheckConstraint(
                name="claimed_by_somebody_at_some_time",
                condition=Q(claimed_by__isnull=True, claimed_at__isnull=True)
                | Q(claimed_by__isnull=False, claimed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="claimed_only_while_open",
                condition=Q(claimed_at__isnull=True) | Q(appointment__isnull=True, closed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="closed_by_staff_or_withdrawn",
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, close_reason="")
                | Q(closed_at__isnull=False, closed_by__isnull=False, close_reason__in=CloseReason.values)
                | Q(closed_at__isnull=False, closed_by__isnull=True, close_reason=CloseReason.WITHDRAWN),
            ),
            models.CheckConstraint(
                name="visit_reasons_need_a_visit",
                condition=Q(closed_at__isnull=True)
                | Q(appointment__isnull=False, close_reason__in=CloseReason.after_a_visit())
                | Q(appointment__isnull=True) & ~Q(close_reason__in=CloseReason.after_a_visit()),
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
            models.Index(fields=("claimed_by",), condition=Q(claimed_by__isnull=False), name="held_by_somebody"),
            models.Index(fields=("created_at",), name="by_day_asked"),
            models.Index(fields=("closed_at",), condition=Q(closed_at__isnull=False), name="closed_longest_ago"),
        )

    def __str__(self):
        # Only the reference, because Django copies this into logs that outlive the record.
        return reference.grouped(self.reference)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def status_label(self) -> str:
        return Status(self.status).label

    @property
    def phone_shown(self) -> str:
        return phonenumbers.format_number(self._phone_number, phonenumbers.PhoneNumberFormat.NATIONAL)

    @property
    def phone_link(self) -> str:
        return phonenumbers.format_number(self._phone_number, phonenumbers.PhoneNumberFormat.RFC3966)

    @property
    def _phone_number(self) -> phonenumbers.PhoneNumber:
        return phonenumbers.parse(self.phone, settings.PHONE_REGION)


class Event(models.Model):
    """Something that was done with a request. Calls stand in ContactAttempt."""

    class Verb(models.TextChoices):
        CLAIMED = "claimed", "Claimed"
        RELEASED = "released", "Released"
        SKIPPED = "skipped", "Skipped"
        ASSIGNED = "assigned", "Handed out"
        CALLED = "called", "Contact"
        CORRECTED = "corrected", "Corrected"
        NURSE_ASKED = "nurse_asked", "Asked the nurse"
        NURSE_ANSWERED = "nurse_answered", "The nurse answered"
        OFFERED = "offered", "Offered times to choose from"
        LINKED = "linked", "Compared with another request"
        UNDONE = "undone", "Took back"
        BOOKED = "booked", "Booked"
        RESCHEDULED = "rescheduled", "Rescheduled"
        CANCELLED = "cancelled", "Cancelled the visit"
        CLOSED = "closed", "Closed"
        REOPENED = "reopened", "Reopened"
        HOLD_PLACED = "hold_placed", "Placed a legal hold"
        HOLD_LIFTED = "hold_lifted", "Lifted the legal hold"
        WITHDREW = "withdrew", "The patient withdrew the request"
        PHONE_CORRECTED = "phone_corrected", "The patient corrected the phone number"
        CALL_TIMES_CHANGED = "times_changed", "The patient changed when to call"

    request = models.ForeignKey(AppointmentRequest, models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    # Nobody means the patient.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=20, choices=Verb)
    details = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=500, blank=True)
    # The version that the request had after it, and what it had before it in each column that changed.
    version = models.PositiveIntegerField()
    before = models.JSONField(encoder=DjangoJSONEncoder)

    class Meta:
        ordering = ("at", "pk")

    def __str__(self):
        return f"{self.get_verb_display()} ({self.pk})"


class ContactAttempt(models.Model):
    """One try to reach somebody."""

    class Channel(models.TextChoices):
        PHONE = "phone", "Phone call"
        TEXT = "text", "Text message"
        EMAIL = "email", "E-mail"
        LETTER = "letter", "Letter"

    class Outcome(models.TextChoices):
        REACHED = "reached", "Reached"
        CALL_BACK = "call_back", "Reached, asked to be called later"
        VOICEMAIL = "voicemail", "Left a message"
        NO_ANSWER = "no_answer", "No answer"
        WRONG_NUMBER = "wrong_number", "Wrong number"
        SENT = "sent", "Sent"

    request = models.ForeignKey(AppointmentRequest, models.CASCADE, related_name="contact_attempts")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel)
    outcome = models.CharField(max_length=20, choices=Outcome)
    next_call_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    is_undone = models.BooleanField(default=False)

    class Meta:
        ordering = ("at", "pk")

    def __str__(self):
        return f"{self.get_channel_display()} ({self.pk})"


class OfferedTime(models.Model):
    """One of the times that a patient may choose from by a private link. Chosen, it becomes an Appointment."""

    request = models.ForeignKey(AppointmentRequest, models.CASCADE, related_name="offered_times")
    clinician = models.ForeignKey(Clinician, models.PROTECT)
    place = models.ForeignKey(Place, models.PROTECT)
    starts_at = models.DateTimeField()

    class Meta:
        ordering = ("starts_at",)
        constraints = (models.UniqueConstraint(fields=("request", "clinician", "starts_at"), name="offered_once"),)

    def __str__(self):
        return f"{timezone.localtime(self.starts_at):%a %b %-d %Y, %-I:%M %p}, {self.place}, {self.clinician}"


class PossibleDuplicate(models.Model):
    """Two requests that may be of one person, and what was decided about that."""

    class Decision(models.TextChoices):
        OPEN = "", "Not decided"
        SAME = "same", "The same person"
        DIFFERENT = "different", "Different people"

    earlier = models.ForeignKey(AppointmentRequest, models.CASCADE, related_name="+")
    later = models.ForeignKey(AppointmentRequest, models.CASCADE, related_name="possible_duplicates")
    reasons = models.CharField(max_length=200)
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("earlier", "later"), name="one_pair_once"),)
        indexes = (models.Index(fields=("-id",), condition=Q(decision=""), name="pairs_to_decide"),)

    def __str__(self):
        return f"{self.earlier} and {self.later}"


class Message(models.Model):
    """Something to tell the patient, or the staff, of what happened to a request; see messages/.

    Neither the words nor the address are kept: both come from the request when the message is sent.
    """

    class Kind(models.TextChoices):
        RECEIVED = "received", "We have your request"
        CALL_MISSED = "call_missed", "We called and missed you"
        OFFERED = "offered", "Choose a time"
        BOOKED = "booked", "Visit booked"
        MOVED = "moved", "Visit moved"
        CANCELLED = "cancelled", "Visit cancelled"
        REMINDER = "reminder", "Reminder of the visit"
        UNREACHABLE = "unreachable", "We could not reach you"
        WITHDRAWN = "withdrawn", "You withdrew your request"
        NEW_URGENT = "new_urgent", "To staff: new urgent request"
        CALLS_OVERDUE = "calls_overdue", "To staff: calls are overdue"

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        TEXT = "text", "Text"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        DROPPED = "dropped", "No longer true, not sent"

    # The Message-ID of an e-mail is made of it.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(AppointmentRequest, models.CASCADE, null=True, related_name="messages")
    # The visit that it tells of, and the version of the request then, by which calendars know the newer of two.
    appointment = models.ForeignKey(Appointment, models.CASCADE, null=True, related_name="+")
    version = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=20, choices=Kind)
    channel = models.CharField(max_length=5, choices=Channel)
    created_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # Not before then.
    send_at = models.DateTimeField(default=timezone.now)
    # Whoever is sending it; see messages/outbox.py.
    lease = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=100, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(
                name="message_is_done_or_waits",
                condition=Q(state="waiting", done_at__isnull=True)
                | Q(~Q(state="waiting"), done_at__isnull=False, lease__isnull=True),
            ),
        )
        indexes = (
            models.Index("send_at", "id", condition=Q(state="waiting", lease__isnull=True), name="messages_to_send"),
            models.Index("lease", condition=Q(lease__isnull=False), name="messages_being_sent"),
            models.Index(fields=("-done_at", "id"), condition=Q(state="failed"), name="messages_that_failed"),
        )

    def __str__(self):
        return f"{self.get_channel_display()} {self.pk}"


class TextOptOut(models.Model):
    """A phone that answered STOP: no more texts to it. Holds a keyed hash, so that it can outlive the request."""

    phone = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return self.phone[:8]


class PeriodicJob(models.Model):
    """When something that is done again and again was done last; see periodic.py."""

    name = models.CharField(max_length=40, primary_key=True)
    last_run_at = models.DateTimeField()

    def __str__(self):
        return self.name


class RateBucket(models.Model):
    """How often something was tried in the current stretch of time; see rate_limit.py. Holds no address."""

    key = models.CharField(max_length=64, primary_key=True)
    ends_at = models.BigIntegerField()
    count = models.PositiveIntegerField()

    def __str__(self):
        return self.key[:8]


class DailyCount(models.Model):
    """How many checks were started or finished on a day; see counts.py. Says nothing about a person."""

    class Event(models.TextChoices):
        STARTED = "started", "Started"
        FINISHED = "finished", "Finished"

    day = models.DateField()
    event = models.CharField(max_length=10, choices=Event)
    language = models.CharField(max_length=5)
    outcome = models.CharField(max_length=40, blank=True)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("day", "event", "language", "outcome"), name="counted_once_a_day"),
        )

    def __str__(self):
        return f"{self.day} {self.event} {self.language} {self.outcome}: {self.count}"


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

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M} ({self.pk})"


class AuditEntry(models.Model):
    """Who did or saw what, when and from where; never what it said. Only added to; see audit/chain.py.

    The database refuses to change an entry, and to remove one that the owner has not cut off; see migration audit.
    """

    class Who(models.TextChoices):
        STAFF = "staff", "Staff"
        PATIENT = "patient", "Patient"
        SYSTEM = "system", "System"
        NOBODY = "nobody", "Not signed in"

    class Action(models.TextChoices):
        VIEW = "view", "Saw"
        LIST = "list", "Saw a list"
        SEARCH = "search", "Searched"
        PRINT = "print", "Saw for print"
        EXPORT = "export", "Exported"
        CHANGE = "change", "Changed"
        ERASE = "erase", "Erased"
        LOOK_UP = "look-up", "Patient looked up a request"
        SENT_ON = "sent-on", "Was sent on"
        REFUSED = "refused", "Was refused"
        SIGN_IN = "sign-in", "Signed in"
        SIGN_OUT = "sign-out", "Signed out"
        SIGN_IN_FAILED = "sign-in-failed", "Failed to sign in"
        LOCKED_OUT = "locked-out", "Was locked out"
        SECOND_FACTOR = "second-factor", "Second factor"
        VERIFY = "verify", "Verified the audit"
        CUT = "cut", "Cut off old entries"
        UNKNOWN = "unknown", "Page that does not say what it shows"

    class Outcome(models.TextChoices):
        OK = "ok", "Done"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed"

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    who = models.CharField(max_length=10, choices=Who)
    # No foreign key: an entry outlives the account.
    user_id = models.BigIntegerField(null=True)
    username = models.CharField(max_length=150, blank=True)
    address = models.CharField(max_length=45, blank=True)
    action = models.CharField(max_length=20, choices=Action)
    page = models.CharField(max_length=100, blank=True, help_text="The name of the page's address.")
    method = models.CharField(max_length=10, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    status = models.PositiveSmallIntegerField(null=True)
    details = models.CharField(max_length=200, blank=True)
    # The numbers of the requests concerned: a few in words, more than that packed; see audit/numbers.py.
    count = models.PositiveIntegerField(default=0)
    numbers = models.TextField(blank=True)
    packed = models.TextField(blank=True)
    key = models.CharField(max_length=8, help_text="Which key it is sealed with.")
    mac = models.CharField(max_length=64, help_text="Of this entry and the mac of the one before.")

    class Meta:
        ordering = ("seq",)
        verbose_name_plural = "audit entries"
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=("username", "-seq"), name="audit_by_who"),
            models.Index(fields=("action", "-seq"), name="audit_by_action"),
            models.Index(fields=("at",), name="audit_by_time"),
        )

    def __str__(self):
        return f"{self.seq}"


class AuditHead(models.Model):
    """The last entry of the audit, and where its front was cut off, each sealed. There is one row."""

    seq = models.BigIntegerField(default=0)
    mac = models.CharField(max_length=64)
    seal = models.CharField(max_length=64)
    first_kept = models.BigIntegerField(default=1)
    cut_mac = models.CharField(max_length=64, blank=True)
    cut_seal = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"{self.seq}:{self.mac}"

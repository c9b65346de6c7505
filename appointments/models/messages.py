"""What is to be told to whom, and who wants no texts."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from .. import journal
from .requests import AppointmentRequest
from .visits import Appointment


class MessageQuerySet(models.QuerySet["Message"]):
    # Of those that were given up.
    DID_NOT_ARRIVE = Q(handed_over_at=None) | Q(arrival__in=("failed", "bounced"))
    MAY_HAVE_ARRIVED = Q(handed_over_at__isnull=False, arrival="")

    def put_off(self) -> "MessageQuerySet":
        """Those that wait for another try."""
        return self.filter(state=Message.State.WAITING, first_due_at__isnull=False)

    def failed(self) -> "MessageQuerySet":
        """Those that were given up, and surely did not arrive."""
        return self.filter(self.DID_NOT_ARRIVE, state=Message.State.FAILED)

    def unsure(self) -> "MessageQuerySet":
        """Those that were given up because they may have arrived, and of which nobody has told since."""
        return self.filter(self.MAY_HAVE_ARRIVED, state=Message.State.FAILED)


class Message(models.Model):
    """Something to tell the patient, or the staff, of what happened to a request; see delivery/.

    Neither the words nor the address are kept: both come from the request when the message is sent.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        TEXT = "text", "Text"
        EHR = "ehr", "Health record"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        DROPPED = "dropped", "No longer true, not sent"

    class Arrival(models.TextChoices):
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Did not arrive"
        BOUNCED = "bounced", "Bounced"
        COMPLAINED = "complained", "Called spam"

    # The Message-ID of an e-mail is made of it.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(AppointmentRequest, models.CASCADE, null=True, related_name="messages")
    # The visit that it tells of, and the version of the request then, by which calendars know the newer of two.
    appointment = models.ForeignKey(Appointment, models.CASCADE, null=True, related_name="+")
    version = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=20, help_text="See lifecycle/message_kinds.py.")
    channel = models.CharField(max_length=5, choices=Channel)
    created_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # Not before then.
    send_at = models.DateTimeField(default=timezone.now)
    # Whoever is sending it; see delivery/outbox.py.
    lease = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # When it should have gone; each new try moves `send_at`, and none moves this. Null while it was never put off.
    first_due_at = models.DateTimeField(null=True)
    # When it was last handed to a server; null as soon as it is known what became of it.
    handed_over_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True)
    done_at = models.DateTimeField(null=True)
    # What the provider heard of it since, if it tells.
    arrival = models.CharField(max_length=10, choices=Arrival, blank=True, db_default="")

    objects = MessageQuerySet.as_manager()

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

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.pk}"

    @property
    def state_in_words(self) -> str:
        """Of what the provider has heard more, it had surely been sent."""
        if self.arrival:
            return self.State.SENT.label
        if self.state == self.State.DROPPED and self.error:
            # It was true, and something else kept it.
            return "Not sent"
        may_have_arrived = self.state == self.State.FAILED and self.handed_over_at
        return "Perhaps sent" if may_have_arrived else self.get_state_display()

    @property
    def its_request(self) -> AppointmentRequest:
        """For the kinds that are about one. What staff are told of the queue as a whole has none."""
        if self.request is None:
            raise ValueError(f"a message of the kind {self.kind} without its request")
        return self.request

    @property
    def its_visit(self) -> Appointment:
        """For the kinds that are about one."""
        if self.appointment is None:
            raise ValueError(f"a message of the kind {self.kind} without its visit")
        return self.appointment


class TextOptOutQuerySet(models.QuerySet["TextOptOut"]):
    def add(self, phone: str) -> None:
        digest = _digests(phone)[0]
        self.bulk_create([self.model(phone=digest)], ignore_conflicts=True)
        journal.write(journal.STOPPED, digest)

    def has(self, phone: str) -> bool:
        return self.filter(phone__in=_digests(phone)).exists()

    def forget(self, phone: str) -> None:
        """As if nobody had ever answered STOP there."""
        for digest in _digests(phone):
            if self.filter(phone=digest).delete()[0]:
                journal.write(journal.STARTED, digest)


class TextOptOut(models.Model):
    """A phone that answered STOP: no more texts to it. Holds a keyed hash, so that it can outlive the request."""

    phone = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField(default=timezone.now)

    objects = TextOptOutQuerySet.as_manager()

    def __str__(self) -> str:
        return self.phone[:8]


def _digests(phone: str) -> list[str]:
    # The salt is part of the stored digests; changing it would forget every opt-out.
    return journal.digests(phone, salt="appointments.messages.texts")

"""What became of a message after it was handed over, as far as the provider tells."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower

import audit
from audit.models import AuditEntry

from ..lifecycle import call_policy
from ..lifecycle.announce import ways_to_reach
from ..lifecycle.definition import LIFECYCLE
from ..models import AppointmentRequest, Awaited, Message

Arrival = Message.Arrival
# The later stands against the earlier: who calls a message spam has got it, and one that bounced late did not arrive.
ORDER = ("", *Arrival.values)
EVENTS = {
    "delivered": Arrival.DELIVERED,
    "bounced": Arrival.BOUNCED,
    "rejected": Arrival.BOUNCED,
    "complained": Arrival.COMPLAINED,
    "failed": Arrival.FAILED,
}
# By which words of theirs providers say that it may arrive the next time: a full mailbox, a server that is away.
SOFT = {
    ("Type", "SoftBounce"),  # Postmark
    ("event", "soft_bounce"),  # Brevo, Mandrill
    ("type", "soft_bounced"),  # MailerSend
    ("type", "blocked"),  # SendGrid
    ("bounceType", "Transient"),  # Amazon SES
    ("hard_bounce", "False"),  # Mailjet
    *(("bounce_class", number) for number in ("20", "21", "22", "23", "24", "40", "70")),  # SparkPost
}


@audit.atomic()
def note(key: uuid.UUID, arrival: Arrival, *, is_for_good: bool, to: str) -> None:
    """Counts once, however often and in which order it is heard.

    What fails for good at the address that the patient still has, ends that way until it is corrected.
    """
    before = ORDER[: ORDER.index(arrival)]
    if not Message.objects.filter(pk=key, arrival__in=before).update(arrival=arrival) or not is_for_good:
        return
    message = Message.objects.get(pk=key)
    kind = LIFECYCLE.message_kinds.get(message.kind)
    if kind is None or kind.to_staff:
        return
    requests = AppointmentRequest.objects.filter(pk=message.its_request.pk)
    if message.channel == Message.Channel.EMAIL:
        changed = requests.alias(theirs=Lower("email")).filter(theirs__in=_spellings(to)).update(email_fails=True)
    else:
        changed = requests.filter(phone=to).update(texts_fail=True)
    if changed:
        wait_no_longer(requests)
        details = f"{message.get_channel_display()}: {arrival.label.lower()}"
        system = AuditEntry.Who.SYSTEM
        audit.record(AuditEntry.Action.CHANGE, who=system, requests=[message.its_request], details=details)


def wait_no_longer(requests: QuerySet[AppointmentRequest]) -> None:
    """Who cannot be written to is not waited for to answer what we wrote, nor longer than for a choice read out."""
    for request in requests.exclude(awaited="").select_related("appointment"):
        soon = call_policy.in_time(request, call_policy.soon())
        if request.awaited == Awaited.EMAIL and request.email_fails:
            requests.update(awaited=Awaited.NOTHING, next_call_at=None, call_by=soon)
        elif request.awaited == Awaited.CHOICE and not ways_to_reach(request):
            requests.filter(next_call_at__gt=soon).update(next_call_at=soon)


def _spellings(address: str) -> set[str]:
    """In small letters; and with its domain as people write it, where it came as machines do (RFC 5891)."""
    name, _at, domain = address.lower().rpartition("@")
    with suppress(UnicodeError):
        return {address.lower(), f"{name}@{domain.encode('ascii').decode('idna')}"}
    return {address.lower()}


def heard(sender: object, event: Any, **others: object) -> None:
    """An event of anymail's. What is not about a message of ours is for somebody else."""
    arrival = EVENTS.get(event.event_type)
    if arrival is Arrival.BOUNCED and _is_soft(event.esp_event):
        # Of this e-mail it is the end, and it says nothing of the next.
        arrival = Arrival.FAILED
    try:
        key = uuid.UUID(str((event.metadata or {}).get("message", "")))
    except ValueError:
        return
    if arrival:
        note(key, arrival, is_for_good=arrival not in (Arrival.DELIVERED, Arrival.FAILED), to=event.recipient or "")


def _is_soft(said: Any) -> bool:
    if isinstance(said, Mapping):
        return any((name, str(one)) in SOFT or _is_soft(one) for name, one in said.items())
    return isinstance(said, list) and any(map(_is_soft, said))

"""What became of a message after it was handed over, as far as the provider tells."""

import uuid
from typing import Any

from django.db.models.functions import Lower

import audit
from audit.models import AuditEntry

from ..lifecycle.definition import LIFECYCLE
from ..models import AppointmentRequest, Message

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
        changed = requests.alias(theirs=Lower("email")).filter(theirs=to.lower()).update(email_fails=True)
    else:
        changed = requests.filter(phone=to).update(texts_fail=True)
    if changed:
        details = f"{message.get_channel_display()}: {arrival.label.lower()}"
        system = AuditEntry.Who.SYSTEM
        audit.record(AuditEntry.Action.CHANGE, who=system, requests=[message.its_request], details=details)


def heard(sender: object, event: Any, **others: object) -> None:
    """An event of anymail's. What is not about a message of ours is for somebody else."""
    arrival = EVENTS.get(event.event_type)
    try:
        key = uuid.UUID(str((event.metadata or {}).get("message", "")))
    except ValueError:
        return
    if arrival:
        note(key, arrival, is_for_good=arrival not in (Arrival.DELIVERED, Arrival.FAILED), to=event.recipient or "")

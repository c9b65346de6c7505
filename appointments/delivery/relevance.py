"""Whether a message that was stored earlier is still true when it is to be sent, and when it may be."""

import datetime

from django.utils import timezone

from ..calendar.calling_hours import next_decent
from ..lifecycle.definition import LIFECYCLE
from ..lifecycle.message_kinds import REMINDER, time_of_reminder
from ..models import Message

# Before a visit, when people set out.
ON_THE_WAY = datetime.timedelta(hours=3)


def still_true(message: Message) -> bool:
    """Needs `message.request` and `message.appointment`. Costs some statements for offered times, one or two else.

    Raises KeyError for a kind that nothing sends: what nobody has thought about is not told.
    """
    holds = LIFECYCLE.message_kinds[message.kind].still_true
    # The lifecycle refuses a kind without it.
    return holds is not None and holds(message)


def not_before(message: Message) -> datetime.datetime:
    """The earliest moment at which it may go.

    Texts ring, so they come at hours at which we would call; but what decides whether somebody sets out for a visit
    comes ON_THE_WAY before it at the latest.
    """
    earliest = message.send_at
    if message.kind == REMINDER.key:
        earliest = max(earliest, time_of_reminder(message.its_visit))
    if message.channel != Message.Channel.TEXT:
        return earliest
    moment = max(earliest, timezone.now())
    at = next_decent(moment, message.its_request.zone)
    if LIFECYCLE.message_kinds[message.kind].decides_the_way:
        at = min(at, max(moment, message.its_visit.starts_at - ON_THE_WAY))
    return earliest if at == moment else at

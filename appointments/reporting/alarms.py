"""What runs late of all that nobody asks for: for the figures, and in words for staff, who hear of it first."""

import datetime
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from ..models import Incarnation, Message, PeriodicJob

# Longer than a worker takes to come back after a release, and a server to be started again.
STAFF_ARE_TOLD_AFTER = datetime.timedelta(minutes=15)
WORDS = {
    Message.Channel.EMAIL: "e-mail",
    Message.Channel.TEXT: "text message",
    Message.Channel.EHR: "health record update",
}


@dataclass(frozen=True)
class Backlog:
    """The messages of one channel that should have gone by now; `since` is when the oldest was to go first."""

    channel: Message.Channel
    due: int = 0
    retried: int = 0
    since: datetime.datetime | None = None


def backlogs(now: datetime.datetime) -> list[Backlog]:
    """One for each channel. Costs one statement over the messages that wait.

    What was to be told to an EHR that is connected no more waits for the next one, and nobody for it.
    """
    first_due = Coalesce("first_due_at", "send_at")
    due = Message.objects.filter(state=Message.State.WAITING).alias(first=first_due).filter(first__lte=now).order_by()
    if not settings.EHR_URL:
        due = due.exclude(channel=Message.Channel.EHR)
    retried = Count("pk", filter=Q(attempts__gt=0))
    groups = due.values_list("channel").annotate(due=Count("pk"), retried=retried, since=Min("first"))
    found = {channel: counts for channel, *counts in groups}
    return [Backlog(channel, *found.get(channel.value, ())) for channel in Message.Channel]


def in_words(now: datetime.datetime) -> list[str]:
    """What staff should know when they open the day, because patients will ask. Costs three statements."""
    alarms = []
    if restored := Incarnation.objects.restored():
        alarms.append(
            f"The database is a copy from a backup, as was noticed on {_clock(restored.noticed_at)}. Nothing is sent "
            "until a manager has looked at what waits there; what was entered after the backup is missing."
        )
    heartbeat = PeriodicJob.objects.last_runs()[PeriodicJob.HEARTBEAT]
    if now - heartbeat > STAFF_ARE_TOLD_AFTER:
        alarms.append(
            f"Nothing has been sent or checked since {_clock(heartbeat)}, because no worker runs. Until the operator "
            "starts one, patients hear of nothing: tell them by phone what cannot wait."
        )
    for backlog in backlogs(now):
        if backlog.since and now - backlog.since > STAFF_ARE_TOLD_AFTER:
            what = WORDS[backlog.channel]
            alarms.append(
                f"{backlog.due} {what}{'' if backlog.due == 1 else 's'} should have gone by now, the oldest on "
                f"{_clock(backlog.since)}. They go as soon as the way is open: tell the operator."
            )
    return alarms


def _clock(moment: datetime.datetime) -> str:
    return f"{timezone.localtime(moment):%a %b %-d, %-I:%M %p}"

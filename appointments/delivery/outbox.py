"""Sends the messages that wait in the database, by any number of workers side by side.

A worker leases some messages, and each again by itself just before it is sent, so that nobody else sends it. A worker
that is killed leaves its leases behind; another takes them over that has seen one unchanged for LEASE_SECONDS by its
own stopwatch, and for EMAIL_ANSWER_SECONDS more if it was being sent. No clock decides it, so that clocks may be
wrong or be set.

Before a message is handed to a server, that is written down, and again what became of it. Where that is not known, it
is not repeated blindly: the sender finds out, or staff do.

Nothing is sent from a restored copy of the database before somebody has looked at what waits there.
"""

import datetime
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.module_loading import import_string

import audit
from audit.models import AuditEntry
from common.outages import is_outage

from ..lifecycle.definition import LIFECYCLE
from ..models import Incarnation, Message, MessageQuerySet
from . import relevance
from .email import EmailSender
from .failures import Deferred, Failure, Needless, NoAnswer, Rejected, Unavailable
from .sms import TextSender

logger = logging.getLogger(__name__)

Channel = Message.Channel
State = Message.State

LEASED_AT_ONCE = 20
FIRST_DELAY = datetime.timedelta(minutes=1)
LONGEST_DELAY = datetime.timedelta(hours=4)
# A way that is out of order is left alone for so many seconds, and a message for so long, because any that is tried
# shows whether the way works again. None is given up before: RFC 5321, 4.5.4.1, asks for four to five days.
PAUSE = 30
LONGEST_DELAY_OF_A_WAY = datetime.timedelta(minutes=5)
PATIENCE = datetime.timedelta(days=5)


class Sender(Protocol):
    """A line to a server. `connect` and `send` raise Failure."""

    def connect(self) -> None: ...

    def send(self, message: Message) -> None: ...

    def close(self) -> None: ...


class Worker:
    """One worker's view of the outbox: its lines to the servers, and since when it has seen others' leases.

    When `should_stop` says so, it ends after the message that it is at, and leaves the rest to others.
    """

    def __init__(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        self._should_stop = should_stop
        self._senders: dict[Channel, Sender] = {Channel.EMAIL: EmailSender(), Channel.TEXT: TextSender()}
        if settings.EHR_URL:
            self._senders[Channel.EHR] = import_string(settings.EHR_SENDER)()
        self._paused_until = dict.fromkeys(self._senders, 0.0)
        self._was_away: set[Channel] = set()
        # Whether a message is out of our hands, and what became of it not yet written down.
        self.is_sending = False
        self._seen_since: dict[uuid.UUID, float] = {}

    def send_some(self) -> int:
        """Send what is due, LEASED_AT_ONCE at most for each way, and give how many messages were dealt with."""
        self._take_over()
        dealt_with = 0
        for channel, sender in self._senders.items():
            if time.monotonic() < self._paused_until[channel]:
                continue
            by_this_way = sum(1 for _ in self._send_by(channel, sender))
            if by_this_way < LEASED_AT_ONCE:
                # Servers close idle connections, and the next message would fail on a dead one.
                sender.close()
            dealt_with += by_this_way
        return dealt_with

    def close(self) -> None:
        for sender in self._senders.values():
            sender.close()

    def _send_by(self, channel: Channel, sender: Sender) -> Iterator[Message]:
        lease, messages = _lease(channel)
        for message in messages:
            if self._should_stop():
                _give_back(lease)
                return
            yield message
            try:
                # Minutes may have passed since it was leased, and what it says may have changed.
                current = _leased(lease).filter(pk=message.pk).first()
                if current is None or not self._still_to_be_sent(current, lease):
                    continue
                self._send(current, lease, sender)
            except Unavailable as failure:
                pause = max(PAUSE, failure.seconds)
                logger.warning("Sending by %s pauses for %d seconds: %s", channel.value, pause, failure)
                self._paused_until[channel] = time.monotonic() + pause
                self._was_away.add(channel)
                _give_back(lease)
                return

    def _still_to_be_sent(self, message: Message, lease: uuid.UUID) -> bool:
        if message.kind not in LIFECYCLE.message_kinds:
            logger.error("Nothing sends messages of the kind %s any more.", message.kind)
            _fail(message, lease, Rejected("nothing is told in this way any more"))
            return False
        now, earliest = timezone.now(), relevance.not_before(message)
        if not relevance.still_true(message):
            # What may have arrived is not as if it had never been said. In a record a later one puts it right.
            is_said = message.handed_over_at and message.channel != Channel.EHR
            ended = {"state": State.FAILED} if is_said else {"state": State.DROPPED, "error": ""}
            _finish(message, lease, **ended)
            return False
        if earliest > now:
            _finish(message, lease, send_at=earliest, first_due_at=None)
            return False
        return True

    def _send(self, message: Message, lease: uuid.UUID, sender: Sender) -> None:
        # Connecting may take any time, so it comes before the lease that another must not outwait.
        try:
            _connect(sender)
        except Failure as failure:
            _fail(message, lease, failure)
            raise
        own = uuid.uuid4()
        handed_over = {"lease": own, "attempts": F("attempts") + 1, "handed_over_at": _kept("handed_over_at")}
        if not Message.objects.filter(pk=message.pk, lease=lease).update(**handed_over):
            # Another worker thought that this one was dead.
            return
        self.is_sending = True
        try:
            sender.send(message)
        except NoAnswer as failure:
            _fail(message, own, failure)
        except Failure as failure:
            _fail(message, own, failure, handed_over_at=None)
            if isinstance(failure, Unavailable):
                raise
        except Exception as error:  # noqa: BLE001
            # For example a fault in a clinic's own template. The exception's text may quote the message.
            logger.error("A message of the kind %s could not be sent: %s", message.kind, type(error).__name__)
            unwritten = Failure(f"it could not be written ({type(error).__name__})")
            _fail(message, own, unwritten, handed_over_at=message.handed_over_at)
        else:
            _persistently(lambda: _finish(message, own, state=State.SENT, error="", handed_over_at=None))
            if message.channel in self._was_away:
                self._was_away.discard(Channel(message.channel))
                _try_now(Message.objects.filter(channel=message.channel).put_off())
        finally:
            self.is_sending = False

    def _take_over(self) -> None:
        leases = dict(Message.objects.filter(lease__isnull=False).values_list("lease", "handed_over_at"))
        now = time.monotonic()
        self._seen_since = {lease: self._seen_since.get(lease, now) for lease in leases if lease}
        left_behind = [
            lease
            for lease, since in self._seen_since.items()
            if now - since > settings.LEASE_SECONDS + (settings.EMAIL_ANSWER_SECONDS if leases[lease] else 0)
        ]
        if left_behind:
            freed = Message.objects.filter(lease__in=left_behind).update(lease=None)
            logger.warning("%d messages were taken over from a worker that does not go on.", freed)


@audit.atomic()
def send_again(messages: MessageQuerySet, *, by: User) -> int:
    """Let these be tried anew from now on that failed or wait for another try, and give how many there were.

    Those that may have arrived are sent once more, too: leave them out unless staff know better.
    """
    again = messages.filter(state=State.FAILED) | messages.put_off().filter(lease=None)
    about = dict(again.values_list("pk", "request"))
    # Only what is still so: a worker may have sent one meanwhile.
    count = _try_now(again.filter(pk__in=about), handed_over_at=None, arrival="")
    if count:
        requests = {request for request in about.values() if request}
        audit.record(AuditEntry.Action.CHANGE, by=by, requests=requests, details=f"{count} messages sent again")
    return count


def _connect(sender: Sender) -> None:
    """Raises Failure, whatever goes wrong: no way may keep the others from going on."""
    try:
        sender.connect()
    except Failure:
        raise
    except Exception as error:  # noqa: BLE001
        logger.error("The line to a server could not be opened: %s", type(error).__name__)
        raise Unavailable(f"the line to the server could not be opened ({type(error).__name__})") from None


@transaction.atomic
def _lease(channel: Channel) -> tuple[uuid.UUID, list[Message]]:
    lease = uuid.uuid4()
    # In this transaction, so that it is said of the very database that the messages come from.
    if Incarnation.objects.look():
        return lease, []
    due = Message.objects.filter(state=State.WAITING, lease=None, send_at__lte=timezone.now(), channel=channel)
    if channel == Channel.EHR:
        # For each request one at a time, so that what stood earlier never overtakes what stands now.
        on_the_way = Message.objects.filter(channel=channel, lease__isnull=False)
        due = due.exclude(request__in=on_the_way.values("request"))
    # SQLite knows no such lock; there, transactions that write take turns from their beginning.
    locked = due.order_by("send_at", "pk").select_for_update(skip_locked=True)
    keys = list(locked.values_list("pk", flat=True)[:LEASED_AT_ONCE])
    Message.objects.filter(pk__in=keys).update(lease=lease)
    return lease, list(_leased(lease).order_by("send_at", "pk"))


def _leased(lease: uuid.UUID) -> MessageQuerySet:
    related = ("request__appointment", "appointment__place", "appointment__clinician")
    return Message.objects.filter(lease=lease).select_related(*related)


def _give_back(lease: uuid.UUID) -> None:
    Message.objects.filter(lease=lease).update(lease=None)


def _try_now(messages: MessageQuerySet, **values: Any) -> int:
    """As if they had not been tried yet."""
    as_new = {"state": State.WAITING, "attempts": 0, "done_at": None, "send_at": timezone.now(), "first_due_at": None}
    return messages.update(**as_new, **values)


def _fail(message: Message, lease: uuid.UUID, failure: Failure, **values: Any) -> None:
    attempts = message.attempts + 1
    values |= {"attempts": attempts, "error": str(failure)[:100]}
    if isinstance(failure, Deferred | Needless):
        values["state"] = State.DROPPED
    elif _is_final(message, failure, attempts):
        values["state"] = State.FAILED
    else:
        values["send_at"] = timezone.now() + _delay(attempts, failure)
        values["first_due_at"] = message.first_due_at or message.send_at
    _persistently(lambda: _finish(message, lease, **values))


def _is_final(message: Message, failure: Failure, attempts: int) -> bool:
    match failure:
        case Rejected():
            return True
        case NoAnswer(is_final=True):
            return True
        case Unavailable():
            return timezone.now() - (message.first_due_at or message.send_at) > PATIENCE
    return attempts >= settings.MESSAGE_ATTEMPTS


def _delay(attempts: int, failure: Failure) -> datetime.timedelta:
    longest = LONGEST_DELAY_OF_A_WAY if isinstance(failure, Unavailable) else LONGEST_DELAY
    return min(FIRST_DELAY * 2 ** min(attempts - 1, 10), longest)


def _kept(column: str) -> Coalesce:
    """What stands there, or now."""
    return Coalesce(column, Value(timezone.now()))


def _finish(message: Message, lease: uuid.UUID, **values: Any) -> None:
    done_at = timezone.now() if "state" in values else None
    Message.objects.filter(pk=message.pk, lease=lease).update(lease=None, done_at=done_at, **values)


def _persistently(write: Callable[[], None]) -> None:
    """What has been sent must be marked, or it would be sent again: wait for a database that is away.

    When it is back, others still have LEASE_SECONDS to wait before they take the message over.
    """
    while True:
        try:
            return write()
        except Error as error:
            if not is_outage(error):
                raise
            logger.warning("The database does not answer. What became of a message is written down when it does.")
            connection.close()
            time.sleep(1)

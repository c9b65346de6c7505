"""What a restore must not forget, as lines of the log, which every deployment keeps apart from its backups.

An erasure leaves one, and each STOP and START of texts. Nothing in it is personal: the number of a request, and keyed
digests. operations/restores.py reads them.
"""

import datetime
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

ERASED, STOPPED, STARTED = "erased", "stopped", "started"
CLOCK = "%Y-%m-%dT%H:%M:%S.%fZ"
LINE = re.compile(rf"journal: ([0-9T:.-]+Z) ({ERASED}|{STOPPED}|{STARTED}) ([0-9]{{1,18}}) ([0-9a-f]{{64}})")
# Part of what is written; others would not be known again.
REFERENCES = "appointments.journal.references"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class Line:
    """`number` is that of the request, or 0; `digest` is of its reference, or of the phone."""

    at: datetime.datetime
    what: str
    number: int
    digest: str


def write(what: str, digest: str, number: int = 0) -> None:
    """Once the transaction has ended well: what was taken back must not be done by a restore."""
    at = f"{timezone.now().astimezone(datetime.UTC):{CLOCK}}"
    transaction.on_commit(lambda: logger.info("journal: %s %s %d %s", at, what, number, digest))


def read(lines: Iterable[str]) -> list[Line]:
    """What a log says of it, in the order of time. Other lines, and what a collector adds to one, are passed over."""
    found = (match.groups() for match in map(LINE.search, lines) if match)
    return sorted(Line(_moment(at), what, int(number), digest) for at, what, number, digest in found)


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, CLOCK).replace(tzinfo=datetime.UTC)


def digests(value: str, *, salt: str) -> list[str]:
    """By the current secret, and by those before it."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest() for secret in secrets]

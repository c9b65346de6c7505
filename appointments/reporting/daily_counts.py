"""Counts how many checks are started and finished, by day, pathway, language and outcome, and nothing about a person.

Counted in memory, and written from there by a thread of its own after a response was sent, so that no page waits for
the database or needs one. What the database does not take is kept for the next try.
"""

import atexit
import logging
import threading
import time
from collections import Counter
from datetime import date
from typing import NamedTuple

from django.conf import settings
from django.core.signals import request_finished
from django.db import Error, connection
from django.utils import timezone

from screening.signals import check_finished, check_started

from ..models import DailyCount

logger = logging.getLogger(__name__)

# A process that cannot reach the database for months counts no new days, and does not grow.
MOST_KEPT = 1_000

ADD = """
    INSERT INTO appointments_dailycount AS stored (day, event, pathway, language, outcome, count) VALUES {rows}
    ON CONFLICT (day, event, pathway, language, outcome) DO UPDATE SET count = stored.count + excluded.count
"""


class Counted(NamedTuple):
    day: date
    event: str
    pathway: str
    language: str
    outcome: str


_kept: Counter[Counted] = Counter()
_lock = threading.Lock()
# Held during a write; only the exit handler waits for it.
_writing = threading.Lock()
_last_try = -float("inf")


def connect() -> None:
    check_started.connect(_count_start, dispatch_uid="counts")
    check_finished.connect(_count_finish, dispatch_uid="counts")
    request_finished.connect(_write_when_due, dispatch_uid="counts")
    atexit.register(_write_on_an_own_connection)


def write() -> None:
    """Add what was counted to the database, in one statement. Never fails: what it does not take is kept."""
    with _writing:
        with _lock:
            taken = dict(_kept)
            _kept.clear()
        if not taken:
            return
        try:
            _add(taken)
        except Error:
            # What the database says may hold values and addresses.
            logger.warning("The counts of checks could not be written. They are kept for the next try.")
            with _lock:
                for counted, times in taken.items():
                    _keep(counted, times)


def _count_start(sender: object, *, pathway: str, language: str, outcome: str, **kwargs: object) -> None:
    _count(DailyCount.Event.STARTED, pathway, language, outcome)


def _count_finish(sender: object, *, pathway: str, language: str, outcome: str, **kwargs: object) -> None:
    _count(DailyCount.Event.FINISHED, pathway, language, outcome)


def _count(event: DailyCount.Event, pathway: str, language: str, outcome: str) -> None:
    if settings.COUNT_EVERY_SECONDS:
        with _lock:
            _keep(Counted(timezone.localdate(), event.value, pathway, language, outcome), 1)


def _keep(counted: Counted, times: int) -> None:
    if counted in _kept or len(_kept) < MOST_KEPT:
        _kept[counted] += times


def _write_when_due(sender: object, **kwargs: object) -> None:
    global _last_try
    seconds = settings.COUNT_EVERY_SECONDS
    with _lock:
        is_due = _kept and seconds and time.monotonic() >= _last_try + seconds and not _writing.locked()
        if is_due:
            _last_try = time.monotonic()
    if is_due:
        threading.Thread(target=_write_on_an_own_connection, name="counts").start()


def _write_on_an_own_connection() -> None:
    # One that was opened earlier may be broken by now.
    connection.close()
    try:
        write()
    finally:
        connection.close()


def _add(counts: dict[Counted, int]) -> None:
    # In the same sequence everywhere, so that two processes do not wait for each other's rows.
    rows = sorted(counts.items())
    values = [value for counted, times in rows for value in (*counted, times)]
    with connection.cursor() as cursor:
        cursor.execute(ADD.format(rows=", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(rows))), values)

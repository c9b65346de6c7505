"""The worker: sends messages and does what is due again and again. As many as one likes work side by side."""

import logging
import os
import signal
import threading
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, connection

from appointments.delivery.outbox import Worker
from appointments.operations import jobs
from common.outages import is_outage, lacks_tables

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 2
SECONDS_AFTER_A_FAULT = 5
# Longer than any statement of a job takes.
DATABASE_PATIENCE = 60
# Told to stop, it waits no longer than that for a database that does not answer.
SECONDS_TO_STOP = 5


class Command(BaseCommand):
    help = "Send waiting messages and do periodic work, until told to stop (SIGTERM): then after the current message."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="end when nothing is due any more")

    def handle(self, *, once: bool, **options: object) -> None:
        self._stop = threading.Event()
        settings.DATABASE_PATIENCE = settings.DATABASE_PATIENCE or DATABASE_PATIENCE
        worker = Worker(should_stop=self._stop.is_set)

        def stop(*_: object) -> None:
            self._stop.set()
            threading.Thread(target=_leave_in_time, args=[worker], daemon=True).start()

        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, stop)
        try:
            while not self._stop.is_set():
                is_idle = self._look(worker, once=once)
                if once and is_idle:
                    break
                if is_idle:
                    self._stop.wait(SECONDS_BETWEEN_LOOKS)
        finally:
            worker.close()

    def _look(self, worker: Worker, *, once: bool) -> bool:
        """Whether there was nothing to do. A database that is away, or not migrated yet, is waited for."""
        try:
            jobs.run_due()
            return not worker.send_some()
        except Exception as error:
            if once:
                raise
            if _lacks_tables(error):
                logger.warning("The worker waits for the migrations: the database lacks tables of this version.")
            elif is_outage(error):
                # What the database says may hold values and addresses.
                logger.warning("The worker waits for the database: %s", type(error).__name__)
            else:
                # One job or message that fails in an unforeseen way must not stop the others.
                logger.exception("The worker goes on after an error.")
        connection.close()
        self._stop.wait(SECONDS_AFTER_A_FAULT)
        return False


def _lacks_tables(error: Exception) -> bool:
    try:
        return lacks_tables(error)
    except Error:
        return False


def _leave_in_time(worker: Worker) -> None:
    """End the process even if its main thread hangs. To be killed loses nothing: others take over."""
    deadline = time.monotonic() + settings.SEND_SECONDS
    while worker.is_sending and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(SECONDS_TO_STOP)
    logger.warning("The worker leaves without an answer of the database.")
    os._exit(0)

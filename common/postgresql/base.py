"""See the package."""

import select
import time
from typing import Any

import psycopg2
from django.conf import settings
from django.db import OperationalError
from django.db.backends.postgresql import base
from psycopg2 import extensions

# After the database has not answered, nobody tries for as long again: all that a process can do meanwhile without it,
# like the questions, stays quick.
_paused_until = 0.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Raises OperationalError where an answer takes longer than DATABASE_PATIENCE seconds, if that is not 0."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        extensions.set_wait_callback(_wait if settings.DATABASE_PATIENCE else None)
        if time.monotonic() < _paused_until:
            raise psycopg2.OperationalError("the database did not answer a moment ago")
        return super().get_new_connection(conn_params)

    def commit(self) -> None:
        """Raises OperationalError also where an operator ended the wait for a standby.

        The server then has stored what a standby may lack, and calls that a success, with a warning. It warns of
        nothing else here.
        """
        if self.connection is not None:
            self.connection.notices.clear()
        super().commit()
        if self.connection is not None and self.connection.notices:
            raise OperationalError("stored, but a standby may lack it")


def _wait(connection: Any) -> None:
    """As psycopg2 waits itself, with an end. What this raises closes the connection."""
    global _paused_until
    deadline = time.monotonic() + settings.DATABASE_PATIENCE
    poll = select.poll()
    while (state := connection.poll()) != extensions.POLL_OK:
        poll.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(1000 * left):
            _paused_until = time.monotonic() + settings.DATABASE_PATIENCE
            raise psycopg2.OperationalError("the database does not answer")

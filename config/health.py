"""Whether this process lives, and whether it can serve everything: what load balancers ask."""

import threading
import time
from queue import Empty, SimpleQueue

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.outages import lacks_migrations

PATIENCE = 2.0
# A thread that is stuck with a database is not joined by another at each question.
_asking = threading.Lock()
_has_migrated = False


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers. It does not ask the database, without which question pages go on working."""
    return HttpResponse("ok", content_type="text/plain; charset=utf-8")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Whether the database answers within PATIENCE seconds and has all migrations; else what is missing.

    Costs a new connection, because that is what can be short, and one statement.
    """
    missing = _within_patience()
    if missing:
        return HttpResponse(missing, status=503, content_type="text/plain; charset=utf-8")
    return HttpResponse("ready", content_type="text/plain; charset=utf-8")


def _within_patience() -> str:
    deadline = time.monotonic() + PATIENCE
    if not _asking.acquire(timeout=PATIENCE):
        return "database"
    answer: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_ask, args=(answer,), name="readiness", daemon=True).start()
    try:
        return answer.get(timeout=max(deadline - time.monotonic(), 0.01))
    except Empty:
        return "database"


def _ask(answer: SimpleQueue[str]) -> None:
    try:
        answer.put(_what_is_missing())
    finally:
        _asking.release()


def _what_is_missing() -> str:
    global _has_migrated
    # The connection of this thread, which is new. A copy would not do: what asks for migrations goes by the alias.
    options = connection.settings_dict["OPTIONS"] | _impatience(connection.vendor)
    connection.settings_dict = connection.settings_dict | {"OPTIONS": options}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _has_migrated:
            _has_migrated = not lacks_migrations()
        return "" if _has_migrated else "migrations"
    except Error:
        return "database"
    finally:
        connection.close()


def _impatience(vendor: str) -> dict:
    """So that the thread ends too, soon after nobody waits for it any more."""
    if vendor == "postgresql":
        milliseconds = int(PATIENCE * 1000)
        return {
            "connect_timeout": int(PATIENCE),
            "tcp_user_timeout": milliseconds,
            "options": f"-c statement_timeout={milliseconds}",
        }
    return {"timeout": PATIENCE}

"""How fast 10,000 messages leave, with one, two and four workers, on both databases; and that each leaves once."""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests import postgres
from tests.soak import site
from tests.soak.site import ROOT, say

MESSAGES = 10_000
WORKERS = (1, 2, 4)
DATABASE = "SOAK_DATABASE"


def run(seconds: float) -> list[str]:
    """Takes as long as it takes; `seconds`, if they are not 0, limit one drain."""
    if DATABASE in os.environ:
        return drains(os.environ[DATABASE], seconds or 600)
    # A process of Django knows one database.
    codes = [
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "tests.soak", "drain", "--seconds", str(seconds)],
            env=os.environ | {DATABASE: name},
            check=False,
        ).returncode
        for name in ("postgresql", "sqlite")
    ]
    return ["see above"] * sum(map(bool, codes))


def drains(database: str, seconds: float) -> list[str]:
    command = [sys.executable, "-m", "tests.soak.mail_catcher"]
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as catcher:
        mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": catcher.stdout.readline().strip()}
        mail["EMAIL_FROM"] = "clinic@example.com"
        try:
            if database == "postgresql":
                with postgres.running() as server:
                    site.boot(server.variables, **mail)
                    return measured(database, catcher, seconds)
            with tempfile.TemporaryDirectory(prefix="upright-soak-") as folder:
                site.boot({"SQLITE_PATH": str(Path(folder, "soak.sqlite3"))}, **mail)
                return measured(database, catcher, seconds)
        finally:
            catcher.kill()


def measured(database: str, catcher, seconds: float) -> list[str]:
    from django.db import connection

    from appointments.models import AppointmentRequest, Message

    site.prepare(users=0, requests=0)
    request, faults, rates = AppointmentRequest.objects.get(), [], []
    for count in WORKERS:
        Message.objects.all().delete()
        Message.objects.bulk_create(
            Message(request=request, kind="received", channel="email") for _ in range(MESSAGES)
        )
        connection.close()
        workers = [site.start_worker("--once") for _ in range(count)]
        started = time.monotonic()
        for worker in workers:
            with suppress(subprocess.TimeoutExpired):
                worker.wait(max(1, started + seconds - time.monotonic()))
            worker.kill()
            worker.wait()
        catcher.stdin.write("count\n")
        catcher.stdin.flush()
        told = json.loads(catcher.stdout.readline())
        rates.append(told["different"] / (told["seconds"] or 1))
        say(f"{database}, {count} workers: {rates[-1]:.0f} messages a second, {rates[-1] / rates[0]:.2f} times one")
        if (told["came"], told["different"]) != (MESSAGES, MESSAGES):
            faults.append(f"{database}, {count} workers: {told['came']} came, {told['different']} different ones")
    return faults

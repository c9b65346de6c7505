"""Everything at once for an hour, and no harm done: patients, schedulers, workers, a mail server, new code taken up.

What may grow only with what is stored is written down as it goes: memory, open files, connections, WAL, tables.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests import postgres
from tests.soak import killed_database, site
from tests.soak.killed_database import Ledger
from tests.soak.site import ROOT, say

WORKERS, REQUESTS = 2, 2_000
# How often it is written down how large all has become, and between them new code is taken up (SIGHUP).
LOOKS = 12
# Open files more than at the first look, and times the memory of then: what a process may have warmed up to.
MORE_FILES, MORE_MEMORY = 30, 1.5
SIZES = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),
       pg_current_wal_lsn() - '0/0'::pg_lsn, pg_database_size(current_database()),
       (SELECT sum(n_live_tup) FROM pg_stat_user_tables), (SELECT sum(n_dead_tup) FROM pg_stat_user_tables)
"""


def run(seconds: float) -> list[str]:
    command = [sys.executable, "-m", "tests.soak.mail_catcher"]
    with (
        subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as catcher,
        postgres.running() as server,
    ):
        mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": catcher.stdout.readline().strip()}
        site.boot(server.variables, **mail, EMAIL_FROM="clinic@example.com", SITE_URL="http://clinic.example")
        workers = [site.start_worker() for _ in range(WORKERS)]
        try:
            ledger = killed_database.under_load(
                server, lambda ledger: watch(seconds, workers, ledger), requests=REQUESTS
            )
            ledger.faults += of_the_messages(catcher)
        finally:
            for worker in workers:
                worker.terminate()
            catcher.kill()
        ledger.faults += [f"a worker ended with {worker.wait(60)}" for worker in workers if worker.wait(60)]
        return ledger.faults


def watch(seconds: float, workers: list[subprocess.Popen], ledger: Ledger) -> None:
    """Write down how large all is, LOOKS times, and have gunicorn take up its code anew after each."""
    from django.db import connection

    (master,) = (pid for pid in children(os.getpid()) if "gunicorn" in Path(f"/proc/{pid}/cmdline").read_text())
    until, first = time.monotonic() + seconds, {}
    say("minutes; requests confirmed; MB of memory and open files of gunicorn, of its workers, of ours;"
        " connections; MB of WAL, of the database; rows, dead ones")  # fmt: skip
    for look in range(LOOKS):
        time.sleep(max(0, until - seconds * (LOOKS - 1 - look) / LOOKS - time.monotonic()))
        groups = {"gunicorn": [master], "web": list(children(master)), "workers": [one.pid for one in workers]}
        now = {name: (memory(pids), files(pids)) for name, pids in groups.items()}
        with connection.cursor() as cursor:
            cursor.execute(SIZES)
            connections, wal, size, rows, dead = map(int, cursor.fetchone())
        connection.close()
        parts = ", ".join(f"{mb:.0f} MB {count}" for mb, count in now.values())
        say(f"{seconds * (look + 1) / LOOKS / 60:.1f}; {len(ledger.references):,}; {parts}; {connections};"
            f" {wal / 1e6:,.0f} MB, {size / 1e6:,.0f} MB; {rows:,} {dead:,}")  # fmt: skip
        first = first or now
        os.kill(master, signal.SIGHUP)
    for name, (mb, count) in now.items():
        if mb > first[name][0] * MORE_MEMORY or count > first[name][1] + MORE_FILES:
            ledger.faults.append(f"{name} grew from {first[name]} to {now[name]} (MB, open files)")


def children(parent: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            yield int(folder.name)


def memory(pids: list[int]) -> float:
    """MB in all, what processes share counted in parts."""
    kilobytes = 0
    for pid in pids:
        kilobytes += int(re.search(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[1])
    return kilobytes / 1e3


def files(pids: list[int]) -> int:
    """Of the process that has most."""
    return max(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


def of_the_messages(catcher: subprocess.Popen) -> Iterator[str]:
    from django.utils import timezone

    from appointments.models import Message

    waiting = Message.objects.filter(state=Message.State.WAITING)
    site.wait_until(lambda: not waiting.filter(send_at__lte=timezone.now()).exists(), "all messages are sent", 600)
    catcher.stdin.write("count\n")
    catcher.stdin.flush()
    told = json.loads(catcher.stdout.readline())
    sent = Message.objects.filter(state=Message.State.SENT).count()
    say(f"{told['came']:,} e-mails came, {told['different']:,} different ones; {sent:,} are marked as sent")
    if not told["came"] == told["different"] == sent:
        yield "not each message came once"
    if failed := Message.objects.filter(state=Message.State.FAILED).count():
        yield f"{failed} messages were given up"

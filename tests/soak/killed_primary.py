"""The primary is killed again and again: once it comes back by itself, and once the standby that has most takes over.

What was confirmed is compared with what the last primary has. SOAK_SYNCHRONOUS=no in the environment shows what
standbys lose that nobody waits for.
"""

import os
import random
import signal
import statistics
import time
from contextlib import ExitStack
from itertools import count, islice, pairwise
from socket import socket

from tests import postgres
from tests.relay import relay_to, to_socket
from tests.soak import site
from tests.soak.killed_database import Ledger, under_load
from tests.soak.load import last_page_of
from tests.soak.site import say

STANDBYS = 2
# There and back again.
FEWEST = 2
SETTINGS = """
wal_log_hints = on
wal_keep_size = 64MB
wal_retrieve_retry_interval = 100ms
"""
# What a process wrote outlives it without; only the machine's end would show.
HASTY = "fsync = off\n"
SYNCHRONOUS = "synchronous_standby_names = 'ANY 1 (*)'\n"
ALONE = "synchronous_standby_names = ''\n"
STREAMS = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"
HAS = "SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn"
FOLLOWED_BY = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
LONGEST_REPAIR, A_MOMENT = 60, 0.5
# In a run that lasts longer, what a standby costs is measured: so many times so many requests with it and without.
A_LONG_RUN, TIMES, REQUESTS = 60, 10, 10


class Cluster:
    """A primary and its standbys. All that ask for the primary, standbys too, do so at one address, which moves."""

    def __init__(self, primary: postgres.Server, stack: ExitStack) -> None:
        self.primary = primary
        self.address = stack.enter_context(relay_to(self._connect)).port
        self.standbys: list[postgres.Server] = []
        self.promotions = 0

    def _connect(self) -> socket:
        return to_socket(f"{self.primary.folder}/.s.PGSQL.{self.primary.port}")()

    def add_standbys(self, stack: ExitStack) -> None:
        for number in range(1, STANDBYS + 1):
            data = self.primary.folder / f"standby-{number}"
            self.standbys.append(self.primary.standby(data, self.primary.port + number, self.address))
            stack.callback(self.standbys[-1].kill)

    def come_back(self) -> None:
        self.primary.kill()
        self.primary.start()

    def fail_over(self) -> None:
        lost = self.primary
        # On one machine nothing is under way for long enough to be lost.
        for sender in lost.ask("SELECT pid FROM pg_stat_replication").split():
            os.kill(int(sender), signal.SIGSTOP)
        time.sleep(A_MOMENT)
        lost.crash()
        self._until(lambda: all(one.ask(STREAMS) == "0" for one in self.standbys), "the standbys notice it")
        # Of all it is only known that one has what was confirmed. Who has more could not follow who has less.
        successor = max(self.standbys, key=lambda one: int(one.ask(HAS)))
        successor.promote()
        self.primary = successor
        self.standbys.remove(successor)
        # By its last checkpoint pg_rewind knows that it is a primary now.
        successor.ask("CHECKPOINT")
        lost.follow(self.address)
        self.standbys.append(lost)
        self.promotions += 1

    def wait_until_whole(self) -> None:
        self._until(lambda: self.primary.ask(FOLLOWED_BY) == str(STANDBYS), "all standbys follow")

    def _until(self, is_so, what: str) -> None:
        site.wait_until(is_so, what, LONGEST_REPAIR)


def run(seconds: float) -> list[str]:
    with ExitStack() as stack:
        first = stack.enter_context(postgres.running(SETTINGS + (HASTY if seconds < A_LONG_RUN else "")))
        cluster = Cluster(first, stack)
        site.boot(first.variables | {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": str(cluster.address)})
        from appointments.models import Incarnation

        Incarnation.objects.look()
        cluster.add_standbys(stack)
        synchronous = os.environ.get("SOAK_SYNCHRONOUS") != "no"
        for one in (first, *cluster.standbys):
            one.reload(SYNCHRONOUS if synchronous else ALONE)

        def harm(ledger: Ledger) -> None:
            until = time.monotonic() + seconds
            while time.monotonic() < until or cluster.promotions < FEWEST:
                for happens in (cluster.come_back, cluster.fail_over):
                    time.sleep(random.uniform(0.5, 2))  # noqa: S311
                    happens()
                    cluster.wait_until_whole()

        ledger = under_load(first, harm)
        if Incarnation.objects.look():
            ledger.faults.append("A standby that took over is taken for a restored copy.")
        lost, doubled = (sum(fault.startswith(what) for fault in ledger.faults) for what in ("lost", "doubled"))
        pause = max((later - sooner for sooner, later in pairwise(ledger.confirmed_at)), default=0)
        say(f"{cluster.promotions} promotions, with standbys that are {'' if synchronous else 'not '}waited for")
        say(f"{len(ledger.references)} acknowledged, {lost} lost, {doubled} doubled, longest pause {pause:.1f} s")
        if seconds >= A_LONG_RUN:
            costs(cluster.primary)
        return ledger.faults


def costs(primary: postgres.Server) -> None:
    """What it takes to store a request, with and without waiting for a standby, in turns."""
    took: dict[str, list[float]] = {SYNCHRONOUS: [], ALONE: []}
    numbers = count(70_000)
    with site.web() as port:
        send = last_page_of(port)
        for settings in (SYNCHRONOUS, ALONE) * TIMES:
            primary.reload(settings)
            time.sleep(0.5)
            for number in islice(numbers, REQUESTS):
                browser = site.visitor(port, number)
                send(browser, number)
                took[settings].append(browser.answers[-1][-1])
    waited, alone = (statistics.median(took[settings]) for settings in (SYNCHRONOUS, ALONE))
    say(f"waited for, a request is stored in {site.percentiles(took[SYNCHRONOUS])}")
    say(f"not waited for, in {site.percentiles(took[ALONE])}; of the medians the ratio is {waited / alone:.2f}")

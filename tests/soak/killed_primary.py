"""The primary is killed again and again, as a machine that goes, and the standby that has the most takes over.

What was confirmed is compared with what the last primary has. SOAK_SYNCHRONOUS=no in the environment shows what
standbys lose that nobody waits for.
"""

import os
import random
import statistics
import time
from contextlib import ExitStack
from itertools import count, islice, pairwise

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
wal_keep_size = 512MB
wal_retrieve_retry_interval = 100ms
"""
SYNCHRONOUS = "synchronous_standby_names = 'ANY 1 (*)'\n"
ALONE = "synchronous_standby_names = ''\n"
LONGEST_REPAIR = 60
# In a run that lasts longer, what a standby costs is measured: so many times so many requests with it and without.
A_LONG_RUN, TIMES, REQUESTS = 60, 10, 10


class Cluster:
    """A primary and its standbys. All that ask for the primary, standbys too, do so at one address, which moves."""

    def __init__(self, primary: postgres.Server) -> None:
        self.primary = primary
        self.standbys: list[postgres.Server] = []
        self.promotions = 0

    def connect(self):
        return to_socket(f"{self.primary.folder}/.s.PGSQL.{self.primary.port}")()

    def add_standbys(self, stack: ExitStack, address: int) -> None:
        for number in range(1, STANDBYS + 1):
            data = self.primary.folder / f"standby-{number}"
            self.standbys.append(self.primary.standby(data, self.primary.port + number, address))
            stack.callback(self.standbys[-1].kill)

    def fail_over(self, address: int) -> None:
        lost = self.primary
        lost.crash()
        self._until(lambda: all(one.ask(STREAMS) == "0" for one in self.standbys), "the standbys notice it")
        # Of all it is only known that one has what was confirmed. Who has more could not follow who has less.
        successor = max(self.standbys, key=lambda one: int(one.ask(HAS)))
        successor.promote()
        self.primary = successor
        self.standbys.remove(successor)
        lost.follow(address)
        self.standbys.append(lost)
        self.promotions += 1

    def wait_until_whole(self) -> None:
        self._until(lambda: self.primary.ask(FOLLOWED_BY) == str(STANDBYS), "all standbys follow")

    def _until(self, is_so, what: str) -> None:
        site.wait_until(is_so, what, LONGEST_REPAIR)


STREAMS = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"
HAS = "SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn"
FOLLOWED_BY = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"


def run(seconds: float) -> list[str]:
    with ExitStack() as stack:
        first = stack.enter_context(postgres.running(SETTINGS))
        cluster = Cluster(first)
        address = stack.enter_context(relay_to(cluster.connect)).port
        site.boot(first.variables | {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": str(address)})
        cluster.add_standbys(stack, address)
        synchronous = os.environ.get("SOAK_SYNCHRONOUS") != "no"
        for one in (first, *cluster.standbys):
            one.reload(SYNCHRONOUS if synchronous else ALONE)

        def harm(ledger: Ledger) -> None:
            until = time.monotonic() + seconds
            while time.monotonic() < until or cluster.promotions < FEWEST:
                time.sleep(random.uniform(0.5, 2))  # noqa: S311
                cluster.fail_over(address)
                cluster.wait_until_whole()

        ledger = under_load(first, harm)
        lost, doubled = (sum(fault.startswith(what) for fault in ledger.faults) for what in ("lost", "doubled"))
        pause = max(later - sooner for sooner, later in pairwise(ledger.confirmed_at))
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

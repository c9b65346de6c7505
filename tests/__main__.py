"""Runs a tier of the tests and ends with what was skipped: make test, make check.

The tiers are in tests/tiers.py; what else is given goes to pytest. With REQUIRE_ALL=1 in the environment, anything
skipped is a failure.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from tests import postgres

MOST_PROCESSES = 4
# What pytest ends with when there was nothing to run, as on one database when a few tests are asked for.
NO_TESTS = 5
WIDTH = 100

say = partial(print, flush=True)


@dataclass
class Run:
    database: str
    exit_code: int = 0
    seconds: float = 0
    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        counts = f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"
        ending = "" if self.exit_code in (0, 1, NO_TESTS) else f"; pytest gave up with exit code {self.exit_code}"
        return f"{self.database}: {counts} in {self.seconds:.0f} s{ending}"


def main(tier: str, arguments: list[str]) -> int:
    # Asked to stop, leave as after Ctrl-C: the server has to be stopped and removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # A shell lets what it runs in the background ignore Ctrl-C, and so would pytest when it is told to stop by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    # No test may need another before it; those that share a deployment are told apart by their addresses in the order
    # of their file. The ten slowest are told, so that somebody minds.
    seed = random.randrange(10**6)  # noqa: S311
    order = [f"--shuffle={seed}"] if tier == "test" else []
    arguments = [f"--tier={tier}", *order, "--durations=10", *arguments]
    runs, missing = [run("SQLite", {}, arguments)], {}
    if tier != "test":
        try:
            with postgres.server() as variables:
                runs.append(run("PostgreSQL", variables, arguments))
        except postgres.Unavailable as reason:
            missing["Everything on PostgreSQL"] = str(reason)
    return conclude(runs, missing)


def run(database: str, variables: dict[str, str], arguments: list[str]) -> Run:
    say(f"\nTesting on {database}.")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    with tempfile.TemporaryDirectory(prefix="upright-results-") as folder:
        results = Path(folder, "junit.xml")
        spread = ("-n", str(processes(arguments)), "--dist", "worksteal")
        command = [sys.executable, "-m", "pytest", *spread, f"--junit-xml={results}", *arguments]
        started = time.monotonic()
        exit_code = wait_for(subprocess.Popen(command, env=environment | variables))  # noqa: S603
        finished = Run(database, exit_code, time.monotonic() - started)
        if results.exists():
            count(results, finished)
    return finished


def processes(arguments: list[str]) -> int:
    """One for each processor; one more for the tests that wait for a browser, a server or a clock."""
    waits = "--tier=test" not in arguments
    return min(len(os.sched_getaffinity(0)) + waits, MOST_PROCESSES)


def wait_for(process: subprocess.Popen) -> int:
    with process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal has told pytest too, which now tidies up.
            process.wait()
            raise
        except SystemExit:
            process.send_signal(signal.SIGINT)
            raise


def count(results: Path, finished: Run) -> None:
    for case in ElementTree.parse(results).iter("testcase"):  # noqa: S314, pytest wrote this file for us
        name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            finished.failed.add(name)
        elif skipped is None:
            finished.passed.add(name)
        elif skipped.get("type") == "pytest.skip":
            finished.skipped[name] = skipped.get("message", "")


def conclude(runs: list[Run], missing: dict[str, str]) -> int:
    """Prints the summary and gives the exit code."""
    ran = set().union(*(run.passed | run.failed for run in runs))
    skipped = {name: reason for run in runs for name, reason in run.skipped.items() if name not in ran}

    say(f"\n{' Summary ':=^{WIDTH}}")
    for finished in runs:
        say(finished)
    if any(ran & run.skipped.keys() for run in runs):
        say("What one database skips and the other runs is meant for that one, and has run.")
    if anything_skipped := missing | skipped:
        frame_skipped(anything_skipped)

    passed = sum(len(run.passed) for run in runs)
    # A run that broke off before its first test has failed too.
    failed = sum(max(len(run.failed), run.exit_code not in (0, NO_TESTS)) for run in runs)
    if not ran | skipped.keys():
        say("No test fits.")
        failed = 1
    say(f"\n{passed} passed, {failed} failed, {len(anything_skipped)} skipped")
    refused = anything_skipped and os.environ.get("REQUIRE_ALL") == "1"
    return 1 if failed or refused else 0


def frame_skipped(skipped: dict[str, str]) -> None:
    by_reason: dict[str, list[str]] = {}
    for what, reason in skipped.items():
        by_reason.setdefault(reason, []).append(what)

    say(f"\n+{' SKIPPED ':!^{WIDTH - 2}}+")
    for reason, whats in by_reason.items():
        frame_line(f"{reason[:1].upper()}{reason[1:]}", indent="")
        for what in whats:
            frame_line(what, indent="    ")
    if os.environ.get("REQUIRE_ALL") == "1":
        frame_line("REQUIRE_ALL is set, so this is a failure.", indent="")
    say(f"+{'':!^{WIDTH - 2}}+")


def frame_line(text: str, indent: str) -> None:
    for line in textwrap.wrap(text, WIDTH - 4, initial_indent=indent, subsequent_indent=indent + "  "):
        say(f"! {line:{WIDTH - 4}} !")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit("Interrupted: not all tests have run.")

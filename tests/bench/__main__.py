"""Measures the queue with a million requests, on PostgreSQL and on SQLite, and the product beside others: make bench.

Says what is slow and whether anything was given to two people. The table alone, in three minutes:
make bench ARGS=--short
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests import postgres

ANY_HOUR = {"UPRIGHT_DEVELOPMENT": "1", "COUNT_EVERY_SECONDS": "0", "CALLS_FROM_HOUR": "0", "CALLS_UNTIL_HOUR": "24"}
say = partial(print, flush=True)
# More than this takes long to fill, and nobody has so many in a file.
MOST_IN_SQLITE = 200_000
SHORT = 20_000


def main(arguments: list[str]) -> int:
    # Asked to stop, leave as after Ctrl-C: the server has to be stopped and removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=1_000_000, help="how many there are (%(default)s)")
    parser.add_argument("--open", type=int, default=5_000, help="how many of them are open (%(default)s)")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), help="only this one")
    parser.add_argument("--callers", type=int, help="processes that take calls at once (50 and 8)")
    parser.add_argument(
        "--cases", type=int, default=100_000, help="random cases of due times and call windows; 0 leaves them out"
    )
    parser.add_argument("--short", action="store_true", help="only beside others, with 20,000 requests")
    asked = parser.parse_args(arguments)
    codes = []
    with postgres.server() as variables:
        variables["DATABASE_NAME"] = "postgres"
        requests = min(asked.requests, SHORT) if asked.short else asked.requests
        codes.append(measure("Beside others", variables, requests, asked, program="table"))
    if asked.short:
        return max(codes)
    if asked.database != "sqlite":
        with postgres.server() as variables:
            # The database that every server has.
            variables["DATABASE_NAME"] = "postgres"
            codes.append(measure("PostgreSQL", variables, asked.requests, asked, callers=50))
    if asked.database != "postgresql":
        with tempfile.TemporaryDirectory(prefix="upright-bench-") as folder:
            file = {"SQLITE_PATH": str(Path(folder, "bench.sqlite3"))}
            codes.append(measure("SQLite", file, min(asked.requests, MOST_IN_SQLITE), asked, callers=8))
    if asked.cases:
        codes.append(compare_times(asked.cases))
    return max(codes)


def measure(
    database: str, variables: dict[str, str], requests: int, asked, *, callers: int = 0, program: str = "figures"
) -> int:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    numbers = [requests, min(asked.open, requests // 2)]
    if callers:
        numbers.append(asked.callers or callers)
    say(f"\n{database}")
    command = [sys.executable, "-m", f"tests.bench.{program}", *map(str, numbers)]
    return subprocess.run(command, env=environment | ANY_HOUR | variables, check=False).returncode  # noqa: S603


def compare_times(cases: int) -> int:
    say(f"\n{cases:,} random cases of due times, call windows and next attempts, minute by minute")
    tests = [f"tests/appointments/test_{name}.py" for name in ("business_hours", "call_windows")]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--maxprocesses", "4", *tests]
    return subprocess.run(command, env=os.environ | {"RANDOM_CASES": str(cases)}, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Does harm to everything the product stands on, and compares what is stored with what was acknowledged: make soak.

For one kind of harm and less time: make soak ARGS="database --seconds 60"
"""

import argparse
import importlib
import signal
import subprocess
import sys

from tests.soak.site import say

# What is done, in which module, and for how many seconds if nobody says.
KINDS = {
    "database": ("killed_database", 180, "the database is killed while patients send and schedulers work"),
    "failover": ("killed_primary", 600, "the primary is killed, and comes back or a standby takes over"),
    "workers": ("killed_workers", 180, "workers are killed, and mail servers misbehave"),
    "scarce": ("scarce", 5, "a full disk, a slow database, no connection left, a full log"),
    "slow": ("slow_clients", 40, "clients that send one byte a second"),
    "drain": ("drain", 0, "10,000 messages by 1, 2 and 4 workers"),
    "mixed": ("mixed", 180, "all at once and no harm done, and all that grows written down"),
    "load": ("load", 60, "as many full submissions as the machine can take, beside a long queue"),
}


def main(arguments: list[str]) -> int:
    # Asked to stop, leave as after Ctrl-C: servers have to be stopped and removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser(
        prog="make soak",
        description=__doc__.splitlines()[0],
        epilog="; ".join(f"{kind}: {what}" for kind, (_, _, what) in KINDS.items()),
    )
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], help="which kinds of harm (all)")
    parser.add_argument("--seconds", type=float, help="for how long each")
    asked = parser.parse_args(arguments)
    if len(asked.kinds) == 1:
        return one(asked.kinds[0], asked.seconds)
    # Each in a process of its own, because each has its own database.
    more = ["--seconds", str(asked.seconds)] if asked.seconds else []
    commands = [[sys.executable, "-m", "tests.soak", kind, *more] for kind in asked.kinds or KINDS]
    return max(subprocess.run(command, check=False).returncode for command in commands)  # noqa: S603


def one(kind: str, seconds: float | None) -> int:
    """Gives 1 if anything was lost, doubled, halved or left hanging."""
    module, usual, what = KINDS[kind]
    say(f"\n{kind}: {what}")
    faults = importlib.import_module(f"tests.soak.{module}").run(usual if seconds is None else seconds)
    for fault in faults[:50]:
        say(f"FAULT {fault}")
    say(f"{len(faults)} faults")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

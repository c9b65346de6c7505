"""Runs the whole product on this machine until Ctrl-C: python -m deploy [--webs 2] [--workers 2]"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from deploy.topology import Failed, Topology, Unavailable


def main() -> None:
    # Asked to stop, leave as after Ctrl-C: everything has to be stopped and removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser(prog="python -m deploy", description=__doc__)
    parser.add_argument("--webs", type=int, default=2, help="how many web processes")
    parser.add_argument("--workers", type=int, default=2, help="how many workers")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="upright-deploy-") as folder,
        Topology(Path(folder), webs=options.webs, workers=options.workers) as topology,
    ):
        sys.stdout.write(
            f"{topology.url}/  (certificate: {topology.certificate})\n"
            f"Mail arrives in {topology.mailbox}, logs are in {folder}. Ctrl-C stops all of it.\n"
        )
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
    except (Failed, Unavailable) as reason:
        sys.exit(str(reason))

"""Lets two scanners that are not ours go through every form and page, on PostgreSQL: make scan.

ARGS="-k patients" takes some of it. They are installed into var/scanners. What they do is thrown away after each
answer: see tests/scanners/scans.py.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests import postgres

HERE = Path(__file__).parent


def main(arguments: list[str]) -> int:
    with postgres.server() as variables:
        command = [sys.executable, "-m", "pytest", "-q", "-s", str(HERE / "scans.py"), *arguments]
        return subprocess.run(command, env=os.environ | variables, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Says which pin is behind the newest release, and what holds it there; ends with 1 if nothing does: make behind.

It asks the package index, and takes what is installed for what is pinned.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
OURS = ("requirements", "requirements-dev")
say = print


def main() -> int:
    listed = [sys.executable, "-m", "uv", "pip", "list", "--outdated", "--format", "json", "--python", sys.executable]
    outdated = json.loads(subprocess.run(listed, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    pins = "".join((ROOT / f"{name}.txt").read_text() for name in OURS)
    behind = [one for one in outdated if re.search(rf"^{re.escape(one['name'])}==", pins, re.MULTILINE)]
    free = [one for one in behind if not _held(one["name"], one["latest_version"])]
    for one in behind:
        why = "; ".join(_held(one["name"], one["latest_version"])) or "nothing holds it: make upgrade"
        say(f"{one['name']} {one['version']}, newest {one['latest_version']}: {why}")
    say(f"{len(behind)} of {len(re.findall('^[a-z].*==', pins, re.MULTILINE))} pins are behind.")
    return bool(free)


def _held(name: str, newest: str) -> list[str]:
    """Who asks for an older one: our own line with its comment, or another package."""
    wishes = [(f"requirements, “{why}”", one) for why, one in _asked_for()] + [
        (other.metadata["Name"], Requirement(line)) for other in distributions() for line in other.requires or ()
    ]
    return [
        f"{by} asks for {wish.specifier}"
        for by, wish in wishes
        if canonicalize_name(wish.name) == name
        and (not wish.marker or wish.marker.evaluate({"extra": ""}))
        and not wish.specifier.contains(newest)
    ]


def _asked_for() -> list[tuple[str, Requirement]]:
    """Each line of ours, with the comment above it."""
    text = "".join((ROOT / f"{name}.in").read_text() for name in OURS)
    comment: list[str] = []
    asked = []
    for line in text.splitlines():
        if line.startswith("# "):
            comment.append(line.removeprefix("# "))
        elif line and not line.startswith("-"):
            asked.append((" ".join(comment), Requirement(line)))
        if not line.startswith("# "):
            comment = []
    return asked


if __name__ == "__main__":
    sys.exit(main())

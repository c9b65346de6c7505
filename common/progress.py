"""How far a long command is, for whoever watches it."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
SECONDS_BETWEEN = 0.2


def watched(things: Iterable[T], of: int, what: str) -> Iterator[T]:
    """The same things, while a line of the terminal says how many went by; without a terminal, nothing is said."""
    if not sys.stderr.isatty():
        yield from things
        return
    said_at, count = -SECONDS_BETWEEN, 0
    try:
        for count, thing in enumerate(things, 1):
            if time.monotonic() > said_at + SECONDS_BETWEEN:
                said_at = time.monotonic()
                sys.stderr.write(f"\r\033[K{count:,} of {of:,} {what}")
                sys.stderr.flush()
            yield thing
    finally:
        # What is printed next stands on an empty line.
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()

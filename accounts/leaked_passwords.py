"""Refuses passwords that leaked somewhere, by a list that the operator gives: it is read here and asked of nobody.

The list has a line for each, HASH or HASH:COUNT, where HASH is the SHA-1 of the password in 40 hexadecimal digits in
upper case, sorted. It may be far larger than the memory.
"""

import hashlib
import logging
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured, ValidationError

from .passwords import composed

DIGITS = 40
LINE = re.compile(rb"[0-9A-F]{40}(:[0-9]+)?\r?\n?")
LONGEST_LINE = 64
# Enough to see a list that is sorted by something else, and quick at each start.
LINES_LOOKED_AT = 1000
logger = logging.getLogger(__name__)


class NotLeaked:
    def __init__(self, path: str) -> None:
        self.path = Path(path)
        _look_at(self.path)

    def validate(self, password: str, user: User | None = None) -> None:
        try:
            has_leaked = is_in(self.path, composed(password))
        except OSError:
            logger.error("The list of leaked passwords cannot be read any more. No password can be changed.")
            raise ValidationError(
                "Passwords cannot be changed just now, because the list of leaked ones cannot be read. Please tell "
                "whoever runs this site.",
                code="password_not_checked",
            ) from None
        if has_leaked:
            raise ValidationError(
                "This password is on a list of those that were stolen somewhere, perhaps from somebody else. Thieves "
                "try them all. Please take another one.",
                code="password_leaked",
            )

    def get_help_text(self) -> str:
        return "Not one that was ever stolen anywhere."


def is_in(path: Path, password: str) -> bool:
    """Reads about as many lines as the size of the file has binary digits, twice."""
    # SHA-1 is what such lists are made with. Nothing is kept secret by it.
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while low < high:
            middle = (low + high) // 2
            if _hash_after(file, middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return _hash_after(file, low) == wanted


def _hash_after(file: BinaryIO, position: int) -> bytes:
    """The hash of the first line that begins there or later; what is behind the last is larger than any."""
    file.seek(max(position - 1, 0))
    if position:
        file.readline(LONGEST_LINE)
    return file.readline(LONGEST_LINE)[:DIGITS] or b"~"


def _look_at(path: Path) -> None:
    try:
        with path.open("rb") as file:
            lines = [file.readline(LONGEST_LINE) for _ in range(LINES_LOOKED_AT)]
    except OSError:
        raise ImproperlyConfigured(f"LEAKED_PASSWORDS must name a file that we can read, not '{path}'.") from None
    lines = [line for line in lines if line]
    if not lines or not all(map(LINE.fullmatch, lines)) or any(b <= a for a, b in pairwise(lines)):
        raise ImproperlyConfigured(
            "LEAKED_PASSWORDS must name a file of SHA-1 hashes in upper case, sorted, one in a line, perhaps with "
            "a colon and a number behind it."
        )

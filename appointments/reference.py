"""The name of a request that patients and staff read to each other.

Nine characters that neither look alike nor spell words; the last one checks the others (ISO 7064), so that a slip of
the tongue or the finger is noticed at once instead of finding somebody else's request.
"""

import re
import secrets

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_37_36

ALPHABET = "3479CDFHJKMNPRTWXY"
LENGTH = 9
# As people write "the reference is ..." in front of it. None of them could be a part of one.
WORDS_AROUND = {"THE", "YOUR", "REFERENCE", "REF", "NUMBER", "NO", "IS", "LA", "SU", "REFERENCIA", "NÚMERO", "ES"}


def new() -> str:
    """A random reference, one of 11 billion."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return drawn + mod_37_36.calc_check_digit(drawn, ALPHABET)


def parse(typed: str) -> str | None:
    """The reference that somebody typed, in whatever groups and case, or None if it cannot be one."""
    reference = signs_of(typed)
    if len(reference) != LENGTH:
        return None
    try:
        return mod_37_36.validate(reference, ALPHABET)
    except ValidationError:
        return None


def signs_of(typed: str) -> str:
    """What was typed as a reference, in capitals: without dashes, blanks and words around it."""
    words = re.split(r"[\W_]+", typed.upper())
    return "".join(word for word in words if word not in WORDS_AROUND)


def grouped(reference: str) -> str:
    return "-".join(reference[start : start + 3] for start in range(0, len(reference), 3))

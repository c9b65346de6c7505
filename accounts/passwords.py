"""What makes a password: long enough, and not one that is tried first. Nothing else is asked of it."""

import re
import unicodedata
from functools import cache
from itertools import pairwise

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from common.clinic import CLINIC

PRODUCT = "upright"
# Characters that must remain after removing the words that an attacker would try here first.
LEAST_OF_ONES_OWN = 8
# To compose badly ordered marks costs the square of their number.
LONGEST = 1_000


def composed(password: str) -> str:
    """The same password however a keyboard composes its accents (Unicode NFC).

    One longer than LONGEST stays as it is: nobody has such a password.
    """
    return unicodedata.normalize("NFC", password) if len(password) <= LONGEST else password


class Hasher(PBKDF2PasswordHasher):
    """Django's own, for the `composed` password."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        return super().encode(composed(password), salt, iterations)


class LongEnough:
    def __init__(self, least: int = 15) -> None:
        self.least = least

    def validate(self, password: str, user: User | None = None) -> None:
        if len(composed(password)) < self.least:
            raise ValidationError(self.get_help_text(), code="password_too_short")
        if len(password) > LONGEST:
            raise ValidationError(f"Take a password of at most {LONGEST:,} characters.", code="password_too_long")

    def get_help_text(self) -> str:
        return f"At least {self.least} characters, for example a few words. Spaces and any letters are welcome."


class NotTriedFirst:
    """Refuses common passwords and words of this place, also repeated or with digits around them."""

    def validate(self, password: str, user: User | None = None) -> None:
        plain = composed(password).casefold()
        piece = _repeated_piece(plain)
        core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", piece)
        common = _common_passwords()
        if {plain, piece, core} & common or _is_a_row(plain) or len(_ones_own(piece, user)) < LEAST_OF_ONES_OWN:
            raise ValidationError(
                "This is among the first that somebody would try: a common password, or made of the names of the "
                "clinic, of this product or of yourself. Please take other words.",
                code="password_tried_first",
            )

    def get_help_text(self) -> str:
        return "Not a common password, and not just the names of the clinic, of this product or of yourself."


@cache
def _common_passwords() -> frozenset[str]:
    """Django's list, which it would read from its file each time: about 50 ms."""
    return frozenset(CommonPasswordValidator().passwords)


def _repeated_piece(text: str) -> str:
    """The shortest piece that gives the text when it is repeated, as "ab" gives "ababab"."""
    found = (text + text).find(text, 1)
    return text[:found] if found > 0 else text


def _is_a_row(text: str) -> bool:
    """Whether each character follows on the one before, as in 123456789012345."""
    return len({(ord(b) - ord(a)) % 10 for a, b in pairwise(text)}) <= 1


def _ones_own(text: str, user: User | None) -> str:
    """The password without the words that an attacker would try here first."""
    names = [CLINIC.name, PRODUCT]
    if user is not None:
        names += [user.get_username(), user.first_name, user.last_name, user.email]
    words = {word for name in names for word in re.findall(r"\w{3,}", composed(name).casefold())}
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "")
    return text

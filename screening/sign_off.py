"""Whether a clinician has signed the rules and words as they are now, and a translator each language.

Recorded by staff on a page of their own. A signature covers one exact text; after any change of meaning or wording it
no longer applies, nor after its time, nor once it is withdrawn.
"""

import logging
import time
from collections.abc import Callable
from functools import cache
from hashlib import sha256

from django.db import Error
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from common.languages import ENGLISH, LANGUAGES

from .models import SignOff
from .mounted import offered_pathway
from .pathways import OFFERED, PATHWAYS
from .questionnaire.definition import Pathway
from .signed_text import catalogue, fingerprint

logger = logging.getLogger(__name__)

# Public pages must not wait for a database, so what was found is believed for so long, and longer while it is away.
REMEMBERED_SECONDS = 60
_remembered: dict[str, tuple[float, SignOff | None]] = {}


@cache
def catalogue_fingerprint(language: str) -> str:
    """Twelve characters that change with every change of the translation."""
    entries = sorted(catalogue(language).items())
    return sha256("\0".join(text for entry in entries for text in entry).encode()).hexdigest()[:12]


def fingerprint_of(about: str) -> str:
    """What somebody signs who signs this now: a pathway with every sentence, or a language."""
    return fingerprint(about) if about in PATHWAYS else catalogue_fingerprint(about)


def to_sign() -> list[str]:
    """What needs a signature of its own."""
    return [*(one.key for one in OFFERED), *(one.code for one in LANGUAGES if one is not ENGLISH)]


def current_sign_off(about: str) -> SignOff | None:
    """The signature that covers it today, or None. May be a minute old."""
    looked_at, found = _remembered.get(about, (None, None))
    now = time.monotonic()
    if looked_at is None or now - looked_at > REMEMBERED_SECONDS:
        try:
            found = in_force(about)
        except Error as error:
            logger.warning("The sign-offs could not be looked up: %s", type(error).__name__)
        _remembered[about] = now, found
    return found


def in_force(about: str) -> SignOff | None:
    today = timezone.localdate()
    covering = SignOff.objects.filter(about=about, fingerprint=fingerprint_of(about), withdrawn_at=None)
    return covering.filter(date__lte=today, valid_until__gte=today).order_by("-valid_until", "-pk").first()


def look_again() -> None:
    """After a change, so that whoever made it sees it at once."""
    _remembered.clear()


def signatures(request: HttpRequest) -> dict[str, Callable[[], bool]]:
    """Context processor, for the line on each page that says what nobody has signed; looked up only where it is."""
    return {
        "is_unsigned": lambda: current_sign_off(offered_pathway(request).key) is None,
        "is_unreviewed_here": lambda: get_language() in unreviewed_languages(),
    }


def unreviewed_languages() -> list[str]:
    """The languages whose translation, as it is now, no qualified human translator has reviewed."""
    return [about for about in to_sign() if about not in PATHWAYS and not current_sign_off(about)]


def unsigned_pathways() -> list[Pathway]:
    """Those of which no clinician has signed the rules and words as they are now."""
    return [one for one in OFFERED if not current_sign_off(one.key)]

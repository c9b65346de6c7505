"""Who has signed off what: a clinician the rules as they are now, a translator each language (common/languages.py).

Kept in code, so that a signature is reviewed and versioned like what it covers. It covers one exact text; after any
change of meaning or wording it no longer applies.
"""

import datetime
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from django.conf import settings

from common.languages import ENGLISH, LANGUAGES

from .signed_text import fingerprint


@dataclass(frozen=True)
class SignOff:
    fingerprint: str
    clinician: str
    licence: str
    date: datetime.date


# To sign: a licensed spine clinician reads the output of `manage.py describe_pathway`, then one line is added here
# with the fingerprint it ends with.
SIGN_OFFS: tuple[SignOff, ...] = ()


def current_sign_off() -> SignOff | None:
    return next((sign_off for sign_off in SIGN_OFFS if sign_off.fingerprint == fingerprint()), None)


@cache
def catalogue_fingerprint(language: str) -> str:
    """Twelve characters that change with every change of the translation."""
    catalogue = settings.BASE_DIR / "locale" / language / "LC_MESSAGES" / "django.mo"
    return sha256(catalogue.read_bytes()).hexdigest()[:12]


def unreviewed_languages() -> list[str]:
    """The languages whose translation, as it is now, no qualified human translator has reviewed."""
    return [
        language.code
        for language in LANGUAGES
        if language is not ENGLISH
        and catalogue_fingerprint(language.code) not in {review.fingerprint for review in language.reviews}
    ]

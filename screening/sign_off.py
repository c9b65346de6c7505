"""Who has signed off what: the record that a clinician stands behind the rules as they are now.

Kept in code, so that a signature is reviewed and versioned like the rule it covers. It covers one exact description
of the pathway; after any change of meaning or wording it no longer applies, whatever the version says.
"""

import datetime
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from .pathway import PATHWAY
from .questionnaire.description import describe


@dataclass(frozen=True)
class SignOff:
    fingerprint: str
    clinician: str
    licence: str
    date: datetime.date


# To sign: a licensed spine clinician reads the output of `manage.py describe_pathway`, then one line is added here
# with the fingerprint it ends with.
SIGN_OFFS: tuple[SignOff, ...] = ()


@cache
def fingerprint() -> str:
    """Twelve characters that change with every change of the pathway's description."""
    return sha256(describe(PATHWAY).encode()).hexdigest()[:12]


def current_sign_off() -> SignOff | None:
    return next((sign_off for sign_off in SIGN_OFFS if sign_off.fingerprint == fingerprint()), None)

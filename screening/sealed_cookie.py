"""Seals what a visitor's browser keeps for us: nobody else can read it, and nobody can alter it unseen.

The keys follow from SECRET_KEY and SECRET_KEY_FALLBACKS, so rotating those rotates these: new seals use the first,
old ones are read with any.
"""

import base64
import json
import time
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(ValueError):
    """The seal is broken, or was made with a key that we no longer have."""


class Expired(ValueError):
    """The seal is whole and too old."""


def seal(content: dict) -> str:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return _key_ring().encrypt(text.encode()).decode()


def unseal(token: str, *, max_age: int) -> dict:
    """The content sealed at most `max_age` seconds ago. Raises Unreadable or Expired."""
    try:
        content = _key_ring().decrypt(token)
        sealed_at = _key_ring().extract_timestamp(token)
    except (InvalidToken, ValueError) as error:  # ValueError: characters that are not ASCII
        raise Unreadable from error
    if sealed_at + max_age < time.time():
        raise Expired
    return json.loads(content)


def _key_ring() -> MultiFernet:
    return _key_ring_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache
def _key_ring_of(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([_cipher(secret) for secret in secrets])


def _cipher(secret: str) -> Fernet:
    key = HKDF(SHA256(), length=32, salt=None, info=b"answers kept by the browser").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))

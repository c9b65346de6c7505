"""Seals what a visitor's browser keeps for us: nobody else can read it, and nobody can alter it unseen.

The keys follow from SECRET_KEY and SECRET_KEY_FALLBACKS, so rotating those rotates these: new seals use the first,
old ones are read with any. Each purpose has keys of its own, so that one cookie never passes for another.
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


def seal(content: dict, *, purpose: str) -> str:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return _key_ring(purpose).encrypt(text.encode()).decode()


def unseal(token: str, *, purpose: str, max_age: int) -> dict:
    """The content sealed for this purpose at most `max_age` seconds ago. Raises Unreadable or Expired."""
    ring = _key_ring(purpose)
    # The decoder stops at the first padding, so that two tokens in a row would be read as the first.
    if "=" in token.rstrip("="):
        raise Unreadable
    try:
        content = ring.decrypt(token)
        sealed_at = ring.extract_timestamp(token)
    except (InvalidToken, ValueError) as error:  # ValueError: characters that are not ASCII
        raise Unreadable from error
    if sealed_at + max_age < time.time():
        raise Expired
    return json.loads(content)


def _key_ring(purpose: str) -> MultiFernet:
    return _key_ring_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS), purpose)


@lru_cache
def _key_ring_of(secrets: tuple[str, ...], purpose: str) -> MultiFernet:
    return MultiFernet([_cipher(secret, purpose) for secret in secrets])


def _cipher(secret: str, purpose: str) -> Fernet:
    key = HKDF(SHA256(), length=32, salt=None, info=f"kept by the browser: {purpose}".encode()).derive(
        secret.encode()
    )
    return Fernet(base64.urlsafe_b64encode(key))

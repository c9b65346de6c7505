"""Reads settings from the environment and fails loudly, before anything is served, on one that cannot be right."""

import ipaddress
import json
import os
import re
import zoneinfo
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email


def text(name: str, default: str | None = None) -> str:
    """The value of a variable. Without a default it must be set and not empty."""
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise ImproperlyConfigured(f"Set {name} in the environment. docs/operation.md says to what.")
    return value


def secret(name: str, default: str | None = None) -> str:
    """As text, or what stands in the file that NAME_FILE names, as vaults and containers deliver secrets."""
    file = os.environ.get(f"{name}_FILE", "").strip()
    if not file:
        return text(name, default)
    if os.environ.get(name, "").strip():
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, and not both.")
    try:
        value = Path(file).read_text("utf-8").rstrip("\r\n") or default
    except (OSError, UnicodeDecodeError):
        raise ImproperlyConfigured(f"{name}_FILE must name a file of text that we can read, not {file!r}.") from None
    if value is None:
        raise ImproperlyConfigured(f"{name}_FILE names a file with nothing in it: {file!r}.")
    return value


def secrets(name: str) -> list[str]:
    """A list of them, or none, separated by commas or, in a file, by lines."""
    return [one.strip() for one in re.split(r"[,\n]", secret(name, "")) if one.strip()]


def boolean(name: str, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value not in {"1", "true", "yes", "0", "false", "no"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value in {"1", "true", "yes"}


def words(name: str, default: str | None = None) -> list[str]:
    """A list, separated by commas. Without a default it has one at least."""
    found = [word.strip() for word in text(name, default).split(",") if word.strip()]
    if default is None and not found:
        raise ImproperlyConfigured(f"{name} must name one at least.")
    return found


def hosts(name: str, default: str | None = None) -> list[str]:
    """Names as browsers send them; with a dot in front, those under it too, and * is any."""
    found = words(name, default)
    if wrong := [one for one in found if one != "*" and not _is_host(one.removeprefix(".").strip("[]"))]:
        raise ImproperlyConfigured(f"{name} must be names of hosts, without https:// and port, not {wrong[0]!r}.")
    return found


def host(name: str) -> str:
    """A name or an address, without a port; empty if none is named."""
    value = text(name, "")
    if value and not _is_host(value):
        raise ImproperlyConfigured(f"{name} must be the name of a host, without a port, not {value!r}.")
    return value


def _is_host(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return bool(re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?", value))
    return True


def emails(name: str) -> list[str]:
    """A list of addresses, separated by commas; none if it is empty."""
    found = words(name, "")
    if wrong := [one for one in found if not _is_email(one)]:
        raise ImproperlyConfigured(f"{name} must be e-mail addresses, not {', '.join(wrong)}.")
    return found


def sender(name: str, default: str | None) -> str:
    """Whom mail comes from: an address, or a name and one, like Example Clinic <clinic@clinic.example>."""
    value = text(name, default)
    if not _is_email(parseaddr(value)[1]):
        raise ImproperlyConfigured(f"{name} must be an e-mail address, with a name or without, not {value!r}.")
    return value


def _is_email(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True


def time_zone(name: str, default: str) -> str:
    value = text(name, default)
    try:
        zoneinfo.ZoneInfo(value)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ImproperlyConfigured(f"{name} must be a time zone like America/New_York, not {value!r}.") from None
    return value


def dialled(name: str, default: str) -> str:
    """Few digits that every phone dials, as they are."""
    value = text(name, default)
    if not re.fullmatch(r"[0-9][0-9 -]*[0-9]", value):
        raise ImproperlyConfigured(f"{name} must be a number to dial like 911, not {value!r}.")
    return value


def made_folder(name: str, folder: Path) -> Path:
    """One that is made if it is not there, of what this variable names."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: {folder} cannot be made ({error.strerror}).") from None
    return folder


def folder(name: str) -> str:
    """One that is there and can be read; empty if none is named."""
    value = text(name, "")
    if value and not Path(value).is_dir():
        raise ImproperlyConfigured(f"{name} must name a folder, not {value!r}.")
    return value


def color(name: str, default: str) -> str:
    value = text(name, default)
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ImproperlyConfigured(f"{name} must be a colour like #0a4f5c, not {value!r}.")
    return value


def url(name: str, default: str | None = None) -> str:
    """Where a site is, without a slash at the end."""
    value = text(name, default).rstrip("/")
    parts = _split(value)
    is_host = parts.hostname and not parts.hostname.startswith(".") and not {"*", "@"} & {*value}
    if parts.scheme not in {"http", "https"} or not is_host or parts.path or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} must be an address like https://clinic.example, not {value!r}.")
    return value


def _split(value: str) -> SplitResult:
    """Nothing, of what is no address."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def issuer(name: str) -> str:
    """An address with a path, to the letter, as what an identity provider calls itself; empty if there is none."""
    value = text(name, "")
    parts = _split(value)
    is_host = parts.hostname and "@" not in parts.netloc
    if value and (parts.scheme not in {"http", "https"} or not is_host or parts.query or parts.fragment):
        raise ImproperlyConfigured(f"{name} must be an address like https://login.clinic.example, not {value!r}.")
    return value


def jwk_set(name: str) -> dict[str, Any]:
    """Private keys, each with an id, as RFC 7517 writes them; none if it is empty."""
    value = secret(name, "")
    if not value:
        return {"keys": []}
    try:
        found = json.loads(value)
        is_one = bool(found["keys"]) and all(map(_can_sign, found["keys"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        is_one = False
    if not is_one:
        # What stands there is not quoted.
        raise ImproperlyConfigured(
            f'{name} must be a JWK Set of private keys, RSA or EC on P-384, like {{"keys": [{{"kid": …}}]}}.'
        )
    return found


def _can_sign(key: dict[str, Any]) -> bool:
    # Loaded when it is first needed, because most clinics have no EHR connected.
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    try:
        is_private = bool(import_key(key).private_key)
    except JoseError:
        return False
    return bool(key["kid"]) and is_private and (key["kty"] == "RSA" or key.get("crv") == "P-384")


def token_hashes(name: str) -> dict[str, str]:
    """Who may come with a token, by its SHA-256: from NAME=HASH of each. A name may have two."""
    found = {}
    for one in secrets(name):
        who, _, digest = one.partition("=")
        if not re.fullmatch(r"[A-Za-z0-9-]{1,40}", who) or not re.fullmatch(r"[0-9a-f]{64}", digest):
            # What stands there may be the token itself.
            raise ImproperlyConfigured(f"{name} must be like portal=HASH, a SHA-256 in hexadecimal.")
        found[digest] = who
    return found


def json_object(name: str) -> dict[str, Any]:
    """A secret that is an object of JSON; an empty one if there is none."""
    try:
        found = json.loads(secret(name, "{}"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        # What stands there is not quoted.
        raise ImproperlyConfigured(f'{name} must be an object of JSON, like {{"KEY": "value"}}.')
    return found


def pairs(name: str, default: str | None, allowed: tuple[str, ...]) -> dict[str, str]:
    """A list of KEY=VALUE, separated by commas. Each value is one of those allowed; a key may have a = in it."""
    found = {}
    for word in words(name, default):
        key, _, value = map(str.strip, word.rpartition("="))
        if not key or value not in allowed:
            raise ImproperlyConfigured(f"{name} must be like THEIRS={allowed[0]}, of {', '.join(allowed)}: {word!r}.")
        found[key] = value
    return found


def number(name: str, default: int, *, least: int = 0, most: int = 1_000_000) -> int:
    value = text(name, str(default))
    if not value.isdecimal() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}, not {value!r}.")
    return int(value)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(allowed)}, not {value!r}.")
    return value

"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """Behind our proxy, what the proxy saw, which is the last it added; else the other end of the connection."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.BEHIND_TLS_PROXY and forwarded:
        return forwarded.rsplit(",", 1)[-1].strip()
    return request.META.get("REMOTE_ADDR", "")


def counted_address_of(request: HttpRequest) -> str | None:
    return counted_by(address_of(request))


def counted_by(address: str) -> str | None:
    """What is counted in place of an address. One customer has a whole IPv6 /64, so that counts as one.

    None when it is none.
    """
    return _network(address, v4_bits=32, v6_bits=64)


def shortened_address_of(request: HttpRequest) -> str:
    """Enough for people to know their own connection again, and not enough to find one by; empty if not known."""
    return _network(address_of(request), v4_bits=24, v6_bits=48) or ""


def parsed_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """None when it is none. One of IPv4 that is written as one of IPv6 is of IPv4."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _network(address: str, *, v4_bits: int, v6_bits: int) -> str | None:
    parsed = parsed_address(address)
    if parsed is None:
        return None
    bits = v4_bits if parsed.version == 4 else v6_bits
    return str(ipaddress.ip_network((parsed, bits), strict=False).network_address)

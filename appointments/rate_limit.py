"""Counts attempts for rate limits. One atomic statement counts and returns, so that no attempt slips through."""

import time

from django.db import connection
from django.utils.crypto import salted_hmac

from .models import RateBucket

# A stretch that ends later than it could was begun before a clock was set back. Twice its length is let pass, so that
# servers whose clocks differ a little do not begin it anew for each other.
COUNT = """
    INSERT INTO appointments_ratebucket AS bucket (key, ends_at, count) VALUES (%(key)s, %(ends_at)s, 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN bucket.ends_at BETWEEN %(now)s + 1 AND %(latest)s THEN bucket.count + 1 ELSE 1 END,
        ends_at = CASE
            WHEN bucket.ends_at BETWEEN %(now)s + 1 AND %(latest)s THEN bucket.ends_at ELSE excluded.ends_at
        END
    RETURNING count
"""


def count(kind: str, value: str | None, *, seconds: int) -> int:
    """How often this was counted in the current stretch of so many seconds, this time included. One statement."""
    now = int(time.time())
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT, {"key": _key(kind, value), "now": now, "ends_at": now + seconds, "latest": now + 2 * seconds}
        )
        return cursor.fetchone()[0]


def is_counted(kind: str, value: str) -> bool:
    """Whether it was counted and that is still kept, which it is at least to the end of its stretch."""
    return RateBucket.objects.filter(key=_key(kind, value)).exists()


def counted(kind: str, value: str) -> int:
    """How often it was counted in the current stretch, without counting."""
    row = RateBucket.objects.filter(key=_key(kind, value), ends_at__gt=time.time()).first()
    return row.count if row else 0


def forget(kind: str, value: str) -> None:
    RateBucket.objects.filter(key=_key(kind, value)).delete()


def _key(kind: str, value: str | None) -> str:
    return salted_hmac("appointments.rate_limit", f"{kind}:{value}", algorithm="sha256").hexdigest()

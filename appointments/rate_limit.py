"""Counts tries, so that nobody can guess their way in. One statement counts and tells: nothing slips between."""

import time

from django.db import connection
from django.utils.crypto import salted_hmac

COUNT = """
    INSERT INTO appointments_ratebucket AS bucket (key, ends_at, count) VALUES (%(key)s, %(ends_at)s, 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN bucket.ends_at <= %(now)s THEN 1 ELSE bucket.count + 1 END,
        ends_at = CASE WHEN bucket.ends_at <= %(now)s THEN excluded.ends_at ELSE bucket.ends_at END
    RETURNING count
"""


def count(kind: str, value: str | None, *, seconds: int) -> int:
    """How often this was counted in the current stretch of so many seconds, this time included. One statement."""
    now = int(time.time())
    key = salted_hmac("appointments.rate_limit", f"{kind}:{value}", algorithm="sha256").hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"key": key, "now": now, "ends_at": now + seconds})
        return cursor.fetchone()[0]

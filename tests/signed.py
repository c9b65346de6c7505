"""The settings of production as if a clinician and a translator had signed.

Operators are warned until they have. With these settings `manage.py check --deploy --fail-level WARNING` fails on any
other warning, and only on those.
"""

from config.settings import *  # noqa: F403

SILENCED_SYSTEM_CHECKS = ["screening.W001", "screening.W002"]

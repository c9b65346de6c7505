"""What a deployment must be warned of."""

from collections.abc import Sequence

from django.conf import settings
from django.core import checks
from django.db import connection

from .models import SignOff
from .pathways import OFFERED, PATHWAYS
from .sign_off import catalogue_fingerprint, in_force, to_sign


@checks.register(checks.Tags.database, deploy=True)
def clinical_sign_off(
    app_configs: object, databases: Sequence[str] | None, **kwargs: object
) -> list[checks.CheckMessage]:
    """Only with `--database default`, because that is where signatures are recorded."""
    return [
        _unsigned(
            f"No clinician has signed off version {one.version} of the pathway {one.key} as it is now.",
            "screening.E002",
        )
        for one in OFFERED
        if databases and not _is_signed(one.key)
    ]


@checks.register(checks.Tags.database, deploy=True)
def translation_reviews(
    app_configs: object, databases: Sequence[str] | None, **kwargs: object
) -> list[checks.CheckMessage]:
    return [
        _unsigned(
            f"No translator has reviewed the language {code!r} as it is now ({catalogue_fingerprint(code)}).",
            "screening.E003",
        )
        for code in to_sign()
        if databases and code not in PATHWAYS and not _is_signed(code)
    ]


def _is_signed(about: str) -> bool:
    """A database in which no release has run yet holds no signature."""
    return SignOff._meta.db_table in connection.introspection.table_names() and in_force(about) is not None


def _unsigned(what: str, number: str) -> checks.CheckMessage:
    """An error, at which deploy/release.sh stops; in a pilot a warning, since patients read it on each page."""
    if settings.PILOT:
        return checks.Warning(what, hint=HOW_TO_SIGN, id=number.replace("E", "W"))
    return checks.Error(what, hint=f"{HOW_TO_START}\n{HOW_TO_SIGN}", id=number)


HOW_TO_SIGN = "A manager records the signature in the admin, under “Sign-offs”; docs/clinic.md says how."
HOW_TO_START = (
    "Nothing was changed. To start without it, set PILOT=true: each page then tells patients. Once it is recorded, "
    "take PILOT away again."
)


LIGHT, DARK = "#ffffff", "#17252b"
LEAST_CONTRAST = 7


@checks.register
def clinic_colors(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """The clinic's colours must be readable on the surfaces of upright.css."""
    return [
        checks.Error(
            f"{name} has a contrast of {contrast(color, surface):.1f} to 1 on {surface}, and needs {LEAST_CONTRAST}.",
            hint="Choose a darker colour for light pages, a lighter one for dark pages.",
            id="screening.E001",
        )
        for name, color, surface in (
            ("CLINIC_COLOR", settings.CLINIC_COLOR, LIGHT),
            ("CLINIC_COLOR_DARK", settings.CLINIC_COLOR_DARK, DARK),
        )
        if contrast(color, surface) < LEAST_CONTRAST
    ]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2 between two colours written as #rrggbb."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * channel for weight, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

"""The clinic's own colours, where its settings name them, as a style sheet that browsers keep."""

import hashlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

KEPT_FOR = "public, max-age=31536000, immutable"


@require_safe
def style_sheet(request: HttpRequest, digest: str) -> HttpResponse:
    """Under any digest the present colours; only those that it is made of are kept."""
    response = HttpResponse(_css(), content_type="text/css; charset=utf-8")
    if digest == _digest():
        response["Cache-Control"] = KEPT_FOR
    return response


def url() -> str:
    """Another one for other colours."""
    return reverse("brand_css", args=[_digest()])


def brand(request: HttpRequest) -> dict[str, str]:
    """Context processor."""
    return {"brand_css": url()}


def _digest() -> str:
    return hashlib.sha256(_css().encode()).hexdigest()[:8]


def _css() -> str:
    return (
        f":root{{--brand:{settings.CLINIC_COLOR};--brand-strong:{settings.CLINIC_COLOR}}}"
        f"@media(prefers-color-scheme:dark)"
        f"{{:root{{--brand:{settings.CLINIC_COLOR_DARK};--brand-strong:{settings.CLINIC_COLOR_DARK}}}}}"
    )

"""Keeps what was typed when the session had ended meanwhile, for the same person to send again after signing in.

It is kept in a cookie of that browser, sealed, for a while, and only for the pages that settings.UNSENT_FORMS names:
never for one with a password on it. Nothing of it is stored on the server.
"""

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from common.sealed_cookie import Expired, Unreadable, seal, unseal

SECONDS = 30 * 60
PURPOSE = "unsent form"
# Browsers drop a cookie that is longer than 4096 bytes with its name and attributes.
LONGEST = 3600
# What pages send beside what people type and choose.
NOT_TYPED = ("version", "said", "at", "go")
LOST = "What you typed last was not saved. Please enter it again."
# In the address of the sign-in, which then says so.
IS_LOST = "lost"


def can_be_kept(request: HttpRequest) -> bool:
    match = request.resolver_match
    return request.method == "POST" and match is not None and match.view_name in settings.UNSENT_FORMS


def fields_of(request: HttpRequest) -> list[tuple[str, str]]:
    typed = request.POST.copy()
    typed.pop("csrfmiddlewaretoken", None)
    return [(name, value) for name, values in typed.lists() for value in values]


def keep(request: HttpRequest, response: HttpResponse, user: User) -> bool:
    """Put it into the answer; False when it is too long. The form must have passed the CSRF check."""
    sealed = seal({"user": user.pk, "path": request.path, "fields": fields_of(request)}, purpose=PURPOSE)
    if len(sealed) > LONGEST:
        return False
    response.set_cookie(
        _cookie(),
        sealed,
        max_age=SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return True


def kept(request: HttpRequest) -> dict | None:
    """The path and the fields that this user had sent in vain with this browser, if there are any."""
    try:
        content = unseal(request.COOKIES.get(_cookie(), ""), purpose=PURPOSE, max_age=SECONDS)
    except (Unreadable, Expired):
        return None
    return content if content["user"] == request.user.pk else None


def forget(response: HttpResponse) -> None:
    response.delete_cookie(_cookie(), samesite="Lax")


def page() -> str:
    return reverse("admin:unsent")


def _cookie() -> str:
    return f"{settings.COOKIE_PREFIX}unsent"

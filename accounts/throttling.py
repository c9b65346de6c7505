"""After some wrong passwords, this username is locked for this address, for a while (django-axes).

After many, with whatever names, this address is. Nobody elsewhere ever is.
"""

import math
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username, get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db.models import Sum
from django.db.models.signals import pre_save
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac

from . import first_passwords


def connect() -> None:
    pre_save.connect(_keep_no_more_than_counts, sender=AccessAttempt, dispatch_uid="accounts.throttling")


class Backend(AxesStandaloneBackend, ModelBackend):
    """Django's accounts, after a look at the locks. One backend and not two, because some of Django asks for one."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        AxesStandaloneBackend.authenticate(self, request, username=username, password=password, **kwargs)
        if settings.SSO_ISSUER and username not in settings.SSO_BREAK_GLASS:
            return None
        user = ModelBackend.authenticate(self, request, username=username, password=password, **kwargs)
        # As a wrong password: nobody is told that it was right once.
        return None if user is None or first_passwords.has_expired(user) else user


class CountedRequest(HttpRequest):
    """What axes makes of a request, and what we note on it. For types only."""

    axes_ip_address: str | None
    axes_user_agent: str
    axes_http_accept: str
    _counted_usernames: dict[str, str]


class Handler(AxesDatabaseHandler):
    """Counts in the database, so for all processes, and whatever the browser calls itself."""

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: CountedRequest | None = None, **kwargs: Any
    ) -> None:
        if request is not None:
            request.axes_user_agent = request.axes_http_accept = ""
        super().user_login_failed(sender, credentials, request, **kwargs)

    def is_locked(self, request: CountedRequest, credentials: dict[str, Any] | None = None) -> bool:
        return _is_address_locked(request) or super().is_locked(request, credentials)


def counted_username(request: CountedRequest, credentials: dict[str, Any] | None) -> str:
    """What failures are counted by: the name, or a digest of one that no account has. It may be a password."""
    typed = str((credentials or request.POST).get("username") or "")
    known = getattr(request, "_counted_usernames", {})
    if typed not in known:
        digest = salted_hmac("accounts.throttling", typed, algorithm="sha256").hexdigest()
        is_one = get_user_model().objects.filter(username=typed[:150]).exists()
        known[typed] = typed if is_one else f"unknown {digest[:32]}"
        request._counted_usernames = known
    return known[typed]


def locked_out(
    request: CountedRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """The page for who is locked out, whether there is such an account or not."""
    return render(
        request,
        "accounts/locked_out.html",
        {
            "title": "Error: Locked for a while",
            "heading": "Locked for a while",
            "minutes": _minutes_left(request, credentials),
            "whatever_the_name": _is_address_locked(request),
            "site_header": "Upright",
        },
        status=429,
    )


def _is_address_locked(request: CountedRequest) -> bool:
    address = request.axes_ip_address
    # Those whose address cannot be read are not one another.
    if address is None:
        return False
    recent = AccessAttempt.objects.filter(ip_address=address, attempt_time__gte=get_cool_off_threshold(request))
    failures = recent.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
    return failures >= settings.SIGN_IN_TRIES_PER_ADDRESS


def _minutes_left(request: CountedRequest, credentials: dict[str, Any] | None) -> int:
    attempts = AccessAttempt.objects.filter(ip_address=request.axes_ip_address)
    if not _is_address_locked(request):
        attempts = attempts.filter(username=get_client_username(request, credentials))
    last = max(attempts.values_list("attempt_time", flat=True), default=timezone.now())
    return max(1, math.ceil((last + get_cool_off(request) - timezone.now()).total_seconds() / 60))


def _keep_no_more_than_counts(sender: object, instance: AccessAttempt, **kwargs: object) -> None:
    """The forms that failed are nobody's business."""
    instance.get_data = instance.post_data = ""

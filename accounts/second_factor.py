"""The second factor of staff: a code of an authenticator app, or one of the recovery codes.

A session has passed it when it names the device that did (django-otp). Every code works once.
"""

import re
from base64 import b32encode
from datetime import timedelta

import django_otp
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice

from . import sessions, signals
from .models import RecoveryCodes
from .requests import StaffRequest

APP, RECOVERY_CODE = "app", "recovery code"
# A secret that was shown and not confirmed is not shown again after this.
SHOWN_FOR = timedelta(hours=1)


class Refused(Exception):
    """The code does not count. The message says why, to whoever typed it."""


def is_passed(request: HttpRequest) -> bool:
    """Whether this session may go beyond the password."""
    return not settings.SECOND_FACTOR or has_passed(request) or sessions.has_passed_at_provider(request)


def has_passed(request: HttpRequest) -> bool:
    """Whether this session has really passed it here, also where none is asked for."""
    return getattr(request.user, "otp_device", None) is not None


def is_fresh(request: HttpRequest) -> bool:
    """Whether a code was given in this session so lately that it may change who signs in, and to what.

    Who came from the identity provider has proved there, so lately, who it is.
    """
    if not settings.SECOND_FACTOR and not sessions.is_of_provider(request):
        return True
    session = sessions.current(request)
    since = timezone.now() - timedelta(minutes=settings.CONFIRM_MINUTES)
    return session is not None and session.code_given_at is not None and session.code_given_at > since


def app_of(user: User) -> TOTPDevice | None:
    """The authenticator app with which the user has set it up."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def app_to_confirm(user: User) -> TOTPDevice:
    """The secret that the user is setting up, made when there is none."""
    waiting = TOTPDevice.objects.filter(user=user, confirmed=False)
    waiting.filter(created_at__lte=timezone.now() - SHOWN_FOR).delete()
    return waiting.first() or TOTPDevice.objects.create(user=user, confirmed=False, name="Authenticator app")


def secret_in_groups(app: TOTPDevice) -> str:
    secret = b32encode(app.bin_key).decode()
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def picture_of(app: TOTPDevice) -> SafeString:
    """The QR code as an SVG element, dark on light whatever the page's colours, because cameras need that."""
    # Loaded when it is first needed, which is once for each account.
    import segno

    code = segno.make(app.config_url, error="m")
    # Without a size of its own it has a viewBox, and so is scaled to its place and not cut off.
    svg = code.svg_inline(
        border=4, omitsize=True, dark="#000", light="#fff", title="QR code for the authenticator app"
    )
    drawn = svg.replace("<svg ", '<svg role="img" ', 1)
    return mark_safe(drawn)  # noqa: S308  # nosec B308 B703  # all of it is drawn here


def set_up(request: StaffRequest, code: str) -> list[str]:
    """Confirm the waiting app by a code of it. Gives the new recovery codes, to be shown once. Raises Refused.

    A former app and the user's other sessions end with it.
    """
    user = request.user
    waiting = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    if waiting is None:
        raise Refused("This code is no longer shown. Add the new one to your app.")
    _verify(request, waiting, code, APP)
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).exclude(pk=waiting.pk).delete()
        TOTPDevice.objects.filter(pk=waiting.pk).update(confirmed=True)
        codes = _recovery_codes_of(user).make()
        sessions.end_all(user, but=request)
    _remember(request, app_of(user))
    signals.second_factor_set_up.send(type(user), request=request, user=user)
    return codes


def pass_with_app(request: StaffRequest, code: str) -> None:
    """Raises Refused."""
    app = app_of(request.user)
    if app is None:
        raise Refused("No authenticator app is set up for this account.")
    _verify(request, app, code, APP)
    _remember(request, app)
    signals.second_factor_passed.send(type(request.user), request=request, user=request.user, method=APP)


def pass_with_recovery_code(request: StaffRequest, code: str) -> int:
    """How many codes are left. Raises Refused."""
    device = RecoveryCodes.objects.filter(user=request.user).first()
    if device is None:
        raise Refused("There are no recovery codes for this account.")
    _verify(request, device, code, RECOVERY_CODE)
    _remember(request, device)
    signals.second_factor_passed.send(type(request.user), request=request, user=request.user, method=RECOVERY_CODE)
    return recovery_codes_left(request.user)


def pass_with_any_code(request: StaffRequest, code: str) -> None:
    """With six digits of the app or with a recovery code, which has letters. Raises Refused."""
    if digits := six_digits(code):
        pass_with_app(request, digits)
    else:
        pass_with_recovery_code(request, code)


def six_digits(typed: str) -> str:
    """A code of an app as the app has it, without what people put between digits; empty if it is none."""
    code = re.sub(r"[\s-]", "", typed)
    return code if re.fullmatch(r"[0-9]{6}", code) else ""


def new_recovery_codes(request: StaffRequest) -> list[str]:
    """Codes to be shown once; the former ones are void."""
    with transaction.atomic():
        codes = _recovery_codes_of(request.user).make()
    signals.recovery_codes_made.send(type(request.user), request=request, user=request.user)
    return codes


def recovery_codes_left(user: User) -> int:
    device = RecoveryCodes.objects.filter(user=user).first()
    return device.codes.count() if device else 0


def reset(user: User, *, by: User | None = None, request: HttpRequest | None = None) -> None:
    """Take the second factor away, because the phone is lost; all sessions end. The next sign-in sets it up."""
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).delete()
        RecoveryCodes.objects.filter(user=user).delete()
        sessions.end_all(user)
    signals.second_factor_reset.send(type(user), request=request, user=user, by=by)


def _verify(request: HttpRequest, device: Device, code: str, method: str) -> None:
    allowed, trouble = device.verify_is_allowed()
    if not allowed:
        seconds = int((trouble["locked_until"] - timezone.now()).total_seconds()) + 1
        raise Refused(f"There were too many wrong codes. Please wait {_in_words(seconds)}, then try again.")
    # It reads the device again, and locks it, so that a code cannot count twice.
    if django_otp.verify_token(request.user, device.persistent_id, code) is None:
        signals.second_factor_failed.send(type(request.user), request=request, user=request.user, method=method)
        raise Refused("This code is not right, or it was used before. Each code works once.")


def _remember(request: HttpRequest, device: Device) -> None:
    # With a new key, so that one who knew the old one gains nothing.
    request.session.cycle_key()
    django_otp.login(request, device)
    sessions.note_code_given(request)


def _recovery_codes_of(user: User) -> RecoveryCodes:
    # Whoever comes second waits here, and does not make a second set.
    get_user_model().objects.select_for_update().get(pk=user.pk)
    return RecoveryCodes.objects.get_or_create(user=user, defaults={"name": "Recovery codes"})[0]


def _in_words(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds" if seconds != 1 else "1 second"
    minutes = -(-seconds // 60)
    return (
        f"{minutes} minutes"
        if minutes < 120
        else f"{-(-minutes // 60)} hours, or ask who keeps the accounts to reset it"
    )

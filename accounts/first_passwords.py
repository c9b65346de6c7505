"""A password that somebody else set opens nothing but the page for choosing one's own, and that for some days."""

import datetime
from functools import wraps

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from .models import FirstPassword
from .requests import P, View, page_of

KEY = "first_password"
# What whoever has to choose a password needs: the page itself, its script, and the way out.
OPEN = ("password_change", "password_change_done", "jsi18n", "logout")


def connect() -> None:
    user_logged_in.connect(_note, dispatch_uid="accounts.first_passwords")


def given(user: User) -> None:
    """Somebody else has set the password of this user, if it still has one."""
    if user.has_usable_password():
        FirstPassword.objects.update_or_create(user=user, defaults={"set_at": timezone.now()})


def is_used_by(user: User) -> bool:
    return FirstPassword.objects.filter(user=user).exists()


def is_used_in(request: HttpRequest) -> bool:
    """Whether the session began with one. Asks the database for nothing more: another password ends the session."""
    return request.session.get(KEY, False)


def has_expired(user: User) -> bool:
    oldest = timezone.now() - datetime.timedelta(days=settings.FIRST_PASSWORD_DAYS)
    return FirstPassword.objects.filter(user=user, set_at__lte=oldest).exists()


def after_ones_own(view: View[P]) -> View[P]:
    """For everything that staff who are signed in do: first they choose a password that nobody else knows."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if page_of(request) not in OPEN and is_used_in(request):
            return redirect("admin:password_change")
        return view(request, *args, **kwargs)

    return guarded


def _note(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    request.session[KEY] = is_used_by(user)


class OnesOwn:
    """Refuses the password that somebody else set, and hears of every change of a password, whatever made it."""

    def validate(self, password: str, user: User | None = None) -> None:
        if user is not None and user.pk and is_used_by(user) and user.check_password(password):
            raise ValidationError(self.get_help_text(), code="password_of_another")

    def password_changed(self, password: str, user: User | None = None) -> None:
        FirstPassword.objects.filter(user=user).delete()

    def get_help_text(self) -> str:
        return "Not one that somebody else gave you."

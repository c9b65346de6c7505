"""Who is signed in where, for how long, and what ends it.

A session of a browser names an AccountSession. When that is gone, the next request is refused: to end a session is to
delete its row.
"""

import datetime
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models import Q, QuerySet
from django.db.models.signals import post_save, pre_save
from django.http import HttpRequest
from django.utils import timezone

from common.client_address import shortened_address_of

from .models import AccountSession

KEY = "account_session"
# In the session of who came from the identity provider: whether it asked for a second factor.
OF_PROVIDER = "provider_asked_second_factor"
# Seen is written down so often at most.
SEEN_EVERY = datetime.timedelta(minutes=1)
FORGOTTEN_AFTER = datetime.timedelta(days=1)
# What of an account, when it changes, ends its sessions.
WATCHED = ("password", "is_active", "is_staff")

BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "a Mac"),
    ("CrOS", "a Chromebook"),
    ("Linux", "Linux"),
)


def connect() -> None:
    user_logged_in.connect(_start, dispatch_uid="accounts.sessions")
    user_logged_out.connect(_end, dispatch_uid="accounts.sessions")
    pre_save.connect(_look_for_changes, sender=settings.AUTH_USER_MODEL, dispatch_uid="accounts.sessions")
    post_save.connect(_end_after_changes, sender=settings.AUTH_USER_MODEL, dispatch_uid="accounts.sessions")


def of(user: User) -> QuerySet[AccountSession]:
    """The sessions of a user that have not run out, the last seen first."""
    return AccountSession.objects.filter(user=user).exclude(_run_out())


def end_all(user: User, *, but: HttpRequest | None = None) -> None:
    """End all sessions of a user, perhaps but the one of this request. The next request of each is refused."""
    kept = but.session.get(KEY) if but else None
    ended = AccountSession.objects.filter(user=user)
    (ended.exclude(pk=kept) if kept else ended).delete()


def current(request: HttpRequest) -> AccountSession | None:
    """Reads one row."""
    user = request.user
    return _named_in(request).filter(user=user).first() if user.is_authenticated else None


def note_code_given(request: HttpRequest) -> None:
    _named_in(request).update(code_given_at=timezone.now())


def note_provider(request: HttpRequest, *, session: str, has_second_factor: bool) -> None:
    """The session that has begun came from the identity provider, which calls it by this name."""
    request.session[OF_PROVIDER] = has_second_factor
    _named_in(request).update(provider_session=session[:255])


def note_proven(request: HttpRequest, at: datetime.datetime) -> None:
    """Then they have shown the provider who they are."""
    _named_in(request).update(code_given_at=at)


def is_of_provider(request: HttpRequest) -> bool:
    """Asks the database for nothing more."""
    return OF_PROVIDER in request.session


def has_passed_at_provider(request: HttpRequest) -> bool:
    return request.session.get(OF_PROVIDER, False)


def reason_to_refuse(request: HttpRequest) -> str:
    """Why the session of a signed-in user is over: "idle", "too long" or "ended"; empty if it is not.

    Notes that it was seen, about once a minute, but not by a page that reads itself anew while nobody does anything.
    """
    session, now = current(request), timezone.now()
    if session is None:
        return "ended"
    if session.created_at <= now - _longest():
        return "too long"
    if session.last_seen_at <= now - _longest_idle():
        return "idle"
    reads_itself_anew = request.method == "GET" and is_by_script(request)
    if session.last_seen_at <= now - SEEN_EVERY and not reads_itself_anew:
        # An update and not a save: a session that was ended meanwhile must not come back.
        AccountSession.objects.filter(pk=session.pk).update(last_seen_at=now)
    return ""


def is_by_script(request: HttpRequest) -> bool:
    """Whether a script of a page that is open asks. Browsers from before 2023 may not say so."""
    return request.headers.get("Sec-Fetch-Dest") == "empty"


def browser_in_words(user_agent: str) -> str:
    browser = next((name for sign, name in BROWSERS if sign in user_agent), "A browser")
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    return f"{browser} on {system}" if system else browser


def _named_in(request: HttpRequest) -> QuerySet[AccountSession]:
    """The row of this session; none for one without."""
    named = request.session.get(KEY)
    return AccountSession.objects.filter(pk=named) if named else AccountSession.objects.none()


def _start(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    # Of anybody. What has run out only just still tells its owner why it is refused.
    AccountSession.objects.filter(created_at__lte=timezone.now() - _longest() - FORGOTTEN_AFTER).delete()
    session = AccountSession.objects.create(
        user=user,
        address=shortened_address_of(request),
        browser=browser_in_words(request.META.get("HTTP_USER_AGENT", "")),
    )
    request.session[KEY] = str(session.pk)


def _end(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    _named_in(request).delete()


def _look_for_changes(
    sender: type[User], instance: Any, update_fields: Iterable[str] | None = None, **kwargs: object
) -> None:
    instance.ends_sessions = False
    if instance.pk is None or (update_fields is not None and not set(WATCHED) & set(update_fields)):
        return
    before = sender.objects.filter(pk=instance.pk).values(*WATCHED).first()
    instance.ends_sessions = before is not None and any(before[name] != getattr(instance, name) for name in WATCHED)


def _end_after_changes(sender: object, instance: Any, **kwargs: object) -> None:
    if instance.ends_sessions:
        end_all(instance)


def _run_out() -> Q:
    now = timezone.now()
    return Q(created_at__lte=now - _longest()) | Q(last_seen_at__lte=now - _longest_idle())


def _longest() -> datetime.timedelta:
    return datetime.timedelta(hours=settings.SESSION_HOURS)


def _longest_idle() -> datetime.timedelta:
    return datetime.timedelta(minutes=settings.SESSION_IDLE_MINUTES)

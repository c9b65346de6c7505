"""Refuses sessions that are over. Needs Django's authentication, messages and CSRF check before it."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from . import sessions, signals, unsent

WHY = {
    "idle": "You were signed out because nothing was done here for a while.",
    "too long": "You were signed out because this session had lasted long enough for a day.",
    "ended": "Please sign in again: your password or your account has changed, or this session was ended.",
}
KEPT = "What you typed was not saved. Sign in, and you can look at it and send it."


class SessionLimits:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        # Patients' pages know no accounts, and some go on without a database.
        if not request.path_info.startswith(reverse("admin:index")) or not request.user.is_authenticated:
            return None
        reason = sessions.reason_to_refuse(request)
        if not reason:
            return None
        if sessions.is_by_script(request):
            # The page that is open still tells, and has what was typed there kept.
            return HttpResponse("The session is over.", content_type="text/plain", status=403)
        user = request.user
        signals.session_refused.send(type(user), request=request, user=user, reason=reason)
        logout(request)
        if request.path == reverse("admin:login"):
            # Somebody is signing in already.
            return None
        messages.warning(request, WHY[reason])
        return _to_the_sign_in(request, user)


def _to_the_sign_in(request: HttpRequest, user: User) -> HttpResponse:
    login = reverse("admin:login")
    if request.method in ("GET", "HEAD"):
        return HttpResponseRedirect(f"{login}?{urlencode({'next': request.get_full_path()})}")
    response = HttpResponseRedirect(f"{login}?{urlencode({'next': unsent.page()})}")
    if unsent.can_be_kept(request) and unsent.keep(request, response, user):
        messages.warning(request, KEPT)
        return response
    messages.warning(request, unsent.LOST)
    return HttpResponseRedirect(login)

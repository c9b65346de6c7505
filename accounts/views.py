"""The pages between the password and the work, and the page of one's own sessions."""

import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.views import redirect_to_login
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import is_valid_path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from common import error_pages
from common.forgotten import forgotten_by_the_browser

from . import first_passwords, second_factor, signals, unsent
from . import sessions as account_sessions
from .forms import AnyCodeForm, AppCodeForm, RecoveryCodeForm
from .requests import P, StaffRequest, StaffView, View, is_of_staff, page_of

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def after_the_password(view: StaffView[P]) -> View[P]:
    """For staff who have given their password, and perhaps no more. Others are sent to the sign-in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not is_of_staff(request):
            return redirect_to_login(next_page(request), reverse("admin:login"))
        return view(request, *args, **kwargs)

    return guarded


def after_a_fresh_code(view: StaffView[P]) -> StaffView[P]:
    """For what changes how people sign in and what they may do: nobody changes it in a browser that was left open.

    What was sent is not kept. The page with the code leads back to the page with the button.
    """

    @wraps(view)
    def guarded(request: StaffRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if second_factor.is_fresh(request):
            return view(request, *args, **kwargs)
        return to_confirm(request)

    return guarded


def to_confirm(request: HttpRequest) -> HttpResponse:
    # Some addresses are of a button alone, and those all stand on the page of sessions.
    button_alone = ("end_session", "end_all_sessions")
    is_page = page_of(request) not in button_alone
    return redirect_to_login(
        request.get_full_path() if is_page else reverse("admin:sessions"), reverse("admin:confirm_second_factor")
    )


@sensitive_post_parameters("code")
@after_the_password
@get_or_post
def enter_code(request: StaffRequest) -> HttpResponse:
    if admin.site.has_permission(request):
        return redirect(next_page(request))
    if second_factor.app_of(request.user) is None:
        return redirect(with_next(request, "admin:set_up_second_factor"))
    form = AppCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _counts(form, lambda code: second_factor.pass_with_app(request, code)):
        return redirect(next_page(request))
    return page(request, "code.html", "Enter the code", form=form)


@sensitive_post_parameters("code")
@after_the_password
@get_or_post
def enter_recovery_code(request: StaffRequest) -> HttpResponse:
    if admin.site.has_permission(request):
        return redirect(next_page(request))
    if second_factor.app_of(request.user) is None:
        return redirect(with_next(request, "admin:set_up_second_factor"))
    form = RecoveryCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _counts(form, lambda code: second_factor.pass_with_recovery_code(request, code)):
        left = second_factor.recovery_codes_left(request.user)
        messages.warning(request, f"You used a recovery code. You have {left} left.")
        return redirect("admin:sessions" if left < 3 else next_page(request))
    return page(request, "recovery_code.html", "Enter a recovery code", form=form)


@sensitive_post_parameters("code")
@after_the_password
@get_or_post
def set_up(request: StaffRequest) -> HttpResponse:
    if admin.site.has_permission(request) and first_passwords.is_used_in(request):
        return redirect("admin:password_change")
    # Whoever has an app moves to another one only after a code of the old one, or a recovery code.
    if second_factor.app_of(request.user) and not second_factor.has_passed(request):
        return redirect(with_next(request, "admin:second_factor"))
    if second_factor.app_of(request.user) and not second_factor.is_fresh(request):
        return to_confirm(request)
    form = AppCodeForm(request.POST if request.method == "POST" else None)
    codes: list[str] = []
    if form.is_valid() and _counts(form, lambda code: codes.extend(second_factor.set_up(request, code))):
        return page(request, "recovery_codes.html", "Keep your recovery codes", codes=codes)
    app = second_factor.app_to_confirm(request.user)
    return page(
        request,
        "set_up.html",
        "Set up your second factor",
        form=form,
        picture=second_factor.picture_of(app),
        secret=second_factor.secret_in_groups(app),
    )


@sensitive_post_parameters("code")
@get_or_post
def confirm(request: StaffRequest) -> HttpResponse:
    """A code once more, or a visit to the provider, before something that changes who signs in, and to what."""
    if second_factor.is_fresh(request):
        return redirect(next_page(request))
    if account_sessions.is_of_provider(request):
        return page(
            request,
            "confirm_at_provider.html",
            "Show once more who you are",
            provider=settings.SSO_NAME,
            minutes=settings.CONFIRM_MINUTES,
        )
    form = AnyCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _counts(form, lambda code: second_factor.pass_with_any_code(request, code)):
        return redirect(next_page(request))
    return page(request, "confirm.html", "Enter a code again", form=form, minutes=settings.CONFIRM_MINUTES)


@after_the_password
@require_POST
def leave(request: StaffRequest) -> HttpResponse:
    """Log out, for those who cannot get further than the password: Django's own is not for them."""
    logout(request)
    return forgotten_by_the_browser(redirect("admin:login"))


@get_or_post
@after_a_fresh_code
def recovery_codes(request: StaffRequest) -> HttpResponse:
    if second_factor.app_of(request.user) is None:
        return redirect("admin:set_up_second_factor")
    # Where no code is asked for, nobody has shown that these codes are theirs to replace.
    if not second_factor.has_passed(request):
        return redirect("admin:sessions")
    if request.method == "POST":
        codes = second_factor.new_recovery_codes(request)
        return page(request, "recovery_codes.html", "Keep your recovery codes", codes=codes)
    left = second_factor.recovery_codes_left(request.user)
    return page(request, "new_recovery_codes.html", "Make new recovery codes", left=left)


@require_http_methods(["GET", "HEAD"])
def sessions(request: StaffRequest) -> HttpResponse:
    return page(
        request,
        "sessions.html",
        "Sign-in and sessions",
        sessions=account_sessions.of(request.user),
        current=account_sessions.current(request),
        app=second_factor.app_of(request.user),
        has_passed=second_factor.has_passed(request),
        left=second_factor.recovery_codes_left(request.user),
        is_asked_for=settings.SECOND_FACTOR,
        provider=settings.SSO_NAME if account_sessions.is_of_provider(request) else "",
        passed_at_provider=account_sessions.has_passed_at_provider(request),
    )


@require_POST
@after_a_fresh_code
def end_session(request: StaffRequest, pk: uuid.UUID) -> HttpResponse:
    ended, _ = account_sessions.of(request.user).filter(pk=pk).delete()
    if ended:
        signals.sessions_ended.send(type(request.user), request=request, user=request.user)
        messages.success(request, "This session has ended.")
    else:
        messages.info(request, "This session had ended before.")
    return redirect("admin:sessions")


@require_POST
@after_a_fresh_code
def end_all_sessions(request: StaffRequest) -> HttpResponse:
    signals.sessions_ended.send(type(request.user), request=request, user=request.user)
    account_sessions.end_all(request.user)
    logout(request)
    messages.success(request, "You are logged out everywhere.")
    return forgotten_by_the_browser(redirect("admin:login"))


@get_or_post
def unsent_form(request: StaffRequest) -> HttpResponse:
    """What was typed when the session had ended: to look at, to send, or to forget."""
    kept = unsent.kept(request)
    if request.method == "POST" or kept is None:
        response = redirect("admin:index")
        unsent.forget(response)
        return response
    return _not_sent_yet(request, kept["path"], kept["fields"])


def form_of_another_session(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the token of this session. If staff filled it in on our page, show it, to be sent once more.

    So it is where somebody signed in again in another tab. That it is ours the browser tells by the form's origin;
    then Django's check looked at that, too, and found it right.
    """
    is_ours = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    if is_ours and admin.site.has_permission(request) and not account_sessions.reason_to_refuse(request):
        if unsent.can_be_kept(request):
            shown = _not_sent_yet(request, request.path, unsent.fields_of(request), is_of_another_session=True)
            shown.status_code = 403
            return shown
        if page_of(request) == "login":
            # This was the second of two sign-ins that were open.
            return redirect(next_page(request))
        if page_of(request) == "next_call":
            messages.info(
                request, "Somebody signed in with this browser after the page was opened. Press it once more."
            )
            return redirect("admin:index")
    return error_pages.csrf_failure(request, reason)


def _not_sent_yet(request: HttpRequest, path: str, fields: list[tuple[str, str]], **context: Any) -> TemplateResponse:
    signals.unsent_form_shown.send(type(request.user), request=request, user=request.user, path=path)
    typed = [(_in_words(name), _in_words(value)) for name, value in fields if value and name not in unsent.NOT_TYPED]
    return page(request, "unsent.html", "Not sent yet", path=path, fields=fields, shown=typed, **context)


def _in_words(text: str) -> str:
    """What a form calls something, as people read it; what they wrote, as it is."""
    return text.replace("_", " ") if re.fullmatch(r"[a-z]+(_[a-z]+)+", text) else text


def page(request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    form = context.get("form")
    has_errors = form is not None and form.is_bound and not form.is_valid()
    return TemplateResponse(
        request,
        f"accounts/{template}",
        {
            **admin.site.each_context(request),
            "title": f"Error: {title}" if has_errors else title,
            "heading": title,
            "next": next_page(request),
            **context,
        },
        status=422 if has_errors else 200,
    )


def with_next(request: HttpRequest, page: str) -> str:
    return redirect_to_login(next_page(request), reverse(page))["Location"]


def next_page(request: HttpRequest) -> str:
    """Where the person was going: on this site, or to the start."""
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    # A word that is no address would be taken for the name of a page.
    is_here = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    if is_here and wanted.startswith("/") and is_valid_path(urlsplit(wanted).path):
        return wanted
    return reverse("admin:index")


def _counts(form: Form, use: Callable[[str], object]) -> bool:
    """Use the code that was typed; what is wrong with it is said at the field."""
    try:
        use(form.cleaned_data["code"])
    except second_factor.Refused as refusal:
        form.add_error("code", str(refusal))
        return False
    return True

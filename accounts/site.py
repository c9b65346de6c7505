"""An admin site that nobody enters without a second factor, with the pages for that."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path, reverse

from common.forgotten import forgotten_by_the_browser


class SignInSite(AdminSite):
    login_template = "accounts/login.html"

    def has_permission(self, request: HttpRequest) -> bool:
        from . import second_factor

        return super().has_permission(request) and second_factor.is_passed(request)

    def admin_view(  # type: ignore[override]  # Django says that it gives the very same kind of function
        self, view: Callable[..., HttpResponseBase], cacheable: bool = False
    ) -> Callable[..., HttpResponseBase]:
        from django.contrib.auth.views import redirect_to_login

        from . import sessions, unsent
        from .first_passwords import after_ones_own
        from .requests import page_of

        guarded = super().admin_view(after_ones_own(view), cacheable)

        @wraps(guarded)
        def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            """Nobody knows any more who typed it, so it cannot be kept. Whoever is led to their page says so."""
            if sessions.is_by_script(request) and not self.has_permission(request):
                # The sign-in is for a person: the page that is open says that it is needed.
                return HttpResponseForbidden("The session is over.", content_type="text/plain")
            if request.method == "POST" and not request.user.is_authenticated and page_of(request) != "logout":
                # Where a button alone leads to there is no page.
                back = request.get_full_path() if unsent.can_be_kept(request) else reverse("admin:index")
                return redirect_to_login(back, f"{reverse('admin:login')}?{unsent.IS_LOST}=1")
            return guarded(request, *args, **kwargs)

        return told

    def password_change(  # type: ignore[override]  # once it is changed, this leads on and is no template any more
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        from . import first_passwords

        is_first = first_passwords.is_used_in(request)
        return super().password_change(request, {**(extra_context or {}), "is_first": is_first})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # These need the models, which are not there yet when this module is imported.
        from . import unsent, views
        from .forms import SignInForm

        is_half_way = super().has_permission(request) and not self.has_permission(request)
        if request.method in ("GET", "HEAD") and is_half_way:
            return redirect(views.with_next(request, "admin:second_factor"))
        if request.method == "HEAD" and self.has_permission(request):
            # As Django answers GET.
            return redirect("admin:index")
        self.login_form = SignInForm
        provider = settings.SSO_NAME if settings.SSO_ISSUER else ""
        said = {"provider": provider, "lost": unsent.LOST if unsent.IS_LOST in request.GET else ""}
        response = super().login(request, {**(extra_context or {}), **said})
        if request.method == "POST" and response.status_code == 302:
            # Django itself leads whose address is bad to a page that we do not have. Its answer has the new cookies.
            response["Location"] = views.next_page(request)
        return response

    def logout(  # type: ignore[override]  # Django says that it gives a template, and leads on
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return forgotten_by_the_browser(super().logout(request, extra_context))

    def get_urls(self) -> list[URLResolver | URLPattern]:
        from . import provider_pages, views

        before = [
            path("sso/", provider_pages.start, name="sso"),
            path("sso/back/", provider_pages.back, name="sso_back"),
            path("second-factor/", views.enter_code, name="second_factor"),
            path("second-factor/recovery-code/", views.enter_recovery_code, name="use_recovery_code"),
            path("second-factor/set-up/", views.set_up, name="set_up_second_factor"),
            path("second-factor/leave/", views.leave, name="leave"),
        ]
        behind = [
            path("second-factor/confirm/", views.confirm, name="confirm_second_factor"),
            path("second-factor/new-recovery-codes/", views.recovery_codes, name="new_recovery_codes"),
            path("sessions/", views.sessions, name="sessions"),
            path("sessions/end/", views.end_all_sessions, name="end_all_sessions"),
            path("sessions/<uuid:pk>/end/", views.end_session, name="end_session"),
            path("unsent/", views.unsent_form, name="unsent"),
        ]
        for url in behind:
            url.callback = self.admin_view(url.callback)
        return [*before, *behind, *super().get_urls()]

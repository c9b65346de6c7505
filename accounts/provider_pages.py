"""To the identity provider, back from it, and what it tells us behind the browser's back."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from . import oidc, sessions, single_sign_on, views


@require_http_methods(["GET", "HEAD"])
def start(request: HttpRequest) -> HttpResponse:
    """To sign in; who came from the provider and is signed in proves there once more who it is.

    By a plain link: browsers do not let a form that may be sent to us only be led on to another site.
    """
    _or_not_there()
    # Another site must not begin a sign-in here, or somebody would work under an account that is not theirs.
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return redirect(views.with_next(request, "admin:login"))
    proves_again = request.user.is_authenticated and sessions.is_of_provider(request)
    try:
        return oidc.ask(
            request, next_page=views.next_page(request), for_user=request.user.pk if proves_again else None
        )
    except (oidc.Away, oidc.Unproven):
        return _away(request)


@require_http_methods(["GET", "HEAD"])
def back(request: HttpRequest) -> HttpResponse:
    _or_not_there()
    try:
        proof = oidc.answer(request)
        if proof.for_user is None:
            single_sign_on.sign_in(request, proof)
        else:
            single_sign_on.prove_again(request, proof)
            messages.success(request, f"{settings.SSO_NAME} says that it is you. Now press the button again.")
    except oidc.Away:
        return _away(request)
    except oidc.Denied:
        return _trouble(request, 403, "You are not signed in", f"{settings.SSO_NAME} has not let you in.")
    except oidc.Unproven:
        return _trouble(
            request,
            400,
            "That sign-in does not count",
            "It took too long, was begun in another window, or was used before. Please begin again.",
        )
    except single_sign_on.NotStaff as refusal:
        return _trouble(
            request,
            403,
            "You have no way in here",
            f"{settings.SSO_NAME} has let you in. {refusal} Ask whoever looks after accounts.",
        )
    except single_sign_on.SomebodyElse:
        return _trouble(
            request,
            403,
            "That was another account",
            f"Here you are signed in with one account, and at {settings.SSO_NAME} with another. Nothing was done.",
        )
    return redirect(proof.next_page)


@csrf_exempt
@require_POST
def logged_out(request: HttpRequest) -> HttpResponse:
    """The provider tells that a session has ended there. What it says is signed."""
    _or_not_there()
    try:
        single_sign_on.end(oidc.logged_out(request.POST.get("logout_token", "")))
    except oidc.Away:
        return HttpResponse(status=503)
    except oidc.Unproven:
        return HttpResponse(status=400)
    return HttpResponse(status=200)


def _or_not_there() -> None:
    if not settings.SSO_ISSUER:
        raise Http404


def _away(request: HttpRequest) -> HttpResponse:
    return _trouble(
        request,
        503,
        f"{settings.SSO_NAME} does not answer",
        "Nobody can sign in by it just now; who is signed in goes on working. Please try again in a few minutes.",
    )


def _trouble(request: HttpRequest, status: int, title: str, words: str) -> TemplateResponse:
    title = title[0].upper() + title[1:]
    page = views.page(request, "provider_trouble.html", title, words=words[0].upper() + words[1:])
    page.status_code = status
    return page

"""The gate: refuses requests that nothing behind it should have to read, and keeps answers out of caches."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation

LARGEST_BODY_READ = 4 * 1024 * 1024


def gate(get_response):
    def middleware(request: HttpRequest) -> HttpResponse:
        response = _refusal(request) or get_response(request)
        if not request.path_info.startswith(f"/{settings.STATIC_URL.lstrip('/')}"):
            response["Cache-Control"] = "no-store"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), browsing-topics=()"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        return response

    return middleware


def staff_pages_in_english(get_response):
    """Our staff pages are in English only; Django's words among ours would be in the language of the browser."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(reverse("admin:index")):
            translation.activate("en")
        return get_response(request)

    return middleware


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        return _plain(400, "This address is not valid.")
    if request.content_params.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        return _plain(400, "Please send this form as UTF-8.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal():
        return _plain(400, "The length of this form is not a number.")
    if int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        _read_away(request)
        return _plain(413, "This form is too large to be one of ours. Please go back and try again.")
    return None


def _read_away(request: HttpRequest) -> None:
    """Read what a client is still sending, or it would see a broken connection instead of the answer."""
    left = LARGEST_BODY_READ
    while left > 0 and (chunk := request.read(min(left, 64 * 1024))):
        left -= len(chunk)


def _plain(status: int, message: str) -> HttpResponse:
    # Nothing here may depend on a part that has not run yet: no template, no language, no cookie.
    page = f"<!doctype html><html lang=en><title>{message}</title><h1>{message}</h1><p><a href=/>Start page</a>"
    return HttpResponse(page, status=status)

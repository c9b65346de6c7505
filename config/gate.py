"""The gate: refuses requests that nothing behind it should have to read, and keeps answers out of caches."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from django.urls import reverse
from django.utils import translation

from common import operation_outcome
from common.brand import KEPT_FOR
from common.plain_page import plain_page

LARGEST_BODY_READ = 4 * 1024 * 1024
# The longest address of ours is far below this. A sign-in keeps the address to lead back to, escaped, in another.
LONGEST_ADDRESS = 2_000
# Providers of identities come back with codes of their own making, and some of those are long.
LONGEST_ADDRESS_OF = {"/admin/sso/back/": 4_000}
METHODS = ("GET", "HEAD", "POST")
# Machines ask for these. One that forgot the s of https would send its secret in clear and be led on without a word.
FOR_MACHINES = ("/metrics/", "/texts/", "/mail-events/", "/sso/logged-out/", "/fhir/QuestionnaireResponse")


def gate(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    # It stands behind the gate, because it reads the host as well, but its headers belong to refusals too.
    security = SecurityMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponse:
        refusal = _refusal(request)
        response = security.process_response(request, refusal) if refusal else get_response(request)
        if response.status_code >= 400 and request.path_info.startswith(operation_outcome.ADDRESSES):
            response = operation_outcome.in_place_of(response)
        is_static = request.path_info.startswith(settings.STATIC_URL)
        if not is_static and response.get("Cache-Control") != KEPT_FOR:
            response["Cache-Control"] = "no-store"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), browsing-topics=()"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        return response

    return middleware


def staff_pages_in_english(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Our staff pages are in English only; Django's words among ours would be in the language of the browser."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(reverse("admin:index")):
            translation.activate("en")
        return get_response(request)

    return middleware


def _refusal(request: HttpRequest) -> HttpResponse | None:
    try:
        request.get_host()
    except DisallowedHost:
        return plain_page(400, "This address is not one of ours.")
    if request.method not in METHODS:
        page = plain_page(405, "This page cannot do that.")
        page["Allow"] = ", ".join(METHODS)
        return page
    if len(request.get_full_path()) > LONGEST_ADDRESS_OF.get(request.path_info, LONGEST_ADDRESS):
        return plain_page(414, "This address is too long.")
    if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        return plain_page(400, "This address is not valid.")
    if (request.content_params or {}).get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        return plain_page(400, "Please send this form as UTF-8.")
    if request.path_info.startswith(FOR_MACHINES) and settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return plain_page(403, "This address needs HTTPS.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal():
        return plain_page(400, "The length of this form is not a number.")
    if int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        _read_away(request)
        return plain_page(413, "This form is too large to be one of ours. Please go back and try again.")
    return None


def _read_away(request: HttpRequest) -> None:
    """Read what a client is still sending, or it would see a broken connection instead of the answer."""
    left = LARGEST_BODY_READ
    while left > 0 and (chunk := request.read(min(left, 64 * 1024))):
        left -= len(chunk)

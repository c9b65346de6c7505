"""Gives each request a number and writes one line about it, with nothing in it that was sent."""

import logging
import re
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config.logs import request_id, route_of

HEADER = "X-Request-ID"
NUMBER_OF_A_PROXY = re.compile(r"[A-Za-z0-9-]{1,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
# Machines ask for these several times a minute, and a line is written only when something is wrong.
ASKED_BY_MACHINES = ("health/", "health/ready/", "metrics/")
logger = logging.getLogger(__name__)


def request_log(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The outermost middleware: whatever goes wrong within, the answer has a number and the log has a line."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        number = _number_for(request)
        request.request_id = number  # type: ignore[attr-defined]  # read by getattr
        token = request_id.set(number)
        try:
            response = get_response(request)
            response[HEADER] = number
            _write(request, response.status_code, time.perf_counter() - started)
            return response
        finally:
            request_id.reset(token)

    return middleware


def _number_for(request: HttpRequest) -> str:
    """What our proxy calls this request, if there is one and it can be written anywhere; else one of our own."""
    given = request.META.get("HTTP_X_REQUEST_ID", "") if settings.BEHIND_TLS_PROXY else ""
    # Short enough to be read to somebody on the phone.
    return given if NUMBER_OF_A_PROXY.fullmatch(given) else secrets.token_hex(6)


def _write(request: HttpRequest, status: int, seconds: float) -> None:
    is_static = request.path_info.startswith(settings.STATIC_URL)
    route = settings.STATIC_URL.lstrip("/") if is_static else route_of(request)
    level = logging.DEBUG if route in ASKED_BY_MACHINES and status < 400 else logging.INFO
    line = {
        "method": request.method if request.method in METHODS else "(other)",
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
    }
    logger.log(level, "request", extra=line)

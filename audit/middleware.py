"""Writes the entry of each staff page, and of each page that opens a patient's own request, before its bytes go out.

By default nothing is shown: a staff page that has not said what it shows is held back, and so is any page whose entry
cannot be written.
"""

import logging
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from .numbers import Numbers
from .recorder import Action, Notes, Result, record, serving

logger = logging.getLogger(__name__)

# Answers that come from before or behind a page, with words of our own.
PLAIN_ANSWERS = frozenset((301, 302, 304, 400, 403, 404, 405, 410, 413, 429))
# Whoever is told that nothing is new, or to come again later, learns nothing of a request.
NOT_SHOWN = (304, 429)


def audited(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        is_staff_page = request.path_info.startswith(reverse("admin:index"))
        with serving(request, is_staff_page=is_staff_page) as notes:
            response = get_response(request)
            if not (is_staff_page or notes.shown is not None):
                return response
            try:
                return _written_down(notes, response)
            except Exception as error:  # noqa: BLE001
                # Its message may quote a row.
                logger.error("An audit entry could not be written: %s", type(error).__name__)
                return response if response.status_code >= 500 else _held_back(notes)

    return middleware


def _written_down(notes: Notes, response: HttpResponse) -> HttpResponse:
    status = response.status_code
    is_declared = (
        notes.shown is not None or notes.page in _harmless_pages() or status in PLAIN_ANSWERS or status >= 500
    )
    if not is_declared:
        record(Action.UNKNOWN, outcome=Result.FAILED, status=500)
        logger.error("%s does not say which requests it shows: it has to call audit.shows", notes.page)
        return _undeclared(notes)
    shown = notes.shown or Numbers()
    # Entries recorded while the page was made already say it.
    shows_nothing = not shown.count or status in (301, 302)
    if notes.written and shows_nothing and (status < 400 or notes.page == "admin:login"):
        return response
    record(
        _action(notes, response),
        requests=() if status in NOT_SHOWN else shown,
        outcome=_outcome(notes, response),
        status=status,
        details=notes.details,
    )
    return response


@cache
def _harmless_pages() -> frozenset[str]:
    """The staff pages that show nothing of a patient. Whatever is not among them has to call `shows`."""
    return import_string(settings.AUDIT_HARMLESS_PAGES)


def _action(notes: Notes, response: HttpResponse) -> str:
    if notes.shown is not None:
        return notes.action
    if _leads_to_the_login(notes, response) or 400 <= response.status_code < 500:
        return Action.REFUSED
    return Action.SENT_ON if response.status_code in (301, 302) else Action.VIEW


def _outcome(notes: Notes, response: HttpResponse) -> str:
    if response.status_code >= 500:
        return Result.FAILED
    return Result.REFUSED if response.status_code >= 400 or _leads_to_the_login(notes, response) else Result.OK


def _leads_to_the_login(notes: Notes, response: HttpResponse) -> bool:
    login = reverse("admin:login")
    return notes.is_staff_page and response.get("Location", "").startswith(login)


def _held_back(notes: Notes) -> HttpResponse:
    if not notes.is_staff_page:
        title = _("We cannot look that up right now")
        message = _(
            "The fault is ours. Please try again in a few minutes, or call us. The check itself goes on working."
        )
    else:
        title = "This page cannot be shown just now"
        message = (
            "Who sees what is written down first, and that was not possible. Try again in a minute. What you sent "
            "may have been saved: look before you send it again."
        )
    return render(notes.request, "common/problem.html", {"title": title, "message": message}, status=503)


def _undeclared(notes: Notes) -> HttpResponse:
    title = "This page is held back"
    message = (
        "It does not say whose requests it shows, so that nobody could tell later who saw them. Tell the operator."
    )
    return render(notes.request, "common/problem.html", {"title": title, "message": message}, status=500)

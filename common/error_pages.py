"""Pages for when something went wrong. They say what happened and how to go on."""

import logging
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve
from django.utils.translation import activate
from django.utils.translation import gettext as _

from .outages import is_outage
from .pages import PAGES
from .plain_page import plain_page

logger = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., HttpResponse])
# The name of the buttons for other languages that send the form beside them along.
IN_LANGUAGE = "in_language"


def _problem(request: HttpRequest, status: int, title: str, message: str) -> HttpResponse:
    number = getattr(request, "request_id", "") if status >= 500 else ""
    context = {"title": title, "message": message, "number": number}
    try:
        # Where a patient calls us, staff go on with their day.
        context["is_for_staff"] = request.path_info.startswith(PAGES["today"])
        return render(request, "common/problem.html", context, status=status)
    except Exception:  # What failed may be a part of every page, and then this one fails too.
        logger.error("The page that tells of a problem has failed itself.", exc_info=True)
        return plain_page(status, PLAINLY[status], number=number)


# Fallback texts that need neither a template nor a catalogue.
PLAINLY = {
    400: "We could not read what your browser sent.",
    403: "This page is not open to you.",
    404: "There is no such page.",
    500: "Something went wrong on our side. Please call us.",
    503: "We cannot look that up right now. Please try again in a few minutes.",
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _problem(request, 400, _("We could not read that"), _("Something was wrong with what your browser sent."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _problem(request, 403, _("This page is not open to you"), _("Your account may not do this."))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _problem(request, 404, _("There is no such page"), _("Check the address, or go to the start page."))


def server_error(request: HttpRequest) -> HttpResponse:
    if is_outage(sys.exc_info()[1]):
        return _problem(
            request,
            503,
            _("We cannot look that up right now"),
            _("The fault is ours. Please try again in a few minutes, or call us. The check itself goes on working."),
        )
    return _problem(
        request, 500, _("Something went wrong on our side"), _("Please try again in a few minutes, or call us.")
    )


def shown_again(view: View) -> View:
    """For a view that shows the filled-in form again, and keeps nothing, where `status_of_showing_again` says so.

    That is where it may not come from our page, and where a button for another language was pressed beside it.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = request.POST.get(IN_LANGUAGE) if request.method == "POST" else None
        if language not in dict(settings.LANGUAGES):
            return view(request, *args, **kwargs)
        activate(language)
        sent = request.POST.copy()
        del sent[IN_LANGUAGE]
        request.POST = sent  # type: ignore[assignment]  # a copy that can be changed does as well
        request.is_in_another_language = True  # type: ignore[attr-defined]  # read by getattr
        response = view(request, *args, **kwargs)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
        return response

    guarded.is_shown_again = True  # type: ignore[attr-defined]  # functions take attributes
    return cast(View, guarded)


def status_of_showing_again(request: HttpRequest) -> int | None:
    """The status with which the filled-in form is shown again; None if it is to be taken."""
    if getattr(request, "must_be_sent_again", False):
        return 403
    return 200 if getattr(request, "is_in_another_language", False) else None


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that may not come from our page. Show it again as it was filled in, to be sent once more."""
    view = resolve(request.path_info)
    if getattr(view.func, "is_shown_again", False):
        request.must_be_sent_again = True  # type: ignore[attr-defined]  # read by getattr
        return view.func(request, *view.args, **view.kwargs)
    return _problem(
        request,
        403,
        _("Please send that page again"),
        _(
            "Your browser did not send the small file that shows the form came from you. It may have been open for "
            "a long time, or cookies may be turned off. Go back, reload the page, and send it again."
        ),
    )

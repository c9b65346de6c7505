"""Before a change of the calendar is saved: the visits and the offered times that it touches."""

from collections.abc import Callable

from django.contrib.messages.storage import default_storage
from django.http import HttpRequest, HttpResponse

import audit

from ..lifecycle.visits_to_move import Touched, survey
from .pages import staff_page

SEEN = "visits_seen"


class _NotSeenYet(Exception):
    """Takes back what was tried."""

    def __init__(self, touched: Touched) -> None:
        self.touched = touched


def shown_before(request: HttpRequest, save: Callable[[], HttpResponse]) -> HttpResponse:
    """Save, as a page of the admin does it; if that touches visits which nobody has seen, show these instead.

    What is saved is tried, compared and taken back, so that any change is known by what it does.
    """
    if request.method != "POST":
        return save()
    try:
        with audit.atomic():
            before = survey()
            response = save()
            # All else is a form that is shown again, or a question.
            if response.status_code != 302:
                return response
            touched = Touched.between(before, survey())
            if touched and request.POST.get(SEEN) != touched.digest:
                raise _NotSeenYet(touched)
            touched.put_on_the_list()
            return response
    except _NotSeenYet as unseen:
        return _shown(request, unseen.touched)


def _shown(request: HttpRequest, touched: Touched) -> HttpResponse:
    # Nothing was saved, so that what the page was going to say of it is forgotten.
    request._messages = default_storage(request)  # type: ignore[attr-defined]
    audit.shows(request, touched.requests)
    return staff_page(
        request,
        "calendar_change.html",
        title="Visits that this touches",
        touched=touched,
        typed=[
            (name, value)
            for name, values in request.POST.lists()
            if name not in (SEEN, "csrfmiddlewaretoken")
            for value in values
        ],
        seen=SEEN,
    )

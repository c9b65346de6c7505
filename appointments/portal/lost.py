"""A request that a browser was told is stored, and that is not there.

The database that confirmed it failed before it told the one that took over, or the request was erased since.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from screening.pathways import OFFERED
from screening.visitor import visitor_of


def was_confirmed(request: HttpRequest, reference: str) -> bool:
    """Whether this browser keeps, signed by us, that we have it. Costs no statement."""
    return any(visitor_of(request, pathway).notes.get("sent") == reference for pathway in OFFERED)


def page(request: HttpRequest) -> HttpResponse:
    """Says so, and what to do."""
    context = {
        "title": _("We cannot find your request any more"),
        "message": _(
            "We told you that we have it, and now it is gone. If nobody asked us to delete it, a fault on our side "
            "lost it. We are sorry. Please call us, or answer the questions and send it again."
        ),
    }
    return render(request, "common/problem.html", context, status=404)

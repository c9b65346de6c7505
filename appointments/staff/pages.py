"""What all staff pages of our own have in common."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from accounts.requests import P, StaffView, View, may
from screening.pathways import FIRST, OFFERED
from screening.questionnaire.definition import Pathway


def needs(permission: str) -> Callable[[StaffView[P]], View[P]]:
    """Only for those who have the permission; others get a 403."""

    def decorate(view: StaffView[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not may(request, permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def pathway_asked_for(request: HttpRequest) -> Pathway:
    """The one whose key stands in the address as `procedure`, else the first; see staff/_procedures.html."""
    return next((one for one in OFFERED if one.key == request.GET.get("procedure")), FIRST)


def staff_page(
    request: HttpRequest, template: str, *, title: str, status: int = 200, **context: Any
) -> TemplateResponse:
    """A page in the staff's frame. `title` must not name a patient: it stands in the browser's history."""
    return TemplateResponse(
        request,
        f"staff/{template}",
        {**admin.site.each_context(request), "title": title, "pathways": OFFERED, **context},
        status=status,
    )

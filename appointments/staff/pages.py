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


def staff_page(
    request: HttpRequest, template: str, *, title: str, status: int = 200, **context: Any
) -> TemplateResponse:
    """A page in the staff's frame. `title` must not name a patient: it stands in the browser's history."""
    return TemplateResponse(
        request,
        f"staff/{template}",
        {**admin.site.each_context(request), "title": title, **context},
        status=status,
    )

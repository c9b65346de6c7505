"""What all staff pages of our own have in common."""

from collections.abc import Callable
from functools import wraps

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse


def needs(permission: str) -> Callable:
    """Only for those who have the permission; others get a 403."""

    def decorate(view):
        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def staff_page(request: HttpRequest, template: str, *, title: str, status: int = 200, **context) -> TemplateResponse:
    """A page in the staff's frame. `title` must not name a patient: it stands in the browser's history."""
    return TemplateResponse(
        request,
        f"staff/{template}",
        {**admin.site.each_context(request), "title": title, **context},
        status=status,
    )

"""Requests of which it is known that somebody has signed in."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeGuard

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class StaffRequest(HttpRequest):
    """What a view for staff gets. For types only: those of a plain request say that anybody may have sent it."""

    user: User


P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
StaffView = Callable[Concatenate[StaffRequest, P], HttpResponseBase]


def may(request: HttpRequest, permission: str) -> TypeGuard[StaffRequest]:
    return request.user.has_perm(permission)


def is_of_staff(request: HttpRequest) -> TypeGuard[StaffRequest]:
    return request.user.is_active and request.user.is_staff


def page_of(request: HttpRequest) -> str:
    """The name of the address, without its namespace; empty where it has none."""
    match = request.resolver_match
    return (match.url_name if match else None) or ""

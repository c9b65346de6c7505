"""Keeps a request, whatever retention says. It can go on being worked on."""

from django.contrib.auth.models import User

from ...models import AppointmentRequest
from ..transition import Change


def place(request: AppointmentRequest, *, by: User, note: str) -> Change:
    return Change({"is_on_legal_hold": True}, note=note)


def lift(request: AppointmentRequest, *, by: User, note: str) -> Change:
    return Change({"is_on_legal_hold": False}, note=note)

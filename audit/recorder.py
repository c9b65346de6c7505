"""Takes down what happens while a request is served, and hands it to the chain in time."""

import functools
import ipaddress
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone

from common.client_address import address_of

from . import chain, nameless
from .models import AuditEntry
from .numbers import Numbers, columns_for

Action, Result, Who = AuditEntry.Action, AuditEntry.Result, AuditEntry.Who


@dataclass
class Notes:
    """What is known by now of the request that is being served. `shown` is None until its page has said it."""

    request: HttpRequest
    is_staff_page: bool
    shown: Numbers | None = None
    action: str = ""
    details: str = ""
    written: int = 0

    @property
    def page(self) -> str:
        match = self.request.resolver_match
        return (match.view_name if match else "") or ""


_now_serving: ContextVar[Notes | None] = ContextVar("now_serving", default=None)
_blocks = threading.local()


@contextmanager
def serving(request: HttpRequest, *, is_staff_page: bool) -> Iterator[Notes]:
    notes = Notes(request, is_staff_page)
    token = _now_serving.set(notes)
    try:
        yield notes
    finally:
        _now_serving.reset(token)


def shows(
    request: HttpRequest,
    requests: Iterable[models.Model | int | None] = (),
    *,
    action: str = Action.VIEW,
    details: str = "",
) -> None:
    """Say which requests the page that is being made shows; of a page that shows none, say so too.

    Staff get no page that has not said it. May be called more than once: all of it counts, and the last action.
    `details` must say nothing about a patient, nor anything that was typed.
    """
    notes = _now_serving.get()
    if notes is None or notes.request is not request:
        # Somebody called a view and not an address, as Django does to log in.
        return
    if isinstance(requests, Numbers):
        notes.shown = requests
    else:
        notes.shown = notes.shown or Numbers()
        for one in requests:
            if one is not None:
                notes.shown.add(one if isinstance(one, int) else one.pk)
    notes.action, notes.details = action, details


def record(
    action: str,
    *,
    by: AbstractBaseUser | AnonymousUser | None = None,
    who: str = "",
    requests: Iterable[models.Model | int] = (),
    outcome: str = Result.OK,
    status: int | None = None,
    details: str = "",
    username: str = "",
) -> None:
    """Write one entry: at once, or within `atomic` when that ends. Raises if it cannot be written.

    What nobody in particular did is counted instead; see nameless.py. Without `by` and `who` it was whoever sent the
    request that is being served, or the system.
    """
    notes = _now_serving.get()
    numbers: Iterable[int] = requests if isinstance(requests, Numbers) else map(_number_of, requests)
    entry = AuditEntry(
        at=timezone.now(),
        action=action,
        outcome=outcome,
        status=status,
        details=details[:200],
        **_who(notes, by, who, username),
        **_where(notes),
        **columns_for(numbers),
    )
    if not nameless.is_counted(entry):
        _keep(entry)
    elif notes:
        notes.written += 1


def seal_the_nameless() -> None:
    """Write what was counted, one entry a kind."""
    with atomic():
        for entry in nameless.take():
            _keep(entry)


@contextmanager
def atomic() -> Iterator[None]:
    """A transaction at whose end the entries are written that were recorded in it: all of it, or nothing.

    At the end, because the chain is locked from then on. A verb that does more than one change needs this around it.
    """
    if not hasattr(_blocks, "open"):
        _blocks.open = []
    stack = _blocks.open
    depth = len(stack)
    with transaction.atomic():
        stack.append([])
        try:
            yield
            entries = stack[depth]
        finally:
            del stack[depth:]
        if stack:
            stack[-1].extend(entries)
        elif entries:
            _write(entries)


def _keep(entry: AuditEntry) -> None:
    open_blocks = getattr(_blocks, "open", None)
    if open_blocks:
        open_blocks[-1].append(entry)
    else:
        _write([entry])


def _number_of(request: models.Model | int) -> int:
    return request if isinstance(request, int) else request.pk


def _write(entries: list[AuditEntry]) -> None:
    chain.append(entries)
    if notes := _now_serving.get():
        notes.written += len(entries)


def _who(notes: Notes | None, by: AbstractBaseUser | AnonymousUser | None, who: str, username: str) -> dict:
    if by is None and not who and notes:
        by = getattr(notes.request, "user", None) if notes.is_staff_page else None
        who = Who.NOBODY if notes.is_staff_page else Who.PATIENT
    if by is not None and by.pk is not None:
        return {"who": Who.STAFF, "user_id": by.pk, "username": by.get_username()}
    return {"who": who or Who.SYSTEM, "username": username}


def _where(notes: Notes | None) -> dict:
    if notes is None:
        return {}
    return {
        "address": _valid(address_of(notes.request)),
        "page": notes.page[:100],
        "method": (notes.request.method or "")[:10],
    }


@functools.lru_cache(maxsize=1024)
def _valid(address: str) -> str:
    """A forwarded address may be any text."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""

"""The buttons of the call sheet: which verb is offered when, what it asks for, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from . import booking, calls, queue, staff_forms
from .models import AppointmentRequest, Status


@dataclass(frozen=True)
class Verb:
    key: str
    label: str
    form: type[staff_forms.VerbForm]
    do: Callable
    is_offered: Callable[[AppointmentRequest, object], bool]
    done: str


def _is_held(request, user):
    return request.status == Status.CLAIMED and request.claimed_by == user


def _is_booked(request, user):
    return request.status == Status.BOOKED


def _can_be_closed(request, user):
    visit_is_over = _is_booked(request, user) and request.appointment.starts_at <= timezone.now()
    return _is_held(request, user) or visit_is_over


VERBS = (
    Verb(
        "claim",
        "Claim",
        staff_forms.VerbForm,
        queue.claim,
        lambda request, user: request.status == Status.WAITING,
        "You hold this request now.",
    ),
    Verb("log-call", "Log a call", staff_forms.LogCallForm, calls.log_call, _is_held, "The call is logged."),
    Verb("book", "Book a visit", staff_forms.BookForm, booking.book, _is_held, "The visit is booked."),
    Verb("reschedule", "Move the visit", staff_forms.BookForm, booking.reschedule, _is_booked, "The visit is moved."),
    Verb(
        "cancel",
        "Cancel the visit",
        staff_forms.CancelForm,
        booking.cancel,
        _is_booked,
        "The visit is cancelled. The request is back in the queue.",
    ),
    Verb("close", "Close", staff_forms.CloseForm, queue.close, _can_be_closed, "The request is closed."),
    Verb(
        "release",
        "Give back",
        staff_forms.NoteForm,
        queue.release,
        lambda request, user: request.status == Status.CLAIMED,
        "The request is back in the queue.",
    ),
    Verb(
        "reopen",
        "Reopen",
        staff_forms.NoteForm,
        queue.reopen,
        lambda request, user: request.status == Status.CLOSED,
        "The request is back in the queue.",
    ),
)

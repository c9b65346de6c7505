"""The buttons of the call sheet: which verb is offered when, what it asks for, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from ..lifecycle import forms
from ..lifecycle.effects import booking, calls, claiming, contact, nurse, offers, undo
from ..lifecycle.transition import has_lapsed
from ..models import AppointmentRequest, NurseCheck, Status
from ..operations import retention
from .pages import ERASE, SEE, WORK


@dataclass(frozen=True)
class Verb:
    """`ends_the_call` says that the sheet is done with, so that the page with the next call should come next."""

    key: str
    label: str
    form: type[forms.VerbForm]
    do: Callable
    is_offered: Callable[[AppointmentRequest, object], bool]
    done: str
    ends_the_call: bool = False
    permission: str = WORK
    access_key: str = ""


def _is_free(request, user):
    return request.status == Status.WAITING or (has_lapsed(request) and request.claimed_by != user)


def _is_held(request, user):
    return request.status == Status.CLAIMED and request.claimed_by == user


def _is_booked(request, user):
    return request.status == Status.BOOKED


def _can_be_closed(request, user):
    visit_is_over = _is_booked(request, user) and request.appointment.starts_at <= timezone.now()
    return _is_held(request, user) or visit_is_over


VERBS = (
    Verb("claim", "Claim", forms.VerbForm, claiming.claim, _is_free, "You hold this request now."),
    Verb("log-call", "Log a call", forms.LogCallForm, calls.log_call, _is_held, "The call is logged.", True),
    Verb(
        "book", "Book a visit", forms.BookForm, booking.book, _is_held, "The visit is booked.", True, access_key="b"
    ),
    Verb(
        "offer",
        "Offer times to choose from",
        forms.OfferForm,
        offers.offer,
        _is_held,
        "The times are offered. The sheet says whether the link was sent; you can also read it out.",
    ),
    Verb(
        "reschedule",
        "Move the visit",
        forms.RescheduleForm,
        booking.reschedule,
        _is_booked,
        "The visit is moved.",
    ),
    Verb(
        "cancel",
        "Cancel the visit",
        forms.CancelForm,
        booking.cancel,
        _is_booked,
        "The visit is cancelled. The request is back in the queue.",
    ),
    Verb(
        "ask-nurse",
        "Ask the nurse",
        forms.NoteForm,
        nurse.ask,
        lambda request, user: _is_held(request, user) and request.nurse_check != NurseCheck.ASKED,
        "The nurse sees your question in her list.",
    ),
    Verb(
        "skip",
        "Skip",
        forms.SkipForm,
        claiming.skip,
        _is_held,
        "Skipped: it is back in the queue for others.",
        True,
        access_key="k",
    ),
    Verb(
        "close",
        "Close",
        forms.CloseForm,
        claiming.close,
        _can_be_closed,
        "The request is closed.",
        True,
        access_key="c",
    ),
    Verb(
        "correct",
        "Correct contact details",
        forms.CorrectForm,
        contact.correct,
        lambda request, user: request.status != Status.CLOSED,
        "The details are corrected.",
    ),
    Verb(
        "release",
        "Give back",
        forms.NoteForm,
        claiming.release,
        lambda request, user: request.status == Status.CLAIMED,
        "The request is back in the queue.",
        True,
    ),
    Verb(
        "reopen",
        "Reopen",
        forms.NoteForm,
        claiming.reopen,
        lambda request, user: request.status == Status.CLOSED,
        "The request is back in the queue.",
    ),
    Verb(
        "undo",
        "Take back the last step",
        forms.VerbForm,
        undo.undo,
        lambda request, user: undo.what_can_be_undone(request, by=user) is not None,
        "Taken back.",
        # Nurses too: what somebody may take back they did themselves.
        permission=SEE,
    ),
    Verb(
        "hold",
        "Place a legal hold",
        forms.ReasonForm,
        retention.place_hold,
        lambda request, user: not request.is_on_legal_hold,
        "This request is kept until the hold is lifted.",
        permission=ERASE,
    ),
    Verb(
        "lift-hold",
        "Lift the legal hold",
        forms.ReasonForm,
        retention.lift_hold,
        lambda request, user: request.is_on_legal_hold,
        "The hold is lifted.",
        permission=ERASE,
    ),
    Verb(
        "erase",
        "Erase for good",
        forms.EraseForm,
        retention.erase,
        lambda request, user: not request.is_on_legal_hold,
        "Everything about this request is erased.",
        True,
        permission=ERASE,
    ),
)

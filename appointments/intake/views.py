"""Asking for a visit: a few short steps after a result that offers one. Nothing is stored before the last is sent."""

import logging
import time
from dataclasses import dataclass
from uuid import UUID

from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

import audit
from common.client_address import address_of
from common.error_pages import shown_again, status_of_showing_again
from common.outages import is_outage
from screening.visitor import MYSELF, Visitor, remember, visitor_of

from .. import reference
from ..lifecycle.status_words import next_step, status_in_words
from ..models import AppointmentRequest
from ..portal import guesses, lost
from ..portal.views import MAX_AGE, summary_of
from . import submit
from .forms import AboutWhom, CallForm, ConsentForm, StepForm, VisitQuestionsForm, WhoForm, contact_of
from .in_words import Said, said
from .origin import Origin

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    key: str
    title: Promise
    form: type[StepForm]


STEPS = (
    Step("questions", _("To plan your visit"), VisitQuestionsForm),
    Step("who", _("Who is the visit for?"), WhoForm),
    Step("call", _("How should we call you?"), CallForm),
    Step("check", _("Check before you send"), ConsentForm),
)


# The name of the button for who finds on the way that the visit is not for whom it was said.
WHOSE = "whose"
# Nobody reads and answers fifteen pages in less.
FEWEST_SECONDS = 20


@require_safe
def ask(request: HttpRequest) -> HttpResponse:
    return redirect("appointments:step", key=STEPS[0].key)


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, key: str) -> HttpResponse:
    position = next((position for position, step in enumerate(STEPS) if step.key == key), None)
    if position is None:
        raise Http404
    visitor = visitor_of(request)
    if not _may_ask(visitor):
        return redirect("appointments:sent" if _sent_reference(visitor) else "screening:result")
    forms = _filled_in(visitor)
    if (first_open := _first_open(forms)) < position:
        return redirect("appointments:step", key=STEPS[first_open].key)

    if request.method != "POST":
        blank = STEPS[position].form(**_about(visitor))
        return _step_page(request, visitor, forms, position, forms[position] or blank)
    if whose := request.POST.get(WHOSE):
        return _asked_for(request, visitor, forms, position, is_someone_else=whose != MYSELF)
    form = STEPS[position].form(request.POST, **_about(visitor))
    if again := status_of_showing_again(request):
        shown = form if again == 403 else form.unjudged()
        return _step_page(request, visitor, forms, position, shown, status=again)
    if not form.is_valid():
        page = _step_page(request, visitor, forms, position, form, status=422)
        # Whoever asks for the page in the other language now must find it as it is.
        return remember(page, visitor.with_notes(**{key: form.typed()})) if form.is_short else page
    forms[position] = form
    visitor = visitor.with_notes(**{key: form.typed()})
    if position + 1 < len(STEPS):
        following = min(_first_open(forms), len(STEPS) - 1) if "change" in request.GET else position + 1
        return remember(redirect("appointments:step", key=STEPS[following].key), visitor)
    try:
        stored = _submit(request, visitor, *(one for one in forms if one))
        # Another look at the database, which may be gone by now.
        earlier = stored.earlier
    except submit.TooManyFromOneAddress:
        return _step_page(request, visitor, forms, position, form, status=429)
    except Error as error:
        if not is_outage(error):
            raise
        # What the database says may hold values and addresses.
        logger.warning("A request for a visit could not be stored yet: %s", type(error).__name__)
        return _step_page(request, visitor, forms, position, form, status=503)
    notes = {"sent": stored.reference, "sent_at": time.time()}
    # Whoever knows somebody's birthday and phone must not learn by them of an earlier request, nor what opens it.
    if earlier and earlier.reference == _sent_reference(visitor):
        notes["earlier"] = earlier.reference
    response = remember(redirect("appointments:sent"), visitor.new_with(**notes))
    guesses.remember(request, response, stored)
    return response


def _asked_for(
    request: HttpRequest, visitor: Visitor, forms: list[StepForm | None], position: int, *, is_someone_else: bool
) -> HttpResponse:
    """The same step, filled in as far as it goes, for whom it really is."""
    typed = {name: values for name, values in request.POST.lists() if name != WHOSE}
    visitor = visitor.with_notes(for_someone_else=is_someone_else)
    form = STEPS[position].form.from_typed(typed, **_about(visitor)).unjudged()
    return remember(_step_page(request, visitor, forms, position, form), visitor)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    visitor = visitor_of(request)
    if not _sent_reference(visitor):
        return redirect("screening:start")
    earlier = visitor.notes.get("earlier")
    try:
        stored = _just_sent(request, visitor)
    except AppointmentRequest.DoesNotExist:
        return lost.page(request)
    context = {
        "reference": reference.grouped(visitor.notes["sent"]),
        "earlier": earlier and reference.grouped(earlier),
        "for_someone_else": bool(stored and stored.filled_in_by),
        "rows": said(stored, stored.answers, stored.asked.visit_questions) if stored else [],
        "next_step": stored and next_step(stored),
        # Once anything has happened with it, what comes next is another thing.
        "status": status_in_words(stored) if stored and stored.version else "",
        "pathway": visitor.journey.pathway,
    }
    return render(request, "intake/sent.html", context)


@require_safe
def sent_summary(request: HttpRequest) -> HttpResponse:
    """As long as a request that was looked up stays open; then the birthday is asked for."""
    visitor = visitor_of(request)
    if not _is_fresh(visitor):
        return redirect("appointments:status")
    stored = AppointmentRequest.objects.filter(reference=visitor.notes["sent"]).first()
    if stored is None:
        return lost.page(request)
    audit.shows(request, [stored])
    return summary_of(request, stored, back=reverse("appointments:sent"))


def _about(visitor: Visitor) -> AboutWhom:
    return {"pathway": visitor.journey.pathway, "for_someone_else": visitor.is_someone_else}


def _is_fresh(visitor: Visitor) -> bool:
    return time.time() - visitor.notes.get("sent_at", 0) <= MAX_AGE


def _just_sent(request: HttpRequest, visitor: Visitor) -> AppointmentRequest | None:
    """What was stored, for as long as it is shown without asking for the birthday; None while nobody can look.

    Raises DoesNotExist if it is not there any more.
    """
    if not _is_fresh(visitor):
        return None
    try:
        stored = AppointmentRequest.objects.get(reference=visitor.notes["sent"])
        audit.shows(request, [stored])
    except Error as error:
        if not is_outage(error):
            raise
        return None
    return stored


def _may_ask(visitor: Visitor) -> bool:
    return visitor.journey.is_complete and visitor.journey.assessment.outcome.offers_visit


def _sent_reference(visitor: Visitor) -> str | None:
    return visitor.notes.get("sent")


def _filled_in(visitor: Visitor) -> list[StepForm | None]:
    """Each step's form with what was typed into it earlier, or None."""
    return [
        step.form.from_typed(visitor.notes[step.key], **_about(visitor)) if step.key in visitor.notes else None
        for step in STEPS
    ]


def _first_open(forms: list[StepForm | None]) -> int:
    """The first step that is not filled in, or not in a way that is valid now."""
    return next((at for at, form in enumerate(forms) if form is None or not form.is_valid()), len(forms))


def _doubts(request: HttpRequest, visitor: Visitor) -> str:
    """Signs that no person sends this. Staff see them; nothing is refused for them."""
    signs = {
        "filled in a field that people do not see": bool(request.POST.get("leave_this_empty")),
        # Less than nothing is no sign: then a clock was set back, or another server's is behind.
        "answered faster than people read": 0 <= time.time() - visitor.since < FEWEST_SECONDS,
    }
    return ", ".join(sign for sign, shows in signs.items() if shows)


def _submit(
    request: HttpRequest, visitor: Visitor, questions: StepForm, who: StepForm, call: StepForm, consent: StepForm
) -> AppointmentRequest:
    return submit.submit(
        journey_id=UUID(visitor.id),
        journey=visitor.journey,
        visit_answers=questions.cleaned_data,
        contact=contact_of(who, call, consent),
        origin=Origin.of_link(visitor.came_from),
        doubts=_doubts(request, visitor),
        sent_from=address_of(request),
    )


def _step_page(
    request: HttpRequest,
    visitor: Visitor,
    forms: list[StepForm | None],
    position: int,
    form: StepForm,
    status: int = 200,
) -> HttpResponse:
    is_last = position + 1 == len(STEPS)
    comes_from_last = "change" in request.GET and _first_open(forms) >= len(STEPS) - 1
    before = STEPS[position - 1] if position else None
    context = {
        "step": STEPS[position],
        "form": form,
        "number": position + 1,
        "length": len(STEPS),
        "previous": STEPS[-1] if comes_from_last else before,
        "is_last": is_last,
        "rows": _said(forms, visitor) if is_last else [],
        "for_someone_else": visitor.is_someone_else,
        "says_whose": STEPS[position].form is not VisitQuestionsForm,
        "may_be_for_another": STEPS[position].form is WhoForm,
        "could_not_store": status == 503,
        "too_many": status == 429,
        "must_be_sent_again": status == 403,
    }
    return render(request, "intake/step.html", context, status=status)


def _said(forms: list[StepForm | None], visitor: Visitor) -> list[Said]:
    questions, who, call, *_consent = forms
    if not (questions and who and call):
        raise ValueError("the steps before are not filled in")
    return said(contact_of(who, call), questions.cleaned_data, visitor.journey.pathway.visit_questions)

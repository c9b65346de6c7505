"""The private link by which a patient chooses one of the times that staff offered."""

import datetime
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

import audit
from audit.models import AuditEntry
from common.error_pages import shown_again, status_of_showing_again
from common.strict_form import StrictForm

from ..calendar.moments import visit_in_words
from ..fields import DateOfBirthField
from ..lifecycle import offered_times, status_words
from ..lifecycle.definition import CHOOSE, NONE_SUITS, OFFER
from ..lifecycle.transition import Refused, perform
from ..models import AppointmentRequest, OfferedTime, Status
from . import guesses
from .views import CHANGED, opened

NONE = "none"
WRONG = "another date of birth"


class ChooseForm(StrictForm):
    time = forms.ChoiceField(
        label=gettext_lazy("Which time suits you?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose one of the times, or say that none suits you."),
            "invalid_choice": gettext_lazy("Somebody took that time just now. Choose another."),
        },
    )
    wish = forms.CharField(
        label=gettext_lazy("If none suits you: which days and times would?"),
        max_length=300,
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, found: AppointmentRequest, times: list[OfferedTime], data: QueryDict | None = None) -> None:
        super().__init__(data, label_suffix="")
        offered = [(str(time.pk), _in_words(time, found)) for time in times]
        self.choice_field("time").choices = [*offered, (NONE, _("None of these times suits me"))]

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        if entered.get("wish") and entered.get("time", NONE) != NONE:
            words = _("You wrote about other times. Choose that none suits you, or clear the box below.")
            self.add_error("time", words)
        return entered


class ChooseByLinkForm(ChooseForm):
    """Programs that look through mail follow links and press buttons, and mails are passed on."""

    date_of_birth = DateOfBirthField(
        label=gettext_lazy("Date of birth of the person who needs the visit"),
        help_text=gettext_lazy("So that nobody else takes a time. For example: 3 14 1948."),
    )

    def __init__(self, found: AppointmentRequest, times: list[OfferedTime], data: QueryDict | None = None) -> None:
        super().__init__(found, times, data)
        self.born = found.date_of_birth

    def clean_date_of_birth(self) -> datetime.date:
        if self.cleaned_data["date_of_birth"] != self.born:
            raise ValidationError(_("We have another date of birth. Please check it, or call us."), code=WRONG)
        return self.born


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
def choose_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Says nothing about who the patient is, because whoever has the link sees it."""
    found = offered_times.opened_by(token)
    audit.shows(request, [found], action=AuditEntry.Action.LOOK_UP)
    if found is None:
        return _nothing_to_choose(request, found)
    return _choose(request, found, ChooseByLinkForm)


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
@opened
def choose(request: HttpRequest, found: AppointmentRequest) -> HttpResponse:
    return _choose(request, found, ChooseForm)


def _choose(request: HttpRequest, found: AppointmentRequest, form_class: type[ChooseForm]) -> HttpResponse:
    times = offered_times.open_times(found)
    if not times:
        return _nothing_to_choose(request, found)
    form = form_class(found, times, request.POST if request.method == "POST" else None)
    is_by_link = form_class is ChooseByLinkForm
    back = "" if is_by_link else reverse("appointments:yours")
    page = partial(_page, request, lead=_said_before(found), back=back)
    if request.method != "POST":
        return page(form)
    if again := status_of_showing_again(request):
        return page(form if again == 403 else form.unjudged(), status=again)
    if is_by_link:
        try:
            guesses.count_a_try(request, found.reference)
        except ValidationError as refusal:
            form.add_error(None, refusal)
            return page(form, status=429)
    if not form.is_valid():
        if form.has_error("date_of_birth", WRONG):
            guesses.was_wrong(request, found.reference, found)
        return page(form, status=422)
    try:
        if form.cleaned_data["time"] == NONE:
            perform(NONE_SUITS, found, wish=form.cleaned_data["wish"])
            thanks = {"status": _("Thank you. We will call you to find another time."), "pathway": found.asked}
            return render(request, "portal/chosen.html", thanks)
        perform(CHOOSE, found, time=next(time for time in times if str(time.pk) == form.cleaned_data["time"]))
    except Refused:
        # Perhaps by themselves, with the same press of the button sent twice.
        found.refresh_from_db()
        times = offered_times.open_times(found)
        if not times:
            return _nothing_to_choose(request, found)
        form = form_class(found, times, request.POST)
        if form.is_valid():
            form.add_error("time", CHANGED)
        return page(form, status=409)
    return _done(request, found)


def _nothing_to_choose(request: HttpRequest, found: AppointmentRequest | None) -> HttpResponse:
    if found and found.status == Status.BOOKED:
        return _done(request, found)
    context = {
        "title": _("There are no times to choose here"),
        "message": _("The link is too old, or the times are taken by now. Please call us, and we find another time."),
    }
    if found and found.status == Status.CLOSED:
        context["message"] = _("This request is closed. Please call us if you have questions or still want a visit.")
    return render(request, "common/problem.html", context, status=404)


def _done(request: HttpRequest, found: AppointmentRequest) -> HttpResponse:
    context = {
        "is_booked": found.status == Status.BOOKED and not status_words.is_past(found.appointment),
        "status": status_words.status_in_words(found),
        "map_url": found.appointment and found.appointment.place.map_url,
        "pathway": found.asked,
    }
    return render(request, "portal/chosen.html", context)


def _said_before(found: AppointmentRequest) -> str:
    """For whoever comes back by the link, or asks for the page in another language, after none suited them."""
    last = found.events.standing().filter(verb__in=(OFFER.event, NONE_SUITS.event)).last()
    if last is None or last.verb != NONE_SUITS.event:
        return ""
    return _("You told us that none of the times suits you.") + " " + _("You can still choose one.")


def _page(
    request: HttpRequest, form: ChooseForm, *, lead: str = "", back: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "title": _("Choose a time for your visit"),
        "lead": lead,
        "back": back,
        "button": _("Send my choice"),
        "must_be_sent_again": status == 403,
    }
    return render(request, "portal/status_form.html", context, status=status)


def _in_words(time: OfferedTime, found: AppointmentRequest) -> str:
    return _("{when}. {place}, {clinician}").format(
        when=visit_in_words(time.starts_at, found.zone), place=time.place.name, clinician=time.clinician.name
    )

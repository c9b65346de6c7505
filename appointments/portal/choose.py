"""The private link by which a patient chooses one of the times that staff offered."""

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

import audit
from audit.models import AuditEntry
from common.error_pages import shown_again
from common.strict_form import StrictForm

from ..lifecycle import offered_times
from ..lifecycle.definition import CHOOSE
from ..lifecycle.transition import Refused, perform
from ..models import AppointmentRequest, OfferedTime, Status
from . import status_words


class ChooseForm(StrictForm):
    time = forms.ChoiceField(widget=forms.RadioSelect)

    def __init__(self, times: list[OfferedTime], data: QueryDict | None = None) -> None:
        super().__init__(data, label_suffix="")
        self.fields["time"].label = _("Choose a time for your visit")
        self.fields["time"].error_messages["required"] = _("Choose one of the times.")
        self.fields["time"].error_messages["invalid_choice"] = _("Somebody took that time just now. Choose another.")
        self.choice_field("time").choices = [(str(time.pk), _in_words(time)) for time in times]


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, token: str) -> HttpResponse:
    """Says nothing about who the patient is, because whoever has the link sees it."""
    found = offered_times.opened_by(token)
    audit.shows(request, [found], action=AuditEntry.Action.LOOK_UP)
    times = offered_times.open_times(found) if found else []
    if found is None or not times:
        return _nothing_to_choose(request, found)
    form = ChooseForm(times, request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _page(request, form)
    if getattr(request, "must_be_sent_again", False):
        return _page(request, form, status=403)
    if not form.is_valid():
        return _page(request, form, status=422)
    chosen = next(time for time in times if str(time.pk) == form.cleaned_data["time"])
    try:
        perform(CHOOSE, found, time=chosen)
    except Refused:
        # Perhaps by themselves, with the same press of the button sent twice.
        found.refresh_from_db()
        times = offered_times.open_times(found)
        if not times:
            return _nothing_to_choose(request, found)
        form = ChooseForm(times, request.POST)
        if form.is_valid():
            form.add_error(
                "time", _("We worked on your request just now. Please check it and press the button again.")
            )
        return _page(request, form, status=409)
    return _done(request, found)


def _nothing_to_choose(request: HttpRequest, found: AppointmentRequest | None) -> HttpResponse:
    if found and found.status == Status.BOOKED:
        return _done(request, found)
    context = {
        "title": _("There are no times to choose here"),
        "message": _("The link is too old, or the times are taken by now. Please call us, and we find another time."),
    }
    return render(request, "common/problem.html", context, status=404)


def _done(request: HttpRequest, found: AppointmentRequest) -> HttpResponse:
    return render(request, "portal/chosen.html", {"status": status_words.status_in_words(found)})


def _page(request: HttpRequest, form: ChooseForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "title": _("Choose a time for your visit"),
        "button": _("Take this time"),
        "must_be_sent_again": status == 403,
    }
    return render(request, "portal/status_form.html", context, status=status)


def _in_words(time: OfferedTime) -> str:
    local = localtime(time.starts_at)
    return _("{date} at {time}, {place}, {clinician}").format(
        date=date_format(local, "DATE_FORMAT"),
        time=date_format(local, "TIME_FORMAT"),
        place=time.place.name,
        clinician=time.clinician.name,
    )

"""The holidays of the law in the country and a state, for a year ahead: offered, and taken or left by a manager."""

import datetime
from typing import Any

import holidays
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest

from ..models import Holiday
from ..roles import MANAGE
from . import calendar_change
from .pages import needs, staff_page

A_YEAR = datetime.timedelta(days=365)
TABLE = "admin:appointments_holiday_changelist"


class ChosenForm(forms.Form):
    """Those of the country are ticked at first, those of the state alone are not."""

    days = forms.MultipleChoiceField(
        label="On these days we are closed",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick the days on which you are closed.", "invalid_choice": "Choose again."},
    )

    def __init__(self, data: Any, state: str) -> None:
        offered, of_the_country = _offered(state), _offered("")
        super().__init__(data, initial={"days": [day.isoformat() for day in offered if day in of_the_country]})
        self.offered = {day.isoformat(): Holiday(date=day, name=name[:60]) for day, name in offered.items()}
        days: Any = self.fields["days"]
        days.choices = [(key, f"{one.date:%a, %b %-d, %Y}: {one.name}") for key, one in self.offered.items()]


@needs(MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: StaffRequest) -> HttpResponse:
    audit.shows(request)
    if settings.PHONE_REGION not in holidays.list_supported_countries():
        messages.error(request, f"The holidays of {settings.PHONE_REGION} are not known here. Add them by hand.")
        return redirect(TABLE)
    states = holidays.country_holidays(settings.PHONE_REGION).subdivisions
    asked = request.GET.get("state", "")
    state = asked if asked in states else ""
    form = ChosenForm(request.POST if request.method == "POST" else None, state)
    if form.is_valid():
        return calendar_change.shown_before(request, lambda: _add(request, form))
    return staff_page(
        request,
        "holidays_by_law.html",
        title="Error: Holidays of the law" if form.is_bound else "Holidays of the law",
        status=422 if form.is_bound else 200,
        form=form,
        states=states,
        state=state,
    )


def _add(request: StaffRequest, form: ChosenForm) -> HttpResponse:
    chosen = [form.offered[day] for day in form.cleaned_data["days"]]
    Holiday.objects.bulk_create(chosen, ignore_conflicts=True)
    messages.success(request, f"{len(chosen)} holidays added.")
    return redirect(TABLE)


def _offered(state: str) -> dict[datetime.date, str]:
    """By day, without those that are there already."""
    today = timezone.localdate()
    by_law = holidays.country_holidays(
        settings.PHONE_REGION, subdiv=state or None, years=(today.year, today.year + 1)
    )
    kept = set(Holiday.objects.values_list("date", flat=True))
    return {day: name for day, name in sorted(by_law.items()) if today <= day <= today + A_YEAR and day not in kept}

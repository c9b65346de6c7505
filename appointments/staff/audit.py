"""The auditor's page: who did and saw what. It shows requests by number only, and nothing of a patient."""

import datetime

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from audit import nameless
from audit.models import AuditEntry
from audit.numbers import about
from common.strict_form import StrictForm

from .. import reference
from ..models import AppointmentRequest
from ..roles import AUDIT
from .export import DayField
from .pages import needs, staff_page

ENTRIES_ON_A_PAGE = 50
NUMBERS_SHOWN = 12
LARGEST = 2**63 - 1


class FilterForm(forms.Form):
    """Names no patient, so that it may stand in an address. A reference comes by POST and becomes a number."""

    who = forms.CharField(
        label="User name", max_length=150, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )
    kind = forms.ChoiceField(label="By", choices=[("", "Anybody"), *AuditEntry.Who.choices], required=False)
    action = forms.ChoiceField(choices=[("", "Any"), *AuditEntry.Action.choices], required=False)
    day = DayField()
    record = forms.IntegerField(label="Number of the request", min_value=1, max_value=LARGEST, required=False)
    before = forms.IntegerField(min_value=1, max_value=LARGEST, required=False, widget=forms.HiddenInput)


class ReferenceForm(StrictForm):
    reference = forms.CharField(
        label="Reference of a request",
        max_length=40,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Enter a reference, like R7M-343-N4X."},
    )

    def clean_reference(self) -> int:
        parsed = reference.parse(self.cleaned_data["reference"])
        found = AppointmentRequest.objects.filter(reference=parsed).values_list("pk", flat=True).first()
        if parsed is None or found is None:
            raise forms.ValidationError("There is no request with this reference.")
        return found


@require_http_methods(["GET", "HEAD", "POST"])
@needs(AUDIT)
def page(request: StaffRequest) -> HttpResponse:
    """The newest entries that fit, page by page; each costs as much as the first."""
    by_reference = ReferenceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not by_reference.is_valid():
            return _page(request, FilterForm({}), by_reference, status=422)
        return _page(request, FilterForm({"record": by_reference.cleaned_data["reference"]}), by_reference)
    filters = FilterForm(request.GET)
    return _page(request, filters, by_reference, status=200 if filters.is_valid() else 400)


def _page(request: StaffRequest, filters: FilterForm, by_reference: ReferenceForm, status: int = 200) -> HttpResponse:
    chosen = filters.cleaned_data if filters.is_valid() and status == 200 else {}
    entries = list(_fitting(**chosen)[: ENTRIES_ON_A_PAGE + 1]) if status == 200 else []
    shown = entries[:ENTRIES_ON_A_PAGE]
    kept = {name: str(value) for name, value in chosen.items() if value and name != "before"}
    # Of the requests themselves nothing is shown, so that this does not count as seeing them.
    record = chosen.get("record")
    audit.shows(request, action=AuditEntry.Action.LIST, details=f"audit of request {record}" if record else "audit")
    return staff_page(
        request,
        "audit.html",
        title=f"{'Error: ' if status >= 400 else ''}Audit",
        status=status,
        filters=filters,
        by_reference=by_reference,
        record=record,
        rows=[{"entry": entry, "numbers": _numbers(entry)} for entry in shown],
        kept=kept,
        waiting=nameless.waiting(),
        before=shown[-1].seq if len(entries) > ENTRIES_ON_A_PAGE else None,
    )


def _fitting(
    *,
    who: str = "",
    kind: str = "",
    action: str = "",
    day: datetime.date | None = None,
    record: int | None = None,
    before: int | None = None,
) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.order_by("-seq").defer("packed")
    if who:
        entries = entries.filter(username=who)
    if kind:
        entries = entries.filter(who=kind)
    if action:
        entries = entries.filter(action=action)
    if day:
        midnight = timezone.make_aware(
            datetime.datetime.combine(day, datetime.time.min), timezone.get_default_timezone()
        )
        entries = entries.filter(at__gte=midnight, at__lt=midnight + datetime.timedelta(days=1))
    if record:
        entries = entries.filter(about(record))
    return entries.filter(seq__lt=before) if before else entries


def _numbers(entry: AuditEntry) -> str:
    if entry.count > NUMBERS_SHOWN:
        return f"{entry.count} requests"
    return ", ".join(entry.numbers.split())

"""Takes requests out of here into a spreadsheet, for a purpose that is written down first."""

import logging
from typing import Any

from django import forms
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from audit.models import AuditEntry
from common.strict_form import StrictForm

from ..fields import validate_year
from ..models import ExportLog, Language
from ..reporting import export
from ..roles import MANAGE
from .pages import needs, staff_page

logger = logging.getLogger(__name__)

PAST_EXPORTS_SHOWN = 20


class DayField(forms.DateField):
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], validators=[validate_year], required=False, **kwargs)


class FilterForm(forms.Form):
    """Names nobody, so that it may stand in an address."""

    state = forms.ChoiceField(label="Requests", choices=export.State)
    since = DayField(label="Asked on or after")
    until = DayField(label="Asked on or before")
    language = forms.ChoiceField(choices=[("", "Any"), *Language.choices], required=False)

    def clean(self) -> dict[str, Any]:
        super().clean()
        entered = self.cleaned_data
        since, until = entered.get("since"), entered.get("until")
        if since and until and since > until:
            self.add_error("until", "Choose a day that is not before the first one.")
        return entered


class PurposeForm(StrictForm):
    purpose = forms.CharField(
        label="What is this export for?",
        max_length=200,
        help_text="It is kept with your name. Do not write about patients here.",
        error_messages={"required": "Write down what this export is for."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs(MANAGE)
def page(request: StaffRequest) -> HttpResponseBase:
    """Says how many requests a filter has; sends them to those who say what for."""
    filters = FilterForm({"state": export.State.OPEN, **request.GET.dict()})
    if not filters.is_valid():
        return _form(request, filters, status=400)
    requests = export.fitting(**filters.cleaned_data)
    if request.method != "POST":
        return _form(request, filters, rows=requests.count(), purpose=PurposeForm())
    purpose = PurposeForm(request.POST)
    if not purpose.is_valid():
        return _form(request, filters, rows=requests.count(), purpose=purpose, status=422)
    chosen = {name: str(value) for name, value in filters.cleaned_data.items() if value}
    numbers = audit.Numbers(requests.values_list("pk", flat=True).iterator())
    log = ExportLog.objects.create(
        by=request.user, filters=chosen, purpose=purpose.cleaned_data["purpose"], rows=numbers.count
    )
    details = f"export {log.pk}: {', '.join(' '.join(pair) for pair in chosen.items())}"
    audit.shows(request, numbers, action=AuditEntry.Action.EXPORT, details=details)
    logger.info("Export %s of %s requests by user %s", log.pk, log.rows, request.user.pk)
    name = f"visit-requests-{timezone.localtime():%Y-%m-%d-%H%M}.csv"
    return StreamingHttpResponse(
        export.table(requests, numbers),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _form(
    request: StaffRequest,
    filters: FilterForm,
    *,
    rows: int | None = None,
    purpose: PurposeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    audit.shows(request)
    return staff_page(
        request,
        "export.html",
        title=f"{'Error: ' if status >= 400 else ''}Export",
        status=status,
        filters=filters,
        rows=rows,
        purpose=purpose,
        query=request.GET.urlencode(),
        past_exports=ExportLog.objects.select_related("by")[:PAST_EXPORTS_SHOWN],
    )

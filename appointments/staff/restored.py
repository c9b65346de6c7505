"""After a restore a manager decides which of the messages that wait in the copy are still sent."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from accounts.views import after_a_fresh_code
from audit.models import AuditEntry
from common.strict_form import StrictForm

from ..models import Incarnation
from ..operations import restores
from ..roles import MANAGE
from .pages import needs, staff_page

MOST_SHOWN = 100


class DecisionForm(StrictForm):
    """To drop without a message means all of them."""

    decision = forms.ChoiceField(choices=[(one, one) for one in ("drop", "go-on")])
    message = forms.UUIDField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(MANAGE)
@after_a_fresh_code
def page(request: StaffRequest) -> HttpResponse:
    restored = Incarnation.objects.restored()
    waiting = restores.undecided(restored) if restored else None
    if request.method == "POST":
        audit.shows(request)
        form = DecisionForm(request.POST)
        if restored is None or waiting is None or not form.is_valid():
            messages.error(request, "There is nothing of the kind to decide.")
        elif form.cleaned_data["decision"] == "drop":
            one = form.cleaned_data["message"]
            count = restores.drop(waiting.filter(pk=one) if one else waiting, by=request.user)
            messages.success(request, f"{count} dropped.")
        else:
            count = restores.acknowledge(restored, by=request.user)
            messages.success(request, f"Workers go on. {count} to be sent.")
        return redirect("admin:restored")
    shown = list(waiting.select_related("request")[:MOST_SHOWN]) if waiting is not None else []
    audit.shows(request, [message.request for message in shown], action=AuditEntry.Action.LIST)
    return staff_page(
        request,
        "restored.html",
        title="Restored",
        restored=restored,
        groups=restores.groups(restored) if restored else [],
        count=waiting.count() if waiting is not None else 0,
        shown=shown,
    )

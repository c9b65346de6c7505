"""Messages that did not get out, or perhaps did: to be sent again by hand, and what is being tried."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from audit.models import AuditEntry
from common.strict_form import StrictForm

from ..delivery import outbox
from ..models import Message
from ..roles import WORK
from .pages import needs, staff_page

MOST_SHOWN = 100


class SendAgainForm(StrictForm):
    """Without a message, all are meant that surely did not arrive."""

    message = forms.UUIDField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(WORK)
def page(request: StaffRequest) -> HttpResponse:
    failed, unsure, put_off = Message.objects.failed(), Message.objects.unsure(), Message.objects.put_off()
    if request.method == "POST":
        form = SendAgainForm(request.POST)
        if not form.is_valid():
            messages.error(request, "This message is not known.")
            return redirect("admin:messages")
        one = form.cleaned_data["message"]
        chosen = Message.objects.filter(pk=one) if one else failed | put_off.filter(handed_over_at=None)
        count = outbox.send_again(chosen, by=request.user)
        messages.success(request, f"{count} to be sent again." if count else "It waits to be sent already.")
        return redirect("admin:messages")
    failed_shown, unsure_shown = (
        list(found.select_related("request").order_by("-done_at", "pk")[:MOST_SHOWN]) for found in (failed, unsure)
    )
    trying = list(put_off.select_related("request").order_by("send_at", "pk")[:MOST_SHOWN])
    shown = [message.request for message in (*failed_shown, *unsure_shown, *trying)]
    audit.shows(request, shown, action=AuditEntry.Action.LIST)
    return staff_page(
        request,
        "messages.html",
        title="Messages",
        has_ehr=bool(settings.EHR_URL),
        count=failed.count(),
        failed=failed_shown,
        count_unsure=unsure.count(),
        unsure=unsure_shown,
        trying=trying,
        waiting=Message.objects.filter(state=Message.State.WAITING).count(),
    )

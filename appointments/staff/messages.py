"""Messages that did not get out: what failed for good, to be sent again by hand, and what is being tried."""

from django import forms
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
    """Without a message, all that failed are meant."""

    message = forms.UUIDField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(WORK)
def page(request: StaffRequest) -> HttpResponse:
    failed = Message.objects.filter(state=Message.State.FAILED)
    if request.method == "POST":
        form = SendAgainForm(request.POST)
        if not form.is_valid():
            messages.error(request, "This message is not known.")
            return redirect("admin:messages")
        one = form.cleaned_data["message"]
        count = outbox.send_again(failed.filter(pk=one) if one else failed, by=request.user)
        messages.success(request, f"{count} to be sent again." if count else "It waits to be sent already.")
        return redirect("admin:messages")
    failed_shown = list(failed.select_related("request").order_by("-done_at", "pk")[:MOST_SHOWN])
    waiting = Message.objects.filter(state=Message.State.WAITING)
    trying = list(waiting.filter(attempts__gt=0).select_related("request").order_by("send_at", "pk")[:MOST_SHOWN])
    audit.shows(request, [message.request for message in (*failed_shown, *trying)], action=AuditEntry.Action.LIST)
    return staff_page(
        request,
        "messages.html",
        title="Messages",
        count=failed.count(),
        failed=failed_shown,
        trying=trying,
        waiting=waiting.count(),
    )

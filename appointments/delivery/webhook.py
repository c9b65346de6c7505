"""Where providers report what patients answered, and what became of e-mails and texts."""

import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

import audit
from audit.models import AuditEntry

from .. import rate_limit
from ..models import Message
from . import arrivals, sms

Arrival = Message.Arrival

# In the provider's language; nothing in it says nothing back.
ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response>{}</Response>'


# Twilio's codes for a number that no text reaches, whatever is tried: unknown, or a landline.
NO_TEXTS_THERE = ("30005", "30006")
TEXT_STATES = {"delivered": Arrival.DELIVERED, "failed": Arrival.FAILED, "undelivered": Arrival.FAILED}
RECEIVED = "text received"
# For so long a call that somebody has overheard counts no second time.
REMEMBERED = 365 * 24 * 60 * 60


@csrf_exempt
@require_POST
def text_received(request: HttpRequest) -> HttpResponse:
    """The provider's signature stands in for the CSRF token, which only browsers have."""
    if settings.TEXTS != "twilio":
        raise Http404
    form = _signed_form(request)
    if form is None:
        return _refused()
    # The provider names each text by a number of its own, and calls again where our answer got lost.
    number = form.get("MessageSid", "")
    if number and rate_limit.is_counted(RECEIVED, number):
        return HttpResponse(format_html(ANSWER, ""), content_type="text/xml; charset=utf-8")
    words = sms.answered(form.get("From", ""), form.get("Body", ""))
    if number:
        rate_limit.count(RECEIVED, number, seconds=REMEMBERED)
    message = format_html("<Message>{}</Message>", words) if words else ""
    return HttpResponse(format_html(ANSWER, message), content_type="text/xml; charset=utf-8")


@csrf_exempt
@require_POST
def text_status(request: HttpRequest, message: uuid.UUID) -> HttpResponse:
    """What became of one text."""
    if settings.TEXTS != "twilio":
        raise Http404
    form = _signed_form(request)
    if form is None:
        return _refused()
    if arrival := TEXT_STATES.get(form.get("MessageStatus", "")):
        is_for_good = form.get("ErrorCode", "") in NO_TEXTS_THERE
        arrivals.note(message, arrival, is_for_good=is_for_good, to=form.get("To", ""))
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
def mail_events(request: HttpRequest) -> HttpResponseBase:
    """What became of e-mails. That the provider says it, anymail sees to: by its signature, or WEBHOOK_SECRET."""
    if not settings.EMAIL_PROVIDER:
        raise Http404
    from anymail.signals import tracking

    tracking.connect(arrivals.heard, dispatch_uid="arrivals")
    view = view_of_the_provider()
    if view is None:
        raise Http404
    try:
        return view(request)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as fault:
        raise SuspiciousOperation("What the mail provider sent cannot be read.") from fault


def view_of_the_provider() -> Any:
    """Anymail's view that reads what the provider of e-mails tells; None if there is none for it."""
    from anymail import urls

    name = f"{settings.EMAIL_PROVIDER}_tracking_webhook"
    return next((one.callback for one in urls.urlpatterns if one.name == name), None)


def _signed_form(request: HttpRequest) -> dict[str, str] | None:
    form = {name: request.POST[name] for name in request.POST}
    is_signed = sms.is_from_provider(
        f"{settings.SITE_URL}{request.path}", form, request.headers.get("X-Twilio-Signature", "")
    )
    return form if is_signed else None


def _refused() -> HttpResponse:
    refused, nobody = AuditEntry.Action.REFUSED, AuditEntry.Who.NOBODY
    audit.record(refused, who=nobody, outcome=AuditEntry.Result.REFUSED, status=403)
    return HttpResponse("The signature does not fit.", content_type="text/plain; charset=utf-8", status=403)

"""Where the text provider reports what patients answered."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

import audit
from audit.models import AuditEntry

from .. import rate_limit
from . import sms

# In the provider's language; nothing in it says nothing back.
ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response>{}</Response>'


RECEIVED = "text received"
# For so long a call that somebody has overheard counts no second time.
REMEMBERED = 365 * 24 * 60 * 60


@csrf_exempt
@require_POST
def text_received(request: HttpRequest) -> HttpResponse:
    """The provider's signature stands in for the CSRF token, which only browsers have."""
    if settings.TEXTS != "twilio":
        raise Http404
    url = f"{settings.SITE_URL}{reverse('appointments:text_received')}"
    form = {name: request.POST[name] for name in request.POST}
    if not sms.is_from_provider(url, form, request.headers.get("X-Twilio-Signature", "")):
        refused, nobody = AuditEntry.Action.REFUSED, AuditEntry.Who.NOBODY
        audit.record(refused, who=nobody, outcome=AuditEntry.Result.REFUSED, status=403)
        return HttpResponse("The signature does not fit.", content_type="text/plain", status=403)
    # The provider names each text by a number of its own, and calls again where our answer got lost.
    number = form.get("MessageSid", "")
    if number and rate_limit.is_counted(RECEIVED, number):
        return HttpResponse(format_html(ANSWER, ""), content_type="text/xml")
    words = sms.answered(form.get("From", ""), form.get("Body", ""))
    if number:
        rate_limit.count(RECEIVED, number, seconds=REMEMBERED)
    message = format_html("<Message>{}</Message>", words) if words else ""
    return HttpResponse(format_html(ANSWER, message), content_type="text/xml")

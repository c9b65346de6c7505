"""Where the text provider reports what patients answered."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from . import sms

# An empty answer in the provider's language: say nothing back.
NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@csrf_exempt
@require_POST
def text_received(request: HttpRequest) -> HttpResponse:
    """The provider's signature stands in for the CSRF token, which only browsers have."""
    if settings.TEXTS != "twilio":
        raise Http404
    url = f"{settings.SITE_URL}{reverse('appointments:text_received')}"
    form = {name: request.POST[name] for name in request.POST}
    if not sms.is_from_provider(url, form, request.headers.get("X-Twilio-Signature", "")):
        return HttpResponse("The signature does not fit.", content_type="text/plain", status=403)
    sms.answered(form.get("From", ""), form.get("Body", ""))
    return HttpResponse(NOTHING_TO_SAY, content_type="text/xml")

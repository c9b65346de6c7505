"""For whoever has lost the reference: it is sent once more to where the request says, and shown to nobody."""

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

import audit
from audit.models import AuditEntry
from common.client_address import counted_address_of
from common.error_pages import shown_again, status_of_showing_again
from common.strict_form import StrictForm

from .. import rate_limit
from ..fields import DateOfBirthField, PhoneField
from ..lifecycle import announce
from ..models import AppointmentRequest
from .guesses import AN_HOUR, TOO_MANY_TRIES

MOST_TRIES_PER_PERSON = 3
MOST_TRIES_PER_ADDRESS = 20
# Nobody has more that they could mean.
MOST_SENT = 3


class LostReferenceForm(StrictForm):
    date_of_birth = DateOfBirthField(
        label=gettext_lazy("Date of birth of the person who needs the visit"),
        help_text=gettext_lazy("For example: 3 14 1948."),
    )
    phone = PhoneField(
        label=gettext_lazy("Phone number that you gave us"),
        help_text=gettext_lazy("With the area code."),
        error_messages={"required": gettext_lazy("Enter the phone number that you gave us.")},
    )


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
def lost_reference(request: HttpRequest) -> HttpResponse:
    """The same answer whether there is such a request or not, and only so many tries."""
    form = LostReferenceForm(request.POST if request.method == "POST" else None, label_suffix="")
    if request.method != "POST":
        return _page(request, form)
    if again := status_of_showing_again(request):
        return _page(request, form if again == 403 else form.unjudged(), status=again)
    if not form.is_valid():
        return _page(request, form, status=422)
    audit.shows(request, action=AuditEntry.Action.LOOK_UP)
    born, phone = form.cleaned_data["date_of_birth"], form.cleaned_data["phone"]
    if _has_tried_too_often(request, f"{born} {phone}"):
        form.add_error(None, TOO_MANY_TRIES)
        return _page(request, form, status=429)
    same_phone = Q(phone=phone) | Q(phone__startswith=f"{phone};") | Q(patient_phone=phone)
    found = list(AppointmentRequest.objects.filter(same_phone, date_of_birth=born).order_by("-pk")[:MOST_SENT])
    if found:
        audit.shows(request, found, action=AuditEntry.Action.LOOK_UP)
    with transaction.atomic():
        for one in found:
            announce.store([announce.LOST_REFERENCE], one)
    return render(request, "portal/reference_sent.html")


def _has_tried_too_often(request: HttpRequest, person: str) -> bool:
    """By address first: who has had all tries adds no more rows."""
    address = counted_address_of(request)
    if rate_limit.count("lost reference by address", address, seconds=AN_HOUR) > MOST_TRIES_PER_ADDRESS:
        return True
    return rate_limit.count("lost reference by person", person, seconds=AN_HOUR) > MOST_TRIES_PER_PERSON


def _page(request: HttpRequest, form: LostReferenceForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "title": _("Find your reference"),
        "button": _("Send me my reference"),
        "lead": _("We send it to the e-mail or the mobile phone that you gave us. We do not show it here."),
        "must_be_sent_again": status == 403,
        "back": reverse("appointments:status"),
    }
    return render(request, "portal/status_form.html", context, status=status)

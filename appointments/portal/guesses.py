"""How often a birthday may be tried for a reference, and from where.

A reference is no secret: it stands in letters and is read out. So tries for one are counted wherever they come from,
whether there is such a request or not. Of a browser in which the right birthday was given, only its own tries count.
"""

import secrets
from contextlib import suppress

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from common.client_address import counted_address_of
from common.sealed_cookie import Expired, Unreadable, seal, unseal

from .. import rate_limit
from ..lifecycle import announce
from ..lifecycle.definition import CLOSE_ONLINE
from ..lifecycle.effects.online import WRONG_BIRTHDAY
from ..lifecycle.transition import Refused, perform
from ..models import AppointmentRequest

AN_HOUR = 60 * 60
A_WEEK = 7 * 24 * AN_HOUR
MOST_TRIES_PER_REFERENCE = 10
MOST_TRIES_PER_ADDRESS = 50
MOST_WRONG_IN_A_WEEK = 30
# Names the requests whose birthday was given in this browser, and opens none.
COOKIE = f"{settings.COOKIE_PREFIX}known"
MAX_AGE = 365 * 24 * AN_HOUR
MOST_KNOWN = 10
TOO_MANY_TRIES = _("There were too many tries. Please wait an hour, or call us.")
CLOSED = _("There were too many wrong tries with this reference. It is closed here now. Please call us.")


def count_a_try(request: HttpRequest, reference: str | None) -> None:
    """Raises ValidationError if it is one too many. What is no reference is counted by its address alone."""
    # By address first: who has had all tries adds no more rows.
    if rate_limit.count("status by address", counted_address_of(request), seconds=AN_HOUR) > MOST_TRIES_PER_ADDRESS:
        raise ValidationError(TOO_MANY_TRIES)
    if reference is None:
        return
    known = _known_in(request)
    if reference in known.get("references", ()):
        if rate_limit.count("status by browser", known["browser"], seconds=AN_HOUR) > MOST_TRIES_PER_REFERENCE:
            raise ValidationError(TOO_MANY_TRIES)
        return
    is_closed = AppointmentRequest.objects.filter(reference=reference, online_closed_at__isnull=False).exists()
    if is_closed or rate_limit.counted(WRONG_BIRTHDAY, reference) >= MOST_WRONG_IN_A_WEEK:
        raise ValidationError(CLOSED)
    if rate_limit.count("status by reference", reference, seconds=AN_HOUR) > MOST_TRIES_PER_REFERENCE:
        raise ValidationError(TOO_MANY_TRIES)


def was_wrong(request: HttpRequest, reference: str, found: AppointmentRequest | None) -> None:
    """The last that a week allows closes the request online, until staff open it again."""
    if reference in _known_in(request).get("references", ()):
        return
    wrong = rate_limit.count(WRONG_BIRTHDAY, reference, seconds=A_WEEK)
    if found and wrong >= MOST_WRONG_IN_A_WEEK:
        _close(found)


def was_right(request: HttpRequest, response: HttpResponse, found: AppointmentRequest) -> None:
    """Know this browser from now on. The patient is told of one that is new."""
    if found.reference not in _known_in(request).get("references", ()):
        announce.store([announce.OPENED], found)
        remember(request, response, found)


def remember(request: HttpRequest, response: HttpResponse, found: AppointmentRequest) -> None:
    known = _known_in(request)
    others = [one for one in known.get("references", ()) if one != found.reference]
    content = {"browser": known.get("browser") or secrets.token_urlsafe(16)}
    response.set_cookie(
        COOKIE,
        seal({**content, "references": [*others, found.reference][-MOST_KNOWN:]}, purpose=COOKIE),
        max_age=MAX_AGE,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _known_in(request: HttpRequest) -> dict:
    try:
        return unseal(request.COOKIES.get(COOKIE, ""), purpose=COOKIE, max_age=MAX_AGE)
    except (Unreadable, Expired):
        return {}


def _close(found: AppointmentRequest) -> None:
    # If somebody changes it at this moment, the next try that is wrong closes it.
    with suppress(Refused):
        perform(CLOSE_ONLINE, found)

"""A visit as a file for the patient's calendar (RFC 5545), with nothing about health in it."""

import datetime
from email.utils import parseaddr

import icalendar
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from common.clinic import CLINIC

from ..models import Appointment, AppointmentRequest

CONTENT_TYPE = "text/calendar; charset=utf-8"


def calendar_file(
    request: AppointmentRequest, visit: Appointment, *, sequence: int, method: str = "PUBLISH", attendee: str = ""
) -> bytes:
    """The visit in the active language, to be kept (PUBLISH), put in or moved (REQUEST) or taken out (CANCEL).

    A calendar that has the visit already moves it: the UID stays the same for one request, and `sequence`, the
    version of the request, rises with each change. Times are in UTC, because with a time zone the hour that a clock
    repeats is lost. `attendee` is the address that it is sent to.
    """
    event = icalendar.Event()
    event.add("uid", f"{request.journey}@upright")
    event.add("sequence", sequence)
    event.add("dtstamp", timezone.now().astimezone(datetime.UTC))
    event.add("dtstart", visit.starts_at.astimezone(datetime.UTC))
    event.add("dtend", visit.ends_at.astimezone(datetime.UTC))
    event.add("summary", _("Visit at {clinic}").format(clinic=CLINIC.name))
    event.add("location", ", ".join(filter(None, (visit.place.name, visit.place.address))))
    event.add("description", _("If you cannot come, please call us at {phone}.").format(phone=CLINIC.phone))
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    if attendee:
        event.add("organizer", icalendar.vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"))
        guest = icalendar.vCalAddress(f"mailto:{attendee}")
        # Nobody reads what calendars would answer.
        guest.params["RSVP"] = "FALSE"
        event.add("attendee", guest)

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Upright//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    return calendar.to_ical()

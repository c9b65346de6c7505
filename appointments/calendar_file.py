"""A visit as a file for the patient's calendar (RFC 5545), with nothing about health in it."""

import datetime

import icalendar
from django.utils import timezone
from django.utils.translation import gettext as _

from screening.clinic import CLINIC

from .models import AppointmentRequest

CONTENT_TYPE = "text/calendar; charset=utf-8"


def calendar_file(request: AppointmentRequest, *, method: str = "PUBLISH") -> bytes:
    """The booked visit in the active language. Needs `request.appointment` with its place.

    A calendar that has the visit already moves it: the UID stays the same for one request, and SEQUENCE rises with
    each change. Times are in UTC, because with a time zone the hour that a clock repeats is lost.
    """
    visit = request.appointment
    event = icalendar.Event()
    event.add("uid", f"{request.journey}@upright")
    event.add("sequence", request.version)
    event.add("dtstamp", timezone.now().astimezone(datetime.UTC))
    event.add("dtstart", visit.starts_at.astimezone(datetime.UTC))
    event.add("dtend", visit.ends_at.astimezone(datetime.UTC))
    event.add("summary", _("Visit at {clinic}").format(clinic=CLINIC.name))
    event.add("location", ", ".join(filter(None, (visit.place.name, visit.place.address))))
    event.add("description", _("If you cannot come, please call us at {phone}.").format(phone=CLINIC.phone))
    event.add("status", "CONFIRMED")

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Upright//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    return calendar.to_ical()

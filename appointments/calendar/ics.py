"""Visits for calendar programs (RFC 5545), with nothing about health in them.

One visit as a file for the patient's own calendar, and those of a clinician or a place as a calendar that programs
read again and again.
"""

import datetime
from collections.abc import Iterable
from email.utils import parseaddr

import icalendar
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from common.clinic import CLINIC

from ..models import Absence, Appointment, AppointmentRequest, CalendarFeed
from ..reference import grouped

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
    event.add("location", _where(visit))
    event.add("description", _("If you cannot come, please call us at {phone}.").format(phone=CLINIC.phone))
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    if method != "CANCEL":
        event.add_component(_alarm())
    if attendee:
        event.add("organizer", icalendar.vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"))
        guest = icalendar.vCalAddress(f"mailto:{attendee}")
        # Nobody reads what calendars would answer.
        guest.params["RSVP"] = "FALSE"
        event.add("attendee", guest)

    calendar = _calendar(method)
    calendar.add_component(event)
    return calendar.to_ical()


def calendar_of(feed: CalendarFeed, visits: Iterable[Appointment], absences: Iterable[Absence]) -> bytes:
    """For staff, in English, and without the patient. The same as long as nothing has changed.

    A visit that was moved is cancelled here, and the new time is another: the calendar may not have both.
    """
    calendar = _calendar("PUBLISH")
    calendar.add("x-wr-calname", feed.label)
    # How often programs should look; most do as they please.
    calendar.add("refresh-interval", datetime.timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for visit in visits:
        what = " ".join(filter(None, (visit.kind.name if visit.kind else "Visit", grouped(visit.reference))))
        event = _busy(visit, changed_at=visit.cancelled_at or visit.booked_at)
        event.add("sequence", visit.sequence)
        event.add("status", "CANCELLED" if visit.cancelled_at else "CONFIRMED")
        event.add("summary", f"Cancelled: {what}" if visit.cancelled_at else what)
        event.add("location", _where(visit))
        if feed.place:
            event.add("description", f"With {visit.clinician}")
        calendar.add_component(event)
    for absence in absences:
        # Nothing is kept of when it was entered, nor of how often it was changed.
        event = _busy(absence, changed_at=absence.starts_at)
        event.add("summary", "Away")
        calendar.add_component(event)
    return calendar.to_ical()


def _busy(row: Appointment | Absence, *, changed_at: datetime.datetime) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", f"{type(row).__name__.lower()}-{row.pk}@upright")
    event.add("dtstamp", changed_at.astimezone(datetime.UTC))
    event.add("dtstart", row.starts_at.astimezone(datetime.UTC))
    event.add("dtend", row.ends_at.astimezone(datetime.UTC))
    return event


def _alarm() -> icalendar.Alarm:
    """The calendar speaks up the day before, while there is time to call."""
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -datetime.timedelta(days=1))
    alarm.add("description", _("Visit at {clinic}").format(clinic=CLINIC.name))
    return alarm


def _where(visit: Appointment) -> str:
    return ", ".join(filter(None, (visit.place.name, visit.place.address)))


def _calendar(method: str) -> icalendar.Calendar:
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Upright//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    return calendar

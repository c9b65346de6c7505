"""Writes messages, in the patient's language or in the staff's, and with nothing about health in them.

Each kind has a template in templates/messages/, with the subject in its first line and paragraphs below, and one in
templates/texts/. Templates are given the clinic, links, and the place and time of the visit, and never the request,
so that a clinic's own templates cannot tell more either.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse
from django.utils import translation

from common.clinic import CLINIC
from common.languages import language_or_english

from ..calendar.moments import day_in_words, time_in_words
from ..lifecycle import call_policy
from ..lifecycle.definition import LIFECYCLE
from ..lifecycle.message_kinds import RECEIVED, VISIT_NEWS, visit_known_before
from ..lifecycle.offered_times import link_of
from ..lifecycle.status_words import next_step, status_in_words
from ..models import Appointment, Message, Status
from ..reference import grouped


@dataclass(frozen=True)
class Email:
    subject: str
    plain: str
    html: str
    # The visit as a calendar file, and what calendars shall do with it.
    calendar: bytes | None = None
    method: str = ""


def email(message: Message, recipient: str) -> Email:
    with translation.override(_language(message)):
        written = _render(f"messages/{message.kind}.txt", message)
        subject, _, plain = written.strip().partition("\n")
        paragraphs = [paragraph.strip() for paragraph in plain.strip().split("\n\n")]
        html = get_template("messages/frame.html").render(
            {"subject": subject, "paragraphs": paragraphs, "language": translation.get_language()}
        )
        calendar, method = _calendar(message, recipient)
        return Email(subject.strip(), "\n\n".join(paragraphs) + "\n", html, calendar, method)


def text(message: Message) -> str:
    with translation.override(_language(message)):
        return " ".join(_render(f"texts/{message.kind}.txt", message).split())


def help_text(language: str) -> str:
    """What we say to somebody of whom nothing is known but that they texted HELP."""
    with translation.override(language):
        file = get_template("texts/help.txt").template  # type: ignore[attr-defined]  # not all engines have it
        return " ".join(file.render(Context({"clinic": CLINIC}, autoescape=False)).split())


def _render(template: str, message: Message) -> str:
    # Nothing is escaped: this is plain text.
    file = get_template(template).template  # type: ignore[attr-defined]  # not all engines have it, and ours does
    return file.render(Context(_facts(message), autoescape=False))


def _facts(message: Message) -> dict:
    request = message.request
    facts: dict[str, Any] = {
        "clinic": CLINIC,
        "visit": message.appointment and _visit(message.appointment),
        "status_link": _link("status"),
        "queue_link": f"{_link('queue')}?queue=late",
    }
    if request:
        facts["reference"] = grouped(request.reference)
        facts["choose_link"] = f"{settings.SITE_URL}{link_of(request)}"
        # By when they are promised a call, if they are, it is told, and it can still be kept.
        call_by = call_policy.told_call_by(request) if request.is_promised else None
        facts["is_call_promised"] = request.is_promised
        facts["call_by"] = day_in_words(call_by) if call_by else None
        if message.kind == RECEIVED.key:
            # Nothing has happened yet to a request of the version 0.
            facts["how_it_stands"] = status_in_words(request) if request.version else next_step(request)
        facts["is_closed"] = request.status == Status.CLOSED
        is_to_staff = LIFECYCLE.message_kinds[message.kind].to_staff
        facts["for_someone_else"] = bool(request.filled_in_by) and not is_to_staff
        facts["request_link"] = _link("request", request.pk)
    if message.kind == VISIT_NEWS.key:
        former = visit_known_before(message)
        facts["former"] = former and _visit(former)
        concerned = message.appointment or former
        facts["visit_kind"] = concerned and concerned.kind and concerned.kind.name
    return facts


def _visit(visit: Appointment) -> dict:
    return {
        "date": day_in_words(visit.starts_at),
        "time": time_in_words(visit.starts_at),
        "map_url": visit.place.map_url,
        "place_name": visit.place.name,
        "place": ", ".join(filter(None, (visit.place.name, visit.place.address))),
        "clinician": visit.clinician.name,
    }


def _calendar(message: Message, recipient: str) -> tuple[bytes | None, str]:
    method = LIFECYCLE.message_kinds[message.kind].calendar
    if not (method and message.appointment):
        return None, ""
    # Loaded when it is first needed: the library behind it takes 4 MB.
    from ..calendar.ics import calendar_file

    file = calendar_file(
        message.its_request, message.appointment, sequence=message.version, method=method, attendee=recipient
    )
    return file, method


def _link(page: str, *arguments: Any) -> str:
    return f"{settings.SITE_URL}{reverse(settings.PAGES[page], args=arguments)}"


def _language(message: Message) -> str:
    is_to_staff = LIFECYCLE.message_kinds[message.kind].to_staff
    return language_or_english(None if is_to_staff else message.its_request.language).code

"""Requests as a table for a spreadsheet: which ones, and line by line, so that their number does not matter."""

import csv
import datetime
import logging
import re
from collections.abc import Callable, Container, Iterator
from types import NoneType, SimpleNamespace
from typing import Any

from django.db import models
from django.db.models import Case, Q, QuerySet, When
from django.utils import timezone

from ..models import AppointmentRequest, Awaited, Status

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 500
LENGTH_OF_A_MINUTE = len("2026-05-04 09:30")
# By this mark spreadsheets know that the file is in UTF-8.
BYTE_ORDER_MARK = "\ufeff"
INCOMPLETE = "THIS EXPORT IS INCOMPLETE: an error ended it after {rows} rows. Do not use it."
# What spreadsheets take for the beginning of a formula; those in Japan and China also its wide form.
BEGINS_A_FORMULA = frozenset("=+-@＝＋－＠")
BREAKS = frozenset("\t\r\n")
# Where numbers have commas, a cell ends at a semicolon, whatever is quoted.
BEGINS_A_LATER_CELL = re.compile(rf"(;\s*)(?=[{re.escape(''.join(sorted(BEGINS_A_FORMULA)))}])")

# The headings, and where in the request the values are. Times are by the clinic's clock, codes as they are stored.
COLUMNS: dict[str, str | Case] = {
    "reference": "reference",
    "asked": "created_at",
    "source": "source",
    "referred by": "referred_by",
    "taken by": "taken_by__username",
    "status": "status",
    "priority": "priority",
    "newer pain": "is_recent_pain",
    "outcome of the check": "outcome",
    "procedure": "pathway",
    "version of the rules": "pathway_version",
    "fingerprint of the rules": "pathway_fingerprint",
    "flags": "flags",
    "nurse": "nurse_check",
    "doubts": "doubts",
    "name": "name",
    "former or other name": "former_names",
    "date of birth": "date_of_birth",
    "phone": "phone",
    "note on the phone": "phone_note",
    "whose phone it is": "phone_owner",
    "e-mail": "email",
    "filled in by": "filled_in_by",
    "relationship": "relationship",
    "may we talk with them": "may_talk",
    "phone of the patient": "patient_phone",
    "language": "language",
    "other language": "other_language",
    "needs interpreter": "needs_interpreter",
    "hard of hearing": "hard_of_hearing",
    "large print": "large_print",
    "call times": "call_times",
    "time zone": "time_zone",
    "voicemail allowed": "voicemail_ok",
    "texts allowed": "texts_ok",
    "first call due": "due_at",
    "first reached": "reached_at",
    "calls missed since": "attempts_made",
    "next call": Case(When(awaited=Awaited.NOTHING, phone_is_wrong=False, then="next_call_at")),
    "next call promised": "is_promised",
    "waits for the patient": "awaited",
    "waits until": Case(When(~Q(awaited=Awaited.NOTHING), then="next_call_at")),
    "phone is wrong": "phone_is_wrong",
    "held by": "claimed_by__username",
    "visit": "appointment__starts_at",
    "clinician": "appointment__clinician__name",
    "place": "appointment__place__name",
    "closed": "closed_at",
    "closed by": "closed_by__username",
    "reason for closing": "close_reason",
}


class State(models.TextChoices):
    OPEN = "open", "Open: still to be called"
    BOOKED = "booked", "Booked"
    CLOSED = "closed", "Closed"
    ALL = "all", "All"


def fitting(
    *, state: State, since: datetime.date | None = None, until: datetime.date | None = None, language: str = ""
) -> QuerySet:
    """The requests in that state that were sent on those days, both included, by those who speak that language."""
    requests = AppointmentRequest.objects.order_by("pk")
    match state:
        case State.OPEN:
            requests = requests.open()
        case State.BOOKED | State.CLOSED:
            requests = requests.filter(status=Status(state))
    if since:
        requests = requests.filter(created_at__gte=_midnight(since))
    if until:
        requests = requests.filter(created_at__lt=_midnight(until + datetime.timedelta(days=1)))
    return requests.filter(language=language) if language else requests


def table(requests: QuerySet, within: Container[int] | None = None) -> Iterator[str]:
    """The requests as CSV, in pieces; only those `within` these numbers, if they are given.

    Costs one statement and memory for each piece, however many they are. When an error comes, the first lines have
    gone, so that it cannot become a page: the last line tells of it.
    """
    written = [BYTE_ORDER_MARK]
    writer = csv.writer(SimpleNamespace(write=written.append))
    writer.writerow(COLUMNS)
    rows, zone = 0, timezone.get_current_timezone()
    in_words = IN_WORDS | {datetime.datetime: lambda at: at.astimezone(zone).isoformat(" ")[:LENGTH_OF_A_MINUTE]}
    try:
        for number, *row in _in_pieces(requests.values_list("pk", *COLUMNS.values())):
            if within is not None and number not in within:
                continue
            writer.writerow([in_words.get(type(value), str)(value) for value in row])
            rows += 1
            if rows % ROWS_AT_ONCE == 0:
                yield "".join(written)
                written.clear()
    except Exception as error:  # noqa: BLE001
        # Its message is left out because it may quote the row.
        logger.error("An export ended after %d rows: %s", rows, type(error).__name__)
        writer.writerow([INCOMPLETE.format(rows=rows)])
    yield "".join(written)


def _in_pieces(rows: QuerySet) -> Iterator[tuple]:
    """Rows that begin with their number, in its order. No cursor is held open: a pooler would lose it."""
    last = 0
    while True:
        piece = list(rows.filter(pk__gt=last).order_by("pk")[:ROWS_AT_ONCE])
        yield from piece
        if len(piece) < ROWS_AT_ONCE:
            return
        last = piece[-1][0]


def harmless(text: str) -> str:
    """The same text, after an apostrophe if a spreadsheet could take it for a formula. Phone numbers get one, too."""
    if ";" in text:
        text = BEGINS_A_LATER_CELL.sub(r"\1'", text)
    risky = text[:1] in BREAKS or text.lstrip()[:1] in BEGINS_A_FORMULA
    return f"'{text}" if risky else text


# By the type of a value, because an export has millions of them. Of the others, none can be taken for a formula.
IN_WORDS: dict[type, Callable[[Any], str]] = {
    str: harmless,
    NoneType: lambda _: "",
    bool: lambda value: "yes" if value else "no",
    list: lambda values: harmless("; ".join(values)),
}


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min), timezone.get_default_timezone())

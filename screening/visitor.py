"""Keeps a visitor's answers between pages, in their own browser and nowhere else."""

import time
import uuid
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from common.sealed_cookie import Expired, Unreadable, seal, unseal

from .pathways import PATHWAY
from .questionnaire.journey import Journey

COOKIE = f"{settings.COOKIE_PREFIX}answers"
MAX_AGE = 20 * 60 * 60
# Browsers drop what is longer than 4,096 bytes with its attributes. What is longer, as a long name and address in
# Chinese are, goes on in a second cookie.
LONGEST = 3_800
REST = f"{COOKIE}-2"
IN_TWO = "2."
# In this order the answers are kept, without the keys.
KEYS = [question.key for question in PATHWAY.questions]
# The code of a link to us, like that on the page of a practice that refers patients, or on a poster.
LINK_CODE = "[a-z0-9-]{1,20}"


# What the buttons send with which somebody says that the questions are about themselves.
MYSELF = "myself"


class Trouble(StrEnum):
    """Why answers that a browser sent could not be used."""

    UNREADABLE = "unreadable"
    EXPIRED = "expired"
    OUTDATED = "outdated"


@dataclass(frozen=True)
class Visitor:
    """`id` stays the same from the first answer, given at `since` (seconds of the epoch), to the request.

    `notes` is what other pages want kept with the answers.
    """

    journey: Journey = field(default_factory=lambda: Journey(PATHWAY, {}))
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    since: float = field(default_factory=time.time)
    notes: dict = field(default_factory=dict)
    trouble: Trouble | None = None

    @property
    def is_new(self) -> bool:
        return not self.journey.relevant_answers

    @property
    def has_sent(self) -> bool:
        """Whether a request for a visit came of the answers before these."""
        return "sent" in self.notes

    @property
    def is_someone_else(self) -> bool:
        """Whether it is not the patient who answers."""
        return bool(self.notes.get("for_someone_else"))

    @property
    def came_from(self) -> str:
        """The code of the link by which they came, as it stood in the address; empty for most."""
        return self.notes.get("came_from", "")

    def with_answers(self, answers: dict) -> "Visitor":
        return replace(self, journey=self.journey.with_answers(answers), trouble=None)

    def without_emergency(self) -> "Visitor":
        """As before, but for what can end the check: a slip costs nothing else, and a warning sign is not kept."""
        answers = self.journey.relevant_answers.items()
        kept = {key: answer for key, answer in answers if key not in self.journey.pathway.emergency_questions}
        return replace(self, journey=Journey(self.journey.pathway, kept), trouble=None)

    def with_notes(self, **notes: Any) -> "Visitor":
        return replace(self, notes={**self.notes, **notes}, trouble=None)


def visitor_of(request: HttpRequest) -> Visitor:
    """Who is asking, as far as their cookie says it. Never fails: what cannot be used makes a new visitor."""
    token = request.COOKIES.get(COOKIE)
    if token and token.startswith(IN_TWO):
        token = token.removeprefix(IN_TWO) + request.COOKIES.get(REST, "")
    if not token:
        return Visitor()
    try:
        kept = unseal(token, purpose=COOKIE, max_age=MAX_AGE)
    except Expired:
        return Visitor(trouble=Trouble.EXPIRED)
    except Unreadable:
        return Visitor(trouble=Trouble.UNREADABLE)
    if kept["version"] != PATHWAY.version:
        return Visitor(trouble=Trouble.OUTDATED)
    answers = dict(zip(KEYS, kept["answers"], strict=True))
    return Visitor(Journey(PATHWAY, answers), kept["id"], kept["since"], kept["notes"])


def remember(response: HttpResponse, visitor: Visitor) -> HttpResponse:
    content = {
        "version": PATHWAY.version,
        "id": visitor.id,
        "since": visitor.since,
        "answers": [visitor.journey.relevant_answers.get(key) for key in KEYS],
        "notes": visitor.notes,
    }
    token = seal(content, purpose=COOKIE)
    if len(token) <= LONGEST:
        _set(response, COOKIE, token)
    else:
        _set(response, COOKIE, IN_TWO + token[:LONGEST])
        _set(response, REST, token[LONGEST:])
    return response


def forget(response: HttpResponse) -> HttpResponse:
    for name in (COOKIE, REST):
        _set(response, name, "", max_age=0)
    return response


def _set(response: HttpResponse, name: str, value: str, *, max_age: int = MAX_AGE) -> None:
    response.set_cookie(
        name, value, max_age=max_age, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )

"""Keeps a visitor's answers between pages, in their own browser and nowhere else."""

import time
import uuid
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from common.sealed_cookie import Expired, Unreadable, seal, unseal

from .mounted import offered_pathway
from .pathways import FIRST
from .questionnaire.definition import Pathway
from .questionnaire.journey import Journey

COOKIE = f"{settings.COOKIE_PREFIX}answers"
MAX_AGE = 20 * 60 * 60
# Browsers drop what is longer than 4,096 bytes with its attributes. What is longer, as a long name and address in
# Chinese are, goes on in a second cookie.
LONGEST = 3_800
IN_TWO = "2."
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
    """Of one pathway: who asks about two is two visitors.

    `id` stays the same from the first answer, given at `since` (seconds of the epoch), to the request. `notes` is
    what other pages want kept with the answers.
    """

    journey: Journey
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

    def new_with(self, **notes: Any) -> "Visitor":
        """Somebody who begins, of whom nothing is known but that."""
        return Visitor(Journey(self.journey.pathway, {}), notes=notes)

    def with_notes(self, **notes: Any) -> "Visitor":
        return replace(self, notes={**self.notes, **notes}, trouble=None)


def visitor_of(request: HttpRequest, pathway: Pathway | None = None) -> Visitor:
    """Who is asking, as far as their cookie says it. Never fails: what cannot be used makes a new visitor.

    By the cookie of the procedure whose page is asked for, unless one is named.
    """
    pathway = pathway or offered_pathway(request)
    name, rest = _names(pathway)
    nothing = Journey(pathway, {})
    token = request.COOKIES.get(name)
    if token and token.startswith(IN_TWO):
        token = token.removeprefix(IN_TWO) + request.COOKIES.get(rest, "")
    if not token:
        return Visitor(nothing)
    try:
        kept = unseal(token, purpose=name, max_age=MAX_AGE)
    except Expired:
        return Visitor(nothing, trouble=Trouble.EXPIRED)
    except Unreadable:
        return Visitor(nothing, trouble=Trouble.UNREADABLE)
    if kept["version"] != pathway.version:
        return Visitor(nothing, trouble=Trouble.OUTDATED)
    answers = dict(zip(_keys(pathway), kept["answers"], strict=True))
    return Visitor(Journey(pathway, answers), kept["id"], kept["since"], kept["notes"])


def remember(response: HttpResponse, visitor: Visitor) -> HttpResponse:
    pathway = visitor.journey.pathway
    name, rest = _names(pathway)
    content = {
        "version": pathway.version,
        "id": visitor.id,
        "since": visitor.since,
        "answers": [visitor.journey.relevant_answers.get(key) for key in _keys(pathway)],
        "notes": visitor.notes,
    }
    token = seal(content, purpose=name)
    if len(token) <= LONGEST:
        _set(response, name, token)
    else:
        _set(response, name, IN_TWO + token[:LONGEST])
        _set(response, rest, token[LONGEST:])
    return response


def forget(response: HttpResponse, visitor: Visitor) -> HttpResponse:
    for name in _names(visitor.journey.pathway):
        _set(response, name, "", max_age=0)
    return response


def _names(pathway: Pathway) -> tuple[str, str]:
    """Of the cookie, and of the one that has the rest of what is too long for it."""
    name = COOKIE if pathway is FIRST else f"{COOKIE}-{pathway.key}"
    return name, f"{name}-2"


def _keys(pathway: Pathway) -> list[str]:
    """In this order the answers are kept, without the keys."""
    return [question.key for question in pathway.questions]


def _set(response: HttpResponse, name: str, value: str, *, max_age: int = MAX_AGE) -> None:
    response.set_cookie(
        name, value, max_age=max_age, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )

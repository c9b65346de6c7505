"""All the public pages as somebody can meet them: blank, filled in, refused, and every kind of result.

Most of the list is made from the pathway, so that a new question or outcome is looked at without a change here.
"""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from unittest.mock import patch

from django.conf import settings
from django.db import OperationalError
from django.http import HttpResponse
from playwright.sync_api import Page, Response

from appointments.views import STEPS
from screening.pathway import PATHWAY, TREATMENTS
from screening.questionnaire.conditions import Answers
from screening.questionnaire.journey import Journey
from screening.sealed_cookie import seal
from screening.visitor import COOKIE, MAX_AGE, Visitor, remember
from tests.walk import CALL, TEXTBOOK, VISIT_ANSWERS, WHO

Typed = dict[str, str | list[str]]

# Complete, and so with any one answer changed. Every page is on the way, and all there can be is on each.
COMPLETE: Answers = {
    **{f"helped_{treatment.value}": "no" for treatment in TREATMENTS},
    **TEXTBOOK,
    "tried": [treatment.value for treatment in TREATMENTS],
}
TYPED = dict(zip((step.key for step in STEPS), (VISIT_ANSWERS, WHO, CALL), strict=True))


@dataclass(frozen=True)
class State:
    """A page that a browser with these cookies gets from here, once it has sent what is typed, if anything is."""

    name: str
    path: str
    cookies: dict[str, str] = field(default_factory=dict)
    typed: Typed | None = None
    status: int = 200
    # The name of a function that breaks meanwhile.
    broken: str = ""
    # The cookie that the browser loses before it sends.
    lost: str = ""


def reach(page: Page, state: State) -> None:
    """Bring a new browser with the cookies of this state to its page."""
    failure = patch(state.broken, side_effect=OperationalError("made to fail")) if state.broken else nullcontext()
    with failure:
        response = page.goto(state.path)
        if state.typed is not None:
            page.context.clear_cookies(name=state.lost or None) if state.lost else None
            response = send(page, state.typed)
    assert response.status == state.status, f"{response.url} came with status {response.status}"


def send(page: Page, typed: Typed) -> Response:
    for name, value in typed.items():
        for text in listed(value):
            write(page, name, text)
    with page.expect_navigation() as navigation:
        page.locator("main form button[type=submit]").click()
    return navigation.value


def write(page: Page, name: str, text: str) -> None:
    controls = page.locator(f'main [name="{name}"]')
    kind = controls.first.get_attribute("type")
    if kind not in ("radio", "checkbox"):
        controls.fill(text)
    elif controls.count() == 1:
        controls.check()
    else:
        controls.and_(page.locator(f'[value="{text}"]')).check()


def public_states() -> Iterator[State]:
    yield State("education", "/")
    yield State("how this check decides", "/how-this-check-decides/")
    yield State("no such page", "/no-such-page/", status=404)
    yield State("our fault", "/how-this-check-decides/", status=500, broken="screening.views.current_sign_off")
    yield from states_of_the_start()
    for page in PATHWAY.pages:
        yield from states_of_a_question_page(page)
    yield from states_of_the_end()
    yield from states_of_the_visit_steps()


def states_of_the_start() -> Iterator[State]:
    yield State("start", "/check/")
    yield State("start, half-way", "/check/", answered({"red_flags": ["none"]}))
    yield State("start, complete", "/check/", answered(COMPLETE))
    for trouble, cookies in unusable_cookies().items():
        yield State(f"start, answers {trouble}", "/check/", cookies)
        yield State(f"first question, answers {trouble}", "/check/red_flags/", cookies)
    yield State("first question, answers lost", "/check/pain/")
    yield State(
        "first question, cookies off",
        "/check/red_flags/",
        typed={"red_flags": "none"},
        status=403,
        lost=settings.CSRF_COOKIE_NAME,
    )


def states_of_a_question_page(page) -> Iterator[State]:
    path = f"/check/{page.key}/"
    earlier_pages = PATHWAY.pages[: PATHWAY.pages.index(page)]
    earlier = answered({q.key: COMPLETE[q.key] for earlier in earlier_pages for q in earlier.questions})
    yield State(f"{page.key}, blank", path, earlier)
    yield State(f"{page.key}, not answered", path, earlier, typed={}, status=422)
    yield State(f"{page.key}, answered", path, answered(COMPLETE))
    yield State(f"{page.key}, to be changed", f"{path}?change", answered(COMPLETE))
    for question in page.questions:
        alone = [option.value for option in question.options if option.alone]
        if alone:
            contradiction = {question.key: [question.options[0].value, alone[0]]}
            yield State(f"{question.key}, contradictory", path, earlier, typed=contradiction, status=422)


def states_of_the_end() -> Iterator[State]:
    """Every emergency and result that one changed answer can lead to, those that look the same left out."""
    seen = set()
    for question in PATHWAY.questions:
        for option in question.options:
            changed = {question.key: [option.value] if question.takes_several else option.value}
            journey = Journey(PATHWAY, {**COMPLETE, **changed})
            assessment = journey.assessment
            if repr(assessment) in seen:
                continue
            seen.add(repr(assessment))
            name = f"{assessment.outcome.key}, {question.key} {option.value}"
            if journey.stopped:
                yield State(name, "/check/red_flags/", typed=changed)
            else:
                yield State(name, "/check/result/", answered(journey.answers))
    yield State("answers, the longest list", "/check/answers/", answered(COMPLETE))
    yield State("answers, a short list", "/check/answers/", answered({**COMPLETE, "pain": "0", "fracture": "no"}))


def states_of_the_visit_steps() -> Iterator[State]:
    earlier: dict[str, Typed] = {}
    for key, typed in TYPED.items():
        path = f"/visit/{key}/"
        cookies = answered(COMPLETE, **earlier)
        yield State(f"visit {key}, blank", path, cookies)
        yield State(f"visit {key}, not filled in", path, cookies, typed={}, status=422)
        for what, changed in wrong_or_unusual(key).items():
            yield State(f"visit {key}, {what}", path, cookies, typed={**typed, **changed}, status=422)
        earlier[key] = {name: listed(value) for name, value in typed.items()}
        yield State(f"visit {key}, filled in", path, answered(COMPLETE, **earlier))
    yield State(
        "visit, cannot be stored", path, cookies, typed=typed, status=503, broken="appointments.intake.submit"
    )
    yield State("visit, sent", "/visit/sent/", answered({}, sent="3479CDFHJ"))


def wrong_or_unusual(step: str) -> dict[str, Typed]:
    match step:
        case "who":
            wrong = {"date_of_birth_month": "13", "phone": "555", "email": "ana at home"}
            return {"for someone else": {"filled_in_for": "someone_else"}, "with mistakes": wrong}
        case "call":
            return {"in another language": {"language": "other"}}
    return {}


def answered(answers: Answers, **notes) -> dict[str, str]:
    """The cookies of a browser after these answers."""
    visitor = Visitor(Journey(PATHWAY, answers), notes=notes)
    return {COOKIE: remember(HttpResponse(), visitor).cookies[COOKIE].value}


def unusable_cookies() -> dict[str, dict[str, str]]:
    with patch("time.time", return_value=time.time() - MAX_AGE - 60):
        expired = answered(COMPLETE)
    return {
        "unreadable": {COOKIE: "not-one-of-our-seals"},
        "expired": expired,
        "outdated": {COOKIE: seal({"version": "before the first"})},
    }


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


PUBLIC = list(public_states())

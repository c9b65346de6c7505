"""A question page that was made before, for somebody else, is the one that would be made now."""

import random
import re
import time

from django.test import Client

from common.clinic import CLINIC
from common.clinic_tables import ClinicDetails
from screening import kept, sign_off, views
from screening.models import SignOff
from screening.pathways.vertebral_cement import PATHWAY
from tests.browser.conftest import LANGUAGES
from tests.browser.states import PUBLIC, State, answered, fetch
from tests.walk import EVERYTHING

TOKEN = re.compile(r'(?<=name="csrfmiddlewaretoken" value=")[^"]*')
FIRST, SECOND = (f"/check/{page.key}/" for page in PATHWAY.pages[:2])
CAME = answered({"red_flags": ["none"]})


def before_helped(tried: str) -> dict:
    """The answers up to the page that asks how much each treatment helped, which asks of those that were tried."""
    pages = PATHWAY.pages[: [page.key for page in PATHWAY.pages].index("helped")]
    earlier = {question.key: EVERYTHING[question.key] for page in pages for question in page.questions}
    return {**earlier, "tried": [tried]}


# Beside the states that everybody knows, what changes little things: where "Back" leads, what is asked, for whom.
MORE = (
    State("changing", f"{SECOND}?change", answered(EVERYTHING)),
    State("next to the first", SECOND, CAME),
    State("next, for someone else", SECOND, answered({"red_flags": ["none"]}, for_someone_else=True)),
    *(State(f"tried {what}", "/check/helped/", answered(before_helped(what))) for what in ("brace", "rest")),
    State("lost, and sent here", f"{FIRST}?lost"),
    State("first", FIRST),
)
QUESTIONS = [state for state in (*PUBLIC, *MORE) if "/check/" in state.path and not state.sent]


def without_token(response) -> str:
    return TOKEN.sub("", response.content.decode())


def test_each_page_is_the_same_whoever_came_before():
    for about in sign_off.to_sign():
        sign_off._remembered[about] = (time.monotonic() + 3600, SignOff())
    order = [(state, language) for state in QUESTIONS for language in LANGUAGES]
    random.Random(1).shuffle(order)  # noqa: S311
    then = [without_token(fetch(*one)) for one in order]
    differing = []
    for one, before in zip(order, then, strict=True):
        kept.forget()
        if without_token(fetch(*one)) != before:
            differing.append(one)

    assert differing == []
    assert len(order) > 100


def test_each_visitor_has_a_token_of_their_own_that_counts(client):
    tokens = set()
    for _ in range(2):
        visitor = Client(enforce_csrf_checks=True)
        [token] = TOKEN.findall(visitor.get(FIRST).content.decode())
        sent = visitor.post(FIRST, {"red_flags": "none", "csrfmiddlewaretoken": token})
        assert (sent.status_code, sent["Location"]) == (302, SECOND)
        tokens.add(token)

    assert len(tokens) == 2


def test_the_sign_for_its_place_that_somebody_typed_becomes_no_token(client):
    site = "/procedures/spinal-stenosis/check/"
    client.post(f"{site}red_flags/", {"red_flags": "none"})
    page = client.post(f"{site}walking_minutes/", {"walking_minutes": views.PLACE_OF_TOKEN})

    assert page.status_code == 422
    assert f'value="{views.PLACE_OF_TOKEN}"' in page.text


def test_what_the_clinic_says_anew_stands_on_the_next_page(client, db, settings):
    assert "(212) 555-0100" in client.get(FIRST).text
    plan = {"call_attempts": 3, "hours_between_calls": 24, "calls_from_hour": 8, "calls_until_hour": 20}
    ClinicDetails.objects.create(name="Example Clinic", phone="(212) 555-0188", **plan)
    CLINIC.look_again()
    assert "(212) 555-0188" in client.get(FIRST).text

    settings.EMERGENCY_NUMBER = "112"
    assert 'call <a href="tel:112">112</a> now' in client.get(FIRST).text


def test_once_it_is_signed_no_page_says_that_it_is_not(client):
    unsigned = "A doctor has not signed this version yet."
    assert unsigned in client.get(FIRST).text

    sign_off._remembered[PATHWAY.key] = (time.monotonic() + 3600, SignOff())

    assert unsigned not in client.get(FIRST).text


def test_of_a_page_that_was_answered_nothing_is_kept(client):
    kept.forget()
    client.post(FIRST, {"red_flags": "none"})
    client.get(FIRST)

    assert kept._pages == {}

"""Every page can be read and pressed: on a small phone, a phone and a desktop, in light and in dark."""

from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from screening.pathway import PATHWAY

from .conftest import looked_at_once
from .states import PUBLIC, State, reach, staff_states, stored_states

pytestmark = [pytest.mark.browser, looked_at_once]

WIDTHS = (320, 390, 1280)
LANGUAGES = [code for code, name in settings.LANGUAGES]
MEASURE = Path(__file__).with_name("measure.js").read_text()
PLACEMENT = {"sideways": True, "target": 44, "text": 19, "lineHeight": 1.5}
CONTRAST = {"contrast": 7}

DOCUMENT = """() => ({
  title: document.title,
  language: document.documentElement.lang,
  headings: document.querySelectorAll("h1").length,
  ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
})"""


@pytest.mark.parametrize("state", PUBLIC, ids=str)
def test_everybody_can_read_and_press_what_is_on_a_page(page, state):
    found = complaints(page, state)

    assert not found, "\n".join(found)


def test_everybody_can_read_and_press_what_is_on_the_pages_of_a_stored_request(page, requests):
    found = [complaint for state in stored_states(requests) for complaint in complaints(page, state)]

    assert not found, "\n".join(found)


def test_staff_pages_fit_the_screen(page, signed_in, requests):
    found = []
    for state in staff_states(signed_in, requests):
        reach(page, state)
        found += [*form_of(page, state), *placement_on(page, state, {"sideways": True})]

    assert not found, "\n".join(found)


def test_what_is_wrong_would_be_found(page):
    page.goto("about:blank")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.set_content(
        """<body style="margin: 0; background: #fff"><div style="width: 2000px; height: 1px"></div>
        <p style="font-size: 12px; line-height: 1; color: #777">Small, dense and pale</p>
        <p style="background: rgb(0 0 0 / 50%); color: #000">Pale</p>
        <a href="/" style="display: block; width: 30px">Narrow</a>"""
    )

    found = "\n".join(page.evaluate(MEASURE, {**PLACEMENT, **CONTRAST}))

    for what in ("sideways by 720 px", "pressed on 30 ×", "text of 12 px", "lines 1 times", "4.48 : 1", "5.28 : 1"):
        assert what in found


def test_over_200_views_are_looked_at():
    """Each state of a public page that needs no database, in two languages, is looked at in so many ways."""
    addresses = {state.path for state in PUBLIC}
    outcomes = {state.name.partition(",")[0] for state in PUBLIC}
    views = len(PUBLIC) * len(LANGUAGES) * len(WIDTHS)

    assert {f"/check/{page.key}/" for page in PATHWAY.pages} <= addresses
    assert {outcome.key for outcome in PATHWAY.outcomes} <= outcomes
    assert views > 200, f"{len(PUBLIC)} states make {views} views"


def complaints(page: Page, state: State) -> list[str]:
    found = []
    for language in LANGUAGES:
        reach(page, state, language)
        if state.has_errors:
            expect(page.locator(".error-summary")).to_be_focused()
        found += [*form_of(page, state, language), *placement_on(page, state, PLACEMENT)]
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        found += [f"{state}, {colours}: {complaint}" for complaint in page.evaluate(MEASURE, CONTRAST)]
    return found


def placement_on(page: Page, state: State, limits: dict) -> list[str]:
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found += [f"{state}, {width} px: {complaint}" for complaint in page.evaluate(MEASURE, limits)]
    return found


def form_of(page: Page, state: State, language: str = "en") -> list[str]:
    document = page.evaluate(DOCUMENT)
    repeated = [name for name, times in Counter(document["ids"]).items() if times > 1]
    wrong = {
        f"is in {document['language']}": document["language"] != language,
        f"has {document['headings']} main headings": document["headings"] != 1,
        f"has several elements with the id {', '.join(repeated)}": repeated,
        f"has errors, but the title {document['title']}": state.has_errors > document["title"].startswith("Error: "),
    }
    return [f"{state}, {language}: {what}" for what, is_so in wrong.items() if is_so]

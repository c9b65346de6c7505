"""Every page can be read and pressed: on a small phone, a phone and a desktop, in all colours, with large letters."""

from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from screening.pathways import PATHWAY

from .conftest import DESKTOP, LANGUAGES, PHONE, SMALL_PHONE
from .states import PUBLIC, State, reach, staff_states, stored_states

pytestmark = pytest.mark.browser

SIZES = (SMALL_PHONE, PHONE, DESKTOP)
MEASURE = Path(__file__).with_name("measure.js").read_text()
PLACEMENT = {"sideways": True, "target": 44, "text": 19, "lineHeight": 1.5, "cutOff": True}
COLOURS = {"contrast": 7, "outline": 3}

# What readers may set in their browser: the spacing of WCAG 1.4.12, and letters of twice the usual size. Headings do
# not grow as much, because a part of their size comes from the width of the screen.
SPACED_OUT = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
    p { margin-bottom: 2em !important }"""
ENLARGED = ":root { font-size: 32px !important }"
PLAIN = {"color_scheme": "light", "forced_colors": "none"}
COLOUR_SCHEMES = {
    "light": PLAIN,
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced colours": {"color_scheme": "light", "forced_colors": "active"},
    "forced dark colours": {"color_scheme": "dark", "forced_colors": "active"},
}
WITH_READERS_STYLE = {
    "widely spaced": (SMALL_PHONE, {"style": SPACED_OUT, "sideways": True, "cutOff": True}),
    "enlarged": (DESKTOP, {"style": ENLARGED, "sideways": True, "cutOff": True, "growth": 1.7}),
}

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
    page.set_viewport_size(DESKTOP)
    page.set_content(
        """<body style="margin: 0; background: #fff"><div style="width: 2000px; height: 1px"></div>
        <p style="font-size: 12px; line-height: 1; color: #777">Small, dense and pale</p>
        <p style="background: rgb(0 0 0 / 50%); color: #000">Pale</p>
        <p style="width: 20px">Overlong</p>
        <a href="/" style="display: block; width: 30px; outline: 3px solid #ccc">Narrow</a>
        <button style="border: 0; background: #eee">Flat</button>"""
    )

    found = "\n".join(page.evaluate(MEASURE, {**PLACEMENT, **COLOURS, "style": ENLARGED, "growth": 1.7}))

    for what in ("sideways by 720 px", "pressed on 30 ×", "text of 12 px", "lines 1 times", "4.48 : 1", "5.28 : 1"):
        assert what in found
    for what in ("“Overlong” has text that sticks out", "“Small, dense and pale” grows from 12 to 12px only"):
        assert what in found
    for what in ("“Narrow” shows its focus with 1.61 : 1", "“Flat” stands out with 1.16 : 1"):
        assert what in found


def test_over_200_views_are_looked_at():
    """Each state of a public page that needs no database, in two languages, is looked at in so many ways."""
    addresses = {state.path for state in PUBLIC}
    outcomes = {state.name.partition(",")[0] for state in PUBLIC}
    views = len(PUBLIC) * len(LANGUAGES) * len(SIZES)

    assert {f"/check/{page.key}/" for page in PATHWAY.pages} <= addresses
    assert {outcome.key for outcome in PATHWAY.outcomes} <= outcomes
    assert views > 200, f"{len(PUBLIC)} states make {views} views"


def complaints(page: Page, state: State) -> list[str]:
    found = []
    page.emulate_media(**PLAIN)
    for language in LANGUAGES:
        reach(page, state, language)
        if state.has_errors:
            expect(page.locator(".error-summary")).to_be_focused()
        found += [*form_of(page, state, language), *placement_on(page, state, PLACEMENT)]
        for how, (size, limits) in WITH_READERS_STYLE.items():
            page.set_viewport_size(size)
            found += [f"{state}, {language}, {how}: {complaint}" for complaint in page.evaluate(MEASURE, limits)]
    for how, colours in COLOUR_SCHEMES.items():
        page.emulate_media(**colours)
        found += [f"{state}, {how}: {complaint}" for complaint in page.evaluate(MEASURE, COLOURS)]
    return found


def placement_on(page: Page, state: State, limits: dict) -> list[str]:
    found = []
    for size in SIZES:
        page.set_viewport_size(size)
        found += [f"{state}, {size['width']} px: {complaint}" for complaint in page.evaluate(MEASURE, limits)]
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

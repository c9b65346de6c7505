"""Every page can be read and pressed: on a small phone, a phone and a desktop, in all colours, with large letters.

And axe-core, with all its rules on, finds nothing wrong with any.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import cycle, product
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from screening.pathways.vertebral_cement import PATHWAY

from .conftest import DESKTOP, EVERY_LOOK, LANGUAGES, PHONE, SMALL_PHONE
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
    "enlarged on a phone": (PHONE, {"style": ENLARGED, "sideways": True, "cutOff": True, "splitWords": True}),
    "enlarged on a small phone": (SMALL_PHONE, {"style": ENLARGED, "sideways": True, "cutOff": True}),
}

AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # axe leaves this one out unless it is asked for.
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    # For one experimental rule axe would copy style sheets into the page, which our policy forbids it to.
    "preload": False,
}
# In the second view contrast is measured, in a tenth of the time.
AXE_OPTIONS_WHERE_CONTRAST_IS_MEASURED = {
    **AXE_OPTIONS,
    "rules": {**AXE_OPTIONS["rules"], "color-contrast": {"enabled": False}},
}
# What axe looks at. A state is looked at once, in one view and language or the other: the rules are about its form,
# and states share their parts.
AXE_VIEWS = ((SMALL_PHONE, "light", AXE_OPTIONS), (DESKTOP, "dark", AXE_OPTIONS_WHERE_CONTRAST_IS_MEASURED))
AXE_LOOKS = tuple({language: (view,)} for language, view in zip(LANGUAGES, AXE_VIEWS, strict=True))
if EVERY_LOOK:
    AXE_VIEWS = tuple((*one, AXE_OPTIONS) for one in product((SMALL_PHONE, DESKTOP), ("light", "dark")))
    AXE_LOOKS = (dict.fromkeys(LANGUAGES, AXE_VIEWS),)
# The colours of an address are looked at once: it has the same whatever the sentences are.
SHOW_COLOURS = {(state.path, state.status, state.has_errors): state for state in reversed(PUBLIC)}.values()
LEAST_CONTRAST_FOR_STAFF = {"contrast": 4.5}
END_TRANSITIONS = "() => document.getAnimations().forEach((animation) => animation.finish())"
RUN_AXE = """async (options) => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const animation of document.getAnimations()) animation.finish();
  const { violations } = await axe.run(options);
  return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${rule.help}: ${node.html}`));
}"""
# A page has few colours, and axe reads each again for every text and all that is behind it: a third of its time.
REMEMBER_COLOURS = """
(() => {
  const colour = axe.commons.color.Color.prototype;
  const { parseString } = colour;
  const known = new Map();
  colour.parseString = function (text) {
    if (!known.has(text)) {
      parseString.call(this, text);
      known.set(text, [this.red, this.green, this.blue, this.alpha]);
    }
    [this.red, this.green, this.blue, this.alpha] = known.get(text);
    return this;
  };
})();"""
# So that the workers of a run share the longest test of all.
PARTS = 4

DOCUMENT = """() => ({
  title: document.title,
  language: document.documentElement.lang,
  headings: document.querySelectorAll("h1").length,
  ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
})"""


@pytest.fixture(scope="module")
def long_lived_page(long_lived_page):
    """With axe in every page that it opens, which takes less than to hand it over each time."""
    page, _ = long_lived_page
    page.context.add_init_script(AXE_SCRIPT + REMEMBER_COLOURS)
    return long_lived_page


@pytest.mark.parametrize(
    ("state", "axe_look"), list(zip(PUBLIC, cycle(AXE_LOOKS))), ids=[str(state) for state in PUBLIC]
)
def test_everybody_can_use_a_page(page, state, axe_look, record_property):
    found = complaints(page, state, axe_look, record_property, in_all_colours=state in SHOW_COLOURS)

    assert not found, "\n".join(found)


def test_everybody_can_use_the_pages_of_a_stored_request(page, requests, record_property):
    looks = zip(stored_states(requests), cycle(AXE_LOOKS))
    found = [complaint for state, look in looks for complaint in complaints(page, state, look, record_property)]

    assert not found, "\n".join(found)


@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_can_use_the_pages_for_staff(page, signed_in, requests, record_property, part):
    found = []
    # One after the other, because what a page shows may be made between two of them.
    for number, state in enumerate(staff_states(signed_in, requests)):
        if number % PARTS == part:
            views = AXE_VIEWS if EVERY_LOOK else (AXE_VIEWS[number // PARTS % 2],)
            found += complaints_of_staff_page(page, state, views, record_property)

    assert not found, "\n".join(found)


def test_axe_would_find_what_is_wrong(page):
    page.goto("about:blank")
    page.set_content(
        """<title>Wrong</title><img src="data:,"><p style="color: #999; background: #fff">Pale</p>
        <a href="/1" style="font-size: 8px">1</a><a href="/2" style="font-size: 8px">2</a>"""
    )

    rules = {complaint.partition(":")[0] for complaint in page.evaluate(RUN_AXE, AXE_OPTIONS)}

    assert {"image-alt", "color-contrast", "target-size", "html-has-lang"} <= rules


def test_what_is_wrong_would_be_found(page):
    page.goto("about:blank")
    page.set_viewport_size(DESKTOP)
    page.set_content(
        """<body style="margin: 0; background: #fff"><div style="width: 2000px; height: 1px"></div>
        <p style="font-size: 12px; line-height: 1; color: #777">Small, dense and pale</p>
        <p style="background: rgb(0 0 0 / 50%); color: #000">Pale</p>
        <p style="width: 20px">Overlong</p>
        <a href="/" style="display: block; width: 30px; outline: 3px solid #ccc">Narrow</a>
        <p style="width: 60px; overflow-wrap: anywhere">Internationally</p>
        <button style="border: 0; background: #eee">Flat</button>"""
    )

    limits = {**PLACEMENT, **COLOURS, "style": ENLARGED, "growth": 1.7, "splitWords": True}
    found = "\n".join(page.evaluate(MEASURE, limits))

    for what in ("sideways by 720 px", "pressed on 30 ×", "text of 12 px", "lines 1 times", "4.48 : 1", "5.28 : 1"):
        assert what in found
    for what in ("“Overlong” has text that sticks out", "“Small, dense and pale” grows from 12 to 12px only"):
        assert what in found
    assert "splits the word “Internationally”" in found
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


def complaints(page: Page, state: State, axe_look: dict, record_property, *, in_all_colours=True) -> list[str]:
    found = []
    for language in LANGUAGES:
        page.emulate_media(**PLAIN)
        reach(page, state, language)
        if state.has_errors:
            expect(page.locator(".error-summary")).to_be_focused()
        found += form_of(page, state, language)
        for size in SIZES:
            page.set_viewport_size(size)
            place = f"{state}, {language}, {size['width']} px"
            found += [f"{place}: {complaint}" for complaint in page.evaluate(MEASURE, PLACEMENT)]
            for how, (its_size, limits) in WITH_READERS_STYLE.items():
                if its_size is size:
                    found += [f"{place}, {how}: {complaint}" for complaint in page.evaluate(MEASURE, limits)]
            found += violations(page, state, size, axe_look.get(language, ()), record_property)
    # With the last language, on a desktop: colours are the same in each.
    for how, colours in COLOUR_SCHEMES.items() if in_all_colours else ():
        page.emulate_media(**colours)
        found += [f"{state}, {how}: {complaint}" for complaint in page.evaluate(MEASURE, COLOURS)]
    return found


def complaints_of_staff_page(page: Page, state: State, views: Iterable, record_property) -> list[str]:
    """Axe looks at each state in one of its views: the pages for staff share their parts."""
    page.emulate_media(**PLAIN)
    reach(page, state)
    found = form_of(page, state)
    for size in SIZES:
        page.set_viewport_size(size)
        place = f"{state}, {size['width']} px"
        found += [f"{place}: {complaint}" for complaint in page.evaluate(MEASURE, {"sideways": True})]
        found += violations(page, state, size, views, record_property)
    page.emulate_media(color_scheme="dark")
    page.evaluate(END_TRANSITIONS)
    pale = page.evaluate(MEASURE, LEAST_CONTRAST_FOR_STAFF)
    return [*found, *(f"{state}, {DESKTOP['width']} px, dark: {complaint}" for complaint in pale)]


def violations(page: Page, state: State, size: dict, views: Iterable, record_property) -> list[str]:
    """What axe finds in those of its views that are of this size, which the page has."""
    found = []
    for its_size, scheme, options in views:
        if its_size is size:
            page.emulate_media(color_scheme=scheme)
            place = f"{state}, {size['width']} px, {scheme}"
            found += [f"{place}: {violation}" for violation in page.evaluate(RUN_AXE, options)]
            page.emulate_media(**PLAIN)
            record_property("axe: views (a state, a language, a width)", 1)
    record_property("axe: findings", len(found))
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

"""axe-core, with all its rules on, finds nothing wrong with any page."""

from collections.abc import Iterable
from itertools import product

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from .conftest import DESKTOP, LANGUAGES, SMALL_PHONE
from .states import PUBLIC, State, reach, staff_states, stored_states

pytestmark = pytest.mark.browser

# Contrast in the other pairs is measured in test_pages_fit.py. Each language is looked at in one of the two.
VIEWS = ((SMALL_PHONE, "light"), (DESKTOP, "dark"))

# So that the workers of a run share the longest test of all.
PARTS = 4

OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # axe leaves this one out unless it is asked for.
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    # For one experimental rule axe would copy style sheets into the page, which our policy forbids it to.
    "preload": False,
}

RUN_AXE = """async (options) => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const animation of document.getAnimations()) animation.finish();
  const { violations } = await axe.run(options);
  return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${rule.help}: ${node.html}`));
}"""


@pytest.mark.parametrize("state", PUBLIC, ids=str)
def test_axe_finds_nothing_wrong_with_a_page(page, state, record_property):
    check([state], LANGUAGES, page, record_property)


def test_axe_finds_nothing_wrong_with_the_pages_of_a_stored_request(page, requests, record_property):
    check(stored_states(requests), LANGUAGES, page, record_property)


@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing_wrong_with_staff_pages(page, signed_in, requests, record_property, part):
    # One after the other, because what a page shows may be made between two of them.
    states = (state for number, state in enumerate(staff_states(signed_in, requests)) if number % PARTS == part)
    check(states, ["en"], page, record_property)


def test_axe_would_find_what_is_wrong(page):
    page.goto("about:blank")
    page.set_content(
        """<title>Wrong</title><img src="data:,"><p style="color: #999; background: #fff">Pale</p>
        <a href="/1" style="font-size: 8px">1</a><a href="/2" style="font-size: 8px">2</a>"""
    )

    page.evaluate(AXE_SCRIPT)
    rules = {complaint.partition(":")[0] for complaint in run_axe(page)}

    assert {"image-alt", "color-contrast", "target-size", "html-has-lang"} <= rules


def check(states: Iterable[State], languages: list[str], page: Page, record_property) -> None:
    found, views = [], 0
    for state, language in product(states, languages):
        reach(page, state, language)
        page.evaluate(AXE_SCRIPT)
        for size, colours in VIEWS if len(languages) == 1 else [VIEWS[languages.index(language)]]:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=colours)
            place = f"{state}, {language}, {size['width']} px, {colours}"
            found += [f"{place}: {violation}" for violation in run_axe(page)]
            views += 1

    record_property("axe: views (a state, a language, a width)", views)
    record_property("axe: findings", len(found))
    assert not found, "\n".join(found)


def run_axe(page: Page) -> list[str]:
    return page.evaluate(RUN_AXE, OPTIONS)

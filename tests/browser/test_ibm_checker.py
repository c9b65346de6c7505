"""IBM's Equal Access checker, which has rules that axe-core has not, finds nothing wrong with any public page."""

from collections.abc import Iterable
from itertools import cycle, product
from pathlib import Path

import pytest

from appointments.models import RateBucket

from .conftest import DESKTOP, EVERY_LOOK, LANGUAGES, PHONE, SMALL_PHONE
from .states import PUBLIC, State, reach, stored_states

CHECKER = Path(__file__).parents[2] / "var/judges/node_modules/accessibility-checker-engine/ace.js"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHECKER.exists(), reason="IBM's accessibility checker is not installed: make judges"),
]

# A page is looked at once, in one language or the other: the rules are about its form, and pages share their parts.
ONCE = tuple(zip(LANGUAGES, (PHONE, DESKTOP), strict=True))
LOOKS = (tuple(product(LANGUAGES, (SMALL_PHONE, PHONE, DESKTOP))),) if EVERY_LOOK else tuple((one,) for one in ONCE)

# What the checker says of correct pages, by how it begins.
IGNORED = (
    # What scrolls sideways must be reached with keys: axe demands it (scrollable-region-focusable).
    "element_tabbable_role_valid: The tabbable element's role 'region' is not a widget role",
)

# Only rules that can say what is wrong: what the others say is that somebody should look. Two of them take a third of
# the time for what needs no second look: measure.js measures contrast, and widely spaced letters.
RUN = """async () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const checker = new ace.Checker();
  const { rulesetRules, engine } = checker;
  const canFail = (rule) => engine.getRule(rule).run.toString().includes("RuleFail");
  const lookedAtElsewhere = ["text_contrast_sufficient", "text_spacing_valid"];
  const rules = [...rulesetRules["IBM_Accessibility"], ...rulesetRules["WCAG_2_2"]]
    .filter((rule) => canFail(rule) && !lookedAtElsewhere.includes(rule))
    .map((id) => ({ id, level: "VIOLATION" }));
  checker.addGuideline({ id: "ours", checkpoints: [{ rules }] });
  const { results } = await checker.check(document, ["ours"]);
  return results
    .filter(({ value }) => value[1] === "FAIL")
    .map(({ ruleId, message, snippet }) => `${ruleId}: ${message}: ${snippet}`);
}"""


@pytest.fixture(scope="module")
def long_lived_page(long_lived_page):
    """With the checker in every page that it opens."""
    page, _ = long_lived_page
    page.context.add_init_script(f"{CHECKER.read_text()}\nglobalThis.ace = ace;")
    return long_lived_page


@pytest.mark.parametrize(("state", "looks"), list(zip(PUBLIC, cycle(LOOKS))), ids=[str(state) for state in PUBLIC])
def test_it_finds_nothing_wrong_with_a_page(page, state, looks, record_property):
    found = failures(page, state, looks, record_property)

    assert not found, "\n".join(found)


def test_it_finds_nothing_wrong_with_the_pages_of_a_stored_request(page, requests, record_property):
    found = []
    for state, looks in zip(stored_states(requests), cycle(LOOKS)):
        # Looks at a request are limited, and each state is looked at several times.
        RateBucket.objects.all().delete()
        found += failures(page, state, looks, record_property)

    assert not found, "\n".join(found)


def test_it_would_find_what_is_wrong(page):
    page.goto("about:blank")
    page.set_content(
        """<title>Wrong</title><p>Outside</p><img src="data:,"><input><form aria-label="Twice"></form>
        <form aria-label="Twice"></form><input type="checkbox" name="a"><input type="checkbox" name="a">"""
    )

    rules = {failure.partition(":")[0] for failure in page.evaluate(RUN)}

    assert {
        "html_lang_exists",
        "img_alt_valid",
        "input_label_exists",
        "aria_content_in_landmark",
        "aria_form_label_unique",
        "input_checkboxes_grouped",
    } <= rules


def failures(page, state: State, looks: Iterable[tuple[str, dict]], record_property) -> list[str]:
    found = []
    for language, size in looks:
        page.set_viewport_size(size)
        reach(page, state, language)
        record_property("IBM's checker: views (a state, a language, a width)", 1)
        place = f"{state}, {language}, {size['width']} px"
        found += [f"{place}: {one}" for one in page.evaluate(RUN) if not one.startswith(IGNORED)]
    record_property("IBM's checker: findings", len(found))
    return found

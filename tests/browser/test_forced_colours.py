"""A chosen answer can be told from the others when the colours of the page are overruled, as in high contrast."""

import pytest

from screening.pathways.vertebral_cement import PAIN, RED_FLAGS

from .states import PUBLIC, reach

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("question", [PAIN, RED_FLAGS], ids=["radio button", "checkbox"])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_chosen_answer_looks_different_in_forced_colours(page, question, colours):
    reach(page, next(state for state in PUBLIC if state.name == f"{question.key}, blank"))
    page.emulate_media(color_scheme=colours, forced_colors="active")
    first, second = (page.locator("main .option input").nth(position) for position in (0, 1))

    blank = first.screenshot()
    first.check()
    second.focus()
    chosen = first.screenshot()
    first.evaluate("(input) => { input.checked = false }")

    assert chosen != blank
    assert first.screenshot() == blank, "something else than the answer makes a difference"

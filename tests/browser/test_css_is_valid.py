"""The browser understands all of our style sheets.

It drops what it does not understand without a word: a misspelt property, the value of another one, an unknown colour.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Page
from tinycss2 import parse_blocks_contents, serialize
from tinycss2.ast import Node

from common import brand

pytestmark = pytest.mark.browser

STYLE_SHEETS = sorted(path.relative_to(settings.BASE_DIR) for path in settings.BASE_DIR.glob("*/static/**/*.css"))

NOT_UNDERSTOOD = """({ selector, condition, declaration, variable }) => {
  const isUnknown = (selector) => { try { document.querySelector(selector) } catch { return true } };
  // What it does not know is neither so nor not so.
  const isSo = (condition) => matchMedia(condition).matches;
  const isNotSo = (condition) => isSo(condition.startsWith("(") ? `not (${condition})` : `not ${condition}`);
  const variables = Object.fromEntries(variable);
  const valueOf = (name) => filledIn(variables[name] ?? "nothing");
  const filledIn = (value) => value.replace(/var\\((--[\\w-]+)\\)/g, (_, name) => valueOf(name));
  return [
    ...selector.filter(isUnknown),
    ...condition.filter((condition) => !isSo(condition) && !isNotSo(condition)),
    ...declaration.filter(([name, value]) => !CSS.supports(name, filledIn(value))).map((pair) => pair.join(": ")),
  ];
}"""


@pytest.mark.parametrize("path", STYLE_SHEETS, ids=str)
def test_the_browser_understands_a_style_sheet(page, path):
    # Staff pages stand in Django's admin and use its variables; those of patients have all in one.
    variables = finders.find("upright/upright.css" if path.parts[0] == "screening" else "admin/css/base.css")

    assert not_understood(page, (settings.BASE_DIR / path).read_text(), Path(variables).read_text()) == []


def test_the_browser_understands_the_colours_of_the_clinic(page):
    assert not_understood(page, Client().get(brand.url()).content.decode()) == []


def test_what_is_not_understood_would_be_found(page):
    found = not_understood(
        page,
        """p { colour: red; width: blue; margin: var(--nowhere); color: red }
        p:is-there { color: red } @media (prefers-colour-scheme: dark) { a { width: 1 } } } p { color: red }""",
    )

    assert found == [
        "p:is-there",
        "} p",
        "(prefers-colour-scheme: dark)",
        "colour: red",
        "width: blue",
        "margin: var(--nowhere)",
        "width: 1",
    ]


def not_understood(page: Page, css: str, css_with_variables: str = "") -> list[str]:
    parts = {"error": [], "selector": [], "condition": [], "declaration": [], "variable": []}
    for kind, part in parts_of(css):
        parts[kind].append(part)
    parts["variable"] += [part for kind, part in parts_of(css_with_variables) if kind == "variable"]
    page.goto("about:blank")
    return parts["error"] + page.evaluate(NOT_UNDERSTOOD, parts)


def parts_of(css: str | list[Node]) -> Iterator[tuple[str, str | tuple[str, str]]]:
    """All that is written in a style sheet or between its braces, each with what kind of part it is."""
    for node in parse_blocks_contents(css, skip_comments=True, skip_whitespace=True):
        match node.type:
            case "error":
                yield "error", node.message
            case "declaration":
                kind = "variable" if node.name.startswith("--") else "declaration"
                yield kind, (node.name, serialize(node.value).strip())
            case "qualified-rule":
                yield "selector", serialize(node.prelude).strip()
            case "at-rule" if node.at_keyword == "media":
                yield "condition", serialize(node.prelude).strip()
        if getattr(node, "content", None):
            yield from parts_of(node.content)

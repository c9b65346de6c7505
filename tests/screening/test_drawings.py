"""The pictures: light, named in the reader's language, in the colours of the text, and true to their figures."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from screening.templatetags.upright import icon_array
from screening.views import PICTURES
from tests.walk import source_of, words_of

FOLDER = Path(settings.BASE_DIR, "templates/screening/pictures")
DRAWN = {file.stem for file in FOLDER.glob("[!_]*.html")} - {"icon_array"}
MOST_BYTES = 1000

# What a policy without inline styles and scripts forbids, and what would not turn with the colours of the page.
NOT_IN_A_PICTURE = re.compile(r"<script|<style|\bstyle=|\bon\w+=|#[0-9a-f]{3}|\bfill=|\bstroke=|<image|\bhref=")


def drawn(name: str, language: str) -> str:
    with translation.override(language):
        return render_to_string(f"screening/pictures/{name}.html")


def names_in(html: str) -> list[str]:
    return re.findall('<svg class="picture" viewBox="[^"]*" role="img"><title>([^<]+)</title>', html)


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_is_light_and_has_a_name_in_each_language(picture):
    english, spanish = drawn(picture, "en"), drawn(picture, "es")

    assert len(names_in(english)) == len(names_in(spanish)) == 1
    assert names_in(english) != names_in(spanish)
    assert not NOT_IN_A_PICTURE.search(english)
    assert max(len(gzip.compress(html.encode())) for html in (english, spanish)) < MOST_BYTES


def test_every_picture_is_among_the_components():
    assert set(PICTURES) == DRAWN


def test_every_picture_stands_on_the_education_page_with_a_name(client):
    page = source_of(client.get("/"))

    for picture in PICTURES:
        assert f"<title>{names_in(drawn(picture, 'en'))[0]}</title>" in page
    assert page.count('<svg class="picture"') == len(names_in(page))


def test_six_of_ten_people_stand_and_four_are_bent():
    picture = drawn("ten_people", "en")

    assert picture.count('<g class="hurt"') == 4
    assert picture.count("<circle") == 10


@pytest.mark.parametrize(("marked", "of"), [(0, 100), (9, 100), (44, 100), (100, 100), (164, 201), (157, 214)])
@pytest.mark.parametrize("people", [True, False])
def test_as_many_icons_are_marked_as_the_figure_says(marked, of, people):
    array = icon_array(marked, "", of=of, people=people)

    assert [icons_on(rows) for _, rows in array["tones"]] == [marked, of - marked]


def icons_on(rows: str) -> int:
    """A dash every 16 units makes an icon; the last of a line is 4 units long."""
    return sum((int(length) - 4) // 16 + 1 for length in re.findall(r"h(\d+)", rows))


def test_each_figure_that_is_drawn_is_told_in_words_too(client):
    page = client.get("/")
    words = re.sub(r"(?s)<figure.*?</figure>", "", source_of(page))

    figures = re.findall(r"<title>(\d+ of \d+)</title>", source_of(page))
    assert len(figures) == len(set(figures)) == 8
    assert [figure for figure in figures if figure not in words] == []


def test_the_first_question_alone_shows_the_warning_signs(client):
    name = names_in(drawn("warning_signs", "en"))[0]

    assert name in words_of(client.get("/check/red_flags/"))
    client.post("/check/red_flags/", {"red_flags": "none"})
    assert name not in words_of(client.get("/check/pain/"))

"""Every sentence that patients read is there in Spanish."""

import gettext
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from appointments.lifecycle.status_words import status_in_words
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.description import describe
from screening.wording import say
from tests.walk import answer_check, ask_for_visit, outcome_of

CATALOGUE = Path("locale/es/LC_MESSAGES/django.po")


def entries(text: str) -> dict[str, str]:
    """The translations of a catalogue, by their English; obsolete ones do not count."""
    unfolded = re.sub(r'"\n"', "", text)
    return dict(re.findall(r'^msgid "(.*)"\nmsgstr "(.*)"$', unfolded, re.MULTILINE))


@pytest.mark.process
@pytest.mark.skipif(shutil.which("xgettext") is None, reason="there is no gettext: apt-get install gettext")
def test_the_catalogue_holds_every_sentence_of_the_code_and_nothing_is_left_open(tmp_path):
    copy = tmp_path / "upright"
    ignored = shutil.ignore_patterns(".venv", ".git", "var", "staticfiles", "node_modules")
    shutil.copytree(settings.BASE_DIR, copy, ignore=ignored)

    subprocess.run(["make", "messages", f"PY={sys.executable}", "--old-file=.venv/runtime"], cwd=copy, check=True)  # noqa: S603, S607

    collected = (copy / CATALOGUE).read_text()
    kept = entries((settings.BASE_DIR / CATALOGUE).read_text())
    assert entries(collected).keys() - kept.keys() == set()
    assert [english for english, spanish in entries(collected).items() if english and not spanish] == []
    assert "#, fuzzy" not in collected


def test_the_compiled_catalogue_is_that_of_the_text():
    text = (settings.BASE_DIR / CATALOGUE).read_text()
    with (settings.BASE_DIR / CATALOGUE).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    unescaped = {
        english.replace(r"\"", '"').replace(r"\n", "\n"): spanish.replace(r"\"", '"').replace(r"\n", "\n")
        for english, spanish in entries(text).items()
        if english
    }
    assert {english: compiled.gettext(english) for english in unescaped} == unescaped


def test_a_translation_has_the_placeholders_of_its_english():
    text = (settings.BASE_DIR / CATALOGUE).read_text()
    placeholders = re.compile(r"%\(\w+\)s|\{\w+\}|</?\w+>")

    different = {
        english: spanish
        for english, spanish in entries(text).items()
        if english and sorted(placeholders.findall(english)) != sorted(placeholders.findall(spanish))
    }
    assert different == {}


# Names of those who wrote something.
SAME_EVERYWHERE = ("NICE TA279, 2013", "National Bone Health Alliance, 2014")


def test_a_visit_has_one_name_in_spanish():
    """At home it would be a "visita"."""
    text = (settings.BASE_DIR / CATALOGUE).read_text()

    assert [spanish for spanish in entries(text).values() if re.search(r"\bvisitas?\b", spanish.lower())] == []


def test_every_sentence_of_the_pathway_is_another_in_spanish():
    sentences = set()
    describe(PATHWAY, lambda english: sentences.add(english) or english)

    with translation.override("es"):
        same = {english for english in sentences if say(english) == english}

    assert same <= {"No", "Osteoporosis", *map(str, range(11)), "{question}: {answers}", *SAME_EVERYWHERE}


def test_the_whole_journey_speaks_spanish(client, db):
    client.post("/language/", {"language": "es", "next": "/check/"})

    answer_check(client)
    result = client.get("/check/result/")
    ask_for_visit(client)
    sent = client.get("/visit/sent/").content.decode()

    assert outcome_of(result) == "likely_candidate"
    assert "Es posible que sea candidato o candidata" in result.content.decode()
    assert "Probó faja o corsé" in result.content.decode()
    assert "Ya tenemos su solicitud" in sent
    assert '<html lang="es">' in sent


def test_errors_and_status_speak_spanish(client, a_request):
    request = a_request()
    client.post("/language/", {"language": "es", "next": "/"})

    error = client.post("/check/red_flags/", {}).content.decode()

    assert "Revise esta página" in error or "Error:" in error
    with translation.override("es"):
        said = status_in_words(request)
    assert re.fullmatch("Ya tenemos su solicitud. Le llamamos a más tardar el .*de 20.*", said)


def test_switching_the_language_keeps_the_answers(client, db):
    client.post("/check/red_flags/", {"red_flags": ["none"]})

    switched = client.post("/language/", {"language": "es", "next": "/check/pain/"})

    assert switched["Location"] == "/check/pain/"
    assert "¿qué tan fuerte fue su peor dolor" in client.get("/check/pain/").content.decode()


def test_an_emergency_is_told_in_both_languages(client):
    page = client.post("/check/red_flags/", {"red_flags": ["legs"]}, follow=True).content.decode()

    assert "Get medical help now" in page
    assert "Busque ayuda médica ahora" in page


def test_staff_are_told_that_the_spanish_is_a_draft(admin_client):
    assert "no qualified translator has reviewed" in admin_client.get("/admin/").content.decode()

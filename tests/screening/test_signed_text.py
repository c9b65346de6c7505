"""What is signed is what is read: no sentence that a patient can meet changes without the fingerprint changing."""

import shutil

import pytest
from django.conf import settings
from django.template import engines

from common.languages import SPANISH
from screening import signed_text
from screening.pathways import PATHWAYS
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.description import describe
from tests.catalogues import compiled

TEMPLATES = sorted(signed_text._templates(PATHWAY.key))


def engine():
    """The one of the moment: tests with other settings for templates leave a new one behind."""
    return engines["django"].engine


@pytest.fixture
def product(tmp_path, monkeypatch):
    """A copy of what the fingerprint reads, to be altered."""
    # Kept for good, so it must not be worked out from what is altered here.
    signed_text._only_of_others(PATHWAY.key)
    shutil.copytree(settings.BASE_DIR / "templates", tmp_path / "templates")
    shutil.copytree(settings.BASE_DIR / "locale", tmp_path / "locale")
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    monkeypatch.setattr(settings, "LOCALE_PATHS", [tmp_path / "locale"])
    monkeypatch.setattr(engine(), "dirs", [tmp_path / "templates"])
    # The pathway is the same in all of these, and takes longest.
    described = describe(PATHWAY)
    monkeypatch.setattr(signed_text, "describe", lambda pathway: described)
    return tmp_path


def fingerprint_now() -> str:
    for loader in engine().template_loaders:
        loader.reset()
    return signed_text.fingerprint.__wrapped__(PATHWAY.key)


def test_the_copy_has_the_fingerprint_of_the_product(product):
    assert fingerprint_now() == signed_text.fingerprint(PATHWAY.key)


def test_what_patients_see_is_among_what_is_signed():
    folders = {name.split("/")[0] for name in TEMPLATES}

    assert folders == {"common", "intake", "messages", "portal", "screening", "staff", "texts", "upright"}
    assert [name for name in TEMPLATES if name.startswith("staff/")] == ["staff/letter.html"]


@pytest.mark.sweep
def test_each_changed_template_changes_the_fingerprint(product):
    seen = {fingerprint_now()}

    for name in TEMPLATES:
        file = product / "templates" / name
        file.write_text(file.read_text("utf-8") + "One more word.", "utf-8")
        seen.add(fingerprint_now())

    assert len(seen) == len(TEMPLATES) + 1
    assert len(TEMPLATES) > 50


@pytest.mark.parametrize("words", ["Come along.", "{% now %} and {{ no end"])
def test_a_clinics_own_template_changes_the_fingerprint_even_if_it_is_broken(product, monkeypatch, words):
    before = fingerprint_now()
    own = product / "own"
    (own / "messages").mkdir(parents=True)
    (own / "messages" / "booked.txt").write_text(words, "utf-8")
    monkeypatch.setattr(engine(), "dirs", [own, *engine().dirs])

    assert fingerprint_now() != before


def test_a_changed_catalogue_on_the_disk_changes_the_fingerprint(product):
    file = product / "locale" / "es" / "LC_MESSAGES" / "django.mo"
    catalogue = {english: said for english, said in signed_text.catalogue("es").items() if not english.endswith(")")}
    file.write_bytes(compiled(catalogue))
    before = fingerprint_now()
    file.write_bytes(compiled({**catalogue, "Back": "Otra cosa"}))

    assert fingerprint_now() != before


@pytest.mark.sweep
def test_each_changed_translation_changes_the_fingerprint(product, monkeypatch):
    # The templates and the files stay as they are here, so that they are read once.
    templates = signed_text._templates(PATHWAY.key)
    sentences = {source: [*signed_text._sentences(source)] for source in templates.values()}
    catalogues = {language: signed_text.catalogue(language) for language in ("en", "es")}
    monkeypatch.setattr(signed_text, "_templates", lambda key: templates)
    monkeypatch.setattr(signed_text, "_sentences", sentences.get)
    monkeypatch.setattr(signed_text, "catalogue", catalogues.get)
    seen = {signed_text.fingerprint.__wrapped__(PATHWAY.key)}

    for english, spanish in [*catalogues["es"].items()]:
        catalogues["es"][english] = f"{spanish} ¿No?"
        seen.add(signed_text.fingerprint.__wrapped__(PATHWAY.key))
        catalogues["es"][english] = spanish

    assert len(seen) == len(catalogues["es"]) + 1
    assert len(seen) > 700


def test_a_changed_plain_page_changes_the_fingerprint(product, monkeypatch):
    before = fingerprint_now()
    for english in SPANISH.plain:
        with monkeypatch.context() as changed:
            changed.setitem(SPANISH.plain, english, "Otra cosa")
            assert fingerprint_now() != before


def test_a_changed_pathway_changes_the_fingerprint(product, monkeypatch):
    before = fingerprint_now()
    monkeypatch.setattr(signed_text, "describe", lambda pathway: "another")

    assert fingerprint_now() != before


def test_the_wording_has_every_sentence_of_the_catalogue_in_each_language():
    for language in ("en", "es"):
        said = signed_text.catalogue(language)
        in_pathway = {said.get(situation.name) for one in PATHWAYS.values() for situation in one.situations}
        for pathway in PATHWAYS.values():
            describe(pathway, lambda english, said=said, found=in_pathway: found.add(said.get(english)) or english)
        beside_it = "".join(signed_text.wording(language, key) for key in PATHWAYS)

        missing = [words for words in said.values() if words not in in_pathway and f"- {words}" not in beside_it]
        assert missing == []

"""The education page says what studies found, for and against, and where each figure can be looked up."""

import datetime
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from screening import views
from screening.signed_text import catalogue
from tests.walk import words_of

TEMPLATE = Path(settings.BASE_DIR, "templates/screening/education/vertebral_cement.html")

MAKER_PAID = (
    "The maker of the device paid for this study.",
    "El fabricante del dispositivo pagó este estudio.",
)

# What a clinical review found missing on the page.
SAID = [
    (
        "NASS, spine doctors of North America. They judged 144 made-up cases of weak bones. "
        "Cement was right in 5 of 100, and rarely right in 60. In 35 it was not clear. "
        "How long the pain had lasted mattered most.",
        "NASS, médicos de columna de Norteamérica. Evaluaron 144 casos inventados de huesos débiles. "
        "El cemento era adecuado en 5 de cada 100 y rara vez adecuado en 60. En 35 no estaba claro. "
        "Lo que más pesó fue la duración del dolor.",
    ),
    (
        "At 3 to 6 months, pain did not differ. But people with cement could do more at 6 months.",
        "A los 3 a 6 meses, el dolor no fue distinto. Pero a los 6 meses las personas con cemento podían hacer más.",
    ),
    ("Daily function did not clearly differ.", "Las actividades diarias no fueron claramente distintas."),
    MAKER_PAID,
    (
        "The study stopped early, with 404 of 1,234 planned people.",
        "El estudio terminó antes, con 404 de las 1,234 personas planeadas.",
    ),
    ("They also said that harm cannot be ruled out.", "También dijeron que no se puede descartar un daño."),
    (
        "Nearby bones can crack later. "
        "A review of 69 studies saw this more often than is usual with weak bones. "
        "One study with a second group did not. It is not clear.",
        "Los huesos cercanos pueden fracturarse después. "
        "Una revisión de 69 estudios lo vio más de lo habitual con huesos débiles. "
        "Un estudio con grupo de comparación no lo vio. No está claro.",
    ),
    (
        "Records also show fewer deaths after cement. But treated people were often healthier before. "
        "So this is no proof that people live longer.",
        "Los registros también muestran menos muertes después del cemento. "
        "Pero esas personas a menudo estaban más sanas antes. Por eso no prueba que se viva más.",
    ),
    (
        "You may have some discomfort or back pain afterward.",
        "Puede tener molestias o dolor de espalda después.",
    ),
    (
        "A report says that bone presses into the canal of the spine.",
        "Un informe dice que el hueso presiona el canal de la columna.",
    ),
    (
        "FDA notices, 2002 to 2004, and the label of a bone cement, 2021: leaks and other harms.",
        "Avisos de la FDA, 2002 a 2004, y etiqueta de un cemento óseo, 2021: salidas del cemento y otros daños.",
    ),
    ("Newest study on this page: 2023.", "Estudio más reciente: 2023."),
]

# Where on the page a thing has to be said: after the first words and before the second.
SAID_BETWEEN = [
    ("ASBMR, 2019.", "Studies that did find a benefit", "They also said that harm cannot be ruled out."),
    ("VAPOUR. 120 people", "VERTOS V. 80 people", "At 3 to 6 months, pain did not differ."),
    ("VERTOS V. 80 people", "FREE. 300 people", "Daily function did not clearly differ."),
    ("FREE. 300 people", "CAFE, 2011. 134 people", MAKER_PAID[0]),
    ("CAFE, 2011. 134 people", "Studies with no one to compare with", MAKER_PAID[0]),
    ("One study found about the same pain", "What expert groups say", "The study stopped early"),
    ("What expert groups say", "RAND panel, 2018.", "NASS, spine doctors of North America."),
    ("A link is not a cause", "What this page does not tell you", "Records also show fewer deaths after cement."),
    ("After the treatment", "What are the risks?", "You may have some discomfort"),
    ("What are the risks?", "Do they work?", "A review of 69 studies saw this more often"),
    ("These can rule it out", "If you take a blood thinner", "bone presses into the canal"),
    ("Sources", "About this page", "the label of a bone cement, 2021"),
]

# Publishers, registers of papers, and those whose own paper or page it is. A copy that somebody else keeps is not
# one; the National Archives keep what the FDA has taken down.
OWN_PLACES = {
    "boris.unibe.ch",
    "discover.dc.nihr.ac.uk",
    "doi.org",
    "imwg.myeloma.org",
    "north-american-spine-society.foleon.com",
    "pmc.ncbi.nlm.nih.gov",
    "pubmed.ncbi.nlm.nih.gov",
    "webharvest.gov",
    "www.aafp.org",
    "www.ajnr.org",
    "www.cms.gov",
    "www.nice.org.uk",
}

# The source names itself to the clinic, not to its patients.
WITHOUT_A_LINK = {
    "A health system's patient page on kyphoplasty and vertebroplasty: the five points, how it is done, recovery."
}

# The source stands there under its own name.
SAME_IN_SPANISH = {"NICE (National Institute for Health and Care Excellence), TA279, 2013."}

HAS_THE_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


class Items(HTMLParser):
    """Each list item of the page with the links in it, and the heading over it."""

    def __init__(self):
        super().__init__()
        self.heading, self.found, self._inside = "", [], None

    def handle_starttag(self, tag, attributes):
        if tag == "h2":
            self.heading, self._inside = "", "h2"
        elif tag == "li":
            self.found.append((self.heading, [], []))
            self._inside = "li"
        elif tag == "a" and self._inside == "li":
            self.found[-1][2].append(dict(attributes))

    def handle_endtag(self, tag):
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data):
        if self._inside == "h2":
            self.heading += data
        elif self._inside == "li":
            self.found[-1][1].append(data)


@pytest.fixture
def sources(client) -> dict[str, list[dict]]:
    """The list of sources: the words of each, and the attributes of its links."""
    items = Items()
    items.feed(client.get("/").content.decode())
    return {" ".join("".join(words).split()): links for heading, words, links in items.found if heading == "Sources"}


@pytest.mark.parametrize("language", ["en", "es"])
def test_ninety_words_come_before_the_button(client, language):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = client.get("/").content.decode()

    first = page.partition("</h1>")[2].partition('<a class="button"')[0]
    assert 60 < len(re.sub("<[^>]*>", " ", first).split()) <= 90


def test_five_parts_open_each_with_a_heading_and_a_picture(client):
    page = client.get("/").content.decode()

    parts = re.findall(r'(?s)<details class="part".*?(?=<details class="part"|</article>)', page)
    assert len(parts) == 5
    for part in parts:
        assert re.match(r"<details[^>]*>\s*<summary><h2>[^<]+</h2></summary>", part)
        assert '<svg class="picture"' in part.partition("screen-only")[0].partition("get-help-title")[0]


@pytest.mark.parametrize(("english", "spanish"), SAID, ids=[english[:40] for english, _ in SAID])
def test_the_page_says_it_in_both_languages(client, english, spanish):
    assert english in words_of(client.get("/"))

    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    assert spanish in words_of(client.get("/"))


@pytest.mark.parametrize(("after", "before", "words"), SAID_BETWEEN, ids=[between[0] for between in SAID_BETWEEN])
def test_the_page_says_it_where_it_belongs(client, after, before, words):
    page = words_of(client.get("/"))

    assert page.count(after) == 1
    assert words in page.partition(after)[2].partition(before)[0]


def test_every_source_has_a_link_or_is_declared_to_have_none(sources):
    assert len(sources) > 30
    assert {words for words, links in sources.items() if not links} == WITHOUT_A_LINK


def test_links_lead_to_those_who_wrote_it_and_tell_them_nothing(sources):
    links = [link for links in sources.values() for link in links]

    assert {urlsplit(link["href"]).scheme for link in links} == {"https"}
    assert {urlsplit(link["href"]).hostname for link in links} == OWN_PLACES
    assert [link for link in links if link.keys() != {"href", "rel"} or link["rel"] != "noreferrer"] == []
    assert len({link["href"] for link in links}) == len(links)


def test_a_link_to_another_site_stands_only_among_the_sources(client, sources):
    page = client.get("/").content.decode()

    addresses = re.findall(r'(?:href|src|action)="(\w+://[^"]*|//[^"]*)"', page)
    assert sorted(addresses) == sorted(link["href"] for links in sources.values() for link in links)


def test_the_newest_study_is_as_old_as_the_page_says(sources):
    assert max(int(year) for words in sources for year in HAS_THE_YEAR.findall(words)) == 2023


def test_nothing_of_the_page_is_left_in_english_in_spanish(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    page, spanish = words_of(client.get("/")), catalogue("es")

    sentences = set(re.findall(r'{% translate "([^"]*)" %}', TEMPLATE.read_text("utf-8")))
    assert len(sentences) > 100
    assert {sentence for sentence in sentences if spanish.get(sentence, sentence) == sentence} == SAME_IN_SPANISH
    whole = {sentence for sentence in sentences if len(sentence.split()) > 3}
    assert {sentence for sentence in whole if sentence in page} == SAME_IN_SPANISH


def test_a_page_that_nobody_has_signed_says_so(client):
    foot = words_of(client.get("/")).partition("About this page")[2]

    assert foot.startswith(" No clinician has checked this page yet. Newest study on this page: 2023.")

    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    foot = words_of(client.get("/")).partition("Sobre esta página")[2]
    assert foot.startswith(" Ningún médico ha revisado esta página todavía. Estudio más reciente: 2023.")


SIGNED = {"name": "Dr. A. Example", "date": datetime.date(2026, 11, 30)}


@pytest.mark.parametrize(
    ("signature", "english", "spanish"),
    [
        (
            SimpleNamespace(**SIGNED, valid_until=datetime.date(2027, 11, 30)),
            "Last checked: Nov. 30, 2026. Next check: Nov. 30, 2027. Checked by: Dr. A. Example.",
            "Última revisión: 30 de noviembre de 2026. Próxima revisión: 30 de noviembre de 2027. "
            "Revisó: Dr. A. Example.",
        ),
        (
            SimpleNamespace(**SIGNED),
            "Last checked: Nov. 30, 2026. Checked by: Dr. A. Example.",
            "Última revisión: 30 de noviembre de 2026. Revisó: Dr. A. Example.",
        ),
    ],
    ids=["for a time", "for good"],
)
def test_a_page_that_is_signed_says_by_whom_and_when(client, monkeypatch, signature, english, spanish):
    monkeypatch.setattr(views, "current_sign_off", lambda about: signature)

    assert f"{english} Newest study on this page: 2023." in words_of(client.get("/"))

    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    assert f"{spanish} Estudio más reciente: 2023." in words_of(client.get("/"))

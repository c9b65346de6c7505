"""A language that is read from right to left, made from the English: python -m tests.pseudo_language runserver …

It is one entry and one catalogue, as any other would be. Each letter is another, so that a letter of the alphabet of
English on a page is a sentence that nobody could translate.
"""

import atexit
import gettext
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from common import languages
from common.languages import Language, PhoneScript
from tests.catalogues import compiled

CODE = "ar-xb"
LETTERS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ابتثجحخدذرزسشصضطظعغفقكلمنه" * 2,
)
# What is filled in or read by machines.
LEFT_ALONE = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{[^}]*\}|<[^>]*>|&\w+;|https?://\S+|mailto:\S+)")
ROOT = Path(__file__).parents[1]


def pseudo(english: str) -> str:
    parts = LEFT_ALONE.split(english)
    return "".join(part if at % 2 else part.translate(LETTERS) for at, part in enumerate(parts))


def entry() -> Language:
    english = languages.ENGLISH
    return Language(
        code=CODE,
        name="العربية",
        english_name="Right-to-left",
        direction="rtl",
        hours=pseudo(english.hours),
        days=pseudo(english.days),
        times=pseudo(english.times),
        noon=pseudo(english.noon),
        date="l, j F Y",
        help_words=frozenset({"مساعدة"}),
        script=PhoneScript(*(pseudo(getattr(english.script, part)) for part in ("greeting", "check", "voicemail"))),
        plain={sentence: pseudo(sentence) for sentence in languages.SPANISH.plain},
    )


def install() -> None:
    """Before Django reads its settings; the catalogue is of all that Spanish has to say, too."""
    languages.LANGUAGES = (*languages.LANGUAGES, entry())
    folder = Path(tempfile.mkdtemp(prefix="upright-pseudo-"))
    atexit.register(shutil.rmtree, folder)
    with (ROOT / "locale/es/LC_MESSAGES/django.mo").open("rb") as spanish:
        keys = [key for key in gettext.GNUTranslations(spanish)._catalog if key]
    catalogue = folder / "ar_XB/LC_MESSAGES/django.mo"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_bytes(compiled({key: pseudo(key) for key in keys}))

    from django.conf import settings

    settings.LOCALE_PATHS = [folder, *settings.LOCALE_PATHS]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # So that it tidies up, also where Ctrl-C is ignored, as it is by all that a shell runs in the background.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    install()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[1:]])

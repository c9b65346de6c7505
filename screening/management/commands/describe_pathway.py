"""Prints what is signed: the pathway in prose, and every other sentence that patients read."""

import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from common.languages import LANGUAGES
from screening import releases
from screening.pathways import FIRST, PATHWAYS
from screening.questionnaire.definition import Pathway
from screening.questionnaire.description import describe, describe_rule
from screening.signed_text import catalogue, fingerprint, wording


class Command(BaseCommand):
    help = "Print everything the pathway asks, decides and says, and the fingerprint that a signature covers."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        codes = [language.code for language in LANGUAGES]
        parser.add_argument("pathway", nargs="?", choices=PATHWAYS, default=FIRST.key, help="its key (%(default)s)")
        parser.add_argument("--language", choices=codes, default=codes[0], help="in which language to print it")
        parser.add_argument(
            "--rule", action="store_true", help="what is asked and what decides, and no sentence more"
        )
        parser.add_argument("--whole", action="store_true", help="with every sentence beside the pathway")
        parser.add_argument("--list", action="store_true", help="list this text beside the pathway instead")
        parser.add_argument("--mended", default="", metavar="WHAT", help="the slip of the pen that a revision mends")

    def handle(self, *args: object, **options: Any) -> None:
        pathway = PATHWAYS[options["pathway"]]
        if options["list"]:
            self._list(pathway, options["mended"])
            return
        language = options["language"]
        said = catalogue(language)
        described = describe_rule if options["rule"] else describe
        self.stdout.write(described(pathway, lambda english: said.get(english, english)))
        if options["whole"]:
            with translation.override(language):
                self.stdout.write(wording(language, pathway.key))
        self.stdout.write(f"\nFingerprint {fingerprint(pathway.key)}")

    def _list(self, pathway: Pathway, mended: str) -> None:
        try:
            known = releases.listed(
                releases.releases(pathway.key),
                version=pathway.version,
                fingerprint=fingerprint(pathway.key),
                today=datetime.datetime.now(tz=datetime.UTC).date(),
                note=mended,
            )
        except releases.NotReleased as reason:
            raise CommandError(str(reason)) from None
        releases.write(pathway.key, known)

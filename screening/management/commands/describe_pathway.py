"""Prints the pathway in prose, for the clinician who signs it off."""

from django.core.management.base import BaseCommand

from screening.pathways import PATHWAY
from screening.questionnaire.description import describe
from screening.signed_text import fingerprint


class Command(BaseCommand):
    help = "Print everything the pathway asks, decides and says, and the fingerprint that a signature covers."
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(describe(PATHWAY))
        self.stdout.write(f"\nFingerprint {fingerprint()}")

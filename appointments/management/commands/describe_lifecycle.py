"""Prints everything that can happen to a request, for the clinic's manager to approve."""

from django.core.management.base import BaseCommand
from django.utils import translation

from appointments.lifecycle.definition import LIFECYCLE
from appointments.lifecycle.description import describe


class Command(BaseCommand):
    help = "Print everything that can happen to a request, in prose and as a state diagram."

    def handle(self, *args: object, **options: object) -> None:
        with translation.override("en"):
            self.stdout.write(describe(LIFECYCLE), ending="")

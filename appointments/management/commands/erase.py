"""Erases a person's requests when they ask for it."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from appointments import reference as references
from appointments.lifecycle.effects import erasure
from appointments.lifecycle.transition import Refused
from appointments.models import AppointmentRequest


class Command(BaseCommand):
    help = "Erase everything about the requests with these references. Nobody can undo it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", nargs="+")

    def handle(self, *, reference: list[str], **options: object) -> None:
        found = [self._find(typed) for typed in reference]
        for request in found:
            try:
                erasure.erase(request)
            except Refused as refusal:
                raise CommandError(f"{request}: {refusal}") from None
            self.stdout.write("One request is erased.")

    def _find(self, typed: str) -> AppointmentRequest:
        request = AppointmentRequest.objects.filter(reference=references.parse(typed) or typed).first()
        if request is None:
            raise CommandError(f"There is no request {typed}. Nothing was erased.")
        return request

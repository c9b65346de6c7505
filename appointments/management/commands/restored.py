"""After a restore: what would be sent, what was forgotten, and the word that lets workers go on."""

import datetime
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

import audit
from appointments.models import Incarnation
from appointments.operations import restores

NOTHING_WAITS = "This is no restored copy that waits for a decision."


class Command(BaseCommand):
    help = "Say what would be sent from a restored database. Nothing is, before --drop or --send decide."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--mark", action="store_true", help="this is a restored copy, whatever it knows")
        parser.add_argument("--journal", nargs="+", metavar="FILE", help="logs: erase again, and keep each STOP")
        parser.add_argument("--each", action="store_true", help="name each message, with the number of its request")
        decision = parser.add_mutually_exclusive_group()
        decision.add_argument("--drop", action="store_true", help="send none of them, and go on")
        decision.add_argument("--send", action="store_true", help="send them, and go on")

    def handle(
        self, *, mark: bool, journal: list[str] | None, each: bool, drop: bool, send: bool, **options: object
    ) -> None:
        # A file that cannot be read leaves no mark either: workers of a database that is no copy would stand still.
        with audit.atomic():
            restored = Incarnation.objects.mark() if mark else Incarnation.objects.look()
            applied = restores.apply(_lines(journal)) if restored and journal else None
        if restored is None:
            if journal or drop or send:
                raise CommandError(f"{NOTHING_WAITS} If it is one, say --mark first.")
            self.stdout.write(NOTHING_WAITS)
            return
        if applied:
            erased, stopped = applied
            self.stdout.write(f"Erased again: {erased}. Phones that want no texts, by the journal: {stopped}.")
        self._say(restored, each=each)
        if drop:
            self.stdout.write(f"Dropped: {restores.drop(restores.undecided(restored))}.")
        if drop or send:
            self.stdout.write(f"Workers go on. To be sent: {restores.acknowledge(restored)}.")
        else:
            self.stdout.write("Workers send and delete nothing until --drop or --send decides, or a manager does.")

    def _say(self, restored: Incarnation, *, each: bool) -> None:
        self.stdout.write(f"Restored, as was noticed at {_clock(restored.noticed_at)}. It would send:")
        for group in restores.groups(restored):
            oldest = _clock(group.oldest)
            self.stdout.write(
                f"  {group.kind} by {group.channel.label.lower()}: {group.count}, the oldest of {oldest}"
            )
        for message in restores.undecided(restored) if each else ():
            what = f"{message.kind} by {message.get_channel_display().lower()}"
            self.stdout.write(f"  {_clock(message.created_at)} {what}, request number {message.request_id or 'none'}")


def _lines(names: list[str]) -> Iterator[str]:
    for name in names:
        try:
            with Path(name).open(errors="replace") as log:
                yield from log
        except OSError as error:
            raise CommandError(f"{name} cannot be read: {error.strerror}. Nothing was done.") from None


def _clock(moment: datetime.datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"

"""Prints everything that can happen to a request, for the clinic's manager to approve."""

import re
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from appointments.lifecycle.definition import LIFECYCLE
from appointments.lifecycle.description import describe, diagram, who_does


class Command(BaseCommand):
    help = "Print everything that can happen to a request, in prose and as a state diagram."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--renew",
            nargs="+",
            type=Path,
            metavar="FILE",
            help="write the table of verbs and the diagram into these documents instead, where they have one",
        )

    def handle(self, *, renew: list[Path] | None, **options: object) -> None:
        with translation.override("en"):
            if not renew:
                self.stdout.write(describe(LIFECYCLE), ending="")
            for file in renew or ():
                _renew(file)


def _renew(file: Path) -> None:
    parts = {
        r"(?<=<!-- verbs -->\n).*?(?=<!-- /verbs -->)": _table_for_staff(),
        r"stateDiagram-v2\n.*?\n(?=```)": f"{diagram(LIFECYCLE)}\n",
    }
    text, found = file.read_text("utf-8"), 0
    for pattern, now in parts.items():
        text, times = _with_now(pattern, now, text)
        found += times
    if not found:
        raise CommandError(f"{file} has neither <!-- verbs --> nor a stateDiagram-v2.")
    file.write_text(text, "utf-8")


def _with_now(pattern: str, now: str, text: str) -> tuple[str, int]:
    return re.subn(pattern, lambda _: now, text, flags=re.DOTALL)


def _table_for_staff() -> str:
    """What staff can do with a request. What patients do themselves is left out."""
    lines = [
        "| What | When | Then it is | By | The patient may get | Can be taken back |",
        "|---|---|---|---|---|---|",
    ]
    for verb in LIFECYCLE.verbs:
        if not verb.is_the_patients:
            ends = " or ".join(end.label.lower() for end in verb.leads_to)
            kinds = dict.fromkeys(kind.label for tells in verb.tells for kind in tells.kinds if not kind.to_staff)
            told = ", ".join(f"“{label}”" for label in kinds)
            cells = (verb.label, verb.when.prose, ends, who_does(verb), told, "yes" if verb.undo else "no")
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"

"""Prints what changed between two versions of the pathway, and which of the cases end otherwise."""

from collections.abc import Iterator

from django.core.management.base import BaseCommand, CommandError, CommandParser

from screening.cases import compare_cases
from screening.own_cases import own_cases
from screening.pathways import FIRST, PATHWAYS, versions
from screening.questionnaire.comparison import changes_between, compare
from screening.questionnaire.definition import Pathway


class Command(BaseCommand):
    help = "Print in words what changed between two versions of the pathway, and which of the cases end otherwise."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        for name in ("before", "after"):
            parser.add_argument(name, help="a version, like 1.0")
        parser.add_argument("--pathway", choices=PATHWAYS, default=FIRST.key, help="its key (%(default)s)")

    def handle(self, *args: object, before: str, after: str, pathway: str, **options: object) -> None:
        known = versions(pathway)
        for version in (before, after):
            if version not in known:
                raise CommandError(f"There is no version {version}. There are: {', '.join(known)}.")
        for line in _lines(known[before], known[after]):
            self.stdout.write(line)


def _lines(before: Pathway, after: Pathway) -> Iterator[str]:
    yield f"# From version {before.version} to version {after.version}"
    if changes := changes_between(before, after):
        yield "\n## What was changed, and why\n"
        for change in changes:
            sources = f" ({'; '.join(change.sources)})" if change.sources else ""
            yield f"- {change.version}, {change.date}: {change.what} {change.why}{sources}"
    for part in compare(before, after):
        yield f"\n## {part.title}"
        for difference in part.differences:
            yield f"\n- {difference.thing}: {difference.what}"
            for aspect in difference.aspects:
                if aspect.what == "changed":
                    yield f"  - {aspect.aspect}"
                    yield f"    - before: {aspect.before}"
                    yield f"    - now: {aspect.after}"
                else:
                    became = f" ({aspect.what})" if difference.what == "changed" else ""
                    yield f"  - {aspect.aspect}{became}: {aspect.before or aspect.after}"
    compared = compare_cases(own_cases(PATHWAYS[after.key]), PATHWAYS[after.key], before, after)
    otherwise = [one for one in compared if one.ends_otherwise]
    yield f"\n## Cases that end otherwise: {len(otherwise)} of {len(compared)}\n"
    for one in otherwise:
        yield f"- Case {one.case.name}, {one.case.who}"
        yield f"  - {before.version}: {one.before}"
        yield f"  - {after.version}: {one.after}"

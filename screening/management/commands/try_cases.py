"""Tries the cases of a sheet: whether the rule ends each of them as the sheet says."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from screening.cases import judge, read_file
from screening.own_cases import sheet_of
from screening.pathways import FIRST, PATHWAYS


class Command(BaseCommand):
    help = "Try each case of a sheet and say whether it ends as expected. Fails if one does not."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="a CSV file; else those beside the pathway")
        parser.add_argument("--pathway", choices=PATHWAYS, default=FIRST.key, help="its key (%(default)s)")

    def handle(self, *args: object, file: Path | None, pathway: str, **options: object) -> None:
        tried = PATHWAYS[pathway]
        file = file or sheet_of(tried)
        try:
            sheet = read_file(file, tried)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        if sheet.problems:
            raise CommandError("\n".join(sheet.problems))
        judged = judge(sheet.cases, tried)
        for one in judged:
            self.stdout.write(f"{one}.")
            for remark in one.remarks():
                self.stdout.write(f"  {remark}")
        if wrong := sum(not one.is_as_expected for one in judged):
            raise CommandError(f"Of {len(judged)} cases, {wrong} do not end as expected.")
        self.stdout.write(f"All {len(judged)} cases end as expected.")

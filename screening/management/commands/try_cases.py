"""Tries the cases of a sheet: whether the rule ends each of them as the sheet says."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from screening.cases import SHEET, judge, read_file
from screening.pathways import PATHWAY


class Command(BaseCommand):
    help = "Try each case of a sheet and say whether it ends as expected. Fails if one does not."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=SHEET, help="a CSV file; else our own cases")

    def handle(self, *args: object, file: Path, **options: object) -> None:
        try:
            sheet = read_file(file, PATHWAY)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        if sheet.problems:
            raise CommandError("\n".join(sheet.problems))
        judged = judge(sheet.cases, PATHWAY)
        for one in judged:
            self.stdout.write(f"{one}.")
            for remark in one.remarks():
                self.stdout.write(f"  {remark}")
        if wrong := sum(not one.is_as_expected for one in judged):
            raise CommandError(f"Of {len(judged)} cases, {wrong} do not end as expected.")
        self.stdout.write(f"All {len(judged)} cases end as expected.")

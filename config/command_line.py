"""What stops a command and is for an operator to mend is said in one sentence; a fault of ours is not."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import Error, connection
from django.db.migrations.exceptions import MigrationSchemaMissing

from common import outages
from config import logs

NOT_ALLOWED = "42501"
SEE = "See docs/operation/troubleshooting.md."


def run(arguments: list[str]) -> None:
    """As Django does; with --traceback, each error as it comes."""
    try:
        execute_from_command_line(arguments)
    except BrokenPipeError:
        # Whoever read it has enough, and Python would write the rest when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        words = str(error) if logs.is_spoken(error) else _of_the_database(error, *arguments[1:2])
        if not words or "--traceback" in arguments:
            raise
        sys.exit(f"{type(error).__name__}: {words}")


def _of_the_database(error: Exception, command: str = "") -> str:
    """Never what it says itself: that may quote a row. Empty if it is well, and the mistake ours."""
    if not isinstance(error, Error | MigrationSchemaMissing):
        return ""
    at = connection.settings_dict
    if outages.code_of(error) == NOT_ALLOWED:
        return (
            f"The database does not let the role {at['USER']} do that. "
            "docs/operation.md says as which role a command is run."
        )
    connection.close()
    try:
        connection.ensure_connection()
        lacks_tables = outages.lacks_tables(error)
    except Error:
        where = f"{at['NAME']} at {at['HOST']}:{at['PORT']}, as {at['USER']}" if at["HOST"] else at["NAME"]
        return f"The database cannot be opened ({where}). {SEE}"
    if lacks_tables and not command.startswith("migrate"):
        return "The database lacks tables of this version: migrate first, by deploy/release.sh or manage.py migrate."
    if outages.is_outage(error) and outages.code_of(error) not in outages.NOT_THERE:
        return f"The database cannot do that just now ({type(error.__cause__ or error).__name__}). {SEE}"
    return ""

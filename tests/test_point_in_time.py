"""Recovery to a point in time, as the operator's guide has it: a burst of requests, and a time in its middle."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from tests import postgres

ROOT = Path(__file__).parents[1]
# As the guide says, but beside the data of a server that is thrown away.
ARCHIVE = "archive_mode = on\narchive_command = 'mkdir -p ../archive && cp %p ../archive/%f'\n"
BURST = """
import time
from django.core.management import call_command
from django.db import connection
from tests.factories import a_request

call_command("restored")
for number in range(6):
    a_request(email=f"ana{number}@example.com")
    if number == 2:
        time.sleep(0.2)
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()::text")
            print(cursor.fetchone()[0])
        time.sleep(0.2)
"""
AFTERWARDS = """
from django.core.management import call_command
from appointments.models import AppointmentRequest, Message

call_command("restored")
call_command("restored", mark=True)
call_command("work", once=True)
print(AppointmentRequest.objects.count(), "requests", Message.objects.exclude(state="waiting").count(), "sent")
"""


@pytest.mark.postgresql
@pytest.mark.process
@pytest.mark.django_db
def test_a_database_of_a_time_in_the_middle_of_a_burst_has_what_was_there_and_sends_nothing():
    with postgres.running(postgres.HASTY + ARCHIVE) as lost:
        fill_with_tables(lost)
        copy = lost.base_backup(lost.folder / "copy")
        *_, moment = python(BURST, lost).splitlines()
        burst = psql(lost, "-Atc", "SELECT pg_walfile_name(pg_switch_wal())")
        wait_for(lambda: psql(lost, "-Atc", "SELECT last_archived_wal FROM pg_stat_archiver") >= burst)
        lost.kill()

        try:
            copy.recover(lost.folder / "archive", moment)
            wait_for(lambda: psql(copy, "-Atc", "SELECT pg_is_in_recovery()") == "f")
            unknown, marked, *_, count = python(AFTERWARDS, copy).splitlines()
        finally:
            copy.kill()

    assert unknown == "This is no restored copy that waits for a decision."
    assert marked.startswith("Restored, as was noticed at")
    assert count == "3 requests 0 sent"


def fill_with_tables(server: postgres.Server) -> None:
    """Those of the database of the tests: to migrate takes longer than all of this."""
    outer = connection.settings_dict
    command = ["pg_dump", "-h", outer["HOST"], "-p", str(outer["PORT"]), "-U", outer["USER"], outer["NAME"]]
    dumped = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    psql(server, "-c", "CREATE DATABASE upright", database="postgres")
    psql(server, "-q", given=dumped.stdout)


def psql(server: postgres.Server, *arguments: str, database: str = "upright", given: bytes = b"") -> str:
    command = ["psql", "-X", "-h", str(server.folder), "-U", "upright", "-v", "ON_ERROR_STOP=1", database, *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout.decode().strip()  # noqa: S603


def python(program: str, server: postgres.Server) -> str:
    """What it prints, as a process of the product with this database."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    environment |= server.variables | {"UPRIGHT_DEVELOPMENT": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", f"import django\ndjango.setup()\n{program}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_for(is_so) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)

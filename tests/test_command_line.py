"""What stops a command and is for an operator to mend is said in one sentence, whichever command it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.db import connection

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[1]
MIGRATE = "The database lacks tables of this version: migrate first, by deploy/release.sh or manage.py migrate."
# With what they have to be given.
OF_THE_DATABASE = {
    "cut_audit": [],
    "erase": ["ABCD-EFGH"],
    "export_audit": [],
    "reset_second_factor": ["nobody"],
    "restored": [],
    "retention": [],
    "verify_audit": [],
    "work": ["--once"],
    # Django's own that the guide names.
    "createsuperuser": ["--noinput", "--username=somebody", "--email=somebody@example.com"],
}
OTHERS = {
    *("compare_versions", "describe_lifecycle", "describe_pathway", "try_cases"),
    *("demo", "grant_app_role", "migrate_patiently"),
}


def manage(*arguments, **variables):
    environment = {"PATH": os.environ["PATH"], "UPRIGHT_DEVELOPMENT": "1", **variables}
    return subprocess.run(  # noqa: S603, the arguments are those written below
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_each_command_of_ours_is_tried_or_asks_the_database_for_nothing():
    ours = {name for name, app in get_commands().items() if (ROOT / app.split(".")[0]).is_dir()}

    assert ours == {*OF_THE_DATABASE} - {"createsuperuser"} | OTHERS


@pytest.mark.parametrize("command", OF_THE_DATABASE)
def test_a_command_that_finds_no_tables_says_to_migrate(command, tmp_path):
    ended = manage(command, *OF_THE_DATABASE[command], SQLITE_PATH=str(tmp_path / "empty.sqlite3"))

    assert (ended.returncode, ended.stderr) == (1, f"OperationalError: {MIGRATE}\n")


def test_whoever_wants_to_see_where_it_went_wrong_can(tmp_path):
    ended = manage("retention", "--traceback", SQLITE_PATH=str(tmp_path / "empty.sqlite3"))

    assert ended.stderr.startswith("Traceback")


def test_a_database_that_cannot_be_opened_is_named(tmp_path):
    ended = manage("retention", DATABASE_HOST=str(tmp_path), DATABASE_USER="somebody")

    assert (ended.returncode, ended.stderr) == (
        1,
        f"OperationalError: The database cannot be opened (upright at {tmp_path}:5432, as somebody). "
        "See docs/operation/troubleshooting.md.\n",
    )


def test_a_reader_who_has_enough_is_no_fault():
    reads, writes = os.pipe()
    os.close(reads)
    ended = subprocess.run(
        [sys.executable, "manage.py", "describe_pathway"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "UPRIGHT_DEVELOPMENT": "1"},
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writes)

    assert (ended.returncode, ended.stderr) == (1, "")


def at_the_server(name: str, **variables: str) -> dict[str, str]:
    at = connection.settings_dict
    return {
        "DATABASE_HOST": at["HOST"],
        "DATABASE_PORT": str(at["PORT"]),
        "DATABASE_NAME": name,
        "DATABASE_USER": at["USER"],
        "DATABASE_PASSWORD": at["PASSWORD"],
        **variables,
    }


@pytest.mark.postgresql
@pytest.mark.parametrize("command", ["retention", "work"])
def test_a_command_that_finds_no_tables_in_postgresql_says_to_migrate(command, db):
    ended = manage(command, *OF_THE_DATABASE[command], **at_the_server("postgres"))

    assert (ended.returncode, ended.stderr) == (1, f"ProgrammingError: {MIGRATE}\n")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_database_that_only_reads_is_said_to(a_request):
    here = connection.settings_dict["NAME"]
    ended = manage("restored", "--mark", **at_the_server(here, PGOPTIONS="-c default_transaction_read_only=on"))

    assert (ended.returncode, ended.stderr) == (
        1,
        "InternalError: The database cannot do that just now (ReadOnlySqlTransaction). "
        "See docs/operation/troubleshooting.md.\n",
    )


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_role_that_may_not_do_it_is_named(another_role):
    here = at_the_server(connection.settings_dict["NAME"], DATABASE_USER=another_role)

    refused, granting = manage("retention", **here), manage("grant_app_role", "pg_monitor", **here)

    assert (refused.returncode, refused.stderr) == (
        1,
        f"ProgrammingError: The database does not let the role {another_role} do that. "
        "docs/operation.md says as which role a command is run.\n",
    )
    assert (granting.returncode, granting.stdout) == (1, "")
    assert granting.stderr == (
        f"CommandError: The tables are those of {connection.settings_dict['USER']}, who alone may do that: "
        "run it as that role.\n"
    )


@pytest.fixture
def another_role(db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE of_nothing LOGIN")
    yield "of_nothing"
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE of_nothing")

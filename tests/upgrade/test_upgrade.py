"""A clinic that has release 0.1 goes on with this one: its database is migrated, and nothing in it is lost.

The dumps beside this file are databases of release 0.1, one of each kind, which its own pages and verbs filled with
people who are made up. Only manage.py, pages and SQL are used here, so that it does not matter where the modules of
the product stand.
"""

import os
import re
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
from django.db import connection

ROOT = Path(__file__).parents[2]

# Columns of release 0.1 that are gone, by their table. What stood in all others has to be there as it was.
GONE: dict[str, set[str]] = {
    # The entry in the history says it now.
    "appointments_contactattempt": {"is_undone"},
    # It is one of `languages`.
    "appointments_caller": {"speaks_spanish"},
}
# What is made from other columns, and from more of them than before.
WRITTEN_ANEW = {"appointments_appointmentrequest": {"search_text"}}

# These follow from the models and the roles of a release. What people may do by them is compared by its name.
MADE_ANEW = {
    *("django_migrations", "django_content_type"),
    *("auth_permission", "auth_group_permissions", "auth_user_user_permissions"),
}
# A migration that changes what a group may do is written down, so the head may have gone on from where it was.
HEAD = "appointments_audithead"

# What release 0.1 sealed its audit with, and the password of everybody in the dumps.
AUDIT_KEY = "the audit of a clinic that nobody runs is sealed with this and nothing else is"
PASSWORD = "four made-up herons at dusk"  # noqa: S105

# Who opens which page, and what they get.
PAGES = {
    ("sam.scheduler", "/admin/appointments/appointmentrequest/"): 200,
    ("sam.scheduler", "/admin/audit/"): 403,
    ("max.manager", "/admin/report/"): 200,
    ("nina.nurse", "/admin/nurse/"): 200,
    ("ada.auditor", "/admin/audit/"): 200,
    # By a right of her own, which has to be the one that the page asks for, and not only to be called like it.
    ("dora.direct", "/admin/audit/"): 200,
}
OPEN_PAGES = f"""
from django.test import Client
answers = {{}}
for user, page in {list(PAGES)}:
    client = Client(SERVER_NAME="localhost")
    client.post("/admin/login/", {{"username": user, "password": {PASSWORD!r}, "next": page}})
    answers[user, page] = client.get(page).status_code
print(answers)
"""

# Without it the run with PostgreSQL would leave these out; see tests/conftest.py.
pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Database:
    """One beside that of the tests. `variables` lead the settings to it; `connect` opens it for SQL."""

    variables: dict[str, str]
    connect: Callable

    def load(self, dump: Path) -> None:
        with closing(self.connect()) as opened:
            if connection.vendor == "sqlite":
                opened.executescript(dump.read_text("utf-8"))
            else:
                opened.cursor().execute(dump.read_text("utf-8"))
                opened.commit()

    def rows(self, statement: str) -> list[dict]:
        with closing(self.connect()) as opened:
            cursor = opened.cursor()
            cursor.execute(statement)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def facts(self, statement: str) -> set[tuple]:
        return {tuple(row.values()) for row in self.rows(statement)}

    def tables(self) -> dict[str, list[dict]]:
        """All that is stored, by its table."""
        found = {name for (name,) in self.facts(TABLES[connection.vendor])}
        return {name: self.rows(f'SELECT * FROM "{name}"') for name in sorted(found)}  # noqa: S608, it is ours

    def manage(self, *arguments: str) -> subprocess.CompletedProcess:
        environment = {
            "PATH": os.environ["PATH"],
            "UPRIGHT_DEVELOPMENT": "1",
            "SECOND_FACTOR": "0",
            "AUDIT_KEY": AUDIT_KEY,
            **self.variables,
        }
        return subprocess.run(  # noqa: S603, the arguments are those written below
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def do(self, *arguments: str) -> str:
        done = self.manage(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


@contextmanager
def sqlite(folder: Path) -> Iterator[Database]:
    path = folder / f"{uuid.uuid4().hex}.sqlite3"
    yield Database({"SQLITE_PATH": str(path)}, lambda: sqlite3.connect(path))


@contextmanager
def postgresql(folder: Path) -> Iterator[Database]:
    """On the server that the tests run with."""
    settings, name = connection.settings_dict, f"upgrade_{uuid.uuid4().hex}"
    variables = {f"DATABASE_{one}": str(settings[one]) for one in ("HOST", "PORT", "USER", "PASSWORD")}
    server = {one: variables[f"DATABASE_{one.upper()}"] for one in ("host", "port", "user", "password")}

    def on_the_server(statement: str) -> None:
        with closing(psycopg2.connect(dbname="postgres", **server)) as opened:
            # Databases are made and dropped outside of transactions.
            opened.autocommit = True
            opened.cursor().execute(statement)

    # Nobody can be connected to this template, which would keep it from being copied.
    on_the_server(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield Database({**variables, "DATABASE_NAME": name}, lambda: psycopg2.connect(dbname=name, **server))
    finally:
        on_the_server(f"DROP DATABASE {name} WITH (FORCE)")


EMPTY = {"sqlite": sqlite, "postgresql": postgresql}


@dataclass(frozen=True)
class Upgrade:
    """`before` and `after` are all that was stored in release 0.1, and after the migrations."""

    database: Database
    before: dict[str, list[dict]]
    rights_before: dict[str, set[tuple]]
    after: dict[str, list[dict]]


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory) -> Iterator[Upgrade]:
    with EMPTY[connection.vendor](tmp_path_factory.mktemp("upgrade")) as database:
        database.load(Path(__file__).with_name(f"release-0.1.{connection.vendor}.sql"))
        before, rights_before = database.tables(), rights(database)
        database.do("migrate", "--verbosity", "0")
        yield Upgrade(database, before, rights_before, database.tables())


RIGHTS = {
    "groups of users": """
        SELECT username, name FROM auth_user_groups AS member
        JOIN auth_user ON auth_user.id = member.user_id JOIN auth_group ON auth_group.id = member.group_id
    """,
    "permissions of groups": """
        SELECT auth_group.name, codename FROM auth_group_permissions AS given
        JOIN auth_group ON auth_group.id = given.group_id
        JOIN auth_permission ON auth_permission.id = given.permission_id
    """,
    "permissions of users": """
        SELECT username, codename FROM auth_user_user_permissions AS given
        JOIN auth_user ON auth_user.id = given.user_id
        JOIN auth_permission ON auth_permission.id = given.permission_id
    """,
}


def rights(database: Database) -> dict[str, set[tuple]]:
    return {what: database.facts(statement) for what, statement in RIGHTS.items()}


def test_the_dump_has_requests_in_each_state_and_something_in_each_table(upgrade):
    requests = upgrade.before["appointments_appointmentrequest"]
    empty = {table for table, rows in upgrade.before.items() if not rows}

    assert {row["status"] for row in requests} == {"waiting", "claimed", "booked", "closed"}
    assert {bool(row["is_doubtful"]) for row in requests} == {False, True}
    # By our settings django-axes writes nothing into these.
    assert empty == {"axes_accesslog", "axes_accessfailurelog", "axes_accessattemptexpiration"}


def test_each_table_and_column_is_there(upgrade):
    assert upgrade.before.keys() - upgrade.after.keys() == set()
    unsaid = {table: lost_columns(upgrade, table) - GONE.get(table, set()) for table in upgrade.before}
    assert {table: columns for table, columns in unsaid.items() if columns} == {}


def test_each_row_is_there_as_it_was(upgrade):
    assert {table: lost for table in upgrade.before if (lost := lost_rows(upgrade, table))} == {}


def lost_columns(upgrade: Upgrade, table: str) -> set[str]:
    before, after = upgrade.before[table], upgrade.after.get(table, [])
    return before[0].keys() - after[0].keys() if before and after else set()


def lost_rows(upgrade: Upgrade, table: str) -> list[dict]:
    """Without the columns that are not there any more."""
    if table in MADE_ANEW or table == HEAD:
        return []
    lost = lost_columns(upgrade, table) | WRITTEN_ANEW.get(table, set())
    before = [{name: value for name, value in row.items() if name not in lost} for row in upgrade.before[table]]
    names = {name for row in before[:1] for name in row}
    after = [{name: value for name, value in row.items() if name in names} for row in upgrade.after.get(table, [])]
    return [row for row in before if row not in after]


def test_who_filled_a_request_in_is_searched_beside_what_was_searched_before(upgrade):
    after = {row["id"]: row for row in upgrade.after["appointments_appointmentrequest"]}
    helped = 0
    for before in upgrade.before["appointments_appointmentrequest"]:
        searched = after[before["id"]]["search_text"]
        assert set(before["search_text"].split()) | set(before["filled_in_by"].lower().split()) <= set(
            searched.split()
        )
        helped += bool(before["filled_in_by"])
    assert helped


def test_what_is_said_to_be_gone_is_gone(upgrade):
    """So that the list above says no more than is true."""
    assert {table: kept for table in GONE if (kept := GONE[table] - lost_columns(upgrade, table))} == {}


def test_what_was_taken_back_is_marked_and_each_call_stands_beside_its_entry(upgrade):
    before, after = upgrade.before, upgrade.database.tables()
    last = {(event["request_id"], event["version"]): event for event in before["appointments_event"]}
    taken_back = {
        last[request, version - 1]["id"] for (request, version), event in last.items() if event["verb"] == "undone"
    }
    entries = {event["id"]: event for event in after["appointments_event"]}
    calls_before = {call["id"]: call for call in before["appointments_contactattempt"]}

    assert {key for key, event in entries.items() if event["is_undone"]} == taken_back != set()
    for call in after["appointments_contactattempt"]:
        entry = entries[call["event_id"]]
        assert (entry["request_id"], entry["verb"]) == (call["request_id"], "called")
        assert bool(entry["is_undone"]) == bool(calls_before[call["id"]]["is_undone"])


def test_the_migrations_are_complete(upgrade):
    assert upgrade.database.do("makemigrations", "--check", "--dry-run") == "No changes detected\n"
    upgrade.database.do("migrate", "--check")


def test_the_audit_is_whole_and_goes_on_from_the_head_of_before(upgrade):
    (head,) = upgrade.before[HEAD]

    said = upgrade.database.do("verify_audit", "--head", f"{head['seq']}:{head['mac']}")

    assert said.endswith("The audit is whole.\n")


def test_nobody_loses_a_group_or_a_right(upgrade):
    now = rights(upgrade.database)

    assert all(upgrade.rights_before.values())
    assert {what: lost for what, facts in upgrade.rights_before.items() if (lost := facts - now[what])} == {}
    assert ("dora.direct", "view_auditentry") in now["permissions of users"]


def test_staff_sign_in_with_their_passwords_and_see_their_pages(upgrade):
    said = upgrade.database.do("shell", "--verbosity", "0", "--command", OPEN_PAGES)

    assert said.splitlines()[-1] == str(PAGES)


def test_the_database_goes_on_refusing_two_visits_of_a_clinician_at_once(upgrade):
    visit = next(row for row in upgrade.after["appointments_appointment"] if row["cancelled_at"] is None)
    twin = {**visit, "id": uuid.uuid4().hex}

    with closing(upgrade.database.connect()) as opened:
        # A cancelled one takes nobody's time.
        insert(opened, "appointments_appointment", {**twin, "cancelled_at": visit["booked_at"]})
        opened.rollback()
        with pytest.raises((sqlite3.IntegrityError, psycopg2.IntegrityError), match="no_two_visits_at_once"):
            insert(opened, "appointments_appointment", twin)


def test_the_database_goes_on_refusing_to_change_the_audit(upgrade):
    for change in ("UPDATE appointments_auditentry SET username = ''", "DELETE FROM appointments_auditentry"):
        with (
            closing(upgrade.database.connect()) as opened,
            pytest.raises((sqlite3.Error, psycopg2.Error), match="audit_is_only_added_to"),
        ):
            opened.cursor().execute(change)


def insert(opened, table: str, row: dict) -> None:
    mark = "?" if connection.vendor == "sqlite" else "%s"
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join([mark] * len(row))})"  # noqa: S608
    opened.cursor().execute(statement, list(row.values()))


def test_an_upgraded_database_is_made_like_a_new_one(upgrade, tmp_path):
    """The same columns, constraints, indexes and triggers. In which sequence its columns stand does not matter."""
    with EMPTY[connection.vendor](tmp_path) as new:
        new.do("migrate", "--verbosity", "0")
        made, as_new = MADE_OF[connection.vendor](upgrade.database), MADE_OF[connection.vendor](new)

    assert len(as_new) > 300
    assert {"more": made - as_new, "less": as_new - made} == {"more": set(), "less": set()}


def made_of_sqlite(database: Database) -> set[tuple]:
    """What SQLite keeps are the statements. Those of a table that was made anew may have other quotes."""
    made = set()
    for kind, name, statement in database.facts("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"):
        plain = " ".join(statement.replace('"', "").split())
        made |= {(kind, name, part) for part in (parts_of(plain) if kind == "table" else [plain])}
    return made


def parts_of(create_table: str) -> list[str]:
    """The columns and constraints between the outer brackets."""
    depth, parts = 0, [""]
    for character in re.search(r"\((.*)\)", create_table)[1]:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


POSTGRESQL_IS_MADE_OF = (
    """
    SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, is_identity,
        generation_expression
    FROM information_schema.columns WHERE table_schema = 'public'
    """,
    """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    """,
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    """
    SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    """,
    "SELECT stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext",
    "SELECT extname FROM pg_extension",
)


def made_of_postgresql(database: Database) -> set[tuple]:
    facts = set().union(*(database.facts(statement) for statement in POSTGRESQL_IS_MADE_OF))
    return {tuple(cast_as_at_first(one) if isinstance(one, str) else one for one in fact) for fact in facts}


def cast_as_at_first(definition: str) -> str:
    """A list of texts is cast as a whole where it was made, and text by text where it was loaded from a dump."""
    one_by_one = re.sub(r"\(('[^']*'::character varying)\)::text", r"\1", definition)
    return re.sub(r"\((ARRAY\[[^\]]*\])\)::text\[\]", r"\1", one_by_one)


MADE_OF = {"sqlite": made_of_sqlite, "postgresql": made_of_postgresql}

"""A migrated database of which each process of tests takes a copy: to migrate one takes seconds, to copy it none.

On SQLite the copy is kept between runs, for as long as the migrations are the same; on PostgreSQL, as long as its
server runs.
"""

import fcntl
import getpass
import hashlib
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import django
from django.apps import apps
from django.db import connection

LOCK = Path(os.environ["SQLITE_PATH"]).with_name("preparing")
TEMPLATE = "upright_prepared"


def wait_for_turn():
    """Until no other process prepares; gives the lock, which closing ends."""
    lock = LOCK.open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def take() -> bool:
    """Whether there was one; `setup_databases` then has nothing left to migrate."""
    if connection.vendor == "sqlite":
        prepared = _file()
        if prepared.exists():
            _copy(prepared, Path(connection.creation._get_test_db_name()))
        return prepared.exists()
    with connection.creation._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
        is_there = bool(cursor.fetchone())
    if is_there:
        connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE
    return False


def keep() -> None:
    """Keep the database that was just migrated for others, unless one is kept."""
    if connection.vendor == "sqlite":
        if not (prepared := _file()).exists():
            for former in prepared.parent.glob(f"{_name()}*"):
                former.unlink()
            unfinished = prepared.with_suffix(f".{os.getpid()}")
            _copy(Path(connection.settings_dict["NAME"]), unfinished)
            unfinished.rename(prepared)
    elif not connection.settings_dict["TEST"].get("TEMPLATE"):
        connection.close()
        with connection.creation._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE {connection.settings_dict['NAME']}")


def copy_to(file: Path) -> None:
    """For another process: on SQLite, once the database of the tests is set up."""
    _copy(_file(), file)


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def _name() -> str:
    return f"upright-prepared-{getpass.getuser()}-{hashlib.sha256(__file__.encode()).hexdigest()[:8]}-"


def _file() -> Path:
    digest = hashlib.sha256(f"{django.VERSION}{sys.version}".encode())
    for app in apps.get_app_configs():
        for file in sorted(Path(app.path, "migrations").glob("*.py")):
            digest.update(file.read_bytes())
    return Path(tempfile.gettempdir(), f"{_name()}{digest.hexdigest()[:16]}.sqlite3")

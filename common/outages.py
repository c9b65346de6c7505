"""Tells an error of a database that cannot serve us just now, or not yet, from one that we made."""

from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor


def is_outage(error: BaseException | None) -> bool:
    """Whether the same may succeed in a minute, or after somebody has seen to the database.

    InternalError is what a server says that only reads, for being a copy, or that ended a transaction for lasting too
    long. A bare DatabaseError is what the driver says when the connection broke at a moment it did not expect.
    """
    return isinstance(error, OperationalError | InterfaceError | InternalError) or type(error) is DatabaseError


# Of PostgreSQL, where a table or a column is not there; SQLite has one code for all it does not understand.
NOT_THERE = ("42P01", "42703", "SQLITE_ERROR")


def lacks_tables(error: BaseException) -> bool:
    """Whether it is for want of a migration. Asks the database."""
    return code_of(error) in NOT_THERE and lacks_migrations()


def code_of(error: BaseException | None) -> str:
    """How PostgreSQL (SQLSTATE) or SQLite calls it; empty if neither has said anything."""
    while error is not None:
        if code := getattr(error, "pgcode", None) or getattr(error, "sqlite_errorname", None):
            return code
        error = error.__cause__ or error.__context__
    return ""


def lacks_migrations() -> bool:
    """Whether the database lacks any that this version has."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))

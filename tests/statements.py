"""Counts what a page asks the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext


@contextmanager
def statements_without_audit() -> Iterator[list[str]]:
    """What is asked meanwhile, without the audit's own three, which each page of staff pays the same for."""
    asked = []
    with CaptureQueriesContext(connection) as queries:
        yield asked
    asked += [query["sql"] for query in queries if "appointments_audit" not in query["sql"]]

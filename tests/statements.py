"""Counts what a page asks the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

AROUND_THE_ENTRY = ("BEGIN", "COMMIT")


class Asked(list):
    """The statements, and how many more the audit asked."""

    of_the_audit = 0


@contextmanager
def statements_without_audit() -> Iterator[Asked]:
    """What is asked meanwhile, without the audit's own three, which each page of staff pays the same for."""
    asked = Asked()
    with CaptureQueriesContext(connection) as queries:
        yield asked
    for query in queries:
        if "appointments_audit" not in query["sql"] and not query["sql"].startswith(AROUND_THE_ENTRY):
            asked.append(query["sql"])
    asked.of_the_audit = len(queries) - len(asked)

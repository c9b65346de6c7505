"""A release under a long read: the migration waits for its lock without making everybody wait behind it."""

import threading

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from appointments.models import Incarnation

TABLE = Incarnation._meta.db_table


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_pages_are_answered_while_a_migration_waits_for_a_long_read(capsys):
    """The long read ends once the others were answered, which nobody is behind a migration that does not give up."""
    made = [key for key in MigrationLoader(connection).graph.nodes if key[1].endswith("_restores")]
    before = MigrationLoader(connection).graph.node_map[made[0]].parents
    report, page = connection.copy(), connection.copy()
    for line in (report, page):
        # The thread below goes on with them.
        line.inc_thread_sharing()
    read(report, "BEGIN")
    read(report, f"SELECT count(*) FROM {TABLE}")  # noqa: S608
    read(page, "SET lock_timeout = '20s'")

    def visitors():
        for _ in range(40):
            threading.Event().wait(0.05)
            read(page, f"SELECT count(*) FROM {TABLE}")  # noqa: S608
        report.close()
        page.close()

    others = threading.Thread(target=visitors)
    others.start()
    patience = {"lock_seconds": 0.2, "seconds_between": 0.3, "verbosity": 0}
    earlier = max(key.key[1] for key in before if key.key[0] == "appointments")
    try:
        call_command("migrate_patiently", "appointments", earlier, **patience)
        assert TABLE not in connection.introspection.table_names()
    finally:
        others.join()
        call_command("migrate_patiently", **patience)

    assert "A table is in use. Tried again in 0.3 seconds" in capsys.readouterr().err
    assert TABLE in connection.introspection.table_names()


def read(line, statement: str) -> None:
    with line.cursor() as cursor:
        cursor.execute(statement)

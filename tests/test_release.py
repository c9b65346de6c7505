"""A release under a long read: the migration waits for its lock without making everybody wait behind it, and no
migration holds for long a lock that everybody needs.
"""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from appointments.models import Incarnation

TABLE = Incarnation._meta.db_table
OURS = ("accounts", "appointments", "audit", "screening")
# Matters of style, and what Django or `migrate_patiently` sees to.
NOT_ABOUT_LOCKS = (
    *("prefer-robust-stmts", "prefer-text-field", "prefer-bigint-over-int", "prefer-bigint-over-smallint"),
    *("ban-drop-default", "require-lock-timeout", "require-statement-timeout"),
)
FROM_0_1 = "Version 0.1 was in use nowhere; what it held was few."
ONE_LOOK = "It reads a column of the requests once: to others, one slow statement."
FEW_ROWS = "Counts by day, and members of staff: few rows."
HOLD_LOCKS = {
    (
        "appointments.0028_pathways_and_languages",
        "changing-column-type",
    ): "For longer words nothing is written anew.",
    ("appointments.0028_pathways_and_languages", "disallowed-unique-constraint"): FEW_ROWS,
    ("appointments.0028_pathways_and_languages", "ban-drop-constraint"): FEW_ROWS,
    ("appointments.0028_pathways_and_languages", "ban-drop-column"): FROM_0_1,
    ("appointments.0028_pathways_and_languages", "constraint-missing-not-valid"): FEW_ROWS,
    ("appointments.0002_declared_lifecycle", "adding-foreign-key-constraint"): FROM_0_1,
    ("appointments.0002_declared_lifecycle", "adding-not-nullable-field"): FROM_0_1,
    ("appointments.0002_declared_lifecycle", "ban-drop-column"): FROM_0_1,
    ("appointments.0002_declared_lifecycle", "ban-drop-constraint"): FROM_0_1,
    ("appointments.0002_declared_lifecycle", "constraint-missing-not-valid"): FROM_0_1,
    ("appointments.0002_declared_lifecycle", "disallowed-unique-constraint"): FROM_0_1,
    ("appointments.0010_visit_kinds", "adding-foreign-key-constraint"): ONE_LOOK,
    ("appointments.0010_visit_kinds", "require-concurrent-index-creation"): ONE_LOOK,
    ("appointments.0012_sources", "adding-foreign-key-constraint"): ONE_LOOK,
    ("appointments.0012_sources", "require-concurrent-index-creation"): ONE_LOOK,
    ("appointments.0029_next_call_from_an_index", "require-concurrent-index-creation"): ONE_LOOK,
    ("appointments.0029_next_call_from_an_index", "require-concurrent-index-deletion"): ONE_LOOK,
}


@pytest.mark.process
@pytest.mark.postgresql
def test_no_migration_holds_a_lock_that_everybody_needs_but_those_that_say_why(db, tmp_path):
    """By squawk, over the SQL of each after the first of its app."""
    executor = MigrationExecutor(connection)
    state = ProjectState()
    for migration, _backwards in executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True):
        with connection.schema_editor(collect_sql=True) as editor:
            state = migration.apply(state, editor, collect_sql=True)
        if migration.app_label in OURS and migration.initial is None:
            lines = ["BEGIN;", *editor.collected_sql, "COMMIT;"]
            (tmp_path / f"{migration.app_label}.{migration.name}").write_text("\n".join(map(str, lines)))
    squawk = [Path(sys.executable).with_name("squawk"), "--reporter", "json", "--exclude", ",".join(NOT_ABOUT_LOCKS)]
    judged = subprocess.run(  # noqa: S603
        [*squawk, "--pg-version", "17", *tmp_path.iterdir()], capture_output=True, text=True, check=False
    )

    found = {(Path(one["file"]).name, one["rule_name"]) for one in json.loads(judged.stdout)}
    assert found == set(HOLD_LOCKS)


@pytest.mark.parametrize("nothing", [{"tries": 0}, {"lock_seconds": 0}])
def test_to_migrate_without_a_try_is_no_success(nothing):
    with pytest.raises(CommandError, match="one try at least"):
        call_command("migrate_patiently", **nothing)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_pages_are_answered_while_a_migration_waits_for_a_long_read(capsys):
    """The long read ends once the others were answered, which nobody is behind a migration that does not give up."""
    made = [key for key in MigrationLoader(connection).graph.nodes if key[1].endswith("_restores")]
    before = MigrationLoader(connection).graph.node_map[made[0]].parents
    # What came later is no part of this.
    call_command("migrate_patiently", "appointments", made[0][1], verbosity=0)
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

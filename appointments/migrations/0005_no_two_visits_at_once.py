"""What Django's models cannot say of both databases: no overlapping visits, and a search that finds parts of words."""

import django.db.models.expressions
import django.db.models.query_utils
from django.db import migrations, models

# Ranges of one number stand for the clinician, so that no extension is needed to compare them.
POSTGRESQL = [
    """
    ALTER TABLE appointments_appointment ADD CONSTRAINT no_two_visits_at_once EXCLUDE USING gist (
        int8range(clinician_id, clinician_id, '[]') WITH &&,
        tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (cancelled_at IS NULL)
    """,
    # Trusted since PostgreSQL 13: the owner of the database may create it.
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    """
    CREATE INDEX search_text_by_parts ON appointments_appointmentrequest USING gin (search_text gin_trgm_ops)
    """,
]

OVERLAP = """
    SELECT RAISE(ABORT, 'no_two_visits_at_once') WHERE NEW.cancelled_at IS NULL AND EXISTS (
        SELECT 1 FROM appointments_appointment AS other
        WHERE other.clinician_id = NEW.clinician_id AND other.id <> NEW.id AND other.cancelled_at IS NULL
            AND other.starts_at < NEW.ends_at AND NEW.starts_at < other.ends_at
    );
"""
SQLITE = [
    f"CREATE TRIGGER no_two_visits_at_once_{when} BEFORE {event} ON appointments_appointment BEGIN {OVERLAP} END"
    for when, event in (("insert", "INSERT"), ("update", "UPDATE"))
]

UNDO = {
    "postgresql": [
        "ALTER TABLE appointments_appointment DROP CONSTRAINT no_two_visits_at_once",
        "DROP INDEX search_text_by_parts",
    ],
    "sqlite": [f"DROP TRIGGER no_two_visits_at_once_{when}" for when in ("insert", "update")],
}


def guard(apps, schema_editor):
    for statement in {"postgresql": POSTGRESQL, "sqlite": SQLITE}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("appointments", "0004_fill_in_what_is_new")]

    operations = [
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='visit_ends_after_it_starts'),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(fields=["clinician", "starts_at"], name="visits_of_a_clinician"),
        ),
        migrations.RunPython(guard, unguard),
    ]

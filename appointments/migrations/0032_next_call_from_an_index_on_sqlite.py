from django.db import migrations

# The twin of PostgreSQL's index of this name, by the expressions that Django writes for SQLite.
WAITING_IN_ORDER = """
    CREATE INDEX waiting_in_order ON appointments_appointmentrequest (
        is_promised,
        priority,
        (CASE WHEN next_call_at IS NULL AND attempts_made = 0 AND reached_at IS NULL THEN 1 ELSE 0 END),
        (CAST(STRFTIME('%s', COALESCE(call_by, next_call_at, due_at)) AS integer) / 60),
        is_recent_pain DESC,
        created_at,
        id
    ) WHERE status = 'waiting'
"""


def add_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        # As it stands, with the percent sign.
        schema_editor.execute(WAITING_IN_ORDER, params=None)


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP INDEX waiting_in_order")


class Migration(migrations.Migration):

    dependencies = [
        ('appointments', '0031_sent_digest'),
    ]

    operations = [
        migrations.RunPython(add_index, drop_index),
    ]

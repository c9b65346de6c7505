from django.db import migrations, models

# The order of appointments/worklist/ranking.py within a priority, by its own expressions. SQLite has few requests.
WAITING_IN_ORDER = """
    CREATE INDEX waiting_in_order ON appointments_appointmentrequest (
        is_promised,
        priority,
        (CASE WHEN next_call_at IS NULL AND attempts_made = 0 AND reached_at IS NULL THEN 1 ELSE 0 END),
        (CAST(FLOOR(EXTRACT(EPOCH FROM COALESCE(call_by, next_call_at, due_at) AT TIME ZONE 'UTC') / 60) AS bigint)),
        is_recent_pain DESC,
        created_at,
        id
    ) WHERE status = 'waiting'
"""


def add_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(WAITING_IN_ORDER)


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX waiting_in_order")


class Migration(migrations.Migration):

    dependencies = [
        ('appointments', '0028_pathways_and_languages'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('verb', 'skipped')), fields=['by', 'at'], name='skipped_by_somebody'),
        ),
        # By whom, the key's own index tells.
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(condition=models.Q(('claimed_at__isnull', False)), fields=['claimed_at'], name='held_longest'),
        ),
        migrations.RemoveIndex(
            model_name='appointmentrequest',
            name='held_by_somebody',
        ),
        migrations.RunPython(add_index, drop_index),
    ]

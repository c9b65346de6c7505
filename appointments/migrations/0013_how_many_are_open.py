"""Lets PostgreSQL know that what is not closed is open, which it would guess to be rare among a million requests.

It then sorted all that are open for a page of fifty, instead of reading fifty in the order of the queue.
"""

from django.db import migrations

COUNT = (
    "CREATE STATISTICS open_requests (mcv) ON closed_at, status FROM appointments_appointmentrequest",
    "ANALYZE appointments_appointmentrequest",
)


def count(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in COUNT:
            schema_editor.execute(statement)


def forget(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP STATISTICS open_requests")


class Migration(migrations.Migration):
    dependencies = [("appointments", "0012_audit")]

    operations = [migrations.RunPython(count, forget)]

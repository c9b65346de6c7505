"""One mark for what was taken back, each call beside its entry in the history, and no vocabulary in constraints.

Which verbs, messages and close reasons there are is declared in lifecycle/, and takes no migration to change.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Exists, OuterRef

# Both were always written in one transaction, so that the first call of a request belongs to its first entry.
PAIR = """
    UPDATE appointments_contactattempt SET event_id = pairs.event
    FROM (
        SELECT attempt.id AS attempt, event.id AS event
        FROM (
            SELECT id, request_id, ROW_NUMBER() OVER (PARTITION BY request_id ORDER BY id) AS place
            FROM appointments_contactattempt
        ) AS attempt
        JOIN (
            SELECT id, request_id, ROW_NUMBER() OVER (PARTITION BY request_id ORDER BY version, id) AS place
            FROM appointments_event WHERE verb = 'called'
        ) AS event ON event.request_id = attempt.request_id AND event.place = attempt.place
    ) AS pairs
    WHERE pairs.attempt = appointments_contactattempt.id
"""


def mark_what_was_taken_back(apps, schema_editor):
    Event = apps.get_model("appointments", "Event")
    undone = Event.objects.filter(request=OuterRef("request"), verb="undone", version=OuterRef("version") + 1)
    Event.objects.filter(Exists(undone)).update(is_undone=True)


def put_calls_beside_their_entries(apps, schema_editor):
    schema_editor.execute(PAIR)
    left = apps.get_model("appointments", "ContactAttempt").objects.filter(event=None).count()
    if left:
        raise RuntimeError(f"{left} calls have no entry in the history. Nothing was changed.")
    if schema_editor.connection.vendor == "postgresql":
        # Else the table could not be altered, because the new references are still to be checked.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        schema_editor.execute("SET CONSTRAINTS ALL DEFERRED")


def mark_calls_that_were_taken_back(apps, schema_editor):
    """The way back."""
    apps.get_model("appointments", "ContactAttempt").objects.filter(event__is_undone=True).update(is_undone=True)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        schema_editor.execute("SET CONSTRAINTS ALL DEFERRED")


class Migration(migrations.Migration):
    dependencies = [("appointments", "0001_as_of_release_0_1")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="is_undone",
            field=models.BooleanField(default=False, help_text="Somebody took it back."),
        ),
        migrations.RunPython(mark_what_was_taken_back, migrations.RunPython.noop),
        migrations.AddField(
            model_name="contactattempt",
            name="event",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="attempt",
                to="appointments.event",
            ),
        ),
        migrations.RunPython(put_calls_beside_their_entries, mark_calls_that_were_taken_back),
        migrations.AlterField(
            model_name="contactattempt",
            name="event",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="attempt", to="appointments.event"
            ),
        ),
        migrations.RemoveField(model_name="contactattempt", name="is_undone"),
        migrations.AlterField(
            model_name="event",
            name="verb",
            field=models.CharField(help_text="The event of a verb; see lifecycle/definition.py.", max_length=20),
        ),
        migrations.AlterField(
            model_name="message",
            name="kind",
            field=models.CharField(help_text="See lifecycle/message_kinds.py.", max_length=20),
        ),
        migrations.AlterField(
            model_name="appointmentrequest",
            name="close_reason",
            field=models.CharField(blank=True, help_text="See lifecycle/close_reasons.py.", max_length=20),
        ),
        migrations.RemoveConstraint(model_name="appointmentrequest", name="outcome_offers_a_visit"),
        migrations.RemoveConstraint(model_name="appointmentrequest", name="priority_is_known"),
        migrations.RemoveConstraint(model_name="appointmentrequest", name="closed_by_staff_or_withdrawn"),
        migrations.RemoveConstraint(model_name="appointmentrequest", name="visit_reasons_need_a_visit"),
        migrations.AddConstraint(
            model_name="appointmentrequest",
            constraint=models.CheckConstraint(
                name="has_an_outcome_and_a_priority",
                condition=~models.Q(outcome="") & ~models.Q(priority=""),
            ),
        ),
        migrations.AddConstraint(
            model_name="appointmentrequest",
            constraint=models.CheckConstraint(
                name="closed_for_a_reason_by_staff_or_withdrawn",
                condition=models.Q(closed_at__isnull=True, closed_by__isnull=True, close_reason="")
                | models.Q(closed_at__isnull=False, closed_by__isnull=False) & ~models.Q(close_reason="")
                | models.Q(closed_at__isnull=False, closed_by__isnull=True, close_reason="withdrawn"),
            ),
        ),
    ]

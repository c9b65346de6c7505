"""The audit, and what keeps it from being changed in either database."""

from django.db import migrations, models


# Entries are only added. Those in front of `first_kept`, which the owner has cut off, may go; so the tests empty their
# tables, too.
POSTGRESQL = [
    "CREATE INDEX audit_by_number ON appointments_auditentry USING gin (string_to_array(numbers, ' '))",
    """
    CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        cut bigint := (SELECT first_kept FROM appointments_audithead);
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.seq < cut THEN
                RETURN OLD;
            END IF;
        ELSIF TG_OP = 'TRUNCATE' THEN
            IF NOT EXISTS (SELECT 1 FROM appointments_auditentry) THEN
                RETURN NULL;
            END IF;
        END IF;
        RAISE EXCEPTION 'audit_is_only_added_to';
    END $$
    """,
    """
    CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE OR DELETE ON appointments_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to()
    """,
    """
    CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON appointments_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()
    """,
]
SQLITE = [
    """
    CREATE TRIGGER audit_is_only_added_to_update BEFORE UPDATE ON appointments_auditentry
    BEGIN SELECT RAISE(ABORT, 'audit_is_only_added_to'); END
    """,
    """
    CREATE TRIGGER audit_is_only_added_to_delete BEFORE DELETE ON appointments_auditentry
    WHEN OLD.seq >= COALESCE((SELECT first_kept FROM appointments_audithead), 0)
    BEGIN SELECT RAISE(ABORT, 'audit_is_only_added_to'); END
    """,
]
UNDO = {
    "postgresql": [
        "DROP TRIGGER audit_is_not_emptied ON appointments_auditentry",
        "DROP TRIGGER audit_is_only_added_to ON appointments_auditentry",
        "DROP FUNCTION audit_is_only_added_to()",
        "DROP INDEX audit_by_number",
    ],
    "sqlite": ["DROP TRIGGER audit_is_only_added_to_update", "DROP TRIGGER audit_is_only_added_to_delete"],
}


def guard(apps, schema_editor):
    for statement in {"postgresql": POSTGRESQL, "sqlite": SQLITE}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ("appointments", "0011_retention"),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.BigIntegerField(default=0)),
                ('mac', models.CharField(max_length=64)),
                ('seal', models.CharField(max_length=64)),
                ('first_kept', models.BigIntegerField(default=1)),
                ('cut_mac', models.CharField(blank=True, max_length=64)),
                ('cut_seal', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('who', models.CharField(choices=[('staff', 'Staff'), ('patient', 'Patient'), ('system', 'System'), ('nobody', 'Not signed in')], max_length=10)),
                ('user_id', models.BigIntegerField(null=True)),
                ('username', models.CharField(blank=True, max_length=150)),
                ('address', models.CharField(blank=True, max_length=45)),
                ('action', models.CharField(choices=[('view', 'Saw'), ('list', 'Saw a list'), ('search', 'Searched'), ('print', 'Saw for print'), ('export', 'Exported'), ('change', 'Changed'), ('erase', 'Erased'), ('look-up', 'Patient looked up a request'), ('sent-on', 'Was sent on'), ('refused', 'Was refused'), ('sign-in', 'Signed in'), ('sign-out', 'Signed out'), ('sign-in-failed', 'Failed to sign in'), ('locked-out', 'Was locked out'), ('second-factor', 'Second factor'), ('verify', 'Verified the audit'), ('cut', 'Cut off old entries'), ('unknown', 'Page that does not say what it shows')], max_length=20)),
                ('page', models.CharField(blank=True, help_text="The name of the page's address.", max_length=100)),
                ('method', models.CharField(blank=True, max_length=10)),
                ('outcome', models.CharField(choices=[('ok', 'Done'), ('refused', 'Refused'), ('failed', 'Failed')], max_length=10)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('details', models.CharField(blank=True, max_length=200)),
                ('count', models.PositiveIntegerField(default=0)),
                ('numbers', models.TextField(blank=True)),
                ('packed', models.TextField(blank=True)),
                ('key', models.CharField(help_text='Which key it is sealed with.', max_length=8)),
                ('mac', models.CharField(help_text='Of this entry and the mac of the one before.', max_length=64)),
            ],
            options={
                'verbose_name_plural': 'audit entries',
                'ordering': ('seq',),
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['username', '-seq'], name='audit_by_who'), models.Index(fields=['action', '-seq'], name='audit_by_action'), models.Index(fields=['at'], name='audit_by_time')],
            },
        ),
        migrations.RunPython(guard, unguard),
    ]

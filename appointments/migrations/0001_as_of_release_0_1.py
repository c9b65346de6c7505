"""All tables as release 0.1 had them, and what Django's models cannot say of both databases.

No overlapping visits, a search that finds parts of words, an audit that is only added to. A database that has run all
that this replaces takes it for done; one that stopped half-way is first brought up to date by release 0.1.
"""

import appointments.reference
import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

# Ranges of one number stand for the clinician, so that no extension is needed to compare them.
VISITS_ON_POSTGRESQL = [
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
VISITS_ON_SQLITE = [
    f"CREATE TRIGGER no_two_visits_at_once_{when} BEFORE {event} ON appointments_appointment BEGIN {OVERLAP} END"
    for when, event in (("insert", "INSERT"), ("update", "UPDATE"))
]

# Entries are only added. Those in front of `first_kept`, which the owner has cut off, may go; so the tests empty their
# tables, too.
AUDIT_ON_POSTGRESQL = [
    "CREATE INDEX audit_by_number ON appointments_auditentry USING gin (string_to_array(numbers, ' '))",
    """
    CREATE OR REPLACE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
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
AUDIT_ON_SQLITE = [
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
# Without it PostgreSQL guesses that what is not closed is rarely open, and sorts all that are open for a page of fifty.
COUNTS_ON_POSTGRESQL = [
    "CREATE STATISTICS open_requests (mcv) ON closed_at, status FROM appointments_appointmentrequest",
]

RULES = {
    "postgresql": [*VISITS_ON_POSTGRESQL, *AUDIT_ON_POSTGRESQL, *COUNTS_ON_POSTGRESQL],
    "sqlite": [*VISITS_ON_SQLITE, *AUDIT_ON_SQLITE],
}


def lay_down_rules(apps, schema_editor):
    for statement in RULES[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ("appointments", "0001_initial"),
        ("appointments", "0002_how_to_reach"),
        ("appointments", "0003_queue_of_schedulers"),
        ("appointments", "0004_fill_in_what_is_new"),
        ("appointments", "0005_no_two_visits_at_once"),
        ("appointments", "0006_daily_count"),
        ("appointments", "0007_export_log"),
        ("appointments", "0008_handed_out"),
        ("appointments", "0009_indexes_of_the_queue"),
        ("appointments", "0010_messages"),
        ("appointments", "0011_retention"),
        ("appointments", "0012_audit"),
        ("appointments", "0013_how_many_are_open"),
        ("appointments", "0014_offered_before"),
        ("appointments", "0015_found_as_people_write"),
        ("appointments", "0016_overdue_told"),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
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
            name='Clinician',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True)),
                ('is_active', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='Holiday',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('date', models.DateField(unique=True)),
                ('name', models.CharField(max_length=60)),
            ],
            options={
                'ordering': ('date',),
            },
        ),
        migrations.CreateModel(
            name='PeriodicJob',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('last_run_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Place',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True)),
                ('address', models.CharField(blank=True, max_length=200)),
                ('is_active', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='RateBucket',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('ends_at', models.BigIntegerField()),
                ('count', models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='TextOptOut',
            fields=[
                ('phone', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Appointment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('booked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('cancelled_at', models.DateTimeField(editable=False, null=True)),
                ('booked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='appointments.clinician')),
                ('place', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='appointments.place')),
            ],
        ),
        migrations.CreateModel(
            name='AppointmentRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('journey', models.UUIDField(editable=False, unique=True)),
                ('reference', models.CharField(default=appointments.reference.new, editable=False, max_length=9, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='asked')),
                ('pathway_version', models.CharField(max_length=20)),
                ('outcome', models.CharField(max_length=40)),
                ('priority', models.CharField(max_length=2)),
                ('is_recent_pain', models.BooleanField()),
                ('flags', models.JSONField()),
                ('answers', models.JSONField()),
                ('findings', models.JSONField()),
                ('name', models.CharField(max_length=120)),
                ('date_of_birth', models.DateField()),
                ('phone', models.CharField(max_length=32)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('filled_in_by', models.CharField(blank=True, max_length=120)),
                ('relationship', models.CharField(blank=True, max_length=60)),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Español'), ('other', 'Another language')], max_length=5)),
                ('other_language', models.CharField(blank=True, max_length=60)),
                ('needs_interpreter', models.BooleanField()),
                ('hard_of_hearing', models.BooleanField(default=False)),
                ('large_print', models.BooleanField(default=False)),
                ('call_times', models.JSONField()),
                ('voicemail_ok', models.BooleanField()),
                ('texts_ok', models.BooleanField()),
                ('consent', models.TextField(help_text='What was agreed to, in the words that were shown.')),
                ('time_zone', models.CharField(help_text='Where the patient is, as far as the area code tells.', max_length=40)),
                ('search_text', models.TextField(editable=False, help_text='What the search looks through; see search.py.')),
                ('doubts', models.CharField(blank=True, help_text='Signs that no person sent this.', max_length=100)),
                ('is_doubtful', models.GeneratedField(db_persist=True, expression=models.Case(models.When(doubts='', then=models.Value(False)), default=models.Value(True)), output_field=models.BooleanField())),
                ('due_at', models.DateTimeField(help_text='By when somebody should have called.', verbose_name='first call due')),
                ('next_call_at', models.DateTimeField(null=True, verbose_name='next call')),
                ('is_promised', models.BooleanField(default=False, help_text='The patient was told when the next call comes.')),
                ('overdue_told', models.DateTimeField(editable=False, help_text='The time of the call of which staff were told that nobody made it.', null=True)),
                ('attempts_made', models.PositiveSmallIntegerField(default=0)),
                ('reached_at', models.DateTimeField(help_text='When somebody first talked with the patient.', null=True)),
                ('nurse_check', models.CharField(blank=True, choices=[('', 'Not needed'), ('needed', 'Ask the nurse'), ('asked', 'Nurse was asked'), ('fine', 'Nurse: a visit is fine'), ('call_first', 'Nurse calls the patient first'), ('against', 'Nurse advises against a visit')], max_length=10)),
                ('is_on_legal_hold', models.BooleanField(default=False, help_text='Kept, whatever retention says; see retention.py.')),
                ('version', models.PositiveIntegerField(default=0)),
                ('claimed_at', models.DateTimeField(null=True)),
                ('assigned_until', models.DateTimeField(help_text='How long it waits for whom it was handed out to.', null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('close_reason', models.CharField(blank=True, choices=[('attended', 'Came to the visit'), ('did_not_come', 'Did not come to the visit'), ('declined', 'Does not want a visit'), ('unreachable', 'Could not be reached'), ('advised_against', 'Nurse or doctor advised against a visit'), ('seen_elsewhere', 'Is cared for elsewhere'), ('withdrawn', 'Withdrew the request'), ('duplicate', 'Asked twice'), ('not_real', 'Not a real request')], max_length=20)),
                ('status', models.GeneratedField(db_persist=True, expression=models.Case(models.When(closed_at__isnull=False, then=models.Value('closed')), models.When(appointment__isnull=False, then=models.Value('booked')), models.When(claimed_at__isnull=False, then=models.Value('claimed')), default=models.Value('waiting')), output_field=models.CharField(choices=[('waiting', 'Waiting'), ('claimed', 'Claimed'), ('booked', 'Booked'), ('closed', 'Closed')], max_length=10))),
                ('appointment', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='request', to='appointments.appointment')),
                ('claimed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('earlier', models.ForeignKey(help_text='An open request of the same person.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='later', to='appointments.appointmentrequest')),
            ],
            options={
                'verbose_name': 'visit request',
                'permissions': (('answer_as_nurse', 'Can answer questions to the nurse'), ('manage_queue', 'Can see reports, hand out requests and export'), ('erase_request', 'Can erase requests and place legal holds')),
                'default_permissions': ('view', 'change'),
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
        migrations.CreateModel(
            name='Caller',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('speaks_spanish', models.BooleanField(default=False)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='caller', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='ContactAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('channel', models.CharField(choices=[('phone', 'Phone call'), ('text', 'Text message'), ('email', 'E-mail'), ('letter', 'Letter')], max_length=10)),
                ('outcome', models.CharField(choices=[('reached', 'Reached'), ('call_back', 'Reached, asked to be called later'), ('voicemail', 'Left a message'), ('no_answer', 'No answer'), ('wrong_number', 'Wrong number'), ('sent', 'Sent')], max_length=20)),
                ('next_call_at', models.DateTimeField(blank=True, null=True)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('is_undone', models.BooleanField(default=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contact_attempts', to='appointments.appointmentrequest')),
            ],
            options={
                'ordering': ('at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='DailyCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('event', models.CharField(choices=[('started', 'Started'), ('finished', 'Finished')], max_length=10)),
                ('language', models.CharField(max_length=5)),
                ('outcome', models.CharField(blank=True, max_length=40)),
                ('count', models.PositiveIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('day', 'event', 'language', 'outcome'), name='counted_once_a_day')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('verb', models.CharField(choices=[('claimed', 'Claimed'), ('released', 'Released'), ('skipped', 'Skipped'), ('assigned', 'Handed out'), ('called', 'Contact'), ('corrected', 'Corrected'), ('nurse_asked', 'Asked the nurse'), ('nurse_answered', 'The nurse answered'), ('offered', 'Offered times to choose from'), ('linked', 'Compared with another request'), ('undone', 'Took back'), ('booked', 'Booked'), ('rescheduled', 'Rescheduled'), ('cancelled', 'Cancelled the visit'), ('closed', 'Closed'), ('reopened', 'Reopened'), ('hold_placed', 'Placed a legal hold'), ('hold_lifted', 'Lifted the legal hold'), ('withdrew', 'The patient withdrew the request'), ('phone_corrected', 'The patient corrected the phone number'), ('times_changed', 'The patient changed when to call')], max_length=20)),
                ('details', models.CharField(blank=True, max_length=500)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('version', models.PositiveIntegerField()),
                ('before', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='appointments.appointmentrequest')),
            ],
            options={
                'ordering': ('at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='ExportLog',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('filters', models.JSONField()),
                ('purpose', models.CharField(max_length=200)),
                ('rows', models.PositiveIntegerField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('version', models.PositiveIntegerField(default=0)),
                ('kind', models.CharField(choices=[('received', 'We have your request'), ('call_missed', 'We called and missed you'), ('offered', 'Choose a time'), ('booked', 'Visit booked'), ('moved', 'Visit moved'), ('cancelled', 'Visit cancelled'), ('reminder', 'Reminder of the visit'), ('unreachable', 'We could not reach you'), ('withdrawn', 'You withdrew your request'), ('new_urgent', 'To staff: new urgent request'), ('calls_overdue', 'To staff: calls are overdue')], max_length=20)),
                ('channel', models.CharField(choices=[('email', 'E-mail'), ('text', 'Text')], max_length=5)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('sent', 'Sent'), ('failed', 'Failed'), ('dropped', 'No longer true, not sent')], default='waiting', max_length=10)),
                ('send_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease', models.UUIDField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=100)),
                ('done_at', models.DateTimeField(null=True)),
                ('appointment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='appointments.appointment')),
                ('request', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='appointments.appointmentrequest')),
            ],
            options={
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='OpeningHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], unique=True)),
                ('opens', models.TimeField()),
                ('closes', models.TimeField()),
            ],
            options={
                'verbose_name': 'opening hours',
                'verbose_name_plural': 'opening hours',
                'ordering': ('weekday',),
                'constraints': [models.CheckConstraint(condition=models.Q(('closes__gt', models.F('opens'))), name='closes_after_it_opens')],
            },
        ),
        migrations.CreateModel(
            name='OfferedTime',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField()),
                ('version', models.PositiveIntegerField(db_default=0, default=0)),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='appointments.clinician')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='offered_times', to='appointments.appointmentrequest')),
                ('place', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='appointments.place')),
            ],
            options={
                'ordering': ('starts_at',),
            },
        ),
        migrations.CreateModel(
            name='ConsultingHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')])),
                ('starts', models.TimeField()),
                ('ends', models.TimeField()),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consulting_hours', to='appointments.clinician')),
                ('place', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='appointments.place')),
            ],
            options={
                'verbose_name': 'consulting hours',
                'verbose_name_plural': 'consulting hours',
                'ordering': ('weekday', 'starts'),
            },
        ),
        migrations.CreateModel(
            name='PossibleDuplicate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reasons', models.CharField(max_length=200)),
                ('decision', models.CharField(blank=True, choices=[('', 'Not decided'), ('same', 'The same person'), ('different', 'Different people')], max_length=10)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('earlier', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='appointments.appointmentrequest')),
                ('later', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='possible_duplicates', to='appointments.appointmentrequest')),
            ],
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(models.F('is_doubtful'), models.F('priority'), models.OrderBy(models.F('is_recent_pain'), descending=True), models.F('created_at'), models.F('id'), condition=models.Q(('closed_at__isnull', True)), name='queue_order'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(models.F('due_at'), condition=models.Q(('closed_at__isnull', True)), name='open_by_due_time'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('appointment__isnull', False), ('closed_at__isnull', True)), name='booked_newest_first'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(fields=['date_of_birth'], name='born_on_a_day'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(fields=['phone'], name='same_phone'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(models.F('email'), condition=models.Q(('email', ''), _negated=True), name='same_email'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(condition=models.Q(('claimed_by__isnull', False)), fields=['claimed_by'], name='held_by_somebody'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(fields=['created_at'], name='by_day_asked'),
        ),
        migrations.AddIndex(
            model_name='appointmentrequest',
            index=models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['closed_at'], name='closed_longest_ago'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['likely_candidate', 'specialist_review'])), name='outcome_offers_a_visit'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('priority__in', ['P1', 'P2', 'P3'])), name='priority_is_known'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('claimed_at__isnull', True), ('claimed_by__isnull', True)), models.Q(('claimed_at__isnull', False), ('claimed_by__isnull', False)), _connector='OR'), name='claimed_by_somebody_at_some_time'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('claimed_at__isnull', True), models.Q(('appointment__isnull', True), ('closed_at__isnull', True)), _connector='OR'), name='claimed_only_while_open'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('close_reason', ''), ('closed_at__isnull', True), ('closed_by__isnull', True)), models.Q(('close_reason__in', ['attended', 'did_not_come', 'declined', 'unreachable', 'advised_against', 'seen_elsewhere', 'withdrawn', 'duplicate', 'not_real']), ('closed_at__isnull', False), ('closed_by__isnull', False)), models.Q(('close_reason', 'withdrawn'), ('closed_at__isnull', False), ('closed_by__isnull', True)), _connector='OR'), name='closed_by_staff_or_withdrawn'),
        ),
        migrations.AddConstraint(
            model_name='appointmentrequest',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at__isnull', True), models.Q(('appointment__isnull', False), ('close_reason__in', ('attended', 'did_not_come'))), models.Q(('appointment__isnull', True), models.Q(('close_reason__in', ('attended', 'did_not_come')), _negated=True)), _connector='OR'), name='visit_reasons_need_a_visit'),
        ),
        migrations.AddConstraint(
            model_name='exportlog',
            constraint=models.CheckConstraint(condition=models.Q(('purpose', ''), _negated=True), name='export_has_a_purpose'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('send_at'), models.F('id'), condition=models.Q(('lease__isnull', True), ('state', 'waiting')), name='messages_to_send'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('lease'), condition=models.Q(('lease__isnull', False)), name='messages_being_sent'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('state', 'failed')), fields=['-done_at', 'id'], name='messages_that_failed'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', True), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('done_at__isnull', False), ('lease__isnull', True)), _connector='OR'), name='message_is_done_or_waits'),
        ),
        migrations.AddConstraint(
            model_name='offeredtime',
            constraint=models.UniqueConstraint(fields=('request', 'version', 'clinician', 'starts_at'), name='offered_once'),
        ),
        migrations.AddConstraint(
            model_name='consultinghours',
            constraint=models.CheckConstraint(condition=models.Q(('ends__gt', models.F('starts'))), name='ends_after_it_starts'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(fields=['starts_at'], name='visits_by_time'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(fields=['clinician', 'starts_at'], name='visits_of_a_clinician'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='visit_ends_after_it_starts'),
        ),
        migrations.AddIndex(
            model_name='possibleduplicate',
            index=models.Index(condition=models.Q(('decision', '')), fields=['-id'], name='pairs_to_decide'),
        ),
        migrations.AddConstraint(
            model_name='possibleduplicate',
            constraint=models.UniqueConstraint(fields=('earlier', 'later'), name='one_pair_once'),
        ),
        migrations.RunPython(lay_down_rules, migrations.RunPython.noop),
    ]

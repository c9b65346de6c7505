
import common.clinic_tables
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('appointments', '0012_sources'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ClinicDetails',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='As patients know it.', max_length=80)),
                ('phone', models.CharField(help_text='The number they call.', max_length=30, validators=[common.clinic_tables._is_a_phone_number])),
                ('hours', models.JSONField(blank=True, default=dict, help_text='In each language; empty as the opening hours are.')),
                ('nurse_line', models.CharField(blank=True, help_text='Whom to call after hours, if anybody.', max_length=30, validators=[common.clinic_tables._is_a_phone_number])),
                ('nurse_line_hours', models.JSONField(blank=True, default=dict, help_text='In each language.')),
                ('call_attempts', models.PositiveSmallIntegerField(help_text='So often somebody is called who does not answer, before a letter.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(20)])),
                ('hours_between_calls', models.PositiveSmallIntegerField(help_text='At least so many hours apart.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(336)])),
                ('calls_from_hour', models.PositiveSmallIntegerField(help_text='Nobody is called earlier than this hour where they are.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(23)])),
                ('calls_until_hour', models.PositiveSmallIntegerField(help_text='Nor later than this, from 0 to 24.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(24)])),
                ('saved_at', models.DateTimeField(auto_now_add=True)),
                ('saved_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'clinic details',
                'ordering': ('-pk',),
                'constraints': [models.CheckConstraint(condition=models.Q(('calls_until_hour__gt', models.F('calls_from_hour'))), name='calls_end_after_they_begin')],
            },
        ),
    ]

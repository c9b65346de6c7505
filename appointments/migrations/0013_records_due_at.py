from django.db import migrations, models
from django.utils import timezone

from appointments.calendar.opening_hours import BusinessHours

BUSINESS_DAYS = 2


def say_when_records_are_due(apps, schema_editor):
    """Of visits to come, cancelled ones included, because that can be taken back."""
    rows_of = {name: apps.get_model("appointments", name).objects for name in ("OpeningHours", "Holiday", "Appointment")}
    hours = BusinessHours(
        timezone.get_default_timezone(),
        {row.weekday: (row.opens, row.closes) for row in rows_of["OpeningHours"].all()},
        frozenset(rows_of["Holiday"].values_list("date", flat=True)),
    )
    visits = list(rows_of["Appointment"].filter(starts_at__gt=timezone.now()))
    for visit in visits:
        in_time = hours.end_of_day_before(visit.starts_at, business_days=BUSINESS_DAYS)
        visit.records_due_at = max(in_time, visit.booked_at)
    rows_of["Appointment"].bulk_update(visits, ["records_due_at"], batch_size=500)


class Migration(migrations.Migration):

    dependencies = [
        ('appointments', '0012_sources'),
    ]

    operations = [
        migrations.AddField(
            model_name='appointment',
            name='records_due_at',
            field=models.DateTimeField(help_text='By when its pictures and reports are here.', null=True),
        ),
        migrations.RunPython(say_when_records_are_due, migrations.RunPython.noop),
    ]

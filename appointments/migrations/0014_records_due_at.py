import datetime

from django.db import migrations, models
from django.utils import timezone

BUSINESS_DAYS = 2
FARTHEST_DAYS = 60


def say_when_records_are_due(apps, schema_editor):
    """Of visits to come, cancelled ones included, because that can be taken back."""
    rows_of = {name: apps.get_model("appointments", name).objects for name in ("OpeningHours", "Holiday", "Appointment")}
    closes = dict(rows_of["OpeningHours"].values_list("weekday", "closes"))
    holidays = set(rows_of["Holiday"].values_list("date", flat=True))
    zone = timezone.get_default_timezone()

    def in_time_for(visit):
        first = visit.starts_at.astimezone(zone).date()
        before = (first - datetime.timedelta(days=days) for days in range(1, FARTHEST_DAYS))
        open_days = [day for day in before if day.weekday() in closes and day not in holidays][:BUSINESS_DAYS]
        if len(open_days) < BUSINESS_DAYS:
            return visit.starts_at - datetime.timedelta(days=BUSINESS_DAYS)
        return datetime.datetime.combine(open_days[-1], closes[open_days[-1].weekday()], zone)

    visits = list(rows_of["Appointment"].filter(starts_at__gt=timezone.now()))
    for visit in visits:
        visit.records_due_at = max(in_time_for(visit), visit.booked_at)
    rows_of["Appointment"].bulk_update(visits, ["records_due_at"], batch_size=500)


class Migration(migrations.Migration):

    dependencies = [
        ('appointments', '0013_clinic_details'),
    ]

    operations = [
        migrations.AddField(
            model_name='appointment',
            name='records_due_at',
            field=models.DateTimeField(help_text='By when its pictures and reports are here.', null=True),
        ),
        migrations.RunPython(say_when_records_are_due, migrations.RunPython.noop),
    ]

"""Fills in, for what is stored already, the columns that the migration before has added."""

import datetime
import unicodedata

from django.conf import settings
from django.db import migrations
from django.db.models import F


def fill_in(apps, schema_editor):
    Appointment = apps.get_model("appointments", "Appointment")
    Request = apps.get_model("appointments", "AppointmentRequest")
    Appointment.objects.update(ends_at=F("starts_at") + datetime.timedelta(minutes=settings.VISIT_MINUTES))
    for request in Request.objects.iterator():
        searched = f" {request.name} {request.phone} {request.email} {request.reference}".casefold()
        letters = unicodedata.normalize("NFKD", searched)
        events = list(request.events.order_by("at", "pk"))
        for version, event in enumerate(events, start=1):
            event.version = version
            event.save(update_fields=["version"])
        Request.objects.filter(pk=request.pk).update(
            due_at=request.created_at + datetime.timedelta(days=1),
            time_zone=settings.TIME_ZONE,
            nurse_check="needed" if request.flags else "",
            search_text="".join(letter for letter in letters if not unicodedata.combining(letter)),
            version=len(events),
        )


class Migration(migrations.Migration):
    dependencies = [("appointments", "0003_queue_of_schedulers")]

    operations = [
        migrations.RunPython(fill_in, migrations.RunPython.noop),
    ]

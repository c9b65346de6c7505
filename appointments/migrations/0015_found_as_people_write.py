"""Works out anew what requests are found by: names with short words are found in one word too, dots do not count."""

from django.db import migrations

from ..search import text_to_search

AT_ONCE = 1_000
SEARCHED = ("name", "phone", "email", "reference")


def work_out(apps, schema_editor):
    requests = apps.get_model("appointments", "AppointmentRequest").objects.order_by("pk")
    last = 0
    while piece := list(requests.filter(pk__gt=last).only(*SEARCHED)[:AT_ONCE]):
        for request in piece:
            request.search_text = text_to_search(**{name: getattr(request, name) for name in SEARCHED})
        requests.bulk_update(piece, ["search_text"])
        last = piece[-1].pk


class Migration(migrations.Migration):
    dependencies = [("appointments", "0014_offered_before")]

    operations = [migrations.RunPython(work_out, migrations.RunPython.noop)]

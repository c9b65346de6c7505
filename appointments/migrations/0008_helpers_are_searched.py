from django.db import migrations, transaction

from appointments.search import text_to_search

SEARCHED = ('name', 'former_names', 'filled_in_by', 'phone', 'patient_phone', 'email', 'reference')
AT_ONCE = 500


def add_helpers(apps, schema_editor):
    """Some at a time, so that nobody waits; what is changed meanwhile is searched by its helper already."""
    requests = apps.get_model('appointments', 'AppointmentRequest').objects.using(schema_editor.connection.alias)
    rows = requests.exclude(filled_in_by='').order_by('pk').values('pk', 'search_text', *SEARCHED)
    last = 0
    while piece := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        with transaction.atomic(using=schema_editor.connection.alias):
            for row in piece:
                last, before = row.pop('pk'), row.pop('search_text')
                requests.filter(pk=last, search_text=before).update(search_text=text_to_search(**row))


class Migration(migrations.Migration):
    # Each piece is a transaction of its own.
    atomic = False

    dependencies = [
        ('appointments', '0007_former_names'),
    ]

    operations = [
        migrations.RunPython(add_helpers, migrations.RunPython.noop),
    ]

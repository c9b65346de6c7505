
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('appointments', '0016_calendar_feeds'),
    ]

    operations = [
        migrations.AddField(
            model_name='place',
            name='map_url',
            field=models.URLField(blank=True, help_text='Patients can follow it to find the way.', verbose_name='link to a map'),
        ),
        migrations.AlterField(
            model_name='place',
            name='address',
            field=models.CharField(blank=True, help_text='As patients read it, on one line.', max_length=200),
        ),
    ]

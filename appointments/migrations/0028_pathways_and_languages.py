import appointments.models.requests
from django.db import migrations, models

# What was signed so far was signed for the one pathway there was.
FIRST, WAS = "vertebral_cement", "rules"
SPANISH = ["es"]


def name_what_there_was(apps, schema_editor):
    apps.get_model("appointments", "SignOff").objects.filter(about=WAS).update(about=FIRST)
    apps.get_model("appointments", "Caller").objects.filter(speaks_spanish=True).update(languages=SPANISH)


def forget_the_names(apps, schema_editor):
    apps.get_model("appointments", "SignOff").objects.filter(about=FIRST).update(about=WAS)
    apps.get_model("appointments", "Caller").objects.filter(languages=SPANISH).update(speaks_spanish=True)


class Migration(migrations.Migration):

    dependencies = [
        ('appointments', '0027_restores'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='dailycount',
            name='counted_once_a_day',
        ),
        migrations.AddField(
            model_name='appointmentrequest',
            name='pathway',
            field=models.CharField(db_default='vertebral_cement', help_text='By its key.', max_length=40, verbose_name='procedure'),
        ),
        migrations.AddField(
            model_name='caller',
            name='languages',
            field=models.JSONField(blank=True, default=list, help_text='That they speak with patients, beside English.'),
        ),
        migrations.AddField(
            model_name='clinician',
            name='pathways',
            field=models.JSONField(blank=True, help_text='None: all of them.', null=True, verbose_name='procedures'),
        ),
        migrations.AddField(
            model_name='dailycount',
            name='pathway',
            field=models.CharField(db_default='vertebral_cement', max_length=40),
        ),
        migrations.AddField(
            model_name='visitkind',
            name='pathways',
            field=models.JSONField(blank=True, help_text='None: all of them.', null=True, verbose_name='procedures'),
        ),
        migrations.AlterField(
            model_name='appointmentrequest',
            name='language',
            field=models.CharField(choices=appointments.models.requests.languages_to_call_in, max_length=10),
        ),
        migrations.AlterField(
            model_name='dailycount',
            name='language',
            field=models.CharField(max_length=10),
        ),
        migrations.AlterField(
            model_name='possibleduplicate',
            name='decision',
            field=models.CharField(blank=True, choices=[('', 'Not decided'), ('same', 'The same person'), ('different', 'Different people'), ('other', 'About another procedure')], max_length=10),
        ),
        migrations.AlterField(
            model_name='signoff',
            name='about',
            field=models.CharField(max_length=40),
        ),
        migrations.AddConstraint(
            model_name='dailycount',
            constraint=models.UniqueConstraint(fields=('day', 'event', 'pathway', 'language', 'outcome'), name='counted_once_a_day_each'),
        ),
        migrations.RunPython(name_what_there_was, forget_the_names),
        migrations.RemoveField(
            model_name='caller',
            name='speaks_spanish',
        ),
    ]

"""Sign-in at an identity provider: who is who there, and what it calls a session."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_as_of_release_0_1'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='accountsession',
            name='provider_session',
            field=models.CharField(blank=True, db_default='', default='', help_text='What the identity provider calls it.', max_length=255),
        ),
        migrations.AlterField(
            model_name='accountsession',
            name='code_given_at',
            field=models.DateTimeField(help_text='When a code was last given in it, or the identity provider last asked who it is.', null=True),
        ),
        migrations.CreateModel(
            name='ProviderIdentity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issuer', models.CharField(max_length=255)),
                ('subject', models.CharField(max_length=255)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='provider_identity', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'identities at the provider',
                'constraints': [models.UniqueConstraint(fields=('issuer', 'subject'), name='one_account_for_each_identity')],
            },
        ),
    ]

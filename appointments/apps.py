from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = "Visit requests"

    def ready(self):
        from . import counts, roles

        counts.connect()
        roles.connect(self)

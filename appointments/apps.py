from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = "Visit requests"

    def ready(self):
        from . import business_hours, counts, roles
        from .audit import listeners

        listeners.connect(self)
        business_hours.connect(self)
        counts.connect()
        roles.connect(self)

from django.apps import AppConfig
from django.http import HttpRequest
from django.urls import resolve


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = "Visit requests"

    def ready(self) -> None:
        from accounts.signals import unsent_form_shown
        from audit import listeners

        from . import roles
        from .calendar import opening_hours, slots
        from .operations import checks  # noqa: F401  # registers itself
        from .reporting import daily_counts

        listeners.connect(self, tables=map(self.get_model, roles.KEPT_BY_MANAGERS))
        unsent_form_shown.connect(_unsent_form_shown, dispatch_uid="appointments")
        opening_hours.connect(self)
        slots.connect(self)
        daily_counts.connect()
        roles.connect(self)


def _unsent_form_shown(sender: object, request: HttpRequest, path: str, **kwargs: object) -> None:
    """It is about the request whose call sheet it was typed on; a new one is not stored yet."""
    import audit

    audit.shows(request, [resolve(path).kwargs.get("pk")])

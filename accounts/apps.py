from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Signing in"

    def ready(self):
        from . import sessions, throttling

        sessions.connect()
        throttling.connect()

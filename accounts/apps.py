from django.apps import AppConfig
from django.contrib.auth.password_validation import get_default_password_validators


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Signing in"

    def ready(self) -> None:
        from . import first_passwords, sessions, throttling

        # A rule that cannot work stops the start, and not somebody who changes a password.
        get_default_password_validators()
        first_passwords.connect()
        sessions.connect()
        throttling.connect()

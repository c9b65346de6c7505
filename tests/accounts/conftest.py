"""Staff who sign in as people do: through the pages, with an app that shows codes."""

import re
from dataclasses import dataclass, field

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

PASSWORD = "four quiet herons at dusk"  # noqa: S105
LOGIN = "/admin/login/"
CODE = "/admin/second-factor/"
SET_UP = "/admin/second-factor/set-up/"
RECOVERY = "/admin/second-factor/recovery-code/"


@pytest.fixture
def second_factor_on(settings):
    settings.SECOND_FACTOR = True


@dataclass
class Person:
    """Somebody with a browser, and perhaps an app on a phone."""

    user: object
    client: Client = field(default_factory=Client)
    recovery_codes: list[str] = field(default_factory=list)

    def gives_password(self, password=PASSWORD, **headers):
        form = {"username": self.user.username, "password": password, "next": "/admin/"}
        return self.client.post(LOGIN, form, **headers)

    def code(self, *, steps=0) -> str:
        """What the app shows now, or so many half minutes later."""
        app = TOTPDevice.objects.get(user=self.user)
        # If a half minute ended between a code and its use, the server now takes this clock to be that much late.
        totp = TOTP(app.bin_key, drift=app.drift + steps)
        return f"{totp.token():06}"

    def gives_code(self, code: str | None = None):
        return self.client.post(CODE, {"code": code or self.code(steps=1)})

    def sets_up(self):
        self.client.get(SET_UP)
        shown = self.client.post(SET_UP, {"code": self.code()})
        self.recovery_codes = re.findall(r"<li>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</li>", shown.text)
        return shown

    def elsewhere(self) -> "Person":
        """The same person at another browser."""
        return Person(self.user, Client(), self.recovery_codes)

    @property
    def is_in(self) -> bool:
        return self.client.get("/admin/sessions/").status_code == 200


@pytest.fixture
def nora(db) -> Person:
    """A superuser who has only a password."""
    return Person(get_user_model().objects.create_superuser("nora", password=PASSWORD))


@pytest.fixture
def otto(db) -> Person:
    return Person(get_user_model().objects.create_superuser("otto", password=PASSWORD))


@pytest.fixture
def nora_inside(nora, second_factor_on) -> Person:
    """With the second factor set up, and signed in."""
    nora.gives_password()
    nora.sets_up()
    return nora

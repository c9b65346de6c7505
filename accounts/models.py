"""What is stored about signing in: sessions, who is who at the provider, first passwords, recovery codes.

The secrets of apps stand in django-otp's table.
"""

import hashlib
import secrets
import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django_otp.models import Device, ThrottlingMixin


class AccountSession(models.Model):
    """Somebody is signed in with one browser, for as long as this is there; see sessions.py.

    The browser's session names this and not the other way round, so nothing in here opens a session.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="account_sessions")
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    code_given_at = models.DateTimeField(
        null=True,
        help_text="When a code was last given in it, or the identity provider last asked who it is.",
    )
    provider_session = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="What the identity provider calls it."
    )
    address = models.CharField(max_length=45, blank=True, help_text="Without its last part.")
    browser = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ("-last_seen_at",)

    def __str__(self) -> str:
        return f"{self.browser} ({self.created_at:%Y-%m-%d %H:%M})"


class ProviderIdentity(models.Model):
    """Who this user is to the clinic's identity provider; see single_sign_on.py.

    By issuer and subject, which stay. Names and addresses of e-mail are given to somebody else one day.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="provider_identity")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)

    class Meta:
        verbose_name_plural = "identities at the provider"
        constraints = (models.UniqueConstraint(fields=("issuer", "subject"), name="one_account_for_each_identity"),)

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class FirstPassword(models.Model):
    """The password of this user was set by somebody else, who therefore knows it; see first_passwords.py."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="first_password")
    set_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"since {self.set_at:%Y-%m-%d}"


class RecoveryCodes(ThrottlingMixin, Device):
    """The codes on paper that stand in for a lost phone, each once.

    A code has 80 random bits; its digest is salted and slow, so that a stolen table opens nothing.
    """

    NUMBER = 10
    ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    LENGTH = 16
    ITERATIONS = 50_000
    # What people write for letters that we do not use.
    MISREAD = str.maketrans("018", "OIB", " -\u2010\u2011\u2012\u2013\u2014\t")

    salt = models.CharField(max_length=32, default="")

    class Meta:
        verbose_name = verbose_name_plural = "recovery codes"
        constraints = (models.UniqueConstraint(fields=("user",), name="one_set_of_recovery_codes"),)

    def make(self) -> list[str]:
        """New codes, to be shown once; the former ones are void. Takes about a fifth of a second."""
        self.salt = secrets.token_hex(16)
        self.throttle_reset()
        codes = ["".join(secrets.choice(self.ALPHABET) for _ in range(self.LENGTH)) for _ in range(self.NUMBER)]
        self.codes.all().delete()
        RecoveryCode.objects.bulk_create(RecoveryCode(device=self, digest=self._digest(code)) for code in codes)
        return ["-".join(code[start : start + 4] for start in range(0, len(code), 4)) for code in codes]

    def verify_token(self, token: str) -> bool:
        allowed, _ = self.verify_is_allowed()
        if not allowed:
            return False
        # One DELETE decides, so that a code works once, however many try it at once.
        used, _ = self.codes.filter(digest=self._digest(token.upper().translate(self.MISREAD))).delete()
        if used:
            self.throttle_reset()
        else:
            self.throttle_increment()
        return bool(used)

    def get_throttle_factor(self) -> int:
        return 1

    def _digest(self, code: str) -> str:
        return hashlib.pbkdf2_hmac("sha256", code.encode(), bytes.fromhex(self.salt), self.ITERATIONS).hex()


class RecoveryCode(models.Model):
    """One code that has not been used."""

    device = models.ForeignKey(RecoveryCodes, models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("device", "digest"), name="recovery_code_once"),)

    def __str__(self) -> str:
        return f"{self.pk}"

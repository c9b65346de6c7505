"""Who saw and did what."""

from django.db import models

# Tables and permissions of the audit belong to this application, which is one aggregate with its migrations.
APP = "appointments"


class AuditEntry(models.Model):
    """Who did or saw what, when and from where; never what it said. Only added to; see audit/chain.py.

    The database refuses to change an entry, and to remove one that the owner has not cut off; see migration audit.
    """

    class Who(models.TextChoices):
        STAFF = "staff", "Staff"
        PATIENT = "patient", "Patient"
        SYSTEM = "system", "System"
        NOBODY = "nobody", "Not signed in"

    class Action(models.TextChoices):
        VIEW = "view", "Saw"
        LIST = "list", "Saw a list"
        SEARCH = "search", "Searched"
        PRINT = "print", "Saw for print"
        EXPORT = "export", "Exported"
        CHANGE = "change", "Changed"
        ERASE = "erase", "Erased"
        LOOK_UP = "look-up", "Patient looked up a request"
        SENT_ON = "sent-on", "Was sent on"
        REFUSED = "refused", "Was refused"
        SIGN_IN = "sign-in", "Signed in"
        SIGN_OUT = "sign-out", "Signed out"
        SIGN_IN_FAILED = "sign-in-failed", "Failed to sign in"
        LOCKED_OUT = "locked-out", "Was locked out"
        SECOND_FACTOR = "second-factor", "Second factor"
        VERIFY = "verify", "Verified the audit"
        CUT = "cut", "Cut off old entries"
        SET_ASIDE = "set-aside", "Set aside what we did not write"
        RESTORE = "restore", "Was restored"
        UNKNOWN = "unknown", "Page that does not say what it shows"

    class Result(models.TextChoices):
        OK = "ok", "Done"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed"

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    who = models.CharField(max_length=10, choices=Who)
    # No foreign key: an entry outlives the account.
    user_id = models.BigIntegerField(null=True)
    username = models.CharField(max_length=150, blank=True)
    address = models.CharField(max_length=45, blank=True)
    action = models.CharField(max_length=20, choices=Action)
    page = models.CharField(max_length=100, blank=True, help_text="The name of the page's address.")
    method = models.CharField(max_length=10, blank=True)
    outcome = models.CharField(max_length=10, choices=Result)
    status = models.PositiveSmallIntegerField(null=True)
    details = models.CharField(max_length=200, blank=True)
    # The numbers of the requests concerned: a few in words, more than that packed; see audit/numbers.py.
    count = models.PositiveIntegerField(default=0)
    numbers = models.TextField(blank=True)
    packed = models.TextField(blank=True)
    key = models.CharField(max_length=8, help_text="Which key it is sealed with.")
    mac = models.CharField(max_length=64, help_text="Of this entry and the mac of the one before.")

    class Meta:
        app_label = APP
        ordering = ("seq",)
        verbose_name_plural = "audit entries"
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=("username", "-seq"), name="audit_by_who"),
            models.Index(fields=("action", "-seq"), name="audit_by_action"),
            models.Index(fields=("at",), name="audit_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.seq}"


class AuditHead(models.Model):
    """The last entry of the audit, and where its front was cut off, each sealed. There is one row."""

    seq = models.BigIntegerField(default=0)
    mac = models.CharField(max_length=64)
    seal = models.CharField(max_length=64)
    first_kept = models.BigIntegerField(default=1)
    cut_mac = models.CharField(max_length=64, blank=True)
    cut_seal = models.CharField(max_length=64, blank=True)

    class Meta:
        app_label = APP
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.seq}:{self.mac}"


class NamelessCount(models.Model):
    """How often nobody in particular did something since the last hour was sealed; see audit/nameless.py."""

    who = models.CharField(max_length=10)
    action = models.CharField(max_length=20)
    outcome = models.CharField(max_length=10)
    username = models.CharField(max_length=150, blank=True)
    page = models.CharField(max_length=100, blank=True)
    # Null is never the same as null to a unique constraint; 0 is no status.
    status = models.PositiveSmallIntegerField(default=0)
    address = models.CharField(max_length=45, blank=True)
    count = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("who", "action", "outcome", "username", "page", "status", "address"), name="nameless_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.page}: {self.count}"

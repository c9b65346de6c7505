"""What the machinery keeps for itself: nothing in here is about a person."""

import datetime
from pathlib import Path

from django.conf import settings
from django.db import connections, models
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

import audit
from audit.models import AuditEntry


class PeriodicJobQuerySet(models.QuerySet["PeriodicJob"]):
    def last_runs(self) -> dict[str, datetime.datetime]:
        """When each job was done last. As long as no worker ever ran, its heartbeat is as old as the database."""
        runs = dict(self.values_list("name", "last_run_at"))
        if self.model.HEARTBEAT not in runs:
            migrations = MigrationRecorder(connections[self.db]).migration_qs
            made_at = migrations.aggregate(at=models.Min("applied"))["at"]
            runs[self.model.HEARTBEAT] = made_at or timezone.now()
        return runs


class PeriodicJob(models.Model):
    """When something that is done again and again was done last; see operations/jobs.py."""

    # What shows that workers run, whatever becomes of the others.
    HEARTBEAT = "heartbeat"

    name = models.CharField(max_length=40, primary_key=True)
    last_run_at = models.DateTimeField()

    objects = PeriodicJobQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class ErasureLeave(models.Model):
    """That a manager has looked at what retention held back, and lets it go; see operations/retention.py."""

    setting = models.CharField(max_length=40, help_text="The setting of the rule.")
    until = models.DateTimeField(help_text="What was done with by then may go.")
    count = models.PositiveIntegerField(help_text="How many records these were.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.setting} {self.until}"


class IncarnationQuerySet(models.QuerySet["Incarnation"]):
    def restored(self) -> "Incarnation | None":
        """The restore that nobody has acknowledged yet. Costs one statement."""
        return self.filter(acknowledged_at=None).order_by("pk").first()

    def look(self) -> "Incarnation | None":
        """The same, having looked whether this is another database than it was. Costs two statements."""
        last, identity = self.order_by("pk").last(), self._identity()
        if last is None:
            # Whoever serves it first, or for the first time since there is this table, has nothing to acknowledge.
            self.create(identity=identity, acknowledged_at=timezone.now())
            return None
        if last.identity != identity:
            return self.mark()
        return last if last.acknowledged_at is None else None

    @audit.atomic()
    def mark(self) -> "Incarnation":
        """Take it for a restored copy, as nothing shows after a recovery to a point in time of the same server."""
        # Of several workers that notice it at once, one writes it down.
        list(self.select_for_update())
        if restored := self.restored():
            return restored
        audit.record(AuditEntry.Action.RESTORE, details="this database is a restored copy")
        return self.create(identity=self._identity())

    def _identity(self) -> str:
        """What a restored copy has another one of: server and database in it, or the file."""
        connection = connections[self.db]
        if connection.vendor == "sqlite":
            file = Path(connection.settings_dict["NAME"])
            return f"{file.stat().st_ino}" if file.exists() else ""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT system_identifier, oid FROM pg_control_system(), pg_database"
                " WHERE datname = current_database()"
            )
            return ":".join(map(str, cursor.fetchone()))


class Incarnation(models.Model):
    """The database since it was first served, or since it was restored from a backup; see operations/restores.py.

    A new one holds what was true when the backup was made: until somebody has acknowledged it, nothing is sent or
    deleted.
    """

    identity = models.CharField(max_length=50)
    noticed_at = models.DateTimeField(default=timezone.now)
    acknowledged_at = models.DateTimeField(null=True)

    objects = IncarnationQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.noticed_at}"


class RateBucket(models.Model):
    """How often something was tried in the current stretch of time; see rate_limit.py. Holds no address."""

    key = models.CharField(max_length=64, primary_key=True)
    ends_at = models.BigIntegerField()
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.key[:8]


class DailyCount(models.Model):
    """How many checks were started or finished on a day; see reporting/daily_counts.py. Names nobody."""

    class Event(models.TextChoices):
        STARTED = "started", "Started"
        FINISHED = "finished", "Finished"

    day = models.DateField()
    event = models.CharField(max_length=10, choices=Event)
    pathway = models.CharField(max_length=40, db_default="vertebral_cement")
    language = models.CharField(max_length=10)
    outcome = models.CharField(max_length=40, blank=True)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("day", "event", "pathway", "language", "outcome"), name="counted_once_a_day_each"
            ),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.event} {self.pathway} {self.language} {self.outcome}: {self.count}"

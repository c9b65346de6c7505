"""What is done again and again without anybody asking for it, by whichever worker comes first."""

import datetime
import importlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

import audit
from common.outages import is_outage

from ..lifecycle import announce
from ..lifecycle.guards import FREE
from ..models import AppointmentRequest, PeriodicJob, RateBucket
from . import retention

logger = logging.getLogger(__name__)

TRY_AGAIN = 60
CALLS_TAKE = datetime.timedelta(minutes=30)
# By this process's stopwatch, for jobs that failed in it.
_not_before: dict[str, float] = {}
LONG_AGO = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Job:
    """`do` is done in one transaction with the note that it ran."""

    name: str
    every: datetime.timedelta
    do: Callable[[], object]


def run_due() -> list[str]:
    """Do what is due and give the names. Of any number of workers that try at once, one does each job.

    A worker that is killed in the middle leaves no trace: the job is still due, for another. When a clock was set
    back, a job that ran "in the future" is due too. A job that fails is logged, holds nothing else up, and is tried
    again after TRY_AGAIN seconds. Costs one statement when nothing is due.
    """
    last = dict(PeriodicJob.objects.values_list("name", "last_run_at"))
    return [job.name for job in JOBS if _is_due(job, last.get(job.name)) and _succeeds(job)]


def _succeeds(job: Job) -> bool:
    if time.monotonic() < _not_before.get(job.name, 0):
        return False
    try:
        return _run(job)
    except Exception as error:
        # Also where the database broke off: it may have been this job alone that took too long.
        _not_before[job.name] = time.monotonic() + TRY_AGAIN
        if is_outage(error):
            raise
        logger.exception("The job %r failed.", job.name)
        return False


@audit.atomic()
def _run(job: Job) -> bool:
    PeriodicJob.objects.bulk_create([PeriodicJob(name=job.name, last_run_at=LONG_AGO)], ignore_conflicts=True)
    record = PeriodicJob.objects.filter(name=job.name).select_for_update(skip_locked=True).first()
    if record is None or not _is_due(job, record.last_run_at):
        return False
    PeriodicJob.objects.filter(name=job.name).update(last_run_at=timezone.now())
    job.do()
    return True


def _is_due(job: Job, last: datetime.datetime | None) -> bool:
    return last is None or not timezone.now() - job.every < last <= timezone.now()


def alert_of_overdue_calls() -> None:
    """Tell staff, once for all calls and once of each, of those that are overdue and that nobody is at.

    A call that was planned or promised is told of when it is late by CALLS_TAKE: at its moment it may just be made.
    """
    due = Coalesce("next_call_at", "due_at")
    is_late = Q(next_call_at=None) | Q(next_call_at__lte=timezone.now() - CALLS_TAKE)
    late = AppointmentRequest.objects.overdue().filter(FREE.q(None, timezone.now()), is_late)
    if late.exclude(overdue_told=due).update(overdue_told=due):
        announce.store([announce.DELAY], None)


def forget_sessions() -> None:
    importlib.import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def forget_tries() -> None:
    RateBucket.objects.filter(ends_at__lt=timezone.now().timestamp()).delete()


JOBS = (
    Job("alert of overdue calls", datetime.timedelta(minutes=15), alert_of_overdue_calls),
    Job("retention", datetime.timedelta(hours=1), retention.delete_some),
    Job("forget sessions", datetime.timedelta(days=1), forget_sessions),
    Job("forget tries", datetime.timedelta(days=1), forget_tries),
)

"""What is done again and again without anybody asking for it, by whichever worker comes first."""

import datetime
import importlib
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

import audit
from common.outages import is_outage

from ..calendar.slots import DAYS_BOOKED_AHEAD, Calendar
from ..lifecycle import announce
from ..lifecycle.definition import END_OFFER
from ..lifecycle.guards import BOOKED, FREE, PATIENT_CHOOSES
from ..lifecycle.message_kinds import CALLS_OVERDUE
from ..lifecycle.offered_times import open_times
from ..lifecycle.transition import Refused, perform
from ..lifecycle.waits import ANSWER, late
from ..models import AppointmentRequest, Incarnation, Message, PeriodicJob, RateBucket
from . import retention

logger = logging.getLogger(__name__)

TRY_AGAIN = 60
CALLS_TAKE = datetime.timedelta(minutes=30)
# By this process's stopwatch, for jobs that failed in it.
_not_before: dict[str, float] = {}
LONG_AGO = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Job:
    """`do` is done in one transaction with the note that it ran.

    What speaks, or deletes what was entered, `trusts` the database: it waits until a restore is acknowledged.
    """

    name: str
    every: datetime.timedelta
    do: Callable[[], object]
    trusts: bool = False


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
    if job.trusts and Incarnation.objects.look():
        return False
    PeriodicJob.objects.filter(name=job.name).update(last_run_at=timezone.now())
    job.do()
    return True


def _is_due(job: Job, last: datetime.datetime | None) -> bool:
    return last is None or not timezone.now() - job.every < last <= timezone.now()


def alert_of_what_is_late() -> None:
    """Tell staff, once for all and once of each, of what they should have done by now, and that nobody is at.

    A call that was planned or promised is told of when it is late by CALLS_TAKE: at its moment it may just be made.
    """
    now = timezone.now()
    nobody_is_at_it = FREE.q(None, now) | BOOKED.q(None, now) | Q(wait=ANSWER.key)
    is_late = Q(next_call_at=None) | Q(wait_due__lte=now - CALLS_TAKE)
    untold = Q(overdue_told=None) | ~Q(overdue_told=F("wait_due"))
    of_staff = late(AppointmentRequest.objects.all(), now).filter(nobody_is_at_it, is_late, untold)
    found = dict(of_staff.values_list("pk", "wait_due"))
    for pk, due in found.items():
        AppointmentRequest.objects.filter(pk=pk).update(overdue_told=due)
    # One that still waits to go says how it stands then; locked, no worker takes it before this is stored.
    waiting = Message.objects.filter(kind=CALLS_OVERDUE.key, state=Message.State.WAITING, lease=None)
    if found and not waiting.select_for_update(skip_locked=True).first():
        announce.store([announce.DELAY], None)


def end_offers() -> None:
    """Whoever may choose from times of which none is left is told, and is called."""
    calendar = Calendar(days=DAYS_BOOKED_AHEAD)
    for request in AppointmentRequest.objects.open().filter(PATIENT_CHOOSES.q(None, timezone.now())):
        if not open_times(request, calendar):
            # Whatever changed it meanwhile has ended the offer, too.
            with suppress(Refused):
                perform(END_OFFER, request)


def remind() -> None:
    """See to it that everybody with a visit within REMINDER_HOURS is reminded of it by each way that there is.

    Costs a statement for each of these visits.
    """
    now = timezone.now()
    soon = now + datetime.timedelta(hours=settings.REMINDER_HOURS)
    to_come = BOOKED.q(None, now) & Q(appointment__starts_at__gt=now, appointment__starts_at__lte=soon)
    for request in AppointmentRequest.objects.filter(to_come):
        announce.remind(request)


def forget_sessions() -> None:
    importlib.import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def forget_tries() -> None:
    RateBucket.objects.filter(ends_at__lt=timezone.now().timestamp()).delete()


JOBS = (
    Job(PeriodicJob.HEARTBEAT, datetime.timedelta(minutes=1), lambda: None),
    # The name is stored, and older releases know it too.
    Job("alert of overdue calls", datetime.timedelta(minutes=15), alert_of_what_is_late, trusts=True),
    Job("end offers", datetime.timedelta(minutes=1), end_offers, trusts=True),
    Job("remind", datetime.timedelta(minutes=15), remind, trusts=True),
    Job("retention", datetime.timedelta(hours=1), retention.delete_some, trusts=True),
    Job("seal what was counted", datetime.timedelta(hours=1), audit.seal_the_nameless),
    Job("forget sessions", datetime.timedelta(days=1), forget_sessions),
    Job("forget tries", datetime.timedelta(days=1), forget_tries),
)

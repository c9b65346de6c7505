"""The figures that a Prometheus reads at /metrics/.

They come from the database and not from the memory of a process, so that one scrape of any web process tells all.
None of them names anybody, and every label has few values. Statements and time stay the same however many requests
have been closed: nothing is summed over those.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import Error
from django.db.models import Count, Max, Min, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from screening.pathways import PATHWAYS

from ..lifecycle.close_reasons import CLOSE_REASONS
from ..lifecycle.definition import LIFECYCLE
from ..lifecycle.guards import FREE
from ..lifecycle.waits import CALL, counted, lengths, with_waits
from ..models import (
    Appointment,
    AppointmentRequest,
    DailyCount,
    Event,
    Incarnation,
    Language,
    Message,
    MessageQuerySet,
    NurseCheck,
    PeriodicJob,
    PossibleDuplicate,
    Status,
)
from .alarms import backlogs

# Shorter than any scrape interval: figures of two processes must not go back and forth.
KEPT_SECONDS = 4
A_DAY = datetime.timedelta(days=1)
# Only this many of the newest events are read to find those of the last day.
MOST_STEPS_READ = 20_000
# How urgent each priority is, by its pathway and its key: 1 for the most urgent of its pathway.
RANKS = {
    (pathway.key, priority.key): rank
    for pathway in PATHWAYS.values()
    for rank, priority in enumerate(pathway.priorities, 1)
}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """For whoever sends `Authorization: Bearer` and METRICS_TOKEN."""
    if not settings.METRICS_TOKEN:
        raise Http404
    sent = request.headers.get("Authorization", "").encode()
    if not constant_time_compare(sent, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(
            "unauthorized",
            status=401,
            headers={"WWW-Authenticate": "Bearer"},
            content_type="text/plain; charset=utf-8",
        )
    text = cache.get("metrics")
    if text is None:
        # Leave out process metrics: with several processes, each scrape would report a different one.
        registry = CollectorRegistry()
        registry.register(Figures())
        try:
            text = generate_latest(registry)
        except Error:
            return HttpResponse("database", status=503, content_type="text/plain; charset=utf-8")
        cache.set("metrics", text, KEPT_SECONDS)
    return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


class Figures:
    """A collector: each scrape reads anew. Costs thirteen statements, and one more as long as no worker has run."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield from _checks()
        yield from _unfinished_requests(now)
        yield from _waits(now)
        yield from _last_day(now)
        yield _gauge(
            "upright_visits_coming",
            "Booked visits that are still to come.",
            Appointment.objects.filter(cancelled_at=None, starts_at__gte=now).count(),
        )
        yield _gauge(
            "upright_duplicates_to_decide",
            "Pairs of requests that may be of one person, and nobody has decided.",
            PossibleDuplicate.objects.filter(decision="").count(),
        )
        yield from _messages(now)
        yield from _jobs(now)
        yield _gauge(
            "upright_restore_to_acknowledge",
            "1 from when the database is found to be restored until somebody has decided what is sent of it.",
            int(Incarnation.objects.restored() is not None),
        )


def _checks() -> Iterator[Metric]:
    started = CounterMetricFamily(
        "upright_checks_started", "Checks that were started.", labels=["pathway", "language"]
    )
    finished = CounterMetricFamily(
        "upright_checks_finished", "Checks that came to a result.", labels=["pathway", "language", "outcome"]
    )
    labels = ("event", "pathway", "language", "outcome")
    for event, *where, outcome, count in DailyCount.objects.values_list(*labels).annotate(Sum("count")).order_by():
        if event == DailyCount.Event.STARTED:
            started.add_metric(where, count)
        else:
            finished.add_metric([*where, outcome], count)
    yield started
    yield finished


def _unfinished_requests(now: datetime.datetime) -> Iterator[Metric]:
    """Of those that are not closed: few, and found by the partial indexes that the queue has."""
    is_open = Q(appointment=None)
    is_late = Q(wait=CALL.key, wait_due__lte=now)
    was_planned = Q(next_call_at__isnull=False) | Q(call_by__isnull=False)
    groups = (
        with_waits(AppointmentRequest.objects.order_by(), now)
        .values_list("pathway", "priority", "status", "language", "is_doubtful")
        .annotate(
            count=Count("pk"),
            asked=Min("created_at"),
            first=Count("pk", filter=is_late & ~was_planned),
            planned=Count("pk", filter=is_late & was_planned & Q(is_promised=False)),
            promised=Count("pk", filter=is_late & Q(is_promised=True)),
            holding=Count("pk", filter=Q(status=Status.CLAIMED) & ~FREE.q(None, now)),
            asks=Count("pk", filter=is_open & Q(nurse_check__in=NurseCheck.to_be_answered())),
        )
    )
    requests = {
        (*of, status.value, language.value): 0
        for of in RANKS
        for status in (Status.WAITING, Status.CLAIMED, Status.BOOKED)
        for language in Language
    }
    oldest = dict.fromkeys(RANKS, now)
    late: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter, {of: Counter() for of in RANKS})
    doubtful, held, nurse = 0, 0, 0
    for pathway, priority, status, language, is_doubtful, count, asked, *counts in groups:
        first, planned, promised, holding, asks = counts
        if is_doubtful and status != Status.BOOKED:
            doubtful += count
            continue
        of = (pathway, priority)
        seen = requests.get((*of, status, language), 0)  # nosec B113  # a dictionary of ours
        requests[*of, status, language] = seen + count
        if status != Status.BOOKED:
            oldest[of] = min(oldest.get(of, now), asked)
            late[of].update(first=first, planned=planned, promised=promised)
            held += holding
            nurse += asks

    yield _gauges(
        "upright_requests",
        "Requests that are not closed; doubtful ones are counted in upright_requests_doubtful.",
        ["pathway", "priority", "status", "language"],
        requests,
    )
    yield _gauge("upright_requests_doubtful", "Open requests that perhaps no person sent.", doubtful)
    yield _gauges(
        "upright_oldest_open_request_seconds",
        "How long ago the oldest open request was asked; 0 without one.",
        ["pathway", "priority", "rank"],
        {(*of, _rank(of)): (now - asked).total_seconds() for of, asked in oldest.items()},
    )
    yield _gauges(
        "upright_calls_overdue",
        "Open requests whose next call should have been made by now.",
        ["pathway", "priority", "rank", "call"],
        {
            (*of, _rank(of), call): counts[call]
            for of, counts in late.items()
            for call in ("first", "planned", "promised")
        },
    )
    yield _gauge("upright_requests_held", "Open requests that somebody holds and has not let lie.", held)
    yield _gauge("upright_nurse_checks_to_answer", "Open requests with a question to the nurse.", nurse)


def _rank(of: tuple[str, str]) -> int:
    """What no pathway knows any more may be as urgent as can be."""
    return RANKS.get(of, 1)


def _waits(now: datetime.datetime) -> Iterator[Metric]:
    """Everything that is not closed, by whose turn it is."""
    found = [((length.wait.key, length.wait.whom.name.lower()), length) for length in lengths(counted(now))]
    yield _gauges(
        "upright_waiting",
        "Requests that are not closed, by the list that they are on and by whose turn it is.",
        ["list", "turn"],
        {labels: length.count for labels, length in found},
    )
    yield _gauges(
        "upright_waiting_late",
        "Of those whose turn is that of staff, the ones that are past due.",
        ["list", "turn"],
        {labels: length.late for labels, length in found if length.wait.is_for_staff},
    )


def _last_day(now: datetime.datetime) -> Iterator[Metric]:
    """What was asked and done in the 24 hours before."""
    since = now - A_DAY
    asked = {(*of, language.value): 0 for of in RANKS for language in Language}
    rows = AppointmentRequest.objects.filter(created_at__gte=since).order_by()
    for *labels, count in rows.values_list("pathway", "priority", "language").annotate(Count("pk")):
        asked[tuple(labels)] = count
    steps = dict.fromkeys(((event,) for event in LIFECYCLE.events), 0)
    # Numbers rise with time, and there is an index of them and none of times.
    last = Event.objects.aggregate(last=Max("pk"))["last"] or 0
    done = Event.objects.filter(pk__gt=last - MOST_STEPS_READ, at__gte=since).order_by()
    for event, count in done.values_list("verb").annotate(Count("pk")):
        steps[event,] = count
    closed = dict.fromkeys(((reason.key,) for reason in CLOSE_REASONS), 0)
    # Of the requests and not of the history: what was taken back, or opened again, is not closed.
    closings = AppointmentRequest.objects.filter(closed_at__gte=since).order_by()
    for reason, count in closings.values_list("close_reason").annotate(Count("pk")):
        closed[reason,] = count
    yield _gauges(
        "upright_requests_asked_last_day",
        "Requests that were asked in the last 24 hours.",
        ["pathway", "priority", "language"],
        asked,
    )
    yield _gauges(
        "upright_steps_last_day",
        f"What was done with requests in the last 24 hours, among the newest {MOST_STEPS_READ} steps.",
        ["step"],
        steps,
    )
    yield _gauges(
        "upright_requests_closed_last_day", "Requests that were closed in the last 24 hours.", ["reason"], closed
    )


def _messages(now: datetime.datetime) -> Iterator[Metric]:
    """Those that are not done with, and those that failed: few, and found by their partial indexes."""
    found = backlogs(now)
    due_by = {(one.channel.value,): one.due for one in found}
    retried = {(one.channel.value,): one.retried for one in found}
    oldest = {(one.channel.value,): (now - one.since).total_seconds() if one.since else 0 for one in found}
    failed, unsure = dict.fromkeys(due_by, 0), dict.fromkeys(due_by, 0)
    given_up = Message.objects.filter(state=Message.State.FAILED).order_by().values_list("channel")
    kinds = {"surely": MessageQuerySet.DID_NOT_ARRIVE, "perhaps": MessageQuerySet.MAY_HAVE_ARRIVED}
    for channel, *counts in given_up.annotate(**{name: Count("pk", filter=kind) for name, kind in kinds.items()}):
        failed[channel,], unsure[channel,] = counts
    yield _gauges("upright_messages_due", "Messages that should have been sent by now.", ["channel"], due_by)
    yield _gauges("upright_messages_retried", "Of those due, the ones that failed before.", ["channel"], retried)
    yield _gauges(
        "upright_oldest_due_message_seconds", "For how long the oldest of them has been due.", ["channel"], oldest
    )
    yield _gauges("upright_messages_failed", "Messages that were given up.", ["channel"], failed)
    yield _gauges(
        "upright_messages_perhaps_sent",
        "Messages that were given up because they may have gone.",
        ["channel"],
        unsure,
    )


def _jobs(now: datetime.datetime) -> Iterator[Metric]:
    """Without workers, these get old."""
    last = {(name,): (now - at).total_seconds() for name, at in PeriodicJob.objects.last_runs().items()}
    meaning = "How long ago each periodic job was done."
    # A label "job" is the scraper's own.
    yield _gauges("upright_periodic_job_age_seconds", meaning, ["periodic_job"], last)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)


def _gauges(name: str, meaning: str, labels: list[str], values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for of, value in values.items():
        family.add_metric([str(label) for label in of], value)
    return family

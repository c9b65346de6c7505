"""The day at a glance: the next call, what I hold, what is late or doubtful, who comes today."""

import datetime
from collections import Counter
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

import audit
from accounts.requests import StaffRequest
from audit.models import AuditEntry

from ..lifecycle.definition import last_step_of
from ..lifecycle.guards import OPEN_STATUSES
from ..lifecycle.waits import counted, lengths
from ..models import Appointment, AppointmentRequest, Event, Incarnation, Message, NurseCheck, PatientMatch
from ..operations import retention
from ..reporting import alarms
from ..roles import MANAGE, SEE, WORK
from ..worklist import ranking
from ..worklist.next_call import not_called_yet, take
from . import set_up
from .call_sheet import sheet_url
from .pages import needs, staff_page
from .rows import language_of

MOST_SHOWN = 20
MOST_DOUBTFUL = 5


@require_safe
def page(request: StaffRequest) -> HttpResponse:
    if not request.user.has_perm(SEE):
        audit.shows(request)
        return staff_page(request, "home.html", title="Today", may_see=False)
    open_requests = AppointmentRequest.objects.open()
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    of_today = Appointment.objects.filter(
        request__isnull=False, starts_at__gte=midnight, starts_at__lt=midnight + datetime.timedelta(days=1)
    )
    visits = list(of_today.select_related("clinician", "place", "request").order_by("starts_at")[: MOST_SHOWN + 1])
    mine = list(open_requests.filter(claimed_by=request.user).in_queue_order()[: MOST_SHOWN + 1])
    doubtful = list(AppointmentRequest.objects.to_look_at().in_queue_order()[: MOST_DOUBTFUL + 1])
    last = _last_step(request.user)
    more_visits, more_of_mine = visits[MOST_SHOWN:], mine[MOST_SHOWN:]
    visits, mine = visits[:MOST_SHOWN], mine[:MOST_SHOWN]
    doubtful, more_doubtful = doubtful[:MOST_DOUBTFUL], doubtful[MOST_DOUBTFUL:]
    shown = _as_of_now(request.user)
    title = f"({shown['late']}) Today" if shown["late"] else "Today"
    seen = [*mine, *doubtful, *(visit.request for visit in visits), last and last.request]
    audit.shows(request, seen, action=AuditEntry.Action.LIST)
    return staff_page(
        request,
        "home.html",
        title=title,
        may_see=True,
        app_list=admin.site.get_app_list(request),
        mine=[{"request": one, "language": language_of(one)} for one in mine],
        set_up=set_up.missing() if request.user.has_perm(MANAGE) else [],
        **shown,
        alarms=alarms.in_words(timezone.now()),
        restored=Incarnation.objects.restored() if request.user.has_perm(MANAGE) else None,
        held_back=retention.held() if request.user.has_perm(MANAGE) else [],
        visits=visits,
        doubtful=doubtful,
        more_doubtful=more_doubtful,
        now=timezone.now(),
        more_visits=more_visits,
        more_of_mine=more_of_mine,
        last=last,
    )


@needs(SEE)
@require_safe
def figures(request: StaffRequest) -> HttpResponse:
    """What an open page shows anew, alone. Names nobody."""
    audit.shows(request)
    return render(request, "staff/_as_of_now.html", _as_of_now(request.user))


def _as_of_now(user: User) -> dict[str, Any]:
    """Whether there is somebody to call and why, the lists and their lengths, and what else is counted."""
    moment, candidates = ranking.callable_now(user)
    first = next(candidates, None)
    # All that is not closed is read once for all figures.
    rows = counted(timezone.now(), "status", "is_doubtful", "priority", "nurse_check")
    waiting: Counter[str] = Counter()
    flagged = 0
    for _key, status, is_doubtful, priority, nurse_check, count, _late in rows:
        if status in OPEN_STATUSES:
            flagged += count if nurse_check == NurseCheck.NEEDED else 0
            waiting[priority] += 0 if is_doubtful else count
    all_lists = lengths(rows)
    return {
        "callable": ranking.count_callable_now(user, moment),
        "opens_at": next((opens for opens, _closes in moment.hours.openings(moment.now) if opens > moment.now), None),
        "reasons": moment.reasons(first) if first else [],
        "lists": [length for length in all_lists if length.count],
        "late": sum(length.late for length in all_lists if length.wait.is_for_staff),
        "flagged": flagged,
        "bars": _bars(waiting),
        "failed_messages": Message.objects.failed().count(),
        "patients_to_match": PatientMatch.objects.open().count() if settings.EHR_URL else 0,
        "unsure_messages": Message.objects.unsure().count(),
    }


@needs(WORK)
@require_POST
def next_call(request: StaffRequest) -> HttpResponse:
    # Or who presses twice holds two patients, and one of them waits for nothing.
    if left := not_called_yet(request.user):
        messages.info(request, "You hold this one already. Call, skip it or give it back, and then take the next.")
        return redirect(sheet_url(left.pk))
    taken = take(request.user)
    if taken is None:
        messages.info(request, "There is nobody to call just now.")
        return redirect("admin:index")
    visit_request, _reasons = taken
    return redirect(sheet_url(visit_request.pk))


def _bars(waiting: dict[str, int]) -> list[dict]:
    """How many wait by priority, and how long each one's bar is in a picture 100 wide."""
    most = max(waiting.values(), default=0) or 1
    return [
        {
            "priority": priority,
            "count": waiting.get(priority, 0),
            "width": round(100 * waiting.get(priority, 0) / most),
        }
        for priority in ranking.URGENCY
    ]


def _last_step(user: User) -> Event | None:
    """What this member of staff did last, if it can still be taken back."""
    last = Event.objects.filter(by=user).select_related("request").order_by("-pk").first()
    return last if last and last_step_of(last.request, user) else None

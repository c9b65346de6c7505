"""The queue: whom to call, most urgent first, and the search. Costs the same with a million requests as with none."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import may
from audit.models import AuditEntry

from .. import search
from ..calendar.calling_hours import next_callable, next_decent
from ..calendar.opening_hours import BusinessHours
from ..calendar.slots import Calendar
from ..lifecycle.guards import CALENDAR_CHANGED
from ..lifecycle.waits import CALL, wait_of
from ..models import AppointmentRequest, Status
from ..roles import SEE
from ..worklist.filters import FILTERS, after
from .pages import staff_page
from .rows import area_of, flags_of, language_of

PAGE_SIZE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def queue_page(request: HttpRequest) -> HttpResponse:
    """What is searched for comes as a POST, so that no name stands in an address."""
    if not may(request, SEE):
        raise PermissionDenied
    requests = AppointmentRequest.objects.select_related(
        "taken_by", "claimed_by", "appointment__clinician", "appointment__place"
    ).defer("answers", "findings", "consent")
    typed = request.POST.get("q", "").replace("\0", "").strip()[:100]
    if typed:
        # Sort in Python: with ORDER BY, PostgreSQL picks the ordering index and filters row by row.
        found = list(search.find(requests.filter(closed_at=None), typed)[: PAGE_SIZE + 1])
        if len(found) <= PAGE_SIZE:
            closed = search.find(requests.filter(closed_at__isnull=False), typed)
            found += closed[: PAGE_SIZE + 1 - len(found)]
        rows = sorted(found, key=lambda row: (row.status in (Status.BOOKED, Status.CLOSED), row.priority, row.pk))
        chosen, more = None, len(found) > PAGE_SIZE
    else:
        chosen = next((one for one in FILTERS if one.key == request.GET.get("queue")), FILTERS[0])
        page = chosen.choose(AppointmentRequest.objects.all(), request.user)
        page = after(page, request.GET.get("after", ""), chosen.order).order_by(*chosen.order)
        # First which they are: PostgreSQL would look for the staff and the visits of all, and then sort.
        rows = list(requests.filter(pk__in=page.values("pk")[: PAGE_SIZE + 1]).order_by(*chosen.order))
        more = len(rows) > PAGE_SIZE
    rows = rows[:PAGE_SIZE]
    action, details = (AuditEntry.Action.LIST, chosen.key) if chosen else (AuditEntry.Action.SEARCH, "")
    audit.shows(request, rows, action=action, details=details)
    hours, calendar = BusinessHours.of_the_clinic(), Calendar(days=None)
    return staff_page(
        request,
        "queue.html",
        title="Queue",
        filters=FILTERS,
        chosen=chosen,
        typed=typed,
        is_too_short=bool(typed) and not rows and search.is_too_short(typed),
        rows=[_shown(row, hours, calendar) for row in rows],
        after=rows[-1].pk if more and not typed else None,
        more=more,
        # A visitor without a filter or a search most likely wants to search, so the search field gets the focus.
        leads_to_rows=bool(rows) and bool(typed or request.GET),
    )


def _shown(row: AppointmentRequest, hours: BusinessHours, calendar: Calendar) -> dict:
    now = timezone.now()
    wait = wait_of(row, now)
    must_move = CALENDAR_CHANGED.holds(row, None, now)
    is_open = row.status in (Status.WAITING, Status.CLAIMED)
    since = max(row.next_call_at or now, now)
    call_at = is_open and next_callable(since, zone=row.zone, call_times=row.call_times, hours=hours)
    if is_open and row.is_promised:
        call_at = next_decent(since, row.zone)
    return {
        "request": row,
        "language": language_of(row),
        "area": area_of(row.phone),
        "flags": flags_of(row),
        "why_to_move": must_move and row.appointment and calendar.why_to_move(row.appointment),
        "is_open": is_open,
        # Whoever waits for the nurse, a letter or their own choice is not to be called now.
        "other_wait": is_open and wait and wait[0] is not CALL and wait[0],
        "is_late": is_open and (row.next_call_at or row.due_at) <= now,
        "due_at": row.next_call_at or row.due_at,
        "call_at": call_at,
        "call_now": call_at and call_at <= now,
        "attempt": row.attempts_made + 1,
    }

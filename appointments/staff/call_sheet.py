"""One request as a call sheet: what to know before dialling, what to say, what came of it."""

import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

import audit
from accounts.requests import StaffRequest, may

from ..calendar.calling_hours import is_elsewhere, next_callable, next_decent
from ..calendar.opening_hours import BusinessHours
from ..calendar.slots import Calendar
from ..lifecycle import duplicates
from ..lifecycle.announce import ways_to_reach
from ..lifecycle.definition import ANSWER, LIFECYCLE, SEND_LETTER
from ..lifecycle.effects import claiming
from ..lifecycle.forms import BookForm, OfferForm, VerbForm
from ..lifecycle.grammar import Verb
from ..lifecycle.guards import BOOKED, CLAIMED_BY_ME, NO_VISIT_IS_TO_COME, OPEN_STATUSES
from ..lifecycle.offered_times import link_of, open_times
from ..lifecycle.transition import CHANGED_MEANWHILE, Refused, changes_since, perform, what_happened_meanwhile
from ..lifecycle.waits import MOVE, wait_of
from ..models import Appointment, AppointmentRequest, ContactAttempt, Event, Message, NurseCheck, Status, TextOptOut
from ..roles import ERASE, SEE, WORK
from ..worklist.ranking import reasons
from .pages import staff_page
from .rows import answers_in_words, call_times_of, flags_of, heading_of, language_of, say_first


@require_safe
def call_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    if not may(request, SEE):
        raise PermissionDenied
    visit_request = _found(pk)
    claiming.prolong(visit_request, by=request.user)
    return _sheet(request, visit_request)


@require_http_methods(["GET", "HEAD", "POST"])
def do(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Do one verb. What cannot be done is said on the call sheet, above what was typed."""
    verb = LIFECYCLE.verb(key)
    if verb is None or verb.asks is None:
        raise Http404
    if not may(request, verb.needs):
        raise PermissionDenied
    visit_request = _found(pk)
    if request.method != "POST":
        # Where a sign-in in between leads back to.
        return redirect(sheet_url(pk))
    form = verb.asks(visit_request, request.POST, auto_id=f"{key}_%s")
    seen = request.POST.get("version", "")
    if seen != str(visit_request.version) or not verb.when.holds(visit_request, request.user, timezone.now()):
        return _refused(request, visit_request, verb, form, _reason(visit_request, seen, verb, request.user))
    if not form.is_valid():
        return _sheet(request, visit_request, tried=(verb, form), status=422)
    try:
        perform(verb, visit_request, by=request.user, **form.cleaned_data)
    except Refused as refusal:
        return _refused(request, _found(pk), verb, form, str(refusal))
    messages.success(request, verb.done)
    if verb is SEND_LETTER:
        return redirect("admin:letter", pk)
    if not verb.ends_the_call:
        return redirect(sheet_url(pk))
    # Who was reached can be booked at once, or the visit moved; whatever else ends a call gives the request away.
    goes_on = CLAIMED_BY_ME
    if form.cleaned_data.get("outcome") == ContactAttempt.CallResult.REACHED:
        goes_on |= BOOKED
    if not AppointmentRequest.objects.filter(goes_on.q(request.user, timezone.now()), pk=pk).exists():
        return redirect("admin:index")
    return redirect(f"{sheet_url(pk)}#do-{next_verb(visit_request, form.cleaned_data)}")


@require_POST
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on holding it: the button on the sheet, and the open sheet itself from time to time."""
    if not may(request, WORK):
        raise PermissionDenied
    visit_request = _found(pk)
    is_held = claiming.prolong(visit_request, by=request.user)
    until = claiming.held_until(visit_request)
    audit.shows(request, [visit_request])
    if "application/json" in request.headers.get("Accept", ""):
        if not (is_held and until):
            return JsonResponse({"why": what_happened_meanwhile(visit_request)}, status=409)
        return JsonResponse(
            {
                "until": f"{timezone.localtime(until):%-I:%M %p}",
                "ends": until.isoformat(timespec="seconds"),
                "version": visit_request.version,
            }
        )
    if not is_held:
        messages.error(request, what_happened_meanwhile(visit_request))
    return redirect(sheet_url(pk))


def next_verb(visit_request: AppointmentRequest, entered: dict | None = None) -> str:
    """The verb that a talk, or a wrong number, most likely leads to."""
    if entered and entered.get("outcome") == ContactAttempt.CallResult.WRONG_NUMBER:
        return "correct"
    if visit_request.status == Status.BOOKED:
        return "reschedule"
    if visit_request.nurse_check in NurseCheck.lets_book():
        return "book"
    return "close" if visit_request.nurse_check == NurseCheck.AGAINST else "ask-nurse"


def sheet_url(pk: int) -> str:
    return reverse("admin:appointments_appointmentrequest_change", args=[pk])


def _found(pk: int) -> AppointmentRequest:
    visit = ("appointment__clinician", "appointment__place", "appointment__kind")
    related = ("taken_by", "claimed_by", "closed_by", *visit)
    return get_object_or_404(AppointmentRequest.objects.select_related(*related), pk=pk)


def _reason(visit_request: AppointmentRequest, seen: str, verb: Verb, user: User) -> str:
    if verb.when.holds(visit_request, user, timezone.now()) or not seen.isdecimal():
        return CHANGED_MEANWHILE
    return what_happened_meanwhile(visit_request, by=user)


def _refused(
    request: StaffRequest, visit_request: AppointmentRequest, verb: Verb, form: VerbForm, reason: str
) -> HttpResponse:
    form.is_valid()
    form.add_error(None, reason)
    return _sheet(request, visit_request, tried=(verb, form), status=409)


def _sheet(
    request: StaffRequest,
    visit_request: AppointmentRequest,
    tried: tuple[Verb, VerbForm] | tuple[None, None] = (None, None),
    status: int = 200,
) -> HttpResponse:
    tried_verb, tried_form = tried
    user, now = request.user, timezone.now()
    offered = [
        verb
        for verb in LIFECYCLE.verbs
        if verb.has_button and user.has_perm(verb.needs) and verb.when.holds(visit_request, user, now)
    ]
    if tried_verb and tried_verb not in offered:
        offered.insert(0, tried_verb)
    hours = BusinessHours.of_the_clinic()
    is_open = visit_request.status in OPEN_STATUSES
    is_held = CLAIMED_BY_ME.holds(visit_request, user, now)
    wait_until = _wait_until(visit_request, now, hours) if is_open else None
    wait = wait_of(visit_request, now)
    held_until = claiming.held_until(visit_request)
    calendar = Calendar(about=visit_request.pathway)
    blank: dict[str, Any] = {verb.key: {"calendar": calendar, "auto_id": f"{verb.key}_%s"} for verb in offered}
    # What was chosen among all free times is filled in where it can be offered or booked.
    opens: type[VerbForm] = OfferForm if "times" in request.GET else BookForm
    chosen: dict[str, Any] = {name: request.GET[name] for name in (*BookForm.folded, "kind") if name in request.GET}
    if opens is OfferForm:
        chosen = {"times": request.GET.getlist("times"), "kind": request.GET.get("kind")}
    opened = next((verb for verb in offered if verb.asks and issubclass(verb.asks, opens)), None) if chosen else None
    if opened:
        blank[opened.key]["initial"] = chosen
    seen = request.POST.get("version", "")
    pairs = duplicates.pairs_of(visit_request)
    audit.shows(request, [visit_request, *(other for _pair, other in pairs)])
    return staff_page(
        request,
        "call_sheet.html",
        title=f"{'Error: ' if tried_verb else ''}Call sheet {visit_request}",
        status=status,
        visit_request=visit_request,
        language=language_of(visit_request),
        say_first=say_first(visit_request, user.get_short_name()),
        flags=flags_of(visit_request),
        heading=heading_of(visit_request),
        answers=answers_in_words(visit_request),
        call_times=call_times_of(visit_request),
        # In words, because a template would show a moment by the clinic's clock.
        local_time=f"{now.astimezone(visit_request.zone):%-I:%M %p}",
        is_elsewhere=is_elsewhere(visit_request.zone, now),
        wait=wait and wait[0],
        wait_to_do=wait and wait[0].to_do(visit_request, now),
        wait_due=wait and wait[1],
        why_to_move=_why_to_move(visit_request.appointment) if wait and wait[0] is MOVE else "",
        wait_until=wait_until,
        is_to_be_dialled=is_held and not wait_until and not tried_verb,
        now=now,
        is_open=is_open,
        is_held=is_held,
        held_until=held_until and held_until.replace(microsecond=0),
        reasons=reasons(visit_request, user) if is_held else [],
        has_no_way_to_write=not ways_to_reach(visit_request),
        was_called_spam=visit_request.email_fails and _was_called_spam(visit_request),
        has_stopped_texts=TextOptOut.objects.has(visit_request.phone),
        cancel_before_erasing=user.has_perm(ERASE) and not NO_VISIT_IS_TO_COME.holds(visit_request, user, now),
        may_not_book=visit_request.nurse_check not in NurseCheck.lets_book(),
        nurse_said=_last_answer_to(visit_request),
        offered_times=open_times(visit_request) if is_open else [],
        offer_link=is_open and f"{settings.SITE_URL}{link_of(visit_request)}",
        told=visit_request.messages.order_by("-created_at", "pk"),
        history=visit_request.events.select_related("by").order_by("-version"),
        news=changes_since(visit_request, int(seen)) if status == 409 and seen.isdecimal() and len(seen) < 9 else [],
        duplicates=pairs,
        verbs=[
            (verb, tried_form if verb is tried_verb else verb.asks(visit_request, **blank[verb.key]))
            for verb in offered
            if verb.asks
        ],
        tried=tried_verb,
        opened=opened,
        taken_along=_taken_along(visit_request, user),
    )


def _taken_along(visit_request: AppointmentRequest, user: User) -> list[tuple[str, str]]:
    """Nothing of what perhaps no person sent."""
    if visit_request.is_doubtful:
        return []
    return [
        (label, reverse(page, args=[visit_request.pk]))
        for label, page, permission in settings.TAKEN_ALONG
        if user.has_perm(permission)
    ]


def _last_answer_to(visit_request: AppointmentRequest) -> Event | None:
    if visit_request.nurse_check in (NurseCheck.NOT_NEEDED, NurseCheck.NEEDED, NurseCheck.ASKED):
        return None
    return visit_request.events.standing().filter(verb=ANSWER.event).order_by("-version").first()


def _was_called_spam(visit_request: AppointmentRequest) -> bool:
    """And did not bounce: what is wrong then is not the address."""
    ends = visit_request.messages.filter(arrival__in=(Message.Arrival.BOUNCED, Message.Arrival.COMPLAINED))
    last = ends.order_by("created_at", "pk").last()
    return last is not None and last.arrival == Message.Arrival.COMPLAINED


def _why_to_move(visit: Appointment | None) -> str:
    return Calendar.around(visit.starts_at).why_to_move(visit) if visit else ""


def _wait_until(
    visit_request: AppointmentRequest, now: datetime.datetime, hours: BusinessHours
) -> datetime.datetime | None:
    """When they may be called, unless they may be at this moment. A promise counts more than the times they chose."""
    call_from: datetime.datetime | None
    if visit_request.is_promised and visit_request.next_call_at:
        call_from = next_decent(max(visit_request.next_call_at, now), visit_request.zone)
    else:
        zone, call_times = visit_request.zone, visit_request.call_times
        call_from = next_callable(now, zone=zone, call_times=call_times, hours=hours)
    return call_from if call_from and call_from > now else None

"""Says of a request that it is of the same person as an earlier one, or that it is not."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q

from ...models import AppointmentRequest, Awaited, NurseCheck, PhoneOwner, PossibleDuplicate, Status
from ..letters import no_call_will_help
from ..transition import Change, plan
from .calls import call_anew

# What the kept request takes from the other one where it has nothing.
IF_EMPTY = ("email", "postal_address", "patient_phone")
ABOUT_THE_PHONE = ("phone", "phone_note", "phone_owner", "time_zone")
ABOUT_THE_HELPER = ("filled_in_by", "relationship", "may_talk")


def link(request: AppointmentRequest, *, by: User, earlier: AppointmentRequest, same: bool) -> Change:
    words = f"{'The same person as' if same else 'Not the same person as'} {earlier}"
    return Change({"earlier": earlier if same else None}, details=words)


def take_over(request: AppointmentRequest, *, by: User, other: AppointmentRequest) -> Change:
    """Add what a second request of the same person says more.

    That is ways to reach them, flags, what the nurse was asked or said, the higher priority, a promised call, and
    that a person sent it. Its answers stay with it, as they were given. Who asks again instead of answering what we
    wrote is called.
    """
    is_open = request.status != Status.BOOKED
    new = [name for name in IF_EMPTY if getattr(other, name) and not getattr(request, name)]
    more: dict[str, Any] = {name: getattr(other, name) for name in new}
    if not request.filled_in_by:
        more |= {name: getattr(other, name) for name in ABOUT_THE_HELPER if getattr(other, name)}
    if other.phone_owner == PhoneOwner.HELPER and other.phone != request.phone:
        more["phone_note"] = f"{request.phone_note} {other.phone_shown} ({other.about_the_phone})".strip()[:80]
    elif other.phone != request.phone and not (request.patient_phone or "patient_phone" in more):
        more["patient_phone"] = other.phone
    flags = sorted({*request.flags, *other.flags})
    check = NurseCheck.stricter(request.nurse_check, other.nurse_check)
    if flags != request.flags:
        more["flags"] = flags
        # Nobody has looked at the new ones.
        check = NurseCheck.stricter(check, NurseCheck.NEEDED)
    if check != request.nurse_check:
        more["nurse_check"] = check
    if is_open and other.priority < request.priority:
        more |= {"priority": other.priority, "due_at": min(request.due_at, other.due_at)}
    adds = [name.replace("_", " ") for name in more]
    if check == other.nurse_check != request.nurse_check:
        more["nurse_due_at"] = other.nurse_due_at
        if check == NurseCheck.AGAINST and not is_open:
            more |= call_anew(request)
    if is_open and _is_put_off(request):
        more |= call_anew(request)
        if request.phone_is_wrong and "patient_phone" in more:
            del more["patient_phone"]
            more |= {"phone_is_wrong": False, **{name: getattr(other, name) for name in ABOUT_THE_PHONE}}
        adds.append("a call, as the patient asked again")
    if is_open and other.is_promised and not request.is_promised:
        more |= plan(other.next_call_at, is_promised=True)
        adds.append("the promised call")
    if request.doubts and not other.doubts:
        more["doubts"] = ""
    return Change(more, details=f"{other}: {', '.join(adds) or 'nothing new'}", note=_said_to_the_nurse(other))


def _is_put_off(request: AppointmentRequest) -> bool:
    """Whether it waits for an answer, or a letter, and for no call."""
    return request.awaited in (Awaited.EMAIL, Awaited.LETTER) or no_call_will_help(request)


def _said_to_the_nurse(other: AppointmentRequest) -> str:
    """What she was asked last, or said, so that it is read where she answers now."""
    said = other.events.standing().filter(verb__in=("nurse_asked", "nurse_answered")).exclude(note="")
    last = said.order_by("-version").first()
    return last.note if last else ""


def ask_anew(request: AppointmentRequest) -> None:
    """Whether it is of one person with another that is open too: it was closed because of that, and is open again."""
    if request.closed_at:
        # What was taken back was something else.
        return
    pairs = PossibleDuplicate.objects.filter(decision=PossibleDuplicate.Decision.SAME)
    with_this = pairs.filter(
        Q(earlier=request, later__closed_at=None) | Q(later=request, earlier__closed_at=None),
    )
    with_this.update(decision=PossibleDuplicate.Decision.OPEN, decided_by=None, decided_at=None)

"""Says of a request that it is of the same person as an earlier one, or that it is not."""

from typing import Any

from django.contrib.auth.models import User

from ...models import AppointmentRequest, NurseCheck, PhoneOwner, Status
from ..transition import Change, plan

# What the kept request takes from the other one where it has nothing.
IF_EMPTY = ("email", "postal_address", "patient_phone")
ABOUT_THE_HELPER = ("filled_in_by", "relationship", "may_talk")


def link(request: AppointmentRequest, *, by: User, earlier: AppointmentRequest, same: bool) -> Change:
    words = f"{'The same person as' if same else 'Not the same person as'} {earlier}"
    return Change({"earlier": earlier if same else None}, details=words)


def take_over(request: AppointmentRequest, *, by: User, other: AppointmentRequest) -> Change:
    """Add what a second request of the same person says more.

    That is ways to reach them, flags, the higher priority, a promised call, and that a person sent it. Its answers
    stay with it, as they were given.
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
    if flags != request.flags:
        more["flags"] = flags
        # Nobody has looked at the new ones.
        more["nurse_check"] = NurseCheck.NEEDED
    if is_open and other.priority < request.priority:
        more |= {"priority": other.priority, "due_at": min(request.due_at, other.due_at)}
    adds = [name.replace("_", " ") for name in more]
    if is_open and other.is_promised and not request.is_promised:
        more |= plan(other.next_call_at, is_promised=True)
        adds.append("the promised call")
    if request.doubts and not other.doubts:
        more["doubts"] = ""
    return Change(more, details=f"{other}: {', '.join(adds) or 'nothing new'}")

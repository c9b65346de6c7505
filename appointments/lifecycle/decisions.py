"""What staff decide about two requests that may be of one person."""

from django.contrib.auth.models import User
from django.utils import timezone

import audit
from audit.models import AuditEntry

from ..models import AppointmentRequest, PossibleDuplicate, Status
from .definition import CLOSE_AS_TWICE, LINK, TAKE_OVER
from .guards import OPEN_STATUSES
from .transition import Refused, perform

Decision = PossibleDuplicate.Decision


@audit.atomic()
def decide(pair: PossibleDuplicate, *, by: User, same: bool) -> None:
    """Say whether both are of one person: then the later one is linked to the earlier one, and one of them is closed.

    A booked one is kept, else the earlier one, with what the other adds. Nothing is closed if both are booked, or one
    is closed already.

    Who looks at a decision can change it, and to decide the same again does nothing. Raises Refused if meanwhile
    somebody decided otherwise than `pair` says.
    """
    decision = Decision.SAME if same else Decision.DIFFERENT
    as_seen = PossibleDuplicate.objects.filter(pk=pair.pk, decision=pair.decision).exclude(decision=decision)
    is_new = as_seen.update(decision=decision, decided_by=by, decided_at=timezone.now())
    pair.refresh_from_db()
    if not is_new and pair.decision != decision:
        raise Refused(f"{pair.decided_by} decided meanwhile: {pair.get_decision_display().lower()}.")
    # The lock keeps others from changing the requests between reading their versions and changing them.
    both = AppointmentRequest.objects.filter(pk__in=(pair.earlier_id, pair.later_id)).order_by("pk")
    earlier, later = both.select_for_update()
    is_linked = later.earlier_id == pair.earlier_id
    if is_linked != same:
        perform(LINK, later, by=by, earlier=earlier, same=same)
    # Intake may have linked them before anybody said so.
    if same and (is_new or not is_linked):
        _keep_one(earlier, later, by=by)
    if is_new and is_linked == same:
        pair_of_two = [pair.earlier_id, pair.later_id]
        audit.record(AuditEntry.Action.CHANGE, by=by, requests=pair_of_two, details=f"duplicate: {decision}")
    pair.earlier, pair.later = earlier, later


def _keep_one(earlier: AppointmentRequest, later: AppointmentRequest, *, by: User) -> None:
    kept, other = (later, earlier) if later.status == Status.BOOKED else (earlier, later)
    if kept.status == Status.CLOSED or other.status not in OPEN_STATUSES:
        return
    perform(TAKE_OVER, kept, by=by, other=other)
    perform(CLOSE_AS_TWICE, other, by=by, kept=kept)

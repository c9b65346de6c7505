"""What staff decide about two requests that may be of one person."""

from django.contrib.auth.models import User
from django.utils import timezone

import audit
from audit.models import AuditEntry

from ..models import AppointmentRequest, PossibleDuplicate
from .definition import LINK
from .transition import Refused, perform

Decision = PossibleDuplicate.Decision


@audit.atomic()
def decide(pair: PossibleDuplicate, *, by: User, same: bool) -> None:
    """Say whether both are of one person: then the later one is linked to the earlier one, and not closed by that.

    Who looks at a decision can change it, and to decide the same again does nothing. Raises Refused if meanwhile
    somebody decided otherwise than `pair` says.
    """
    decision = Decision.SAME if same else Decision.DIFFERENT
    as_seen = PossibleDuplicate.objects.filter(pk=pair.pk, decision=pair.decision).exclude(decision=decision)
    is_new = as_seen.update(decision=decision, decided_by=by, decided_at=timezone.now())
    pair.refresh_from_db()
    if not is_new and pair.decision != decision:
        raise Refused(f"{pair.decided_by} decided meanwhile: {pair.get_decision_display().lower()}.")
    # The lock keeps others from changing the request between reading its version and changing it.
    later = AppointmentRequest.objects.select_for_update().get(pk=pair.later_id)
    is_linked = later.earlier_id == pair.earlier_id
    if is_linked != same:
        perform(LINK, later, by=by, earlier=pair.earlier, same=same)
    elif is_new:
        pair_of_two = [pair.earlier_id, pair.later_id]
        audit.record(AuditEntry.Action.CHANGE, by=by, requests=pair_of_two, details=f"duplicate: {decision}")
    pair.later = later

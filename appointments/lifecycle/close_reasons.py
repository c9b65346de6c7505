"""Why requests are closed, in the order in which staff choose. One more is one more entry here."""

from django.utils.translation import gettext_lazy as _

from .grammar import CloseReason
from .guards import CLAIMED_BY_ME, HAS_MISSED_A_VISIT, VISIT_IS_OVER

ATTENDED = CloseReason(
    "attended", "Came to the visit", VISIT_IS_OVER, _("You came to your visit. This request is closed.")
)
DID_NOT_COME = CloseReason("did_not_come", "Did not come to the visit", CLAIMED_BY_ME & HAS_MISSED_A_VISIT)
DECLINED = CloseReason("declined", "Does not want a visit", CLAIMED_BY_ME)
UNREACHABLE = CloseReason(
    "unreachable",
    "Could not be reached",
    CLAIMED_BY_ME,
    _("We could not reach you, so this request is closed. Please call us if you still want a visit."),
)
ADVISED_AGAINST = CloseReason("advised_against", "Nurse or doctor advised against a visit", CLAIMED_BY_ME)
SEEN_ELSEWHERE = CloseReason("seen_elsewhere", "Is cared for elsewhere", CLAIMED_BY_ME)
WITHDRAWN = CloseReason(
    "withdrawn",
    "Withdrew the request",
    CLAIMED_BY_ME,
    _("You withdrew this request. We will not call you about it."),
)
DUPLICATE = CloseReason(
    "duplicate", "Asked twice", CLAIMED_BY_ME, _("You asked us twice. We go on with your other request.")
)
NOT_REAL = CloseReason("not_real", "Not a real request", CLAIMED_BY_ME)

CLOSE_REASONS = tuple(one for one in [*globals().values()] if isinstance(one, CloseReason))
LABELS = {reason.key: reason.label for reason in CLOSE_REASONS}

"""Who may do something with a request, and in which state: the conditions that verbs name."""

import datetime

from django.conf import settings
from django.db.models import Q

from common.clinic import CLINIC

from ..models import Awaited, NurseCheck, Records, Status
from ..roles import ANSWER_AS_NURSE
from .guard import Guard

OPEN_STATUSES = (Status.WAITING, Status.CLAIMED)


def _has_lapsed(now: datetime.datetime) -> Q:
    since = now - datetime.timedelta(minutes=settings.CLAIM_MINUTES)
    return Q(status=Status.CLAIMED, claimed_at__lte=since) & (
        Q(assigned_until__isnull=True) | Q(assigned_until__lte=now)
    )


NOBODYS = Q(pk__in=())

ALWAYS = Guard("at any time", lambda user, now: Q())
OPEN = Guard("it is waiting or claimed", lambda user, now: Q(status__in=OPEN_STATUSES))
CLAIMED = Guard("somebody holds it", lambda user, now: Q(status=Status.CLAIMED))
BOOKED = Guard("a visit is booked", lambda user, now: Q(status=Status.BOOKED))
CLOSED = Guard("it is closed", lambda user, now: Q(status=Status.CLOSED))
NOT_CLOSED = Guard("it is not closed", lambda user, now: ~Q(status=Status.CLOSED))

CLAIMED_BY_ME = Guard("you hold it", lambda user, now: Q(status=Status.CLAIMED, claimed_by_id=user.pk))
LAPSED = Guard("somebody has let it lie", lambda user, now: _has_lapsed(now))
FREE = Guard("nobody holds it", lambda user, now: Q(status=Status.WAITING)) | LAPSED
FREE_FOR_ME = Guard(
    "nobody holds it, or a colleague has let it lie",
    lambda user, now: Q(status=Status.WAITING) | (_has_lapsed(now) & ~Q(claimed_by_id=user.pk)),
)
HANDED_TO_ME = Guard(
    "it was handed out to you",
    lambda user, now: Q(status=Status.CLAIMED, claimed_by_id=user.pk, assigned_until__isnull=False),
)

# The row of the visit is read with the request's, whose version changes whenever another visit takes its place.
VISIT_IS_OVER = Guard(
    "the booked visit has begun", lambda user, now: Q(status=Status.BOOKED, appointment__starts_at__lte=now)
)
NO_VISIT_HAS_BEGUN = Guard(
    "no visit has begun", lambda user, now: Q(appointment_id__isnull=True) | Q(appointment__starts_at__gt=now)
)
NO_VISIT_IS_TO_COME = Guard(
    "no visit is to come", lambda user, now: Q(appointment_id__isnull=True) | Q(appointment__starts_at__lte=now)
)

NURSE_NOT_ASKED = Guard("the nurse has no question about it", lambda user, now: ~Q(nurse_check=NurseCheck.ASKED))
NURSE_IS_CONCERNED = Guard("there is a flag or a question", lambda user, now: ~Q(nurse_check=NurseCheck.NOT_NEEDED))
NURSE_AGREES = Guard(
    "nothing is flagged or asked that the nurse has not agreed to",
    lambda user, now: Q(nurse_check__in=NurseCheck.lets_book()),
)
IS_THE_NURSE = Guard(
    "you may answer as nurse",
    # An empty Q is no condition, and "or" leaves it out.
    lambda user, now: ~NOBODYS if user and user.has_perm(ANSWER_AS_NURSE) else NOBODYS,
)
NURSE_SAID_NO = Guard("the nurse advises against a visit", lambda user, now: Q(nurse_check=NurseCheck.AGAINST))
NURSE_LETS_BOOK = NURSE_AGREES | IS_THE_NURSE
NURSE_LETS_MOVE = (
    Guard("the nurse does not advise against it", lambda user, now: ~Q(nurse_check=NurseCheck.AGAINST)) | IS_THE_NURSE
)
NURSES_TURN = Guard(
    "the nurse was asked, or calls the patient", lambda user, now: Q(nurse_check__in=NurseCheck.of_the_nurse())
)

IS_DOUBTFUL = Guard("perhaps no person sent it", lambda user, now: Q(is_doubtful=True))
CALENDAR_CHANGED = Guard(
    "the calendar has changed under the visit",
    lambda user, now: Q(appointment__must_move_by__isnull=False, appointment__starts_at__gt=now),
)
IS_TO_BE_TOLD = Guard("a call is planned", lambda user, now: Q(next_call_at__isnull=False) | Q(call_by__isnull=False))
RECORDS_ARE_MISSING = Guard("pictures or reports are missing", lambda user, now: Q(records__in=Records.missing()))
HAS_MISSED_A_VISIT = Guard("the patient missed a visit", lambda user, now: Q(visits_missed__gt=0))
IS_NOT_PROMISED = Guard("no call is promised", lambda user, now: Q(is_promised=False))
PROMISED_CALL_IS_LATE = Guard(
    "a call was promised by a time that is over, or for one that is over for an hour",
    lambda user, now: (
        Q(is_promised=True)
        & (Q(call_by__lte=now) | Q(call_by__isnull=True, next_call_at__lte=now - datetime.timedelta(hours=1)))
    ),
)
FIRST_CALL_IS_LATE = Guard(
    "nobody has called in time, and no call is planned",
    lambda user, now: Q(
        due_at__lte=now, attempts_made=0, reached_at__isnull=True, next_call_at__isnull=True, call_by__isnull=True
    ),
)
NO_CALL_WILL_HELP = Guard(
    "all calls of the plan are made, or the number is wrong",
    lambda user, now: Q(attempts_made__gte=CLINIC.call_attempts) | Q(phone_is_wrong=True),
)
PHONE_IS_WRONG = Guard("somebody else answers the phone", lambda user, now: Q(phone_is_wrong=True))
HAS_A_LETTER = Guard("a letter was sent", lambda user, now: Q(awaited=Awaited.LETTER))
PATIENT_CHOOSES = Guard(
    "the patient may still choose a time",
    lambda user, now: Q(awaited=Awaited.CHOICE, next_call_at__gt=now),
)
PATIENT_ANSWERS = Guard(
    "the patient may still answer what we wrote",
    lambda user, now: Q(awaited__in=(Awaited.EMAIL, Awaited.LETTER), next_call_at__gt=now),
)

OPENS_ONLINE = Guard("it can be opened online", lambda user, now: Q(online_closed_at__isnull=True))
IS_CLOSED_ONLINE = Guard("it cannot be opened online", lambda user, now: Q(online_closed_at__isnull=False))

ON_LEGAL_HOLD = Guard("it is on legal hold", lambda user, now: Q(is_on_legal_hold=True))
NOT_ON_LEGAL_HOLD = Guard("it is not on legal hold", lambda user, now: Q(is_on_legal_hold=False))

"""Everything that can happen to a request: one entry a verb, in the order in which the call sheet offers them."""

from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..models import AppointmentRequest, ContactAttempt, Event
from ..roles import ANSWER_AS_NURSE, ERASE, MANAGE, SEE, WORK
from . import announce, forms
from .close_reasons import CLOSE_REASONS
from .effects import (
    booking,
    calls,
    claiming,
    closing,
    contact,
    doubts,
    erasure,
    legal_hold,
    linking,
    nurse,
    offers,
    online,
)
from .effects.undo import last_step, restore, undoing
from .grammar import BACK, GONE, SAME, Lifecycle, State, Verb
from .guard import Guard
from .guards import (
    ALWAYS,
    BOOKED,
    CLAIMED,
    CLAIMED_BY_ME,
    CLOSED,
    FIRST_CALL_IS_LATE,
    FREE,
    FREE_FOR_ME,
    HANDED_TO_ME,
    IS_CLOSED_ONLINE,
    IS_DOUBTFUL,
    NO_VISIT_HAS_BEGUN,
    NO_VISIT_IS_TO_COME,
    NOT_CLOSED,
    NOT_ON_LEGAL_HOLD,
    NURSE_AGREES,
    NURSE_IS_CONCERNED,
    NURSE_LETS_BOOK,
    NURSE_LETS_MOVE,
    NURSE_NOT_ASKED,
    ON_LEGAL_HOLD,
    OPEN,
    OPENS_ONLINE,
    PATIENT_CHOOSES,
    VISIT_IS_OVER,
)

IS_WAITING = State("waiting", "Waiting")
IS_CLAIMED = State("claimed", "Claimed")
IS_BOOKED = State("booked", "Booked", is_told=True)
IS_CLOSED = State("closed", "Closed", is_told=True)


def _call_in_words(event: Event) -> Promise | str:
    attempt = getattr(event, "attempt", None)
    match attempt and attempt.outcome:
        case None:
            return ""
        case ContactAttempt.CallResult.REACHED | ContactAttempt.CallResult.CALL_BACK:
            return _("We talked with you.")
        case ContactAttempt.CallResult.VOICEMAIL:
            return _("We called and left a message.")
        case ContactAttempt.CallResult.SENT:
            return _("We wrote to you.")
    return _("We called and did not reach you.")


def _who_booked(event: Event) -> Promise:
    return _("We booked your visit.") if event.by_id else _("You chose the time of your visit.")


VOUCH = Verb(
    key="vouch",
    event="vouched",
    history="Said that a person sent it",
    label="This is a person",
    done="It is a request like any other now.",
    when=OPEN & IS_DOUBTFUL,
    leads_to=(SAME,),
    needs=WORK,
    asks=forms.VerbForm,
    does=doubts.vouch,
    tells=(announce.ARRIVAL,),
    undo=restore,
)
DISMISS = Verb(
    key="dismiss",
    event="closed",
    history="Closed",
    label="This is not a person",
    done="The request is closed as not real.",
    when=OPEN & IS_DOUBTFUL,
    leads_to=(IS_CLOSED,),
    needs=WORK,
    asks=forms.VerbForm,
    does=doubts.dismiss,
    patient_reads=_("We closed your request."),
    undo=restore,
)
CLAIM = Verb(
    key="claim",
    event="claimed",
    history="Claimed",
    label="Claim",
    done="You hold this request now.",
    when=FREE_FOR_ME,
    leads_to=(IS_CLAIMED,),
    needs=WORK,
    asks=forms.VerbForm,
    does=claiming.claim,
    undo=restore,
)
# It takes on what was handed out, too.
TAKE_ON = Verb(
    key="take-on",
    event="claimed",
    history="Claimed",
    label="Next call",
    when=FREE | HANDED_TO_ME,
    leads_to=(IS_CLAIMED,),
    needs=WORK,
    does=claiming.claim,
    undo=restore,
)
LOG_CALL = Verb(
    key="log-call",
    event="called",
    history="Contact",
    label="Log a call",
    done="The call is logged.",
    when=CLAIMED_BY_ME | BOOKED,
    leads_to=(IS_WAITING, IS_CLAIMED, SAME),
    needs=WORK,
    asks=forms.LogCallForm,
    does=calls.log_call,
    ends_the_call=True,
    patient_reads=_call_in_words,
    tells=(announce.MISSED_CALL,),
    undo=restore,
)
LOG_NURSES_CALL = Verb(
    key="log-nurses-call",
    event="called",
    history="Contact",
    label="Log your call as nurse",
    done="Your call is logged. Your answer is still due.",
    when=NOT_CLOSED & NURSE_IS_CONCERNED,
    leads_to=(SAME,),
    needs=ANSWER_AS_NURSE,
    asks=forms.LogNursesCallForm,
    does=calls.log_nurses_call,
    patient_reads=_call_in_words,
    tells=(announce.MISSED_CALL,),
    undo=restore,
)
BOOK = Verb(
    key="book",
    event="booked",
    history="Booked",
    label="Book a visit",
    done="The visit is booked.",
    when=CLAIMED_BY_ME & NURSE_LETS_BOOK,
    leads_to=(IS_BOOKED,),
    needs=WORK,
    asks=forms.BookForm,
    does=booking.book,
    ends_the_call=True,
    access_key="b",
    patient_reads=_who_booked,
    tells=(announce.BOOKING,),
    undo=restore,
)
BOOK_ANYWAY = Verb(
    key="book-anyway",
    event="booked",
    history="Booked",
    label="Book against a rule",
    done="The visit is booked. Your reason stands in the history.",
    when=CLAIMED_BY_ME,
    leads_to=(IS_BOOKED,),
    needs=MANAGE,
    asks=forms.BookAnywayForm,
    does=booking.book_anyway,
    ends_the_call=True,
    patient_reads=_who_booked,
    tells=(announce.BOOKING,),
    undo=restore,
)
OFFER = Verb(
    key="offer",
    event="offered",
    history="Offered times to choose from",
    label="Offer times to choose from",
    done="The times are offered. The sheet says whether the link was sent; you can also read it out.",
    when=CLAIMED_BY_ME & NURSE_AGREES,
    leads_to=(IS_WAITING,),
    needs=WORK,
    asks=forms.OfferForm,
    does=offers.offer,
    tells=(announce.OFFER,),
    undo=offers.take_back,
)
RESCHEDULE = Verb(
    key="reschedule",
    event="rescheduled",
    history="Rescheduled",
    label="Move the visit",
    done="The visit is moved.",
    when=BOOKED & NURSE_LETS_MOVE,
    leads_to=(IS_BOOKED,),
    needs=WORK,
    asks=forms.RescheduleForm,
    does=booking.reschedule,
    patient_reads=_("We moved your visit."),
    tells=(announce.MOVE,),
    undo=restore,
)
RESCHEDULE_ANYWAY = Verb(
    key="reschedule-anyway",
    event="rescheduled",
    history="Rescheduled",
    label="Move the visit against a rule",
    done="The visit is moved. Your reason stands in the history.",
    when=BOOKED,
    leads_to=(IS_BOOKED,),
    needs=MANAGE,
    asks=forms.RescheduleAnywayForm,
    does=booking.reschedule_anyway,
    patient_reads=_("We moved your visit."),
    tells=(announce.MOVE,),
    undo=restore,
)
CANCEL = Verb(
    key="cancel",
    event="cancelled",
    history="Cancelled the visit",
    label="Cancel the visit",
    done="The visit is cancelled. The request is back in the queue.",
    when=BOOKED,
    leads_to=(IS_WAITING,),
    needs=WORK,
    asks=forms.CancelForm,
    does=booking.cancel,
    patient_reads=_("Your visit was cancelled."),
    tells=(announce.CANCELLATION,),
    undo=restore,
)
DID_NOT_COME = Verb(
    key="did-not-come",
    event="did_not_come",
    history="Did not come to the visit",
    label="Did not come",
    done="The request is back in the queue. The patient is told that we missed them.",
    when=VISIT_IS_OVER,
    leads_to=(IS_WAITING,),
    needs=WORK,
    asks=forms.NoteForm,
    does=booking.miss,
    patient_reads=_("We missed you at your visit."),
    tells=(announce.MISSED_VISIT,),
    undo=restore,
)
ASK_NURSE = Verb(
    key="ask-nurse",
    event="nurse_asked",
    history="Asked the nurse",
    label="Ask the nurse",
    done="The nurse sees your question in her list.",
    when=(CLAIMED_BY_ME | BOOKED) & NURSE_NOT_ASKED,
    leads_to=(SAME,),
    needs=WORK,
    asks=forms.NoteForm,
    does=nurse.ask,
    undo=restore,
)
ANSWER = Verb(
    key="answer",
    event="nurse_answered",
    history="The nurse answered",
    label="Answer as nurse",
    when=NOT_CLOSED & NURSE_IS_CONCERNED,
    leads_to=(SAME,),
    needs=ANSWER_AS_NURSE,
    does=nurse.answer,
    undo=restore,
)
SKIP = Verb(
    key="skip",
    event="skipped",
    history="Skipped",
    label="Skip",
    done="Skipped: it is back in the queue for others.",
    when=CLAIMED_BY_ME,
    leads_to=(IS_WAITING,),
    needs=WORK,
    asks=forms.SkipForm,
    does=claiming.skip,
    ends_the_call=True,
    access_key="k",
    undo=restore,
)
CLOSE = Verb(
    key="close",
    event="closed",
    history="Closed",
    label="Close",
    done="The request is closed.",
    when=CLAIMED_BY_ME | VISIT_IS_OVER,
    leads_to=(IS_CLOSED,),
    needs=WORK,
    asks=forms.CloseForm,
    does=closing.close,
    ends_the_call=True,
    access_key="c",
    patient_reads=_("We closed your request."),
    undo=restore,
)
NOTE = Verb(
    key="note",
    event="noted",
    history="Note",
    label="Write a note",
    done="The note stands in the history.",
    when=ALWAYS,
    leads_to=(SAME,),
    needs=WORK,
    asks=forms.PlainNoteForm,
    does=contact.write_down,
    undo=restore,
)
OPEN_ONLINE = Verb(
    key="open-online",
    event="online_opened",
    history="Opened online again",
    label="Open it online again",
    done="The patient can open it online again.",
    when=IS_CLOSED_ONLINE,
    leads_to=(SAME,),
    needs=WORK,
    asks=forms.VerbForm,
    does=online.open_again,
    undo=restore,
)
# What is decided where two requests are compared: one of a person's two is closed, and the other takes over from it.
CLOSE_AS_TWICE = Verb(
    key="close-as-twice",
    event="closed",
    history="Closed",
    label="Close as asked twice",
    when=FREE_FOR_ME | CLAIMED_BY_ME,
    leads_to=(IS_CLOSED,),
    needs=WORK,
    does=closing.close_as_twice,
    patient_reads=_("We closed your request."),
    undo=restore,
)
TAKE_OVER = Verb(
    key="take-over",
    event="took_over",
    history="Took over from the second request",
    label="Take over from a second request",
    when=NOT_CLOSED,
    leads_to=(SAME,),
    needs=WORK,
    does=linking.take_over,
    undo=restore,
)
CORRECT = Verb(
    key="correct",
    event="corrected",
    history="Corrected",
    label="Correct contact details",
    done="The details are corrected.",
    when=NOT_CLOSED,
    leads_to=(SAME,),
    needs=WORK,
    asks=forms.CorrectForm,
    does=contact.correct,
    tells=(announce.NEW_ADDRESS,),
    undo=restore,
)
KEEP_RECORDS = Verb(
    key="records",
    event="records",
    history="Pictures and reports",
    label="Pictures and reports",
    done="It is noted how far the pictures and reports are.",
    when=NOT_CLOSED,
    leads_to=(SAME,),
    needs=WORK,
    asks=forms.RecordsForm,
    does=contact.keep_records,
    undo=restore,
)
WRITE_AGAIN = Verb(
    key="write-again",
    event="written_again",
    history="Wrote again how it stands",
    label="Send again how it stands",
    done="It is on its way: what stands now, by e-mail and text as far as they may be used.",
    when=NOT_CLOSED,
    leads_to=(SAME,),
    needs=WORK,
    asks=forms.VerbForm,
    does=contact.write_again,
    tells=(announce.AS_IT_STANDS,),
)
SEND_LETTER = Verb(
    key="letter",
    event="letter_sent",
    history="Sent a letter",
    label="Send a letter",
    done="The letter is logged. Print it, and post it.",
    when=NOT_CLOSED,
    leads_to=(IS_WAITING, SAME),
    needs=WORK,
    asks=forms.NoteForm,
    does=calls.send_letter,
    ends_the_call=True,
    patient_reads=_("We wrote to you."),
    undo=restore,
)
RELEASE = Verb(
    key="release",
    event="released",
    history="Released",
    label="Give back",
    done="The request is back in the queue.",
    when=CLAIMED,
    leads_to=(IS_WAITING,),
    needs=WORK,
    asks=forms.NoteForm,
    does=claiming.release,
    ends_the_call=True,
    undo=restore,
)
ASSIGN = Verb(
    key="assign",
    event="assigned",
    history="Handed out",
    label="Hand out",
    when=OPEN,
    leads_to=(IS_CLAIMED,),
    needs=WORK,
    does=claiming.assign,
    undo=restore,
)
REOPEN = Verb(
    key="reopen",
    event="reopened",
    history="Reopened",
    label="Reopen",
    done="The request is back in the queue.",
    when=CLOSED,
    leads_to=(IS_WAITING,),
    needs=WORK,
    asks=forms.NoteForm,
    does=closing.reopen,
    patient_reads=_("We opened your request again."),
    undo=restore,
)
UNDO = Verb(
    key="undo",
    event="undone",
    history="Took back",
    label="Take back the last step",
    done="Taken back.",
    when=Guard(
        "you did the last step, not long ago",
        lambda user, now: ALWAYS.q(user, now),
        also=lambda request, user, now: last_step_of(request, user) is not None,
    ),
    leads_to=(BACK,),
    # Nurses too: what somebody may take back they did themselves.
    needs=SEE,
    asks=forms.VerbForm,
    does=undoing(lambda: LIFECYCLE.by_event),
    tells=(announce.VISIT,),
)
PLACE_HOLD = Verb(
    key="hold",
    event="hold_placed",
    history="Placed a legal hold",
    label="Place a legal hold",
    done="This request is kept until the hold is lifted.",
    when=NOT_ON_LEGAL_HOLD,
    leads_to=(SAME,),
    needs=ERASE,
    asks=forms.ReasonForm,
    does=legal_hold.place,
    undo=restore,
)
LIFT_HOLD = Verb(
    key="lift-hold",
    event="hold_lifted",
    history="Lifted the legal hold",
    label="Lift the legal hold",
    done="The hold is lifted.",
    when=ON_LEGAL_HOLD,
    leads_to=(SAME,),
    needs=ERASE,
    asks=forms.ReasonForm,
    does=legal_hold.lift,
    undo=restore,
)
ERASE_IT = Verb(
    key="erase",
    event="erased",
    history="Erased",
    label="Erase for good",
    done="Everything about this request is erased.",
    # What is gone can be told no more, and the clinic would go on expecting the patient.
    when=NOT_ON_LEGAL_HOLD & NO_VISIT_IS_TO_COME,
    leads_to=(GONE,),
    needs=ERASE,
    asks=forms.EraseForm,
    does=erasure.erase,
    ends_the_call=True,
)
# Whether two requests are of one person is decided, and decided anew, where both are shown.
LINK = Verb(
    key="link",
    event="linked",
    history="Compared with another request",
    label="Compare with another request",
    when=ALWAYS,
    leads_to=(SAME,),
    needs=WORK,
    does=linking.link,
)

# What patients do themselves.
CHOOSE = Verb(
    key="choose",
    event="booked",
    history="Booked",
    label="Choose one of the times offered",
    when=OPEN & NURSE_AGREES,
    leads_to=(IS_BOOKED,),
    does=booking.choose,
    patient_reads=_who_booked,
    tells=(announce.BOOKING,),
)
NONE_SUITS = Verb(
    key="none-suits",
    event="none_suits",
    history="None of the times offered suits the patient",
    label="Say that none of the times offered suits",
    # The link shows the times for as long as they can be had, and whoever sees them may say so.
    when=OPEN,
    leads_to=(SAME,),
    does=offers.none_suits,
    patient_reads=_("You told us that none of the times suits you."),
)
ASK_FOR_ANOTHER_TIME = Verb(
    key="ask-for-another-time",
    event="asked_to_move",
    history="The patient cannot come then",
    label="Ask for another time for the visit",
    when=BOOKED & NO_VISIT_HAS_BEGUN,
    leads_to=(SAME,),
    does=contact.ask_for_another_time,
    patient_reads=_("You asked for another time for your visit."),
)
WITHDRAW = Verb(
    key="withdraw",
    event="withdrew",
    history="The patient withdrew the request",
    label="Withdraw the request",
    when=NOT_CLOSED & NO_VISIT_HAS_BEGUN,
    leads_to=(IS_CLOSED,),
    does=closing.withdraw,
    patient_reads=_("You withdrew your request."),
    tells=(announce.WITHDRAWAL,),
)
CORRECT_PHONE = Verb(
    key="correct-phone",
    event="phone_corrected",
    history="The patient corrected the phone number",
    label="Correct one’s phone number",
    when=NOT_CLOSED,
    leads_to=(SAME,),
    does=contact.correct_phone,
    patient_reads=_("You corrected your phone number."),
)
CALL_ME_FIRST = Verb(
    key="call-me-first",
    event="asked_to_be_first",
    history="The first call is late: the patient asks to be called first",
    label="Ask to be called first, as the first call is late",
    when=OPEN & FIRST_CALL_IS_LATE,
    leads_to=(SAME,),
    does=contact.call_first,
    patient_reads=_("You asked us to call you first."),
)
CHANGE_CALL_TIMES = Verb(
    key="change-call-times",
    event="times_changed",
    history="The patient changed when to call",
    label="Change when one may be called",
    when=NOT_CLOSED,
    leads_to=(SAME,),
    does=contact.change_call_times,
    patient_reads=_("You changed when we may call."),
)

# What happens by itself.
END_OFFER = Verb(
    key="end-offer",
    event="offer_ended",
    history="The times offered are gone",
    label="End an offer of which no time is left",
    when=OPEN & PATIENT_CHOOSES,
    leads_to=(SAME,),
    does=offers.end,
    happens_by_itself=True,
    tells=(announce.NO_TIMES_LEFT,),
)
CLOSE_ONLINE = Verb(
    key="close-online",
    event="online_closed",
    history="Closed online: too many wrong birthdays",
    label="Close it online after too many wrong birthdays",
    when=OPENS_ONLINE,
    leads_to=(SAME,),
    does=online.close,
    happens_by_itself=True,
)

LIFECYCLE: Lifecycle = Lifecycle(
    states=(IS_WAITING, IS_CLAIMED, IS_BOOKED, IS_CLOSED),
    start=IS_WAITING,
    # In the order in which they stand above.
    verbs=tuple(one for one in [*globals().values()] if isinstance(one, Verb)),
    close_reasons=CLOSE_REASONS,
    tells=(announce.ARRIVAL, announce.LOST_REFERENCE, announce.OPENED, announce.DELAY),
)


def last_step_of(request: AppointmentRequest, user: User) -> Event | None:
    """What this member of staff did last with a request, if it can still be taken back. Costs one statement."""
    return last_step(request, by=user, among=LIFECYCLE.by_event)

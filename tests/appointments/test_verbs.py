"""The verbs on the call sheet: what each does, who may when, and what happens to what was typed."""

import datetime
import re

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from appointments.calendar.slots import free_slots
from appointments.lifecycle.definition import BOOK, CLAIM, CLOSE, LIFECYCLE, LOG_CALL, UNDO, WITHDRAW
from appointments.lifecycle.forms import CorrectForm, OfferForm
from appointments.lifecycle.transition import Refused, perform
from appointments.models import Appointment, AppointmentRequest, Clinician, ContactAttempt, Event, Holiday, Place
from tests.walk import words_of

pytestmark = pytest.mark.both

QUEUE = "/admin/appointments/appointmentrequest/"

AT_ANY_TIME = ["note", "correct", "records", "write-again", "letter"]
WHILE_HELD = ["log-call", "book", "book-anyway", "offer", "ask-nurse", "skip", "close", *AT_ANY_TIME, "release"]
WHILE_BOOKED = ["log-call", "reschedule", "reschedule-anyway", "cancel", "ask-nurse", *AT_ANY_TIME]
WHEN_OVER = [
    "log-call",
    "reschedule",
    "reschedule-anyway",
    "cancel",
    "did-not-come",
    "ask-nurse",
    "close",
    *AT_ANY_TIME,
]
# The state a request is in, who comes to it, and which verbs are possible then. "holder" is who worked on it last.
POSSIBLE = {
    ("waiting", "holder"): ["claim", *AT_ANY_TIME],
    ("waiting", "other"): ["claim", *AT_ANY_TIME],
    ("doubtful", "holder"): ["vouch", "dismiss", "claim", *AT_ANY_TIME],
    ("doubtful", "other"): ["vouch", "dismiss", "claim", *AT_ANY_TIME],
    ("claimed", "holder"): [*WHILE_HELD, "undo"],
    ("claimed", "other"): [*AT_ANY_TIME, "release"],
    ("lapsed", "holder"): [*WHILE_HELD, "undo"],
    ("lapsed", "other"): ["claim", *AT_ANY_TIME, "release"],
    ("booked", "holder"): [*WHILE_BOOKED, "undo"],
    ("booked", "other"): WHILE_BOOKED,
    ("visit is over", "holder"): [*WHEN_OVER, "undo"],
    ("visit is over", "other"): WHEN_OVER,
    ("closed", "holder"): ["note", "reopen", "undo"],
    ("closed", "other"): ["note", "reopen"],
    ("withdrawn", "holder"): ["note", "reopen"],
    ("withdrawn", "other"): ["note", "reopen"],
    # The last call of the plan was missed, and given back after that.
    ("not reached", "holder"): ["claim", *AT_ANY_TIME, "undo"],
    ("not reached", "other"): ["claim", *AT_ANY_TIME],
}
ONE_OF_EACH_STATUS = [(state, "holder") for state in ("waiting", "claimed", "booked", "closed")]
VERBS = set().union(*POSSIBLE.values())
WITHOUT_A_NOTE = ("write-again", "vouch", "dismiss", "claim", "undo")
# test_retention.py tells when these are done; nobody is erased whom the clinic expects.
OF_MANAGERS = ("hold", "erase")
VISIT = "Mon May 4 2037, 10:30 AM, Main clinic, Dr. Example"
MOVED = "Tue May 5 2037, 2:00 PM, Main clinic, Dr. Example"
CLOSED = {"status": "closed", "closed_by": "scheduler", "close_reason": "declined"}
NOTE = "Asks for Tuesday."
EMPTY = "This field is required."
PAST = "Choose a time that is still to come."
CLOCKS = "couldn’t be interpreted in time zone America/New_York"
FAR = "Check the year: it is one from 2000 to 2199."
UNKNOWN = "is not one of the available choices."


@pytest.fixture(autouse=True)
def some_days_before():
    """The visits of these tests are on a Monday and a Tuesday; this is the Friday before."""
    with time_machine.travel(datetime.datetime(2037, 5, 1, 18, tzinfo=datetime.UTC)):
        yield


@pytest.fixture
def in_state(a_request, scheduler, clinician, place, consulting_hours):
    """Gives a request in a state, brought there by the scheduler."""

    def bring(state) -> AppointmentRequest:
        request = a_request(doubts="many requests from one address" if state == "doubtful" else "")
        if state not in ("waiting", "doubtful"):
            perform(CLAIM, request, by=scheduler)
            perform(LOG_CALL, request, by=scheduler, channel="phone", outcome="reached")
        if state == "lapsed":
            long_ago = timezone.now() - datetime.timedelta(minutes=settings.CLAIM_MINUTES)
            AppointmentRequest.objects.update(claimed_at=long_ago)
        if state in ("booked", "visit is over"):
            perform(BOOK, request, by=scheduler, starts_at=at("2037-05-04T10:30"), clinician=clinician, place=place)
        if state == "visit is over":
            now = timezone.now()
            Appointment.objects.update(
                starts_at=now - datetime.timedelta(hours=1), ends_at=now - datetime.timedelta(minutes=30)
            )
        if state == "closed":
            perform(CLOSE, request, by=scheduler, reason="declined")
        if state == "not reached":
            for _ in range(settings.CALL_ATTEMPTS):
                if request.status == "waiting":
                    perform(CLAIM, request, by=scheduler)
                perform(LOG_CALL, request, by=scheduler, channel="phone", outcome="no_answer")
        if state == "withdrawn":
            perform(WITHDRAW, request)
        request.refresh_from_db()
        return request

    return bring


@pytest.fixture
def people(scheduler, colleague):
    return {"holder": scheduler, "other": colleague}


def at(typed: str) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.fromisoformat(typed))


def signed_in(user, **options) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def browser_of(user) -> Client:
    """The same one through a test: to sign in takes as long as a small page."""
    if "browser" not in vars(user):
        user.browser = signed_in(user)
    return user.browser


def sheet(user, request):
    return browser_of(user).get(f"{QUEUE}{request.pk}/change/")


def do(user, request, verb, **changes):
    """Presses the button of a verb after filling in all that it asks for, except for the changes."""
    visit = {"clinician": Clinician.objects.get(name="Dr. Example").pk, "place": Place.objects.get().pk}
    typed = {
        "log-call": {"channel": "phone", "outcome": "call_back", "next_call_at": "2037-05-03T16:00"},
        "book": {"starts_at": "2037-05-04T10:30", **visit},
        "book-anyway": {"starts_at": "2037-05-04T10:30", **visit},
        "reschedule": {"starts_at": "2037-05-05T14:00", "reason": "clinic", **visit},
        "reschedule-anyway": {"starts_at": "2037-05-05T14:00", "reason": "clinic", **visit},
        "offer": {"times": [str(free) for free in free_keys()[:2]]},
        "skip": {"reason": "busy"},
        "records": {"records": "requested"},
        "correct": contact_of(request) | {"phone": "(808) 555-0123"},
        "cancel": {"reason": "patient"},
        "close": {"reason": "attended" if request.status == "booked" else "declined"},
    }
    note = {} if verb in WITHOUT_A_NOTE else {"note": NOTE}
    typed = {**note, "version": request.version, **typed.get(verb, {}), **changes}
    response = browser_of(user).post(f"{QUEUE}{request.pk}/do/{verb}/", typed)
    request.refresh_from_db()
    return response


def free_keys() -> list[str]:
    return [key for key, label in OfferForm(None).fields["times"].choices]


def all_free_keys() -> list[str]:
    return [f"{t.clinician.pk} {t.place.pk} {t.starts_at:%Y-%m-%dT%H:%M}Z" for t in free_slots(most=1_000)]


def contact_of(request) -> dict:
    """The form of the contact details as the page fills it in."""
    shown = CorrectForm(request)
    typed = {name: shown.get_initial_for_field(field, name) for name, field in shown.fields.items()}
    return {name: value for name, value in typed.items() if value not in (None, False)}


def what_is_known_of(request) -> dict:
    """All that verbs can change, the empty left out."""
    names = ("status", "claimed_by", "appointment", "closed_by", "close_reason")
    next_call = f"{timezone.localtime(request.next_call_at):%a %b %-d %Y, %-I:%M %p}" if request.next_call_at else ""
    values = {name: str(getattr(request, name) or "") for name in names} | {"next_call": next_call}
    return {name: value for name, value in values.items() if value}


def everything() -> list:
    models = (AppointmentRequest, Appointment, Event, ContactAttempt)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize(
    ("state", "verb", "then", "event"),
    [
        ("waiting", "claim", {"status": "claimed", "claimed_by": "scheduler"}, ("claimed", "", "")),
        ("claimed", "book", {"status": "booked", "appointment": VISIT}, ("booked", VISIT, NOTE)),
        (
            "booked",
            "reschedule",
            {"status": "booked", "appointment": MOVED},
            ("rescheduled", f"The clinic had to: {MOVED}", NOTE),
        ),
        (
            "booked",
            "cancel",
            {"status": "waiting", "next_call": "Fri May 1 2037, 2:00 PM"},
            ("cancelled", f"The patient asked for it: {VISIT}", NOTE),
        ),
        ("claimed", "close", CLOSED, ("closed", "Does not want a visit", NOTE)),
        ("claimed", "release", {"status": "waiting"}, ("released", "", NOTE)),
        ("claimed", "skip", {"status": "waiting"}, ("skipped", "I cannot call just now", NOTE)),
        ("waiting", "correct", {"status": "waiting"}, ("corrected", "phone, time zone", NOTE)),
        (
            "lapsed",
            "undo",
            {"status": "claimed", "claimed_by": "scheduler"},
            ("undone", "Contact Phone call: Reached", ""),
        ),
        ("booked", "undo", {"status": "claimed", "claimed_by": "scheduler"}, ("undone", f"Booked {VISIT}", "")),
        ("closed", "reopen", {"status": "waiting"}, ("reopened", "", NOTE)),
    ],
)
def test_each_verb_does_what_it_is_for_and_the_history_tells(in_state, scheduler, state, verb, then, event):
    request = in_state(state)

    response = do(scheduler, request, verb)

    last = request.events.last()
    assert what_is_known_of(request) == then
    assert (last.by, last.verb, last.details, last.note) == (scheduler, *event)
    leads_to = "/admin/" if verb in ("book", "close", "release", "skip") else f"{QUEUE}{request.pk}/change/"
    assert (response.status_code, response["Location"]) == (302, leads_to)
    told = " ".join(filter(None, ("scheduler", LIFECYCLE.events[last.verb], *event[1:])))
    assert told in words_of(sheet(scheduler, request))


@pytest.mark.either
@pytest.mark.parametrize(("state", "who"), POSSIBLE)
def test_what_is_possible_is_offered(in_state, people, state, who):
    request = in_state(state)

    offered = re.findall(r"/do/([\w-]+)/", sheet(people[who], request).text)

    of_managers = [verb for verb in OF_MANAGERS if (verb, state) != ("erase", "booked")]
    assert offered == [*POSSIBLE[state, who], *of_managers]


@pytest.mark.parametrize(
    ("state", "who", "verb"),
    [
        # Each verb from each status is sent to PostgreSQL once; who may do it is no matter of the database.
        pytest.param(state, who, verb, marks=() if (state, who) in ONE_OF_EACH_STATUS else pytest.mark.either)
        for state, who in POSSIBLE
        for verb in POSSIBLE[state, who]
    ],
)
def test_what_is_possible_is_done_in_the_own_name(in_state, people, state, who, verb):
    request = in_state(state)

    response = do(people[who], request, verb)

    assert (response.status_code, request.events.last().by) == (302, people[who])


@pytest.mark.either
@pytest.mark.parametrize(
    ("state", "who"),
    [
        # Each of these asks for ten long pages, so that two states stand for all until a change is merged.
        pytest.param(state, who, marks=() if state in ("claimed", "booked") else pytest.mark.generated)
        for state, who in ONE_OF_EACH_STATUS
    ],
)
def test_what_is_not_possible_is_refused_with_the_reason_and_what_was_typed(in_state, people, state, who):
    request = in_state(state)
    before = everything()
    reason = {
        "waiting": "Nobody holds this request: it waits in the queue.",
        "doubtful": "Nobody holds this request: it waits in the queue.",
        "claimed": "scheduler holds this request.",
        "lapsed": "scheduler holds this request.",
        "booked": f"A visit is booked: {request.appointment}.",
        "visit is over": f"A visit is booked: {request.appointment}.",
        "closed": "scheduler closed this request: Does not want a visit.",
        "withdrawn": "The patient closed this request: Withdrew the request.",
        "not reached": "Nobody holds this request: it waits in the queue.",
    }

    for verb in VERBS.difference(POSSIBLE[state, who]):
        page = do(
            people[who], request, verb, **({"starts_at": "2037-05-06T08:00"} if verb.startswith("book") else {})
        )

        assert (page.status_code, verb) == (409, verb)
        assert f'role="alert">{reason[state]}<' in page.text
        assert (NOTE in page.text) == (verb not in WITHOUT_A_NOTE)
        assert ('value="2037-05-06T08:00"' in page.text) == verb.startswith("book")
    assert everything() == before


@pytest.mark.either
@pytest.mark.parametrize("zone", ["US/Eastern", "Pacific/Guam", "Europe/Madrid"])
def test_where_the_patient_is_can_be_any_place_with_a_phone_and_stays_where_nobody_changes_it(
    in_state, scheduler, zone, every_time_zone
):
    request = in_state("waiting")
    AppointmentRequest.objects.update(time_zone=zone)
    request.refresh_from_db()

    shown = re.search('<select name="time_zone".*?</select>', sheet(scheduler, request).text, re.DOTALL)[0]
    do(scheduler, request, "correct")

    assert re.findall('<option value="([^"]*)" selected', shown) == [zone]
    assert {"America/New_York", "Pacific/Honolulu", "Europe/Madrid"} <= set(re.findall('value="([^"]*)"', shown))
    assert request.time_zone == zone


@pytest.mark.either
def test_another_number_is_called_by_the_clock_of_its_own_area(in_state, scheduler):
    request = in_state("waiting")

    do(scheduler, request, "correct", phone="(310) 555-0123")

    assert request.time_zone == "America/Los_Angeles"


def test_a_birthday_that_was_typed_wrong_is_corrected_and_opens_the_request(in_state, scheduler, client):
    request = in_state("waiting")
    refused = do(scheduler, request, "correct", date_of_birth=f"{timezone.localdate():%Y-%m-%d}")
    assert (refused.status_code, request.date_of_birth.year) == (422, 1948)

    do(scheduler, request, "correct", date_of_birth="1947-03-14")

    born = {"date_of_birth_month": "3", "date_of_birth_day": "14", "date_of_birth_year": "1947"}
    opened = client.post("/status/", {"reference": request.reference, **born})
    assert opened["Location"] == "/status/yours/"
    assert "1947" not in request.events.last().details
    perform(UNDO, request, by=scheduler)
    request.refresh_from_db()
    assert request.date_of_birth.year == 1948


def test_times_are_shown_of_several_days_and_one_that_was_shown_is_taken_as_long_as_it_is_free(in_state, scheduler):
    request = in_state("claimed")
    shown = free_keys()
    days = {key.split()[2][:10] for key in shown}
    assert (len(shown), len(days)) == (12, 3)
    earliest = next(key for key in all_free_keys() if key not in shown)

    do(scheduler, request, "book", time=earliest, starts_at="", clinician="", place="")

    assert request.status == "booked"


def test_nobody_is_booked_on_a_holiday_by_hand_either(in_state, scheduler):
    request = in_state("claimed")
    Holiday.objects.create(date="2037-05-04", name="A day off")

    page = do(scheduler, request, "book")

    assert (page.status_code, request.status) == (409, "claimed")
    assert "The clinic sees nobody then: May 4, 2037: A day off." in page.text


@pytest.mark.either
@pytest.mark.parametrize(("clock", "waits"), [("2026-01-14T10:00", False), ("2026-01-14T21:00", True)])
def test_the_sheet_says_so_when_it_is_not_the_time_to_call(a_request, scheduler, clock, waits):
    request = a_request(call_times=["any"])
    with time_machine.travel(at(clock)):
        perform(CLAIM, request, by=scheduler)
        page = sheet(scheduler, request)

    assert ("Not the time to call: it is 9:00 PM there. Call from Thu, Jan 15, 8:00 AM" in words_of(page)) == waits
    assert (re.search("<h1[^>]* autofocus", page.text) is not None) == waits
    assert (re.search('<a href="tel:[^>]* autofocus', page.text) is not None) != waits


@pytest.mark.either
def test_the_sheet_tells_the_time_where_the_patient_is_and_names_ours_where_it_differs(a_request, scheduler):
    request = a_request(call_times=["any"], phone="(310) 555-0123")
    with time_machine.travel(at("2026-01-14T10:00")):
        perform(CLAIM, request, by=scheduler)
        words = words_of(sheet(scheduler, request))

    assert "Not the time to call: it is 7:00 AM there. Call from Wed, Jan 14, 11:00 AM our time" in words
    assert "Any of these times; it is 7:00 AM there" in words
    assert "By our clock: it is 7:00 AM where the patient is now." in words


def test_a_promise_that_is_late_waits_for_a_decent_hour_on_the_sheet_and_in_the_queue(a_request, scheduler):
    request = a_request(call_times=["any"])
    AppointmentRequest.objects.update(doubts="", is_promised=True, next_call_at=at("2026-01-14T19:00"))
    request.refresh_from_db()
    with time_machine.travel(at("2026-01-15T02:00")):
        row = words_of(signed_in(scheduler).get(QUEUE))
        perform(CLAIM, request, by=scheduler)
        page = sheet(scheduler, request)

    assert "at Thu Jan 15, 8:00 AM promised" in row
    assert "Not the time to call: it is 2:00 AM there. Call from Thu, Jan 15, 8:00 AM" in words_of(page)
    assert re.search('<a href="tel:[^>]* autofocus', page.text) is None


@pytest.mark.either
@pytest.mark.parametrize("is_promised", [True, False])
@pytest.mark.parametrize("channel", ["letter", "email"])
def test_what_is_sent_in_between_leaves_the_next_call_as_it_was(in_state, scheduler, channel, is_promised):
    request = in_state("claimed")
    planned = at("2037-05-04T11:00")
    AppointmentRequest.objects.update(next_call_at=planned, is_promised=is_promised)

    do(scheduler, request, "log-call", outcome="sent", channel=channel, next_call_at="")

    assert (request.next_call_at, request.is_promised) == (planned, is_promised)
    assert (request.status, request.claimed_by) == ("claimed", scheduler)


def test_a_language_that_is_no_longer_another_one_is_named(in_state, scheduler):
    request = in_state("claimed")
    do(scheduler, request, "correct", language="other", other_language="Haitian Creole")
    assert "Haitian Creole" in words_of(sheet(scheduler, request))

    do(scheduler, request, "correct", language="es", other_language="Haitian Creole")

    assert "Haitian Creole" not in words_of(sheet(scheduler, request))


def test_after_a_talk_no_first_call_is_due(in_state, scheduler):
    request = in_state("claimed")
    AppointmentRequest.objects.update(due_at=at("2026-01-05T17:00"))

    handover = signed_in(scheduler).get("/admin/hand-over/")

    for page in (sheet(scheduler, request), handover):
        assert "first call" not in words_of(page).lower()
        assert f"eached {timezone.localtime(request.reached_at):%a, %b %-d}" in words_of(page)


def test_a_promised_call_back_is_written_down_shown_and_left_to_whoever_is_free_then(in_state, scheduler):
    request = in_state("claimed")

    do(scheduler, request, "log-call")

    attempt = request.contact_attempts.last()
    assert (attempt.by, attempt.channel, attempt.outcome, attempt.note) == (scheduler, "phone", "call_back", NOTE)
    assert attempt.next_call_at == request.next_call_at == at("2037-05-03T16:00")
    assert (request.status, request.is_promised) == ("waiting", True)
    words = words_of(sheet(scheduler, request))
    assert "Promised call again Sunday, May 3, 4:00 PM" in words
    assert (
        f"scheduler Contact Phone call: Reached, asked to be called later, call again Sun, May 3, 4:00 PM {NOTE}"
        in words
    )
    assert "at Sun May 3, 4:00 PM promised" in words_of(signed_in(scheduler).get(QUEUE))


def test_after_a_missed_call_the_next_is_planned_and_the_request_goes_back_to_the_queue(in_state, scheduler):
    request = in_state("claimed")

    done = do(scheduler, request, "log-call", outcome="no_answer", next_call_at="")

    assert done["Location"] == "/admin/"
    assert (request.status, request.attempts_made, request.is_promised) == ("waiting", 1, False)
    wait = request.next_call_at - timezone.now()
    assert datetime.timedelta(hours=settings.HOURS_BETWEEN_CALLS, minutes=-1) < wait < datetime.timedelta(days=8)


@pytest.mark.parametrize(
    ("outcome", "leads_to"),
    [("reached", "{sheet}#do-reschedule"), ("no_answer", "/admin/")],
    ids=["reached", "missed"],
)
def test_who_is_reached_about_a_booked_visit_can_be_moved_while_talking(in_state, scheduler, outcome, leads_to):
    request = in_state("booked")

    done = do(scheduler, request, "log-call", outcome=outcome, next_call_at="")

    assert done["Location"] == leads_to.format(sheet=f"{QUEUE}{request.pk}/change/")


@pytest.mark.either
def test_after_the_last_attempt_a_letter_is_due_instead_of_a_call(in_state, scheduler):
    request = in_state("claimed")

    for _ in range(settings.CALL_ATTEMPTS):
        do(scheduler, request, "log-call", outcome="no_answer", next_call_at="")
        do(scheduler, request, "claim")

    assert request.next_call_at is None
    assert "Waits for the scheduler to send a letter" in words_of(sheet(scheduler, request))
    sent = do(scheduler, request, "letter")
    letter = signed_in(scheduler).get(sent["Location"])
    assert "We could not reach you" in words_of(letter)
    assert f'href="{QUEUE}{request.pk}/change/"' in letter.text
    assert "Waits for the patient to call us, as we wrote until" in words_of(sheet(scheduler, request))
    assert not any(word in words_of(letter) for word in ("spine", "osteoporosis", "fracture", "cement"))


@pytest.mark.either
def test_nobody_is_promised_a_call_at_an_hour_that_is_night_where_they_are(in_state, scheduler, settings):
    settings.CALLS_FROM_HOUR, settings.CALLS_UNTIL_HOUR = 9, 18
    request = in_state("claimed")
    do(scheduler, request, "correct", time_zone="Pacific/Honolulu")

    page = do(scheduler, request, "log-call", next_call_at="2037-05-04T09:00")

    assert page.status_code == 409
    assert "That is 3:00 AM where the patient is. Choose a time from 9 AM to 6 PM there." in page.text
    assert NOTE in page.text


@pytest.mark.parametrize("verb", ["book", "reschedule"])
def test_of_a_free_time_and_another_one_neither_is_booked_until_it_is_said_which(
    in_state, scheduler, consulting_hours, verb
):
    request = in_state("claimed" if verb == "book" else "booked")
    before = request.appointment

    page = do(scheduler, request, verb, time=free_keys()[0], starts_at="2037-05-06T14:00")

    assert (page.status_code, request.appointment) == (422, before)
    assert "A free time and another one were given." in page.text
    assert 'value="2037-05-06T14:00"' in page.text
    assert not re.search(r'name="time"[^>]*checked', page.text)
    do(scheduler, request, verb, starts_at="2037-05-06T14:00")
    assert str(request.appointment).startswith("Wed May 6 2037, 2:00 PM")


def test_a_free_time_that_is_filled_in_as_another_one_too_is_booked(in_state, scheduler, consulting_hours):
    request = in_state("claimed")
    moment = free_keys()[0].split()[-1]
    same = timezone.localtime(datetime.datetime.fromisoformat(moment))

    do(scheduler, request, "book", time=free_keys()[0], starts_at=f"{same:%Y-%m-%dT%H:%M}")

    assert request.status == "booked"


def test_who_books_without_a_time_is_asked_for_one_and_not_for_each_part_of_another(
    in_state, scheduler, consulting_hours
):
    request = in_state("claimed")

    page = do(scheduler, request, "book", starts_at="", clinician="", place="")

    assert page.status_code == 422
    assert "Choose a free time, or fill in another one below." in page.text
    assert EMPTY not in page.text


def test_a_free_time_is_booked_by_choosing_it(in_state, scheduler, consulting_hours):
    request = in_state("claimed")
    first = free_keys()[0]

    do(scheduler, request, "book", time=first, starts_at="", clinician="", place="")

    assert f"{request.appointment.starts_at:%Y-%m-%dT%H:%M}Z" == first.split()[-1]
    assert first not in free_keys()


def test_what_a_colleague_did_meanwhile_is_shown_and_nothing_is_overwritten(in_state, scheduler, colleague):
    request = in_state("claimed")
    stale = request.version
    do(colleague, request, "correct", phone="(808) 555-0123")
    before = everything()

    page = do(scheduler, request, "log-call", outcome="no_answer", version=stale)

    assert (page.status_code, everything()) == (409, before)
    assert "New since you opened this page colleague: Corrected phone" in words_of(page)
    assert NOTE in page.text
    assert (
        do(
            scheduler,
            request,
            "log-call",
            outcome="no_answer",
            version=re.search('name="version" value="([0-9]+)"', page.text)[1],
        ).status_code
        == 302
    )


@pytest.mark.either
@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 40])
def test_a_form_that_does_not_say_what_it_was_made_from_changes_nothing(in_state, scheduler, version):
    request = in_state("claimed")
    before = everything()

    assert do(scheduler, request, "release", version=version).status_code == 409
    assert everything() == before


@pytest.mark.parametrize("verb", ["cancel", "reschedule"])
def test_a_time_that_is_given_up_is_free_and_one_that_is_taken_is_not(in_state, scheduler, verb):
    request, another = in_state("booked"), in_state("claimed")

    refused = do(scheduler, another, "book")
    do(scheduler, request, verb)
    booked = do(scheduler, another, "book")

    assert (refused.status_code, booked.status_code) == (409, 302)
    assert 'role="alert">Dr. Example already has a visit at that time.<' in refused.text
    assert str(another.appointment) == VISIT
    assert Appointment.objects.filter(request=None, cancelled_at=None).count() == 0


def test_after_the_visit_it_is_closed_with_how_it_went_and_reopened_without_it(in_state, colleague):
    request = in_state("visit is over")
    asked, visit = request.created_at, str(request.appointment)

    do(colleague, request, "close", reason="attended")

    closed = {"status": "closed", "closed_by": "colleague", "close_reason": "attended"}
    assert what_is_known_of(request) == {**closed, "appointment": visit}
    assert request.events.last().details == "Came to the visit"

    do(colleague, request, "reopen")

    assert what_is_known_of(request) == {"status": "waiting"}
    assert request.created_at == asked
    # It took place, and is not called off now.
    assert Appointment.objects.get().cancelled_at is None


@pytest.mark.either
def test_reasons_that_need_a_visit_are_offered_after_a_visit_only(in_state, scheduler):
    pages = [sheet(scheduler, in_state(state)).text for state in ("claimed", "visit is over")]

    skip = ["language", "known", "busy", "other"]
    before = ["declined", "unreachable", "advised_against", "seen_elsewhere", "withdrawn", "duplicate", "not_real"]
    before = skip + before
    moved = ["patient", "clinic", "mistake"]
    after = [*moved, *moved, "patient", "late", "clinic", "attended"]
    assert [re.findall(r'name="reason" value="(\w+)"', page) for page in pages] == [before, after]


@pytest.mark.either
@pytest.mark.parametrize(
    ("verb", "field", "typed", "said"),
    [
        ("log-call", "outcome", "", EMPTY),
        ("log-call", "outcome", "sung", UNKNOWN),
        ("log-call", "channel", "pigeon", UNKNOWN),
        ("log-call", "next_call_at", "2020-01-01T09:00", PAST),
        ("log-call", "next_call_at", "2027-03-14T02:30", CLOCKS),
        ("log-call", "next_call_at", "9999-12-31T23:59", FAR),
        ("log-call", "next_call_at", "9999-12-30T09:00", FAR),
        ("log-call", "note", "x" * 501, "at most 500 characters (it has 501)"),
        ("book", "starts_at", "", EMPTY),
        ("book", "starts_at", "soon", "Enter a valid date/time."),
        ("book", "starts_at", "2020-01-01T09:00", PAST),
        ("book", "starts_at", "2027-03-14T02:30", CLOCKS),
        ("book", "starts_at", "2027-11-07T01:30", CLOCKS),
        ("book", "starts_at", "9999-12-31T23:59", FAR),
        ("book", "starts_at", "9999-12-31T10:00", FAR),
        ("book", "starts_at", "0001-01-01T10:00", FAR),
        ("records", "records_dated", "0001-01-01", FAR),
        ("book", "clinician", "", EMPTY),
        ("book", "clinician", "0", UNKNOWN),
        ("book", "place", "x", UNKNOWN),
        ("reschedule", "starts_at", "2020-01-01T09:00", PAST),
        ("cancel", "reason", "", EMPTY),
        ("cancel", "reason", "weather", UNKNOWN),
        ("close", "reason", "", EMPTY),
        ("close", "reason", "bored", UNKNOWN),
        ("close", "reason", "attended", UNKNOWN),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(in_state, scheduler, verb, field, typed, said):
    request = in_state("booked" if verb in ("reschedule", "cancel") else "claimed")
    before = everything()

    page = do(scheduler, request, verb, **{"note": NOTE, field: typed})

    assert page.status_code == 422
    assert said in page.text
    assert (typed if field in ("starts_at", "next_call_at", "records_dated", "note") else NOTE) in page.text
    assert everything() == before


@pytest.mark.either
def test_those_who_left_are_not_booked(in_state, scheduler):
    request = in_state("claimed")
    left = Clinician.objects.create(name="Dr. Sample", is_active=False)

    page = do(scheduler, request, "book", clinician=left.pk)

    assert page.status_code == 422
    assert "Dr. Sample" not in page.text


@pytest.mark.either
def test_a_visit_in_the_past_is_refused_by_the_verb_itself(in_state, scheduler, clinician, place):
    request = in_state("claimed")

    with pytest.raises(Refused, match="in the past"):
        perform(BOOK, request, by=scheduler, starts_at=timezone.now(), place=place, clinician=clinician)


@pytest.mark.either
def test_only_known_verbs_are_done_and_only_by_pressing_their_button_on_our_page(in_state, scheduler):
    request = in_state("waiting")
    claim = f"{QUEUE}{request.pk}/do/claim/"

    assert do(scheduler, request, "sing").status_code == 404
    assert signed_in(scheduler).post(f"{QUEUE}{request.pk + 1}/do/claim/").status_code == 404
    assert signed_in(scheduler).get(claim)["Location"] == f"{QUEUE}{request.pk}/change/"
    assert signed_in(scheduler, enforce_csrf_checks=True).post(claim).status_code == 403
    assert not request.events.exists()

"""Whom to call next: the most urgent of those who may be called now, each to one person, with the true reasons."""

import datetime
import functools
import os
import re

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from appointments.calendar.opening_hours import BusinessHours
from appointments.lifecycle.definition import (
    ASK_NURSE,
    ASSIGN,
    BOOK,
    CANCEL,
    CLAIM,
    CLOSE,
    LOG_CALL,
    RELEASE,
    SKIP,
)
from appointments.lifecycle.guards import FREE
from appointments.lifecycle.transition import Refused, perform
from appointments.lifecycle.waits import CALL, with_waits
from appointments.models import Appointment, AppointmentRequest, Caller, Event, OpeningHours
from appointments.worklist import next_call, ranking
from appointments.worklist.ranking import Candidate, Moment
from tests.copies import many_like
from tests.minutes import luck
from tests.staff import signed_in
from tests.walk import words_of

pytestmark = pytest.mark.both

QUEUES = 10_000
MINUTE, HOUR, DAY = datetime.timedelta(minutes=1), datetime.timedelta(hours=1), datetime.timedelta(days=1)
NOW = datetime.datetime(2027, 1, 13, 18, 30, 15, tzinfo=datetime.UTC)
ANYBODY = {
    "pk": 1,
    "priority": "P2",
    "due_at": NOW + DAY,
    "is_recent_pain": False,
    "created_at": NOW - HOUR,
    "next_call_at": None,
    "call_by": None,
    "is_promised": False,
    "attempts_made": 0,
    "reached_at": None,
    "language": "en",
    "needs_interpreter": False,
    "time_zone": "America/New_York",
    "call_times": ["any"],
    "version": 0,
}


def somebody(**changes) -> Candidate:
    facts = ANYBODY | changes
    return Candidate(**{name: facts[name] for name in Candidate._fields})


@pytest.fixture(autouse=True)
def one_procedure_alone(monkeypatch):
    """Whose first priority is the first of all."""
    monkeypatch.setattr(ranking, "URGENCY", {"P1": 1, "P2": 2, "P3": 3})


def moment(now=NOW, *, speaks_spanish=False, some_speak_spanish=True) -> Moment:
    mine, anybodys = (frozenset({"es"} if one else ()) for one in (speaks_spanish, some_speak_spanish))
    return Moment(now, BusinessHours(timezone.get_default_timezone(), {}), mine, anybodys - mine)


# The order, and the words for it.


def any_candidate(chance, pk: int) -> Candidate:
    """Few different values, so that many are equal in one thing and differ in the next."""
    kind = chance.choice(["first call", "first call", "called again", "promised", "given back after a talk"])
    seconds_due = chance.choice([5, 20, 70, 100, 4_000, 90_000])
    seconds_old = chance.choice([30, 90, 3_000, 9_000, 90_000, 900_000, 3_000_000])
    has_next_call = kind in ("called again", "promised")
    return somebody(
        pk=pk,
        priority=chance.choice(["P1", "P2", "P3"]),
        due_at=NOW.replace(second=0) + chance.choice([-3 * DAY, -DAY, -MINUTE, MINUTE, DAY]),
        is_recent_pain=chance.random() < 0.5,
        created_at=NOW - datetime.timedelta(seconds=seconds_old),
        next_call_at=NOW - datetime.timedelta(seconds=seconds_due) if has_next_call else None,
        is_promised=kind == "promised",
        attempts_made=chance.randint(1, 3) if kind == "called again" else 0,
        reached_at=NOW - DAY if kind in ("promised", "given back after a talk") else None,
    )


def order_by_the_words(reasons: list[str]) -> tuple:
    """What somebody would sort by who knows nothing of a request but the reasons that are shown."""
    words = "; ".join(reasons)
    level = int(re.search(r"\bP(\d)", words)[1]) - ("one level up" in words)
    at = re.search(r"(?:promised a call at|due by|due since) (\w+ \w+ \d+, \d+:\d\d [AP]M)", words)[1]
    number, unit = re.search(r"asked (\d+)\s(minute|hour|day|week|month)s? ago", words).groups()
    age = (["minute", "hour", "day", "week", "month"].index(unit), int(number))
    return ("promised" not in words, level, moment_in_words(at), "newer pain" not in words, *(-part for part in age))


@functools.cache
def moment_in_words(words: str) -> datetime.datetime:
    """Without its year it is the nearest one."""
    nearby = (datetime.datetime.strptime(f"{year} {words}", "%Y %a %b %d, %I:%M %p") for year in (2026, 2027))
    return min(nearby, key=lambda at: abs(at - NOW.replace(tzinfo=None)))


@pytest.mark.either
@pytest.mark.generated
def test_sorting_a_queue_by_the_reasons_that_are_shown_gives_its_order():
    chance, now = luck("reasons"), moment()
    for _ in range(QUEUES):
        candidates = [any_candidate(chance, pk) for pk in range(chance.randint(2, 6))]

        reasons = [now.reasons(candidate) for candidate in sorted(candidates, key=now.order)]

        shown = [order_by_the_words(words) for words in reasons]
        assert shown == sorted(shown), reasons


@pytest.mark.either
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"is_promised": True, "next_call_at": NOW, "priority": "P3"}, {"priority": "P1", "is_recent_pain": True}),
        ({"is_promised": True, "next_call_at": NOW - HOUR}, {"is_promised": True, "next_call_at": NOW}),
        ({"priority": "P1"}, {"priority": "P2", "is_recent_pain": True}),
        ({"priority": "P2"}, {"priority": "P3", "created_at": NOW - DAY}),
        # Whoever has waited too long for the first call is as urgent as the next level, and longer due than that.
        ({"priority": "P3", "due_at": NOW - MINUTE}, {"priority": "P2"}),
        ({"priority": "P2", "due_at": NOW - 2 * DAY}, {"priority": "P1", "due_at": NOW - DAY}),
        ({"priority": "P1"}, {"priority": "P3", "due_at": NOW - 9 * DAY}),
        ({"due_at": NOW + HOUR}, {"due_at": NOW + DAY, "is_recent_pain": True}),
        ({"attempts_made": 1, "next_call_at": NOW - HOUR}, {"is_recent_pain": True}),
        ({"is_recent_pain": True}, {"created_at": NOW - DAY}),
        ({"created_at": NOW - DAY}, {"created_at": NOW - HOUR}),
        # Seconds are not shown, so they do not count.
        (
            {"next_call_at": NOW.replace(second=50), "attempts_made": 1, "is_recent_pain": True},
            {"next_call_at": NOW.replace(second=10), "attempts_made": 1},
        ),
    ],
)
def test_the_first_of_two_is_called_first(first, second):
    one, other = somebody(pk=2, **first), somebody(pk=1, **second)

    assert moment().order(one) < moment().order(other)


@pytest.mark.either
@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, ["P2", "first call is due by Thu Jan 14, 1:30 PM", "asked 1 hour ago"]),
        (
            {"due_at": NOW - HOUR, "is_recent_pain": True},
            [
                "P2, one level up because the first call is overdue",
                "first call was due by Wed Jan 13, 12:30 PM",
                "newer pain",
                "asked 1 hour ago",
            ],
        ),
        ({"priority": "P1", "due_at": NOW}, ["P1", "first call was due by Wed Jan 13, 1:30 PM", "asked 1 hour ago"]),
        (
            {"attempts_made": 2, "next_call_at": NOW - MINUTE},
            ["P2", "call number 3 is due since Wed Jan 13, 1:29 PM", "asked 1 hour ago"],
        ),
        (
            {"is_promised": True, "next_call_at": NOW, "reached_at": NOW - DAY},
            ["was promised a call at Wed Jan 13, 1:30 PM", "P2", "asked 1 hour ago"],
        ),
    ],
)
def test_the_reasons_say_what_counts_in_the_sequence_in_which_it_counts(changes, shown):
    reasons = [reason.replace("\xa0", " ") for reason in moment().reasons(somebody(**changes))]

    assert reasons[:-1] == shown
    assert reasons[-1] == "it is 1:30 PM there; chose: Any of these times"


@pytest.mark.either
@pytest.mark.parametrize("changes", [{"reached_at": NOW - DAY}, {"attempts_made": 4}])
def test_nobody_who_was_called_before_is_said_to_wait_for_the_first_call(changes):
    """Given back after a talk, or called as often as planned: there is no next call, and there was a first one."""
    candidate = somebody(due_at=NOW - DAY, **changes)

    assert "first call" not in "; ".join(moment().reasons(candidate))
    assert moment().level(candidate) == 2


@pytest.mark.either
@pytest.mark.parametrize(
    ("i_speak", "reason"), [(True, "speaks Spanish, as you do"), (False, "speaks Spanish: get an interpreter")]
)
def test_it_is_said_when_the_language_matters(i_speak, reason):
    now, spanish = moment(speaks_spanish=i_speak), {"language": "es", "time_zone": "America/Denver"}

    assert now.reasons(somebody(**spanish))[-2:] == ["it is 11:30 AM there; chose: Any of these times", reason]
    assert "Spanish" not in "; ".join(now.reasons(somebody(needs_interpreter=True, **spanish)))


# Who is offered at all.


def zone_where_it_is(hour: int) -> str:
    east = (hour - timezone.now().hour + 11) % 24 - 11
    return f"Etc/GMT{-east:+d}"


@pytest.fixture
def always_open(db):
    OpeningHours.objects.all().delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(weekday=weekday, opens=datetime.time(), closes=datetime.time.max) for weekday in range(7)
    )


@pytest.fixture
def waiting(a_request, always_open):
    """Somebody who can be called at this minute."""
    sent = a_request(call_times=["any"])
    AppointmentRequest.objects.update(doubts="", time_zone=zone_where_it_is(13))
    sent.refresh_from_db()
    return sent


def test_somebody_who_can_be_called_is_offered_once_and_held_by_who_asked(waiting, scheduler, colleague):
    taken, reasons = next_call.take(scheduler)

    assert (taken, taken.claimed_by, taken.status) == (waiting, scheduler, "claimed")
    assert reasons[0] == "P2"
    assert ranking.reasons(taken, scheduler) == reasons
    assert [(event.verb, event.by) for event in taken.events.all()] == [("claimed", scheduler)]
    assert next_call.take(colleague) is None


NOBODY_IS_OFFERED_WHO = {
    "is to be called later": lambda: {"next_call_at": timezone.now() + MINUTE, "attempts_made": 1},
    "was promised a call later": lambda: {"next_call_at": timezone.now() + MINUTE, "is_promised": True},
    "is asleep": lambda: {"time_zone": zone_where_it_is(4)},
    "is asleep though a call was promised": lambda: {
        "time_zone": zone_where_it_is(4),
        "next_call_at": timezone.now(),
        "is_promised": True,
    },
    "chose another time of the day": lambda: {"call_times": ["morning", "evening"]},
    "waits for the answer of the nurse": lambda: {"nurse_check": "asked"},
    "is to be called by the nurse first": lambda: {"nurse_check": "call_first"},
    "is perhaps not a person": lambda: {"doubts": "filled in too fast"},
    "speaks Spanish as a colleague does": lambda: {"language": "es"},
}


@pytest.mark.parametrize("why", NOBODY_IS_OFFERED_WHO)
def test_nobody_is_offered_who(waiting, scheduler, colleague, why):
    Caller.objects.create(user=colleague, languages=["es"])
    changes = NOBODY_IS_OFFERED_WHO[why]()
    AppointmentRequest.objects.update(**changes)

    assert next_call.take(scheduler) is None
    assert not Event.objects.exists()

    AppointmentRequest.objects.update(**{name: getattr(waiting, name) for name in changes})
    assert next_call.take(scheduler)[0] == waiting


def test_nobody_is_offered_while_the_clinic_is_closed_but_those_to_whom_it_was_promised(waiting, scheduler):
    OpeningHours.objects.all().delete()
    cache.clear()
    assert next_call.take(scheduler) is None

    AppointmentRequest.objects.update(next_call_at=timezone.now(), is_promised=True)
    assert next_call.take(scheduler)[0] == waiting


def test_those_who_speak_spanish_are_left_to_who_does_unless_it_is_late_or_there_is_nobody(
    waiting, scheduler, colleague
):
    AppointmentRequest.objects.update(language="es")
    spanish = Caller.objects.create(user=colleague, languages=["es"])

    def is_offered_to(user):
        _moment, candidates = ranking.callable_now(user)
        return next(candidates, None) is not None

    assert (is_offered_to(scheduler), is_offered_to(colleague)) == (False, True)
    AppointmentRequest.objects.update(needs_interpreter=True)
    assert is_offered_to(scheduler)
    AppointmentRequest.objects.update(needs_interpreter=False, due_at=timezone.now())
    assert is_offered_to(scheduler)
    AppointmentRequest.objects.update(due_at=timezone.now() + DAY)
    type(colleague).objects.filter(pk=colleague.pk).update(is_active=False)
    assert is_offered_to(scheduler)
    type(colleague).objects.filter(pk=colleague.pk).update(is_active=True)
    spanish.delete()
    assert is_offered_to(scheduler)


def test_nobody_is_offered_who_is_held_booked_or_closed(waiting, scheduler, colleague, clinician, place, next_week):
    held, booked, closed = many_like(waiting, 3)
    for request in (waiting, held, booked, closed):
        perform(CLAIM, request, by=colleague)
    perform(BOOK, booked, by=colleague, starts_at=next_week, clinician=clinician, place=place)
    perform(CLOSE, closed, by=colleague, reason="declined")
    assert next_call.take(scheduler) is None

    perform(RELEASE, waiting, by=colleague)
    assert next_call.take(scheduler)[0] == waiting


def test_what_somebody_skipped_is_offered_to_others_and_after_a_while_to_them_again(
    waiting, scheduler, colleague, settings
):
    taken, _reasons = next_call.take(scheduler)
    perform(SKIP, taken, by=scheduler, reason="busy")

    assert next_call.take(scheduler) is None
    perform(RELEASE, next_call.take(colleague)[0], by=colleague)
    assert next_call.take(scheduler) is None

    Event.objects.update(at=timezone.now() - settings.SKIP_MINUTES * MINUTE)
    assert next_call.take(scheduler)[0] == waiting


def test_home_and_the_queue_say_of_nobody_whom_the_button_would_not_give(waiting, scheduler):
    browser = signed_in(scheduler)
    assert "1 can be called now." in words_of(browser.get("/admin/"))
    taken, _reasons = next_call.take(scheduler)
    perform(SKIP, taken, by=scheduler, reason="busy")

    assert "There is nobody to call just now." in words_of(browser.get("/admin/"))
    assert waiting.name not in browser.get("/admin/appointments/appointmentrequest/?queue=callable").text


def test_what_is_late_is_counted_where_it_is_shown(waiting, scheduler):
    browser = signed_in(scheduler)
    assert "Calls scheduler 1 0" in words_of(browser.get("/admin/"))

    AppointmentRequest.objects.update(due_at=timezone.now() - MINUTE)

    assert "Calls scheduler 1 1" in words_of(browser.get("/admin/"))
    assert waiting.name in browser.get("/admin/appointments/appointmentrequest/?queue=late").text


def test_when_all_calls_are_made_nobody_is_given_it_to_call(waiting, scheduler, settings):
    settings.CALL_ATTEMPTS = 2
    AppointmentRequest.objects.update(attempts_made=2)

    assert next_call.take(scheduler) is None
    assert "Letters to send scheduler 1" in words_of(signed_in(scheduler).get("/admin/"))


def test_a_claim_that_lapsed_is_offered_at_once_and_who_let_it_lie_can_save_nothing_more(
    waiting, scheduler, colleague, settings
):
    first, _reasons = next_call.take(scheduler)
    almost, just = ((timezone.now() - settings.CLAIM_MINUTES * MINUTE + s * MINUTE / 30) for s in (1, 0))

    AppointmentRequest.objects.update(claimed_at=almost)
    assert next_call.take(colleague) is None
    AppointmentRequest.objects.update(claimed_at=just)
    second, _reasons = next_call.take(colleague)
    assert (second, second.claimed_by) == (waiting, colleague)

    with pytest.raises(Refused, match="colleague holds this request"):
        perform(LOG_CALL, first, by=scheduler, channel="phone", outcome="reached", note="Wants a Tuesday.")
    second.refresh_from_db()
    assert (second.claimed_by, second.reached_at, second.contact_attempts.count()) == (colleague, None, 0)


def test_who_let_a_claim_lie_that_nobody_took_can_still_save(waiting, scheduler, settings):
    taken, _reasons = next_call.take(scheduler)
    AppointmentRequest.objects.update(claimed_at=timezone.now() - 2 * settings.CLAIM_MINUTES * MINUTE)

    perform(LOG_CALL, taken, by=scheduler, channel="phone", outcome="reached")

    assert taken.claimed_by == scheduler
    assert taken.claimed_at > timezone.now() - MINUTE


def test_everybody_gets_another_one_in_the_order_of_the_list_until_there_is_nobody_left(
    waiting, scheduler, colleague
):
    chance = luck("take")
    for request in [waiting, *many_like(waiting, 11)]:
        AppointmentRequest.objects.filter(pk=request.pk).update(
            priority=chance.choice(["P1", "P2", "P3"]),
            is_recent_pain=chance.random() < 0.5,
            due_at=timezone.now() + chance.choice([-DAY, HOUR, DAY]),
            created_at=timezone.now() - chance.randint(1, 9) * DAY,
        )
    _moment, in_order = ranking.callable_now(scheduler)
    candidates = list(in_order)

    taken = [next_call.take(user)[0].pk for user in [scheduler, colleague] * 6]

    assert taken == [candidate.pk for candidate in candidates]
    assert len(set(taken)) == 12
    assert next_call.take(scheduler) is next_call.take(colleague) is None
    assert not AppointmentRequest.objects.filter(status="waiting").exists()


def test_who_asks_for_another_without_having_called_is_led_back_to_the_one_they_hold(waiting, scheduler, colleague):
    many_like(waiting, 3)
    page = signed_in(scheduler)

    first = page.post("/admin/next-call/")
    again = page.post("/admin/next-call/", follow=True)

    assert again.redirect_chain == [(first["Location"], 302)]
    assert "You hold this one already. Call, skip it or give it back, and then take the next." in words_of(again)
    assert AppointmentRequest.objects.filter(claimed_by=scheduler).count() == 1
    # Who was reached may wait for a visit to be booked, and whom the nurse has to answer about waits for her.
    held = AppointmentRequest.objects.get(claimed_by=scheduler)
    perform(LOG_CALL, held, by=scheduler, channel="phone", outcome="reached")
    second = page.post("/admin/next-call/")
    assert second["Location"] != first["Location"]
    perform(ASK_NURSE, AppointmentRequest.objects.filter(claimed_by=scheduler).latest("claimed_at"), by=scheduler)
    third = page.post("/admin/next-call/")
    assert third["Location"] not in (first["Location"], second["Location"])
    # What was handed out to them is no reason to take no other.
    [last] = AppointmentRequest.objects.filter(status="waiting")
    perform(ASSIGN, last, by=scheduler, to=colleague)
    assert next_call.not_called_yet(colleague) is None


NOBODY_CLOSED_IT = {"closed_at": None, "closed_by": None, "close_reason": ""}


def store_any_queue(chance, requests, scheduler, colleague, now) -> None:
    """Requests in all states, of few different moments: many are equal in one thing and differ in the next."""
    moments = [now + sign * by for sign in (-1, 1) for by in (DAY, 2 * HOUR, MINUTE, MINUTE / 2, MINUTE / 3)]
    long_ago = now - settings.CLAIM_MINUTES * MINUTE

    def somebody_waiting():
        holder = chance.choice([None] * 5 + [scheduler, colleague])
        facts = {
            "priority": chance.choice(["P1", "P2", "P2", "P3", "X9"]),
            "is_recent_pain": chance.random() < 0.5,
            "created_at": chance.choice(moments[:5]) - 9 * DAY,
            "due_at": chance.choice(moments),
            "next_call_at": chance.choice([None] * 9 + moments),
            "call_by": chance.choice([None] * 30 + moments),
            "is_promised": chance.random() < 0.1,
            "attempts_made": chance.choice([0, 0, 0, 1, 2, 9]),
            "reached_at": chance.choice([None, None, None, now - DAY]),
            "awaited": chance.choice([""] * 20 + ["choice", "email", "letter"]),
            "nurse_check": chance.choice([""] * 9 + ["needed", "asked", "call_first", "fine"]),
            "doubts": "many requests" if chance.random() < 0.05 else "",
            "phone_is_wrong": chance.random() < 0.05,
            "language": chance.choice(["en", "en", "en", "es"]),
            "needs_interpreter": chance.random() < 0.2,
            "time_zone": chance.choice(["America/New_York", "America/Chicago", "Pacific/Honolulu"]),
            "call_times": chance.choice([["any"], ["morning"], ["afternoon"], ["evening", "morning"], []]),
            "claimed_by": holder,
            "claimed_at": holder and chance.choice([now, long_ago, long_ago + MINUTE]),
            "assigned_until": chance.choice([None, *moments]) if holder else None,
        }
        if chance.random() < 0.1:
            facts |= {"claimed_by": None, "claimed_at": None, "assigned_until": None}
            facts |= {"closed_at": now, "closed_by": colleague, "close_reason": "declined"}
        return facts

    queue = requests[: chance.choice([3, 20, 120])]
    for request in queue:
        request.pk = None
        for name, value in (NOBODY_CLOSED_IT | somebody_waiting()).items():
            setattr(request, name, value)
    AppointmentRequest.objects.bulk_create(queue)
    for skipped in chance.sample(queue, 2):
        skip = {"verb": SKIP.event, "version": 1, "before": {}, "is_undone": chance.random() < 0.2}
        by, minutes = chance.choice([scheduler, colleague]), chance.choice([1, 1000])
        Event.objects.create(request=skipped, by=by, at=now - minutes * MINUTE, **skip)


def in_plain_order(user) -> list[Candidate]:
    """All that is open is read, who may not be called is left out, and what is left is sorted by the order's keys."""
    moment = Moment.of(user)
    since = moment.now - settings.SKIP_MINUTES * MINUTE
    skipped = Event.objects.standing().filter(by=user, verb=SKIP.event, at__gt=since).values("request")
    mine_to_take = FREE.q(user, moment.now) | Q(claimed_by=user, assigned_until__gt=moment.now)
    rows = with_waits(AppointmentRequest.objects.open().filter(mine_to_take), moment.now).filter(wait=CALL.key)
    rows = rows.exclude(pk__in=skipped).values_list(*Candidate._fields)
    return sorted(filter(moment.is_callable, map(Candidate._make, rows)), key=moment.order)


def test_what_is_read_from_runs_is_the_plain_order_of_all_that_is_open(a_request, scheduler, colleague, monkeypatch):
    """RANDOM_QUEUES=10000 tries so many."""
    monkeypatch.setattr(ranking, "FIRST_PIECE", 2)
    chance, requests = luck("runs"), many_like(a_request(), 120)
    AppointmentRequest.objects.all().delete()
    for number in range(int(os.environ.get("RANDOM_QUEUES", "16"))):
        # A Monday or a Sunday.
        day = datetime.datetime(2037, 3, chance.choice([2, 2, 8]), tzinfo=datetime.UTC)
        now = day + chance.choice([12, 14, 17, 20, 23]) * HOUR + chance.choice([0, 20]) * MINUTE / 60
        with time_machine.travel(now, tick=False), transaction.atomic():
            store_any_queue(chance, requests, scheduler, colleague, now)
            speaks = chance.choice([[], [scheduler], [colleague], [scheduler, colleague]])
            Caller.objects.bulk_create(Caller(user=one, languages=["es"]) for one in speaks)
            user = chance.choice([scheduler, colleague])
            plain = in_plain_order(user)

            moment, in_order = ranking.callable_now(user)

            assert list(in_order) == plain, number
            assert ranking.count_callable_now(user, moment) == len(plain), number
            found = ranking.only_callable_now(AppointmentRequest.objects.all(), user)
            assert set(found.values_list("pk", flat=True)) == {one.pk for one in plain}, number
            first, taken = next(iter(plain), None), next_call.take(user)
            assert (taken and (taken[0].pk, taken[1])) == (first and (first.pk, moment.reasons(first))), number
            transaction.set_rollback(True)


def test_the_next_call_is_read_from_an_index_that_has_the_order_already(waiting, scheduler):
    many_like(waiting, 5)
    read = []

    def is_kept(execute, sql, parameters, *rest):
        read.append((sql, parameters))
        return execute(sql, parameters, *rest)

    with connection.execute_wrapper(is_kept):
        assert list(ranking.callable_now(scheduler)[1])

    runs = [(sql, parameters) for sql, parameters in read if "AND first_call = " in sql]
    assert runs
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Of so few it would read all.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        for sql, parameters in runs:
            cursor.execute(f"EXPLAIN {'QUERY PLAN' if connection.vendor == 'sqlite' else ''} {sql}", parameters)
            plan = str(cursor.fetchall())
            assert "waiting_in_order" in plan
            assert not re.search("TEMP B-TREE|Sort", plan), plan


def test_somebody_whom_a_colleague_called_a_moment_ago_is_not_offered_by_an_old_list(
    waiting, scheduler, colleague, monkeypatch
):
    """Between the look at the list and the claim a colleague has taken, called and given back the first of it."""
    (other,) = many_like(waiting, 1, priority="P3")
    look = next_call.callable_now

    def look_and_be_slow(*args):
        seen_at, candidates = look(*args)
        seen = seen_at, iter(list(candidates))
        monkeypatch.setattr(next_call, "callable_now", look)
        perform(CLAIM, waiting, by=colleague)
        perform(LOG_CALL, waiting, by=colleague, channel="phone", outcome="no_answer")
        return seen

    monkeypatch.setattr(next_call, "callable_now", look_and_be_slow)

    assert next_call.take(scheduler)[0] == other


def test_a_booked_visit_that_is_cancelled_brings_its_patient_back(
    waiting, scheduler, colleague, clinician, place, next_week
):
    taken, _reasons = next_call.take(scheduler)
    perform(BOOK, taken, by=scheduler, starts_at=next_week, clinician=clinician, place=place)
    perform(CANCEL, taken, by=scheduler, reason="clinic")

    assert next_call.take(colleague)[0] == waiting
    assert Appointment.objects.filter(cancelled_at=None).count() == 0

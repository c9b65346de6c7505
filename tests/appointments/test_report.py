"""Each number of the manager's report is what somebody would count who goes through the records one by one."""

import datetime
import random
import re
import uuid
from functools import cache
from html import unescape
from itertools import pairwise

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from appointments.lifecycle.close_reasons import LABELS
from appointments.lifecycle.definition import BOOK, CANCEL, CLAIM, CLOSE, DID_NOT_COME, LOG_CALL, REOPEN, UNDO
from appointments.lifecycle.effects import booking
from appointments.lifecycle.transition import perform
from appointments.models import Appointment, AppointmentRequest, ContactAttempt, DailyCount, Event
from appointments.reporting.kaplan_meier import shortest_within
from appointments.worklist.ranking import URGENCY
from screening.pathways import PATHWAYS
from screening.pathways.vertebral_cement import PATHWAY
from tests.reading import ANAS_PHONE, words_found
from tests.staff import member_of
from tests.statements import statements_without_audit
from tests.walk import words_of

pytestmark = pytest.mark.both

REPORT = "/admin/report/"
LANGUAGES = {"en": "English", "es": "Español", "other": "Another language"}
BECAME = ["Still open", "Booked", *LABELS.values()]
STEPS = ["Asked for a visit", "Were reached", "Had a visit booked", "Came to it"]
SOURCES = {"web": "Web", "phone": "Phone", "walk_in": "Walk-in", "referral": "Referral", "poster": "Poster"}
SOURCES |= {"program": "Another program"}
ASKED_BY = {False: "The patient", True: "Somebody else for the patient"}

NEW_YORK = timezone.get_default_timezone()
MINUTES = datetime.timedelta(minutes=1)


@pytest.fixture
def manager(db):
    return staff_who_may("manage_queue")


def staff_who_may(*codenames) -> Client:
    user = get_user_model().objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def tables_on(page) -> dict[str, list[list[str]]]:
    """The rows of each table below its head, by its caption."""
    tables = re.findall(r"<caption>(.*?)</caption>(.*?)</table>", page.text, re.DOTALL)
    return {
        unescape(caption): [
            [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
            for row in re.findall("<tr>(.*?)</tr>", table, re.DOTALL)[1:]
        ]
        for caption, table in tables
    }


def chance_from(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # the same records in each run


def store_at_random(chance: random.Random, like: AppointmentRequest, user, clinician, place, *, count: int) -> None:
    """Copies of a request with random histories of a little more than a year, many from about a Monday's midnight."""
    now = timezone.now()
    names = {field.name for field in like._meta.concrete_fields if not field.generated}
    same = {name: getattr(like, name) for name in names - {"id", "journey", "reference"}}
    midnight = datetime.datetime.combine(timezone.localdate(), datetime.time(), NEW_YORK)
    midnight -= datetime.timedelta(days=midnight.weekday())
    visits = iter(
        Appointment.objects.bulk_create(
            Appointment(
                clinician=clinician,
                place=place,
                starts_at=now + number * 60 * MINUTES,
                ends_at=now + number * 60 * MINUTES + 30 * MINUTES,
            )
            for number in range(count)
        )
    )

    def some_time_after(start, *, most_minutes):
        return min(now, start + datetime.timedelta(seconds=chance.randint(0, most_minutes * 60)))

    requests = []
    for _ in range(count):
        asked_at = now - datetime.timedelta(seconds=chance.randint(0, chance.choice((20, 60, 400)) * 86_400))
        if chance.random() < 0.3:
            asked_at = midnight - datetime.timedelta(weeks=chance.randint(0, 55), minutes=chance.randint(-300, 300))
            asked_at = min(asked_at, now)
        ending = chance.choice(["open", "open", "booked", *LABELS])
        closed = ending in LABELS
        visited = ending == "booked" or ending in ("attended", "did_not_come")
        changes = {
            "created_at": asked_at,
            "due_at": asked_at + chance.randint(1, 9_000) * MINUTES,
            "priority": chance.choice(list(URGENCY)),
            "language": chance.choice(list(LANGUAGES)),
            "source": chance.choice(list(SOURCES)),
            "pathway": chance.choice(list(PATHWAYS)),
            "filled_in_by": chance.choice(["", "", "Eva Example"]),
            "doubts": chance.choice(["", "", "", "many requests from one address"]),
            "reached_at": chance.choice([None, some_time_after(asked_at, most_minutes=20_000)]),
            "appointment": next(visits) if visited else None,
            "closed_at": some_time_after(asked_at, most_minutes=30_000) if closed else None,
            "closed_by": user if closed else None,
            "close_reason": ending if closed else "",
        }
        requests.append(AppointmentRequest(journey=uuid.uuid4(), **{**same, **changes}))
    AppointmentRequest.objects.bulk_create(requests)

    other = get_user_model().objects.create_user(f"other {chance.random()}")
    entries, attempts, events = [], [], []
    for request in requests:
        for _ in range(chance.choice((0, 0, 1, 2, 4))):
            entry = Event(
                request=request, by=user, verb="called", version=0, before={}, is_undone=chance.random() < 0.2
            )
            entries.append(entry)
            attempts.append(
                ContactAttempt(
                    request=request,
                    event=entry,
                    by=user,
                    at=some_time_after(request.created_at, most_minutes=12_000),
                    channel=chance.choice(["phone", "phone", *ContactAttempt.Channel]),
                    outcome=chance.choice(list(ContactAttempt.CallResult)),
                )
            )
        verbs = chance.choices(["booked", "undone", "closed", "cancelled", "reopened"], k=chance.randint(0, 6))
        for version, verb in enumerate(verbs, start=1):
            at = some_time_after(request.created_at, most_minutes=20_000)
            is_undone = verbs[version : version + 1] == ["undone"]
            before = {"close_reason": chance.choice(list(LABELS))} if verb == "reopened" else {}
            by = chance.choice([user, other, None])
            facts = {"version": version, "before": before, "is_undone": is_undone}
            events.append(Event(request=request, by=by, verb=verb, at=at, **facts))
    Event.objects.bulk_create(entries)
    ContactAttempt.objects.bulk_create(attempts)
    Event.objects.bulk_create(chance.sample(events, len(events)))


def count_checks_at_random(chance: random.Random) -> None:
    today = timezone.localdate()
    keys = {
        (today - datetime.timedelta(days=chance.randint(0, 400)), language, outcome)
        for language in ("en", "es")
        for outcome in ("", *(outcome.key for outcome in PATHWAY.outcomes))
        for _ in range(60)
    }
    DailyCount.objects.bulk_create(
        DailyCount(
            day=day,
            language=language,
            outcome=outcome,
            event="finished" if outcome else "started",
            count=chance.randint(1, 300),
        )
        for day, language, outcome in sorted(keys)
    )


@cache
def monday(day: datetime.date) -> datetime.date:
    while day.strftime("%A") != "Monday":
        day -= datetime.timedelta(days=1)
    return day


class Plain:
    """The report, made in the slow and obvious way."""

    def __init__(self, weeks: int, language: str):
        self.now = timezone.now()
        self.languages = [language] if language else list(LANGUAGES)
        self.weeks = [monday(timezone.localdate()) - datetime.timedelta(days=7 * n) for n in range(weeks)][::-1]
        everybody = [
            request
            for request in AppointmentRequest.objects.prefetch_related("contact_attempts__event", "events")
            if self.week_of(request) >= self.weeks[0] and request.language in self.languages
        ]
        self.doubtful = [request for request in everybody if request.doubts]
        self.requests = [request for request in everybody if not request.doubts]
        self.counts = [
            count
            for count in DailyCount.objects.all()
            if count.day >= self.weeks[0] and count.language in self.languages
        ]

    @staticmethod
    def week_of(request):
        return monday(request.created_at.astimezone(NEW_YORK).date())

    def tables(self) -> dict[str, list[list[str]]]:
        total = ("All", self.requests)
        by_priority = [(key, self.those(lambda one: one.priority, key)) for key in URGENCY]
        by_week = [(f"{week:%b} {week.day}, {week.year}", self.those(self.week_of, week)) for week in self.weeks]
        by_language = [(LANGUAGES[key], self.those(lambda one: one.language, key)) for key in self.languages]
        by_who = [(name, self.those(lambda one: bool(one.filled_in_by), key)) for key, name in ASKED_BY.items()]
        by_source = [(name, self.those(lambda one: one.source, key)) for key, name in SOURCES.items()]
        steps = [int(step) for step in self.steps(self.requests)]
        groups = {"priority": [*by_priority, total], "week": by_week, "language": by_language, "who asked": by_who}
        groups["source"] = by_source
        groups["procedure"] = [(one.name, self.those(lambda row: row.pathway, one.key)) for one in PATHWAYS.values()]
        tables = {}
        for name, group in groups.items():
            tables[f"Until the first try, by {name}"] = [self.tried(*one) for one in group]
            tables[f"Until the first talk, by {name}"] = [self.talked(*one) for one in group]
            if name != "priority":
                tables[f"From the request to the visit, by {name}"] = [self.funnel(*one) for one in group]
                with_total = [*group, total] if name == "language" else group
                tables[f"What became of the requests, by {name}"] = [self.became(*one) for one in with_total]
                tables[f"What happened on the way, by {name}"] = [self.ever(*one) for one in with_total]
        return tables | {
            "Requests per week": [
                [name, str(len(group)), *(str(len([one for one in group if one.priority == p])) for p in URGENCY)]
                for name, group in by_week
            ],
            "Checks, counted without names": self.checks(),
            "From the request to the visit": [
                [step, of(here, steps[0]), of(here, before)]
                for step, before, here in zip(STEPS, [steps[0], *steps], steps, strict=False)
            ],
            **({"By person": people} if (people := self.people()) else {}),
        }

    def those(self, key, value) -> list:
        return [request for request in self.requests if key(request) == value]

    def tried(self, name, requests) -> list[str]:
        in_time, due = 0, 0
        for request in requests:
            called = [attempt.at for attempt in self.tries(request) if attempt.channel == "phone"]
            if called and min(called) <= request.due_at:
                in_time, due = in_time + 1, due + 1
            elif not any(at <= request.due_at for at in self.bookings(request)):
                was_over = request.closed_at is not None and request.closed_at <= request.due_at
                due += bool(called or (request.due_at < self.now and not was_over))
        tries = [min((one.at for one in self.tries(request)), default=None) for request in requests]
        return [name, *self.waited(requests, tries), of(in_time, due)]

    def talked(self, name, requests) -> list[str]:
        return [name, *self.waited(requests, [request.reached_at for request in requests])]

    def waited(self, requests, moments) -> list[str]:
        waits, still_waiting = [], 0
        for request, moment in zip(requests, moments, strict=True):
            ended = min([request.closed_at or self.now, *self.bookings(request)])
            waits.append((in_steps((moment or ended) - request.created_at), moment is not None))
            still_waiting += moment is None and not request.closed_at and not request.appointment
        happened = of(len([moment for moment in moments if moment]), len(requests))
        return [str(len(requests)), happened, str(still_waiting), *(in_words(waits, part) for part in (0.5, 0.9))]

    @staticmethod
    def tries(request) -> list:
        return [attempt for attempt in request.contact_attempts.all() if not attempt.event.is_undone]

    @staticmethod
    def standing(request) -> list:
        events = sorted(request.events.all(), key=lambda event: event.version)
        return [
            event
            for event, following in pairwise([*events, None])
            if not (following and following.verb == "undone") and not event.is_undone
        ]

    def bookings(self, request) -> list[datetime.datetime]:
        return [event.at for event in self.standing(request) if event.verb == "booked"]

    def steps(self, requests) -> list[str]:
        came = [request for request in requests if request.close_reason == "attended"]
        booked = [one for one in requests if self.bookings(one) or one.appointment]
        reached = [one for one in requests if one.reached_at or one in booked]
        return [str(len(group)) for group in (requests, reached, booked, came)]

    def funnel(self, name, requests) -> list[str]:
        asked, *steps = self.steps(requests)
        return [name, asked, *(of(int(step), int(asked)) for step in steps)]

    def checks(self) -> list[list[str]]:
        offers = [outcome.key for outcome in PATHWAY.outcomes if outcome.offers_visit]
        finished = sum(count.count for count in self.counts if count.event == "finished")
        figures = [
            str(sum(count.count for count in self.counts if count.event == "started")),
            str(finished),
            of(sum(count.count for count in self.counts if count.outcome in offers), finished),
        ]
        if self.languages == ["other"]:
            figures = ["–"] * 3
        return [
            [step, figure]
            for step, figure in zip(
                ["Started the check", "Finished it", "Qualified for a visit"], figures, strict=True
            )
        ]

    def became(self, name, requests) -> list[str]:
        endings = []
        for request in requests:
            if request.closed_at:
                endings.append(LABELS[request.close_reason])
            else:
                endings.append("Booked" if request.appointment else "Still open")
        return [name, str(len(requests)), *(str(endings.count(ending)) for ending in BECAME)]

    def ever(self, name, requests) -> list[str]:
        missed, reopened = 0, 0
        for request in requests:
            openings = [event for event in self.standing(request) if event.verb == "reopened"]
            reopened += bool(openings)
            reasons = [request.close_reason, *(event.before["close_reason"] for event in openings)]
            missed += "did_not_come" in reasons
        return [name, *(of(count, len(requests)) for count in (missed, reopened))]

    def people(self) -> list[list[str]]:
        calls = [one for request in self.requests for one in self.tries(request)]
        steps = [event for request in self.requests for event in self.standing(request)]
        names = {one.by.username for one in calls}
        names |= {event.by.username for event in steps if event.by and event.verb in ("booked", "closed")}
        rows = []
        for name in sorted(names):
            own = [one for one in calls if one.by.username == name and one.channel == "phone"]
            talks = len([one for one in own if one.outcome in ("reached", "call_back")])
            booked, closed = (
                {event.request for event in steps if event.by and event.by.username == name and event.verb == verb}
                for verb in ("booked", "closed")
            )
            came = len([one for one in booked if one.close_reason == "attended" and self.booked_last(one) == name])
            figures = (str(len(own)), of(talks, len(own)), str(len(booked)), of(came, len(booked)), str(len(closed)))
            rows.append([name, *figures])
        return rows

    def booked_last(self, request) -> str:
        """Who of the staff did; nobody where the patient chose the time."""
        last = [event for event in self.standing(request) if event.verb == "booked"][-1]
        return last.by.username if last.by else ""


def in_steps(wait: datetime.timedelta) -> float:
    """In hours, as exactly as they are given."""
    seconds = round(wait.total_seconds())
    step = 360 if seconds < 48 * 3600 else 3600 if seconds < 14 * 24 * 3600 else 24 * 3600
    return (seconds + step // 2) // step * step / 3600


def in_words(waits: list[tuple[float, bool]], part: float) -> str:
    hours = redistributed(waits, part)
    if hours is None:
        return "not known yet" if waits else "–"
    if hours < 48:
        return f"{hours:.1f} h"
    return f"{hours:.0f} h" if hours < 14 * 24 else f"{hours / 24:.0f} days"


def redistributed(waits: list[tuple[float, bool]], part: float):
    """The same estimate by Efron's way: whoever leaves without it hands their weight on to those who wait longer."""
    left = sorted(waits, key=lambda one: (one[0], not one[1]))
    weights, gathered = [1 / len(left)] * len(left) if left else [], 0.0
    for at, (wait, happened) in enumerate(left):
        if happened:
            gathered += weights[at]
            if gathered >= part - 1e-9:
                return wait
        else:
            for later in range(at + 1, len(left)):
                weights[later] += weights[at] / (len(left) - at - 1)
    return None


def of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole * 100:.0f}%)" if whole else f"{part} of {whole}"


@pytest.mark.generated
@pytest.mark.parametrize("seed", [1, 2])
def test_every_number_is_what_somebody_would_count(a_request, manager, scheduler, clinician, place, seed):
    chance = chance_from(seed)
    store_at_random(chance, a_request(), scheduler, clinician, place, count=150)
    count_checks_at_random(chance)

    for weeks in (4, 12, 52):
        for language in ("", *LANGUAGES):
            page = manager.get(REPORT, {"weeks": weeks, "language": language})

            expected = Plain(weeks, language)
            assert tables_on(page) == expected.tables()
            assert f"This is about the {len(expected.requests)} requests that " in words_of(page)
            assert f" may not be from a person: {len(expected.doubtful)}" in words_of(page)


def test_the_charts_show_what_the_tables_say(a_request, manager, scheduler, clinician, place):
    store_at_random(chance_from(4), a_request(), scheduler, clinician, place, count=150)
    count_checks_at_random(chance_from(4))

    page = manager.get(REPORT)

    tables = tables_on(page)
    bars = re.findall(
        r'<span>([^<]*)</span> <svg[^>]*><rect class="\w+" width="([\d.]+)"[^>]*/></svg> <span>([^<]*)<', page.text
    )
    waits = [wait for row in tables["Until the first try, by priority"][:-1] for wait in row[4:6]]
    steps = [row[1].split()[0] for row in tables["From the request to the visit"]]
    assert [shown for _, _, shown in bars] == waits + steps
    numbers = [int(shown) for _, _, shown in bars[len(waits) :]]
    assert [float(length) for _, length, _ in bars[len(waits) :]] == pytest.approx(
        [100 * number / max(numbers) for number in numbers], abs=0.2
    )
    heights = re.findall(r'<rect class="step" x="\d+" width="8" height="(.*?)"', page.text)
    asked = [int(row[1]) for row in tables["Requests per week"]]
    assert [float(height) for height in heights] == pytest.approx(
        [100 * number / max(asked) for number in asked], abs=0.01
    )


def test_what_was_taken_back_is_no_try_and_no_booking(a_request, manager, scheduler, clinician, place, next_week):
    requests = [a_request() for _ in range(3)]
    AppointmentRequest.objects.update(doubts="", created_at=timezone.now() - datetime.timedelta(hours=5))
    for request in requests:
        request.refresh_from_db()
        perform(CLAIM, request, by=scheduler)
        perform(LOG_CALL, request, by=scheduler, channel="phone", outcome="reached")
    never_called, called, booked = requests
    perform(UNDO, never_called, by=scheduler)
    for request, hours in ((called, 0), (booked, 1)):
        visit_at = next_week + datetime.timedelta(hours=hours)
        perform(BOOK, request, by=scheduler, starts_at=visit_at, place=place, clinician=clinician)
    perform(UNDO, called, by=scheduler)

    tables = tables_on(manager.get(REPORT))

    waited = ["2 of 3 (67%)", "1", "5.0 h", "not known yet"]
    assert tables["Until the first try, by priority"][-1][:6] == ["All", "3", *waited]
    assert tables["Until the first talk, by priority"][-1] == ["All", "3", *waited]
    assert [row[1][:6] for row in tables["From the request to the visit"]] == ["3 of 3", "2 of 3", "1 of 3", "0 of 3"]
    assert tables["What became of the requests, by language"][-1][:4] == ["All", "3", "2", "1"]


def test_a_visit_that_was_cancelled_had_been_booked(a_request, manager, scheduler, clinician, place, next_week):
    request = a_request()
    AppointmentRequest.objects.update(doubts="")
    request.refresh_from_db()
    perform(CLAIM, request, by=scheduler)
    perform(BOOK, request, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.PATIENT)

    tables = tables_on(manager.get(REPORT))

    assert tables["From the request to the visit"][2][:2] == ["Had a visit booked", "1 of 1 (100%)"]
    assert tables["What became of the requests, by language"][-1][:4] == ["All", "1", "1", "0"]
    assert tables["By person"] == [["scheduler", "0", "0 of 0", "1", "0 of 1 (0%)", "0"]]


def test_a_visit_that_was_missed_is_told_also_when_the_request_was_opened_again(
    a_request, manager, scheduler, clinician, place, next_week
):
    request = a_request()
    perform(CLAIM, request, by=scheduler)
    perform(BOOK, request, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    with time_machine.travel(next_week + 30 * MINUTES):
        perform(DID_NOT_COME, request, by=scheduler)
    perform(CLAIM, request, by=scheduler)
    perform(CLOSE, request, by=scheduler, reason="declined")
    perform(REOPEN, request, by=scheduler)

    tables = tables_on(manager.get(REPORT))

    assert tables["What became of the requests, by language"][-1][:4] == ["All", "1", "1", "0"]
    assert tables["What happened on the way, by language"][-1] == ["All", "1 of 1 (100%)", "1 of 1 (100%)"]
    assert tables["From the request to the visit"][2] == ["Had a visit booked", *["1 of 1 (100%)"] * 2]


def test_whoever_booked_the_visit_that_they_came_to_has_brought_them(
    a_request, manager, scheduler, clinician, place, next_week
):
    ben = member_of("Schedulers", "ben")
    request = a_request()
    for by, days in ((scheduler, 0), (ben, 7)):
        visit_at = next_week + datetime.timedelta(days=days)
        perform(CLAIM, request, by=by)
        perform(BOOK, request, by=by, starts_at=visit_at, place=place, clinician=clinician)
        with time_machine.travel(visit_at + 30 * MINUTES):
            if by == ben:
                perform(CLOSE, request, by=ben, reason="attended")
            else:
                perform(DID_NOT_COME, request, by=by)

    tables = tables_on(manager.get(REPORT))

    assert tables["By person"] == [
        ["ben", "0", "0 of 0", "1", "1 of 1 (100%)", "1"],
        ["scheduler", "0", "0 of 0", "1", "0 of 1 (0%)", "0"],
    ]


def test_those_who_still_wait_make_a_wait_longer_and_not_shorter(a_request, manager, scheduler):
    quick, *_waiting = (a_request() for _ in range(4))
    AppointmentRequest.objects.update(created_at=timezone.now() - datetime.timedelta(hours=5))
    quick.refresh_from_db()
    perform(CLAIM, quick, by=scheduler)
    perform(LOG_CALL, quick, by=scheduler, channel="phone", outcome="no_answer")

    row = tables_on(manager.get(REPORT))["Until the first try, by priority"][-1]

    assert row[:6] == ["All", "4", "1 of 4 (25%)", "3", "not known yet", "not known yet"]


@pytest.mark.either
@pytest.mark.parametrize(
    ("waits", "half", "nine_in_ten"),
    [
        ([], None, None),
        ([(7, True)], 7, 7),
        ([(1, True), (2, True)], 1, 2),
        ([(1, True), (2, True), (3, True)], 2, 3),
        # Freireich and others 1963, weeks in remission with 6-MP, from many textbooks: half within 23.
        (
            [(6, True)] * 3
            + [(at, True) for at in (7, 10, 13, 16, 22, 23)]
            + [(at, False) for at in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)],
            23,
            None,
        ),
        ([(1, False), (2, True)], 2, 2),
        ([(2, False), (2, True)], 2, None),
        ([(1, True), (9, False), (9, False)], None, None),
    ],
)
def test_the_estimate_is_that_of_kaplan_and_meier(waits, half, nine_in_ten):
    counted = {wait: (waits.count((wait, True)), waits.count((wait, False))) for wait, _ in waits}

    assert (shortest_within(counted, 0.5), shortest_within(counted, 0.9)) == (half, nine_in_ten)
    assert (redistributed(waits, 0.5), redistributed(waits, 0.9)) == (half, nine_in_ten)


def test_without_any_record_the_report_is_there_and_empty(manager):
    page = manager.get(REPORT)

    assert page.status_code == 200
    assert "No check has been counted yet." in words_of(page)
    assert tables_on(page)["Until the first try, by priority"][-1] == ["All", "0", "0 of 0", "0", "–", "–", "0 of 0"]
    assert len(tables_on(page)["Requests per week"]) == 12


def test_it_says_since_when_checks_are_counted(manager):
    DailyCount.objects.create(day=timezone.localdate(), event="started", language="en", count=1)

    today = timezone.localdate()
    assert f"Checks are counted since {today:%B} {today.day}, {today.year} only." in words_of(manager.get(REPORT))


@pytest.mark.parametrize("query", ["weeks=5", "weeks=x", "language=xx", "weeks=&language=", "weeks=12&weeks=4x"])
def test_a_query_made_up_by_hand_breaks_nothing(manager, query):
    page = manager.get(f"{REPORT}?{query}")

    assert page.status_code == 200
    assert '<option value="12" selected>' in page.text


@pytest.mark.either
def test_the_filter_shows_what_was_chosen(manager):
    page = manager.get(REPORT, {"weeks": 52, "language": "es"})

    assert '<option value="52" selected>' in page.text
    assert '<option value="es" selected>' in page.text


def test_a_long_report_costs_as_many_queries_as_a_short_one(a_request, manager, scheduler, clinician, place):
    def queries_of_the_report():
        with statements_without_audit() as queries:
            manager.get(REPORT, {"weeks": 52})
        return len(queries)

    sent = a_request()
    short = queries_of_the_report()
    store_at_random(chance_from(5), sent, scheduler, clinician, place, count=100)
    count_checks_at_random(chance_from(5))

    assert queries_of_the_report() == short <= 18


@pytest.mark.either
def test_only_those_who_manage_the_queue_see_the_report(db):
    assert Client().get(REPORT)["Location"].split("?")[0] == "/admin/login/"
    scheduling = staff_who_may("view_appointmentrequest", "change_appointmentrequest")

    assert scheduling.get(REPORT).status_code == 403


def test_no_patient_is_in_the_report(a_request, manager):
    sent = a_request()

    page = manager.get(REPORT)

    assert not words_found(page.text, "Ana", "Example", sent.reference, str(sent), *ANAS_PHONE)

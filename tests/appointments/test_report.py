"""Each number of the manager's report is what somebody would count who goes through the records one by one."""

import datetime
import random
import re
import uuid
from functools import cache
from html import unescape
from itertools import pairwise

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from appointments.lifecycle.close_reasons import LABELS
from appointments.lifecycle.definition import BOOK, CANCEL, CLAIM, LOG_CALL, UNDO
from appointments.lifecycle.effects import booking
from appointments.lifecycle.transition import perform
from appointments.models import Appointment, AppointmentRequest, ContactAttempt, DailyCount, Event
from appointments.reporting.waiting_times import percentile
from appointments.worklist.ranking import URGENCY
from screening.pathways import PATHWAY
from tests.statements import statements_without_audit
from tests.walk import words_of

pytestmark = pytest.mark.both

REPORT = "/admin/report/"
LANGUAGES = {"en": "English", "es": "Español", "other": "Another language"}
BECAME = ["Still open", "Booked", *LABELS.values()]
STEPS = ["Started the check", "Finished it", "Qualified for a visit", "Asked for one", "Were reached"]
STEPS += ["Had one booked", "Came to it"]

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
            "doubts": chance.choice(["", "", "", "many requests from one address"]),
            "reached_at": chance.choice([None, some_time_after(asked_at, most_minutes=20_000)]),
            "appointment": next(visits) if visited else None,
            "closed_at": some_time_after(asked_at, most_minutes=30_000) if closed else None,
            "closed_by": user if closed else None,
            "close_reason": ending if closed else "",
        }
        requests.append(AppointmentRequest(journey=uuid.uuid4(), **{**same, **changes}))
    AppointmentRequest.objects.bulk_create(requests)

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
        verbs = chance.choices(["booked", "undone", "called", "cancelled"], k=chance.randint(0, 6))
        for version, verb in enumerate(verbs, start=1):
            at = some_time_after(request.created_at, most_minutes=20_000)
            is_undone = verbs[version : version + 1] == ["undone"]
            events.append(
                Event(request=request, by=user, verb=verb, at=at, version=version, before={}, is_undone=is_undone)
            )
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
        total = ("All", self.requests, self.counts if self.languages != ["other"] else None)
        by_priority = [
            (priority, [request for request in self.requests if request.priority == priority], None)
            for priority in ("P1", "P2", "P3")
        ]
        by_week = [
            (
                f"{week:%b} {week.day}, {week.year}",
                [request for request in self.requests if self.week_of(request) == week],
                [count for count in self.counts if monday(count.day) == week]
                if self.languages != ["other"]
                else None,
            )
            for week in self.weeks
        ]
        by_language = [
            (
                LANGUAGES[language],
                [request for request in self.requests if request.language == language],
                None if language == "other" else [count for count in self.counts if count.language == language],
            )
            for language in self.languages
        ]
        steps = self.funnel(*total)[1:]
        return {
            "Waiting by priority": [self.waiting(*group) for group in [*by_priority, total]],
            "Waiting by week": [self.waiting(*group) for group in by_week],
            "Waiting by language": [self.waiting(*group) for group in by_language],
            "Requests per week": [
                [
                    name,
                    str(len(group)),
                    *(str(len([one for one in group if one.priority == key])) for key in ("P1", "P2", "P3")),
                ]
                for name, group, _ in by_week
            ],
            "From the check to the visit": [
                [step, here, share(here, before)]
                for step, before, here in zip(STEPS, ["–", *steps], steps, strict=False)
            ],
            "From the check to the visit by week": [self.funnel(*group) for group in by_week],
            "From the check to the visit by language": [self.funnel(*group) for group in by_language],
            "What became of the requests by language": [self.became(*group) for group in [*by_language, total]],
            "What became of the requests by week": [self.became(*group) for group in by_week],
        }

    def waiting(self, name, requests, _counts) -> list[str]:
        until_tried, until_reached, in_time, late = [], [], 0, 0
        for request in requests:
            tries = [attempt for attempt in request.contact_attempts.all() if not attempt.event.is_undone]
            called = [attempt.at for attempt in tries if attempt.channel == "phone"]
            if tries:
                until_tried.append(min(attempt.at for attempt in tries) - request.created_at)
            if request.reached_at:
                until_reached.append(request.reached_at - request.created_at)
            if called and min(called) <= request.due_at:
                in_time += 1
            elif not any(at <= request.due_at for at in self.bookings(request)):
                was_over = request.closed_at is not None and request.closed_at <= request.due_at
                if called or (request.due_at < self.now and not was_over):
                    late += 1
        due = in_time + late
        in_time_of_due = f"{in_time} of {due} ({in_time / due * 100:.0f}%)" if due else "0 of 0"
        return [name, str(len(requests)), *waited(until_tried), *waited(until_reached), in_time_of_due]

    def bookings(self, request) -> list[datetime.datetime]:
        events = sorted(request.events.all(), key=lambda event: event.version)
        kept = [
            event
            for event, following in pairwise([*events, None])
            if event.verb == "booked" and not (following and following.verb == "undone")
        ]
        return [event.at for event in kept]

    def funnel(self, name, requests, counts) -> list[str]:
        checks = ["–", "–", "–"]
        if counts is not None:
            offers = [outcome.key for outcome in PATHWAY.outcomes if outcome.offers_visit]
            checks = [
                str(sum(count.count for count in counts if count.event == "started")),
                str(sum(count.count for count in counts if count.event == "finished")),
                str(sum(count.count for count in counts if count.outcome in offers)),
            ]
        return [
            name,
            *checks,
            str(len(requests)),
            str(len([request for request in requests if request.reached_at])),
            str(len([request for request in requests if self.bookings(request)])),
            str(len([request for request in requests if request.close_reason == "attended"])),
        ]

    def became(self, name, requests, _counts) -> list[str]:
        endings = []
        for request in requests:
            if request.closed_at:
                endings.append(LABELS[request.close_reason])
            else:
                endings.append("Booked" if request.appointment else "Still open")
        return [name, *(str(endings.count(ending)) for ending in BECAME)]


def waited(times: list[datetime.timedelta]) -> list[str]:
    return [str(len(times)), in_hours(nearest_rank(times, 50)), in_hours(nearest_rank(times, 90))]


def nearest_rank(values: list, percent: int):
    for candidate in sorted(values):
        if len([value for value in values if value <= candidate]) >= percent / 100 * len(values):
            return candidate
    return None


def in_hours(time: datetime.timedelta | None) -> str:
    return "–" if time is None else f"{time.total_seconds() / 3600:.1f} h"


def share(part: str, whole: str) -> str:
    return "–" if "–" in (part, whole) or whole == "0" else f"{int(part) / int(whole) * 100:.0f}%"


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
            assert f" until now: {len(expected.requests)}. " in words_of(page)
            assert f" may not be from a person: {len(expected.doubtful)}. " in words_of(page)


def test_the_charts_show_what_the_tables_say(a_request, manager, scheduler, clinician, place):
    store_at_random(chance_from(4), a_request(), scheduler, clinician, place, count=150)
    count_checks_at_random(chance_from(4))

    page = manager.get(REPORT)

    tables = tables_on(page)
    bars = re.findall(
        r'<span>([^<]*)</span> <svg[^>]*><rect class="\w+" width="([\d.]+)"[^>]*/></svg> <span>([^<]*)<', page.text
    )
    waits = [wait for row in tables["Waiting by priority"][:3] for wait in row[3:5]]
    steps = [row[1] for row in tables["From the check to the visit"]]
    assert [shown for _, _, shown in bars] == waits + steps
    for group in (bars[:6], bars[6:]):
        numbers = [float(shown.removesuffix(" h")) for _, _, shown in group]
        lengths = [float(length) for _, length, _ in group]
        assert lengths == pytest.approx([100 * number / max(numbers) for number in numbers], abs=0.2)
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

    assert tables["Waiting by priority"][-1][:8] == ["All", "3", "2", "5.0 h", "5.0 h", "2", "5.0 h", "5.0 h"]
    assert [row[1] for row in tables["From the check to the visit"]][3:] == ["3", "2", "1", "0"]
    assert tables["What became of the requests by language"][-1][:3] == ["All", "2", "1"]


def test_a_visit_that_was_cancelled_had_been_booked(a_request, manager, scheduler, clinician, place, next_week):
    request = a_request()
    AppointmentRequest.objects.update(doubts="")
    request.refresh_from_db()
    perform(CLAIM, request, by=scheduler)
    perform(BOOK, request, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    perform(CANCEL, request, by=scheduler, reason=booking.CancelReason.PATIENT)

    tables = tables_on(manager.get(REPORT))

    assert tables["From the check to the visit"][5][:2] == ["Had one booked", "1"]
    assert tables["What became of the requests by language"][-1][:3] == ["All", "1", "0"]


@pytest.mark.either
@pytest.mark.parametrize(
    ("percent", "values", "expected"),
    [
        (50, [], None),
        (50, [7], 7),
        (90, [7], 7),
        (50, [1, 2], 1),
        (50, [1, 2, 3], 2),
        (90, list(range(1, 11)), 9),
        (90, list(range(1, 12)), 10),
        (50, list(range(1, 101)), 50),
        (90, list(range(1, 101)), 90),
    ],
)
def test_percentiles_are_by_nearest_rank(percent, values, expected):
    assert percentile(values, percent) == expected == nearest_rank(values, percent)


def test_without_any_record_the_report_is_there_and_empty(manager):
    page = manager.get(REPORT)

    assert page.status_code == 200
    assert "No check has been counted yet." in words_of(page)
    assert tables_on(page)["Waiting by priority"][-1] == ["All", "0", "0", "–", "–", "0", "–", "–", "0 of 0"]
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

    assert queries_of_the_report() == short <= 12


@pytest.mark.either
def test_only_those_who_manage_the_queue_see_the_report(db):
    assert Client().get(REPORT)["Location"].split("?")[0] == "/admin/login/"
    scheduling = staff_who_may("view_appointmentrequest", "change_appointmentrequest")

    assert scheduling.get(REPORT).status_code == 403


def test_no_patient_is_in_the_report(a_request, manager):
    sent = a_request()

    page = manager.get(REPORT)

    assert not any(word in page.text for word in ("Ana", "Example", sent.reference, str(sent), "555"))

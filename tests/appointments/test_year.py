"""A clinic through the days on which clocks and calendars are odd, hour by hour, beside what anybody would expect.

`make fuzz` goes through 400 days in one go: New Year twice, the leap day, both changes of the clocks.
"""

import datetime
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone

from appointments.calendar.slots import free_slots
from appointments.delivery.outbox import Worker
from appointments.lifecycle.definition import ANSWER, BOOK, CLOSE, DID_NOT_COME, LOG_CALL, OFFER, RELEASE
from appointments.lifecycle.transition import perform
from appointments.lifecycle.waits import CALL_US, CHOOSE, WAITS, with_waits
from appointments.models import Appointment, AppointmentRequest, Event, Holiday, Message
from appointments.operations import jobs
from appointments.worklist import next_call
from audit import chain
from screening.pathways.vertebral_cement import PRIORITIES
from tests.mail import mail_server, text_provider

pytestmark = pytest.mark.generated

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
OURS, HAWAII = ZoneInfo("America/New_York"), ZoneInfo("Pacific/Honolulu")
OPENS, CLOSES = datetime.time(8), datetime.time(17)
KEPT = datetime.timedelta(days=30)
# Offered times do not wait longer; see OFFER_DAYS.
LONGEST_OFFER = datetime.timedelta(days=7)
# The first is the whole year, if it is asked for. The others are the days around a Sunday on which clocks are set.
BEGINNINGS = {
    "New Year": datetime.date(2027, 12, 29),
    "clocks put forward": datetime.date(2028, 3, 9),
    "clocks put back": datetime.date(2028, 11, 2),
}
YEAR_DAYS = int(os.environ.get("YEAR_DAYS", "0"))


@dataclass
class Clinic:
    """What patients and staff do, and what they should find. Open from 8 to 5 on weekdays that are no holiday."""

    scheduler: object
    clinician: object
    place: object
    a_request: object
    chance: random.Random
    met: Counter = field(default_factory=Counter)
    asked: int = 0

    def is_open(self, moment: datetime.datetime) -> bool:
        here = moment.astimezone(OURS)
        return self.works_on(here.date()) and OPENS <= here.time() < CLOSES

    def works_on(self, day: datetime.date) -> bool:
        return day.weekday() < 5 and not Holiday.objects.filter(date=day).exists()

    def closing_times(self, since: datetime.datetime):
        day = since.astimezone(OURS).date()
        while True:
            closing = datetime.datetime.combine(day, CLOSES, OURS)
            if self.works_on(day) and closing > since:
                yield closing
            day += DAY

    def somebody_asks(self) -> None:
        self.asked += 1
        lives_here = self.chance.random() < 0.7
        number = f"{2000 + self.asked % 7000}"
        sent = self.a_request(
            phone=f"(212) 555-{number}" if lives_here else f"(808) 555-{number}",
            email=f"ana{self.asked}@example.com" if self.chance.random() < 0.6 else "",
            texts_ok="on",
            blood_thinner=self.chance.choice(["yes", "no", "no"]),
            pain=self.chance.choice(["3", "6", "9"]),
            date_of_birth_year=str(1930 + self.asked % 60),
            date_of_birth_day=str(1 + self.asked % 28),
        )
        days = next(one.business_days for one in PRIORITIES if one.key == sent.priority)
        closings = self.closing_times(sent.created_at)
        # As come in on the day at whose end the clinic closes next, and so many business days more.
        promised = [next(closings) for _ in range(days + 1)][-1]
        assert sent.due_at == promised, (sent.created_at, sent.priority, sent.due_at, promised)

    def staff_work_for_an_hour(self) -> None:
        for over in AppointmentRequest.objects.filter(status="booked", appointment__ends_at__lte=timezone.now()):
            came = self.chance.random() < 0.9
            perform(CLOSE, over, by=self.scheduler, reason="attended") if came else perform(
                DID_NOT_COME, over, by=self.scheduler
            )
            self.met["came" if came else "did not come"] += 1
        for asked in AppointmentRequest.objects.open().filter(nurse_check="needed"):
            perform(ANSWER, asked, by=self.scheduler, answer="fine")
        for _ in range(3):
            if not (found := next_call.take(self.scheduler)):
                return
            called, _reasons = found
            local = timezone.now().astimezone(called.zone)
            assert 8 <= local.hour < 20, f"called at {local}"
            self.call(called)

    def call(self, called: AppointmentRequest) -> None:
        reached = self.chance.random() < 0.7
        outcome = "reached" if reached else "no_answer"
        perform(LOG_CALL, called, by=self.scheduler, channel="phone", outcome=outcome)
        called.refresh_from_db()
        soon = timezone.now() + self.chance.choice([3, 5, 9]) * DAY
        free = [slot for slot in free_slots(most=400, most_a_day=8) if slot.starts_at > soon]
        wanted = self.chance.random()
        if reached and wanted < 0.7 and free:
            slot = self.chance.choice(free[:12])
            here = slot.starts_at.astimezone(OURS)
            assert self.works_on(here.date()), f"a visit on {here}"
            assert datetime.time(9) <= here.time() < datetime.time(17), f"a visit on {here}"
            perform(BOOK, called, by=self.scheduler, **slot._asdict())
            self.met["booked"] += 1
        elif reached and wanted < 0.9 and free:
            perform(OFFER, called, by=self.scheduler, times=free[:3])
            self.met["offered"] += 1
        elif reached:
            perform(CLOSE, called, by=self.scheduler, reason="declined")
            self.met["closed"] += 1
        elif called.status == "claimed":
            perform(RELEASE, called, by=self.scheduler)

    def look(self) -> None:
        """Each request is on one list, and none is with the patient, or kept, for longer than it may be."""
        now = timezone.now()
        still_open = with_waits(AppointmentRequest.objects.all(), now)
        for request in still_open:
            assert request.wait in {wait.key for wait in WAITS}
            assert request.wait_due is not None, request.wait
        with_the_patient = still_open.filter(wait__in=[CHOOSE.key, CALL_US.key])
        assert not with_the_patient.filter(wait_due__lt=now - HOUR).exists()
        offered = Event.objects.filter(verb="offered", request__in=with_the_patient.filter(wait=CHOOSE.key))
        assert not offered.filter(at__lt=now - LONGEST_OFFER - DAY, version=F("request__version")).exists()
        assert not AppointmentRequest.objects.filter(closed_at__lt=now - KEPT - DAY).exists()
        assert not Message.objects.filter(state="waiting", first_due_at__lt=now - DAY).exists()


@pytest.fixture
def ways(settings):
    """The mail server and the provider of texts, and that closed requests are not kept for long."""
    settings.KEEP_CLOSED_DAYS = settings.KEEP_VISITED_DAYS = KEPT.days
    with mail_server(settings) as mailbox, text_provider(settings) as provider:
        yield mailbox, provider


@pytest.mark.parametrize("when", list(BEGINNINGS)[:1] if YEAR_DAYS else list(BEGINNINGS)[1:])
def test_at_any_hour_of_any_day_all_are_called_told_and_reminded_when_they_should_be(
    db, ways, when, a_request, scheduler, clinician, place, consulting_hours
):
    mailbox, provider = ways
    clinic = Clinic(scheduler, clinician, place, a_request, random.Random(when))  # noqa: S311
    begin = datetime.datetime.combine(BEGINNINGS[when], datetime.time(6), OURS).astimezone(datetime.UTC)
    for year in (2028, 2029):
        Holiday.objects.create(date=datetime.date(year, 1, 1), name="New Year's Day")
    with time_machine.travel(begin, tick=False) as clock:
        for hour in range((YEAR_DAYS or 6) * 24):
            clock.move_to(begin + hour * HOUR)
            if clinic.chance.random() < 0.15:
                clinic.somebody_asks()
            if clinic.is_open(timezone.now()):
                clinic.staff_work_for_an_hour()
            before = len(provider.orders)
            jobs.run_due()
            send_all()
            for text in provider.orders[before:]:
                there = timezone.now().astimezone(HAWAII if text["To"].startswith("+1808") else OURS)
                visit_soon = Appointment.objects.filter(
                    starts_at__gt=timezone.now(), starts_at__lte=timezone.now() + 4 * HOUR
                )
                assert 8 <= there.hour < 20 or visit_soon.exists(), f"a text at {there}"
            reminders_are_out(timezone.now())
            if hour % 24 == 0:
                clinic.look()
        assert list(chain.faults()) == []

    assert clinic.met["booked"], clinic.met
    assert {"We have your request", "Your visit is booked"} <= set(mailbox.subjects)


def send_all() -> None:
    worker = Worker()
    while worker.send_some():
        pass
    worker.close()


def reminders_are_out(now: datetime.datetime) -> None:
    """By e-mail as soon as a visit is two days off, once, and by no way before."""
    reminders = Message.objects.filter(kind="reminder", appointment__cancelled_at=None, state="sent")
    assert not reminders.filter(done_at__lt=F("appointment__starts_at") - 48 * HOUR).exists()
    for visit in Appointment.objects.filter(
        cancelled_at=None, starts_at__gt=now, starts_at__lte=now + 48 * HOUR, booked_at__lt=now - 48 * HOUR
    ):
        # Who booked less than a day before that needs none.
        if visit.booked_at < visit.starts_at - 72 * HOUR:
            of_it = reminders.filter(appointment=visit, channel="email")
            request = AppointmentRequest.objects.get(appointment=visit)
            assert of_it.count() == bool(request.email), visit.starts_at

"""Fills an empty development database with a believable clinic, and makes a staff account to work it with."""

import datetime
import random
import secrets
import uuid
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, F, Q
from django.utils import timezone

from appointments.calendar.slots import Calendar, free_slots
from appointments.intake import submit
from appointments.intake.contact import Contact
from appointments.intake.origin import Origin
from appointments.lifecycle.close_reasons import ADVISED_AGAINST, ATTENDED, DECLINED, UNREACHABLE
from appointments.lifecycle.definition import (
    ANSWER,
    ASK_NURSE,
    BOOK,
    CLAIM,
    CLOSE,
    DID_NOT_COME,
    KEEP_RECORDS,
    LOG_CALL,
    OFFER,
    RELEASE,
    SEND_LETTER,
)
from appointments.lifecycle.grammar import Verb
from appointments.lifecycle.letters import no_call_will_help
from appointments.lifecycle.message_kinds import REMINDER
from appointments.lifecycle.transition import perform
from appointments.lifecycle.waits import CALL, with_waits
from appointments.models import (
    Appointment,
    AppointmentRequest,
    Caller,
    Clinician,
    ClinicNotices,
    ConsultingHours,
    ContactAttempt,
    DailyCount,
    Event,
    MayTalk,
    Message,
    NurseCheck,
    OfferedTime,
    OpeningHours,
    Place,
    Records,
    ReferralSource,
    Source,
    VisitKind,
)
from appointments.worklist import ranking
from screening.pathways.vertebral_cement import PATHWAY, TREATMENTS
from screening.questionnaire.conditions import Answer, Answers
from screening.questionnaire.journey import Journey
from screening.questionnaire.questions import Question

STAFF = "demo"
CONSENT = "Demo data: nobody agreed to anything."
PAST_A_WEEK, PRESENT = 6, 30
# Which of the present ones perhaps no person sent.
DOUBTFUL = 3
# One in so many asks by phone, at the desk or through a practice, one after the other.
BY_STAFF = 5
WAYS_BY_STAFF = (Source.PHONE, Source.REFERRAL, Source.PHONE, Source.WALK_IN)
PRACTICES = {"example-practice": "Example Family Practice", "sample-clinic": "Sample Pain Clinic"}
PAST_ENDS = (
    "attended",
    "attended",
    "declined",
    "attended",
    "unreachable",
    "did not come",
    "advised against",
    "attended",
)
STANDS = (
    *("new", "new", "missed once", "new", "offered", "booked", "new", "nurse asked", "new", "pictures here"),
    *("letter due", "new", "visit over", "wrong number", "held"),
)
# How many weeks earlier a visit may come to lie, if others were at its time.
MOST_WEEKS_MORE = 50
# From west to east, so that it is day in one of them at any time.
ZONES = ("Pacific/Honolulu", "America/Los_Angeles", "America/New_York", "Europe/Madrid", "Asia/Kolkata", "Asia/Tokyo")
DAY = (9, 18)
LATEST_HOUR = 20
SATURDAY = 5

# Plainly made up: nobody is called that.
FIRST_NAMES = ("Alma", "Boris", "Carmen", "Delia", "Edwin", "Flora", "Gustavo", "Hazel", "Inés", "Jasper")
LAST_NAMES = ("Example", "Sample", "Muestra", "Testwell", "Pretend", "Ficticia", "Placeholder", "Demopoulos")

# What leads to a visit; the rest is answered quietly.
TYPICAL = {
    "function": "with_help",
    "duration": "6w_3m",
    "cause": "strain",
    "osteoporosis": "yes",
    "fracture": "yes",
    "height_loss": "yes",
    "tried": ["brace", "pain_medicine", "rest"],
    **{f"helped_{treatment.value}": "little" for treatment in TREATMENTS},
}

# What differs from one to the next.
VARIED = {
    "function",
    "duration",
    "cause",
    "osteoporosis",
    "cancer",
    "fracture",
    "height_loss",
    "tried",
    "clotting",
    "blood_thinner",
    "safety",
}
VARIED |= {f"helped_{treatment.value}" for treatment in TREATMENTS}


class Command(BaseCommand):
    help = "Load a believable clinic into an empty development database; print a staff account with a new password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--weeks", type=int, default=12, help="How far back its history goes.")

    def handle(self, *args: object, weeks: int, **options: object) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError("The demo is for development only: set UPRIGHT_DEVELOPMENT=1.")
        password = secrets.token_urlsafe(12)
        staff = self._staff(password)
        if not AppointmentRequest.objects.exists():
            with transaction.atomic():
                self._fill(staff, weeks, random.Random(2026))  # noqa: S311  # nosec B311  # a demo need not be unpredictable
        _open_at_this_hour()
        _let_somebody_be_called(staff)
        total = AppointmentRequest.objects.count()
        self.stdout.write(f"The demo has {total} visit requests, {AppointmentRequest.objects.open().count()} open.")
        self.stdout.write(f"Staff sign in at /admin/ as {STAFF} with the password {password}")

    def _staff(self, password: str) -> User:
        staff, _ = get_user_model().objects.get_or_create(
            username=STAFF, defaults={"is_staff": True, "is_superuser": True, "first_name": "Dana"}
        )
        staff.set_password(password)
        staff.save()
        return staff

    def _fill(self, staff: User, weeks: int, chance: random.Random) -> None:
        _clinic()
        _notices()
        Caller.objects.get_or_create(user=staff, defaults={"languages": ["es"]})
        # Whoever tries the demo has done nothing yet: all steps so far are those of colleagues.
        team = Team(_colleague("demo-scheduler", "Schedulers"), _colleague("demo-nurse", "Nurses"))
        for number in range(weeks * PAST_A_WEEK):
            life = Life(self._request(chance, _origin(number, team)), team, chance)
            life.ends_as(PAST_ENDS[number % len(PAST_ENDS)], weeks=1 + number // PAST_A_WEEK)
        for number in range(PRESENT):
            stand = STANDS[number % len(STANDS)]
            # Whose number is wrong has to be asked by e-mail.
            odd = {"is_doubtful": number == DOUBTFUL, "has_email": stand == "wrong number"}
            Life(self._request(chance, _origin(number, team), **odd), team, chance).stands_at(stand)
        _count_checks(weeks, chance)
        # What was told before anybody looked would only fill the folder of e-mails.
        Message.objects.exclude(kind=REMINDER.key).delete()

    def _request(
        self, chance: random.Random, origin: Origin, *, is_doubtful: bool = False, has_email: bool = False
    ) -> AppointmentRequest:
        journey = qualifying_journey(chance)
        for_someone_else = chance.random() < 0.25
        language = chance.choice(["en", "en", "en", "es", "es", "other"])
        first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
        return submit.submit(
            journey_id=uuid.UUID(int=chance.getrandbits(128)),
            journey=journey,
            visit_answers=any_visit_answers(chance),
            origin=origin,
            doubts="answered faster than people read" if is_doubtful else "",
            contact=Contact(
                name=f"{first} {last}",
                date_of_birth=datetime.date(chance.randint(1935, 1968), chance.randint(1, 12), chance.randint(1, 28)),
                phone=f"+1212555{chance.randint(100, 199):04}",
                email=f"{first[0]}.{last}@example.com".lower() if has_email or chance.random() < 0.5 else "",
                filled_in_by=f"{chance.choice(FIRST_NAMES)} {last}" if for_someone_else else "",
                relationship=chance.choice(["daughter", "son", "husband"]) if for_someone_else else "",
                may_talk=chance.choice(MayTalk.values) if for_someone_else else "",
                language=language,
                other_language=chance.choice(["Cantonese", "Haitian Creole"]) if language == "other" else "",
                needs_interpreter=language == "other",
                hard_of_hearing=chance.random() < 0.2,
                large_print=chance.random() < 0.1,
                call_times=chance.choice([["any"], ["morning"], ["afternoon"], ["morning", "evening"]]),
                voicemail_ok=chance.random() < 0.7,
                texts_ok=chance.random() < 0.4,
                consent=CONSENT,
            ),
        )


@dataclass(frozen=True)
class Team:
    scheduler: User
    nurse: User


@dataclass
class Life:
    """What happens to one request. No clock is set forward; the request and all that was done is moved back."""

    request: AppointmentRequest
    team: Team
    chance: random.Random

    def ends_as(self, end: str, *, weeks: int) -> None:
        """Live all of it, and be closed so many weeks ago."""
        self._wait(hours=self.chance.randint(1, 30))
        if end == "unreachable":
            while not no_call_will_help(self.request):
                self._call("no_answer")
                self._wait(hours=25)
            self._do(SEND_LETTER)
            self._wait(hours=24 * 15)
            self._do(CLAIM)
            self._do(CLOSE, reason=UNREACHABLE.key)
            self._wait(hours=24 * 7 * weeks)
            return
        if self.chance.random() < 0.4:
            self._call("no_answer")
            self._wait(hours=25)
        self._call("reached")
        if end == "advised against":
            self._do(ASK_NURSE, note="Is a visit safe?")
            self._do(ANSWER, by=self.team.nurse, answer=NurseCheck.AGAINST, note="Sees the heart doctor first.")
            self._do(CLOSE, reason=ADVISED_AGAINST.key)
            self._wait(hours=24 * 7 * weeks)
        elif end == "declined":
            self._do(CLOSE, reason=DECLINED.key)
            self._wait(hours=24 * 7 * weeks)
        else:
            self._book()
            self._visit_was(weeks)
            if end == "did not come":
                self._do(DID_NOT_COME)
                self._do(CLAIM)
                self._do(CLOSE, reason=DECLINED.key)
                self._wait(hours=24 * 7 * (weeks - 1))
            elif end == "attended":
                self._do(CLOSE, reason=ATTENDED.key)
                self._closed_after_the_visit()

    def stands_at(self, stand: str) -> None:
        """Live until somewhere on the way."""
        self._wait(minutes=self.chance.randint(5, 2_000))
        match stand:
            case "missed once":
                self._call("no_answer")
                self._wait(hours=2)
            case "letter due":
                while not no_call_will_help(self.request):
                    self._call("no_answer")
                    self._wait(hours=25)
            case "wrong number":
                self._call("wrong_number")
                self._do(RELEASE)
            case "nurse asked":
                self._call("reached")
                self._do(ASK_NURSE, note="She takes a blood thinner. Is a visit safe?")
            case "offered":
                self._let_book()
                self._do(CLAIM)
                self._do(OFFER, times=free_slots(most=40)[10::12][:3])
            case "booked" | "pictures here":
                self._call("reached")
                self._book()
                self._get_pictures(Records.RECEIVED if stand == "pictures here" else Records.REQUESTED)
            case "visit over":
                self._call("reached")
                self._book()
                self._visit_was(0)
            case "held":
                self._do(CLAIM)

    def _do(self, verb: Verb, *, by: User | None = None, **entered: Any) -> None:
        perform(verb, self.request, by=by or self.team.scheduler, **entered)

    def _call(self, outcome: str) -> None:
        if self.request.status == "waiting":
            self._do(CLAIM)
        self._do(LOG_CALL, channel=ContactAttempt.Channel.PHONE, outcome=ContactAttempt.CallResult(outcome))

    def _let_book(self) -> None:
        if self.request.nurse_check not in NurseCheck.lets_book():
            self._do(ANSWER, by=self.team.nurse, answer=NurseCheck.FINE)

    def _book(self) -> None:
        self._let_book()
        calendar = Calendar()
        kind = self.chance.choice([calendar.usual_kind, *calendar.kinds])
        self._do(BOOK, kind=kind, **self.chance.choice(calendar.first_free(kind, most=60))._asdict())

    def _get_pictures(self, how_far: Records) -> None:
        if self.request.records:
            self._do(KEEP_RECORDS, records=how_far)

    def _wait(self, **time: int) -> None:
        """Let time pass: move back all that was."""
        _move_back(self.request, datetime.timedelta(**time))
        self.request.refresh_from_db()

    def _visit_was(self, weeks: int) -> None:
        """Let whole weeks pass until the visit is over, and more if another visit was then."""
        days = (self.request.appointment.starts_at - timezone.now()).days + 1  # type: ignore[union-attr]  # booked
        for more in range(MOST_WEEKS_MORE):
            try:
                with transaction.atomic():
                    self._wait(hours=24 * 7 * (-(-days // 7) + weeks + more))
                    return
            except IntegrityError:
                continue

    def _closed_after_the_visit(self) -> None:
        at = self.request.appointment.ends_at  # type: ignore[union-attr]  # it is kept with the request
        AppointmentRequest.objects.filter(pk=self.request.pk).update(closed_at=at)
        Event.objects.filter(request=self.request, version=self.request.version).update(at=at)


def _origin(number: int, team: Team) -> Origin:
    """How the request with this number came in; from most, by the public pages."""
    nth, rest = divmod(number, BY_STAFF)
    if rest:
        return Origin()
    source = WAYS_BY_STAFF[nth % len(WAYS_BY_STAFF)]
    practice = [*PRACTICES.values()][nth // len(WAYS_BY_STAFF) % len(PRACTICES)]
    return Origin(
        source=source,
        referred_by=practice if source == Source.REFERRAL else "",
        taken_by=team.nurse if source == Source.WALK_IN else team.scheduler,
    )


def _move_back(request: AppointmentRequest, time: datetime.timedelta) -> None:
    """Every moment that is stored of it, as if it had been asked for that much earlier."""
    visits = Appointment.objects.filter(Q(request=request) | Q(pk__in=_former_visits(request)))
    for rows in (
        AppointmentRequest.objects.filter(pk=request.pk),
        Event.objects.filter(request=request),
        ContactAttempt.objects.filter(request=request),
        OfferedTime.objects.none() if request.awaited else OfferedTime.objects.filter(request=request),
        visits,
    ):
        moments = [field.name for field in rows.model._meta.fields if isinstance(field, DateTimeField)]
        rows.update(**{name: F(name) - time for name in moments})


def _former_visits(request: AppointmentRequest) -> list[str]:
    befores = request.events.values_list("before", flat=True)
    return [before["appointment_id"] for before in befores if before.get("appointment_id")]


def _colleague(name: str, group: str) -> User:
    colleague, _ = get_user_model().objects.get_or_create(username=name, defaults={"is_staff": True})
    colleague.groups.add(Group.objects.get(name=group))
    return colleague


def _clinic() -> None:
    clinicians = [Clinician.objects.get_or_create(name=name)[0] for name in ("Dr. Example", "Dr. Sample")]
    places = [
        Place.objects.get_or_create(name=name, defaults={"address": address})[0]
        for name, address in (("Main clinic", "1 Example Street"), ("North clinic", "20 Sample Avenue"))
    ]
    VisitKind.objects.get_or_create(name="Imaging review", defaults={"minutes": 15})
    for code, name in PRACTICES.items():
        ReferralSource.objects.get_or_create(code=code, defaults={"name": name, "kind": Source.REFERRAL})
    for clinician, weekdays in zip(clinicians, ((0, 2, 4), (1, 3)), strict=True):
        for weekday in weekdays:
            ConsultingHours.objects.get_or_create(
                clinician=clinician,
                place=places[weekday % 2],
                weekday=weekday,
                defaults={"starts": datetime.time(9), "ends": datetime.time(15)},
            )


def _count_checks(weeks: int, chance: random.Random) -> None:
    outcomes = [outcome.key for outcome in PATHWAY.outcomes]
    today = timezone.localdate()
    rows = []
    for days in range(7 * weeks):
        for language in ("en", "es"):
            finished = {outcome: chance.randint(0, 3) for outcome in outcomes}
            day = {"day": today - datetime.timedelta(days=days), "language": language}
            started = sum(finished.values()) + chance.randint(0, 6)
            rows.append(DailyCount(**day, event=DailyCount.Event.STARTED, count=started))
            rows += [
                DailyCount(**day, event=DailyCount.Event.FINISHED, outcome=outcome, count=count)
                for outcome, count in finished.items()
                if count
            ]
    DailyCount.objects.bulk_create(rows, ignore_conflicts=True)


def _open_at_this_hour() -> None:
    """At whatever hour somebody looks at the demo, the clinic calls."""
    now = timezone.localtime()
    hours, _ = OpeningHours.objects.get_or_create(
        weekday=now.weekday(), defaults={"opens": datetime.time(8), "closes": datetime.time(17)}
    )
    latest = datetime.time(23, 59)
    hours.opens = min(hours.opens, datetime.time(now.hour))
    hours.closes = max(hours.closes, latest if now.hour > LATEST_HOUR else datetime.time(now.hour + 3))
    hours.save()
    in_the_morning = {"opens": datetime.time(9), "closes": datetime.time(12)}
    OpeningHours.objects.get_or_create(weekday=SATURDAY, defaults=in_the_morning)
    cache.delete("business-hours")


def _notices() -> None:
    """Links to nowhere, so that it can be seen where patients find them."""
    if not ClinicNotices.objects.exists():
        ClinicNotices.objects.create(
            privacy_practices={"en": "https://clinic.example/privacy-practices"},
            nondiscrimination={"en": "https://clinic.example/nondiscrimination"},
            accessibility_email="accessibility@clinic.example",
            teletypewriter="711",
        )


def _let_somebody_be_called(staff: User) -> None:
    """Where it is night for everybody, somebody lives where it is day."""
    _moment, callable_now = ranking.callable_now(staff)
    if next(callable_now, None):
        return
    now = timezone.now()
    day = next(zone for zone in ZONES if DAY[0] <= now.astimezone(ZoneInfo(zone)).hour < DAY[1])
    ours = AppointmentRequest.objects.filter(claimed_by=None, consent=CONSENT)
    waiting = with_waits(ours, now).filter(wait=CALL.key)
    found = [request.pk for request in waiting.order_by("pk")[:2]]
    AppointmentRequest.objects.filter(pk__in=found).update(
        time_zone=day, call_times=["any"], next_call_at=None, language="en"
    )


def qualifying_journey(chance: random.Random) -> Journey:
    """The typical answers with a few changed by chance, as long as they still lead to a visit."""
    while True:
        changed = chance.sample([q for q in PATHWAY.questions if q.key in VARIED], chance.randint(0, 4))
        pain = str(chance.randint(3, 9))
        answers = {**TYPICAL, "pain": pain, **{question.key: any_answer(question, chance) for question in changed}}
        journey = Journey(PATHWAY, answers).completed()
        if journey.is_complete and journey.assessment.outcome.offers_visit:
            return Journey(PATHWAY, journey.relevant_answers)


def any_visit_answers(chance: random.Random) -> Answers:
    """As the form gives them: none to what is not asked, nor to what is left empty."""
    drawn = {question.key: any_answer(question, chance) for question in PATHWAY.visit_questions}
    asked = {question.key for question in PATHWAY.visit_questions if question.ask_if.holds(drawn)}
    return {key: answer for key, answer in drawn.items() if answer and key in asked}


def any_answer(question: Question, chance: random.Random) -> Answer:
    if not question.options:
        return question.quiet_answer
    value = chance.choice(question.options).value
    return [value] if question.takes_several else value

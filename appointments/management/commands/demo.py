"""Fills an empty development database with a believable queue, and makes a staff account to work it with."""

import datetime
import random
import secrets
import uuid

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from appointments.calendar.opening_hours import BusinessHours
from appointments.calendar.slots import free_slots
from appointments.intake import submit
from appointments.intake.contact import Contact
from appointments.lifecycle.close_reasons import DECLINED, UNREACHABLE
from appointments.lifecycle.definition import BOOK, CLAIM, CLOSE, LOG_CALL
from appointments.lifecycle.message_kinds import REMINDER
from appointments.lifecycle.transition import perform
from appointments.models import (
    AppointmentRequest,
    Caller,
    Clinician,
    ConsultingHours,
    ContactAttempt,
    MayTalk,
    Message,
    Place,
)
from screening.pathways.vertebral_cement import PATHWAY, TREATMENTS
from screening.questionnaire.conditions import Answer
from screening.questionnaire.journey import Journey
from screening.questionnaire.questions import Question

STAFF = "demo"
SIZE = 40

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
    help = "Load demo requests into an empty development database; print a staff account with a new password."

    def handle(self, *args: object, **options: object) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError("The demo is for development only: set UPRIGHT_DEVELOPMENT=1.")
        password = secrets.token_urlsafe(12)
        staff = self._staff(password)
        if not AppointmentRequest.objects.exists():
            with transaction.atomic():
                self._fill(staff, random.Random(2026))  # noqa: S311  # nosec B311  # a demo need not be unpredictable
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

    def _fill(self, staff: User, chance: random.Random) -> None:
        colleague, _ = get_user_model().objects.get_or_create(username="demo-colleague")
        colleague.groups.add(Group.objects.get(name="Schedulers"))
        clinicians = [Clinician.objects.get_or_create(name=name)[0] for name in ("Dr. Example", "Dr. Sample")]
        places = [Place.objects.get_or_create(name=name)[0] for name in ("Main clinic", "North clinic")]
        for clinician, weekdays in zip(clinicians, ((0, 2, 4), (1, 3)), strict=True):
            for weekday in weekdays:
                ConsultingHours.objects.get_or_create(
                    clinician=clinician,
                    place=places[weekday % 2],
                    weekday=weekday,
                    defaults={"starts": datetime.time(9), "ends": datetime.time(15)},
                )
        Caller.objects.get_or_create(user=staff, defaults={"speaks_spanish": True})
        now, hours = timezone.now(), BusinessHours.of_the_clinic()
        for number in range(SIZE):
            request = self._request(chance)
            asked_at = now - datetime.timedelta(minutes=chance.randint(5, 6_000))
            days = next(one.business_days for one in PATHWAY.priorities if one.key == request.priority)
            AppointmentRequest.objects.filter(pk=request.pk).update(
                created_at=asked_at, due_at=hours.end_of_day(asked_at, business_days=days)
            )
            self._work_on(request, number, staff, colleague, clinicians, places, chance)
        # What was told before anybody looked would only fill the folder of e-mails.
        Message.objects.exclude(kind=REMINDER.key).delete()

    def _request(self, chance: random.Random) -> AppointmentRequest:
        journey = qualifying_journey(chance)
        visit_answers = {question.key: any_answer(question, chance) for question in PATHWAY.visit_questions}
        for_someone_else = chance.random() < 0.25
        language = chance.choice(["en", "en", "en", "es", "es", "other"])
        first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
        return submit.submit(
            journey_id=uuid.UUID(int=chance.getrandbits(128)),
            journey=journey,
            visit_answers=visit_answers,
            contact=Contact(
                name=f"{first} {last}",
                date_of_birth=datetime.date(chance.randint(1935, 1968), chance.randint(1, 12), chance.randint(1, 28)),
                phone=f"+1212555{chance.randint(100, 199):04}",
                email=f"{first}.{last}@example.com".lower() if first.isascii() and chance.random() < 0.5 else "",
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
                consent="Demo data: nobody agreed to anything.",
            ),
        )

    def _work_on(
        self,
        request: AppointmentRequest,
        number: int,
        staff: User,
        colleague: User,
        clinicians: list[Clinician],
        places: list[Place],
        chance: random.Random,
    ) -> None:
        """Leave some as they came, and take others some way towards a visit."""
        stage = number % 8
        if stage < 4:
            return
        # Whom a flag keeps from being booked by a scheduler alone.
        by = staff if number % 3 or stage == 6 else colleague
        perform(CLAIM, request, by=by)
        if stage == 4:
            perform(LOG_CALL, request, by=by, channel="phone", outcome=ContactAttempt.CallResult.NO_ANSWER)
        elif stage == 6:
            perform(LOG_CALL, request, by=by, channel="phone", outcome=ContactAttempt.CallResult.REACHED)
            perform(BOOK, request, by=staff, **chance.choice(free_slots(most=20))._asdict())
        elif stage == 7:
            perform(CLOSE, request, by=by, reason=chance.choice([DECLINED, UNREACHABLE]).key)


def qualifying_journey(chance: random.Random) -> Journey:
    """The typical answers with a few changed by chance, as long as they still lead to a visit."""
    while True:
        changed = chance.sample([q for q in PATHWAY.questions if q.key in VARIED], chance.randint(0, 4))
        pain = str(chance.randint(3, 9))
        answers = {**TYPICAL, "pain": pain, **{question.key: any_answer(question, chance) for question in changed}}
        journey = Journey(PATHWAY, answers).completed()
        if journey.is_complete and journey.assessment.outcome.offers_visit:
            return Journey(PATHWAY, journey.relevant_answers)


def any_answer(question: Question, chance: random.Random) -> Answer:
    if not question.options:
        return question.quiet_answer
    value = chance.choice(question.options).value
    return [value] if question.takes_several else value

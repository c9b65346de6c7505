"""What a clinic needs before its first patient: a list on the page "Today" until all of it is there."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone

from common.clinic import CLINIC
from common.languages import ENGLISH, LANGUAGES
from common.notices import LANGUAGES_ASKED_FOR, missing_languages, missing_notices

from ..calendar.calling_hours import decent_hours
from ..calendar.opening_hours import OFFICE_IN_WORDS, are_those_of_the_office
from ..models import (
    AppointmentRequest,
    Caller,
    ClinicDetails,
    Clinician,
    ConsultingHours,
    Holiday,
    OpeningHours,
    Place,
)

A_YEAR = datetime.timedelta(days=365)


def _staff_said_when_it_is_open() -> bool:
    """What differs from the hours of a new clinic was said by somebody, and who saved a day agrees with them."""
    hours = ContentType.objects.get_for_model(OpeningHours)
    return not are_those_of_the_office() or LogEntry.objects.filter(content_type=hours).exists()


@dataclass(frozen=True)
class Step:
    """`page` is the name of the address at which it is done; without one it is done elsewhere, as `how` says."""

    label: str
    how: str
    is_done: bool
    page: str = ""

    @property
    def url(self) -> str:
        return reverse(self.page) if self.page else ""


def missing() -> list[Step]:
    """What is still to be done, in the order in which it is best done. Costs a statement for each step."""
    return [step for step in _steps() if not step.is_done]


def _steps() -> Iterator[Step]:
    def page(model: str, what: str = "changelist") -> str:
        return f"admin:appointments_{model}_{what}"

    yield Step(
        "What patients read of the clinic",
        "Its name and phone, and how calls are made: look at them and save them once.",
        ClinicDetails.objects.exists(),
        page("clinicdetails", "add"),
    )
    yield Step(
        "When the clinic is open",
        f"Patients read it, and by it calls are planned. Until you say otherwise, it is {OFFICE_IN_WORDS}: "
        "change what is otherwise, or save one day if all is right.",
        _staff_said_when_it_is_open(),
        page("openinghours"),
    )
    yield Step(
        "Hours for calls",
        f"Calls are made {decent_hours()}, and the clinic is never open then: “Next call” finds nobody. "
        "Save other hours for calls, or change the opening hours.",
        OpeningHours.meet(*CLINIC.calling_hours),
        page("clinicdetails", "add"),
    )
    notices, languages = missing_notices(), missing_languages()
    yield Step(
        "Notices that the law asks for",
        f"Still missing: {'; '.join(notices)}. Patients see what you save at the foot of each page.",
        not notices,
        page("clinicnotices", "add"),
    )
    yield Step(
        "Help in other languages",
        f"Paste your approved text in {languages} more: the law asks for the {LANGUAGES_ASKED_FOR} languages that "
        "are spoken most in your state (45 CFR 92.11).",
        not languages,
        page("languagehelp", "add"),
    )
    yield Step(
        "A location",
        "Where patients come to, with the address that they read.",
        Place.objects.filter(is_active=True).exists(),
        page("place", "add"),
    )
    yield Step(
        "A clinician",
        "Whom patients see.",
        Clinician.objects.filter(is_active=True).exists(),
        page("clinician", "add"),
    )
    idle = Clinician.objects.filter(is_active=True, consulting_hours=None)
    yield Step(
        "Consulting hours",
        "When each clinician sees patients, and where: without them there are no times to book. "
        "A table of many can be pasted, and a week copied: see “Tables” below.",
        ConsultingHours.objects.exists() and not idle.exists(),
        page("consultinghours", "add"),
    )
    today = timezone.localdate()
    yield Step(
        "Holidays of the next year",
        "Choose among those of the law, and add the clinic’s own.",
        Holiday.objects.filter(date__range=(today, today + A_YEAR)).exists(),
        page("holiday"),
    )
    for group, label in (("Schedulers", "A scheduler"), ("Nurses", "A nurse")):
        yield Step(
            label,
            f"An account that may sign in and is one of the {group.lower()}.",
            User.objects.filter(is_active=True, groups__name=group).exists(),
            "admin:auth_user_add",
        )
    callers = Caller.objects.filter(user__is_active=True)
    spoken = {code for codes in callers.values_list("languages", flat=True) for code in codes}
    for language in LANGUAGES:
        if language is not ENGLISH:
            name = language.english_name
            yield Step(
                f"Somebody who speaks {name}",
                f"Patients who speak {name} are given to them first. Without anybody, an interpreter is needed.",
                language.code in spoken,
                page("caller", "add"),
            )
    yield Step(
        "Who hears of urgent requests",
        "Set STAFF_EMAILS where the product is run: it gets an e-mail of each urgent request, and of what is late.",
        bool(settings.STAFF_EMAILS),
    )
    yield Step(
        "A first request",
        "Answer the check on the public pages as a patient would, and ask for a visit.",
        AppointmentRequest.objects.exists(),
        "screening:start",
    )

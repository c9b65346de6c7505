"""Day one: an empty product says what a clinic needs before its first patient, and who may do it can."""

import datetime
import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from appointments.models import (
    Caller,
    Clinician,
    ClinicNotices,
    ConsultingHours,
    Holiday,
    LanguageHelp,
    OpeningHours,
    Place,
)
from tests.staff import member_of, signed_in
from tests.walk import source_of, words_of

pytestmark = pytest.mark.django_db

PASSWORD = {"password1": "four quiet herons at dusk", "password2": "four quiet herons at dusk"}
USERS = reverse("admin:auth_user_changelist")


def to_do(manager) -> list[str]:
    page = signed_in(manager).get("/admin/")
    return re.findall(r'<li><a class="step" href="[^"]*">([^<]*)</a>:|<li><strong>([^<]*)</strong>:', source_of(page))


def labels(manager) -> list[str]:
    return ["".join(found) for found in to_do(manager)]


def roles(*names) -> list[int]:
    return [Group.objects.get(name=name).pk for name in names]


def test_an_empty_clinic_is_told_step_by_step_what_is_missing_until_nothing_is(settings, a_request):
    eve = member_of("Managers", "eve")
    assert labels(eve) == [
        *("What patients read of the clinic", "When the clinic is open"),
        *("Notices that the law asks for", "Help in other languages"),
        *("A location", "A clinician", "Consulting hours", "Holidays of the next year", "A scheduler", "A nurse"),
        *("Somebody who speaks Spanish", "Who hears of urgent requests", "A first request"),
    ]
    assert "Still to set up" not in words_of(signed_in(member_of("Schedulers", "ana")).get("/admin/"))

    place, clinician = Place.objects.create(name="Main clinic"), Clinician.objects.create(name="Dr. Example")
    assert "Consulting hours" in labels(eve)
    ConsultingHours.objects.create(clinician=clinician, place=place, weekday=0, starts="09:00", ends="12:00")
    button = "Choose among the holidays of the law"
    assert button in words_of(signed_in(eve).get("/admin/"))
    offered = signed_in(eve).get(reverse("admin:add_holidays")).context["form"].initial
    signed_in(eve).post(reverse("admin:add_holidays"), offered)
    assert button not in words_of(signed_in(eve).get("/admin/"))
    details = reverse("admin:appointments_clinicdetails_add")
    form = signed_in(eve).get(details).context["adminform"].form
    shown = {name: typed for name, typed in form.initial.items() if typed}
    assert signed_in(eve).post(details, shown).status_code == 302
    assert "Until you say otherwise, it is Monday to Friday from 8 AM to 5 PM" in words_of(
        signed_in(eve).get("/admin/")
    )
    monday = OpeningHours.objects.get(weekday=0)
    change = reverse("admin:appointments_openinghours_change", args=[monday.pk])
    as_it_is = {"weekday": 0, "opens": "08:00", "closes": "17:00"}
    assert signed_in(eve).post(change, as_it_is).status_code == 302
    assert "When the clinic is open" not in labels(eve)
    set_ones = {"privacy_practices": {"en": "https://clinic.example/npp"}, "teletypewriter": "711"}
    set_ones |= {"nondiscrimination": {"en": "https://clinic.example/fair"}}
    ClinicNotices.objects.create(**set_ones, accessibility_email="access@clinic.example")
    LanguageHelp.objects.bulk_create(
        LanguageHelp(name=f"Sample {number}", code=f"qa-{number:02}", text="Sample") for number in range(15)
    )
    kim = member_of("Nurses", "kim")
    Caller.objects.create(user=kim, languages=["es"])
    settings.STAFF_EMAILS = ["desk@clinic.example"]
    a_request()

    assert labels(eve) == []
    assert "Still to set up" not in words_of(signed_in(eve).get("/admin/"))


def test_the_holidays_of_the_law_are_offered_for_a_year_ahead_and_taken_or_left():
    eve = signed_in(member_of("Managers", "eve"))
    page = reverse("admin:add_holidays")
    of_the_country = eve.get(page).context["form"]
    of_new_york = eve.get(page, {"state": "NY"}).context["form"]
    assert "Lincoln's Birthday" in {one.name for one in of_new_york.offered.values()}
    assert of_new_york.initial == of_the_country.initial
    assert eve.get(page, {"state": "nowhere"}).context["form"].initial == of_the_country.initial

    taken = [day for day, one in of_new_york.offered.items() if one.name != "Columbus Day"]
    assert eve.post(f"{page}?state=NY", {"days": taken}).status_code == 302

    today = timezone.localdate()
    assert [holiday.date.isoformat() for holiday in Holiday.objects.order_by("date")] == taken
    assert all(today <= holiday.date <= today + datetime.timedelta(days=365) for holiday in Holiday.objects.all())
    left = eve.get(page, {"state": "NY"}).context["form"].offered
    assert {one.name for one in left.values()} == {"Columbus Day"}
    for wrong in ({}, {"days": ["2020-01-01"]}, {"days": ["x"]}):
        assert eve.post(page, wrong).status_code == 422


@pytest.mark.parametrize("role", ["Schedulers", "Nurses"])
def test_a_manager_makes_an_account_that_can_be_used_at_once(role):
    eve = signed_in(member_of("Managers", "eve"))
    page = eve.get(reverse("admin:auth_user_add"))
    assert "Scheduler: calls patients, books, moves and closes" in words_of(page)
    assert "Manager: as a scheduler" not in words_of(page)

    made = eve.post(
        reverse("admin:auth_user_add"),
        {"username": "new", "first_name": "Nora", "last_name": "", "groups": roles(role), **PASSWORD},
    )

    assert made.status_code == 302
    new = get_user_model().objects.get(username="new")
    assert (new.is_staff, new.is_active, new.is_superuser) == (True, True, False)
    assert [group.name for group in new.groups.all()] == [role]


def test_an_account_is_not_saved_half():
    eve = signed_in(member_of("Managers", "eve"))

    refused = eve.post(reverse("admin:auth_user_add"), {"username": "new", **PASSWORD})

    assert "Choose what they do." in words_of(refused)
    assert not get_user_model().objects.filter(username="new").exists()


def test_a_manager_locks_an_account_and_opens_it_again():
    eve, ana = signed_in(member_of("Managers", "eve")), member_of("Schedulers", "ana")
    page = reverse("admin:auth_user_change", args=[ana.pk])

    for ticked, is_active in (({}, False), ({"is_active": "on"}, True)):
        assert eve.post(page, {"username": "ana", "groups": roles("Schedulers"), **ticked}).status_code == 302
        ana.refresh_from_db()
        assert (ana.is_active, ana.is_staff) == (is_active, True)


@pytest.mark.parametrize("role", ["Managers", "Auditors"])
def test_a_manager_makes_no_manager_and_no_auditor_and_does_not_see_their_accounts(role):
    eve = signed_in(member_of("Managers", "eve"))
    other = member_of(role, "other")

    refused = eve.post(reverse("admin:auth_user_add"), {"username": "new", "groups": roles(role), **PASSWORD})

    assert refused.status_code == 200
    assert not get_user_model().objects.filter(username="new").exists()
    assert "other" not in words_of(eve.get(USERS))
    assert eve.get(reverse("admin:auth_user_change", args=[other.pk])).status_code == 302
    assert eve.get(reverse("admin:auth_user_password_change", args=[other.pk])).status_code == 404


def test_hours_for_calls_at_which_the_clinic_is_never_open_are_told(settings):
    eve = member_of("Managers", "eve")
    assert "Hours for calls" not in labels(eve)

    OpeningHours.objects.update(opens="20:00", closes="22:00")

    assert "Hours for calls" in labels(eve)
    today = words_of(signed_in(eve).get("/admin/"))
    assert "Calls are made from 8 AM to 8 PM, and the clinic is never open then" in today
    OpeningHours.objects.filter(weekday=2).update(opens="19:59")
    assert "Hours for calls" not in labels(eve)
    settings.CALLS_UNTIL_HOUR = 24
    OpeningHours.objects.update(opens="23:00", closes="23:30")
    assert "Hours for calls" not in labels(eve)

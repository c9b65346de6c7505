"""What each group of staff may open and press, page by page."""

import uuid

import pytest
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from appointments import roles
from appointments.models import AppointmentRequest, Event, PossibleDuplicate
from appointments.staff.verbs import VERBS
from tests.staff import member_of, signed_in

ROLES = ("Schedulers", "Nurses", "Managers", "Auditors")
ALL = dict.fromkeys(ROLES, 200)
WHO_SEE = ALL | {"Auditors": 403}
WHO_WORK = WHO_SEE | {"Nurses": 403}
WHO_MANAGE = WHO_WORK | {"Schedulers": 403}

# What each page of ours answers to each group, if sent what its buttons send, or nothing.
PAGES = {
    ("index", "GET"): ALL,
    ("next_call", "POST"): WHO_WORK | {"Schedulers": 302, "Managers": 302},
    ("handover", "GET"): WHO_SEE,
    ("handover", "POST"): WHO_WORK | {"Schedulers": 422, "Managers": 422},
    ("assign", "GET"): WHO_MANAGE,
    ("assign", "POST"): WHO_MANAGE,
    ("nurse", "GET"): WHO_SEE,
    ("nurse", "POST"): dict.fromkeys(ROLES, 403) | {"Nurses": 302},
    ("duplicates", "GET"): WHO_SEE,
    ("duplicate", "GET"): WHO_SEE,
    ("duplicate", "POST"): WHO_WORK | {"Schedulers": 302, "Managers": 302},
    ("messages", "GET"): WHO_WORK,
    ("messages", "POST"): WHO_WORK | {"Schedulers": 302, "Managers": 302},
    ("report", "GET"): WHO_MANAGE,
    ("export", "GET"): WHO_MANAGE,
    ("export", "POST"): WHO_MANAGE,
    ("day_sheet", "GET"): WHO_SEE,
    ("audit", "GET"): dict.fromkeys(ROLES, 403) | {"Auditors": 200},
    ("audit", "POST"): dict.fromkeys(ROLES, 403) | {"Auditors": 422},
    ("letter", "GET"): WHO_WORK,
    ("appointments_appointmentrequest_changelist", "GET"): WHO_SEE,
    ("appointments_appointmentrequest_changelist", "POST"): WHO_SEE,
    ("appointments_appointmentrequest_change", "GET"): WHO_SEE,
    # Where a sign-in in between leads back to the sheet.
    ("appointments_appointmentrequest_do", "GET"): WHO_WORK | {"Schedulers": 302, "Managers": 302},
    ("appointments_appointmentrequest_do", "POST"): WHO_WORK | {"Schedulers": 302, "Managers": 302},
    ("appointments_appointmentrequest_add", "GET"): dict.fromkeys(ROLES, 403),
    ("appointments_appointmentrequest_delete", "GET"): dict.fromkeys(ROLES, 403),
    ("appointments_clinician_changelist", "GET"): WHO_MANAGE,
    ("appointments_clinician_add", "GET"): WHO_MANAGE,
    ("appointments_place_add", "GET"): WHO_MANAGE,
    ("appointments_openinghours_add", "GET"): WHO_MANAGE,
    ("appointments_holiday_add", "GET"): WHO_MANAGE,
    ("appointments_caller_add", "GET"): WHO_MANAGE,
    # Of signing in; what is asked before that is tested in tests/accounts/.
    ("second_factor", "GET"): dict.fromkeys(ROLES, 302),
    ("second_factor", "POST"): dict.fromkeys(ROLES, 302),
    ("use_recovery_code", "GET"): dict.fromkeys(ROLES, 302),
    ("use_recovery_code", "POST"): dict.fromkeys(ROLES, 302),
    ("set_up_second_factor", "GET"): ALL,
    ("set_up_second_factor", "POST"): dict.fromkeys(ROLES, 422),
    ("leave", "POST"): dict.fromkeys(ROLES, 302),
    ("new_recovery_codes", "GET"): dict.fromkeys(ROLES, 302),
    ("new_recovery_codes", "POST"): dict.fromkeys(ROLES, 302),
    ("sessions", "GET"): ALL,
    ("end_session", "POST"): dict.fromkeys(ROLES, 302),
    ("end_all_sessions", "POST"): dict.fromkeys(ROLES, 302),
    ("unsent", "GET"): dict.fromkeys(ROLES, 302),
    ("unsent", "POST"): dict.fromkeys(ROLES, 302),
    ("auth_user_changelist", "GET"): dict.fromkeys(ROLES, 403),
    ("auth_group_changelist", "GET"): dict.fromkeys(ROLES, 403),
}
DJANGOS_OWN = ("_add", "_delete", "clinician_changelist", "user_changelist", "group_changelist")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def pair(send_request) -> PossibleDuplicate:
    """Two requests of one person, with something to ask the nurse."""
    send_request(blood_thinner="yes")
    send_request(blood_thinner="yes")
    return PossibleDuplicate.objects.get()


def address_of(page: str, pair: PossibleDuplicate) -> str:
    request = pair.later_id
    arguments = {
        "duplicate": [pair.pk],
        "end_session": [uuid.uuid4()],
        "letter": [request],
        "appointments_appointmentrequest_change": [request],
        "appointments_appointmentrequest_delete": [request],
        "appointments_appointmentrequest_do": [request, "claim"],
    }
    return reverse(f"admin:{page}", args=arguments.get(page))


def sent_to(page: str, pair: PossibleDuplicate) -> dict:
    request = pair.later
    return {
        "duplicate": {"decision": "different", "seen": ""},
        "export": {"purpose": "The yearly report"},
        "nurse": {"visit_request": request.pk, "version": request.version, "answer": "fine"},
        "appointments_appointmentrequest_do": {"version": request.version},
    }.get(page, {})


def answers_to(roles, method: str, address: str, data=None) -> dict[str, int]:
    """The status that each group gets, each as if it were the first to come."""
    answers = {}
    for role in roles:
        with transaction.atomic():
            send = getattr(signed_in(member_of(role)), method.lower())
            answers[role] = send(address, data).status_code
            transaction.set_rollback(True)
    return answers


@pytest.mark.parametrize(("page", "method"), PAGES, ids=str)
def test_each_page_answers_those_whose_work_needs_it(pair, page, method):
    data = sent_to(page, pair) if method == "POST" else None

    assert answers_to(ROLES, method, address_of(page, pair), data) == PAGES[page, method]


@pytest.mark.parametrize("page", sorted({page for page, _ in PAGES if not page.endswith(DJANGOS_OWN)}))
def test_a_page_of_ours_takes_no_other_methods_and_does_nothing_then(pair, scheduler, page):
    others = [method for method in METHODS if (page, method) not in PAGES]
    before = what_there_is()

    answers = {signed_in(scheduler).generic(method, address_of(page, pair)).status_code for method in others}

    assert answers == {405}
    assert what_there_is() == before


@pytest.mark.parametrize("verb", [verb.key for verb in VERBS])
def test_verbs_are_for_schedulers_and_managers_and_what_is_final_for_managers(pair, verb):
    address = reverse("admin:appointments_appointmentrequest_do", args=[pair.later_id, verb])

    answers = answers_to(ROLES, "POST", address, {"version": pair.later.version})

    allowed = {"Managers"} if verb in ("hold", "lift-hold", "erase") else {"Schedulers", "Managers"}
    assert {answers[role] for role in set(ROLES) - allowed} == {403}
    # Done, or not possible now, or not filled in.
    assert {answers[role] for role in allowed} <= {302, 409, 422}


@pytest.mark.parametrize("page", sorted({page for page, _ in PAGES}))
def test_who_is_not_signed_in_or_no_staff_is_sent_to_the_login(pair, page):
    patient = get_user_model().objects.create_user("no staff")
    before = what_there_is()

    for client in (Client(), signed_in(patient)):
        answers = [client.get(address_of(page, pair)), client.post(address_of(page, pair), sent_to(page, pair))]

        assert [answer.status_code for answer in answers] == [302, 302]
        assert {answer["Location"].split("?")[0] for answer in answers} == {"/admin/login/"}
    assert what_there_is() == before


def test_every_page_of_ours_stands_in_the_table():
    ours, djangos = ({getattr(url, "name", None) for url in site.get_urls()} for site in (admin.site, AdminSite()))

    # A site without models lacks Django's list of an app's models.
    ours -= djangos | {"app_list"}
    assert len(ours) >= 10
    assert ours - {page for page, _ in PAGES} == set()


def test_who_has_no_group_sees_no_patient(pair):
    nobody = signed_in(get_user_model().objects.create_user("new here", is_staff=True))

    pages = [nobody.get(address_of(page, pair)) for page, method in PAGES if method == "GET"]

    # What leads on, 302, are pages of the sign-in.
    assert {page.status_code for page in pages} == {200, 302, 403}
    assert not any("Ana Example" in page.text for page in pages)


def test_auditors_see_no_patient(pair):
    auditor = signed_in(member_of("Auditors"))

    pages = [auditor.get(address_of(page, pair)) for page, method in PAGES if method == "GET"]

    assert not any("Ana Example" in page.text for page in pages)


def what_there_is() -> list:
    return [list(model.objects.order_by("pk").values()) for model in (AppointmentRequest, PossibleDuplicate, Event)]


# The groups themselves.


def permissions_of(group: str) -> set[str]:
    return set(Group.objects.get(name=group).permissions.values_list("codename", flat=True))


@pytest.mark.parametrize("role", ROLES)
def test_each_group_has_what_the_table_says_and_no_more(db, role):
    assert permissions_of(role) == set(roles.PERMISSIONS[role])


def test_an_empty_database_gets_the_groups_with_their_permissions(db):
    Group.objects.all().delete()
    Permission.objects.all().delete()

    call_command("migrate", verbosity=0)

    assert {name: permissions_of(name) for name in ROLES} == {name: set(roles.PERMISSIONS[name]) for name in ROLES}


def test_a_migration_mends_what_was_changed_by_hand_and_leaves_people_alone(db):
    scheduler = member_of("Schedulers")
    extra = Permission.objects.get(codename="manage_queue")
    scheduler.user_permissions.add(extra)
    own = Group.objects.create(name="Volunteers")
    own.permissions.add(extra)
    Group.objects.get(name="Schedulers").permissions.set([extra])

    call_command("migrate", verbosity=0)

    assert permissions_of("Schedulers") == {"view_appointmentrequest", "change_appointmentrequest"}
    assert permissions_of("Volunteers") == {"manage_queue"}
    assert list(scheduler.groups.values_list("name", flat=True)) == ["Schedulers"]
    assert list(scheduler.user_permissions.all()) == [extra]

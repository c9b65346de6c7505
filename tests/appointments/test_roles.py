"""What each group of staff may open and press, page by page."""

import datetime
import re
from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import AccountSession
from accounts.sessions import OF_PROVIDER
from appointments import roles
from appointments.lifecycle.definition import LIFECYCLE
from appointments.models import (
    Absence,
    AppointmentRequest,
    Caller,
    ClinicDetails,
    Clinician,
    ClinicNotices,
    ConsultingHours,
    Event,
    ExtraHours,
    Holiday,
    KnownNetwork,
    LanguageHelp,
    OpeningHours,
    Place,
    PlaceHours,
    PossibleDuplicate,
    ReferralSource,
    VisitKind,
)
from tests.staff import member_of, signed_in

VERBS = [verb for verb in LIFECYCLE.verbs if verb.has_button]

GROUPS = ("Schedulers", "Nurses", "Managers", "Auditors")
READ = ("GET", "HEAD")
# The gate refuses them before anything is asked who it is.
NO_METHODS_OF_OURS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

# Every address of the staff's side: what each of these people gets by GET/POST, or by both, if they send what its
# buttons send, or nothing. HEAD gets what GET gets. "half-way" is a superuser who gave the password and no code yet.
# "login" is a redirect there, "on" one to anywhere else; {table} stands for each of roles.KEPT_BY_MANAGERS.
STAFF = """
page                                       nobody patient half-way  scheduler nurse     manager   auditor   superuser
next_call                                  login  login   login     405/on    403       405/on    403       405/on
paste_hours                                login  login   login     403       403       200/422   403       200/422
copy_hours                                 login  login   login     403       403       200/422   403       200/422
add_holidays                               login  login   login     403       403       200/422   403       200/422
figures                                    login  login   login     200/405   200/405   200/405   403       200/405
new_request                                login  login   login     200/422   200/422   200/422   403       200/422
handover                                   login  login   login     200/422   200/403   200/422   403       200/422
assign                                     login  login   login     403       403       200       403       200
nurse                                      login  login   login     200/403   200/on    200/403   403       200/on
doubts                                     login  login   login     200/422   200/403   200/422   403       200/422
duplicates                                 login  login   login     200/405   200/405   200/405   403       200/405
duplicate                                  login  login   login     200/on    200/403   200/on    403       200/on
report                                     login  login   login     403/405   403/405   200/405   403/405   200/405
letter                                     login  login   login     200/405   403       200/405   403       200/405
export                                     login  login   login     403       403       200       403       200
messages                                   login  login   login     200/on    403       200/on    403       200/on
restored                                   login  login   login     403       403       200/on    403       200/on
patient_matches                            login  login   login     200/on    403       200/on    403       200/on
retention                                  login  login   login     403       403       200/on    403       200/on
free_times                                 login  login   login     200/405   403/405   200/405   403/405   200/405
day_sheet                                  login  login   login     200/405   200/405   200/405   403/405   200/405
calendar_feeds                             login  login   login     403       403       200/422   403       200/422
revoke_calendar_feed                       login  login   login     403       403       405/on    403       405/on
audit                                      login  login   login     403       403       403       200/422   200/422
how_requests_move                          login  login   login     200/405   200/405   200/405   403/405   200/405
what_if                                    login  login   login     200       200       200       403       200
versions                                   login  login   login     200/405   200/405   200/405   403/405   200/405
second_factor                              login  login   on        on        on        on        on        on
use_recovery_code                          login  login   on        on        on        on        on        on
set_up_second_factor                       login  login   200/422   200/422   200/422   200/422   200/422   200/422
confirm_second_factor                      login  login   login     on        on        on        on        on
leave                                      login  login   405/login 405/login 405/login 405/login 405/login 405/login
new_recovery_codes                         login  login   login     200       on        on        200       200
sessions                                   login  login   login     200/405   200/405   200/405   200/405   200/405
end_all_sessions                           login  login   login     405/login 405/login 405/login 405/login 405/login
end_session                                login  login   login     405/on    405/on    405/on    405/on    405/on
unsent                                     login  login   login     on        on        on        on        on
bundle                                     login  login   login     200/405   403       200/405   403       200/405
record                                     login  login   login     200/405   200/405   200/405   403       200/405
sso                                        404/405 404/405 404/405  404/405   404/405   404/405   404/405   404/405
sso_back                                   404/405 404/405 404/405  404/405   404/405   404/405   404/405   404/405
index                                      login  login   login     200/405   200/405   200/405   200/405   200/405
login                                      200    200     on/200    on/200    on/200    on/200    on/200    on/200
logout                                     on     on      on        405/200   405/200   405/200   405/200   405/200
password_change                            login  login   login     200       200       200       200       200
password_change_done                       login  login   login     200/405   200/405   200/405   200/405   200/405
jsi18n                                     login  login   login     200/405   200/405   200/405   200/405   200/405
appointments_{table}_changelist            login  login   login     403       403       200       403       200
appointments_{table}_add                   login  login   login     403       403       200       403       200
appointments_{table}_history               login  login   login     403       403       200       403       200
appointments_{table}_delete                login  login   login     403       403       200/on    403       200/on
appointments_{table}_change                login  login   login     403       403       200       403       200
appointments/{table}/<id>/                 login  login   login     on        on        on        on        on
appointments_clinicdetails_changelist      login  login   login     403       403       200       403       200
appointments_clinicdetails_add             login  login   login     403       403       200       403       200
appointments_clinicdetails_history         login  login   login     403       403       200       403       200
appointments_clinicdetails_delete          login  login   login     403       403       403       403       403
appointments_clinicdetails_change          login  login   login     403       403       200/403   403       200/403
appointments/clinicdetails/<id>/           login  login   login     on        on        on        on        on
appointments_clinicnotices_changelist      login  login   login     403       403       200       403       200
appointments_clinicnotices_add             login  login   login     403       403       200/on    403       200/on
appointments_clinicnotices_history         login  login   login     403       403       200       403       200
appointments_clinicnotices_delete          login  login   login     403       403       403       403       403
appointments_clinicnotices_change          login  login   login     403       403       200/403   403       200/403
appointments/clinicnotices/<id>/           login  login   login     on        on        on        on        on
appointments_appointmentrequest_do         login  login   login     on        403       on        403       on
appointments_appointmentrequest_keep       login  login   login     405/on    405/403   405/on    405/403   405/on
appointments_appointmentrequest_changelist login  login   login     200       200       200       403       200
appointments_appointmentrequest_add        login  login   login     403       403       403       403       403
appointments_appointmentrequest_history    login  login   login     on        on        on        on        on
appointments_appointmentrequest_delete     login  login   login     403       403       403       403       403
appointments_appointmentrequest_change     login  login   login     200/405   200/405   200/405   403/405   200/405
appointments/appointmentrequest/<id>/      login  login   login     on        on        on        on        on
auth_group_changelist                      login  login   login     403       403       403       403       200
auth_group_add                             login  login   login     403       403       403       403       200
auth_group_history                         login  login   login     403       403       403       403       200
auth_group_delete                          login  login   login     403       403       403       403       200/on
auth_group_change                          login  login   login     403       403       403       403       200
auth/group/<id>/                           login  login   login     on        on        on        on        on
auth_user_password_change                  login  login   login     403       403       404       403       200
auth_user_changelist                       login  login   login     403       403       200       403       200
auth_user_add                              login  login   login     403       403       200       403       200
auth_user_history                          login  login   login     on        on        on        on        200
auth_user_delete                           login  login   login     403       403       403       403       200/on
auth_user_change                           login  login   login     403       403       on        403       200
auth/user/<id>/                            login  login   login     on        on        on        on        on
sign_offs                                  login  login   login     200/403   200/403   200/422   200/403   200/422
withdraw_sign_off                          login  login   login     403       403       405/422   403       405/422
app_list                                   login  login   login     200       200       200       404       200
(?P<url>.*)$                               login  login   login     404       404       404       404       404
"""

# The public addresses, and what everybody gets there, whether signed in or not; then what a browser gets that has
# just sent a request. How a request is opened by its reference and a birthday is the matter of test_status.py.
PUBLIC = """
page                GET   POST  GET, having sent
education           200   405   200
how_it_decides      200   405   200
rule_at_a_glance    200   405   200
brand_css           200   405   200
components          200   405   200
start               200   302   200
start_again         302   302   302
answers             302   405   302
result              302   405   302
summary             302   405   302
question            302   302   302
ask                 302   405   302
sent                302   405   200
sent_summary        302   405   200
choose              404   404   404
text_received       405   404   405
text_status         405   404   405
mail_events         405   404   405
step                302   302   302
status              200   422   200
yours               302   405   302
lost_reference      200   422   200
correct_phone       302   302   302
call_first          302   302   302
choose_time         302   302   302
change_call_times   302   302   302
withdraw            302   302   302
visit_file          302   405   302
status_summary      302   405   302
leave_status        302   302   302
calendar_feed       404   405   404
language_help       404   405   404
accessibility       404   405   404
text_messages       200   405   200
set_language        302   302   302
sso_logged_out      405   404   405
jwks                200   405   200
metadata            200   405   200
questionnaires      200   405   200
questionnaire       404   405   404
questionnaire_response 405 404  405
live                200   405   200
ready               200   405   200
metrics             404   405   404
security_txt        404   405   404
"""

TO_SIGN_IN = "login"


def rows_of(table: str) -> dict[str, list[str]]:
    """What the table says for each page."""
    rows = {}
    for line in table.strip().splitlines()[1:]:
        name, *cells = line.split()
        for kept in roles.KEPT_BY_MANAGERS if "{table}" in name else ("",):
            row = rows.setdefault(name.replace("{table}", kept), cells)
            assert row is cells, f"{name} stands there twice"
    return rows


def routes(resolver=None, before="") -> Iterator[tuple[str, str]]:
    """The name of each address there is, or its pattern if it has none, and the whole pattern."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield pattern.name or route.removeprefix("admin/").replace("<path:object_id>", "<id>"), route


ROUTES = dict(reversed([*routes()]))
STAFF_PAGES = rows_of(STAFF)
PUBLIC_PAGES = rows_of(PUBLIC)


@pytest.fixture
def pair(a_request) -> PossibleDuplicate:
    """Two requests of one person, with something to ask the nurse."""
    a_request(blood_thinner="yes")
    a_request(blood_thinner="yes")
    return PossibleDuplicate.objects.get()


@pytest.fixture
def samples(pair, clinician, place, scheduler) -> dict[str, object]:
    """A row of each table that the admin shows, by the beginning of the names of its pages."""
    nine, five = datetime.time(9), datetime.time(17)
    hours = {"clinician": clinician, "place": place, "weekday": 0, "starts": nine, "ends": five}
    calls = {"call_attempts": 4, "hours_between_calls": 20, "calls_from_hour": 8, "calls_until_hour": 20}
    return {
        "appointments_appointmentrequest": pair.later,
        "letter": pair.later,
        "bundle": pair.later,
        "record": pair.later,
        "duplicate": pair,
        "appointments_clinician": Clinician.objects.create(name="Dr. Sample"),
        "appointments_place": Place.objects.create(name="Second clinic"),
        "appointments_openinghours": OpeningHours.objects.first(),
        "appointments_holiday": Holiday.objects.create(date=datetime.date(2099, 12, 25), name="Christmas"),
        "appointments_consultinghours": ConsultingHours.objects.create(**hours),
        "appointments_extrahours": ExtraHours.objects.create(
            clinician=clinician, place=place, date="2099-12-20", starts=nine, ends=five
        ),
        "appointments_placehours": PlaceHours.objects.create(place=place, weekday=0, opens=nine, closes=five),
        "appointments_absence": Absence.objects.create(
            clinician=clinician,
            starts_at=datetime.datetime(2099, 12, 1, tzinfo=datetime.UTC),
            ends_at=datetime.datetime(2099, 12, 2, tzinfo=datetime.UTC),
        ),
        "appointments_visitkind": VisitKind.objects.first(),
        "appointments_caller": Caller.objects.create(user=scheduler),
        "appointments_knownnetwork": KnownNetwork.objects.create(network="192.0.2.0/24", label="Kiosk"),
        "appointments_clinicdetails": ClinicDetails.objects.create(name="Sample", phone="(212) 555-0100", **calls),
        "appointments_clinicnotices": ClinicNotices.objects.create(),
        "appointments_languagehelp": LanguageHelp.objects.create(name="Español", code="es", text="Sample"),
        "appointments_referralsource": ReferralSource.objects.create(code="sample", name="Sample", kind="poster"),
        "auth_user": scheduler,
        "auth_group": Group.objects.get(name="Nurses"),
    }


def address_of(page: str, samples: dict[str, object]) -> str:
    """With the sample row, where the address names one."""
    route = ROUTES[page]
    table = page if "/" not in page else "_".join(page.split("/")[:2])
    numbers = [row.pk for name, row in samples.items() if table.startswith(name)]
    number = str(numbers[-1] if numbers else 1)
    filled = {
        "pk": number,
        "id": number,
        "object_id": number,
        "key": "claim",
        "content_type_id": "1",
        "digest": "any",
        "message": "00000000-0000-4000-8000-000000000000",
    }
    filled |= {"app_label": "appointments", "url": "nowhere", "token": "forged"}
    if "uuid:pk" in route:
        filled["pk"] = "00000000-0000-4000-8000-000000000000"
    if page in ("question", "step"):
        filled["key"] = {"question": "pain", "step": "who"}[page]
    route = re.sub(r"\(\?P<(\w+)>.*\)|<(?:\w+:)?(\w+)>", lambda part: filled[part[1] or part[2]], route)
    return "/" + route.strip("^$").replace("^", "").replace("$", "")


def sent_to(page: str, samples: dict[str, object]) -> dict:
    request = samples["appointments_appointmentrequest"]
    return {
        "duplicate": {"decision": "different", "seen": ""},
        "export": {"purpose": "The yearly report"},
        "nurse": {"visit_request": request.pk, "version": request.version, "answer": "fine"},
        "appointments_appointmentrequest_do": {"version": request.version},
    }.get(page, {"post": "yes"} if page.endswith("_delete") else {})


def past_the_second_factor(user, *, at_the_provider=False) -> Client:
    client = signed_in(user)
    session = client.session
    if at_the_provider:
        session[OF_PROVIDER] = True
    else:
        session[DEVICE_ID_SESSION_KEY] = TOTPDevice.objects.create(user=user, confirmed=True).persistent_id
    session.save()
    AccountSession.objects.filter(user=user).update(code_given_at=timezone.now())
    return client


@pytest.fixture
def people(db, settings) -> dict[str, Client]:
    """Nurse and manager come from an identity provider. It makes no difference, but that they have no codes here."""
    settings.SECOND_FACTOR = True
    users = get_user_model().objects
    return {
        "nobody": Client(),
        "patient": signed_in(users.create_user("no staff")),
        "half-way": signed_in(users.create_superuser("half way")),
        "scheduler": past_the_second_factor(member_of("Schedulers")),
        "nurse": past_the_second_factor(member_of("Nurses"), at_the_provider=True),
        "manager": past_the_second_factor(member_of("Managers"), at_the_provider=True),
        "auditor": past_the_second_factor(member_of("Auditors")),
        "superuser": past_the_second_factor(users.create_superuser("highest")),
    }


def ask(client: Client, method: str, address: str, data=None):
    """The answer, as if this were the first that is ever asked."""
    cookies = client.cookies.output()
    with transaction.atomic():
        answer = getattr(client, method.lower())(address, data)
        getattr(answer, "streaming_content", None) and answer.getvalue()
        transaction.set_rollback(True)
    if client.cookies.output() != cookies:
        client.cookies.load(cookies.replace("Set-Cookie: ", ""))
    return answer


def cell(answer) -> str:
    if answer.status_code not in (301, 302):
        return str(answer.status_code)
    return TO_SIGN_IN if answer["Location"].startswith("/admin/login/") else "on"


def differences(declared: dict, found: dict) -> str:
    """The rows that are otherwise than declared, as they are."""
    return "\n".join(f"{page:44} {' '.join(cells)}" for page, cells in found.items() if declared[page] != cells)


def test_every_address_stands_in_the_table():
    staff = {name for name, route in ROUTES.items() if route.startswith("admin/")}

    assert set(STAFF_PAGES) == staff
    assert set(PUBLIC_PAGES) == set(ROUTES) - staff


# In parts, which several processes can share.
PARTS = 6


@pytest.mark.sweep
@pytest.mark.parametrize("part", range(PARTS))
def test_each_staff_page_answers_those_whose_work_needs_it_and_nobody_else(samples, people, part):
    found = {}
    for page in [*STAFF_PAGES][part::PARTS]:
        address, data = address_of(page, samples), sent_to(page, samples)
        got = {
            who: (ask(client, "GET", address), ask(client, "POST", address, data)) for who, client in people.items()
        }
        assert not any("Ana Example" in answer.text for answer in got["auditor"]), page
        cells = [tuple(map(cell, answers)) for answers in got.values()]
        found[page] = [get if get == post else f"{get}/{post}" for get, post in cells]

    assert differences(STAFF_PAGES, found) == ""


@pytest.mark.sweep
def test_head_answers_strangers_what_get_answers(samples, people):
    """Those outside: tests/test_headers.py sends it as a superuser too."""
    expected = {page: cells[0].split("/")[0] for page, cells in STAFF_PAGES.items()}

    heads = {page: cell(ask(people["nobody"], "HEAD", address_of(page, samples))) for page in STAFF_PAGES}

    assert heads == expected


def test_no_address_takes_another_method_from_anybody_and_nothing_is_done_then(samples, people):
    before = what_there_is()

    answers = {
        (page, method, who): people[who].generic(method, address_of(page, samples)).status_code
        for page in ROUTES
        for method in NO_METHODS_OF_OURS
        for who in ("nobody", "superuser")
    }

    assert {asked: status for asked, status in answers.items() if status != 405} == {}
    assert what_there_is() == before


def test_public_pages_ask_nobody_who_they_are(samples, people, client, send_request):
    # Some pages are for those who have just sent one.
    send_request()
    found = {}
    for page in PUBLIC_PAGES:
        address = address_of(page, samples)
        cells = []
        for method in ("GET", "POST"):
            statuses = {ask(people[who], method, address).status_code for who in ("nobody", "half-way", "superuser")}
            assert len(statuses) == 1, (page, statuses)
            cells.append(str(*statuses))
        found[page] = [*cells, str(ask(client, "GET", address).status_code)]

    assert differences(PUBLIC_PAGES, found) == ""


@pytest.mark.sweep
def test_verbs_are_for_schedulers_and_managers_and_what_is_final_for_managers(pair, people):
    of_managers, of_nurses = {"hold", "lift-hold", "erase", "book-anyway", "reschedule-anyway"}, {"log-nurses-call"}
    sent = {"version": pair.later.version}

    for verb in VERBS:
        address = f"/admin/appointments/appointmentrequest/{pair.later_id}/do/{verb.key}/"
        answers = {who: cell(ask(client, "POST", address, sent)) for who, client in people.items()}

        outside = ("nobody", "patient", "half-way")
        allowed = {"manager", "superuser"} | (set() if verb.key in of_managers else {"scheduler"})
        allowed = {"nurse", "superuser"} if verb.key in of_nurses else allowed
        # Nurses too, as far as they did something.
        allowed |= {"nurse"} if verb.key == "undo" else set()
        assert {who: answers[who] for who in outside} == dict.fromkeys(outside, TO_SIGN_IN)
        assert {who for who in answers if answers[who] == "403"} == set(people) - allowed - {*outside}
        # Done, or not possible now, or not filled in.
        assert {answers[who] for who in allowed} <= {"on", "409", "422"}


def test_who_has_no_group_sees_no_patient(samples):
    nobody = signed_in(get_user_model().objects.create_user("new here", is_staff=True))

    pages = [nobody.get(address_of(page, samples)) for page in STAFF_PAGES]

    # What leads on, 302, are pages of the sign-in; 404 and 405 lead nowhere.
    assert {page.status_code for page in pages} == {200, 302, 403, 404, 405}
    assert not any("Ana Example" in page.text for page in pages)


def what_there_is() -> list:
    return [list(model.objects.order_by("pk").values()) for model in (AppointmentRequest, PossibleDuplicate, Event)]


# The groups themselves.


def permissions_of(group: str) -> set[str]:
    held = Group.objects.get(name=group).permissions.values_list("content_type__app_label", "codename")
    return {f"{label}.{codename}" for label, codename in held}


@pytest.mark.parametrize("role", GROUPS)
def test_each_group_has_what_the_table_says_and_no_more(db, role):
    assert permissions_of(role) == set(roles.PERMISSIONS[role])


def test_an_empty_database_gets_the_groups_with_their_permissions(db):
    Group.objects.all().delete()
    Permission.objects.all().delete()

    call_command("migrate", verbosity=0)

    assert {name: permissions_of(name) for name in GROUPS} == {name: set(roles.PERMISSIONS[name]) for name in GROUPS}


def test_a_migration_mends_what_was_changed_by_hand_and_leaves_people_alone(db):
    scheduler = member_of("Schedulers")
    extra = Permission.objects.get(codename="manage_queue")
    scheduler.user_permissions.add(extra)
    own = Group.objects.create(name="Volunteers")
    own.permissions.add(extra)
    Group.objects.get(name="Schedulers").permissions.set([extra])

    call_command("migrate", verbosity=0)

    assert permissions_of("Schedulers") == {roles.SEE, roles.WORK, roles.TAKE, roles.SEE_SIGN_OFFS}
    assert permissions_of("Volunteers") == {roles.MANAGE}
    assert list(scheduler.groups.values_list("name", flat=True)) == ["Schedulers"]
    assert list(scheduler.user_permissions.all()) == [extra]


@pytest.mark.parametrize(("path", "status"), [("/admin/report/", 403), ("/admin/duplicates/999/", 404)])
def test_whoever_of_staff_comes_to_a_page_that_there_is_not_for_them_is_led_to_today(db, path, status):
    page = signed_in(member_of("Schedulers", "ana")).get(path)

    assert page.status_code == status
    assert '<a class="button" href="/admin/">Go to Today</a>' in page.text
    assert "Or call us at" not in page.text

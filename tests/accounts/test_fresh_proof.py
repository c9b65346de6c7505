"""At a screen that was left unlocked nobody changes who may do what: each address says whether it takes a fresh code.

An address that is new has to be put into one of the two lists.
"""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from appointments.models import KnownNetwork, PossibleDuplicate
from tests.appointments.test_audit import all_pages

from .test_confirm import CONFIRM, left_open, let_pass  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db

WHO_MAY_DO_WHAT = ("auth_user", "auth_group", "appointments_knownnetwork")
OF_A_TABLE = ("changelist", "add", "change", "delete", "history")
TAKES_A_FRESH_CODE = {
    *(f"{table}_{page}" for table in WHO_MAY_DO_WHAT for page in ("changelist", "add", "change", "delete")),
    *("auth_user_password_change", "calendar_feeds", "restored", "retention"),
    *("set_up_second_factor", "new_recovery_codes", "end_session", "end_all_sessions"),
}
# Each with the reason why not.
TAKES_NONE = {
    "looks": {
        *(f"{table}_history" for table in WHO_MAY_DO_WHAT),
        *("index", "app_list", "jsi18n", "figures", "report", "audit", "day_sheet", "free_times", "letter"),
        *("what_if", "how_requests_move", "versions", "sessions", "unsent", "password_change_done"),
    },
    "signs in or out, or asks for the code or the old password itself": {
        *("login", "logout", "leave", "second_factor", "use_recovery_code", "confirm_second_factor"),
        *("password_change", "sso", "sso_back"),
    },
    "takes access away": {"revoke_calendar_feed"},
    "is the work with requests": {
        *("next_call", "new_request", "handover", "assign", "nurse", "duplicates", "duplicate", "doubts", "messages"),
        "patient_matches",
        *("export", "appointments_appointmentrequest_do", "appointments_appointmentrequest_keep"),
        *(f"appointments_appointmentrequest_{page}" for page in OF_A_TABLE),
    },
    "is the clinic's calendar and what it says of itself": {
        *("add_holidays", "paste_hours", "copy_hours", "sign_offs", "withdraw_sign_off"),
        *(
            f"appointments_{table}_{page}"
            for table in (
                *("absence", "caller", "clinicdetails", "clinician", "clinicnotices", "consultinghours"),
                *("extrahours", "holiday", "languagehelp", "openinghours", "place", "placehours"),
                *("referralsource", "visitkind"),
            )
            for page in OF_A_TABLE
        ),
    },
}


@pytest.fixture
def pages(a_request, otto):
    a_request(blood_thinner="yes")
    a_request(blood_thinner="yes")
    KnownNetwork.objects.create(label="Main clinic", network="192.0.2.0/24")
    return {
        # What no name leads to is Django's own way from "add" to "change", and to the page that there is not.
        name: address
        for name, address in all_pages(PossibleDuplicate.objects.get(), otto.user).items()
        if name.isidentifier()
    }


def test_each_address_takes_a_fresh_code_or_says_why_not(pages):
    listed = [*TAKES_A_FRESH_CODE, *(name for names in TAKES_NONE.values() for name in names)]

    assert set(pages) - set(listed) == set()
    assert set(listed) - set(pages) == set()
    assert len(listed) == len(set(listed))


def test_without_a_fresh_code_none_of_them_does_anything(pages, left_open):  # noqa: F811
    before = rows()
    done = {}
    for name in sorted(TAKES_A_FRESH_CODE):
        answer = left_open.client.post(pages[name], {"post": "yes", "action": "delete_selected", "label": "x"})
        if not answer.get("Location", "").startswith(CONFIRM):
            done[name] = answer.status_code

    assert done == {}
    assert rows() == before


def test_with_one_an_account_is_made_and_deleted_and_later_it_is_not(pages, left_open):  # noqa: F811
    add = {"username": "una", "password1": "nine slow barges, upstream", "password2": "nine slow barges, upstream"}
    add["groups"] = Group.objects.get(name="Schedulers").pk
    of_una = get_user_model().objects.filter(username="una")

    left_open.client.post(pages["auth_user_add"], add)
    assert not of_una.exists()
    left_open.client.post(CONFIRM, {"code": left_open.code(steps=1)})
    left_open.client.post(pages["auth_user_add"], add)
    assert of_una.exists()
    let_pass(10)
    left_open.client.post(
        "/admin/auth/user/", {"action": "delete_selected", "_selected_action": of_una.get().pk, "post": "y"}
    )
    assert of_una.exists()


def test_to_look_at_who_there_is_takes_no_code(pages, left_open):  # noqa: F811
    for name in ("auth_user_changelist", "auth_group_changelist", "auth_user_history"):
        assert left_open.client.get(pages[name]).status_code == 200, name


def rows() -> list:
    tables = (get_user_model(), Group, Group.permissions.through, KnownNetwork)
    return [list(table.objects.order_by("pk").values()) for table in tables]

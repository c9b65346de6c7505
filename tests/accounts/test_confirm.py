"""Who finds a browser left open cannot change how its owner signs in: that takes a code given a little while ago."""

import datetime
import re

import pytest
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import second_factor, signals
from accounts.models import AccountSession, RecoveryCode, RecoveryCodes

from .conftest import PASSWORD, SET_UP

pytestmark = pytest.mark.django_db

CONFIRM = "/admin/second-factor/confirm/"
NEW_CODES = "/admin/second-factor/new-recovery-codes/"
SESSIONS = "/admin/sessions/"


def let_pass(minutes: float) -> None:
    given_at = timezone.now() - datetime.timedelta(minutes=minutes)
    AccountSession.objects.update(code_given_at=given_at)


@pytest.fixture
def left_open(nora_inside):
    """Nora's browser, ten minutes after she entered a code."""
    let_pass(10)
    return nora_inside


def buttons_of(person) -> dict[str, str]:
    """The address of each button, and the page that it stands on."""
    return {
        SET_UP: SET_UP,
        NEW_CODES: NEW_CODES,
        f"/admin/sessions/{person.client.session['account_session']}/end/": SESSIONS,
        "/admin/sessions/end/": SESSIONS,
        "/admin/auth/user/{other}/password/": "/admin/auth/user/{other}/password/",
    }


@pytest.mark.parametrize("number", range(5))
def test_ten_minutes_after_the_last_code_nothing_is_done_and_the_page_leads_back_to_the_button(
    left_open, otto, number
):
    button, page = (path.format(other=otto.user.pk) for path in list(buttons_of(left_open).items())[number])
    before = state_of(left_open)

    led = left_open.client.post(button, {"code": "123456"}, follow=True)

    assert led.redirect_chain == [(f"{CONFIRM}?next={page}", 302)]
    assert "Nothing has been done yet." in led.text
    assert "more than 10 minutes ago" in led.text
    assert state_of(left_open) == before
    back = left_open.client.post(CONFIRM, {"code": left_open.code(steps=1), "next": led.context["next"]})
    assert back["Location"] == page
    assert left_open.client.get(page).status_code == 200


def state_of(person) -> list:
    tables = (TOTPDevice.objects.values("key", "confirmed"), RecoveryCode.objects.values("digest"))
    return [*map(list, tables), list(AccountSession.objects.values("pk"))]


@pytest.mark.parametrize("page", [SET_UP, NEW_CODES])
def test_nor_is_the_page_with_the_button_shown(left_open, page):
    assert left_open.client.get(page)["Location"] == f"{CONFIRM}?next={page}"


def test_a_moment_before_no_code_is_asked_for(nora_inside):
    let_pass(9.9)

    assert nora_inside.client.get(CONFIRM)["Location"] == "/admin/"
    assert nora_inside.client.get(SET_UP).status_code == 200
    assert "Keep your recovery codes" in nora_inside.client.post(NEW_CODES).text
    assert nora_inside.client.post("/admin/sessions/end/")["Location"] == "/admin/login/"


def test_for_how_long_is_a_setting(nora_inside, settings):
    settings.CONFIRM_MINUTES = 3
    let_pass(3)

    page = nora_inside.client.get(NEW_CODES, follow=True)

    assert "more than 3 minutes ago" in page.text


def test_a_recovery_code_counts_as_well_and_once(left_open):
    code = left_open.recovery_codes[0]

    confirmed = left_open.client.post(CONFIRM, {"code": code, "next": NEW_CODES}, follow=True)
    let_pass(10)
    again = left_open.client.post(CONFIRM, {"code": code, "next": NEW_CODES})

    assert confirmed.request["PATH_INFO"] == NEW_CODES
    assert "You have 9 recovery codes left" in re.sub(r"\s+", " ", confirmed.text)
    assert again.status_code == 422


@pytest.mark.parametrize("typed", ["", "12345", "١٢٣٤٥٦", "AAAA-AAAA-AAAA-AAAA", "x" * 5000, "\0"])
def test_what_is_no_code_confirms_nothing(left_open, typed):
    assert left_open.client.post(CONFIRM, {"code": typed}).status_code == 422
    assert left_open.client.get(NEW_CODES).status_code == 302


def test_after_wrong_codes_one_waits_even_with_the_right_one(left_open):
    wrong = f"{(int(left_open.code(steps=1)) + 1) % 1_000_000:06}"
    for _ in range(2):
        left_open.client.post(CONFIRM, {"code": wrong})

    refused = left_open.client.post(CONFIRM, {"code": left_open.code(steps=1)})

    assert refused.status_code == 422
    assert "too many wrong codes. Please wait" in refused.text


def test_the_code_of_another_session_and_of_somebody_else_do_not_count_here(left_open, otto):
    elsewhere = left_open.elsewhere()
    elsewhere.gives_password()
    elsewhere.gives_code()
    otto.gives_password()
    otto.sets_up()

    left_open.client.post(CONFIRM, {"code": otto.code(steps=1)})

    assert elsewhere.client.get(NEW_CODES).status_code == 200
    assert left_open.client.get(NEW_CODES).status_code == 302


def test_the_password_given_again_does_not_stand_for_the_code(nora_inside):
    nora_inside.gives_password()

    assert nora_inside.client.get(NEW_CODES).status_code == 302


def test_right_and_wrong_codes_are_told_to_whoever_listens(left_open):
    heard = []

    def hear_passed(sender, user, method, **kwargs):
        heard.append(("passed", user.username, method))

    def hear_failed(sender, user, method, **kwargs):
        heard.append(("failed", user.username, method))

    signals.second_factor_passed.connect(hear_passed)
    signals.second_factor_failed.connect(hear_failed)

    left_open.client.post(CONFIRM, {"code": "AAAA-AAAA-AAAA-AAAA"})
    left_open.client.post(CONFIRM, {"code": left_open.code(steps=1)})

    assert heard == [("failed", "nora", "recovery code"), ("passed", "nora", "app")]


def test_it_leads_to_no_other_site(left_open):
    page = left_open.client.get(CONFIRM, {"next": "https://evil.example/"})
    answer = left_open.client.post(CONFIRM, {"code": left_open.code(steps=1), "next": "//evil.example/"})

    assert page.context["next"] == "/admin/"
    assert answer["Location"] == "/admin/"


def test_a_superuser_resets_nobodys_second_factor_from_a_browser_left_open(left_open, otto):
    otto.gives_password()
    otto.sets_up()
    let_pass(10)
    chosen = {"action": "reset_second_factor", "_selected_action": [otto.user.pk]}

    answer = left_open.client.post("/admin/auth/user/", chosen)

    assert answer["Location"] == f"{CONFIRM}?next=/admin/auth/user/"
    assert second_factor.app_of(otto.user)


@pytest.mark.parametrize("number", ["{pk}", "0{pk}"])
def test_nobody_sets_their_own_password_without_the_old_one(nora_inside, number):
    new = {"password1": "nine slow barges, upstream", "password2": "nine slow barges, upstream"}
    path = f"/admin/auth/user/{number.format(pk=nora_inside.user.pk)}/password/"

    answer = nora_inside.client.post(path, new)

    assert answer["Location"] == "/admin/password_change/"
    nora_inside.user.refresh_from_db()
    assert nora_inside.user.check_password(PASSWORD)


def test_where_no_code_is_asked_for_nothing_is_to_be_confirmed(nora, otto, settings):
    settings.SECOND_FACTOR = False
    nora.gives_password()
    other = nora.elsewhere()
    other.gives_password()

    assert nora.client.get(CONFIRM)["Location"] == "/admin/"
    assert nora.client.get(SET_UP).status_code == 200
    assert nora.client.get(f"/admin/auth/user/{otto.user.pk}/password/").status_code == 200
    assert nora.client.post(f"/admin/sessions/{other.client.session['account_session']}/end/")["Location"] == SESSIONS
    assert not other.is_in
    assert not RecoveryCodes.objects.exists()

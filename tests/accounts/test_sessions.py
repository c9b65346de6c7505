"""Sessions end by themselves, and at once when somebody ends them or the account changes."""

import datetime

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccountSession
from accounts.sessions import browser_in_words

from .conftest import LOGIN, PASSWORD

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def nora(nora):
    nora.gives_password()
    assert nora.is_in
    return nora


def let_pass(**ago) -> None:
    """Make it look as if what stands in these columns was so long ago."""
    AccountSession.objects.update(**{name: timezone.now() - span for name, span in ago.items()})


def minutes(number: float) -> datetime.timedelta:
    return datetime.timedelta(minutes=number)


def test_who_does_nothing_for_half_an_hour_is_signed_out_and_told_why(nora):
    let_pass(last_seen_at=minutes(29.9))
    assert nora.is_in
    let_pass(last_seen_at=minutes(30))

    page = nora.client.get("/admin/report/?from=2026-01-01", follow=True)

    assert page.redirect_chain == [(f"{LOGIN}?next=%2Fadmin%2Freport%2F%3Ffrom%3D2026-01-01", 302)]
    assert "nothing was done here for a while" in page.text
    assert not nora.is_in


def test_who_goes_on_working_stays_for_twelve_hours_and_no_longer(nora):
    let_pass(created_at=minutes(12 * 60 - 1), last_seen_at=minutes(20))
    assert nora.is_in
    assert AccountSession.objects.get().last_seen_at > timezone.now() - minutes(1)
    let_pass(created_at=minutes(12 * 60))

    assert "long enough for a day" in nora.client.get("/admin/", follow=True).text
    assert not nora.is_in


def test_both_limits_are_settings(nora, settings):
    settings.SESSION_IDLE_MINUTES = 5
    let_pass(last_seen_at=minutes(5))
    assert not nora.is_in

    nora.gives_password()
    settings.SESSION_HOURS = 1
    let_pass(created_at=minutes(60))
    assert not nora.is_in


def test_seen_is_written_down_once_a_minute(nora, django_assert_num_queries):
    let_pass(last_seen_at=minutes(0.5))
    before = AccountSession.objects.get().last_seen_at

    nora.client.get("/admin/sessions/")
    assert AccountSession.objects.get().last_seen_at == before
    let_pass(last_seen_at=minutes(1.5))
    nora.client.get("/admin/sessions/")

    assert AccountSession.objects.get().last_seen_at > timezone.now() - minutes(0.5)


def changed_by(**changes):
    def change(user):
        for name, value in changes.items():
            setattr(user, name, value)
        user.save()

    return change


def new_password(user):
    user.set_password("nine slow barges, upstream")
    user.save()


def changed_in_bulk(**changes):
    return lambda user: get_user_model().objects.filter(pk=user.pk).update(**changes)


ENDINGS = {
    "disabled": changed_by(is_active=False),
    "disabled in bulk": changed_in_bulk(is_active=False),
    "no longer staff": changed_by(is_staff=False),
    "no longer staff, in bulk": changed_in_bulk(is_staff=False),
    "a new password": new_password,
    "a new password in bulk": changed_in_bulk(password="pbkdf2_sha256$1$x$x"),  # noqa: S106
    "second factor reset": lambda user: call_command("reset_second_factor", user.username),
    "deleted": lambda user: user.delete(),
}


@pytest.mark.parametrize("what", ENDINGS)
def test_when_the_account_changes_the_next_request_of_every_session_is_refused(nora, otto, what):
    other = nora.elsewhere()
    other.gives_password()
    otto.gives_password()

    ENDINGS[what](get_user_model().objects.get(username="nora"))

    assert not nora.is_in
    assert not other.is_in
    assert otto.is_in


@pytest.mark.parametrize("what", ["disabled", "no longer staff"])
def test_what_is_given_back_does_not_bring_the_old_session_back(nora, what):
    user = get_user_model().objects.get(username="nora")
    ENDINGS[what](user)

    user.is_active = user.is_staff = True
    user.save()

    assert not nora.is_in


def test_other_changes_of_an_account_end_nothing(nora):
    changed_by(first_name="Nora", last_login=timezone.now())(get_user_model().objects.get(username="nora"))

    assert nora.is_in


def test_who_changes_the_password_signs_in_again_with_it_everywhere(nora):
    other = nora.elsewhere()
    other.gives_password()
    new = "nine slow barges, upstream"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}

    done = nora.client.post(reverse("admin:password_change"), form, follow=True)

    assert done.request["PATH_INFO"] == LOGIN
    assert "your password or your account has changed" in done.text
    assert not other.is_in
    nora.gives_password(new)
    assert nora.is_in


def test_a_log_out_ends_the_session_also_for_who_kept_its_cookie(nora):
    thief = Client()
    thief.cookies = nora.client.cookies.copy()
    assert thief.get("/admin/sessions/").status_code == 200

    nora.client.post("/admin/logout/")

    assert thief.get("/admin/sessions/").status_code == 302
    assert not AccountSession.objects.exists()


def test_the_page_lists_ones_own_sessions_with_no_more_of_the_address_than_needed(nora, otto):
    nora.elsewhere().gives_password(REMOTE_ADDR="203.0.113.77", headers={"user-agent": FIREFOX})
    otto.gives_password(REMOTE_ADDR="198.51.100.9")

    page = nora.client.get("/admin/sessions/").text

    assert "Firefox on Linux, from 203.0.113.0" in page
    assert page.count("(this one)") == 1
    assert "203.0.113.77" not in page
    assert "198.51.100" not in page
    assert not AccountSession.objects.filter(address__contains=".77").exists()


def test_one_ends_a_session_of_ones_own_and_of_nobody_else(nora, otto):
    other = nora.elsewhere()
    other.gives_password()
    otto.gives_password()
    theirs = [who.client.session["account_session"] for who in (other, otto)]

    answers = [nora.client.post(f"/admin/sessions/{session}/end/") for session in theirs]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert nora.is_in
    assert not other.is_in
    assert otto.is_in


def test_log_out_everywhere_is_everywhere(nora, otto):
    other = nora.elsewhere()
    other.gives_password()
    otto.gives_password()

    page = nora.client.post("/admin/sessions/end/", follow=True)

    assert "You are logged out everywhere." in page.text
    assert not nora.is_in
    assert not other.is_in
    assert otto.is_in


def test_figures_that_refresh_themselves_keep_nobody_signed_in(nora):
    let_pass(last_seen_at=minutes(29))
    seen = AccountSession.objects.get().last_seen_at

    assert nora.client.get("/admin/figures/", headers={"Sec-Fetch-Dest": "empty"}).status_code == 200
    assert AccountSession.objects.get().last_seen_at == seen
    nora.client.get("/admin/")
    assert AccountSession.objects.get().last_seen_at > seen


def test_who_was_idle_is_told_so_also_when_others_have_signed_in_meanwhile(nora, otto):
    let_pass(last_seen_at=minutes(31))
    otto.gives_password()

    page = nora.client.get("/admin/report/", follow=True)

    assert "nothing was done here for a while" in page.text


def test_sessions_that_ran_out_a_day_ago_are_not_kept(nora, otto):
    let_pass(created_at=minutes(36 * 60 + 1))

    otto.gives_password()

    assert [session.user.username for session in AccountSession.objects.all()] == ["otto"]


def test_who_signs_in_as_somebody_else_in_the_same_browser_gets_another_session(nora, otto):
    key = nora.client.session.session_key

    otto.client = nora.client
    otto.gives_password()

    assert otto.client.session.session_key != key
    assert otto.client.get("/admin/sessions/").context["user"].username == "otto"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on an iPhone"),
        ("<script>alert(1)</script>", "A browser"),
        ("", "A browser"),
    ],
)
def test_browsers_are_named_in_words(sent, words):
    assert browser_in_words(sent) == words


def test_patients_pages_ask_nothing_of_sessions(nora, django_assert_num_queries):
    let_pass(last_seen_at=minutes(31))

    with django_assert_num_queries(0):
        assert nora.client.get("/check/red_flags/").status_code == 200

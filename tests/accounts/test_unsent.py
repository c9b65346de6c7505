"""What was typed while the session ran out is not lost, and nobody else gets to see it."""

import datetime
import re

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from accounts.models import AccountSession
from appointments.lifecycle.definition import CLAIM
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, ContactAttempt
from audit.models import AuditEntry
from tests.staff import member_of, signed_in

from .conftest import LOGIN, PASSWORD

NOTE = "Her daughter will be there; call after ten."


def give_password(user):
    user.set_password(PASSWORD)
    user.save()


@pytest.fixture
def call(a_request):
    """A scheduler's call sheet, the form as filled in, and the browser."""
    user = member_of("Schedulers", "sam")
    give_password(user)
    client = signed_in(user)
    request = a_request()
    perform(CLAIM, request, by=user)
    request.refresh_from_db()
    address = f"/admin/appointments/appointmentrequest/{request.pk}/do/log-call/"
    return client, address, {"version": request.version, "outcome": "no_answer", "note": NOTE}


def run_out():
    AccountSession.objects.update(last_seen_at=timezone.now() - datetime.timedelta(hours=1))


def sign_in(client, username="sam", **more):
    return client.post(
        LOGIN, {"username": username, "password": PASSWORD, "next": "/admin/unsent/", **more}, follow=True
    )


def hidden_fields(page) -> dict:
    return dict(page.context["fields"])


def test_after_signing_in_again_it_is_there_to_be_sent(call):
    client, address, typed = call
    run_out()

    told = client.post(address, typed, follow=True)
    assert "What you typed was not saved. Sign in, and you can look at it and send it." in told.text
    assert not ContactAttempt.objects.exists()
    page = sign_in(client)
    assert NOTE in page.text
    assert page.context["path"] == address
    client.post(page.context["path"], hidden_fields(page))

    assert ContactAttempt.objects.get().note == NOTE


@pytest.mark.parametrize("hours", [12.1, 16, 35])
def test_what_was_left_open_until_the_session_had_lasted_long_enough_or_the_next_morning_is_kept(call, hours):
    client, address, typed = call

    with time_machine.travel(timezone.now() + datetime.timedelta(hours=hours)):
        told = client.post(address, typed, follow=True)
        page = sign_in(client)

    assert "You were signed out because this session had lasted long enough for a day." in told.text
    assert NOTE in page.text


@pytest.mark.parametrize(("minutes", "is_there"), [(29, True), (31, False)])
def test_it_is_there_for_half_an_hour_whatever_the_browser_says(call, minutes, is_there):
    client, address, typed = call
    run_out()
    client.post(address, typed)

    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=minutes)):
        page = sign_in(client)

    assert (NOTE in page.text) == is_there


@pytest.mark.parametrize("asked", ["/admin/figures/", "keep/"])
def test_what_a_page_that_was_left_open_asks_by_itself_takes_nothing_away(call, asked):
    client, address, typed = call
    by_script = {"Sec-Fetch-Dest": "empty", "Accept": "application/json"}
    run_out()

    ask, path = (client.get, asked) if asked[0] == "/" else (client.post, address.replace("do/log-call/", asked))
    assert ask(path, headers=by_script).status_code == 403
    told = client.post(address, typed, follow=True)

    assert "nothing was done here for a while" in told.text
    assert NOTE in sign_in(client).text


def test_what_a_page_asks_by_itself_after_a_log_out_in_another_tab_is_not_answered_with_the_sign_in(call):
    client, address, _typed = call
    by_script = {"Sec-Fetch-Dest": "empty", "Accept": "application/json"}
    client.logout()

    assert client.get("/admin/figures/", headers=by_script).status_code == 403
    assert client.post(address.replace("do/log-call/", "keep/"), headers=by_script).status_code == 403


def test_it_lies_in_the_browser_only_and_nobody_can_read_it_there(call):
    client, address, typed = call
    run_out()

    client.post(address, typed)

    cookie = client.cookies["unsent"]
    assert cookie["httponly"]
    assert cookie["max-age"] == 1800
    assert "daughter" not in cookie.value
    assert len(cookie.value) < 4000


def test_somebody_else_at_the_same_browser_does_not_see_it(call, db):
    client, address, typed = call
    give_password(member_of("Schedulers", "pat"))
    run_out()
    client.post(address, typed)

    page = sign_in(client, "pat")

    assert page.request["PATH_INFO"] == "/admin/"
    assert "daughter" not in page.text
    assert not client.cookies["unsent"].value


def test_it_can_be_forgotten(call):
    client, address, typed = call
    run_out()
    client.post(address, typed)
    sign_in(client)

    client.post("/admin/unsent/")

    assert client.get("/admin/unsent/").status_code == 302


def test_what_is_too_long_or_on_another_page_is_not_kept_and_that_is_said(call):
    client, address, typed = call
    for path, form in (
        (address, {**typed, "note": "x" * 5000}),
        ("/admin/password_change/", {"old_password": PASSWORD}),
    ):
        sign_in(client)
        run_out()

        told = client.post(path, form, follow=True)

        assert "What you typed last was not saved. Please enter it again." in told.text
        assert "unsent" not in client.cookies or not client.cookies["unsent"].value


@pytest.mark.parametrize("how", ["log-out in another tab", "new password"])
def test_who_was_signed_out_elsewhere_is_told_that_nothing_was_saved(call, how):
    client, address, typed = call
    if how == "new password":
        give_password(get_user_model().objects.get(username="sam"))
    else:
        logged_out = client.post("/admin/logout/", follow=True)
        assert "not saved" not in logged_out.text

    told = client.post(address, typed, follow=True)
    page = sign_in(client, next=told.context["next"])

    assert "What you typed last was not saved. Please enter it again." in told.text
    assert page.context["visit_request"].pk == AppointmentRequest.objects.get().pk
    assert not ContactAttempt.objects.exists()


@pytest.mark.parametrize("button", ["next-call/", "sessions/end/", "appointments/appointmentrequest/1/keep/"])
def test_who_pressed_a_button_after_being_signed_out_elsewhere_gets_to_today(call, button):
    client = call[0]
    client.post("/admin/logout/")

    page = sign_in(client, next=client.post(f"/admin/{button}", follow=True).context["next"])

    assert (page.status_code, page.request["PATH_INFO"]) == (200, "/admin/")


def test_what_another_site_sends_is_not_kept(call):
    client, address, typed = call
    run_out()
    client.handler.enforce_csrf_checks = True

    refused = client.post(address, typed)

    assert refused.status_code == 403
    assert "unsent" not in client.cookies


def test_what_was_typed_before_somebody_signed_in_again_in_another_tab_is_shown_to_be_sent(call):
    _, address, typed = call
    browser = Client(enforce_csrf_checks=True)
    token_of_before = token_in(browser.get(LOGIN))
    sign_in(browser, csrfmiddlewaretoken=token_of_before)

    sent = {**typed, "csrfmiddlewaretoken": token_of_before}
    page = browser.post(address, sent, headers={"Origin": "http://testserver"})
    assert page.status_code == 403
    assert NOTE in page.text
    assert "as sam" in page.text
    about = AuditEntry.objects.filter(action="view", numbers=str(AppointmentRequest.objects.get().pk))
    assert about.latest("seq").status == 403
    assert re.findall('<form method="post" action="([^"]*)"', page.text)[-2:] == [address, "/admin/unsent/"]
    browser.post(page.context["path"], {**hidden_fields(page), "csrfmiddlewaretoken": token_in(page)})

    assert ContactAttempt.objects.get().note == NOTE


def test_the_second_of_two_sign_ins_that_were_open_leads_on(call):
    browser = Client(enforce_csrf_checks=True)
    typed = {"username": "sam", "password": PASSWORD, "next": "/admin/nurse/"}
    typed["csrfmiddlewaretoken"] = token_in(browser.get(LOGIN))
    browser.post(LOGIN, typed)

    second = browser.post(LOGIN, typed, headers={"Origin": "http://testserver"})

    assert second["Location"] == "/admin/nurse/"


def test_next_call_on_a_page_of_before_somebody_signed_in_again_is_to_be_pressed_once_more(call):
    browser = Client(enforce_csrf_checks=True)
    token_of_before = token_in(browser.get(LOGIN))
    sign_in(browser, csrfmiddlewaretoken=token_of_before)

    pressed = {"csrfmiddlewaretoken": token_of_before}
    page = browser.post("/admin/next-call/", pressed, headers={"Origin": "http://testserver"}, follow=True)

    assert "Press it once more." in page.text
    assert 'accesskey="n" autofocus' in page.text


@pytest.mark.parametrize("origin", [{}, {"Origin": "http://elsewhere.example"}, {"Origin": "null"}])
def test_what_was_sent_from_elsewhere_without_a_token_is_not_offered_to_be_sent(call, origin):
    _, address, typed = call
    browser = Client(enforce_csrf_checks=True)
    sign_in(browser, csrfmiddlewaretoken=token_in(browser.get(LOGIN)))

    refused = browser.post(address, typed, headers=origin)

    assert refused.status_code == 403
    assert NOTE not in refused.text


def token_in(page) -> str:
    return re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]


@pytest.mark.parametrize("junk", ["", "x", "é", "gAAAAA"])
def test_what_is_not_our_seal_is_nothing(call, junk):
    client, _, _ = call
    client.cookies["unsent"] = junk

    assert client.get("/admin/unsent/").status_code == 302


def test_the_pages_whose_forms_are_kept_have_no_password():
    assert settings.UNSENT_FORMS == ["admin:appointments_appointmentrequest_do", "admin:new_request"]


def test_it_is_there_also_after_the_secret_key_was_changed(call, settings):
    client, address, typed = call
    run_out()
    client.post(address, typed, follow=True)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one for development only and refused in production"  # noqa: S105
    page = sign_in(client)

    assert NOTE in page.text

"""Staff sign in at the hospital's own identity provider: a real one, which knows nothing of ours."""

import base64
import datetime
import json
import socket
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import AccountSession
from appointments import roles
from audit.models import AuditEntry
from tests import provider as providers
from tests.mail import free_port
from tests.provider import Browser, point_to
from tests.statements import statements_without_audit

pytestmark = [
    pytest.mark.process,
    pytest.mark.django_db,
    pytest.mark.skipif(not providers.IS_INSTALLED, reason="make judges installs the provider"),
]
ANA = {
    "preferred_username": "ana@health.example",
    "given_name": "Ana",
    "family_name": "Example",
    "groups": ["everybody", "staff-schedulers"],
    "amr": ["pwd", "mfa"],
}


@pytest.fixture(scope="module")
def at_work(tmp_path_factory):
    with providers.running(tmp_path_factory.mktemp("provider"), "http://127.0.0.1:8000") as provider:
        yield provider


@pytest.fixture
def provider(at_work, settings):
    settings.SECOND_FACTOR = True
    point_to(settings, at_work.issuer)
    at_work.say(ana=ANA)
    at_work.told.clear()
    return at_work


def test_who_is_in_one_of_our_groups_there_is_in_with_its_role_and_no_more(provider):
    ana = Browser("ana")

    back = ana.signs_in()

    assert back["Location"] == "/admin/sessions/"
    user = get_user_model().objects.get()
    assert (user.username, user.get_full_name(), user.is_superuser) == ("ana@health.example", "Ana Example", False)
    assert permissions_of(user) == set(roles.PERMISSIONS["Schedulers"])
    page = ana.ours.get("/admin/sessions/")
    assert "You sign in with Example Health. Your password and your second factor are kept there." in page.text


def test_roles_are_set_anew_at_each_sign_in_whatever_was_given_here(provider):
    ana = Browser("ana")
    ana.signs_in()
    user = get_user_model().objects.get()
    user.groups.add(Group.objects.get(name="Managers"))

    provider.say(ana=ANA | {"groups": ["staff-nurses", "Managers"], "family_name": "Newname"})
    Browser("ana").signs_in()

    user = get_user_model().objects.get()
    assert user.get_full_name() == "Ana Newname"
    assert permissions_of(user) == set(roles.PERMISSIONS["Nurses"])


def test_who_is_in_none_of_our_groups_reads_why_and_gets_no_account(provider):
    provider.say(ana=ANA | {"groups": ["everybody", "Schedulers"]})

    back = Browser("ana").signs_in()

    assert back.status_code == 403
    assert "Example Health has let you in. Your account has no role here." in back.text
    assert not get_user_model().objects.exists()


def test_who_left_is_no_longer_staff_and_out_everywhere_after_the_next_sign_in(provider):
    before = Browser("ana")
    before.signs_in()
    provider.say(ana=ANA | {"groups": []})

    assert Browser("ana").signs_in().status_code == 403

    user = get_user_model().objects.get()
    assert (user.is_staff, permissions_of(user)) == (False, set())
    assert is_out(before)


def test_an_account_that_was_locked_here_stays_out(provider):
    Browser("ana").signs_in()
    get_user_model().objects.update(is_active=False)

    back = Browser("ana").signs_in()

    assert back.status_code == 403
    assert "Your account is locked here." in back.text


def test_nobody_becomes_somebody_by_having_their_name(provider, nora):
    provider.say(other={"preferred_username": "Nora", "groups": ["staff-nurses"], "amr": ["mfa"]})

    Browser("other").signs_in()

    other = get_user_model().objects.get(username="Nora-2")
    assert (other.provider_identity.subject, other.is_superuser) == ("other", False)
    nora.user.refresh_from_db()
    assert nora.user.is_superuser
    assert not nora.user.groups.exists()


def test_where_the_provider_asked_for_no_second_factor_we_do(provider):
    provider.say(ana=ANA | {"amr": ["pwd"]})
    ana = Browser("ana")

    ana.signs_in()

    assert ana.ours.get("/admin/sessions/")["Location"].startswith("/admin/login/")
    assert ana.ours.get("/admin/login/")["Location"].startswith("/admin/second-factor/")


def test_passwords_open_the_accounts_for_emergencies_and_no_others(provider, nora, otto):
    page = nora.client.get("/admin/login/", {"next": "/admin/nurse/"})
    assert 'href="/admin/sso/?next=/admin/nurse/">Sign in with Example Health</a>' in page.text

    assert otto.gives_password().status_code == 200
    assert nora.gives_password()["Location"] == "/admin/"
    nora.sets_up()
    assert nora.is_in


# A session that ends at the provider.


def test_who_signs_out_there_is_out_here_at_once_and_others_are_not(provider, client):
    provider.say(ana=ANA, ben=ANA | {"preferred_username": "ben"})
    ana, at_another_desk, ben = Browser("ana"), Browser("ana"), Browser("ben")
    for browser in (ana, at_another_desk, ben):
        browser.signs_in()

    ana.signs_out_there(provider.issuer)
    told = client.post("/sso/logged-out/", {"logout_token": provider.told[0]})

    assert (told.status_code, told["Cache-Control"]) == (200, "no-store")
    assert is_out(ana)
    assert not is_out(at_another_desk)
    assert not is_out(ben)


def test_an_old_word_of_it_ends_nothing_that_began_since(provider, client):
    ana = Browser("ana")
    ana.signs_in()
    ana.signs_out_there(provider.issuer)
    AccountSession.objects.update(created_at=timezone.now() + datetime.timedelta(minutes=2))

    client.post("/sso/logged-out/", {"logout_token": provider.told[0]})
    assert not is_out(ana)

    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=11)):
        assert client.post("/sso/logged-out/", {"logout_token": provider.told[0]}).status_code == 400


def test_what_the_provider_has_not_signed_ends_nothing(provider, client):
    ana = Browser("ana")
    ana.signs_in()
    ana.signs_out_there(provider.issuer)
    header, content, signature = provider.told[0].split(".")
    said = json.loads(base64.urlsafe_b64decode(content + "=="))
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    other = base64.urlsafe_b64encode(json.dumps(said | {"aud": "another"}).encode()).decode().rstrip("=")

    for forged in ("", "x", "a.b.c", f"{header}.{other}.{signature}", f"{unsigned}.{content}.", "\0", "é" * 999):
        assert client.post("/sso/logged-out/", {"logout_token": forged}).status_code == 400
    assert not is_out(ana)


# Showing once more who one is.


def test_before_a_change_of_how_one_signs_in_the_provider_asks_again(provider):
    ana = Browser("ana")
    ana.signs_in()
    let_pass()

    led = ana.ours.post("/admin/sessions/end/", follow=True)
    assert led.request["PATH_INFO"] == "/admin/second-factor/confirm/"
    assert 'href="/admin/sso/?next=/admin/sessions/">Go to Example Health</a>' in led.text
    back = ana.signs_in()

    assert ana.asked_to_sign_in
    assert back["Location"] == "/admin/sessions/"
    assert ana.ours.post("/admin/sessions/end/")["Location"] == "/admin/login/"
    # To sign in once more, it does not.
    ana.signs_in()
    assert not ana.asked_to_sign_in


def test_a_code_of_an_app_does_not_stand_for_it(provider):
    ana = Browser("ana")
    ana.signs_in()
    let_pass()

    page = ana.ours.post("/admin/second-factor/confirm/", {"code": "123456"})

    assert "Go to Example Health" in page.text
    assert ana.ours.post("/admin/sessions/end/")["Location"].startswith("/admin/second-factor/confirm/")


def test_a_provider_that_does_not_ask_again_proves_nothing(provider):
    ana = Browser("ana")
    ana.signs_in()
    let_pass()

    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=5)):
        led = ana.ours.get("/admin/sso/")
        led["Location"] = led["Location"].replace("max_age=0", "").replace("prompt=login", "")
        back = ana.comes_back(led)

        assert not ana.asked_to_sign_in
        assert back.status_code == 400
        assert ana.ours.post("/admin/sessions/end/")["Location"].startswith("/admin/second-factor/confirm/")


def test_somebody_else_does_not_prove_who_one_is(provider):
    provider.say(ana=ANA, ben=ANA | {"preferred_username": "ben"})
    ana = Browser("ana")
    ana.signs_in()
    let_pass()

    ana.subject = "ben"
    back = ana.signs_in()

    assert back.status_code == 403
    assert "That was another account" in back.text
    assert ana.ours.post("/admin/sessions/end/")["Location"].startswith("/admin/second-factor/confirm/")


# What must not pass for a sign-in.


def test_what_comes_back_counts_once_and_in_the_browser_that_asked(provider):
    ana, thief = Browser("ana"), Browser("ana")
    way_back = ana.way_back(ana.ours.get("/admin/sso/"))

    thief.ours.get("/admin/sso/")
    assert thief.ours.get(way_back).status_code == 400
    assert ana.ours.get(way_back).status_code == 302
    ana.ours.logout()
    assert ana.ours.get(way_back).status_code == 400
    assert AccountSession.objects.count() == 0


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?code=x&state=x", 400),
        ("?error=access_denied", 403),
        ("?error=temporarily_unavailable", 503),
        ("?error=invalid_scope&error_description=%3Cscript%3E", 400),
    ],
)
def test_whatever_comes_instead_is_said_in_words(provider, client, query, status):
    page = client.get(f"/admin/sso/back/{query}")

    assert page.status_code == status
    assert "Try again" in page.text
    assert "script" not in page.text.partition("<main")[2]


def test_another_site_begins_no_sign_in_and_is_not_led_to(provider, client):
    begun = client.get("/admin/sso/", headers={"Sec-Fetch-Site": "cross-site"})
    ana = Browser("ana")

    assert begun["Location"].startswith("/admin/login/")
    assert ana.signs_in("https://evil.example/")["Location"] == "/admin/"


def test_what_we_ask_is_bound_to_us_by_state_nonce_and_pkce(provider, client):
    asked = parse_qs(urlsplit(client.get("/admin/sso/")["Location"]).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://127.0.0.1:8000/admin/sso/back/"]
    assert all(len(asked[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))


# The provider is away, or there is none.


def test_a_provider_that_is_away_leaves_the_phone_and_the_emergency_accounts(provider, client, nora, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.SSO_TIMEOUT = 1
        for port in (free_port(), silent.getsockname()[1]):
            settings.SSO_ISSUER = f"http://127.0.0.1:{port}"
            page = client.get("/admin/sso/")

            assert page.status_code == 503
            assert "Example Health does not answer" in page.text
            assert "(212) 555-0100" in page.text
            assert 'href="/admin/login/?next=/admin/"' in page.text
            assert client.post("/sso/logged-out/", {"logout_token": "a.b.c"}).status_code == 503
    assert nora.gives_password().status_code == 302


def test_who_is_signed_in_goes_on_while_it_is_away(provider, settings):
    ana = Browser("ana")
    ana.signs_in()

    settings.SSO_ISSUER = f"http://127.0.0.1:{free_port()}"

    assert not is_out(ana)


def test_without_a_provider_there_is_no_such_sign_in(client, db):
    assert client.get("/admin/sso/").status_code == 404
    assert client.get("/admin/sso/back/").status_code == 404
    assert client.post("/sso/logged-out/").status_code == 404
    assert "Sign in with" not in client.get("/admin/login/").text


# What is written down, and what it costs.


def test_the_audit_names_the_provider(provider, client):
    ana = Browser("ana")
    ana.signs_in()
    let_pass()
    ana.signs_in()
    ana.signs_out_there(provider.issuer)
    client.post("/sso/logged-out/", {"logout_token": provider.told[0]})
    provider.say(ana=ANA | {"groups": []})
    Browser("ana").signs_in()

    user = get_user_model().objects.get()
    written = AuditEntry.objects.exclude(details="").values_list("action", "outcome", "username", "details")
    told = [entry for entry in written if "Example Health" in entry[3]]
    assert told == [
        ("sign-in", "ok", user.username, "at Example Health"),
        ("second-factor", "ok", user.username, "proven by provider: Example Health"),
        ("sign-out", "ok", "", f"ended by provider: Example Health of user {user.pk}"),
        ("sign-in-failed", "refused", user.username, "refused after provider: Example Health"),
    ]


def test_pages_ask_the_database_no_more_than_with_a_password(provider, nora):
    provider.say(ana=ANA | {"groups": ["staff-managers"]})
    ana = Browser("ana")
    ana.signs_in()
    nora.gives_password()
    nora.sets_up()
    counts = []
    for client in (nora.client, ana.ours):
        client.get("/admin/")
        with statements_without_audit() as asked:
            assert client.get("/admin/how-requests-move/").status_code == 200
        with statements_without_audit() as asked_of_patients:
            assert client.get("/check/").status_code in (200, 302)
        counts.append((len([one for one in asked if "auth_permission" not in one]), len(asked_of_patients)))

    assert counts[1][0] <= counts[0][0]
    assert (counts[0][1], counts[1][1]) == (0, 0)


def let_pass() -> None:
    """Ten minutes since anybody showed who they are."""
    AccountSession.objects.update(code_given_at=timezone.now() - datetime.timedelta(minutes=10))


def is_out(browser) -> bool:
    return browser.ours.get("/admin/sessions/").status_code != 200


def permissions_of(user) -> set[str]:
    return get_user_model().objects.get(pk=user.pk).get_all_permissions()

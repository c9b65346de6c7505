"""Staff sign in at a real identity provider with a real browser, under the policy that our pages have."""

import datetime

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import AccountSession
from tests import provider as providers

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not providers.IS_INSTALLED, reason="make judges installs the provider"),
]
ANA = {"preferred_username": "ana", "given_name": "Ana", "groups": ["staff-managers"], "amr": ["pwd", "mfa"]}


@pytest.fixture(scope="module")
def provider(tmp_path_factory, live_server):
    with providers.running(tmp_path_factory.mktemp("provider"), live_server.url) as provider:
        provider.say(ana=ANA)
        yield provider


def fill_in_there(page: Page) -> None:
    page.locator("input[name=login]").fill("ana")
    page.locator("input[name=password]").fill("anything")
    page.locator("button[type=submit]").click()


@pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "none"])
def test_staff_sign_in_and_show_once_more_who_they_are(provider, chromium, live_server, settings, javascript):
    providers.point_to(settings, provider.issuer, site=live_server.url)
    settings.SECOND_FACTOR = True
    complaints: list[str] = []
    with chromium.new_context(base_url=live_server.url, java_script_enabled=javascript, locale="en-US") as context:
        context.on("console", lambda message: complaints.append(message.text))
        page = context.new_page()
        page.goto("/admin/")
        page.get_by_role("link", name="Sign in with Example Health").click()
        fill_in_there(page)
        expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
        AccountSession.objects.update(code_given_at=timezone.now() - datetime.timedelta(minutes=10))

        page.goto("/admin/sessions/")
        page.get_by_role("button", name="Log out everywhere").click()
        page.get_by_role("link", name="Go to Example Health").click()
        fill_in_there(page)
        expect(page.get_by_text("Example Health says that it is you.")).to_be_visible()
        page.get_by_role("button", name="Log out everywhere").click()
        expect(page.get_by_text("You are logged out everywhere.")).to_be_visible()

    assert [text for text in complaints if "Content Security Policy" in text] == []

"""A scheduler works through calls in a real browser: by keyboard alone, with JavaScript and without."""

import datetime
import re

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone
from playwright.sync_api import Locator, Page, Route, expect

from accounts.models import AccountSession
from appointments import reference
from appointments.lifecycle.definition import NOTE, RELEASE
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, NurseCheck, OpeningHours
from screening.pathways.vertebral_cement import PATHWAY
from tests.browser.conftest import DESKTOP, PHONE
from tests.walk import CALL, CHECK, TEXTBOOK, VISIT_ANSWERS, WHO

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "fifteen-is-the-fewest"  # noqa: S105
MOST_PRESSES = 12
MOST_PAGES = 3
# What a new request may take, and a press of a key by somebody who types as most do: Card, Moran and Newell.
MOST_SECONDS = 90
SECONDS_PER_PRESS = 0.28

with_and_without_javascript = pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "none"])


@pytest.fixture(autouse=True)
def always_open(settings):
    """Calls can be made whenever this test runs."""
    settings.CALLS_FROM_HOUR, settings.CALLS_UNTIL_HOUR = 0, 24
    OpeningHours.objects.all().delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(weekday=weekday, opens=datetime.time.min, closes=datetime.time.max) for weekday in range(7)
    )


@pytest.fixture
def five_to_call(a_request):
    requests = [
        a_request(name=f"Ana {name} Example", call_times=["any"]) for name in ("Abel", "Bea", "Cora", "Dina", "Elmo")
    ]
    AppointmentRequest.objects.update(doubts="")
    return requests


@pytest.fixture
def nora(db):
    return get_user_model().objects.create_superuser("nora", password=PASSWORD)


@pytest.fixture
def sign_in(open_page, client, nora):
    """Begin where the page after the sign-in does, which takes half of the time of a short test."""

    def sign_in(size=DESKTOP, *, javascript=True) -> Page:
        page = open_page(size, javascript=javascript)
        client.force_login(nora)
        name = settings.SESSION_COOKIE_NAME
        session = {"name": name, "value": client.cookies[name].value, "domain": "localhost", "path": "/"}
        page.context.add_cookies([session])
        page.goto("/admin/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Today")
        return page

    return sign_in


class Keyboard:
    """Presses keys, and counts them and the pages that come of them."""

    def __init__(self, page: Page):
        self.page = page
        self.presses = self.pages = 0
        page.on("framenavigated", self._count)

    def _count(self, frame) -> None:
        self.pages += 1

    def press(self, key: str) -> None:
        self.presses += 1
        self.page.keyboard.press(key)

    def press_to(self, name: str) -> None:
        """Tab to a button and press it."""
        target = self.page.get_by_role("button", name=name, exact=True)
        focused = target.and_(self.page.locator(":focus"))
        while not focused.count():
            assert self.presses < MOST_PRESSES, f"no way to {name}"
            self.press("Tab")
        with self.page.expect_navigation():
            self.press("Enter")

    def tab_to(self, name: str, value: str = "") -> None:
        """To the field of that name, or to the box of that value."""
        wanted = f"[name='{name}']" + (f"[value='{value}']" if value else "")
        focused = self.page.locator(f"{wanted}:focus")
        while not focused.count():
            assert self.presses < MOST_SECONDS / SECONDS_PER_PRESS, f"no way to {wanted}"
            self.press("Tab")

    def answer(self, name: str, answer: str | list[str]) -> None:
        """Choose with the keys that browsers give to buttons and boxes, or type."""
        buttons = self.page.locator(f"input[type='radio'][name='{name}']")
        if isinstance(answer, list):
            for value in answer:
                self.tab_to(name, value)
                self.press("Space")
        elif values := [button.get_attribute("value") for button in buttons.all()]:
            self.tab_to(name)
            for key in ["ArrowDown"] * values.index(answer) or ["Space"]:
                self.press(key)
        else:
            self.tab_to(name)
            self.page.keyboard.type(answer)
            self.presses += len(answer)


def press_access_key(page: Page, key: str) -> None:
    """With Alt, as Chromium wants it; the keyboard of Playwright leaves out the letter that is under Alt."""
    browser = page.context.new_cdp_session(page)
    pressed = {"key": key, "code": f"Key{key.upper()}", "windowsVirtualKeyCode": ord(key.upper()), "modifiers": 1}
    browser.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": key, "unmodifiedText": key, **pressed})
    browser.send("Input.dispatchKeyEvent", {"type": "keyUp", **pressed})


@with_and_without_javascript
def test_who_signs_in_by_name_and_password_comes_to_the_work_of_today(open_page, nora, javascript):
    page = open_page(DESKTOP, javascript=javascript)

    page.goto("/admin/")
    page.get_by_label("Username").fill("nora")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Today")


def test_figures_that_were_left_alone_for_too_long_give_way_to_the_sign_in(sign_in, complaints):
    page = sign_in()
    AccountSession.objects.update(last_seen_at=timezone.now() - datetime.timedelta(minutes=31))

    # As once a minute.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.get_by_label("Username")).to_be_visible()
    expect(page.get_by_text("nothing was done here for a while")).to_be_visible()
    # The browser says of the answer that it was a 403.
    [_refused] = complaints
    complaints.clear()


def test_today_becomes_the_page_of_whoever_else_signs_in_in_another_tab(sign_in, client, colleague):
    page = sign_in()
    expect(page.locator("#user-tools")).to_contain_text("nora")
    client.force_login(colleague)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "domain": "localhost", "path": "/"}]
    )

    # As once a minute.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.locator("#user-tools")).to_contain_text("colleague")


def test_figures_that_are_left_open_become_those_of_now_and_the_tab_counts_what_is_late(sign_in, five_to_call):
    AppointmentRequest.objects.update(next_call_at=timezone.now() + datetime.timedelta(hours=1))
    page = sign_in()
    expect(page.get_by_text("There is nobody to call just now.")).to_be_visible()
    first_list = page.locator("#figures a").first
    first_list.focus()
    title = page.title()
    AppointmentRequest.objects.update(due_at=timezone.now() - datetime.timedelta(days=1), next_call_at=None)

    # As once a minute.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(page).to_have_title(f"(5) {title}")
    expect(page.get_by_text("5 can be called now. First comes this one:")).to_be_visible()
    expect(first_list).to_be_focused()


def test_an_open_sheet_goes_on_holding_its_request(sign_in, five_to_call):
    page = sign_in()
    page.clock.install()
    page.get_by_role("button", name="Next call").click()
    held = AppointmentRequest.objects.get(claimed_by__isnull=False)
    twenty_minutes_ago = timezone.now() - datetime.timedelta(minutes=settings.CLAIM_MINUTES - 1)
    AppointmentRequest.objects.filter(pk=held.pk).update(claimed_at=twenty_minutes_ago)
    page.locator("#held-until").evaluate("shown => shown.textContent = 'not yet'")

    page.clock.fast_forward("04:01")

    expect(page.locator("#held-until")).to_contain_text(re.compile(r"^\d+:\d\d [AP]M$"))
    held.refresh_from_db()
    assert held.claimed_at > twenty_minutes_ago + datetime.timedelta(minutes=5)


def test_a_sheet_without_a_network_says_that_it_may_be_lost_and_holds_its_request_again_after_it(
    sign_in, five_to_call, settings, complaints
):
    page = sign_in()
    page.clock.install()
    page.get_by_role("button", name="Next call").click()
    expect(page.locator("#held")).to_be_visible()
    page.context.set_offline(True)

    page.clock.run_for(f"{settings.CLAIM_MINUTES}:59")

    lost = page.get_by_text(
        re.compile(r"^You held it until \d+:\d\d [AP]M\. It may have been offered to others since\.$")
    )
    expect(lost).to_be_visible()
    expect(page.locator("#held")).to_be_hidden()
    # The browser says that there was no network.
    complaints.clear()

    # By the clock of the page it is later than by ours.
    settings.CLAIM_MINUTES = 120
    page.context.set_offline(False)
    page.clock.run_for("01:00")
    expect(page.locator("#held")).to_have_text(re.compile(r"^You hold it until \d+:\d\d [AP]M\.$"))
    expect(lost).to_be_hidden()


def test_a_sheet_says_when_somebody_wrote_something_since_it_was_opened(sign_in, five_to_call, colleague):
    page = sign_in()
    page.clock.install()
    page.get_by_role("button", name="Next call").click()
    expect(page.locator("#held")).to_be_visible()
    perform(NOTE, AppointmentRequest.objects.get(status="claimed"), by=colleague, note="The nurse calls her at noon.")
    expect(page.locator("#changed")).to_be_hidden()

    page.clock.run_for("04:00")
    page.get_by_role("link", name="Something changed since you opened this page").click()

    expect(page.get_by_text("The nurse calls her at noon.")).to_be_visible()


def test_a_sheet_that_lost_its_request_in_another_tab_says_why(sign_in, five_to_call, complaints):
    page = sign_in()
    page.clock.install()
    page.get_by_role("button", name="Next call").click()
    expect(page.locator("#held")).to_be_visible()
    perform(RELEASE, AppointmentRequest.objects.get(status="claimed"), by=get_user_model().objects.get())

    page.clock.run_for("04:00")

    expect(page.get_by_text("You do not hold it any more. Nobody holds this request")).to_be_visible()
    # The browser says of the answer that it was a 409.
    [_refused] = complaints
    complaints.clear()


def test_a_sheet_of_which_the_session_is_over_says_that_it_goes_on_holding_nothing(sign_in, five_to_call, complaints):
    page = sign_in()
    page.clock.install()
    page.get_by_role("button", name="Next call").click()
    expect(page.locator("#held")).to_be_visible()
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)

    page.clock.run_for("04:00")

    expect(page.get_by_text("You were signed out after this page was opened")).to_be_visible()
    [_refused] = complaints
    complaints.clear()


def test_what_was_typed_is_not_left_without_a_question(sign_in, five_to_call):
    page = sign_in()
    page.get_by_role("button", name="Next call").click()
    page.get_by_label("Note on the call").fill("Her daughter answered.")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    page.get_by_role("link", name="Queue", exact=True).click()
    page.get_by_role("button", name="Next call").click()
    page.locator("summary", has_text="Give back").click()
    page.get_by_role("button", name="Give back").click()

    assert asked == ["beforeunload"] * 3
    expect(page.get_by_label("Note on the call")).to_have_value("Her daughter answered.")

    # Neither to dial nor to send it.
    page.locator(".phone a").click()
    page.get_by_role("button", name="Left a message").click()
    expect(page.get_by_text("The call is logged.")).to_be_visible()
    page.get_by_role("link", name="Queue", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Queue")
    assert len(asked) == 3


def test_what_was_typed_and_refused_is_not_left_without_a_question(sign_in, five_to_call):
    page = sign_in()
    page.get_by_role("button", name="Next call").click()
    page.get_by_label("Note on the call").fill("Her daughter answered.")
    page.locator("summary", has_text="Asked to be called later").click()
    page.get_by_role("button", name="Reached, asked to be called later").click()
    expect(page.get_by_text("Not done yet: look at what is marked below.")).to_be_visible()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    page.get_by_role("link", name="Queue", exact=True).click()

    assert asked == ["beforeunload"]
    expect(page.get_by_label("Note on the call")).to_have_value("Her daughter answered.")


def press_twice(button: Locator) -> list[Route]:
    """Before there is an answer; what was sent is on its way for as long as it takes."""
    under_way: list[Route] = []
    button.page.route(
        "**", lambda route: under_way.append(route) if route.request.method == "POST" else route.continue_()
    )
    button.evaluate(
        """async button => {
            for (const _press of [1, 2]) {
                button.click();
                await new Promise((seen) => setTimeout(seen, 200));
            }
        }"""
    )
    return under_way


def test_a_button_that_is_pressed_twice_before_there_is_an_answer_is_pressed_once(sign_in, five_to_call):
    page = sign_in()
    page.get_by_role("button", name="Next call").click()
    page.get_by_label("Note on the call").fill("Her daughter answered.")

    [sent] = press_twice(page.get_by_role("button", name="Left a message"))

    sent.continue_()
    expect(page.get_by_text("The call is logged.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")


def test_an_absence_is_added_once_however_often_save_is_pressed(sign_in, clinician):
    page = sign_in()
    page.goto("/admin/appointments/absence/add/")
    page.get_by_label("Clinician").select_option("Dr. Example")
    page.get_by_label("From").fill("2037-03-02T09:00")
    page.get_by_label("Until").fill("2037-03-02T12:00")

    [_sent] = press_twice(page.get_by_role("button", name="Save", exact=True))


def test_what_was_sent_for_a_file_is_not_asked_after(sign_in, five_to_call):
    page = sign_in()
    page.goto("/admin/export/?state=open")
    page.clock.install()
    page.get_by_label("What is this export for?").fill("Waiting times for the board")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    for _ in range(2):
        with page.expect_download():
            page.get_by_role("button", name="Export").click()
        page.clock.run_for("00:06")

    page.get_by_role("link", name="Queue", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Queue")
    assert not asked


def test_what_a_caller_has_said_is_not_left_without_a_question(sign_in):
    page = sign_in()
    page.get_by_role("link", name="New request", exact=True).click()
    page.locator("[name='red_flags'][value='none']").check()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Questions: read each one out")).to_be_visible()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    page.get_by_role("button", name="Next call").click()

    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("heading", name="Who is speaking")).to_be_visible()
    assert len(asked) == 1


@with_and_without_javascript
def test_one_call_after_another_takes_few_presses_and_pages(sign_in, five_to_call, javascript):
    page = sign_in(javascript=javascript)
    called = []

    for _ in five_to_call:
        hands = Keyboard(page)
        hands.press_to("Next call")
        called.append(page.get_by_role("heading", level=1).inner_text())
        expect(page.locator(".phone a")).to_be_focused()
        # Enter would dial here, outside of the browser.
        hands.presses += 1
        hands.press_to("No answer")
        expect(page.get_by_role("button", name="Next call")).to_be_focused()
        assert hands.presses <= MOST_PRESSES
        assert hands.pages <= MOST_PAGES

    assert called == [request.name for request in five_to_call]
    assert set(AppointmentRequest.objects.values_list("status", "attempts_made")) == {("waiting", 1)}
    page.keyboard.press("Enter")
    expect(page.get_by_text("There is nobody to call just now.").first).to_be_visible()


@with_and_without_javascript
def test_the_focus_is_where_the_call_goes_on(sign_in, five_to_call, javascript):
    page = sign_in(javascript=javascript)

    def press(name):
        page.get_by_role("button", name=name, exact=True).click()

    press("Next call")
    press("Wrong number")
    expect(page.locator("summary", has_text="Correct contact details")).to_be_focused()

    AppointmentRequest.objects.update(nurse_check=NurseCheck.NEEDED)
    page.goto("/admin/")
    press("Next call")
    press("Reached")
    expect(page.locator("summary", has_text="Ask the nurse")).to_be_focused()

    page.locator("summary", has_text="Asked to be called later").click()
    press("Reached, asked to be called later")
    expect(page.get_by_text("Not done yet: look at what is marked below.")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#log-call_note")).to_be_focused()

    page.goto(f"/admin/appointments/appointmentrequest/{five_to_call[-1].pk}/change/")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_a_list_that_is_worked_through_begins_at_its_heading(sign_in, five_to_call):
    page = sign_in()
    AppointmentRequest.objects.update(nurse_check=NurseCheck.NEEDED)
    for name in ("Nurse", "Hand-over", "Duplicates", "Messages"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        # Not in the middle of the page.
        assert page.evaluate("scrollY") == 0

    page.get_by_role("link", name="Nurse", exact=True).click()
    page.get_by_role("button", name="Answer for").first.click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("A visit is fine").first.check()
    page.get_by_role("button", name="Answer for").first.click()
    expect(page.get_by_text(re.compile("Your answer about .* is saved."))).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_whoever_turns_the_weeks_of_free_times_by_keyboard_goes_on_at_the_week(sign_in, consulting_hours):
    page = sign_in()
    page.get_by_role("link", name="Free times", exact=True).click()
    week = page.locator("h2:focus")
    first = week.inner_text()

    page.get_by_role("button", name="Next week").press("Enter")

    expect(week).not_to_have_text(first)
    expect(week).to_have_text(re.compile("^Week of "))


@with_and_without_javascript
def test_enter_after_the_time_a_patient_named_promises_the_call(sign_in, five_to_call, javascript):
    page = sign_in(javascript=javascript)
    page.get_by_role("button", name="Next call").click()
    page.locator("summary", has_text="Asked to be called later").click()
    named = timezone.localtime() + datetime.timedelta(days=2)
    page.get_by_label("Call again at").fill(f"{named:%Y-%m-%dT%H:%M}")

    page.keyboard.press("Enter")

    expect(page.get_by_text("The call is logged.")).to_be_visible()
    promised = AppointmentRequest.objects.get(is_promised=True)
    assert (promised.name, promised.status) == ("Ana Abel Example", "waiting")


@with_and_without_javascript
def test_a_call_that_ends_in_a_visit_takes_few_presses_and_pages(sign_in, five_to_call, consulting_hours, javascript):
    page = sign_in(javascript=javascript)
    hands = Keyboard(page)

    hands.press_to("Next call")
    # Enter would dial here, outside of the browser.
    hands.presses += 1
    hands.press_to("Reached")
    for key in ("Enter", "Tab", "Space"):
        hands.press(key)
    hands.press_to("Book a visit")

    expect(page.get_by_text("The visit is booked.")).to_be_visible()
    assert hands.presses <= MOST_PRESSES
    assert hands.pages <= MOST_PAGES


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_visit_is_booked_in_a_free_time_taken_back_and_booked_again(
    sign_in, open_page, five_to_call, consulting_hours, size
):
    page = sign_in(size)
    page.get_by_role("button", name="Next call").click()
    page.get_by_role("button", name="Reached", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ana Abel Example")
    expect(page.locator("summary", has_text="Book a visit")).to_be_focused()

    for _ in range(2):
        page.locator("summary", has_text="Book a visit").click()
        first = page.locator("input[name='time']").first
        chosen = page.locator(f"label[for='{first.get_attribute('id')}']").inner_text()
        first.check()
        page.get_by_role("button", name="Book a visit").click()
        expect(page.get_by_text("The visit is booked.")).to_be_visible()
        if _ == 0:
            page.get_by_role("button", name="Take it back").click()
            expect(page.get_by_text("Taken back.")).to_be_visible()

    booked = AppointmentRequest.objects.get(name="Ana Abel Example")
    assert booked.status == "booked"
    assert f"{timezone.localtime(booked.appointment.starts_at):%-I:%M %p}" in chosen

    patient = open_page()
    patient.goto("/status/")
    patient.get_by_label("Your reference").fill(reference.grouped(booked.reference))
    for part, value in (("Month", "3"), ("Day", "14"), ("Year", "1948")):
        patient.get_by_label(part, exact=True).fill(value)
    patient.get_by_role("button", name="See your request").click()
    expect(patient.get_by_text("Your visit is booked for")).to_be_visible()


def test_the_search_answers_while_one_types(sign_in, five_to_call):
    page = sign_in()
    page.get_by_role("link", name="Queue", exact=True).click()
    expect(page.get_by_role("searchbox")).to_be_focused()

    page.keyboard.type("ana cora")

    expect(page.locator("table.queue tbody tr")).to_have_count(1)
    expect(page.get_by_role("status")).to_have_text("1 found")
    expect(page.locator("table.queue tbody")).to_contain_text("Ana Cora Example")
    assert "ana" not in page.url


@with_and_without_javascript
def test_who_phones_in_is_found_in_a_few_presses_and_the_next_call_is_one_press_away(
    sign_in, five_to_call, javascript
):
    page = sign_in(javascript=javascript)

    with page.expect_navigation():
        press_access_key(page, "s")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("example, cora")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    # A page is loaded a moment before the focus is where it shall be.
    expect(page.get_by_role("link", name="Ana Cora Example")).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ana Cora Example")

    with page.expect_navigation():
        press_access_key(page, "n")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ana Abel Example")
    press_access_key(page, "k")
    page.keyboard.press("Tab")
    expect(page.get_by_label("I do not speak the language")).to_be_focused()
    page.keyboard.press("Space")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("Skipped: it is back in the queue for others.")).to_be_visible()


def test_a_request_by_phone_is_typed_in_ninety_seconds(sign_in):
    page = sign_in(javascript=False)
    hands = Keyboard(page)

    def go_on():
        with page.expect_navigation():
            hands.press("Enter")

    with page.expect_navigation():
        press_access_key(page, "r")
    hands.presses += 2
    signs = {question.key for question in PATHWAY.pages[0].questions}
    for key, answer in TEXTBOOK.items():
        if key not in signs and signs:
            go_on()
            signs = set()
        hands.answer(key, answer)
    go_on()
    expect(page.get_by_role("heading", name="Read this out")).to_be_focused()
    for name in ("name", "date_of_birth_month", "date_of_birth_day", "date_of_birth_year", "phone"):
        hands.answer(name, WHO[name])
    for name in ("imaging", "place", "more"):
        hands.answer(name, ["none"] if name == "imaging" else VISIT_ANSWERS[name])
    for name in ("call_times", "voicemail_ok", "calls_ok", "keeping_ok"):
        hands.answer(name, [""] if name in CHECK else CALL[name])
    go_on()

    expect(page.locator("summary", has_text="Book a visit")).to_be_focused()
    taken = AppointmentRequest.objects.get()
    assert (taken.outcome, taken.source, taken.status) == ("likely_candidate", "phone", "claimed")
    seconds = hands.presses * SECONDS_PER_PRESS
    print(f"A request by phone: {hands.presses} presses, {hands.pages} pages, {seconds:.0f} s of typing")  # noqa: T201
    assert seconds <= MOST_SECONDS


def test_no_key_does_anything_by_itself(sign_in, five_to_call):
    page = sign_in()

    page.keyboard.type("snbkc/")

    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    assert not AppointmentRequest.objects.exclude(status="waiting").exists()


def test_two_schedulers_get_different_patients_and_neither_overwrites_the_other(
    sign_in, open_page, five_to_call, colleague
):
    first = sign_in()
    first.get_by_role("button", name="Next call").click()
    mine = first.url
    second = first.context.new_page()
    second.goto(mine)
    second.locator("summary", has_text="Correct contact details").click()
    second.get_by_label("Phone", exact=True).fill("(212) 555-0177")
    second.get_by_role("button", name="Correct contact details").click()
    expect(second.get_by_text("The details are corrected.")).to_be_visible()

    first.get_by_label("Note on the call").fill("Her daughter answered.")
    first.get_by_role("button", name="Left a message").click()

    expect(first.get_by_text("New since you opened this page")).to_be_visible()
    expect(first.get_by_label("Note on the call")).to_have_value("Her daughter answered.")
    first.get_by_role("button", name="Left a message").click()
    expect(first.get_by_text("The call is logged.")).to_be_visible()

"""Whole journeys in a real browser: a patient from the first page to the reference, and staff from there on."""

import re

import pytest
from django.utils import translation
from playwright.sync_api import Locator, Page, expect

from appointments import reference
from appointments.intake.forms import ConsentForm, WhoForm
from appointments.models import AppointmentRequest
from screening.pathways.vertebral_cement import LIKELY_CANDIDATE, PAIN, PATHWAY, RED_FLAGS
from screening.questionnaire.questions import Menu, Question, Text
from screening.wording import say
from tests.walk import CHECK, EVERYTHING, VISIT_ANSWERS, WHO

from .conftest import DESKTOP, LANGUAGES, PHONE
from .people import Keys, Pointer

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"  # noqa: S105

with_and_without_javascript = pytest.mark.parametrize(
    "javascript", [True, False], ids=["JavaScript", "no JavaScript"]
)
on_phone_and_desktop = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])


@pytest.mark.parametrize(
    ("size", "javascript"), [(PHONE, False), (DESKTOP, True)], ids=["phone, no JavaScript", "desktop, JavaScript"]
)
def test_a_patient_gets_from_the_first_page_to_a_reference(open_page, size, javascript):
    page = open_page(size, javascript=javascript)

    shown = make_the_whole_journey(page, Pointer(page))

    stored = AppointmentRequest.objects.get()
    assert (stored.reference, stored.name, stored.answers["pain"]) == (reference.parse(shown), WHO["name"], "8")


def test_a_patient_gets_there_with_keys_alone(open_page):
    page = open_page(DESKTOP)

    shown = make_the_whole_journey(page, Keys(page))

    assert AppointmentRequest.objects.get().reference == reference.parse(shown)


def test_a_patient_gets_there_in_spanish_without_javascript(open_page):
    page = open_page(javascript=False)
    page.goto("/")
    page.get_by_role("button", name="Español").click()

    with translation.override("es"):
        shown = make_the_whole_journey(page, Pointer(page))

    assert AppointmentRequest.objects.get().reference == reference.parse(shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_patient_finds_and_withdraws_a_request_without_javascript(open_page, a_request, language):
    visit_request = a_request()
    page = open_page(javascript=False)
    page.goto("/status/")
    if language == "es":
        page.get_by_role("button", name="Español").click()

    with translation.override(language):
        page.get_by_label(say("Your reference"), exact=True).fill(reference.grouped(visit_request.reference))
        write_date_of_birth(page, Pointer(page))
        button(page, "See your request").click()
        link(page, "I no longer want a visit").click()
        button(page, "I no longer want a visit").click()

        expect(page.get_by_role("status")).to_have_text(say("Your change is saved."))
        expect(page.get_by_text(say("You withdrew this request. We will not call you about it."))).to_be_visible()
    visit_request.refresh_from_db()
    assert visit_request.close_reason == "withdrawn"


@with_and_without_javascript
@pytest.mark.parametrize("hands", [Pointer, Keys])
def test_an_error_takes_the_focus_and_leads_to_its_field(open_page, javascript, hands):
    page = open_page(javascript=javascript)
    hands = hands(page)
    page.goto("/check/red_flags/")

    hands.press(button(page, "Continue"))

    expect(page.locator(".error-summary")).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: "))

    hands.press(page.locator(".error-summary").get_by_role("link"))

    expect(option(page, RED_FLAGS, "legs")).to_be_focused()

    answer(page, hands, RED_FLAGS, ["none"])
    hands.press(button(page, "Continue"))

    expect(heading(page)).to_have_text(PAIN.text)


@pytest.mark.parametrize("way_back", ["the link", "the button of the browser"])
def test_an_emergency_can_be_called_for_and_taken_back(open_page, way_back):
    page = open_page()
    page.goto("/check/red_flags/")

    option(page, RED_FLAGS, "chest").check()
    button(page, "Continue").click()

    expect(heading(page)).to_have_text("Get medical help now")
    expect(link(page, "Call 911")).to_have_attribute("href", "tel:911")

    if way_back == "the link":
        link(page, "I checked this by mistake: go back").click()
        expect(option(page, RED_FLAGS, "chest")).not_to_be_checked()
    else:
        page.go_back()
    expect(heading(page)).to_have_text(RED_FLAGS.text)

    page.goto("/check/result/")
    expect(heading(page)).to_have_text(RED_FLAGS.text)


@with_and_without_javascript
def test_an_emergency_page_stays_through_reload_back_forward_and_the_other_language(open_page, javascript):
    page = open_page(javascript=javascript)
    page.goto("/check/red_flags/")
    option(page, RED_FLAGS, "fever").check()
    button(page, "Continue").click()

    page.reload()
    expect(page.locator("[data-outcome=emergency_today]")).to_have_count(1)
    page.go_back()
    expect(heading(page)).to_have_text(RED_FLAGS.text)
    page.go_forward()
    expect(heading(page)).to_have_text("Talk to a doctor or nurse today")
    button(page, "Español").click()

    expect(heading(page)).to_have_text("Hable hoy con un médico o una enfermera")
    expect(page).to_have_url(re.compile("/check/get-help-today/$"))


def make_the_whole_journey(page: Page, hands: Pointer | Keys) -> str:
    """Ask for a visit, with one answer changed on the way. Returns the reference as it is shown."""
    page.goto("/")
    hands.press(link(page, "Answer a few short questions").first)
    hands.press(button(page, "Start: about me"))
    for question_page in PATHWAY.pages:
        expect(heading(page)).to_have_text(say(question_page.text))
        for question in question_page.questions:
            answer(page, hands, question, EVERYTHING[question.key])
        hands.press(button(page, "Continue"))

    expect(heading(page)).to_have_text(say("Check your answers"))
    about_pain = page.locator(".answers > div", has_text=say(PAIN.text))
    hands.press(about_pain.get_by_role("link"))
    expect(option(page, PAIN, EVERYTHING["pain"])).to_be_checked()
    answer(page, hands, PAIN, "8")
    hands.press(button(page, "Continue"))
    expect(heading(page)).to_have_text(say("Check your answers"))
    expect(about_pain.locator("dd").first).to_have_text("8")

    hands.press(link(page, "See your result"))
    expect(heading(page)).to_have_text(say(LIKELY_CANDIDATE.title))
    hands.press(link(page, "Ask for a visit").first)
    ask_for_the_visit(page, hands)

    expect(heading(page)).to_have_text(say("We have your request"))
    return page.locator(".reference").inner_text()


def ask_for_the_visit(page: Page, hands: Pointer | Keys) -> None:
    for question in PATHWAY.visit_questions:
        answer(page, hands, question, VISIT_ANSWERS[question.key])
    hands.press(button(page, "Continue"))

    who = WhoForm.base_fields
    for name in ("name", "phone", "email"):
        hands.write(page.get_by_label(str(who[name].label), exact=True), WHO[name])
        if name == "name":
            write_date_of_birth(page, hands)
    hands.press(button(page, "Continue"))

    hands.choose(page.get_by_label("English", exact=True))
    hands.choose(page.get_by_label(say("Any of these times"), exact=True))
    hands.choose(page.get_by_label(say("Yes, you may leave a message"), exact=True))
    hands.press(button(page, "Continue"))

    expect(page.locator(".answers")).to_contain_text(WHO["email"])
    for agreed in CHECK:
        hands.choose(page.get_by_label(str(ConsentForm.base_fields[agreed].label), exact=True))
    hands.press(button(page, "Send the request"))


def write_date_of_birth(page: Page, hands: Pointer | Keys) -> None:
    for part in ("month", "day", "year"):
        hands.write(page.get_by_label(say(part.capitalize()), exact=True), WHO[f"date_of_birth_{part}"])


def answer(page: Page, hands: Pointer | Keys, question: Question, values: str | list[str]) -> None:
    if isinstance(question, Menu):
        label = next(option.label for option in question.options if option.value == values)
        hands.pick(page.get_by_label(say(question.text), exact=True), say(label))
    elif isinstance(question, Text):
        hands.write(page.get_by_label(say(question.text), exact=True), values)
    else:
        for value in [values] if isinstance(values, str) else values:
            hands.choose(option(page, question, value))


def option(page: Page, question: Question, value: str) -> Locator:
    """One answer, found as people find it: by its words, under the words of the question."""
    label = next(option.label for option in question.options if option.value == value)
    group = page.get_by_role("group", name=say(question.text), exact=True)
    return group.get_by_label(say(label), exact=True)


def unfold(page: Page, summary: str) -> None:
    page.locator("summary", has_text=summary).click()


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def link(page: Page, text: str) -> Locator:
    return page.get_by_role("link", name=say(text), exact=True)


def button(page: Page, text: str) -> Locator:
    return page.get_by_role("button", name=say(text), exact=True)

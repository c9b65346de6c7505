"""What is printed. The summary for a patient's doctor is one page, however much there is to say, in large letters."""

import datetime
from functools import partial
from io import BytesIO
from unicodedata import normalize

import pytest
from playwright.sync_api import Page
from pypdf import PdfReader

from appointments.lifecycle.definition import BOOK
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, Clinician, Place
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.conditions import Answers
from screening.questionnaire.journey import Journey
from screening.questionnaire.questions import Question
from tests.walk import EVERYTHING, words_of

from .conftest import LANGUAGES
from .states import State, answered, fetch, opened, reach, stored_states

pytestmark = pytest.mark.browser

PAPERS = ("Letter", "A4")
SMALLEST_LETTERS = 12


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_summary_is_one_page_in_large_letters(page, requests, language):
    answers = answers_that_say_most(language)
    AppointmentRequest.objects.update(answers=answers)
    Place.objects.update(
        name="Spine Clinic, Building B, second floor", address="1234 Example Avenue, New York, NY 10001"
    )
    of_requests = [state for state in stored_states(requests) if state.path.endswith("/summary/")]
    assert len(of_requests) == 2

    for state in (summary_of(answers), *of_requests):
        reach(page, state, language)
        for paper in PAPERS:
            check_print(page, paper)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_education_page_is_printed_whole_on_four_pages(page, language):
    """With what is folded up on the screen, and its pictures."""
    reach(page, State("education", "/"), language)
    folded = page.locator("details").evaluate_all("all => all.map(one => one.textContent).join(' ')")
    pictures = page.locator("svg title").evaluate_all("all => all.map(one => one.textContent).join(' ')")

    for paper in PAPERS:
        printed = Print(page, paper)
        assert printed.pages == 4, f"{printed.pages} pages on {paper}"
        # A word that is broken at the end of a line is found in two.
        missing = set(folded.split()) - set(pictures.split()) - printed.words
        assert not {word for word in missing if word.isalpha()}


def test_a_request_is_printed_with_the_phone_and_without_what_is_for_the_screen(page, requests):
    reach(page, State("status, booked", "/status/yours/", opened(requests["booked"])))

    [printed] = PdfReader(BytesIO(page.pdf(format="Letter"))).pages

    words = " ".join(printed.extract_text().split())
    assert "You can also call us at (212) 555-0100" in words
    assert "What you can change" not in words


def test_the_visits_of_each_clinician_are_a_page_of_the_day_sheet(
    page, requests, signed_in, scheduler, consults, place, next_week
):
    other = consults(Clinician.objects.create(name="Dr. Other"))
    where = {"place": place, "clinician": other, "starts_at": next_week + datetime.timedelta(hours=2)}
    perform(BOOK, requests["claimed"], by=scheduler, **where)
    [session] = signed_in.items()
    page.context.add_cookies([{"name": session[0], "value": session[1], "domain": "localhost", "path": "/"}])

    page.goto(f"/admin/day-sheet/?date={next_week:%Y-%m-%d}")

    *_, first, second = (sheet.extract_text() for sheet in PdfReader(BytesIO(page.pdf(format="Letter"))).pages)
    day = f"{next_week:%A, %B} {next_week.day}, {next_week.year}"
    assert [who for who in ("Calls", "Dr. Example", "Dr. Other", day) if who in first] == ["Dr. Example", day]
    assert [who for who in ("Calls", "Dr. Example", "Dr. Other", day) if who in second] == ["Dr. Other", day]


def test_no_page_of_staff_prints_what_leads_to_other_pages(page, requests, signed_in):
    [session] = signed_in.items()
    page.context.add_cookies([{"name": session[0], "value": session[1], "domain": "localhost", "path": "/"}])

    for path in (
        "/admin/report/",
        "/admin/nurse/",
        f"/admin/appointments/appointmentrequest/{requests['booked'].pk}/change/",
    ):
        page.goto(path)
        heading = page.get_by_role("heading", level=1).inner_text()
        first = PdfReader(BytesIO(page.pdf(format="Letter"))).pages[0].extract_text()
        assert heading in " ".join(first.split())
        assert "Hand-over" not in first
        assert "log out" not in first.lower()


def test_what_is_too_long_or_too_small_would_be_found(page):
    page.goto("about:blank")
    page.set_content("<article class=summary>Long<div style='height: 1200px'></div>too <small>long</small></article>")

    printed = Print(page, "Letter")

    assert printed.pages == 2
    assert printed.smallest_letters == pytest.approx(10, abs=0.1)


def check_print(page: Page, paper: str) -> None:
    printed = Print(page, paper)
    missing = set(page.locator(".summary").inner_text().split()) - printed.words

    assert printed.pages == 1, f"{page.url} takes {printed.pages} pages on {paper}"
    assert printed.smallest_letters >= SMALLEST_LETTERS - 0.01, f"{page.url} on {paper}"
    assert not missing, f"{page.url} on {paper} does not show {missing}"


class Print:
    """What the browser sends to a printer with this paper."""

    def __init__(self, page: Page, paper: str):
        sheets = PdfReader(BytesIO(page.pdf(format=paper))).pages
        self.letter_sizes = set()
        text = " ".join(sheet.extract_text(visitor_text=self._see) for sheet in sheets)
        # Fonts have signs of their own for "fi" and "ff".
        self.words = set(normalize("NFKC", text).split())
        self.pages = len(sheets)
        self.smallest_letters = min(self.letter_sizes)

    def _see(self, text, of_page, of_text, font, size) -> None:
        """A size in points is what the font says, scaled by where the text and the whole page are put."""
        if text.strip():
            scale = abs(of_text[0] * of_text[3] * of_page[0] * of_page[3]) ** 0.5
            self.letter_sizes.add(size * scale)


def answers_that_say_most(language: str) -> Answers:
    """Found by trying, for one question after the other, what makes the summary longer."""
    answers = EVERYTHING
    for question in PATHWAY.questions:
        possible = [{**answers, question.key: value} for value in values_of(question)]
        answers = max(filter(leads_to_visit, possible), key=partial(length_of_summary, language))
    return answers


def length_of_summary(language: str, answers: Answers) -> int:
    return len(words_of(fetch(summary_of(answers), language)))


def values_of(question: Question) -> list[str | list[str]]:
    if not question.takes_several:
        return [option.value for option in question.options]
    together = [option.value for option in question.options if not option.alone]
    return [together, *([option.value] for option in question.options)]


def leads_to_visit(answers: Answers) -> bool:
    journey = Journey(PATHWAY, answers)
    return journey.is_complete and not journey.stopped and journey.assessment.outcome.offers_visit


def summary_of(answers: Answers) -> State:
    return State("summary", "/check/summary/", answered(answers))

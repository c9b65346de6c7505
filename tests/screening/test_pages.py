"""The public pages up to the result, as a visitor's browser gets them.

A test that does not ask for a database has none: pytest-django fails whatever queries it. So most tests here show as
well that nothing was stored, and that the pages work while the database is down.
"""

import json
import re
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from django.test import Client
from django.urls import path

from appointments.models import AppointmentRequest
from config import urls
from screening.pathways.vertebral_cement import PATHWAY
from screening.signed_text import fingerprint
from tests.walk import (
    ADDRESSES,
    EVERYTHING,
    TEXTBOOK,
    VISIT_ANSWERS,
    WHO,
    answer_check,
    ask_for_visit,
    back_of,
    checked_in,
    outcome_of,
    source_of,
    title_of,
    verdicts_of,
    words_of,
)

EXAMPLES = json.loads(Path(__file__).with_name("pathway-examples.json").read_text(encoding="utf-8"))
OUTCOMES = [
    ("likely_candidate", {}, {}),
    ("specialist_review", {"osteoporosis": "not_sure"}, {"bone": "unknown"}),
    ("conservative_first", {"tried": ["none"]}, {"conservative": "not_met"}),
    ("not_matching", {"fracture": "no"}, {"fracture": "not_met", "height": "not_met"}),
    ("not_candidate_bleeding", {"clotting": "yes"}, {"clotting": "not_met"}),
]
WAY = [f"/check/{page.key}/" for page in PATHWAY.pages]


def broken(request):
    raise ValueError("Ana Example, born 3 14 1948")


urlpatterns = [path("broken/", broken), *urls.urlpatterns]
handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500


def send(client, url, **changes):
    """Answer this page as in EVERYTHING. Gives the address it leads to."""
    page = PATHWAY.page(url.split("/")[2])
    answers = {**EVERYTHING, **changes}
    return client.post(url, {question.key: answers[question.key] for question in page.questions})["Location"]


def test_the_education_page_invites_to_the_check_and_has_what_studies_found(client):
    page = client.get("/")

    assert '<a class="button" href="/check/">Answer a few short questions</a>' in source_of(page)
    assert '<details class="part" id="studies"' in source_of(page)
    assert "Do they work? Studies disagree." in words_of(page)


def test_the_start_page_says_what_to_expect_and_leads_to_the_warning_signs(client):
    page = client.get("/check/")

    assert "If you think this is an emergency, call 911 now." in words_of(page)
    assert "You do not need to give your name to see your result." in words_of(page)
    assert "For adults 18 or older." in words_of(page)
    assert f"The check has at most {len(PATHWAY.pages)} short pages." in words_of(page)
    assert "A visit request has some more questions." in words_of(page)
    assert client.post("/check/", {"answering_for": "myself"})["Location"] == "/check/red_flags/"
    # A browser that keeps no cookies comes there, too.
    assert Client(enforce_csrf_checks=True).post("/check/", {"answering_for": "myself"}).status_code == 302


def test_what_was_not_asked_is_not_marked_as_speaking_against_anybody(client):
    page = answer_check(client, fracture="no")
    result, summary = client.get("/check/result/"), client.get("/check/summary/")

    assert page.status_code == 200
    assert "Bone lost height Not asked We did not ask: you said there is no fracture." in words_of(result)
    assert re.search('<li class="not_asked" data-criterion="height"', source_of(result))
    assert "Not asked: Bone lost height" in words_of(summary)
    assert "Does not fit: Spine fracture" in words_of(summary)


def test_the_rules_are_published_and_that_nobody_has_signed_them(client):
    page = words_of(client.get("/how-this-check-decides/"))

    assert "No clinician has signed off these rules yet, so this check is not for real patients yet." in page
    assert f"This is version {PATHWAY.version} of the rules (text {fingerprint(PATHWAY.key)})." in page


@pytest.mark.parametrize("page", PATHWAY.pages, ids=lambda page: page.key)
def test_a_question_page_shows_its_words_and_every_option_and_what_was_answered(client, page):
    answer_check(client, **EVERYTHING)

    shown = client.get(f"/check/{page.key}/")

    texts = [page.text, page.why, *(text for question in page.questions for text in (question.text, question.hint))]
    inputs = re.findall(
        r'name="(\w+)" value="([^"]*)" id="([^"]*)"[^>]*>\s*<label for="\3">([^<]*)<', source_of(shown)
    )
    assert [text for text in texts if text not in words_of(shown)] == []
    assert [(name, value, label) for name, value, _, label in inputs] == [
        (question.key, option.value, option.label) for question in page.questions for option in question.options
    ]
    assert checked_in(shown) == {
        question.key: [option.value for option in question.chosen(EVERYTHING)] for question in page.questions
    }


@pytest.mark.parametrize("again", [False, True], ids=["the first time", "after going back"])
def test_continue_and_back_follow_the_order_of_the_pages(client, again):
    if again:
        answer_check(client, **EVERYTHING)

    for before, here, after in zip(["/check/", *WAY], WAY, [*WAY[1:], "/check/answers/"], strict=False):
        assert back_of(client.get(here)) == before
        assert send(client, here) == after

    assert back_of(client.get("/check/answers/")) == WAY[-1]
    assert back_of(client.get("/check/result/")) == "/check/answers/"


@pytest.mark.parametrize("url", [*WAY[1:], "/check/answers/", "/check/result/", "/visit/", "/visit/who/"])
def test_no_address_leads_past_the_warning_signs(client, url):
    posted = client.post(url, {**EVERYTHING, **VISIT_ANSWERS, **WHO})
    reached = client.get(url, follow=True)

    assert posted.status_code in (302, 405)
    assert reached.request["PATH_INFO"] == "/check/red_flags/"
    assert "answers" not in client.cookies


def test_no_page_can_be_skipped(client):
    for here, following in pairwise(WAY):
        for url in (*WAY[WAY.index(following) :], "/check/answers/", "/check/result/"):
            assert client.get(url)["Location"].removesuffix("?lost") == here
        assert send(client, here) == following


SIGNS = ("legs", "saddle", "bladder_bowel", "trauma", "chest", "tearing")
NOW, TODAY = "/check/get-help-now/", "/check/get-help-today/"


@pytest.mark.parametrize(
    ("ticked", "leads_to"),
    [
        *(([sign], NOW) for sign in SIGNS),
        (["legs", "fever", "not_sure"], NOW),
        (["fever"], TODAY),
        (["not_sure"], TODAY),
    ],
)
def test_a_warning_sign_leads_to_a_page_of_its_own_and_nothing_is_kept(client, ticked, leads_to):
    answered = client.post("/check/red_flags/", {"red_flags": ticked})

    assert (answered.status_code, answered["Location"]) == (303, leads_to)
    assert (answered.cookies["answers"].value, answered.cookies["answers"]["max-age"]) == ("", 0)


@pytest.mark.parametrize(("url", "outcome"), [(NOW, "emergency_911"), (TODAY, "emergency_today")])
def test_an_emergency_page_can_be_opened_by_anybody_and_stays_in_the_other_language(url, outcome):
    stranger = Client()

    page = stranger.get(url)
    switched = stranger.post("/language/", {"language": "es", "next": url}, follow=True)

    assert (page.status_code, outcome_of(page), page["X-Robots-Tag"]) == (200, outcome, "noindex")
    assert '<a href="/check/red_flags/">I checked this by mistake: go back</a>' in source_of(page)
    assert "We did not save or send your answers." in words_of(page)
    assert "Helping someone?" in words_of(page)
    assert (outcome_of(switched), switched.request["PATH_INFO"]) == (outcome, url)
    for one in (page, switched):
        assert PATHWAY.outcome(outcome).title in words_of(one)
        assert {"emergency_911": "Busque ayuda", "emergency_today": "Hable hoy"}[outcome] in words_of(one)
    assert words_of(page).index("Helping someone?") < words_of(page).index("¿Está ayudando a alguien?")
    assert words_of(switched).index("¿Está ayudando a alguien?") < words_of(switched).index("Helping someone?")


def test_only_who_has_to_act_now_gets_a_button_for_the_ambulance_and_no_number_of_the_clinic(client):
    now, today = (source_of(client.get(url)) for url in (NOW, TODAY))

    assert "Do not drive yourself. Do not wait for a call from us." in now
    assert ('class="button" href="tel:911"' in now, 'class="button"' in today) == (True, False)
    assert "(212) 555-0100" not in now
    assert 'Our clinic: <a href="tel:+1-212-555-0100">(212) 555-0100</a>, Monday' in today


def test_the_nurse_line_stands_where_somebody_may_need_it_after_hours_if_there_is_one(client, settings):
    answer_check(client)
    pages = (TODAY, "/check/result/")

    assert [url for url in pages if "After hours" in words_of(client.get(url))] == []

    settings.NURSE_LINE, settings.NURSE_LINE_HOURS = "(212) 555-0111", {"en": "day and night"}

    for url in pages:
        assert "After hours, our nurse line: (212) 555-0111, day and night" in words_of(client.get(url))
        assert 'href="tel:+1-212-555-0111"' in source_of(client.get(url))


def test_of_what_was_answered_before_a_warning_sign_all_but_the_signs_is_kept(client):
    client.post("/check/", {"answering_for": "someone_else"})
    answer_check(client)

    client.post("/check/red_flags/", {"red_flags": ["fever"]})

    assert client.get("/check/result/")["Location"] == "/check/red_flags/"
    first = client.get("/check/red_flags/")
    assert checked_in(first) == {}
    assert "You are answering for someone else." in words_of(first)
    client.post("/check/red_flags/", {"red_flags": ["none"]})
    assert outcome_of(client.get("/check/result/")) == "likely_candidate"


def test_a_known_old_sign_and_a_new_one_are_not_taken_for_one_answer(client):
    page = client.post("/check/red_flags/", {"red_flags": ["legs", "long_known"]})

    assert page.status_code == 422
    assert "If it is new or getting worse, call 911 now, or check only the sign." in words_of(page)


def test_the_answers_are_shown_before_the_result_each_with_a_link_to_change_it(client):
    page = source_of(answer_check(client))

    rows = dict(re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", page))
    assert len(rows) == len(TEXTBOOK)
    assert rows["How bad was your back pain at its worst in the past 7 days?"] == "<span>7</span>"
    assert rows["Did that bone lose height?"] == "<span>Yes, a doctor or report said so</span>"
    assert rows["What have you tried for this pain?"] == (
        "<span>Back brace</span><span>Pain medicine (from a store or a doctor)</span><span>Rest, or doing less</span>"
    )
    assert rows["Help from the rest"] == "<span>A little, or not for long</span>"
    assert list(dict.fromkeys(re.findall(r'href="([^"]*)\?change"', page))) == WAY


def test_a_changed_answer_leads_straight_back_to_the_answers(client):
    answer_check(client)

    assert back_of(client.get("/check/clotting/?change")) == "/check/answers/"
    assert send(client, "/check/clotting/?change", clotting="not_sure") == "/check/answers/"
    assert outcome_of(client.get("/check/result/")) == "specialist_review"


def test_a_changed_answer_leads_back_by_way_of_the_pages_it_opens(client):
    answer_check(client, pain="0")

    assert send(client, "/check/pain/?change", pain="7") == "/check/function/?change"
    assert send(client, "/check/function/?change") == "/check/onset/?change"
    assert send(client, "/check/onset/?change") == "/check/tried/?change"
    assert send(client, "/check/tried/?change") == "/check/helped/?change"
    assert send(client, "/check/helped/?change") == "/check/answers/"


@pytest.mark.parametrize(("outcome", "changes", "not_met"), OUTCOMES, ids=[row[0] for row in OUTCOMES])
def test_the_result_shows_where_somebody_stands_and_why(client, outcome, changes, not_met):
    answer_check(client, **changes)

    page = client.get("/check/result/")

    assert outcome_of(page) == outcome
    assert verdicts_of(page) == {criterion.key: not_met.get(criterion.key, "met") for criterion in PATHWAY.criteria}
    assert f"<h1>{PATHWAY.outcome(outcome).title}</h1>" in source_of(page)
    assert ('href="/visit/"' in source_of(page)) == (outcome in ("likely_candidate", "specialist_review"))
    assert "This check uses only your answers. It is not a diagnosis and it does not replace a doctor." in words_of(
        page
    )
    assert (
        "Call 911 if you get new leg weakness, unsteady legs, or numbness between your legs. Call too for"
        in words_of(page)
    )
    assert "Call a doctor today if you get a fever." in words_of(page)
    assert {"/#studies", "/how-this-check-decides/"} < set(re.findall('href="([^"]*)"', source_of(page)))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['id']} {example['title']}")
def test_an_example_of_the_published_rule_ends_as_it_says(client, db, example):
    last = answer_check(client, **example["answers"])
    shown = outcome_of(last) or outcome_of(client.get("/check/result/"))
    ask_for_visit(client, **example["answers"])

    expected = example["expect"]
    stored = [(row.outcome, row.priority, row.flags) for row in AppointmentRequest.objects.all()]
    assert shown == expected["outcome"]
    assert stored == [(shown, expected["priority"], expected["flags"])] * expected["queue"]


def test_starting_again_forgets_the_answers_and_opening_its_address_does_not(client):
    answer_check(client)

    client.get("/check/start-again/")
    assert "Go on where you were" in words_of(client.get("/check/"))

    assert client.post("/check/start-again/")["Location"] == "/check/"
    assert "Go on where you were" not in words_of(client.get("/check/"))
    assert client.get("/check/result/")["Location"] == "/check/red_flags/?lost"


# How to come to each kind of page, for a visitor who has answered everything.
PAGES = {
    **{url: partial(Client.get, path=url) for url in ADDRESSES},
    "a redirect": lambda visitor: visitor.post("/check/pain/", {"pain": "7"}),
    "an invalid answer": lambda visitor: visitor.post("/check/pain/"),
    "an emergency": lambda visitor: visitor.post("/check/red_flags/", {"red_flags": "legs"}),
    "not found": lambda visitor: visitor.get("/check/nope/"),
    "another method": lambda visitor: visitor.delete("/check/pain/"),
    "sent from elsewhere": lambda visitor: Client(enforce_csrf_checks=True).post("/check/pain/"),
    "a NUL": lambda visitor: visitor.get("/check/%00/"),
    "another charset": lambda visitor: visitor.post("/check/pain/", "7", "text/plain; charset=utf-7"),
    "too large": lambda visitor: visitor.post("/check/pain/", {"pain": "7" * 70_000}),
    "broken": lambda visitor: visitor.get("/broken/"),
}
PROTECTION = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
}
ALLOWED_CONTENT = {f"{what} 'self'" for what in ("script-src", "style-src", "img-src", "connect-src", "form-action")}
ALLOWED_CONTENT |= {f"{what} 'none'" for what in ("default-src", "base-uri", "frame-ancestors")}


def test_the_colours_of_the_clinic_are_kept_by_browsers_until_they_change(client, settings):
    settings.CLINIC_COLOR = "#123456"
    url = re.search(r'href="(/brand/\w+\.css)"', source_of(client.get("/check/")))[1]

    assert "#123456" in client.get(url).text
    assert client.get(url)["Cache-Control"] == "public, max-age=31536000, immutable"

    settings.CLINIC_COLOR = "#654321"
    assert url not in source_of(client.get("/check/"))
    assert client.get(url)["Cache-Control"] == "no-store"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_kept_out_of_caches_frames_and_other_sites(name):
    visitor = Client(raise_request_exception=False)
    answer_check(visitor)

    response = PAGES[name](visitor)

    assert {header: response.headers.get(header) for header in PROTECTION} == PROTECTION
    assert set(response.headers.get("Content-Security-Policy", "").split("; ")) == ALLOWED_CONTENT


@pytest.mark.urls(__name__)
def test_a_page_that_breaks_says_so_without_telling_why():
    visitor = Client(raise_request_exception=False)
    answer_check(visitor)

    page = visitor.get("/broken/")

    assert (page.status_code, title_of(page)) == (500, "Something went wrong on our side – Upright Spine Clinic")
    assert "Please try again in a few minutes, or call us." in words_of(page)
    assert "Or call us at (212) 555-0100" in words_of(page)
    assert "Ana Example" not in source_of(page)
    assert outcome_of(visitor.get("/check/result/")) == "likely_candidate"


def test_the_page_of_parts_is_for_development_only_and_each_procedure_has_its_own(client, settings):
    first, second = "/components/", "/procedures/spinal-stenosis/components/"
    assert "How bad was your back pain at its worst" in words_of(client.get(first))
    assert "How many minutes can you walk before you must sit?" in words_of(client.get(second))

    settings.DEVELOPMENT = False

    assert {client.get(page).status_code for page in (first, second)} == {404}

"""Whatever visitors, their browsers and programs send, in whatever order: no page breaks or says what is not so.

The first tests send what no page of ours would. The last one wanders about at random, beside a model of what the
browser should have kept.
"""

import os
import random
import re
from dataclasses import dataclass, replace

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appointments import reference
from appointments.models import AppointmentRequest
from screening.pathways.vertebral_cement import HELPED, PATHWAY
from screening.questionnaire.journey import Journey
from screening.questionnaire.questions import InvalidAnswer
from tests import walk
from tests.walk import answer_check, checked_in, outcome_of, source_of

pytestmark = pytest.mark.generated

NO_ANSWERS = [
    *[("red_flags", ticked) for ticked in ([], ["fly"], ["none", "fever"], ["none\0"], ["None"], ["none", ""])],
    *[("pain", [value]) for value in ("seven", "11", "-1", "7.0", " 7", "7\0", "٧", "😀", "9" * 5000)],
    *[("pain", picked) for picked in ([], ["7", "7"], ["7", "8"])],
    *[("osteoporosis", picked) for picked in ([], ["maybe"], ["yes", "no"], ["yes", "yes"])],
    *[("tried", ticked) for ticked in ([], ["brace", "none"], ["cannot", "not_sure"])],
    *[("helped", picked) for picked in ([], ["little"])],
    *[("safety", ticked) for ticked in ([], ["none", "infection"], ["none", "not_sure"])],
]

FORM = "application/x-www-form-urlencoded"
TWO_MEGABYTES = b"x" * 2 * 1024 * 1024
PART = b'--b\r\nContent-Disposition: form-data; name="red_flags"\r\n\r\n%b\r\n--b--\r\n'
UNREADABLE = {
    "JSON": (422, "application/json", b'{"red_flags": ["none"]}'),
    "text": (422, "text/plain", b"red_flags=none"),
    "another charset": (400, f"{FORM}; charset=utf-7", b"red_flags=none"),
    "an unknown charset": (400, f"{FORM}; charset=\xff", b"red_flags=none"),
    "two bytes a letter": (400, f"{FORM}; charset=utf-16", "red_flags=none".encode("utf-16")),
    "a malformed charset": (400, f"{FORM}; charset*=utf-8''%", b"red_flags=none"),
    "2 MB": (413, FORM, TWO_MEGABYTES),
    "2 MB in parts": (413, "multipart/form-data; boundary=b", PART % TWO_MEGABYTES),
    "1000 fields": (400, FORM, b"red_flags=none&" * 1000),
    "parts without a boundary": (400, "multipart/form-data", PART % b"none"),
    "parts with a broken boundary": (400, "multipart/form-data; boundary=\0", PART % b"none"),
}


@pytest.mark.parametrize(("key", "values"), NO_ANSWERS)
def test_what_is_no_answer_is_asked_for_again(client, key, values):
    answer_check(client, **walk.EVERYTHING)
    kept = client.cookies["answers"].value

    page = client.post(f"/check/{key}/", {key: values})

    assert page.status_code == 422
    assert re.fullmatch("Error: Question [0-9]+ – Upright Spine Clinic", walk.title_of(page))
    assert 'role="alert"' in source_of(page)
    assert client.cookies["answers"].value == kept


@pytest.mark.parametrize("page", PATHWAY.pages, ids=lambda page: page.key)
def test_the_summary_of_errors_leads_to_each_question_that_has_one(client, page):
    answer_check(client, **walk.EVERYTHING)

    shown = source_of(client.post(f"/check/{page.key}/"))

    summary = re.search('class="error-summary".*?</div>', shown, re.DOTALL)[0]
    led_to = [re.search(f'<input [^>]*id="{target}"', shown) for target in re.findall('href="#([^"]*)"', summary)]
    assert [control and re.search('name="([^"]*)"', control[0])[1] for control in led_to] == [
        question.key for question in page.questions
    ]


def test_on_a_page_of_several_questions_an_error_names_the_one_it_is_about(client):
    answer_check(client, **walk.EVERYTHING)

    shown = source_of(client.post("/check/helped/"))

    led_to = re.findall('<a href="#[^"]*">([^<]*)</a></li>', shown)
    assert led_to == [f"{helped.name}: Pick the answer that fits best." for helped in HELPED.values()]


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("red_flags", {"red_flags": ["fever", "none"]}),
        ("tried", {"tried": ["brace", "rest", "none"]}),
        ("helped", {"helped_brace": ["no"], "helped_rest": ["enough"]}),
    ],
)
def test_what_was_picked_on_a_page_with_an_error_is_still_picked(client, key, data):
    answer_check(client)

    page = client.post(f"/check/{key}/", data)

    assert page.status_code == 422
    assert checked_in(page) == data


@pytest.mark.parametrize("checks_csrf", [False, True])
@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_refused_in_words(what, checks_csrf):
    status, content_type, body = UNREADABLE[what]
    visitor = Client(enforce_csrf_checks=checks_csrf, raise_request_exception=False)
    visitor.get("/check/red_flags/")

    headers = {"x-csrftoken": visitor.cookies["csrf"].value}
    page = visitor.generic("POST", "/check/red_flags/", body, content_type, headers=headers)

    assert page.status_code == status
    assert re.search("<h1>[^<]+</h1>", source_of(page))
    assert "answers" not in visitor.cookies


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_pages_are_read_and_filled_in_and_nothing_else(client, method):
    answer_check(client)
    addresses = [*walk.ADDRESSES, "/health/", "/language/"]

    assert {url: client.generic(method, url).status_code for url in addresses} == dict.fromkeys(addresses, 405)


@pytest.mark.parametrize("url", ["/check/nope/", "/check/PAIN/", "/check/pain/1/", "/visit/nope/", "/check/%ff/"])
def test_an_address_that_leads_nowhere_says_so(client, url):
    page = client.get(url)

    assert (page.status_code, walk.title_of(page)) == (404, "There is no such page – Upright Spine Clinic")


@pytest.mark.parametrize("url", ["/check/%00/", "/visit/%00/", "/check/pain/?%00", "/check/pain/?a=b%00"])
def test_an_address_with_a_nul_in_it_is_refused(client, url):
    page = client.get(url)

    assert (page.status_code, walk.title_of(page)) == (400, "This address is not valid.")


@dataclass(frozen=True)
class Kept:
    """What the browser's cookie should hold: the answers that still count, and how far the request for a visit is."""

    answers: dict
    filled_in: frozenset = frozenset()
    sent: str = ""
    for_someone_else: bool = False
    # Tells journeys apart. The first answer begins one, and sending the request ends it.
    journey: object = None


NEW = Kept({})
HELP = {f"/check/{outcome.address}/": outcome.key for outcome in PATHWAY.emergencies}
# RANDOM_WALKS=1000 for the long version.
WALKS = int(os.environ.get("RANDOM_WALKS", "9"))
STEPS = {"questions": walk.VISIT_ANSWERS, "who": walk.WHO, "call": walk.CALL, "check": walk.CHECK}
SPOILT = {"questions": {"place": "moon"}, "who": {"name": ""}, "call": {"language": "other"}}
SPOILT["check"] = {"calls_ok": ""}
JUNK = ["", "nope", "none\0", "-1", "9" * 300, "🦴"]


class Visitors:
    """Two tabs of one browser. `kept` is the model; `saved` are earlier states of the browser, with their cookies."""

    def __init__(self, seed):
        self.random = random.Random(seed)  # noqa: S311
        self.tabs = Client(raise_request_exception=False), Client(raise_request_exception=False)
        self.tabs[1].cookies = self.tabs[0].cookies
        self.kept = NEW
        self.saved = [("", NEW)]
        self.references = {}
        self.met = set()
        self.trail = []

    @property
    def journey(self):
        return Journey(PATHWAY, self.kept.answers)

    def request(self, method, url, data=None, *, queries=0):
        self.trail.append((method, url, data))
        with CaptureQueriesContext(connection) as asked:
            response = getattr(self.random.choice(self.tabs), method)(url, data)
        assert response.status_code in (200, 302, 303, 422)
        # What was sent is shown once more, and its audit says so.
        assert len(asked) <= max(queries, 4 if url == "/visit/sent/" else 0)
        return response

    def answer(self, page, values):
        asked = self.journey.questions_on(page) if self.journey.can_visit(page) else ()
        try:
            answers = {question.key: question.parse(values[question.key]) for question in asked}
        except InvalidAnswer:
            answers = None

        response = self.request("post", f"/check/{page.key}/{self.random.choice(['', '?change'])}", values)

        if not asked or answers is None:
            assert (response.status_code, outcome_of(response)) == (422 if asked else 302, None)
            return
        after = self.journey.with_answers(answers)
        ended = HELP.get(response["Location"])
        assert ended == (after.stopped and after.stopped.outcome.key)
        self.met.add(ended)
        if after.stopped:
            self.forget_the_signs()
        else:
            self.kept = replace(self.kept, answers=after.relevant_answers, journey=self.kept.journey or object())

    def forget_the_signs(self):
        """What was answered before stays in the browser, if anything was."""
        others = {key: answer for key, answer in self.kept.answers.items() if key != "red_flags"}
        is_kept = others or self.kept.filled_in or self.kept.sent or self.kept.for_someone_else
        self.kept = replace(self.kept, answers=others) if is_kept else NEW

    def some_values(self, question):
        options = [option.value for option in question.options]
        if self.random.random() < 0.1:
            return self.random.choices(options + JUNK, k=self.random.randrange(4))
        # Else hardly a walk would get past the first page.
        usual = {"red_flags": ["none"], "blood_thinner": ["no"], "clotting": ["no", "yes"]}.get(question.key)
        return [self.random.choice(usual if usual and self.random.random() < 0.8 else options)]

    def answer_some_page(self):
        likely = self.journey.next_page or self.random.choice(self.journey.pages)
        page = self.random.choice([*PATHWAY.pages, *[likely] * 30])
        self.answer(page, {question.key: self.some_values(question) for question in page.questions})

    def answer_all_that_is_open_as_a_candidate_would(self):
        while page := self.journey.next_page:
            self.answer(page, {q.key: [option.value for option in q.chosen(walk.EVERYTHING)] for q in page.questions})

    def look_at_some_page(self):
        url = self.random.choice([*walk.ADDRESSES, *["/check/result/"] * 40])
        page = self.request("get", url)

        shows_result = url == "/check/result/" and self.journey.is_complete
        assert outcome_of(page) == (self.journey.assessment.outcome.key if shows_result else HELP.get(url))
        self.met.add(outcome_of(page))
        if url == "/visit/sent/":
            assert page.status_code == (200 if self.kept.sent else 302)
            assert self.kept.sent in source_of(page)
        if page.status_code == 200 and (shown := PATHWAY.page(url.split("/")[2] if url != "/" else "")):
            picked = {question.key: question.chosen(self.kept.answers) for question in shown.questions}
            assert checked_in(page) == {key: [o.value for o in options] for key, options in picked.items() if options}

    def fill_in_some_step(self):
        step = self.random.choice([*STEPS, *[key for key in STEPS if key not in self.kept.filled_in][:1] * 9])
        is_spoilt = self.random.random() < 0.2
        may_ask = self.journey.is_complete and self.journey.assessment.outcome.offers_visit
        may_fill_in = may_ask and self.kept.filled_in.issuperset([*STEPS][: [*STEPS].index(step)])

        if step == "check" and may_fill_in:
            self.keep_a_copy_of_the_cookie()
        helper = walk.HELPER if step == "who" and self.kept.for_someone_else else {}
        data = STEPS[step] | helper | (SPOILT[step] if is_spoilt else {})
        response = self.request("post", f"/visit/{step}/", data, queries=12 if step == "check" else 0)

        assert response.status_code == (422 if may_fill_in and is_spoilt else 302)
        if may_fill_in and is_spoilt:
            # It is kept as it was typed, and asked for again before anything is sent.
            self.kept = replace(self.kept, filled_in=self.kept.filled_in - {step})
        if may_fill_in and not is_spoilt:
            self.kept = replace(self.kept, filled_in=self.kept.filled_in | {step})
            if step == "check":
                self.see_that_it_is_sent()
        stored = AppointmentRequest.objects.values_list("reference", flat=True)
        assert sorted(map(reference.grouped, stored)) == sorted(self.references.values())

    def see_that_it_is_sent(self):
        shown = re.search('class="reference">([^<]*)<', source_of(self.request("get", "/visit/sent/")))[1]
        self.met.add("sent again" if self.kept.journey in self.references else "sent")
        assert self.references.setdefault(self.kept.journey, shown) == shown
        self.kept = Kept({}, sent=shown, journey=object())

    def start_again(self):
        self.request("post", "/check/start-again/")
        self.kept = NEW

    def answer_for_someone_else(self):
        self.request("post", "/check/")
        # A helper is asked more about who it is for.
        filled_in = self.kept.filled_in - (set() if self.kept.for_someone_else else {"who"})
        journey = self.kept.journey or object()
        self.kept = replace(self.kept, for_someone_else=True, filled_in=filled_in, journey=journey)

    def read_in_some_language(self):
        self.request("post", "/language/", {"language": self.random.choice(["en", "es"]), "next": "/check/result/"})

    def keep_a_copy_of_the_cookie(self):
        cookie = self.tabs[0].cookies.get("answers")
        self.saved.append((cookie.value if cookie else "", self.kept))

    def come_back_with_an_earlier_cookie(self):
        self.tabs[0].cookies["answers"], self.kept = self.random.choice(self.saved[-2:])

    def come_back_with_a_forged_cookie(self):
        genuine, at = self.random.choice(self.saved)[0], self.random.randrange(100)
        altered = genuine[:at] + ("A" if genuine[at : at + 1] == "B" else "B") + genuine[at + 1 :]
        self.tabs[0].cookies["answers"] = self.random.choice(["forged", "ä", '"', "a" * 4000, altered])
        self.kept = NEW


HOW_OFTEN = {
    Visitors.answer_some_page: 60,
    Visitors.look_at_some_page: 40,
    Visitors.fill_in_some_step: 60,
    Visitors.keep_a_copy_of_the_cookie: 15,
    Visitors.answer_all_that_is_open_as_a_candidate_would: 12,
    Visitors.come_back_with_an_earlier_cookie: 14,
    Visitors.come_back_with_a_forged_cookie: 1,
    Visitors.answer_for_someone_else: 1,
    Visitors.read_in_some_language: 1,
    Visitors.start_again: 1,
}


# The clock stands still, or a cache runs out on the way and somebody has to ask the database again.
@time_machine.travel("2026-11-24T15:00Z", tick=False)
def test_two_tabs_that_wander_about_are_never_told_what_is_not_so(db):
    met = set()

    for seed in range(WALKS):
        AppointmentRequest.objects.all().delete()
        visitors = Visitors(seed)
        for action in visitors.random.choices([*HOW_OFTEN], HOW_OFTEN.values(), k=130):
            try:
                action(visitors)
            except AssertionError as error:
                raise AssertionError(f"walk {seed}, {action.__name__}, after {visitors.trail[-10:]}") from error
        met |= visitors.met

    assert met == {None, "sent", "sent again", *(outcome.key for outcome in PATHWAY.outcomes)}

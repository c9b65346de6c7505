"""What a visitor's browser keeps for us: nobody else can read it, and what cannot be used is told and replaced."""

import base64
import json
import re
import time

import pytest
from django.test import Client

from common import sealed_cookie
from screening.pathways.vertebral_cement import MORE, PATHWAY
from screening.visitor import COOKIE, MAX_AGE
from tests import walk
from tests.walk import answer_check, outcome_of, source_of, words_of

TWENTY_HOURS = 20 * 60 * 60

UNREADABLE = "We could not read your earlier answers, so we do not use them. Please start here."
EXPIRED = "Your earlier answers are gone. They stay for 20 hours, and only on the phone or computer you used."
OUTDATED = "This check has changed since you began. Please answer again, so that your result fits the new questions."
LOST = "The check starts on this page. We have no earlier answers of yours"
NOTICES = (UNREADABLE, EXPIRED, OUTDATED, LOST)

# Each takes four bytes as it is sent, and is written with six or twelve characters where JSON escapes it.
RARE = "𠮷"
LONGEST = {
    "phone_owner": "patient",
    "filled_in_by": RARE * 120,
    "relationship": RARE * 60,
    "may_talk": "patient_agrees",
    "patient_phone": "+1 (212) 555-0199 ext. 12345",
    "name": RARE * 120,
    "date_of_birth_month": "12",
    "date_of_birth_day": "31",
    "date_of_birth_year": "1948",
    "phone": "+1 (212) 555-0123 ext. 12345",
    "postal_address": RARE * 200,
    "email": f"{'e' * 64}@{'d' * 63}.{'d' * 63}.{'d' * 57}.com",
}
LONGEST_CALL = {
    **dict.fromkeys(("needs_interpreter", "hard_of_hearing", "large_print"), "on"),
    "call_times": ["morning", "afternoon", "evening", "any"],
    "language": "other",
    "other_language": RARE * 60,
}
LONGEST_ANSWERS = {
    **walk.EVERYTHING,
    **dict.fromkeys((key for key in walk.EVERYTHING if isinstance(walk.EVERYTHING[key], str)), "not_sure"),
    "height_loss": "not_sure_shorter",
    "function": "not_say",
    "cause": "accident",
    "clotting": "low_platelets",
    "tried": [*walk.EVERYTHING["tried"], "cannot"],
    "safety": ["weight_night", "infection", "pregnant", "allergy", "steroids", "not_sure"],
}
LONGEST_PLAN = {
    "imaging": ["xray", "ct", "mri", "bone_scan", "not_sure"],
    "imaging_month": "12",
    "imaging_where": RARE * 80,
    "place": "shoulders",
    "more": [option.value for option in MORE.options if not option.alone],
}

KEYS = [question.key for question in PATHWAY.questions]


@pytest.fixture
def finished(client):
    """Somebody who has answered everything."""
    answer_check(client)
    return client


def token_of(client):
    return client.cookies["answers"].value


def sealed_at(moment, **changes):
    """A genuine cookie of somebody who may be a candidate, sealed at that moment, but for these changes."""
    content = {"version": PATHWAY.version, "id": "0" * 32, "since": moment, "notes": {}}
    content["answers"] = [walk.TEXTBOOK.get(key) for key in KEYS]
    text = json.dumps(content | changes).encode()
    return sealed_cookie._key_ring(COOKIE).encrypt_at_time(text, int(moment)).decode()


def notices_on(page):
    return [notice for notice in NOTICES if notice in words_of(page)]


def come_with(client, token):
    """Come back to the start of the check, and to its first page by way of another, with this cookie."""
    client.cookies["answers"] = token
    return client.get("/check/"), client.get("/check/pain/", follow=True)


def test_nothing_that_was_answered_or_typed_can_be_read_in_the_cookie(finished):
    finished.post("/visit/questions/", walk.VISIT_ANSWERS)
    finished.post("/visit/who/", walk.WHO)

    token = token_of(finished)

    words = ["osteoporosis", "pain_medicine", "little", "answers", "6w_3m", "with_help", "Ana", "1948", "555-0123"]
    assert [word for word in words if word.encode() in base64.urlsafe_b64decode(token)] == []
    assert [word for word in words if word in token] == []


def test_the_same_answers_do_not_look_the_same():
    first, second = Client(), Client()

    tokens = [answer_check(visitor) and token_of(visitor) for visitor in (first, second)]

    # A few characters say that it is a sealed token and when it was sealed; the others are alike by chance only.
    assert [one == other for one, other in zip(*tokens, strict=False)].count(True) < len(tokens[0]) / 8


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_lasts_twenty_hours(client):
    cookie = client.post("/check/red_flags/", {"red_flags": "none"}).cookies["answers"]

    kept = {name: value for name, value in cookie.items() if value and name != "expires"}
    assert kept == {"httponly": True, "samesite": "Lax", "max-age": TWENTY_HOURS, "path": "/"}


@pytest.mark.parametrize(
    ("changes", "visit", "who"),
    [
        (LONGEST_ANSWERS, LONGEST_PLAN, LONGEST),
        ({}, {"imaging": ["bone_scan"] * 190}, {}),
        ({}, {}, {"name": "Ana" + " " * 5000 + "Example"}),
        ({}, {}, {"name": ["Ana " * 30] * 100}),
        ({}, {}, {"date_of_birth_month": "0" * 4000 + "3"}),
        # As some systems send Korean: each syllable in three pieces, of which a name may have 120 when joined.
        (LONGEST_ANSWERS, {}, LONGEST | dict.fromkeys(("name", "filled_in_by"), "\u1100\u1161\u11a8" * 120)),
        ({}, {}, {"filled_in_by": "Bo" * 2000}),
    ],
    ids=[
        *("the longest answers", "a box many times", "blanks", "a name many times", "zeros", "letters in pieces"),
        "what is hidden",
    ],
)
def test_no_browser_drops_the_cookie_for_its_length_whatever_is_typed(client, changes, visit, who):
    """Browsers silently drop what is longer than 4096 bytes, and the visitor could not get on."""
    client.get("/", {"from": "x" * 20})
    answer_check(client, **changes, **({"filled_in_by": ""} if "filled_in_by" in who else {}))

    client.post("/visit/questions/", walk.VISIT_ANSWERS | visit)
    client.post("/visit/who/", walk.WHO | who)
    client.post("/visit/call/", walk.CALL | LONGEST_CALL)

    cookies = client.cookies.values()
    assert max(len(cookie.OutputString()) for cookie in cookies) < 4096
    # A server takes 8,190 bytes of them all.
    assert sum(len(cookie.key + cookie.value) + 3 for cookie in cookies) < 7_000
    assert client.get("/visit/check/").status_code in (200, 302)
    assert client.get("/check/result/").status_code == 200


def test_the_longest_answers_are_all_kept(client):
    answer_check(client, **LONGEST_ANSWERS, filled_in_by="")
    client.post("/visit/questions/", walk.VISIT_ANSWERS | LONGEST_PLAN)

    assert client.post("/visit/who/", LONGEST)["Location"] == "/visit/call/"
    assert f'value="{LONGEST["email"]}"' in source_of(client.get("/visit/who/"))
    assert f'value="{RARE * 120}"' in source_of(client.get("/visit/who/"))


@pytest.mark.parametrize("position", [0, 5, 12, 30, 100, -60, -1])
def test_a_cookie_that_was_altered_is_not_used_and_the_visitor_is_told(finished, position):
    token = [*token_of(finished)]
    token[position] = "A" if token[position] != "A" else "B"

    start, first = come_with(finished, "".join(token))

    assert (notices_on(start), notices_on(first)) == ([UNREADABLE], [UNREADABLE])
    assert "Start: about me" in words_of(start)
    assert first.request["PATH_INFO"] == "/check/red_flags/"


FORGED = {
    **{token: token for token in ("x", "gAAAAA", "ä", '"', "null", "{}", "========", "%00")},
    "a bone as browsers send it": "🦴".encode().decode("latin-1"),
    "far too long": "A" * 8000,
    "cut off": sealed_at(time.time())[:-4],
    # Seals of each length that there is end with other signs, or with none, to fill them up.
    **{f"twice, {more} longer": sealed_at(time.time(), id="0" * (32 + more)) * 2 for more in (0, 16, 32)},
    "not sealed": json.dumps({"version": PATHWAY.version, "id": "0", "since": 0, "answers": {}, "notes": {}}),
    # The page that shows a request keeps its number in a cookie under a seal of its own.
    "another of ours": sealed_cookie.seal({"status_of": 1}, purpose="status"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_cookie_that_is_not_ours_is_not_used_and_the_visitor_is_told(client, what):
    start, first = come_with(client, FORGED[what])

    assert (start.status_code, first.status_code) == (200, 200)
    assert (notices_on(start), notices_on(first)) == ([UNREADABLE], [UNREADABLE])


@pytest.mark.parametrize(("age", "notices"), [(TWENTY_HOURS - 60, []), (TWENTY_HOURS + 60, [EXPIRED])])
def test_answers_are_used_for_twenty_hours_whatever_the_browser_says(client, age, notices):
    start, _ = come_with(client, sealed_at(time.time() - age))

    assert notices_on(start) == notices
    assert outcome_of(client.get("/check/result/")) == (None if notices else "likely_candidate")
    assert MAX_AGE == TWENTY_HOURS


def test_answers_to_an_earlier_version_of_the_check_are_not_used_and_the_visitor_is_told(client):
    start, first = come_with(client, sealed_at(time.time(), version="0.9"))

    assert (notices_on(start), notices_on(first)) == ([OUTDATED], [OUTDATED])
    assert client.get("/check/result/").status_code == 302


@pytest.mark.parametrize(
    "broken", [{"pain": "99"}, {"pain": 7}, {"tried": "brace"}, {"safety": []}, {"clotting": None}]
)
def test_kept_answers_that_are_none_any_more_are_asked_for_again(client, broken):
    answers = walk.TEXTBOOK | broken
    client.cookies["answers"] = sealed_at(time.time(), answers=[answers.get(key) for key in KEYS])

    assert client.get("/check/result/")["Location"] == f"/check/{next(iter(broken))}/"


def test_another_secret_key_cannot_read_the_cookie_and_a_former_one_still_can(finished, settings):
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another secret"
    token = token_of(finished)

    assert notices_on(come_with(finished, token)[0]) == [UNREADABLE]

    settings.SECRET_KEY_FALLBACKS = ["an older one", former]
    assert notices_on(come_with(finished, token)[0]) == []
    assert outcome_of(finished.get("/check/result/")) == "likely_candidate"


def test_with_the_next_answer_the_cookie_is_sealed_with_the_new_secret_key(finished, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret", [settings.SECRET_KEY]
    finished.post("/check/pain/", {"pain": "8"})

    settings.SECRET_KEY_FALLBACKS = []
    assert outcome_of(finished.get("/check/result/")) == "likely_candidate"


@pytest.mark.parametrize(
    "token",
    ["forged", sealed_at(time.time() - TWENTY_HOURS - 60), sealed_at(time.time(), version="0.9")],
    ids=["forged", "expired", "outdated"],
)
def test_the_next_answer_replaces_a_cookie_that_cannot_be_used(client, token):
    client.cookies["answers"] = token

    answered = client.post("/check/red_flags/", {"red_flags": "none"})

    page = client.get(answered["Location"])
    assert (answered["Location"], page.status_code, notices_on(page)) == ("/check/pain/", 200, [])


@pytest.mark.parametrize("url", ["/check/pain/", "/check/answers/", "/check/result/", "/visit/who/"])
def test_who_comes_back_without_a_cookie_is_told_why_they_start_at_the_beginning(client, url):
    assert notices_on(client.get(url, follow=True)) == [LOST]


def test_who_has_answers_is_not_told_that_they_are_lost(client):
    answered = client.post("/check/red_flags/?lost", {"red_flags": "none"})

    assert answered["Location"] == "/check/pain/"
    assert notices_on(client.get("/check/red_flags/?lost")) == []


def test_a_form_counts_only_with_the_token_that_came_with_it():
    visitor = Client(enforce_csrf_checks=True)
    token = re.search('name="csrfmiddlewaretoken" value="([^"]*)"', source_of(visitor.get("/check/red_flags/")))[1]

    refused = visitor.post("/check/red_flags/", {"red_flags": "none"})
    taken = visitor.post("/check/red_flags/", {"red_flags": "none", "csrfmiddlewaretoken": token})

    assert (refused.status_code, "answers" in refused.cookies) == (403, False)
    assert (taken.status_code, "answers" in taken.cookies) == (302, True)
    assert "Please send that page again" in words_of(visitor.post("/check/start-again/"))


def test_addresses_links_and_titles_do_not_tell_what_was_answered():
    others = {"pain": "9", "osteoporosis": "not_sure", "cancer": "other", "fracture": "suspect"}
    others |= {"height_loss": "not_sure", "tried": ["rest", "brace", "muscle_relaxant"], "helped_rest": "no"}
    others |= {"helped_brace": "not_sure", "helped_muscle_relaxant": "no", "clotting": "too_much"}
    others |= {
        "blood_thinner": "yes",
        "safety": ["infection"],
        "function": "bed",
        "cause": "fall",
        "duration": "gt12m",
    }

    def seen_by_onlookers(name, **answers):
        visitor = Client()
        answer_check(visitor, **answers)
        visitor.post("/visit/questions/", walk.VISIT_ANSWERS)
        visitor.post("/visit/who/", {**walk.WHO, "name": name})
        for page in (visitor.get(url) for url in walk.ADDRESSES):
            yield page.headers.get("Location") or walk.title_of(page)
            yield re.findall('(?:href|action)="(.*?)"', source_of(page))

    assert [*seen_by_onlookers("Bo Sample", **others)] == [*seen_by_onlookers("Ana Example")]

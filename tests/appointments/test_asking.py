"""Asking for a visit: who may, what is stored, and what happens when it is sent twice, at once, or not at all."""

import datetime
import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments import reference
from appointments.intake import submit
from appointments.models import AppointmentRequest
from common import sealed_cookie
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.journey import Journey
from screening.signed_text import fingerprint
from screening.visitor import MAX_AGE
from tests.walk import (
    BIRTHDAY,
    CALL,
    CHECK,
    HELPER,
    TEXTBOOK,
    VISIT_ANSWERS,
    WHO,
    answer_check,
    ask_for_visit,
    source_of,
    words_of,
)

STEPS = ["/visit/questions/", "/visit/who/", "/visit/call/", "/visit/check/"]
CONSENT = "You may call me about this request. You may keep what I told you here to plan the visit."
CONSENT_TO_TEXTS = (
    "You may also send me text messages about this request. Message and data rates may apply. "
    "Reply HELP for help, or STOP to end them."
)


@pytest.fixture
def ready(client):
    """Somebody who may be a candidate and has only the last step before them."""
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)
    client.post("/visit/who/", WHO)
    client.post("/visit/call/", CALL)
    return client


def reference_on(page):
    return page.content.decode().partition('class="reference">')[2].partition("<")[0]


def born(years_ago, *, days_later=0):
    day = timezone.localdate() + datetime.timedelta(days=days_later)
    if (day.month, day.day) == (2, 29):
        day += datetime.timedelta(days=days_later or -1)
    parts = {"month": day.month, "day": day.day, "year": day.year - years_ago}
    return {f"date_of_birth_{part}": str(value) for part, value in parts.items()}


NO_VISIT = [{"clotting": "yes"}, {"fracture": "no"}, {"tried": ["none"]}, {"pain": "0"}]
NO_VISIT += [{"red_flags": ["legs"]}, {"red_flags": ["fever"]}, {"safety": []}]


@pytest.mark.parametrize("changes", NO_VISIT, ids=str)
def test_who_is_not_offered_a_visit_cannot_ask_for_one(client, db, changes):
    answer_check(client, **changes)

    for url in STEPS:
        assert client.get(url)["Location"] == "/check/result/"
        assert client.post(url, {**VISIT_ANSWERS, **WHO, **CALL})["Location"] == "/check/result/"

    assert 'href="/visit/"' not in source_of(client.get("/check/result/", follow=True))
    assert AppointmentRequest.objects.count() == 0


def test_no_other_code_can_store_what_is_no_request_either():
    bleeding = Journey(PATHWAY, TEXTBOOK | {"clotting": "yes"})

    with pytest.raises(submit.NoVisitOffered):
        submit.submit(journey_id=uuid.uuid4(), journey=bleeding, visit_answers=VISIT_ANSWERS, contact=None)


def test_no_step_can_be_skipped(client, db):
    answer_check(client)

    assert client.post("/visit/call/", CALL)["Location"] == "/visit/questions/"
    assert client.post("/visit/questions/", VISIT_ANSWERS)["Location"] == "/visit/who/"
    assert client.post("/visit/call/", CALL)["Location"] == "/visit/who/"
    assert AppointmentRequest.objects.count() == 0


def test_what_counts_is_what_the_answers_mean_when_it_is_sent(ready, db):
    ready.post("/check/clotting/?change", {"clotting": "yes"})
    assert ready.post("/visit/check/", CHECK)["Location"] == "/check/result/"
    assert AppointmentRequest.objects.count() == 0

    ready.post("/check/clotting/?change", {"clotting": "not_sure"})
    assert ready.post("/visit/check/", CHECK)["Location"] == "/visit/sent/"
    assert [(row.outcome, row.flags) for row in AppointmentRequest.objects.all()] == [
        ("specialist_review", ["clotting_unknown"])
    ]


def test_everything_is_stored_as_it_was_answered_typed_and_agreed_to(client, db):
    answers = {**TEXTBOOK, "osteoporosis": "not_sure", "cancer": "other", "blood_thinner": "yes"}
    answer_check(client, **answers, filled_in_by="Bo")
    # As if it had taken ten minutes: what is sent in seconds is marked as doubtful.
    kept = sealed_cookie.unseal(client.cookies["answers"].value, purpose="answers", max_age=MAX_AGE)
    client.cookies["answers"] = sealed_cookie.seal({**kept, "since": kept["since"] - 600}, purpose="answers")
    before = timezone.now()

    as_typed = {
        "relationship": "daughter",
        "may_talk": "representative",
        "call_times": ["morning", "evening"],
        "email": "jose@example.com",
    }
    as_typed |= {"language": "other", "other_language": "Quechua"}
    to_be_read = {"filled_in_by": "Bo  O’Brien-Núñez ", "phone": "my cell: 212.555.0123 x12, or 212 555 0177"}
    to_be_read |= {"name": "Jose\u0301 Cruz", "needs_interpreter": "on", "voicemail_ok": "no", "texts_ok": "on"}
    to_be_read |= {"hard_of_hearing": "on", "large_print": "on", "patient_phone": "212 555 0199"}
    ask_for_visit(client, **as_typed, **to_be_read)

    stored = AppointmentRequest.objects.values().get()
    expected = {
        **as_typed,
        "name": "José Cruz",
        "filled_in_by": "Bo O’Brien-Núñez",
        "date_of_birth": datetime.date(1948, 3, 14),
        "phone": "+12125550123;ext=12",
        "phone_note": "my cell or 212 555 0177",
        "phone_owner": "helper",
        "patient_phone": "+12125550199",
        "needs_interpreter": True,
        "hard_of_hearing": True,
        "large_print": True,
        "voicemail_ok": False,
        "texts_ok": True,
        "consent": f"{CONSENT} The person who needs the visit knows this. {CONSENT_TO_TEXTS}",
        "pathway_version": PATHWAY.version,
        "pathway_fingerprint": fingerprint(PATHWAY.key),
        "answers": answers | VISIT_ANSWERS,
        "outcome": "specialist_review",
        "priority": "P1",
        "is_recent_pain": True,
        "flags": ["blood_thinner_yes", "other_cancer"],
        "doubts": "",
        "status": "waiting",
    }
    assert {name: stored[name] for name in expected} == expected
    assert stored["findings"][0] == {
        "criterion": "bone",
        "verdict": "unknown",
        "title": "Weak-bone condition",
        "explanation": "You had another cancer. A specialist needs to look at this.",
    }
    assert [finding["verdict"] for finding in stored["findings"]] == ["unknown", "met", "met", "met", "met"]
    assert reference.parse(stored["reference"]) == stored["reference"]
    assert before < stored["created_at"] < timezone.now()


def test_what_does_not_apply_is_not_stored(send_request):
    not_asked_for = {"other_language": "Quechua", "imaging": ["none"], "imaging_where": "Example Hospital"}

    stored = send_request(email="", duration="gt12m", call_times=["any", "morning"], **not_asked_for)

    assert (stored.filled_in_by, stored.relationship, stored.other_language) == ("", "", "")
    assert (stored.may_talk, stored.patient_phone) == ("", "")
    assert stored.answers.keys() & {"imaging_month", "imaging_year", "imaging_where"} == set()
    assert (stored.call_times, stored.email, stored.consent) == (["any"], "", CONSENT)
    assert (stored.texts_ok, stored.needs_interpreter, stored.is_recent_pain) == (False, False, False)


WRITTEN = [(written, "+12125550123") for written in ("(212) 555-0123", "212.555.0123", "1-212-555-0123")]
WRITTEN += [(written, "+12125550123") for written in (" +1 212 555 0123 ", "２１２５５５０１２３")]
WRITTEN += [(written, "+12125550123;ext=12") for written in ("212 555 0123 ext. 12", "212-555-0123 x12")]
WRITTEN += [("+44 20 7946 0958", "+442079460958")]


@pytest.mark.parametrize(("written", "stored"), WRITTEN)
def test_a_phone_number_may_be_written_in_many_ways(send_request, written, stored):
    assert send_request(phone=written).phone == stored


@pytest.mark.parametrize("typed", [born(18), born(120), {"date_of_birth_month": "03", "date_of_birth_day": " 14 "}])
def test_adults_of_any_age_may_ask(client, typed):
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)

    assert client.post("/visit/who/", WHO | typed)["Location"] == "/visit/call/"


TEXTS = ("filled_in_by", "relationship", "name", "phone", "email", "other_language")
TEXTS += ("date_of_birth_month", "date_of_birth_day", "date_of_birth_year")
REAL_YEAR = "Check the year of birth. It needs four numbers, like 1948."
PHONE = "Enter a phone number with its area code, like 212 555 0123."
REFUSED = [
    ({"filled_in_by": ""}, "Enter your own name, so that we know who we talk to"),
    ({"filled_in_by": "Bo", "relationship": ""}, "Say who you are to that person."),
    ({"filled_in_by": "Bo", "may_talk": ""}, "Choose if we may talk with you."),
    ({"filled_in_by": "Bo", "may_talk": "perhaps"}, "Choose if we may talk with you."),
    ({"filled_in_by": "Bo", "phone_owner": ""}, "Choose whose phone this is."),
    ({"filled_in_by": "Bo", "patient_phone": "call me"}, PHONE),
    ({"filled_in_by": "Bo", "name": ""}, "Enter the name of the person who needs the visit."),
    *(({"name": name}, "Enter your name.") for name in ("", "   ", "\u200b", "\u200d")),
    ({"name": "x" * 121}, "This name is too long for our form (120 letters). Leave out middle names."),
    *(({"name": f"Ana{character}"}, "There is a sign in it that we cannot read") for character in "\0\x07\x7f\ue000"),
    ({"name": "Ana" + "\u0300" * 6}, "There are too many accents on one letter."),
    *(({"name": name}, "Enter your name in letters.") for name in ("\u3164", "...", "1948")),
    *(({"date_of_birth_month": value}, "The month must be 1 to 12.") for value in ("13", "14", "0")),
    *(({"date_of_birth_month": value}, "Write the month as a number") for value in ("-3", "Murch", "3.5")),
    ({"date_of_birth_month": "9" * 5000}, "Enter the month of birth, too."),
    ({"date_of_birth_month": "2", "date_of_birth_day": "30"}, "February 1948 had 29 days."),
    ({"date_of_birth_month": "feb", "date_of_birth_day": "29", "date_of_birth_year": "1949"}, "February 1949 had 28"),
    ({"date_of_birth_day": "1_0"}, "Write the day of birth as a number."),
    *(({f"date_of_birth_{part}": ""}, f"Enter the {part} of birth, too.") for part in ("month", "day", "year")),
    (dict.fromkeys(BIRTHDAY, ""), "Enter the month, day and year of birth."),
    *(({"date_of_birth_year": value}, REAL_YEAR) for value in ("48", "19 48", "l948", "0000")),
    (born(130), REAL_YEAR),
    (born(0, days_later=1), "A date of birth is in the past. Check the year."),
    (born(18, days_later=1), "This check is for adults 18 or older. Please call us instead."),
    ({"phone": ""}, "Enter a phone number, so that we can call."),
    *(({"phone": phone}, PHONE) for phone in ("555 0123", "911", "+1 000 000 0000", "call me")),
    *(
        ({"email": email}, "Enter an e-mail address like name@example.com")
        for email in ("ana", "ana@", "a b@c.example")
    ),
    ({"calls_ok": ""}, "Check this box, so that we may call. Or call us instead."),
    ({"keeping_ok": ""}, "Check this box, so that we know what to call about. Or call us instead."),
    ({"call_times": []}, "Choose at least one time to call."),
    ({"voicemail_ok": ""}, "Choose if we may leave a message."),
    ({"language": ""}, "Choose a language."),
    ({"language": "other"}, "Enter the language, so that we find an interpreter."),
    ({"language": "other", "other_language": "Quechua" * 10}, "Make this shorter: If another language, which one?"),
    ({"language": "other", "other_language": "Que\ue000chua"}, "There is a sign in it that we cannot read."),
]


@pytest.mark.parametrize(("typed", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_cannot_be_right_is_said_and_all_that_was_typed_is_still_there(ready, db, typed, message):
    is_helper = "filled_in_by" in typed
    fields = {"call": CALL, "check": CHECK, "who": WHO | (HELPER if is_helper else {})}
    step = next((key for key in fields if typed.keys() & {*fields[key], "other_language"}), "who")
    fields = fields[step]
    if is_helper:
        ready.post("/visit/who/", {"whose": "someone_else"})

    page = ready.post(f"/visit/{step}/", fields | typed)

    texts = [(name, text) for name, text in (fields | typed).items() if name in TEXTS and text.strip()]
    assert (page.status_code, message in words_of(page)) == (422, True)
    assert [text for name, text in texts if f'name="{name}" value="{text}"' not in source_of(page)] == []
    assert AppointmentRequest.objects.count() == 0


def test_no_phone_number_is_taken_that_cannot_be_stored(ready, db):
    ready.post("/visit/who/", WHO | {"phone": "212 555 0123 ext. 12345678901234567890"})
    ready.post("/visit/check/", CHECK)

    longest = AppointmentRequest._meta.get_field("phone").max_length
    assert [stored.phone for stored in AppointmentRequest.objects.all() if len(stored.phone) > longest] == []


def test_the_confirmation_names_the_request_and_stays(ready, db):
    assert ready.get("/visit/sent/")["Location"] == "/check/"

    sent = ready.post("/visit/check/", CHECK)

    stored = AppointmentRequest.objects.get()
    assert (sent.status_code, sent["Location"]) == (302, "/visit/sent/")
    for _ in range(2):
        assert reference_on(ready.get("/visit/sent/")) == reference.grouped(stored.reference)
    for url in STEPS:
        assert ready.get(url)["Location"] == "/visit/sent/"
    assert ready.get("/check/result/")["Location"] == "/visit/sent/"
    assert ready.get("/check/answers/")["Location"] == "/visit/sent/"
    assert "Ana" not in str(sealed_cookie.unseal(ready.cookies["answers"].value, purpose="answers", max_age=MAX_AGE))


@pytest.mark.parametrize(("filled_in_by", "is_said"), [({}, False), ({"filled_in_by": "Bo Example"}, True)])
def test_who_asked_for_someone_else_reads_in_the_confirmation_whose_visit_it_is(
    client, send_request, filled_in_by, is_said
):
    send_request(**filled_in_by)

    page = client.get("/visit/sent/")

    assert ("You asked for someone else. The visit is for that person." in words_of(page)) == is_said


def test_a_request_that_was_confirmed_and_is_gone_is_said_to_be_so_with_what_to_do(ready, db, client):
    ready.post("/visit/check/", CHECK)
    sent = AppointmentRequest.objects.get()
    looked_up = {"reference": sent.reference, **BIRTHDAY}

    # As after a database that fell behind took over.
    AppointmentRequest.objects.all().delete()

    for page in (ready.get("/visit/sent/"), ready.get("/visit/sent/summary/"), ready.post("/status/", looked_up)):
        assert page.status_code == 404
        assert "a fault on our side lost it" in words_of(page)
        assert "Please call us, or answer the questions and send it again." in words_of(page)
        assert "(212) 555-0100" in words_of(page)
    # Nobody else learns that there ever was one.
    stranger = Client().post("/status/", looked_up)
    assert stranger.status_code == 422
    assert "We found no request with this reference" in words_of(stranger)


def test_after_sending_the_check_can_be_done_again_for_somebody_else(ready, db):
    ready.post("/visit/check/", CHECK)

    ready.post("/check/red_flags/", {"red_flags": "none"})

    assert ready.get("/check/result/")["Location"] == "/check/pain/"
    answer_check(ready)
    ask_for_visit(ready, name="Bo Example")
    assert [stored.name for stored in AppointmentRequest.objects.order_by("pk")] == ["Ana Example", "Bo Example"]


@pytest.mark.parametrize("name", ["李小龍", "نیل\u200cگون", "क्\u200dष", "Nguyễn Thị Ánh", "O'Neil-Núñez Jr.", "X"])
def test_names_of_all_scripts_are_taken_as_they_are(ready, db, name):
    ready.post("/visit/who/", WHO | {"name": name})
    ready.post("/visit/check/", CHECK)

    assert [stored.name for stored in AppointmentRequest.objects.all()] == [name]


def test_sent_again_from_a_second_tab_it_is_the_same_request_unchanged(ready, db):
    before = ready.cookies["answers"].value
    ready.post("/visit/check/", CHECK)
    first = ready.get("/visit/sent/")

    ready.cookies["answers"] = before
    ready.post("/visit/call/", CALL | {"voicemail_ok": "no"})
    ready.post("/visit/check/", CHECK)

    assert reference_on(ready.get("/visit/sent/")) == reference_on(first)
    assert [stored.voicemail_ok for stored in AppointmentRequest.objects.all()] == [True]


def test_only_the_last_step_asks_the_database_and_ten_times_at_most(client, db):
    with CaptureQueriesContext(connection) as queries:
        answer_check(client)
        client.post("/visit/questions/", VISIT_ANSWERS)
        client.post("/visit/who/", WHO)
        client.post("/visit/call/", CALL)
        client.get("/visit/check/")
        before = len(queries)
        client.post("/visit/check/", CHECK)
        sent = len(queries)
        client.get("/visit/sent/")

    assert (before, AppointmentRequest.objects.count()) == (0, 1)
    # The page that confirms it shows what is stored, and its audit says so.
    assert (sent <= 10, len(queries) - sent <= 4) == (True, True)


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_sent_twenty_times_at_once_it_is_one_request_and_all_are_told_the_same(ready):
    start = threading.Barrier(20)

    def send(_):
        tab = Client()
        tab.cookies.load({"answers": ready.cookies["answers"].value})
        start.wait()
        try:
            sent = tab.post("/visit/check/", CHECK)
            return sent["Location"], reference_on(tab.get("/visit/sent/"))
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(send, range(20)))

    stored = AppointmentRequest.objects.get()
    assert told == [("/visit/sent/", reference.grouped(stored.reference))] * 20


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_down_the_form_is_kept_and_can_be_sent_later(ready, monkeypatch, tmp_path):
    with monkeypatch.context() as down:
        down.setitem(connection.settings_dict, "NAME" if connection.vendor == "sqlite" else "HOST", str(tmp_path))
        connection.close()
        page = ready.post("/visit/check/", CHECK | {"texts_ok": "on"})
        question = ready.get("/check/pain/")
        connection.close()

    assert (page.status_code, question.status_code) == (503, 200)
    assert "We could not send your request yet The fault is ours. What you typed is still here." in words_of(page)
    assert re.search('name="texts_ok"[^>]* checked', source_of(page))
    assert "answers" not in page.cookies
    assert ready.post("/visit/check/", CHECK)["Location"] == "/visit/sent/"
    assert AppointmentRequest.objects.count() == 1


def test_what_was_typed_with_a_mistake_is_still_there_in_the_other_language(client, db):
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)
    client.post("/visit/who/", {**WHO, "phone": "555", "name": "Zoë Example"})

    client.post("/language/", {"language": "es", "next": "/visit/who/"})
    page = client.get("/visit/who/")

    assert 'value="Zoë Example"' in source_of(page)
    assert 'value="555"' in source_of(page)
    assert "Escriba un número de teléfono" in words_of(page)
    assert client.get("/visit/call/")["Location"] == "/visit/who/"


def test_a_mistake_of_any_length_costs_nobody_the_answers(client, db):
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)

    refused = client.post("/visit/who/", {**WHO, "name": "🦴" * 2_000})

    assert refused.status_code == 422
    assert "answers" not in refused.cookies
    assert client.get("/visit/who/").status_code == 200


def refuse_to_store(execute, sql, params, many, context):
    if sql.startswith('INSERT INTO "appointments_appointmentrequest"') or sql.startswith("INSERT OR IGNORE INTO"):
        raise OperationalError("the disk is full")
    return execute(sql, params, many, context)


def test_who_presses_again_during_an_outage_makes_nobody_else_at_that_address_doubtful(client, db, monkeypatch):
    monkeypatch.setattr("appointments.intake.views.FEWEST_SECONDS", 0)
    answer_check(client)
    with connection.execute_wrapper(refuse_to_store):
        assert [ask_for_visit(client).status_code for _ in range(15)] == [503] * 15
    sent = [ask_for_visit(client)]
    for _ in range(9):
        client.cookies.clear()
        answer_check(client)
        sent.append(ask_for_visit(client))

    assert [answer["Location"] for answer in sent] == ["/visit/sent/"] * 10
    assert not AppointmentRequest.objects.exclude(doubts="").exists()

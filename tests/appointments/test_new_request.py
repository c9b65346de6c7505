"""Staff take a request by phone, at the desk or from a practice: a script that ends as the public pages would."""

import datetime
import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AccountSession
from appointments.models import AppointmentRequest, Message, ReferralSource
from audit.models import AuditEntry
from screening.own_cases import own_cases
from screening.pathways.vertebral_cement import PATHWAY
from screening.visitor import COOKIE
from tests.staff import member_of, signed_in
from tests.walk import (
    CALL,
    CHECK,
    FIELDS,
    TEXTBOOK,
    VISIT_ANSWERS,
    WHO,
    answer_check,
    ask_for_visit,
    outcome_of,
    source_of,
    words_of,
)

PAGE = "/admin/new-request/"
OPENING = {"source": "phone", "referred_by": "", "filled_in_for": "myself"}
PASSWORD = "fifteen-is-the-fewest"  # noqa: S105
SIGNS = {question.key for question in PATHWAY.pages[0].questions}
CASES = own_cases(PATHWAY)


@pytest.fixture
def nora(db):
    return member_of("Schedulers", "nora")


class Script:
    """What a member of staff has before them; each page is sent with what the one before gave."""

    def __init__(self, client: Client):
        self.client = client
        self.page = client.get(PAGE)

    def send(self, go="on", **typed):
        sealed = {name: re.search(f'name="{name}" value="([^"]*)"', self.page.text)[1] for name in ("said", "at")}
        return self.client.post(PAGE, {**sealed, **({} if "speak" in typed else {"go": go}), **typed})

    def sends(self, go="on", **typed):
        self.page = self.send(go, **typed)
        return self.page

    def opens(self, answers=TEXTBOOK, **changes):
        return self.sends(**{**OPENING, **changes}, **{key: answers[key] for key in SIGNS})

    def asks(self, answers=TEXTBOOK):
        return self.sends(**{key: answer for key, answer in answers.items() if key not in SIGNS})

    def ends(self, go="on", **changes):
        typed = {**VISIT_ANSWERS, **WHO, **CALL, **CHECK, **changes}
        names = set.union(*FIELDS.values()) - {"leave_this_empty"}
        return self.sends(go, **{name: typed[name] for name in names & typed.keys()})


@pytest.fixture
def script(nora):
    return Script(signed_in(nora))


def one_of_each(cases):
    """The first of each result, with something to ask the nurse and without."""
    return {(case.result.key, bool(case.flags)): case for case in reversed(cases)}.values()


def is_on(page, name, value):
    """Whether this button or box is pressed."""
    return bool(re.search(f'<input [^>]*name="{name}" value="{value}"[^>]* checked', source_of(page)))


# What tells one request from another, and what the way it came in is about.
OF_ITS_OWN = {"id", "journey", "reference", "created_at", "search_text", "consent", "earlier_id", "version"}
OF_THE_WAY = {"source", "taken_by_id", "claimed_by_id", "claimed_at", "status"}


def facts_of(request):
    row = AppointmentRequest.objects.filter(pk=request.pk).values().get()
    told = sorted(request.messages.values_list("kind", "channel"))
    return {name: value for name, value in row.items() if name not in OF_ITS_OWN | OF_THE_WAY}, told


@pytest.mark.parametrize("case", one_of_each(CASES), ids=lambda case: f"{case.name} {case.result.key}")
def test_the_script_ends_as_the_public_pages_do(script, client, case, monkeypatch):
    # Nobody doubts that a person answers the public pages.
    monkeypatch.setattr("appointments.intake.views.FEWEST_SECONDS", 0)
    answers, visit = case.ending(PATHWAY).answers, {**VISIT_ANSWERS, **case.with_visit}
    public = answer_check(client, **answers)
    if case.result not in PATHWAY.emergencies:
        public = client.get("/check/result/")
    [heading] = re.findall("<h1>(.*?)</h1>", source_of(public))

    page = script.opens(answers)
    if case.result not in PATHWAY.emergencies:
        page = script.asks(answers)

    assert outcome_of(page) == outcome_of(public) == case.result.key
    assert heading in source_of(page)
    if case.result.offers_visit:
        script.ends(**visit)
        ask_for_visit(client, **visit)
        taken, sent = AppointmentRequest.objects.order_by("pk")
        assert facts_of(taken) == facts_of(sent)
    else:
        assert "No visit is offered, so nothing is stored." in words_of(page)
        assert not AppointmentRequest.objects.exists()
        assert not AuditEntry.objects.filter(count__gt=0).exists()


def test_who_asked_and_what_was_agreed_to_is_kept_and_the_call_goes_on_at_the_sheet(script, nora):
    script.opens()
    script.asks()
    page = script.ends()

    taken = AppointmentRequest.objects.get()
    assert page["Location"] == f"/admin/appointments/appointmentrequest/{taken.pk}/change/#do-book"
    assert (taken.source, taken.referred_by, taken.taken_by, taken.claimed_by) == ("phone", "", nora, nora)
    assert taken.consent.startswith("Said yes after this was read out: “You may call me about this request. ")
    sheet = words_of(script.client.get(page["Location"]))
    assert "Phone, taken by nora" in sheet
    assert "Phone, taken by nora" in words_of(script.client.get("/admin/appointments/appointmentrequest/?queue=all"))
    changes = AuditEntry.objects.filter(username="nora", action="change", numbers=taken.pk)
    assert [entry.details for entry in changes] == ["asked for a visit, by phone", "claimed, version 1"]


def test_what_a_nurse_takes_waits_in_the_queue_for_a_scheduler(db):
    script = Script(signed_in(member_of("Nurses", "nina")))
    script.opens()
    assert "Store the request" in words_of(script.asks())

    page = script.ends()

    taken = AppointmentRequest.objects.get()
    assert (taken.status, taken.taken_by.username, taken.claimed_by) == ("waiting", "nina", None)
    sheet = words_of(script.client.get(page["Location"]))
    assert f"reference {taken}. A scheduler calls to book a visit." in sheet
    assert "Phone, taken by nina" in sheet


def test_with_something_to_ask_the_nurse_nobody_is_told_to_book(script):
    flagged = {**TEXTBOOK, "blood_thinner": "yes"}
    script.opens(flagged)
    script.asks(flagged)

    stored = script.client.get(script.ends()["Location"])

    assert "Ask the nurse before a visit is booked." in words_of(stored)


def test_what_is_sent_twice_is_one_request(script):
    script.opens()
    script.asks()
    last = script.page

    first = script.ends()
    script.page = last

    assert script.ends()["Location"] == first["Location"]
    assert AppointmentRequest.objects.count() == Message.objects.filter(kind="received").count() == 1
    assert AuditEntry.objects.filter(details="asked for a visit, by phone").count() == 1


def test_what_a_nurse_sends_twice_is_audited_once(db):
    script = Script(signed_in(member_of("Nurses", "nina")))
    script.opens()
    script.asks()
    last = script.page

    first = script.ends()
    script.page = last

    assert script.ends()["Location"] == first["Location"]
    assert AppointmentRequest.objects.count() == 1
    assert AuditEntry.objects.filter(details="asked for a visit, by phone", username="nina").count() == 1


def went_back_and_sent(script, **changes):
    """What is answered to it, after one request was stored."""
    script.opens()
    script.asks()
    last = script.page
    script.ends()
    script.page = last
    return script.ends(**changes)


@pytest.mark.parametrize(
    "changes",
    [{"phone": "(212) 555-0199"}, {"name": "Bob Sample", "date_of_birth_year": "1950"}, {"imaging": "none"}],
    ids=["a correction", "the next patient", "another answer"],
)
def test_what_is_changed_after_it_was_stored_is_not_taken_for_stored(script, changes):
    page = went_back_and_sent(script, **changes)

    stored = AppointmentRequest.objects.get()
    assert page.status_code == 409
    assert f"Stored already: reference {stored}." in words_of(page)
    assert f"/{stored.pk}/change/#do-correct" in source_of(page)
    assert AuditEntry.objects.get(status=409).numbers == str(stored.pk)
    # By Enter, it is asked again; pressed twice, it is one more.
    assert script.ends(**changes).status_code == 409
    last = script.page
    first = script.ends("another", **changes)
    script.page = last
    assert script.ends("another", **changes)["Location"] == first["Location"]
    assert AppointmentRequest.objects.count() == 2


def test_the_next_patient_after_another_one_is_asked_about_too(script):
    went_back_and_sent(script, name="Bob Sample")
    last = script.page
    script.ends("another", name="Bob Sample")
    script.page = last

    page = script.ends("another", name="Carla Sample")

    assert page.status_code == 409
    assert f"Stored already: reference {AppointmentRequest.objects.latest('pk')}." in words_of(page)
    assert 'value="Carla Sample"' in source_of(page)
    assert AppointmentRequest.objects.count() == 2


def test_in_spanish_the_patient_hears_spanish_and_staff_read_english(script):
    script.sends(**OPENING, red_flags=["none"], speak="es")
    assert "¿Tiene alguna de estas señales" in words_of(script.page)
    assert "Warning signs: read each one out" in words_of(script.page)

    script.opens()
    page = script.sends(**{key: answer for key, answer in TEXTBOOK.items() if key not in {*SIGNS, "cancer"}})
    assert page.status_code == 422
    assert "Not done yet: look at what is marked below." in words_of(page)
    assert "Mieloma u otro cáncer: Elija" in words_of(page)
    page = script.asks()
    assert is_on(page, "language", "es")
    script.ends(language="es", texts_ok="on")

    taken = AppointmentRequest.objects.get()
    assert taken.language == "es"
    assert taken.consent.startswith("Said yes after this was read out: “Pueden llamarme por esta solicitud")
    assert "STOP" in taken.consent
    assert "You told us" in str(taken.findings)


def test_a_helper_of_somebody_whom_a_practice_refers(script):
    refused = script.opens(source="referral")
    assert "Enter the practice that refers the patient." in words_of(refused)
    script.opens(source="referral", referred_by=" Example  Practice ", filled_in_for="someone_else")
    assert "You are answering for someone else." in words_of(script.page)

    page = script.asks()
    assert "Whose phone is this?" in words_of(page)
    script.ends(
        filled_in_by="Berta Example", relationship="daughter", may_talk="patient_agrees", phone_owner="patient"
    )

    taken = AppointmentRequest.objects.get()
    assert (taken.source, taken.referred_by) == ("referral", "Example Practice")
    assert (taken.filled_in_by, taken.relationship, taken.may_talk) == ("Berta Example", "daughter", "patient_agrees")
    assert taken.about_the_phone == "the patient’s phone"
    sheet = words_of(script.client.get(f"/admin/appointments/appointmentrequest/{taken.pk}/change/"))
    assert "Referral: Example Practice, taken by nora" in sheet


def test_a_warning_sign_ends_the_script_and_a_slip_can_be_taken_back(script):
    page = script.opens({"red_flags": ["legs"]}, source="walk_in")

    assert "Call 911" in words_of(page)
    page = script.sends(go="back")
    assert is_on(page, "source", "walk_in")
    assert not is_on(page, "red_flags", "legs")
    assert script.opens().status_code == 200


def test_questions_are_asked_as_far_as_the_answers_show_and_nothing_typed_is_lost(script):
    page = script.opens()
    condition = "Only with this answer: Worst back pain in 7 days: any answer but “0”"
    assert condition in words_of(page)

    page = script.sends(pain="0", tried=["brace"], safety=["none", "infection"], osteoporosis="yes")
    assert page.status_code == 422
    assert 'name="tried"' not in source_of(page)
    assert is_on(page, "safety", "infection")

    page = script.sends(go="back", pain="7", tried=["brace"], osteoporosis="yes")
    page = script.opens()
    assert is_on(page, "tried", "brace")
    assert 'name="helped_rest"' not in source_of(page)
    assert condition not in words_of(page)


def test_somebody_who_asked_before_is_shown_before_a_second_request_is_stored(script, a_request):
    earlier = a_request(name="Anita Example")
    script.opens()
    script.asks()

    page = script.ends(email="ana@mail.example.com")
    assert page.status_code == 409
    assert f"{earlier}, Anita Example" in words_of(page)
    assert 'value="ana@mail.example.com"' in source_of(page)
    assert AuditEntry.objects.get(status=409).numbers == str(earlier.pk)
    assert AppointmentRequest.objects.count() == 1

    script.ends(go="another")
    assert AppointmentRequest.objects.latest("pk").earlier == earlier


def test_the_page_of_somebody_else_and_one_that_was_altered_begin_anew(script):
    script.opens()
    hers, script.client = script.client, signed_in(member_of("Managers", "mara"))
    page = script.send(**TEXTBOOK)
    assert page.status_code == 422
    assert "Nothing was stored. Begin again here." in words_of(page)

    altered = {"said": "x", "at": "questions", "go": "on"}
    assert "Nothing was stored. Begin again here." in words_of(hers.post(PAGE, altered))


def test_what_was_typed_when_the_session_ran_out_can_be_sent_after_signing_in(nora):
    nora.set_password(PASSWORD)
    nora.save()
    script = Script(signed_in(nora))
    script.opens()
    script.asks()
    AccountSession.objects.update(last_seen_at=timezone.now() - datetime.timedelta(hours=1))

    script.ends(postal_address="1 Example Street\nExampletown, NY 10001", texts_ok="on")
    sign_in = {"username": "nora", "password": PASSWORD, "next": "/admin/unsent/"}
    page = script.client.post("/admin/login/", sign_in, follow=True)
    assert "1 Example Street" in page.text
    script.client.post(page.context["path"], dict(page.context["fields"]))

    assert AppointmentRequest.objects.get().name == "Ana Example"


def test_what_a_visitor_answered_in_the_same_browser_is_left_alone(script):
    answer_check(script.client, pain="3")
    theirs = script.client.cookies[COOKIE].value

    script.opens()
    script.asks()
    script.ends()

    assert AppointmentRequest.objects.get().answers["pain"] == TEXTBOOK["pain"]
    assert script.client.cookies[COOKIE].value == theirs


# A link of a practice or a poster.


@pytest.fixture
def links(db):
    practice = {"kind": "referral", "name": "Example Practice"}
    return [
        ReferralSource.objects.create(code="example-1", **practice),
        ReferralSource.objects.create(code="gone", is_active=False, **practice),
        ReferralSource.objects.create(code="library", kind="poster", name="Library notice board"),
    ]


@pytest.mark.parametrize(
    ("code", "origin"),
    [
        ("EXAMPLE-1", ("referral", "Example Practice")),
        ("library", ("poster", "Library notice board")),
        ("gone", ("web", "")),
        ("unknown", ("web", "")),
        ("<b>", ("web", "")),
        ("x" * 21, ("web", "")),
    ],
)
def test_the_code_of_a_link_tells_where_a_request_came_from(client, links, code, origin):
    assert words_of(client.get("/", {"from": code})) == words_of(Client().get("/"))
    client.post("/language/", {"language": "es", "next": "/"})
    answer_check(client)
    ask_for_visit(client)

    stored = AppointmentRequest.objects.get()
    assert (stored.source, stored.referred_by, stored.taken_by) == (*origin, None)


def test_without_a_code_the_first_page_keeps_nothing(client):
    client.get("/")
    client.get("/", {"from": "not spelt like one"})

    assert COOKIE not in client.cookies

"""What if, and what changed between versions: what staff are told of the rules, on pages that keep nothing."""

import csv
from io import StringIO

import pytest
from django.conf import settings
from django.test import Client

from appointments.models import AppointmentRequest
from audit.models import AuditEntry
from screening.own_cases import own_sheet
from screening.pathways.vertebral_cement import PATHWAY
from tests.appointments.test_roles import ask
from tests.staff import member_of, signed_in
from tests.walk import EVERYTHING, FACTS, source_of, title_of, words_of

PAGE, VERSIONS = "/admin/what-if/", "/admin/versions/"
OURS = own_sheet(PATHWAY)

pytestmark = pytest.mark.django_db


@pytest.fixture
def nurse():
    return signed_in(member_of("Nurses"))


def result_of(page) -> str:
    """What stands above the forms."""
    return words_of(page).partition("Answers What is not said")[0]


# Single answers.


def test_it_says_where_answers_lead_and_which_rule_decided(nurse):
    page = nurse.post(PAGE, {**FACTS, "osteoporosis": "not_sure"})

    assert page.status_code == 200
    told = result_of(page)
    assert "A specialist needs to check a few things first P2 call within 3 business days" in told
    assert "Rule 4 of 5: (not: all five met) or a doubt" in told
    assert "all five met: does not hold “Weak-bone condition” fits: does not hold" in told
    assert "Before it, these did not hold: “Blood clots normally” does not fit → “This treatment is usually" in told
    assert "a doubt: holds" not in told


def test_it_says_how_each_point_was_judged_and_by_which_condition(nurse):
    told = result_of(nurse.post(PAGE, {**FACTS, "height_loss": "no"}))

    assert "Spine fracture: Fits Fits if Compression fracture: “Yes, a doctor told me so”: holds" in told
    assert "Bone lost height: Does not fit Fits if" in told
    assert "Height of the bone: “No, a doctor or report said it has not”: holds" in told


def test_it_says_which_doubts_hold_and_what_staff_do_about_flags(nurse):
    told = result_of(nurse.post(PAGE, {**FACTS, "safety": ["infection"], "duration": "gt12m"}))

    assert "a doubt: holds a safety concern: holds Other things to know: “I am losing weight" in told
    assert (
        "old pain, or not known how long : How long in pain: “3 to 12 months” / “More than a year” / “Not sure”"
        in told
    )
    assert "Infection or antibiotics now Ask if the back pain is new or worse since then." in told


def test_what_is_not_said_is_taken_as_the_quiet_answer_and_named(nurse):
    told = result_of(nurse.post(PAGE, FACTS))

    assert "Blood thinner: No (not said, so taken)" in told
    assert "Worst back pain in 7 days: 7 Getting around:" in told
    assert "Flags None." in told


def test_an_answer_that_is_not_asked_for_does_not_count_and_is_named(nurse):
    told = result_of(nurse.post(PAGE, {**FACTS, "fracture": "no"}))

    assert "Not asked on this way, so the answer does not count: Height of the bone." in told


def test_answers_that_come_with_a_visit_raise_flags(nurse):
    assert "Tailbone or buttocks Ask a nurse" in result_of(nurse.post(PAGE, {**FACTS, "place": "tailbone"}))


def test_an_emergency_is_told_with_its_page(nurse):
    told = result_of(nurse.post(PAGE, {"red_flags": ["legs", "fever"], "clotting": "yes"}))

    assert "Get medical help now , no visit is offered" in told
    assert "Number 1 of the 2 that end the check at once" in told
    assert "English: Get medical help now This can be serious with back pain. Call 911" in told
    assert "After a big accident, lie still until help comes." in told
    assert "The points" not in told


def test_what_would_be_read_stands_there_in_each_language(nurse):
    told = result_of(nurse.post(PAGE, {**FACTS, "cancer": "myeloma"}))

    assert "English: You may be a candidate Your answers fit all five points" in told
    assert "Other care has not been enough: Fits. You tried a back brace, pain medicine and rest." in told
    assert "You have had cancer. Call your cancer team" in told
    assert "Ask for a visit. We then tell you by which day we call." in told
    spanish = told.partition("Español: ")[2]
    assert spanish.startswith("Es posible que sea candidato o candidata")
    assert "You" not in spanish


def test_answers_that_do_not_go_together_are_refused_and_kept(nurse):
    page = nurse.post(PAGE, {"safety": ["infection", "none"], "pain": "3"})

    assert (page.status_code, title_of(page)) == (422, "Error: What if | Upright")
    assert "These boxes do not go together." in words_of(page)
    assert '<option value="3" selected>' in source_of(page)
    assert "What would happen" not in words_of(page)


@pytest.mark.parametrize("sent", [{"pain": "11"}, {"safety": ["nonsense"]}, {"surprise": "x"}, {"pain": ["1", "2"]}])
def test_what_no_page_of_ours_sends_is_refused(nurse, sent):
    assert nurse.post(PAGE, sent).status_code == 422


# A sheet.


def test_a_pasted_sheet_is_tried_case_by_case(nurse):
    page = nurse.post(PAGE, {"sheet": OURS})

    told = result_of(page)
    assert "32 cases, all as expected" in told
    assert "As expected: V18, Osteoporosis, suspects a fracture, nothing tried, pain 6." in told
    assert told.count("Which rule decided") == 32


def test_a_case_that_ends_otherwise_is_open_and_says_why(nurse):
    page = nurse.post(PAGE, {"sheet": OURS.replace("You may be a candidate,P2,,", "You may be a candidate,P1,,", 1)})

    assert "32 cases, 1 not as expected" in result_of(page)
    assert "Expected priority P1, and the rule says priority P2." in result_of(page)
    assert source_of(page).count("<details open>") == 1


def test_our_own_cases_are_there_to_begin_with(nurse):
    text = nurse.get(PAGE).context["sheet_form"].initial["sheet"]

    assert next(csv.reader(StringIO(text)))[:2] == ["Case", "Who"]


def test_what_cannot_be_read_of_a_sheet_is_told_and_nothing_is_tried(nurse):
    sheet = "Result\tCase\tOsteoporosis\r\nlikely_candidate\tA1\tperhaps"
    page = nurse.post(PAGE, {"sheet": sheet})

    assert page.status_code == 422
    assert "Row 2, column “Osteoporosis”: “perhaps” is not possible here." in words_of(page)
    assert "likely_candidate\tA1\tperhaps" in source_of(page)
    assert "Which rule decided" not in words_of(page)


def test_a_sheet_whose_first_cell_is_empty_is_read(nurse):
    assert "1 case, all as expected" in result_of(nurse.post(PAGE, {"sheet": "\tCase\tResult\n\tA1\tnot_matching"}))


@pytest.mark.parametrize("sheet", ["", "  ", "<b>bold</b>", "x" * 600_00, "\0"])
def test_anything_else_that_is_pasted_is_answered_in_words(nurse, sheet):
    page = nurse.post(PAGE, {"sheet": sheet})

    assert page.status_code == 422
    assert "<b>bold" not in page.content.decode()


def test_a_sheet_as_long_as_the_page_says_gets_through_the_gate(nurse):
    header, _, rows = OURS.partition("\n")
    many = [row.replace(",", f"-{turn},", 1) for turn in range(3) for row in rows.splitlines()]

    sheet = "\n".join([header, *many])
    page = nurse.post(PAGE, {"sheet": sheet})

    assert 45_000 < len(sheet.encode()) < settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert "96 cases, all as expected" in result_of(page)
    assert 'enctype="multipart/form-data"' in source_of(page)


# Nothing of it stays.


def test_nothing_is_kept_and_the_audit_says_only_that_the_page_was_open(nurse):
    nurse.get(PAGE)
    before = set(nurse.session.keys())

    nurse.post(PAGE, {**EVERYTHING, "cancer": "myeloma"})
    nurse.post(PAGE, {"sheet": OURS})

    assert not AppointmentRequest.objects.exists()
    assert nurse.session.keys() == before
    written = " ".join(map(str, AuditEntry.objects.values()))
    assert "myeloma" not in written
    assert "V18" not in written


def test_answers_in_the_address_are_not_looked_at(nurse):
    assert "What would happen" not in words_of(nurse.get(f"{PAGE}?pain=7&sheet=Case"))


# Versions.


def test_the_page_says_what_changed_and_why(nurse):
    told = words_of(nurse.get(VERSIONS))

    assert "2.0: Warning signs count when they are new or getting worse. Many older people have had" in told
    assert "How it began: added" in told
    assert "Text: changed Before: Do you have any of these right now? Now: Do you have any of these signs" in told
    assert "1.0: First version" not in told


def test_the_page_says_which_cases_end_otherwise(nurse):
    told = words_of(nurse.get(VERSIONS))

    assert "Cases: 17 of 32 end otherwise" in told
    assert told.index("N15: Sudden tearing pain") < told.index("N31: Back pain after lifting"), "these stand first"
    assert "fracture, nothing tried, pain 6. A specialist needs to check a few things first, P2 A specialist" in told
    assert "Cannot be answered: “Warning signs” has no “Sudden pain in your back or belly" in told
    assert "V10: All met, hemophilia. The same: This treatment is usually not used with a bleeding disorder" in told


def test_the_same_version_twice_has_no_differences(nurse):
    told = words_of(nurse.get(VERSIONS, {"before": PATHWAY.version, "after": PATHWAY.version}))

    assert "Cases: 0 of 32 end otherwise" in told
    assert "The two say the same." in told


@pytest.mark.parametrize("asked", [{"before": "0.1"}, {"after": ""}, {"before": "<b>"}])
def test_a_version_that_there_is_not_is_refused(nurse, asked):
    page = nurse.get(VERSIONS, asked)

    assert (page.status_code, title_of(page)) == (400, "Error: Versions | Upright")


# Who sees them.


@pytest.mark.parametrize("address", [PAGE, VERSIONS])
def test_they_are_for_those_who_see_requests(address):
    for group in ("Schedulers", "Nurses", "Managers"):
        assert signed_in(member_of(group)).get(address).status_code == 200
    assert signed_in(member_of("Auditors")).get(address).status_code == 403
    assert ask(Client(), "GET", address).status_code == 302


def test_the_pages_about_the_rules_lead_to_each_other(nurse):
    for address in ("/admin/", "/admin/sign-offs/", "/admin/how-requests-move/", VERSIONS):
        assert f'href="{PAGE}"' in source_of(nurse.get(address))
    assert f'href="{VERSIONS}"' in source_of(nurse.get(PAGE))
    assert f'href="{PAGE}"' not in source_of(signed_in(member_of("Auditors")).get("/admin/sign-offs/"))

"""What was begun, asked or stored under version 1 of the pathway goes on, in the words of version 1."""

import re
import time

import pytest

from appointments.calendar.slots import free_slots
from appointments.lifecycle.definition import CLAIM, OFFER
from appointments.lifecycle.offered_times import link_of
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest
from common import sealed_cookie
from screening.pathways import EARLIER, pathway_of
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.journey import Journey
from screening.visitor import COOKIE
from tests.staff import member_of, signed_in
from tests.walk import BIRTHDAY, WHO, answer_check, outcome_of, words_of

# As version 1 stored it: duration and function with the visit, and a "no" to a fracture that says nothing of a scan.
ANSWERS = {
    "red_flags": ["none"],
    "pain": "9",
    "osteoporosis": "not_sure",
    "cancer": "no",
    "fracture": "suspect",
    "height_loss": "not_sure",
    "tried": ["cannot"],
    "clotting": "not_sure",
    "blood_thinner": "no",
    "safety": ["none"],
    "duration": "2w_6w",
    "imaging": ["xray"],
    "function": "with_help",
}
OLD = {
    "pathway_version": "1.0",
    "pathway_fingerprint": "",
    "outcome": "specialist_review",
    "priority": "P1",
    "flags": ["clotting_unknown", "cannot_use_conservative"],
    "answers": ANSWERS,
}
BORN = {name: value for name, value in WHO.items() if name.startswith("date_of_birth")}


@pytest.fixture
def old(a_request):
    """A request that release 0.1 stored."""
    sent = a_request()
    AppointmentRequest.objects.filter(pk=sent.pk).update(**OLD)
    return AppointmentRequest.objects.get()


def test_the_earlier_version_is_there_and_decides_as_it_did():
    [first] = EARLIER

    journey = Journey(first, ANSWERS)

    assert (first.version, pathway_of("vertebral_cement", "1.0"), pathway_of("vertebral_cement", "0.0")) == (
        "1.0",
        first,
        PATHWAY,
    )
    assert journey.assessment.outcome.key == "specialist_review"
    assert Journey(first, {**ANSWERS, "fracture": "no"}).assessment.outcome.key == "not_matching"


def test_staff_read_what_was_asked_and_not_what_is_asked_today(old, scheduler):
    sheet = words_of(signed_in(scheduler).get(f"/admin/appointments/appointmentrequest/{old.pk}/change/"))

    assert "I cannot use these (my doctor said no, or they made me sick)" in sheet
    assert "Some of these I cannot use" not in sheet
    assert "Cannot use the usual treatments" in sheet
    assert "Told the patient: “A specialist needs to check a few things first”" in sheet
    assert "Given to version 1.0 of the questions on Kyphoplasty or vertebroplasty." in sheet


def test_the_patient_opens_and_prints_it_in_the_words_of_then(client, old):
    client.post("/status/", {"reference": old.reference, **BORN})

    page, summary = client.get("/status/yours/"), client.get("/status/yours/summary/")

    assert "You answered version 1.0 of our questions." in words_of(page)
    assert summary.status_code == 200
    assert "A specialist needs to check a few things first." in words_of(summary)
    # What a flag says in the words of then is not repeated among the answers.
    assert "Cannot use the usual treatments" in words_of(summary)
    assert "Some of these I cannot use" not in words_of(summary)


PAGES = ("/admin/", "/admin/appointments/appointmentrequest/", "/admin/report/", "/admin/nurse/")


@pytest.mark.parametrize("url", PAGES)
def test_lists_and_the_report_count_both_versions(a_request, old, url):
    a_request(cancer="other")

    assert signed_in(member_of("Managers")).get(url).status_code == 200


def test_the_export_says_which_version_each_answered(a_request, old):
    a_request()

    sent = signed_in(member_of("Managers")).post("/admin/export/?state=all", {"purpose": "to compare"})

    heading, *rows = b"".join(sent.streaming_content).decode().splitlines()
    at = heading.split(",").index("version of the rules")
    assert sorted(row.split(",")[at] for row in rows) == ["1.0", PATHWAY.version]


def test_whoever_is_in_the_middle_of_version_1_is_told_and_begins_anew(client):
    content = {"version": "1.0", "id": "0" * 32, "since": time.time(), "answers": ANSWERS, "notes": {}}
    client.cookies[COOKIE] = sealed_cookie.seal(content, purpose=COOKIE)

    page = client.get("/check/result/", follow=True)

    assert page.request["PATH_INFO"] == "/check/red_flags/"
    assert "This check has changed since you began. Please answer again" in words_of(page)
    answer_check(client)
    assert outcome_of(client.get("/check/result/")) == "likely_candidate"


def test_a_message_about_an_old_request_is_still_made(old, scheduler):
    staff = signed_in(scheduler)
    staff.post(f"/admin/appointments/appointmentrequest/{old.pk}/do/claim/", {"version": old.version})

    assert staff.get(f"/admin/letter/{old.pk}/").status_code == 200
    assert AppointmentRequest.objects.get().priority == "P1"


def test_the_private_link_of_an_old_request_still_leads_to_a_visit(client, old, scheduler, consulting_hours):
    perform(CLAIM, old, by=scheduler)
    old.refresh_from_db()
    perform(OFFER, old, by=scheduler, times=list(free_slots(most=1)))
    old.refresh_from_db()
    link = link_of(old)

    [time] = re.findall('name="time" value="([0-9]+)"', client.get(link).text)
    client.post(link, {"time": time, **BIRTHDAY})

    old.refresh_from_db()
    assert (old.status, old.pathway_version) == ("booked", "1.0")


def test_staff_read_the_heading_that_the_patient_read(a_request, scheduler):
    sent = a_request(cancer="other")

    sheet = words_of(signed_in(scheduler).get(f"/admin/appointments/appointmentrequest/{sent.pk}/change/"))

    assert "Told the patient: “Back pain after cancer needs a check”" in sheet

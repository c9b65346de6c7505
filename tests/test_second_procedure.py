"""A site of two procedures: the second, which stands in tests/procedures/ alone, is all that the first is."""

import csv
import datetime
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from appointments.lifecycle.definition import ANSWER, BOOK, BOOK_ANYWAY, CLAIM
from appointments.lifecycle.transition import Refused, perform
from appointments.models import AppointmentRequest, ExtraHours, Message, Place, PossibleDuplicate
from screening import sign_off
from screening.pathways import FIRST, OFFERED, PATHWAYS
from screening.signed_text import fingerprint
from tests.staff import member_of, signed_in
from tests.walk import BIRTHDAY, CALL, CHECK, WHO, answer_check, back_of, outcome_of, source_of, title_of, words_of

STENOSIS = PATHWAYS["spinal_stenosis"]
SITE = "/procedures/spinal-stenosis"
ANSWERS = {
    "red_flags": ["none"],
    "walking_minutes": "8",
    "bending": "yes",
    "care_tried": ["exercise"],
    "thinner": "yes",
}


def answers_of(client, **changes):
    """Answer each page that comes, and give the address that the last leads to."""
    url = f"{SITE}/check/red_flags/"
    answers = {**ANSWERS, **changes}
    while key := re.fullmatch(rf"{SITE}/check/(\w+)/", url):
        page = STENOSIS.page(key[1])
        if page is None:
            break
        url = client.post(url, {question.key: answers[question.key] for question in page.questions})["Location"]
    return url


def sends(client, **changes):
    """Asks for a visit, from the first question on; gives the request."""
    answers_of(client, **changes)
    for key, typed in (("questions", {"scan": ["mri"]}), ("who", WHO), ("call", CALL), ("check", CHECK)):
        answer = client.post(f"{SITE}/visit/{key}/", {**typed, **{k: v for k, v in changes.items() if k in typed}})
        assert answer["Location"].startswith(f"{SITE}/visit/"), words_of(answer)
    return AppointmentRequest.objects.latest("pk")


@pytest.fixture(autouse=True)
def nobody_doubts_that_a_person_answers(monkeypatch):
    monkeypatch.setattr("appointments.intake.views.FEWEST_SECONDS", 0)


@pytest.fixture
def scheduler(db):
    return signed_in(member_of("Schedulers"))


def test_both_are_offered_each_at_its_own_address_and_no_link_leads_from_one_to_the_other(client):
    assert [one.key for one in OFFERED] == ["vertebral_cement", "spinal_stenosis"]
    for address in ("/", "/check/", "/check/red_flags/", "/how-this-check-decides/"):
        first, second = client.get(address), client.get(f"{SITE}{address}")

        links = set(re.findall(r'(?:href|action)="(/[^"]*)"', source_of(second)))
        own = {link for link in links if not link.startswith(settings.STATIC_URL)}
        assert own
        assert [link for link in own if not link.startswith(f"{SITE}/")] == []
        assert SITE not in source_of(first)
        assert words_of(first) != words_of(second)
    assert "A spacer for a narrow spinal canal" in title_of(client.get(f"{SITE}/"))
    assert "Could a spacer for a narrow spinal canal fit you?" in words_of(client.get(f"{SITE}/check/"))


@pytest.mark.parametrize("rest", ["/admin/", "/metrics/", "/health/", "/fhir/metadata", "/texts/", "/procedures/x/"])
def test_what_is_no_page_of_patients_has_one_address_only(client, db, rest):
    assert client.get(f"{SITE}{rest}").status_code == 404
    assert client.get(f"/procedures/unheard-of{rest}").status_code == 404


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({}, "may_fit"),
        ({"walking_minutes": ""}, "person_looks"),
        ({"walking_minutes": "45", "care_tried": ["none"]}, "other_care"),
        ({"bending": "not_sure"}, "person_looks"),
    ],
)
def test_each_result_is_reached_in_its_own_words(client, answers, outcome):
    assert answers_of(client, **answers) == f"{SITE}/check/answers/"

    page = client.get(f"{SITE}/check/result/")
    assert outcome_of(page) == outcome
    assert "The two points, one by one" in words_of(page)
    assert back_of(page) == f"{SITE}/check/answers/"
    assert "Narrow spinal canal check" in words_of(client.get(f"{SITE}/check/summary/"))


@pytest.mark.parametrize("typed", ["many", "-5", "5.5", "601", "1e2", "²"])
def test_a_number_that_cannot_be_is_asked_again_and_stays_as_it_was_typed(client, typed):
    client.post(f"{SITE}/check/red_flags/", {"red_flags": "none"})
    page = client.post(f"{SITE}/check/walking_minutes/", {"walking_minutes": typed})

    assert page.status_code == 422
    assert "Enter a whole number in digits, like 10." in words_of(page)
    assert f'value="{typed}"' in source_of(page)


def test_digits_of_any_script_are_a_number_and_are_told_with_their_unit(client):
    answers_of(client, walking_minutes=" ٠٨ ")

    assert "8 minutes" in words_of(client.get(f"{SITE}/check/answers/"))


def test_the_warning_signs_are_those_of_the_first_and_lead_to_its_emergency_pages(client):
    assert STENOSIS.pages[0].questions == FIRST.pages[0].questions

    led = client.post(f"{SITE}/check/red_flags/", {"red_flags": "saddle"})

    assert led["Location"] == f"{SITE}/check/get-help-now/"
    page = client.get(led["Location"])
    assert "Get medical help now" in words_of(page)
    assert f'href="{SITE}/check/red_flags/"' in source_of(page)


def test_who_answers_both_is_asked_each_by_itself(client):
    answers_of(client)
    answer_check(client)

    assert outcome_of(client.get(f"{SITE}/check/result/")) == "may_fit"
    assert outcome_of(client.get("/check/result/")) == "likely_candidate"
    client.post(f"{SITE}/check/start-again/")
    assert client.get(f"{SITE}/check/result/").status_code == 302
    assert outcome_of(client.get("/check/result/")) == "likely_candidate"


def test_the_language_is_changed_where_one_is(client):
    page = client.get(f"{SITE}/check/")
    form = re.search(r'action="([^"]*/language/)"', source_of(page))

    led = client.post(form[1], {"language": "es", "next": f"{SITE}/check/"})

    assert (form[1], led["Location"]) == (f"{SITE}/language/", f"{SITE}/check/")
    assert 'lang="es"' in source_of(client.get(f"{SITE}/check/"))


def test_a_request_is_queued_called_booked_and_told_as_one_of_the_first_is(client, scheduler, colleague, clinician):
    request = sends(client)

    assert (request.pathway, request.pathway_version) == ("spinal_stenosis", "0.1")
    assert (request.outcome, request.priority, request.flags) == ("may_fit", "P2", ["takes_thinner"])
    assert request.pathway_fingerprint == fingerprint("spinal_stenosis") != fingerprint(FIRST.key)
    assert (request.records, request.nurse_check) == ("needed", "needed")
    assert str(request) in words_of(client.get(f"{SITE}/visit/sent/"))
    # The patient finds it where all look.
    visitor = Client()
    visitor.post("/status/", {"reference": request.reference, **BIRTHDAY})
    assert "Narrow spinal canal check" in words_of(visitor.get("/status/yours/summary/"))
    # Staff see what it is about.
    sheet = words_of(scheduler.get(f"/admin/appointments/appointmentrequest/{request.pk}/change/"))
    for told in ("The two points", "Legs that tire on walking", "Takes a blood thinner", STENOSIS.name, "8 minutes"):
        assert told in sheet
    assert str(request) in words_of(scheduler.get("/admin/appointments/appointmentrequest/"))
    perform(CLAIM, request, by=colleague)
    perform(ANSWER, request, by=colleague, answer="fine", note="")
    Place.objects.create(name="Main office")
    soon = timezone.now() + datetime.timedelta(days=3)
    where = {"starts_at": soon, "place": Place.objects.get(), "clinician": clinician}
    perform(BOOK_ANYWAY, request, by=colleague, note="The only day", **where)
    assert Message.objects.filter(request=request, kind="booked").exists()


@pytest.mark.parametrize("language", ["en", "es"])
def test_when_to_get_help_is_said_as_the_procedure_says_it(client, language):
    of_the_first, of_the_second = "unsteady legs", "lift your foot"
    if language == "es":
        of_the_first, of_the_second = "inestabilidad en las piernas", "levantar el pie"
    client.post("/language/", {"language": language, "next": "/"})
    answers_of(client)

    for page in ("check/result/", "check/summary/"):
        said = words_of(client.get(f"{SITE}/{page}"))
        assert (of_the_second in said, of_the_first in said) == (True, False), page
    said = words_of(client.get("/"))
    assert (of_the_second in said, of_the_first in said) == (False, True)


def test_and_so_it_is_after_the_request_was_sent(client, db):
    request = sends(client)
    client.post("/status/", {"reference": request.reference, **BIRTHDAY})

    for page in (f"{SITE}/visit/sent/", "/status/yours/"):
        said = words_of(client.get(page))
        assert ("lift your foot" in said, "unsteady legs" in said) == (True, False), page


@pytest.mark.parametrize(("signs", "priority"), [(["long_known"], "P0"), (["none"], "P4")])
def test_its_own_priorities_are_ranked_among_those_of_the_first(client, scheduler, send_request, signs, priority):
    answers = {"red_flags": signs, "walking_minutes": "45", "bending": "not_sure"}
    ours, others = send_request(), sends(Client(), **answers, name="Bo Sample")

    assert (others.priority, ours.priority) == (priority, "P2")
    queue = words_of(scheduler.get("/admin/appointments/appointmentrequest/"))
    in_order = [others, ours] if priority < ours.priority else [ours, others]
    assert queue.index(str(in_order[0])) < queue.index(str(in_order[1]))
    report = words_of(signed_in(member_of("Managers")).get("/admin/report/"))
    assert priority in report


def test_the_queue_can_be_kept_to_one_procedure(client, scheduler, send_request):
    ours, others = send_request(), sends(Client(), name="Bo Sample")

    page = words_of(scheduler.get("/admin/appointments/appointmentrequest/?queue=spinal_stenosis"))

    assert str(others) in page
    assert str(ours) not in page


def test_a_clinician_who_sees_one_procedure_is_offered_for_that_alone(client, colleague, clinician, scheduler):
    ExtraHours.objects.create(
        clinician=clinician,
        place=Place.objects.create(name="Main office"),
        date=timezone.localdate() + datetime.timedelta(days=3),
        starts=datetime.time(9),
        ends=datetime.time(17),
    )
    request = sends(client, thinner="no")
    perform(CLAIM, request, by=colleague)
    sheet = f"/admin/appointments/appointmentrequest/{request.pk}/change/"
    assert "Main office, Dr. Example" in words_of(signed_in(colleague).get(sheet))

    clinician.pathways = [FIRST.key]
    clinician.save()

    assert "Main office, Dr. Example" not in words_of(signed_in(colleague).get(sheet))
    starts_at = timezone.make_aware(datetime.datetime.combine(timezone.localdate(), datetime.time(10)))
    where = {"starts_at": starts_at + datetime.timedelta(days=3), "place": Place.objects.get()}
    with pytest.raises(Refused, match=f"Dr. Example is not for visits about {STENOSIS.name}."):
        perform(BOOK, request, by=colleague, clinician=clinician, **where)


def test_the_same_person_under_two_procedures_is_known_as_such_and_keeps_both(client, scheduler, send_request):
    first = send_request()
    second = sends(Client())

    sheet = words_of(scheduler.get(f"/admin/appointments/appointmentrequest/{second.pk}/change/"))

    assert second.earlier is None
    assert f"The same person, as it seems, asked about {FIRST.name}: Ana Example, {first}" in sheet
    assert not PossibleDuplicate.objects.filter(decision="").exists()
    assert AppointmentRequest.objects.open().count() == 2


def test_it_leaves_as_a_row_and_as_fhir_by_its_own_name(client, scheduler):
    request = sends(client)
    manager = signed_in(member_of("Managers"))

    sent = manager.post("/admin/export/", {"purpose": "To see it"})
    exported = b"".join(sent.streaming_content).decode()
    [row] = csv.DictReader(io.StringIO(exported.lstrip("\ufeff")))
    assert row["procedure"] == "spinal_stenosis"
    bundle = scheduler.get(f"/admin/requests/{request.pk}/fhir/").json()
    told = str(bundle)
    assert "Questionnaire/spinal-stenosis|0.1" in told
    assert "spacer for a narrow spinal canal" in told
    assert client.get("/fhir/Questionnaire/spinal-stenosis-0.1").json()["title"] == STENOSIS.title


def test_it_is_signed_by_itself(client, db):
    assert sign_off.to_sign() == ["vertebral_cement", "spinal_stenosis", "es"]

    page = words_of(signed_in(member_of("Managers")).get("/admin/sign-offs/"))

    assert f"The rules, and every sentence: {STENOSIS.name} {fingerprint(STENOSIS.key)}" in page
    said = io.StringIO()
    call_command("describe_pathway", "spinal_stenosis", stdout=said)
    assert f"Fingerprint {fingerprint(STENOSIS.key)}" in said.getvalue()


def test_staff_ask_about_it_on_the_phone_and_try_it(scheduler):
    page = scheduler.get("/admin/new-request/?procedure=spinal_stenosis")
    assert STENOSIS.name in words_of(page)

    tried = scheduler.post(
        "/admin/what-if/?procedure=spinal_stenosis",
        {"walking_minutes": "8", "bending": "yes", "thinner": "", "care_tried": "exercise"},
    )

    assert "A spacer may fit you" in words_of(tried)
    assert "Version 0.1" in words_of(scheduler.get("/admin/versions/?procedure=spinal_stenosis"))


@pytest.mark.process
def test_a_site_may_offer_the_second_alone(migrated_copy):
    program = """
import django
django.setup()
from django.contrib.auth import get_user_model
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
from appointments.models import AppointmentRequest
from tests.walk import CALL, CHECK, WHO
client = Client()
print(client.get("/").status_code, "narrow spinal canal" in client.get("/").content.decode())
print(client.get("/check/walking_minutes/").status_code, client.get("/check/pain/").status_code)
print(client.get("/procedures/spinal-stenosis/").status_code)
answers = {"red_flags": "none", "walking_minutes": "8", "bending": "yes", "care_tried": "exercise", "thinner": "no"}
for key, answer in answers.items():
    client.post(f"/check/{key}/", {key: answer})
for key, typed in (("questions", {"scan": "mri"}), ("who", WHO), ("call", CALL), ("check", CHECK)):
    client.post(f"/visit/{key}/", typed)
request = AppointmentRequest.objects.get()
print(request.pathway, request.outcome, request.priority)
questions = [entry["resource"] for entry in client.get("/fhir/Questionnaire").json()["entry"]]
print([one["id"] for one in questions if one["status"] != "retired"], len(questions) > 1)
print([one["id"] for one in questions if any(item["linkId"] == "answering_for" for item in one["item"])])
desk = Client()
desk.force_login(get_user_model().objects.create_superuser("kim"))
pages = ["", "report/", "what-if/", "versions/", "sign-offs/", "new-request/", "free-times/", "export/"]
pages += ["appointments/appointmentrequest/", f"appointments/appointmentrequest/{request.pk}/change/"]
print({desk.get(f"/admin/{page}").status_code for page in pages})
"""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PATHWAYS": "spinal_stenosis",
        "SQLITE_PATH": str(migrated_copy()),
    }
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[1],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    asked = "['spinal-stenosis-0.1']"
    expected = ["200 True", "302 404", "404", "spinal_stenosis may_fit P2", f"{asked} True", asked, "{200}"]
    assert ran.stdout.splitlines() == expected, ran.stderr[-1000:]

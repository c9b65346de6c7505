"""What leaves as FHIR: judged by validators that others wrote, and read back by a reader of these tests."""

import json
import os
import random
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest

from appointments.lifecycle.definition import BOOK, CLAIM, CLOSE, LOG_CALL
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, ContactAttempt
from audit.models import AuditEntry
from interop.case import bundle_of
from interop.enabling import Inexpressible, enabling_of
from interop.questionnaire import answers_in, items_of, questionnaire_of
from interop.response import values_in
from screening import sign_off
from screening.pathways import PATHWAYS, versions
from screening.pathways.vertebral_cement import CANCER, FRACTURE, PATHWAY, PLACE, RED_FLAGS
from screening.questionnaire.journey import Journey
from screening.questionnaire.questions import Checkboxes, Text
from tests.staff import member_of, signed_in
from tests.statements import statements_without_audit

JUDGES = Path(__file__).parents[2] / "var" / "judges"
by_judges = pytest.mark.skipif(not (JUDGES / "node_modules" / "fhir").exists(), reason="make judges installs them")
every_version = pytest.mark.parametrize("version", versions(PATHWAY.key))


def some_answer(question, chance):
    if isinstance(question, Text):
        return chance.choice(["2024", ""] if question.key == "imaging_year" else ["Example Hospital, Ünit 2", ""])
    if question.optional and chance.random() < 0.3:
        return ""
    if not isinstance(question, Checkboxes):
        return chance.choice(question.options).value
    together = [option.value for option in question.options if not option.alone]
    alone = [option.value for option in question.options if option.alone]
    if alone and chance.random() < 0.3:
        return [chance.choice(alone)]
    return question.parse(chance.sample(together, chance.randint(1, len(together))))


def is_enabled(item, answers) -> bool:
    """By the rules of R4 for enableWhen, and by nothing of ours."""

    def holds(one) -> bool:
        given = answers.get(one["question"], [])
        given = [given] if isinstance(given, str) else given
        if one["operator"] == "exists":
            return bool(given) is one["answerBoolean"]
        return (one["answerCoding"]["code"] in given) is (one["operator"] == "=")

    compared = [holds(one) for one in item.get("enableWhen", [])]
    return any(compared) if item.get("enableBehavior") == "any" else all(compared)


@pytest.mark.generated
@every_version
def test_another_program_asks_what_we_ask_and_reads_back_what_was_answered(version, db):
    pathway, chance = versions(PATHWAY.key)[version], random.Random(4)  # noqa: S311
    items = {item["linkId"]: item for item in questions_of(version)}
    in_the_check = {question.key for question in pathway.questions}

    for _ in range(int(os.environ.get("FHIR_EXAMPLES", "1000"))):
        answers = {}
        for question in (*pathway.questions, *pathway.visit_questions):
            if is_enabled(items[question.key], answers):
                answers[question.key] = some_answer(question, chance)
        journey = Journey(pathway, answers)
        stopped_early = journey.stopped is not None

        assert {question.key for question in journey.asked} == answers.keys() & in_the_check
        assert journey.relevant_answers == {key: answers[key] for key in answers if key in in_the_check}
        assert stopped_early or journey.is_complete
        assert read_back(pathway, json.loads(json.dumps(items_of(pathway, answers)))) == answers


@cache
def questions_of(version) -> list[dict]:
    """Needs the clinic's table: it says when it can call."""
    return questionnaire_of(versions(PATHWAY.key)[version], is_signed=True)["item"]


def read_back(pathway, items) -> dict:
    faults = []
    answers = answers_in(pathway, values_in(questions_of(pathway.version), items, faults), faults)
    assert faults == []
    return answers


def test_a_pathway_that_cannot_be_expressed_is_refused_when_it_is_read():
    either = (CANCER.is_("other") & FRACTURE.is_("yes")) | (CANCER.is_("no") & FRACTURE.is_("no"))
    asked = [replace(PLACE, ask_if=either) if question is PLACE else question for question in PATHWAY.visit_questions]
    broken = replace(PATHWAY, visit_questions=tuple(asked))

    with pytest.raises(Inexpressible, match="FHIR cannot express when place is asked"):
        enabling_of(broken)


def test_each_question_has_one_name_and_stands_behind_those_it_depends_on(db):
    for pathway in versions(PATHWAY.key).values():
        before = set()
        for item in questionnaire_of(pathway, is_signed=False)["item"]:
            assert item["linkId"] not in before
            assert {one["question"] for one in item.get("enableWhen", [])} <= before
            before.add(item["linkId"])


def test_programs_read_what_there_is_and_every_version_of_the_questions(client, db):
    with statements_without_audit() as asked:
        about = client.get("/fhir/metadata")
        listed = client.get("/fhir/Questionnaire").json()
        one = client.get(f"/fhir/Questionnaire/vertebral-cement-{PATHWAY.version}")
        none = client.get("/fhir/Questionnaire/vertebral-cement-0.0")

    assert asked == []
    assert about["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert (about.json()["fhirVersion"], about.json()["rest"][0]["resource"][0]["type"]) == ("4.0.1", "Questionnaire")
    published = [entry["resource"] for entry in listed["entry"]]
    assert [one["id"] for one in published] == [
        f"{key.replace('_', '-')}-{version}" for key in PATHWAYS for version in reversed(versions(key))
    ]
    assert one.json() in published
    (compared,) = (one["valueCoding"]["code"] for one in published[0]["extension"])
    # 2.0 has two numbers, and semver three.
    assert compared == "natural"
    assert (none.status_code, none.json()["resourceType"]) == (404, "OperationOutcome")
    red_flags = next(item for item in one.json()["item"] if item["linkId"] == "red_flags")
    assert [option["valueCoding"]["code"] for option in red_flags["answerOption"] if "extension" in option] == [
        option.value for option in RED_FLAGS.options if option.alone
    ]


URL, NOW = "http://127.0.0.1:8000/fhir/Questionnaire/vertebral-cement", f"vertebral-cement-{PATHWAY.version}"
BEFORE = [f"vertebral-cement-{version}" for version in reversed(versions(PATHWAY.key)) if version != PATHWAY.version]
OTHERS = [
    f"{key.replace('_', '-')}-{one}" for key in PATHWAYS if key != PATHWAY.key for one in reversed(versions(key))
]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (f"url={URL}", [NOW, *BEFORE]),
        (f"url={URL}&version={PATHWAY.version}", [NOW]),
        (f"url={URL}&version=0.0,{PATHWAY.version}", [NOW]),
        (f"url={URL}&version=0.0", []),
        (f"url={URL}&status=draft", [NOW]),
        (f"url={URL}&status=http://hl7.org/fhir/publication-status|draft", [NOW]),
        ("status=retired", BEFORE),
        ("status=active", []),
        ("status=draft&status=retired", []),
        (f"_id={NOW}", [NOW]),
        (f"_id={BEFORE[0]}&_format=json", [BEFORE[0]]),
        ("url=https://example.com/none", []),
        ("status=&weather=fine", [NOW, *BEFORE, *OTHERS]),
    ],
)
def test_programs_find_the_questions_that_they_look_for_and_are_told_by_what(client, db, asked, found):
    answer = client.get(f"/fhir/Questionnaire?{asked}").json()

    assert [entry["resource"]["id"] for entry in answer.get("entry", [])] == found
    assert answer["total"] == len(found)
    (link,) = answer["link"]
    heeded = urlencode([one for one in parse_qsl(asked) if one[0] not in ("weather", "_format")])
    assert link == {
        "relation": "self",
        "url": f"http://127.0.0.1:8000/fhir/Questionnaire{'?' * bool(heeded)}{heeded}",
    }


def test_what_a_search_does_not_know_is_refused_to_whoever_asks_for_that_and_a_modifier_to_all(client, db):
    strict = {"Prefer": "respond-async, handling=strict"}
    answers = [
        client.get("/fhir/Questionnaire?weather=fine", headers=strict),
        client.get("/fhir/Questionnaire?url:below=http://127.0.0.1:8000"),
    ]

    for answer, name in zip(answers, ("weather", "url:below"), strict=True):
        assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")
        assert name in answer.json()["issue"][0]["diagnostics"]
    assert client.get("/fhir/Questionnaire?version=2.0&_format=json", headers=strict).status_code == 200
    offered = client.get("/fhir/metadata").json()["rest"][0]["resource"][0]["searchParam"]
    assert [(one["name"], one["type"]) for one in offered] == [
        ("_id", "token"),
        ("status", "token"),
        ("url", "uri"),
        ("version", "token"),
    ]


def test_questions_that_nobody_has_signed_are_a_draft(db):
    assert sign_off.current_sign_off(PATHWAY.key) is None
    assert questionnaire_of(PATHWAY, is_signed=False)["status"] == "draft"
    assert questionnaire_of(PATHWAY, is_signed=True)["status"] == "active"
    assert questionnaire_of(next(iter(versions(PATHWAY.key).values())), is_signed=True)["status"] == "retired"


# One case.


@pytest.fixture
def in_each_state(a_request, scheduler, clinician, place, next_week) -> list[AppointmentRequest]:
    waiting, claimed, booked, closed, came = (
        a_request(name=f"Ana {name} Example", **more)
        for name, more in (
            ("Abel", {}),
            ("Bea", {"blood_thinner": "yes", "clotting": "too_much", "safety": ["infection", "allergy"]}),
            ("Cora", {"language": "other", "other_language": "Haitian Creole", "needs_interpreter": "on"}),
            ("Dina", {"pain": "9", "function": "bed"}),
            ("Elmo", {"filled_in_by": "Berta Example", "relationship": "daughter", "may_talk": "patient_agrees"}),
        )
    )
    for request in (claimed, booked, closed, came):
        perform(CLAIM, request, by=scheduler)
        call = {"channel": ContactAttempt.Channel.PHONE, "outcome": ContactAttempt.CallResult.REACHED}
        perform(LOG_CALL, request, by=scheduler, note="", **call)
    perform(BOOK, booked, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    perform(CLOSE, closed, by=scheduler, reason="declined")
    return [waiting, claimed, booked, closed, came]


def resource(bundle: dict, kind: str) -> dict:
    return next(entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind)


def test_a_case_says_who_asks_what_was_answered_and_where_it_stands(in_each_state, next_week):
    states = []
    for request in in_each_state:
        bundle = bundle_of(request)
        asked, work = resource(bundle, "ServiceRequest"), resource(bundle, "Task")
        states.append((request.status, asked["status"], work["status"]))
        answers = read_back(PATHWAY, resource(bundle, "QuestionnaireResponse")["item"])
        assert answers == request.answers
        patient = resource(bundle, "Patient")
        assert (patient["name"][0]["text"], patient["birthDate"]) == (request.name, "1948-03-14")
        said = {one["type"]["text"]: one["valueCodeableConcept"]["coding"][0] for one in work["output"]}
        assert (said["Outcome"]["code"], said["Outcome"]["version"]) == (request.outcome, PATHWAY.version)
        urls = [entry["fullUrl"] for entry in bundle["entry"]]
        assert {*references_in(bundle)} <= {*urls}
        assert len({*urls}) == len(urls)

    assert states == [
        ("waiting", "active", "requested"),
        ("claimed", "active", "in-progress"),
        ("booked", "active", "completed"),
        ("closed", "revoked", "cancelled"),
        ("claimed", "active", "in-progress"),
    ]
    visit = resource(bundle_of(in_each_state[2]), "Appointment")
    assert (visit["status"], visit["start"]) == ("booked", next_week.strftime("%Y-%m-%dT%H:%M:%SZ"))


@pytest.mark.parametrize(
    ("owner", "of_the_patient", "the_patients", "the_helpers"),
    [
        ("helper", "", [], ["+12125550123"]),
        ("helper", "(646) 555-0199", ["+16465550199"], ["+12125550123"]),
        ("patient", "", ["+12125550123"], []),
        ("patient", "(646) 555-0199", ["+12125550123", "+16465550199"], []),
    ],
)
def test_a_phone_is_of_whom_it_was_said_to_be_and_an_address_by_a_helper_of_nobody(
    a_request, owner, of_the_patient, the_patients, the_helpers
):
    helper = {"filled_in_by": "Berta Example", "relationship": "daughter", "may_talk": "patient_agrees"}
    phones = {"phone_owner": owner, "patient_phone": of_the_patient}
    patient = resource(bundle_of(a_request(email="bo@example.com", **helper, **phones)), "Patient")

    said = [[one["value"] for one in part.get("telecom", [])] for part in (patient, *patient["contact"])]
    assert said == [the_patients, the_helpers]
    assert "bo@example.com" not in json.dumps(patient)


@by_judges
@pytest.mark.process
@pytest.mark.parametrize(("key", "version"), [("vertebral_cement", "1.9"), ("gone", PATHWAY.version)])
def test_a_case_of_a_pathway_that_is_gone_is_said_as_it_was_stored_and_not_by_another(a_request, key, version):
    request = a_request(blood_thinner="yes")
    assert request.flags
    AppointmentRequest.objects.filter(pk=request.pk).update(pathway=key, pathway_version=version)
    request = AppointmentRequest.objects.get(pk=request.pk)

    bundle = bundle_of(request)

    response, task = resource(bundle, "QuestionnaireResponse"), resource(bundle, "Task")
    assert response["questionnaire"].endswith(f"/fhir/Questionnaire/{key.replace('_', '-')}|{version}")
    given = {item["linkId"]: [one["valueString"] for one in item["answer"]] for item in response["item"]}
    stored = {link: [one] if isinstance(one, str) else one for link, one in request.answers.items() if one}
    assert given == stored
    assert not any(
        "text" in one for one in (*response["item"], *(out["valueCodeableConcept"] for out in task["output"]))
    )
    said = [one["valueCodeableConcept"]["coding"][0] for one in task["output"]]
    assert [one["code"] for one in said] == [request.outcome, request.priority, *request.flags]
    assert {one["version"] for one in said} == {version}
    assert judged([bundle]) == []


def references_in(part) -> list[str]:
    if isinstance(part, dict):
        return ([part["reference"]] if "reference" in part else []) + references_in([*part.values()])
    return [found for one in part for found in references_in(one)] if isinstance(part, list) else []


@by_judges
@pytest.mark.process
def test_validators_that_others_wrote_find_no_fault_and_would(in_each_state, client):
    cases = [bundle_of(request) for request in in_each_state]
    offered = [
        client.get(f"/fhir/{one}").json() for one in ("metadata", "Questionnaire", "Questionnaire?status=active")
    ]
    missing = client.get("/fhir/Questionnaire/none").json()
    one_by_one = [entry["resource"] for bundle in (*cases, offered[1]) for entry in bundle["entry"]]

    assert judged([*cases, *offered, missing, *one_by_one]) == []
    assert Counter(one["resourceType"] for one in one_by_one).keys() >= {"Appointment", "Provenance", "Questionnaire"}
    patient, response, wish = one_by_one[:3]
    faults = judged([patient | {"gender": "unsaid"}, response | {"invented": 1}, wish | {"intent": None}])
    assert {fault.partition(":")[0] for fault in faults} == {"Patient", "QuestionnaireResponse", "ServiceRequest"}


def judged(resources: list[dict]) -> list[str]:
    faults = []
    for one in resources:
        kind = one["resourceType"]
        model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
        try:
            model.model_validate(one)
        except ValueError as fault:
            faults.append(f"{kind}: {fault}")
    node = shutil.which("node", path=f"{JUDGES / 'bin'}:{os.environ['PATH']}")
    ran = subprocess.run(  # noqa: S603
        [node, str(Path(__file__).with_name("judge.mjs")), str(JUDGES)],
        input=json.dumps(resources),
        capture_output=True,
        text=True,
        check=True,
    )
    return faults + json.loads(ran.stdout)


def test_the_call_sheet_leads_to_the_file_and_to_the_words_and_the_audit_knows_who_took_them(in_each_state):
    booked = in_each_state[2]
    person = member_of("Schedulers")
    client = signed_in(person)
    sheet = client.get(f"/admin/appointments/appointmentrequest/{booked.pk}/change/").text

    file = client.get(f"/admin/requests/{booked.pk}/fhir/")
    words = client.get(f"/admin/requests/{booked.pk}/record/")

    assert f'href="/admin/requests/{booked.pk}/fhir/">Download as FHIR</a>' in sheet
    assert f'href="/admin/requests/{booked.pk}/record/">Copy for the record</a>' in sheet
    assert file["Content-Disposition"] == f'attachment; filename="request-{booked}.fhir.json"'
    assert resource(file.json(), "Patient")["name"][0]["text"] == "Ana Cora Example"
    assert "Ana Cora Example, born 1948-03-14" in words.text
    assert "Patient-reported, not confirmed." in words.text
    assert "- Weak-bone condition: Fits" in words.text
    assert "- Worst back pain in 7 days: 7" in words.text
    assert "VISIT: " in words.text
    entries = AuditEntry.objects.filter(user_id=person.pk, numbers__contains=booked.pk).order_by("seq")
    assert [(entry.action, entry.details) for entry in entries][-2:] == [
        ("export", "FHIR bundle"),
        ("view", "words for the record"),
    ]


def test_nothing_leaves_of_what_perhaps_no_person_sent(a_request):
    doubtful = a_request(doubts="too quick")
    client = signed_in(member_of("Managers"))

    sheet = client.get(f"/admin/appointments/appointmentrequest/{doubtful.pk}/change/").text

    assert f"/admin/requests/{doubtful.pk}/" not in sheet
    assert client.get(f"/admin/requests/{doubtful.pk}/fhir/").status_code == 404
    assert client.get(f"/admin/requests/{doubtful.pk}/record/").status_code == 404

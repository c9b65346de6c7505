"""What was answered in another program becomes a request as on our pages, or is refused in words."""

import hashlib
import json
from copy import deepcopy

import pytest
from django.test import Client

from appointments.models import AppointmentRequest
from audit.models import AuditEntry
from interop.questionnaire import canonical_of, items_of, questionnaire_of
from screening.cases import read_file
from screening.own_cases import sheet_of
from screening.pathways import EARLIER
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.journey import Journey
from tests.interop.test_fhir import by_judges, judged
from tests.staff import member_of, signed_in
from tests.walk import TEXTBOOK, VISIT_ANSWERS, answer_check, ask_for_visit, outcome_of, source_of

TOKEN = "a token that nobody guesses"  # noqa: S105
ADDRESS = "/fhir/QuestionnaireResponse"
HERE = "QuestionnaireResponse"

CASES = read_file(sheet_of(PATHWAY), PATHWAY).cases

ANA = {
    "name": "Ana Example",
    "date_of_birth": "1948-03-14",
    "phone": "(212) 555-0123",
    "email": "ana@example.com",
    "language": ["en"],
    "call_times": ["morning"],
    "voicemail_ok": ["yes"],
    "calls_ok": True,
    "keeping_ok": True,
}
BO = {
    "filled_in_by": "Bo Example",
    "relationship": "daughter",
    "may_talk": ["patient_agrees"],
    "phone_owner": ["helper"],
}


@pytest.fixture(autouse=True)
def registered(settings):
    settings.FHIR_CLIENTS = {"0" * 64: "other", hashlib.sha256(TOKEN.encode()).hexdigest(): "portal"}


def response(answers=TEXTBOOK, contact=ANA, *, whom="myself", number="1", visit=VISIT_ANSWERS, **changes) -> dict:
    """As a program sends it that has asked all this."""
    items = items_of(PATHWAY, {**answers, **visit})
    if contact:
        items += [
            {"linkId": "answering_for", "answer": [{"valueCoding": coding("answering-for", whom)}]},
            {"linkId": whom, "item": [contact_item(whom, name, value) for name, value in contact.items()]},
        ]
    return {
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": "https://portal.example/answers", "value": number},
        "questionnaire": canonical_of(PATHWAY),
        "status": "completed",
        "item": items,
        **changes,
    }


def coding(name: str, code: str) -> dict:
    return {"system": f"http://127.0.0.1:8000/fhir/CodeSystem/{name}", "code": code}


def contact_item(whom: str, name: str, value) -> dict:
    if isinstance(value, list):
        answer = [{"valueCoding": coding(name.replace("_", "-"), one)} for one in value]
    elif isinstance(value, bool):
        answer = [{"valueBoolean": value}]
    else:
        answer = [{"valueDate" if name == "date_of_birth" else "valueString": value}]
    return {"linkId": f"{whom}.{name}", "answer": answer}


def send(client, resource, *, token: str = TOKEN):
    body = resource if isinstance(resource, str | bytes) else json.dumps(resource)
    return client.post(
        ADDRESS, body, content_type="application/fhir+json", headers={"Authorization": f"Bearer {token}"}
    )


def faults(answer) -> list[tuple[str, str]]:
    assert answer["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert all(issue["diagnostics"] for issue in answer.json()["issue"])
    return [(issue["code"], *issue.get("expression", [])) for issue in answer.json()["issue"]]


def as_stored(request: AppointmentRequest) -> dict:
    """All that the request says, but for when and by which way it came, and what follows from the moment."""
    apart = {"id", "journey", "reference", "search_text", "created_at", "look_by", "due_at", "source", "referred_by"}
    apart |= {"earlier_id", "sent_digest"}
    row = AppointmentRequest.objects.filter(pk=request.pk).values().get()
    return {name: value for name, value in row.items() if name not in apart}


@pytest.mark.parametrize(
    ("changes", "helper"),
    [
        ({}, {}),
        ({"blood_thinner": "yes", "clotting": "too_much", "safety": ["infection", "allergy"], "pain": "9"}, {}),
        ({"osteoporosis": "not_sure", "function": "bed", "imaging": ["not_sure"]}, {}),
        ({}, BO),
    ],
)
def test_a_request_is_the_same_as_from_our_own_pages(client, db, changes, helper):
    visit = {**VISIT_ANSWERS, **{key: changes[key] for key in changes.keys() & VISIT_ANSWERS.keys()}}
    if visit["imaging"] == ["not_sure"]:
        visit = {key: visit[key] for key in visit if not key.startswith("imaging_")}
    answers = {**TEXTBOOK, **{key: changes[key] for key in changes.keys() - VISIT_ANSWERS.keys()}}
    answers = Journey(PATHWAY, answers).completed().relevant_answers
    answer_check(client, **answers, **helper_on_the_page(helper))
    ask_for_visit(client, **visit, **helper_on_the_page(helper))
    typed = AppointmentRequest.objects.get()
    AppointmentRequest.objects.filter(pk=typed.pk).update(doubts="")

    answer = send(client, response(answers, ANA | helper, whom="someone_else" if helper else "myself", visit=visit))

    stored = AppointmentRequest.objects.exclude(pk=typed.pk).get()
    assert (answer.status_code, faults(answer)) == (201, [("informational",)])
    assert as_stored(stored) == as_stored(typed)
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == stored.outcome
    assert f"The reference is {stored}." in answer.json()["issue"][0]["diagnostics"]
    # What can be read nowhere has no address.
    assert "Location" not in answer


def helper_on_the_page(helper: dict) -> dict:
    return {name: value[0] if isinstance(value, list) else value for name, value in helper.items()}


def test_who_sent_it_stands_on_the_call_sheet_and_in_the_audit(client, db):
    send(client, response())

    stored = AppointmentRequest.objects.get()
    staff = signed_in(member_of("Schedulers"))
    sheet = staff.get(f"/admin/appointments/appointmentrequest/{stored.pk}/change/").text
    assert "Another program: portal" in sheet
    entry = AuditEntry.objects.get(numbers__contains=stored.pk, action="change")
    assert (entry.who, entry.details) == ("system", "asked for a visit, by portal")


def test_what_is_sent_again_makes_no_second_request_and_changes_nothing(client, db, settings):
    first = send(client, response())
    again = send(client, json.dumps(response(id="their own", meta={"versionId": "2"}), indent=2, sort_keys=True))

    assert (first.status_code, again.status_code) == (201, 200)
    stored = AppointmentRequest.objects.get()
    assert all(f"The reference is {stored}." in one.json()["issue"][0]["diagnostics"] for one in (first, again))
    assert send(client, response(questionnaire=canonical_of(EARLIER[0]))).status_code == 200
    assert "Nothing was changed." in again.json()["issue"][0]["diagnostics"]
    assert send(client, response(number="2")).status_code == 201
    settings.FHIR_CLIENTS[hashlib.sha256(b"its next token").hexdigest()] = "portal"
    assert send(client, response(), token="its next token").status_code == 200  # noqa: S106
    settings.FHIR_CLIENTS[hashlib.sha256(b"another token").hexdigest()] = "other"
    assert send(client, response(), token="another token").status_code == 201  # noqa: S106
    assert AppointmentRequest.objects.count() == 3


@pytest.mark.parametrize(
    "other", [{"contact": ANA | {"phone": "(212) 555-0199"}}, {"status": "entered-in-error"}, {"item": "none"}]
)
def test_what_a_program_corrects_is_not_passed_over_in_silence(client, db, other):
    send(client, response())

    corrected = send(client, response(**other))

    stored = AppointmentRequest.objects.get()
    assert (corrected.status_code, faults(corrected)) == (409, [("conflict",)])
    assert f"Request {stored} was stored" in corrected.json()["issue"][0]["diagnostics"]
    assert "to the clinic by phone" in corrected.json()["issue"][0]["diagnostics"]
    assert (stored.phone, stored.version) == ("+12125550123", 0)


def test_what_an_earlier_version_stored_is_taken_for_the_same(client, db):
    send(client, response())
    AppointmentRequest.objects.update(sent_digest="")

    assert send(client, response(contact=ANA | {"name": "Bea Example"})).status_code == 200


def of_our_pages(client, given):
    """The page with what they say to these answers."""
    page = answer_check(client, **given)
    return page if outcome_of(page) else client.get("/check/result/")


@pytest.mark.parametrize("outcome", [one.key for one in PATHWAY.outcomes if not one.offers_visit])
def test_who_is_offered_no_visit_is_told_what_the_pathway_says_and_nothing_is_stored(client, db, outcome):
    given = next(case.given for case in CASES if case.result.key == outcome)
    page = of_our_pages(client, given)

    answer = send(client, response(given, contact=None, visit={}))

    assert (answer.status_code, outcome_of(page)) == (422, outcome)
    said = answer.json()["issue"][0]
    assert (said["code"], said["details"]["coding"][0]["code"]) == ("business-rule", outcome)
    assert said["details"]["text"] in source_of(page)
    assert "{" not in said["diagnostics"]
    assert not AppointmentRequest.objects.exists()


def red_flags(*codes: str) -> list[dict]:
    return [{"valueCoding": coding("red-flags", code)} for code in codes]


def with_a_warning_sign(**changes) -> dict:
    return response({**TEXTBOOK, "red_flags": ["saddle"]}, **changes)


BELOW = {"linkId": "red_flags.hint", "text": "…"}
WARNED = {
    "nothing": response(item=[{"linkId": "red_flags", "answer": red_flags("saddle")}]),
    "an unknown question": with_a_warning_sign(item=[*with_a_warning_sign()["item"], {"linkId": "weather"}]),
    "its hint sent back": with_a_warning_sign(
        item=[{"linkId": "red_flags", "answer": [{**red_flags("saddle")[0], "item": [BELOW]}], "item": [BELOW]}]
    ),
    "a second item of the question": response(
        item=[*response()["item"], {"linkId": "red_flags", "answer": red_flags("saddle")}]
    ),
    "none of these beside it": response(item=[{"linkId": "red_flags", "answer": red_flags("none", "saddle")}]),
    "an unknown code beside it": response(item=[{"linkId": "red_flags", "answer": red_flags("saddle", "gout")}]),
    "a group around it": response(item=[{"linkId": "page", "item": with_a_warning_sign()["item"]}]),
    "another question's link": response(item=[{"linkId": "pain", "answer": red_flags("saddle")}]),
    "an answer that is no list": response(item=[{"linkId": "red_flags", "answer": red_flags("saddle")[0]}]),
    "a modifier": with_a_warning_sign(modifierExtension=[{"url": "https://example.com"}]),
    "a draft": with_a_warning_sign(status="in-progress"),
    "no identifier": with_a_warning_sign(identifier=None),
    "an earlier version": with_a_warning_sign(questionnaire=canonical_of(EARLIER[0])),
    "an unknown version": with_a_warning_sign(questionnaire="https://example.com/questions"),
    "no version": with_a_warning_sign(questionnaire=None),
}


@pytest.mark.parametrize("beside", WARNED)
def test_a_warning_sign_is_answered_first_whatever_else_is_wrong(client, db, beside):
    answer = send(client, WARNED[beside])

    assert answer.status_code == 422
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == PATHWAY.emergencies[0].key
    assert "911" in answer.json()["issue"][0]["diagnostics"]
    assert (len(faults(answer)) > 1) is (beside not in ("nothing", "its hint sent back"))
    assert not AppointmentRequest.objects.exists()


def test_a_warning_sign_is_answered_also_where_the_same_identifier_was_taken_before(client, db):
    send(client, response())

    answer = send(client, with_a_warning_sign())

    assert answer.status_code == 422
    warning, stored_before = answer.json()["issue"]
    assert warning["details"]["coding"][0]["code"] == PATHWAY.emergencies[0].key
    assert f"Request {AppointmentRequest.objects.get()} was stored" in stored_before["diagnostics"]


def test_hints_below_a_question_may_be_sent_back_and_nothing_else_stands_there(client, db):
    hint = {"linkId": "pain.hint", "text": "…"}

    def below_pain(number, **more):
        sent = response(number=number)
        for item in sent["item"]:
            if item["linkId"] == "pain":
                item.update(more)
                item["answer"][0]["item"] = more["item"]
        return send(client, sent)

    hints = [item for item in questions()["pain"].get("item", []) if item["type"] == "display"]
    assert [one["linkId"] for one in hints] == ["pain.hint"]
    assert below_pain("1", item=[hint]).status_code == 201
    assert faults(below_pain("2", item=[{**hint, "answer": [{"valueString": "8"}]}]))[0] == (
        "structure",
        f"{PAIN}.item.where(linkId='pain.hint')",
    )
    assert faults(below_pain("3", item=[{"linkId": "weather"}]))[0] == ("not-found", f"{PAIN}.item[0]")


def questions() -> dict[str, dict]:
    return {item["linkId"]: item for item in questionnaire_of(PATHWAY, is_signed=True)["item"]}


def test_a_fault_is_said_as_on_the_pages_with_the_number_to_call(client, db):
    answer = send(client, response(item=[{"linkId": "red_flags", "answer": red_flags("saddle", "none")}]))

    said = [one["diagnostics"] for one in answer.json()["issue"] if "red_flags" in one.get("expression", [""])[0]]
    assert [("call 911 now" in words, "{" in words) for words in said] == [(True, False)]


@pytest.mark.parametrize("link", [*TEXTBOOK, *VISIT_ANSWERS, "answering_for", "myself", *ANA])
def test_an_item_without_an_answer_is_as_if_it_were_not_there(client, db, link):
    def sent(number, *instead) -> dict:
        changed = deepcopy(response(number=number))
        for items in (changed["item"], changed["item"][-1].get("item", [])):
            for place, item in enumerate(items):
                if item["linkId"].removeprefix("myself.") == link:
                    items[place : place + 1] = [{"linkId": item["linkId"], **one} for one in instead]
        return changed

    missing, without_answer, without_answers = (
        send(client, sent(str(number), *instead)) for number, instead in enumerate([(), ({},), ({"answer": []},)])
    )
    without_value = send(client, sent("3", {"answer": [{}]}))

    assert missing.status_code == without_answer.status_code == without_answers.status_code
    assert faults(missing) == faults(without_answer) == faults(without_answers)
    assert without_value.status_code == 422


def test_codes_say_of_which_version_they_are_and_are_taken_with_it_or_without(client, db):
    def sent(number, **version):
        changed = response(number=number)
        for item in changed["item"]:
            for answer in item.get("answer", []):
                answer.get("valueCoding", {}).pop("version", None)
                answer.get("valueCoding", {}).update(version)
        return send(client, changed)

    asked = questions()["pain"]["answerOption"]
    assert {option["valueCoding"]["version"] for option in asked} == {PATHWAY.version}
    assert [sent("1").status_code, sent("2", version=PATHWAY.version).status_code] == [201, 201]


def without(*links: str):
    def change(sent):
        sent["item"] = [item for item in sent["item"] if item["linkId"] not in links]

    return change


def answered(link: str, *answers):
    def change(sent):
        for item in [*sent["item"], *sent["item"][-1]["item"]]:
            if item["linkId"] == link:
                item["answer"] = [*answers]

    return change


def more(*items):
    return lambda sent: sent["item"].extend(items)


def has(**parts):
    return lambda sent: sent.update(parts)


NOT_TRIED = "helped_muscle_relaxant"
PAIN = f"{HERE}.item.where(linkId='pain')"
ME = f"{HERE}.item.where(linkId='myself')"
NAME = f"{ME}.item.where(linkId='myself.name')"
WRONG = {
    "an unknown question": (more({"linkId": "weather"}), ("not-found", f"{HERE}.item[{len(response()['item'])}]")),
    "an item that is none": (more("pain"), ("not-found", f"{HERE}.item[{len(response()['item'])}]")),
    "an unknown code": (
        answered("pain", {"valueCoding": coding("pain", "11")}),
        ("code-invalid", f"{PAIN}.answer[0]"),
    ),
    "a code of another question": (
        answered("pain", {"valueCoding": coding("function", "7")}),
        ("code-invalid", f"{PAIN}.answer[0]"),
    ),
    "a code without its system": (
        answered("pain", {"valueCoding": {"code": "7"}}),
        ("code-invalid", f"{PAIN}.answer[0]"),
    ),
    "a number": (answered("pain", {"valueInteger": 7}), ("value", f"{PAIN}.answer[0]")),
    "two values in one": (
        answered("pain", {"valueCoding": coding("pain", "7"), "valueString": "8"}),
        ("value", f"{PAIN}.answer[0]"),
    ),
    "two values of different kinds in one": (
        answered("pain", {"valueCoding": coding("pain", "7"), "valueInteger": 8}),
        ("value", f"{PAIN}.answer[0]"),
    ),
    "what changes the meaning of an answer": (
        answered("pain", {"valueCoding": coding("pain", "7"), "modifierExtension": [{"url": "https://example.com"}]}),
        ("not-supported", f"{PAIN}.answer[0]"),
    ),
    "an answer to another version of the question": (
        answered("pain", {"valueCoding": {**coding("pain", "7"), "version": "1.0"}}),
        ("code-invalid", f"{PAIN}.answer[0]"),
    ),
    "two answers to a single choice": (
        answered("pain", *({"valueCoding": coding("pain", code)} for code in "78")),
        ("business-rule", PAIN),
    ),
    "an answer given twice": (more({"linkId": "pain"}), ("duplicate", PAIN)),
    "answers that are no list": (
        lambda sent: sent["item"][1].update(answer={}),
        ("structure", f"{HERE}.item.where(linkId='{items_of(PATHWAY, TEXTBOOK)[1]['linkId']}')"),
    ),
    "none beside others": (
        answered("tried", *({"valueCoding": coding("tried", code)} for code in ("none", "rest"))),
        ("value", f"{HERE}.item.where(linkId='tried')"),
    ),
    "no answer": (without("pain"), ("required", PAIN)),
    "what is not asked": (
        more({"linkId": NOT_TRIED, "answer": [{"valueCoding": coding(NOT_TRIED.replace("_", "-"), "no")}]}),
        ("business-rule", f"{HERE}.item.where(linkId='{NOT_TRIED}')"),
    ),
    "too long": (answered("imaging_where", {"valueString": "x" * 81}), ("too-long", None)),
    "a year to come": (answered("imaging_year", {"valueString": "2199"}), ("value", None)),
    "no answer for the visit": (without("place"), ("required", f"{HERE}.item.where(linkId='place')")),
    "an earlier version": (
        has(questionnaire=canonical_of(EARLIER[0])),
        ("not-supported", f"{HERE}.questionnaire"),
    ),
    "no version": (has(questionnaire=canonical_of(PATHWAY).partition("|")[0]), ("not-supported", None)),
    "a draft": (has(status="in-progress"), ("business-rule", f"{HERE}.status")),
    "no identifier": (has(identifier=None), ("required", f"{HERE}.identifier")),
    "an endless identifier": (has(identifier={"value": "x" * 201}), ("required", f"{HERE}.identifier")),
    "what changes the meaning": (has(modifierExtension=[{"url": "https://example.com"}]), ("not-supported", HERE)),
    "items that are no list": (has(item={}), ("structure", HERE)),
    "nobody to call": (without("answering_for", "myself"), ("required", None)),
    "a name in digits": (answered("myself.name", {"valueString": "12"}), ("value", NAME)),
    "half a letter in a name": (answered("myself.name", {"valueString": "Ana \ud800"}), None),
    "a birthday that never was": (
        answered("myself.date_of_birth", {"valueDate": "1948-02-31"}),
        ("value", f"{ME}.item.where(linkId='myself.date_of_birth')"),
    ),
    "half a birthday": (answered("myself.date_of_birth", {"valueDate": "1948-03"}), ("value", None)),
    "no consent": (
        answered("myself.calls_ok", {"valueBoolean": False}),
        ("required", f"{ME}.item.where(linkId='myself.calls_ok')"),
    ),
    "consent in words": (answered("myself.calls_ok", {"valueBoolean": "yes"}), ("value", None)),
    "the group of another": (
        more({"linkId": "someone_else", "item": [contact_item("someone_else", "name", "Bea Example")]}),
        ("business-rule", f"{HERE}.item.where(linkId='someone_else').item.where(linkId='someone_else.name')"),
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_cannot_be_taken_is_refused_in_words_with_the_place_and_nothing_is_stored(client, db, fault):
    change, expected = WRONG[fault]
    sent = deepcopy(response())
    change(sent)

    answer = send(client, sent)

    assert answer.status_code == (422 if expected else 400)
    if expected:
        (found,) = faults(answer)
        assert found[0] == expected[0]
        assert expected[1] in (None, *found)
    assert not AppointmentRequest.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        *(
            "",
            "{",
            "[]",
            "null",
            "7",
            '{"resourceType": "Patient"}',
            "[" * 60_000,
            '{"a": NaN}',
            b"\xff",
            "9" * 5_000,
        ),
        '{"resourceType": "QuestionnaireResponse", "status": "completed", "status": "completed"}',
    ],
)
def test_what_is_no_response_at_all_is_refused(client, db, body):
    answer = send(client, body)

    assert (answer.status_code, faults(answer)) == (400, [("structure",)])


def test_any_part_may_be_anything_and_it_is_no_error_of_ours(client, db):
    sent = response()

    def spoiled(part, junk):
        """The same, with one part after another replaced."""
        if isinstance(part, dict):
            for key, value in part.items():
                yield {**part, key: junk}
                yield from ({**part, key: other} for other in spoiled(value, junk))
        elif isinstance(part, list):
            for number, value in enumerate(part[-3:], start=max(0, len(part) - 3)):
                yield from ([*part[:number], other, *part[number + 1 :]] for other in (junk, *spoiled(value, junk)))

    for junk in (None, "\u0000", [[]], {"value": {}}):
        for one in spoiled(sent, junk):
            assert send(client, one).status_code in (200, 201, 400, 409, 422), one


def test_only_a_registered_program_may_and_where_there_is_none_there_is_no_such_address(client, db, settings):
    for token in ("", "guessed", "0" * 64, "ü"):
        refused = send(client, response(), token=token)
        assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer")
    assert client.post(ADDRESS, "{}", content_type="application/json").status_code == 401
    assert client.get(ADDRESS).status_code == 405
    offered = [one["type"] for one in client.get("/fhir/metadata").json()["rest"][0]["resource"]]
    assert offered == ["Questionnaire", "QuestionnaireResponse"]
    settings.FHIR_CLIENTS = {}
    assert send(client, response()).status_code == 404
    assert len(client.get("/fhir/metadata").json()["rest"][0]["resource"]) == 1
    assert not AppointmentRequest.objects.exists()


NOWHERE = {
    "too long a body": (lambda ask: ask.post(ADDRESS, "x" * 70_000, content_type="application/fhir+json"), 413),
    "a foreign charset": (lambda ask: ask.post(ADDRESS, "{}", content_type="application/json; charset=latin1"), 400),
    "nothing there": (lambda ask: ask.get("/fhir/Patient/1"), 404),
    "another method": (lambda ask: ask.get(ADDRESS), 405),
    "a method that nothing knows": (lambda ask: ask.put(f"{ADDRESS}/1", "{}"), 405),
    "a form where one can only read": (lambda ask: ask.post("/fhir/metadata"), 403),
    "too long an address": (lambda ask: ask.get(f"/fhir/Questionnaire?_id={'x' * 2_000}"), 414),
}


@pytest.mark.parametrize("refused", NOWHERE)
def test_whatever_refuses_a_program_says_so_in_fhir(db, refused):
    ask, status = NOWHERE[refused]

    answer = ask(Client(enforce_csrf_checks=True))

    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
    assert len(faults(answer)) == 1
    assert answer["Cache-Control"] == "no-store"
    assert ("Allow" in answer) is (status == 405)


def test_where_https_is_missing_it_is_said_in_fhir_and_pages_for_people_stay_pages(db, client, settings):
    settings.SECURE_SSL_REDIRECT = True
    insecure = client.post(ADDRESS, "{}", content_type="application/json")
    settings.SECURE_SSL_REDIRECT = False

    assert (insecure.status_code, faults(insecure)) == (403, [("security",)])
    assert client.get("/nowhere/")["Content-Type"] == "text/html; charset=utf-8"


@by_judges
@pytest.mark.process
def test_validators_that_others_wrote_know_what_is_sent_and_answered(client, db):
    sent = response()
    answers = [send(client, one).json() for one in (sent, sent, response(contact=None, number="2"))]
    about = client.get("/fhir/metadata").json()

    assert judged([sent, *answers, about, client.get("/fhir/Questionnaire").json()]) == []

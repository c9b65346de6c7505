"""Walks through the public pages as a visitor does, with any answers."""

import html
import re

from screening.pathways.vertebral_cement import PATHWAY, TREATMENTS
from screening.questionnaire.journey import Journey

# All five points are met; tests change what they are about. What they do not name is answered quietly.
FACTS = {
    "pain": "7",
    "function": "with_help",
    "duration": "6w_3m",
    "cause": "nothing",
    "osteoporosis": "yes",
    "fracture": "yes",
    "height_loss": "yes",
    "tried": ["brace", "pain_medicine", "rest"],
    "helped_brace": "little",
    "helped_pain_medicine": "no",
    "helped_rest": "little",
}
TEXTBOOK = dict(Journey(PATHWAY, FACTS).completed().relevant_answers)

# With all treatments tried, every question is asked.
EVERYTHING = dict(
    Journey(
        PATHWAY,
        {
            **FACTS,
            "tried": [treatment.value for treatment in TREATMENTS],
            **{f"helped_{treatment.value}": "little" for treatment in TREATMENTS},
        },
    )
    .completed()
    .relevant_answers
)

# Every public page that works without a database, as long as no request is opened or sent.
ADDRESSES = [
    "/",
    "/how-this-check-decides/",
    "/how-this-check-decides/at-a-glance/",
    "/text-messages/",
    "/check/",
    "/check/start-again/",
]
ADDRESSES += [f"/check/{page.key}/" for page in PATHWAY.pages]
ADDRESSES += [f"/check/{outcome.address}/" for outcome in PATHWAY.emergencies]
ADDRESSES += ["/check/answers/", "/check/result/", "/check/summary/", "/visit/"]
ADDRESSES += ["/visit/questions/", "/visit/who/", "/visit/call/", "/visit/check/", "/visit/sent/"]
ADDRESSES += [
    "/status/",
    "/status/reference/",
    *(f"/status/yours/{what}" for what in ("", "phone/", "first/", "times/", "withdraw/", "summary/")),
]

VISIT_ANSWERS = {
    "imaging": ["xray", "mri"],
    "imaging_month": "9",
    "imaging_year": "2026",
    "imaging_where": "Example Hospital",
    "place": "middle",
    "more": ["none"],
}

WHO = {
    "name": "Ana Example",
    "date_of_birth_month": "3",
    "date_of_birth_day": "14",
    "date_of_birth_year": "1948",
    "phone": "(212) 555-0123",
    "email": "ana@example.com",
}

BIRTHDAY = {name: value for name, value in WHO.items() if name.startswith("date_of_birth")}

CALL = {"language": "en", "call_times": ["morning"], "voicemail_ok": "yes"}
CHECK = {"calls_ok": "on", "keeping_ok": "on"}

# What somebody is asked who fills it in for the patient.
HELPER = {
    "filled_in_by": "Bo Example",
    "relationship": "daughter",
    "may_talk": "patient_agrees",
    "phone_owner": "helper",
    "patient_phone": "",
}

# What each step asks for, with what may be left empty.
MAY_BE_SAID = {
    "other_language",
    "needs_interpreter",
    "hard_of_hearing",
    "large_print",
}
FIELDS = {
    "questions": {*VISIT_ANSWERS},
    "who": {*WHO, "postal_address", "email_asked", "phone_asked", *HELPER, "patient_phone_asked"},
    "call": {*CALL, *MAY_BE_SAID},
    "check": {*CHECK, "texts_ok", "leave_this_empty"},
}


def answer_check(client, **changes):
    """Answer every page that is shown, from the first to the last. Returns the last response."""
    answers = {**TEXTBOOK, **changes}
    if "filled_in_by" in changes:
        client.post("/check/", {"answering_for": "someone_else"})
    url = "/check/red_flags/"
    while match := re.fullmatch(r"/check/(\w+)/", url):
        page = PATHWAY.page(match[1])
        if page is None:
            break
        keys = [question.key for question in page.questions if question.key in answers]
        response = client.post(url, {key: answers[key] for key in keys})
        if response.status_code not in (302, 303):
            return response
        url = response["Location"]
    return client.get(url)


def outcome_of(response) -> str | None:
    match = re.search(r'data-outcome="(\w+)"', response.content.decode())
    return match and match[1]


def verdicts_of(response) -> dict[str, str]:
    return dict(re.findall(r'data-criterion="(\w+)" data-verdict="(\w+)"', response.content.decode()))


def source_of(response) -> str:
    """The page with its markup, but with characters as people write them: ' for &#x27;."""
    return html.unescape(response.content.decode())


def words_of(response) -> str:
    """All that is written on the page, without the markup and with one space between words."""
    # A number to press is a part of its sentence.
    page = re.sub(r'<a href="tel:[^>]*>([^<]*)</a>', r"\1", response.content.decode())
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", page)).split())


def title_of(response) -> str:
    return re.search("<title>(.*?)</title>", source_of(response))[1]


def back_of(response) -> str:
    return re.search('class="back" href="([^"]*)"', source_of(response))[1]


def checked_in(response) -> dict[str, list[str]]:
    """The values of the radio buttons and boxes that are on, by name."""
    checked = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)" id="[^"]*" checked', source_of(response)):
        checked.setdefault(name, []).append(value)
    return checked


def ask_for_visit(client, **changes):
    """Fill in all steps after a result that offers a visit, and send. Returns the last response."""
    for key in FIELDS:
        response = fill_in(client, key, changes)
    return response


def somebody(number: int) -> dict[str, str]:
    """Somebody else for each number, or requests would be compared with hundreds of the same person."""
    return {
        "phone": f"(212) {200 + number // 9000 % 700}-{1000 + number % 9000}",
        "email": f"ana{number}@example.com",
        "date_of_birth_year": str(1930 + number % 40),
        "date_of_birth_month": str(1 + number // 40 % 12),
        "date_of_birth_day": str(1 + number // 480 % 28),
    }


def fill_in(client, key: str, changes: dict):
    helper = HELPER if "filled_in_by" in changes else {}
    typed = {**VISIT_ANSWERS, **WHO, **helper, **CALL, **CHECK, **changes}
    return client.post(f"/visit/{key}/", {name: typed[name] for name in FIELDS[key] & typed.keys()})

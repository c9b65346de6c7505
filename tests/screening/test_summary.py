"""The summary for one's own doctor: what to ask, what is open, what to know in a doctor's words, and the sources."""

import re

import pytest
from django.conf import settings

from screening.pathways import pathway_of
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.journey import Journey
from screening.signed_text import catalogue, fingerprint
from tests.walk import BIRTHDAY, FACTS, TEXTBOOK, answer_check, source_of, words_of

PAIN_FROM_IT = "Does my pain come from the fracture? Can an MRI show if it is new?"
CEMENT = "What else can ease my pain? Could cement be a choice for me?"
MEDICINE = "Which medicine can make my bones stronger?"
ALWAYS = [
    "What can I do to keep my bones strong?",
    "How can I keep from falling?",
    "Which signs mean that I should call you right away?",
]


def questions_on(page) -> list[str]:
    return re.findall(r"<li>([^<]*)</li>", re.search(r"(?s)<ol>.*?</ol>", source_of(page))[0])


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, [PAIN_FROM_IT, CEMENT, MEDICINE]),
        ({"cancer": "myeloma"}, ["Do I need an MRI soon, because I have had cancer?", PAIN_FROM_IT, CEMENT]),
        (
            {"safety": ["weight_night", "infection"]},
            [
                "Could the infection have reached my spine? Which test shows that?",
                "What could cause the weight loss or the pain at night?",
                PAIN_FROM_IT,
            ],
        ),
        (
            {"fracture": "suspect", "blood_thinner": "yes"},
            [
                "Do I need an X-ray or MRI to look for a fracture?",
                "If I have a procedure, what do we do about my blood thinner?",
                CEMENT,
            ],
        ),
        ({"fracture": "no"}, ["Can a new fracture be missed? When do I need another scan?", MEDICINE, ALWAYS[0]]),
        ({"pain": "0", "osteoporosis": "no", "fracture": "no"}, ALWAYS),
    ],
)
def test_three_questions_are_chosen_from_the_answers(client, changes, asked):
    answers = Journey(PATHWAY, {**FACTS, **changes}).completed().relevant_answers
    answer_check(client, **answers)

    assert questions_on(client.get("/check/summary/")) == asked

    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    assert questions_on(client.get("/check/summary/")) == [catalogue("es")[question] for question in asked]


def test_a_doctor_reads_flags_in_clinical_words_what_is_open_and_the_sources(client):
    answer_check(client, blood_thinner="yes", height_loss="not_sure", pain="3", safety=["steroids"])

    summary = words_of(client.get("/check/summary/"))

    assert "Anticoagulant or antiplatelet therapy. Systemic glucocorticoids for 3 months or more." in summary
    assert "Pain of 4 of 10 or less." in summary
    assert "Answered “not sure”: Height of the bone." in summary
    assert "The rule rests on: The health system's patient page on these treatments. NASS appropriate" in summary
    assert "All rules and sources: testserver, “How this check decides”." in summary
    assert f"Version: {PATHWAY.version} {fingerprint(PATHWAY.key)}" in summary


def test_what_was_said_with_the_request_is_told_to_the_doctor_too(client, a_request):
    request = a_request(more=["stomach", "cement"])
    client.post("/status/", {"reference": request.reference, **BIRTHDAY})

    assert "Prior vertebral augmentation. Unable to lie prone." in words_of(client.get("/status/yours/summary/"))


def test_the_summary_of_a_request_has_its_dates_as_the_language_writes_them(client, a_request):
    request = a_request()
    client.post("/status/", {"reference": request.reference, **BIRTHDAY})
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"

    summary = words_of(client.get("/status/yours/summary/"))

    assert "14 de marzo de 1948" in summary
    assert re.search(r"\. \d+ de [a-z]+ de \d{4}\. ", summary)


def test_no_answer_is_told_twice_and_none_is_left_out(client):
    helped = {"helped_brace": "no", "helped_pain_medicine": "no", "helped_rest": "little"}
    answer_check(client, **helped, blood_thinner="yes", cancer="not_sure")

    summary = words_of(client.get("/check/summary/"))

    others = summary.partition("Other answers")[2].partition("What to do next")[0]
    assert "Help from the back brace, Help from the pain medicine: No" in others
    assert "Help from the rest: A little, or not for long" in others
    for told in ("Blood thinner", "Treatments tried"):
        assert told not in others
    assert others.count("Myeloma or another cancer") == 1
    for question in Journey(PATHWAY, {**TEXTBOOK, **helped}).asked:
        assert question.name in others or question.key in ("blood_thinner", "tried")


def test_every_flag_has_a_clinical_name_in_both_languages():
    names = [flag.clinical for flag in PATHWAY.flags]

    assert all(names)
    assert [name for name in names if catalogue("es").get(name, name) == name] == []


def test_a_request_of_an_earlier_version_has_no_questions_and_its_flags_in_their_own_words(client, a_request):
    request = a_request()
    earlier = pathway_of("vertebral_cement", "1.0")
    request.pathway_version, request.answers = "1.0", dict(Journey(earlier, FACTS).completed().relevant_answers)
    request.answers["blood_thinner"] = "yes"
    request.save()
    client.post("/status/", {"reference": request.reference, **BIRTHDAY})

    summary = words_of(client.get("/status/yours/summary/"))

    assert "Takes a blood thinner." in summary
    assert "Three questions" not in summary

"""Our questions in a renderer that others wrote, LHC-Forms: it asks what we ask, and what it sends comes to the same.

LHC_FORMS_SETS=200 fills in more than it takes to see every branch.
"""

import os
import random
from itertools import count, cycle
from pathlib import Path

import pytest

from appointments.models import AppointmentRequest, RateBucket
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.journey import Journey
from tests.interop import test_incoming as sending
from tests.interop.test_fhir import some_answer
from tests.walk import ask_for_visit

RENDERER = Path(__file__).parents[2] / "var/judges/node_modules/lforms/dist/lforms"
WHERE = "http://localhost:1/"
PAGE = Path(__file__).with_name("lhc-forms.html")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not RENDERER.exists(), reason="LHC-Forms is not installed: make judges"),
]

registered = sending.registered


@pytest.fixture
def renderer(chromium):
    page = chromium.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.route(
        f"{WHERE}**",
        lambda route: (
            route.fulfill(path=RENDERER / route.request.url.removeprefix(WHERE))
            if route.request.url != WHERE
            else route.fulfill(path=PAGE)
        ),
    )
    page.goto(WHERE)
    yield page
    page.close()
    assert not faults


def answer_sets(number: int) -> list[dict]:
    """An answer to every question, whether it will be asked or not; few that end the check at once.

    First those by which each question is asked and is not, and each outcome comes about; then any, up to `number`.
    """
    chance = random.Random(8)  # noqa: S311
    made = [
        {
            question.key: ["none"]
            if question.key in PATHWAY.emergency_questions and chance.random() < 0.9
            else some_answer(question, chance)
            for question in (*PATHWAY.questions, *PATHWAY.visit_questions)
        }
        for _ in range(600)
    ]
    quiet = {question.key: question.quiet_answer for question in PATHWAY.visit_questions}
    made += [{**quiet, **case.given, **case.with_visit} for case in sending.CASES]
    made = [{key: answer for key, answer in one.items() if answer} for one in made]
    branches = [branches_of(one) for one in made]
    everything = set().union(*branches)
    chosen: list[int] = []
    while seen := everything - set().union(*(branches[one] for one in chosen)):
        chosen.append(max(range(len(made)), key=lambda one: len(branches[one] & seen)))
    others = [one for one in range(len(made)) if one not in chosen]
    return [made[one] for one in (*chosen, *others[: max(0, number - len(chosen))])]


def asked_of(answers: dict) -> list[str]:
    journey = Journey(PATHWAY, answers)
    with_visit = [] if journey.stopped else PATHWAY.visit_questions
    return [one.key for one in (*journey.asked, *(one for one in with_visit if one.ask_if.holds(answers)))]


def branches_of(answers: dict) -> set:
    asked = asked_of(answers)
    journey = Journey(PATHWAY, answers)
    questions = [question.key for question in (*PATHWAY.questions, *PATHWAY.visit_questions)]
    ended = {journey.assessment.outcome.key} if journey.stopped or journey.is_complete else set()
    return {(key, key in asked) for key in questions} | ended


def test_it_asks_what_we_ask_and_what_it_sends_is_what_our_pages_make_of_the_same_answers(renderer, client, db):
    questionnaire = client.get(f"/fhir/Questionnaire/vertebral-cement-{PATHWAY.version}").json()
    groups = {item["linkId"]: [one["linkId"] for one in item.get("item", [])] for item in questionnaire["item"]}
    outcomes = set()

    for answers, helper, number in zip(
        answer_sets(int(os.environ.get("LHC_FORMS_SETS", "0"))), cycle(({}, sending.BO)), count()
    ):
        RateBucket.objects.all().delete()
        client.cookies.clear()
        whom = "someone_else" if helper else "myself"
        contact = {f"{whom}.{name}": value for name, value in (sending.ANA | helper).items()}

        asked, response = renderer.evaluate(
            "([questionnaire, wanted]) => filledIn(questionnaire, wanted)",
            [questionnaire, {**answers, "answering_for": whom, **contact}],
        )
        response["identifier"] = {"value": str(number)}
        said = sending.send(client, response).json()["issue"]
        assert all("details" in issue for issue in said), (said, response, answers)

        ours = asked_of(answers)
        is_stopped = Journey(PATHWAY, answers).stopped is not None
        assert asked == (ours if is_stopped else [*ours, "answering_for", *groups[whom]]), answers
        on_our_pages = sending.outcome_of(
            sending.of_our_pages(client, {**answers, **sending.helper_on_the_page(helper)})
        )
        assert [issue["details"]["coding"][0]["code"] for issue in said] == [on_our_pages], (answers, said)
        outcomes.add(on_our_pages)
        if PATHWAY.outcome(on_our_pages).offers_visit:
            stored = AppointmentRequest.objects.filter(source="program").latest("pk")
            visit = {one.key: answers.get(one.key, "") for one in PATHWAY.visit_questions}
            ask_for_visit(client, **visit, **sending.helper_on_the_page(helper))
            typed = AppointmentRequest.objects.filter(source="web").latest("pk")
            AppointmentRequest.objects.filter(pk=typed.pk).update(doubts="")
            assert sending.as_stored(stored) == sending.as_stored(typed)

    assert outcomes == {outcome.key for outcome in PATHWAY.outcomes}
    assert AppointmentRequest.objects.filter(source="web").count() * 2 == AppointmentRequest.objects.count()

"""A pathway that is changed: what follows from it follows by itself."""

from dataclasses import replace

import pytest

from appointments.models import AppointmentRequest
from appointments.worklist import ranking
from screening.pathways import PATHWAYS
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.assessment import Priority
from screening.questionnaire.conditions import ALWAYS
from screening.questionnaire.journey import Journey
from screening.questionnaire.questions import Choice, Option, Page
from tests.staff import member_of, signed_in

SMOKING = Choice(
    key="smoking", name="Smoking", text="Do you smoke?", options=(Option("yes", "Yes"), Option("no", "No"))
)


@pytest.fixture
def with_another_question(monkeypatch):
    changed = replace(PATHWAY, pages=(*PATHWAY.pages, Page.of(SMOKING)))
    monkeypatch.setitem(PATHWAYS, PATHWAY.key, changed)
    return changed


def test_the_page_of_all_components_is_there_after_a_new_question(client, with_another_question, settings):
    assert client.get("/components/").status_code == 200


def test_typical_answers_include_a_new_question(with_another_question):
    journey = Journey(with_another_question, {"pain": "7"}).completed()

    assert journey.is_complete
    assert journey.relevant_answers["smoking"] == "no"


@pytest.fixture
def with_a_fourth_priority(monkeypatch):
    *others, last = PATHWAY.priorities
    four = [*others, last, Priority("P4", 9, ALWAYS)]
    monkeypatch.setattr(ranking, "URGENCY", {priority.key: place for place, priority in enumerate(four, 1)})


def test_a_fourth_priority_takes_nothing_down(a_request, settings, with_a_fourth_priority):
    settings.CALLS_FROM_HOUR, settings.CALLS_UNTIL_HOUR = 0, 24
    a_request()
    AppointmentRequest.objects.update(priority="P4", doubts="")
    staff = signed_in(member_of("Schedulers"))

    assert staff.get("/admin/").status_code == 200
    assert staff.post("/admin/next-call/").status_code == 302


def test_a_priority_that_the_pathway_no_longer_knows_is_called_first_and_takes_nothing_down(a_request, scheduler):
    for _ in range(2):
        a_request()
    old = AppointmentRequest.objects.first()
    AppointmentRequest.objects.update(doubts="")
    AppointmentRequest.objects.filter(pk=old.pk).update(priority="X9")
    moment = ranking.Moment.of(scheduler)
    candidates = [
        ranking.Candidate._make(row) for row in AppointmentRequest.objects.values_list(*ranking.Candidate._fields)
    ]

    assert min(candidates, key=moment.order).pk == old.pk
    assert signed_in(scheduler).get("/admin/").status_code == 200

"""What holds for any pathway there is, whatever it asks."""

import random

import pytest

from common.languages import ENGLISH, LANGUAGES
from screening.cases import judge
from screening.own_cases import own_cases
from screening.pathways import EARLIER, PATHWAYS
from screening.questionnaire.assessment import Emergency
from screening.questionnaire.description import describe
from screening.questionnaire.journey import Journey
from screening.questionnaire.questions import Number, Text
from screening.signed_text import catalogue

every = pytest.mark.parametrize("pathway", [*PATHWAYS.values(), *EARLIER], ids=lambda one: f"{one.key} {one.version}")
current = pytest.mark.parametrize("pathway", PATHWAYS.values(), ids=PATHWAYS)


def any_answer(question, chance):
    if isinstance(question, Number):
        return chance.choice(["", str(chance.randint(question.lowest, question.highest))])
    if isinstance(question, Text):
        return question.quiet_answer
    values = [option.value for option in question.options]
    if not question.takes_several:
        return chance.choice(values)
    together = [option.value for option in question.options if not option.alone]
    several = chance.sample(together, chance.randint(1, len(together)))
    return question.parse(several if chance.random() < 0.7 else [chance.choice(values)])


@every
def test_whatever_is_answered_ends_somewhere_with_words_for_all_of_it(pathway):
    chance = random.Random(5)  # noqa: S311
    for _ in range(400):
        journey = Journey(pathway, {})
        while page := journey.next_page:
            asked = journey.questions_on(page)
            journey = journey.with_answers({question.key: any_answer(question, chance) for question in asked})
            if journey.stopped:
                break
        ended = journey.stopped or journey.assessment
        assert ended.outcome in pathway.outcomes
        assert ended.heading.text
        if not journey.stopped:
            answers = {**journey.relevant_answers}
            answers |= {one.key: any_answer(one, chance) for one in pathway.visit_questions}
            assert pathway.priority(ended.outcome, answers) in pathway.priorities
            assert all(flag in pathway.flags for flag in pathway.flags_raised(answers))


@current
def test_warning_signs_are_asked_first_and_lead_to_a_page_of_their_own(pathway):
    first, *others = pathway.pages

    assert {question.key for question in first.questions} >= pathway.emergency_questions
    assert all(isinstance(rule.outcome, Emergency) for rule in pathway.stops)
    assert {outcome.address for outcome in pathway.emergencies}.isdisjoint(page.key for page in pathway.pages)
    assert not {question.key for page in others for question in page.questions} & pathway.emergency_questions


@current
@pytest.mark.parametrize("language", [one.code for one in LANGUAGES if one is not ENGLISH])
def test_each_sentence_of_it_is_translated(pathway, language):
    said, missing = catalogue(language), set()

    def say(english):
        if not said.get(english):
            missing.add(english)
        return english

    describe(pathway, say)

    assert missing == set()


@current
def test_its_cases_end_as_a_clinician_wrote(pathway):
    assert [str(one) for one in judge(own_cases(pathway), pathway) if not one.is_as_expected] == []

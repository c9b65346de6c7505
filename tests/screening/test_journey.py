"""The way through the check is worked out from the answers, whatever order they came in."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.pathways.vertebral_cement import CANCER, PATHWAY
from screening.questionnaire.assessment import Rule
from screening.questionnaire.journey import Journey

PAGES = [page.key for page in PATHWAY.pages]

FACTS = {
    "pain": "7",
    "function": "by_self",
    "duration": "6w_3m",
    "cause": "nothing",
    "osteoporosis": "yes",
    "fracture": "yes",
    "height_loss": "yes",
    "tried": ["brace", "rest"],
    "helped_brace": "little",
    "helped_rest": "no",
}
COMPLETE = dict(Journey(PATHWAY, FACTS).completed().relevant_answers)


def journey(**changes):
    return Journey(PATHWAY, {**COMPLETE, **changes})


def page(key):
    return PATHWAY.page(key)


def keys(things):
    return [thing.key for thing in things]


@pytest.mark.parametrize(
    ("answers", "skipped"),
    [
        ({}, []),
        ({"pain": "0"}, ["function", "onset", "tried", "helped"]),
        ({"pain": "1"}, []),
        ({"pain": "not_sure"}, []),
        ({"fracture": "no"}, ["height_loss"]),
        ({"fracture": "suspect"}, []),
        ({"fracture": "not_sure"}, []),
        ({"tried": ["none"]}, ["helped"]),
        ({"tried": ["cannot"]}, ["helped"]),
        ({"tried": ["not_sure"]}, ["helped"]),
        ({"pain": "0", "fracture": "no"}, ["function", "onset", "height_loss", "tried", "helped"]),
        # No early end on a "no" to a core question: everybody gets the full explanation.
        ({"osteoporosis": "no", "cancer": "no"}, []),
        ({"clotting": "yes"}, []),
    ],
)
def test_only_pages_that_matter_are_on_the_way(answers, skipped):
    way = journey(**answers)

    assert keys(way.pages) == [key for key in PAGES if key not in skipped]
    assert way.is_complete
    assert way.likely_length == len(way.pages)


def test_each_treatment_that_was_tried_gets_its_question_on_one_page():
    way = journey(tried=["muscle_relaxant", "physical_therapy", "rest"])

    groups = keys(way.questions_on(page("helped")))
    assert groups == ["helped_muscle_relaxant", "helped_physical_therapy", "helped_rest"]


def test_the_pages_come_one_after_the_other():
    way, visited = Journey(PATHWAY, {}), []

    while way.next_page:
        visited.append(way.next_page.key)
        way = way.with_answers({q.key: COMPLETE[q.key] for q in way.questions_on(way.next_page)})

    assert visited == PAGES
    assert way.relevant_answers == COMPLETE
    assert way.before(page(PAGES[0])) is None
    assert way.after(page(PAGES[-1])) is None


def test_a_page_is_open_until_each_of_its_questions_is_answered():
    way = journey(helped_rest=None)

    assert way.next_page is page("helped")
    assert not way.can_visit(page("clotting"))
    assert way.with_answers({"helped_rest": "no"}).is_complete


@pytest.mark.parametrize(
    ("here", "answers", "back"),
    [
        ("pain", {}, "red_flags"),
        ("tried", {}, "height_loss"),
        ("tried", {"fracture": "no"}, "fracture"),
        ("osteoporosis", {"pain": "0"}, "pain"),
        ("blood_thinner", {}, "helped"),
        ("blood_thinner", {"tried": ["none"]}, "tried"),
        ("blood_thinner", {"pain": "0"}, "height_loss"),
        ("blood_thinner", {"pain": "0", "fracture": "no"}, "fracture"),
        ("safety", {"pain": "0"}, "clotting"),
    ],
)
def test_back_leads_to_the_page_before_and_forward_here_again(here, answers, back):
    way = journey(**answers)

    assert way.before(page(here)) is page(back)
    assert way.after(page(back)) is page(here)


@pytest.mark.parametrize(
    ("answers", "allowed"),
    [
        ({}, PAGES[:1]),
        ({"red_flags": ["none"]}, PAGES[:2]),
        ({"red_flags": ["none"], "pain": "7"}, PAGES[:3]),
        ({"red_flags": ["none"], "cancer": "no"}, PAGES[:2]),
        (COMPLETE, PAGES),
        ({**COMPLETE, "red_flags": None}, PAGES[:1]),
        ({**COMPLETE, "cancer": None}, PAGES[:6]),
        ({**COMPLETE, "fracture": "no"}, [key for key in PAGES if key != "height_loss"]),
        ({**COMPLETE, "red_flags": ["legs"]}, PAGES[:1]),
    ],
)
def test_a_page_can_be_visited_once_all_before_it_are_answered(answers, allowed):
    way = Journey(PATHWAY, answers)

    assert keys(filter(way.can_visit, PATHWAY.pages)) == allowed


@pytest.mark.parametrize(
    ("answers", "fewer"),
    [
        ({}, 0),
        ({"pain": "0"}, 4),
        ({"fracture": "no"}, 1),
        ({"pain": "4", "tried": ["none"]}, 1),
        ({"pain": "4", "tried": ["not_sure"]}, 1),
        ({"pain": "4", "tried": ["rest"]}, 0),
    ],
)
def test_the_length_counts_the_pages_that_may_still_come(answers, fewer):
    assert Journey(PATHWAY, answers).likely_length == len(PAGES) - fewer


@pytest.mark.parametrize(
    ("change", "dropped"),
    [
        ({"pain": "0"}, {"function", "duration", "cause", "tried", "helped_brace", "helped_rest"}),
        ({"fracture": "no"}, {"height_loss"}),
        ({"tried": ["none"]}, {"helped_brace", "helped_rest"}),
        ({"tried": ["rest"]}, {"helped_brace"}),
        ({"pain": "not_sure", "fracture": "suspect"}, set()),
    ],
)
def test_a_changed_answer_drops_answers_it_made_irrelevant(change, dropped):
    way = journey().with_answers(change)

    assert set(COMPLETE) - set(way.relevant_answers) == dropped
    assert way.answers == way.relevant_answers
    assert way.is_complete


def test_a_dropped_answer_does_not_return_when_the_change_is_undone():
    way = journey().with_answers({"pain": "0"}).with_answers({"pain": "7"})

    assert way.next_page is page("function")
    assert way.relevant_answers["clotting"] == "no"


def test_one_more_treatment_opens_its_page_again_and_keeps_the_rest():
    more = ["brace", "physical_therapy", "rest"]

    way = journey().with_answers({"tried": more})

    assert way.next_page is page("helped")
    assert way.relevant_answers == {**COMPLETE, "tried": more}


def test_what_no_longer_counts_does_not_decide():
    way = journey(pain="0", fracture="suspect", height_loss="not_sure", helped_rest="enough")

    assert way.assessment.outcome.key == "conservative_first"
    assert way.assessment.findings[3].explanation.text == "No pain now."


@pytest.mark.parametrize(("flag", "outcome"), [("trauma", "emergency_911"), ("fever", "emergency_today")])
@pytest.mark.parametrize("others", [{}, {"red_flags": ["none"], "pain": "3"}, COMPLETE])
def test_a_warning_sign_stops_the_check_at_once(flag, outcome, others):
    way = Journey(PATHWAY, {**others, "red_flags": [flag]})

    assert way.stopped.outcome.key == outcome
    assert way.assessment is way.stopped
    assert way.assessment.findings == ()
    assert way.relevant_answers == {"red_flags": [flag]}
    assert way.next_page is None
    assert not way.is_complete


def test_a_warning_sign_ticked_by_mistake_can_be_taken_back():
    way = journey(red_flags=["chest"]).with_answers({"red_flags": ["none"]})

    assert way.next_page is page("pain")


def test_the_way_ends_at_the_page_that_stops_it():
    stops = (*PATHWAY.stops, Rule(CANCER.is_("other"), PATHWAY.stops[1].outcome))

    way = Journey(replace(PATHWAY, stops=stops), {**COMPLETE, "cancer": "other"})

    assert keys(way.pages) == PAGES[:6]
    assert list(way.relevant_answers)[-1] == "cancer"
    assert way.stopped.outcome.key == "emergency_today"


@pytest.mark.parametrize("missing", COMPLETE)
def test_the_check_means_nothing_while_an_answer_is_missing(missing):
    way = journey(**{missing: None})

    assert not way.is_complete
    assert missing in keys(way.questions_on(way.next_page))
    with pytest.raises(ValueError, match="there are questions without an answer"):
        way.assessment  # noqa: B018 - looking is what raises


RUBBISH = [7, 7.0, True, None, "", "11", "-1", "none", "nonsense", {}, {"yes": "yes"}, (), ("none",), [], ["yes"]]
RUBBISH += [["nonsense"], [7], [None], [["none"]], ["none", "none"], ["none", "not_sure"], ["brace", "none"]]
RUBBISH += [["fever", "legs"], ["rest", "brace"], ["pregnant", "infection"], ["rest", "rest"]]


@pytest.mark.parametrize("rubbish", RUBBISH, ids=repr)
def test_what_is_no_answer_counts_as_none(rubbish):
    ways = {key: journey(**{key: rubbish}) for key in COMPLETE}

    assert [key for key, way in ways.items() if key in way.relevant_answers] == []
    assert [key for key, way in ways.items() if key not in keys(way.questions_on(way.next_page))] == []


def test_answers_to_questions_that_are_no_part_of_the_check_are_left_out():
    assert journey(shoe_size="42", helped="no", place="low", imaging=["mri"]).relevant_answers == COMPLETE


def answers_to(question):
    alone = [[o.value] for o in question.options if o.alone]
    together = [o.value for o in question.options if not o.alone]
    if not question.takes_several:
        return st.sampled_from(together)
    boxes = st.lists(st.sampled_from(together), min_size=1, unique=True).map(question.parse)
    # Most visitors have no warning signs; a walk that always stops on page one would see little.
    return st.one_of(st.sampled_from(alone), st.sampled_from(alone), boxes)


@pytest.mark.generated
@settings(deadline=None, max_examples=200, database=None)
@given(st.data())
def test_a_visitor_who_wanders_about_is_always_somewhere_sound(data):
    way = Journey(PATHWAY, {})
    here = way.next_page
    for _ in range(data.draw(st.integers(1, 30))):
        step = data.draw(st.sampled_from(["answer", "answer", "answer", "back", "old tab"]))
        if step == "back":
            here = way.before(here) or here
            continue
        posted = here if step == "answer" else data.draw(st.sampled_from(PATHWAY.pages))
        questions = way.questions_on(posted) if step == "answer" else posted.questions
        way = way.with_answers({q.key: data.draw(answers_to(q)) for q in questions})
        assert_sound(way)
        here = way.next_page or way.pages[-1]


def assert_sound(way):
    given_answers, asked = way.relevant_answers, set(keys(way.asked))
    assert set(given_answers) <= asked
    assert not ("height_loss" in given_answers and given_answers["fracture"] == "no")
    assert not ("tried" in given_answers and given_answers["pain"] == "0")
    assert all(key[7:] in given_answers["tried"] for key in given_answers if key.startswith("helped_"))
    assert Journey(PATHWAY, given_answers).relevant_answers == given_answers
    assert len(way.pages) <= way.likely_length <= len(PAGES)

    assert [bool(way.stopped), way.is_complete, bool(way.next_page)].count(True) == 1
    if way.stopped:
        assert keys(filter(way.can_visit, PATHWAY.pages)) == ["red_flags"]
    if way.is_complete:
        assert set(given_answers) == asked
        assert [finding.criterion for finding in way.assessment.findings] == list(PATHWAY.criteria)
    if way.next_page:
        assert way.can_visit(way.next_page)
        assert set(keys(way.questions_on(way.next_page))) - set(given_answers)
        here = way.next_page
        while before := way.before(here):
            assert way.can_visit(before)
            here = before
        assert here is page("red_flags")

"""The rule over every combination of answers: against a second reading of it, and against the laws it must keep.

tests/screening/oracle.py is that second reading, in plain Python and apart from the pathway's conditions.
"""

from collections import Counter
from itertools import product
from random import Random

import pytest

from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.journey import Journey
from tests.screening import oracle
from tests.screening.combinations import care, every_care, every_way, every_way_to_tick, how_many, learned
from tests.screening.oracle import BLEEDING, LIKELY, NO_MATCH, OTHER_CARE, REVIEW, VISITS

WORTH_A_VISIT = {outcome.key: outcome for outcome in PATHWAY.outcomes if outcome.offers_visit}

NOTHING_TRIED, NOT_SURE_WHAT = care("none"), care("not_sure")
HELPS, TOO_LITTLE = care(brace="enough"), care(rest="little")
NO_SIGN, KNOWN_SIGN = ("none",), ("long_known",)

# One answer for each way in which a part bears on the outcome.
ONE_OF_EACH = {
    "red_flags": (NO_SIGN, KNOWN_SIGN),
    "pain": ("0", "4", "7", "8", "not_sure"),
    "function": ("with_help", "bed", "not_say"),
    "duration": ("lt2w", "6w_3m", "3m_12m"),
    "cause": ("nothing", "fall", "accident"),
    "osteoporosis": oracle.OPTIONS["osteoporosis"],
    "cancer": oracle.OPTIONS["cancer"],
    "fracture": oracle.OPTIONS["fracture"],
    "height_loss": oracle.OPTIONS["height_loss"],
    "care": (NOTHING_TRIED, NOT_SURE_WHAT, HELPS, TOO_LITTLE),
    "blood_thinner": ("yes", "no"),
    "clotting": ("yes", "no", "not_sure"),
    "safety": (("none",), ("steroids",), ("weight_night",), ("infection",), ("not_sure",)),
}

# The same with more ways to tell of treatments, and with every answer to everything else.
EVERY_ANSWER = {
    **oracle.OPTIONS,
    "red_flags": (NO_SIGN, KNOWN_SIGN),
    "safety": every_way_to_tick("safety"),
    "care": (
        *(NOTHING_TRIED, NOT_SURE_WHAT, HELPS, TOO_LITTLE, care("cannot"), care(brace="no"), care(brace="not_sure")),
        *(care("cannot", rest="no"), care("cannot", rest="enough"), care(brace="not_sure", rest="no")),
        *(care(brace="enough", rest="no"), care(brace="little", rest="enough")),
    ),
    **oracle.VISIT_OPTIONS,
    "imaging": [(box,) for box in oracle.VISIT_OPTIONS["imaging"]],
    "more": [(box,) for box in oracle.VISIT_OPTIONS["more"]] + [("cement", "leg_pain", "canal", "not_sure")],
}
EVERY_ANSWER = {part: answers for part, answers in EVERY_ANSWER.items() if part not in ("tried", *oracle.HELPED)}

CLEAN = {
    "red_flags": NO_SIGN,
    "pain": "7",
    "function": "with_help",
    "duration": "6w_3m",
    "cause": "nothing",
    "osteoporosis": "yes",
    "cancer": "no",
    "fracture": "yes",
    "height_loss": "yes",
    "care": TOO_LITTLE,
    "blood_thinner": "no",
    "clotting": "no",
    "safety": ("none",),
}


def decided(answers):
    """What the pathway's rules decide once no warning sign has ended the check."""
    return next(rule.outcome.key for rule in PATHWAY.rules if rule.when.holds(answers))


@pytest.fixture(scope="module")
def outcome():
    """The same, learned over every combination."""
    rules = [
        (learned(lambda answers, rule=rule: bool(rule.when.holds(answers)), ONE_OF_EACH), rule.outcome.key)
        for rule in PATHWAY.rules
    ]
    return learned(lambda answers: next(key for holds, key in rules if holds(answers)), ONE_OF_EACH)


@pytest.fixture(scope="module")
def days(outcome):
    """In how many days to call, or None where there is no visit to call about."""
    each = {
        key: learned(lambda answers, visit=visit: PATHWAY.priority(visit, answers).business_days, ONE_OF_EACH)
        for key, visit in WORTH_A_VISIT.items()
    }
    return learned(lambda answers: each[found](answers) if (found := outcome(answers)) in each else None, ONE_OF_EACH)


def as_stored(given):
    """These parts as the answers that a journey keeps."""
    answers = {key: value for key, value in given.items() if key != "care"} | dict(given["care"])
    kept = oracle.completed(answers) | {key: given[key] for key in oracle.VISIT_OPTIONS if key in given}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in kept.items()}


def assert_keeps(law, parts=ONE_OF_EACH):
    """A law says of any answers whether it is kept, or None where it says nothing about them."""
    said = set()
    for given, kept in every_way(law, parts):
        assert kept in (True, None), given
        said.add(kept)
    assert True in said, "a law about nobody"


# --------------------------------------------------------------------------------------------- The same as the oracle


def test_the_oracle_knows_every_answer_there_is():
    asked = {question.key: question for question in (*PATHWAY.questions, *PATHWAY.visit_questions)}

    for key, values in {**oracle.OPTIONS, **oracle.VISIT_OPTIONS}.items():
        assert sorted(option.value for option in asked[key].options) == sorted(values), key
    for key, values in oracle.ALONE.items():
        alone = {option.value for option in asked[key].options if option.alone}
        assert alone == set(values), key
    # A question that only raises a flag changes nothing here.
    decided = [rule.when for rule in (*PATHWAY.stops, *PATHWAY.rules)]
    decided += [priority.when for priority in PATHWAY.priorities]
    assert frozenset[str]().union(*(condition.about for condition in decided)) <= set(oracle.OPTIONS)


def test_a_check_with_nothing_to_tell_is_completed_in_the_same_way():
    for answers in ({}, {"pain": "0"}, {"fracture": "yes"}, {"tried": ["brace", "rest"]}):
        assert oracle.completed(answers).items() <= Journey(PATHWAY, answers).completed().relevant_answers.items()


def test_every_set_of_warning_signs_ends_the_check_or_lets_it_go_on():
    ways = every_way_to_tick("red_flags")

    for boxes in ways:
        stop = PATHWAY.stop({"red_flags": list(boxes)})
        assert (stop.outcome.key if stop else None) == oracle.emergency({"red_flags": boxes}), boxes
        assert not stop or not stop.outcome.offers_visit

    assert len(ways) == 2**8 + 1


@pytest.mark.generated
def test_each_finding_over_every_answer():
    assert [criterion.key for criterion in PATHWAY.criteria] == list(oracle.CRITERIA)

    for criterion in PATHWAY.criteria:
        judge = oracle.CRITERIA[criterion.key]
        assert_keeps(lambda a, criterion=criterion, judge=judge: criterion.verdict(a) == judge(a), EVERY_ANSWER)
        both = criterion.met_when & criterion.not_met_when
        assert_keeps(lambda a, both=both: not both.holds(a), EVERY_ANSWER)


@pytest.mark.generated
def test_what_care_means_over_every_way_to_tell_of_it():
    [criterion] = [criterion for criterion in PATHWAY.criteria if criterion.key == "conservative"]
    [conflict] = [flag for flag in PATHWAY.flags if flag.key == "answers_conflict_relief_vs_pain"]
    every_way_to_tell = list(every_care())
    both_sides = [("4", "with_help"), ("5", "with_help"), ("not_sure", "with_help"), ("4", "bed"), ("4", "not_say")]

    for (pain, function), told in product(both_sides, every_way_to_tell):
        answers = {"pain": pain, "function": function, **dict(told)}
        assert criterion.verdict(answers) == oracle.other_care(answers), answers
        assert bool(conflict.when.holds(answers)) is oracle.FLAGS[conflict.key](answers), answers

    assert len(every_way_to_tell) == 2 * 5**5 + 1


@pytest.mark.generated
def test_every_combination_has_the_outcome_of_the_oracle(outcome):
    combinations = 0
    for given, found in every_way(lambda a: (outcome(a), oracle.outcome_without_emergency(a)), ONE_OF_EACH):
        assert found[0] == found[1], given
        combinations += how_many(ONE_OF_EACH, given)

    # With and without pain, and with and without a fracture that a scan ruled out.
    assert combinations == (4 * 3 * 3 * 3 * 4 + 1) * (3 * 4 + 1) * (3 * 4 * 2 * 3 * 5 * 2)


@pytest.mark.generated
def test_every_combination_has_the_priority_of_the_oracle():
    for key, visit in WORTH_A_VISIT.items():
        assert_keeps(
            lambda a, key=key, visit=visit: PATHWAY.priority(visit, a).key == oracle.priority_of(key, a), EVERY_ANSWER
        )

    assert [(priority.key, priority.business_days) for priority in PATHWAY.priorities] == [
        ("P1", 1),
        ("P2", 3),
        ("P3", 7),
    ]


@pytest.mark.generated
def test_every_combination_has_the_flags_of_the_oracle():
    assert sorted(flag.key for flag in PATHWAY.flags) == sorted(oracle.FLAGS)

    for flag in PATHWAY.flags:
        is_raised = oracle.FLAGS[flag.key]
        assert_keeps(lambda a, flag=flag, is_raised=is_raised: bool(flag.when.holds(a)) is is_raised(a), EVERY_ANSWER)


def around_clean_answers(count):
    """Clean answers, about a third of them replaced by any other."""
    random = Random(20)  # noqa: S311
    for _ in range(count):
        other = {part: random.choice(answers) for part, answers in EVERY_ANSWER.items()}
        yield {**CLEAN, **{part: answer for part, answer in other.items() if random.random() < 0.35}}


@pytest.mark.generated
def test_every_value_of_one_question_at_a_time_means_what_the_oracle_says():
    outcomes = Counter()
    for base in around_clean_answers(40):
        for part, values in EVERY_ANSWER.items():
            for value in values:
                answers = as_stored({**base, part: value})
                found = decided(answers)
                assert found == oracle.outcome(answers), answers
                assert {flag.key for flag in PATHWAY.flags_raised(answers)} == oracle.flags(answers), answers
                if found in VISITS:
                    assert PATHWAY.priority(PATHWAY.outcome(found), answers).key == oracle.priority(answers), answers
                outcomes[found] += 1

    assert set(outcomes) == {BLEEDING, NO_MATCH, OTHER_CARE, REVIEW, LIKELY}


@pytest.mark.generated
def test_a_journey_that_changed_its_mind_is_judged_by_the_answers_that_count():
    random = Random(2)  # noqa: S311
    for base in around_clean_answers(100):
        left_over = {**dict(care(**dict.fromkeys(oracle.TREATMENTS, "enough"))), "height_loss": "no"}
        answers = {**left_over, **as_stored(base), "red_flags": list(random.choice(every_way_to_tick("red_flags")))}
        if random.random() < 0.7:
            answers["red_flags"] = ["none"]
        journey, kept = Journey(PATHWAY, answers), oracle.completed(answers)

        assert journey.relevant_answers == kept
        assert journey.assessment.outcome.key == oracle.outcome(kept), answers


# ---------------------------------------------------------------------------------------------------- The truth table

# The letters stand for met, not met and unknown; of a fracture, Q is unknown where nothing points to one.
TRUTH_TABLE = {
    # row: CLOT, BONE, FX, HL, CT, outcome if surely not severe, outcome if severe or perhaps, combinations
    "T1": ("N", "YUN", "YUNQ", "YUN", "YUN", BLEEDING, BLEEDING, 66),
    "T2": ("YU", "N", "YUN", "YUN", "YUN", NO_MATCH, NO_MATCH, 42),
    "T3": ("YU", "YU", "N", "N", "YUN", NO_MATCH, NO_MATCH, 12),
    "T4": ("YU", "YU", "YU", "N", "YUN", NO_MATCH, REVIEW, 24),
    "T5": ("YU", "YU", "Y", "YU", "N", OTHER_CARE, REVIEW, 8),
    "T6": ("YU", "U", "Q", "U", "N", OTHER_CARE, REVIEW, 2),
    "T7": ("YU", "YU", "U", "YU", "YUN", REVIEW, REVIEW, 24),
    "T8": ("Y", "Y", "Y", "Y", "Y", LIKELY, LIKELY, 1),
}
EVERYTHING_ELSE = ("T9", REVIEW, REVIEW, 19)
ANSWERS_FOR = (
    {"Y": {"clotting": "no"}, "U": {"clotting": "not_sure"}, "N": {"clotting": "yes", "blood_thinner": "no"}},
    {
        "Y": {"osteoporosis": "yes"},
        "U": {"osteoporosis": "not_sure"},
        "N": {"osteoporosis": "no", "cause": "accident"},
    },
    {
        "Y": {"fracture": "yes"},
        "U": {"fracture": "suspect"},
        "N": {"fracture": "no"},
        "Q": {"fracture": "not_sure"},
    },
    {"Y": {"height_loss": "yes"}, "U": {"height_loss": "not_sure"}, "N": {"height_loss": "no"}},
    {"Y": {"care": TOO_LITTLE}, "U": {"care": NOT_SURE_WHAT}, "N": {"care": NOTHING_TRIED}},
)
SEVERE_OR_PERHAPS = ({"pain": "8"}, {"function": "bed"}, {"function": "not_say"})


def every_row():
    """Each combination of verdicts that answers can come to, with such answers and with its row of the table."""
    for letters in product("YUN", "YUN", "YUNQ", "YUN", "YUN"):
        _, bones, fracture, height, _ = letters
        if (fracture == "N" and height != "N") or (fracture == "Q" and (bones, height) != ("U", "U")):
            continue  # Without a fracture no bone has lost height; weak bones or lost height point to a fracture.
        parts = dict(CLEAN)
        for answers_for, letter in zip(ANSWERS_FOR, letters, strict=True):
            parts |= answers_for[letter]
        rows = [
            (row, *cells[5:]) for row, cells in TRUTH_TABLE.items() if all(map(lambda x, y: x in y, letters, cells))
        ]
        [row] = rows or [EVERYTHING_ELSE]
        yield letters, parts, row


def result_of(parts):
    return Journey(PATHWAY, as_stored(parts)).completed().assessment


def test_the_truth_table_row_by_row():
    counted = Counter()
    words = {"Y": "met", "U": "unknown", "Q": "unknown", "N": "not_met"}
    for letters, parts, (row, if_not_severe, if_severe, _) in every_row():
        result = result_of(parts)
        verdicts = {finding.criterion.key: finding.verdict for finding in result.findings}

        assert [verdicts[key] for key in ("clotting", "bone", "fracture", "height", "conservative")] == [
            words[letter] for letter in letters
        ]
        assert result.outcome.key == if_not_severe, (row, letters)
        for severe in SEVERE_OR_PERHAPS:
            assert result_of({**parts, **severe}).outcome.key == if_severe, (row, letters, severe)
        counted[row] += 1

    assert counted == {**{row: cells[7] for row, cells in TRUTH_TABLE.items()}, "T9": 19}
    assert counted.total() == 198


@pytest.mark.parametrize(
    "illness",
    [{"cancer": "other"}, {"cancer": "not_sure"}, {"safety": ("weight_night",)}, {"safety": ("not_sure",)}],
    ids=str,
)
def test_a_possible_illness_leaves_only_the_first_row_as_it_is(illness):
    for letters, parts, _ in every_row():
        for severity in ({}, *SEVERE_OR_PERHAPS):
            found = decided(as_stored({**parts, **severity, **illness}))
            assert found == (BLEEDING if letters[0] == "N" else REVIEW), (letters, severity)


def test_myeloma_leaves_the_first_row_and_five_met_as_they_are():
    for letters, parts, _ in every_row():
        clots, _, *others = letters
        for severity in ({}, *SEVERE_OR_PERHAPS):
            found = decided(as_stored({**parts, **severity, "cancer": "myeloma"}))
            all_met = [clots, *others] == ["Y"] * 4
            assert found == (BLEEDING if clots == "N" else LIKELY if all_met else REVIEW), (letters, severity)


@pytest.mark.parametrize(
    ("doubt", "expected"),
    [
        *(({"safety": (box,)}, REVIEW) for box in ("infection", "pregnant", "allergy", "weight_night", "not_sure")),
        ({"safety": ("steroids",)}, LIKELY),
        ({"safety": ("allergy", "steroids")}, REVIEW),
        ({"red_flags": KNOWN_SIGN}, REVIEW),
        *(({"cancer": value}, REVIEW) for value in ("other", "not_sure")),
        ({"cancer": "myeloma"}, LIKELY),
        *(({"pain": value}, REVIEW) for value in ("1", "4", "not_sure")),
        *(({"pain": value}, LIKELY) for value in ("5", "7", "8", "10")),
        *(({"duration": value}, REVIEW) for value in ("3m_12m", "gt12m", "not_sure")),
        *(({"duration": value}, LIKELY) for value in ("2w_6w", "6w_3m")),
        ({"duration": "lt2w", "pain": "7"}, REVIEW),
        ({"duration": "lt2w", "pain": "7", "function": "not_say"}, REVIEW),
        ({"duration": "lt2w", "pain": "8"}, LIKELY),
        ({"duration": "lt2w", "pain": "5", "function": "bed"}, LIKELY),
    ],
    ids=str,
)
def test_any_doubt_sends_five_met_to_a_person(doubt, expected):
    assert result_of({**CLEAN, **doubt}).outcome.key == expected


# ----------------------------------------------------------------------------------------------------------- The laws


@pytest.mark.generated
def test_there_is_one_outcome_for_each_combination(outcome):
    found = Counter()
    for given, key in every_way(outcome, ONE_OF_EACH):
        found[key] += how_many(ONE_OF_EACH, given)

    assert set(found) == {BLEEDING, NO_MATCH, OTHER_CARE, REVIEW, LIKELY}
    assert found.total() == how_many(ONE_OF_EACH, {})


@pytest.mark.generated
def test_a_diagnosed_bleeding_disorder_without_conflict_never_reaches_the_queue(outcome):
    def law(a):
        if a.get("clotting") == "yes" and a.get("blood_thinner") == "no":
            return outcome(a) == BLEEDING
        return None

    assert_keeps(law)


@pytest.mark.generated
def test_nothing_but_a_diagnosed_bleeding_disorder_without_conflict_is_called_one(outcome):
    def law(a):
        if outcome(a) == BLEEDING:
            return a.get("clotting") == "yes" and a.get("blood_thinner") == "no"
        return None

    assert_keeps(law)


@pytest.mark.generated
def test_only_clean_answers_make_a_likely_candidate(outcome):
    def law(a):
        if outcome(a) != LIKELY:
            return None
        severe = a.get("pain") == "8" or a.get("function") == "bed"
        return (
            a.get("clotting") == "no"
            and (a.get("osteoporosis") == "yes" or a.get("cancer") == "myeloma")
            and a.get("cancer") in ("no", "myeloma")
            and a.get("fracture") == a.get("height_loss") == "yes"
            and a.part("care") == TOO_LITTLE
            and a.get("pain") in ("7", "8")
            and (a.get("duration") == "6w_3m" or (a.get("duration") == "lt2w" and severe))
            and a.get("safety") in (("none",), ("steroids",))
            and a.get("red_flags") == NO_SIGN
        )

    assert_keeps(law)


@pytest.mark.generated
def test_back_pain_after_cancer_is_turned_away_only_by_a_bleeding_disorder(outcome):
    def law(a):
        if a.get("pain") != "0" and a.get("cancer") in ("myeloma", "other", "not_sure"):
            return outcome(a) in (*VISITS, BLEEDING)
        return None

    assert_keeps(law)


@pytest.mark.generated
def test_back_pain_with_weight_loss_or_night_pain_is_turned_away_only_by_a_bleeding_disorder(outcome):
    def law(a):
        if a.get("pain") != "0" and a.get("safety") in (("weight_night",), ("not_sure",)):
            return outcome(a) in (*VISITS, BLEEDING)
        return None

    assert_keeps(law)


@pytest.mark.generated
def test_severe_pain_with_a_fracture_not_ruled_out_is_turned_away_only_by_bleeding_or_healthy_bones(outcome):
    def law(a):
        if a.get("pain") == "0" or a.get("fracture") == "no":
            return None
        if a.get("pain") != "8" and a.get("function") != "bed":
            return None
        found = outcome(a)
        if found == NO_MATCH:
            return a.get("osteoporosis") == a.get("cancer") == "no" and a.get("cause") == "accident"
        return found in (*VISITS, BLEEDING)

    assert_keeps(law)


UNSURE = {
    "pain": "not_sure",
    "function": "not_say",
    "osteoporosis": "not_sure",
    "cancer": "not_sure",
    "fracture": "not_sure",
    "height_loss": "not_sure",
    "care": NOT_SURE_WHAT,
    "clotting": "not_sure",
    "safety": ("not_sure",),
}
# The representatives of these have no "not sure" of their own, since it counts as the answer named here.
UNSURE |= {"cause": "nothing", "duration": "3m_12m", "blood_thinner": "yes"}


@pytest.mark.generated
@pytest.mark.parametrize("part", UNSURE)
def test_not_being_sure_of_one_answer_never_turns_a_visit_into_a_door_shut(outcome, part):
    def law(a):
        if outcome(a) not in VISITS:
            return None
        less_sure = a.but(**{part: UNSURE[part]})
        found = outcome(less_sure)
        if found == OTHER_CARE:
            # The first steps, which say how to find out and when to come back.
            return oracle.nothing_points_to_a_fracture(less_sure)
        return found in VISITS

    assert_keeps(law)


@pytest.mark.generated
def test_not_being_sure_of_any_one_answer_never_shuts_a_door_around_clean_answers():
    swapped = 0
    for base in around_clean_answers(250):
        if decided(as_stored(base)) in VISITS:
            for less_sure in less_sure_than(base):
                answers = as_stored(less_sure)
                found = decided(answers)
                allowed = {*VISITS, OTHER_CARE} if oracle.nothing_points_to_a_fracture(answers) else VISITS
                assert found in allowed, (base, less_sure)
                swapped += 1

    assert swapped > 1_000


def less_sure_than(base):
    """The same answers with one less that is known."""
    for part, unsure in {**UNSURE, "cause": "not_sure", "duration": "not_sure", "blood_thinner": "not_sure"}.items():
        yield {**base, part: unsure}
    for number, (question, _) in enumerate(base["care"]):
        if question != "tried":
            results = list(base["care"])
            results[number] = (question, "not_sure")
            yield {**base, "care": tuple(results)}
    if base["safety"] != ("none",):
        yield {**base, "safety": (*base["safety"], "not_sure")}


@pytest.mark.generated
@pytest.mark.parametrize(("less", "more"), [("4", "7"), ("7", "8")])
def test_more_pain_never_shuts_a_door_or_puts_off_the_call(outcome, days, less, more):
    def law(a):
        a, worse = a.but(pain=less), a.but(pain=more)
        if outcome(a) not in VISITS:
            return None
        return outcome(worse) in VISITS and days(worse) <= days(a)

    assert_keeps(law)


@pytest.mark.generated
def test_point_by_point_more_pain_never_shuts_a_door_or_puts_off_the_call():
    for base in around_clean_answers(150):
        calls = []
        for pain in range(1, 11):
            answers = as_stored({**base, "pain": str(pain)})
            visit = WORTH_A_VISIT.get(decided(answers))
            calls.append(PATHWAY.priority(visit, answers).business_days if visit else 1_000)
        assert calls == sorted(calls, reverse=True), base


@pytest.mark.generated
def test_more_pain_never_turns_other_care_first_into_no_match(outcome):
    def law(a):
        a, worse = a.but(pain="4"), a.but(pain="8")
        return outcome(worse) in (OTHER_CARE, *VISITS) if outcome(a) == OTHER_CARE else None

    assert_keeps(law)


def test_a_further_warning_sign_never_lowers_the_urgency():
    def urgency(boxes):
        stop = PATHWAY.stop({"red_flags": list(boxes)})
        return ["emergency_today", "emergency_911"].index(stop.outcome.key) + 1 if stop else 0

    grown = 0
    for boxes in every_way_to_tick("red_flags"):
        ticked = set(boxes) - {"none", "long_known"}
        for further in set(oracle.OPTIONS["red_flags"]) - {"none", "long_known"} - ticked:
            together = [box for box in oracle.OPTIONS["red_flags"] if box in {*ticked, further}]
            assert urgency(together) >= max(urgency(boxes), 1), (boxes, further)
            grown += 1

    assert grown > 1_000


@pytest.mark.generated
def test_a_warning_sign_known_for_long_never_shuts_a_door_or_puts_off_the_call(outcome, days):
    def law(a):
        a, with_sign = a.but(red_flags=NO_SIGN), a.but(red_flags=KNOWN_SIGN)
        if outcome(a) not in VISITS:
            return None
        return outcome(with_sign) in VISITS and days(with_sign) <= days(a)

    assert_keeps(law)


@pytest.mark.generated
@pytest.mark.parametrize("box", ["steroids", "weight_night", "infection", "not_sure"])
def test_a_concern_about_safety_never_shuts_a_door_or_puts_off_the_call(outcome, days, box):
    def law(a):
        a, with_concern = a.but(safety=("none",)), a.but(safety=(box,))
        if outcome(a) not in VISITS:
            return None
        return outcome(with_concern) in VISITS and days(with_concern) <= days(a)

    assert_keeps(law)


@pytest.mark.generated
def test_unknown_pain_never_reads_good_news(outcome):
    def is_good_news(a):
        meaning = PATHWAY.outcome(outcome(a)).meaning
        if not any(note.text.startswith("Good news") for note in meaning):
            return False
        return next(note.text for note in meaning if note.when.holds(a)).startswith("Good news")

    def law(a):
        return a.get("pain") == "4" and a.get("function") != "bed" if is_good_news(a) else None

    assert_keeps(law)


@pytest.mark.generated
def test_unknown_pain_never_ends_in_other_care_first(outcome):
    assert_keeps(lambda a: outcome(a) != OTHER_CARE if a.get("pain") == "not_sure" else None)


@pytest.mark.generated
def test_no_pain_never_reaches_the_queue(outcome):
    assert_keeps(lambda a: outcome(a) not in VISITS if a.get("pain") == "0" else None)


def test_no_rule_and_no_priority_reads_what_is_asked_with_a_visit():
    deciding = [rule.when for rule in (*PATHWAY.stops, *PATHWAY.rules)]
    deciding += [priority.when for priority in PATHWAY.priorities]

    assert not frozenset().union(*(condition.about for condition in deciding)) & set(oracle.VISIT_OPTIONS)


@pytest.mark.generated
def test_what_is_asked_with_a_visit_decides_nothing():
    for base in around_clean_answers(40):
        bare = {part: answer for part, answer in base.items() if part not in oracle.VISIT_OPTIONS}
        found = decided(as_stored(bare))
        for question in oracle.VISIT_OPTIONS:
            for value in EVERY_ANSWER[question]:
                answers = as_stored({**bare, question: value})
                assert decided(answers) == found
                for visit in WORTH_A_VISIT.values():
                    assert PATHWAY.priority(visit, answers) is PATHWAY.priority(visit, as_stored(bare))

"""The rule: as a table of sentences, and over every combination of answers against tables written by hand.

The oracles below restate the published tables in plain Python, without the conditions the pathway is written in.
"""

import json
from collections import Counter
from itertools import combinations, product
from pathlib import Path

import pytest

from screening.pathways.vertebral_cement import CARE, CRITERIA, PATHWAY, RED_FLAGS, SAFETY, TREATMENTS, TRIED
from screening.questionnaire.journey import Journey

EXAMPLES = json.loads(Path(__file__).with_name("pathway-examples.json").read_text(encoding="utf-8"))

LIKELY, REVIEW, OTHER_CARE = "likely_candidate", "specialist_review", "conservative_first"
NO_MATCH, BLEEDING = "not_matching", "not_candidate_bleeding"


def care(**helped):
    """These treatments were tried, with this success."""
    results = {f"helped_{treatment}": result for treatment, result in helped.items()}
    return {"tried": [t.value for t in TREATMENTS if t.value in helped], **results}


NOTHING_TRIED, CANNOT_USE, NOT_SURE_WHAT = ({"tried": [value]} for value in ("none", "cannot", "not_sure"))
HELPS, TOO_LITTLE = care(brace="enough"), care(brace="little")
SUSPECTED = {"fracture": "suspect", "height_loss": "not_sure"}
NEITHER_BONE_CONDITION = {"osteoporosis": "no", "cancer": "no"}

FACTS = {
    "pain": "7",
    "osteoporosis": "yes",
    "fracture": "yes",
    "height_loss": "yes",
    **care(brace="little", pain_medicine="no", rest="little"),
}
TEXTBOOK = dict(Journey(PATHWAY, FACTS).completed().relevant_answers)


def assessed(**changes):
    return Journey(PATHWAY, {**TEXTBOOK, **changes}).assessment


# ---------------------------------------------------------------------------------------------- The rule in sentences

SENTENCES = [
    ("osteoporosis, a collapsed fracture and care that failed", {}, LIKELY),
    ("myeloma instead of osteoporosis", {"osteoporosis": "no", "cancer": "myeloma"}, LIKELY),
    ("osteoporosis, and another cancer as well", {"cancer": "other"}, LIKELY),
    ("osteoporosis never tested", {"osteoporosis": "not_sure"}, REVIEW),
    (
        "osteoporosis never tested, and not sure about cancer",
        {"osteoporosis": "not_sure", "cancer": "not_sure"},
        REVIEW,
    ),
    ("no osteoporosis, and not sure about cancer", {"osteoporosis": "no", "cancer": "not_sure"}, REVIEW),
    ("another cancer without osteoporosis", {"osteoporosis": "no", "cancer": "other"}, REVIEW),
    ("neither osteoporosis nor myeloma", NEITHER_BONE_CONDITION, NO_MATCH),
    ("no fracture", {"fracture": "no"}, NO_MATCH),
    ("no fracture, and nothing known of the bones", {"fracture": "no", "osteoporosis": "not_sure"}, NO_MATCH),
    ("a fracture nobody is sure of", {"fracture": "not_sure"}, REVIEW),
    ("height loss without a scan", {"height_loss": "not_sure"}, REVIEW),
    ("height loss without a scan, but shorter than before", {"height_loss": "not_sure_shorter"}, REVIEW),
    ("a report that the bone has not lost height", {"height_loss": "no"}, NO_MATCH),
    ("a suspected fracture, but a report of no lost height", {**SUSPECTED, "height_loss": "no"}, NO_MATCH),
    ("one treatment is enough", care(rest="no"), LIKELY),
    ("a little help counts as no success", care(rest="little"), LIKELY),
    ("one failed, one not known yet", care(brace="not_sure", rest="no"), LIKELY),
    ("all not known yet", care(brace="not_sure", rest="not_sure"), REVIEW),
    ("one failed, but another helps enough, pain 4", {**care(brace="no", rest="enough"), "pain": "4"}, OTHER_CARE),
    ("one failed, but another helps enough, pain 5", {**care(brace="no", rest="enough"), "pain": "5"}, REVIEW),
    ("care helps enough, pain 1", {**HELPS, "pain": "1"}, OTHER_CARE),
    ("care helps enough, pain 4", {**HELPS, "pain": "4"}, OTHER_CARE),
    ("care helps enough, yet pain 5", {**HELPS, "pain": "5"}, REVIEW),
    ("care helps enough, yet pain 10", {**HELPS, "pain": "10"}, REVIEW),
    ("care helps enough, pain not sure", {**HELPS, "pain": "not_sure"}, OTHER_CARE),
    ("care failed, pain 1", {"pain": "1"}, LIKELY),
    ("care failed, pain not sure", {"pain": "not_sure"}, LIKELY),
    ("pain 0, whatever was tried", {"pain": "0"}, OTHER_CARE),
    ("nothing tried, pain 7", NOTHING_TRIED, OTHER_CARE),
    ("nothing tried, even with pain 9", {**NOTHING_TRIED, "pain": "9"}, OTHER_CARE),
    ("nothing tried, and nothing known of the bones", {**NOTHING_TRIED, "osteoporosis": "not_sure"}, OTHER_CARE),
    ("the usual treatments cannot be used", CANNOT_USE, REVIEW),
    ("not sure what was tried", NOT_SURE_WHAT, REVIEW),
    ("the invitation: suspected fracture, nothing tried", {**SUSPECTED, **NOTHING_TRIED}, REVIEW),
    ("the invitation, pain 1", {**SUSPECTED, **NOTHING_TRIED, "pain": "1"}, REVIEW),
    ("the invitation, pain not sure", {**SUSPECTED, **NOTHING_TRIED, "pain": "not_sure"}, REVIEW),
    ("the invitation ends where there is no pain", {**SUSPECTED, "pain": "0"}, OTHER_CARE),
    ("the invitation, and care is helping", {**SUSPECTED, **HELPS, "pain": "2"}, REVIEW),
    (
        "the invitation needs a known bone condition",
        {**SUSPECTED, **NOTHING_TRIED, "osteoporosis": "not_sure"},
        OTHER_CARE,
    ),
    ("a suspected fracture and care that failed", SUSPECTED, REVIEW),
    ("not sure of a clotting disorder, or low platelets", {"clotting": "not_sure"}, REVIEW),
    ("blood that clots too much", {"clotting": "too_much"}, REVIEW),
    ("hemophilia", {"clotting": "yes"}, BLEEDING),
    ("hemophilia beats a definite no", {"clotting": "yes", "fracture": "no"}, BLEEDING),
    ("hemophilia beats nothing tried", {"clotting": "yes", **NOTHING_TRIED}, BLEEDING),
    ("a definite no beats nothing tried", {**NEITHER_BONE_CONDITION, **NOTHING_TRIED}, NO_MATCH),
    ("a definite no beats not sure", {**NEITHER_BONE_CONDITION, "clotting": "not_sure"}, NO_MATCH),
    ("nothing tried beats not sure", {**NOTHING_TRIED, "clotting": "not_sure"}, OTHER_CARE),
    ("a blood thinner rules nobody out", {"blood_thinner": "yes"}, LIKELY),
    ("perhaps a blood thinner", {"blood_thinner": "not_sure"}, LIKELY),
    ("an infection", {"safety": ["infection"]}, REVIEW),
    ("perhaps pregnant", {"safety": ["pregnant"]}, REVIEW),
    ("an allergy to cement or dye", {"safety": ["allergy"]}, REVIEW),
    ("not sure of infection, pregnancy, allergy", {"safety": ["not_sure"]}, REVIEW),
    ("an infection does not open a closed door", {"safety": ["infection"], "fracture": "no"}, NO_MATCH),
    ("a car crash, and hemophilia too", {"red_flags": ["trauma"], "clotting": "yes"}, "emergency_911"),
    ("fever", {"red_flags": ["fever"]}, "emergency_today"),
    ("not sure of the warning signs", {"red_flags": ["not_sure"]}, "emergency_today"),
    ("fever and chest pain", {"red_flags": ["chest", "fever"]}, "emergency_911"),
]


@pytest.mark.parametrize(("changes", "outcome"), [pytest.param(*row, id=sentence) for sentence, *row in SENTENCES])
def test_the_rule_in_sentences(changes, outcome):
    assert assessed(**changes).outcome.key == outcome


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["title"] for example in EXAMPLES])
def test_the_worked_examples(example):
    journey, answers, expected = (
        Journey(PATHWAY, example["answers"]).completed(),
        example["answers"],
        example["expect"],
    )

    outcome = journey.assessment.outcome

    assert outcome.key == expected["outcome"]
    assert outcome.offers_visit is expected["queue"]
    assert [flag.key for flag in PATHWAY.flags_raised(journey.relevant_answers)] == expected["flags"]
    if expected["queue"]:
        assert PATHWAY.priority(outcome, answers).key == expected["priority"]


# Met, not met and unknown as the published truth table has them; CLOT is the disorder, so its "yes" is our "not met".
TRUTH_TABLE = {
    # row: CLOT, BONE, FX, HL, CT, outcome, combinations
    "T1": ("Y", "YUN", "YUN", "YUN", "YUN", BLEEDING, 63),
    "T2": ("UN", "N", "YUN", "YUN", "YUN", NO_MATCH, 42),
    "T3": ("UN", "YU", "N", "YUN", "YUN", NO_MATCH, 12),
    "T4": ("UN", "YU", "YU", "N", "YUN", NO_MATCH, 24),
    "T5": ("UN", "YU", "Y", "YU", "N", OTHER_CARE, 8),
    "T6": ("UN", "U", "U", "YU", "N", OTHER_CARE, 4),
    "T7": ("UN", "Y", "U", "YU", "N", REVIEW, 4),
    "T8": ("N", "Y", "Y", "Y", "Y", LIKELY, 1),
    "T9": ("U", "Y", "Y", "Y", "Y", REVIEW, 1),
    "T10": ("UN", "U", "YU", "YU", "YU", REVIEW, 16),
    "T11": ("UN", "Y", "U", "YU", "YU", REVIEW, 8),
    "T12": ("UN", "Y", "Y", "U", "YU", REVIEW, 4),
    "T13": ("UN", "Y", "Y", "Y", "U", REVIEW, 2),
}
ANSWERS_FOR = (
    {"Y": {"clotting": "yes"}, "U": {"clotting": "not_sure"}, "N": {"clotting": "no"}},
    {"Y": {"osteoporosis": "yes"}, "U": {"osteoporosis": "not_sure"}, "N": {"osteoporosis": "no"}},
    {"Y": {"fracture": "yes"}, "U": {"fracture": "suspect"}, "N": {"fracture": "no"}},
    {"Y": {"height_loss": "yes"}, "U": {"height_loss": "not_sure"}, "N": {"height_loss": "no"}},
    {"Y": TOO_LITTLE, "U": CANNOT_USE, "N": NOTHING_TRIED},
)


def test_the_published_truth_table_row_by_row():
    counted = Counter()
    for letters in product("YUN", repeat=5):
        if letters[2] == "N" and letters[3] != "N":
            continue  # Without a fracture no bone has lost height.
        changes = {}
        for answers_for, letter in zip(ANSWERS_FOR, letters, strict=True):
            changes |= answers_for[letter]
        [row] = [row for row, (*cells, _, _) in TRUTH_TABLE.items() if all(map(lambda a, b: a in b, letters, cells))]
        assert assessed(**changes).outcome.key == TRUTH_TABLE[row][5], (row, letters)
        counted[row] += 1

    assert counted == {row: cells[6] for row, cells in TRUTH_TABLE.items()}
    assert counted.total() == 189


# --------------------------------------------------------------------------------------- Every combination of answers

PAINS = [*map(str, range(11)), "not_sure"]
PAIN_OF_5_OR_MORE = PAINS[5:11]
CLOTTING = ("yes", "no", "too_much", "not_sure")
CANCER = ("myeloma", "other", "no", "not_sure")
FRACTURES = [{"fracture": "no"}] + [
    {"fracture": fracture, "height_loss": height}
    for fracture in ("yes", "suspect", "not_sure")
    for height in ("yes", "no", "not_sure_shorter", "not_sure")
]
EVERY_CARE = [NOTHING_TRIED, CANNOT_USE, NOT_SURE_WHAT] + [
    care(**dict(zip(tried, results, strict=True)))
    for count in range(1, 6)
    for tried in combinations([treatment.value for treatment in TREATMENTS], count)
    for results in product(("enough", "little", "no", "not_sure"), repeat=count)
]


def every_way_to_tick(question):
    together = [option.value for option in question.options if not option.alone]
    some = [list(boxes) for count in range(1, len(together) + 1) for boxes in combinations(together, count)]
    return [["none"], *some]


def care_by_the_table(a):
    results = {value for key, value in a.items() if key.startswith("helped_")}
    if a["pain"] == "0" or a["tried"] == ["none"]:
        return "N"
    if "enough" in results:
        return "U" if a["pain"] in PAIN_OF_5_OR_MORE else "N"
    return "Y" if results & {"little", "no"} else "U"


def outcome_by_the_table(a):
    bone = "Y" if a["osteoporosis"] == "yes" or a["cancer"] == "myeloma" else "U"
    bone = "N" if a["osteoporosis"] == a["cancer"] == "no" else bone
    fracture = {"yes": "Y", "no": "N"}.get(a["fracture"], "U")
    height = "N" if fracture == "N" else {"yes": "Y", "no": "N"}.get(a["height_loss"], "U")
    other_care = care_by_the_table(a)
    if a["clotting"] == "yes":
        return BLEEDING
    if "N" in (bone, fracture, height):
        return NO_MATCH
    if other_care == "N" and not (fracture == "U" and bone == "Y" and a["pain"] != "0"):
        return OTHER_CARE
    if "U" in (bone, fracture, height, other_care) or a["clotting"] != "no" or a["safety"] != ["none"]:
        return REVIEW
    return LIKELY


@pytest.mark.generated
def test_what_care_means_over_every_combination():
    combos = [{"pain": pain, **tried} for pain, tried in product(PAINS, EVERY_CARE)]
    [conflict] = [flag for flag in PATHWAY.flags if flag.key == "answers_conflict_relief_vs_pain"]

    for a in combos:
        assert CARE.verdict(a) == {"Y": "met", "N": "not_met", "U": "unknown"}[care_by_the_table(a)], a
        assert not (CARE.met_when.holds(a) and CARE.not_met_when.holds(a)), a
        assert bool(conflict.when.holds(a)) is (a["pain"] in PAIN_OF_5_OR_MORE and "enough" in a.values()), a

    assert len(combos) == 3_127 * 12


# One set of answers for each way in which a part can bear on the outcome, both sides of each boundary included.
CARES = [NOTHING_TRIED, CANNOT_USE, NOT_SURE_WHAT, HELPS, TOO_LITTLE, care(brace="no"), care(brace="not_sure")]
CARES += [care(brace="enough", rest="no"), care(brace="not_sure", rest="no")]
PARTS = (
    [{"osteoporosis": value} for value in ("yes", "no", "not_sure")],
    [{"cancer": value} for value in CANCER],
    FRACTURES,
    [{"pain": "0"}] + [{"pain": pain, **tried} for pain in ("1", "4", "5", "8", "10", "not_sure") for tried in CARES],
    [{"clotting": value} for value in CLOTTING],
    [{"safety": boxes} for boxes in (["none"], ["infection"], ["pregnant"], ["allergy"], ["not_sure"])],
)


def answers_of(state):
    """A state names one of the alternatives of each part by its number."""
    return {key: value for part, number in zip(PARTS, state, strict=True) for key, value in part[number].items()}


@pytest.fixture(scope="module")
def outcomes():
    """What the pathway's rules decide in every state."""
    decided = {}
    for state in product(*(range(len(part)) for part in PARTS)):
        answers = answers_of(state)
        decided[state] = next(rule.outcome.key for rule in PATHWAY.rules if rule.when.holds(answers))
    return decided


@pytest.mark.generated
def test_every_combination_of_answers_has_the_outcome_of_the_table(outcomes):
    differing = [state for state, outcome in outcomes.items() if outcome != outcome_by_the_table(answers_of(state))]

    assert [answers_of(state) for state in differing[:3]] == []
    assert len(outcomes) == 3 * 4 * 13 * 55 * 4 * 5


@pytest.mark.generated
def test_only_five_met_criteria_and_no_concern_make_a_likely_candidate(outcomes):
    likely = [answers_of(state) for state, outcome in outcomes.items() if outcome == LIKELY]

    assert likely
    for answers in likely:
        assert [criterion.verdict(answers) for criterion in CRITERIA] == ["met"] * 5, answers
        assert answers["safety"] == ["none"]


@pytest.mark.generated
def test_a_bleeding_disorder_never_reaches_the_queue(outcomes):
    assert {outcome for state, outcome in outcomes.items() if answers_of(state)["clotting"] == "yes"} == {BLEEDING}


def less_sure(part, alternatives):
    """The numbers of the alternatives in which one definite answer gave way to one that is unsure."""
    for question in PATHWAY.questions:
        for option in question.options if question.key in part else ():
            swapped = {**part, question.key: [option.value] if question.takes_several else option.value}
            if question is TRIED:
                swapped = {"pain": swapped["pain"], "tried": swapped["tried"]}
            if option.unsure and swapped in alternatives:
                yield alternatives.index(swapped)


@pytest.mark.generated
def test_being_unsure_never_turns_somebody_away_from_the_queue(outcomes):
    swaps = [[list(less_sure(alternative, part)) for alternative in part] for part in PARTS]
    tried = 0

    for state, outcome in outcomes.items():
        if outcome in (LIKELY, REVIEW):
            for part, number in enumerate(state):
                for other in swaps[part][number]:
                    swapped = (*state[:part], other, *state[part + 1 :])
                    assert outcomes[swapped] not in (NO_MATCH, BLEEDING), (answers_of(state), answers_of(swapped))
                    tried += 1

    assert tried > 100_000


@pytest.mark.generated
def test_no_criterion_is_both_met_and_not_met():
    for answers in map(answers_of, product(*(range(len(part)) for part in PARTS[:5]), [0])):
        both = [c.key for c in CRITERIA if c.met_when.holds(answers) and c.not_met_when.holds(answers)]
        assert both == [], answers


@pytest.mark.parametrize("boxes", every_way_to_tick(SAFETY), ids=" ".join)
def test_every_safety_concern_sends_a_likely_candidate_to_a_person(boxes):
    assert assessed(safety=boxes).outcome.key == (LIKELY if boxes == ["none"] else REVIEW)


def test_every_warning_sign_ends_the_check_and_offers_no_visit():
    for boxes in every_way_to_tick(RED_FLAGS):
        call_911 = {"legs", "saddle", "bladder_bowel", "trauma", "chest"} & set(boxes)
        expected = "emergency_911" if call_911 else LIKELY if boxes == ["none"] else "emergency_today"

        assessment = assessed(red_flags=boxes)

        assert assessment.outcome.key == expected, boxes
        assert assessment.outcome.offers_visit is (boxes == ["none"]), boxes


def test_only_two_outcomes_offer_a_visit():
    assert [outcome.key for outcome in PATHWAY.outcomes if outcome.offers_visit] == [REVIEW, LIKELY]


# ------------------------------------------------------------------------------------------------- Flags and priority

RAISED_BY = {
    "myeloma": ("cancer", "myeloma"),
    "other_cancer": ("cancer", "other"),
    "clotting_unknown": ("clotting", "not_sure"),
    "clots_too_much": ("clotting", "too_much"),
    "blood_thinner_yes": ("blood_thinner", "yes"),
    "blood_thinner_not_sure": ("blood_thinner", "not_sure"),
    "safety_infection": ("safety", "infection"),
    "safety_pregnant": ("safety", "pregnant"),
    "safety_allergy": ("safety", "allergy"),
    "safety_not_sure": ("safety", "not_sure"),
    "cannot_use_conservative": ("tried", "cannot"),
    # Its own combinations are those of care.
    "answers_conflict_relief_vs_pain": ("helped_brace", "enough"),
    "shorter_or_stooped": ("height_loss", "not_sure_shorter"),
}


def test_flags_over_every_combination():
    flagged = product(
        [{"cancer": value} for value in CANCER],
        [{"clotting": value} for value in CLOTTING],
        [{"blood_thinner": value} for value in ("yes", "no", "not_sure")],
        [{"safety": boxes} for boxes in every_way_to_tick(SAFETY)],
        FRACTURES,
        [{"pain": "7", **tried} for tried in (CANNOT_USE, HELPS, TOO_LITTLE)],
    )
    for parts in flagged:
        answers = {key: value for part in parts for key, value in part.items()}
        given = {
            (key, one) for key, value in answers.items() for one in ([value] if isinstance(value, str) else value)
        }
        expected = [key for key, answer in RAISED_BY.items() if answer in given]
        assert [flag.key for flag in PATHWAY.flags_raised(answers)] == expected, answers


def test_priority_over_every_combination():
    visits = {outcome.key: outcome for outcome in PATHWAY.outcomes if outcome.offers_visit}
    function = ("by_self", "with_help", "bed", "not_say")

    for outcome, cancer, pain, getting_around in product(visits, CANCER, PAINS, function):
        answers = {"cancer": cancer, "pain": pain, "function": getting_around}
        soon = cancer in ("myeloma", "other") or pain in ("8", "9", "10") or getting_around == "bed"
        expected = "P1" if soon else "P2" if outcome == LIKELY or pain in PAIN_OF_5_OR_MORE else "P3"
        assert PATHWAY.priority(visits[outcome], answers).key == expected, (outcome, answers)


@pytest.mark.parametrize(
    ("duration", "sooner"),
    [("lt2w", True), ("2w_6w", True), ("6w_3m", True), ("3m_12m", False), ("gt12m", False), ("not_sure", None)],
)
def test_newer_pain_comes_sooner_within_a_priority(duration, sooner):
    assert PATHWAY.sooner_within_priority.holds({"duration": duration}) is sooner


# ------------------------------------------------------------------------------------------------------- What is said

EXPLANATIONS = [
    ("bone", {}, "met", "You told us you have osteoporosis or myeloma."),
    ("bone", NEITHER_BONE_CONDITION, "not_met", "You told us you have neither."),
    (
        "bone",
        {"osteoporosis": "no", "cancer": "other"},
        "unknown",
        "You had another cancer. A specialist needs to look at this.",
    ),
    (
        "bone",
        {"osteoporosis": "not_sure"},
        "unknown",
        "Not known yet. A bone density scan or blood test can show this.",
    ),
    ("fracture", {}, "met", "A doctor told you that you have one."),
    ("fracture", {"fracture": "no"}, "not_met", "You told us you do not have one."),
    ("fracture", SUSPECTED, "unknown", "You may have one. An X-ray or MRI is needed to know."),
    ("height", {}, "met", "A doctor or report said so."),
    ("height", {"fracture": "no"}, "not_met", "Not asked: no fracture."),
    ("height", {"height_loss": "no"}, "not_met", "A doctor or report said it has not."),
    ("height", SUSPECTED, "unknown", "Not known yet. A scan can show this."),
    ("conservative", {}, "met", "You tried a back brace, pain medicine, rest. It has not been enough."),
    ("conservative", TOO_LITTLE, "met", "You tried a back brace. It has not been enough."),
    ("conservative", {"pain": "0"}, "not_met", "No pain now."),
    ("conservative", NOTHING_TRIED, "not_met", "Nothing tried yet."),
    ("conservative", {**HELPS, "pain": "4"}, "not_met", "Other care is helping."),
    (
        "conservative",
        {**care(brace="no", rest="enough"), "pain": "5"},
        "unknown",
        "You said rest helps. But your pain is 5 of 10.",
    ),
    (
        "conservative",
        {**care(muscle_relaxant="enough", physical_therapy="enough"), "pain": "8"},
        "unknown",
        "You said muscle relaxer medicine, physical therapy help. But your pain is 8 of 10.",
    ),
    ("conservative", CANNOT_USE, "unknown", "We need to ask you more about this."),
    ("clotting", {}, "met", "You told us you have no such disorder."),
    ("clotting", {"clotting": "yes"}, "not_met", "You bleed too easily. This makes the treatment risky."),
    ("clotting", {"clotting": "too_much"}, "unknown", "Your blood clotting needs a check first."),
]


def said(line):
    return line.text.format(emergency="911", **{name: ", ".join(words) for name, words in line.values.items()})


@pytest.mark.parametrize(("criterion", "changes", "verdict", "sentence"), EXPLANATIONS)
def test_each_finding_explains_itself(criterion, changes, verdict, sentence):
    [finding] = [finding for finding in assessed(**changes).findings if finding.criterion.key == criterion]

    assert (finding.verdict, said(finding.explanation)) == (verdict, sentence)


CANCER_LINE, SEVERE_LINE = "Because you have had cancer, tell your cancer doctor", "Your pain is severe."
THINNER_LINE, INFECTION_LINE = "Do not stop your blood thinner", "Tell your doctor about the infection."
ALL_FOUR = {"cancer": "myeloma", "pain": "8", "blood_thinner": "yes", "safety": ["infection"]}
FOUR_LINES = [CANCER_LINE, SEVERE_LINE, THINNER_LINE, INFECTION_LINE]

# What is said under the heading, and then, each by how it begins.
WORDS = [
    ({"red_flags": ["legs"]}, "You checked something that can be serious with back pain. Call 911", []),
    ({"red_flags": ["fever"]}, "Call your doctor or a nurse line", ["Fever with back pain can be a sign"]),
    ({"red_flags": ["not_sure"]}, "Call your doctor or a nurse line", ["You were not sure about a warning sign."]),
    ({"red_flags": ["fever", "not_sure"]}, "Call your doctor or a nurse line", ["Fever with", "You were not sure"]),
    ({"clotting": "yes"}, "A needle goes into the spine", []),
    ({"clotting": "yes", **ALL_FOUR}, "A needle goes into the spine", FOUR_LINES),
    (NEITHER_BONE_CONDITION, "Your pain is real", ["You told us you do not have osteoporosis or myeloma."]),
    ({"fracture": "no"}, "Your pain is real", ["You told us you do not have a spine fracture."]),
    ({"fracture": "no", "pain": "0"}, "There may be other ways", ["You told us you do not have a spine fracture."]),
    ({"height_loss": "no"}, "Your pain is real", ["A doctor or report said the bone has not lost height."]),
    (
        {**NEITHER_BONE_CONDITION, "fracture": "no", "blood_thinner": "yes"},
        "Your pain is real",
        ["You told us you do not have osteoporosis", "You told us you do not have a spine fracture.", THINNER_LINE],
    ),
    ({"pain": "0"}, "This treatment is for fractures that hurt, and you have no pain now.", []),
    (NOTHING_TRIED, "Most people with this kind of fracture slowly feel better", []),
    ({**HELPS, "pain": "4"}, "Good news: what you are doing seems to help.", []),
    ({**NOTHING_TRIED, "pain": "8"}, "Most people", [SEVERE_LINE]),
    ({**NOTHING_TRIED, "cancer": "other"}, "Most people", [CANCER_LINE]),
    ({**NOTHING_TRIED, **ALL_FOUR}, "Most people", FOUR_LINES),
    ({"clotting": "not_sure"}, "Nothing you told us rules this treatment out", []),
    (ALL_FOUR, "Nothing you told us rules this treatment out", [THINNER_LINE, INFECTION_LINE]),
    ({**SUSPECTED, **NOTHING_TRIED}, "You may have a fracture that no one has checked.", []),
    ({**SUSPECTED, **HELPS, "pain": "4"}, "You may have a fracture that no one has checked.", []),
    (SUSPECTED, "Nothing you told us rules this treatment out", []),
    ({}, "Your answers fit all five points", []),
    ({"cancer": "myeloma", "pain": "8", "blood_thinner": "yes"}, "Your answers fit all five points", [THINNER_LINE]),
]


@pytest.mark.parametrize(("changes", "meaning", "notes"), WORDS)
def test_each_outcome_says_what_fits_the_answers(changes, meaning, notes):
    assessment = assessed(**changes)

    assert said(assessment.meaning).startswith(meaning)
    assert len(assessment.notes) == len(notes)
    for line, beginning in zip(assessment.notes, notes, strict=True):
        assert said(line).startswith(beginning)

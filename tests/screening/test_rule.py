"""The rule: as a table of sentences, by its worked examples, and in what it says. Its laws are in test_laws.py."""

import json
from itertools import combinations
from pathlib import Path

import pytest

from screening.pathways.vertebral_cement import PATHWAY, RED_FLAGS, TREATMENTS
from screening.questionnaire.assessment import Emergency
from screening.questionnaire.journey import Journey
from tests.walk import FACTS

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
NEVER_SCANNED = {"fracture": "not_sure", "height_loss": "not_sure"}
NO_FRACTURE = {"fracture": "no"}
GOOD_BONE_TEST = {"osteoporosis": "no", "cancer": "no"}
CRASH = {"cause": "accident"}
IN_BED, NOT_SAID = {"function": "bed"}, {"function": "not_say"}
ORDINARY = {**NEVER_SCANNED, "osteoporosis": "not_sure", "pain": "5"}

TEXTBOOK = dict(Journey(PATHWAY, FACTS).completed().relevant_answers)


def assessed(**changes):
    return Journey(PATHWAY, {**TEXTBOOK, **changes}).completed().assessment


# ---------------------------------------------------------------------------------------------- The rule in sentences

SENTENCES = [
    ("osteoporosis, a collapsed fracture and care that failed", {}, LIKELY),
    ("myeloma instead of osteoporosis", {"osteoporosis": "no", "cancer": "myeloma"}, LIKELY),
    ("osteoporosis, and another cancer as well", {"cancer": "other"}, REVIEW),
    ("osteoporosis, and not sure about cancer", {"cancer": "not_sure"}, REVIEW),
    ("osteoporosis never tested", {"osteoporosis": "not_sure"}, REVIEW),
    ("a good bone test, but the bone broke without an accident", GOOD_BONE_TEST, REVIEW),
    ("a good bone test, and a car crash", {**GOOD_BONE_TEST, **CRASH}, NO_MATCH),
    ("a good bone test, a car crash, and steroids", {**GOOD_BONE_TEST, **CRASH, "safety": ["steroids"]}, REVIEW),
    ("a good bone test, and no scan", {**GOOD_BONE_TEST, **NEVER_SCANNED}, REVIEW),
    ("a scan showed no fracture", NO_FRACTURE, NO_MATCH),
    ("a scan showed no fracture, and the pain is 10", {**NO_FRACTURE, "pain": "10"}, NO_MATCH),
    ("a scan showed no fracture, after prostate cancer", {**NO_FRACTURE, "cancer": "other"}, REVIEW),
    ("a scan showed no fracture, and there is night pain", {**NO_FRACTURE, "safety": ["weight_night"]}, REVIEW),
    ("no fracture, no pain, and cancer long ago", {**NO_FRACTURE, "cancer": "other", "pain": "0"}, NO_MATCH),
    ("a fracture nobody is sure of", NEVER_SCANNED, REVIEW),
    ("height loss without a scan", {"height_loss": "not_sure"}, REVIEW),
    ("a report that the bone has not lost height", {"height_loss": "no"}, NO_MATCH),
    ("no height lost, but the pain is 8", {"height_loss": "no", "pain": "8"}, REVIEW),
    ("no height lost, but in bed", {"height_loss": "no", **IN_BED}, REVIEW),
    ("no height lost, and who would rather not say how they get around", {"height_loss": "no", **NOT_SAID}, REVIEW),
    ("one treatment is enough", care(rest="no"), LIKELY),
    ("a little help counts as no success", care(rest="little"), LIKELY),
    ("one failed, and some cannot be used", {**care(rest="no"), "tried": ["rest", "cannot"]}, LIKELY),
    ("one failed, one not known yet", care(brace="not_sure", rest="no"), LIKELY),
    ("all not known yet", care(brace="not_sure", rest="not_sure"), REVIEW),
    ("one failed, but another helps enough, pain 4", {**care(brace="no", rest="enough"), "pain": "4"}, OTHER_CARE),
    ("one failed, but another helps enough, pain 5", {**care(brace="no", rest="enough"), "pain": "5"}, REVIEW),
    ("care helps enough, pain 1", {**HELPS, "pain": "1"}, OTHER_CARE),
    ("care helps enough, pain 4, but in bed", {**HELPS, "pain": "4", **IN_BED}, REVIEW),
    ("care helps enough, pain 4, rather not say", {**HELPS, "pain": "4", **NOT_SAID}, REVIEW),
    ("care helps enough, pain not sure", {**HELPS, "pain": "not_sure"}, REVIEW),
    ("care failed, pain 4", {"pain": "4"}, REVIEW),
    ("care failed, pain 5", {"pain": "5"}, LIKELY),
    ("care failed, pain not sure", {"pain": "not_sure"}, REVIEW),
    ("pain 0, whatever was tried", {"pain": "0"}, OTHER_CARE),
    ("a fracture, nothing tried, pain 7", NOTHING_TRIED, OTHER_CARE),
    ("a fracture, nothing tried, pain 8", {**NOTHING_TRIED, "pain": "8"}, REVIEW),
    ("a fracture, nothing tried, in bed", {**NOTHING_TRIED, **IN_BED}, REVIEW),
    ("a fracture, nothing tried, pain not sure", {**NOTHING_TRIED, "pain": "not_sure"}, REVIEW),
    ("the usual treatments cannot be used", CANNOT_USE, REVIEW),
    ("not sure what was tried", NOT_SURE_WHAT, REVIEW),
    ("the invitation: suspected fracture, nothing tried", {**SUSPECTED, **NOTHING_TRIED}, REVIEW),
    (
        "suspected, nothing tried, bones never tested",
        {**SUSPECTED, **NOTHING_TRIED, "osteoporosis": "not_sure"},
        REVIEW,
    ),
    ("ordinary back pain, nothing tried", {**ORDINARY, **NOTHING_TRIED}, OTHER_CARE),
    ("ordinary back pain, and care is helping", {**ORDINARY, **HELPS, "pain": "2"}, OTHER_CARE),
    ("ordinary back pain, and care failed", ORDINARY, REVIEW),
    ("ordinary back pain, but after a fall", {**ORDINARY, **NOTHING_TRIED, "cause": "fall"}, REVIEW),
    ("ordinary back pain, but shorter", {**ORDINARY, **NOTHING_TRIED, "height_loss": "not_sure_shorter"}, REVIEW),
    ("ordinary back pain, but steroids", {**ORDINARY, **NOTHING_TRIED, "safety": ["steroids"]}, REVIEW),
    ("ordinary back pain, but osteoporosis", {**NEVER_SCANNED, **NOTHING_TRIED, "pain": "5"}, REVIEW),
    ("ordinary back pain, but severe", {**ORDINARY, **NOTHING_TRIED, "pain": "9"}, REVIEW),
    ("pain for 3 months", {"duration": "6w_3m"}, LIKELY),
    ("pain for more than 3 months", {"duration": "3m_12m"}, REVIEW),
    ("pain for more than a year", {"duration": "gt12m"}, REVIEW),
    ("pain, not sure how long", {"duration": "not_sure"}, REVIEW),
    ("pain for a week", {"duration": "lt2w"}, REVIEW),
    ("pain for a week, of 8", {"duration": "lt2w", "pain": "8"}, LIKELY),
    ("pain for a week, in bed", {"duration": "lt2w", **IN_BED}, LIKELY),
    ("not sure of a clotting disorder", {"clotting": "not_sure"}, REVIEW),
    ("bruises easily", {"clotting": "bleed_easily"}, REVIEW),
    ("low platelets", {"clotting": "low_platelets"}, REVIEW),
    ("blood that clots too much", {"clotting": "too_much"}, REVIEW),
    ("hemophilia", {"clotting": "yes"}, BLEEDING),
    ("hemophilia, or a blood thinner", {"clotting": "yes", "blood_thinner": "yes"}, REVIEW),
    ("hemophilia, or perhaps a blood thinner", {"clotting": "yes", "blood_thinner": "not_sure"}, REVIEW),
    ("hemophilia beats a definite no", {"clotting": "yes", **NO_FRACTURE}, BLEEDING),
    ("hemophilia beats cancer", {"clotting": "yes", "cancer": "other"}, BLEEDING),
    ("a definite no beats nothing tried", {**NO_FRACTURE, **NOTHING_TRIED}, NO_MATCH),
    ("a blood thinner rules nobody out", {"blood_thinner": "yes"}, LIKELY),
    ("perhaps a blood thinner", {"blood_thinner": "not_sure"}, LIKELY),
    ("steroids, and five met", {"safety": ["steroids"]}, LIKELY),
    ("weight loss or night pain", {"safety": ["weight_night"]}, REVIEW),
    ("an infection", {"safety": ["infection"]}, REVIEW),
    ("perhaps pregnant", {"safety": ["pregnant"]}, REVIEW),
    ("an allergy to cement or dye", {"safety": ["allergy"]}, REVIEW),
    ("not sure of the safety list", {"safety": ["not_sure"]}, REVIEW),
    ("an infection does not open a closed door", {"safety": ["infection"], **NO_FRACTURE}, NO_MATCH),
    ("warning signs that a doctor knows", {"red_flags": ["long_known"]}, REVIEW),
    ("a car crash, and hemophilia too", {"red_flags": ["trauma"], "clotting": "yes"}, "emergency_911"),
    ("tearing pain", {"red_flags": ["tearing"]}, "emergency_911"),
    ("fever", {"red_flags": ["fever"]}, "emergency_today"),
    ("not sure of the warning signs", {"red_flags": ["not_sure"]}, "emergency_today"),
    ("fever and chest pain", {"red_flags": ["chest", "fever"]}, "emergency_911"),
]


@pytest.mark.parametrize(("changes", "outcome"), [pytest.param(*row, id=sentence) for sentence, *row in SENTENCES])
def test_the_rule_in_sentences(changes, outcome):
    assert assessed(**changes).outcome.key == outcome


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["title"] for example in EXAMPLES])
def test_the_worked_examples(example):
    journey, expected = Journey(PATHWAY, example["answers"]).completed(), example["expect"]

    outcome = journey.assessment.outcome

    assert outcome.key == expected["outcome"]
    assert outcome.offers_visit is expected["queue"]
    assert sorted(flag.key for flag in PATHWAY.flags_raised(journey.relevant_answers)) == expected["flags"]
    if expected["queue"]:
        assert PATHWAY.priority(outcome, journey.relevant_answers).key == expected["priority"]


def every_way_to_tick(question):
    together = [option.value for option in question.options if not option.alone]
    some = [list(boxes) for count in range(1, len(together) + 1) for boxes in combinations(together, count)]
    return [*([option.value] for option in question.options if option.alone), *some]


def test_every_warning_sign_ends_the_check_and_offers_no_visit():
    for boxes in every_way_to_tick(RED_FLAGS):
        call_911 = {"legs", "saddle", "bladder_bowel", "trauma", "chest", "tearing"} & set(boxes)
        goes_on = {"none": LIKELY, "long_known": REVIEW}.get(boxes[0], "emergency_today")
        expected = "emergency_911" if call_911 else goes_on

        assessment = assessed(red_flags=boxes)

        assert assessment.outcome.key == expected, boxes
        assert assessment.outcome.offers_visit is (expected in (LIKELY, REVIEW)), boxes


def test_only_two_outcomes_offer_a_visit():
    assert [outcome.key for outcome in PATHWAY.outcomes if outcome.offers_visit] == [REVIEW, LIKELY]


@pytest.mark.parametrize(
    ("duration", "sooner"),
    [("lt2w", True), ("2w_6w", True), ("6w_3m", True), ("3m_12m", False), ("gt12m", False), ("not_sure", None)],
)
def test_newer_pain_comes_sooner_within_a_priority(duration, sooner):
    assert PATHWAY.sooner_within_priority.holds({"duration": duration}) is sooner


# ------------------------------------------------------------------------------------------------------- What is said

EXPLANATIONS = [
    ("bone", {}, "met", "You told us you have osteoporosis or myeloma."),
    ("bone", {**GOOD_BONE_TEST, **CRASH}, "not_met", "You told us you have neither."),
    ("bone", {"osteoporosis": "no", "cancer": "other"}, "unknown", "You had another cancer."),
    ("bone", {**GOOD_BONE_TEST, "safety": ["steroids"]}, "unknown", "Steroid pills can make bones weak"),
    ("bone", GOOD_BONE_TEST, "unknown", "Your bone test was good. But a bone that breaks without a big accident"),
    ("bone", {**GOOD_BONE_TEST, **NEVER_SCANNED}, "unknown", "Your bone test was good. If you do have a fracture"),
    (
        "bone",
        {**GOOD_BONE_TEST, **CRASH, "safety": ["not_sure"]},
        "unknown",
        "Not known yet. We need to ask about steroid pills.",
    ),
    ("bone", {"osteoporosis": "not_sure"}, "unknown", "Not known yet. A bone density scan or blood test can show"),
    ("fracture", {}, "met", "A doctor told you that you have one."),
    ("fracture", NO_FRACTURE, "not_met", "You told us that a scan showed none."),
    ("fracture", SUSPECTED, "unknown", "You may have one. An X-ray or MRI is needed to know."),
    ("height", {}, "met", "A doctor or report said so."),
    ("height", NO_FRACTURE, "not_met", "We did not ask: you said there is no fracture."),
    ("height", {"height_loss": "no"}, "not_met", "A doctor or report said it has not."),
    ("height", SUSPECTED, "unknown", "Not known yet. A scan can show this."),
    ("conservative", {}, "met", "You tried a back brace, pain medicine, rest. It has not been enough."),
    ("conservative", TOO_LITTLE, "met", "You tried a back brace. It has not been enough."),
    ("conservative", {"pain": "0"}, "not_met", "No pain now."),
    ("conservative", NOTHING_TRIED, "not_met", "Nothing tried yet."),
    ("conservative", {**HELPS, "pain": "4"}, "not_met", "Other care is helping."),
    ("conservative", {"pain": "not_sure"}, "unknown", "We do not know yet how strong your pain is."),
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
    (
        "conservative",
        {**HELPS, "pain": "3", **IN_BED},
        "unknown",
        "You said a back brace helps. But you stay in bed or a chair most of the day.",
    ),
    (
        "conservative",
        {**care(brace="enough", rest="enough"), "pain": "3", **IN_BED},
        "unknown",
        "You said a back brace, rest help. But you stay in bed or a chair most of the day.",
    ),
    ("conservative", CANNOT_USE, "unknown", "You cannot use some treatments. We need to ask you more about this."),
    ("conservative", NOT_SURE_WHAT, "unknown", "We need to ask you more about this."),
    ("clotting", {}, "met", "You told us you have no such disorder."),
    ("clotting", {"clotting": "yes"}, "not_met", "A doctor found a bleeding disorder."),
    (
        "clotting",
        {"clotting": "yes", "blood_thinner": "yes"},
        "unknown",
        "You told us of a bleeding disorder and, maybe,",
    ),
    ("clotting", {"clotting": "low_platelets"}, "unknown", "Your platelets are low. They need a check first."),
    ("clotting", {"clotting": "bleed_easily"}, "unknown", "You bruise or bleed easily. A blood test can show why."),
    ("clotting", {"clotting": "too_much"}, "unknown", "Your blood clotting needs a check first."),
]


def said(line):
    return line.text.format(emergency="911", **{name: ", ".join(words) for name, words in line.values.items()})


@pytest.mark.parametrize(("criterion", "changes", "verdict", "sentence"), EXPLANATIONS)
def test_each_finding_explains_itself(criterion, changes, verdict, sentence):
    [finding] = [finding for finding in assessed(**changes).findings if finding.criterion.key == criterion]

    assert finding.verdict == verdict
    assert said(finding.explanation).startswith(sentence)


# What is said under the heading, and then, each by how it begins.
CANCER_LINE, SEVERE_LINE = (
    "You have had cancer. Call your cancer team",
    "Your pain is severe, or it keeps you in bed. Call",
)
THINNER_LINE, INFECTION_LINE = (
    "Do not stop your blood thinner",
    "Call your doctor today if the back pain is new or worse",
)
ALL_FOUR = {"cancer": "myeloma", "pain": "8", "blood_thinner": "yes", "safety": ["infection"]}
FOUR_LINES = [CANCER_LINE, SEVERE_LINE, INFECTION_LINE, THINNER_LINE]

WORDS = [
    ({"red_flags": ["legs"]}, "This can be serious with back pain. Call 911", []),
    ({"red_flags": ["fever"]}, "Call your doctor or a nurse line today", []),
    ({"clotting": "yes"}, "A needle goes into the spine", []),
    (
        {"clotting": "yes", "cancer": "myeloma", "pain": "8"},
        "A needle goes into the spine",
        [CANCER_LINE, SEVERE_LINE],
    ),
    (NO_FRACTURE, "Your pain is real", ["You told us that a scan showed no fracture."]),
    ({**NO_FRACTURE, "pain": "0"}, "There may be other ways", ["You told us that a scan showed no fracture."]),
    ({**GOOD_BONE_TEST, **CRASH}, "Your pain is real", ["Your bones were tested and the pain began with"]),
    (
        {**GOOD_BONE_TEST, **CRASH, **NEVER_SCANNED},
        "Your pain is real",
        ["After a big accident, your spine needs an X-ray."],
    ),
    ({"height_loss": "no"}, "Your pain is real", ["A doctor or report said the bone has not lost height."]),
    ({"pain": "0"}, "You have no pain now.", ["A spine fracture can be the first sign of weak bones."]),
    (
        {"pain": "0", "cancer": "other"},
        "You have no pain now.",
        ["You have had cancer. Tell your cancer team this week", "A spine fracture can be the first sign"],
    ),
    (NOTHING_TRIED, "Most people with this kind of fracture slowly feel better", []),
    ({**ORDINARY, **NOTHING_TRIED}, "Most back pain gets better in some weeks with other care.", []),
    ({**HELPS, "pain": "4"}, "Good news: what you are doing seems to help.", []),
    ({"cancer": "other"}, "It may have nothing to do with the cancer.", [CANCER_LINE]),
    (
        {"cancer": "not_sure"},
        "Your answers fit the five points.",
        ["You are not sure if you have had cancer.", "Ask your doctor if you ever had cancer."],
    ),
    ({"safety": ["weight_night"]}, "Weight loss or night pain can have a cause", ["Tell your doctor this week"]),
    ({**NOTHING_TRIED, **IN_BED}, "Your pain is severe, or it keeps you in bed. So a specialist", [SEVERE_LINE]),
    ({**SUSPECTED, **NOTHING_TRIED}, "You may have a fracture that no one has checked.", []),
    ({"height_loss": "no", **NOT_SAID}, "One point does not fit this treatment.", []),
    ({"duration": "gt12m"}, "Your answers fit the five points.", ["You have had this pain for more than 3 months."]),
    ({"duration": "not_sure"}, "Your answers fit the five points.", ["You are not sure how long you have had"]),
    ({"duration": "lt2w"}, "Your answers fit the five points.", ["You have tried other care for less than 2 weeks."]),
    ({"pain": "3"}, "Your answers fit the five points.", ["Your pain is 4 or less."]),
    ({"pain": "not_sure"}, "Nothing you told us rules this treatment out", ["We do not know yet how strong"]),
    (
        {"red_flags": ["long_known"]},
        "Your answers fit the five points.",
        ["You have had warning signs for a long time.", "Call 911 if a sign you have had for long gets worse"],
    ),
    ({"safety": ["allergy"]}, "Your answers fit the five points.", ["You had a bad reaction to bone cement"]),
    ({"safety": ["not_sure"]}, "Your answers fit the five points.", ["You were not sure about the last list."]),
    ({"safety": ["pregnant"]}, "Your answers fit the five points.", ["Tell whoever orders an X-ray"]),
    (
        {"clotting": "low_platelets"},
        "Nothing you told us rules this treatment out",
        ["Ask your doctor for a blood test"],
    ),
    ({"clotting": "not_sure"}, "Nothing you told us rules this treatment out", []),
    (ALL_FOUR, "It may have nothing to do with the cancer.", FOUR_LINES),
    (SUSPECTED, "Nothing you told us rules this treatment out", []),
    ({}, "Your answers fit all five points", []),
    ({"safety": ["steroids"]}, "Your answers fit all five points", ["Do not stop steroid pills on your own."]),
    (
        {"cancer": "myeloma", "pain": "8", "blood_thinner": "yes"},
        "Your answers fit all five points",
        [CANCER_LINE, SEVERE_LINE, THINNER_LINE],
    ),
]


@pytest.mark.parametrize(("changes", "meaning", "notes"), WORDS)
def test_each_outcome_says_what_fits_the_answers(changes, meaning, notes):
    assessment = assessed(**changes)

    assert said(assessment.meaning).startswith(meaning)
    assert len(assessment.notes) == len(notes), assessment.notes
    for line, beginning in zip(assessment.notes, notes, strict=True):
        assert said(line).startswith(beginning)


HEADINGS = [
    ({"pain": "0"}, "This treatment is for fractures that hurt"),
    (NOTHING_TRIED, "Other care usually comes first"),
    ({"cancer": "other"}, "Back pain after cancer needs a check"),
    ({"cancer": "myeloma", "clotting": "not_sure"}, "Back pain after cancer needs a check"),
    ({"cancer": "not_sure"}, "A specialist needs to check a few things first"),
    ({}, "You may be a candidate"),
]


@pytest.mark.parametrize(("changes", "heading"), HEADINGS)
def test_the_heading_fits_the_answers(changes, heading):
    assert said(assessed(**changes).heading) == heading


def test_nobody_is_told_to_wait_for_a_call_that_nobody_will_make():
    waits = "Do not wait for our call."

    for offered, answers in ((True, {**NOTHING_TRIED, "pain": "9"}), (False, {**NO_FRACTURE, "pain": "9"})):
        notes = " ".join(map(said, assessed(**answers).notes))
        assert "Call your own doctor today or tomorrow." in notes
        assert (waits in notes) is offered


@pytest.mark.parametrize(("answers", "said_too"), [({}, False), (NEVER_SCANNED, True), (SUSPECTED, True)])
def test_whoever_was_never_scanned_hears_that_their_own_doctor_can_be_quicker(answers, said_too):
    next_step = " ".join(map(said, assessed(**answers).next_step))

    assert ("Your own doctor can order an X-ray sooner." in next_step) is said_too


def test_an_emergency_reads_the_same_for_everybody():
    emergencies = [outcome for outcome in PATHWAY.outcomes if isinstance(outcome, Emergency)]

    assert [outcome.address for outcome in emergencies] == ["get-help-now", "get-help-today"]
    for outcome in emergencies:
        assert (len(outcome.headings), len(outcome.meaning), outcome.notes) == (1, 1, ())

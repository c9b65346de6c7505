"""The rule once more, in plain Python: read from the published pathway alone, apart from the product.

Each function takes the answers that count, as strings or as collections of strings; a question that was not asked has
no entry. Only `get` is called, and only where an answer is needed, so that a caller can see what bears on a result.
`completed` makes such answers from those of somebody who left questions out.
"""

MET, NOT_MET, UNKNOWN = "met", "not_met", "unknown"
LIKELY, REVIEW, OTHER_CARE = "likely_candidate", "specialist_review", "conservative_first"
NO_MATCH, BLEEDING = "not_matching", "not_candidate_bleeding"
CALL_911, GET_HELP_TODAY = "emergency_911", "emergency_today"
VISITS = {LIKELY, REVIEW}

TREATMENTS = ("brace", "muscle_relaxant", "pain_medicine", "physical_therapy", "rest")
HELPED = tuple(f"helped_{treatment}" for treatment in TREATMENTS)
SIGNS_FOR_911 = ("legs", "saddle", "bladder_bowel", "trauma", "chest", "tearing")

# What can be answered or ticked, by question, in the order in which they are asked.
OPTIONS = {
    "red_flags": (*SIGNS_FOR_911, "fever", "long_known", "none", "not_sure"),
    "pain": (*map(str, range(11)), "not_sure"),
    "function": ("by_self", "with_help", "bed", "not_say"),
    "duration": ("lt2w", "2w_6w", "6w_3m", "3m_12m", "gt12m", "not_sure"),
    "cause": ("nothing", "strain", "fall", "accident", "not_sure"),
    "osteoporosis": ("yes", "no", "not_sure"),
    "cancer": ("myeloma", "other", "no", "not_sure"),
    "fracture": ("yes", "suspect", "no", "not_sure"),
    "height_loss": ("yes", "no", "not_sure_shorter", "not_sure"),
    "tried": (*TREATMENTS, "none", "cannot", "not_sure"),
    **dict.fromkeys(HELPED, ("enough", "little", "no", "not_sure")),
    "blood_thinner": ("yes", "no", "not_sure"),
    "clotting": ("yes", "bleed_easily", "low_platelets", "no", "too_much", "not_sure"),
    "safety": ("weight_night", "infection", "pregnant", "allergy", "steroids", "none", "not_sure"),
}
VISIT_OPTIONS = {
    "imaging": ("xray", "ct", "mri", "bone_scan", "none", "not_sure"),
    "place": ("shoulders", "middle", "low", "tailbone", "not_sure"),
    "more": (
        *("fractures", "cement", "leg_pain", "canal", "kidney", "implant", "heart_lung", "stomach", "bone_medicine"),
        *("none", "not_sure"),
    ),
}
# What cannot be ticked together with anything else.
ALONE = {"red_flags": ("long_known", "none"), "tried": ("none", "not_sure"), "safety": ("none",)}

# What somebody answers who has nothing to tell: none or no, or else the last answer that is sure.
QUIET = {
    "red_flags": ["none"],
    "pain": "10",
    "function": "bed",
    "duration": "gt12m",
    "cause": "accident",
    "tried": ["none"],
    "safety": ["none"],
    **dict.fromkeys(
        ("osteoporosis", "cancer", "fracture", "height_loss", *HELPED, "blood_thinner", "clotting"), "no"
    ),
}


def is_asked(question, answers):
    if question in ("function", "duration", "cause", "tried"):
        return answers.get("pain") != "0"
    if question == "height_loss":
        return answers.get("fracture") != "no"
    if question in HELPED:
        return answers.get("pain") != "0" and question.removeprefix("helped_") in answers.get("tried")
    return True


def completed(answers):
    """The answers that count, with a quiet one to each question that was left out."""
    kept = {}
    for question in OPTIONS:
        if is_asked(question, kept):
            kept[question] = answers.get(question, QUIET[question])
        if emergency(kept):
            break
    return kept


# ------------------------------------------------------------------------------------------------- What answers tell


def has_back_pain(a):
    return a.get("pain") != "0"


def pain_is_known(a):
    return a.get("pain") != "not_sure"


def pain_is_at_least(number, a):
    """Never so where the pain is not known."""
    return pain_is_known(a) and int(a.get("pain")) >= number


def pain_is_at_most(number, a):
    """Never so where the pain is not known."""
    return pain_is_known(a) and int(a.get("pain")) <= number


def is_severe(a):
    return pain_is_at_least(8, a) or a.get("function") == "bed"


def surely_not_severe(a):
    return not has_back_pain(a) or (pain_is_at_most(7, a) and a.get("function") in ("by_self", "with_help"))


def nothing_points_to_a_fracture(a):
    return (
        has_back_pain(a)
        and a.get("fracture") == "not_sure"
        and a.get("height_loss") == "not_sure"
        and a.get("cause") in ("nothing", "strain", "not_sure")
        and bone(a) != MET
        and not has_ticked(a, "safety", "steroids")
    )


def illness_possible(a):
    return has_back_pain(a) and (a.get("cancer") != "no" or has_ticked(a, "safety", "weight_night", "not_sure"))


def tested_without_weak_bones(a):
    return a.get("osteoporosis") == "no" and a.get("cancer") == "no"


def has_ticked(a, question, *boxes):
    ticked = a.get(question) or ()
    return any(box in ticked for box in boxes)


def treatment_results(a):
    if not has_back_pain(a):
        return set()
    tried = a.get("tried")
    return {a.get(f"helped_{treatment}") for treatment in TREATMENTS if treatment in tried}


# ------------------------------------------------------------------------------------------------------ Five criteria


def bone(a):
    if a.get("osteoporosis") == "yes" or a.get("cancer") == "myeloma":
        return MET
    if tested_without_weak_bones(a) and not has_ticked(a, "safety", "steroids", "not_sure"):
        healthy_bones_explain_it = a.get("fracture") == "no" or a.get("cause") == "accident"
        return NOT_MET if healthy_bones_explain_it else UNKNOWN
    return UNKNOWN


def spine_fracture(a):
    return {"yes": MET, "no": NOT_MET}.get(a.get("fracture"), UNKNOWN)


def height(a):
    if a.get("fracture") == "no":
        return NOT_MET
    return {"yes": MET, "no": NOT_MET}.get(a.get("height_loss"), UNKNOWN)


def other_care(a):
    if not has_back_pain(a):
        return NOT_MET
    if not pain_is_known(a):
        return UNKNOWN
    if has_ticked(a, "tried", "none"):
        return NOT_MET
    results = treatment_results(a)
    if "enough" in results:
        gets_by = pain_is_at_most(4, a) and a.get("function") in ("by_self", "with_help")
        return NOT_MET if gets_by else UNKNOWN
    return MET if results & {"little", "no"} else UNKNOWN


def clots_normally(a):
    if a.get("clotting") == "no":
        return MET
    if a.get("clotting") == "yes" and a.get("blood_thinner") == "no":
        return NOT_MET
    return UNKNOWN


CRITERIA = {
    "bone": bone,
    "fracture": spine_fracture,
    "height": height,
    "conservative": other_care,
    "clotting": clots_normally,
}


# ------------------------------------------------------------------------------------------------ Outcome, priority


def emergency(a):
    if has_ticked(a, "red_flags", *SIGNS_FOR_911):
        return CALL_911
    if has_ticked(a, "red_flags", "fever", "not_sure"):
        return GET_HELP_TODAY
    return None


def has_a_doubt(a):
    return (
        not pain_is_at_least(5, a)
        or a.get("duration") in ("3m_12m", "gt12m", "not_sure")
        or (a.get("duration") == "lt2w" and not is_severe(a))
        or a.get("cancer") in ("other", "not_sure")
        or has_ticked(a, "safety", "infection", "pregnant", "allergy", "weight_night", "not_sure")
        or has_ticked(a, "red_flags", "long_known")
    )


def outcome(a):
    return emergency(a) or outcome_without_emergency(a)


def outcome_without_emergency(a):
    if clots_normally(a) == NOT_MET:
        return BLEEDING
    if not illness_possible(a):
        if bone(a) == NOT_MET or spine_fracture(a) == NOT_MET or (height(a) == NOT_MET and surely_not_severe(a)):
            return NO_MATCH
        looked_at = spine_fracture(a) == MET or not has_back_pain(a) or nothing_points_to_a_fracture(a)
        if looked_at and surely_not_severe(a) and other_care(a) == NOT_MET:
            return OTHER_CARE
    if any(verdict(a) != MET for verdict in CRITERIA.values()) or has_a_doubt(a):
        return REVIEW
    return LIKELY


def priority(a):
    """How soon to call, or None where there is no visit to call about."""
    found = outcome(a)
    return priority_of(found, a) if found in VISITS else None


def priority_of(found, a):
    if (
        a.get("cancer") in ("myeloma", "other")
        or has_ticked(a, "safety", "weight_night", "infection")
        or pain_is_at_least(8, a)
        or a.get("function") == "bed"
    ):
        return "P1"
    confirmed_and_not_mild = a.get("fracture") == "yes" and not pain_is_at_most(4, a)
    if found == LIKELY or confirmed_and_not_mild or has_ticked(a, "red_flags", "long_known"):
        return "P2"
    return "P3"


# -------------------------------------------------------------------------------------------------------------- Flags


def _is(question, *values):
    return lambda a: a.get(question) in values


def _ticked(question, box):
    return lambda a: has_ticked(a, question, box)


def _relief_contradicts(a):
    return (pain_is_at_least(5, a) or a.get("function") == "bed") and "enough" in treatment_results(a)


def _broke_without_an_accident(a):
    return a.get("fracture") == "yes" and tested_without_weak_bones(a) and a.get("cause") != "accident"


FLAGS = {
    "long_known_signs": _ticked("red_flags", "long_known"),
    "myeloma": _is("cancer", "myeloma"),
    "other_cancer": _is("cancer", "other"),
    "cancer_not_sure": _is("cancer", "not_sure"),
    "clotting_unknown": _is("clotting", "not_sure"),
    "clots_too_much": _is("clotting", "too_much"),
    "bleed_easily": _is("clotting", "bleed_easily"),
    "low_platelets": _is("clotting", "low_platelets"),
    "clotting_conflict": lambda a: a.get("clotting") == "yes" and a.get("blood_thinner") in ("yes", "not_sure"),
    "blood_thinner_yes": _is("blood_thinner", "yes"),
    "blood_thinner_not_sure": _is("blood_thinner", "not_sure"),
    "safety_weight_night": _ticked("safety", "weight_night"),
    "safety_infection": _ticked("safety", "infection"),
    "safety_pregnant": _ticked("safety", "pregnant"),
    "safety_allergy": _ticked("safety", "allergy"),
    "safety_steroids": _ticked("safety", "steroids"),
    "safety_not_sure": _ticked("safety", "not_sure"),
    "fracture_without_weak_bone": _broke_without_an_accident,
    "big_accident": _is("cause", "accident"),
    "height_not_lost": _is("height_loss", "no"),
    "shorter_or_stooped": _is("height_loss", "not_sure_shorter"),
    "nothing_tried": _ticked("tried", "none"),
    "cannot_use_conservative": _ticked("tried", "cannot"),
    "answers_conflict_relief_vs_pain": _relief_contradicts,
    "short_trial": lambda a: a.get("duration") == "lt2w" and not is_severe(a) and other_care(a) == MET,
    "low_pain": lambda a: has_back_pain(a) and pain_is_at_most(4, a),
    "long_duration": _is("duration", "3m_12m", "gt12m"),
    "place_tailbone": _is("place", "tailbone"),
    **{f"more_{box}": _ticked("more", box) for box in VISIT_OPTIONS["more"] if box not in ("none", "not_sure")},
}


def flags(a):
    """An emergency leaves nothing behind, so it raises none."""
    if emergency(a):
        return set()
    return {key for key, is_raised in FLAGS.items() if is_raised(a)}

"""Version 1.0 of the pathway, as it was: requests stored under it are read by it, and never answered by it again.

A record. Nothing here changes but to follow the words that pathways are written in.
"""

from collections.abc import Sequence

from ...questionnaire.assessment import Criterion, Flag, Note, Outcome, Priority, Rule
from ...questionnaire.conditions import ALWAYS, Answers, _, all_of, any_of
from ...questionnaire.definition import Pathway
from ...questionnaire.questions import Checkboxes, Choice, Option, Page, Scale

VERSION = "1.0"

PATIENT_PAGE = _("The health system's patient page on these treatments")

# ---------------------------------------------------------------------------------------------------- Questions

# Always first, so that no other page can be reached by somebody who needs help now.
RED_FLAGS = Checkboxes(
    key="red_flags",
    name=_("Warning signs"),
    text=_("Do you have any of these right now?"),
    hint=_("Check all that fit. With back pain, these can mean you need care right away."),
    why=_("Some warning signs need care today. An online form is too slow for them."),
    options=(
        Option("legs", _("New weakness in a leg, or numbness or tingling in both legs")),
        Option("saddle", _("Numbness around your private parts, bottom or inner thighs")),
        Option("bladder_bowel", _("New trouble peeing, or you cannot control your pee or poop")),
        Option(
            "trauma", _("Pain after a big accident in the last few days, like a car crash or a fall from a height")
        ),
        Option("chest", _("Chest pain, trouble breathing, or feeling like you may pass out")),
        Option("fever", _("Fever (100.4°F / 38°C or more) or shaking chills")),
        Option("none", _("None of these"), alone=True),
        Option("not_sure", _("I am not sure"), unsure=True),
    ),
)

PAIN = Scale(
    key="pain",
    name=_("Worst back pain in 7 days"),
    text=_("How bad was your back pain at its worst in the past 7 days?"),
    hint=_("0 is no pain. 5 is pain that makes it hard to focus or sleep. 10 is the worst pain you can think of."),
    why=_("These treatments are for painful fractures. Your number also helps us see who needs a call first."),
    lowest=0,
    highest=10,
    unsure=Option("not_sure", _("Not sure"), unsure=True),
)

OSTEOPOROSIS = Choice(
    key="osteoporosis",
    name=_("Osteoporosis"),
    text=_("Has a doctor told you that you have osteoporosis?"),
    hint=_(
        "Osteoporosis means weak bones that break easily. "
        "If you were told “osteopenia” or “thin bones”, pick “Not sure”."
    ),
    why=_("Osteoporosis is the most common cause of spine fractures."),
    options=(
        Option("yes", _("Yes")),
        # A mistaken "no" shuts the door, and most people with a first fracture were never tested.
        Option("no", _("No, I was tested and I do not have it")),
        Option("not_sure", _("Not sure, or never tested"), unsure=True),
    ),
)

CANCER = Choice(
    key="cancer",
    name=_("Myeloma or another cancer"),
    text=_("Have you ever had myeloma or another cancer?"),
    hint=_(
        "Myeloma is a blood cancer that can weaken bones. If you had both, pick myeloma. "
        "Do not count skin cancer, unless it was melanoma."
    ),
    why=_("Myeloma can cause spine fractures. Other cancers can too, and need a different check."),
    options=(
        Option("myeloma", _("Yes, myeloma")),
        Option("other", _("Yes, a different cancer")),
        Option("no", _("No")),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

FRACTURE = Choice(
    key="fracture",
    name=_("Compression fracture"),
    text=_("Do you have a compression fracture in your spine?"),
    hint=_(
        "This is a spine bone that has cracked or been crushed. "
        "It can come from a fall, from lifting, or even from a cough."
    ),
    why=_("These treatments are made for this kind of fracture."),
    options=(
        Option("yes", _("Yes, a doctor told me so")),
        Option("suspect", _("I think so, but no one has checked"), unsure=True),
        Option("no", _("No")),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

# The height of the bone, not of the body, which says little about it and is only noted for staff.
HEIGHT_LOSS = Choice(
    key="height_loss",
    name=_("Height of the bone"),
    text=_("Did that bone lose height?"),
    hint=_(
        "Doctors may say the bone “collapsed”, is “wedged” or “lost height”. "
        "Your X-ray or MRI report may say so. This is about the bone, not how tall you are."
    ),
    why=_("These treatments are for bones that have been squashed down."),
    options=(
        Option("yes", _("Yes, a doctor or report said so")),
        Option("no", _("No, a doctor or report said it has not")),
        Option("not_sure_shorter", _("Not sure, but I am shorter or more bent over than before"), unsure=True),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
    ask_if=FRACTURE.is_not("no"),
)

TRIED = Checkboxes(
    key="tried",
    name=_("Treatments tried"),
    text=_("What have you tried for this pain?"),
    hint=_("Check all that you have tried."),
    why=_("Doctors try these first. Many people get better with them."),
    options=(
        Option("brace", _("Back brace"), in_sentence=_("a back brace")),
        Option("muscle_relaxant", _("Muscle relaxer medicine"), in_sentence=_("muscle relaxer medicine")),
        Option(
            "pain_medicine",
            _("Pain medicine (from a store or a doctor)"),
            in_sentence=_("pain medicine"),
        ),
        Option("physical_therapy", _("Physical therapy"), in_sentence=_("physical therapy")),
        Option("rest", _("Rest, or doing less"), in_sentence=_("rest")),
        Option("none", _("None of these yet"), alone=True),
        Option(
            "cannot",
            _("I cannot use these (my doctor said no, or they made me sick)"),
            alone=True,
            unsure=True,
        ),
        Option("not_sure", _("Not sure"), alone=True, unsure=True),
    ),
    ask_if=PAIN.is_not("0"),
)

TREATMENTS = tuple(option for option in TRIED.options if not option.alone)

# Without this hint, people whose pain eases while they lie still, which is typical of this fracture, would say that
# rest has helped them and be sent away.
HINTS_ON_HELP = {"rest": _("If the pain comes back when you move, pick “A little”.")}

NAMES_OF_HELP = {
    "brace": _("Help from the back brace"),
    "muscle_relaxant": _("Help from the muscle relaxer"),
    "pain_medicine": _("Help from the pain medicine"),
    "physical_therapy": _("Help from the physical therapy"),
    "rest": _("Help from the rest"),
}

HELPED = {
    treatment: Choice(
        key=f"helped_{treatment.value}",
        name=NAMES_OF_HELP[treatment.value],
        text=treatment.label,
        hint=HINTS_ON_HELP.get(treatment.value, ""),
        options=(
            Option("enough", _("Yes, I can do my daily tasks")),
            Option("little", _("A little, or not for long")),
            Option("no", _("No")),
            Option("not_sure", _("Not sure yet"), unsure=True),
        ),
        ask_if=PAIN.is_not("0") & TRIED.includes(treatment.value),
    )
    for treatment in TREATMENTS
}

# "Too much" stands apart, because the reason for the question is bleeding.
CLOTTING = Choice(
    key="clotting",
    name=_("Bleeding or clotting disorder"),
    text=_("Do you have a bleeding or blood clotting disorder?"),
    hint=_(
        "Examples are hemophilia and von Willebrand disease. Taking a blood thinner does not count here. "
        "If your platelets are low, pick “Not sure”."
    ),
    why=_("The treatment uses a needle near the spine. Bleeding there can be serious."),
    options=(
        Option("yes", _("Yes, I bleed too easily")),
        Option("no", _("No")),
        Option("too_much", _("My blood clots too much (like DVT or factor V Leiden)")),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

BLOOD_THINNER = Choice(
    key="blood_thinner",
    name=_("Blood thinner"),
    text=_("Do you take a blood thinner?"),
    hint=_(
        "Examples: warfarin, Eliquis, Xarelto, Plavix, heparin shots, or aspirin each day. "
        "Do not stop it on your own."
    ),
    why=_("This does not rule you out. The team needs to plan for it."),
    options=(
        Option("yes", _("Yes")),
        Option("no", _("No")),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

SAFETY = Checkboxes(
    key="safety",
    name=_("Infection, pregnancy, allergy"),
    text=_("Do any of these fit you?"),
    hint=_("Check all that fit."),
    why=_("These do not rule you out. They can change when or how care is given."),
    options=(
        Option("infection", _("I have an infection now, or I take antibiotics now")),
        Option("pregnant", _("I am pregnant, or I might be")),
        Option("allergy", _("I had a bad reaction to bone cement or X-ray dye")),
        Option("none", _("None of these"), alone=True),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

# Asked after the result, and only of people who ask for a visit.

DURATION = Choice(
    key="duration",
    name=_("How long in pain"),
    text=_("How long have you had this pain?"),
    hint=_("Your best guess is fine."),
    why=_("Newer fractures are often seen sooner."),
    options=(
        Option("lt2w", _("Less than 2 weeks")),
        Option("2w_6w", _("2 to 6 weeks")),
        Option("6w_3m", _("6 weeks to 3 months")),
        Option("3m_12m", _("3 to 12 months")),
        Option("gt12m", _("More than a year")),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

IMAGING = Checkboxes(
    key="imaging",
    name=_("Pictures of the spine"),
    text=_("Have you had pictures of your spine taken for this pain?"),
    hint=_("Check all that fit. You do not need to send them now."),
    why=_("Staff can ask for your pictures before the visit."),
    options=(
        Option("xray", _("X-ray")),
        Option("ct", _("CT scan")),
        Option("mri", _("MRI")),
        Option("bone_scan", _("Bone scan")),
        Option("none", _("No"), alone=True),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

FUNCTION = Choice(
    key="function",
    name=_("Getting around"),
    text=_("With this pain, how do you get around?"),
    hint=_("Pick the one that fits most days this week."),
    why=_("People who cannot get up need a faster call."),
    options=(
        Option("by_self", _("I walk by myself")),
        Option("with_help", _("I need help or a walker because of the pain")),
        Option("bed", _("I stay in bed or a chair most of the day")),
        Option("not_say", _("I would rather not say"), unsure=True),
    ),
)

# -------------------------------------------------------------------------------------------------------- Terms

# On the scale of pain. The second, despite good care, is a threshold of Medicare's local coverage decisions (L38201
# and others).
SEVERE, STRONG = 8, 5

CANCER_EVER = CANCER.is_("myeloma", "other")
NO_PAIN = PAIN.is_("0").called(_("there was no pain in the past 7 days"))
SEVERE_PAIN = PAIN.is_at_least(SEVERE).called(_("the pain is {number} or more"), number=SEVERE)

HELPS_ENOUGH = any_of(
    *(TRIED.includes(treatment.value) & helped.is_("enough") for treatment, helped in HELPED.items())
).called(_("a treatment that was tried helps enough for daily tasks"))
SEVERAL_HELP_ENOUGH = any_of(
    *(
        HELPED[first].is_("enough") & HELPED[second].is_("enough")
        for position, first in enumerate(TREATMENTS)
        for second in TREATMENTS[position + 1 :]
    )
).called(_("two or more treatments help enough for daily tasks"))
NONE_HELPS_ENOUGH = all_of(
    *(~TRIED.includes(treatment.value) | helped.is_not("enough") for treatment, helped in HELPED.items())
).called(_("no treatment that was tried is said to help enough for daily tasks"))
SOMETHING_FAILED = any_of(
    *(TRIED.includes(treatment.value) & helped.is_("little", "no") for treatment, helped in HELPED.items())
).called(_("a treatment that was tried helps only a little, not for long, or not at all"))
RELIEF_CONTRADICTS_PAIN = (HELPS_ENOUGH & PAIN.is_at_least(STRONG)).called(
    _("a treatment is said to help enough, yet the pain is {number} or more"), number=STRONG
)
SAFETY_CONCERN = SAFETY.includes("infection", "pregnant", "allergy", "not_sure").called(
    _("an infection, a pregnancy, an allergy to cement or X-ray dye, or not being sure of these")
)

# ----------------------------------------------------------------------------------------------------- Criteria


def treatments_tried(answers: Answers) -> Sequence[str]:
    return [option.in_sentence for option in TRIED.chosen(answers)]


def treatments_that_help(answers: Answers) -> Sequence[str]:
    return [
        option.in_sentence
        for option in TRIED.chosen(answers)
        if option in HELPED and HELPED[option].is_("enough").holds(answers)
    ]


def pain_number(answers: Answers) -> Sequence[str]:
    return [option.label for option in PAIN.chosen(answers)]


BONE = Criterion(
    key="bone",
    title=_("Weak-bone condition"),
    source=PATIENT_PAGE,
    met_when=OSTEOPOROSIS.is_("yes") | CANCER.is_("myeloma"),
    # Another cancer can weaken the spine too, so it leaves this open.
    not_met_when=OSTEOPOROSIS.is_("no") & CANCER.is_("no"),
    if_met=(Note(_("You told us you have osteoporosis or myeloma.")),),
    if_not_met=(Note(_("You told us you have neither.")),),
    if_unknown=(
        Note(_("You had another cancer. A specialist needs to look at this."), CANCER.is_("other")),
        Note(_("Not known yet. A bone density scan or blood test can show this.")),
    ),
)

SPINE_FRACTURE = Criterion(
    key="fracture",
    title=_("Spine fracture"),
    source=PATIENT_PAGE,
    met_when=FRACTURE.is_("yes"),
    not_met_when=FRACTURE.is_("no"),
    if_met=(Note(_("A doctor told you that you have one.")),),
    if_not_met=(Note(_("You told us you do not have one.")),),
    if_unknown=(Note(_("You may have one. An X-ray or MRI is needed to know.")),),
)

HEIGHT = Criterion(
    key="height",
    title=_("Bone lost height"),
    source=PATIENT_PAGE,
    met_when=FRACTURE.is_not("no") & HEIGHT_LOSS.is_("yes"),
    not_met_when=FRACTURE.is_("no") | HEIGHT_LOSS.is_("no"),
    if_met=(Note(_("A doctor or report said so.")),),
    if_not_met=(
        Note(_("Not asked: no fracture."), FRACTURE.is_("no")),
        Note(_("A doctor or report said it has not.")),
    ),
    if_unknown=(Note(_("Not known yet. A scan can show this.")),),
)

CARE = Criterion(
    key="conservative",
    title=_("Other care has not been enough"),
    source=PATIENT_PAGE,
    # One treatment is enough: the source says that care "can include" the five.
    met_when=all_of(PAIN.is_not("0"), SOMETHING_FAILED, NONE_HELPS_ENOUGH),
    not_met_when=any_of(
        NO_PAIN,
        TRIED.includes("none"),
        HELPS_ENOUGH & (PAIN.is_at_most(STRONG - 1) | PAIN.is_("not_sure")),
    ),
    if_met=(Note(_("You tried {list}. It has not been enough."), fill={"list": treatments_tried}),),
    if_not_met=(
        Note(_("No pain now."), NO_PAIN),
        Note(_("Nothing tried yet."), TRIED.includes("none")),
        Note(_("Other care is helping.")),
    ),
    if_unknown=(
        Note(
            _("You said {x} help. But your pain is {n} of 10."),
            RELIEF_CONTRADICTS_PAIN & SEVERAL_HELP_ENOUGH,
            {"x": treatments_that_help, "n": pain_number},
        ),
        Note(
            _("You said {x} helps. But your pain is {n} of 10."),
            RELIEF_CONTRADICTS_PAIN,
            {"x": treatments_that_help, "n": pain_number},
        ),
        Note(_("We need to ask you more about this.")),
    ),
)

CLOTS_NORMALLY = Criterion(
    key="clotting",
    title=_("Blood clots normally"),
    source=PATIENT_PAGE,
    met_when=CLOTTING.is_("no"),
    not_met_when=CLOTTING.is_("yes"),
    if_met=(Note(_("You told us you have no such disorder.")),),
    if_not_met=(Note(_("You bleed too easily. This makes the treatment risky.")),),
    if_unknown=(Note(_("Your blood clotting needs a check first.")),),
)

CRITERIA = (BONE, SPINE_FRACTURE, HEIGHT, CARE, CLOTS_NORMALLY)

# The source itself invites people with back pain and a weak-bone condition who suspect a fracture: finding out comes
# before "try other care first".
INVITED_TO_FIND_OUT = (SPINE_FRACTURE.is_unknown & BONE.is_met & PAIN.is_not("0")).called(
    _("there is back pain, a weak-bone condition, and a fracture that no doctor has confirmed or ruled out")
)

# ----------------------------------------------------------------------------------------------------- Outcomes

# Said with a visit request as without one, because they cannot wait for the visit.
ADVICE = (
    Note(_("Do not stop your blood thinner unless your doctor tells you to."), BLOOD_THINNER.is_("yes")),
    Note(
        _("Tell your doctor about the infection. It is treated before any spine procedure."),
        SAFETY.includes("infection"),
    ),
)

ADVICE_WITHOUT_VISIT = (
    Note(
        _("Because you have had cancer, tell your cancer doctor about this back pain this week."),
        CANCER_EVER,
    ),
    Note(_("Your pain is severe. Call your own doctor today or tomorrow."), SEVERE_PAIN),
    *ADVICE,
)

EMERGENCY_911 = Outcome(
    key="emergency_911",
    headings=(Note(_("Get medical help now")),),
    meaning=(
        Note(
            _(
                "You checked something that can be serious with back pain. Call {emergency} or go to the "
                "nearest emergency room now. Do not drive yourself. Do not wait for a call from us."
            )
        ),
    ),
)

EMERGENCY_TODAY = Outcome(
    key="emergency_today",
    headings=(Note(_("Talk to a doctor or nurse today")),),
    meaning=(
        Note(
            _(
                "Call your doctor or a nurse line, or go to urgent care, today. If you feel much worse or "
                "confused, or get leg weakness or numbness, call {emergency}. You can come back to this "
                "check after you have been seen."
            )
        ),
    ),
    notes=(
        Note(_("Fever with back pain can be a sign of infection."), RED_FLAGS.includes("fever")),
        Note(
            _("You were not sure about a warning sign. A nurse can help you decide."),
            RED_FLAGS.includes("not_sure"),
        ),
    ),
)

NOT_CANDIDATE_BLEEDING = Outcome(
    key="not_candidate_bleeding",
    headings=(Note(_("This treatment is usually not used with a bleeding disorder")),),
    meaning=(Note(_("A needle goes into the spine, and bleeding there can be serious.")),),
    notes=ADVICE_WITHOUT_VISIT,
    next_step=(
        Note(
            _(
                "There are other ways to treat pain. Please talk with your doctor or your blood specialist. "
                "If they think you should still see a spine specialist, they can call us."
            )
        ),
    ),
)

NOT_MATCHING = Outcome(
    key="not_matching",
    headings=(Note(_("This treatment does not match your answers")),),
    meaning=(
        Note(_("There may be other ways to help your back."), NO_PAIN),
        Note(_("Your pain is real and there may be other ways to treat it.")),
    ),
    notes=(
        Note(
            _(
                "You told us you do not have osteoporosis or myeloma. But a spine fracture without a big "
                "accident can be the first sign of weak bones. If you have one, ask your doctor about a bone "
                "density test."
            ),
            BONE.is_not_met,
        ),
        Note(
            _(
                "You told us you do not have a spine fracture. "
                "If no one has checked, change that answer to “Not sure”."
            ),
            SPINE_FRACTURE.is_not_met,
        ),
        Note(
            _(
                "A doctor or report said the bone has not lost height. Bones can change: if the pain gets "
                "worse or you get more bent over, ask to be checked again."
            ),
            HEIGHT_LOSS.is_("no"),
        ),
        *ADVICE_WITHOUT_VISIT,
    ),
    next_step=(Note(_("Please talk with your doctor.")),),
)

CONSERVATIVE_FIRST = Outcome(
    key="conservative_first",
    headings=(Note(_("Other care usually comes first")),),
    meaning=(
        Note(
            _(
                "This treatment is for fractures that hurt, and you have no pain now. "
                "Still ask your doctor how to keep your bones strong."
            ),
            NO_PAIN,
        ),
        Note(
            _(
                "Most people with this kind of fracture slowly feel better over 2 to 12 weeks with other "
                "care. It can be pain medicine, a brace, physical therapy and rest. "
                "Ask your doctor which are safe for you."
            ),
            TRIED.includes("none"),
        ),
        Note(_("Good news: what you are doing seems to help. Keep in touch with your doctor.")),
    ),
    notes=ADVICE_WITHOUT_VISIT,
    next_step=(
        Note(
            _(
                "Come back or call us if the pain gets worse or other care stops helping. "
                "Do so too if you get shorter or more bent over."
            )
        ),
    ),
)

SPECIALIST_REVIEW = Outcome(
    key="specialist_review",
    headings=(Note(_("A specialist needs to check a few things first")),),
    meaning=(
        Note(
            _(
                "You may have a fracture that no one has checked. Finding out comes first. "
                "Other care is usually tried before this treatment."
            ),
            CARE.is_not_met,
        ),
        Note(
            _(
                "Nothing you told us rules this treatment out, but some points are not known yet. "
                "That is very common. You can ask for a visit and we will help find out."
            )
        ),
    ),
    notes=ADVICE,
    next_step=(Note(_("Ask for a visit. If you can, bring any scan reports and a list of your medicines.")),),
    offers_visit=True,
)

LIKELY_CANDIDATE = Outcome(
    key="likely_candidate",
    headings=(Note(_("You may be a candidate")),),
    meaning=(
        Note(
            _(
                "Your answers fit all five points that doctors often use. This does not mean you need this "
                "treatment or will get it. A spine specialist must examine you and look at your scans first."
            )
        ),
    ),
    notes=ADVICE,
    next_step=(Note(_("Ask for a visit. Someone will call you as soon as possible.")),),
    offers_visit=True,
)

# -------------------------------------------------------------------------------------------------------- Flags

ASK_NURSE_CLOTTING = _(
    "Ask a nurse before booking. The procedure counts as one with a high risk of bleeding: clotting and platelets "
    "are checked first. Never tell a patient to stop a medicine."
)

FLAGS = (
    Flag(
        "myeloma",
        _("Myeloma"),
        _("Ask who treats the myeloma, so that the two teams can plan together."),
        CANCER.is_("myeloma"),
    ),
    Flag(
        "other_cancer",
        _("Another cancer"),
        _("Ask a nurse which specialist should look at the spine first."),
        CANCER.is_("other"),
    ),
    Flag("clotting_unknown", _("Blood clotting not known"), ASK_NURSE_CLOTTING, CLOTTING.is_("not_sure")),
    Flag("clots_too_much", _("Blood clots too much"), ASK_NURSE_CLOTTING, CLOTTING.is_("too_much")),
    Flag("blood_thinner_yes", _("Takes a blood thinner"), ASK_NURSE_CLOTTING, BLOOD_THINNER.is_("yes")),
    Flag(
        "blood_thinner_not_sure",
        _("May take a blood thinner"),
        _("Ask for a list of all medicines, then ask a nurse before booking."),
        BLOOD_THINNER.is_("not_sure"),
    ),
    Flag(
        "safety_infection",
        _("Infection or antibiotics now"),
        _("Ask a nurse when to book: an infection is treated before any spine procedure."),
        SAFETY.includes("infection"),
    ),
    Flag(
        "safety_pregnant",
        _("Pregnant, or may be"),
        _("Ask a nurse before booking and before any X-ray is ordered."),
        SAFETY.includes("pregnant"),
    ),
    Flag(
        "safety_allergy",
        _("Reaction to bone cement or X-ray dye"),
        _("Ask what happened and to which of the two, then ask a nurse."),
        SAFETY.includes("allergy"),
    ),
    Flag(
        "safety_not_sure",
        _("Not sure about infection, pregnancy or allergy"),
        _("Go through the three with the patient, then ask a nurse."),
        SAFETY.includes("not_sure"),
    ),
    Flag(
        "cannot_use_conservative",
        _("Cannot use the usual treatments"),
        _("Ask which treatments, and why; tell a nurse."),
        TRIED.includes("cannot"),
    ),
    Flag(
        "answers_conflict_relief_vs_pain",
        _("Says a treatment helps enough, but the pain is {number} or more"),
        _("Ask again how the pain is with and without the treatment."),
        RELIEF_CONTRADICTS_PAIN,
        {"number": STRONG},
    ),
    Flag(
        "shorter_or_stooped",
        _("Shorter or more bent over than before"),
        _("Ask for scan reports that speak of the height of the bone."),
        HEIGHT_LOSS.is_("not_sure_shorter"),
    ),
)

# ------------------------------------------------------------------------------------------------------ Pathway

PATHWAY = Pathway(
    key="vertebral_cement",
    version=VERSION,
    name="Kyphoplasty or vertebroplasty",
    title=_("Could cement treatment for a spine fracture fit you?"),
    points=_("The five points"),
    summary=_("Spine treatment check"),
    call_now=_(
        "if you get new leg weakness, unsteady legs, or numbness between your legs. "
        "Call too for new trouble with pee or poop, chest pain, or trouble breathing."
    ),
    call_today=_("if you get a fever."),
    pages=(
        Page.of(RED_FLAGS),
        Page.of(PAIN),
        Page.of(OSTEOPOROSIS),
        Page.of(CANCER),
        Page.of(FRACTURE),
        Page.of(HEIGHT_LOSS),
        Page.of(TRIED),
        Page(
            tuple(HELPED.values()),
            key="helped",
            text=_("Did it help enough?"),
            why=_("The guide asks if other care has worked for you."),
        ),
        Page.of(CLOTTING),
        Page.of(BLOOD_THINNER),
        Page.of(SAFETY),
    ),
    stops=(
        Rule(RED_FLAGS.includes("legs", "saddle", "bladder_bowel", "trauma", "chest"), EMERGENCY_911),
        Rule(RED_FLAGS.includes("fever", "not_sure"), EMERGENCY_TODAY),
    ),
    criteria=CRITERIA,
    # A bleeding disorder beats all; then a definite "no" beats "not sure"; then "not sure" goes to a person; only
    # five clean answers remain.
    rules=(
        Rule(CLOTS_NORMALLY.is_not_met, NOT_CANDIDATE_BLEEDING),
        Rule(any_of(BONE.is_not_met, SPINE_FRACTURE.is_not_met, HEIGHT.is_not_met), NOT_MATCHING),
        Rule(CARE.is_not_met & ~INVITED_TO_FIND_OUT, CONSERVATIVE_FIRST),
        Rule(
            any_of(*(criterion.is_unknown for criterion in CRITERIA), SAFETY_CONCERN),
            SPECIALIST_REVIEW,
        ),
        Rule(ALWAYS, LIKELY_CANDIDATE),
    ),
    terms=(
        NO_PAIN,
        SEVERE_PAIN,
        HELPS_ENOUGH,
        SEVERAL_HELP_ENOUGH,
        NONE_HELPS_ENOUGH,
        SOMETHING_FAILED,
        RELIEF_CONTRADICTS_PAIN,
        INVITED_TO_FIND_OUT,
        SAFETY_CONCERN,
    ),
    visit_questions=(DURATION, IMAGING, FUNCTION),
    flags=FLAGS,
    priorities=(
        Priority("P1", 1, CANCER_EVER | SEVERE_PAIN | FUNCTION.is_("bed")),
        Priority("P2", 3, PAIN.is_at_least(STRONG), outcomes=(LIKELY_CANDIDATE,)),
        Priority("P3", 7, ALWAYS),
    ),
    sooner_within_priority=DURATION.is_("lt2w", "2w_6w", "6w_3m"),
)

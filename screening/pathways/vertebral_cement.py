"""The pathway: every question we ask, every criterion, outcome, flag and priority, and every sentence of them.

Needs the signature of a licensed spine clinician, see sign_off.py. A change of meaning or wording here changes what
was signed: raise the version, and approve the new description (`make approve`).

The rule is that of a health system's patient page on the two treatments: osteoporosis or myeloma, a compression
fracture, lost height, other care tried without success, no bleeding disorder. What that page leaves open is decided
for the patient to be seen by a person. Where a sentence of the source gave the reason, `sources` say so.
"""

import datetime
from collections.abc import Sequence

from ..questionnaire.assessment import Advice, Criterion, Emergency, Flag, Note, Outcome, Paragraph, Priority, Rule
from ..questionnaire.conditions import ALWAYS, Answer, Answers, _, all_of, any_of
from ..questionnaire.definition import Change, Pathway, Situation
from ..questionnaire.questions import Checkboxes, Choice, Group, Menu, Option, Page, Scale, Text, Year

VERSION = "2.0"

PATIENT_PAGE = _("The health system's patient page on these treatments")
# The numbers are Medicare's; what each says is in docs/clinic.md.
MEDICARE = _("Medicare local coverage decisions L38201, L34228, L33569, L38737 and L34976")
NASS = _("NASS appropriate use criteria for osteoporotic vertebral fractures")
NICE_2013 = _("NICE TA279, 2013")
NICE_2023 = _("NICE NG234, 2023, and CG75 before it")
NHANES = _("NHANES study of spine fractures, PMC7422504")
NBHA = _("National Bone Health Alliance, 2014")
SIR_BLEEDING = _("Society of Interventional Radiology, 2019, risk of bleeding")
SIR_CARE = _("Society of Interventional Radiology, when other care has failed")
RAND = _("RAND/UCLA panel, 2018")
IMWG = _("International Myeloma Working Group, 2010 and 2019")
RED_FLAG_REVIEW = _("Review of red flags in 16 guidelines, Verhagen, 2016")
INFECTION_SERIES = _("Case series of spine infections: about half have no fever")
NOT_UNSURE = _("45 CFR 92.210: an answer that is not known never counts against anybody")
DECIDED_HERE = _("Decided for this check, to be confirmed by the clinician who signs it")

# ---------------------------------------------------------------------------------------------------- Questions

# Always first, so that no other page can be reached by somebody who needs help now.
RED_FLAGS = Checkboxes(
    key="red_flags",
    name=_("Warning signs"),
    text=_("Do you have any of these signs, new or getting worse?"),
    hint=_(
        "Check all that started or got worse in the last days or weeks. "
        "With back pain, they can need care right away."
    ),
    why=_("Some warning signs need care today. An online form is too slow for them."),
    options=(
        Option(
            "legs",
            _("A leg that became weak, heavy or unsteady, or new numbness or tingling in both legs"),
        ),
        Option("saddle", _("New numbness around your private parts, bottom or inner thighs")),
        Option(
            "bladder_bowel",
            _("New trouble peeing, or you can no longer hold your pee or poop as you did before"),
        ),
        Option(
            "trauma",
            _("Pain after a big accident in the last few days, like a car crash or a fall from a height"),
        ),
        Option(
            "chest",
            _("New chest pain, breathing much harder than usual for you, or feeling like you may pass out"),
        ),
        # Not "sudden pain": a fracture is sudden pain too. This is the main artery.
        Option("tearing", _("Sudden pain in your back or belly that feels like something is tearing")),
        Option("fever", _("Fever now (100.4°F / 38°C or more) or shaking chills")),
        # Many older people have leaked urine or had numb feet for years, and a call to 911 is a dead end for them.
        Option(
            "long_known",
            _("I have had some of these for a long time. A doctor has checked them, and they are not getting worse."),
            alone=True,
            not_with_others=_(
                "You checked a sign and also that you have had it for a long time. "
                "If it is new or getting worse, call {emergency} now, or check only the sign."
            ),
        ),
        Option(
            "none",
            _("None of these"),
            alone=True,
            not_with_others=_(
                "If a sign you checked is right, call {emergency} now. If none is right, check only “None of these”."
            ),
        ),
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
    ask_if=PAIN.is_not("0"),
)

# Asked on one page. The line between weak and healthy bone is the source's: a fall from more than standing height.
DURATION = Choice(
    key="duration",
    name=_("How long in pain"),
    text=_("How long have you had this pain?"),
    hint=_("Your best guess is fine. If an old pain suddenly got much worse, count from that day."),
    options=(
        Option("lt2w", _("Less than 2 weeks")),
        Option("2w_6w", _("2 to 6 weeks")),
        Option("6w_3m", _("6 weeks to 3 months")),
        Option("3m_12m", _("3 to 12 months")),
        Option("gt12m", _("More than a year")),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
    ask_if=PAIN.is_not("0"),
)

CAUSE = Choice(
    key="cause",
    name=_("How it began"),
    text=_("How did this pain start?"),
    hint=_("Pick the one that fits best."),
    options=(
        Option("nothing", _("Nothing special happened")),
        Option("strain", _("I lifted something, bent over, coughed or sneezed")),
        Option("fall", _("I fell while standing or walking, on a few steps, or from a chair or bed")),
        Option("accident", _("A big accident, like a car crash, or a fall from a height")),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
    ask_if=PAIN.is_not("0"),
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
        "It can come from a fall, from lifting, or even from a cough. "
        "A scan here means an X-ray, CT or MRI."
    ),
    why=_("These treatments are made for this kind of fracture."),
    options=(
        Option("yes", _("Yes, a doctor told me so")),
        Option("suspect", _("I think so, but no one has checked"), unsure=True),
        # Only 8 in 100 with such a fracture on a scan know of it, so a "no" without a scan says nothing.
        Option("no", _("No, a scan showed no fracture")),
        Option("not_sure", _("Not sure, or no scan was done"), unsure=True),
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
        # Not unsure, or the failures that are ticked beside it would never count.
        Option("cannot", _("Some of these I cannot use (my doctor said no, or they made me sick)")),
        Option("not_sure", _("Not sure"), alone=True, unsure=True),
    ),
    ask_if=PAIN.is_not("0"),
)

TREATMENTS = tuple(option for option in TRIED.options if option.in_sentence)

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

# "Yes" means diagnosed: people on a blood thinner say that they bleed easily. "Too much" stands apart, because the
# reason for the question is bleeding.
CLOTTING = Choice(
    key="clotting",
    name=_("Bleeding or clotting disorder"),
    text=_("Do you have a bleeding or blood clotting disorder?"),
    hint=_("Examples are hemophilia and von Willebrand disease. Bruises from a blood thinner do not count."),
    why=_("The treatment uses a needle near the spine. Bleeding there can be serious."),
    options=(
        Option("yes", _("Yes, a doctor told me I have one, like hemophilia")),
        Option("bleed_easily", _("I bruise or bleed easily, but no disorder was found"), unsure=True),
        Option("low_platelets", _("My platelets are low"), unsure=True),
        Option("no", _("No")),
        Option("too_much", _("My blood clots too much (like DVT or factor V Leiden)")),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

SAFETY = Checkboxes(
    key="safety",
    name=_("Other things to know"),
    text=_("Do you have any of these?"),
    hint=_("Check every one you have."),
    why=_("These do not rule you out. They can change when or how care is given."),
    options=(
        Option(
            "weight_night",
            _("I am losing weight without trying, or pain wakes me at night even when I lie still"),
        ),
        Option("infection", _("I have an infection now, or I take antibiotics now")),
        Option("pregnant", _("I am pregnant, or I might be")),
        Option("allergy", _("I had a bad reaction to bone cement or X-ray dye")),
        Option("steroids", _("I have taken steroid pills, like prednisone, for 3 months or more")),
        Option("none", _("None of these"), alone=True),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

# Asked after the result, and only of people who ask for a visit. They decide nothing.

IMAGING = Checkboxes(
    key="imaging",
    name=_("Pictures of the spine"),
    text=_("Have you had pictures of your spine taken for this pain?"),
    hint=_("Check every one you have had. You do not need to send them now."),
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

PICTURE_TAKEN = IMAGING.includes("xray", "ct", "mri", "bone_scan")

IMAGING_MONTH = Menu(
    key="imaging_month",
    name=_("Month of the newest picture"),
    text=_("When was the newest one taken? Month and year are enough."),
    options=(
        Option("1", _("January")),
        Option("2", _("February")),
        Option("3", _("March")),
        Option("4", _("April")),
        Option("5", _("May")),
        Option("6", _("June")),
        Option("7", _("July")),
        Option("8", _("August")),
        Option("9", _("September")),
        Option("10", _("October")),
        Option("11", _("November")),
        Option("12", _("December")),
    ),
    ask_if=PICTURE_TAKEN,
    optional=True,
)

IMAGING_YEAR = Year(
    key="imaging_year",
    name=_("Year of the newest picture"),
    text=_("Year, for example 2026"),
    earliest=1950,
    ask_if=PICTURE_TAKEN,
    optional=True,
)

IMAGING_WHERE = Text(
    key="imaging_where",
    name=_("Where the newest picture was taken"),
    text=_("Where was it taken? For example, the name of the hospital."),
    longest=80,
    ask_if=PICTURE_TAKEN,
    optional=True,
)

PLACE = Choice(
    key="place",
    name=_("Where it hurts"),
    text=_("Where is the pain?"),
    options=(
        Option("shoulders", _("Between the shoulders")),
        Option("middle", _("Middle of the back")),
        Option("low", _("Low back")),
        Option("tailbone", _("Tailbone or buttocks")),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

MORE = Checkboxes(
    key="more",
    name=_("More to plan for"),
    text=_("Do any of these fit you? They help us plan. They do not change your result."),
    why=_("Staff can ask for your pictures and plan a safe visit."),
    options=(
        Option("fractures", _("I have more than one spine fracture")),
        Option("cement", _("I had cement put in a spine bone before")),
        Option("leg_pain", _("Pain shoots from my back into a leg")),
        Option("canal", _("A report speaks of the canal, the cord, or bone pushed back")),
        Option("kidney", _("Kidney disease, or dialysis")),
        Option("implant", _("A pacemaker or another implant")),
        Option("heart_lung", _("Heart or lung disease, or sleep apnea")),
        Option("stomach", _("I cannot lie on my stomach")),
        Option("bone_medicine", _("I take medicine for weak bones")),
        Option("none", _("None of these"), alone=True),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

# -------------------------------------------------------------------------------------------------------- Terms

# On the scale of pain: what hospitals admit for, and what lasts despite good care.
SEVERE, STRONG = 8, 5
MILD = [str(number) for number in range(1, STRONG)]

CANCER_EVER = CANCER.is_("myeloma", "other")
NO_PAIN = PAIN.is_("0").called(_("no pain"))
BACK_PAIN = PAIN.is_not("0").called(_("back pain"))
LOW_PAIN = PAIN.is_(*MILD).called(_("pain of 1 to {number}"), number=STRONG - 1, sources=(NASS, MEDICARE))
PAIN_NOT_SURE = PAIN.is_("not_sure")
SEVERE_PAIN = PAIN.is_at_least(SEVERE).called(_("pain of {number} or more"), number=SEVERE, sources=(MEDICARE,))
IN_BED = FUNCTION.is_("bed")
SEVERELY_AFFECTED = (SEVERE_PAIN | IN_BED).called(
    _("severe"),
    number=SEVERE,
    sources=(MEDICARE, SIR_CARE),
)
# About the answers: somebody who would rather not say is not known to be in bed, and not known to be up.
NOT_KNOWN_TO_BE_SEVERE = (PAIN.is_not(*(str(n) for n in range(SEVERE, 11))) & FUNCTION.is_not("bed")).called(
    _("not known to be severe")
)
SURELY_NOT_SEVERE = (NO_PAIN | (PAIN.is_at_most(SEVERE - 1) & FUNCTION.is_("by_self", "with_help"))).called(
    _("surely not severe"), sources=(NOT_UNSURE,)
)
ILLNESS_POSSIBLE = (BACK_PAIN & (CANCER.is_not("no") | SAFETY.includes("weight_night", "not_sure"))).called(
    _("an illness is possible"),
    sources=(NICE_2023, RED_FLAG_REVIEW),
)
OLD_PAIN = DURATION.is_("3m_12m", "gt12m").called(_("pain for more than 3 months"), sources=(NASS, MEDICARE))
CLOTTING_CONFLICT = (CLOTTING.is_("yes") & BLOOD_THINNER.is_("yes", "not_sure")).called(
    _("a blood thinner may be the reason"), sources=(SIR_BLEEDING,)
)

HELP = Group(_("Help from what was tried"), tuple(HELPED.values()))
HELPS_ENOUGH = HELP.any_is("enough").called(_("a treatment helps enough"))
SEVERAL_HELP_ENOUGH = HELP.several_are("enough").called(_("several treatments help enough"))
NONE_HELPS_ENOUGH = HELP.none_is("enough").called(_("no treatment helps enough"))
SOMETHING_FAILED = HELP.any_is("little", "no").called(_("a treatment failed"))
RELIEF_CONTRADICTS_PAIN = (HELPS_ENOUGH & PAIN.is_at_least(STRONG)).called(
    _("a treatment helps enough, yet the pain is {number} or more"), number=STRONG, sources=(MEDICARE,)
)
RELIEF_CONTRADICTS_BED = (HELPS_ENOUGH & IN_BED).called(_("a treatment helps enough, yet in bed"))
BROKE_WITHOUT_ACCIDENT = all_of(
    FRACTURE.is_("yes"), OSTEOPOROSIS.is_("no"), CANCER.is_("no"), NO_PAIN | CAUSE.is_not("accident")
).called(_("it broke without a big accident"), sources=(NBHA, NHANES))

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
    # A good bone test does not rule out weak bones where one broke without a big accident, nor after steroids.
    not_met_when=all_of(
        OSTEOPOROSIS.is_("no"),
        CANCER.is_("no"),
        ~SAFETY.includes("steroids", "not_sure"),
        ~(FRACTURE.is_("yes") & CAUSE.is_not("accident")),
    ),
    if_met=(Note(_("You told us you have osteoporosis or myeloma.")),),
    if_not_met=(Note(_("You told us you have neither.")),),
    if_unknown=(
        Note(_("You had another cancer. A specialist needs to look at this."), CANCER.is_("other")),
        Note(_("Steroid pills can make bones weak, even if a bone test was good."), SAFETY.includes("steroids")),
        Note(
            _("Your bone test was good. But a bone that breaks without a big accident may be weak."),
            BROKE_WITHOUT_ACCIDENT,
        ),
        Note(
            _("Your bone test was good. If you do have a fracture, your bones may still be weak."),
            all_of(OSTEOPOROSIS.is_("no"), CANCER.is_("no"), FRACTURE.is_("suspect", "not_sure")),
        ),
        Note(
            _("Not known yet. We need to ask about steroid pills."),
            OSTEOPOROSIS.is_("no") & CANCER.is_("no"),
        ),
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
    if_not_met=(Note(_("You told us that a scan showed none.")),),
    if_unknown=(Note(_("You may have one. An X-ray or MRI is needed to know.")),),
)

HEIGHT = Criterion(
    key="height",
    title=_("Bone lost height"),
    source=PATIENT_PAGE,
    met_when=FRACTURE.is_not("no") & HEIGHT_LOSS.is_("yes"),
    not_met_when=FRACTURE.is_("no") | HEIGHT_LOSS.is_("no"),
    not_asked_when=FRACTURE.is_("no"),
    if_met=(Note(_("A doctor or report said so.")),),
    if_not_met=(
        Note(_("We did not ask: you said there is no fracture."), FRACTURE.is_("no")),
        Note(_("A doctor or report said it has not.")),
    ),
    if_unknown=(Note(_("Not known yet. A scan can show this.")),),
)

CARE = Criterion(
    key="conservative",
    title=_("Other care has not been enough"),
    source=PATIENT_PAGE,
    # One treatment is enough: the source says that care "can include" the five.
    met_when=all_of(PAIN.is_not("0", "not_sure"), SOMETHING_FAILED, NONE_HELPS_ENOUGH),
    not_met_when=any_of(
        NO_PAIN,
        PAIN.is_not("not_sure") & TRIED.includes("none"),
        all_of(HELPS_ENOUGH, PAIN.is_at_most(STRONG - 1), FUNCTION.is_("by_self", "with_help")),
    ),
    if_met=(Note(_("You tried {list}. It has not been enough."), fill={"list": treatments_tried}),),
    if_not_met=(
        Note(_("No pain now."), NO_PAIN),
        Note(_("Nothing tried yet."), TRIED.includes("none")),
        Note(_("Other care is helping.")),
    ),
    if_unknown=(
        Note(_("We do not know yet how strong your pain is."), PAIN_NOT_SURE),
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
        Note(
            _("You said {x} help. But you stay in bed or a chair most of the day."),
            RELIEF_CONTRADICTS_BED & SEVERAL_HELP_ENOUGH,
            {"x": treatments_that_help},
        ),
        Note(
            _("You said {x} helps. But you stay in bed or a chair most of the day."),
            RELIEF_CONTRADICTS_BED,
            {"x": treatments_that_help},
        ),
        Note(_("You cannot use some treatments. We need to ask you more about this."), TRIED.includes("cannot")),
        Note(_("We need to ask you more about this.")),
    ),
)

CLOTS_NORMALLY = Criterion(
    key="clotting",
    title=_("Blood clots normally"),
    source=PATIENT_PAGE,
    met_when=CLOTTING.is_("no"),
    not_met_when=CLOTTING.is_("yes") & BLOOD_THINNER.is_("no"),
    if_met=(Note(_("You told us you have no such disorder.")),),
    if_not_met=(Note(_("A doctor found a bleeding disorder. This makes the treatment risky.")),),
    if_unknown=(
        Note(
            _("You told us of a bleeding disorder and, maybe, a blood thinner. We need to ask about this."),
            CLOTTING_CONFLICT,
        ),
        Note(_("Your platelets are low. They need a check first."), CLOTTING.is_("low_platelets")),
        Note(_("You bruise or bleed easily. A blood test can show why."), CLOTTING.is_("bleed_easily")),
        Note(_("Your blood clotting needs a check first.")),
    ),
)

CRITERIA = (BONE, SPINE_FRACTURE, HEIGHT, CARE, CLOTS_NORMALLY)
ALL_MET = all_of(*(criterion.is_met for criterion in CRITERIA)).called(_("all five met"))
ONE_NOT_MET = any_of(*(criterion.is_not_met for criterion in CRITERIA)).called(_("one not met"))

# Whoever suspects a fracture, or has a sign of one, is looked at first. This is ordinary back pain.
NOTHING_POINTS_TO_A_FRACTURE = all_of(
    BACK_PAIN,
    FRACTURE.is_("not_sure"),
    ~BONE.is_met,
    ~SAFETY.includes("steroids"),
    HEIGHT_LOSS.is_("not_sure"),
    CAUSE.is_("nothing", "strain", "not_sure"),
).called(
    _("nothing points to a fracture"),
    sources=(DECIDED_HERE,),
)

# Each keeps five met criteria from reading "may be a candidate". About the answers, so that none of them is unsure.
SAFETY_CONCERN = SAFETY.includes("infection", "pregnant", "allergy", "weight_night", "not_sure").called(
    _("a safety concern"),
    sources=(MEDICARE, RED_FLAG_REVIEW),
)
CANCER_OPEN = CANCER.is_("other", "not_sure").called(_("cancer is open"), sources=(NICE_2023, MEDICARE))
PAIN_TOO_LOW = PAIN.is_("0", *MILD, "not_sure").called(
    _("pain of {number} or less, or not known"), number=STRONG - 1, sources=(NASS, MEDICARE)
)
OLD_OR_UNKNOWN = DURATION.is_("3m_12m", "gt12m", "not_sure").called(
    _("old pain, or not known how long"), sources=(NASS, NICE_2013)
)
TOO_EARLY = (DURATION.is_("lt2w") & NOT_KNOWN_TO_BE_SEVERE).called(_("too early"), sources=(NASS, MEDICARE))
DOUBT = any_of(
    SAFETY_CONCERN,
    RED_FLAGS.includes("long_known"),
    CANCER_OPEN,
    PAIN_TOO_LOW,
    OLD_OR_UNKNOWN,
    TOO_EARLY,
).called(_("a doubt"))

# ----------------------------------------------------------------------------------------------------- Outcomes

# Said with every result, because none of it can wait for a visit.
ADVICE = (
    Advice(
        _("You have had cancer. Call your cancer team within a day and tell them about this back pain."),
        CANCER_EVER & BACK_PAIN,
    ),
    Advice(
        _("You have had cancer. Tell your cancer team this week about the spine bone."),
        all_of(CANCER_EVER, NO_PAIN, FRACTURE.is_("yes", "suspect")),
    ),
    Advice(
        _("Ask your doctor if you ever had cancer. If so, tell them about this back pain within a day."),
        CANCER.is_("not_sure") & BACK_PAIN,
    ),
    Advice(
        _(
            "Your pain is severe, or it keeps you in bed. Call your own doctor today or tomorrow. "
            "Do not wait for our call."
        ),
        SEVERELY_AFFECTED,
        with_visit=True,
    ),
    Advice(
        _("Your pain is severe, or it keeps you in bed. Call your own doctor today or tomorrow."),
        SEVERELY_AFFECTED,
        with_visit=False,
    ),
    Advice(
        _(
            "Call your doctor today if the back pain is new or worse since the infection began. "
            "The infection is treated first."
        ),
        SAFETY.includes("infection"),
    ),
    Advice(
        _("Tell your doctor this week about the weight loss or the pain at night."),
        SAFETY.includes("weight_night"),
    ),
    Advice(
        _("After a big accident, your spine needs an X-ray. Call your doctor today."),
        CAUSE.is_("accident") & FRACTURE.is_("suspect", "not_sure"),
    ),
    Advice(
        _("Call {emergency} if a sign you have had for long gets worse, or a new one starts."),
        RED_FLAGS.includes("long_known"),
    ),
    Advice(
        _("Tell whoever orders an X-ray that you are, or may be, pregnant."),
        SAFETY.includes("pregnant"),
    ),
    Advice(
        _("Do not stop steroid pills on your own. Ask your doctor how to protect your bones."),
        SAFETY.includes("steroids"),
    ),
    Advice(
        _("Ask your doctor for a blood test before any procedure."),
        CLOTTING.is_("bleed_easily", "low_platelets"),
    ),
    Advice(_("Do not stop your blood thinner unless your doctor tells you to."), BLOOD_THINNER.is_("yes")),
    Advice(
        _(
            "A spine fracture can be the first sign of weak bones. "
            "Ask your doctor about a bone density test and medicine."
        ),
        FRACTURE.is_("yes") & NO_PAIN,
    ),
)

EMERGENCY_911 = Emergency(
    key="emergency_911",
    address="get-help-now",
    headings=(Note(_("Get medical help now")),),
    meaning=(
        Note(
            _(
                "This can be serious with back pain. Call {emergency} or go to the nearest emergency room now. "
                "Do not drive yourself. Do not wait for a call from us."
            )
        ),
    ),
    calls_first=True,
    body=(
        Paragraph(_("Call {emergency} for them. Do not leave them alone."), _("Helping someone?")),
        Paragraph(_("After a big accident, lie still until help comes.")),
        Paragraph(
            _(
                "Text {emergency}. It does not work everywhere. "
                "If no one answers, use your relay service or call 711."
            ),
            _("Cannot hear or speak on the phone?"),
        ),
        Paragraph(
            _("Tell them you have back pain, and which sign is new or worse:"),
            items=(
                _("weak, heavy, numb or unsteady legs"),
                _("numbness between the legs"),
                _("trouble with pee or poop"),
                _("a big accident"),
                _("chest pain, trouble breathing, or passing out"),
                _("tearing pain"),
            ),
        ),
    ),
)

# No number of the clinic on the page above: nobody with such a sign should call a clinic.
EMERGENCY_TODAY = Emergency(
    key="emergency_today",
    address="get-help-today",
    headings=(Note(_("Talk to a doctor or nurse today")),),
    meaning=(Note(_("Call your doctor or a nurse line today, or go to urgent care.")),),
    body=(
        Paragraph(_("Our clinic: {phone}, {hours}.")),
        Paragraph(_("After hours, our nurse line: {nurse_line}.")),
        Paragraph(
            _(
                "Fever with back pain can be a sign of infection. "
                "If you are not sure about a warning sign, a nurse can help you decide."
            )
        ),
        Paragraph(
            _(
                "Go to an emergency room if you feel very ill or cannot reach anyone. "
                "With a fever, go too if you have cancer or take steroids."
            )
        ),
        Paragraph(_("Call {emergency} if you feel much worse or confused. Call too if your legs get weak or numb.")),
        Paragraph(
            _("Make the call with them today. Call {emergency} for them if they get worse."), _("Helping someone?")
        ),
        Paragraph(_("You can reach these numbers by relay: call 711.")),
        Paragraph(_("You can come back to this check after you have been seen.")),
    ),
)

NOT_CANDIDATE_BLEEDING = Outcome(
    key="not_candidate_bleeding",
    headings=(Note(_("This treatment is usually not used with a bleeding disorder")),),
    meaning=(Note(_("A needle goes into the spine, and bleeding there can be serious.")),),
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
    headings=(Note(_("From your answers, this treatment is not the right one now")),),
    meaning=(
        Note(_("There may be other ways to help your back."), NO_PAIN),
        Note(_("Your pain is real and there may be other ways to treat it.")),
    ),
    notes=(
        Note(
            _(
                "You told us that a scan showed no fracture. A new fracture can be missed on an X-ray. "
                "If the pain goes on, ask your doctor about another scan."
            ),
            SPINE_FRACTURE.is_not_met,
        ),
        Note(
            _(
                "Your bones were tested and the pain began with a big accident. "
                "Such fractures are often treated in other ways. Ask the doctor who found it."
            ),
            all_of(BONE.is_not_met, CAUSE.is_("accident"), FRACTURE.is_("yes")),
        ),
        Note(
            _(
                "A doctor or report said the bone has not lost height. Bones can change: if the pain gets "
                "worse or you get more bent over, ask to be checked again."
            ),
            HEIGHT_LOSS.is_("no"),
        ),
    ),
    next_step=(
        Note(
            _("Please talk with your doctor. Our spine specialists see other back pain too. You can call us."),
        ),
    ),
)

CONSERVATIVE_FIRST = Outcome(
    key="conservative_first",
    headings=(
        Note(_("This treatment is for fractures that hurt"), NO_PAIN),
        Note(_("Other care usually comes first")),
    ),
    meaning=(
        Note(_("You have no pain now. Still ask your doctor how to keep your bones strong."), NO_PAIN),
        Note(
            _(
                "Most back pain gets better in some weeks with other care. No one has looked for a fracture yet. "
                "Ask your doctor for an X-ray if the pain lasts, if you fell, or if you get shorter. "
                "A bone test can show if your bones are weak."
            ),
            NOTHING_POINTS_TO_A_FRACTURE,
        ),
        Note(
            _("Good news: what you are doing seems to help. Keep in touch with your doctor."),
            HELPS_ENOUGH & LOW_PAIN,
        ),
        Note(
            _(
                "Most people with this kind of fracture slowly feel better over 2 to 12 weeks with other "
                "care. It can be pain medicine, a brace, physical therapy and rest. "
                "Ask your doctor which are safe for you."
            )
        ),
    ),
    next_step=(
        Note(_("Come back or call us if pain comes. Do so too if you get shorter or more bent over."), NO_PAIN),
        Note(
            _(
                "Come back or call us if the pain gets worse or other care stops helping. "
                "Do so too if you get shorter or more bent over."
            ),
            ~NO_PAIN,
        ),
    ),
)

SPECIALIST_REVIEW = Outcome(
    key="specialist_review",
    headings=(
        Note(_("Back pain after cancer needs a check"), CANCER_EVER),
        Note(_("A specialist needs to check a few things first")),
    ),
    meaning=(
        Note(
            _(
                "It may have nothing to do with the cancer. But it should not wait. "
                "A specialist should find out where the pain comes from."
            ),
            CANCER_EVER,
        ),
        Note(
            _(
                "Weight loss or night pain can have a cause that needs its own check. "
                "Often the cause is harmless. A person should look."
            ),
            SAFETY.includes("weight_night"),
        ),
        Note(
            _(
                "Your pain is severe, or it keeps you in bed. "
                "So a specialist should look now, even if one point does not fit yet."
            ),
            all_of(SEVERELY_AFFECTED, ~SPINE_FRACTURE.is_not_met, CARE.is_not_met | HEIGHT.is_not_met),
        ),
        Note(
            _(
                "You may have a fracture that no one has checked. Finding out comes first. "
                "Other care is usually tried before this treatment."
            ),
            all_of(SPINE_FRACTURE.is_unknown, CARE.is_not_met, ~BONE.is_not_met, ~HEIGHT.is_not_met),
        ),
        Note(
            _(
                "One point does not fit this treatment. But one of your answers leaves something open. "
                "A person should ask you about it first."
            ),
            ONE_NOT_MET,
        ),
        Note(
            _("Your answers fit the five points. But something else needs a check first. You can read it below."),
            ALL_MET,
        ),
        Note(
            _(
                "Nothing you told us rules this treatment out, but some points are not known yet. "
                "That is very common. You can ask for a visit and we will help find out."
            )
        ),
    ),
    notes=(
        Note(
            _(
                "You have had this pain for more than 3 months. The treatment is mostly used for newer fractures. "
                "A scan can show if yours has healed."
            ),
            OLD_PAIN,
        ),
        Note(
            _("You are not sure how long you have had this pain. That matters for the plan."),
            DURATION.is_("not_sure"),
        ),
        Note(_("Your pain is 4 or less. The treatment is mostly used for stronger pain."), LOW_PAIN),
        Note(_("We do not know yet how strong your pain is. We will ask you."), PAIN_NOT_SURE),
        Note(
            _("You have tried other care for less than 2 weeks. Many people feel better with more time."),
            TOO_EARLY & CARE.is_met,
        ),
        Note(
            _("You are not sure if you have had cancer. That has to be clear first."),
            CANCER.is_("not_sure"),
        ),
        Note(
            _("You have had warning signs for a long time. A specialist should know which."),
            RED_FLAGS.includes("long_known"),
        ),
        Note(
            _("You had a bad reaction to bone cement or X-ray dye. We need to know to which."),
            SAFETY.includes("allergy"),
        ),
        Note(
            _("You were not sure about the last list. A person will go through it with you."),
            SAFETY.includes("not_sure"),
        ),
    ),
    next_step=(
        Note(_("Ask for a visit. If you can, bring any scan reports and a list of your medicines.")),
        Note(
            _("Your own doctor can order an X-ray sooner. You do not need to wait for us."),
            SPINE_FRACTURE.is_unknown,
        ),
    ),
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
    next_step=(Note(_("Ask for a visit. We then tell you by which day we call.")),),
    offers_visit=True,
)

# -------------------------------------------------------------------------------------------------------- Flags

ASK_NURSE_CLOTTING = _(
    "Ask a nurse before booking. The procedure counts as one with a high risk of bleeding: clotting and platelets "
    "are checked first. Never tell a patient to stop a medicine."
)
ASK_BLOOD_COUNT = _(
    "Ask a nurse before booking, and for the newest blood count. The procedure counts as one with a high risk of "
    "bleeding. Never tell a patient to stop a medicine."
)
TELL_BEFORE_BOOKING = _("Tell a nurse before booking. Ask which, when, and who treats it.")
TELL_THE_SAME_DAY = _("Tell a nurse the same day. If weak or numb: 911.")

FLAGS = (
    Flag(
        "long_known_signs",
        _("Warning signs for a long time"),
        _("Ask which sign, since when, and who checked it. If it is new or worse: 911."),
        RED_FLAGS.includes("long_known"),
        sources=(DECIDED_HERE,),
        clinical=_("Long-standing neurologic, sphincter or cardiac symptoms, said to be evaluated and stable"),
    ),
    Flag(
        "myeloma",
        _("Myeloma"),
        _("Ask who treats the myeloma, so that the two teams can plan together."),
        CANCER.is_("myeloma"),
        sources=(IMWG,),
        clinical=_("Multiple myeloma"),
    ),
    Flag(
        "other_cancer",
        _("Another cancer"),
        _("Ask a nurse which specialist should look at the spine first."),
        CANCER.is_("other"),
        sources=(NICE_2023,),
        clinical=_("History of a malignancy other than myeloma"),
    ),
    Flag(
        "cancer_not_sure",
        _("Not sure about cancer"),
        _("Ask about past cancer, its kind and treatment. If there was one, tell a nurse today."),
        CANCER.is_("not_sure"),
        sources=(NICE_2023,),
        clinical=_("History of malignancy uncertain"),
    ),
    Flag(
        "safety_weight_night",
        _("Weight loss or night pain"),
        _("Ask which, and if the own doctor knows. Tell a nurse today."),
        SAFETY.includes("weight_night"),
        sources=(RED_FLAG_REVIEW,),
        clinical=_("Unintended weight loss or nocturnal rest pain"),
    ),
    Flag(
        "clotting_conflict",
        _("Bleeding disorder, yet may take a blood thinner"),
        _("Ask a nurse before anything else: which disorder, who found it, which medicine."),
        CLOTTING_CONFLICT,
        sources=(SIR_BLEEDING,),
        clinical=_("Reported coagulopathy, yet possible antithrombotic therapy"),
    ),
    Flag(
        "clotting_unknown",
        _("Blood clotting not known"),
        ASK_NURSE_CLOTTING,
        CLOTTING.is_("not_sure"),
        sources=(SIR_BLEEDING,),
        clinical=_("Coagulation status unknown"),
    ),
    Flag(
        "bleed_easily",
        _("Bruises or bleeds easily"),
        ASK_BLOOD_COUNT,
        CLOTTING.is_("bleed_easily"),
        sources=(SIR_BLEEDING,),
        clinical=_("Easy bruising or bleeding, no diagnosis"),
    ),
    Flag(
        "low_platelets",
        _("Low platelets"),
        ASK_BLOOD_COUNT,
        CLOTTING.is_("low_platelets"),
        sources=(SIR_BLEEDING,),
        clinical=_("Thrombocytopenia"),
    ),
    Flag(
        "clots_too_much",
        _("Blood clots too much"),
        ASK_NURSE_CLOTTING,
        CLOTTING.is_("too_much"),
        sources=(SIR_BLEEDING,),
        clinical=_("Thrombophilia or prior thromboembolism"),
    ),
    Flag(
        "blood_thinner_yes",
        _("Takes a blood thinner"),
        ASK_NURSE_CLOTTING,
        BLOOD_THINNER.is_("yes"),
        sources=(SIR_BLEEDING,),
        clinical=_("Anticoagulant or antiplatelet therapy"),
    ),
    Flag(
        "blood_thinner_not_sure",
        _("May take a blood thinner"),
        _("Ask for a list of all medicines, then ask a nurse before booking."),
        BLOOD_THINNER.is_("not_sure"),
        sources=(SIR_BLEEDING,),
        clinical=_("Possible anticoagulant or antiplatelet therapy"),
    ),
    Flag(
        "safety_infection",
        _("Infection or antibiotics now"),
        _("Ask if the back pain is new or worse since then. If so, a nurse calls back today."),
        SAFETY.includes("infection"),
        sources=(INFECTION_SERIES,),
        clinical=_("Current infection or antibiotic therapy"),
    ),
    Flag(
        "safety_pregnant",
        _("Pregnant, or may be"),
        _("Ask a nurse before booking and before any X-ray is ordered."),
        SAFETY.includes("pregnant"),
        sources=(IMWG,),
        clinical=_("Pregnancy, or possible pregnancy"),
    ),
    Flag(
        "safety_allergy",
        _("Reaction to bone cement or X-ray dye"),
        _("Ask what happened and to which of the two, then ask a nurse."),
        SAFETY.includes("allergy"),
        sources=(MEDICARE,),
        clinical=_("Prior reaction to bone cement or contrast medium"),
    ),
    Flag(
        "safety_steroids",
        _("Steroid pills for 3 months or more"),
        _("Ask which and how much. Tell a nurse. Never say to stop them."),
        SAFETY.includes("steroids"),
        sources=(RAND,),
        clinical=_("Systemic glucocorticoids for 3 months or more"),
    ),
    Flag(
        "safety_not_sure",
        _("Not sure about the safety list"),
        _("Go through the five with the patient, then ask a nurse."),
        SAFETY.includes("not_sure"),
        sources=(NOT_UNSURE,),
        clinical=_("Weight loss, infection, pregnancy, reactions, steroids: uncertain"),
    ),
    Flag(
        "fracture_without_weak_bone",
        _("Fracture, but the bone test was good"),
        _("Ask for the bone test report and how the fracture happened."),
        BROKE_WITHOUT_ACCIDENT,
        sources=(NBHA, NHANES),
        clinical=_("Fracture without major trauma despite a normal bone density test"),
    ),
    Flag(
        "big_accident",
        _("Began with a big accident"),
        _("Ask when, and which hospital saw it. Tell a nurse: it may not be stable."),
        CAUSE.is_("accident"),
        sources=(RAND,),
        clinical=_("Onset with major trauma"),
    ),
    Flag(
        "height_not_lost",
        _("Report: bone has not lost height"),
        _("Ask for the report, its date, and which bone."),
        HEIGHT_LOSS.is_("no"),
        sources=(MEDICARE,),
        clinical=_("No vertebral height loss, by report"),
    ),
    Flag(
        "shorter_or_stooped",
        _("Shorter or more bent over than before"),
        _("Ask for scan reports that speak of the height of the bone."),
        HEIGHT_LOSS.is_("not_sure_shorter"),
        sources=(PATIENT_PAGE,),
        clinical=_("Loss of stature or increasing kyphosis"),
    ),
    Flag(
        "nothing_tried",
        _("Nothing tried yet"),
        _("Ask what the own doctor offered. If the pain is severe, tell a nurse today."),
        TRIED.includes("none"),
        sources=(PATIENT_PAGE,),
        clinical=_("No conservative therapy yet"),
    ),
    Flag(
        "cannot_use_conservative",
        _("Cannot use some of the usual treatments"),
        _("Ask which treatments, and why; tell a nurse."),
        TRIED.includes("cannot"),
        sources=(SIR_CARE,),
        clinical=_("Conservative therapy in part contraindicated or not tolerated"),
    ),
    Flag(
        "answers_conflict_relief_vs_pain",
        _("A treatment helps enough, but pain is {number} or more, or in bed"),
        _("Ask again how the pain is with and without the treatment."),
        RELIEF_CONTRADICTS_PAIN | RELIEF_CONTRADICTS_BED,
        {"number": STRONG},
        sources=(MEDICARE,),
        clinical=_("Reports adequate relief, yet pain of {number} of 10 or more, or in bed or chair"),
    ),
    Flag(
        "short_trial",
        _("Other care tried for less than 2 weeks"),
        _("Ask what was tried, for how long, and if it gets better."),
        TOO_EARLY & CARE.is_met,
        sources=(NASS, MEDICARE),
        clinical=_("Conservative therapy for less than 2 weeks"),
    ),
    Flag(
        "low_pain",
        _("Pain of {number} or less"),
        _("Ask about pain on moving, and what the patient hopes for."),
        LOW_PAIN,
        {"number": STRONG - 1},
        sources=(NASS,),
        clinical=_("Pain of {number} of 10 or less"),
    ),
    Flag(
        "long_duration",
        _("Pain for more than 3 months"),
        _("Ask for the newest MRI: is the fracture healed?"),
        OLD_PAIN,
        sources=(NASS, NICE_2013),
        clinical=_("Pain for longer than 3 months"),
    ),
    Flag(
        "place_tailbone",
        _("Tailbone or buttocks"),
        _("Ask a nurse: another procedure may be meant."),
        PLACE.is_("tailbone"),
        sources=(DECIDED_HERE,),
        clinical=_("Sacral, coccygeal or gluteal pain"),
    ),
    Flag(
        "more_canal",
        _("Report speaks of the canal or cord"),
        TELL_THE_SAME_DAY,
        MORE.includes("canal"),
        sources=(MEDICARE,),
        clinical=_("Report mentions the canal, the cord or retropulsion"),
    ),
    Flag(
        "more_leg_pain",
        _("Pain into a leg"),
        TELL_THE_SAME_DAY,
        MORE.includes("leg_pain"),
        sources=(MEDICARE,),
        clinical=_("Radicular leg pain"),
    ),
    *(
        Flag(f"more_{box}", label, TELL_BEFORE_BOOKING, MORE.includes(box), sources=(source,), clinical=clinical)
        for box, label, source, clinical in (
            ("fractures", _("More than one spine fracture"), MEDICARE, _("Multiple vertebral fractures")),
            ("cement", _("Cement in a spine bone before"), DECIDED_HERE, _("Prior vertebral augmentation")),
            ("kidney", _("Kidney disease or dialysis"), DECIDED_HERE, _("Renal disease or dialysis")),
            ("implant", _("Pacemaker or another implant"), DECIDED_HERE, _("Pacemaker or other implanted device")),
            (
                "heart_lung",
                _("Heart or lung disease, or sleep apnea"),
                DECIDED_HERE,
                _("Cardiac or pulmonary disease, or sleep apnea"),
            ),
            ("stomach", _("Cannot lie on the stomach"), DECIDED_HERE, _("Unable to lie prone")),
            ("bone_medicine", _("Takes medicine for weak bones"), DECIDED_HERE, _("On osteoporosis medication")),
        )
    ),
)

# ---------------------------------------------------------------------------------------------- To one's own doctor

# What must not wait comes first, then the fracture, then what may keep from a procedure, then other care and bones.
TO_ASK = (
    Note(_("Do I need an MRI soon, because I have had cancer?"), CANCER_EVER & BACK_PAIN),
    Note(_("Could the infection have reached my spine? Which test shows that?"), SAFETY.includes("infection")),
    Note(_("What could cause the weight loss or the pain at night?"), SAFETY.includes("weight_night")),
    Note(_("Who should plan my care, because of my bleeding disorder?"), CLOTTING.is_("yes")),
    Note(_("Do I need an X-ray or MRI to look for a fracture?"), SPINE_FRACTURE.is_unknown & BACK_PAIN),
    Note(_("Does my pain come from the fracture? Can an MRI show if it is new?"), FRACTURE.is_("yes") & BACK_PAIN),
    Note(_("Can a new fracture be missed? When do I need another scan?"), FRACTURE.is_("no") & BACK_PAIN),
    Note(
        _("Which blood test shows if my blood clots normally?"),
        CLOTTING.is_("bleed_easily", "low_platelets", "not_sure"),
    ),
    Note(_("If I have a procedure, what do we do about my blood thinner?"), BLOOD_THINNER.is_("yes")),
    Note(_("Which treatments can I use in place of those I cannot take?"), TRIED.includes("cannot")),
    Note(_("What should I try first for the pain, and for how long?"), TRIED.includes("none")),
    Note(
        _("What else can ease my pain? Could cement be a choice for me?"),
        CARE.is_met & ~SPINE_FRACTURE.is_not_met,
    ),
    Note(_("How long should I go on with what helps me?"), HELPS_ENOUGH),
    Note(_("Has the bone lost height? What does the report say?"), FRACTURE.is_("yes") & HEIGHT.is_unknown),
    Note(_("How do I protect my bones while I take steroid pills?"), SAFETY.includes("steroids")),
    Note(_("Do I need a bone density test?"), BONE.is_unknown),
    Note(_("Which medicine can make my bones stronger?"), BONE.is_met),
    Note(_("What can I do to keep my bones strong?")),
    Note(_("How can I keep from falling?")),
    Note(_("Which signs mean that I should call you right away?")),
)

# ----------------------------------------------------------------------------------------------------- Priorities

PRIORITIES = (
    Priority(
        "P1",
        1,
        any_of(CANCER_EVER, SAFETY.includes("weight_night", "infection"), SEVERE_PAIN, IN_BED),
        sources=(NICE_2023, IMWG, MEDICARE, SIR_CARE, INFECTION_SERIES),
    ),
    Priority(
        "P2",
        3,
        (FRACTURE.is_("yes") & (PAIN.is_at_least(STRONG) | PAIN_NOT_SURE)) | RED_FLAGS.includes("long_known"),
        outcomes=(LIKELY_CANDIDATE,),
        sources=(MEDICARE, NOT_UNSURE),
    ),
    Priority("P3", 7, ALWAYS, sources=(DECIDED_HERE,)),
)

# -------------------------------------------------------------------------------------------------------- History

CHANGES = (
    Change(
        "2.0",
        datetime.date(2026, 11, 29),
        _("Warning signs count when they are new or getting worse."),
        _("Many older people have had such signs for years. For them, a call to 911 was a dead end."),
        (_("NHANES, urine leakage, PubMed 16407004"),),
    ),
    Change(
        "2.0",
        datetime.date(2026, 11, 29),
        _("How you get around, how long the pain has lasted and how it began are asked before the result."),
        _("They decide most about the treatment."),
        (NASS, MEDICARE, SIR_CARE),
    ),
    Change(
        "2.0",
        datetime.date(2026, 11, 29),
        _("“No fracture” now means that a scan showed none."),
        _("Most people with such a fracture do not know of it."),
        (NHANES,),
    ),
    Change(
        "2.0",
        datetime.date(2026, 11, 29),
        _(
            "A good bone test does not rule out weak bones after a fracture without a big accident. "
            "Nor does it after steroid pills."
        ),
        _("Such a fracture is itself a sign of weak bones."),
        (NBHA, RAND),
    ),
    Change(
        "2.0",
        datetime.date(2026, 11, 29),
        _("Back pain with cancer, weight loss or night pain goes to a person, unless there is a bleeding disorder."),
        _("It can have a cause that must not wait."),
        (NICE_2023, RED_FLAG_REVIEW),
    ),
    Change(
        "2.0",
        datetime.date(2026, 11, 29),
        _("Severe pain goes to a person, unless the fracture, the bones or the clotting speak against it."),
        _("Such pain is a reason to act soon, whatever has been tried."),
        (MEDICARE, SIR_CARE),
    ),
    Change(
        "2.0",
        datetime.date(2026, 11, 29),
        _("“May be a candidate” needs pain of 5 or more for at most 3 months."),
        _("Old or mild pain is rarely a reason for cement. A person looks at it."),
        (NASS, MEDICARE, NICE_2013),
    ),
    Change(
        "2.0",
        datetime.date(2026, 11, 29),
        _("Pain that is “not sure” never counts as mild."),
        _("What is not known must not count against anybody."),
        (NOT_UNSURE,),
    ),
    Change(
        "2.0",
        datetime.date(2026, 11, 29),
        _("A bleeding disorder counts when a doctor found it. Bruises and low platelets are asked apart."),
        _("A blood thinner makes people bruise too, and low platelets can be treated."),
        (SIR_BLEEDING,),
    ),
    Change(
        "2.0",
        datetime.date(2026, 11, 29),
        _("Whoever suspects a fracture, or has a sign of one, is looked at first."),
        _("The page invites people who suspect one."),
        (PATIENT_PAGE,),
    ),
    Change(
        "2.0",
        datetime.date(2026, 11, 29),
        _("More is asked with a visit request, and a helper is asked if we may talk with them."),
        _("Staff can plan a safe visit, and the law protects health facts."),
        (_("45 CFR 164.510(b) and 164.502(g)"),),
    ),
    Change(
        "1.0",
        datetime.date(2026, 11, 24),
        _("First version: the five points of the patient page."),
        _("They are what the page tells its readers."),
        (PATIENT_PAGE,),
    ),
)

# --------------------------------------------------------------------------------------------------------- Tables

# What is answered in every way for the tables that show the rule. The rest is quiet: no cancer, no other illness.
VARIED: dict[str, Sequence[Answer]] = {
    "osteoporosis": ["yes", "no", "not_sure"],
    "fracture": ["yes", "no", "suspect", "not_sure"],
    "height_loss": ["yes", "no", "not_sure"],
    "cause": ["nothing", "accident"],
    "tried": [["brace"], ["none"], ["cannot"]],
    "helped_brace": ["little"],
    "clotting": ["no", "yes", "not_sure"],
}
SITUATIONS = (
    Situation(
        _("Pain of 5 to 7, up and about, for 2 weeks to 3 months"),
        {"pain": "6", "function": "by_self", "duration": "6w_3m"},
        VARIED,
    ),
    Situation(
        _("Pain of 8 or more, or in bed, for up to 3 months"),
        {"pain": "8", "function": "by_self", "duration": "6w_3m"},
        VARIED,
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
        Page.of(FUNCTION),
        Page(
            (DURATION, CAUSE),
            key="onset",
            text=_("When and how did this pain begin?"),
            why=_("New fractures and old ones are treated in different ways. How it began matters too."),
        ),
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
        Page.of(BLOOD_THINNER),
        Page.of(CLOTTING),
        Page.of(SAFETY),
    ),
    stops=(
        Rule(RED_FLAGS.includes("legs", "saddle", "bladder_bowel", "trauma", "chest", "tearing"), EMERGENCY_911),
        Rule(RED_FLAGS.includes("fever", "not_sure"), EMERGENCY_TODAY),
    ),
    criteria=CRITERIA,
    # A bleeding disorder beats all. Then a definite "no" or "other care first", but never where an illness is
    # possible, and hardly where the pain is severe. Then whatever is not known, or in doubt, goes to a person; only
    # five clean answers remain.
    rules=(
        Rule(CLOTS_NORMALLY.is_not_met, NOT_CANDIDATE_BLEEDING),
        Rule(
            ~ILLNESS_POSSIBLE
            & any_of(BONE.is_not_met, SPINE_FRACTURE.is_not_met, HEIGHT.is_not_met & SURELY_NOT_SEVERE),
            NOT_MATCHING,
        ),
        Rule(
            all_of(
                ~ILLNESS_POSSIBLE,
                CARE.is_not_met,
                SURELY_NOT_SEVERE,
                any_of(SPINE_FRACTURE.is_met, NO_PAIN, NOTHING_POINTS_TO_A_FRACTURE),
            ),
            CONSERVATIVE_FIRST,
        ),
        Rule(~ALL_MET | DOUBT, SPECIALIST_REVIEW),
        Rule(ALWAYS, LIKELY_CANDIDATE),
    ),
    advice=ADVICE,
    to_ask=TO_ASK,
    terms=(
        NO_PAIN,
        BACK_PAIN,
        LOW_PAIN,
        SEVERE_PAIN,
        SEVERELY_AFFECTED,
        NOT_KNOWN_TO_BE_SEVERE,
        SURELY_NOT_SEVERE,
        ILLNESS_POSSIBLE,
        NOTHING_POINTS_TO_A_FRACTURE,
        BROKE_WITHOUT_ACCIDENT,
        HELPS_ENOUGH,
        SEVERAL_HELP_ENOUGH,
        NONE_HELPS_ENOUGH,
        SOMETHING_FAILED,
        RELIEF_CONTRADICTS_PAIN,
        RELIEF_CONTRADICTS_BED,
        CLOTTING_CONFLICT,
        ALL_MET,
        ONE_NOT_MET,
        DOUBT,
        SAFETY_CONCERN,
        CANCER_OPEN,
        PAIN_TOO_LOW,
        OLD_PAIN,
        OLD_OR_UNKNOWN,
        TOO_EARLY,
    ),
    visit_questions=(IMAGING, IMAGING_MONTH, IMAGING_YEAR, IMAGING_WHERE, PLACE, MORE),
    flags=FLAGS,
    priorities=PRIORITIES,
    sooner_within_priority=DURATION.is_("lt2w", "2w_6w", "6w_3m"),
    records_elsewhere=PICTURE_TAKEN,
    changes=CHANGES,
    situations=SITUATIONS,
)

"""A second pathway, for the tests alone: made like a real one, and signed by nobody.

Its rule is invented to have what the first has not: a number that is typed, a first priority before P1, one point
fewer than three, and no question that the first asks but its warning signs.
"""

import datetime

from screening.pathways.vertebral_cement import EMERGENCY_911, EMERGENCY_TODAY, RED_FLAGS
from screening.questionnaire.assessment import Advice, Criterion, Flag, Note, Outcome, Priority, Rule
from screening.questionnaire.conditions import ALWAYS, _, all_of
from screening.questionnaire.definition import Change, Pathway, Situation
from screening.questionnaire.questions import Checkboxes, Choice, Number, Option, Page

INVENTED = _("Invented for the tests")

WALKING = Number(
    key="walking_minutes",
    name=_("Minutes of walking"),
    text=_("How many minutes can you walk before you must sit?"),
    hint=_("Your best guess. Leave it empty if you do not know."),
    why=_("It shows how much the narrow canal limits you."),
    unit=_("minutes"),
    highest=600,
    optional=True,
)

BENDING = Choice(
    key="bending",
    name=_("Bending forward"),
    text=_("Do your legs feel better when you bend forward or lean on a cart?"),
    options=(
        Option("yes", _("Yes")),
        Option("no", _("No")),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

CARE_TRIED = Checkboxes(
    key="care_tried",
    name=_("Other care tried"),
    text=_("What have you tried for your legs?"),
    options=(
        Option("exercise", _("Exercise or physical therapy")),
        Option("injection", _("A shot into the spine")),
        Option("none", _("None of these"), alone=True),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

BLOOD_THINNER = Choice(
    key="thinner",
    name=_("Blood thinner"),
    text=_("Do you take a blood thinner?"),
    options=(
        Option("yes", _("Yes")),
        Option("no", _("No")),
        Option("not_sure", _("Not sure"), unsure=True),
    ),
)

SCAN = Checkboxes(
    key="scan",
    name=_("Scan of the low back"),
    text=_("Which scans of your low back do you have?"),
    options=(Option("mri", _("MRI")), Option("ct", _("CT")), Option("none", _("None of these"), alone=True)),
)

SHORT_WALK = WALKING.is_at_most(10).called(_("a short walk"))

PATTERN = Criterion(
    key="pattern",
    title=_("Legs that tire on walking"),
    source=INVENTED,
    met_when=WALKING.is_at_most(30) & BENDING.is_("yes"),
    not_met_when=BENDING.is_("no"),
    if_met=(Note(_("You must sit soon, and bending helps.")),),
    if_not_met=(Note(_("Bending does not help.")),),
    if_unknown=(Note(_("We need to ask you more about this.")),),
)
TRIED = Criterion(
    key="tried",
    title=_("Other care tried"),
    source=INVENTED,
    met_when=CARE_TRIED.includes("exercise", "injection"),
    not_met_when=CARE_TRIED.includes("none"),
    if_met=(Note(_("You tried other care.")),),
    if_not_met=(Note(_("Nothing tried yet.")),),
    if_unknown=(Note(_("We need to ask you more about this.")),),
)

FITS = Outcome(
    key="may_fit",
    headings=(Note(_("A spacer may fit you")),),
    meaning=(Note(_("A doctor looks at your scans first.")),),
    next_step=(Note(_("Ask for a visit.")),),
    offers_visit=True,
)
PERSON_LOOKS = Outcome(
    key="person_looks",
    headings=(Note(_("A person should look at this")),),
    meaning=(Note(_("Your answers leave something open.")),),
    next_step=(Note(_("Ask for a visit.")),),
    offers_visit=True,
)
OTHER_CARE = Outcome(
    key="other_care",
    headings=(Note(_("Other care comes first")),),
    meaning=(Note(_("Most people try exercise first.")),),
    next_step=(Note(_("Please talk with your doctor.")),),
)

PATHWAY = Pathway(
    key="spinal_stenosis",
    version="0.1",
    name="Spacer for a narrow spinal canal",
    title=_("Could a spacer for a narrow spinal canal fit you?"),
    points=_("The two points"),
    summary=_("Narrow spinal canal check"),
    call_now=_("if you can no longer lift your foot, or if you cannot pee."),
    call_today=_("if the pain wakes you at night."),
    pages=(
        Page.of(RED_FLAGS),
        Page.of(WALKING),
        Page.of(BENDING),
        Page.of(CARE_TRIED),
        Page.of(BLOOD_THINNER),
    ),
    stops=(
        Rule(
            RED_FLAGS.includes("legs", "saddle", "bladder_bowel", "trauma", "chest", "tearing"),
            EMERGENCY_911,
        ),
        Rule(RED_FLAGS.includes("fever", "not_sure"), EMERGENCY_TODAY),
    ),
    criteria=(PATTERN, TRIED),
    rules=(
        Rule(TRIED.is_not_met & ~SHORT_WALK, OTHER_CARE),
        Rule(~all_of(PATTERN.is_met, TRIED.is_met), PERSON_LOOKS),
        Rule(ALWAYS, FITS),
    ),
    advice=(Advice(_("Do not stop your blood thinner unless your doctor tells you to."), BLOOD_THINNER.is_("yes")),),
    to_ask=(
        Note(_("How can I keep from falling?")),
        Note(_("What can I do to keep my legs strong?")),
        Note(_("Which signs mean that I should call you right away?")),
    ),
    terms=(SHORT_WALK,),
    visit_questions=(SCAN,),
    flags=(
        Flag(
            "takes_thinner",
            _("Takes a blood thinner"),
            _("Ask which one, and who follows it."),
            BLOOD_THINNER.is_("yes", "not_sure"),
            sources=(INVENTED,),
            clinical=_("Possible anticoagulant therapy"),
        ),
    ),
    priorities=(
        Priority("P0", 0, RED_FLAGS.includes("long_known"), sources=(INVENTED,)),
        Priority("P2", 2, SHORT_WALK, outcomes=(FITS,), sources=(INVENTED,)),
        Priority("P4", 10, ALWAYS, sources=(INVENTED,)),
    ),
    sooner_within_priority=WALKING.is_at_most(5),
    records_elsewhere=SCAN.includes("mri", "ct"),
    changes=(Change("0.1", datetime.date(2026, 11, 29), _("First version."), INVENTED),),
    situations=(
        Situation(
            _("Takes no blood thinner"),
            {"thinner": "no"},
            {
                "walking_minutes": ["5", "20", "60", ""],
                "bending": ["yes", "no", "not_sure"],
                "care_tried": [["none"], ["exercise"]],
            },
        ),
    ),
)

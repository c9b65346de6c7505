"""A request of somebody who phones, stands at the desk or is referred: the check as a script that is read out.

Three pages: who speaks, and the warning signs; all further questions; the result, and how to call. What was said is
kept in the page itself, sealed, until the request is stored. So nothing of a caller stays in the browser or here, and
what a visitor answered in the same browser is not touched.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.forms import BoundField
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import translation
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from common.languages import LANGUAGES, language_or_english
from common.sealed_cookie import Expired, Unreadable, seal, unseal
from common.strict_form import StrictForm, sent_together
from screening.forms import AnswerField, AnswersForm
from screening.pathways import FIRST, PATHWAYS
from screening.questionnaire.journey import Journey
from screening.questionnaire.questions import Page

from ..fields import tidied
from ..intake.forms import CallForm, ConsentForm, VisitQuestionsForm, WhoForm, contact_of
from ..intake.origin import Origin
from ..intake.submit import answers_kept, asked_before, is_as_stored, submit
from ..lifecycle.definition import CLAIM
from ..lifecycle.transition import Refused, perform
from ..models import AppointmentRequest, NurseCheck, ReferralSource, Source
from ..roles import TAKE, WORK
from .call_sheet import next_verb, sheet_url
from .pages import needs, pathway_asked_for, staff_page

PURPOSE = "new request"
# As long as somebody may be signed in; nobody is on the phone for longer.
MAX_AGE = 12 * 60 * 60
# What the pages send beside their fields.
BESIDE = ("said", "at", "go", "speak")
PAGES = ("warning-signs", "questions", "result")
SPOKEN = "Said yes after this was read out: “{words}”"


@dataclass(frozen=True)
class Talk:
    """What was said so far: what stands in the fields, by their names, whether it is valid or not.

    `id` is the journey's, so that what is sent twice is stored once; `pathway` is the key of what is asked about.
    `beside` is the request that was stored under the id before, where something else was sent with it.
    """

    pathway: str = FIRST.key
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    language: str = LANGUAGES[0].code
    entered: dict[str, Any] = field(default_factory=dict)
    beside: int = 0

    @classmethod
    def in_page(cls, request: StaffRequest) -> Self | None:
        """The talk of the page that was sent; None if it is not this user's, or too old to go on with."""
        try:
            content = unseal(request.POST.get("said", ""), purpose=PURPOSE, max_age=MAX_AGE)
        except (Unreadable, Expired):
            return None
        is_theirs = content.pop("user") == request.user.pk
        is_of_now = content.pop("version") == PATHWAYS[content["pathway"]].version
        return cls(**content) if is_of_now and is_theirs else None

    def sealed(self, user: User) -> str:
        """Only for this user to go on with."""
        version = self.journey.pathway.version
        return seal({**asdict(self), "user": user.pk, "version": version}, purpose=PURPOSE)

    @property
    def journey(self) -> Journey:
        return Journey(PATHWAYS[self.pathway], self.entered)

    @property
    def is_someone_else(self) -> bool:
        """Whether it is not the patient who answers."""
        return self.entered.get("filled_in_for") == OpeningForm.SOMEONE_ELSE

    def after(self, *filled_in: StrictForm) -> "Talk":
        """With all that was typed; what is an answer, as the question takes it."""
        entered = dict(self.entered)
        questions = {question.key for question in self.journey.pathway.questions}
        for form in filled_in:
            entered |= {bound.name: bound.data for bound in form}
            entered |= {key: answer for key, answer in form.cleaned_data.items() if key in questions}
        return replace(self, entered=entered)

    def spoken_in(self, language: str) -> "Talk":
        """Who is asked in a language is most likely called in it, too."""
        return replace(self, language=language, entered={**self.entered, "language": language})

    def without_emergency(self) -> "Talk":
        """As on the public pages: a slip costs nothing else, and a warning sign is not kept."""
        gone = self.journey.pathway.emergency_questions
        return replace(self, entered={name: typed for name, typed in self.entered.items() if name not in gone})


class OpeningForm(StrictForm):
    """How the request comes in, and who answers."""

    MYSELF, SOMEONE_ELSE = "myself", "someone_else"

    source = forms.ChoiceField(
        label="How does the request come in?",
        widget=forms.RadioSelect,
        choices=[(one.value, one.label) for one in (Source.PHONE, Source.WALK_IN, Source.REFERRAL)],
        initial=Source.PHONE,
        error_messages={"required": "Choose how the request comes in."},
    )
    referred_by = forms.CharField(
        label="Referring practice",
        help_text="If one refers the patient.",
        max_length=120,
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "list": "practices"}),
    )
    filled_in_for = forms.ChoiceField(
        label="Who answers?",
        widget=forms.RadioSelect,
        choices=[(MYSELF, "The patient"), (SOMEONE_ELSE, "Somebody who cares for the patient")],
        initial=MYSELF,
        error_messages={"required": "Choose who answers."},
    )

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        entered["referred_by"] = tidied(entered.get("referred_by", ""))
        if entered.get("source") == Source.REFERRAL and not entered["referred_by"] and not self.errors:
            self.add_error("referred_by", "Enter the practice that refers the patient.")
        return entered


class QuestionsForm(StrictForm):
    """All questions of the check after its first page, those included that depend on answers still to come."""

    def __init__(self, journey: Journey, data: QueryDict | None = None) -> None:
        super().__init__(data, label_suffix="")
        self.journey = journey
        for page in journey.pathway.pages[1:]:
            for question in page.questions:
                self.fields[question.key] = AnswerField(question)

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        earlier = self.journey.relevant_answers.items()
        kept = {key: one for key, one in earlier if key not in self.fields}
        self.journey = Journey(self.journey.pathway, {**kept, **entered})
        for key in self.fields.keys() - {question.key for question in self.journey.asked}:
            # Nothing has to stand there, and what does is looked at when it is asked.
            self.errors.pop(key, None)
        return entered

    def pages(self) -> Iterator[tuple[Page, list[tuple[BoundField, str]]]]:
        """What may be asked as far as is known, page by page, each question with the condition that is still open."""
        for page in self.journey.pathway.pages[1:]:
            asked = [question for question in page.questions if self.journey.may_ask(question)]
            if asked:
                sure = self.journey.questions_on(page)
                yield page, [(self[one.key], "" if one in sure else one.ask_if.prose(str)) for one in asked]


@require_http_methods(["GET", "HEAD", "POST"])
@needs(TAKE)
def page(request: StaffRequest) -> HttpResponse:
    """Each button sends what stands on the page, which is never lost, and gives the page that is next."""
    audit.shows(request)
    if request.method != "POST":
        return _page(request, Talk(pathway=pathway_asked_for(request).key), PAGES[0])
    talk, at, go = Talk.in_page(request), request.POST.get("at", ""), request.POST.get("go", "")
    if talk is None:
        return _page(request, Talk(), PAGES[0], is_lost=True, status=422)
    if at not in PAGES:
        return _page(request, talk, PAGES[0])
    with translation.override(talk.language):
        filled_in = _forms(talk, at, request.POST)
        wrong = [form for form in filled_in if not form.is_valid()]
        talk = talk.after(*filled_in)
    if spoken := request.POST.get("speak"):
        return _page(request, talk.spoken_in(language_or_english(spoken).code), at)
    is_at_the_signs = talk.journey.next_page == talk.journey.pathway.pages[0]
    if go == "back":
        return _page(request, talk, PAGES[0 if is_at_the_signs else max(PAGES.index(at) - 1, 0)])
    if talk.journey.stopped:
        return _page(request, talk, PAGES[-1])
    if wrong:
        return _page(request, talk, at, filled_in, status=422)
    if not talk.journey.is_complete:
        return _page(request, talk, PAGES[0 if is_at_the_signs else 1])
    if at != PAGES[-1] or not filled_in:
        return _page(request, talk, PAGES[-1])
    return _take(request, talk, filled_in, is_another=go == "another")


def _forms(talk: Talk, at: str, data: QueryDict | None = None) -> tuple[StrictForm, ...]:
    """Those of this page, in the active language; with nothing sent, filled in with what was typed before."""
    journey = talk.journey
    on_the_page: tuple[StrictForm, ...] = ()
    match PAGES.index(at):
        case 0:
            on_the_page = OpeningForm(data, label_suffix=""), AnswersForm(journey, journey.pathway.pages[0], data)
        case 1:
            on_the_page = (QuestionsForm(journey, data),)
        case 2 if journey.is_complete and journey.assessment.outcome.offers_visit:
            on_the_page = tuple(
                form(data, pathway=journey.pathway, for_someone_else=talk.is_someone_else)
                for form in (WhoForm, VisitQuestionsForm, CallForm, ConsentForm)
            )
            # What finds the patient, and calls back if the line breaks, is asked first.
            on_the_page[0].order_fields(("name", "date_of_birth", "phone", *on_the_page[0].fields))
    sent_together(*on_the_page, beside=BESIDE)
    for form in on_the_page:
        form.initial = {"language": talk.language, **form.initial, **talk.entered}
    return on_the_page


def _take(request: StaffRequest, talk: Talk, filled_in: tuple[StrictForm, ...], *, is_another: bool) -> HttpResponse:
    """Store it as the web does, and claim it for whoever has the patient on the phone and may book.

    From others it goes into the queue: a scheduler calls.
    """
    who, questions, call, consent = filled_in
    opening = OpeningForm(talk.entered)
    if not opening.is_valid():
        return _page(request, talk, PAGES[0], status=422)
    with translation.override(talk.language):
        contact = contact_of(who, call, consent)
    contact = replace(contact, consent=SPOKEN.format(words=contact.consent))
    origin = Origin(
        source=opening.cleaned_data["source"],
        referred_by=opening.cleaned_data["referred_by"],
        taken_by=request.user,
    )
    answers = answers_kept(talk.journey, questions.cleaned_data)
    stored = AppointmentRequest.objects.filter(journey=UUID(talk.id)).first()
    if stored is None or not is_as_stored(stored, answers, contact, origin):
        if stored:
            # Back and a correction, or the next patient: it needs an id of its own, and somebody who says so.
            talk, is_another = replace(talk, id=uuid.uuid4().hex, beside=stored.pk), False
        already = [] if is_another else list(AppointmentRequest.objects.filter(pk=talk.beside))
        asked = asked_before(contact, UUID(talk.id), talk.journey.pathway).exclude(pk=talk.beside)
        before = [] if is_another else list(asked)
        if already or before:
            audit.shows(request, [*already, *before])
            return _page(request, talk, PAGES[-1], filled_in, status=409, already=already, before=before)
    stored = submit(
        journey_id=UUID(talk.id),
        journey=talk.journey,
        visit_answers=questions.cleaned_data,
        contact=contact,
        origin=origin,
    )
    may_book = request.user.has_perm(WORK)
    if may_book and not stored.version:
        # A colleague may be quicker, or the same form sent at once; the sheet says who holds it.
        with suppress(Refused):
            perform(CLAIM, stored, by=request.user)
    if not may_book:
        what_now = "A scheduler calls to book a visit."
    elif stored.nurse_check in NurseCheck.lets_book():
        what_now = "Book a visit while you are talking."
    else:
        what_now = "Ask the nurse before a visit is booked."
    messages.success(request, f"The request is stored: reference {stored}. {what_now}")
    return redirect(f"{sheet_url(stored.pk)}{f'#do-{next_verb(stored)}' if may_book else ''}")


def _page(
    request: StaffRequest,
    talk: Talk,
    at: str,
    filled_in: tuple[StrictForm, ...] = (),
    *,
    status: int = 200,
    is_lost: bool = False,
    already: Sequence[AppointmentRequest] = (),
    before: Sequence[AppointmentRequest] = (),
) -> HttpResponse:
    with translation.override(talk.language):
        on_the_page = filled_in or _forms(talk, at)
    journey = talk.journey
    practices = ReferralSource.objects.filter(kind=Source.REFERRAL, is_active=True)
    return staff_page(
        request,
        "new_request.html",
        title=f"{'Error: ' if status >= 400 else ''}New request",
        status=status,
        at=at,
        pathway=journey.pathway,
        number=PAGES.index(at) + 1,
        length=len(PAGES),
        on_the_page=on_the_page,
        assessment=journey.assessment if at == PAGES[-1] else None,
        said=(talk.without_emergency() if journey.stopped else talk).sealed(request.user),
        language=talk.language,
        languages=LANGUAGES,
        for_someone_else=talk.is_someone_else,
        practices=practices.values_list("name", flat=True) if at == PAGES[0] else [],
        is_lost=is_lost,
        already=already,
        before=before,
    )

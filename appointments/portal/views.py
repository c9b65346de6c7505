"""What patients see of their own request, after reference and date of birth have opened it for half an hour."""

import secrets
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

import audit
from audit.models import AuditEntry
from common.error_pages import shown_again, status_of_showing_again
from common.forgotten import forgotten_by_the_browser
from common.sealed_cookie import Expired, Unreadable, seal, unseal
from common.strict_form import StrictForm
from screening.pathways import OFFERED
from screening.questionnaire.journey import Journey
from screening.views import summary_page
from screening.visitor import forget, visitor_of

from .. import rate_limit
from .. import reference as references
from ..calendar.moments import day_in_words
from ..fields import (
    ODD,
    AskedField,
    CallTimesField,
    DateOfBirthField,
    PhoneField,
    ask_back,
    is_odd,
    words_beside,
)
from ..lifecycle import status_words
from ..lifecycle.definition import ASK_FOR_ANOTHER_TIME, CALL_ME_FIRST, CHANGE_CALL_TIMES, CORRECT_PHONE, WITHDRAW
from ..lifecycle.grammar import Verb
from ..lifecycle.offered_times import open_times
from ..lifecycle.transition import Refused, perform
from ..models import AppointmentRequest, PhoneOwner, Status
from . import guesses, lost

COOKIE = f"{settings.COOKIE_PREFIX}status"
MAX_AGE = 30 * 60
COOKIE_MAX_AGE = 24 * 60 * 60
SHUT = "status shut"
# What a form asks for: the verb, and its arguments.
Step = tuple[Verb, dict[str, Any]]
CHANGED = gettext_lazy("Your request was changed a moment ago. Look at it and press the button once more.")


class LookUpForm(StrictForm):
    reference = forms.CharField(
        label=gettext_lazy("Your reference"),
        # With hyphens at which no line breaks.
        help_text=gettext_lazy("Nine letters and numbers, like R7M‑343‑N4X."),
        max_length=40,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
        error_messages=dict.fromkeys(
            ("required", "max_length"), gettext_lazy("Enter your reference. We showed it when you sent the request.")
        ),
    )
    date_of_birth = DateOfBirthField(
        label=gettext_lazy("Date of birth of the person who needs the visit"),
        help_text=gettext_lazy("For example: 3 14 1948."),
    )

    def clean_reference(self) -> str:
        """What cannot be one is a slip, and is said to be: its last sign checks the others."""
        typed = self.cleaned_data["reference"]
        if found := references.parse(typed):
            return found
        signs = references.signs_of(typed)
        if strange := next((sign for sign in signs if sign not in references.ALPHABET), None):
            raise ValidationError(
                _("There is a typing mistake: our references have no “{sign}”.").format(sign=strange)
            )
        if len(signs) != references.LENGTH:
            raise ValidationError(
                _("There is a typing mistake: a reference has 9 letters and numbers, and this has {count}.").format(
                    count=len(signs)
                )
            )
        raise ValidationError(_("There is a typing mistake in the reference. Please compare it sign by sign."))


class CorrectPhoneForm(StrictForm):
    phone = PhoneField(
        label=gettext_lazy("Phone number to call"),
        help_text=gettext_lazy("With the area code. We call it about this request."),
        error_messages={"required": gettext_lazy("Enter a phone number, so that we can call.")},
    )
    phone_asked = AskedField()

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        entered["phone_note"] = words_beside(self.data.get("phone", ""))
        if (number := entered.get("phone")) and is_odd(number):
            ask_back(self, "phone", number, ODD)
        entered.pop("phone_asked", None)
        return entered


class CorrectHelpersPhoneForm(CorrectPhoneForm):
    """Of a request that somebody else filled in."""

    phone_owner = forms.ChoiceField(
        label=gettext_lazy("Whose phone is this?"),
        widget=forms.RadioSelect,
        choices=PhoneOwner.choices,
        error_messages={"required": gettext_lazy("Choose whose phone this is.")},
    )


class CallTimesForm(StrictForm):
    call_times = CallTimesField()


KEEP, ANOTHER_TIME, CANCEL = "keep", "another", "cancel"


class WithdrawForm(StrictForm):
    """Of a request with a visit: what is given up is named, and nothing is chosen before."""

    what = forms.ChoiceField(
        label=gettext_lazy("What would you like?"),
        widget=forms.RadioSelect,
        choices=(
            (ANOTHER_TIME, gettext_lazy("I cannot come then. I would like another time.")),
            (CANCEL, gettext_lazy("Cancel my visit. I do not want one now.")),
            (KEEP, gettext_lazy("Keep my visit as it is.")),
        ),
        error_messages={"required": gettext_lazy("Choose what you would like.")},
    )
    wish = forms.CharField(
        label=gettext_lazy("If you would like another time: which days and times would suit you?"),
        max_length=300,
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        if entered.get("what") == KEEP and entered.get("wish"):
            self.add_error("what", _("You wrote about another time. Choose that, or clear the box below."))
        return entered


def opened(view: Callable[[HttpRequest, AppointmentRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Only with a request that was opened in this browser; otherwise ask for the reference first."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        found = _opened_request(request)
        if found is None:
            unsaved = "?unsaved" if request.method == "POST" else ""
            return redirect(f"{reverse('appointments:status')}{unsaved}")
        audit.shows(request, [found])
        return view(request, found)

    return guarded


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
def look_up(request: HttpRequest) -> HttpResponse:
    """A wrong reference and a wrong date of birth get the same answer, and only so many tries."""

    def page(status: int = 200) -> HttpResponse:
        title = _("See your request")
        unsaved = _("What you sent just now was not saved.") if "unsaved" in request.GET else ""
        closed = _("For your safety, we show your request for 30 minutes only. Please open it again.")
        lead = " ".join(filter(None, (unsaved, closed if unsaved or _has_expired(request) else "")))
        links = [(reverse("appointments:lost_reference"), _("I do not have my reference"))]
        return _form_page(request, form, title, title, lead=lead, links=links, status=status)

    form = LookUpForm(request.POST if request.method == "POST" else None, label_suffix="")
    if request.method != "POST":
        return page()
    if again := status_of_showing_again(request):
        form = form if again == 403 else form.unjudged()
        return page(again)
    if not form.is_valid():
        return page(422)
    audit.shows(request, action=AuditEntry.Action.LOOK_UP)
    reference = form.cleaned_data["reference"]
    try:
        guesses.count_a_try(request, reference)
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return page(429)
    found = status_words.find(reference)
    audit.shows(request, [found], action=AuditEntry.Action.LOOK_UP)
    if not found and lost.was_confirmed(request, reference):
        return lost.page(request)
    if not found or found.date_of_birth != form.cleaned_data["date_of_birth"]:
        guesses.was_wrong(request, reference, found)
        form.add_error(None, _("We found no request with this reference and this date of birth. Check both."))
        return page(422)
    response = redirect("appointments:yours")
    guesses.was_right(request, response, found)
    response.set_cookie(
        COOKIE,
        opening_of(found),
        # Longer than it opens anything, so that the page can say why it asks again.
        max_age=COOKIE_MAX_AGE,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


@require_safe
@opened
def yours(request: HttpRequest, found: AppointmentRequest) -> HttpResponse:
    is_past = status_words.is_past(found.appointment)
    context = {
        "reference": references.grouped(found.reference),
        "pathway": found.asked,
        "version": found.pathway_version,
        "fingerprint": found.pathway_fingerprint,
        "status": status_words.status_in_words(found),
        "story": [(day_in_words(moment, found.zone), words) for moment, words in status_words.story(found)],
        "is_closed": found.status == Status.CLOSED,
        "is_booked": found.status == Status.BOOKED and not is_past,
        "is_past": is_past,
        "can_choose": bool(open_times(found)),
        "may_be_first": CALL_ME_FIRST.when.holds(found, None, timezone.now()),
        "for_someone_else": bool(found.filled_in_by),
        "map_url": found.appointment and found.appointment.place.map_url,
        "phone_ends_with": found.phone.partition(";")[0][-4:],
        "done": "done" in request.GET,
    }
    return render(request, "portal/yours.html", context)


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
@opened
def phone(request: HttpRequest, found: AppointmentRequest) -> HttpResponse:
    title = _("Correct the phone number")
    form = CorrectHelpersPhoneForm if found.filled_in_by else CorrectPhoneForm
    return _change(request, found, form, title, lambda **entered: (CORRECT_PHONE, entered))


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
@opened
def call_first(request: HttpRequest, found: AppointmentRequest) -> HttpResponse:
    if not CALL_ME_FIRST.when.holds(found, None, timezone.now()):
        # Somebody has called meanwhile, or the button was pressed already: there it is read how it stands.
        return redirect("appointments:yours")
    title = _("Ask to be called first")
    lead = _("We are late with our call. We are sorry. Press the button, and we call you before others.")
    return _change(request, found, StrictForm, title, lambda: (CALL_ME_FIRST, {}), lead=lead)


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
@opened
def call_times(request: HttpRequest, found: AppointmentRequest) -> HttpResponse:
    title = _("Change when we may call")
    initial = {"call_times": found.call_times}
    return _change(
        request, found, CallTimesForm, title, lambda **entered: (CHANGE_CALL_TIMES, entered), initial=initial
    )


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
@opened
def withdraw(request: HttpRequest, found: AppointmentRequest) -> HttpResponse:
    if found.status == Status.CLOSED:
        # By staff meanwhile, or by the same button pressed before: there it is read how it stands.
        return redirect("appointments:yours")
    title = _("I no longer want a visit")
    if found.status != Status.BOOKED or found.appointment is None:
        lead = _("We will not call you about this request. You can ask again at any time.")
        return _change(request, found, StrictForm, title, lambda: (WITHDRAW, {}), lead=lead)

    def step(what: str, wish: str) -> Step:
        return (WITHDRAW, {"note": wish}) if what == CANCEL else (ASK_FOR_ANOTHER_TIME, {"wish": wish})

    if request.POST.get("what") == KEEP and not request.POST.get("wish", "").strip():
        return redirect("appointments:yours")
    title = _("If you cannot come")
    lead = status_words.status_in_words(found)
    return _change(request, found, WithdrawForm, title, step, button=_("Send"), lead=lead)


@require_safe
@opened
def summary(request: HttpRequest, found: AppointmentRequest) -> HttpResponse:
    return summary_of(request, found, back=reverse("appointments:yours"))


@require_safe
@opened
def visit_file(request: HttpRequest, found: AppointmentRequest) -> HttpResponse:
    """The visit for the patient's own calendar."""
    if found.status != Status.BOOKED or found.appointment is None:
        return redirect("appointments:yours")
    headers = {"Content-Disposition": 'attachment; filename="visit.ics"'}
    # Loaded when it is first needed: the library behind it takes 4 MB.
    from ..calendar.ics import CONTENT_TYPE, calendar_file

    file = calendar_file(found, found.appointment, sequence=found.version)
    return HttpResponse(file, content_type=CONTENT_TYPE, headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """From then on a copy of the cookie opens nothing either. What else of the request is open here is shut, too."""
    response = redirect("appointments:status")
    response.delete_cookie(COOKIE, samesite="Lax")
    if request.method != "POST":
        return response
    if opening := _kept(request).get("opening"):
        rate_limit.count(SHUT, opening, seconds=MAX_AGE)
    for pathway in OFFERED:
        forget(response, visitor_of(request, pathway))
    return forgotten_by_the_browser(response)


def summary_of(request: HttpRequest, found: AppointmentRequest, *, back: str) -> HttpResponse:
    """The summary of a stored request, by the version it was asked under."""
    journey = Journey(found.asked, found.answers)
    if not journey.is_complete:
        return redirect(back)
    return summary_page(
        request,
        journey,
        back=back,
        reference=references.grouped(found.reference),
        name=found.name,
        date_of_birth=found.date_of_birth,
        status=status_words.status_in_words(found),
        version=found.pathway_version,
        fingerprint=found.pathway_fingerprint,
    )


def opening_of(found: AppointmentRequest) -> str:
    """What, kept in COOKIE, opens the request for MAX_AGE seconds, or until it is shut in that browser."""
    return seal({"status_of": found.pk, "opening": secrets.token_urlsafe(16)}, purpose=COOKIE)


def _has_expired(request: HttpRequest) -> bool:
    """Whether a request was opened in this browser, longer ago than it stays open."""
    try:
        unseal(request.COOKIES.get(COOKIE, ""), purpose=COOKIE, max_age=MAX_AGE)
    except Expired:
        return True
    except Unreadable:
        pass
    return False


def _opened_request(request: HttpRequest) -> AppointmentRequest | None:
    kept = _kept(request)
    if not kept.get("opening") or rate_limit.is_counted(SHUT, kept["opening"]):
        return None
    requests = AppointmentRequest.objects.select_related("appointment__place", "appointment__clinician")
    return requests.filter(pk=kept["status_of"]).first()


def _kept(request: HttpRequest) -> dict:
    try:
        return unseal(request.COOKIES.get(COOKIE, ""), purpose=COOKIE, max_age=MAX_AGE)
    except (Unreadable, Expired):
        return {}


def _change(
    request: HttpRequest,
    found: AppointmentRequest,
    form_class: type[StrictForm],
    title: str,
    step: Callable[..., Step],
    *,
    button: str = "",
    lead: str = "",
    **kwargs: Any,
) -> HttpResponse:
    def page(version: int | str | None, status: int = 200) -> HttpResponse:
        return _form_page(request, form, title, button or title, lead=lead, version=version, status=status)

    form = form_class(request.POST if request.method == "POST" else None, label_suffix="", **kwargs)
    if request.method != "POST":
        return page(found.version)
    if again := status_of_showing_again(request):
        form = form if again == 403 else form.unjudged()
        return page(request.POST.get("version"), status=again)
    if not form.is_valid():
        return page(found.version, status=422)
    verb, entered = step(**form.cleaned_data)
    shown = request.POST.get("version", "")
    try:
        if shown != str(found.version):
            raise Refused
        perform(verb, found, **entered)
    except Refused:
        found.refresh_from_db()
        if not _has_done(found, verb, entered, shown):
            is_over = found.status == Status.CLOSED or status_words.is_past(found.appointment)
            words = _("This request can no longer be changed here. Please call us.") if is_over else CHANGED
            form.add_error(None, words)
            return page(found.version, status=409)
    return redirect(f"{reverse('appointments:yours')}?done")


def _has_done(found: AppointmentRequest, verb: Verb, entered: dict[str, Any], shown: str) -> bool:
    """Whether the same was done from the page that had this version, by a button that was pressed twice."""
    last = found.events.filter(verb=verb.event).last()
    if last is None or shown != str(last.version - 1):
        return False
    wish = entered.keys() & {"wish", "note"}
    return all(value == (last.note if name in wish else getattr(found, name)) for name, value in entered.items())


def _form_page(
    request: HttpRequest,
    form: StrictForm,
    title: str,
    button: str,
    *,
    lead: str = "",
    links: Sequence[tuple[str, str]] = (),
    version: int | str | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "button": button,
        "lead": lead,
        "links": links,
        "version": version,
        "back": reverse("appointments:yours") if version is not None else "",
        "must_be_sent_again": status == 403,
    }
    return render(request, "portal/status_form.html", context, status=status)

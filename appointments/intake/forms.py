"""The steps of asking for a visit, each a form of its own."""

from typing import Any, Self, TypedDict, Unpack

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.strict_form import StrictForm
from screening.forms import AnswerField
from screening.questionnaire.conditions import ALWAYS
from screening.questionnaire.definition import Pathway

from ..fields import (
    ODD,
    AskedField,
    CallTimesField,
    DateOfBirthField,
    EmailField,
    PersonNameField,
    PhoneField,
    PostalAddressField,
    ask_back,
    is_odd,
    likely_meant,
    tidied,
    words_beside,
)
from ..models import Language, MayTalk, PhoneOwner
from .contact import Contact

# What was agreed to is stored word for word with each request, each with a box of its own.
CONSENT_TO_CALLS = _("You may call me about this request.")
CONSENT_TO_KEEP = _("You may keep what I told you here to plan the visit.")
CONSENT_TO_KEEP_OF_SOMEONE_ELSE = _(
    "You may keep what I told you here to plan the visit. The person who needs the visit knows this."
)
CONSENT_TO_TEXTS = _(
    "You may also send me text messages about this request. Message and data rates may apply. "
    "Reply HELP for help, or STOP to end them."
)

NOT_CHOSEN = ("required", "invalid_choice")
# Bytes. A sealed cookie is a third longer than what is in it, and may have 4,096 with all answers and steps.
MOST_KEPT = 1_000


class AboutWhom(TypedDict):
    """Under which pathway a visit is asked for, and whether the patient asks or somebody for her or him."""

    pathway: Pathway
    for_someone_else: bool


class StepForm(StrictForm):
    """A form that can give back what was typed, to be filled in with it again later."""

    data: MultiValueDict[str, str]

    def __init__(self, data: QueryDict | None = None, **about: Unpack[AboutWhom]) -> None:
        super().__init__(data, label_suffix="")
        self.pathway, self.for_someone_else = about["pathway"], about["for_someone_else"]

    @classmethod
    def from_typed(cls, typed: dict[str, list[str]], **about: Unpack[AboutWhom]) -> Self:
        """With what of it is asked for now: it may have been typed before it was said for whom."""
        data = QueryDict(mutable=True)
        form = cls(data, **about)
        for name in form._typed_names() & typed.keys():
            data.setlist(name, typed[name])
        return form

    def typed(self) -> dict[str, list[str]]:
        """What was typed, without blanks and repetitions that could make it longer than a cookie may be."""
        kept: dict[str, list[str]] = {}
        for name, field in self.fields.items():
            suffixes = getattr(field.widget, "widgets_names", None)
            if suffixes:
                parts = field.widget.value_from_datadict(self.data, {}, name)
                kept |= {name + suffix: [tidied(part or "")] for suffix, part in zip(suffixes, parts, strict=True)}
                continue
            values = [tidied(value) for value in self.data.getlist(name)]
            takes_several = getattr(field.widget, "allow_multiple_selected", False)
            kept[name] = list(dict.fromkeys(values)) if takes_several else values[-1:]
        return kept

    @property
    def is_short(self) -> bool:
        """Whether what was typed fits into a cookie, also if it is not valid. What is valid does."""
        return len(str(self.typed()).encode()) <= MOST_KEPT

    def _typed_names(self) -> set[str]:
        return self._names(takes_several=True) | self._names(takes_several=False)


class VisitQuestionsForm(StepForm):
    """The pathway's questions that are asked with a request only."""

    def __init__(self, data: QueryDict | None = None, **about: Unpack[AboutWhom]) -> None:
        super().__init__(data, **about)
        for question in self.pathway.visit_questions:
            self.fields[question.key] = AnswerField(question)
            if question.ask_if is not ALWAYS:
                self.fields[question.key].group = "only-with-a-picture"  # type: ignore[attr-defined]  # for the template

    def typed(self) -> dict[str, list[str]]:
        kept = super().typed()
        # What has no place in a cookie is no answer either.
        return {name: values for name, values in kept.items() if name not in self._not_asked()}

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        for key in self._not_asked():
            # What is still in fields that the page has hidden meanwhile is not meant, and may not be seen.
            self.errors.pop(key, None)
            entered.pop(key, None)
        return {key: answer for key, answer in entered.items() if answer}

    def _not_asked(self) -> set[str]:
        asked = self.pathway.visit_questions
        answers = {question.key: self.data.getlist(question.key) for question in asked}
        return {question.key for question in asked if not question.ask_if.holds(answers)}


class WhoForm(StepForm):
    """Who the visit is for, and how to reach them. Every label says whose it is."""

    FOR_SOMEONE_ELSE = (
        *("filled_in_by", "relationship", "may_talk", "phone_owner"),
        *("patient_phone", "patient_phone_asked"),
    )

    filled_in_by = PersonNameField(
        label=_("Your own name"),
        error_messages={
            "required": _("Enter your own name, so that we know who we talk to."),
            "invalid": _("Enter your own name in letters."),
        },
    )
    relationship = PersonNameField(
        label=_("Who you are to that person"),
        help_text=_("For example: daughter, husband, neighbor, nurse."),
        error_messages={
            "required": _("Say who you are to that person."),
            "invalid": _("Say in letters who you are to that person."),
        },
        autocomplete="off",
        max_length=60,
    )
    may_talk = forms.ChoiceField(
        label=_("May we talk with you about this?"),
        widget=forms.RadioSelect,
        choices=MayTalk.choices,
        error_messages=dict.fromkeys(NOT_CHOSEN, _("Choose if we may talk with you.")),
    )
    name = PersonNameField(
        label=_("Your full name"),
        help_text=_("As it is on your insurance card or ID."),
        error_messages={
            "required": _("Enter your name."),
            "invalid": _("Enter your name in letters."),
            "max_length": _("This name is too long for our form (120 letters). Leave out middle names."),
        },
    )
    date_of_birth = DateOfBirthField(
        label=_("Your date of birth"), help_text=_("For example: 3 14 1948. It helps us find the chart.")
    )
    phone = PhoneField(
        label=_("Your phone number"),
        help_text=_("With the area code. We call it about this request."),
        error_messages={"required": _("Enter a phone number, so that we can call.")},
    )
    phone_asked = AskedField()
    phone_owner = forms.ChoiceField(
        label=_("Whose phone is this?"),
        widget=forms.RadioSelect,
        choices=PhoneOwner.choices,
        error_messages=dict.fromkeys(NOT_CHOSEN, _("Choose whose phone this is.")),
    )
    patient_phone = PhoneField(
        label=_("Phone of the person who needs the visit"),
        help_text=_("Only if it is another number than the one above."),
        required=False,
    )
    patient_phone_asked = AskedField()
    email = EmailField(label=_("Your e-mail (optional)"))
    email_asked = AskedField()
    postal_address = PostalAddressField(
        label=_("Your mailing address (optional)"),
        help_text=_("Without e-mail, we write to it if we cannot reach you by phone."),
    )

    def __init__(self, data: QueryDict | None = None, **about: Unpack[AboutWhom]) -> None:
        super().__init__(data, **about)
        if not self.for_someone_else:
            for name in self.FOR_SOMEONE_ELSE:
                del self.fields[name]
            return
        self.fields["may_talk"].why = _(  # type: ignore[attr-defined]  # for the template alone
            "The law protects health facts. We may need to ask the person first."
        )
        for name, (label, hint) in OF_SOMEONE_ELSE.items():
            self.fields[name].label = label
            self.fields[name].help_text = hint
        self.fields["name"].error_messages |= {
            "required": _("Enter the name of the person who needs the visit."),
            "invalid": _("Enter the name of the person who needs the visit in letters."),
        }
        for name in ("name", "date_of_birth", "email", "postal_address"):
            # A browser knows those of whoever fills this in.
            for widget in getattr(self.fields[name].widget, "widgets", [self.fields[name].widget]):
                widget.attrs["autocomplete"] = "off"

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        entered["phone_note"] = words_beside(self.data.get("phone", ""))
        address = entered.get("email", "")
        if meant := likely_meant(address):
            words = gettext("Did you mean {address}? Correct it, or press the button again.").format(address=meant)
            ask_back(self, "email", address, words)
        for name in ("phone", "patient_phone"):
            if (number := entered.get(name)) and is_odd(number):
                ask_back(self, name, number, ODD)
        return entered


# The label and the hint of each, where somebody else fills it in.
OF_SOMEONE_ELSE = {
    "name": (_("Full name of the person who needs the visit"), _("Her or his name, as on the insurance card or ID.")),
    "date_of_birth": (
        _("Date of birth of the person who needs the visit"),
        _("For example: 3 14 1948. It helps us find the chart."),
    ),
    "phone": (_("Phone number to call"), _("With the area code. We call it about this request.")),
    "email": (_("E-mail (optional)"), _("Yours, or that of the person who needs the visit.")),
    "postal_address": (
        _("Mailing address of the person who needs the visit (optional)"),
        _("Without e-mail, we write to it if we cannot reach anybody by phone."),
    ),
}


class CallForm(StepForm):
    YES, NO = "yes", "no"

    language = forms.ChoiceField(
        label=_("Which language should we call in?"),
        widget=forms.RadioSelect,
        choices=Language.choices,
        error_messages=dict.fromkeys(NOT_CHOSEN, _("Choose a language.")),
    )
    other_language = PersonNameField(
        label=_("If another language, which one?"),
        autocomplete="off",
        required=False,
        max_length=60,
        error_messages={"invalid": _("Enter the name of the language in letters.")},
    )
    needs_interpreter = forms.BooleanField(label=_("I need an interpreter"), required=False)
    hard_of_hearing = forms.BooleanField(label=_("I have trouble hearing on the phone"), required=False)
    large_print = forms.BooleanField(label=_("Please send letters in large print"), required=False)
    call_times = CallTimesField()
    voicemail_ok = forms.ChoiceField(
        label=_("May we leave a message if nobody answers?"),
        help_text=_("We say our name and number only, nothing about health."),
        widget=forms.RadioSelect,
        choices=[(YES, _("Yes, you may leave a message")), (NO, _("No, please do not"))],
        error_messages=dict.fromkeys(NOT_CHOSEN, _("Choose if we may leave a message.")),
    )

    def __init__(self, data: QueryDict | None = None, **about: Unpack[AboutWhom]) -> None:
        super().__init__(data, **about)
        for name in ("needs_interpreter", "hard_of_hearing", "large_print"):
            self.fields[name].legend = _("What else helps?")  # type: ignore[attr-defined]  # for the template alone
        self.fields["other_language"].group = "only-in-another-language"  # type: ignore[attr-defined]  # the template's
        if self.for_someone_else:
            self.fields["needs_interpreter"].label = _("The person who needs the visit needs an interpreter")
            self.fields["hard_of_hearing"].label = _("The person we call has trouble hearing on the phone")

    def clean_voicemail_ok(self) -> bool:
        return self.cleaned_data["voicemail_ok"] == self.YES

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        if entered.get("language") != Language.OTHER:
            entered["other_language"] = ""
        elif not entered.get("other_language") and "other_language" not in self.errors:
            self.add_error("other_language", _("Enter the language, so that we find an interpreter."))
        return entered


class ConsentForm(StepForm):
    """What is agreed to when the request is sent."""

    calls_ok = forms.BooleanField(
        label=CONSENT_TO_CALLS,
        error_messages={"required": _("Check this box, so that we may call. Or call us instead.")},
    )
    keeping_ok = forms.BooleanField(
        label=CONSENT_TO_KEEP,
        error_messages={"required": _("Check this box, so that we know what to call about. Or call us instead.")},
    )
    texts_ok = forms.BooleanField(label=CONSENT_TO_TEXTS, required=False)

    def __init__(self, data: QueryDict | None = None, **about: Unpack[AboutWhom]) -> None:
        super().__init__(data, **about)
        for name in self.fields:
            self.fields[name].legend = _("Do you agree?")  # type: ignore[attr-defined]  # for the template alone
        if self.for_someone_else:
            self.fields["keeping_ok"].label = CONSENT_TO_KEEP_OF_SOMEONE_ELSE

    def clean(self) -> dict[str, Any]:
        """With `consent`, in the words that were shown."""
        entered = super().clean()
        agreed = [name for name in ("calls_ok", "keeping_ok", "texts_ok") if entered.get(name)]
        return {**entered, "consent": " ".join(str(self.fields[name].label) for name in agreed)}


def contact_of(who: forms.Form, call: forms.Form, consent: forms.Form | None = None) -> Contact:
    """What is stored of these, which must be valid; before the consent it is not whole."""
    entered = {"consent": "", **who.cleaned_data, **call.cleaned_data, **(consent.cleaned_data if consent else {})}
    return Contact.of(entered)

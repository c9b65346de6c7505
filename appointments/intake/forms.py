"""The steps of asking for a visit, each a form of its own."""

from typing import Any, Self

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from common.strict_form import StrictForm
from screening.forms import AnswerField
from screening.pathways import PATHWAY
from screening.questionnaire.conditions import ALWAYS

from ..fields import CallTimesField, DateOfBirthField, PersonNameField, PhoneField, PostalAddressField, tidied
from ..models import Language, MayTalk
from .contact import Contact

# What was agreed to is stored word for word with each request; texts are agreed to by their own box.
CONSENT = _("You may call me about this request, and keep what I told you here to plan the visit.")
CONSENT_TO_TEXTS = _("You may also send me text messages about this request. Reply STOP to end them.")

NOT_CHOSEN = ("required", "invalid_choice")
# Bytes. A sealed cookie is a third longer than what is in it, and may have 4,096 with all answers and steps.
MOST_KEPT = 1_000


class StepForm(StrictForm):
    """A form that can give back what was typed, to be filled in with it again later."""

    data: MultiValueDict[str, str]

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(data, label_suffix="", **kwargs)

    @classmethod
    def from_typed(cls, typed: dict[str, list[str]]) -> Self:
        data = QueryDict(mutable=True)
        for name, values in typed.items():
            data.setlist(name, values)
        return cls(data)

    def typed(self) -> dict[str, list[str]]:
        """What was typed, without blanks and repetitions that could make it longer than a cookie may be."""
        kept = {}
        for name, field in self.fields.items():
            for suffix in getattr(field.widget, "widgets_names", [""]):
                values = [tidied(value) for value in self.data.getlist(name + suffix)]
                takes_several = getattr(field.widget, "allow_multiple_selected", False)
                kept[name + suffix] = list(dict.fromkeys(values)) if takes_several else values[-1:]
        return kept

    @property
    def is_short(self) -> bool:
        """Whether what was typed fits into a cookie, also if it is not valid. What is valid does."""
        return len(str(self.typed()).encode()) <= MOST_KEPT


class VisitQuestionsForm(StepForm):
    """The pathway's questions that are asked with a request only."""

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for question in PATHWAY.visit_questions:
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
        answers = {question.key: self.data.getlist(question.key) for question in PATHWAY.visit_questions}
        return {question.key for question in PATHWAY.visit_questions if not question.ask_if.holds(answers)}


class WhoForm(StepForm):
    MYSELF, SOMEONE_ELSE = "myself", "someone_else"
    FOR_SOMEONE_ELSE = ("filled_in_by", "relationship", "may_talk", "patient_phone")

    filled_in_for = forms.ChoiceField(
        label=_("Who is the visit for?"),
        widget=forms.RadioSelect,
        choices=[(MYSELF, _("For me")), (SOMEONE_ELSE, _("For someone I care for"))],
        error_messages=dict.fromkeys(NOT_CHOSEN, _("Choose who the visit is for.")),
    )
    filled_in_by = PersonNameField(
        label=_("Your own name"),
        help_text=_("Only if you fill this in for someone else."),
        error_messages={"invalid": _("Enter your own name in letters.")},
        autocomplete="off",
        required=False,
    )
    relationship = PersonNameField(
        label=_("Who you are to that person"),
        help_text=_("For example: daughter, husband, neighbor, nurse. Only if you fill this in for someone else."),
        error_messages={"invalid": _("Say in letters who you are to that person.")},
        autocomplete="off",
        max_length=60,
        required=False,
    )
    may_talk = forms.ChoiceField(
        label=_("May we talk with you about this?"),
        widget=forms.RadioSelect,
        choices=MayTalk.choices,
        error_messages={"invalid_choice": _("Choose if we may talk with you.")},
        required=False,
    )
    name = PersonNameField(
        label=_("Full name of the person who needs the visit"),
        help_text=_("As it is on the insurance card or ID."),
        error_messages={
            "required": _("Enter the name of the person who needs the visit."),
            "invalid": _("Enter the name of the person who needs the visit in letters."),
        },
    )
    date_of_birth = DateOfBirthField(
        label=_("Date of birth of the person who needs the visit"),
        help_text=_("For example: 3 14 1948. It helps us find the chart."),
    )
    phone = PhoneField(
        label=_("Phone number to call"),
        help_text=_("With the area code. We call it about this request."),
        error_messages={"required": _("Enter a phone number, so that we can call.")},
    )
    patient_phone = PhoneField(
        label=_("Phone of the person who needs the visit"),
        help_text=_("Only if it is another number than the one above."),
        required=False,
    )
    email = forms.EmailField(
        label=_("E-mail (optional)"),
        required=False,
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email", "spellcheck": "false"}),
        error_messages=dict.fromkeys(
            ("invalid", "max_length"), _("Enter an e-mail address like name@example.com, or leave this empty.")
        ),
    )

    postal_address = PostalAddressField(
        label=_("Mailing address (optional)"),
        help_text=_("Without e-mail, we write to it if we cannot reach you by phone."),
    )

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for name in self.FOR_SOMEONE_ELSE:
            self.fields[name].group = "only-for-someone-else"  # type: ignore[attr-defined]  # for the template alone
        self.fields["may_talk"].why = _(  # type: ignore[attr-defined]  # for the template alone
            "The law protects health facts. We may need to ask the person first."
        )

    def typed(self) -> dict[str, list[str]]:
        kept = super().typed()
        if kept["filled_in_for"] == [self.MYSELF]:
            # The page has hidden these, so they are not meant, and nothing keeps them short enough for a cookie.
            kept |= {name: [""] for name in self.FOR_SOMEONE_ELSE}
        return kept

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        if entered.get("filled_in_for") == self.SOMEONE_ELSE:
            if not entered.get("filled_in_by") and "filled_in_by" not in self.errors:
                self.add_error("filled_in_by", _("Enter your own name, so that we know who we talk to."))
            if not entered.get("relationship") and "relationship" not in self.errors:
                self.add_error("relationship", _("Say who you are to that person."))
            if not entered.get("may_talk") and "may_talk" not in self.errors:
                self.add_error("may_talk", _("Choose if we may talk with you."))
        else:
            # What is still in fields that the page has hidden meanwhile is not meant, and may not be seen.
            for name in self.FOR_SOMEONE_ELSE:
                self.errors.pop(name, None)
                entered[name] = ""
        return entered


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
    large_print = forms.BooleanField(label=_("Please send me letters in large print"), required=False)
    call_times = CallTimesField()
    voicemail_ok = forms.ChoiceField(
        label=_("May we leave a message if nobody answers?"),
        help_text=_("We say our name and number only, nothing about health."),
        widget=forms.RadioSelect,
        choices=[(YES, _("Yes, you may leave a message")), (NO, _("No, please do not"))],
        error_messages=dict.fromkeys(NOT_CHOSEN, _("Choose if we may leave a message.")),
    )
    texts_ok = forms.BooleanField(label=CONSENT_TO_TEXTS, required=False)
    consent = forms.BooleanField(
        label=CONSENT, error_messages={"required": _("Check this box, so that we may call. Or call us instead.")}
    )

    def clean_voicemail_ok(self) -> bool:
        return self.cleaned_data["voicemail_ok"] == self.YES

    def clean_consent(self) -> str:
        return str(CONSENT)

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        if entered.get("language") != Language.OTHER:
            entered["other_language"] = ""
        elif not entered.get("other_language") and "other_language" not in self.errors:
            self.add_error("other_language", _("Enter the language, so that we find an interpreter."))
        return entered


def contact_of(who: forms.Form, call: forms.Form) -> Contact:
    """What is stored of these two, which must be valid."""
    entered = {**who.cleaned_data, **call.cleaned_data}
    if entered["texts_ok"]:
        entered["consent"] += f" {CONSENT_TO_TEXTS}"
    return Contact.of(entered)

"""What somebody said to be called, as they read it again before and after they send it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from common.clinic import left_to_right
from screening.questionnaire.conditions import Answers
from screening.questionnaire.questions import Question
from screening.wording import date_in_words, say

from ..fields import call_times_in_words
from ..models import AppointmentRequest, Language, MayTalk, PhoneOwner
from ..models.requests import as_dialled
from .contact import Contact


@dataclass(frozen=True)
class Said:
    """`step` is the key of the step that asks for it."""

    step: str
    label: str
    words: list[str]


def said(contact: Contact | AppointmentRequest, answers: Answers, asked: Sequence[Question]) -> list[Said]:
    """In the active language: only what there is. `asked` are the questions that come with a request."""
    return [
        *(Said("who", label, words) for label, words in _who(contact) if any(words)),
        *(Said("call", label, words) for label, words in _call(contact)),
        *(
            Said("questions", say(question.name), question.in_words(answers, say))
            for question in asked
            if question.key in answers
        ),
    ]


def _who(contact: Contact | AppointmentRequest) -> Iterator[tuple[str, list[str]]]:
    is_helper = bool(contact.filled_in_by)
    if is_helper:
        yield _("Your own name"), [contact.filled_in_by]
        yield _("Who you are to that person"), [contact.relationship]
        yield _("May we talk with you about this?"), [_label(MayTalk, contact.may_talk)]
    yield _("Full name of the person who needs the visit") if is_helper else _("Your full name"), [contact.name]
    born = date_in_words(contact.date_of_birth)
    yield _("Date of birth of the person who needs the visit") if is_helper else _("Your date of birth"), [born]
    phone = [left_to_right(as_dialled(contact.phone)), _label(PhoneOwner, contact.phone_owner), contact.phone_note]
    yield _("Phone number to call") if is_helper else _("Your phone number"), [one for one in phone if one]
    if contact.patient_phone:
        yield _("Phone of the person who needs the visit"), [left_to_right(as_dialled(contact.patient_phone))]
    yield _("E-mail"), [contact.email]
    yield _("Mailing address"), contact.postal_address.splitlines()


def _call(contact: Contact | AppointmentRequest) -> Iterator[tuple[str, list[str]]]:
    language = contact.other_language or _label(Language, contact.language)
    interpreter = [_("with an interpreter")] if contact.needs_interpreter else []
    yield _("Language of the call"), [language, *interpreter]
    if contact.hard_of_hearing:
        yield _("Hearing"), [_("Trouble hearing on the phone")]
    if contact.large_print:
        yield _("Letters"), [_("In large print")]
    yield _("When we may call"), call_times_in_words(contact.call_times)
    message = _("Yes, you may leave a message") if contact.voicemail_ok else _("No, please do not")
    yield _("A message if nobody answers"), [message]


def _label(choices: type[Language | MayTalk | PhoneOwner], value: str) -> str:
    return str(choices(value).label) if value else ""

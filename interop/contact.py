"""Who is to be called, and how, as items of the Questionnaire: worked out from the web's forms, and back to them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils import translation

from appointments.fields import AskedField, DateOfBirthField, PostalAddressField
from appointments.intake.contact import Contact
from appointments.intake.forms import AboutWhom, CallForm, ConsentForm, StepForm, WhoForm, contact_of
from screening.questionnaire.definition import Pathway

from . import terms
from .response import Fault, Values, where

WHO_ANSWERS = "answering_for"
# Each is a group of its own, because the forms speak to the one or to the other.
MYSELF, SOMEONE_ELSE = "myself", "someone_else"
WHO = {MYSELF: "I answer for myself", SOMEONE_ELSE: "I answer for someone else"}
FORMS: tuple[type[StepForm], ...] = (WhoForm, CallForm, ConsentForm)


def contact_items(pathway: Pathway, enabling: Mapping[str, Any]) -> list[dict]:
    """In English. `enabling` says when a visit can be asked for; whether one is offered, no questionnaire can say."""
    with translation.override("en"):
        return [
            {
                "linkId": WHO_ANSWERS,
                "text": "To ask for a visit: who answers?",
                "type": "choice",
                "answerOption": [_option(WHO_ANSWERS, code, label) for code, label in WHO.items()],
                "required": False,
                **enabling,
            },
            *(
                {
                    "linkId": whom,
                    "text": "Who is the visit for, and how should we call?",
                    "type": "group",
                    "enableWhen": [
                        {
                            "question": WHO_ANSWERS,
                            "operator": "=",
                            "answerCoding": {"system": terms.system(WHO_ANSWERS), "code": whom},
                        }
                    ],
                    "item": [_item(whom, name, field) for name, field in _fields(pathway, whom)],
                }
                for whom in WHO
            ),
        ]


def contact_in(pathway: Pathway, values: Values, faults: list[Fault]) -> Contact | None:
    """What these values say by the rules of the web's forms; None, and why is added to `faults`, if that is not all.

    What the forms would ask back once, like a number that looks odd, is taken as it is: nobody is there to be asked.
    """
    whom = next(iter(values.get(WHO_ANSWERS, ())), "")
    if not whom:
        faults.append(Fault("required", "Say who answers, and then who is to be called.", where(WHO_ANSWERS)))
        return None
    start = f"{whom}."
    for link in values:
        if link.partition(".")[0] in WHO and not link.startswith(start):
            faults.append(Fault("business-rule", "This is not asked of whoever answers.", where(*_path(link))))
    typed = {
        name: typed
        for link, given in values.items()
        if link.startswith(start)
        for name, typed in _as_typed(link.removeprefix(start), given)
    }
    about = AboutWhom(pathway=pathway, for_someone_else=whom == SOMEONE_ELSE)
    sent = [_sent(form, typed, about) for form in FORMS]
    for form in sent:
        for name, errors in form.errors.as_data().items():
            code = "required" if errors[0].code == "required" else "value"
            words = str(next(iter(errors[0].messages)))
            faults.append(Fault(code, words, where(whom, f"{whom}.{name}")))
    return None if faults else contact_of(*sent)


def _sent(form: type[StepForm], typed: dict[str, list[str]], about: AboutWhom) -> StepForm:
    first = form.from_typed(typed, **about)
    if not first.is_valid():
        # With what is asked back once, as whoever presses the button again sends it.
        first = form.from_typed(dict(first.data.lists()), **about)
    return first


def _as_typed(name: str, given: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    if name == "date_of_birth":
        for part, typed in zip(("year", "month", "day"), given[0].split("-"), strict=True):
            yield f"{name}_{part}", [typed]
    else:
        yield name, [*given]


def _fields(pathway: Pathway, whom: str) -> Iterator[tuple[str, forms.Field]]:
    for form in FORMS:
        for name, field in form(pathway=pathway, for_someone_else=whom == SOMEONE_ELSE).fields.items():
            if not isinstance(field, AskedField):
                yield name, field


def _path(link: str) -> tuple[str, ...]:
    whom, dot, _name = link.partition(".")
    return (whom, link) if dot else (whom,)


def _item(whom: str, name: str, field: forms.Field) -> dict:
    item = {"linkId": f"{whom}.{name}", "text": str(field.label), "required": False}
    match field:
        case forms.ChoiceField():
            options = [_option(name, code, str(label)) for code, label in field.widget.choices]
            several = {"repeats": True} if isinstance(field, forms.MultipleChoiceField) else {}
            return item | {"type": "choice", "answerOption": options} | several
        case forms.BooleanField():
            return item | {"type": "boolean"}
        case DateOfBirthField():
            return item | {"type": "date"}
        case forms.CharField():
            kind = "text" if isinstance(field, PostalAddressField) else "string"
            return item | {"type": kind, "maxLength": field.max_length}
    raise TypeError(f"FHIR has no type for {name}")


def _option(name: str, code: str, label: str) -> dict:
    return {"valueCoding": {"system": terms.system(name), "code": code, "display": label}}

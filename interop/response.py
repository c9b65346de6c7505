"""Reads a QuestionnaireResponse by its Questionnaire: what was answered, and what cannot be taken, in words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What was answered, as a form would send it, by linkId.
Values = dict[str, list[str]]

VALUES = {
    "choice": "valueCoding",
    "string": "valueString",
    "text": "valueString",
    "date": "valueDate",
    "boolean": "valueBoolean",
}
A_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Fault:
    """Why a response cannot be taken: a code of FHIR's issue types, words, and where it stands, as FHIRPath."""

    code: str
    words: str
    expression: str = "QuestionnaireResponse"


class NotThis(ValueError):
    """An answer that is none. The first argument is the code, the second the words."""


def where(*links: str) -> str:
    return "".join(["QuestionnaireResponse", *(f".item.where(linkId='{link}')" for link in links)])


def values_in(asked: Sequence[Mapping[str, Any]], given: Any, faults: list[Fault]) -> Values:
    """Of the items that are `given` to those that are `asked`. What is wrong is added to `faults`.

    An item without an answer, and a box that is not ticked, are as if they were not there.
    """
    return {link: values for link, values in _read(asked, given, faults, ()) if values}


def codings_in(items: Any) -> Iterator[tuple[str, str]]:
    """The system and the code of each answer in these items, however they are nested; they need not be valid."""
    left = [items]
    while left:
        part = left.pop()
        if isinstance(part, list):
            left += part
        elif isinstance(part, dict):
            left += [part.get("item"), part.get("answer")]
            match part.get("valueCoding"):
                case {"system": str(system), "code": str(code)}:
                    yield system, code


def _read(
    asked: Sequence[Mapping[str, Any]], given: Any, faults: list[Fault], path: tuple[str, ...]
) -> Iterator[tuple[str, list[str]]]:
    here = where(*path)
    if not isinstance(given, list):
        faults.append(Fault("structure", "The items must be a list.", here))
        return
    known = {item["linkId"]: item for item in asked}
    seen: set[str] = set()
    for number, item in enumerate(given):
        link = item.get("linkId") if isinstance(item, dict) else None
        if not isinstance(link, str) or link not in known:
            faults.append(Fault("not-found", "Nothing is asked by this linkId.", f"{here}.item[{number}]"))
            continue
        place = where(*path, link)
        if link in seen:
            faults.append(Fault("duplicate", "This is answered twice.", place))
        elif "modifierExtension" in item:
            faults.append(Fault("not-supported", "We know no modifier extensions.", place))
        elif known[link]["type"] == "group":
            if item.get("answer"):
                faults.append(Fault("structure", "A group has items and no answer.", place))
            yield from _read(known[link]["item"], item.get("item", []), faults, (*path, link))
        elif known[link]["type"] == "display":
            if "answer" in item or "item" in item:
                faults.append(Fault("structure", "This is to be read only.", place))
        else:
            answers = item.get("answer", [])
            # What explains a question stands below it, or below its answer, and may be sent back.
            for below in (item, *(answers if isinstance(answers, list) else [])):
                if isinstance(below, dict):
                    yield from _read(known[link].get("item", []), below.get("item", []), faults, (*path, link))
            yield link, [*_answers(known[link], answers, place, faults)]
        seen.add(link)


def _answers(asked: Mapping[str, Any], given: Any, place: str, faults: list[Fault]) -> Iterator[str]:
    if not isinstance(given, list):
        faults.append(Fault("structure", "The answers must be a list.", place))
        return
    if len(given) > 1 and not asked.get("repeats"):
        faults.append(Fault("business-rule", "Only one answer can be given to this.", place))
        return
    for number, answer in enumerate(given):
        try:
            yield from _value(asked, answer)
        except NotThis as fault:
            code, words = fault.args
            faults.append(Fault(code, words, f"{place}.answer[{number}]"))


def _value(asked: Mapping[str, Any], answer: Any) -> Iterator[str]:
    """As a form sends it: a box that is not ticked sends nothing."""
    key = VALUES[asked["type"]]
    if not isinstance(answer, dict) or [one for one in answer if one.startswith("value")] != [key]:
        raise NotThis("value", f"This is answered by a {key}, and nothing beside it.")
    if "modifierExtension" in answer:
        raise NotThis("not-supported", "We know no modifier extensions.")
    value = answer[key]
    match asked["type"]:
        case "choice":
            given = value if isinstance(value, dict) else {}
            options = [option["valueCoding"] for option in asked["answerOption"]]
            coding = (given.get("system"), given.get("code"))
            picked = [option for option in options if (option["system"], option["code"]) == coding]
            if not picked:
                raise NotThis("code-invalid", "This is none of the answers that can be picked.")
            # The same code may have stood for other words.
            if "version" in picked[0] and given.get("version", picked[0]["version"]) != picked[0]["version"]:
                raise NotThis("code-invalid", "This is an answer to another version of the question.")
            yield value["code"]
        case "boolean":
            if not isinstance(value, bool):
                raise NotThis("value", "This is answered by true or false.")
            if value:
                yield "on"
        case "date":
            if not isinstance(value, str) or not A_DAY.fullmatch(value):
                raise NotThis("value", "This is answered by a day, like 1948-03-14.")
            yield value
        case _:
            if not isinstance(value, str) or not value.strip():
                raise NotThis("value", "This is answered in words.")
            if len(value) > asked["maxLength"]:
                raise NotThis("too-long", f"This has {asked['maxLength']} characters at most.")
            yield value

"""How templates say what the pathway says."""

from typing import Any

from django import template
from django.forms import BoundField

from .. import mounted, sign_off, wording
from ..questionnaire.assessment import Flag, Verdict
from ..questionnaire.conditions import Condition
from ..questionnaire.definition import Pathway

register = template.Library()

register.filter("say", wording.say)
register.filter("say_line", wording.say_line)
register.filter("can_be_said", wording.can_be_said)
register.filter("date_in_words", wording.date_in_words)


@register.filter
def first_input_id(field: BoundField) -> str:
    """Where a link from the error summary leads: the first control of a field."""
    return f"{field.auto_id}_0" if field.use_fieldset else field.auto_id


@register.filter
def prose(condition: Condition) -> str:
    return condition.prose(wording.say)


@register.filter
def definition(term: Condition) -> str:
    return (term.definition or term.prose)(wording.say)


@register.filter
def verdicts(cell: frozenset[Verdict]) -> str:
    """What stands in a cell of a table of the rule; nothing where every verdict may."""
    if len(cell) == len(Verdict):
        return ""
    return " / ".join(wording.say(verdict.label) for verdict in Verdict if verdict in cell)


@register.filter
def name_of(flag: Flag) -> str:
    return flag.name(wording.say)


@register.filter
def clinical_name_of(flag: Flag) -> str:
    return flag.clinical_name(wording.say)


@register.filter
def rules_page(pathway: Pathway) -> str:
    return mounted.address_of(pathway, "screening:how_it_decides")


@register.simple_tag
def unsigned_pathways() -> list[Pathway]:
    return sign_off.unsigned_pathways()


@register.simple_tag
def unreviewed_languages() -> list[str]:
    return sign_off.unreviewed_languages()


# In the units of the drawing: from one icon to the next, and where the first begins.
ACROSS, MARGIN = 16, 6


@register.inclusion_tag("screening/pictures/icon_array.html")
def icon_array(marked: int, label: str, *, of: int = 100, people: bool = True) -> dict[str, Any]:
    """So many of so many people, or bones, as icons, with the figure under them.

    A row of icons is one dashed line, so that a hundred weigh no more than ten.
    """
    columns, down = (10 if of <= 100 else 20), (22 if people else 13)

    def rows(first: int, last: int) -> str:
        """The lines through the icons from `first` to before `last`."""
        lines = []
        while first < last:
            row, column = divmod(first, columns)
            count = min(columns - column, last - first)
            lines.append(f"M{MARGIN + column * ACROSS} {MARGIN + row * down}h{(count - 1) * ACROSS + 4}")
            first += count
        return "".join(lines)

    return {
        "marked": marked,
        "of": of,
        "label": label,
        "people": people,
        "tones": [("new" if people else "hurt", rows(0, marked)), ("soft", rows(marked, of))],
        "width": columns * ACROSS,
        "height": -(-of // columns) * down,
    }

"""How templates say what the pathway says."""

from django import template
from django.forms import BoundField

from .. import sign_off, wording
from ..models import SignOff
from ..questionnaire.assessment import Flag, Verdict
from ..questionnaire.conditions import Condition

register = template.Library()

register.filter("say", wording.say)
register.filter("say_line", wording.say_line)
register.filter("can_be_said", wording.can_be_said)


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


@register.simple_tag
def current_sign_off() -> SignOff | None:
    """The signature that covers the pathway as it is now, or None."""
    return sign_off.current_sign_off()


@register.simple_tag
def unreviewed_languages() -> list[str]:
    return sign_off.unreviewed_languages()

"""How staff's pages call what happened, what was told, and why a request was closed."""

from django import template

from appointments.lifecycle.definition import LIFECYCLE
from appointments.models import Event

register = template.Library()


@register.filter
def event_label(event: str) -> str:
    return LIFECYCLE.events.get(event, event)


@register.filter
def who(event: Event) -> str:
    """Who did it: nobody for what happens by itself."""
    verb = LIFECYCLE.of_event(event.verb)
    return "by itself" if verb and verb.happens_by_itself else str(event.by or "the patient")


@register.filter
def kind_label(kind: str) -> str:
    found = LIFECYCLE.message_kinds.get(kind)
    return found.label if found else kind


@register.filter
def reason_label(key: str) -> str:
    reason = LIFECYCLE.reason(key)
    return reason.label if reason else key

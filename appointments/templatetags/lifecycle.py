"""How staff's pages call what happened, what was told, and why a request was closed."""

from django import template

from appointments.lifecycle.definition import LIFECYCLE

register = template.Library()


@register.filter
def event_label(event: str) -> str:
    return LIFECYCLE.events.get(event, event)


@register.filter
def kind_label(kind: str) -> str:
    found = LIFECYCLE.message_kinds.get(kind)
    return found.label if found else kind


@register.filter
def reason_label(key: str) -> str:
    reason = LIFECYCLE.reason(key)
    return reason.label if reason else key

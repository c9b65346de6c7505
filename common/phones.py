"""Makes every number of ours that a page or an e-mail names one to press, so that no sentence has to see to it."""

import re

from django import template
from django.utils.html import format_html

from .clinic import CLINIC

register = template.Library()

# Inside of these a link cannot stand, or would do something else than what they are pressed for.
LINKS = r"<(?P<element>a|button|label|option|summary|textarea|title)\b.*?</(?P=element)>"
TAG = r"<[^>]*>"
# A short one that a name follows is of a house: nobody calls 911 Oak Street.
ALONE = r"(?<![\w.,-])(?P<number>{})(?![\w-]|(?<!\d\d\d\d) [A-ZÁÉÍÓÚÑ])"


@register.filter(is_safe=True)
def with_phone_links(markup: str, style: str = "") -> str:
    """Also where it comes from the pathway, an error or a translation. `style` is for e-mails: they have no sheet."""
    numbers = CLINIC.numbers
    named = ALONE.format("|".join(map(re.escape, numbers)))

    def pressable(found: re.Match) -> str:
        if number := found["number"]:
            styled = format_html(' style="{}"', style) if style else ""
            return format_html('<a href="{}"{}>{}</a>', numbers[number], styled, number)
        return found[0]

    return re.sub(f"{LINKS}|{TAG}|{named}", pressable, markup, flags=re.DOTALL)

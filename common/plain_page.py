"""A page in every language that depends on no other part, for when those have not run yet or have failed."""

from django.http import HttpResponse
from django.utils.html import format_html, format_html_join

from .clinic import CLINIC, link_to
from .languages import ENGLISH, LANGUAGES

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body><main>
{parts}
<p><a href="{link}">{phone}</a></p>
</main></body>
</html>
"""
PART = '<div lang="{}" dir="{}"><h1>{}</h1>{}<p><a href="/">{}</a></p></div>'


def plain_page(status: int, english: str, *, number: str = "") -> HttpResponse:
    """`english` is one of the sentences that each language has; `number` is what the log calls this request."""
    sentences = (english, "Tell us this number if you call:", "Start page")
    known = [({}, ENGLISH), *((one.plain, one) for one in LANGUAGES if english in one.plain)]
    parts = []
    for said, language in known:
        words, tell, start = (said.get(sentence, sentence) for sentence in sentences)
        parts.append((language.code, language.direction, words, _told(tell, number), start))
    phone = CLINIC.phone_last_known
    page = format_html(
        PAGE, title=english, parts=format_html_join("\n", PART, parts), phone=phone, link=link_to(phone)
    )
    return HttpResponse(page, status=status)


def _told(words: str, number: str) -> str:
    return format_html("<p>{} {}</p>", words, number) if number else ""

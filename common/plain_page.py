"""A page in both languages that depends on no other part, for when those have not run yet or have failed."""

from django.conf import settings
from django.http import HttpResponse
from django.utils.html import format_html, format_html_join

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body><main>
{parts}
<p>{phone}</p>
</main></body>
</html>
"""
PART = '<div lang="{}"><h1>{}</h1>{}<p><a href="/">{}</a></p></div>'


def plain_page(status: int, english: str, spanish: str, *, number: str = "") -> HttpResponse:
    """`number` is what the log calls this request."""
    parts = (
        ("en", english, _told("Tell us this number if you call:", number), "Start page"),
        ("es", spanish, _told("Díganos este número si llama:", number), "Página de inicio"),
    )
    page = format_html(PAGE, title=english, parts=format_html_join("\n", PART, parts), phone=settings.CLINIC_PHONE)
    return HttpResponse(page, status=status)


def _told(words: str, number: str) -> str:
    return format_html("<p>{} {}</p>", words, number) if number else ""

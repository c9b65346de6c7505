"""A page in both languages that depends on no other part, for when those have not run yet or have failed."""

from django.http import HttpResponse
from django.utils.html import format_html, format_html_join

from .clinic import CLINIC, link_to

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
PART = '<div lang="{}"><h1>{}</h1>{}<p><a href="/">{}</a></p></div>'


# Every sentence of these pages, and what it says in Spanish: catalogues may not be there yet.
SPANISH = {
    "This address is not one of ours.": "Esta dirección no es nuestra.",
    "This page cannot do that.": "Esta página no puede hacer eso.",
    "This address is too long.": "Esta dirección es demasiado larga.",
    "This address is not valid.": "Esta dirección no es válida.",
    "Please send this form as UTF-8.": "Por favor, envíe este formulario en UTF-8.",
    "This address needs HTTPS.": "Esta dirección necesita HTTPS.",
    "The length of this form is not a number.": "La longitud de este formulario no es un número.",
    "This form is too large to be one of ours. Please go back and try again.": (
        "Este formulario es demasiado grande para ser nuestro. Por favor, vuelva atrás e inténtelo de nuevo."
    ),
    "We could not read what your browser sent.": "No pudimos leer lo que envió su navegador.",
    "This page is not open to you.": "Esta página no está abierta para usted.",
    "There is no such page.": "Esta página no existe.",
    "Something went wrong on our side. Please call us.": "Algo salió mal de nuestro lado. Por favor, llámenos.",
    "We cannot look that up right now. Please try again in a few minutes.": (
        "No podemos consultarlo ahora. Por favor, inténtelo de nuevo en unos minutos."
    ),
    "Tell us this number if you call:": "Díganos este número si llama:",
    "Start page": "Página de inicio",
}


def plain_page(status: int, english: str, *, number: str = "") -> HttpResponse:
    """`english` is one of SPANISH; `number` is what the log calls this request."""
    tell, start = "Tell us this number if you call:", "Start page"
    parts = (
        ("en", english, _told(tell, number), start),
        ("es", SPANISH[english], _told(SPANISH[tell], number), SPANISH[start]),
    )
    phone = CLINIC.phone_last_known
    page = format_html(
        PAGE, title=english, parts=format_html_join("\n", PART, parts), phone=phone, link=link_to(phone)
    )
    return HttpResponse(page, status=status)


def _told(words: str, number: str) -> str:
    return format_html("<p>{} {}</p>", words, number) if number else ""

"""What a clinic in the United States has to show: links at the foot of each page, and pages of what it has set.

Nothing that is not set is shown. `missing_notices` and `missing_languages` name it to staff and to whoever deploys.
"""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from .clinic import CLINIC
from .clinic_tables import ClinicNotices, LanguageHelp
from .languages import ENGLISH
from .pages import PAGES

# 45 CFR 92.11(b): those that are spoken most in the state by people who speak little English.
LANGUAGES_ASKED_FOR = 15

Links = list[tuple[str, str]]


def notices(request: HttpRequest) -> dict[str, Any]:
    """Context processor: words and addresses, for the foot of a page and for beside what is agreed to."""
    return {"notices": _all, "consent_notices": lambda: _about_privacy() + _about_texts()}


def _about_privacy() -> Links:
    set_ones = CLINIC.notices
    return _those_set(
        (_("Notice of Privacy Practices"), set_ones.privacy_practices),
        (_("Privacy of consumer health data"), set_ones.health_data),
    )


def _about_texts() -> Links:
    return [(_("Rules for text messages"), PAGES["text_messages"])] if settings.TEXTS != "off" else []


def _all() -> Links:
    links = _about_privacy() + _those_set((_("Notice of nondiscrimination"), CLINIC.notices.nondiscrimination))
    if CLINIC.language_help:
        links.append((_("Help in other languages"), PAGES["language_help"]))
    if CLINIC.notices.accessibility_email:
        links.append((_("Accessibility"), PAGES["accessibility"]))
    return links + _about_texts()


def _those_set(*links: tuple[str, dict[str, str]]) -> Links:
    """In the active language; a page that the clinic has in English only is better than none."""
    found = ((words, pages.get(get_language() or "") or pages.get(ENGLISH.code)) for words, pages in links)
    return [(words, url) for words, url in found if url]


@require_safe
def language_help(request: HttpRequest) -> HttpResponse:
    return _page(request, "language_help", is_set=bool(CLINIC.language_help))


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return _page(request, "accessibility", is_set=bool(CLINIC.notices.accessibility_email))


@require_safe
def text_messages(request: HttpRequest) -> HttpResponse:
    return _page(request, "text_messages", is_set=settings.TEXTS != "off")


def _page(request: HttpRequest, name: str, *, is_set: bool) -> HttpResponse:
    if not is_set:
        raise Http404
    return render(request, f"common/{name}.html")


def missing_notices() -> list[str]:
    """Read from the database, like the languages."""
    found = ClinicNotices.objects.first() or ClinicNotices()
    asked_for = {
        "the Notice of Privacy Practices (45 CFR 164.520), or the one on consumer health data": (
            found.privacy_practices or found.health_data
        ),
        "the notice of nondiscrimination (45 CFR 92.10)": found.nondiscrimination,
        "an e-mail address about accessibility": found.accessibility_email,
        "a number for TTY, or 711": found.teletypewriter,
    }
    return [what for what, is_there in asked_for.items() if not is_there]


def missing_languages() -> int:
    others = LanguageHelp.objects.exclude(code=ENGLISH.code).count()
    return max(0, LANGUAGES_ASKED_FOR - others)

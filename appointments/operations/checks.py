"""What no import can see, and what would else be noticed by the first patient: words that are missing."""

import sys
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.db import connection
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template
from django.utils.translation import check_for_language

from common.clinic_tables import ClinicNotices
from common.languages import ENGLISH, LANGUAGES, Language
from common.notices import missing_languages, missing_notices

from ..delivery.webhook import view_of_the_provider
from ..lifecycle.definition import LIFECYCLE


@checks.register
def message_templates(app_configs: object, **kwargs: object) -> list[checks.Error]:
    """Each kind of message has its words for each way it goes."""
    return [
        checks.Error(
            f"The message {kind.key!r} has no template {name}, or one that cannot be read.",
            hint="Write or mend it, or take the kind out of lifecycle/message_kinds.py.",
            id="appointments.E001",
        )
        for kind in LIFECYCLE.message_kinds.values()
        if not kind.to_ehr
        for name in (f"messages/{kind.key}.txt", *([f"texts/{kind.key}.txt"] if kind.goes_by_text else []))
        if not _exists(name)
    ]


@checks.register
def languages(app_configs: object, **kwargs: object) -> list[checks.Warning]:
    """Each language has its catalogue, the clinic's hours, and what staff say on the phone."""
    return [
        checks.Warning(
            f"The language {language.code!r} has no {missing}.",
            hint="See common/languages.py; `make messages` compiles catalogues.",
            id="appointments.W003",
        )
        for language in LANGUAGES
        for missing in _missing(language)
    ]


@checks.register
def email_provider(app_configs: object, **kwargs: object) -> list[checks.Error]:
    """It is one that django-anymail knows, with the settings that it needs to send and to tell."""
    if not settings.EMAIL_PROVIDER:
        return []
    try:
        get_connection()
        view = view_of_the_provider()
        if view:
            view.view_class(**view.view_initkwargs)
            return []
        what = "tells nothing of bounces that anymail can read"
    except ImproperlyConfigured as wrong:
        what = f"lacks a setting: {str(wrong).strip().splitlines()[0]}"
    except ImportError:
        what = "is none that django-anymail knows, or needs a package that is not installed"
    return [
        checks.Error(
            f"The provider of e-mails {settings.EMAIL_PROVIDER!r} {what}.",
            hint="See EMAIL_PROVIDER and EMAIL_PROVIDER_SETTINGS in docs/operation/configuration.md.",
            id="appointments.E003",
        )
    ]


@checks.register(checks.Tags.database, deploy=True)
def clinic_notices(
    app_configs: object, databases: Sequence[str] | None, **kwargs: object
) -> list[checks.CheckMessage]:
    """Only with `--database default`, where staff keep them, and once a release has made the tables."""
    if not databases or ClinicNotices._meta.db_table not in connection.introspection.table_names():
        return []
    missing = missing_notices()
    if languages := missing_languages():
        missing.append(f"help in {languages} more languages (45 CFR 92.11)")
    return [
        checks.Warning(
            f"The clinic does not show {what}.",
            hint="A manager saves it in the admin, under “Clinic notices” or “Language help”.",
            id="appointments.W001",
        )
        for what in missing
    ]


# The first patch of each Python to order combining marks in linear time, by the record of CVE-2026-3276. We order
# nothing that is longer than its field; what libraries order is another matter.
ORDERS_MARKS_IN_LINEAR_TIME = {(3, 11): 16, (3, 12): 14, (3, 13): 14, (3, 14): 6}


@checks.register(checks.Tags.security, deploy=True)
def python_is_mended(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    first = ORDERS_MARKS_IN_LINEAR_TIME.get(sys.version_info[:2], 0)
    if sys.version_info[2] >= first:
        return []
    return [
        checks.Info(
            f"Python {sys.version.split()[0]} can be kept busy by a text of many combining marks (CVE-2026-3276).",
            hint=f"Take {'.'.join(map(str, sys.version_info[:2]))}.{first} or newer, as the image does.",
            id="appointments.I001",
        )
    ]


def _exists(template: str) -> bool:
    try:
        get_template(template)
    except (TemplateDoesNotExist, TemplateSyntaxError):
        return False
    return True


def _missing(language: Language) -> Iterator[str]:
    if language is not ENGLISH and not check_for_language(language.code):
        yield "compiled catalogue"
    script = language.script
    for part, named in (
        ("greeting", ("{own}", "{clinic}", "{whom}")),
        ("check", ()),
        ("voicemail", ("{clinic}", "{phone}")),
    ):
        words = getattr(script, part)
        if not words or any(name not in words for name in named):
            yield f"{part} for the phone, or it does not name {' and '.join(named)}"

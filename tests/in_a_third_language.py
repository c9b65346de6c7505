"""A process with a third language: walks through the site and prints what it says, for test_third_language.py."""

import json
import os
import re
import sys

from tests import pseudo_language

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
pseudo_language.install()

import django  # noqa: E402  # after the language is there

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core import checks  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from appointments.delivery import rendering  # noqa: E402
from appointments.intake import views  # noqa: E402
from appointments.models import AppointmentRequest, Caller, Message  # noqa: E402
from appointments.worklist import ranking  # noqa: E402
from common.clinic import CLINIC  # noqa: E402
from tests.walk import (  # noqa: E402
    ADDRESSES,
    VISIT_ANSWERS,
    WHO,
    answer_check,
    ask_for_visit,
    source_of,
    words_of,
)

PHONE = re.compile(r".\(\d{3}\) \d{3}-\d{4}.")
LISTS = "/admin/appointments/appointmentrequest/"


def main() -> dict:
    setup_test_environment()
    views.FEWEST_SECONDS = 0
    patient = Client()
    patient.cookies[settings.LANGUAGE_COOKIE_NAME] = pseudo_language.CODE
    pages = [patient.get(address) for address in ADDRESSES]
    answer_check(patient)
    pages += [patient.get(address) for address in ADDRESSES if address.startswith(("/check/", "/visit/"))]
    ask_for_visit(patient, language=pseudo_language.CODE)
    pages += [patient.get("/visit/sent/"), patient.get("/not-there/")]
    pages = [page for page in pages if page.status_code in (200, 404)]
    request = AppointmentRequest.objects.get()
    [message] = Message.objects.filter(request=request, kind="received", channel="email")
    staff = get_user_model().objects.create_superuser("kim")
    Caller.objects.create(user=staff, languages=[pseudo_language.CODE])
    desk = Client()
    desk.force_login(staff)
    mail = rendering.email(message, "ana@example.com").plain
    letter = source_of(desk.get(f"/admin/letter/{request.pk}/"))
    texts = [mail, *(re.sub(r"<[^>]*>", "", source) for source in (letter, *map(source_of, pages)))]
    return {
        "others": sorted({Client().get(address).status_code for address in ADDRESSES}),
        "pages": len(pages),
        "from right to left": sum('dir="rtl"' in source_of(page) for page in pages),
        "english": sorted(set().union(*map(left_in_english, pages))),
        "message": sorted(left_in_english_of(mail)),
        "request": [request.language, request.get_language_display()],
        "script": pseudo_language.entry().script.check in source_of(desk.get(f"{LISTS}{request.pk}/change/")),
        "queue": "العربية" in words_of(desk.get(LISTS)),
        "filter": str(request) in words_of(desk.get(f"{LISTS}?queue=right-to-left")),
        "next call": "speaks Right-to-left, as you do" in ranking.reasons(request, staff),
        "report": "العربية" in words_of(desk.get("/admin/report/")),
        "letter": 'dir="rtl"' in letter,
        "phones": sorted({phone for text in texts for line in text.splitlines() for phone in phones_in(line)}),
        "missing": [str(one) for one in checks.run_checks() if "ar-xb" in str(one)],
    }


def phones_in(line: str) -> list[str]:
    """Each with what stands before and after it; in a line of English or Spanish they need no marks."""
    return [] if re.search(r"[a-z]{3}", line) and not re.search("[ا-ي]", line) else PHONE.findall(f" {line} ")


def left_in_english(page) -> set[str]:
    source = re.sub(r"<(script|style)[\s\S]*?</\1>", " ", source_of(page))
    # What is in another language says so.
    source = re.sub(r"<section[^>]*lang=\"(en|es)\"[\s\S]*?</section>", " ", source)
    source = re.sub(r"<(\w+)[^>]* lang=\"(?:en|es)\"[^>]*>[\s\S]*?</\1>", " ", source)
    return left_in_english_of(re.sub(r"<[^>]*>", "\n", source))


def left_in_english_of(text: str) -> set[str]:
    """What nobody has translated; names, addresses, codes and places to be filled in are no words."""
    for name in (CLINIC.name, WHO["name"], WHO["email"], VISIT_ANSWERS["imaging_where"], "testserver"):
        text = text.replace(name, "")
    text = re.sub(r"\{\w+\}|\b[0-9a-f]{12}\b|\b(\w{3}-){2}\w{3}\b|https?://\S+", "", text)
    lines = {" ".join(line.split()) for line in text.splitlines()}
    return {line for line in lines if re.search(r"[A-Za-z]{3}", line)}


if __name__ == "__main__":
    json.dump(main(), sys.stdout)

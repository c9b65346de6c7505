"""What a clinic in the United States has to show stands on its pages once its staff have set it, and not before."""

import re

import pytest
from django.core import checks
from django.urls import reverse

from appointments.models import ClinicNotices, LanguageHelp
from common.notices import LANGUAGES_ASKED_FOR
from screening import sign_off
from tests.appointments.test_sign_offs import FIELDS
from tests.staff import member_of, signed_in
from tests.walk import CALL, VISIT_ANSWERS, WHO, answer_check, source_of, words_of

pytestmark = pytest.mark.django_db

ADD = reverse("admin:appointments_clinicnotices_add")
SET = {
    "privacy_practices_en": "https://clinic.example/npp",
    "privacy_practices_es": "https://clinic.example/npp-es",
    "nondiscrimination_en": "https://clinic.example/fair",
    "accessibility_email": "access@clinic.example",
    "teletypewriter": "711",
}
SPANISH = {"accept-language": "es"}


@pytest.fixture
def eve(django_capture_on_commit_callbacks):
    """Lets a manager save a page of the admin."""
    client = signed_in(member_of("Managers", "eve"))

    def save(page: str, data: dict):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(page, data)

    return save


def foot_of(page) -> str:
    return source_of(page).partition("<footer")[2]


def test_nothing_is_shown_that_is_not_set(client):
    foot = foot_of(client.get("/check/"))

    assert not re.search("https:|TTY|/language-help/|/accessibility/", foot)
    assert [client.get(page).status_code for page in ("/language-help/", "/accessibility/")] == [404, 404]


def test_what_staff_save_stands_at_the_foot_of_each_page_in_its_language(eve, client):
    assert eve(ADD, SET).status_code == 302

    for page in ("/", "/check/", "/check/red_flags/", "/check/get-help-now/", "/status/", "/nowhere/"):
        assert 'href="https://clinic.example/npp"' in foot_of(client.get(page))
    spanish = foot_of(client.get("/check/", headers=SPANISH))
    assert '<a href="https://clinic.example/npp-es" rel="noreferrer">Aviso de prácticas de privacidad</a>' in spanish
    # What there is in English only is better than none.
    assert 'href="https://clinic.example/fair"' in spanish
    assert 'TTY or relay service: <a href="tel:711">711</a>' in foot_of(client.get("/check/"))
    assert "access@clinic.example" in words_of(client.get("/accessibility/"))


def test_the_notice_of_privacy_stands_beside_what_is_agreed_to_with_who_sees_it_how_long_and_how_to_take_it_back(
    eve, client, settings
):
    settings.KEEP_CLOSED_DAYS, settings.KEEP_VISITED_DAYS = 90, 2190
    eve(ADD, SET)
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)
    client.post("/visit/who/", WHO)
    client.post("/visit/call/", CALL)

    main = source_of(client.get("/visit/check/")).partition("<footer")[0]

    assert 'href="https://clinic.example/npp"' in main
    assert 'href="/text-messages/"' in main
    assert "90 days if there is no visit, and 6 years after a visit" in main
    assert "withdraw on the page “Your request”, or call us at" in main


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"privacy_practices_en": "http://clinic.example/npp"}, "Enter a link that begins with https://."),
        ({"nondiscrimination_es": "javascript:alert(1)"}, "Enter a link that begins with https://."),
        ({"teletypewriter": "712"}, "Enter a phone number that patients can call, with its area code."),
        ({"accessibility_email": "call us"}, "Enter an e-mail address like name@example.com"),
    ],
)
def test_what_cannot_be_shown_is_refused_and_stays_in_the_form(eve, typed, said):
    page = eve(ADD, {**SET, "health_data_en": "https://clinic.example/data", **typed})

    assert page.status_code == 200
    assert said in words_of(page)
    assert "https://clinic.example/data" in source_of(page)
    assert not ClinicNotices.objects.exists()


def test_each_language_has_its_own_voice_and_direction(eve, client):
    table = reverse("admin:appointments_languagehelp_add")
    eve(table, {"name": "العربية", "code": "ar", "direction": "rtl", "text": "نص تجريبي\n\n(212) 555-0100"})
    assert "Like es" in words_of(eve(table, {"name": "English", "code": "English", "direction": "ltr", "text": "x"}))

    page = source_of(client.get("/language-help/"))

    assert re.search(r'<section lang="ar" dir="rtl">\s*<h2>العربية</h2>\s*<p>نص تجريبي</p>', page)
    assert '<a href="tel:+1-212-555-0100">' in page.partition("العربية")[2].partition("</section>")[0]
    assert 'href="/language-help/"' in foot_of(client.get("/"))


def test_without_texts_nobody_reads_rules_for_them(client, settings):
    assert "Message and data rates may apply." in words_of(client.get("/text-messages/"))

    settings.TEXTS = "off"

    assert client.get("/text-messages/").status_code == 404
    assert "/text-messages/" not in source_of(client.get("/"))


def test_the_number_of_a_house_is_none_to_call(client, settings):
    settings.CLINIC_NAME = "911 Oak Street Clinic"

    main = source_of(client.get("/text-messages/")).partition("<main")[2]

    assert "These texts come from 911 Oak Street Clinic." in main
    assert '<a href="tel:911">911</a> now.' in main


def test_who_deploys_is_told_what_is_missing(eve):
    def missing() -> list[str]:
        found = checks.run_checks(tags=["database"], include_deployment_checks=True, databases=["default"])
        return [one.msg for one in found if one.id == "appointments.W001"]

    assert [words.split(" (45")[0] for words in missing()] == [
        "The clinic does not show the Notice of Privacy Practices",
        "The clinic does not show the notice of nondiscrimination",
        "The clinic does not show an e-mail address about accessibility.",
        "The clinic does not show a number for TTY, or 711.",
        "The clinic does not show help in 15 more languages",
    ]

    eve(ADD, SET)
    LanguageHelp.objects.bulk_create(
        LanguageHelp(name=f"Sample {letter}", code=f"q{letter}", text="Sample")
        for letter in "abcdefghijklmno"[:LANGUAGES_ASKED_FOR]
    )

    assert missing() == []


UNSIGNED = {"en": "A doctor has not signed this version yet.", "es": "Un médico aún no firmó esta versión."}
UNREVIEWED = "Un traductor aún no revisó este idioma."


def test_each_page_says_calmly_what_nobody_has_signed_until_it_is(client):
    pages = ("/", "/check/", "/check/red_flags/", "/check/get-help-now/", "/visit/sent/", "/status/", "/nowhere/")

    def said(language: str) -> set[bool]:
        shown = (words_of(client.get(page, headers={"accept-language": language}, follow=True)) for page in pages)
        return {(UNSIGNED[language] in words, UNREVIEWED in words) for words in shown}

    assert (said("en"), said("es")) == ({(True, False)}, {(True, True)})

    manager = signed_in(member_of("Managers"))
    today = {"date": "2020-01-01", "valid_until": "2099-01-01"}
    manager.post("/admin/sign-offs/", {**FIELDS, **today})
    assert (said("en"), said("es")) == ({(False, False)}, {(False, True)})

    manager.post(
        "/admin/sign-offs/", {**FIELDS, **today, "about": "es", "fingerprint": sign_off.fingerprint_of("es")}
    )
    assert (said("en"), said("es")) == ({(False, False)}, {(False, False)})

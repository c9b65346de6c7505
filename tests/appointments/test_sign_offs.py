"""A clinician's and a translator's signature: recorded by who may, for one text, for a time, and withdrawn."""

import datetime

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core import checks
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from audit.models import AuditEntry
from screening import checks as screening_checks
from screening import sign_off
from screening.models import SignOff
from screening.pathways import OFFERED
from screening.pathways.vertebral_cement import PATHWAY
from tests.staff import member_of, signed_in
from tests.walk import source_of, words_of

PAGE = "/admin/sign-offs/"
NOT_YET = "no clinician has signed off the rules"
RULES_PAGE = "/how-this-check-decides/"
FIELDS = {
    "about": PATHWAY.key,
    "fingerprint": sign_off.fingerprint_of(PATHWAY.key),
    "name": "Dr. Alma Example",
    "role": "Interventional spine surgeon",
    "licence": "NY 000000",
    "attests": "I have read it.",
    "conditions": "Only with a nurse on duty.",
    "second_reader": "Dr. Boris Sample, neurosurgeon",
    "date": "2026-11-20",
    "valid_until": "",
    "evidence": "ab" * 32,
}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_day():
    with time_machine.travel("2026-11-24T15:00Z", tick=False):
        yield


@pytest.fixture(autouse=True)
def one_procedure_alone(monkeypatch):
    monkeypatch.setattr(sign_off, "OFFERED", OFFERED[:1])
    monkeypatch.setattr(screening_checks, "OFFERED", OFFERED[:1])


@pytest.fixture
def manager():
    return signed_in(member_of("Managers"))


def record(staff, **changes):
    return staff.post(PAGE, {**FIELDS, **changes})


def test_a_recorded_signature_ends_the_warnings_and_is_published(manager):
    assert NOT_YET in words_of(manager.get("/admin/"))

    assert record(manager).status_code == 302

    assert NOT_YET not in words_of(manager.get("/admin/"))
    published = words_of(Client().get(RULES_PAGE))
    assert "Dr. Alma Example, Interventional spine surgeon, license NY 000000, read these rules" in published
    assert "The signature is good until Nov. 20, 2027." in published
    assert "Under these conditions: Only with a nurse on duty." in published
    assert "Second reader: Dr. Boris Sample, neurosurgeon" in published
    shown = words_of(manager.get(PAGE))
    assert "In force" in shown
    assert "ab" * 32 in shown


def test_it_is_in_the_audit_who_recorded_and_who_withdrew_it(manager):
    record(manager)
    recorded = SignOff.objects.get()
    manager.post(f"{PAGE}{recorded.pk}/withdraw/", {"withdrawal_reason": "A new trial"})

    entries = AuditEntry.objects.filter(action="change", details__startswith="sign-off").order_by("seq")
    told = [f"sign-off {recorded.pk} {what}" for what in ("recorded", "withdrawn")]
    assert [entry.details for entry in entries] == told
    assert recorded.recorded_by == get_user_model().objects.get(username=recorded.recorded_by.username)


def test_a_withdrawn_signature_counts_no_longer_and_is_still_told(manager):
    record(manager)

    manager.post(f"{PAGE}{SignOff.objects.get().pk}/withdraw/", {"withdrawal_reason": "A new trial"})

    assert NOT_YET in words_of(manager.get("/admin/"))
    assert "Withdrawn by" in words_of(manager.get(PAGE))
    assert "A new trial" in words_of(manager.get(PAGE))


def test_nothing_is_withdrawn_without_a_reason(manager):
    record(manager)
    pk = SignOff.objects.get().pk

    page = manager.post(f"{PAGE}{pk}/withdraw/", {"withdrawal_reason": ""})

    assert page.status_code == 422
    assert "Write down: why it is withdrawn." in words_of(page)
    assert SignOff.objects.get().withdrawn_at is None


@pytest.mark.parametrize(("day", "counts"), [("2026-11-20", True), ("2027-11-20", True), ("2027-11-21", False)])
def test_a_signature_runs_out_after_a_year_unless_it_says_otherwise(manager, day, counts):
    record(manager)

    with time_machine.travel(f"{day}T15:00Z", tick=False):
        assert bool(sign_off.in_force(PATHWAY.key)) is counts


def test_a_signature_from_a_leap_day_runs_out_on_the_last_of_february():
    with time_machine.travel("2028-03-01T15:00Z", tick=False):
        record(signed_in(member_of("Managers")), date="2028-02-29")

    assert SignOff.objects.get().valid_until == datetime.date(2029, 2, 28)


def test_another_text_is_not_signed(manager, monkeypatch):
    record(manager)
    sign_off.look_again()
    monkeypatch.setattr(sign_off, "fingerprint", lambda key: "0" * 12)

    assert NOT_YET in words_of(manager.get("/admin/"))
    assert "For an earlier text" in words_of(manager.get(PAGE))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fingerprint": "0" * 12}, "This is not the text as it is now."),
        ({"name": ""}, "Write down: name."),
        ({"licence": " "}, "Write down: license or certificate."),
        ({"evidence": "abc"}, "It has 64 characters: 0 to 9 and a to f."),
        ({"evidence": ""}, "Enter the 64 characters"),
        ({"date": "2026-11-25"}, "Choose a day that is not in the future."),
        ({"date": "yesterday"}, "Choose a day."),
        ({"valid_until": "2026-11-20"}, "Choose a day after the signature."),
        ({"about": "fr"}, "is not one of the available choices"),
        ({"conditions": "x" * 1001}, "Ensure this value has at most 1000 characters"),
    ],
)
def test_what_cannot_be_right_is_said_and_kept_and_nothing_is_recorded(manager, changes, message):
    page = record(manager, **changes)

    assert (page.status_code, message in words_of(page)) == (422, True)
    assert 'value="Interventional spine surgeon"' in source_of(page)
    assert not SignOff.objects.exists()


@pytest.mark.parametrize("group", ["Schedulers", "Nurses", "Auditors"])
def test_others_see_the_signatures_and_record_none(manager, group):
    record(manager)
    other = signed_in(member_of(group))

    assert "Dr. Alma Example" in words_of(other.get(PAGE))
    assert "Record a signature" not in words_of(other.get(PAGE))
    assert record(other).status_code == 403
    assert other.post(f"{PAGE}{SignOff.objects.get().pk}/withdraw/", {"withdrawal_reason": "no"}).status_code == 403
    assert SignOff.objects.filter(withdrawn_at=None).count() == 1


def test_each_language_has_a_translator_of_its_own(manager):
    assert "Draft translation" in words_of(manager.get("/admin/"))

    record(manager, about="es", fingerprint=sign_off.fingerprint_of("es"), role="Certified medical translator")

    assert "Draft translation" not in words_of(manager.get("/admin/"))
    assert NOT_YET in words_of(manager.get("/admin/"))
    spanish = Client(headers={"accept-language": "es"})
    assert "Ningún traductor" not in words_of(spanish.get(RULES_PAGE))


def test_public_pages_look_once_a_minute(manager, django_assert_num_queries):
    record(manager)
    Client().get(RULES_PAGE)

    with django_assert_num_queries(0):
        Client().get(RULES_PAGE)


def test_the_database_keeps_no_withdrawal_without_its_reason(manager):
    record(manager)

    with pytest.raises(IntegrityError, match="withdrawn_by_somebody_for_a_reason"):
        SignOff.objects.update(withdrawn_at=timezone.now())


@pytest.mark.parametrize(("pilot", "stops"), [(False, True), (True, False)])
def test_each_missing_signature_stops_a_deployment_unless_it_is_a_pilot(manager, settings, pilot, stops):
    settings.PILOT = pilot

    def unsigned():
        found = checks.run_checks(tags=["database"], include_deployment_checks=True, databases=["default"])
        return sorted((one for one in found if one.id.startswith("screening")), key=lambda one: one.id)

    assert [(one.id[-4:], one.is_serious()) for one in unsigned()] == (
        [("E002", True), ("E003", True)] if stops else [("W002", False), ("W003", False)]
    )
    assert (
        unsigned()[0].msg
        == f"No clinician has signed off version {PATHWAY.version} of the pathway {PATHWAY.key} as it is now."
    )
    assert ("set PILOT=true" in unsigned()[0].hint) == stops

    record(manager)

    assert [one.id[-2:] for one in unsigned()] == ["03"]

"""What nobody in particular did costs one sealed entry an hour, however often they did it, and hides nobody."""

import datetime

import pytest
from django.test import Client
from django.utils import timezone

import audit
from appointments.models import PeriodicJob
from appointments.operations.jobs import run_due
from audit import chain
from tests.appointments.test_audit import Since
from tests.staff import member_of, signed_in

pytestmark = pytest.mark.both

BORN = {"date_of_birth_month": "3", "date_of_birth_day": "14", "date_of_birth_year": "1948"}


def junk_link(client, a_request):
    return client.get("/visit/choose/no-such-link/").status_code


def staff_page(client, a_request):
    return client.get("/admin/").status_code


def sign_in_page(client, a_request):
    return client.get("/admin/login/").status_code


def unknown_name(client, a_request):
    return client.post("/admin/login/", {"username": "who", "password": "four quiet herons at dusk"}).status_code


def unknown_reference(client, a_request):
    return client.post("/status/", {"reference": "R7M343N4X", **BORN}).status_code


def junk_text(client, a_request):
    return client.post("/texts/", {"From": "+12125550123", "Body": "STOP"}).status_code


FLOODS = {
    junk_link: (404, "look-up"),
    staff_page: (302, "refused"),
    sign_in_page: (200, "view"),
    unknown_name: (200, "sign-in-failed"),
    unknown_reference: (422, "look-up"),
    junk_text: (403, "refused"),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_counted_and_becomes_one_sealed_entry(db, settings, client, flood):
    settings.TEXTS, settings.TEXTS_TOKEN = "twilio", "t" * 32
    since = Since()

    answers = {flood(client, None) for _ in range(3)} | {flood(Client(REMOTE_ADDR="192.0.2.7"), None)}
    at_first = list(since)
    audit.seal_the_nameless()
    audit.seal_the_nameless()

    status, action = FLOODS[flood]
    assert (answers, at_first) == ({status}, [])
    assert (since.only.action, since.only.address, since.only.numbers) == (action, "127.0.0.1", "")
    assert since.only.details.startswith("4 in all, ")
    assert since.only.details.endswith("; 3 of them here, the others from 2 addresses")
    assert list(chain.faults()) == []


def test_look_ups_that_are_already_refused_are_counted(a_request, client):
    a_request()
    for _ in range(50):
        unknown_reference(client, None)
    since = Since()

    assert {unknown_reference(client, None) for _ in range(3)} == {429}
    assert list(since) == []


def test_who_tries_a_locked_account_is_counted_and_the_account_is_named(scheduler, settings, client):
    settings.AXES_FAILURE_LIMIT = 2
    tries = {"username": "scheduler", "password": "wrong"}
    since = Since()

    answers = [client.post("/admin/login/", tries).status_code for _ in range(6)]
    before = [(entry.action, entry.username) for entry in since]
    audit.seal_the_nameless()

    assert answers[-1] == 429
    assert before == [*[("sign-in-failed", "scheduler")] * 2, ("locked-out", "scheduler")]
    more = list(since)[-1]
    assert (more.username, more.outcome, more.details[:8]) == ("scheduler", "refused", "4 in all")


def test_the_worker_seals_them_each_hour(db, client):
    run_due()
    junk_link(client, None)
    since = Since()

    assert run_due() == [] or list(since) == []
    PeriodicJob.objects.update(last_run_at=timezone.now() - datetime.timedelta(hours=1, seconds=1))
    assert "seal what was counted" in run_due()

    assert since.only.details.startswith("1 in all")


def test_an_auditor_sees_what_is_counted_and_can_leave_it_out(db, a_request, client):
    auditor = signed_in(member_of("Auditors"))
    for _ in range(60):
        junk_link(client, None)
    assert "Counted since then: 60." in auditor.get("/admin/audit/").text
    audit.seal_the_nameless()

    everything, of_staff = auditor.get("/admin/audit/"), auditor.get("/admin/audit/?kind=staff")

    assert "60 in all" in everything.text
    assert "Nothing is counted since then." in everything.text
    assert "60 in all" not in of_staff.text
    assert "one of the auditors" in of_staff.text

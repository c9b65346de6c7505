"""The chain of the audit: whatever is done to it behind the product's back is found, and most of it is refused."""

import datetime
import io
import json
import re
import sys
import uuid

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.utils import timezone

import audit
from appointments.lifecycle.definition import CLAIM, RELEASE
from appointments.lifecycle.transition import Refused, perform
from appointments.models import AppointmentRequest, Event
from audit import chain, fhir
from audit.models import AuditEntry, AuditHead
from audit.numbers import about
from tests.appointments.test_races import at_once
from tests.copies import many_like
from tests.reading import ANAS_BIRTHDAY, ANAS_PHONE, words_found
from tests.staff import signed_in

pytestmark = pytest.mark.both

READ_AT_ONCE = 100
ENTRIES = 2 * READ_AT_ONCE + 30
TABLE = "appointments_auditentry"


def verified(**options) -> str:
    said = io.StringIO()
    call_command("verify_audit", stdout=said, **options)
    return said.getvalue()


def found(**options) -> list[str]:
    """The lines that tell of a fault."""
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", stdout=said, **options)
    return said.getvalue().splitlines()[:-1]


def without_triggers() -> None:
    """As somebody can who owns the table. The test's transaction brings them back."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER USER")
        else:
            for event in ("update", "delete"):
                cursor.execute(f"DROP TRIGGER audit_is_only_added_to_{event}")


@pytest.fixture
def entries(db, monkeypatch) -> int:
    """As many as are read in three pieces; gives the number of one in their middle."""
    monkeypatch.setattr(chain, "READ_AT_ONCE", READ_AT_ONCE)
    with audit.atomic():
        for number in range(ENTRIES):
            audit.record("list", who="staff", username="somebody", requests=[number % 50 + 1], details="open")
    return chain.head().seq - ENTRIES // 2


def test_a_whole_chain_is_found_whole_and_its_head_is_printed(entries):
    head = chain.head()

    said = verified()

    assert f"Head: {head.seq}:{head.mac}\nThe audit is whole." in said
    assert "The audit is whole." in verified(head=f"{head.seq}:{head.mac}")
    assert AuditEntry.objects.filter(action="verify", outcome="ok", who="system").count() == 2


ALTERED = {
    "at": timezone.now() + datetime.timedelta(seconds=1),
    "who": "patient",
    "user_id": 4711,
    "username": "nobody",
    "address": "192.0.2.1",
    "action": "view",
    "page": "admin:index",
    "method": "PUT",
    "outcome": "failed",
    "status": 418,
    "details": "closed",
    "count": 7,
    "numbers": "7",
    "packed": "eJwDAAAAAAE=",
    "key": "00000000",
    "mac": "0" * 64,
}


def test_what_was_verified_up_to_a_head_that_was_kept_need_not_be_verified_again(entries):
    kept = str(chain.head())
    audit.record("view", who="system", requests=[1])
    last = chain.head().seq
    without_triggers()
    AuditEntry.objects.filter(seq=entries).update(details="something else")

    assert "The audit is whole." in verified(head=kept, behind=True)
    assert found(head=kept) == [f"{entries}: altered."]

    AuditEntry.objects.filter(seq=last).update(details="something else")
    assert found(head=kept, behind=True) == [f"{last}: altered."]
    # A head that is not there says nothing about what came before.
    assert f"{entries}: altered." in found(head=f"{last - 1}:{'0' * 64}", behind=True)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.either
def test_whoever_watches_reads_how_far_it_is_and_a_log_nothing(entries, monkeypatch):
    terminal, log, last = Terminal(), io.StringIO(), chain.head().seq
    for stream in (terminal, log):
        monkeypatch.setattr(sys, "stderr", stream)
        verified()

    assert f"1 of {last:,} entries" in terminal.getvalue()
    assert log.getvalue() == ""


def test_every_column_of_an_entry_is_sealed(entries):
    without_triggers()
    assert {field.name for field in AuditEntry._meta.concrete_fields} == {*ALTERED, "seq"}
    for column, value in ALTERED.items():
        with transaction.atomic():
            AuditEntry.objects.filter(seq=entries).update(**{column: value})
            faults = list(chain.faults())
            transaction.set_rollback(True)
        assert faults[0].startswith(f"{entries}: "), column


def test_an_entry_of_another_past_does_not_fit_between_those_of_this_one(db):
    """It is genuine and has the right number: somebody kept it when a backup was played back."""
    before = AuditHead.objects.values().get()
    audit.record("list", username="kept elsewhere")
    kept = AuditEntry.objects.values().latest("seq")
    without_triggers()
    AuditEntry.objects.filter(seq=kept["seq"]).delete()
    AuditHead.objects.update(**before)
    for name in ("what really happened", "and then"):
        audit.record("list", username=name)
    assert list(chain.faults()) == []

    AuditEntry.objects.filter(seq=kept["seq"]).update(**kept)

    assert list(chain.faults()) == [f"{kept['seq'] + 1}: altered."]


def test_an_altered_entry_is_named_and_the_command_fails(entries):
    without_triggers()
    AuditEntry.objects.filter(seq=entries).update(username="nobody")

    assert found() == [f"{entries}: altered."]


def test_a_removed_entry_is_named(entries):
    without_triggers()
    AuditEntry.objects.filter(seq__in=(entries, entries + 1)).delete()

    assert found() == [f"{entries}: removed, up to {entries + 1}."]


def test_an_entry_put_in_between_is_named(entries):
    without_triggers()
    AuditEntry.objects.filter(seq=entries).delete()
    before = AuditEntry.objects.get(seq=entries - 1)
    before.seq = entries
    AuditEntry.objects.bulk_create([before])

    assert f"{entries}: altered." in found()


def test_an_entry_put_behind_the_end_is_named(entries):
    last = AuditEntry.objects.latest("seq")
    last.seq += 1
    AuditEntry.objects.bulk_create([last])

    assert list(chain.faults()) == [f"{last.seq}: inserted behind the head."]


def test_entries_put_behind_the_end_stop_nobody_and_are_named_for_good(entries, admin_client):
    last = AuditEntry.objects.latest("seq")
    for _ in range(2):
        for _ in range(3):
            last.seq += 1
            AuditEntry.objects.bulk_create([last])
        assert admin_client.get("/admin/").status_code == 200
        last = AuditEntry.objects.latest("seq")
        assert AuditEntry.objects.filter(action="set-aside", seq__gt=last.seq - 2).count() == 1

    found = list(chain.faults())
    assert len(found) == 6
    assert all(fault.endswith(": altered.") for fault in found)


def test_nobody_can_use_up_the_numbers(entries):
    last = AuditEntry.objects.latest("seq")
    last.seq = 2**63 - 1

    with pytest.raises(DatabaseError, match="audit_numbers_are_near"), transaction.atomic():
        AuditEntry.objects.bulk_create([last])


def test_processes_with_the_former_and_the_next_key_write_side_by_side(entries, settings):
    former, both = {"AUDIT_KEY": "former" * 9}, {"AUDIT_KEY": "next" * 12, "AUDIT_KEY_FALLBACKS": ["former" * 9]}
    known = [settings.SECRET_KEY]
    for keys in (former, both) * 3:
        settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = (
            keys["AUDIT_KEY"],
            [*keys.get("AUDIT_KEY_FALLBACKS", []), *known],
        )
        audit.record("view", who="staff")

    assert list(chain.faults()) == []
    assert not AuditEntry.objects.filter(action="set-aside").exists()


@pytest.mark.parametrize("change", [{"seq": 3}, {"seq": 10**12}, {"mac": "0" * 64}])
def test_a_head_that_was_altered_stops_nobody(entries, admin_client, change):
    AuditHead.objects.update(**change)

    assert admin_client.get("/admin/").status_code == 200

    assert AuditEntry.objects.filter(action="set-aside").count() == 1
    assert list(chain.faults()) == []


def test_two_entries_that_changed_places_are_named(entries):
    without_triggers()
    AuditEntry.objects.filter(seq=entries).update(seq=-1)
    AuditEntry.objects.filter(seq=entries + 1).update(seq=entries)
    AuditEntry.objects.filter(seq=-1).update(seq=entries + 1)

    assert {f"{entries}: altered.", f"{entries + 1}: altered."} <= set(found())


def test_a_tail_cut_off_is_found_by_the_head(entries):
    without_triggers()
    AuditEntry.objects.filter(seq__gte=entries).delete()

    assert f"{entries}: removed at the end: the head is {chain.head().seq}." in list(chain.faults())


def test_a_head_made_up_for_a_tail_cut_off_is_found_without_the_key(entries):
    without_triggers()
    AuditEntry.objects.filter(seq__gte=entries).delete()
    last = AuditEntry.objects.latest("seq")
    AuditHead.objects.update(seq=last.seq, mac=last.mac)

    assert list(chain.faults()) == ["The head is not the one that was written."]


def test_an_older_head_put_back_is_found_by_the_head_that_was_kept_elsewhere(entries):
    earlier = chain.head()
    audit.record("view", who="staff")
    kept = str(chain.head())
    without_triggers()
    AuditEntry.objects.filter(seq__gt=earlier.seq).delete()
    earlier.save()

    assert list(chain.faults()) == []
    assert found(head=kept) == [
        f"{earlier.seq + 1}: not the head that was kept: the end was cut off, or all was written anew, "
        "and no restore explains it."
    ]


def test_a_chain_written_anew_with_another_key_is_found(entries, settings):
    settings.AUDIT_KEY = "another key"
    without_triggers()
    AuditEntry.objects.all().delete()
    AuditHead.objects.all().delete()
    chain.begin()
    audit.record("view", who="staff")
    settings.AUDIT_KEY = ""

    assert list(chain.faults()) == [
        "The head is not the one that was written.",
        "1: sealed with a key that is not here.",
    ]


def test_after_the_key_was_changed_the_former_one_goes_on_verifying(entries, settings):
    settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = "the next key", [settings.SECRET_KEY]
    audit.record("view", who="staff")

    assert list(chain.faults()) == []
    settings.AUDIT_KEY_FALLBACKS = []
    settings.SECRET_KEY_FALLBACKS = []
    assert f"{entries}: sealed with a key that is not here." in list(chain.faults())


def test_a_missing_head_is_told_and_nothing_is_added_without_it(entries):
    AuditHead.objects.all().delete()
    chain.begin()

    assert list(chain.faults()) == ["The head is missing."]
    with pytest.raises(chain.Broken), transaction.atomic():
        audit.record("view", who="staff")


def test_a_head_that_is_none_is_refused(db):
    with pytest.raises(CommandError, match="NUMBER:HASH"):
        call_command("verify_audit", head="12")
    with pytest.raises(CommandError, match="needs the --head"):
        call_command("verify_audit", behind=True)


# What the database refuses to everybody.

STATEMENTS = [f"UPDATE {TABLE} SET username = ''", f"DELETE FROM {TABLE}"]  # noqa: S608


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_database_lets_nobody_change_or_remove_an_entry(db, statement):
    audit.record("view", who="staff")

    with pytest.raises(DatabaseError, match="audit_is_only_added_to"), transaction.atomic():
        connection.cursor().execute(statement)

    assert list(chain.faults()) == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_postgresql_lets_nobody_empty_the_table(a_request):
    audit.record("view", who="staff")

    with pytest.raises(DatabaseError, match="audit_is_only_added_to"):
        connection.cursor().execute(f"TRUNCATE {TABLE}")

    assert AuditEntry.objects.exists()


REFUSED_TO_THE_APPLICATION = [
    *STATEMENTS,
    f"TRUNCATE {TABLE}",
    f"ALTER TABLE {TABLE} DISABLE TRIGGER USER",
    f"DROP TABLE {TABLE}",
    "UPDATE appointments_audithead SET first_kept = 10",
    "DELETE FROM appointments_audithead",
]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_the_role_of_the_application_works_with_all_and_can_only_add_to_the_audit(a_request, scheduler):
    owner = connection.settings_dict["USER"]
    role = f"app_{uuid.uuid4().hex[:8]}"
    connection.cursor().execute(f"CREATE ROLE {role} LOGIN")
    try:
        with pytest.raises(CommandError, match="owns the tables"):
            call_command("grant_app_role", owner)
        call_command("grant_app_role", role, stdout=io.StringIO())
        connection.close()
        connection.settings_dict["USER"] = role

        request = a_request()
        client = signed_in(scheduler)
        claimed = client.post(f"/admin/appointments/appointmentrequest/{request.pk}/do/claim/", {"version": "0"})
        assert (claimed.status_code, client.get("/admin/").status_code) == (302, 200)
        assert AuditEntry.objects.filter(numbers=str(request.pk)).count() == 2
        assert "The audit is whole." in verified()
        for statement in REFUSED_TO_THE_APPLICATION:
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
                connection.cursor().execute(statement)
    finally:
        connection.close()
        connection.settings_dict["USER"] = owner
        connection.cursor().execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_role_that_is_not_there_and_a_database_without_roles_are_told(db):
    with pytest.raises(CommandError, match="no role"):
        call_command("grant_app_role", "nobody_here")


# Many at once.


@pytest.mark.django_db(transaction=True)
def test_of_many_who_write_at_once_each_gets_its_own_place_and_the_chain_stays_whole(a_request):
    many_like(a_request(), 39)
    requests = list(AppointmentRequest.objects.order_by("pk"))
    users = get_user_model().objects.bulk_create(
        get_user_model()(username=f"user {n}", is_superuser=True) for n in range(6)
    )
    before = chain.head().seq

    def work(user):
        """Claims what is left, in the order of the others or against it, and looks at each."""
        for stored in requests if user.pk % 2 else reversed(requests):
            audit.record("view", by=user, requests=[stored])
            request = AppointmentRequest.objects.get(pk=stored.pk)
            try:
                with audit.atomic():
                    perform(CLAIM, request, by=user)
                    perform(RELEASE, request, by=user)
            except Refused:
                continue

    at_once(*(lambda user=user: work(user) for user in users))

    changes = Event.objects.count()
    assert changes >= 80
    assert AuditEntry.objects.filter(seq__gt=before, action="change").count() == changes
    assert chain.head().seq == before + 240 + changes
    assert list(chain.faults()) == []


# Old entries.


def test_old_entries_are_cut_off_and_the_rest_still_verifies(entries, settings):
    now = timezone.now()
    old = now - datetime.timedelta(days=366 * settings.AUDIT_YEARS)
    without_triggers_but_deleting(old)

    said = io.StringIO()
    call_command("cut_audit", stdout=said)

    assert said.getvalue() == "Removed 5 entries.\n"
    assert chain.head().first_kept == AuditEntry.objects.earliest("seq").seq == 6
    assert list(chain.faults()) == []
    call_command("cut_audit", stdout=said)
    assert said.getvalue().endswith("Removed 0 entries.\n")
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.filter(seq=7).delete()
    AuditHead.objects.update(first_kept=8)
    AuditEntry.objects.filter(seq__lt=8).delete()
    assert "8: cut off in front without the key." in list(chain.faults())


def without_triggers_but_deleting(at) -> None:
    """Make a chain anew whose first five entries are from that time."""
    with transaction.atomic():
        AuditHead.objects.update(first_kept=2**62)
        AuditEntry.objects.all().delete()
        AuditHead.objects.all().delete()
        chain.begin()
        old = [AuditEntry(at=at, who="system", action="view", outcome="ok") for _ in range(5)]
        chain.append(old)
        for _ in range(10):
            audit.record("view", who="staff")


# FHIR.


def exported(**options) -> list[dict]:
    said = io.StringIO()
    call_command("export_audit", stdout=said, **options)
    return [json.loads(line) for line in said.getvalue().splitlines()]


def test_entries_are_exported_as_audit_events_of_fhir_without_names_of_patients(a_request, scheduler):
    request = a_request()
    signed_in(scheduler).get("/admin/appointments/appointmentrequest/")
    Client().post("/admin/login/", {"username": "Zyxcanary", "password": "x"})

    events = exported()

    assert [int(event["id"]) for event in events] == list(AuditEntry.objects.values_list("seq", flat=True))
    for event in events:
        assert event["resourceType"] == "AuditEvent"
        assert set(event) <= {
            *("resourceType", "id", "type", "subtype", "action", "recorded"),
            *("outcome", "agent", "source", "entity"),
        }
        assert {"system", "code", "display"} == set(event["type"])
        assert event["action"] in "CRUDE"
        assert event["outcome"] in ("0", "4", "8", "12")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00", event["recorded"])
        assert all(agent["requestor"] is True and agent["who"] for agent in event["agent"])
        assert event["source"]["observer"]["display"]
        assert all(entity.get("what", {"reference": "x"})["reference"] for entity in event.get("entity", []))
    seen = [event for event in events if event["subtype"][0]["code"] == "list"]
    assert seen[0]["entity"][0]["what"] == {"reference": f"ServiceRequest/{request.pk}"}
    assert seen[0]["agent"][0]["who"] == {"display": "scheduler"}
    # The numbers of entries, accounts and requests are any.
    told = re.sub(r'"(id|altId|reference)": "(ServiceRequest/)?\d+"|user \d+', "", json.dumps(events))
    assert not words_found(told, "Ana", *ANAS_BIRTHDAY, *ANAS_PHONE, "Zyxcanary", request.reference)


@pytest.mark.either
def test_every_kind_of_entry_can_be_exported():
    assert set(fhir.MEANS) == set(AuditEntry.Action)


def test_what_is_not_ascii_is_found_and_stops_no_command(entries):
    without_triggers()
    AuditEntry.objects.filter(seq=entries).update(mac="é" * 64)
    AuditHead.objects.update(seal="é" * 64)

    assert found()[:2] == ["The head is not the one that was written.", f"{entries}: altered."]


def test_an_auditor_finds_who_erased_very_many_at_once(db):
    audit.record("erase", requests=range(1, 700), details="kept long enough")

    assert AuditEntry.objects.filter(about(642)).count() == 1
    assert AuditEntry.objects.filter(about(701)).count() == 0


def test_an_export_is_of_the_days_that_were_asked_for(scheduler):
    today = timezone.localdate()
    signed_in(scheduler)

    assert len(exported(since=today, until=today)) >= 2
    assert exported(until=today - datetime.timedelta(days=1)) == []
    with pytest.raises(CommandError, match="no day"):
        call_command("export_audit", "--since", "soon")
    with pytest.raises(CommandError, match="before the first"):
        exported(since=today, until=today - datetime.timedelta(days=1))

"""A database that was restored from a backup says nothing and deletes nothing before somebody has looked at it."""

import datetime
import io
import os
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

import audit
from appointments.delivery.sms import answered
from appointments.models import Appointment, AppointmentRequest, Incarnation, Message, TextOptOut
from audit import chain
from audit.models import AuditEntry
from config import logs
from tests.mail import mail_server
from tests.reading import ANAS_PHONE
from tests.staff import member_of, signed_in
from tests.walk import words_of

pytestmark = [pytest.mark.both, pytest.mark.django_db]

ROOT = Path(__file__).parents[2]
DAY = datetime.timedelta(days=1)
PAGE = "/admin/restored/"


@pytest.fixture
def mailbox(settings):
    with mail_server(settings) as mailbox:
        yield mailbox


@pytest.fixture
def copy(a_request, mailbox):
    """Two people were to be told something when the backup was made, on another server; one is to be told later."""
    requests = [a_request(name=f"{name} Example", email=f"{name}@example.com") for name in ("ana", "bo")]
    Message.objects.exclude(kind="received").delete()
    Message.objects.update(created_at=timezone.now() - DAY, send_at=timezone.now() - DAY)
    Message.objects.create(request=requests[0], kind="reference", channel="email", send_at=timezone.now() + DAY)
    restored()
    Incarnation.objects.update(identity="the server that was lost")
    return requests


def restored(*arguments: str) -> str:
    said = io.StringIO()
    call_command("restored", *arguments, stdout=said)
    return said.getvalue()


def told(mailbox) -> set[str]:
    """Who has got something once workers have run."""
    call_command("work", once=True)
    return {str(letter["To"]) for letter in mailbox.messages}


def test_nothing_leaves_a_copy_until_the_operator_says_so(copy, mailbox, scheduler):
    assert told(mailbox) == set()
    today = words_of(signed_in(scheduler).get("/admin/"))
    assert "The database is a copy from a backup" in today

    said = restored("--each")
    assert "received by e-mail: 2, the oldest of" in said
    assert f"request number {copy[0].pk}" in said
    assert told(mailbox) == set()

    assert "To be sent: 2." in restored("--send")
    assert told(mailbox) == {"ana@example.com", "bo@example.com"}
    assert "a copy from a backup" not in words_of(signed_in(scheduler).get("/admin/"))
    assert [entry.details for entry in AuditEntry.objects.filter(action="restore")] == [
        "this database is a restored copy",
        "a restore was acknowledged: 2 messages are sent",
    ]


def test_nobody_deletes_from_a_copy_by_hand_before_it_was_looked_at(copy):
    AppointmentRequest.objects.update(closed_at=timezone.now() - 4000 * DAY, close_reason="withdrawn")

    with pytest.raises(CommandError, match="This database was restored"):
        call_command("retention", delete=True)

    assert AppointmentRequest.objects.count() == 2
    restored("--drop")
    call_command("retention", delete=True)
    assert AppointmentRequest.objects.count() == 0


def test_what_is_dropped_is_never_sent_and_what_was_not_due_yet_stays(copy, mailbox, clinician, place):
    starts_at = timezone.now() + 9 * DAY
    times = {"starts_at": starts_at, "ends_at": starts_at + DAY / 48}
    visit = Appointment.objects.create(clinician=clinician, place=place, **times)
    Message.objects.create(request=copy[0], kind="reminder", channel="email", appointment=visit)

    assert "Dropped: 2." in restored("--drop")

    assert set(Message.objects.filter(state="waiting").values_list("kind", flat=True)) == {"reference", "reminder"}
    assert told(mailbox) == set()
    assert Message.objects.get(state="waiting").kind == "reference"
    with pytest.raises(CommandError, match="no restored copy that waits"):
        restored("--drop")


def test_a_manager_decides_of_each_message_and_lets_workers_go_on(copy, mailbox):
    told(mailbox)
    manager = signed_in(member_of("Managers"))
    page = words_of(manager.get(PAGE))
    assert "2 wait, oldest first" in page

    to_ana = Message.objects.get(request=copy[0], kind="received").pk
    assert "1 dropped." in words_of(manager.post(PAGE, {"decision": "drop", "message": to_ana}, follow=True))
    assert "Workers go on. 1 to be sent." in words_of(manager.post(PAGE, {"decision": "go-on"}, follow=True))

    assert told(mailbox) == {"bo@example.com"}
    assert "waits for a decision" in words_of(manager.get(PAGE))
    for nonsense in ({"decision": "go-on"}, {"decision": "x"}, {"decision": "drop", "message": "1"}):
        assert "nothing of the kind to decide" in words_of(manager.post(PAGE, nonsense, follow=True))
    by_them = AuditEntry.objects.filter(username="one of the managers", action__in=("change", "restore"))
    assert [entry.numbers for entry in by_them] == [f"{copy[0].pk}", ""]


def test_nothing_is_deleted_from_a_copy_either(copy, mailbox, scheduler):
    AppointmentRequest.objects.filter(pk=copy[0].pk).update(
        closed_at=timezone.now() - 999 * DAY, closed_by=scheduler, close_reason="declined"
    )

    told(mailbox)
    assert AppointmentRequest.objects.filter(pk=copy[0].pk).exists()
    restored("--drop")
    told(mailbox)
    assert not AppointmentRequest.objects.filter(pk=copy[0].pk).exists()


def test_after_a_recovery_to_a_point_in_time_the_operator_has_to_say_it_and_says_it_once(copy, mailbox):
    restored("--drop")
    assert "no restored copy that waits" in restored()

    restored("--mark")
    restored("--mark")
    Message.objects.update(send_at=timezone.now() - DAY)

    assert told(mailbox) == set()
    restored("--send")
    assert told(mailbox) == {"ana@example.com"}


@pytest.mark.parametrize("form", [logs.JsonLines, logs.PlainLines])
def test_erasures_and_stops_come_back_from_the_log(
    copy, form, caplog, tmp_path, settings, django_capture_on_commit_callbacks
):
    """The log is what a deployment writes; the copy has what the log says is gone, and once a number anew."""
    caplog.set_level("INFO")
    ana, bo = copy
    with django_capture_on_commit_callbacks(execute=True):
        answered("+12125550188", "STOP")
        answered("+12125550199", "STOP")
        answered("+12125550188", "START")
        call_command("erase", ana.reference, bo.reference)
    log = tmp_path / "log"
    log.write_text("\n".join(map(form().format, caplog.records)))
    assert not any(word in log.read_text() for word in (ana.reference, *ANAS_PHONE, "+12125550188", "Example"))
    ana.save(force_insert=True)
    bo.reference = "R7M343N4X"
    bo.save(force_insert=True)
    TextOptOut.objects.all().delete()
    TextOptOut.objects.add("+12125550188")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret", [settings.SECRET_KEY]

    assert "Erased again: 1. Phones that want no texts, by the journal: 1." in restored("--journal", str(log))

    assert "Erased again: 0." in restored("--journal", str(log))
    assert [*AppointmentRequest.objects.all()] == [bo]
    assert [TextOptOut.objects.has(f"+121255501{end}") for end in (88, 99)] == [False, True]
    assert AuditEntry.objects.filter(action="erase", numbers=f"{ana.pk}").count() == 2
    with pytest.raises(CommandError, match="cannot be read"):
        restored("--journal", str(tmp_path / "none"))


def test_a_journal_that_cannot_be_read_leaves_the_database_as_it_was(db, tmp_path):
    log = tmp_path / "log"
    log.write_text("")

    with pytest.raises(CommandError, match="Nothing was done"):
        restored("--mark", "--journal", str(log), str(tmp_path / "none"))

    assert "This is no restored copy" in restored()
    assert not AuditEntry.objects.filter(action="restore").exists()


def test_what_is_taken_back_leaves_no_line(copy, caplog, django_capture_on_commit_callbacks):
    caplog.set_level("INFO")
    AppointmentRequest.objects.filter(pk=copy[1].pk).update(is_on_legal_hold=True)

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(CommandError):
        call_command("erase", copy[1].reference)

    assert "journal" not in caplog.text


def test_the_audit_says_which_lost_head_a_restore_explains(copy):
    audit.record("list", who="staff", username="somebody")
    restored()
    restore = AuditEntry.objects.get(action="restore")
    lost = f"{chain.head().seq + 50}:{'a' * 64}"

    assert f"entry {restore.seq}, explains it if this head was kept before then" in faults(lost)
    assert "no restore explains it" in faults(f"{restore.seq - 1}:{'a' * 64}")


def faults(head: str) -> str:
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", head=head, stdout=said)
    return said.getvalue()


@pytest.mark.either
@pytest.mark.process
def test_a_file_that_took_the_place_of_another_is_known_for_a_copy(tmp_path):
    program = """
        import os
        import shutil
        import django
        django.setup()
        from django.core.management import call_command
        from django.db import connection
        file = os.environ["SQLITE_PATH"]
        call_command("restored")
        connection.close()
        shutil.copy(file, f"{file}.backup")
        call_command("restored")
        connection.close()
        os.replace(f"{file}.backup", file)
        call_command("restored")
    """
    of_the_tests = sqlite3.connect(connection.settings_dict["NAME"])
    with closing(of_the_tests), closing(sqlite3.connect(tmp_path / "db.sqlite3")) as database:
        of_the_tests.backup(database)
    environment = {**os.environ, "SQLITE_PATH": str(tmp_path / "db.sqlite3"), "UPRIGHT_DEVELOPMENT": "1"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT,
        env=environment | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )

    first, second, third, *_ = done.stdout.splitlines()
    assert first == second == "This is no restored copy that waits for a decision."
    assert third.startswith("Restored, as was noticed"), done.stderr

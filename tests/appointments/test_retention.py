"""Records go when their time is over or when the person asks for it, and then nothing of them is left anywhere."""

import datetime
import os
import re
import subprocess
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from appointments.calendar.slots import Slot
from appointments.lifecycle.decisions import decide
from appointments.lifecycle.definition import (
    BOOK_ANYWAY,
    CANCEL,
    CLAIM,
    CORRECT_PHONE,
    DISMISS,
    LIFT_HOLD,
    LOG_CALL,
    OFFER,
    PLACE_HOLD,
    RESCHEDULE_ANYWAY,
    UNDO,
    WITHDRAW,
)
from appointments.lifecycle.effects import booking, erasure
from appointments.lifecycle.transition import perform
from appointments.models import (
    Appointment,
    AppointmentRequest,
    Event,
    ExportLog,
    Message,
    PossibleDuplicate,
    TextOptOut,
)
from appointments.operations import retention
from tests import postgres
from tests.copies import many_like
from tests.staff import member_of, signed_in
from tests.walk import words_of

pytestmark = pytest.mark.both

DAY = datetime.timedelta(days=1)


@pytest.fixture
def request_of(a_request, scheduler):
    """A request that no machine sent; `closed` says how many days ago it was closed."""

    def make(*, closed: int | None = None, reason="declined", **changes) -> AppointmentRequest:
        [request] = many_like(AppointmentRequest.objects.first() or a_request(), 1, doubts="", **changes)
        if closed is not None:
            AppointmentRequest.objects.filter(pk=request.pk).update(
                closed_at=timezone.now() - closed * DAY, closed_by=scheduler, close_reason=reason
            )
        return request

    return make


def left() -> set[int]:
    return set(AppointmentRequest.objects.values_list("pk", flat=True))


@pytest.fixture
def visited(request_of, clinician, place, scheduler):
    def make(closed: int) -> AppointmentRequest:
        starts_at = timezone.now() - (closed + 1) * DAY
        visit = Appointment.objects.create(
            clinician=clinician, place=place, starts_at=starts_at, ends_at=starts_at + datetime.timedelta(minutes=30)
        )
        request = request_of()
        AppointmentRequest.objects.filter(pk=request.pk).update(
            appointment=visit,
            closed_at=timezone.now() - closed * DAY,
            closed_by=scheduler,
            close_reason="attended",
        )
        return request

    return make


def test_each_kind_of_request_is_kept_as_long_as_its_setting_says(request_of, visited, settings):
    settings.KEEP_CLOSED_DAYS, settings.KEEP_VISITED_DAYS, settings.KEEP_DOUBTFUL_DAYS = 100, 200, 10
    stay = {request_of().pk, request_of(closed=99).pk, visited(closed=199).pk}
    stay.add(request_of(closed=9, reason="not_real").pk)
    gone = {request_of(closed=101).pk, visited(closed=201).pk}
    gone.add(request_of(closed=11, reason="not_real").pk)
    others = left() - stay - gone

    while retention.delete_some():
        pass

    assert left() == stay | others
    assert Appointment.objects.count() == 1


def test_a_request_that_was_never_closed_stays_however_old_it_is(request_of):
    request = request_of(created_at=timezone.now() - 10_000 * DAY)

    retention.delete_some()

    assert request.pk in left()


def test_sent_messages_and_the_log_of_exports_go_in_their_time(request_of, scheduler, settings):
    request, now = request_of(), timezone.now()
    Message.objects.all().delete()
    for age in (89, 91):
        done = {"state": Message.State.SENT, "done_at": now - age * DAY}
        Message.objects.create(request=request, kind="received", channel="email", **done)
    waiting = Message.objects.create(request=request, kind="received", channel="email", created_at=now - 999 * DAY)
    for age in (2189, 2191):
        ExportLog.objects.create(by=scheduler, at=now - age * DAY, filters={}, purpose="A report", rows=0)

    retention.delete_some()

    assert waiting in Message.objects.all()
    assert Message.objects.count() == 2
    assert ExportLog.objects.count() == 1


def test_a_doubtful_request_goes_after_somebody_said_that_it_is_no_persons_and_not_before(
    a_request, scheduler, settings
):
    a_request()
    AppointmentRequest.objects.update(doubts="many requests from one address", created_at=timezone.now() - 999 * DAY)
    request = AppointmentRequest.objects.get()
    retention.delete_some()
    assert left() == {request.pk}

    perform(DISMISS, request, by=scheduler)
    retention.delete_some()
    assert left() == {request.pk}

    AppointmentRequest.objects.update(closed_at=timezone.now() - (settings.KEEP_DOUBTFUL_DAYS + 1) * DAY)
    retention.delete_some()
    assert left() == set()


@pytest.mark.parametrize("reason", ["declined", "not_real"])
def test_what_is_on_legal_hold_stays_until_the_hold_is_lifted(request_of, scheduler, reason):
    request = request_of(closed=9999, reason=reason)
    request.refresh_from_db()
    perform(PLACE_HOLD, request, by=scheduler, note="Case 12")
    done = {"state": Message.State.SENT, "done_at": timezone.now() - 999 * DAY}
    Message.objects.create(request=request, kind="received", channel="email", **done)
    to_staff = Message.objects.create(kind="calls_overdue", channel="email", **done)

    retention.delete_some()
    assert request.pk in left()
    assert request.messages.count() == 1
    assert to_staff not in Message.objects.all()
    with pytest.raises(CommandError, match="legal hold"):
        call_command("erase", request.reference)
    assert request.pk in left()

    perform(LIFT_HOLD, request, by=scheduler, note="Case closed")
    retention.delete_some()
    assert request.pk not in left()


def test_the_report_says_what_goes_now_and_soon_and_deletes_only_when_asked_to(request_of, capsys):
    request_of(closed=400)
    request_of(closed=350)

    call_command("retention")
    said = capsys.readouterr().out
    assert "Requests closed without a visit: 1 now, 2 within 30 days (after 365 days)" in said
    assert len(left()) == 3

    call_command("retention", delete=True)
    assert "Deleted: 1." in capsys.readouterr().out
    assert len(left()) == 2


def test_workers_delete_by_themselves(request_of):
    request = request_of(closed=999)

    call_command("work", once=True)

    assert request.pk not in left()


def test_a_worker_whose_clock_is_wrong_deletes_nothing_early(request_of):
    retention.delete_some()
    request = request_of(closed=10)

    with time_machine.travel(timezone.now() + 400 * DAY):
        retention.delete_some()

    assert request.pk in left()


def let_go(client) -> None:
    """Press the first button of the page."""
    page = client.get("/admin/retention/").text
    fields = dict(re.findall(r'<input type="hidden" name="(setting|until)" value="([^"]*)">', page)[:2])
    client.post("/admin/retention/", fields)


@pytest.mark.either
def test_after_a_jump_of_the_clock_a_manager_looks_before_anything_goes(request_of, scheduler):
    retention.delete_some()
    early, late = request_of(closed=10), request_of(closed=400)

    with time_machine.travel(timezone.now() + 400 * DAY):
        manager = signed_in(scheduler)
        retention.delete_some()
        assert {early.pk, late.pk} <= left()
        assert "Retention waits for you" in manager.get("/admin/").text
        let_go(manager)
        retention.delete_some()

    assert not {early.pk, late.pk} & left()


@pytest.mark.either
def test_to_let_go_by_one_rule_says_nothing_of_another(request_of, visited, scheduler):
    retention.delete_some()
    without_a_visit, after_one = request_of(closed=10), visited(2000)

    with time_machine.travel(timezone.now() + 400 * DAY):
        let_go(signed_in(scheduler))
        retention.delete_some()

    assert without_a_visit.pk not in left()
    assert after_one.pk in left()


def test_more_than_usual_waits_for_a_manager_and_what_comes_later_goes_as_usual(request_of, scheduler, settings):
    settings.ERASED_AN_HOUR = 3
    retention.delete_some()
    many, manager = [request_of(closed=400 + n).pk for n in range(4)], signed_in(scheduler)
    retention.delete_some()
    assert set(many) <= left()

    page = words_of(manager.get("/admin/retention/"))
    assert "Requests closed without a visit: 4" in page
    let_go(manager)
    retention.delete_some()

    assert not set(many) & left()
    assert "Nothing." in words_of(manager.get("/admin/retention/"))
    usual = request_of(closed=366)
    retention.delete_some()
    assert usual.pk not in left()


def test_what_was_not_shown_is_not_let_go(request_of, scheduler, settings):
    settings.ERASED_AN_HOUR = 0
    shown, later = request_of(closed=400), request_of(closed=366)
    until = timezone.now() - 390 * DAY
    form = {"setting": "KEEP_CLOSED_DAYS", "until": f"{until:%Y-%m-%dT%H:%M:%S.%f%z}"}

    signed_in(scheduler).post("/admin/retention/", form)
    retention.delete_some()

    assert shown.pk not in left()
    assert later.pk in left()
    assert "Look again" in signed_in(scheduler).post("/admin/retention/", {"setting": "x"}, follow=True).text


@pytest.mark.either
@pytest.mark.parametrize(("group", "status"), [("Schedulers", 403), ("Nurses", 403), ("Auditors", 403)])
def test_only_managers_erase_and_place_holds(request_of, group, status):
    request, client = request_of(), signed_in(member_of(group))

    for verb in ("erase", "hold", "lift-hold"):
        form = {"version": request.version, "reference": request.reference, "note": "A reason"}
        assert client.post(f"{sheet(request)[:-7]}do/{verb}/", form).status_code == status
    assert request.pk in left()


def sheet(request) -> str:
    return f"/admin/appointments/appointmentrequest/{request.pk}/change/"


def test_a_manager_erases_only_after_typing_the_reference(request_of):
    request, client = request_of(), signed_in(member_of("Managers"))
    address = f"{sheet(request)[:-7]}do/erase/"

    refused = client.post(address, {"version": request.version, "reference": "R7M343N4X"})
    assert refused.status_code == 422
    assert "This is not the reference of this request." in refused.text
    assert request.pk in left()

    done = client.post(address, {"version": request.version, "reference": str(request).lower()}, follow=True)
    assert "Everything about this request is erased." in done.text
    assert request.pk not in left()


def test_that_a_phone_answered_stop_is_forgotten_with_its_last_request(request_of):
    first, second = request_of(closed=999), request_of()
    TextOptOut.objects.add(first.phone)
    AppointmentRequest.objects.exclude(pk__in=(first.pk, second.pk)).delete()

    retention.delete_some()
    assert TextOptOut.objects.has(second.phone)

    erasure.erase(second)
    assert not TextOptOut.objects.has(second.phone)


CANARIES = (
    "Zyxwora",
    "zyxwora@example.com",
    "5550142",
    "1931-03-14",
    "Quetzalish",
    "Notewort",
    "Relatova",
    "Proxilla",
)


@pytest.mark.django_db(transaction=True)
def test_of_an_erased_person_nothing_is_left_in_a_full_dump(a_request, client, scheduler, clinician, place, tmp_path):
    """The person went through everything that leaves traces, and others who are like them stay."""
    typed = {"date_of_birth_year": "1931", "phone": "(212) 555-0142", "email": "zyxwora@example.com"}
    typed |= {"filled_in_by": "Proxilla Example", "relationship": "Relatova"}
    typed |= {"may_talk": "patient_agrees", "patient_phone": "(212) 555-0157", "imaging_where": "Hospitalia"}
    typed |= {"language": "other", "other_language": "Quetzalish", "needs_interpreter": "on", "texts_ok": "on"}
    first = a_request(name="Zyxwora Example", **typed)
    other = a_request(name="Zyxwora Example", **typed | {"email": ""})
    AppointmentRequest.objects.update(doubts="")
    first.refresh_from_db()
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    staff = Client()
    staff.force_login(scheduler)
    with time_machine.travel(now + DAY):
        pair = PossibleDuplicate.objects.get()
        decide(pair, by=scheduler, same=False)
        perform(CLAIM, first, by=scheduler)
        perform(LOG_CALL, first, by=scheduler, channel="phone", outcome="reached", note="Notewort said hello")
        visit = {"place": place, "clinician": clinician, "note": "Notewort"}
        perform(BOOK_ANYWAY, first, by=scheduler, starts_at=now + 9 * DAY, **visit)
        perform(RESCHEDULE_ANYWAY, first, by=scheduler, starts_at=now + 10 * DAY, reason="patient", **visit)
        perform(CANCEL, first, by=scheduler, reason=booking.CancelReason.PATIENT)
        perform(UNDO, first, by=scheduler)
        perform(CANCEL, first, by=scheduler, reason=booking.CancelReason.PATIENT)
        perform(CLAIM, first, by=scheduler)
        perform(OFFER, first, by=scheduler, times=[Slot(now + 12 * DAY, clinician, place)])
        perform(CORRECT_PHONE, first, phone="+12125550142")
        staff.get(sheet(first))
        staff.post("/admin/appointments/appointmentrequest/", {"q": "Zyxwora"})
        TextOptOut.objects.add(first.phone)
        perform(WITHDRAW, first)
        reference = first.reference
    other_reference = other.reference
    AppointmentRequest.objects.filter(pk=other.pk).update(
        **dict.fromkeys(("name", "filled_in_by", "other_language", "relationship"), "Somebody Else"),
        phone="+12125550199",
        search_text="",
        date_of_birth=datetime.date(1950, 1, 1),
        answers={},
    )
    assert all(canary in dump(tmp_path) for canary in CANARIES)

    call_command("erase", reference)

    remains = dump(tmp_path)
    assert other_reference in remains
    assert [canary for canary in (*CANARIES, reference, str(first)) if canary in remains] == []
    assert Appointment.objects.count() == 0
    assert Event.objects.get(request=other, verb="linked").details == (
        "Not the same person as a request that was deleted"
    )


def dump(folder: Path) -> str:
    """All that the database holds: as PostgreSQL dumps it, or the very bytes of SQLite's files."""
    if connection.vendor == "postgresql":
        database = connection.settings_dict
        connection.close()
        where = ["-h", database["HOST"], "-p", str(database["PORT"]), "-U", database["USER"]]
        command = [str(postgres.binaries() / "pg_dump"), *where]
        done = subprocess.run(  # noqa: S603
            [*command, database["NAME"]], capture_output=True, text=True, check=True, env={**os.environ}
        )
        return done.stdout
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = Path(connection.settings_dict["NAME"])
    return "".join(file.read_bytes().decode("latin-1") for file in path.parent.glob(f"{path.name}*"))

"""A standby that is gone, while commits wait for it: nothing is confirmed that one machine alone has."""

import fcntl
import os
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from django.db import Error, connection

from appointments.models import AppointmentRequest
from common.postgresql import base
from tests.staff import signed_in
from tests.test_faults import go_to_the_last_step, is_kept_and_can_be_sent_again
from tests.walk import CHECK

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
A_HANG = 60
OF_WHO_WAITS = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()"


@pytest.fixture
def operator():
    """Another session, of a superuser."""
    with closing(connection.copy()) as session, session.cursor() as cursor:
        yield cursor


@pytest.fixture
def wait_for(settings, monkeypatch):
    """Have pages wait so many seconds for the database, from now on."""

    def so_long(seconds: int) -> None:
        settings.DATABASE_PATIENCE = seconds
        monkeypatch.setattr(base, "_paused_until", 0.0)

    so_long(A_HANG)
    yield so_long
    base.extensions.set_wait_callback(None)


@pytest.fixture
def ready(client, wait_for):
    """Somebody who has only the last step before them."""
    client.raise_request_exception = False
    go_to_the_last_step(client)
    return client


@contextmanager
def alone():
    """The setting is of the whole server, and another process of tests would take it back."""
    with Path(os.environ["SQLITE_PATH"]).with_name("standby").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


@contextmanager
def without_its_standby(operator):
    """Commits of this database wait for a standby that is gone; those of other tests are not even on the disk."""
    with alone():
        name = connection.settings_dict["NAME"]
        operator.execute(f"ALTER DATABASE {name} SET synchronous_commit = on")
        operator.execute("ALTER SYSTEM SET synchronous_standby_names = 'gone'")
        operator.execute("SELECT pg_reload_conf()")
        connection.close()
        try:
            # The server takes its time to begin.
            with cut_short(operator, "pg_terminate_backend"), suppress(Error), closing(connection.copy()) as session:
                while True:
                    session.cursor().execute("SELECT pg_logical_emit_message(true, '', '')")
            yield
        finally:
            operator.execute("ALTER SYSTEM RESET synchronous_standby_names")
            operator.execute("SELECT pg_reload_conf()")
            operator.execute(f"ALTER DATABASE {name} RESET synchronous_commit")


@contextmanager
def cut_short(operator, do: str):
    """Meanwhile the operator does it to the session whose commit waits."""

    def wait_and_do() -> None:
        deadline = time.monotonic() + A_HANG
        while time.monotonic() < deadline:
            operator.execute(f"SELECT {do}(pid) {OF_WHO_WAITS}")
            if operator.fetchone():
                return
            time.sleep(0.02)

    thread = threading.Thread(target=wait_and_do)
    thread.start()
    yield
    thread.join()


def is_not_confirmed(answer) -> bool:
    return answer.status_code == 503 and is_kept_and_can_be_sent_again(answer)


@pytest.mark.parametrize("do", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_request_whose_wait_for_a_standby_is_cut_short_is_confirmed_when_there_is_one_again(
    ready, operator, wait_for, do
):
    with without_its_standby(operator):
        with cut_short(operator, do):
            assert is_not_confirmed(ready.post("/visit/check/", CHECK))
        # All can see it, but this machine alone has it.
        assert AppointmentRequest.objects.count() == 1
        wait_for(1)
        assert is_not_confirmed(ready.post("/visit/check/", CHECK))

    wait_for(A_HANG)
    assert ready.post("/visit/check/", CHECK)["Location"] == "/visit/sent/"
    assert AppointmentRequest.objects.count() == 1


def test_while_a_standby_is_gone_pages_say_so_in_time_and_a_request_counts_once(ready, operator, wait_for, scheduler):
    staff = signed_in(scheduler)
    staff.raise_request_exception = False
    with without_its_standby(operator):
        for _ in range(2):
            wait_for(1)
            assert is_not_confirmed(ready.post("/visit/check/", CHECK))
        wait_for(1)
        assert staff.get("/admin/appointments/appointmentrequest/").status_code == 503
        assert ready.get("/check/red_flags/").status_code == 200
        wait_for(A_HANG)
        assert not AppointmentRequest.objects.exists()

    assert ready.post("/visit/check/", CHECK)["Location"] == "/visit/sent/"
    assert AppointmentRequest.objects.count() == 1

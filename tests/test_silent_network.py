"""A network that swallows, with lines that stay up: nobody waits for long, and all goes on when it is back."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from appointments.models import PeriodicJob
from common.postgresql import base
from tests.relay import relay_to, to_socket

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]
# Seconds that only what hangs takes, however slow the machine.
A_HANG = 60
ROOT = Path(__file__).parents[1]


@pytest.fixture
def relay(settings, monkeypatch):
    settings.DATABASE_PATIENCE = 1
    monkeypatch.setattr(base, "_paused_until", 0.0)
    database = connection.settings_dict
    with relay_to(to_socket(f"{database['HOST']}/.s.PGSQL.{database['PORT']}")) as relay:
        yield relay
    base.extensions.set_wait_callback(None)


@pytest.fixture
def by_relay(relay):
    known = connection.settings_dict | {"HOST": "127.0.0.1", "PORT": str(relay.port)}
    distant = base.DatabaseWrapper(known, alias="distant")
    yield distant
    distant.close()


def ask(database) -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT 41 + 1")
        return cursor.fetchone()[0]


def test_a_statement_that_gets_no_answer_fails_in_time_and_the_next_at_once(relay, by_relay, monkeypatch):
    assert ask(by_relay) == 42

    relay.swallow()
    began = time.monotonic()
    with pytest.raises(OperationalError, match="does not answer"):
        ask(by_relay)
    assert time.monotonic() - began < A_HANG
    by_relay.close()
    with pytest.raises(OperationalError, match="did not answer a moment ago"):
        ask(by_relay)

    relay.flow()
    monkeypatch.setattr(base, "_paused_until", 0.0)
    assert ask(by_relay) == 42


def test_a_new_connection_that_gets_no_answer_fails_in_time(relay, by_relay):
    relay.swallow()

    with pytest.raises(OperationalError, match="does not answer"):
        ask(by_relay)


def test_without_the_limit_nothing_is_limited(relay, by_relay, settings):
    settings.DATABASE_PATIENCE = 0

    with by_relay.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(1.5)")
    assert ask(by_relay) == 42


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_told_to_stop_does_not_wait_for_a_silent_database(relay, tmp_path):
    database = connection.settings_dict
    variables = {
        **os.environ,
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(relay.port),
        "DATABASE_NAME": database["NAME"],
        # It would stop for that long.
        "DATABASE_PATIENCE": "300",
    }
    with (tmp_path / "log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "work"], cwd=ROOT, env=variables, stdout=log, stderr=log
        )
    deadline = time.monotonic() + A_HANG
    while not PeriodicJob.objects.exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)

    relay.swallow()
    time.sleep(3)
    worker.terminate()

    assert worker.wait(A_HANG) == 0
    assert "leaves without an answer" in (tmp_path / "log").read_text()

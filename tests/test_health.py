"""What load balancers are told: that the process lives, and whether it can serve everything."""

import gc
import socket
import threading
import time

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from config import health
from tests.mail import raw_server
from tests.server import until

pytestmark = pytest.mark.both

# Seconds that only what hangs takes, however slow the machine.
A_HANG = 60
# In PostgreSQL's protocol: no password is needed, what the client needs to know of the server, and that it listens.
NO_TLS = b"N"
WELCOME = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x19client_encoding\0UTF8\0Z\0\0\0\x05I"


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch):
    """One that has not seen yet that the migrations are there."""
    monkeypatch.setattr(health, "_has_migrated", False)


def told(client) -> tuple[int, str]:
    response = client.get("/health/ready/")
    return response.status_code, response.content.decode()


def test_a_process_lives_without_a_database(client):
    assert client.get("/health/").content == b"ok"


@pytest.mark.django_db(transaction=True)
def test_a_process_is_ready_when_the_database_answers_and_has_all_migrations(client, django_assert_num_queries):
    assert told(client) == (200, "ready")
    # On a connection of its own, which no request is waiting for.
    with django_assert_num_queries(0):
        assert told(client) == (200, "ready")


@pytest.mark.django_db(transaction=True)
# A file has no list of connections.
@pytest.mark.postgresql
def test_no_question_leaves_a_connection_behind(client):
    gc.collect()
    gc.disable()
    try:
        assert told(client) == (200, "ready")
        # The server takes a moment to notice that a client is gone.
        until(lambda: connections_to_this_database() == 1)
    finally:
        gc.enable()


def connections_to_this_database() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_a_process_whose_migrations_have_not_run_waits_for_them(client):
    ((app, name),) = MigrationLoader(connection).graph.leaf_nodes("appointments")
    MigrationRecorder(connection).record_unapplied(app, name)
    try:
        assert told(client) == (503, "migrations")
    finally:
        MigrationRecorder(connection).record_applied(app, name)
    assert told(client) == (200, "ready")


@pytest.mark.django_db(transaction=True)
def test_a_process_without_a_database_is_not_ready_and_says_so_in_one_word(client, monkeypatch, tmp_path):
    monkeypatch.setitem(connection.settings_dict, "NAME" if connection.vendor == "sqlite" else "HOST", str(tmp_path))

    assert told(client) == (503, "database")
    assert client.get("/health/").status_code == 200


@pytest.mark.django_db(transaction=True)
# A file has nobody who could keep silent.
@pytest.mark.postgresql
def test_nobody_waits_long_for_a_server_that_says_nothing(client, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", silent.getsockname()[1])
        started = time.monotonic()
        answers = [told(client), told(client)]

    assert answers == [(503, "database")] * 2
    # Who waits for it waits for ever.
    assert time.monotonic() - started < A_HANG


@pytest.mark.django_db(transaction=True)
# A file has nobody who could keep silent.
@pytest.mark.postgresql
def test_nobody_waits_long_for_a_server_that_lets_in_and_then_says_nothing(client, monkeypatch):
    def let_in(line: socket.socket) -> None:
        line.recv(8)
        line.sendall(NO_TLS)
        line.recv(1000)
        line.sendall(WELCOME)
        asked.append(line.recv(1000))
        is_answered.wait(2 * A_HANG)

    asked, is_answered = [], threading.Event()
    with raw_server(let_in) as port:
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", port)
        started = time.monotonic()
        answer, seconds = told(client), time.monotonic() - started
        is_answered.set()

    assert asked[0].startswith(b"Q")
    assert answer == (503, "database")
    assert seconds < A_HANG


@pytest.mark.django_db(transaction=True)
# A file has no limit of connections.
@pytest.mark.postgresql
def test_a_server_that_is_full_is_not_ready(client):
    role = connection.settings_dict["USER"]
    database = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{database}" CONNECTION LIMIT 0')
        # A superuser has no limit.
        cursor.execute(f"CREATE ROLE guest LOGIN IN ROLE {role}")
    try:
        connection.settings_dict["USER"] = "guest"
        assert told(client) == (503, "database")
    finally:
        connection.settings_dict["USER"] = role
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{database}" CONNECTION LIMIT -1')
            cursor.execute("DROP ROLE guest")


def test_both_are_answered_without_https_people_are_led_to_it_and_machines_are_refused(settings, db):
    settings.SECURE_SSL_REDIRECT = True
    plain = Client()

    assert plain.get("/health/").status_code == 200
    assert plain.get("/health/ready/").status_code in (200, 503)
    assert plain.get("/").status_code == 301
    assert plain.get("/metrics/").status_code == 403

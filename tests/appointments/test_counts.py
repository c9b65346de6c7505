"""Checks are counted without anything about a person, and no page waits for it or fails because of it."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from appointments.models import DailyCount
from appointments.reporting import daily_counts
from tests.walk import answer_check, ask_for_visit

pytestmark = pytest.mark.both

FIRST = "/check/red_flags/"
NO_SIGN = {"red_flags": ["none"]}
ANOTHER_PROCESS = f"""
import django
django.setup()
from django.test import Client
for _ in range(2):
    Client(headers={{"host": "localhost"}}).post({FIRST!r}, {NO_SIGN!r})
"""


@pytest.fixture
def counting(transactional_db, settings):
    """Counts are written as soon as may be; nothing is left of them in memory."""
    settings.COUNT_EVERY_SECONDS = 0.001
    yield
    settings.COUNT_EVERY_SECONDS = 0
    finish_writing()
    daily_counts.write()


def finish_writing():
    for thread in threading.enumerate():
        if thread.name == "counts":
            thread.join()


def ask_until(is_enough):
    """Another page is asked for now and then, as on a public site, until enough was written or some time is over."""
    give_up_at = time.monotonic() + 120
    while not is_enough() and time.monotonic() < give_up_at:
        time.sleep(0.005)
        Client().get("/health/")
        finish_writing()


def counted(number: int) -> dict[tuple[str, str, str], int]:
    """What the database has for today once it has so many counts or more: event, language, outcome; how often."""
    ask_until(lambda: sum(DailyCount.objects.values_list("count", flat=True)) >= number)
    # Were there more than expected, they would show.
    daily_counts.write()
    rows = DailyCount.objects.filter(day=timezone.localdate())
    return {(row.event, row.language, row.outcome): row.count for row in rows}


def test_a_check_counts_as_started_once_and_as_finished_once_with_its_outcome(counting, client):
    answer_check(client)
    client.get("/check/result/")
    answer_check(Client(headers={"accept-language": "es"}), fracture="no")

    assert counted(4) == {
        ("started", "en", ""): 1,
        ("finished", "en", "likely_candidate"): 1,
        ("started", "es", ""): 1,
        ("finished", "es", "not_matching"): 1,
    }


def test_checks_of_one_kind_add_up_over_the_day(counting):
    for number in (1, 2, 3):
        answer_check(Client())
        assert counted(2 * number) == {
            ("started", "en", ""): number,
            ("finished", "en", "likely_candidate"): number,
        }


def test_an_emergency_is_an_end_that_counts(counting, client):
    client.post(FIRST, {"red_flags": ["legs"]})

    assert counted(2) == {("started", "en", ""): 1, ("finished", "en", "emergency_911"): 1}


def test_looking_going_back_and_answering_wrong_count_nothing(counting, client):
    client.get("/check/")
    client.get(FIRST)
    client.post(FIRST, {})
    client.post("/check/pain/", {"pain": "7"})
    Client(enforce_csrf_checks=True).post(FIRST, NO_SIGN)
    answer_check(client)
    client.post(FIRST, NO_SIGN)
    client.post("/check/clotting/?change", {"clotting": "not_sure"})
    client.get("/check/result/")

    assert counted(2) == {("started", "en", ""): 1, ("finished", "en", "likely_candidate"): 1}


def test_of_many_visitors_at_once_none_is_lost_and_none_counts_twice(counting):
    with ThreadPoolExecutor(8) as pool:
        pages = [pool.submit(Client().post, FIRST, NO_SIGN) for _ in range(100)]

    assert {page.result().status_code for page in pages} == {302}
    assert counted(100) == {("started", "en", ""): 100}


def test_while_the_database_is_down_pages_are_answered_and_counts_are_kept(
    counting, client, monkeypatch, tmp_path, caplog
):
    # Each request writes a line of its own below that.
    caplog.set_level("WARNING")
    with monkeypatch.context() as down:
        down.setitem(connection.settings_dict, "NAME" if connection.vendor == "sqlite" else "HOST", str(tmp_path))
        last = answer_check(client)
        ask_until(lambda: caplog.messages)
        finish_writing()

    assert last.status_code == 200
    assert set(caplog.messages) == {
        "The counts of checks could not be written. They are kept for the next try.",
    }
    assert not any(record.exc_info for record in caplog.records)
    assert counted(2) == {("started", "en", ""): 1, ("finished", "en", "likely_candidate"): 1}


def test_no_page_waits_for_a_database_that_is_busy(counting, client):
    today = timezone.localdate()
    with transaction.atomic():
        DailyCount.objects.create(day=today, event="started", language="en", outcome="", count=5)
        client.post(FIRST, NO_SIGN)
        # By now a thread waits for this transaction to end.
        (waiting,) = [thread for thread in threading.enumerate() if thread.name == "counts"]
        pages = [client.get("/check/pain/") for _ in range(5)]
        # So no page has waited for it.
        assert waiting.is_alive()

    assert {page.status_code for page in pages} == {200}
    assert counted(6) == {("started", "en", ""): 6}


def test_while_the_database_is_down_for_long_memory_does_not_fill(counting, monkeypatch, tmp_path):
    monkeypatch.setattr(daily_counts, "MOST_KEPT", 1)
    with monkeypatch.context() as down:
        down.setitem(connection.settings_dict, "NAME" if connection.vendor == "sqlite" else "HOST", str(tmp_path))
        for language in ("en", "es", "en"):
            Client(headers={"accept-language": language}).post(FIRST, NO_SIGN)
            finish_writing()

    assert counted(2) == {("started", "en", ""): 2}


@pytest.mark.process
def test_what_is_left_when_the_process_ends_is_written_then(transactional_db):
    name = connection.settings_dict["NAME"]
    place = {"SQLITE_PATH": str(name)} if connection.vendor == "sqlite" else {"DATABASE_NAME": name}
    environment = {**os.environ, **place, "DJANGO_SETTINGS_MODULE": "config.settings", "COUNT_EVERY_SECONDS": "3600"}

    subprocess.run(  # noqa: S603 - the program is above
        [sys.executable, "-c", ANOTHER_PROCESS], cwd=django_settings.BASE_DIR, env=environment, check=True
    )

    assert [(row.event, row.count) for row in DailyCount.objects.all()] == [("started", 2)]


def test_nothing_about_a_person_is_in_the_counts(counting, client):
    answer_check(client)
    ask_for_visit(client)

    counted(2)

    rows = list(DailyCount.objects.order_by("event").values())
    today = timezone.localdate()
    each = {"day": today, "pathway": "vertebral_cement", "language": "en", "count": 1}
    assert [{key: value for key, value in row.items() if key != "id"} for row in rows] == [
        {**each, "event": "finished", "outcome": "likely_candidate"},
        {**each, "event": "started", "outcome": ""},
    ]


def test_where_counting_is_off_nothing_is_counted(counting, client, settings):
    settings.COUNT_EVERY_SECONDS = 0
    answer_check(client)
    settings.COUNT_EVERY_SECONDS = 0.001
    client.post("/check/start-again/")
    client.post(FIRST, NO_SIGN)

    assert counted(1) == {("started", "en", ""): 1}

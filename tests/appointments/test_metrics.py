"""The figures that a Prometheus reads: the right ones, for whoever has the token, and nothing about a person."""

import datetime

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import F
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from appointments.lifecycle.definition import BOOK, CLAIM, CLOSE, LOG_CALL, UNDO, WITHDRAW
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, ContactAttempt, DailyCount, Message, PeriodicJob
from screening.pathways import FIRST
from tests.mail import free_port
from tests.reading import ANAS_BIRTHDAY
from tests.walk import words_of

pytestmark = pytest.mark.both

HOUR = datetime.timedelta(hours=1)

TOKEN = "a token for the tests of figures"  # noqa: S105


@pytest.fixture
def scrape(client, settings):
    """Reads all figures, by name and the values of their labels, in the alphabetical order of these."""
    settings.METRICS_TOKEN = TOKEN

    def read() -> dict[tuple, float]:
        cache.clear()
        response = client.get("/metrics/", headers={"authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        families = text_string_to_metric_families(response.content.decode())
        return {
            (sample.name.removeprefix("upright_"), *sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
            if not sample.name.endswith("_created")
        }

    return read


@pytest.fixture
def send_several(a_request):
    """So many requests of different people; tests answer faster than people read, and that is overlooked here."""

    def send(count: int) -> list[AppointmentRequest]:
        sent = [a_request(phone=f"212 555 01{10 + n}", name=f"Sample {'ABCDEFG'[n]}") for n in range(count)]
        AppointmentRequest.objects.update(doubts="")
        return list(AppointmentRequest.objects.filter(pk__in=[one.pk for one in sent]).order_by("pk"))

    return send


@pytest.mark.either
@pytest.mark.parametrize("header", [None, "", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer ÿ"])
def test_without_the_token_nobody_reads_them(client, settings, header):
    settings.METRICS_TOKEN = TOKEN
    response = client.get("/metrics/", headers={} if header is None else {"authorization": header})

    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert b"upright" not in response.content


@pytest.mark.either
def test_without_the_setting_the_page_is_not_there(client, settings):
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics/", headers={"authorization": "Bearer "}).status_code == 404


def test_a_clinic_where_nothing_has_happened_has_every_figure_at_zero(scrape, db):
    figures = scrape()

    # The database is some moments old, and so is the heartbeat of the workers that it has not seen yet.
    assert {name for name, value in figures.items() if value} == {("periodic_job_age_seconds", "heartbeat")}
    assert ("requests", "es", FIRST.key, "P1", "waiting") in figures
    assert ("calls_overdue", "promised", FIRST.key, "P3", "3") in figures
    assert ("requests_closed_last_day", "unreachable") in figures


def test_checks_add_up_over_all_days(scrape, db):
    today = timezone.localdate()
    for days_ago, count in enumerate((3, 4)):
        day = today - datetime.timedelta(days=days_ago)
        DailyCount.objects.create(day=day, event="started", language="es", count=count)
        DailyCount.objects.create(day=day, event="finished", language="en", outcome="not_matching", count=10 * count)

    figures = scrape()

    assert figures["checks_started_total", "es", "vertebral_cement"] == 7
    assert figures["checks_finished_total", "en", "not_matching", "vertebral_cement"] == 70


def test_each_request_is_counted_where_it_stands(
    scrape, send_several, scheduler, clinician, place, next_week, django_assert_max_num_queries
):
    waiting, held, booked, declined, withdrawn = send_several(5)
    for request in (held, booked, declined):
        perform(CLAIM, request, by=scheduler)
    perform(BOOK, booked, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    perform(CLOSE, declined, by=scheduler, reason="declined")
    perform(WITHDRAW, withdrawn)

    with django_assert_max_num_queries(14):
        figures = scrape()

    assert {key: value for key, value in figures.items() if value and key[0].startswith("requests")} == {
        ("requests", "en", FIRST.key, waiting.priority, "waiting"): 1,
        ("requests", "en", FIRST.key, waiting.priority, "claimed"): 1,
        ("requests", "en", FIRST.key, waiting.priority, "booked"): 1,
        ("requests_held",): 1,
        ("requests_asked_last_day", "en", FIRST.key, waiting.priority): 5,
        ("requests_closed_last_day", "declined"): 1,
        ("requests_closed_last_day", "withdrawn"): 1,
    }
    assert (figures["steps_last_day", "booked"], figures["visits_coming",]) == (1, 1)


def test_what_is_late_and_who_waits_longest_is_told_by_priority(scrape, send_several):
    hour, now = datetime.timedelta(hours=1), timezone.now()
    late, planned, promised = send_several(3)
    change = AppointmentRequest.objects.filter
    change(pk=late.pk).update(due_at=now - hour, created_at=now - 30 * hour)
    change(pk=planned.pk).update(next_call_at=now - hour, due_at=now - hour)
    change(pk=promised.pk).update(next_call_at=now - hour, is_promised=True)

    figures = scrape()

    late_calls = {key[1]: value for key, value in figures.items() if key[0] == "calls_overdue" and value}
    assert late_calls == {"first": 1, "planned": 1, "promised": 1}
    of = (FIRST.key, late.priority, late.priority[1])
    assert figures["calls_overdue", "first", *of] == 1
    assert figures["oldest_open_request_seconds", *of] == pytest.approx(30 * 3600, abs=60)
    assert figures["requests_asked_last_day", "en", FIRST.key, late.priority] == 2


def test_who_let_a_request_lie_does_not_hold_it_and_doubtful_ones_are_apart(
    scrape, send_several, scheduler, settings
):
    held, doubtful = send_several(2)
    AppointmentRequest.objects.filter(pk=doubtful.pk).update(doubts="many requests")
    perform(CLAIM, held, by=scheduler)
    assert (scrape()["requests_held",], scrape()["requests_doubtful",]) == (1, 1)

    lasts = datetime.timedelta(minutes=settings.CLAIM_MINUTES + 1)
    AppointmentRequest.objects.filter(pk=held.pk).update(claimed_at=F("claimed_at") - lasts)

    assert scrape()["requests_held",] == 0


def test_calls_are_counted_by_step_and_no_figure_names_anybody(scrape, client, a_request, colleague):
    request = a_request(name="Canary Muestra", email="canary@example.com")
    perform(CLAIM, request, by=colleague)
    outcome = {"channel": ContactAttempt.Channel.PHONE, "outcome": ContactAttempt.CallResult.NO_ANSWER}
    perform(LOG_CALL, request, by=colleague, note="Canary", **outcome)

    assert scrape()["steps_last_day", "called"] == 1
    text = client.get("/metrics/", headers={"authorization": f"Bearer {TOKEN}"}).content.decode()
    hidden = ["Canary", "canary", request.reference, request.phone, colleague.username, *ANAS_BIRTHDAY]
    assert [word for word in hidden if word in text] == []


def test_a_second_scrape_within_seconds_asks_the_database_nothing(scrape, client, db, django_assert_num_queries):
    scrape()

    with django_assert_num_queries(0):
        assert client.get("/metrics/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_without_a_database_the_scrape_fails(client, settings, monkeypatch, tmp_path):
    settings.METRICS_TOKEN = TOKEN
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME" if connection.vendor == "sqlite" else "HOST", str(tmp_path))

    response = client.get("/metrics/", headers={"authorization": f"Bearer {TOKEN}"})

    assert (response.status_code, response.content) == (503, b"database")
    monkeypatch.undo()
    connection.close()


def test_messages_that_are_late_or_failed_and_the_age_of_jobs_are_told(scrape, a_request):
    request, now, hour = (
        a_request(doubts="many requests from one address"),
        timezone.now(),
        datetime.timedelta(hours=1),
    )
    message = {"request": request, "kind": "call_missed"}
    Message.objects.create(**message, channel="email", send_at=now - hour, attempts=2)
    Message.objects.create(**message, channel="email")
    Message.objects.create(**message, channel="email", send_at=now + hour)
    Message.objects.create(**message, channel="text", state=Message.State.FAILED, done_at=now)
    Message.objects.create(**message, channel="text", state=Message.State.SENT, done_at=now)
    PeriodicJob.objects.create(name="retention", last_run_at=now - 2 * hour)

    figures = scrape()

    assert (figures["messages_due", "email"], figures["messages_due", "text"]) == (2, 0)
    assert figures["messages_retried", "email"] == 1
    assert figures["oldest_due_message_seconds", "email"] == pytest.approx(3600, abs=60)
    assert (figures["messages_failed", "email"], figures["messages_failed", "text"]) == (0, 1)
    assert figures["periodic_job_age_seconds", "retention"] == pytest.approx(7200, abs=60)


def test_nobody_is_woken_for_what_waits_for_a_health_record_that_is_not_connected_any_more(
    scrape, a_request, settings, admin_client
):
    yesterday = timezone.now() - datetime.timedelta(days=1)
    Message.objects.create(request=a_request(), kind="for_the_record", channel="ehr", send_at=yesterday)
    settings.EHR_URL = ""

    assert scrape()["oldest_due_message_seconds", "ehr"] == 0
    assert "should have gone by now" not in words_of(admin_client.get("/admin/"))


def test_an_outage_is_as_old_as_its_oldest_message_however_often_that_was_tried(
    scrape, a_request, settings, admin_client, scheduler
):
    AppointmentRequest.objects.filter(pk=a_request(doubts="a test").pk).update(attempts_made=1)
    Message.objects.create(request=AppointmentRequest.objects.get(), kind="call_missed", channel="email")
    settings.EMAIL_BACKEND = "appointments.delivery.email.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(20):
            call_command("work", once=True)
            clock.shift(HOUR)

        assert scrape()["oldest_due_message_seconds", "email"] == pytest.approx(20 * 3600, abs=60)
        admin_client.force_login(scheduler)
        assert "1 e-mail should have gone by now, the oldest on" in words_of(admin_client.get("/admin/"))


def test_without_a_worker_the_heartbeat_gets_old_and_today_says_so_even_if_there_never_was_one(
    scrape, db, admin_client, scheduler
):
    # As if the database had just been made.
    MigrationRecorder(connection).migration_qs.update(applied=timezone.now())
    assert "no worker runs" not in words_of(admin_client.get("/admin/"))

    with time_machine.travel(timezone.now() + 24 * HOUR, tick=False):
        assert scrape()["periodic_job_age_seconds", "heartbeat"] >= 24 * 3600
        admin_client.force_login(scheduler)
        assert "Nothing has been sent or checked since" in words_of(admin_client.get("/admin/"))

        call_command("work", once=True)

        assert scrape()["periodic_job_age_seconds", "heartbeat"] == 0
        assert "no worker runs" not in words_of(admin_client.get("/admin/"))


def test_a_closing_that_was_taken_back_is_not_counted_and_a_reason_is_known_by_its_key(
    scrape, send_several, scheduler
):
    closed, taken_back, odd = send_several(3)
    for request in (closed, taken_back, odd):
        perform(CLAIM, request, by=scheduler)
        perform(CLOSE, request, by=scheduler, reason="declined")
    perform(UNDO, taken_back, by=scheduler)
    # As an older release called it.
    odd.events.filter(verb="closed").update(details="Wants no visit")

    figures = scrape()

    assert figures["requests_closed_last_day", "declined"] == 2
    assert figures["steps_last_day", "undone"] == 1

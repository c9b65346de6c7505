"""Each alert rings for the trouble that it warns of and for nothing else, as Prometheus itself judges it.

The figures are scraped from the product in that trouble; promtool says what they would set off.
"""

import datetime
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import time_machine
import yaml
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from appointments.lifecycle.definition import CLAIM, LOG_CALL
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, DailyCount, Message, PeriodicJob
from tests.copies import many_like
from tests.mail import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = {
    rule["alert"]: rule
    for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
HOUR = datetime.timedelta(hours=1)
TOKEN = "a token for the tests of alerts"  # noqa: S105

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool: apt-get install prometheus"),
]


@pytest.fixture
def scrape(client, settings):
    """All series of now, as lines that promtool reads."""
    settings.METRICS_TOKEN = TOKEN

    def read() -> dict[str, float]:
        cache.clear()
        page = client.get("/metrics/", headers={"authorization": f"Bearer {TOKEN}"}).content.decode()
        return {
            f"{sample.name}{{{labelled(sample.labels)}}}": sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if not sample.name.endswith("_created")
        }

    return read


def labelled(labels: dict[str, str]) -> str:
    # The scraper adds its own; where a figure has a label of that name, it takes its place.
    return ", ".join(f'{name}="{value}"' for name, value in {**labels, "job": "upright"}.items())


def ringing(tmp_path, series: dict[str, str]) -> set[str]:
    """Which alerts ring after these figures have stayed so for four days."""
    expected = [{"eval_time": "4d", "alertname": alert, "exp_alerts": []} for alert in RULES]
    one = {
        "interval": "5m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": expected,
    }
    test = {"rule_files": [str(DEPLOY / "alerts.yml")], "evaluation_interval": "1h", "tests": [one]}
    (tmp_path / "test.yml").write_text(json.dumps(test))
    judged = subprocess.run(  # noqa: S603
        ["promtool", "test", "rules", str(tmp_path / "test.yml")],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    # It was told that none rings; those that do, it reports.
    rang = set(re.findall(r"alertname: ?(\w+)", judged.stdout + judged.stderr))
    assert rang or judged.returncode == 0, judged.stderr
    return rang


def staying(figures: dict[str, float], *, up: int = 1, checks: int = 1) -> dict[str, str]:
    series = {
        name: f"{value}+{checks if name.startswith('upright_checks_started') else 0}x1200"
        for name, value in figures.items()
    }
    return {**series, 'up{job="upright"}': f"{up}x1200"}


@pytest.fixture
def a_good_day(db, a_request, scheduler):
    """A request that was called, checks that were started, a worker that runs."""
    DailyCount.objects.create(day=timezone.localdate(), event="started", language="en", count=5)
    request = a_request()
    perform(CLAIM, request, by=scheduler)
    perform(LOG_CALL, request, by=scheduler, channel="phone", outcome="reached")
    Message.objects.all().delete()
    call_command("work", once=True)
    return request


def test_on_a_good_day_nothing_rings(scrape, a_good_day, tmp_path):
    assert ringing(tmp_path, staying(scrape())) == set()


def no_worker(request):
    PeriodicJob.objects.update(last_run_at=timezone.now() - HOUR)


def a_worker_that_never_was(request):
    PeriodicJob.objects.all().delete()


def mail_is_away(request):
    """For two hours, in which a worker tries again and again."""
    AppointmentRequest.objects.update(attempts_made=1, reached_at=None)
    Message.objects.create(request=request, kind="call_missed", channel="email", send_at=timezone.now() - 2 * HOUR)
    call_command("work", once=True)


def a_job_fails(request):
    PeriodicJob.objects.filter(name="retention").update(last_run_at=timezone.now() - 72 * HOUR)


def a_restore(request):
    call_command("restored", mark=True)


def a_message_failed(request):
    Message.objects.create(request=request, kind="booked", channel="email", state="failed", done_at=timezone.now())


def a_message_may_have_gone(request):
    a_message_failed(request)
    Message.objects.update(handed_over_at=timezone.now())


def a_promised_call_is_late(request):
    late = {"next_call_at": timezone.now() - HOUR, "is_promised": True, "due_at": timezone.now() - HOUR}
    AppointmentRequest.objects.update(**late)


def a_first_call_is_late(request):
    free = {"status": "waiting", "claimed_by": None, "claimed_at": None}
    many_like(request, 1, **free, priority="P1", reached_at=None, due_at=timezone.now() - HOUR, next_call_at=None)


def a_request_waits_for_days(request):
    AppointmentRequest.objects.update(priority="P1", created_at=timezone.now() - 120 * HOUR)


def nobody_calls(request):
    request.events.filter(verb="called").update(at=timezone.now() - 48 * HOUR)


def many_are_doubtful(request):
    AppointmentRequest.objects.filter(pk__in=[one.pk for one in many_like(request, 21)]).update(
        doubts="many requests", status="waiting", claimed_by=None, claimed_at=None, look_by=timezone.now() + HOUR
    )


def nobody_looks(request):
    many_are_doubtful(request)
    AppointmentRequest.objects.exclude(pk=request.pk).update(look_by=timezone.now() - HOUR)


TROUBLES = {
    "UprightHasNoWorker": [no_worker, a_worker_that_never_was],
    "UprightSendsNothing": [mail_is_away],
    "UprightIsRestored": [a_restore],
    "UprightJobFails": [a_job_fails],
    "UprightMessagesFailed": [a_message_failed, a_message_may_have_gone],
    "UprightPromisedCallsAreLate": [a_promised_call_is_late],
    "UprightFirstCallsAreLate": [a_first_call_is_late],
    "UprightWaitsForDays": [a_request_waits_for_days],
    "UprightNobodyCalls": [nobody_calls],
    "UprightManyDoubtful": [many_are_doubtful],
    "UprightDoubtsAreLate": [nobody_looks],
}
IN_THE_SERIES = {"UprightDoesNotAnswer", "UprightNobodyChecks"}


@pytest.mark.parametrize(
    ("alert", "trouble"), [(alert, trouble) for alert, troubles in TROUBLES.items() for trouble in troubles]
)
def test_an_alert_rings_for_its_trouble(scrape, a_good_day, settings, tmp_path, alert, trouble):
    settings.EMAIL_BACKEND = "appointments.delivery.email.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    with time_machine.travel(timezone.now() + HOUR * (24 if trouble is a_worker_that_never_was else 0), tick=False):
        trouble(a_good_day)

        assert alert in ringing(tmp_path, staying(scrape()))


def test_no_answer_and_no_checks_ring_too(scrape, a_good_day, tmp_path):
    assert ringing(tmp_path, staying(scrape(), up=0)) == {"UprightDoesNotAnswer"}
    assert ringing(tmp_path, staying(scrape(), checks=0)) == {"UprightNobodyChecks"}


def test_there_is_no_alert_that_nothing_sets_off_nor_one_that_the_guide_does_not_explain():
    guide = (DEPLOY.parent / "docs/operation/watching.md").read_text()

    assert set(RULES) == set(TROUBLES) | IN_THE_SERIES
    assert set(re.findall(r"`(Upright[A-Z]\w+)`", guide)) == set(RULES)


def test_the_dashboard_shows_figures_that_there_are(scrape, db):
    for event in DailyCount.Event:
        DailyCount.objects.create(day=timezone.localdate(), event=event, language="en", count=1)
    dashboard = (DEPLOY / "dashboard.json").read_text()
    known = {re.split(r"[{ ]", series)[0] for series in scrape()}

    assert json.loads(dashboard)["panels"]
    assert set(re.findall(r"upright_\w+", dashboard)) - known == set()

"""What is written to the log: a line for each request, with a number, and of errors where they were and not what."""

import json
import logging
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.template import TemplateSyntaxError
from django.test import Client, RequestFactory
from django.urls import path

from config import logs, urls
from config.request_log import request_log
from tests.reading import words_found
from tests.test_settings import EXAMPLE_SECRET, PRODUCTION, python
from tests.walk import source_of, words_of

ROOT = Path(__file__).parents[1]


def broken(request, token):
    raise ValueError("Ana Example")


urlpatterns = [path("broken/<str:token>/", broken), *urls.urlpatterns]
handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500


@pytest.fixture
def written(caplog):
    """The lines of JSON that this test wrote, so far."""
    caplog.set_level("DEBUG")
    formatter = logs.JsonLines()
    return lambda: [json.loads(formatter.format(record)) for record in caplog.records]


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


def requests_in(lines: list[dict]) -> list[dict]:
    return [line for line in lines if line["message"] == "request"]


def test_each_request_has_one_line_with_its_route_and_nothing_that_was_sent(visitor, written):
    response = visitor.get("/check/pain/?phone=2125550123", headers={"referer": "https://elsewhere.example"})

    (line,) = requests_in(written())
    assert line.pop("milliseconds") >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", line.pop("time"))
    assert line == {
        "level": "INFO",
        "logger": "config.request_log",
        "message": "request",
        "request_id": response["X-Request-ID"],
        "method": "GET",
        "route": "check/<slug:key>/",
        "status": 302,
    }


@pytest.mark.parametrize(
    ("url", "route"),
    [("/", "/"), ("/2125550123/", "(none)"), ("/static/2125550123.css", "static/"), ("/visit/%00/", "(none)")],
)
def test_an_address_that_leads_nowhere_is_not_written_either(visitor, written, url, route):
    visitor.get(url)

    assert [line["route"] for line in requests_in(written())] == [route]
    assert "2125550123" not in json.dumps(written())


def test_who_asks_for_another_host_leaves_no_error_in_the_log(visitor, written):
    visitor.get("/check/", headers={"host": "elsewhere.example"})

    assert [(line["status"], line["level"]) for line in requests_in(written())] == [(400, "INFO")]
    assert not [line for line in written() if line["level"] in ("ERROR", "CRITICAL")]


def test_what_looks_like_an_attack_and_is_refused_wakes_nobody(visitor, written):
    too_much = {f"field_{number}": "x" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}

    assert visitor.post("/status/", too_much).status_code == 400

    refusals = [line for line in written() if line["logger"].startswith("django.security")]
    assert [line["level"] for line in refusals] == ["WARNING"]
    assert not [line for line in written() if line["level"] in ("ERROR", "CRITICAL")]


def test_what_machines_ask_every_few_seconds_is_not_written_while_all_is_well(visitor, written):
    visitor.get("/health/")

    assert [line["level"] for line in requests_in(written())] == ["DEBUG"]


GIVEN = [("abc-123-DEF", True), ("a" * 64, True), ("a" * 65, False), ("", False), ("a b", False), ("a\nb", False)]


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize(("given", "fits"), [*GIVEN, ("ü", False), ("a_b", False), ("abc\n", False)])
def test_a_number_is_taken_from_our_own_proxy_only_and_only_if_it_is_plain(visitor, settings, trusted, given, fits):
    settings.BEHIND_TLS_PROXY = trusted

    answered = visitor.get("/health/", headers={"x-request-id": given})["X-Request-ID"]

    assert (answered == given) == (trusted and fits)
    assert re.fullmatch(r"[A-Za-z0-9-]{12,64}|abc-123-DEF", answered)


def test_no_two_requests_have_one_number(visitor):
    assert len({visitor.get("/health/")["X-Request-ID"] for _ in range(50)}) == 50


def test_of_requests_that_run_at_once_each_writes_its_own_number(written):
    at_once = threading.Barrier(8)
    logger = logging.getLogger("screening.of_this_test")

    def view(request):
        logger.info("begins %s", request.path)
        at_once.wait(timeout=120)
        logger.info("ends %s", request.path)
        return HttpResponse()

    answer = request_log(view)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: answer(RequestFactory().get(f"/{n}/"))["X-Request-ID"], range(8)))

    said = [(line["message"].split(), line["request_id"]) for line in written() if "logger" in line]
    assert len(set(numbers)) == 8
    for number, request_id in enumerate(numbers):
        own = [what for (what, *of), written_id in said if of == [f"/{number}/"] and written_id == request_id]
        assert sorted(own) == ["begins", "ends"]
    # And nothing of it is left in this thread.
    assert logs.request_id.get() == ""


@pytest.mark.urls(__name__)
def test_a_fault_is_written_with_where_it_was_and_without_what_it_said(visitor, written):
    page = visitor.get("/broken/a-private-token/")

    (fault,) = [line for line in written() if line["level"] == "ERROR"]
    assert (fault["message"], fault["exception"]) == ("Internal Server Error", "ValueError")
    assert (fault["route"], fault["request_id"]) == ("broken/<str:token>/", page["X-Request-ID"])
    assert re.search(r"tests/test_logs\.py:\d+ broken\nValueError$", fault["stack"])
    assert not words_found(json.dumps(written()), "Ana")
    assert "a-private-token" not in json.dumps(written())
    assert f"Tell us this number if you call: {page['X-Request-ID']}" in words_of(page)


def test_a_chain_of_errors_is_told_by_their_types(written):
    try:
        try:
            int("Ana")
        except ValueError as error:
            raise ExceptionGroup("Boris", [KeyError("Carmen"), error]) from error
    except ExceptionGroup:
        logging.getLogger("appointments.of_this_test").exception("Something failed.")

    (line,) = written()
    kinds = [word for word in line["stack"].replace("|", "").split() if word.endswith(("Error", "Group"))]
    assert kinds == ["ValueError", "ExceptionGroup", "KeyError", "ValueError"]
    assert not re.search("Ana|Boris|Carmen", json.dumps(line))


def test_what_others_write_keeps_their_own_words_and_our_numbers_only(written):
    other = logging.getLogger("of_somebody_else")
    name = "Ana"

    other.warning("Wrong password for %s from %s", name, ["Boris"])
    other.warning("Waited %d s for %s", 7, ValueError(name))
    other.warning(f"Wrong password for {name}")
    other.warning("Sent %(what)s", {"what": name})

    messages = [line["message"] for line in written()]
    assert messages[:2] == ["Wrong password for … from …", "Waited 7 s for ValueError"]
    assert re.fullmatch(r"\(not shown\) tests/test_logs.py:\d+ test_what_others.*", messages[2])
    assert messages[3:] == ["Sent …"]


def test_our_own_exceptions_may_say_what_is_wrong(written):
    from django.core.exceptions import ImproperlyConfigured

    try:
        raise ImproperlyConfigured("Set SECRET_KEY.")
    except ImproperlyConfigured:
        logging.getLogger("of_somebody_else").exception("Exception in worker process")

    assert written()[0]["stack"].endswith("ImproperlyConfigured: Set SECRET_KEY.")


def test_the_plain_line_of_development_holds_the_same(caplog, visitor):
    caplog.set_level("INFO")
    response = visitor.get("/check/pain/")

    (line,) = (logs.PlainLines().format(record) for record in caplog.records if record.msg == "request")
    assert "INFO config.request_log request " in line
    assert f"request_id={response['X-Request-ID']} method=GET route=check/<slug:key>/ status=302" in line


@pytest.mark.process
def test_production_writes_json_also_of_what_nobody_catches():
    program = """
import logging, threading, django
django.setup()
logging.getLogger("django.request").error("%s: %s", "Not Found", "/Ana/", extra={"status_code": 404})
def fail(): raise ValueError("Ana")
thread = threading.Thread(target=fail); thread.start(); thread.join()
class Thing:
    __del__ = lambda self: fail()
del (thing := [Thing()])[:]
fail()
"""
    ran = python("-c", program, DJANGO_SETTINGS_MODULE="config.settings", **PRODUCTION)

    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [line["message"] for line in lines] == ["Not Found", *["Nobody caught this."] * 3]
    assert [line.get("exception") for line in lines] == [None, *["ValueError"] * 3]
    assert (ran.returncode, "Ana" in ran.stderr) == (1, False)


@pytest.mark.process
@pytest.mark.parametrize(
    ("variable", "value"), [("LOG_FORMAT", "xml"), ("METRICS_TOKEN", "short")], ids=["a format", "a token"]
)
def test_settings_of_logs_and_figures_that_cannot_be_right_are_refused(variable, value):
    started = python("manage.py", "check", **PRODUCTION | {variable: value})

    assert started.returncode == 1
    assert variable in started.stderr.splitlines()[-1]


@pytest.mark.process
def test_gunicorn_says_in_json_too_why_it_does_not_start(tmp_path):
    environment = PRODUCTION | {"SECRET_KEY": EXAMPLE_SECRET, "PATH": str(tmp_path)}
    command = ["-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi", "--no-control-socket"]
    ran = subprocess.run(  # noqa: S603
        [sys.executable, *command, "--bind", f"unix:{tmp_path}/socket"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    lines = [json.loads(line) for line in ran.stderr.splitlines() if line.startswith("{")]
    (fault,) = [line for line in lines if "exception" in line]
    assert fault["message"] == "Exception in worker process"
    assert "ImproperlyConfigured: SECRET_KEY must be 50 random characters or more" in fault["stack"]


ASKED = {404: "/check/nope/", 500: "/broken/x/"}


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("part", ["a context processor", "the tag of a template", "the settings of the clinic"])
@pytest.mark.parametrize("status", ASKED)
def test_a_page_about_a_fault_is_there_when_the_fault_is_in_every_page(visitor, settings, tmp_path, part, status):
    match part:
        case "a context processor":
            options = settings.TEMPLATES[0]["OPTIONS"]
            failing = {**options, "context_processors": [f"{__name__}.failing"]}
            settings.TEMPLATES = [settings.TEMPLATES[0] | {"OPTIONS": failing}]
        case "the tag of a template":
            (tmp_path / "common").mkdir()
            (tmp_path / "common/page.html").write_text("{% nothing_like_that %}")
            settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
        case "the settings of the clinic":
            settings.CLINIC_HOURS = None

    page = visitor.get(ASKED[status], headers={"accept-language": "es"})

    plain = {404: "There is no such page.", 500: "Something went wrong on our side. Please call us."}[status]
    assert (page.status_code, plain in source_of(page)) == (status, True)
    assert '<div lang="es" dir="ltr"><h1>' in source_of(page)
    assert (page["X-Request-ID"] in source_of(page)) == (status == 500)
    assert page["Content-Security-Policy"]
    assert page["X-Content-Type-Options"] == "nosniff"


def failing(request):
    raise TemplateSyntaxError("Ana Example")

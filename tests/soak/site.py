"""What is tested: the web server and the workers as they run in production, and browsers that talk to them."""

import http.client
import logging
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).parents[2]
CSRF = "C" * 32
# Whoever reads takes longer than this; who does not is taken for a program, and is written no e-mail.
A_MINUTE = 60
LONGEST_ANSWER = 40

say = partial(print, flush=True)


def boot(variables: dict[str, str], **more: str) -> None:
    """Make this process one of the product's, with an empty database. Those it starts inherit the settings."""
    for name in [name for name in os.environ if name.startswith("DATABASE_") or name == "SQLITE_PATH"]:
        del os.environ[name]
    any_hour = {"CALLS_FROM_HOUR": "0", "CALLS_UNTIL_HOUR": "24"}
    development = {"UPRIGHT_DEVELOPMENT": "1", "SECOND_FACTOR": "0", "COUNT_EVERY_SECONDS": "1", "LOG_FORMAT": "json"}
    os.environ.update(development | any_hour | variables | more)
    # The database that every server has.
    if "DATABASE_HOST" in variables:
        os.environ["DATABASE_NAME"] = "postgres"
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django
    from django.core.management import call_command

    django.setup()
    logging.disable(logging.CRITICAL)
    # The product's hooks would log what nobody caught, to where nothing is read now.
    sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__
    call_command("migrate", verbosity=0)


def prepare(*, users: int, requests: int) -> tuple[list[dict[str, str]], list[int]]:
    """A clinic that is always open, with so many members of staff signed in, and so many requests of one patient.

    Gives the cookies of the staff, by username, and the numbers of the requests.
    """
    from django.contrib.auth import get_user_model
    from django.test import Client

    from appointments.models import AppointmentRequest, Message
    from tests.bench import fill
    from tests.copies import many_like

    model = fill.prepare()
    AppointmentRequest.objects.update(doubts="")
    made = many_like(AppointmentRequest.objects.get(pk=model.pk), requests, doubts="") if requests else []
    Message.objects.all().delete()
    staff = []
    for number in range(users):
        user = get_user_model().objects.create_superuser(f"scheduler{number}")
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(user)
        staff.append({"session": client.cookies["session"].value, "username": user.username})
    return staff, [request.pk for request in made]


class Answer:
    """What came back, with as much of the interface of Django's test client as tests.walk needs."""

    def __init__(self, status: int, headers, content: bytes, seconds: float):
        self.status_code, self.headers, self.content, self.seconds = status, headers, content, seconds

    def __getitem__(self, name: str) -> str:
        return self.headers[name]

    @property
    def text(self) -> str:
        return self.content.decode()


class Browser:
    """Keeps cookies, and an address of its own if it is told one; 127.0.0.0/8 are all ours."""

    def __init__(self, port: int, address: str = "127.0.0.1", cookies: dict[str, str] | None = None):
        self.port, self.address = port, address
        self.cookies = {"csrf": CSRF, **(cookies or {})}
        self.answers: list[tuple[str, str, int, float]] = []

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, form: dict) -> Answer:
        return self.ask("POST", path, urlencode({**form, "csrfmiddlewaretoken": CSRF}, doseq=True))

    def ask(self, method: str, path: str, body: str = "") -> Answer:
        started = time.monotonic()
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        line = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=LONGEST_ANSWER, source_address=(self.address, 0)
        )
        try:
            line.request(method, path, body.encode(), headers)
            answer = line.getresponse()
            content = answer.read()
        finally:
            line.close()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, rest = cookie.partition("=")
            # In quotes where it ends with a sign that a cookie may not have without.
            self.cookies[name] = rest.partition(";")[0].strip('"')
        seconds = time.monotonic() - started
        self.answers.append((method, path, answer.status, seconds))
        return Answer(answer.status, answer.headers, content, seconds)


def visitor(port: int, number: int) -> Browser:
    """Somebody who came to the site a minute ago, from an address of their own."""
    from django.http import HttpResponse

    from screening.pathways import FIRST
    from screening.questionnaire.journey import Journey
    from screening.visitor import Visitor, remember

    new = Visitor(Journey(FIRST, {}), since=time.time() - A_MINUTE)
    came = remember(HttpResponse(), new).cookies["answers"].value
    address = f"127.{1 + number // 62_500}.{1 + number // 250 % 250}.{1 + number % 250}"
    return Browser(port, address, {"answers": came})


def journey_of(browser: Browser) -> str:
    from common.sealed_cookie import unseal

    return unseal(browser.cookies["answers"], purpose="answers", max_age=3600)["id"]


def reference_on(answer: Answer) -> str:
    found = re.search('class="reference">([^<]*)<', answer.text)
    return found[1].replace("-", "") if found else ""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextmanager
def web(*, workers: int = 2, output=None) -> Iterator[int]:
    """Runs gunicorn and gives its port. `output` is a file for what it says; by default one that is thrown away."""
    port = free_port()
    command = ["-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi", "--workers", str(workers)]
    command += ["--no-control-socket", "--bind", f"127.0.0.1:{port}", "--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    if not os.path.isdir("/dev/shm"):  # noqa: S108
        command = command[:-2]
    with tempfile.TemporaryFile() as thrown_away:
        output = output or thrown_away
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=output, stderr=output)  # noqa: S603
        try:
            wait_until(lambda: process.poll() is not None or _lives(port), "the web server lives", 60)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()


def _lives(port: int) -> bool:
    try:
        return Browser(port).get("/health/").status_code == 200
    except OSError:
        return False


def start_worker(*options: str) -> subprocess.Popen:
    command = [sys.executable, "manage.py", "work", *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603


def wait_until(is_so, what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {seconds} seconds: {what}.")
        time.sleep(0.05)


def percentiles(seconds: list[float]) -> str:
    if not seconds:
        return "nothing measured"
    ordered = sorted(seconds)
    last = len(ordered) - 1
    at = {f"p{p}": ordered[min(last, len(ordered) * p // 100)] for p in (50, 95, 99)} | {"max": ordered[last]}
    return ", ".join(f"{name} {value * 1000:.0f} ms" for name, value in at.items())

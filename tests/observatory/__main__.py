"""Lets the MDN HTTP Observatory judge the headers of the public pages and of the sign-in: make observatory.

The product is served as in production, by TLS with a certificate of its own, on this machine. Fails unless each page
gets an A+. Needs no network once the Observatory is installed.
"""

import http.cookiejar
import json
import os
import re
import secrets
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

from tests.walk import CALL, CHECK, TEXTBOOK, VISIT_ANSWERS, WHO

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
INSTALLED = ROOT / "var" / "judges"
REFERENCE = re.compile(r"\b[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}\b")
PARTS = (
    "accounts",
    "appointments",
    "audit",
    "common",
    "config",
    "interop",
    "locale",
    "screening",
    "templates",
    "manage.py",
)
ALWAYS_THERE = (
    "/",
    "/how-this-check-decides/",
    "/how-this-check-decides/at-a-glance/",
    "/language-help/",
    "/accessibility/",
    "/text-messages/",
    "/check/",
    "/status/",
    "/status/reference/",
    "/admin/login/",
    "/brand/any.css",
    "/fhir/jwks.json",
    "/fhir/metadata",
    "/fhir/Questionnaire",
)
NOWHERE = "/nowhere/"
# What a clinic sets up, so that the pages about it are there.
NOTICES = """from common.clinic_tables import ClinicNotices, LanguageHelp
ClinicNotices.objects.create(accessibility_email="access@clinic.example")
LanguageHelp.objects.create(name="Español", code="es", text="Texto de muestra.")"""
AFTER_THE_CHECK = ("/check/answers/", "/check/result/", "/check/summary/", "/check/start-again/")
AFTER_SENDING = ("/visit/sent/", "/visit/sent/summary/")
AFTER_LOOKING_UP = ("", "phone/", "first/", "times/", "withdraw/", "summary/")


def main() -> int:
    node = shutil.which("node", path=f"{INSTALLED / 'bin'}:{os.environ['PATH']}")
    with tempfile.TemporaryDirectory(prefix="upright-observatory-") as scratch, serving(Path(scratch)) as site:
        pages = pages_of(site, Path(scratch))
        listed = Path(scratch, "pages.json")
        listed.write_text(json.dumps(pages))
        scan = subprocess.run(  # noqa: S603
            [node, str(HERE / "scan.js"), str(INSTALLED), site, str(listed)],
            env={**os.environ, "NODE_EXTRA_CA_CERTS": str(Path(scratch, "certificate.pem"))},
            capture_output=True,
            text=True,
            check=False,
        )
    if scan.returncode:
        sys.stdout.write(scan.stderr)
        return 1
    judged = [json.loads(line) for line in scan.stdout.splitlines() if line.startswith("{")]
    for page in judged:
        sys.stdout.write(
            f"{page['grade']:3} {page['score']:4}  {page['status']}  {page['path']}  {page['failed'] or ''}\n"
        )
    best = [page for page in judged if page["grade"] == "A+" and not page["failed"] and is_there(page)]
    sys.stdout.write(f"{len(best)} of {len(pages)} pages have an A+.\n")
    return 0 if len(best) == len(pages) else 1


def is_there(page: dict) -> bool:
    return page["status"] == (404 if page["path"] == NOWHERE else 200)


def pages_of(site: str, scratch: Path) -> list[dict]:
    """Every page, each with the cookies of a visitor who has got there."""
    jar = http.cookiejar.CookieJar()
    trusted = ssl.create_default_context(cafile=scratch / "certificate.pem")
    visitor = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=trusted), urllib.request.HTTPCookieProcessor(jar)
    )
    pages = [{"path": path, "cookie": ""} for path in (*ALWAYS_THERE, NOWHERE)]

    def saw(*paths: str) -> None:
        pages.extend({"path": path, "cookie": "; ".join(f"{one.name}={one.value}" for one in jar)} for path in paths)

    def send(path: str, known: dict) -> str:
        """Fill in what the page asks for, and give the path that it leads to."""
        page = visitor.open(f"https://{site}{path}").read().decode()
        saw(path)
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        asked = page.partition("<main")[2]
        typed = {name: value for name, value in known.items() if f'name="{name}"' in asked}
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **typed}, doseq=True).encode()
        url = f"https://{site}{path}"
        led_to = visitor.open(urllib.request.Request(url, form, {"Referer": url})).url
        return urllib.parse.urlsplit(led_to).path

    path = "/check/red_flags/"
    while path not in AFTER_THE_CHECK:
        path = send(path, TEXTBOOK)
    saw(*AFTER_THE_CHECK)
    path = "/visit/questions/"
    while path not in AFTER_SENDING:
        path = send(path, {**VISIT_ANSWERS, **WHO, **CALL, **CHECK})
    saw(*AFTER_SENDING)
    shown = visitor.open(f"https://{site}{path}").read().decode()
    opens = {name: value for name, value in WHO.items() if name.startswith("date_of_birth")}
    # Its first call is late, so that the page to ask for it is there.
    with closing(sqlite3.connect(scratch / "database.sqlite3")) as database, database:
        database.execute("UPDATE appointments_appointmentrequest SET due_at = created_at")
    path = send("/status/", {**opens, "reference": REFERENCE.search(shown)[0]})
    saw(*(f"/status/yours/{what}" for what in AFTER_LOOKING_UP))
    return pages


@contextmanager
def serving(scratch: Path):
    """The product in a folder of its own, with the settings of production. Gives its host and port."""
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, scratch / part)
    for file in (HERE / "server.py", HERE.parent / "certificates.py"):
        shutil.copy(file, scratch / file.name)
    variables = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "localhost",
        "CLINIC_NAME": "Example Clinic",
        "CLINIC_PHONE": "(212) 555-0100",
        "SQLITE_PATH": str(scratch / "database.sqlite3"),
        "TEXTS": "console",
    }

    def python(*arguments: str) -> list[str]:
        return [sys.executable, *arguments]

    quietly = ("--noinput", "--verbosity", "0")
    for command in (("collectstatic", *quietly), ("migrate", *quietly), ("shell", "--verbosity", "0", "-c", NOTICES)):
        subprocess.run(python("manage.py", *command), cwd=scratch, env=variables, check=True)  # noqa: S603
    server = subprocess.Popen(python("server.py"), cwd=scratch, env=variables, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        ready = scratch / "port"
        for _ in range(150):
            if ready.exists() or server.poll() is not None:
                break
            time.sleep(0.1)
        yield f"localhost:{ready.read_text()}"
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())

"""What sqlmap and Wapiti find in the forms of patients and of staff, and in the pages of staff: nothing.

The forms are those of tests/test_fuzz.py, each filled in right, with a visitor who has come that far. Whatever is
sent is taken back once it is answered, so that the thousandth try meets what the first did: nobody is locked out,
nothing is used up. The proxy's limits are not in the way.
"""

import json
import logging
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application
from django.db import Error, close_old_connections, connection, transaction
from django.middleware import csrf
from django.test import Client
from django.utils.crypto import get_random_string

from tests.staff import signed_in
from tests.test_fuzz import Target, as_pairs, patients_forms, requests, staffs_forms  # noqa: F401  # fixtures

PROGRAMS = Path(__file__).parents[2] / "var/scanners/bin"
# The same for all forms, so that one that was met is known again, and none that could be guessed.
CSRF = get_random_string(32)
# Ours, but for a fault of the kind that is looked for: who does not find it here has looked for nothing.
CONTROL = "/control/"
# Pages of staff with all that can be asked of them.
ASKED = [
    "/admin/appointments/appointmentrequest/?q=Ana&queue=open&after=1",
    "/admin/appointments/clinician/?q=Example&o=1&is_active__exact=1",
    "/admin/auth/user/?q=one&is_active__exact=1&o=1&p=1",
    "/admin/free-times/?day=2037-05-06&clinician=1&place=1&kind=1&request=1",
    "/admin/day-sheet/?date=2037-05-06&clinician=1",
    "/admin/report/?weeks=12&language=es",
    "/admin/export/?state=all&language=es",
    "/admin/audit/?who=ana&kind=patient&action=view&record=1&before=9",
    "/admin/duplicates/?page=1",
    "/admin/nurse/?page=1",
    "/admin/assign/?to=1&which=waiting&priority=P1&language=es&most=5",
    "/admin/hand-over/?whose={user}",
    "/admin/add-holidays/?state=NY",
    "/admin/versions/?before=1&after=2&procedure=vertebral-cement",
    "/admin/sign-offs/?about=vertebral-cement",
    "/admin/login/?next=/admin/",
]
SQLMAP = [
    "--batch",
    "--ignore-redirects",
    "--flush-session",
    "--disable-coloring",
    "--dbms=PostgreSQL",
    "--level=2",
    "--timeout=60",
]
# Wapiti's modules that look for other products, guess the names of files where all addresses are known, ask servers
# on the internet, or judge TLS, which is not here.
NOT_FOR_US = ["log4shell", "wapp", "cms", "wp_enum", "network_device", "spring4shell", "takeover", "ldap", "buster"]
NOT_FOR_US += ["ssrf", "xxe", "nikto", "htp", "https_redirect", "http_headers", "cookieflags", "ssl"]
# One of a kind is enough: not the hours of each day, not a page again for each list that leads to it. What these
# parameters take is in ASKED.
SAME_PAGE = ["_changelist_filters", "_popup", "_to_field", "_facets", "o", "queue", "starts_at", "kind", "place"]
SAME_PAGE += ["clinician", "groups__id__exact", "groups__isnull", "is_active__exact"]
ROWS = ["openinghours", "consultinghours", "user", "group", "duplicates", "appointmentrequest"]
ONE_OF_A_KIND = [
    *("-d", "4", "--max-links-per-page", "60", "--max-parameters", "20", "--skip", "csrfmiddlewaretoken"),
    # Each holds its locks until it is taken back: others would wait for them for too long.
    *("--tasks", "1"),
    *(part for name in SAME_PAGE for part in ("-r", name)),
    *(part for number in range(2, 30) for row in ROWS for part in ("-x", f"http://*/{row}/{number}/*")),
]


@pytest.fixture
def site(transactional_db, settings):
    """Serves the product; gives its address, and how often it answered with each status, and where if it is ours."""
    settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    # A line for each of some ten thousand answers would hide what is told.
    logging.disable(logging.CRITICAL)
    settings.DEBUG = False
    product, statuses = get_wsgi_application(), Counter()

    def keeps_nothing(environ, start_response):
        def counted(status, headers, exc_info=None):
            code = int(status.split()[0])
            statuses[code if code < 500 else f"{code} of {environ['PATH_INFO']}"] += 1
            return start_response(status, headers, exc_info)

        # Or the request would close the connection, on which something has begun. Test clients connect it again.
        request_started.disconnect(close_old_connections)
        with transaction.atomic():
            if environ["PATH_INFO"] == CONTROL:
                content = [injectable(environ["QUERY_STRING"], counted)]
            else:
                response = product(environ, counted)
                content = [b"".join(response)]
            transaction.set_rollback(True)
        if environ["PATH_INFO"] != CONTROL:
            response.close()
        connection.close()
        return content

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(keeps_nothing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", statuses
    server.shutdown()
    server.server_close()
    thread.join()
    request_started.connect(close_old_connections)
    logging.disable(logging.NOTSET)


class Quiet(WSGIRequestHandler):
    # Head and body are sent one by one, and whoever waits for the second of them waits 40 ms.
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass


def injectable(query: str, start_response) -> bytes:
    number = parse_qs(query).get("number", ["1"])[0]
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(f"SELECT username FROM auth_user WHERE id > 0 AND 1 = {number}")  # noqa: S608  # the fault
                return f"<p>{len(cursor.fetchall())} found</p>".encode()
        except Error:
            return b"<p>nothing found</p>"


def sqlmap(address: str, target: Target, folder: Path) -> str:
    """What it says of one form, or of one page if there is nothing to send."""
    cookies = {name: morsel.value for name, morsel in target.client.cookies.items()} | {"csrf": CSRF}
    head = [
        f"{'POST' if target.fields else 'GET'} {target.url} HTTP/1.1",
        f"Host: {address.removeprefix('http://')}",
        f"Cookie: {'; '.join(f'{name}={value}' for name, value in cookies.items())}",
    ]
    body = ""
    if target.fields:
        body = urlencode([*as_pairs(target.fields), ("csrfmiddlewaretoken", CSRF)])
        head.append("Content-Type: application/x-www-form-urlencoded")
    written = folder / "request.txt"
    written.write_text("\r\n".join([*head, "", body]))
    # Ours and another each time: it is a token that both send.
    skipped = ["--skip=csrfmiddlewaretoken,csrf,cookie,user-agent,referer", f"--output-dir={folder}"]
    command = [str(PROGRAMS / "sqlmap"), "-r", str(written), *SQLMAP, *skipped]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603


def verdict_of(said: str) -> str:
    if "identified the following injection point" in said:
        return "injectable"
    return "nothing" if "do not appear to be injectable" in said or "no parameter(s) found" in said else "not tried"


def look_for_injections(site, targets: list[Target], folder: Path) -> None:
    address, statuses = site
    control = Target(f"{CONTROL}?number=1", {}, Client())
    assert verdict_of(sqlmap(address, control, folder)) == "injectable"
    found = []
    for target in targets:
        said = sqlmap(address, target, folder)
        verdict = verdict_of(said)
        sys.stdout.write(f"{verdict}: {target.url} ({statuses.total():,} answers)\n")
        sys.stdout.flush()
        if verdict != "nothing":
            found.append(f"{target.url}: {said[-1500:]}")
    judge(found, statuses)


def judge(found: list[str], statuses: Counter) -> None:
    sys.stdout.write(f"{sum(statuses.values()):,} answers: {dict(sorted(statuses.items(), key=str))}\n")
    assert not found, "\n".join(found)
    assert not [status for status in statuses if isinstance(status, str)]


def test_sqlmap_finds_nothing_in_what_patients_send(site, patients_forms, tmp_path):  # noqa: F811
    look_for_injections(site, patients_forms, tmp_path)


def test_sqlmap_finds_nothing_in_what_staff_send(site, staffs_forms, tmp_path):  # noqa: F811
    look_for_injections(site, staffs_forms, tmp_path)


def test_sqlmap_finds_nothing_in_what_staff_ask_for(site, staffs_forms, scheduler, tmp_path):  # noqa: F811
    scheduler.is_superuser = True
    scheduler.save()
    look_for_injections(
        site, [Target(url.format(user=scheduler.pk), {}, signed_in(scheduler)) for url in ASKED], tmp_path
    )


@pytest.mark.parametrize("start", ["/", "/admin/"])
def test_wapiti_finds_nothing(site, staffs_forms, scheduler, tmp_path, start, monkeypatch):  # noqa: F811
    address, statuses = site
    # A form with another token each time would be taken for another form each time.
    monkeypatch.setattr(csrf, "_mask_cipher_secret", str)
    scheduler.is_superuser = True
    scheduler.save()
    session = signed_in(scheduler).cookies["session"].value if start == "/admin/" else ""
    report, modules = tmp_path / "report.json", ",".join(["all", *(f"-{name}" for name in NOT_FOR_US)])
    command = [
        str(PROGRAMS / "wapiti"),
        "-u",
        address + start,
        "--scope",
        "folder",
        "--flush-session",
        "--no-bugreport",
    ]
    command += ["-H", f"Cookie: csrf={CSRF}; session={session}", "-m", modules, "-f", "json", "-o", str(report)]
    command += ONE_OF_A_KIND
    subprocess.run(command, check=True, env=os.environ | {"HOME": str(tmp_path)})  # noqa: S603
    told = json.loads(report.read_text())
    judge(
        [f"{kind}: {told[kind]}" for kind in ("vulnerabilities", "anomalies") if any(told[kind].values())], statuses
    )

"""A real identity provider, and people who sign in at it as a browser does."""

import html
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests
from django.test import Client

from tests.mail import free_port

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / "var" / "judges"
IS_INSTALLED = (INSTALLED / "node_modules" / "oidc-provider").exists()
CLIENT_ID, SECRET = "upright", "for the tests only"
GROUPS = {
    "staff-schedulers": "Schedulers",
    "staff-nurses": "Nurses",
    "staff-managers": "Managers",
    "staff-auditors": "Auditors",
}


@dataclass
class Provider:
    """People are changed by `say`; `told` holds the logout tokens that it has sent us."""

    port: int
    file: Path
    told: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}"

    def say(self, **people: dict) -> None:
        self.file.write_text(json.dumps({**json.loads(self.file.read_text()), "people": people}))


@contextmanager
def running(scratch: Path, *sites: str) -> Iterator[Provider]:
    """For these sites of ours. What it sends us behind the browser's back is taken in here."""
    node = shutil.which("node", path=f"{INSTALLED / 'bin'}:{os.environ['PATH']}")
    provider = Provider(free_port(), scratch / "provider.json")

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            provider.told.append(urllib.parse.parse_qs(body)["logout_token"][0])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    ear = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=ear.serve_forever, args=[0.02], daemon=True).start()
    client = {
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "redirect_uris": [f"{site}/admin/sso/back/" for site in sites],
        "backchannel_logout_uri": f"http://127.0.0.1:{ear.server_port}/",
        "backchannel_logout_session_required": True,
        "require_auth_time": True,
    }
    provider.file.write_text(json.dumps({"port": provider.port, "client": client, "people": {}}))
    process = subprocess.Popen(  # noqa: S603
        [node, str(Path(__file__).with_name("provider.mjs")), str(INSTALLED), str(provider.file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert any(line.startswith("ready") for line in process.stdout)
        yield provider
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
        ear.shutdown()
        ear.server_close()


def point_to(settings, issuer: str, site: str = "http://127.0.0.1:8000") -> None:
    settings.SSO_ISSUER, settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET = issuer, CLIENT_ID, SECRET
    settings.SSO_NAME, settings.SITE_URL = "Example Health", site
    settings.SSO_SCOPES, settings.SSO_GROUPS_CLAIM, settings.SSO_GROUPS = ["profile", "groups"], "groups", GROUPS
    settings.SSO_BREAK_GLASS = ["nora"]


@dataclass
class Browser:
    """Somebody's browser: with us by Django's client, at the provider by HTTP."""

    subject: str
    ours: Client = field(default_factory=Client)
    theirs: requests.Session = field(default_factory=requests.Session)

    def signs_in(self, next_page: str = "/admin/sessions/"):
        """Begins with us, goes to the provider and comes back; gives the answer to that."""
        return self.comes_back(self.ours.get("/admin/sso/", {"next": next_page}))

    def comes_back(self, led):
        return self.ours.get(self.way_back(led))

    def way_back(self, led) -> str:
        """Where the provider leads, once they have done what it asks."""
        assert led.status_code == 302, led.text
        address, form = led["Location"], None
        self.asked_to_sign_in = False
        while not address.startswith("http://127.0.0.1:8000/"):
            answer = self.theirs.request(
                "POST" if form else "GET", address, data=form, allow_redirects=False, timeout=9
            )
            if "Location" in answer.headers:
                address, form = urllib.parse.urljoin(address, answer.headers["Location"]), None
            else:
                self.asked_to_sign_in = True
                address, form = filled_in(answer.text, address, self.subject)
        return address.removeprefix("http://127.0.0.1:8000")

    def signs_out_there(self, issuer: str) -> None:
        page = self.theirs.get(f"{issuer}/session/end", timeout=9)
        address, form = filled_in(page.text, page.url, self.subject)
        self.theirs.post(address, data={**form, "logout": "yes"}, timeout=9)


def filled_in(page: str, address: str, subject: str) -> tuple[str, dict[str, str]]:
    """The form of a page, as somebody fills it in who is this there."""
    action = re.search(r'<form[^>]*action="([^"]*)"', page)[1]
    form = {}
    for field_ in re.findall(r"<input[^>]*>", page):
        name, value = (re.search(rf'{what}="([^"]*)"', field_) for what in ("name", "value"))
        if name:
            form[name[1]] = html.unescape(value[1]) if value else ""
    known = {"login": subject, "password": "anything"}
    filled = {name: known.get(name, value) for name, value in form.items()}
    return urllib.parse.urljoin(address, html.unescape(action)), filled

"""What the proxy does by itself, before any page of ours is asked: limits, its own answers, and who is led where.

Behind it stand two servers that say which of them it was.
"""

import http.client
import http.server
import re
import signal
import socket
import ssl
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from deploy.topology import Topology, missing_programs

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(bool(missing_programs()), reason=f"programs are missing: {missing_programs()}"),
]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "Cache-Control": "no-store",
}


def server_that_says(name: str, port: int) -> http.server.ThreadingHTTPServer:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Security-Policy", "of the product")
            self.end_headers()
            self.wfile.write(name.encode())

        do_POST = do_GET  # noqa: N815  # named by Python

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def forgive_slowly(topology: Topology) -> None:
    """Each minute what is meant for each second, or a slow machine asks no faster than it is forgiven."""
    configuration = topology.folder / "proxy" / "nginx.conf"
    text = configuration.read_text()
    assert re.findall(r"rate=\d+r/s", text) == ["rate=30r/s", "rate=5r/s"]
    configuration.write_text(text.replace("r/s;", "r/m;"))
    former = topology.processes_of_the_proxy()
    topology.processes["proxy"].popen.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 60
    while former & topology.processes_of_the_proxy():
        assert time.monotonic() < deadline, "the proxy goes on with what it read before"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def proxy():
    with tempfile.TemporaryDirectory(prefix="upright-proxy-") as folder:
        topology = Topology(Path(folder), webs=1)
        topology.folder.chmod(0o711)
        servers = {name: server_that_says(name, topology.ports[name]) for name in topology.all_webs}
        try:
            topology.start_proxy()
            forgive_slowly(topology)
            topology.servers = servers
            yield topology
        finally:
            topology.stop_all()
            for server in servers.values():
                server.shutdown()
                server.server_close()


@pytest.fixture
def ask_from(proxy):
    """Asks as somebody at that address, over one connection, and gives status, page and headers."""
    lines = {}

    def ask(address: str, method: str, path: str) -> tuple[int, str, http.client.HTTPMessage]:
        if address not in lines:
            context = ssl.create_default_context(cafile=proxy.certificate)
            where = {"source_address": (address, 0), "context": context, "timeout": 30}
            lines[address] = http.client.HTTPSConnection("localhost", proxy.ports["https"], **where)
        lines[address].request(method, path, b"" if method == "POST" else None)
        answer = lines[address].getresponse()
        return answer.status, answer.read().decode(), answer.headers

    yield ask
    for line in lines.values():
        line.close()


# How many at once, and what each address may ask for beside it while it waits.
LIMITS = {
    "signing in": ("POST", "/admin/login/", 21, ("GET", "/admin/login/")),
    "codes": ("POST", "/admin/second-factor/confirm/", 21, ("GET", "/admin/")),
    "looking up": ("POST", "/status/", 61, ("GET", "/status/")),
    "lost references": ("POST", "/status/reference/", 61, ("POST", "/visit/who/")),
    "private links": ("GET", "/visit/choose/guessed/", 61, ("GET", "/visit/")),
    "calendars": ("GET", "/calendar/guessed.ics", 61, ("GET", "/visit/")),
    "asking for a visit": ("POST", "/visit/who/", 61, ("GET", "/visit/who/")),
    "by another spelling": ("POST", "/admin//%6Cogin/", 21, ("GET", "/admin/login/")),
    "all pages": ("GET", "/admin/", 301, ("GET", "/check/red_flags/")),
    "warning signs": ("GET", "/check/red_flags/", 101, ("GET", "/check/")),
}


@pytest.mark.parametrize("what", LIMITS)
def test_who_goes_on_and_on_is_told_to_wait_and_nobody_else_is(ask_from, what):
    method, path, at_once, beside = LIMITS[what]
    number = [*LIMITS].index(what)
    one, other = partial(ask_from, f"127.0.1.{number}"), partial(ask_from, f"127.0.2.{number}")

    first = [one(method, path)[0] for _ in range(at_once)]
    # Some time has passed, in which a few more were forgiven.
    later = [one(method, path) for _ in range(at_once // 2 + 1)]

    assert set(first) == {200}
    status, page, headers = later[-1]
    assert (status, headers["Retry-After"]) == (429, "60")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Please wait a minute" in page
    assert "Espere un minuto" in page
    assert 'call <a href="tel:911">911</a> now' in page
    assert one(*beside)[0] == 200
    assert other(method, path)[0] == 200


def test_an_address_of_which_many_come_is_not_limited(ask_from):
    assert {ask_from("127.0.0.1", "POST", "/admin/login/")[0] for _ in range(60)} == {200}


def test_pages_with_warning_signs_have_processes_of_their_own_and_others_where_those_are_gone(proxy, ask_from):
    pages = ["/check/red_flags/", "/check/get-help-now/", "/check/get-help-today/", "/check/", "/check/red_flags/x/"]

    served_by = [ask_from("127.0.0.1", "GET", page)[1] for page in pages]
    proxy.servers["warnings"].shutdown()
    proxy.servers["warnings"].server_close()
    without = ask_from("127.0.0.1", "GET", pages[0])[1]
    proxy.servers["warnings"] = server_that_says("warnings", proxy.ports["warnings"])

    assert served_by == ["warnings", "warnings", "warnings", "web-1", "web-1"]
    assert without == "web-1"


OWN_ANSWERS = {
    400: b"GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    413: b"POST /visit/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n",
    414: b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    421: b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
    501: b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: nothing\r\n\r\n",
    505: b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("status", OWN_ANSWERS)
def test_what_the_proxy_answers_by_itself_carries_the_headers_too(proxy, status):
    context = ssl.create_default_context(cafile=proxy.certificate)
    with (
        socket.create_connection(("localhost", proxy.ports["https"]), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as line,
    ):
        line.sendall(OWN_ANSWERS[status])
        head = b""
        while b"\r\n\r\n" not in head:
            head += line.recv(65_536)
    lines = head.decode().partition("\r\n\r\n")[0].split("\r\n")

    assert re.match(rf"HTTP/1\.1 {status} ", lines[0])
    given = dict(line.split(": ", 1) for line in lines[1:])
    assert {name: given.get(name) for name in HEADERS} == HEADERS


def test_the_headers_of_the_product_are_not_doubled(ask_from):
    _status, _page, headers = ask_from("127.0.0.1", "GET", "/check/")

    assert headers.get_all("Content-Security-Policy") == ["of the product"]
    assert headers.get_all("Retry-After") is None

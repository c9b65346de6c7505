"""Real servers for tests to send to: one for e-mail that can be told to misbehave, one that stands in for texts."""

import datetime
import http.server
import json
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime

from aiosmtpd.controller import Controller

ACCEPTED = "250 OK"


class Mailbox:
    """What a mail server took in, and how it answers.

    `at_recipient` and `at_data` are its answers to RCPT and to the message itself; a function is called for each.
    """

    def __init__(self):
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.at_recipient: str | Callable[[str], str] = ACCEPTED
        self.at_data: str | Callable[[EmailMessage], str] = ACCEPTED

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802, as aiosmtpd names it
        answer = self.at_recipient(address) if callable(self.at_recipient) else self.at_recipient
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        message = message_from_bytes(envelope.content, policy=policy.default)
        answer = self.at_data(message) if callable(self.at_data) else self.at_data
        if answer.startswith("250"):
            self.messages.append(message)
            self.recipients += envelope.rcpt_tos
        return answer

    @property
    def subjects(self) -> list[str]:
        return [message["Subject"] for message in self.messages]


class MailServer(Controller):
    """On a port that the system picks when it listens there: one picked earlier may be taken by then."""

    def __init__(self, mailbox: Mailbox, **encryption):
        super().__init__(mailbox, hostname="127.0.0.1", port=0, ready_timeout=120, **encryption)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(
    settings,
    mailbox: Mailbox | None = None,
    *,
    from_the_start: ssl.SSLContext | None = None,
    after_starttls: ssl.SSLContext | None = None,
) -> Iterator[Mailbox]:
    """Runs a mail server to which the settings point, with TLS from the start, or after STARTTLS, or with none."""
    mailbox = mailbox or Mailbox()
    starttls = {"tls_context": after_starttls, "require_starttls": True} if after_starttls else {}
    controller = MailServer(mailbox, ssl_context=from_the_start, **starttls)
    controller.start()
    settings.EMAIL_BACKEND = "appointments.delivery.email.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = bool(from_the_start), bool(after_starttls)
    try:
        yield mailbox
    finally:
        controller.stop()


@contextmanager
def raw_server(conversation: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does with each connection what it is told to; gives its port."""
    server = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve():
        while not stopped.is_set():
            try:
                line, _ = server.accept()
            except OSError:
                return
            with line:
                try:
                    conversation(line)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        stopped.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


class TextProvider:
    """What stands in for the provider of texts took in, and the (status, code) that it answers with."""

    def __init__(self):
        self.orders: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.secrets: list[str] = []
        self.answer: tuple[int, int | None] = (201, None)
        # What it says beside the code, and in its head.
        self.says: dict = {"sid": "SM1", "status": "queued"}
        self.headers: dict[str, str] = {}
        # Seconds that an answer takes.
        self.takes: float = 0

    def taken(self) -> list[dict]:
        """As it tells of what it took, to whoever asks."""
        now = format_datetime(datetime.datetime.now(datetime.UTC))
        return [{"body": order["Body"], "date_created": now, "status": "sent"} for order in self.orders]


@contextmanager
def text_provider(settings) -> Iterator[TextProvider]:
    provider = TextProvider()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, code = provider.answer
            if status < 300:
                provider.orders.append(dict(urllib.parse.parse_qsl(body)))
                provider.paths.append(self.path)
                provider.secrets.append(self.headers["Authorization"])
            time.sleep(provider.takes)
            self.say(status, {"code": code, **provider.says})

        def do_GET(self):
            self.say(200, {"messages": provider.taken()})

        def say(self, status, said):
            self.send_response(status)
            for name, value in provider.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # It looks so often whether it shall stop, which the test that ends waits for.
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    settings.TEXTS, settings.TEXTS_URL = "twilio", f"http://127.0.0.1:{server.server_port}"
    settings.TEXTS_ACCOUNT, settings.TEXTS_TOKEN, settings.TEXTS_FROM = "AC1", "a token", "+12125550199"
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]

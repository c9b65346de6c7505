"""Whatever servers of others answer, nested, long or wrong: it is a failure in words, and we go on."""

import datetime
import gzip
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey

from appointments.delivery.outbox import Worker
from appointments.models import AppointmentRequest, Message, PatientMatch
from tests.provider import CLIENT_ID, point_to

State = Message.State
DEEP = 200_000
LONG = 6_000_000
ANSWERS = {
    "arrays in arrays": b"[" * DEEP + b"]" * DEEP,
    "objects in objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "what never ends": b"[" * LONG,
    "a long text": json.dumps({"sid": "x" * LONG, "access_token": "x" * LONG}).encode(),
    "an array": b'[{"sid": "SM1"}]',
    "a number": b"7",
    "nothing": b"",
    "null": b"null",
    "no JSON": b"<html><body>Bad gateway</body></html>",
    "no text": bytes(range(256)),
    "a number of many digits": b'{"sid": ' + b"9" * 5000 + b', "code": ' + b"9" * 5000 + b"}",
    "a number beyond all": b'{"sid": 1e999, "access_token": "x", "expires_in": ' + b"9" * 400 + b"}",
    "wrong types": b'{"sid": {}, "code": [21610], "status": {"a": 1}, "access_token": ["x"], "expires_in": {}}',
}

Answer = tuple[int, dict[str, str], bytes | Iterable[bytes]]


def by_drops():
    """Never silent, and without an end."""
    while True:
        time.sleep(0.02)
        yield b" "


@dataclass
class Server:
    """Answers by what `says` gives for the path and what was sent: (status, headers, body)."""

    address: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    says: Callable[[str, bytes], Answer] = lambda path, sent: (200, {}, b"")


@contextmanager
def a_server():
    server = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def do_GET(self):
            self.answer(b"")

        def answer(self, sent):
            status, headers, body = server.says(self.path.partition("?")[0], sent)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for part in [body] if isinstance(body, bytes) else body:
                self.wfile.write(part)
                self.wfile.flush()

        def handle(self):
            # Whoever asked may have heard enough.
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, *arguments):
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, args=[0.02], daemon=True).start()
    server.address = f"http://127.0.0.1:{listening.server_port}"
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()


@pytest.fixture
def server():
    with a_server() as server:
        yield server


def send_one() -> Message:
    """As a worker does that was just started; gives the only message, as it is then."""
    with closing(Worker()) as worker:
        worker.send_some()
    return Message.objects.get()


# The provider of texts.


@pytest.fixture
def text(a_request, settings, server):
    settings.TEXTS, settings.TEXTS_URL, settings.SITE_URL = "twilio", server.address, "https://clinic.example"
    settings.TEXTS_ACCOUNT, settings.TEXTS_TOKEN, settings.TEXTS_FROM = "AC1", "a token", "+12125550199"
    request = a_request(texts_ok="on")
    hour = timezone.now().astimezone(datetime.UTC).hour
    AppointmentRequest.objects.filter(pk=request.pk).update(attempts_made=1, time_zone=f"Etc/GMT{hour - 12:+d}")
    Message.objects.all().delete()
    return Message.objects.create(request=request, kind="call_missed", channel="text")


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("status", [201, 400, 503])
def test_whatever_the_provider_of_texts_answers_the_text_waits_for_another_try(text, server, status, answer):
    server.says = lambda path, sent: (status, {}, ANSWERS[answer])

    tried = send_one()

    assert (tried.state, tried.lease) == (State.WAITING, None)
    assert "text provider" in tried.error


@pytest.mark.parametrize("answer", [*ANSWERS, "wrong texts"])
def test_whatever_the_provider_of_texts_tells_of_what_it_took_nothing_goes_blindly(text, server, answer):
    Message.objects.update(handed_over_at=timezone.now())
    told = b'{"messages": [1, null, [], {"date_created": 1}, {"body": 1, "date_created": "Mon, 99 Foo 2026"}]}'
    server.says = lambda path, sent: (200, {}, {**ANSWERS, "wrong texts": told}[answer])

    tried = send_one()

    assert (tried.state, tried.lease) == (State.WAITING, None)
    assert tried.error


@pytest.mark.parametrize("pause", ["9" * 5000, "-1", "soon", "1e9", "Wed, 21 Oct 2037 07:28:00 GMT", ""])
def test_whatever_pause_the_provider_of_texts_asks_for_it_is_asked_again_within_the_hour(text, server, pause):
    server.says = lambda path, sent: (429, {"Retry-After": pause}, b"{}")

    tried = send_one()

    assert (tried.state, tried.error) == (State.WAITING, "the text provider does not serve us (429)")


@pytest.mark.parametrize(
    ("length", "error"),
    [
        ("9" * 5000, "the text provider took it and did not answer (IncompleteRead)"),
        ("999", "the text provider took it and did not answer (IncompleteRead)"),
        ("-5", ""),
        ("many", ""),
    ],
)
def test_an_answer_that_is_shorter_than_it_says_is_none(text, server, length, error):
    server.says = lambda path, sent: (201, {"Content-Length": length}, b'{"sid": "SM1"}')

    assert send_one().error == error


def test_a_provider_of_texts_that_answers_by_drops_is_left_in_time(text, server, settings):
    settings.SEND_SECONDS = 1
    server.says = lambda path, sent: (201, {}, by_drops())

    assert send_one().error == "the text provider took it and did not answer (TimeoutError)"


def test_a_way_that_cannot_even_be_tried_keeps_no_other_from_going_on(text, server, settings):
    settings.EMAIL_BACKEND = "appointments.delivery.email.EmailBackend"
    settings.EMAIL_HOST = "mail..example"
    Message.objects.create(request=text.request, kind="call_missed", channel="email")
    server.says = lambda path, sent: (201, {}, b'{"sid": "SM1"}')

    with closing(Worker()) as worker:
        worker.send_some()

    email, by_text = Message.objects.order_by("channel")
    assert (email.state, email.error) == (State.WAITING, "the line to the server could not be opened (UnicodeError)")
    assert (email.lease, by_text.state) == (None, State.SENT)


# The health record.


@pytest.fixture
def told(a_request, settings, server):
    settings.EHR_URL, settings.EHR_TOKEN_URL = f"{server.address}/fhir", f"{server.address}/token"
    settings.EHR_CLIENT_ID = "upright"
    settings.EHR_KEYS = {"keys": [ECKey.generate_key("P-384", {"kid": "one"}).as_dict(private=True)]}
    settings.SENDS_EMAILS, settings.TEXTS = False, "off"
    a_request()
    return Message.objects.get()


LET_IN = (200, {}, b'{"access_token": "x", "expires_in": 300}')


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("status", [200, 401, 503])
def test_whatever_is_answered_to_who_asks_for_a_token_all_waits(told, server, status, answer):
    server.says = lambda path, sent: (status, {}, ANSWERS[answer])

    tried = send_one()

    assert (tried.state, tried.lease, tried.handed_over_at) == (State.WAITING, None, None)
    assert "health record" in tried.error


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("status", [200, 409, 503])
def test_whatever_the_health_record_answers_the_message_waits_for_another_try(told, server, status, answer):
    server.says = lambda path, sent: LET_IN if path == "/token" else (status, {}, ANSWERS[answer])

    tried = send_one()

    assert (tried.state, tried.lease) == (State.WAITING, None)
    assert "health record" in tried.error


@pytest.mark.parametrize("drops", ["/token", "/fhir"])
def test_a_health_record_that_answers_by_drops_is_left_in_time(told, server, settings, drops):
    settings.SEND_SECONDS = settings.EHR_TIMEOUT = 1
    server.says = lambda path, sent: (200, {}, by_drops()) if path.startswith(drops) else LET_IN

    assert send_one().error == "the health record took too long, or said too much"


def test_an_answer_of_the_health_record_that_unfolds_without_an_end_is_not_read_to_its_end(told, server):
    folded = gzip.compress(b" " * 50_000_000)
    server.says = lambda path, sent: (200, {"Content-Encoding": "gzip"}, folded)

    assert send_one().error == "the health record took too long, or said too much"


WRONG = [7, "text", None, [], {}, [7], ["text"], [None], [[]], {"a": 1}]


def patient(**said) -> dict:
    return {"resource": {"resourceType": "Patient", "id": "1", **said}}


@pytest.mark.generated
@pytest.mark.parametrize(
    "entry",
    [
        *WRONG,
        *([{"resource": wrong}] for wrong in WRONG),
        *([patient(**{name: wrong})] for name in ("id", "name", "link", "telecom", "birthDate") for wrong in WRONG),
        *([patient(name=[{name: wrong}])] for name in ("text", "given", "family") for wrong in WRONG),
        *([patient(telecom=[{"system": "phone", "value": wrong}])] for wrong in WRONG),
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("knows_us", [True, False], ids=["by our number", "by the name"])
def test_whatever_the_health_record_finds_the_request_gets_to_it_or_to_staff(told, server, entry, knows_us):
    def says(path, sent):
        if path == "/token":
            return LET_IN
        is_known = b"identifier=" in sent
        found = {"resourceType": "Bundle", "type": "searchset", "entry": [] if is_known and not knows_us else entry}
        return 200, {}, json.dumps(found).encode()

    server.says = says

    tried = send_one()

    assert tried.lease is None
    assert tried.state in (State.WAITING, State.DROPPED)
    assert "health record" in tried.error
    # What staff are shown to choose from.
    assert all(isinstance(one["words"], str) for match in PatientMatch.objects.all() for one in match.candidates)


@pytest.mark.parametrize("pause", ["9" * 5000, "-1", "soon", ""])
@pytest.mark.parametrize("where", ["/token", "/fhir"])
def test_whatever_pause_the_health_record_asks_for_the_worker_goes_on(told, server, where, pause):
    server.says = lambda path, sent: (429, {"Retry-After": pause}, b"{}") if path.startswith(where) else LET_IN

    tried = send_one()

    assert (tried.state, tried.lease) == (State.WAITING, None)
    assert tried.error.endswith("(429)")


# The identity provider.

ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
KEY = ECKey.generate_key("P-256", {"kid": "theirs"})


@pytest.fixture
def identity_provider(server, settings, client, db):
    """Of itself it says the truth, and the rest by what is in `answers`, by path."""
    point_to(settings, server.address)
    settings.SECOND_FACTOR = True
    about = {
        "issuer": server.address,
        "authorization_endpoint": f"{server.address}/authorize",
        "id_token_signing_alg_values_supported": ["ES256"],
        **{name: f"{server.address}/{name}" for name in ("token_endpoint", "jwks_uri", "userinfo_endpoint")},
    }
    keys = {"keys": [KEY.as_dict(private=False)]}
    server.answers = {"/.well-known/openid-configuration": about, "/jwks_uri": keys, "/userinfo_endpoint": {}}

    def says(path, sent):
        answer = server.answers.get(path, {})
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return 200, {"Content-Type": "application/json"}, body

    server.says = says
    return server


def comes_back(client, server, *, without=(), **claims):
    """From a sign-in that is begun here and ends there, as far as its token says so."""
    begun = client.get("/admin/sso/")
    asked = dict(parse_qsl(urlsplit(begun["Location"]).query))
    now = int(time.time())
    said = {
        "iss": server.address,
        "aud": CLIENT_ID,
        "sub": "ana",
        "nonce": asked["nonce"],
        "iat": now,
        "exp": now + 300,
        "groups": ["staff-schedulers"],
        "amr": ["mfa"],
        "preferred_username": "ana@health.example",
        **claims,
    }
    said = {name: value for name, value in said.items() if name not in without}
    signed = jwt.encode({"alg": "ES256", "kid": "theirs"}, said, KEY, algorithms=["ES256"])
    server.answers.setdefault("/token_endpoint", {"access_token": "x", "token_type": "Bearer", "id_token": signed})
    return client.get("/admin/sso/back/", {"state": asked["state"], "code": "x"})


def is_said_in_words(page) -> bool:
    return page.status_code in (400, 403, 503) and "(212) 555-0100" in page.text


def test_an_identity_provider_that_says_all_right_lets_people_in(identity_provider, client):
    assert comes_back(client, identity_provider).status_code == 302


@pytest.mark.parametrize("answer", ANSWERS)
def test_whatever_an_identity_provider_says_of_itself_nobody_meets_a_fault(identity_provider, client, answer):
    identity_provider.answers["/.well-known/openid-configuration"] = ANSWERS[answer]

    assert is_said_in_words(client.get("/admin/sso/"))
    assert client.post("/sso/logged-out/", {"logout_token": "a.b.c"}).status_code in (400, 503)


@pytest.mark.generated
@pytest.mark.parametrize("wrong", WRONG, ids=json.dumps)
@pytest.mark.parametrize(
    "name",
    ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "id_token_signing_alg_values_supported"],
)
def test_whatever_is_wrong_with_what_it_says_of_itself_nobody_meets_a_fault(identity_provider, client, name, wrong):
    identity_provider.answers["/.well-known/openid-configuration"][name] = wrong

    begun = client.get("/admin/sso/")
    assert is_said_in_words(begun) or is_said_in_words(comes_back(client, identity_provider))


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("path", ["/token_endpoint", "/jwks_uri", "/userinfo_endpoint"])
def test_whatever_an_identity_provider_answers_nobody_meets_a_fault(identity_provider, client, path, answer):
    identity_provider.answers[path] = ANSWERS[answer]

    # Without groups in the token it is asked for more about them.
    assert is_said_in_words(comes_back(client, identity_provider, without=["groups"]))


@pytest.mark.generated
@pytest.mark.parametrize(
    "wrong", [*WRONG, 10**400, 1e999, -1, 1_700_000_000_000, "x" * 100_000], ids=lambda one: str(one)[:20]
)
@pytest.mark.parametrize(
    "claim",
    ["sub", "sid", "groups", "amr", "acr", "auth_time", "preferred_username", "given_name", "family_name", "email"],
)
def test_whatever_it_says_of_somebody_they_are_in_or_read_why_not(identity_provider, client, claim, wrong):
    back = comes_back(client, identity_provider, **{claim: wrong})

    assert back.status_code == 302 or is_said_in_words(back)

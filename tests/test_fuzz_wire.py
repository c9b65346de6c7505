"""Bytes that no browser sends, to the server as it is run in production: whatever comes is no fault of ours."""

import json
import re
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.models import AppointmentRequest, Event
from tests.fuzzing import fuzzed
from tests.server import serving

pytestmark = [pytest.mark.both, pytest.mark.generated, pytest.mark.process]

TOKEN = b"C" * 32
PATHS = [b"/", b"/check/pain/", b"/visit/check/", b"/visit/who/", b"/status/", b"/status/yours/phone/", b"/language/"]
PATHS += [b"/texts/", b"/admin/", b"/admin/login/", b"/admin/export/", b"/metrics/", b"/health/", b"/health/ready/"]
PATHS += [b"/fhir/QuestionnaireResponse"]
PATHS += [
    b"/visit/choose/x/",
    b"/admin/appointments/appointmentrequest/1/change/",
    b"/static/upright/upright.css",
    b"*",
]
STRANGE_PATHS = [
    b"/%",
    b"/%zz/",
    b"/%00/",
    b"/%ff%fe/",
    b"/%c0%af/",
    b"/../../etc/passwd",
    b"//x.example/",
    b"/\xff",
    b"/%ed%a0%80/",
]
STRANGE_PATHS += [
    b"/check/" + b"9" * 3000 + b"/",
    b"/admin/letter/" + b"9" * 400 + b"/",
    b"http://x.example/",
    b"/a b",
    b"",
    b"?",
]
QUERIES = [
    b"",
    b"?a=%",
    b"?%00",
    b"?%ff=%fe",
    b"?a=%ed%a0%80",
    b"?" + b"a=1&" * 300,
    b"?next=//x.example",
    b"?;",
    b"?\xff",
]
METHODS = [
    b"GET",
    b"POST",
    b"POST",
    b"POST",
    b"HEAD",
    b"PUT",
    b"TRACE",
    b"OPTIONS",
    b"CONNECT",
    b"get",
    b"\xff",
    b"",
    b"A" * 300,
]
VERSIONS = [b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b"HTTP/", b""]
FORM = b"application/x-www-form-urlencoded"
TYPES = [
    FORM,
    FORM + b"; charset=utf-8",
    FORM + b"; charset=utf-7",
    FORM + b"; charset=\xff",
    FORM + b"; charset=idna",
    b"\xff",
    b"",
]
TYPES += [b"multipart/form-data; boundary=b", b"multipart/form-data", b"multipart/form-data; boundary=" + b"b" * 300]
TYPES += [
    b"multipart/form-data; boundary=b; charset=utf-16",
    b"multipart/form-data; boundary=\xff",
    b"text/plain",
    b"application/json",
]
FIELDS = b"csrfmiddlewaretoken=" + TOKEN
BODIES = [
    b"",
    FIELDS,
    FIELDS + b"&pain=7&pain=8",
    FIELDS + b"&pain=%",
    FIELDS + b"&%00=%00",
    FIELDS + b"&name=%ff%fe&name=",
    b"\xff\xfe\0",
]
BODIES += [
    FIELDS + b"&a=1" * 300,
    FIELDS + b"&a=" + b"x" * 70_000,
    FIELDS + b"&reference=%ed%a0%80&date_of_birth_month=%00",
    b"&&&===",
]
BODIES += [b"{", b'{"a": "\\ud800"}', FIELDS + b"&username=%00&password=%ff", FIELDS + b"&language=%00&next=%00"]


def part(name: bytes, value: bytes, more: bytes = b"") -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (name, more, value)


CSRF_PART = part(b"csrfmiddlewaretoken", TOKEN)
BODIES += [
    CSRF_PART + part(b"pain", b"7") + b"--b--\r\n",
    CSRF_PART + part(b"pain", b"7"),
    CSRF_PART + part(b"\xff", b"\xff\0") + b"--b--",
    CSRF_PART + part(b"pain", b"7", b'; filename="../../x"') + b"--b--\r\n",
    CSRF_PART + part(b"pain", b"!", b"\r\nContent-Transfer-Encoding: base64") + b"--b--\r\n",
    CSRF_PART + part(b"pain", b"7", b"\r\nContent-Type: text/plain; charset=utf-7") + b"--b--\r\n",
    CSRF_PART + part(b"pain", b"7", b"; filename*=x''%ff") + b"--b--\r\n",
    CSRF_PART + part(b"a", b"1") * 300 + b"--b--\r\n",
    b"--b\r\n" + b"X: " + b"y" * 3000 + b"\r\n\r\n--b--\r\n",
    b"--b\r\n\r\n\r\n--b--\r\n",
]
HEADERS = [
    *(
        b"Cookie: answers=\xff; session=\0x",
        b"Cookie: csrf=" + b"x" * 3000,
        b"Cookie: ;;==;answers",
        b'Cookie: csrf="\\377"',
    ),
    *(
        b"Cookie: session=" + b"a" * 32 + b"; status=gAAAAA; answers=gAAAAA; language=zz; unsent=%00",
        b"Cookie: language=\xc3",
    ),
    *(
        b"Accept-Language: " + b"es;q=0.1," * 100,
        b"Accept-Language: \xff;q=nan",
        b"Accept: \xff",
        b"Range: bytes=9-1,-,\xff",
    ),
    *(
        b"Host: x.example",
        b"Host: localhost:99999999",
        b"Host: [::1",
        b"Host: \xff",
        b"Host:",
        b"Origin: null",
        b"Origin: \xff",
    ),
    *(
        b"Referer: http://[",
        b"If-Modified-Since: \xff",
        b"If-None-Match: *",
        b"Expect: 100-continue",
        b"X-Forwarded-For: \xff,\0",
    ),
    *(
        b"X-Forwarded-Proto: https",
        b"X-Request-ID: \xff\n",
        b"Authorization: Bearer \xff",
        b"Authorization: Basic \xff",
        b"X" * 300 + b": 1",
    ),
    *(
        b"Content-Length: 5",
        b"Content-Length: -1",
        b"Content-Length: +5",
        b"Content-Length: 99999999999999999999",
        b"Content-Length: \xb2",
    ),
    *(
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: \x0bchunked",
        b"Content-Encoding: gzip",
    ),
    *(
        b"X-CSRFToken: " + TOKEN,
        b"X-CSRFToken: \xff",
        b"no colon",
        b" folded",
        b": no name",
        b"A b: c",
        b"X: " + b"y" * 9000,
    ),
    *(
        b"Content-Disposition: \xff",
        b"X-Twilio-Signature: \xff",
        b"HTTP2-Settings: x",
        b"Upgrade: h2c",
        b"Sec-WebSocket-Key: x",
    ),
]


@st.composite
def requests(draw) -> bytes:
    """Mostly right, or nothing of ours would ever see it."""
    mostly = lambda likely, rarely: st.sampled_from(likely) if draw(st.integers(0, 3)) else st.sampled_from(rarely)  # noqa: E731
    line = [
        draw(mostly([b"GET", b"POST"], METHODS)),
        draw(mostly(PATHS, STRANGE_PATHS)) + draw(mostly([b""], QUERIES)),
    ]
    line.append(draw(mostly([b"HTTP/1.1"], VERSIONS)))
    body = draw(st.sampled_from(BODIES) | st.binary(max_size=60))
    lines = [b" ".join(line), draw(mostly([b"Host: localhost"], [b""])), b"Cookie: csrf=" + TOKEN]
    lines.append(b"Content-Type: " + draw(st.sampled_from(TYPES)))
    if draw(st.integers(0, 4)):
        lines.append(b"Content-Length: %d" % len(body))
    else:
        pieces = draw(
            st.sampled_from([b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body), b"zz\r\n", b"5\r\nab", b"-1\r\n\r\n"])
        )
        lines, body = [*lines, b"Transfer-Encoding: chunked"], pieces
    lines += draw(st.lists(st.sampled_from(HEADERS), max_size=2))
    return b"\r\n".join(filter(None, [*lines, b"Connection: close"])) + b"\r\n\r\n" + body


def is_a_fault(line: dict) -> bool:
    return line["level"] in ("ERROR", "CRITICAL")


@pytest.mark.django_db(transaction=True)
def test_whatever_bytes_come_the_server_answers_and_stays_whole(tmp_path):
    output = tmp_path / "output"
    answered = []

    with serving(output) as server:

        @fuzzed(0.4)
        @given(requests())
        def whatever(raw):
            said = server.say(raw)
            status = int(re.search(rb"^HTTP/\S+ (\d+)", said)[1]) if said.startswith(b"HTTP/") else 0
            answered.append(status)
            # 501 is gunicorn's for a coding that it does not know; 0 is to hang up on what is no HTTP or only half.
            assert status < 500 or status == 501, said[:200]

        whatever()
        assert server.ask("GET", "/health/ready/") == 200

    # Enough got through to what is ours, and of the rest the server spoke as it should.
    assert {200, 302, 400, 403, 404, 405} <= set(answered)
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert [line for line in lines if is_a_fault(line)] == []
    assert (AppointmentRequest.objects.count(), Event.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_who_sends_far_too_much_reads_the_answer_and_meets_no_broken_connection(tmp_path):
    with serving(tmp_path / "output") as server:
        assert [answer_to_pieces(server.port, 900_000) for _ in range(3)] == [b"HTTP/1.1 413"] * 3


def answer_to_pieces(port: int, length: int) -> bytes:
    """As they come over a real line: after the answer is there, too."""
    head = b"POST /check/pain/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    head += b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n" % (FORM, length)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(head)
        for _ in range(length // 50_000):
            line.sendall(b"x" * 50_000)
            time.sleep(0.002)
        return line.recv(12)

"""Every route, every method and every way to go wrong: each answer has all headers, and none is a fault of ours."""

import re
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import URLResolver, get_resolver

from tests.screening.test_pages import ALLOWED_CONTENT, PROTECTION
from tests.staff import signed_in

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
NOT_OURS = [method for method in METHODS if method not in ("GET", "HEAD", "POST")]
HSTS = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload"}
# What JSON is encoded in, its name says.
ENCODED = r'text/\w+;(.*;)? charset="?utf-8"?|application/(fhir\+)?json\b.*'
FORM = "application/x-www-form-urlencoded"
# For the parts of an address that its pattern leaves open.
SAMPLES = {
    "pk": "1",
    "content_type_id": "1",
    "object_id": "1",
    "id": "1",
    "key": "pain",
    "token": "sample",
    "digest": "any",
    "message": "00000000-0000-4000-8000-000000000000",
    "app_label": "appointments",
    "url": "nowhere",
    "path": "nowhere",
}


def addresses(resolver=None, before="/") -> Iterator[str]:
    """Every address there is, with samples where the pattern leaves a part open."""
    for pattern in (resolver or get_resolver()).url_patterns:
        address = before + filled_in(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, address)
        else:
            yield address


def filled_in(route: str) -> str:
    route = re.sub(r"\(\?P<(\w+)>.*\)", lambda part: SAMPLES[part[1]], route)
    route = re.sub(r"<\w+:(\w+)>", lambda part: SAMPLES[part[1]], route)
    return route.strip("^$")


ADDRESSES = sorted({*addresses(), "/nowhere/", "/static/nowhere.css", "/check/nowhere/"})


def ask(client: Client, method: str, address: str, **more):
    more = {"data": "", "content_type": FORM} | more
    return client.generic(method, address, **more)


# What is sent beside the method and the address.
OUTCOMES = {
    "as it should be": {},
    "another charset": {"content_type": f"{FORM}; charset=utf-7"},
    "too large": {"data": "a=" + "b" * 70_000},
    "another host": {"headers": {"host": "elsewhere.example"}},
    "a header of junk": {"headers": {"accept-language": "\xff" * 50, "cookie": "session=\0; answers=%00; csrf=x"}},
    "a NUL": {"QUERY_STRING": "a=%00"},
    "a long address": {"QUERY_STRING": "a" * 2_000},
    "no length": {"CONTENT_LENGTH": "many"},
    "plain HTTP": {"secure": False},
}
WRONG = [outcome for outcome in OUTCOMES if outcome != "as it should be"]


@pytest.fixture
def stored(a_request):
    return a_request()


@pytest.fixture
def as_in_production(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 63_072_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.METRICS_TOKEN = "one that is long enough"  # noqa: S105


def complaints(client: Client, outcome: str, expected=range(200, 500), only=METHODS) -> list[str]:
    found = []
    for address in ADDRESSES:
        for method in only:
            more = {"secure": True} | OUTCOMES[outcome]
            response = ask(client, method, address, **more)
            where = f"{method} {address}, {outcome}: {response.status_code}"
            if response.status_code not in expected:
                found.append(where)
            if method in NOT_OURS and response.status_code < 400:
                found.append(f"{where} and not refused")
            found += [f"{where} without {name}" for name in missing(response, more["secure"])]
    return found


def missing(response, secure: bool) -> list[str]:
    wanted = PROTECTION | (HSTS if secure else {})
    # Files of ours may be kept; that there is none is said by a page like any other.
    if response.request["PATH_INFO"].startswith("/static/"):
        wanted = {name: value for name, value in wanted.items() if name != "Cache-Control"}
    lacking = [name for name, value in wanted.items() if response.headers.get(name) != value]
    if set(response.headers.get("Content-Security-Policy", "").split("; ")) != ALLOWED_CONTENT:
        lacking.append("Content-Security-Policy")
    if not re.fullmatch(ENCODED, response.headers.get("Content-Type", "")):
        lacking.append("how it is encoded")
    if not response.headers.get("X-Request-ID"):
        lacking.append("X-Request-ID")
    return lacking


def test_the_table_has_every_part_of_the_site():
    assert {"/", "/check/pain/", "/visit/choose/sample/", "/metrics/", "/health/ready/", "/admin/"} <= set(ADDRESSES)
    assert "/admin/appointments/appointmentrequest/1/do/pain/" in ADDRESSES
    assert len(ADDRESSES) > 90


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("outcome", "only"),
    [
        ("as it should be", ("GET",)),
        pytest.param("as it should be", [method for method in METHODS if method != "GET"], marks=pytest.mark.sweep),
        # A method that is refused is so whatever else is wrong.
        *(pytest.param(outcome, ("GET", "POST"), marks=pytest.mark.sweep) for outcome in WRONG),
    ],
)
def test_every_answer_to_a_stranger_has_all_headers(as_in_production, outcome, only):
    stranger = Client(enforce_csrf_checks=True, raise_request_exception=False)

    assert complaints(stranger, outcome, only=only) == []


@pytest.mark.sweep
def test_every_answer_to_staff_has_all_headers(stored, scheduler, as_in_production):
    staff = signed_in(scheduler)
    staff.raise_request_exception = False

    assert complaints(staff, "as it should be") == []


@pytest.mark.sweep
@pytest.mark.parametrize("outcome", ["as it should be", "plain HTTP"])
def test_every_answer_without_a_database_has_all_headers(as_in_production, db, scheduler, outcome):
    staff = signed_in(scheduler)
    staff.raise_request_exception = False

    def is_down(*_):
        raise OperationalError("server closed the connection")

    with connection.execute_wrapper(is_down):
        found = complaints(staff, outcome, expected=[*range(200, 500), 503], only=("GET", "POST"))

    assert found == []


@pytest.mark.parametrize("method", [*NOT_OURS, "CONNECT", "BREW"])
def test_no_other_method_is_known_anywhere(client, method):
    answers = {address: ask(client, method, address) for address in ADDRESSES}

    assert {answer.status_code for answer in answers.values()} == {405}
    assert {answer.headers["Allow"] for answer in answers.values()} == {"GET, HEAD, POST"}

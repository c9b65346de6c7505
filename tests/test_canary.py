"""A real server is sent words that are nowhere else, in every place where words can be sent, and made to fail.

None of them may be found in what it writes, nor in the log of the database: those outlive what was stored.
"""

import itertools
import json
import os
import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from appointments.models import AppointmentRequest
from tests.server import FORM, Server, serving
from tests.walk import CALL, CHECK, HELPER, VISIT_ANSWERS, WHO, answer_check

pytestmark = [pytest.mark.both, pytest.mark.process]

REQUESTS = AppointmentRequest._meta.db_table
CSRF = "C" * 32


class Canaries:
    """Words made of letters only, so that each is a name too, and no two alike."""

    def __init__(self):
        self.words: list[str] = []
        self._letters = itertools.product("bcdfgklmnprtvz", "aeiou", "lmnrst")

    def new(self) -> str:
        self.words.append(f"Zqxw{''.join(next(self._letters))}j")
        return self.words[-1]

    def found_in(self, text: str) -> list[str]:
        return [word for word in self.words if word.lower() in text.lower()]


@contextmanager
def a_database_that_refuses(kind: str):
    """Make the next request that is sent fail with an IntegrityError or a DataError that quotes it."""
    made, unmade = {
        ("postgresql", "integrity"): (
            f"ALTER TABLE {REQUESTS} ADD CONSTRAINT refuses CHECK (name NOT LIKE 'Zq%')",
            f"ALTER TABLE {REQUESTS} DROP CONSTRAINT refuses",
        ),
        ("postgresql", "data"): (
            f"CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN PERFORM NEW.name::date; RETURN NEW; END $$ "
            f"LANGUAGE plpgsql; CREATE TRIGGER refuses BEFORE INSERT ON {REQUESTS} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse()",
            f"DROP TRIGGER refuses ON {REQUESTS}; DROP FUNCTION refuse()",
        ),
        ("sqlite", "integrity"): (
            f"CREATE TRIGGER refuses BEFORE INSERT ON {REQUESTS} BEGIN SELECT RAISE(ABORT, 'refused Zqxwbalj'); END",
            "DROP TRIGGER refuses",
        ),
    }[connection.vendor, kind]
    with connection.cursor() as cursor:
        cursor.execute(made)
        try:
            yield
        finally:
            cursor.execute(unmade)


def one_step_before_the_end(canaries: Canaries) -> dict[str, str]:
    """The cookies of somebody who has only the last step before them, with a canary in every field."""
    visitor = Client()
    answer_check(visitor, filled_in_by="Bo")
    visitor.post("/visit/questions/", VISIT_ANSWERS)
    words = {name: canaries.new() for name in ("name", "filled_in_by", "relationship")}
    someone = {
        **WHO,
        **HELPER,
        **words,
        "email": f"{canaries.new()}@example.com",
    }
    assert visitor.post("/visit/who/", someone)["Location"] == "/visit/call/"
    other = {"language": "other", "other_language": canaries.new()}
    assert visitor.post("/visit/call/", CALL | other)["Location"] == "/visit/check/"
    return {name: morsel.value for name, morsel in visitor.cookies.items()} | {"csrf": CSRF}


def send(server: Server, cookies: dict[str, str], canaries: Canaries) -> int:
    form = {**CHECK, "leave_this_empty": canaries.new(), "csrfmiddlewaretoken": CSRF}
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return server.ask("POST", "/visit/check/", urlencode(form, doseq=True), Cookie=cookie)


def go_wrong_everywhere(server: Server, word) -> dict[str, int]:
    """Gives the status of each way."""
    signed = {"Cookie": f"csrf={CSRF}; {word()}={word()}; answers={word()}; session={word()}; language={word()}"}
    token = {"csrfmiddlewaretoken": CSRF}
    language = {"language": word(), "next": word()}
    every_field = {
        name: word() for name in (*WHO, *CALL, *VISIT_ANSWERS, "reference", "phone", "leave_this_empty", "q")
    }
    headers = ("Accept_Language", "User_Agent", "Referer", "Origin", "X_Forwarded_For", "Authorization")
    said = {name: word() for name in (*headers, "X_Forwarded_Proto", "X_Request_ID", "X_Something")}
    asked = {
        "nothing there": server.ask("GET", f"/{word()}/?{word()}={word()}", **said),
        "no such page": server.ask("GET", f"/check/{word()}/"),
        "no such step": server.ask("POST", f"/visit/{word()}/", urlencode(every_field | token), **signed),
        "a private link": server.ask("GET", f"/visit/choose/{word()}/", **signed),
        "a calendar feed": server.ask("GET", f"/calendar/{word()}.ics", **signed),
        "every field": server.ask("POST", "/check/pain/", urlencode(every_field | token), **signed),
        "a lookup": server.ask("POST", "/status/", urlencode(every_field | token), **signed),
        "a language": server.ask("POST", "/language/", urlencode(language | token), **signed),
        "no csrf": server.ask("POST", "/status/", urlencode(every_field), **said),
        "another origin": server.ask("POST", "/check/pain/", urlencode(token), Origin=f"https://{word()}", **signed),
        "another method": server.ask("DELETE", f"/check/pain/?{word()}"),
        "a strange method": server.ask(word().upper(), "/"),
        "a method the view has not": server.ask("POST", f"/visit/?{word()}", urlencode(token), **signed),
        "too large": server.ask("POST", "/check/pain/", urlencode({word(): "x" * 70_000})),
        "too many fields": server.ask("POST", "/check/pain/", "&".join([word() + "=1"] * 300), **signed),
        "another host": server.ask("GET", "/", Host=f"{word()}.example"),
        "no host": server.ask("GET", "/", Host=f"{word()}_/"),
        "another charset": server.ask("POST", "/", "a=b", Content_Type=f"{FORM}; charset={word()}"),
        "no form": server.ask("POST", "/check/pain/", word(), Content_Type=f"multipart/form-data; boundary={word()}"),
        "no boundary": server.ask("POST", "/status/", word(), **signed | {"Content_Type": "multipart/form-data"}),
        "half a character": server.ask("GET", f"/{word()}/%ff%fe/?%ff{word()}"),
        "a NUL": server.ask("GET", f"/{word()}%00/"),
        "signing in": server.ask(
            "POST", "/admin/login/", urlencode({"username": word(), "password": word()} | token), **signed
        ),
        "staff": server.ask("GET", f"/admin/{word()}/?{word()}__regex=(", **signed),
        "figures": server.ask("GET", f"/metrics/?{word()}", Authorization=f"Bearer {word()}"),
    }
    lines = [f"GET /{word()} HTTP/9.9", f"GET /{word()}", f"{word()} {word()} {word()}"]
    bad = [f"{word()}:(: {word()}", f" {word()}", f"Content-Length: {word()}", f"Transfer-Encoding: {word()}"]
    lines += [f"GET / HTTP/1.1\r\nHost: localhost\r\n{header}" for header in bad]
    lines += [f"GET /{word() * 1000} HTTP/1.1\r\nHost: localhost"]
    for number, line in enumerate(lines):
        said = server.say(f"{line}\r\n\r\n".encode())
        asked[f"no HTTP, {number}"] = int(re.search(rb"^HTTP/\S+ (\d+)", said)[1]) if said else 0
    return asked


@pytest.mark.django_db(transaction=True)
def test_no_word_that_was_sent_is_found_in_any_log(tmp_path):
    canaries, output = Canaries(), tmp_path / "output"
    # What the SQLite trigger says stands for what PostgreSQL quotes.
    canaries.new()
    kinds = ("integrity", "data") if connection.vendor == "postgresql" else ("integrity",)
    visitors = [one_step_before_the_end(canaries) for _ in kinds]
    broken = {}
    with serving(output) as server:
        asked = go_wrong_everywhere(server, canaries.new)
        for kind, cookies in zip(kinds, visitors, strict=True):
            with a_database_that_refuses(kind):
                broken[kind] = send(server, cookies, canaries)
        stored = send(server, visitors[0], canaries)

    written = output.read_text()
    assert canaries.found_in(written) == []
    if "TEST_DATABASE_LOG" in os.environ and connection.vendor == "postgresql":
        assert canaries.found_in(Path(os.environ["TEST_DATABASE_LOG"]).read_text()) == []

    # It was as bad as it was meant to be, and what is needed to mend it is there.
    assert stored == 302
    assert set(broken.values()) == {500}
    assert {400, 403, 404, 405, 413} <= set(asked.values())
    assert {way: status for way, status in asked.items() if status >= 500 and not way.startswith("no HTTP")} == {}
    lines = [json.loads(line) for line in written.splitlines()]
    assert all({"time", "level", "logger", "message", "request_id"} <= line.keys() for line in lines)
    faults = [line for line in lines if line.get("exception", "").startswith("django.db")]
    expected = {"integrity": "django.db.utils.IntegrityError", "data": "django.db.utils.DataError"}
    assert [line["exception"] for line in faults] == [expected[kind] for kind in kinds]
    assert all(
        "appointments/intake/submit.py" in line["stack"] and line["route"] == "visit/<slug:key>/" for line in faults
    )

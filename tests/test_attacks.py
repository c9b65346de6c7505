"""What somebody tries who means harm, through the front door. Each of these must fail."""

import csv
import datetime
import http.server
import io
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core import signing
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccountSession
from appointments import reference
from appointments.lifecycle.definition import LIFECYCLE
from appointments.lifecycle.offered_times import link_of
from appointments.models import AppointmentRequest, Message, RateBucket, TextOptOut
from common.sealed_cookie import seal, unseal
from screening.visitor import COOKIE, MAX_AGE
from tests.staff import member_of, signed_in
from tests.walk import CALL, CHECK, VISIT_ANSWERS, WHO, answer_check, ask_for_visit, source_of, words_of

VERBS = [verb for verb in LIFECYCLE.verbs if verb.has_button]

BORN = {"date_of_birth_month": "3", "date_of_birth_day": "14", "date_of_birth_year": "1948"}
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
]
ELSEWHERE += [
    "\thttps://evil.example",
    "http:///evil.example",
    "https://testserver@evil.example/",
    "data:text/html,x",
]
# Numbers that no column of a database holds, and some that no machine counts to.
TOO_LARGE = ["9223372036854775808", "9" * 30, "9" * 5000]


@pytest.fixture
def stored(a_request):
    return a_request()


# Where one is led.


@pytest.mark.parametrize("to", ELSEWHERE)
def test_no_page_leads_to_another_site(db, client, scheduler, to):
    scheduler.set_password("four quiet herons at dusk")
    scheduler.save()
    signing_in = {"username": "scheduler", "password": "four quiet herons at dusk", "next": to}

    answers = [
        client.post("/language/", {"language": "es", "next": to}),
        client.post("/language/", {"language": "es"}, headers={"referer": to.replace("\t", "")}),
        client.get("/language/", {"next": to}),
        client.post(f"/admin/login/?next={to.strip()}", signing_in),
        client.get("/admin/second-factor/", {"next": to}),
        client.get("/admin/second-factor/confirm/", {"next": to}),
        client.post("/admin/logout/", {"next": to}),
    ]

    led_to = [answer.headers.get("Location", "/") for answer in answers]
    assert not [one for one in led_to if not one.startswith("/") or one.startswith("//")]


@pytest.mark.parametrize("to", [*ELSEWHERE, "no-address", "/accounts/profile/", "/nothing/here/", ""])
def test_who_signs_in_with_a_bad_address_to_go_on_to_ends_on_today(client, scheduler, to):
    scheduler.set_password("four quiet herons at dusk")
    scheduler.save()

    done = client.post(
        "/admin/login/", {"username": "scheduler", "password": "four quiet herons at dusk", "next": to}
    )

    assert (done.status_code, done["Location"]) == (302, "/admin/")


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL"])
def test_no_header_makes_another_host_or_page_of_it(client, header):
    usual = client.get("/check/")
    answer = client.get("/check/", headers={header: "evil.example"}, secure=False)

    assert "evil.example" not in answer.text + str(answer.headers)
    assert (answer.status_code, answer["Cache-Control"]) == (usual.status_code, "no-store")


def test_a_host_with_a_port_or_a_dot_more_is_led_to_no_other_host(client, settings):
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["clinic.example"], True

    for host in ("clinic.example.", "clinic.example:8443"):
        answer = client.get("/check/", headers={"host": host})
        assert re.match(r"https://clinic\.example[.:/]", answer["Location"]), host
        assert answer["Cache-Control"] == "no-store"
    for host in ("clinic.example.evil.example", "evil.example#clinic.example", "clinic.example@evil.example"):
        assert client.get("/check/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("path", ["/metrics/", "/texts/", "/fhir/QuestionnaireResponse"])
def test_machines_that_forgot_https_are_told_and_not_led_there(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True

    answers = [client.get(path), client.post(path)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert "HTTPS" in answers[0].text


# Who may do what.


@pytest.fixture
def clerk(db):
    """Somebody who is not a superuser, but was given the tables of accounts."""
    clerk = member_of("Managers", "clerk")
    clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    return signed_in(clerk)


def account_form(user, **changes) -> dict:
    joined = {"date_joined_0": "2026-01-02", "date_joined_1": "03:04:05"}
    return {"username": user.username, "is_active": "on", "is_staff": "on", **joined, **changes}


def test_who_keeps_accounts_makes_nobody_a_superuser_not_even_themselves(clerk):
    ana = member_of("Schedulers", "ana")
    rights = list(Permission.objects.values_list("pk", flat=True)[:50])
    more = {"first_name": "Otto", "is_superuser": "on", "user_permissions": rights, "is_staff": "on"}
    everything, own = Group.objects.values_list("pk", flat=True), Group.objects.filter(name="Schedulers")
    for user in (ana, get_user_model().objects.get(username="clerk")):
        for groups in (everything, own.values_list("pk", flat=True)):
            form = account_form(user, **more, groups=list(groups))
            clerk.post(reverse("admin:auth_user_change", args=[user.pk]), form)

    ana.refresh_from_db()
    assert (ana.first_name, ana.is_superuser, ana.user_permissions.count()) == ("Otto", False, 0)
    assert [group.name for group in ana.groups.all()] == ["Schedulers"]
    clerk_now = get_user_model().objects.get(username="clerk")
    assert (clerk_now.first_name, clerk_now.is_superuser) == ("", False)
    assert [group.name for group in clerk_now.groups.all()] == ["Managers"]


def test_who_keeps_accounts_does_not_touch_those_of_superusers(clerk, scheduler):
    before = get_user_model().objects.values().get(pk=scheduler.pk)
    password = {"password1": "four quiet herons at dusk", "password2": "four quiet herons at dusk"}

    clerk.post(reverse("admin:auth_user_change", args=[scheduler.pk]), account_form(scheduler, username="gone"))
    clerk.post(reverse("admin:auth_user_password_change", args=[scheduler.pk]), password)
    clerk.post(reverse("admin:auth_user_delete", args=[scheduler.pk]), {"post": "yes"})
    chosen = {"action": "reset_second_factor", "_selected_action": [scheduler.pk]}
    told = clerk.post(reverse("admin:auth_user_changelist"), chosen, follow=True)

    assert get_user_model().objects.values().get(pk=scheduler.pk) == before
    assert "Reset for 1" not in told.text


def test_who_keeps_accounts_gives_nobody_a_group_by_the_table_of_groups(clerk):
    assert clerk.get(reverse("admin:auth_group_changelist")).status_code == 403
    assert clerk.post(reverse("admin:auth_group_add"), {"name": "Everything"}).status_code == 403


@pytest.mark.parametrize("role", ["Schedulers", "Nurses", "Managers", "Auditors"])
def test_what_django_brings_along_tells_staff_nothing(stored, role):
    staff = signed_in(member_of(role))
    staff.raise_request_exception = False
    completion = {
        "app_label": "appointments",
        "model_name": "appointmentrequest",
        "field_name": "earlier",
        "term": "A",
    }

    answers = [
        staff.get("/admin/autocomplete/", completion),
        staff.get("/admin/autocomplete/", {**completion, "field_name": "claimed_by"}),
        *(staff.get(f"/admin/r/{kind}/{stored.pk}/") for kind in range(1, 12)),
        staff.get("/admin/auth/user/1/password/"),
        staff.get("/admin/doc/"),
    ]
    if role != "Managers":
        answers += [staff.get("/admin/auth/user/"), staff.get("/admin/auth/user/1/change/")]

    refused = {answer.request["PATH_INFO"]: answer.status_code for answer in answers}
    assert {path: status for path, status in refused.items() if status not in (403, 404)} == {}


def test_a_request_that_one_opened_does_not_open_another(client, stored, a_request):
    other = a_request(name="Otto Muestra")
    named = {"pk": other.pk, "status_of": other.pk, "reference": other.reference}
    client.post("/status/", {"reference": stored.reference, **BORN})

    page = client.get("/status/yours/", named)
    in_the_form = client.post("/status/yours/withdraw/", {"version": 0, **named})
    in_the_address = client.post("/status/yours/withdraw/", {"version": 0}, query_params=named)

    assert reference.grouped(stored.reference) in page.text
    assert reference.grouped(other.reference) not in page.text
    assert (in_the_form.status_code, in_the_address.status_code) == (422, 302)
    stored.refresh_from_db()
    other.refresh_from_db()
    assert (stored.closed_at is None, other.closed_at is None) == (False, True)


def test_what_is_sealed_for_one_purpose_is_of_no_use_for_another(client, stored):
    """Whole and genuine, with all that is asked for, but for what it was sealed for."""
    opens = {"status_of": stored.pk, "opening": "x" * 22}
    answer_check(client)
    answers = unseal(client.cookies["answers"].value, purpose=COOKIE, max_age=MAX_AGE)

    def status_with(purpose):
        return Client(headers={"cookie": f"status={seal(opens, purpose=purpose)}"}).get("/status/yours/").status_code

    def result_with(purpose):
        return (
            Client(headers={"cookie": f"answers={seal(answers, purpose=purpose)}"}).get("/check/result/").status_code
        )

    assert [status_with(purpose) for purpose in ("status", COOKIE, "known", "")] == [200, 302, 302, 302]
    assert [result_with(purpose) for purpose in (COOKIE, "status", "known", "")] == [200, 302, 302, 302]
    for salt in ("", "django.core.signing", "unsent", "status"):
        assert client.get(f"/visit/choose/{signing.dumps(stored.pk, salt=salt)}/").status_code == 404
    assert client.get(link_of(stored)).status_code == 404
    assert client.get(f"/visit/choose/{seal(opens, purpose='status')}/").status_code == 404


# What is sent along.


EXTRA = {"priority": "P1", "doubts": "", "reference": "XXXXXXXXX", "claimed_by": "1", "close_reason": "attended"}
EXTRA |= {"journey": str(uuid.uuid4()), "status": "booked", "is_on_legal_hold": "on", "flags": "[]", "pk": "1"}


@pytest.mark.parametrize("field", EXTRA)
def test_a_form_with_a_field_that_its_page_does_not_have_is_refused(client, db, field):
    answer_check(client)
    steps = {"questions": VISIT_ANSWERS, "who": WHO, "call": CALL, "check": CHECK}

    for step, typed in steps.items():
        refused = client.post(f"/visit/{step}/", {**typed, field: EXTRA[field]})
        assert (refused.status_code, "did not ask for" in words_of(refused)) == (422, True), step
        client.post(f"/visit/{step}/", typed)

    assert AppointmentRequest.objects.count() == 1


def test_an_address_that_is_longer_than_its_column_is_refused_in_words(stored, scheduler):
    staff = signed_in(scheduler)
    labels = ".".join("e" * 60 for _ in range(5))
    typed = {"name": "Ana Example", "phone": "2125550123", "language": "en", "time_zone": "America/New_York"}
    typed |= {"call_times": "morning", "email": f"a@{labels}.com", "version": stored.version}
    typed |= {"date_of_birth": "1948-03-14"}

    answer = staff.post(f"/admin/appointments/appointmentrequest/{stored.pk}/do/correct/", typed)

    assert answer.status_code == 422
    refused = dict(answer.context["verbs"])[next(verb for verb in VERBS if verb.key == "correct")]
    assert set(refused.errors) == {"email"}


@pytest.mark.parametrize("number", TOO_LARGE, ids=len)
def test_a_number_that_no_column_holds_is_not_found(stored, scheduler, number):
    staff = signed_in(scheduler)
    staff.raise_request_exception = False
    addresses = [
        f"/admin/appointments/appointmentrequest/{number}/change/",
        f"/admin/appointments/appointmentrequest/{number}/do/claim/",
        f"/admin/appointments/clinician/{number}/change/",
        f"/admin/auth/user/{number}/change/",
        f"/admin/auth/user/{number}/password/",
        f"/admin/duplicates/{number}/",
        f"/admin/letter/{number}/",
        f"/admin/nurse/?page={number}",
        f"/admin/duplicates/?page={number}",
        f"/admin/hand-over/?whose={number}",
        f"/admin/assign/?to={number}&number={number}",
        f"/admin/audit/?record={number}&before={number}",
        f"/admin/report/?weeks={number}",
        f"/admin/appointments/appointmentrequest/?after={number}",
        f"/admin/appointments/clinician/?p={number}&o={number}",
    ]

    answers = {address[:60]: staff.get(address).status_code for address in addresses}
    # Each field that its page really has is sent such a number, beside others that are right.
    sheet = f"/admin/appointments/appointmentrequest/{stored.pk}/do"
    right = {
        "/admin/nurse/": {"visit_request": stored.pk, "version": "0", "answer": "fine"},
        "/admin/hand-over/": {"shown": f"{stored.pk}-0", "chosen": stored.pk, "to": scheduler.pk, "note": ""},
        "/admin/duplicates/1/": {"same": "yes"},
        "/admin/doubts/": {"chosen": f"{stored.pk}-0", "verb": "vouch"},
        f"{sheet}/claim/": {"version": "0"},
        f"{sheet}/book/": {"version": "0", "starts_at": "2026-05-04T10:30", "clinician": "1", "place": "1"},
    }
    for address, typed in right.items():
        for field in typed:
            answers[f"{address} {field}"] = staff.post(address, {**typed, field: number}).status_code

    assert [where for where, status in answers.items() if status >= 500] == []


@pytest.mark.parametrize(
    "text", ["\0", "a\0b", "\ud800", "\x1b[2J", "\u202e", "%00", "{{ 7 }}", "' OR 1=1 --", "\r\nX: y"]
)
def test_no_character_breaks_a_form(stored, scheduler, text):
    sent = text.encode("utf-8", "surrogatepass").decode("latin-1")
    anybody, staff = Client(raise_request_exception=False), signed_in(scheduler)
    staff.raise_request_exception = False
    answers = [
        anybody.post("/admin/login/", {"username": sent, "password": sent}),
        anybody.post("/status/", {"reference": sent, **BORN, "date_of_birth_day": sent}),
        anybody.post("/language/", {"language": sent, "next": sent}),
        anybody.post("/check/red_flags/", {"red_flags": sent}),
        staff.post("/admin/appointments/appointmentrequest/", {"q": sent}),
        staff.post(f"/admin/appointments/appointmentrequest/{stored.pk}/do/claim/", {"version": sent}),
        staff.post("/admin/audit/", {"reference": sent}),
        staff.post("/admin/messages/", {"message": sent}),
        staff.post("/admin/nurse/", {"visit_request": sent, "version": sent}),
        staff.post("/admin/hand-over/", {"to": sent, "requests": sent}),
        staff.post("/admin/export/", {"purpose": sent}),
        staff.post("/admin/second-factor/set-up/", {"code": sent}),
    ]

    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []


def test_a_name_that_begins_as_a_formula_after_a_semicolon_is_no_formula(a_request, scheduler):
    """Where numbers have commas, spreadsheets take a semicolon for the end of a cell."""
    a_request(name="Ana;=HYPERLINK(1)")

    sent = signed_in(scheduler).post("/admin/export/", {"purpose": "The yearly report"}).getvalue().decode()

    for line in csv.reader(io.StringIO(sent), delimiter=";"):
        assert not [cell for cell in line if cell.lstrip().startswith(("=", "@"))]


# How often.


def six(number: int) -> str:
    """Another address of the same network, which is one customer's."""
    return f"2001:db8:1:2::{number:x}"


def test_a_network_of_many_addresses_looks_up_no_more_than_one_address(client, db):
    answers = [
        client.post("/status/", {"reference": reference.new(), **BORN}, REMOTE_ADDR=six(number)).status_code
        for number in range(1, 56)
    ]

    assert answers == [422] * 50 + [429] * 5


def test_a_network_of_many_addresses_sends_no_more_requests_without_doubts(client, db, monkeypatch):
    monkeypatch.setattr("appointments.intake.views.FEWEST_SECONDS", 0)
    for number in range(1, 13):
        client.cookies.clear()
        client.defaults["REMOTE_ADDR"] = six(number)
        answer_check(client)
        ask_for_visit(client)

    assert AppointmentRequest.objects.filter(doubts__contains="many requests from one address").count() == 2


def test_far_too_many_requests_from_one_address_are_not_taken_and_nothing_typed_is_lost(client, db, monkeypatch):
    monkeypatch.setattr("appointments.intake.submit.MOST_TAKEN_FROM_ONE_ADDRESS", 12)
    answer_check(client)
    ask_for_visit(client, calls_ok="")
    kept = unseal(client.cookies[COOKIE].value, purpose=COOKIE, max_age=MAX_AGE)

    def send(address: str):
        client.cookies[COOKIE] = seal({**kept, "id": uuid.uuid4().hex}, purpose=COOKIE)
        return client.post("/visit/check/", CHECK, REMOTE_ADDR=address)

    assert {send("192.0.2.7")["Location"] for _ in range(12)} == {"/visit/sent/"}
    refused = send("192.0.2.7")

    assert refused.status_code == 429
    assert "Too many requests came from your internet connection" in words_of(refused)
    assert re.search('name="keeping_ok"[^>]* checked', source_of(refused))
    assert "Ana Example" in words_of(refused)
    assert send("192.0.2.8")["Location"] == "/visit/sent/"
    # Those whose address cannot be read are not one another.
    assert {send("unknown")["Location"] for _ in range(13)} == {"/visit/sent/"}


@pytest.mark.both
def test_somebody_who_looks_up_again_and_again_fills_no_table(client, db):
    for number in range(70):
        client.post("/status/", {"reference": f"made up {number}" if number % 2 else reference.new(), **BORN})
        client.post("/status/", {"reference": reference.new(), **BORN})

    # One for the address, and for each reference that it may try one of the hour and one of the week.
    assert RateBucket.objects.count() <= 101


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_time_are_all_counted(stored):
    def look_up(_):
        try:
            return Client().post("/status/", {"reference": stored.reference, **BORN, "date_of_birth_day": "15"})
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = [answer.status_code for answer in pool.map(look_up, range(24))]

    assert sorted(answers) == [422] * 10 + [429] * 14


@pytest.mark.parametrize(
    "typed",
    ["1 " * 50, " " * 99 + "x", "(" * 50 + ")" * 49, "1" * 50 + "ext" * 16, ",;" * 40 + "x1", "tel:" + "1. " * 31],
)
def test_nothing_that_is_typed_into_the_search_takes_long(scheduler, typed):
    staff = signed_in(scheduler)
    staff.get("/admin/appointments/appointmentrequest/")

    started = time.process_time()
    answer = staff.post("/admin/appointments/appointmentrequest/", {"q": typed})

    assert answer.status_code == 200
    # What goes back and forth over a hundred characters takes hours; what does not, a moment on any machine.
    assert time.process_time() - started < 30


# What is left in a browser and what leaves the server.


def test_every_cookie_is_for_https_out_of_reach_of_scripts_and_not_sent_by_other_sites(client, stored, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.LANGUAGE_COOKIE_SECURE = True
    member_of("Schedulers", "nora").set_password("four quiet herons at dusk")
    answer_check(client)
    client.post("/status/", {"reference": stored.reference, **BORN})
    client.post("/language/", {"language": "es"})
    client.get("/admin/login/")
    staff = signed_in(member_of("Schedulers", "otto"))
    claim = f"/admin/appointments/appointmentrequest/{stored.pk}/do/claim/"
    AccountSession.objects.all().delete()
    staff.post(claim, {"version": stored.version})
    staff.get("/admin/login/")

    # Django's client sets the session's itself.
    set_by_us = {**client.cookies, **{name: one for name, one in staff.cookies.items() if name != "session"}}
    assert {*set_by_us} == {"answers", "status", "known", "language", "csrf", "unsent"}
    flags = {name: (one["secure"], one["httponly"], one["samesite"], one["path"]) for name, one in set_by_us.items()}
    assert {name: found for name, found in flags.items() if found != (True, True, "Lax", "/")} == {}


@pytest.mark.parametrize(
    "address", ["/admin/logout/", "/admin/sessions/end/", "/admin/second-factor/leave/", "/status/leave/"]
)
def test_whoever_leaves_leaves_nothing_in_the_browser(stored, scheduler, address):
    left = signed_in(scheduler).post(address)

    assert left["Clear-Site-Data"] == '"cache", "storage"'


class Astray(http.server.BaseHTTPRequestHandler):
    """A provider that sends whoever asks on to another place."""

    def do_POST(self):
        self.server.asked.append(self.path)
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    do_GET = do_POST  # noqa: N815

    def log_message(self, *arguments):
        pass


@pytest.fixture
def astray(settings):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Astray)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.TEXTS, settings.TEXTS_URL = "twilio", f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


def test_no_text_and_no_secret_follows_where_a_provider_leads(astray, a_request):
    from appointments.delivery.failures import Failure
    from appointments.delivery.sms import TextSender

    request = a_request(texts_ok="on")
    message = Message(request=request, kind="received", channel=Message.Channel.TEXT)
    message.kind = "call_missed"

    with pytest.raises(Failure):
        TextSender().send(message)

    assert [path for path in astray.asked if path == "/elsewhere"] == []
    assert len(astray.asked) == 1


def test_a_signed_answer_counts_for_this_address_only(client, db, settings):
    settings.TEXTS = "twilio"

    for signature in ("", "\xff", "x" * 10_000, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="):
        form = {"From": "+12125550123", "Body": "STOP"}
        assert client.post("/texts/", form, headers={"X-Twilio-Signature": signature}).status_code == 403
    assert not TextOptOut.objects.exists()


# Where to tell us.


def test_whoever_finds_a_hole_reads_where_to_report_it(client, settings):
    settings.SECURITY_CONTACT = "mailto:security@clinic.example"

    told = client.get("/.well-known/security.txt")

    lines = dict(line.split(": ", 1) for line in told.text.splitlines())
    assert told["Content-Type"] == "text/plain; charset=utf-8"
    assert lines["Contact"] == "mailto:security@clinic.example"
    assert lines["Canonical"].endswith("/.well-known/security.txt")
    expires = datetime.datetime.fromisoformat(lines["Expires"])
    assert datetime.timedelta(days=30) < expires - timezone.now() < datetime.timedelta(days=365)


def test_without_an_address_there_is_nothing_to_read(client):
    assert client.get("/.well-known/security.txt").status_code == 404

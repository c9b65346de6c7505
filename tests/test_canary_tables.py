"""Words that are nowhere else go into every field, and are then looked for in everything that was kept or sent.

Each may be found only where the table below says that it is meant to be. Logs are swept by test_canary.py.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from appointments.calendar.slots import free_slots
from appointments.delivery.outbox import Worker
from appointments.lifecycle.offered_times import link_of
from appointments.models import AppointmentRequest
from tests.mail import mail_server
from tests.test_canary import Canaries
from tests.walk import CALL, CHECK, HELPER, VISIT_ANSWERS, WHO, answer_check

pytestmark = pytest.mark.both

VAR = Path(__file__).parents[1] / "var"
REQUEST, EVENT, CALLS = "appointments_appointmentrequest", "appointments_event", "appointments_contactattempt"
# What was changed stands in the history as it was before, so that it can be taken back.
BEFORE = f"{EVENT}.before"
IN_NOTES = {f"{EVENT}.note"}
# Who added it, who failed to sign in with it, and how often.
ACCOUNT = {"auth_user.username", "appointments_auditentry.username", "django_admin_log.object_repr"}
ACCOUNT |= {"axes_accessattempt.username", "appointments_namelesscount.username"}

# Where what is typed into a field is kept, and nowhere else. What is not named here is kept nowhere. The
# name, e-mail, phone and language of the patient are corrected by staff later.
MEANT_TO_HOLD = {
    "name": {BEFORE},
    "email": {BEFORE},
    "phone note": {BEFORE},
    "filled_in_by": {f"{REQUEST}.filled_in_by", f"{REQUEST}.search_text"},
    "relationship": {f"{REQUEST}.relationship"},
    "other_language": {BEFORE},
    "corrected name": {f"{REQUEST}.name", f"{REQUEST}.search_text"},
    "corrected former name": {f"{REQUEST}.former_names", f"{REQUEST}.search_text"},
    "corrected email": {f"{REQUEST}.email", f"{REQUEST}.search_text"},
    "corrected language": {f"{REQUEST}.other_language"},
    "note on a call": IN_NOTES | {f"{CALLS}.note"},
    "note": IN_NOTES,
    "purpose": {"appointments_exportlog.purpose"},
    "holiday": {"appointments_holiday.name", "django_admin_log.object_repr"},
    "account": ACCOUNT,
}


class Browser(Client):
    """Remembers all that was asked and answered, but what stands on the pages."""

    seen: list[str]

    def request(self, **request):
        answer = super().request(**request)
        self.seen.append(f"{answer.headers} {answer.cookies.output()}")
        return answer


def tables() -> Iterator[tuple[str, str]]:
    """Each column there is, and all that stands in it."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                yield from ((f"{table}.{name}", str(value)) for name, value in zip(columns, row, strict=True))


@pytest.fixture
def words() -> dict[str, str]:
    """The words that were sent so far, by the field."""
    return {}


@pytest.fixture
def word(words):
    canaries = Canaries()

    def new(label: str) -> str:
        return words.setdefault(label, canaries.new())

    return new


def ask_for_a_visit(browser: Client, word) -> AppointmentRequest:
    answer_check(browser, blood_thinner="yes", filled_in_by="Bo")
    browser.post("/visit/questions/", VISIT_ANSWERS | {word("a field of no form"): "1"})
    browser.post("/visit/questions/", VISIT_ANSWERS)
    someone = {
        **HELPER,
        "filled_in_by": word("filled_in_by"),
        "relationship": word("relationship"),
        "may_talk": "patient_agrees",
    }
    browser.post("/visit/who/", {**WHO, "name": word("refused name"), "phone": word("refused phone")})
    email = f"{word('email')}@example.com".lower()
    phone = f"(212) 555-0123 {word('phone note')}"
    browser.post("/visit/who/", {**WHO, **someone, "name": word("name"), "email": email, "phone": phone})
    other = {"language": "other", "other_language": word("other_language")}
    assert browser.post("/visit/call/", CALL | other)["Location"] == "/visit/check/"
    assert browser.post("/visit/check/", CHECK | {"texts_ok": "on"})["Location"] == "/visit/sent/"
    return AppointmentRequest.objects.latest("pk")


def work_on(found: AppointmentRequest, staff: Client, word) -> None:
    """Every verb, each once refused and once done."""

    def press(verb: str, done=302, **fields):
        url = f"/admin/appointments/appointmentrequest/{found.pk}/do/{verb}/"
        refused = {name: word("refused note") if name == "note" else value for name, value in fields.items()}
        assert staff.post(url, {**refused, "version": 999}).status_code == 409
        found.refresh_from_db()
        answer = staff.post(url, {**fields, "version": found.version})
        assert answer.status_code == done, (verb, answer.status_code)
        found.refresh_from_db()

    times = [f"{t.clinician.pk} {t.place.pk} {t.starts_at:%Y-%m-%dT%H:%M}Z" for t in free_slots(most=4)]
    corrected = {"name": word("corrected name"), "email": f"{word('corrected email')}@example.com".lower()}
    corrected |= {"former_names": word("corrected former name")}
    corrected |= {"language": "other", "other_language": word("corrected language"), "phone": "212 555 0142"}
    corrected |= {
        "date_of_birth": "1947-03-14",
        "time_zone": "America/New_York",
        "call_times": ["evening"],
        "texts_ok": "on",
    }
    press("claim")
    press("log-call", outcome="reached", note=word("note on a call"))
    press("undo")
    press("ask-nurse", note=word("note"))
    nurse = {"visit_request": found.pk, "version": found.version, "answer": "fine", "note": word("note")}
    assert staff.post("/admin/nurse/", nurse).status_code == 302
    press("correct", **corrected, note=word("note"))
    press("skip", reason="other", note=word("note"))
    press("claim")
    press("offer", times=times[:2], note=word("note"))
    press("claim")
    press("book", time=times[0], note=word("note"))
    press("reschedule", time=times[2], reason="clinic", note=word("note"))
    press("cancel", reason="patient", note=word("note"))
    press("claim")
    press("release", note=word("note"))
    press("claim")
    press("close", reason="declined", note=word("note"))
    press("reopen", note=word("note"))
    press("hold", note=word("note"))
    press("lift-hold", note=word("note"))
    press("erase", done=422, reference=word("a reference to erase"))
    press("claim")
    over = {"shown": f"{found.pk}-{found.version}", "chosen": found.pk, "release": "", "note": word("note")}
    assert staff.post("/admin/hand-over/", over).status_code == 302


def look_and_search(found: AppointmentRequest, browser: Client, staff: Client, word) -> None:
    """The other fields there are, in pages of patients and of staff, right and wrong."""
    birthday = {name: value for name, value in WHO.items() if name.startswith("date_of_birth")}
    browser.post("/status/", {"reference": word("reference"), **birthday})
    browser.post("/status/", {"reference": found.reference, **birthday})
    browser.post("/status/yours/phone/", {"phone": word("phone"), "version": found.version})
    browser.post("/status/yours/phone/", {"phone": "212 555 0177", "version": found.version})
    browser.get(link_of(found))
    browser.post("/language/", {"language": word("language"), "next": f"//{word('next')}.example"})
    staff.post("/admin/appointments/appointmentrequest/", {"q": word("search")})
    staff.post("/admin/appointments/appointmentrequest/", {"q": found.name})
    export = staff.post("/admin/export/?state=all", {"purpose": word("purpose")})
    assert found.name in export.getvalue().decode()
    staff.post("/admin/export/?state=all", {"purpose": word("refused purpose") * 30})
    staff.post("/admin/audit/", {"reference": word("reference in the audit")})
    staff.post("/admin/messages/", {"message": word("message")})
    holidays = "/admin/appointments/holiday/"
    staff.post(f"{holidays}add/", {"date": "2099-12-25", "name": word("holiday")})
    account = {"username": word("account"), "usable_password": "true", "password1": word("new password")}
    staff.post("/admin/auth/user/add/", account | {"password2": account["password1"] + "x"})
    staff.post("/admin/auth/user/add/", account | {"password2": account["password1"] + " is long enough"})
    long = account["password1"] + " quiet herons at dusk"
    assert staff.post("/admin/auth/user/add/", account | {"password1": long, "password2": long}).status_code == 302
    for _ in range(6):
        Client().post("/admin/login/", {"username": word("failed name"), "password": word("failed password")})
        Client().post("/admin/login/", {"username": account["username"], "password": word("another failed password")})
    staff.post("/admin/second-factor/set-up/", {"code": word("code")})
    for page in ("", "appointments/appointmentrequest/", "hand-over/", "nurse/", "day-sheet/", "messages/", "audit/"):
        assert staff.get(f"/admin/{page}").status_code == 200


def send_all_messages() -> None:
    worker = Worker()
    while worker.send_some():
        pass
    worker.close()


@pytest.mark.sweep
@pytest.mark.django_db
def test_each_word_is_found_only_where_it_is_meant_to_be(
    words, word, settings, consulting_hours, scheduler, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Browser, "seen", [], raising=False)
    settings.STAFF_EMAILS = ["staff@example.com"]
    started = timezone.now().timestamp()
    browser, staff = Browser(), Browser()
    staff.force_login(scheduler)

    with mail_server(settings) as mailbox:
        found = ask_for_a_visit(browser, word)
        # As if it had taken a person's time.
        AppointmentRequest.objects.update(doubts="")
        work_on(found, staff, word)
        send_all_messages()
        look_and_search(found, browser, staff, word)
        send_all_messages()

    everywhere: dict[str, set[str]] = {label: set() for label in words}
    for column, text in tables():
        for label in words_in(text, words):
            everywhere[label].add(column)
    meant = {label: MEANT_TO_HOLD.get(label, set()) for label in words}
    assert {
        label: sorted(places - meant[label]) for label, places in everywhere.items() if places - meant[label]
    } == {}
    # The table names no place and no word in vain.
    assert {
        label: sorted(places - everywhere[label]) for label, places in meant.items() if places - everywhere[label]
    } == {}
    assert MEANT_TO_HOLD.keys() <= words.keys()

    assert mailbox.messages
    addresses = {"email", "corrected email"}
    for message in mailbox.messages:
        headers = {name: value for name, value in message.items() if name != "To"}
        parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        assert words_in(f"{headers} {parts}", words) == []
        assert set(words_in(message["To"], words)) <= addresses
    sessions = [session.get_decoded() for session in Session.objects.all()]
    assert sessions
    assert words_in(str(sessions), words) == []
    assert words_in(" ".join(Browser.seen), words) == []
    files = [*tmp_path.rglob("*"), *(VAR.rglob("*") if VAR.exists() else ())]
    new = [file for file in files if file.is_file() and file.stat().st_mtime >= started]
    assert words_in(" ".join(file.read_bytes().decode(errors="replace") for file in new), words) == []
    assert get_user_model().objects.filter(username=words["account"]).exists()


def words_in(text: str, words: dict[str, str]) -> list[str]:
    return [label for label, word in words.items() if word.lower() in text.lower()]

"""Whatever is sent to any form or address, by patients or staff: no fault of ours, and what is refused is not stored.

The first tests say what is refused for certain; the others send what is generated. test_fuzz_wire.py does the same
with bytes.
"""

import datetime
import logging
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import quote, urlencode

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from appointments.calendar.slots import free_slots
from appointments.fields import PersonNameField
from appointments.fields.names import MOST_MARKS_ON_A_LETTER
from appointments.fields.text import JOINERS
from appointments.lifecycle.definition import BOOK, CLAIM, CLOSE, LIFECYCLE, OFFER
from appointments.lifecycle.offered_times import link_of
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, OpeningHours, PossibleDuplicate
from appointments.portal.views import COOKIE as STATUS
from appointments.portal.views import opening_of
from screening.pathways.vertebral_cement import PATHWAY
from tests import walk
from tests.fuzzing import NASTY, fuzzed, names, spoilt, texts
from tests.staff import signed_in

pytestmark = [pytest.mark.generated, pytest.mark.usefixtures("every_time_zone")]

VERBS = [verb for verb in LIFECYCLE.verbs if verb.has_button]

FORM = "application/x-www-form-urlencoded"
# What is written down of a refusal, or counted, or keeps somebody signed in, is no part of what they sent.
NOT_LOOKED_AT = {"AuditEntry", "AuditHead", "RateBucket", "Session", "AccountSession", "TOTPDevice", "LogEntry"}
NOT_LOOKED_AT |= {"AccessAttempt", "AccessAttemptExpiration", "NamelessCount", "Permission", "ContentType"}
LOOKED_AT = [model for model in apps.get_models() if model.__name__ not in NOT_LOOKED_AT]


@dataclass
class Target:
    """A form: where it is sent, what a browser would send, and who sends it."""

    url: str
    fields: dict
    client: Client
    # Ours refuse what they do not ask for; Django's own, of tables, take the last of two values.
    is_strict: bool = True
    several: set[str] = field(default_factory=set)

    def __repr__(self):
        return f"{self.url} {self.fields}"


def what_there_is() -> list:
    return [list(model.objects.order_by("pk").values()) for model in LOOKED_AT]


@contextmanager
def nothing_lasts(client: Client):
    """Neither in the database nor in the browser."""
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    client.cookies = SimpleCookie(cookies)


def send(target: Target, pairs: list[tuple[str, str]], before: list, caplog):
    """The status; and see that it is no fault of ours, and that of what is refused all is as it was before."""
    caplog.clear()
    with nothing_lasts(target.client):
        response = target.client.post(target.url, urlencode(pairs), content_type=FORM)
        if response.streaming:
            response.getvalue()
        assert response.status_code < 400 or what_there_is() == before
    assert response.status_code < 500
    assert not [line for line in caplog.records if line.exc_info or line.levelno >= logging.ERROR]
    return response.status_code


def as_pairs(fields: dict) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in fields.items()
        for value in (values if isinstance(values, list) else [values])
    ]


@pytest.fixture
def patients_forms(a_request, consulting_hours, scheduler) -> list[Target]:
    """Every form of the public pages, each as far as its visitor must have come."""
    found = a_request()
    perform(CLAIM, found, by=scheduler)
    perform(OFFER, found, by=scheduler, times=free_slots(most=2))
    visitor, chooser, owner = Client(), Client(), Client()
    owner.cookies[STATUS] = opening_of(found)
    walk.answer_check(visitor, **walk.EVERYTHING, filled_in_by="Bo")
    visitor.post("/visit/questions/", walk.VISIT_ANSWERS)
    visitor.post("/visit/who/", walk.WHO | walk.HELPER)
    visitor.post("/visit/call/", walk.CALL)
    version = {"version": found.version}
    forms = [
        Target(f"/check/{page.key}/", {q.key: walk.EVERYTHING[q.key] for q in page.questions}, visitor)
        for page in PATHWAY.pages
    ]
    for target in forms:
        # They say themselves what one answer too many is.
        target.several = set(target.fields)
    birthday = {name: walk.WHO[name] for name in walk.WHO if name.startswith("date_of_birth")}
    return [
        *forms,
        Target("/visit/questions/", walk.VISIT_ANSWERS, visitor, several={*walk.VISIT_ANSWERS}),
        Target("/visit/who/", walk.WHO | walk.HELPER, visitor),
        Target(
            "/visit/call/",
            walk.CALL | {"other_language": "Quechua"},
            visitor,
            several={"call_times"},
        ),
        Target("/visit/check/", walk.CHECK | {"texts_ok": "on"}, visitor),
        Target("/status/", {"reference": found.reference, **birthday}, Client()),
        Target("/status/reference/", {"phone": "212 555 0199", **birthday}, Client()),
        Target("/status/yours/phone/", {"phone": "212 555 0199", **version}, owner),
        Target("/status/yours/times/", {"call_times": ["evening"], **version}, owner, several={"call_times"}),
        Target("/status/yours/withdraw/", version, owner),
        Target("/status/yours/choose/", {"time": "none", "wish": "Mornings"}, owner),
        Target(link_of(found), {"time": found.offered_times.first().pk, "wish": "", **birthday}, chooser),
        Target("/language/", {"language": "es", "next": "/check/"}, Client(), is_strict=False),
        Target("/check/", {"for_someone_else": ""}, Client(), is_strict=False),
        Target("/check/start-again/", {}, visitor, is_strict=False),
        Target("/status/leave/", {}, owner, is_strict=False),
    ]


@pytest.fixture
def requests(a_request, scheduler, clinician, place, next_week) -> dict[str, AppointmentRequest]:
    """One in each state, the held and the booked one of the scheduler who sends the forms."""
    found = {state: a_request(name=f"Ana {state}", blood_thinner="yes") for state in ("waiting", "claimed", "booked")}
    found["closed"] = a_request(name="Ana closed")
    found["doubtful"] = a_request(name="Ana doubtful", doubts="many requests from one address")
    for state in ("claimed", "booked", "closed"):
        perform(CLAIM, found[state], by=scheduler)
    AppointmentRequest.objects.filter(pk=found["claimed"].pk).update(nurse_check="fine")
    perform(BOOK, found["booked"], by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    perform(CLOSE, found["closed"], by=scheduler, reason="declined")
    return found


@pytest.fixture
def staffs_forms(requests, scheduler, colleague, clinician, place, consulting_hours, next_week) -> list[Target]:
    """Every form of the staff's pages."""
    client = signed_in(scheduler)
    scheduler.set_password("four quiet herons at dusk")
    later = {"starts_at": f"{timezone.localtime(next_week) + datetime.timedelta(hours=3):%Y-%m-%dT%H:%M}"}
    visit = later | {"clinician": clinician.pk, "place": place.pk, "note": "With a cane"}
    noon = timezone.localtime(next_week).replace(hour=12)
    times = [f"{free.clinician.pk} {free.place.pk} {free.starts_at:%Y-%m-%dT%H:%M}Z" for free in free_slots(most=2)]
    contact = {"name": "Ana Muestra", "phone": "212 555 0101", "language": "es", "time_zone": "America/Denver"}
    contact["date_of_birth"] = "1947-03-14"
    outcome = {"outcome": "call_back", "channel": "phone", "next_call_at": f"{noon:%Y-%m-%dT%H:%M}"}
    sent_with = {
        "vouch": ("doubtful", {}),
        "dismiss": ("doubtful", {}),
        "claim": ("waiting", {}),
        "log-call": ("claimed", outcome | {"note": "Later"}),
        "book": ("claimed", visit),
        "offer": ("claimed", {"times": times, "note": ""}),
        "book-anyway": ("claimed", visit),
        "log-nurses-call": ("claimed", {"outcome": "no_answer", "note": "Later", "next_call_at": ""}),
        "reschedule": ("booked", visit | {"reason": "clinic"}),
        "reschedule-anyway": ("booked", visit | {"reason": "clinic"}),
        "did-not-come": ("booked", {"note": ""}),
        "note": ("waiting", {"note": "Likes to be called Annie"}),
        "records": ("waiting", {"records": "received", "records_dated": "2026-03-14", "note": ""}),
        "write-again": ("waiting", {}),
        "letter": ("waiting", {"note": ""}),
        "cancel": ("booked", {"reason": "patient", "note": ""}),
        "ask-nurse": ("claimed", {"note": "May she?"}),
        "skip": ("claimed", {"reason": "busy", "note": ""}),
        "close": ("claimed", {"reason": "declined", "note": ""}),
        "correct": ("claimed", contact | {"call_times": ["morning"], "email": "ana@example.com"}),
        "release": ("claimed", {"note": ""}),
        "reopen": ("closed", {"note": ""}),
        "undo": ("claimed", {}),
        "open-online": ("waiting", {}),
        "hold": ("waiting", {"note": "A letter from court"}),
        "lift-hold": ("waiting", {"note": "It is over"}),
        "erase": ("waiting", {"reference": requests["waiting"].reference}),
    }
    doubted = [f"{requests['doubtful'].pk}-{requests['doubtful'].version}"]
    assert sent_with.keys() == {verb.key for verb in VERBS}
    verbs = [
        Target(
            f"/admin/appointments/appointmentrequest/{requests[state].pk}/do/{verb}/",
            {**fields, "version": requests[state].version},
            client,
            several={"times", "call_times"},
        )
        for verb, (state, fields) in sent_with.items()
    ]
    waiting, claimed = requests["waiting"], requests["claimed"]
    shown = [f"{one.pk}-{one.version}" for one in (waiting, claimed)]
    over = {"to": colleague.pk, "note": "Please", "shown": shown, "chosen": [claimed.pk], "chosen_only": ""}
    answer = {"visit_request": waiting.pk, "version": waiting.version, "answer": "fine", "note": ""}
    pair = PossibleDuplicate.objects.first()
    tables = "/admin/appointments"
    password = {"old_password": "x", "new_password1": "four quiet herons", "new_password2": "four quiet herons"}
    hours = {"clinician": clinician.pk, "place": place.pk, "weekday": "0", "starts": "09:00", "ends": "10:00"}
    djangos = {
        f"{tables}/clinician/add/": {"name": "Dr. Sample", "is_active": "on"},
        f"{tables}/clinician/{clinician.pk}/change/": {"name": "Dr. Other", "is_active": "on"},
        f"{tables}/clinician/{clinician.pk}/delete/": {"post": "yes"},
        f"{tables}/place/add/": {"name": "Third clinic", "address": "1 Sample Street"},
        f"{tables}/holiday/add/": {"date": "2099-12-25", "name": "Christmas"},
        f"{tables}/openinghours/{OpeningHours.objects.first().pk}/change/": {
            "weekday": 0,
            "opens": "08:00",
            "closes": "17:00",
        },
        f"{tables}/consultinghours/add/": hours,
        f"{tables}/knownnetwork/add/": {"label": "Kiosk", "network": "192.0.2.0/24"},
        f"{tables}/caller/add/": {"user": colleague.pk, "languages": "es"},
        f"{tables}/clinician/": {"action": "delete_selected", "_selected_action": clinician.pk, "index": "0"},
        "/admin/auth/user/": {"action": "reset_second_factor", "_selected_action": colleague.pk, "index": "0"},
        "/admin/auth/user/add/": {"username": "new", "usable_password": "true", "password1": "x", "password2": "x"},
        f"/admin/auth/user/{colleague.pk}/change/": {"username": "colleague", "is_staff": "on", "groups": "1"},
        f"/admin/auth/user/{colleague.pk}/password/": {"password1": "four quiet", "password2": "four quiet"},
        "/admin/auth/group/add/": {"name": "Volunteers", "permissions": "1"},
        "/admin/password_change/": password,
        "/admin/login/": {"username": "nobody", "password": "nothing", "next": "/admin/"},
        "/admin/second-factor/set-up/": {"code": "123456", "next": "/admin/"},
        "/admin/second-factor/": {"code": "123456", "next": "/admin/"},
        "/admin/second-factor/recovery-code/": {"code": "ABCD-EFGH-IJKL-MNOP"},
        "/admin/second-factor/confirm/": {"code": "123456", "next": "/admin/"},
        "/admin/second-factor/new-recovery-codes/": {},
        "/admin/unsent/": {},
        "/admin/next-call/": {},
        "/admin/appointments/appointmentrequest/": {"q": "Ana"},
    }
    return [
        *verbs,
        Target("/admin/hand-over/", over, client, several={"shown", "chosen"}),
        Target(
            f"/admin/assign/?to={colleague.pk}&which=waiting&priority=&language=&most=5",
            over,
            client,
            several={"shown", "chosen"},
        ),
        Target("/admin/nurse/", answer, client),
        Target("/admin/doubts/", {"said": "vouch", "chosen": doubted}, client, several={"chosen"}),
        Target(f"/admin/duplicates/{pair.pk}/", {"decision": "same", "seen": ""}, client),
        Target("/admin/export/?state=all", {"purpose": "The yearly report"}, client),
        Target("/admin/messages/", {"message": "00000000-0000-4000-8000-000000000000"}, client),
        Target("/admin/audit/", {"reference": waiting.reference}, client),
        *(Target(url, fields, client, is_strict=False) for url, fields in djangos.items()),
    ]


# Each form is right as it is sent here, and refused with one thing more.


def test_what_is_sent_twice_or_not_asked_for_is_refused_and_nothing_is_stored(patients_forms, staffs_forms, caplog):
    taken = {"/admin/messages/": 302}
    not_possible = {"undo", "lift-hold", "did-not-come", "open-online"}
    before = what_there_is()
    for target in filter(lambda one: one.is_strict, (*patients_forms, *staffs_forms)):
        right = as_pairs(target.fields)
        verb = target.url.rstrip("/").rsplit("/", 1)[-1]
        assert (send(target, right, before, caplog) < 400) or verb in not_possible, target
        refused = 302 if target.url in taken else 400
        assert send(target, [*right, ("is_staff", "1")], before, caplog) >= refused, target
        # All forms refuse by one rule, so that one field of each does.
        for name in sorted(target.fields.keys() - target.several)[:1]:
            assert send(target, [*right, (name, dict(right)[name])], before, caplog) >= refused, (target, name)


# Names.


def said(text: str) -> str | None:
    """What is kept of a name, or None if it is refused."""
    try:
        return PersonNameField(label="Name", required=False, error_messages={"invalid": "No name."}).clean(text)
    except ValidationError:
        return None


@pytest.mark.parametrize("name", ["علی\u200cرضا", "ක්\u200dෂේම", "Nguyễn Thị Ánh", "O’Brien-Łoś", "נָתָן", "Ng", "李"])
def test_names_are_kept_as_their_script_writes_them(name):
    assert said(name) == unicodedata.normalize("NFC", name)


def test_a_joiner_stays_only_where_a_script_needs_it():
    assert said("A\u200dna\u200c \u200dEx\u200d\u200cample") == "Ana Example"
    assert said("علی\u200c\u200c\u200dرضا") == "علی\u200cرضا"
    # The two marks change their places, so that the joiner stands behind the one that needs none.
    assert said("Q\u0300\u0dca\u200cna") == "Q\u0dca\u0300na"


@pytest.mark.parametrize(
    "name",
    [
        "A\u0000na",
        "Ana\u0007",
        "A" + "\u0301" * 100,
        "\u0301",
        "123",
        "Ana\ue000",
    ],
)
def test_what_no_name_holds_is_refused(name):
    assert said(name) is None


@fuzzed(0.2)
@given(st.text(max_size=30) | st.sampled_from(NASTY) | st.text("A\u0301\u200d\u200c\u202eقک්\u0dca \0-’", max_size=30))
def test_no_name_that_is_kept_shows_otherwise_than_it_is(text):
    name = said(text) or ""

    assert name == unicodedata.normalize("NFC", name)
    assert {unicodedata.category(one) for one in name if one not in JOINERS} & {"Cc", "Cf", "Co", "Cs", "Cn"} == set()
    kinds = "".join(unicodedata.category(one)[0] for one in name if one not in JOINERS)
    assert "M" * (MOST_MARKS_ON_A_LETTER + 1) not in kinds
    assert said(name) == name


# What was a fault of ours once.


@pytest.mark.parametrize("field", ["name", "other_language"])
def test_staff_who_correct_a_name_into_none_are_told_so(requests, scheduler, field):
    url = f"/admin/appointments/appointmentrequest/{requests['claimed'].pk}/do/correct/"

    page = signed_in(scheduler).post(url, {field: "12", "version": requests["claimed"].version})

    assert page.status_code == 422
    assert "Enter a name in letters." in page.text


@pytest.mark.parametrize("chosen", ["", "x", "9" * 30])
def test_rows_chosen_by_what_is_no_key_are_left_alone_and_staff_are_told(db, clinician, admin_client, chosen):
    fields = {"action": "delete_selected", "_selected_action": chosen, "index": "0"}

    page = admin_client.post("/admin/appointments/clinician/", fields, follow=True)

    assert (page.status_code, "Nothing was done. Choose rows of this list." in page.text) == (200, True)
    assert type(clinician).objects.exists()


def test_an_address_that_is_too_long_to_be_ours_is_refused_and_nobody_is_led_to_the_sign_in_with_it(client):
    page = client.get("/admin/appointments/clinician/", QUERY_STRING='"' * 1_000)

    assert (page.status_code, "This address is too long." in page.text) == (414, True)


@pytest.mark.parametrize("wanted", ["nowhere", "admin:logout", "x.example", "//x.example/"])
def test_whatever_was_wanted_before_the_code_people_are_led_to_an_address_of_ours(db, scheduler, wanted):
    answer = signed_in(scheduler).post("/admin/second-factor/", {"code": "123456", "next": wanted})

    assert answer["Location"] == "/admin/"


# Whatever is sent.


def test_whatever_is_sent_to_the_forms_of_patients_is_no_fault_of_ours(patients_forms, caplog):
    before = what_there_is()

    @fuzzed(0.1)
    @given(st.data())
    def whatever(data):
        target = data.draw(st.sampled_from(patients_forms))
        send(target, data.draw(spoilt(target.fields)), before, caplog)

    whatever()


def test_whatever_is_sent_to_the_forms_of_staff_is_no_fault_of_ours(staffs_forms, caplog):
    before = what_there_is()

    @fuzzed(0.16)
    @given(st.data())
    def whatever(data):
        target = data.draw(st.sampled_from(staffs_forms))
        send(target, data.draw(spoilt(target.fields)), before, caplog)

    whatever()


LISTS = ["clinician", "place", "openinghours", "holiday", "consultinghours", "caller", "knownnetwork"]
LISTS += ["appointmentrequest"]
LISTS = [*(f"appointments/{table}" for table in LISTS), "auth/user", "auth/group"]
PAGES = [
    "",
    "hand-over",
    "assign",
    "nurse",
    "doubts",
    "duplicates",
    "report",
    "export",
    "messages",
    "day-sheet",
    "free-times",
    "audit",
    "sessions",
]
LOOKUPS = ["o", "p", "q", "all", "e", "ot", "_popup", "_to_field", "_changelist_filters", "next", "app_label", "term"]
LOOKUPS += [
    "whose",
    "to",
    "which",
    "priority",
    "language",
    "most",
    "weeks",
    "state",
    "since",
    "until",
    "date",
    "after",
]
LOOKUPS += ["queue", "page", "who", "action", "day", "record", "before", "model_name", "field_name", "theme"]
COLUMNS = [
    "name",
    "id",
    "user",
    "is_staff",
    "is_active",
    "groups",
    "password",
    "username",
    "clinician",
    "date",
    "weekday",
]
ENDINGS = [
    "",
    "exact",
    "isnull",
    "regex",
    "in",
    "range",
    "startswith",
    "gt",
    "year",
    "id__exact",
    "pk__in",
    "name__regex",
]
lookups = st.sampled_from(LOOKUPS) | names
lookups |= st.builds("{}__{}".format, st.sampled_from(COLUMNS), st.sampled_from(ENDINGS))
BEHIND = ["change/", "delete/", "history/", "", "password/", "do/claim/", "do/nothing/"]


def test_whatever_stands_in_the_address_of_a_staff_page_is_no_fault_of_ours(staffs_forms, scheduler, caplog):
    client = signed_in(scheduler)
    before = what_there_is()

    @fuzzed(0.14)
    @given(st.data())
    def whatever(data):
        page = data.draw(st.sampled_from([*LISTS, *PAGES, "autocomplete", "jsi18n", "login", "unsent"]))
        path = f"/admin/{page}/" if page else "/admin/"
        if data.draw(st.booleans()):
            part = quote(data.draw(texts)[:200], safe="")
            kinds = [f"{table}/{part}/{end}" for table in LISTS for end in BEHIND]
            kinds += [
                f"{page}/{part}/" for page in ("duplicates", "letter", "r/1", f"r/{part}", "appointments", "nowhere")
            ]
            kinds += [f"sessions/{part}/end/", part]
            path = f"/admin/{data.draw(st.sampled_from(kinds))}"
        asked = urlencode(data.draw(st.lists(st.tuples(lookups, texts.map(lambda text: text[:100])), max_size=4)))
        method = data.draw(st.sampled_from(["GET", "GET", "GET", "HEAD", "POST"]))
        caplog.clear()
        with nothing_lasts(client):
            response = client.generic(method, f"{path}?{asked}")
            assert method == "POST" or what_there_is() == before
        assert response.status_code < 500
        assert not [line for line in caplog.records if line.exc_info or line.levelno >= logging.ERROR]

    whatever()

"""Who did and saw what is written down, without the data itself, before any of it leaves; nothing leaves without."""

import base64
import uuid
import zlib
from itertools import combinations

import pytest
from django.contrib import admin
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, include, path, reverse
from django.utils import timezone

import audit
from appointments.lifecycle.decisions import decide
from appointments.lifecycle.definition import BOOK, CLAIM, RELEASE
from appointments.lifecycle.effects import erasure
from appointments.lifecycle.transition import Refused, perform
from appointments.models import AppointmentRequest, Clinician, ExportLog, Message, Place, PossibleDuplicate
from appointments.operations import retention
from audit import chain
from audit.models import AuditEntry, AuditHead
from audit.numbers import MOST_IN_WORDS, Numbers, about
from tests.copies import many_like
from tests.minutes import luck
from tests.reading import ANAS_BIRTHDAY, ANAS_PHONE, words_found
from tests.staff import member_of, signed_in
from tests.statements import statements_without_audit

pytestmark = pytest.mark.both

QUEUE = "/admin/appointments/appointmentrequest/"
CANARY = "Zyxcanary"


class Since:
    """The entries that were written after it was made."""

    def __init__(self):
        self.seq = chain.head().seq

    def __iter__(self):
        return iter(AuditEntry.objects.filter(seq__gt=self.seq).order_by("seq"))

    @property
    def only(self) -> AuditEntry:
        [entry] = self
        return entry


def numbers(entry: AuditEntry) -> set[int]:
    return set(map(int, entry.numbers.split()))


def sheet(request: AppointmentRequest) -> str:
    return f"{QUEUE}{request.pk}/change/"


@pytest.fixture
def pair(a_request) -> PossibleDuplicate:
    a_request(blood_thinner="yes")
    a_request(blood_thinner="yes")
    return PossibleDuplicate.objects.get()


# Every page.


def all_pages(pair: PossibleDuplicate, user) -> dict[str, str]:
    """The name and an address of everything below /admin/, as Django resolves it."""
    clinician, place = Clinician.objects.create(name="Dr. Example"), Place.objects.create(name="Main clinic")
    rows = {AppointmentRequest: pair.later, get_user_model(): user, Clinician: clinician, Place: place}
    arguments = {"key": "claim", "app_label": "appointments", "url": "nothing/here"}
    content_type = ContentType.objects.get_for_model(Clinician).pk
    found = {}

    def visit(patterns, base, row):
        for one in patterns:
            if isinstance(one, URLResolver):
                model = next((m for m in admin.site._registry if f"{m._meta.model_name}/" in str(one.pattern)), None)
                visit(one.url_patterns, base + str(one.pattern), rows.get(model))
                continue
            known = arguments | {"pk": pair.pk if one.name == "duplicate" else pair.later_id}
            known |= {
                "object_id": row.pk if row else "1",
                "id": row.pk if row else 1,
                "content_type_id": content_type,
            }
            if one.name == "end_session":
                known["pk"] = uuid.uuid4()
            wanted = one.pattern.converters or getattr(one.pattern.regex, "groupindex", {})
            route = {name: known[name] for name in wanted}
            name = one.name or f"{base}{one.pattern}"
            found[name] = reverse(f"admin:{one.name}", kwargs=route) if one.name else f"/admin/{base}nothing/here/"

    visit(admin.site.get_urls(), "", None)
    return found


@pytest.mark.either
@pytest.mark.sweep
def test_every_staff_page_and_method_writes_one_entry_and_who_is_not_let_in_leaves_one_too(pair, scheduler):
    pages = all_pages(pair, scheduler)
    nobody = get_user_model().objects.create_user("new here", is_staff=True)
    visitors = {"staff": scheduler, "new": nobody, "outside": None}
    asked = [("staff", "GET"), ("staff", "POST"), ("new", "GET"), ("outside", "POST")]
    wrong, clients = {}, {}
    assert len(pages) > 60
    for name, address in pages.items():
        # Some pages sign out.
        for who, user in visitors.items():
            if who not in clients or (user and SESSION_KEY not in clients[who].session):
                clients[who] = signed_in(user) if user else Client()
        for who, method in asked:
            user, since = visitors[who], Since()
            answer = clients[who].generic(method, address)
            # Of who is not let in, nobody knows who it was.
            audit.seal_the_nameless()
            entries = list(since)
            if entries and {entry.action for entry in entries} == {"sign-out"}:
                continue
            told = [(entry.username, entry.action != "unknown") for entry in entries]
            is_refused = answer.status_code >= 400 or "login" in answer.get("Location", "")
            outcomes = {"refused"} if is_refused else {"ok", "refused"}
            if told != [(user.get_username() if user else "", True)] or entries[0].outcome not in outcomes:
                wrong[name, method, who] = (answer.status_code, told, [entry.outcome for entry in entries])
    assert wrong == {}


SHOWS = {
    "/admin/": "list",
    QUEUE: "list",
    "/admin/nurse/": "list",
    "/admin/duplicates/": "list",
    "/admin/day-sheet/": "print",
    "/admin/free-times/": "view",
    "/admin/hand-over/": "list",
    "/admin/report/": "view",
    "/admin/how-requests-move/": "view",
    "/admin/export/": "view",
    "/admin/audit/": "list",
    "/admin/messages/": "list",
    "/admin/auth/user/": "view",
}
SHOW_NOBODY = {
    "/admin/free-times/",
    "/admin/report/",
    "/admin/how-requests-move/",
    "/admin/export/",
    "/admin/audit/",
}
SHOW_NOBODY |= {"/admin/auth/user/"}


@pytest.mark.parametrize("address", SHOWS)
def test_an_entry_says_which_requests_stood_on_the_page(pair, scheduler, address):
    for request in (pair.earlier, pair.later):
        perform(CLAIM, request, by=scheduler)
    failed = {"state": Message.State.FAILED, "done_at": timezone.now()}
    Message.objects.create(request=pair.later, kind="received", channel="email", **failed)
    client = signed_in(scheduler)
    since = Since()

    page = client.get(address)

    entry = since.only
    shown = {one.pk for one in (pair.earlier, pair.later) if str(one) in page.text or sheet(one) in page.text}
    assert (entry.action, entry.outcome, entry.status, entry.user_id) == (SHOWS[address], "ok", 200, scheduler.pk)
    assert numbers(entry) == shown
    assert entry.count == len(shown)
    assert bool(shown) == (address not in SHOW_NOBODY)


@pytest.mark.parametrize(
    ("page", "action"),
    [("appointments_appointmentrequest_change", "view"), ("letter", "print"), ("duplicate", "view")],
)
def test_a_sheet_also_shows_whom_it_compares_with(pair, scheduler, page, action):
    client = signed_in(scheduler)
    since = Since()

    client.get(reverse(f"admin:{page}", args=[pair.pk if page == "duplicate" else pair.later_id]))

    both = {pair.later_id} if page == "letter" else {pair.earlier_id, pair.later_id}
    assert (since.only.action, numbers(since.only)) == (action, both)


def test_a_search_leaves_what_was_found_and_not_what_was_searched_for(pair, scheduler):
    client = signed_in(scheduler)
    since = Since()

    client.post(QUEUE, {"q": "Ana Example"})

    assert (since.only.action, numbers(since.only)) == ("search", {pair.earlier_id, pair.later_id})
    assert not words_found(everything_written(), "Ana")


def test_a_refused_change_says_so_and_what_was_shown_instead(a_request, scheduler, colleague):
    request = a_request()
    client = signed_in(scheduler)
    perform(CLAIM, request, by=colleague)
    since = Since()

    late = client.post(f"{QUEUE}{request.pk}/do/claim/", {"version": "0"})

    assert late.status_code == 409
    assert (since.only.outcome, since.only.status, numbers(since.only)) == ("refused", 409, {request.pk})


def test_what_could_not_be_handed_over_was_seen_too(pair, scheduler, colleague):
    mine, gone = pair.earlier, pair.later
    for request in (mine, gone):
        perform(CLAIM, request, by=scheduler)
    shown = [f"{request.pk}-{request.version}" for request in (mine, gone)]
    perform(RELEASE, gone, by=scheduler)
    client = signed_in(scheduler)
    since = Since()

    page = client.post("/admin/hand-over/", {"shown": shown, "chosen": [gone.pk], "to": colleague.pk, "note": ""})

    assert (page.status_code, str(gone) in page.text) == (409, True)
    assert numbers(since.only) == {mine.pk, gone.pk}


def test_what_is_erased_or_kept_no_longer_leaves_an_entry_with_its_number(pair, scheduler):
    erased, old = pair.earlier, pair.later
    AppointmentRequest.objects.filter(pk=old.pk).update(
        closed_at=timezone.now() - timezone.timedelta(days=9_999), closed_by=scheduler, close_reason="declined"
    )
    gone = {erased.pk, old.pk}
    since = Since()

    erasure.erase(erased, by=scheduler)
    retention.delete_some()

    assert [(entry.action, entry.username, entry.details) for entry in since] == [
        ("erase", "scheduler", "asked for"),
        ("erase", "", "kept long enough"),
    ]
    assert set().union(*map(numbers, since)) == gone


def test_messages_that_are_sent_again_leave_an_entry_that_says_about_whom(a_request, scheduler):
    request = a_request()
    failed = {"state": Message.State.FAILED, "done_at": timezone.now()}
    Message.objects.create(request=request, kind="received", channel="email", **failed)
    client = signed_in(scheduler)
    since = Since()

    client.post("/admin/messages/", {})

    assert (since.only.action, since.only.details) == ("change", "1 messages sent again")
    assert numbers(since.only) == {request.pk}


@pytest.mark.either
@pytest.mark.parametrize(
    ("forwarded", "kept"),
    [
        ("192.0.2.1, 198.51.100.7", "198.51.100.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("Ana <script>", ""),
        ("", "127.0.0.1"),
    ],
)
def test_an_entry_keeps_the_address_that_the_proxy_saw_and_nothing_that_is_none(scheduler, settings, forwarded, kept):
    settings.BEHIND_TLS_PROXY = True
    client = signed_in(scheduler)
    since = Since()

    client.get("/admin/", headers={"x-forwarded-for": forwarded} if forwarded else {})

    assert since.only.address == kept


def test_a_form_without_its_token_leaves_an_entry(a_request, scheduler):
    request = a_request()
    client = Client(enforce_csrf_checks=True)
    client.force_login(scheduler)
    since = Since()

    assert client.post(f"{QUEUE}{request.pk}/do/claim/", {"version": "0"}).status_code == 403
    assert (since.only.action, since.only.status, since.only.username) == ("refused", 403, "scheduler")


# Changes.


def test_a_change_and_its_entry_are_written_together_and_once(a_request, scheduler):
    request = a_request()
    client = signed_in(scheduler)
    since = Since()

    client.post(f"{QUEUE}{request.pk}/do/claim/", {"version": "0"})

    entry = since.only
    assert (entry.action, entry.details, numbers(entry)) == ("change", "claimed, version 1", {request.pk})
    assert (entry.username, entry.address) == ("scheduler", "127.0.0.1")
    assert entry.page == "admin:appointments_appointmentrequest_do"


def test_what_was_taken_back_by_the_database_leaves_no_entry_of_a_change(
    a_request, scheduler, clinician, place, next_week
):
    first, second = a_request(), a_request()
    slot = {"starts_at": next_week, "place": place, "clinician": clinician}
    for request in (first, second):
        perform(CLAIM, request, by=scheduler)
    perform(BOOK, first, by=scheduler, **slot)
    since = Since()

    with pytest.raises(Refused):
        perform(BOOK, second, by=scheduler, **slot)

    assert list(since) == []


def test_a_verdict_that_changes_no_request_leaves_an_entry(pair, scheduler):
    decide(pair, by=scheduler, same=False)
    AppointmentRequest.objects.filter(pk=pair.later_id).update(earlier=None)
    PossibleDuplicate.objects.update(decision="")
    since = Since()

    decide(PossibleDuplicate.objects.get(), by=scheduler, same=False)

    assert (since.only.details, numbers(since.only)) == ("duplicate: different", {pair.earlier_id, pair.later_id})


def test_tables_and_accounts_changed_in_the_admin_leave_entries_without_their_names(scheduler):
    client = signed_in(scheduler)
    since = Since()

    client.post("/admin/appointments/clinician/add/", {"name": f"Dr. {CANARY}"})
    clinician = Clinician.objects.get()
    client.post(f"/admin/appointments/clinician/{clinician.pk}/delete/", {"post": "yes"})
    added = get_user_model().objects.create_user("somebody")
    added.groups.add(Group.objects.get(name="Nurses"))
    chosen = {"action": "delete_selected", "_selected_action": [added.pk], "post": "yes"}
    client.post("/admin/auth/user/", chosen)

    nurses = Group.objects.get(name="Nurses").pk
    assert [entry.details for entry in since if entry.action == "change"] == [
        f"clinician {clinician.pk} added",
        f"clinician {clinician.pk} deleted",
        f"user {added.pk} added",
        f"user {added.pk} user_groups add {nurses}",
        f"user {added.pk} deleted",
    ]
    assert CANARY not in everything_written()


# Signing in.


def test_signing_in_and_out_leaves_one_entry_each(scheduler):
    scheduler.set_password("a long pass phrase for tests")
    scheduler.save()
    client = Client()
    since = Since()

    client.post("/admin/login/", {"username": "scheduler", "password": "a long pass phrase for tests"})
    client.post("/admin/logout/")

    assert [(entry.action, entry.username, entry.address) for entry in since] == [
        ("sign-in", "scheduler", "127.0.0.1"),
        ("sign-out", "scheduler", "127.0.0.1"),
    ]


@pytest.mark.parametrize(("typed", "is_kept"), [("scheduler", True), (CANARY, False)])
def test_a_failed_sign_in_keeps_the_name_of_an_account_and_nothing_else(scheduler, typed, is_kept):
    since = Since()

    Client().post("/admin/login/", {"username": typed, "password": f"{CANARY} {CANARY}"})

    audit.seal_the_nameless()
    assert (since.only.action, since.only.outcome) == ("sign-in-failed", "refused")
    assert (since.only.username == typed) == is_kept
    assert CANARY not in everything_written()


def test_a_lock_after_wrong_passwords_leaves_an_entry_that_names_who_was_locked_out(scheduler, settings):
    since = Since()

    for _ in range(settings.SIGN_IN_TRIES):
        Client().post("/admin/login/", {"username": "scheduler", "password": "wrong"})

    entries = list(since)
    assert (entries[-1].action, entries[-1].outcome, entries[-1].username) == ("locked-out", "refused", "scheduler")
    assert {entry.action for entry in entries[:-1]} == {"sign-in-failed"}


# Patients.


def test_a_patient_who_looks_up_and_changes_a_request_leaves_entries(a_request):
    request = a_request()
    client = Client()
    born = request.date_of_birth
    birthday = {f"date_of_birth_{part}": getattr(born, part) for part in ("year", "month", "day")}
    since = Since()

    client.post("/status/", {"reference": request.reference, **birthday})
    client.get("/status/yours/")
    client.post("/status/yours/withdraw/", {"version": "0"})
    client.post("/status/", {"reference": "R7M343N4X", **birthday})
    audit.seal_the_nameless()

    assert [(e.who, e.action, e.outcome, numbers(e)) for e in since] == [
        ("patient", "look-up", "ok", {request.pk}),
        ("patient", "view", "ok", {request.pk}),
        ("patient", "change", "ok", {request.pk}),
        ("patient", "look-up", "refused", set()),
    ]


def test_asking_for_a_visit_writes_no_entry_because_the_request_itself_says_it(a_request):
    since = Since()

    a_request()

    assert list(since) == []


# Exports.


def test_an_export_is_written_down_whole_before_its_first_line_even_if_nobody_reads_it(a_request, scheduler):
    request = a_request()
    others = many_like(request, MOST_IN_WORDS + 20)
    gone = others[-1].pk
    others.pop().delete()
    client = signed_in(scheduler)
    since = Since()

    answer = client.post("/admin/export/", {"purpose": f"For {CANARY}"})  # which is never read
    entry = since.only
    assert answer.streaming

    log = ExportLog.objects.get()
    assert (entry.action, entry.count) == ("export", MOST_IN_WORDS + 20)
    assert entry.details == f"export {log.pk}: state open"
    assert set(Numbers.unpacked(entry.packed)) == {request.pk, *(one.pk for one in others)}
    assert AuditEntry.objects.filter(about(others[7].pk), action="export").count() == 1
    assert AuditEntry.objects.filter(about(gone), action="export").count() == 0


def test_what_was_sent_in_after_the_entry_is_not_in_the_file(a_request, scheduler):
    request = a_request()
    answer = signed_in(scheduler).post("/admin/export/", {"purpose": "The yearly report"})
    [late] = many_like(request, 1)

    text = answer.getvalue().decode()

    assert request.reference in text
    assert late.reference not in text


@pytest.mark.either
def test_what_is_packed_is_a_bit_for_each_number_as_in_the_entries_that_are_there():
    chance = luck("packed")
    for highest in (0, 7, 8, 1023, 1024, 5_000, 70_000):
        chosen = sorted({chance.randint(0, highest) for _ in range(40)} | {highest})
        bits = bytearray(highest // 8 + 1)
        for number in chosen:
            bits[number // 8] |= 1 << number % 8
        packed = base64.b64encode(zlib.compress(bytes(bits))).decode()

        assert Numbers(chance.sample(chosen, len(chosen))).packed() == packed
        read = Numbers.unpacked(packed)
        assert (list(read), read.count) == (chosen, len(chosen))
        assert [number for number in range(highest + 2_000) if number in read] == chosen


# Who saw this.


def test_an_auditor_learns_who_saw_a_request_and_nothing_of_the_patient(pair, scheduler, colleague):
    signed_in(scheduler).get(sheet(pair.later))
    signed_in(colleague).get(QUEUE)
    auditor = signed_in(member_of("Auditors"))

    pages = [
        auditor.get("/admin/audit/", {"record": pair.later_id}),
        auditor.post("/admin/audit/", {"reference": str(pair.later)}),
    ]

    for page in pages:
        assert ("scheduler" in page.text, "colleague" in page.text) == (True, True)
        assert not words_found(page.text, "Ana", "Example", *ANAS_PHONE, *ANAS_BIRTHDAY)
    assert pair.later.reference not in pages[1].wsgi_request.get_full_path()
    assert "auditors" not in pages[0].text.split("<tbody>")[1]


def test_entries_are_filtered_and_paged(scheduler, colleague):
    for _ in range(60):
        signed_in(colleague)
    client = signed_in(scheduler)

    first = client.get("/admin/audit/", {"who": "colleague", "action": "sign-in"})
    last = first.context["before"]
    second = client.get("/admin/audit/", {"who": "colleague", "action": "sign-in", "before": last})

    assert [len(page.context["rows"]) for page in (first, second)] == [50, 10]
    today = client.get("/admin/audit/", {"day": "2001-01-01"})
    assert "No entry fits that." in today.text


@pytest.mark.parametrize(
    "query", ["record=x", "before=-1", "record=" + "9" * 30, "day=2026-02-30", "action=x", "who=%C0", "record=0"]
)
def test_a_filter_made_up_by_hand_breaks_nothing(scheduler, query):
    assert signed_in(scheduler).get(f"/admin/audit/?{query}").status_code in (200, 400)


def test_a_number_is_not_taken_for_a_part_of_another(a_request, scheduler):
    request = a_request()
    many_like(request, 12)
    signed_in(scheduler).get(QUEUE)
    entry = AuditEntry.objects.filter(action="list").last()

    asked = {int(text) for number in numbers(entry) for text in parts_and_longer(str(number))}
    found = {number for number in asked if AuditEntry.objects.filter(about(number), pk=entry.pk)}

    assert len(numbers(entry)) == 13 < len(asked)
    assert found == numbers(entry)


def parts_and_longer(digits: str) -> set[str]:
    """Itself, everything that stands in it, and everything that has one digit more before it or behind it."""
    places = range(len(digits) + 1)
    return {
        *(digits[start:end] for start, end in combinations(places, 2)),
        *(f"{digit}{digits}" for digit in range(10)),
        *(f"{digits}{digit}" for digit in range(10)),
    }


# Nothing leaves without.


@pytest.mark.django_db(transaction=True)
def test_no_entry_no_page_no_change_and_no_sign_in(a_request, scheduler):
    request = a_request()
    client = signed_in(scheduler)
    client.post("/status/", {})
    AuditHead.objects.all().delete()

    pages = [
        client.get(address) for address in ("/admin/", QUEUE, sheet(request), "/admin/audit/", "/admin/nothing/")
    ]
    file = client.post("/admin/export/", {"purpose": "The yearly report"})
    done = (
        client.post(f"{QUEUE}{request.pk}/do/claim/", {"version": "0"}) if not client.raise_request_exception else 0
    )
    client.raise_request_exception = False
    done = client.post(f"{QUEUE}{request.pk}/do/claim/", {"version": "0"})

    assert {page.status_code for page in [*pages, file]} == {503}
    assert done.status_code == 503
    assert not any(words_found(page.text, "Ana", request.reference) for page in [*pages, file, done])
    request.refresh_from_db()
    assert (request.status, request.version, request.events.count()) == ("waiting", 0, 0)


def forgetful(request):
    return HttpResponse("Ana Example")


urlpatterns = [path("admin/forgetful/", forgetful, name="forgetful"), path("", include("config.urls"))]


@pytest.mark.either
@pytest.mark.urls(__name__)
def test_a_page_that_does_not_say_what_it_shows_is_held_back(scheduler, caplog):
    since = Since()

    page = Client().get("/admin/forgetful/")

    assert page.status_code == 500
    assert not words_found(page.text, "Ana")
    assert (since.only.action, since.only.page) == ("unknown", "forgetful")
    assert "forgetful does not say" in caplog.text


def test_what_is_typed_anywhere_is_in_no_entry(a_request, scheduler):
    request = a_request()
    client = signed_in(scheduler)
    from_elsewhere = {"HTTP_USER_AGENT": CANARY, "HTTP_REFERER": f"http://{CANARY}/", "REMOTE_ADDR": CANARY}
    client.get(f"{QUEUE}?queue={CANARY}&after={CANARY}", **from_elsewhere)
    client.post(QUEUE, {"q": CANARY}, **from_elsewhere)
    client.get(f"/admin/{CANARY}/", **from_elsewhere)
    client.get(f"/admin/audit/?who={CANARY}&action={CANARY}&day={CANARY}")
    client.post("/admin/audit/", {"reference": CANARY})
    client.get(f"/admin/export/?state={CANARY}")
    client.post(f"{QUEUE}{request.pk}/do/claim/", {"version": "0"})
    client.post(f"{QUEUE}{request.pk}/do/ask-nurse/", {"version": "1", "note": CANARY})
    client.post(f"{QUEUE}{request.pk}/do/correct/", {"version": "2", "name": CANARY, "note": CANARY})
    client.post("/admin/export/", {"purpose": CANARY})
    client.post("/admin/appointments/place/add/", {"name": CANARY, "address": CANARY})
    client.post("/status/", {"reference": CANARY})
    client.generic(CANARY.upper()[:9], QUEUE)

    assert CANARY.lower() not in everything_written().lower().replace(CANARY.lower()[:9] + "'", "")
    assert AuditEntry.objects.count() > 10


def test_a_page_pays_three_statements_for_its_entry_however_many_requests_it_shows(a_request, scheduler):
    request = a_request()
    client = signed_in(scheduler)
    many_like(request, 45)
    client.get(QUEUE)

    with statements_without_audit() as asked:
        client.get(QUEUE)

    assert asked.of_the_audit == 3


def everything_written() -> str:
    return repr(list(AuditEntry.objects.values_list()))

"""Somebody who asks twice is noticed, families are not taken for one person, and staff have the last word."""

import datetime
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from appointments.lifecycle.decisions import decide
from appointments.lifecycle.definition import BOOK, CLAIM, CLOSE, CORRECT, CORRECT_PHONE, LOG_CALL, NOTE, REOPEN, UNDO
from appointments.lifecycle.duplicates import pairs_of, reasons_to_ask
from appointments.lifecycle.transition import Refused, perform
from appointments.models import AppointmentRequest, Event, PossibleDuplicate
from tests.reading import ANAS_BIRTHDAY, ANAS_PHONE, words_found
from tests.staff import member_of, signed_in
from tests.statements import statements_without_audit
from tests.walk import CHECK, answer_check, ask_for_visit, title_of, words_of

pytestmark = pytest.mark.both

LIST = "/admin/duplicates/"
SHEETS = "/admin/appointments/appointmentrequest/"

ANA = {
    "name": "Ana Example",
    "date_of_birth": datetime.date(1948, 3, 14),
    "phone": "+12125550123",
    "email": "ana@example.com",
}
# Somebody with whom Ana has nothing in common.
LUIS = {
    "name": "Luis Sample",
    "date_of_birth": datetime.date(1951, 7, 2),
    "phone": "+12125550147",
    "email": "luis@example.com",
}
BIRTHDAY, PHONE, EMAIL = ({key: ANA[key]} for key in ("date_of_birth", "phone", "email"))

# Luis, as he fills in the form.
SOMEBODY_ELSE = {
    "name": "Luis Sample",
    "date_of_birth_month": "7",
    "date_of_birth_day": "2",
    "date_of_birth_year": "1951",
    "phone": "(212) 555-0147",
    "email": "luis@example.com",
}


def born(year: int, month: int, day: int) -> dict:
    return {"date_of_birth": datetime.date(year, month, day)}


@pytest.mark.either
@pytest.mark.parametrize(
    ("shared", "reasons"),
    [
        ({**BIRTHDAY, "name": "Ana Example"}, "same birthday, same name"),
        ({**BIRTHDAY, "name": "ANA  EXAMPLE"}, "same birthday, same name"),
        ({**BIRTHDAY, "name": "Example, Ana"}, "same birthday, same name"),
        ({**BIRTHDAY, "name": "Ána Exámple"}, "same birthday, same name"),
        ({**BIRTHDAY, "name": "Mrs. Ana Example"}, "same birthday, same name"),
        ({**BIRTHDAY, "name": "Anna Example"}, "same birthday, similar name"),
        ({**BIRTHDAY, "name": "Ana Exmaple"}, "same birthday, similar name"),
        ({**BIRTHDAY, "name": "Exampel Ana"}, "same birthday, similar name"),
        ({**BIRTHDAY, "name": "Ana María Example"}, "same birthday, similar name"),
        ({**BIRTHDAY, "name": "A. Example"}, "same birthday, similar name"),
        ({**BIRTHDAY, "name": "AnaExample"}, "same birthday, similar name"),
        ({**BIRTHDAY, "name": "Ana Example-Muestra"}, "same birthday, similar name"),
        ({**BIRTHDAY, "name": "Ana Muestra"}, "same birthday, same or similar first name"),
        ({**BIRTHDAY, **PHONE}, "same birthday, same phone"),
        ({**BIRTHDAY, **EMAIL}, "same birthday, same e-mail"),
        ({**PHONE, "name": "Anna Example"}, "same phone, similar name"),
        ({**EMAIL, "name": "Example Ana"}, "same e-mail, same name"),
        ({"email": "Ana@Example.com", "name": "Ana Example"}, "same e-mail, same name"),
        ({**PHONE, **born(1948, 3, 15)}, "birthday that differs in one part, same phone"),
        ({**PHONE, **born(1948, 8, 14)}, "birthday that differs in one part, same phone"),
        ({**PHONE, **born(1984, 3, 14)}, "birthday that differs in one part, same phone"),
        (ANA, "same birthday, same phone, same e-mail, same name"),
        # What does not make one person of two.
        ({}, ""),
        (BIRTHDAY, ""),
        ({**BIRTHDAY, "name": "Luis Example"}, ""),
        ({**BIRTHDAY, "name": "Dr. Sample"}, ""),
        ({"name": "Ana Example"}, ""),
        ({"name": "Ana Example", **born(1948, 3, 15)}, ""),
        ({**PHONE, **EMAIL}, ""),
        ({**PHONE, **EMAIL, "name": "Luis Example"}, ""),
        ({**PHONE, "name": "Ana Muestra"}, ""),
        ({**PHONE, **born(1948, 4, 15)}, ""),
        ({**EMAIL, **born(1948, 3, 15)}, ""),
    ],
    ids=str,
)
def test_two_are_taken_for_one_person_for_these_reasons_and_no_others(shared, reasons):
    one, other = AppointmentRequest(**ANA), AppointmentRequest(**{**LUIS, **shared})

    assert ", ".join(reasons_to_ask(one, other)) == reasons
    assert ", ".join(reasons_to_ask(other, one)) == reasons


@pytest.mark.either
def test_day_and_month_the_other_way_round_are_a_mistake():
    one = AppointmentRequest(**{**ANA, **born(1948, 3, 4)})
    other = AppointmentRequest(**{**LUIS, **PHONE, **born(1948, 4, 3)})

    assert reasons_to_ask(one, other) == ["birthday that differs in one part", "same phone"]


@pytest.mark.either
def test_people_who_left_no_email_do_not_share_one():
    one, other = AppointmentRequest(**{**ANA, "email": ""}), AppointmentRequest(**{**ANA, **born(1960, 1, 1)})
    other.phone, other.email = LUIS["phone"], ""

    assert reasons_to_ask(one, other) == []


@pytest.mark.parametrize(
    "shared", [("date_of_birth_month", "date_of_birth_day", "date_of_birth_year"), ("phone",), ("email",)], ids=str
)
def test_who_asks_again_is_noticed_by_birthday_phone_or_email(a_request, shared):
    first = a_request()
    differs = {key: value for key, value in SOMEBODY_ELSE.items() if key not in shared}

    # Phones begin a field with a capital.
    second = a_request(**{"email": "Ana@example.com", **differs, "name": "Anna Example"})

    pair = PossibleDuplicate.objects.get()
    assert (pair.earlier, pair.later, pair.decision) == (first, second, "")
    assert pair.reasons.endswith("similar name")


def test_a_capital_that_a_phone_put_first_does_not_hide_an_email(a_request):
    a_request(email="Ana@example.com")

    a_request(**{**SOMEBODY_ELSE, "name": "Anna Example", "email": "ana@example.com"})

    assert PossibleDuplicate.objects.get().reasons == "same e-mail, similar name"


def test_a_couple_on_one_phone_is_not_noticed(a_request):
    a_request()

    a_request(**{**SOMEBODY_ELSE, "phone": "(212) 555-0123", "email": "ana@example.com"})

    assert not PossibleDuplicate.objects.exists()


@pytest.mark.parametrize(("days", "is_noticed"), [(0, True), (89, True), (91, False)])
def test_a_request_closed_more_than_90_days_ago_counts_no_more(a_request, scheduler, days, is_noticed):
    first = a_request()
    perform(CLAIM, first, by=scheduler)
    perform(CLOSE, first, by=scheduler, reason="declined")
    AppointmentRequest.objects.update(closed_at=timezone.now() - datetime.timedelta(days=days))

    a_request()

    assert PossibleDuplicate.objects.exists() is is_noticed


def test_a_booked_request_counts(a_request, scheduler, clinician, place, next_week):
    first = a_request()
    perform(CLAIM, first, by=scheduler)
    perform(BOOK, first, by=scheduler, starts_at=next_week, clinician=clinician, place=place)

    a_request()

    assert PossibleDuplicate.objects.get().earlier == first


def test_a_request_that_is_sent_again_is_looked_at_again_because_the_first_look_may_have_failed(a_request, client):
    a_request()
    client.cookies.clear()
    answer_check(client)
    tab, other_tab = ready_to_send(client)
    tab.post("/visit/check/", CHECK)
    PossibleDuplicate.objects.get().delete()

    other_tab.post("/visit/check/", CHECK)

    assert AppointmentRequest.objects.count() == 2
    assert PossibleDuplicate.objects.count() == 1


def test_a_decision_stands_when_the_request_is_sent_again(a_request, client, scheduler):
    a_request()
    client.cookies.clear()
    answer_check(client)
    tab, other_tab = ready_to_send(client)
    tab.post("/visit/check/", CHECK)
    decide(PossibleDuplicate.objects.get(), by=scheduler, same=False)

    other_tab.post("/visit/check/", CHECK)

    assert PossibleDuplicate.objects.get().decision == PossibleDuplicate.Decision.DIFFERENT


def ready_to_send(client) -> list[Client]:
    """Two tabs of one browser that has checked, each with all but the last step done."""
    ask_for_visit(client, calls_ok="")
    tabs = [Client(), Client()]
    for tab in tabs:
        tab.cookies.load({"answers": client.cookies["answers"].value})
    return tabs


def test_finding_any_number_of_them_costs_one_statement_more_than_finding_none(client, db):
    def statements() -> int:
        client.cookies.clear()
        answer_check(client)
        with statements_without_audit() as queries:
            ask_for_visit(client)
        return len(queries)

    statements()
    AppointmentRequest.objects.update(**LUIS)
    none = statements()
    # Intake links those with the same phone and birthday, and its view reads the one that is linked.
    AppointmentRequest.objects.update(phone=LUIS["phone"])
    one = statements()
    more_like(AppointmentRequest.objects.latest("pk"), 150, phone=LUIS["phone"])
    AppointmentRequest.objects.update(phone=LUIS["phone"])
    PossibleDuplicate.objects.all().delete()
    many = statements()

    assert (one, many) == (none + 1, none + 1)
    assert PossibleDuplicate.objects.count() == 100


def more_like(request, count, **changes) -> list[AppointmentRequest]:
    names = {field.name for field in request._meta.concrete_fields if not field.generated}
    values = {name: getattr(request, name) for name in names - {"id", "journey", "reference"}} | changes
    return AppointmentRequest.objects.bulk_create(
        AppointmentRequest(journey=uuid.uuid4(), **values) for _ in range(count)
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_that_are_sent_at_once_each_pair_is_found_once():
    tabs = []
    for _ in range(6):
        visitor = Client()
        answer_check(visitor)
        tabs.append(ready_to_send(visitor)[0])

    at_once(*(partial(tab.post, "/visit/check/", CHECK) for tab in tabs))

    sent = sorted(AppointmentRequest.objects.values_list("pk", flat=True))
    expected = [(one, other) for one in sent for other in sent if one < other]
    assert len(sent) == len(tabs)
    assert sorted(PossibleDuplicate.objects.values_list("earlier", "later")) == expected


def at_once(*jobs) -> list:
    start = threading.Barrier(len(jobs))

    def run(job):
        start.wait()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(run, job) for job in jobs]]


# What staff decide.


@pytest.fixture
def pair(a_request) -> PossibleDuplicate:
    """Two with the same birthday and a similar name, which intake did not link."""
    a_request()
    a_request(name="Ana Exmaple", phone="(212) 555-0147")
    return PossibleDuplicate.objects.get()


def test_of_one_persons_two_the_earlier_is_kept_and_the_other_closed_as_asked_twice(pair, scheduler):
    decide(pair, by=scheduler, same=True)

    pair = PossibleDuplicate.objects.get()
    assert (pair.decision, pair.decided_by) == ("same", scheduler)
    assert pair.later.earlier == pair.earlier
    assert [pair.earlier.status, pair.later.status] == ["waiting", "closed"]
    assert pair.later.close_reason == "duplicate"
    assert [(event.request, event.details) for event in Event.objects.all()] == [
        (pair.later, f"The same person as {pair.earlier}"),
        (pair.earlier, f"{pair.later}: patient phone"),
        (pair.later, f"Asked twice: {pair.earlier} is kept"),
    ]


def test_the_one_that_is_kept_takes_over_the_call_that_was_promised_and_that_a_person_sent_it(
    a_request, scheduler, next_week
):
    kept, other = a_request(), a_request()
    AppointmentRequest.objects.filter(pk=kept.pk).update(doubts="answered faster than people read")
    assert other.earlier == kept
    perform(CLAIM, other, by=scheduler)
    perform(LOG_CALL, other, by=scheduler, channel="phone", outcome="call_back", next_call_at=next_week)

    decide(PossibleDuplicate.objects.get(), by=scheduler, same=True)

    kept.refresh_from_db()
    assert (kept.next_call_at, kept.is_promised, kept.is_doubtful) == (next_week, True, False)
    assert kept.events.last().details.endswith("the promised call")


def test_the_one_that_is_kept_takes_over_what_the_other_adds(a_request, scheduler):
    kept = a_request(email="")
    a_request(blood_thinner="yes", function="bed", phone="(212) 555-0147")

    decide(PossibleDuplicate.objects.get(), by=scheduler, same=True)

    kept.refresh_from_db()
    assert (kept.email, kept.patient_phone) == ("ana@example.com", "+12125550147")
    assert (kept.priority, kept.flags, kept.nurse_check) == ("P1", ["blood_thinner_yes"], "needed")


def test_the_phone_of_a_helper_is_not_taken_for_the_patients(a_request, scheduler):
    kept = a_request(email="")
    a_request(phone="(212) 555-0147", filled_in_by="Bo Example", phone_owner="helper")

    decide(PossibleDuplicate.objects.get(), by=scheduler, same=True)

    kept.refresh_from_db()
    assert (kept.patient_phone, kept.phone_note) == ("", "(212) 555-0147 (the helper’s phone)")


def test_the_twin_of_a_booked_patient_is_called_no_more(pair, scheduler, clinician, place, next_week):
    later = pair.later
    perform(CLAIM, later, by=scheduler)
    perform(BOOK, later, by=scheduler, starts_at=next_week, clinician=clinician, place=place)

    decide(pair, by=scheduler, same=True)

    pair = PossibleDuplicate.objects.get()
    assert [pair.earlier.status, pair.later.status] == ["closed", "booked"]


def test_what_a_colleague_is_working_on_is_not_closed_under_their_hands(pair, scheduler, colleague):
    perform(CLAIM, pair.later, by=colleague)

    with pytest.raises(Refused, match="colleague holds this request"):
        decide(pair, by=scheduler, same=True)

    assert PossibleDuplicate.objects.get().decision == ""


def test_different_people_are_not_asked_about_again(pair, scheduler):
    decide(pair, by=scheduler, same=False)

    page = signed_in(scheduler).get(LIST)

    assert pairs_of(pair.later) == []
    assert "There is nothing to decide." in words_of(page)
    assert not Event.objects.exists()


def test_different_people_whom_intake_linked_are_linked_no_more(a_request, scheduler):
    first, second = a_request(), a_request(name="Luis Sample")
    assert second.earlier == first

    decide(PossibleDuplicate.objects.get(), by=scheduler, same=False)

    second.refresh_from_db()
    assert second.earlier is None
    assert [event.details for event in second.events.all()] == [f"Not the same person as {first}"]


@pytest.mark.parametrize("same", [True, False])
def test_to_decide_the_same_again_does_nothing(pair, scheduler, colleague, same):
    stale = PossibleDuplicate.objects.get()
    decide(pair, by=scheduler, same=same)
    before = what_there_is()

    decide(stale, by=colleague, same=same)
    decide(pair, by=colleague, same=same)

    assert what_there_is() == before


@pytest.mark.parametrize(("taken_back", "decision"), [("the note", "same"), ("the note, and opened again", "")])
def test_whether_they_are_one_person_is_asked_anew_only_when_both_are_open_again(
    pair, scheduler, taken_back, decision
):
    decide(pair, by=scheduler, same=True)
    closed = PossibleDuplicate.objects.get().later

    perform(NOTE, closed, by=scheduler, note="Her mail is answered.")
    perform(UNDO, closed, by=scheduler)
    if decision == "":
        perform(REOPEN, closed, by=scheduler)

    assert PossibleDuplicate.objects.get().decision == decision


@pytest.mark.parametrize("same", [True, False])
def test_a_decision_that_was_not_seen_is_not_overwritten(pair, scheduler, colleague, same):
    stale = PossibleDuplicate.objects.get()
    decide(pair, by=scheduler, same=same)
    before = what_there_is()

    with pytest.raises(Refused, match="scheduler decided meanwhile: "):
        decide(stale, by=colleague, same=not same)

    assert what_there_is() == before


def test_a_decision_that_was_seen_can_be_changed(pair, scheduler, colleague):
    decide(pair, by=scheduler, same=True)

    decide(PossibleDuplicate.objects.get(), by=colleague, same=False)

    changed = PossibleDuplicate.objects.get()
    assert (changed.decision, changed.decided_by, changed.later.earlier) == ("different", colleague, None)


def what_there_is() -> list:
    return [list(model.objects.order_by("pk").values()) for model in (PossibleDuplicate, AppointmentRequest, Event)]


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_decide_differently_at_once_one_is_refused(pair, scheduler, colleague):
    def press(by, same) -> bool:
        try:
            decide(PossibleDuplicate(pk=pair.pk, decision="", later=pair.later), by=by, same=same)
        except Refused:
            return False
        return True

    succeeded = at_once(*(partial(press, by, same) for by, same in [(scheduler, True), (colleague, False)] * 4))

    decided = PossibleDuplicate.objects.get()
    same_won = decided.decision == "same"
    assert succeeded == [same_won, not same_won] * 4
    assert (decided.later.earlier == decided.earlier) is same_won
    assert Event.objects.count() == 3 * same_won


# What staff see.


def test_the_list_shows_pairs_that_are_not_decided_and_concern_an_open_request(a_request, scheduler, pair):
    page = signed_in(scheduler).get(LIST)

    assert f"Ana Example {pair.earlier}" in words_of(page)
    assert f"Ana Exmaple {pair.later}" in words_of(page)
    assert "Same birthday, same e-mail, similar name Compare" in words_of(page)

    for request in (pair.earlier, pair.later):
        perform(CLAIM, request, by=scheduler)
        perform(CLOSE, request, by=scheduler, reason="declined")

    assert "There is nothing to decide." in words_of(signed_in(scheduler).get(LIST))


def test_side_by_side_each_difference_is_marked_in_words(pair, scheduler):
    page = signed_in(scheduler).get(f"{LIST}{pair.pk}/")

    words = words_of(page)
    assert "Name differs Ana Example Ana Exmaple" in words
    assert "Born March 14, 1948 March 14, 1948" in words
    assert "Phone differs (212) 555-0123 (212) 555-0147" in words
    assert "E-mail ana@example.com ana@example.com" in words
    assert words.count("differs") == 2


@pytest.mark.parametrize(("pressed", "decided"), [("same", "the same person"), ("different", "different people")])
def test_a_press_of_a_button_decides_and_leads_back_to_the_list(pair, pressed, decided):
    user = member_of("Schedulers")

    page = signed_in(user).post(f"{LIST}{pair.pk}/", {"decision": pressed, "seen": ""}, follow=True)

    assert page.redirect_chain == [(LIST, 302)]
    assert f"Decided for {pair}: {decided}." in words_of(page)
    stored = PossibleDuplicate.objects.get()
    assert (stored.decision, stored.decided_by) == (pressed, user)


def test_who_comes_late_is_told_what_was_decided_and_can_decide_anew(pair, scheduler, colleague):
    decide(pair, by=colleague, same=False)
    staff = signed_in(scheduler)

    late = staff.post(f"{LIST}{pair.pk}/", {"decision": "same", "seen": ""})

    assert late.status_code == 409
    assert "colleague decided meanwhile: different people." in words_of(late)
    assert title_of(late).startswith("Error: ")
    assert PossibleDuplicate.objects.get().decision == "different"
    assert 'name="seen" value="different"' in late.text
    assert staff.post(f"{LIST}{pair.pk}/", {"decision": "same", "seen": "different"}).status_code == 302
    assert PossibleDuplicate.objects.get().decision == "same"


@pytest.mark.parametrize("sent", [{}, {"decision": "bogus"}, {"decision": "same", "seen": "bogus"}, {"decision": ""}])
def test_what_no_button_sends_decides_nothing(pair, scheduler, sent):
    assert signed_in(scheduler).post(f"{LIST}{pair.pk}/", sent).status_code == 422
    assert PossibleDuplicate.objects.get().decision == ""


@pytest.mark.parametrize("pk", [0, 999_999, 10**30])
def test_a_pair_that_does_not_exist_is_not_found(scheduler, pk):
    assert signed_in(scheduler).get(f"{LIST}{pk}/").status_code == 404


def test_who_may_only_look_sees_no_buttons_and_decides_nothing(pair):
    looking = signed_in(member_of("Nurses"))

    page = looking.get(f"{LIST}{pair.pk}/")

    assert "Ana Exmaple" in page.text
    assert "Same person" not in page.text
    assert looking.post(f"{LIST}{pair.pk}/", {"decision": "same"}).status_code == 403
    assert PossibleDuplicate.objects.get().decision == ""


def test_titles_and_messages_name_nobody(pair, scheduler):
    staff = signed_in(scheduler)
    done = staff.post(f"{LIST}{pair.pk}/", {"decision": "same"}, follow=True)

    said = [str(message) for message in done.context["messages"]]
    said += [title_of(done), title_of(staff.get(f"{LIST}{pair.pk}/"))]

    assert not words_found(" ".join(said), "Ana", "Example", *ANAS_BIRTHDAY, *ANAS_PHONE)


def test_a_long_list_costs_as_many_statements_as_a_short_one(pair, scheduler):
    staff = signed_in(scheduler)

    def statements() -> int:
        with statements_without_audit() as queries:
            assert staff.get(LIST).status_code == 200
        return len(queries)

    short = statements()
    others = more_like(pair.later, 60)
    PossibleDuplicate.objects.bulk_create(
        PossibleDuplicate(earlier=pair.earlier, later=other, reasons="same birthday") for other in others
    )

    assert statements() == short <= 6
    assert "Page 2 of 2" in words_of(staff.get(LIST, {"page": "2"}))
    assert "Page 1 of 2" in words_of(staff.get(LIST, {"page": "bogus"}))


def test_the_sheet_is_told_of_pairs_from_both_sides_until_they_are_dismissed(pair, scheduler):
    assert [(found.pk, other) for found, other in pairs_of(pair.earlier)] == [(pair.pk, pair.later)]
    assert [(found.pk, other) for found, other in pairs_of(pair.later)] == [(pair.pk, pair.earlier)]

    decide(pair, by=scheduler, same=True)

    assert [found.decision for found, _ in pairs_of(pair.earlier)] == ["same"]


@pytest.mark.parametrize("who", ["staff", "patient"])
def test_what_is_like_another_one_only_after_it_was_corrected_is_noticed_then(a_request, scheduler, who):
    a_request()
    mistyped = a_request(name="Ona Exampel", phone="(212) 555-0199", date_of_birth_day="15", email="")
    assert not PossibleDuplicate.objects.exists()

    if who == "staff":
        perform(CORRECT, mistyped, by=scheduler, name="Ana Example", phone="+12125550123")
    else:
        perform(CORRECT_PHONE, mistyped, phone="+12125550123")

    assert PossibleDuplicate.objects.get().later == mistyped

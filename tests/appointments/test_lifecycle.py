"""The lifecycle as it is declared: it says what happens, reads as it was approved, and refuses to be broken."""

import datetime
import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appointments.lifecycle import guards
from appointments.lifecycle.close_reasons import CLOSE_REASONS
from appointments.lifecycle.definition import CLAIM, CLOSE, IS_CLOSED, LIFECYCLE, OFFER, SKIP
from appointments.lifecycle.grammar import BACK, GONE, SAME, BrokenLifecycle, CloseReason, State, Tells
from appointments.lifecycle.guard import Guard
from appointments.lifecycle.transition import perform
from appointments.models import Appointment, AppointmentRequest
from tests.copies import many_like
from tests.staff import member_of, signed_in

APPROVED = Path(__file__).parent / "approved" / "lifecycle.md"
ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"
MINUTE = datetime.timedelta(minutes=1)
GUARDS = {name: guard for name, guard in vars(guards).items() if isinstance(guard, Guard)}


def described(capsys) -> str:
    call_command("describe_lifecycle")
    return capsys.readouterr().out


def test_the_description_is_the_one_that_was_approved(capsys):
    """After a change that is meant: `make approve`, and read the difference."""
    assert described(capsys) == APPROVED.read_text("utf-8")


def test_the_diagram_in_the_documents_is_that_of_the_definition(capsys):
    diagram = re.search("```mermaid\nstateDiagram.*?```", described(capsys), re.DOTALL)[0]

    assert diagram in ARCHITECTURE.read_text("utf-8")


# What a guard says of a loaded request is what it asks of the database.


@pytest.fixture
def all_kinds(a_request, scheduler, colleague, clinician, place):
    """Requests in every status: held by one or the other for a while, handed out or not, and what nurses say."""
    now = timezone.now().replace(microsecond=0)
    model = a_request()
    claims = [now - age * MINUTE for age in (0, 19, 20, 21, 300)]
    kept = [None, now - MINUTE, now, now + MINUTE]
    for user in (scheduler, colleague):
        for claimed_at in claims:
            for assigned_until in kept:
                many_like(model, 1, claimed_by=user, claimed_at=claimed_at, assigned_until=assigned_until)
    for check in ("needed", "asked", "fine", "call_first", "against"):
        many_like(model, 1, nurse_check=check, is_on_legal_hold=check == "fine")
    for number, starts_at in enumerate((now - MINUTE, now, now + MINUTE)):
        for closed in (False, True):
            visit = Appointment.objects.create(
                clinician=clinician,
                place=place,
                starts_at=starts_at,
                ends_at=starts_at + MINUTE / 60,
                cancelled_at=None if (number, closed) == (0, False) else now,
            )
            ending = {"closed_at": now, "closed_by": scheduler, "close_reason": "attended"} if closed else {}
            many_like(model, 1, appointment=visit, **ending)
    many_like(model, 1, closed_at=now, close_reason="withdrawn")
    return now


@pytest.mark.both
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(seconds=st.integers(-60 * 60, 60 * 60), who=st.sampled_from(["scheduler", "colleague"]))
def test_a_guard_holds_of_a_loaded_request_if_and_only_if_the_database_finds_it(
    all_kinds, scheduler, colleague, seconds, who
):
    user = {"scheduler": scheduler, "colleague": colleague}[who]
    rows = AppointmentRequest.objects.select_related("appointment")

    # The moments at which something ends are among them.
    for now in (all_kinds, all_kinds + datetime.timedelta(seconds=seconds)):
        for name, guard in GUARDS.items():
            in_the_database = set(rows.filter(guard.q(user, now)).values_list("pk", flat=True))
            in_python = {row.pk for row in rows if guard.holds(row, user, now)}
            assert in_python == in_the_database, name


def test_a_guard_can_hold_in_the_states_in_which_some_request_meets_it(all_kinds, scheduler):
    for name, guard in GUARDS.items():
        met = set(AppointmentRequest.objects.filter(guard.q(scheduler, all_kinds)).values_list("status", flat=True))
        possible = {state.key for state in LIFECYCLE.states if guard.may_hold_in(state.key)}
        assert met <= possible, name


def test_guards_of_a_request_that_is_loaded_with_its_visit_ask_nothing(
    all_kinds, scheduler, django_assert_num_queries
):
    rows = list(AppointmentRequest.objects.select_related("appointment"))

    with django_assert_num_queries(0):
        assert all(guards.ALWAYS.holds(row, scheduler, all_kinds) for row in rows)
        for guard in GUARDS.values():
            [guard.holds(row, scheduler, all_kinds) for row in rows]


# What is derived.


def test_every_verb_leads_where_it_says(possible_verbs):
    """By what each does from each state in which it is possible, tried out."""
    seen = {}
    for verb, before, after in possible_verbs:
        seen.setdefault(verb, set()).add((before, after))

    for verb, ways in seen.items():
        ends = {end.key for end in verb.leads_to}
        allowed = {state.key for state in LIFECYCLE.starts_of(verb)}
        for before, after in ways:
            assert before in allowed, verb.key
            fits = after in ends or (SAME.key in ends and after == before) or (GONE.key in ends and after is None)
            assert fits or BACK.key in ends, (verb.key, before, after)
    assert {verb.key for verb in seen} >= {
        "claim",
        "log-call",
        "book",
        "cancel",
        "skip",
        "close",
        "reopen",
        "withdraw",
    }


@pytest.fixture
def possible_verbs(a_request, scheduler, clinician, place, next_week):
    """Each verb that needs little, done once from each status: the verb, the status before, and the one after."""
    slot = {"starts_at": next_week, "clinician": clinician, "place": place}
    arguments = {
        "claim": {},
        "take-on": {},
        "log-call": {"channel": "phone", "outcome": "no_answer"},
        "book": slot,
        "reschedule": {**slot, "starts_at": next_week + 60 * MINUTE},
        "cancel": {"reason": "clinic"},
        "ask-nurse": {},
        "skip": {"reason": "busy"},
        "close": {"reason": "declined"},
        "correct": {"name": "Ana Sample"},
        "release": {},
        "assign": {"to": scheduler},
        "reopen": {},
        "undo": {},
        "hold": {"note": "A letter"},
        "erase": {},
        "withdraw": {},
        "ask-for-another-time": {"wish": "Mornings"},
        "correct-phone": {"phone": "+12125550188"},
        "change-call-times": {"call_times": ["evening"]},
    }
    ways_there = {
        "waiting": [],
        "claimed": ["claim"],
        "booked": ["claim", "book"],
        "closed": ["claim", "close"],
    }

    def do(key: str, request) -> None:
        verb = LIFECYCLE.verb(key)
        by = {} if verb.is_the_patients else {"by": scheduler}
        perform(verb, request, **by, **arguments[key])

    done = []
    for status, way in ways_there.items():
        for key in arguments:
            request = a_request()
            for step in way:
                do(step, request)
            verb = LIFECYCLE.verb(key)
            if verb.when.holds(request, scheduler, timezone.now()) and not (key == "undo" and not way):
                do(key, request)
                after = AppointmentRequest.objects.filter(pk=request.pk).values_list("status", flat=True).first()
                done.append((verb, status, after))
            AppointmentRequest.objects.all().delete()
            Appointment.objects.all().delete()
    return done


def test_who_may_not_do_it_is_refused_whatever_the_page_was(a_request):
    request, nurse = a_request(), member_of("Nurses")

    with pytest.raises(PermissionDenied):
        perform(CLAIM, request, by=nurse)
    with pytest.raises(PermissionDenied):
        perform(CLAIM, request)

    assert AppointmentRequest.objects.get().status == "waiting"


def test_the_page_tells_how_requests_move(db):
    page = signed_in(member_of("Schedulers")).get("/admin/how-requests-move/")

    assert page.status_code == 200
    for words in (*(verb.label for verb in LIFECYCLE.verbs), *(reason.label for reason in CLOSE_REASONS)):
        assert words in page.text


def test_a_close_reason_of_an_older_release_is_still_shown(a_request, scheduler, admin_client):
    request = a_request()
    perform(CLAIM, request, by=scheduler)
    perform(CLOSE, request, by=scheduler, reason="declined")
    AppointmentRequest.objects.update(close_reason="of_an_older_release")
    request.events.filter(version=F("request__version")).update(verb="retired")

    page = admin_client.get(f"/admin/appointments/appointmentrequest/{request.pk}/change/")

    assert page.status_code == 200
    assert "of_an_older_release" in page.text


# A broken definition is refused when it is imported.

VERBS, REASONS = LIFECYCLE.verbs, LIFECYCLE.close_reasons
NEVER = replace(guards.BOOKED, condition=lambda user, now: guards.BOOKED.q(user, now) & guards.CLOSED.q(user, now))
UNKNOWN_KIND = replace(OFFER.tells[0].kinds[0], key="novelty", still_true=None)
BROKEN = {
    "leads nowhere": {"verbs": (*VERBS, replace(SKIP, key="other", leads_to=()))},
    "no state allows": {"verbs": (*VERBS, replace(SKIP, key="other", when=NEVER))},
    "which is no state": {"verbs": (*VERBS, replace(SKIP, key="other", leads_to=(State("limbo", "Limbo"),)))},
    "nothing says it": {"verbs": (*VERBS, replace(SKIP, key="other", leads_to=(IS_CLOSED,)))},
    "nothing to say when it is done": {"verbs": (*VERBS, replace(SKIP, key="other", done=""))},
    "called by two names": {"verbs": (*VERBS, replace(SKIP, key="other", history="Passed over"))},
    "the verb skip is defined twice": {"verbs": (*VERBS, SKIP)},
    "nothing leads to limbo": {"states": (*LIFECYCLE.states, State("limbo", "Limbo"))},
    "nothing leads out of closed": {
        "verbs": tuple(
            verb for verb in VERBS if LIFECYCLE.starts_of(verb) != (IS_CLOSED,) and verb.key not in ("undo", "erase")
        )
    },
    "no state allows to close as bored": {"close_reasons": (*REASONS, CloseReason("bored", "Bored", NEVER))},
    "when the message novelty is still true": {
        "verbs": (*VERBS, replace(SKIP, key="other", tells=(Tells((UNKNOWN_KIND,), lambda request, before: []),)))
    },
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_definition_is_refused(fault):
    with pytest.raises(BrokenLifecycle, match=fault):
        replace(LIFECYCLE, **BROKEN[fault])


def test_two_guards_of_which_one_asks_more_than_columns_cannot_be_joined():
    asks_more = replace(guards.OPEN, also=lambda request, user, now: True)

    with pytest.raises(ValueError, match="only conditions"):
        asks_more | guards.CLOSED


# What no import can see. For its checks Django looks into the database, for what that can do.


def faults() -> list[str]:
    return [fault.msg for fault in run_checks() if fault.id.startswith("appointments.")]


@pytest.mark.django_db
def test_each_message_has_words_for_each_way_and_each_language_what_it_needs():
    assert faults() == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["messages/booked.txt", "texts/reminder.txt"])
def test_a_message_without_its_words_is_noticed_before_it_is_sent(settings, tmp_path, name, monkeypatch):
    monkeypatch.setattr(
        "appointments.operations.checks.LIFECYCLE", with_a_kind_called("novelty", by_text=name.startswith("texts"))
    )

    assert (
        f"The message 'novelty' has no template {name.partition('/')[0]}/novelty.txt, or one that cannot be read."
        in faults()
    )


def with_a_kind_called(key: str, *, by_text: bool):
    kind = replace(OFFER.tells[0].kinds[0], key=key, by_text=by_text)
    tells = Tells((kind,), lambda request, before: [])
    return replace(LIFECYCLE, tells=(*LIFECYCLE.tells, tells))

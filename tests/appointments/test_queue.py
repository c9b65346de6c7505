"""The queue says who to call next, to those who may know, and to nobody else."""

import datetime
import html
import re
import uuid

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from appointments import reference
from appointments.lifecycle.definition import BOOK, CLAIM, CLOSE, LIFECYCLE
from appointments.lifecycle.transition import perform
from appointments.models import Appointment, AppointmentRequest
from screening.pathways.vertebral_cement import PATHWAY
from tests.copies import many_like
from tests.statements import statements_without_audit
from tests.walk import words_of

VERBS = [verb for verb in LIFECYCLE.verbs if verb.has_button]

QUEUE = "/admin/appointments/appointmentrequest/"


@pytest.fixture
def clerk(db):
    """Staff with the permissions that the work needs, and no more."""
    return user_who_may("clerk", "view_appointmentrequest", "change_appointmentrequest")


def user_who_may(username, *codenames):
    user = get_user_model().objects.create_user(username, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(local: str) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.fromisoformat(local))


def references_on(page) -> list[str]:
    """The references in the queue, from top to bottom."""
    return [found.replace("-", "") for found in re.findall(r"<small>(\w{3}-\w{3}-\w{3})</small>", page.text)]


def more_like(request, *changes: dict) -> list[AppointmentRequest]:
    """Stores one copy of a request for each of the changes."""
    names = {field.name for field in request._meta.concrete_fields if not field.generated}
    same = {name: getattr(request, name) for name in names - {"id", "journey", "reference"}}
    return AppointmentRequest.objects.bulk_create(
        AppointmentRequest(journey=uuid.uuid4(), **{**same, **changed}) for changed in changes
    )


@pytest.mark.both
def test_worse_cases_are_called_first_then_newer_pain_then_those_who_asked_first(a_request, scheduler):
    unclear = a_request(pain="3", osteoporosis="not_sure")
    old_pain = a_request(duration="gt12m")
    new_pain = a_request(duration="lt2w")
    later = a_request(duration="2w_6w")
    in_bed = a_request(function="bed", duration="gt12m")
    myeloma = a_request(cancer="myeloma")

    page = signed_in(scheduler).get(QUEUE)

    people = [myeloma, in_bed, new_pain, later, old_pain, unclear]
    assert [person.priority for person in people] == ["P1", "P1", "P2", "P2", "P2", "P3"]
    assert references_on(page) == [person.reference for person in people]


@pytest.mark.both
def test_the_order_does_not_depend_on_the_order_in_which_requests_are_stored(a_request, scheduler):
    now = timezone.now()
    changes = [
        {"doubts": doubts, "priority": priority, "is_recent_pain": recent, "created_at": now - waiting}
        for doubts in ("", "many requests from one address")
        for priority in ("P1", "P2", "P3")
        for recent in (True, False)
        for waiting in (datetime.timedelta(days=9), datetime.timedelta(hours=30), datetime.timedelta(minutes=1))
    ]
    expected = [change | {"reference": reference.new()} for change in changes]
    first, *others = sorted(expected, key=lambda change: change["reference"])
    sent = a_request()
    AppointmentRequest.objects.filter(pk=sent.pk).update(**first)
    more_like(sent, *others)

    page = signed_in(scheduler).get(QUEUE)

    assert references_on(page) == [change["reference"] for change in expected]


@pytest.mark.both
@pytest.mark.parametrize("chosen", ["open", "closed", "all"])
def test_a_long_queue_goes_on_in_order_on_its_next_pages(a_request, scheduler, chosen):
    now, sent = timezone.now(), a_request()
    closed = {"closed_at": now, "closed_by": scheduler, "close_reason": "declined"} if chosen == "closed" else {}
    AppointmentRequest.objects.filter(pk=sent.pk).update(**closed)
    changes = [
        {**closed, "doubts": doubts, "priority": priority, "is_recent_pain": recent, "created_at": now - waiting}
        for doubts in ("", "many requests from one address")
        for priority in ("P1", "P2", "P3")
        for recent in (True, False)
        for waiting in [datetime.timedelta(days=9)] * 6 + [datetime.timedelta(minutes=1)] * 6
    ]
    everybody = [sent, *more_like(sent, *changes)]
    stored = AppointmentRequest.objects.all()
    expected = stored.in_queue_order() if chosen == "open" else stored.order_by("-created_at", "-pk")
    staff = signed_in(scheduler)

    shown, address = [], f"{QUEUE}?queue={chosen}"
    while address:
        page = staff.get(address)
        shown += references_on(page)
        following = re.search('href="([^"]*)" rel="next"', page.text)
        address = following and QUEUE + html.unescape(following[1])

    assert shown == [person.reference for person in expected]
    assert len(shown) == len(everybody)


def test_the_queue_says_what_to_know_before_the_call(a_request, scheduler, colleague):
    flags = {"cancer": "other", "clotting": "too_much", "blood_thinner": "yes"}
    held = a_request(language="es", needs_interpreter="on", **flags, doubts="answered faster than people read")
    perform(CLAIM, held, by=colleague)

    row = words_of(signed_in(scheduler).get(QUEUE))

    who = f"Ana Example {reference.grouped(held.reference)} born Mar 14, 1948 (212) 555-0123, New York, NY"
    assert f"P1 newer pain {PATHWAY.name} {who} perhaps not a person 0 minutes due by" in row
    assert "Perhaps not a person Español interpreter Another cancer" in row
    assert "Blood clots too much +1 more Held by colleague" in row


def test_the_queue_says_whom_to_call_now_and_whom_when(a_request, scheduler):
    AppointmentRequest.objects.filter(pk=a_request(call_times=["any"]).pk).update(due_at=at("2026-11-20 17:00"))
    a_request(call_times=["evening"], phone="808 555 0123")
    AppointmentRequest.objects.update(doubts="")

    # A Monday, and earlier in Hawaii.
    with time_machine.travel(at("2026-11-23 10:30"), tick=False):
        row = words_of(signed_in(scheduler).get(QUEUE))

    assert "overdue since Fri Nov 20, 5:00 PM now call 1" in row
    assert "at" in row


def test_a_name_cannot_bring_markup_into_the_pages(a_request, scheduler):
    sent = a_request(name="<b>Ana</b>")
    staff = signed_in(scheduler)

    for page in (staff.get(QUEUE), staff.get(f"{QUEUE}{sent.pk}/change/")):
        assert "&lt;b&gt;Ana&lt;/b&gt;" in page.text
        assert "<b>Ana" not in page.text
        # Escaped once, as it is put out, and kept as it was typed.
        assert "&amp;lt;" not in page.text
    assert AppointmentRequest.objects.get(pk=sent.pk).name == "<b>Ana</b>"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"waiting", "mine", "theirs", "doubtful"}),
        ("?queue=mine", {"mine"}),
        ("?queue=waiting", {"waiting", "doubtful"}),
        ("?queue=booked", {"booked"}),
        ("?queue=closed", {"closed"}),
        ("?queue=doubtful", {"doubtful"}),
        ("?queue=late", {"theirs"}),
        ("?queue=spanish", {"waiting"}),
        ("?queue=flagged", {"doubtful"}),
        ("?queue=all", {"waiting", "mine", "theirs", "doubtful", "booked", "closed"}),
        ("?queue=bogus", {"waiting", "mine", "theirs", "doubtful"}),
    ],
)
def test_only_open_requests_are_shown_unless_others_are_asked_for(
    a_request, scheduler, colleague, clinician, place, next_week, query, shown
):
    names = ("waiting", "mine", "theirs", "booked", "closed", "doubtful")
    special = {
        "waiting": {"language": "es"},
        "booked": {"imaging": ["none"]},
        "doubtful": {"blood_thinner": "yes", "doubts": "too fast"},
    }
    requests = {name: a_request(**special.get(name, {})) for name in names}
    AppointmentRequest.objects.filter(pk=requests["theirs"].pk).update(due_at=timezone.now())
    for request in requests.values():
        request.refresh_from_db()
    perform(CLAIM, requests["theirs"], by=colleague)
    for name in ("mine", "booked", "closed"):
        perform(CLAIM, requests[name], by=scheduler)
    perform(BOOK, requests["booked"], by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    perform(CLOSE, requests["closed"], by=scheduler, reason="declined")

    page = signed_in(scheduler).get(QUEUE + query)

    assert set(references_on(page)) == {requests[name].reference for name in shown}


@pytest.mark.both
@pytest.mark.parametrize(
    "typed",
    [
        "testwell",
        "Cármen",
        "muñoz car",
        "2125550147",
        "(212) 555-0147",
        "5550147",
        "carmen@",
        "MXP44MX9H",
        "mxp-44m-x9h",
    ],
)
def test_somebody_is_found_by_name_phone_email_and_reference_also_after_the_end(a_request, scheduler, typed):
    a_request()
    closed = a_request(name="Carmen Testwell-Munoz", phone="(212) 555-0147", email="carmen@c.m.n.example.com")
    AppointmentRequest.objects.filter(pk=closed.pk).update(reference="MXP44MX9H")
    perform(CLAIM, closed, by=scheduler)
    perform(CLOSE, closed, by=scheduler, reason="declined")

    page = signed_in(scheduler).post(QUEUE, {"q": typed})

    assert references_on(page) == ["MXP44MX9H"]
    assert f'value="{typed}"' in page.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("a", "Type three characters or more, or a whole name of two letters."),
        ("an", "Nobody fits that."),
        ("%%%", "Nobody fits that."),
        ("a\0b", ""),
    ],
)
def test_a_search_that_finds_nobody_says_so(a_request, scheduler, typed, said):
    a_request()

    page = signed_in(scheduler).post(QUEUE, {"q": typed})

    assert (page.status_code, references_on(page)) == (200, [])
    assert said in page.text


@pytest.mark.parametrize("query", ["", "?queue=all", "?queue=booked"])
@pytest.mark.parametrize("who", ["scheduler", "clerk"])
def test_a_long_queue_costs_as_many_queries_as_a_short_one(
    request, a_request, clinician, place, next_week, query, who
):
    user = request.getfixturevalue(who)
    staff = signed_in(user)
    sent = a_request()

    half_an_hour = datetime.timedelta(minutes=30)

    def store(count):
        visits = Appointment.objects.bulk_create(
            Appointment(
                clinician=clinician, place=place, starts_at=start, ends_at=start + half_an_hour, booked_by=user
            )
            for start in (next_week + datetime.timedelta(days=sent.pk + count, hours=hour) for hour in range(count))
        )
        more_like(sent, *({"appointment": visit} for visit in visits))
        more_like(sent, *[{"claimed_by": user, "claimed_at": timezone.now()}] * count)

    def queries_of_the_queue():
        with statements_without_audit() as queries:
            assert staff.get(QUEUE + query).status_code == 200
        return len(queries)

    store(1)
    short = queries_of_the_queue()
    store(75)

    assert queries_of_the_queue() == short <= 6


@pytest.mark.parametrize(
    "query",
    [
        *("o=x", "p=9999", "after=x", "after=-1", "after=" + "9" * 1000, "queue=x%C0", "q=%C0", "name__regex=("),
        *("name__startswith=B", "claimed_by__password__lt=p"),
    ],
)
def test_a_query_made_up_by_hand_breaks_nothing(a_request, scheduler, query):
    sent = a_request()

    page = signed_in(scheduler).get(f"{QUEUE}?{query}")

    assert page.status_code == 200
    assert references_on(page) == [sent.reference]


@pytest.mark.both
def test_of_very_many_that_fit_the_open_ones_are_shown(a_request, scheduler):
    sent = a_request()
    closed = {"closed_at": timezone.now(), "closed_by": scheduler, "close_reason": "declined"}
    many_like(sent, 60, **closed)
    (newest,) = many_like(sent, 1)

    page = signed_in(scheduler).post(QUEUE, {"q": sent.name})

    assert {sent.reference, newest.reference} <= set(references_on(page))
    assert "The first 50 that fit, open ones first: type more to see others" in words_of(page)


@pytest.mark.both
def test_of_all_that_can_be_called_there_are_as_many_as_home_says(a_request, scheduler):
    sent = a_request(call_times=["any"])
    AppointmentRequest.objects.update(doubts="", is_promised=True, next_call_at=timezone.now())
    sent.refresh_from_db()
    many_like(sent, 59)
    with override_settings(CALLS_FROM_HOUR=0, CALLS_UNTIL_HOUR=24):
        home = signed_in(scheduler).get("/admin/")
        page = signed_in(scheduler).get(f"{QUEUE}?queue=callable")
        last = signed_in(scheduler).get(
            re.search('href="([^"]*after=[0-9]+[^"]*)"', html.unescape(page.text))[1].join([QUEUE, ""])
        )

    assert "60 can be called now." in words_of(home)
    assert "Callable now: 50 and more" in words_of(page)
    assert len(references_on(last)) == 10


def test_after_all_calls_the_queue_says_that_a_letter_is_due(a_request, scheduler, settings):
    a_request()
    AppointmentRequest.objects.update(attempts_made=settings.CALL_ATTEMPTS)

    row = words_of(signed_in(scheduler).get(QUEUE)).partition("Example")[2]
    assert "Letters to send" in row
    assert " now " not in row


def test_whom_the_nurse_calls_first_is_not_to_be_called_now(a_request, scheduler, settings):
    settings.CALLS_FROM_HOUR, settings.CALLS_UNTIL_HOUR = 0, 24
    a_request(call_times=["any"])
    AppointmentRequest.objects.update(doubts="", nurse_check="call_first")

    row = words_of(signed_in(scheduler).get(QUEUE)).partition("Example")[2]

    assert "Needs a nurse" in row
    assert " now " not in row


def test_those_who_are_not_signed_in_are_sent_to_the_login(a_request, django_user_model):
    sent = a_request()
    outsider = signed_in(django_user_model.objects.create_user("outsider"))
    pages = [QUEUE, f"{QUEUE}{sent.pk}/change/", f"{QUEUE}{sent.pk}/history/"]

    for client in (Client(), outsider):
        responses = [*map(client.get, pages), client.post(f"{QUEUE}{sent.pk}/do/claim/")]

        assert {response.status_code for response in responses} == {302}
        assert {response["Location"].split("?")[0] for response in responses} == {"/admin/login/"}
    assert not sent.events.exists()


def test_those_who_may_only_look_see_the_sheet_without_verbs_and_can_do_none(a_request, scheduler):
    sent = a_request()
    watching = signed_in(user_who_may("onlooker", "view_appointmentrequest"))

    sheet = watching.get(f"{QUEUE}{sent.pk}/change/")
    answers = {verb.key: watching.post(f"{QUEUE}{sent.pk}/do/{verb.key}/").status_code for verb in VERBS}

    assert "Ana Example" in sheet.text
    assert "/do/" not in sheet.text
    assert "/do/claim/" in signed_in(scheduler).get(f"{QUEUE}{sent.pk}/change/").text
    # They may take back what they did themselves, which is nothing.
    assert answers == {verb.key: 409 if verb.key == "undo" else 403 for verb in VERBS}
    assert not sent.events.exists()


def test_staff_without_a_permission_for_requests_see_none(a_request):
    sent = a_request()
    cook = signed_in(user_who_may("cook"))

    pages = [cook.get(QUEUE), cook.get(f"{QUEUE}{sent.pk}/change/"), cook.post(f"{QUEUE}{sent.pk}/do/claim/")]

    assert [page.status_code for page in pages] == [403, 403, 403]
    assert not any("Ana Example" in page.text for page in pages)


def test_requests_are_neither_added_nor_edited_nor_deleted_by_hand(a_request, scheduler):
    sent = a_request()
    staff = signed_in(scheduler)
    delete_selected = {"action": "delete_selected", "_selected_action": [sent.pk], "post": "yes"}

    page = staff.post(QUEUE, delete_selected, follow=True)

    assert staff.get(f"{QUEUE}add/").status_code == staff.post(f"{QUEUE}add/").status_code == 403
    assert staff.get(f"{QUEUE}{sent.pk}/delete/").status_code == 403
    assert staff.post(f"{QUEUE}{sent.pk}/delete/", {"post": "yes"}).status_code == 403
    assert staff.post(f"{QUEUE}{sent.pk}/change/", {"name": "Somebody Else"}).status_code == 405
    assert references_on(page) == [sent.reference]
    assert AppointmentRequest.objects.get().name == "Ana Example"
    assert not any(offer in page.text for offer in ("/add/", "delete_selected", "/delete/"))


def test_staff_pages_warn_while_the_rules_are_not_signed(a_request, scheduler):
    staff = signed_in(scheduler)
    pages = ["/admin/", QUEUE, f"{QUEUE}{a_request().pk}/change/", "/admin/appointments/clinician/add/"]
    notice = "Not for real patients yet: no clinician has signed off the rules"

    assert all(notice in words_of(staff.get(page)) for page in pages)


def test_what_a_request_is_called_elsewhere_does_not_name_the_patient(
    a_request, scheduler, clinician, place, next_week
):
    sent = a_request()
    staff = signed_in(scheduler)
    visit = {"starts_at": f"{next_week:%Y-%m-%dT%H:%M}", "clinician": clinician.pk, "place": place.pk}
    staff.post(f"{QUEUE}{sent.pk}/do/claim/", {"version": 0})
    staff.post(f"{QUEUE}{sent.pk}/do/book/", {"version": 1, **visit})

    in_use = staff.get(f"/admin/appointments/clinician/{clinician.pk}/delete/")

    assert str(sent) == reference.grouped(sent.reference)
    assert Appointment.objects.get().request == sent
    assert "Cannot delete" in in_use.text
    assert "Ana" not in in_use.text + str(list(LogEntry.objects.values()))


@pytest.fixture
def two_hundred_open_of_three_thousand(a_request, scheduler):
    request = a_request()
    perform(CLAIM, request, by=scheduler)
    perform(CLOSE, request, by=scheduler, reason="declined")
    request.refresh_from_db()
    many_like(request, 2_799)
    many_like(request, 200, closed_at=None, closed_by=None, close_reason="")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@pytest.mark.skipif(connection.vendor == "postgresql", reason="PostgreSQL sorts what is short, rightly")
def test_a_page_is_read_in_the_order_of_the_queue_and_nothing_is_sorted(two_hundred_open_of_three_thousand):
    plan = AppointmentRequest.objects.open().in_queue_order()[:50].explain()

    assert "USING INDEX queue_order" in plan
    assert "TEMP B-TREE" not in plan


# SQLite keeps no such count.
@pytest.mark.postgresql
def test_the_database_knows_how_many_are_open_or_it_would_sort_a_long_queue_for_each_page(
    two_hundred_open_of_three_thousand,
):
    plan = AppointmentRequest.objects.open().explain()

    assert 150 < int(re.search(r"rows=(\d+)", plan)[1]) < 250


def test_a_queue_that_is_left_open_says_of_when_it_is(a_request, clerk):
    with time_machine.travel(at("2037-05-04T09:30"), tick=False):
        a_request()
        page = signed_in(clerk).get(QUEUE, {"queue": "calls"})

    assert "1, as of 9:30 AM" in words_of(page)

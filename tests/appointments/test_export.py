"""Requests leave for a spreadsheet in full or not unnoticed, for a purpose that is known, and harmless to open."""

import csv
import datetime
import io
import re
import tracemalloc
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from appointments.lifecycle.definition import BOOK, BOOK_ANYWAY, CLAIM, CLOSE, LOG_CALL, SEND_LETTER
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, ExportLog
from appointments.reporting import export
from tests.reading import words_found
from tests.staff import member_of, signed_in
from tests.walk import title_of, words_of

pytestmark = pytest.mark.both

EXPORT = "/admin/export/"
PURPOSE = {"purpose": "Waiting times for the board"}


@pytest.fixture
def manager(db):
    return signed_in(member_of("Managers", "manager"))


def copies_of(request, *changes: dict) -> list[AppointmentRequest]:
    """Stores one copy of a request for each of the changes."""
    names = {field.name for field in request._meta.concrete_fields if not field.generated}
    same = {name: getattr(request, name) for name in names - {"id", "journey", "reference"}}
    return AppointmentRequest.objects.bulk_create(
        AppointmentRequest(journey=uuid.uuid4(), **{**same, **changed}) for changed in changes
    )


def body_of(response) -> bytes:
    return b"".join(response.streaming_content)


def rows_in(body: bytes) -> list[dict]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def exported(client, query="") -> list[dict]:
    return rows_in(body_of(client.post(f"{EXPORT}?{query}", PURPOSE)))


def asked_at(typed: str) -> dict:
    return {"created_at": timezone.make_aware(datetime.datetime.fromisoformat(typed))}


def test_all_that_is_known_of_a_request_comes_as_a_line_of_the_table(a_request, scheduler, manager, clinician, place):
    sent = a_request(language="es", texts_ok="yes")
    perform(CLAIM, sent, by=scheduler)
    visit_at = timezone.make_aware(datetime.datetime(2099, 5, 4, 10, 30))
    perform(BOOK_ANYWAY, sent, by=scheduler, starts_at=visit_at, place=place, clinician=clinician, note="Agreed.")

    response = manager.post(f"{EXPORT}?state=booked", PURPOSE)
    body = body_of(response)

    [row] = rows_in(body)
    expected = {
        "reference": sent.reference,
        "status": "booked",
        "name": "Ana Example",
        "date of birth": "1948-03-14",
        "phone": "'+12125550123",
        "language": "es",
        "call times": "morning",
        "voicemail allowed": "yes",
        "needs interpreter": "no",
        "next call": "",
        "visit": "2099-05-04 10:30",
        "clinician": "Dr. Example",
        "place": "Main clinic",
    }
    assert {name: row[name] for name in expected} == expected
    assert row.keys() == export.COLUMNS.keys()
    assert body.startswith(b"\xef\xbb\xbfreference,")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    assert re.fullmatch(
        r'attachment; filename="visit-requests-\d{4}-\d\d-\d\d-\d{4}\.csv"', response["Content-Disposition"]
    )


def test_whom_nobody_is_to_call_has_no_next_call_but_what_is_awaited(a_request, scheduler, manager):
    def told_of(outcome, *then, **facts) -> dict[str, str]:
        asked = a_request(**facts)
        perform(CLAIM, asked, by=scheduler)
        perform(LOG_CALL, asked, by=scheduler, channel="phone", outcome=outcome)
        for verb in then:
            perform(verb, asked, by=scheduler)
        at = timezone.localtime(asked.next_call_at).isoformat(" ")[:16] if asked.next_call_at else "-"
        [row] = [one for one in exported(manager) if one["reference"] == asked.reference]
        return {name: value.replace(at, "at") for name, value in row.items()}

    names = ("next call", "waits for the patient", "waits until", "phone is wrong")
    no_email = {"email": "", "date_of_birth_year": "1950"}
    missed = told_of("no_answer")
    assert [missed[name] for name in names] == ["at", "", "", "no"]
    wrong = told_of("wrong_number", email="ana@mail.example.com", date_of_birth_year="1949")
    assert [wrong[name] for name in names] == ["", "email", "at", "yes"]
    written_to = told_of("wrong_number", SEND_LETTER, **no_email)
    assert [written_to[name] for name in names] == ["", "letter", "at", "yes"]


@pytest.mark.parametrize(
    ("query", "whom"),
    [
        ("", {"open", "spring", "spanish"}),
        ("state=booked", {"booked"}),
        ("state=closed", {"closed"}),
        ("state=all", {"open", "spring", "spanish", "booked", "closed"}),
        ("language=es", {"spanish"}),
        ("state=all&language=en", {"open", "spring", "booked", "closed"}),
        ("since=2026-04-01&until=2026-04-01", {"spring"}),
        ("since=2026-04-02", {"open", "spanish"}),
        ("until=2026-03-31", set()),
    ],
)
def test_the_page_counts_what_fits_and_the_table_has_just_that(
    a_request, scheduler, manager, clinician, place, next_week, query, whom
):
    requests = {name: a_request() for name in ("open", "booked", "closed")}
    AppointmentRequest.objects.update(**asked_at("2026-05-01T12:00"))
    for name in ("booked", "closed"):
        requests[name].refresh_from_db()
        perform(CLAIM, requests[name], by=scheduler)
    perform(BOOK, requests["booked"], by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    perform(CLOSE, requests["closed"], by=scheduler, reason="declined")
    # The last minute of the day by the clinic's clock is the next day in UTC.
    changes = {"spring": asked_at("2026-04-01T23:59"), "spanish": {"language": "es"}}
    requests |= zip(changes, copies_of(requests["open"], *changes.values()), strict=True)

    page = manager.get(f"{EXPORT}?{query}")
    rows = exported(manager, query)

    assert {row["reference"] for row in rows} == {requests[name].reference for name in whom}
    assert re.search(rf"\b{len(whom)} requests? The file has", words_of(page))
    assert f"{query}" in page.text.replace("&amp;", "&")


NASTY = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    st.tuples(
        st.sampled_from(["", " ", "\t", "\r", "\n", "\u00a0", '"', "'", ",", ";"]),
        st.sampled_from([*"=+-@\t\r\n＝＋－＠"]),
        st.sampled_from(["cmd|' /C calc'!A0", 'HYPERLINK("http://example.com","x")', "1+1", '","=1', "\n=1", ""]),
    ).map("".join),
)


@pytest.mark.either
@pytest.mark.generated
@given(NASTY)
def test_no_cell_begins_as_a_formula_does_and_none_loses_a_character(text):
    written = io.StringIO(newline="")
    csv.writer(written).writerow([export.harmless(text), "next"])

    [[cell, after]] = csv.reader(io.StringIO(written.getvalue(), newline=""))

    assert after == "next"
    assert cell.replace("'", "") == text.replace("'", "")
    assert not re.match(r"\s*[=+\-@＝＋－＠]|[\t\r\n]", cell)


@pytest.mark.either
@pytest.mark.parametrize(
    ("typed", "written"),
    [("Ana;=1+1", "Ana;'=1+1"), ("Ana ; +1;x", "Ana ; '+1;x"), ("a; b", "a; b"), ("Ana;＝1", "Ana;'＝1")],
)
def test_nor_does_what_stands_behind_a_semicolon_at_which_some_spreadsheets_end_a_cell(typed, written):
    assert export.harmless(typed) == written


@pytest.mark.either
def test_what_patients_and_staff_typed_is_no_formula_in_the_file(a_request, manager):
    sent = a_request()
    typed = ['=HYPERLINK("http://example.com")', "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", 'Ana ",=1', "＝1"]
    copies_of(sent, *({"name": name, "relationship": name} for name in typed))

    rows = exported(manager)

    assert [row["name"] for row in rows[1:]] == [f"'{name}" if name != 'Ana ",=1' else name for name in typed]
    assert not [cell for row in rows for cell in row.values() if cell[:1] in [*"=+-@\t\r"]]


def test_who_takes_what_out_and_what_for_stands_in_the_log_before_the_first_byte(a_request, manager, caplog):
    a_request(language="es")

    response = manager.post(f"{EXPORT}?state=all&language=es&since=2020-01-01", PURPOSE)

    # Nobody has read a byte of the answer yet.
    log = ExportLog.objects.get()
    assert (log.by.username, log.purpose, log.rows) == ("manager", PURPOSE["purpose"], 1)
    assert log.filters == {"state": "all", "language": "es", "since": "2020-01-01"}
    assert f"Export {log.pk} of 1 requests by user {log.by.pk}" in caplog.messages
    assert len(rows_in(body_of(response))) == 1
    shown = words_of(manager.get(EXPORT))
    assert "manager Waiting times for the board 1 " in shown
    assert "language es" in shown
    assert not words_found(caplog.text, "Ana")


@pytest.mark.parametrize("purpose", ["", "  ", "x" * 201])
def test_without_a_purpose_nothing_leaves_and_the_filter_is_kept(a_request, manager, purpose):
    a_request()

    page = manager.post(f"{EXPORT}?state=all&language=en", {"purpose": purpose})

    assert page.status_code == 422
    assert title_of(page).startswith("Error: Export")
    assert "1 request " in words_of(page)
    assert '<option value="en" selected>' in page.text
    assert not words_found(page.text, "Ana")
    assert not ExportLog.objects.exists()


@pytest.mark.either
@pytest.mark.parametrize(
    "query",
    [
        "state=bogus",
        "language=xx",
        "since=yesterday",
        "since=0001-01-01",
        "until=9999-12-31",
        "since=2026-05-02&until=2026-05-01",
    ],
)
def test_a_filter_made_up_by_hand_is_refused_and_exports_nothing(a_request, manager, query):
    a_request()

    answers = [manager.get(f"{EXPORT}?{query}"), manager.post(f"{EXPORT}?{query}", PURPOSE)]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert "What is this export for?" not in answers[0].text
    assert not ExportLog.objects.exists()


@pytest.mark.either
@pytest.mark.parametrize("group", ["Schedulers", "Nurses"])
def test_only_those_who_may_manage_the_queue_can_export(a_request, group):
    a_request()
    client = signed_in(member_of(group))

    answers = [client.get(EXPORT), client.post(EXPORT, PURPOSE)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert not ExportLog.objects.exists()


def test_the_table_is_sent_in_pieces_while_it_is_read(a_request, manager):
    copies_of(a_request(), *[{}] * (2 * export.ROWS_AT_ONCE))

    response = manager.post(EXPORT, PURPOSE)
    pieces = iter(response.streaming_content)
    first = next(pieces)
    rest = list(pieces)

    assert response.streaming
    assert "Content-Length" not in response
    assert [first.count(b"\r\n"), *(piece.count(b"\r\n") for piece in rest)] == [501, 500, 1]


def test_four_times_the_requests_need_no_more_memory_and_a_statement_for_each_piece(a_request, monkeypatch):
    sent = a_request()
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 100)

    def peak_of(count):
        AppointmentRequest.objects.exclude(pk=sent.pk).delete()
        copies_of(sent, *[{}] * count)
        tracemalloc.start()
        with CaptureQueriesContext(connection) as queries:
            lines = sum(piece.count("\n") for piece in export.table(export.fitting(state="all")))
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert lines == count + 2
        return peak, len(queries)

    peak_of(10)
    few, statements = peak_of(2 * export.ROWS_AT_ONCE)
    many, statements_for_many = peak_of(8 * export.ROWS_AT_ONCE)

    # Kept whole, they would need four times as much; when rubbish is collected is a matter of luck.
    assert many < 2 * few
    assert (statements, statements_for_many) == (3, 9)


def test_an_error_half_way_is_told_in_the_last_line_and_names_nobody_in_the_log(a_request, manager, caplog):
    sent = a_request()
    copies = copies_of(sent, *[{}] * (export.ROWS_AT_ONCE + 3))
    # No version of the product writes this.
    AppointmentRequest.objects.filter(pk=copies[-2].pk).update(flags=["Ana Example", 1])

    body = body_of(manager.post(EXPORT, PURPOSE))

    lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    read = export.ROWS_AT_ONCE + 2
    assert lines[-1] == [f"THIS EXPORT IS INCOMPLETE: an error ended it after {read} rows. Do not use it."]
    assert len(lines) == 1 + read + 1
    assert f"An export ended after {read} rows: TypeError" in caplog.messages
    assert not words_found(caplog.text, "Ana")

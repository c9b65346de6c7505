"""Hours and absences pasted as a table, or copied from a colleague's week."""

import datetime
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from appointments.lifecycle.definition import BOOK, CLAIM
from appointments.lifecycle.transition import perform
from appointments.models import Absence, Clinician, ConsultingHours, Place
from tests.staff import member_of, signed_in
from tests.walk import words_of

pytestmark = pytest.mark.django_db

PASTE, COPY = reverse("admin:paste_hours"), reverse("admin:copy_hours")
HOURS = """Clinician,Location,Weekday,Starts,Ends,First day
Dr. Sample,Main clinic,Monday,9:00,12:00,
dr. sample,Main clinic,tue,1 PM,5:30 pm,2037-05-04
Dr. Example,,,,,
"""


FAR = "Check the year: it is one from 2000 to 2199."


@pytest.fixture
def eve():
    return signed_in(member_of("Managers", "eve"))


def saves(browser, sent, **changes):
    """The page with what the rows would do, and then its button."""
    [shown] = re.findall(r'name="save" value="(\w+)"', browser.post(PASTE, sent).text)
    return browser.post(PASTE, {**sent, "save": shown, **changes}, follow=True)


def stored() -> set[str]:
    return {f"{row}, {row.place}, {row.since}" for row in ConsultingHours.objects.all()}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_shown_first_and_then_saved_as_it_was_shown(eve, separator):
    sent = {"kind": "hours", "table": "\ufeff" + HOURS.replace(",", separator)}

    shown = eve.post(PASTE, sent)
    made = re.findall("<td>(New.*?)</td>", shown.text)
    assert made == ["New, with a new clinician and a new location", "New", "New"]
    assert not Clinician.objects.exists()

    saved = saves(eve, sent)
    assert "Saved: 3 new, 0 were there already." in words_of(saved)
    assert {clinician.name for clinician in Clinician.objects.all()} == {"Dr. Sample", "Dr. Example"}
    assert stored() == {
        "Dr. Sample, Monday 09:00 to 12:00, Main clinic, None",
        "Dr. Sample, Tuesday 13:00 to 17:30, Main clinic, 2037-05-04",
    }

    again = saves(eve, sent)
    assert "Saved: 0 new, 3 were there already." in words_of(again)


@pytest.mark.parametrize("above", ["\n", "\r\n\r\n", ",,,,,\n", "\t\t\t\t\t\r\n"])
def test_empty_rows_above_the_names_of_the_columns_are_no_matter(eve, above):
    table = HOURS.replace(",", "\t") if "\t" in above else HOURS

    saves(eve, {"kind": "hours", "table": above + table})

    assert len(stored()) == 2


@pytest.mark.parametrize("empty", ["\n", ",,,\n,,", ";", "\ufeff"])
def test_a_table_of_empty_cells_has_no_row(eve, empty):
    assert "Paste a table with at least one row." in words_of(eve.post(PASTE, {"kind": "hours", "table": empty}))


def test_a_table_that_is_too_long_is_refused_whole_and_the_browser_cuts_nothing_off(eve):
    page = eve.get(PASTE)
    assert "maxlength" not in re.search("<textarea.*?>", page.text)[0]
    assert "At most 500 rows can be pasted at once." in words_of(page)

    refused = eve.post(PASTE, {"kind": "hours", "table": HOURS + "," * 50_000})

    assert "at most 50000 characters" in words_of(refused)


def test_a_table_that_was_changed_after_it_was_shown_is_shown_anew(eve):
    sent = {"kind": "hours", "table": HOURS}
    added = "Dr. Smaple,Main clinc,Tuesday,9:00,12:00\n"

    page = saves(eve, sent, table=HOURS + added)

    assert page.status_code == 409
    assert "Nothing is saved yet: look at what it does now." in words_of(page)
    assert "New, with a new clinician and a new location Dr. Smaple" in words_of(page)
    assert added in page.text
    assert not Clinician.objects.exists()
    saves(eve, {**sent, "table": HOURS + added})
    assert Clinician.objects.filter(name="Dr. Smaple").exists()


def test_an_absence_may_be_of_whole_days_or_of_hours(eve):
    rows = ("Dr. Sample,2037-05-04,5/8/2037,Congress", "Dr. Sample,2037-06-01 9:00,2037-06-01 1 PM,")
    table = "\n".join(("Clinician,From,Until,Reason", *rows))

    saves(eve, {"kind": "absences", "table": table})

    days, hours = Absence.objects.order_by("starts_at")
    assert (timezone.localtime(days.starts_at).date(), days.ends_at - days.starts_at) == (
        datetime.date(2037, 5, 4),
        datetime.timedelta(days=5),
    )
    assert (days.reason, hours.ends_at - hours.starts_at) == ("Congress", datetime.timedelta(hours=4))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("Dr. Sample,Main clinic,Someday,9:00,12:00", "Weekday: Write the weekday like Monday or Mon."),
        ("Dr. Sample,Main clinic,Monday,nine,12:00", "Starts: Write the time like 9:00 or 9 AM."),
        ("Dr. Sample,Main clinic,Monday,12:00,9:00", "Ends: It must end after it begins."),
        ("Dr. Sample,,Monday,9:00,12:00", "Location: This field cannot be null."),
        (",Main clinic,Monday,9:00,12:00", "Clinician: This field is required."),
        ("Dr. Gone,Main clinic,Monday,9:00,12:00", "Clinician: Dr. Gone is not in use."),
        (
            "Dr. Sample,Main clinic,Monday,9:00,12:00\nDr. Sample,Main clinic,Monday,11:00,13:00",
            "These overlap hours",
        ),
        ("Dr. Sample,Main clinic,Monday,9:00,12:00,,", "more cells than there are columns"),
        ('"Dr. Sample', "Look at its quotation marks"),
        ("", "There is no row below"),
        ("Dr. Sample\n" * 501, "At most 500 rows"),
        ("Dr. S\0ample", "Null characters are not allowed"),
        ("Dr. Sample,Main clinic,Monday,9:00,12:00,,12/31/9999", f"Last day: {FAR}"),
        ("Dr. Sample,Main clinic,Monday,9:00,12:00,0001-01-01,", f"First day: {FAR}"),
    ],
)
def test_if_one_row_is_wrong_none_is_saved_and_what_was_pasted_stays(eve, rows, said):
    Clinician.objects.create(name="Dr. Gone", is_active=False)
    columns = "Clinician,Location,Weekday,Starts,Ends" + (",First day,Last day" if FAR in said else "")
    table = f"{columns}\n{rows}"

    page = eve.post(PASTE, {"kind": "hours", "table": table, "save": "yes"})

    assert (page.status_code, said in words_of(page)) == (422, True)
    assert rows.lstrip('"')[:5] in page.text
    assert [clinician.name for clinician in Clinician.objects.all()] == ["Dr. Gone"]
    assert not ConsultingHours.objects.exists()


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("2037-05-04", "12/31/9999", f"Until: {FAR}"),
        ("2037-05-04", "9999-12-31 23:00", f"Until: {FAR}"),
        ("0001-01-01", "2037-05-04", f"From: {FAR}"),
        ("2037-11-01 1:30", "2037-11-01 9:00", "From: 2037-11-01 01:30:00 couldn’t be interpreted"),
        ("2037-03-08 2:30", "2037-03-08 9:00", "From: 2037-03-08 02:30:00 couldn’t be interpreted"),
    ],
)
def test_an_absence_at_a_time_that_is_none_is_refused_in_words(eve, since, until, said):
    table = f"Clinician,From,Until\nDr. Sample,{since},{until}"

    page = eve.post(PASTE, {"kind": "absences", "table": table})

    assert (page.status_code, said in words_of(page)) == (422, True)
    assert until in page.text


@pytest.mark.parametrize("table", ["\ufeff", "\ufeff\n", " \n\n"])
def test_a_table_of_nothing_is_refused_in_words(eve, table):
    page = eve.post(PASTE, {"kind": "hours", "table": table})

    assert (page.status_code, "Paste a table with at least one row." in words_of(page)) == (422, True)


@pytest.mark.parametrize("header", ["Name,Weekday", "Clinician,Clinician", "Clinician,"])
def test_columns_that_are_none_or_twice_there_are_named(eve, header):
    page = eve.post(PASTE, {"kind": "hours", "table": f"{header}\nDr. Sample,Monday"})

    assert page.status_code == 422
    assert "no column. These are: Clinician, Location, Weekday" in words_of(page) or "there twice" in words_of(page)


def test_an_absence_that_touches_a_visit_shows_it_before_it_is_saved(
    eve, a_request, scheduler, clinician, place, next_week
):
    request = a_request()
    perform(CLAIM, request, by=scheduler)
    perform(BOOK, request, by=scheduler, starts_at=next_week, clinician=clinician, place=place)
    visit = request.appointment
    day = timezone.localtime(visit.starts_at).date()
    sent = {"kind": "absences", "table": f"Clinician,From,Until\n{visit.clinician},{day},{day}"}

    shown = saves(eve, sent)
    assert "Nothing is saved yet" in words_of(shown)
    assert not Absence.objects.exists()

    [typed] = re.findall(r'name="visits_seen" value="(\w+)"', shown.text)
    saves(eve, sent, visits_seen=typed)
    visit.refresh_from_db()
    assert (Absence.objects.count(), visit.must_move_by is not None) == (1, True)


def test_a_week_is_copied_but_for_what_overlaps(eve):
    sample, example, other = (Clinician.objects.create(name=f"Dr. {name}") for name in ("Sample", "Example", "Other"))
    place = Place.objects.create(name="Main clinic")
    morning = {"place": place, "starts": "09:00", "ends": "12:00"}
    for clinician, weekday in ((sample, 0), (sample, 1), (other, 1)):
        ConsultingHours.objects.create(clinician=clinician, weekday=weekday, **morning)

    page = eve.post(COPY, {"whose": sample.pk, "to": [example.pk, other.pk], "since": "2037-05-04"}, follow=True)

    assert "Copied: 3 new." in words_of(page)
    assert "overlap hours that are there: Dr. Other, Tuesday 09:00 to 12:00" in words_of(page)
    assert {(str(row.clinician), row.weekday) for row in ConsultingHours.objects.filter(since="2037-05-04")} == {
        ("Dr. Example", 0),
        ("Dr. Example", 1),
        ("Dr. Other", 0),
    }
    far = eve.post(COPY, {"whose": sample.pk, "to": [example.pk], "since": "9999-12-31"})
    assert (far.status_code, FAR in words_of(far)) == (422, True)
    to_oneself = eve.post(COPY, {"whose": sample.pk, "to": [sample.pk]})
    assert (to_oneself.status_code, "Choose others" in words_of(to_oneself)) == (422, True)

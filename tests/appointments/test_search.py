"""Somebody is found by what a caller says: however a number is spelled, whatever the accents, in any sequence."""

import pytest

from appointments import search
from appointments.lifecycle.definition import CORRECT
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest
from tests.copies import many_like
from tests.walk import words_of

pytestmark = pytest.mark.both


@pytest.fixture
def people(a_request):
    """Three of them, by a short name."""
    ana = a_request()
    (iñaki,) = many_like(
        ana, 1, name="Iñaki Núñez-García O’Brien", phone="+17875550147;ext=12", email="i_100%real@example.com"
    )
    (john,) = many_like(ana, 1, name="John Sample", phone="+18085550199", email="", date_of_birth="1951-04-03")
    return {"ana": ana, "iñaki": iñaki, "john": john}


def found(people: dict, typed: str) -> list[str]:
    requests = set(search.find(AppointmentRequest.objects.all(), typed))
    return [name for name, request in people.items() if request in requests]


@pytest.mark.parametrize(
    "typed",
    [
        "(212) 555-0123",
        "212.555.0123",
        "212 555 0123",
        "212-555-0123",
        "212–555–0123",
        "2125550123",
        "+12125550123",
        "+1 212 555 0123",
        "1 (212) 555-0123",
        "001 212 555 0123",
        "tel:+1-212-555-0123",
        " 212\u00a0555\u00a00123 ",
        "555-0123",
        "0123",
        "50123",
        "212",
    ],
)
def test_a_number_is_found_in_any_spelling_and_by_its_last_digits(people, typed):
    assert found(people, typed) == ["ana"]


@pytest.mark.parametrize(
    "typed",
    ["(787) 555-0147", "(787) 555-0147 ext. 12", "787 555 0147 x12", "7875550147 #12", "tel:+1-787-555-0147;ext=12"],
)
def test_a_number_with_an_extension_is_found_with_and_without_it(people, typed):
    assert found(people, typed) == ["iñaki"]


def test_the_numbers_that_staff_pages_show_are_found_as_they_are_shown(people):
    for name, request in people.items():
        assert found(people, request.phone_shown) == found(people, request.phone_link) == [name]


def test_an_extension_that_is_another_one_is_not_found(people):
    assert found(people, "787 555 0147 x13") == []


def test_the_last_four_digits_are_found_also_if_they_start_with_zeros(people, scheduler):
    perform(CORRECT, people["john"], by=scheduler, phone="+18085550012")

    assert found(people, "0012") == ["john"]
    assert found(people, "0199") == []


@pytest.mark.parametrize(
    ("typed", "who"),
    [
        ("Ana Example", ["ana"]),
        ("example ana", ["ana"]),
        ("EXAMPLE, ana", ["ana"]),
        ("amp", ["ana", "iñaki", "john"]),
        ("inaki", ["iñaki"]),
        ("IÑAKI", ["iñaki"]),
        ("nunez garcia", ["iñaki"]),
        ("garcía-núñez", ["iñaki"]),
        ("Nun\u0303ez", ["iñaki"]),
        ("o'brien", ["iñaki"]),
        ("O’Brien", ["iñaki"]),
        ("obrien", ["iñaki"]),
        ("john  sample", ["john"]),
        ("jo sample", ["john"]),
        ("john example", []),
        ("john 0199", ["john"]),
        ("ana@", ["ana"]),
        ("ANA@Example.com", ["ana"]),
        ("@example.com", ["ana", "iñaki"]),
    ],
)
def test_names_and_addresses_are_found_by_parts_of_their_words_in_any_sequence(people, typed, who):
    assert found(people, typed) == who


def test_a_reference_is_found_with_and_without_dashes_in_any_case(people, scheduler):
    AppointmentRequest.objects.filter(pk=people["ana"].pk).update(reference="MXP44MX9H")
    people["ana"].refresh_from_db()
    perform(CORRECT, people["ana"], by=scheduler, email="")

    for typed in ("MXP44MX9H", "mxp44mx9h", "MXP-44M-X9H", "mxp 44m x9h", " mxp-44mx9h ", "mxp44m", "mxp-44m"):
        assert found(people, typed) == ["ana"]
    assert found(people, "MXP-44M-X9J") == []


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("Vy Le", ["Vy Le", "le vy", "Le, Vy"]),
        ("王芳", ["王芳"]),
        ("Maria J Lopez Jr", ["Maria J. Lopez", "Lopez Jr.", "m. j. lopez"]),
        ("St John Sample", ["St. John", "St John"]),
        ("Mary O Malley", ["O'Malley", "O’Malley", "o malley", "OMalley"]),
        ("Ann Mc Donald", ["McDonald", "Mc Donald"]),
        ("Eva De La Cruz", ["DeLaCruz", "de la cruz", "Cruz"]),
        ("Kealiʻi Example", ["Kealii", "Keali'i", "Kealiʻi"]),
        ("Cem Yılmaz", ["Yilmaz", "Yılmaz"]),
    ],
)
def test_a_name_is_found_however_its_short_words_dots_and_letters_are_written(people, name, spellings):
    (other,) = many_like(people["ana"], 1, name=name)
    everybody = {**people, "other": other}

    assert {typed: found(everybody, typed) for typed in spellings} == {typed: ["other"] for typed in spellings}


@pytest.mark.parametrize("typed", ["Sample (808) 555-0199", "\u202a(808) 555-0199\u202c", "John S. 808-555-0199"])
def test_a_name_and_a_number_are_found_together_and_a_number_as_phones_copy_it(people, typed):
    assert found(people, typed) == ["john"]


@pytest.mark.parametrize("phone", ["+442079460123", "+525512345678"])
def test_a_number_of_another_country_is_shown_and_found_with_its_country_code(people, phone):
    (abroad,) = many_like(people["ana"], 1, phone=phone)

    assert abroad.phone_shown.startswith(phone[:3])
    assert found({**people, "abroad": abroad}, abroad.phone_shown) == ["abroad"]


@pytest.mark.parametrize("typed", ["", " ", "a", "an", "a n a", "12", "(1)", "+", "...", "--", "'''", "\0", "00"])
def test_under_three_characters_nothing_is_found(people, typed):
    assert found(people, typed) == []


@pytest.mark.parametrize(
    ("typed", "who"),
    [
        ("i_1", ["iñaki"]),
        ("100%", ["iñaki"]),
        ("%%%", []),
        ("___", []),
        ("a_a", []),
        ("a%a", []),
        ("\\\\\\", []),
        ("ana\\", []),
        ("\\_1", []),
        ("'; --", []),
        ("ana\0example", ["ana"]),
    ],
)
def test_what_means_something_to_the_database_is_taken_as_it_is(people, typed, who):
    assert found(people, typed) == who


@pytest.mark.parametrize("typed", ["ana " * 5_000, "1 " * 30_000, "1" + " " * 60_000 + "y", "x" * 60_000])
def test_what_nobody_types_is_no_burden(people, typed):
    found(people, typed)


def test_what_was_corrected_is_found_and_what_it_was_before_is_not(people, scheduler):
    perform(CORRECT, people["john"], by=scheduler, name="Juan Muestra", phone="+12125550188")

    assert found(people, "muestra juan") == found(people, "212-555-0188") == ["john"]
    assert found(people, "john sample") == found(people, "808-555-0199") == []


@pytest.mark.parametrize(
    "typed",
    [
        *("12/31/1948", "12-31-1948", "12.31.1948", "12 31 1948", "12/31/48", "1948-12-31", "1948/12/31"),
        *("31.12.1948", "31/12/1948", "31-12-48", "12311948", "19481231", "123148"),
        *("Dec 31 1948", "dec. 31, 1948", "December 31st, 1948", "31 December 1948", "31 dic 1948", "Dec 31 48"),
        *("31 de diciembre de 1948", "DICIEMBRE 31, 1948", "Vera 12/31/1948", "12/31/48 sample v"),
        *("December 31 1948 Vera", "vera 123148", "\u202a12/31/1948\u202c"),
    ],
)
def test_a_birthday_is_found_however_it_is_typed_and_together_with_a_name(people, typed):
    (vera,) = many_like(people["ana"], 1, name="Vera Sample", phone="+18085550177", date_of_birth="1948-12-31")

    assert found({**people, "vera": vera}, typed) == ["vera"]


def test_a_day_that_can_be_read_two_ways_finds_both_and_one_that_is_none_finds_nobody(people):
    (third,) = many_like(people["ana"], 1, phone="+18085550177", email="", date_of_birth="1951-03-04")
    everybody = {**people, "third": third}

    assert found(everybody, "4/3/1951") == found(everybody, "3/4/51") == ["john", "third"]
    assert (
        found(everybody, "1951-04-03") == found(everybody, "Apr 3 1951") == found(everybody, "3 abr 1951") == ["john"]
    )
    for nobody in ("2/30/1948", "13/13/1948", "John 1/1/1950", "marta 12 1948", "12/31/2948"):
        assert found(everybody, nobody) == [], nobody


def test_digits_that_may_be_a_birthday_are_looked_for_in_phone_numbers_too(people):
    (other,) = many_like(people["ana"], 1, name="Luz Muestra", phone="+12121231480")

    assert found({**people, "other": other}, "123148") == found({**people, "other": other}, "luz 123148") == ["other"]


def test_whoever_filled_it_in_finds_the_patient_by_their_name(people, scheduler):
    helper = {"filled_in_by": "Inés O’Brien-Li", "relationship": "Daughter", "name": "Eva Muestra"}
    (eva,) = many_like(people["ana"], 1, **helper, phone="+18085550177")
    everybody = {**people, "eva": eva}

    for typed in ("ines obrien li", "Inés Li", "O'Brien-Li", "li", "Ines 0177", "eva li 3/14/1948"):
        assert found(everybody, typed) == ["eva"], typed
    perform(CORRECT, eva, by=scheduler, phone="+18085550178")
    assert found(everybody, "ines obrien") == ["eva"]


@pytest.mark.parametrize("name", ["Li", "Ng", "Wu", "Jo", "Ê"])
def test_a_whole_name_of_two_letters_is_found_and_a_part_of_a_longer_one_is_not(people, name):
    (other,) = many_like(people["ana"], 1, name=f"Mei {name}", email="")
    (longer,) = many_like(people["ana"], 1, name=f"Mei {name}lian", email="")
    everybody = {"other": other, "longer": longer}

    assert found(everybody, name.upper()) == (["other"] if len(name) == 2 else [])
    assert found(everybody, f"M. {name}") == (["other"] if len(name) == 2 else [])


def test_a_former_name_that_staff_add_is_found_shown_and_may_be_taken_away(people, scheduler, client):
    client.force_login(scheduler)
    perform(CORRECT, people["john"], by=scheduler, former_names="Sue Ficticia-Ng")
    assert found(people, "ficticia") == found(people, "ng") == ["john"]

    queue = words_of(client.post("/admin/appointments/appointmentrequest/", {"q": "Ficticia"}))
    sheet = words_of(client.get(f"/admin/appointments/appointmentrequest/{people['john'].pk}/change/"))
    assert "also Sue Ficticia-Ng" in queue
    assert "Sue Ficticia-Ng (former or other name)" in sheet

    perform(CORRECT, people["john"], by=scheduler, former_names="")
    assert found(people, "ficticia") == []


def test_the_rows_tell_people_of_one_name_apart(people, client, scheduler):
    client.force_login(scheduler)
    AppointmentRequest.objects.filter(pk=people["john"].pk).update(filled_in_by="Mary Sample")

    page = words_of(client.post("/admin/appointments/appointmentrequest/", {"q": "John Sample"}))

    assert " born Apr 3, 1951 (808) 555-0199, Hawaii filled in by Mary Sample" in page
    assert " born Mar 14, 1948 (212) 555-0123, New York, NY" in words_of(
        client.get("/admin/appointments/appointmentrequest/")
    )

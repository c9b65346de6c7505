"""What people really type about themselves, kind by kind, and what must come of it."""

import pytest

from appointments.fields import numbers_in
from appointments.models import AppointmentRequest, Clinician
from tests.walk import (
    BIRTHDAY,
    CALL,
    CHECK,
    HELPER,
    VISIT_ANSWERS,
    WHO,
    answer_check,
    ask_for_visit,
    source_of,
    words_of,
)

MARCH_14 = [("March", "14", "1948"), ("mar.", "14", "1948"), ("MARZO", "14", "1948"), (" 03 ", " 14 ", " 1948 ")]
MARCH_14 += [(whole, "", "") for whole in ("3/14/1948", "03-14-1948", "1948-03-14", "14 mar 1948", "March 14, 1948")]
MARCH_14 += [("", "", "14 de marzo de 1948"), ("", "3/14/1948", ""), ("３", "１４", "１９４８")]
SEPTEMBER = ["Sept", "sep", "setiembre", "Septiembre", "september", "09"]


@pytest.fixture
def who(client, db):
    """Somebody at the step that asks who they are."""
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)

    def send(**typed):
        return client.post("/visit/who/", WHO | typed)

    return send


@pytest.fixture
def stored(who, client):
    """What is stored of what was typed there."""

    def send(**typed) -> AppointmentRequest:
        answer = who(**typed)
        assert answer.status_code == 302, words_of(answer)
        client.post("/visit/call/", CALL)
        client.post("/visit/check/", CHECK)
        return AppointmentRequest.objects.get()

    return send


def birthday(*parts: str) -> dict[str, str]:
    return dict(zip(BIRTHDAY, parts, strict=True))


@pytest.mark.parametrize("parts", MARCH_14, ids=str)
def test_a_birthday_may_be_written_in_words_and_whole_into_one_box(stored, parts):
    assert str(stored(**birthday(*parts)).date_of_birth) == "1948-03-14"


@pytest.mark.parametrize("month", SEPTEMBER)
def test_months_have_their_names_of_both_languages(stored, month):
    assert stored(date_of_birth_month=month).date_of_birth.month == 9


def test_a_whole_date_in_one_box_is_split_over_the_boxes_where_the_page_is_shown_again(who):
    page = who(**birthday("3/14/1948", "", ""), phone="")

    assert all(
        f'name="{name}" value="{part}"' in source_of(page) for name, part in birthday("3", "14", "1948").items()
    )


INVISIBLE = ["Ana\u200bExample", "\ufeffAnaExample", "Ana\u00adExample", "\u202bAnaExample\u202c", "\u200fAnaExample"]
INVISIBLE += ["Ana\u202eExample", "Ana\u2066Example\u2069", "AnaExample\u200e"]


@pytest.mark.parametrize("typed", INVISIBLE, ids=ascii)
def test_what_is_invisible_in_a_name_is_dropped_without_a_word(stored, typed):
    assert stored(name=typed).name == "AnaExample"


REAL = [
    "O’Brien",
    "J'Marcus",
    "José O'Groß 2nd",
    "Nguyễn",
    "李小龍",
    "X",
    "Li",
    "de la Cruz-Núñez",
    "Rahib s/o Muthu",
]


@pytest.mark.parametrize("name", [*REAL, "𠮷" * 120])
def test_real_names_are_taken_and_found_again(stored, admin_client, name):
    assert stored(name=name).name == name
    if len(name) > 2:
        assert name in source_of(admin_client.get("/admin/appointments/appointmentrequest/", {"q": name[:60]}))


@pytest.mark.parametrize("label", ["RN", "Dr", "ma"])
def test_who_says_in_two_letters_who_they_are_is_understood(client, db, label):
    answer_check(client, filled_in_by="Bo")
    ask_for_visit(client, filled_in_by="Bo", relationship=label)

    assert AppointmentRequest.objects.get().relationship == label


EMAILS = [
    "\u200fana@example.com",
    "ana@example.com\u200b",
    "\u00a0ana@example.com ",
    "ana＠ｅｘａｍｐｌｅ．com",
    "ana@example.com.",
]


@pytest.mark.parametrize("typed", EMAILS, ids=ascii)
def test_an_address_is_stored_as_it_can_be_delivered(stored, typed):
    assert stored(email=typed).email == "ana@example.com"


@pytest.mark.parametrize(
    "typed", ["ana@example", "ana@@example.com", '"a b"@example.com', "ana@[192.0.2.1]", "a\x07@b.com"]
)
def test_what_cannot_be_delivered_is_refused(who, typed):
    page = who(email=typed)

    assert page.status_code == 422
    assert "Enter an e-mail address like name@example.com" in words_of(page)


SLIPS = [
    ("ana@gmail.con", "ana@gmail.com"),
    ("ana@gmial.com", "ana@gmail.com"),
    ("ana@hotmai.com", "ana@hotmail.com"),
]
SLIPS += [("ana@yaho.com", "ana@yahoo.com"), ("ana@clinic.con", "ana@clinic.com"), ("Ana@GMAIL.CMO", "Ana@gmail.com")]


@pytest.mark.parametrize(("typed", "meant"), SLIPS)
def test_what_looks_like_a_slip_in_an_address_is_asked_back_once(who, client, typed, meant):
    page = who(email=typed)

    assert (page.status_code, f"Did you mean {meant}?" in words_of(page)) == (422, True)
    assert f'value="{typed}"' in source_of(page)
    asked = {"email_asked": typed}
    assert who(email=typed, **asked)["Location"] == "/visit/call/"
    # Kept with the rest, so that nobody is asked again; but asked of another address.
    assert client.get("/visit/call/").status_code == 200
    assert who(email="ana@outlok.com", **asked).status_code == 422


ODD = "To call this number costs extra, or is not possible."


@pytest.mark.parametrize("typed", ["(900) 234-5678", "+44 9012 345678", "500 555 0123", "+34 901 123 456"])
def test_a_number_that_costs_extra_or_cannot_be_called_is_asked_back_once(who, client, typed):
    page = who(phone=typed)

    assert (page.status_code, ODD in words_of(page)) == (422, True)
    [number] = numbers_in(typed)
    assert f'name="phone_asked" value="{number}"' in source_of(page)
    assert who(phone=typed, phone_asked=number)["Location"] == "/visit/call/"
    assert who(phone="900 234 5679", phone_asked=number).status_code == 422


@pytest.mark.parametrize("right", ["(800) 555-0123", "+44 20 7946 0123", "212 555 0123"])
def test_a_number_that_people_have_is_not_asked_back(who, right):
    assert who(phone=right)["Location"] == "/visit/call/"


def test_so_is_a_number_that_is_corrected_on_the_status_page(stored, client):
    request = stored()
    client.post("/status/", {"reference": request.reference, **BIRTHDAY})
    odd, right = {"phone": "900 234 5678", "version": 0}, {"phone_asked": "+19002345678"}

    assert ODD in words_of(client.post("/status/yours/phone/", odd))
    client.post("/status/yours/phone/", odd | right)

    request.refresh_from_db()
    assert request.phone == "+19002345678"


NO_ADDRESSES = ['"ana b"@example.com', "ana@[192.0.2.1]", "ana\x01@example.com"]
NO_ADDRESSES += ["ana@exam\x7fple.com", "a\u0085b@example.com"]


@pytest.mark.parametrize("typed", NO_ADDRESSES)
def test_no_mail_goes_to_quoted_names_machines_and_control_characters(who, admin_client, typed):
    clinician = {"name": "Dr. Example", "email": typed}

    assert who(email=typed).status_code == 422
    assert admin_client.post("/admin/appointments/clinician/add/", clinician).status_code == 200
    assert not Clinician.objects.exists()


@pytest.mark.parametrize("right", ["ana@mail.com", "ana@gmx.net", "ana@example.com", "ana@example.co"])
def test_an_address_that_is_only_rare_is_not_asked_back(who, right):
    assert who(email=right)["Location"] == "/visit/call/"


PHONES = [
    ("(212) 555-0123 (my daughter's)", "my daughter's"),
    ("212.555.0123 cell", "cell"),
    ("home 212 555 0123", "home"),
]
PHONES += [("212 555 0123 or 212 555 0199", "or 212 555 0199"), ("212 555 0123/0124", "0124"), ("212 555 0123", "")]


@pytest.mark.parametrize(("typed", "note"), PHONES)
def test_words_and_a_second_number_beside_a_phone_number_are_kept(stored, admin_client, typed, note):
    request = stored(phone=typed)

    assert (request.phone, request.phone_note) == ("+12125550123", note)
    assert note in source_of(admin_client.get(f"/admin/appointments/appointmentrequest/{request.pk}/change/"))


def test_a_request_is_found_by_the_second_number_too(stored, admin_client):
    request = stored(phone="212 555 0123 or 212 555 0199")

    assert str(request) in words_of(
        admin_client.get("/admin/appointments/appointmentrequest/", {"q": "(212) 555-0199"})
    )


def test_a_corrected_number_takes_its_own_words_along_and_no_others(stored, client):
    request = stored(phone="212 555 0123 (my daughter's)")
    client.post("/status/", {"reference": request.reference, **{name: WHO[name] for name in BIRTHDAY}})

    client.post("/status/yours/phone/", {"phone": "(212) 555-0199, cell", "version": "0"})
    request.refresh_from_db()
    assert (request.phone, request.phone_note) == ("+12125550199", "cell")
    client.post("/status/yours/phone/", {"phone": "(212) 555-0188", "version": "1"})

    request.refresh_from_db()
    assert (request.phone, request.phone_note) == ("+12125550188", "")


# What is read again before it is sent.


def test_before_it_is_sent_everything_is_read_again_and_each_can_be_changed(client, db):
    answer_check(client, filled_in_by="Bo")
    client.post("/visit/questions/", VISIT_ANSWERS)
    client.post("/visit/who/", WHO | HELPER | {"phone": "212 555 0123 cell"})
    client.post("/visit/call/", CALL | {"hard_of_hearing": "on"})

    page = words_of(client.get("/visit/check/"))

    for words in (
        "Your own name Bo Example Change",
        "Full name of the person who needs the visit Ana Example Change",
        "Date of birth of the person who needs the visit March 14, 1948 Change",
        "Phone number to call (212) 555-0123 My own cell Change",
        "E-mail ana@example.com Change",
        "When we may call Morning, 8 am to noon Change",
        "Hearing Trouble hearing on the phone Change",
        "Example Hospital Change",
    ):
        assert words in page
    assert client.post("/visit/who/?change", WHO | HELPER | {"name": "Eva Example"})["Location"] == "/visit/check/"
    assert "Eva Example" in words_of(client.get("/visit/check/"))
    client.post("/visit/check/", CHECK)
    assert "Eva Example" in words_of(client.get("/visit/sent/"))


def test_every_label_says_whose_it_is(client, db):
    answer_check(client)
    client.post("/visit/questions/", VISIT_ANSWERS)
    own = words_of(client.get("/visit/who/"))
    helpers = words_of(client.post("/visit/who/", {"whose": "someone_else"}))

    assert [words in own for words in ("Your full name", "Your date of birth", "Your phone number")] == [True] * 3
    assert "person who needs the visit" not in own
    for words in (
        "Your own name",
        "Her or his name",
        "Whose phone is this?",
        "Date of birth of the person who needs",
    ):
        assert words in helpers
    assert "“You” means that person" not in helpers

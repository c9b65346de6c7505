"""Who changes the language in the middle of a form loses nothing of what they ticked and typed."""

import pytest
from django.test import Client

from appointments.models import AppointmentRequest
from tests.walk import BIRTHDAY, VISIT_ANSWERS, WHO, answer_check, checked_in, fill_in, source_of

pytestmark = pytest.mark.django_db


def at_a_question(client, request):
    return "/check/red_flags/", {"red_flags": ["legs", "fever"]}


def at_who(client, request):
    answer_check(client)
    fill_in(client, "questions", VISIT_ANSWERS)
    return "/visit/who/", {**WHO, "name": "Ana Ñandú", "phone": "555", "date_of_birth_year": ""}


def at_call(client, request):
    answer_check(client)
    fill_in(client, "questions", VISIT_ANSWERS)
    fill_in(client, "who", WHO)
    return "/visit/call/", {"call_times": ["morning", "evening"]}


def at_status(client, request):
    return "/status/", {"reference": "R7M 343", **BIRTHDAY}


def at_phone(client, request):
    client.post("/status/", {"reference": request.reference, **BIRTHDAY})
    return "/status/yours/phone/", {"phone": "(212) 555-01", "version": "0"}


@pytest.mark.parametrize("form", [at_a_question, at_who, at_call, at_status, at_phone])
def test_what_was_typed_is_there_in_the_other_language_and_back(client, a_request, form):
    request = a_request()
    url, typed = form(client, request)
    page = client.get(url)
    assert 'name="in_language" value="es"' in page.text

    spanish = client.post(url, {**typed, "in_language": "es"})
    english = client.post(url, {**typed, "in_language": "en"})

    for shown, language in ((spanish, "es"), (english, "en")):
        assert (shown.status_code, f'<html lang="{language}">' in source_of(shown)) == (200, True)
        assert "error-summary" not in shown.text
        for name, value in typed.items():
            ticked = checked_in(shown).get(name)
            assert not value or (
                ticked == value if isinstance(value, list) else f'value="{value}"' in source_of(shown)
            )
    assert '<html lang="en">' in client.get("/").text
    assert AppointmentRequest.objects.get().version == 0


def test_what_stands_for_no_language_is_no_change_of_language(client):
    page = client.post("/check/red_flags/", {"red_flags": ["none"], "in_language": "xx"})

    assert page.status_code == 422


def test_enter_in_a_field_sends_the_form_and_does_not_change_the_language(client):
    page = Client().get("/status/").text

    assert page.index('<button type="submit" form="form" tabindex="-1">') < page.index('name="in_language"')

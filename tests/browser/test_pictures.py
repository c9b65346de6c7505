"""The pictures in the README. To take them anew: UPDATE_PICTURES=1 make test ARGS=tests/browser/test_pictures.py"""

import datetime
import os
from pathlib import Path

import pytest
import time_machine
from django.urls import reverse
from playwright.sync_api import Page, expect

from appointments.lifecycle.definition import CLAIM
from appointments.lifecycle.transition import perform
from tests.staff import member_of, signed_in
from tests.walk import TEXTBOOK

from .conftest import PHONE
from .states import State, answered, reach

pytestmark = pytest.mark.browser

IMAGES = Path(__file__).parents[2] / "docs" / "images"
# Short, so that what is asked first is read.
SHEET = {"width": 1100, "height": 844}
A_TUESDAY_MORNING = datetime.datetime(2026, 11, 24, 15, 40, tzinfo=datetime.UTC)


def test_the_education_page_on_a_phone(page):
    reach(page, State("education", "/"))
    page.evaluate("document.querySelectorAll('details')[1].open = true")
    page.evaluate("document.querySelectorAll('details')[1].scrollIntoView()")

    take(page, "education.png", PHONE, "First, a small balloon is blown up in the bone")


def test_a_question_on_a_phone(page):
    reach(page, State("pain", "/check/pain/", answered(TEXTBOOK)))

    take(page, "question.png", PHONE, "worst in the past 7 days?")


def test_a_result_on_a_phone_in_spanish_at_night(page):
    page.emulate_media(color_scheme="dark")
    reach(page, State("result", "/check/result/", answered({**TEXTBOOK, "height_loss": "not_sure"})), "es")

    take(page, "result.png", PHONE, "Un especialista debe revisar algunas cosas primero")


def test_a_call_sheet(page, send_request, monkeypatch):
    monkeypatch.setattr("appointments.intake.views.FEWEST_SECONDS", 0)
    dana = member_of("Schedulers", "dana")
    dana.first_name = "Dana"
    dana.save()
    who = {"name": "Carmen Sample", "phone": "(212) 555-0191", "email": "carmen@example.com"}
    with time_machine.travel(A_TUESDAY_MORNING - datetime.timedelta(days=1)):
        request = send_request(**who, blood_thinner="yes")
    with time_machine.travel(A_TUESDAY_MORNING):
        perform(CLAIM, request, by=dana)
        address = reverse("admin:appointments_appointmentrequest_change", args=[request.pk])
        cookies = {name: cookie.value for name, cookie in signed_in(dana).cookies.items()}
        reach(page, State("call sheet", address, cookies))

    take(page, "call-sheet.png", SHEET, "(212) 555-0191", "May I speak with Carmen Sample?", "No visit can be booked")


def take(page: Page, name: str, size: dict, *landmarks: str) -> None:
    """Look whether the page still shows what is to be seen, and take the picture if that is asked for."""
    page.set_viewport_size(size)
    for words in landmarks:
        expect(page.get_by_text(words).first).to_be_in_viewport()
    if os.environ.get("UPDATE_PICTURES") == "1":
        page.screenshot(path=IMAGES / name)
    assert (IMAGES / name).exists()

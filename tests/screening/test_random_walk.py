"""Whatever visitors, their browsers and programs send, in whatever order: no page breaks or says what is not so.

The first tests send what no page of ours would; the last one walks about at random, beside a model of what the browser
should have kept.
"""

import re
from dataclasses import dataclass, replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from appointments import reference
from appointments.models import AppointmentRequest
from screening.pathway import PATHWAY
from screening.questionnaire.journey import Journey
from screening.questionnaire.questions import InvalidAnswer
from tests.walk import CALL, EVERYTHING, TEXTBOOK, VISIT_ANSWERS, WHO, answer_check, outcome_of, source_of, title_of

NO_ANSWERS = [
    *[("red_flags", ticked) for ticked in ([], ["fly"], ["none", "fever"], ["none\0"], ["None"], ["none", ""])],
    *[("pain", [value]) for value in ("seven", "11", "-1", "7.0", " 7", "7\0", "٧", "😀", "9" * 5000)],
    *[("pain", picked) for picked in ([], ["7", "7"], ["7", "8"])],
    *[("osteoporosis", picked) for picked in ([], ["maybe"], ["yes", "no"], ["yes", "yes"])],
    *[("tried", ticked) for ticked in ([], ["brace", "none"], ["rest", "cannot"], ["cannot", "not_sure"])],
    *[("helped", picked) for picked in ([], ["little"])],
    *[("safety", ticked) for ticked in ([], ["none", "infection"], ["none", "not_sure"])],
]

FORM = "application/x-www-form-urlencoded"
TWO_MEGABYTES = b"x" * 2 * 1024 * 1024
PART = b'--b\r\nContent-Disposition: form-data; name="red_flags"\r\n\r\n%b\r\n--b--\r\n'
UNREADABLE = {
    "JSON": (422, "application/json", b'{"red_flags": ["none"]}'),
    "text": (422, "text/plain", b"red_flags=none"),
    "another charset": (400, f"{FORM}; charset=utf-7", b"red_flags=none"),
    "an unknown charset": (400, f"{FORM}; charset=\xff", b"red_flags=none"),
    "an unknown charset of a parameter": (400, f"{FORM}; charset*=nope''utf-8", b"red_flags=none"),
    "2 MB": (413, FORM, TWO_MEGABYTES),
    "2 MB in parts": (413, "multipart/form-data; boundary=b", PART % TWO_MEGABYTES),
    "1000 fields": (400, FORM, b"red_flags=none&" * 1000),
    "parts without a boundary": (400, "multipart/form-data", PART % b"none"),
    "parts with a broken boundary": (400, "multipart/form-data; boundary=\0", PART % b"none"),
    "parts in a broken encoding": (400, "multipart/form-data; boundary=b", PART.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n") % b"n"),
}


@pytest.mark.parametrize(("key", "values"), NO_ANSWERS)
def test_what_is_no_answer_is_asked_for_again(client, key, values):
    answer_check(client, **EVERYTHING)
    kept = client.cookies["answers"].value

    page = client.post(f"/check/{key}/", {key: values})

    assert page.status_code == 422
    assert re.fullmatch("Error: Question [0-9]+ – Upright Spine Clinic", title_of(page))
    assert 'role="alert"' in source_of(page)
    assert client.cookies["answers"].value == kept

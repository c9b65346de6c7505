"""A third language is one entry and a catalogue: see pseudo_language.py and in_a_third_language.py."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def said(migrated_copy):
    ran = subprocess.run(
        [sys.executable, "-m", "tests.in_a_third_language"],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "SQLITE_PATH": str(migrated_copy())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-1000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_every_public_page_and_message_stands_in_it_from_right_to_left(said):
    assert said["english"] == []
    assert said["message"] == []
    assert said["from right to left"] == said["pages"] > 30


def test_no_phone_number_is_turned_round(said):
    """Its parts would change places: 555-0100 (212)."""
    assert len(said["phones"]) > 1
    assert [one for one in said["phones"] if (one[0], one[-1]) != ("\u2066", "\u2069")] == []


def test_the_others_go_on_as_before(said):
    assert set(said["others"]) <= {200, 302}


def test_staff_see_it_where_they_call_write_choose_and_count(said):
    assert said["request"] == ["ar-xb", "العربية"]
    for place in ("script", "queue", "filter", "next call", "report", "letter"):
        assert said[place], place


def test_nothing_of_it_is_missing(said):
    assert said["missing"] == []

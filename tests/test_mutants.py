"""The list of defences that `make mutants` takes away fits the code and the tests as they are."""

import re
from pathlib import Path

import pytest

from tests.mutants.defences import DEFENCES, Defence

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: defence.name)
def test_what_is_taken_away_and_what_has_to_notice_are_there(defence: Defence):
    assert defence.old in (ROOT / defence.file).read_text("utf-8")
    for test in defence.noticed_by.split():
        file, _, name = test.partition("::")
        assert not name or re.search(rf"^def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE), test

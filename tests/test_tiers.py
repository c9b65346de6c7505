"""Each test belongs to a tier, and to the one that its markers say."""

import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from tests.tiers import COMMANDS, TIERS, belongs, marks_of, shuffle

MARKS = [set(some) for count in range(len(COMMANDS) + 1) for some in combinations(COMMANDS, count)]


@pytest.mark.parametrize("marks", MARKS, ids=lambda marks: " ".join(sorted(marks)) or "none")
def test_what_make_test_leaves_out_is_run_by_the_rest_and_nothing_is_run_twice(marks):
    on_sqlite = [tier for tier in ("test", "rest") if belongs(marks, tier, to_postgresql=False)]
    on_postgresql = [tier for tier in ("test", "rest") if belongs(marks, tier, to_postgresql=True)]

    assert len(on_sqlite) == (0 if "postgresql" in marks else 1)
    assert on_postgresql == (["rest"] if marks & {"both", "postgresql"} else [])


@pytest.mark.parametrize("marks", MARKS, ids=lambda marks: " ".join(sorted(marks)) or "none")
@pytest.mark.parametrize("to_postgresql", [False, True])
def test_a_check_is_all_but_what_is_generated(marks, to_postgresql):
    in_any = {tier for tier in TIERS if belongs(marks, tier, to_postgresql=to_postgresql)} - {"fuzz"}

    assert ("check" in in_any) == (bool(in_any) and "generated" not in marks)


@pytest.mark.either
@pytest.mark.both
def test_a_single_test_can_be_left_out_on_postgresql_though_its_file_is_not(request):
    assert belongs(marks_of(request.node), "test", to_postgresql=False)
    assert not belongs(marks_of(request.node), "rest", to_postgresql=True)


def test_a_quick_test_starts_no_second_process():
    with pytest.raises(AssertionError, match=r"pytest\.mark\.process"):
        subprocess.run([sys.executable, "-c", ""], check=True)


def test_one_seed_gives_one_order_in_which_the_tests_of_a_file_stay_together():
    def in_order_of(seed: str) -> list[tuple[str, int]]:
        items = [Item(Path(f"{file}.py"), number) for number in range(9) for file in "abcd"]
        shuffle(items, seed)
        return [(item.path.name, item.number) for item in items]

    files = [name for name, _number in in_order_of("1")]
    assert in_order_of("1") == in_order_of("1") != in_order_of("2")
    assert sum(one != next_one for one, next_one in pairwise(files)) == 3


class Item:
    def __init__(self, path: Path, number: int):
        self.path, self.number = path, number

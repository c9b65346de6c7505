"""docs/security.md names a test, file or heading for each requirement: each is there, and no number is missing."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.mutants import required
from tests.mutants.defences import DEFENCES

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "security.md"
TEXT = DOCUMENT.read_text("utf-8")

# How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has. They are its first ones.
SECTIONS = """
1.1:2 1.2:9 1.3:11 1.4:3 1.5:2  2.1:3 2.2:3 2.3:4 2.4:1  3.2:2 3.3:4 3.4:6 3.5:5 3.7:2  4.1:3 4.2:1 4.3:2 4.4:4
5.1:1 5.2:3 5.3:2 5.4:3  6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4  7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2
8.1:2 8.2:3 8.3:1 8.4:1  9.1:3 9.2:4  10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3
11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1  12.1:3 12.2:2 12.3:4  13.1:1 13.2:5 13.3:2 13.4:5
14.1:2 14.2:4 14.3:3  15.1:3 15.2:3 15.3:7  16.1:1 16.2:5 16.3:4 16.4:3 16.5:3  17.1:1 17.2:4 17.3:2
"""
REQUIRED = {
    f"{section}.{number}"
    for section, count in (entry.split(":") for entry in SECTIONS.split())
    for number in range(1, int(count) + 1)
}
RANGE = re.compile(r"(\d+\.\d+\.)(\d+)(?:–\1(\d+))?")


def part(heading: str) -> str:
    """The text below a heading, up to the next one of any kind."""
    return re.split(r"^#+ ", TEXT.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.M)[0]


def rows(heading: str) -> list[list[str]]:
    lines = [line for line in part(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def numbers_in(cell: str) -> list[str]:
    found = RANGE.finditer(cell)
    return [f"{one[1]}{number}" for one in found for number in range(int(one[2]), int(one[3] or one[2]) + 1)]


def names_in(file: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)}


def anchors_in(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_requirement_of_both_levels_stands_in_one_table_once():
    tables = [rows(heading) for heading in ("Met", "Left to the operator", "Not met", "Does not apply")]
    counted = Counter(number for table in tables for row in table for number in numbers_in(row[0]))

    assert len(REQUIRED) == 253
    assert [number for number, times in counted.items() if times > 1] == []
    assert REQUIRED ^ set(counted) == set()


@pytest.mark.parametrize("heading", ["Met", "Left to the operator", "HIPAA 164.312"])
def test_every_row_names_what_shows_it(heading):
    table = rows(heading)

    assert table
    assert [row for row in table if len(row) != 3 or not re.search(r"`[\w./]+(::\w+)?`|\]\(", row[2])] == []


@pytest.mark.parametrize("heading", ["Not met", "Does not apply"])
def test_every_other_row_says_why(heading):
    assert [row for row in rows(heading) if len(row[-1]) < 8] == []


def test_every_test_and_file_that_is_named_is_there():
    named = re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.\w+)(?:::(\w+))?`", TEXT)
    named = [(path, test) for path, test in named if test or "/" in path or (ROOT / path).exists()]
    missing = [path for path, _test in named if not (ROOT / path).exists()]
    dead = [test for path, test in named if test and path not in missing and test not in names_in(ROOT / path)]

    assert len({test for _path, test in named if test}) > 80
    assert (missing, dead) == ([], [])


def test_every_test_that_is_named_has_to_notice_when_a_defence_is_taken_away():
    named = set(re.findall(r"`([\w./]+::\w+)`", TEXT))

    assert sorted(named - {defence.noticed_by for defence in DEFENCES}) == []
    assert {defence.noticed_by for defence in required.REQUIRED} <= named
    assert f"there are {len(required.REQUIRED)} in" in TEXT


def test_every_heading_that_is_named_is_there():
    links = re.findall(r"\]\(([\w./]*)#([\w-]+)\)", TEXT)

    assert len(links) > 20
    assert [link for link in links if link[1] not in anchors_in(DOCUMENT.parent / (link[0] or DOCUMENT.name))] == []

"""Documents that follow from the code are as the code is now."""

import re
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.test_architecture import imported_names, python_files

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")

LAYERS = ARCHITECTURE.partition("flowchart TD")[2].partition("```")[0]
# The rooms that are drawn, by their place in the tree.
ROOMS = {place: name for name, place in re.findall(r'(\w+)\["([\w/]+)"\]', LAYERS)}
# A path and perhaps a heading; links to other sites are left out.
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([\w-]+))?\)")


def arrows_drawn() -> set[tuple[str, str]]:
    lines = re.findall(r'^\s*(\w+)(?:\[".*?"\])? --> (.+)$', LAYERS, re.MULTILINE)
    return {(upper, lower.strip()) for upper, lowers in lines for lower in lowers.split("&")}


def room_of(name: str) -> str | None:
    """The room of a module, None for what is drawn nowhere."""
    first, _, rest = name.partition(".")
    return ROOMS.get(f"{first}/{rest.partition('.')[0]}") or ROOMS.get(first)


def imports() -> dict[tuple[str, str], str]:
    """Who imports whom, from room to room, with one module that does."""
    found = {}
    for top in ("common", "screening", "appointments", "audit", "accounts", "config"):
        for file in python_files(top):
            own = room_of(".".join(file.relative_to(ROOT).with_suffix("").parts))
            for name in imported_names(file):
                if own and (other := room_of(name)) and other != own:
                    found[own, other] = f"{file.relative_to(ROOT)} imports {name}"
    return found


def reached_from(room: str, arrows: set[tuple[str, str]]) -> set[str]:
    next_ones = {lower for upper, lower in arrows if upper == room}
    return next_ones.union(*(reached_from(lower, arrows) for lower in next_ones))


def test_the_diagram_of_the_layers_is_that_of_the_imports():
    drawn, real = arrows_drawn(), imports()
    reached = {room: reached_from(room, drawn) for room in ROOMS.values()}

    assert len(drawn) > 20
    assert [words for (upper, lower), words in real.items() if lower not in reached[upper]] == []
    assert drawn - real.keys() == set()


def test_every_link_in_a_document_leads_to_a_file_and_a_heading_that_are_there():
    dead = [
        f"{document.relative_to(ROOT)}: {path}#{anchor}"
        for document in DOCUMENTS
        for path, anchor in LINK.findall(document.read_text("utf-8"))
        if not (target := document.parent / path if path else document).exists()
        or (anchor and anchor not in anchors_in(target))
    ]

    assert dead == []


def anchors_in(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_file_that_a_document_names_is_there():
    """Names with a folder of ours in front, in code quotes. `appointments/` may be left out."""
    folders = "|".join(sorted(path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"))
    rooms = "|".join(sorted(path.name for path in (ROOT / "appointments").iterdir() if path.is_dir()))
    name = re.compile(rf"`((?:{folders}|{rooms})/[\w./-]*)(?:::\w+)?`")
    missing = [
        f"{document.relative_to(ROOT)}: {path}"
        for document in DOCUMENTS
        if document.name != "CHANGELOG.md"
        for path in name.findall(document.read_text("utf-8"))
        if not any((base / path).exists() for base in (ROOT, ROOT / "appointments", ROOT / "templates"))
    ]

    assert missing == []


@pytest.mark.parametrize("name", ["staff.md", "architecture.md"])
def test_what_documents_say_of_verbs_is_what_the_definition_says(name, tmp_path):
    """After a change of the lifecycle: `make approve`, which renews both."""
    renewed = shutil.copy(ROOT / "docs" / name, tmp_path)
    call_command("describe_lifecycle", "--renew", renewed)

    assert Path(renewed).read_text("utf-8") == (ROOT / "docs" / name).read_text("utf-8")


def test_a_document_without_a_place_for_the_verbs_is_not_taken(tmp_path):
    other = shutil.copy(ROOT / "docs" / "clinic.md", tmp_path)

    with pytest.raises(CommandError, match="has neither"):
        call_command("describe_lifecycle", "--renew", other)

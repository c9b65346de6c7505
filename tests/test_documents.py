"""Documents that follow from the code are as the code is now."""

import re
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

from screening.pathways import vertebral_cement
from tests.test_architecture import LAYERS, imported_names, layer_of, module_of, product_files

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
CONFIGURATION = (ROOT / "docs" / "operation" / "configuration.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")

DRAWN = ARCHITECTURE.partition("flowchart TD")[2].partition("```")[0]
# A path and perhaps a heading; links to other sites are left out.
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([\w-]+))?\)")


def arrows_drawn() -> set[tuple[str, str]]:
    layers = {name: place.replace("/", ".") for name, place in re.findall(r'(\w+)\["([\w/]+)"\]', DRAWN)}
    lines = re.findall(r'^\s*(\w+)(?:\[".*?"\])? --> (.+)$', DRAWN, re.MULTILINE)
    return {(layers[upper], layers[lower.strip()]) for upper, lowers in lines for lower in lowers.split("&")}


def imports() -> dict[tuple[str, str], str]:
    """Who imports whom, from layer to layer, with one file that does."""
    return {
        (own, other): f"{file.relative_to(ROOT)} imports {name}"
        for file in product_files()
        for name in imported_names(file)
        if (own := layer_of(module_of(file))) != (other := layer_of(name)) and other in LAYERS
    }


def reached_from(layer: str, arrows: set[tuple[str, str]]) -> set[str]:
    next_ones = {lower for upper, lower in arrows if upper == layer}
    return next_ones.union(*(reached_from(lower, arrows) for lower in next_ones))


def test_the_drawing_of_the_layers_is_true_to_the_imports():
    drawn, real = arrows_drawn(), imports()

    assert {layer for arrow in drawn for layer in arrow} == set(LAYERS)
    assert [words for (upper, lower), words in real.items() if lower not in reached_from(upper, drawn)] == []
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
        # What programs make, and no checkout has.
        if not path.startswith("var/")
        and not any((base / path).exists() for base in (ROOT, ROOT / "appointments", ROOT / "templates"))
    ]

    assert missing == []


FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def code_in(document: Path) -> list[str]:
    """Each line of a block, and what stands between code quotes, which may go over the end of a line."""
    text = document.read_text("utf-8")
    fenced, rest = "\n".join(FENCED.findall(text)), FENCED.sub("", text)
    quoted = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", rest)]
    return [*fenced.splitlines(), *re.findall(r"^ {4}.*", rest, re.MULTILINE), *quoted]


def test_every_command_that_a_document_names_is_there_with_its_options():
    named = {
        (command, option)
        for document in DOCUMENTS
        for code in code_in(document)
        for command, words in re.findall(r"manage\.py ([a-z_]+)([^#]*)", code)
        for option in ["", *re.findall(r" (--[a-z-]+)", words)]
    }

    assert {("restored", "--journal"), ("check", "--database")} < named
    assert [(command, option) for command, option in named if option not in options_of(command)] == []


def options_of(command: str) -> set[str]:
    """Those of its help, and none at all; nothing where there is no such command."""
    if (app := get_commands().get(command)) is None:
        return set()
    parser = load_command_class(app, command).create_parser("manage.py", command)
    return {"", *re.findall(r"--[a-z-]+", parser.format_help())}


def test_every_target_of_make_that_a_document_names_is_there():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    code = "\n".join(line.strip() for document in DOCUMENTS for line in code_in(document))
    named = set(re.findall(r"^(?:[A-Z_]+=\S+ )*make ([a-z]+)", code, re.MULTILINE))

    assert {"run", "soak"} < named
    assert named - {*targets} == set()


def test_the_clinic_is_told_of_numbers_and_names_that_are_in_the_pathway():
    document = (ROOT / "docs" / "clinic.md").read_text("utf-8")
    pathway = document.partition("## The numbers in the rule")[2].partition("## How far the figures")[0]
    named = set(re.findall(r"`([A-Z_]{4,})[.`]", pathway))
    settings = {name for name in named if re.search(rf"`{name}`", CONFIGURATION)}

    assert {"SEVERE", "STRONG", "PRIORITIES", "NOTHING_POINTS_TO_A_FRACTURE"} < named
    assert [name for name in named - settings if not hasattr(vertebral_cement, name)] == []
    assert f"pain of {vertebral_cement.SEVERE} or more | severe" in pathway
    assert f"pain of {vertebral_cement.STRONG} or more |" in pathway
    for priority in vertebral_cement.PRIORITIES:
        assert f"| {priority.key}: {priority.business_days} business day" in pathway


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

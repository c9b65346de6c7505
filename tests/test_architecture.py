"""Who may import whom, read from the imports themselves: the arrows point one way."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_questionnaire_imports_only_itself_and_the_standard_library():
    files = python_files("screening/questionnaire")

    assert files
    assert imports_outside(files, "screening.questionnaire") == []


def test_the_pathway_imports_only_the_questionnaire_and_the_standard_library():
    assert imports_outside([ROOT / "screening/pathways/vertebral_cement.py"], "screening.questionnaire") == []


def test_screening_imports_neither_appointments_nor_config():
    files = python_files("screening")

    assert files
    assert imports_of(files, "appointments", "config") == []


def test_appointments_does_not_import_config():
    assert imports_of(python_files("appointments"), "config") == []


def test_accounts_imports_neither_screening_nor_appointments_nor_config():
    files = python_files("accounts")

    assert files
    assert imports_of(files, "screening", "appointments", "config") == []


def test_screening_knows_no_accounts():
    assert imports_of(python_files("screening"), "accounts") == []


def test_only_config_stands_above_both_screening_and_appointments():
    parts = {"screening", "appointments", "config", "tests"}
    rest = [file for file in all_python_files() if file.relative_to(ROOT).parts[0] not in parts]

    assert imports_of(rest, "screening", "appointments") == []


def test_nothing_imports_the_tests():
    product = [file for file in all_python_files() if file.relative_to(ROOT).parts[0] != "tests"]

    assert imports_of(product, "tests") == []


def test_importing_the_pathway_loads_nothing_of_django():
    program = (
        "import sys, screening.pathways; print([name for name in sys.modules if name.split('.')[0] == 'django'])"
    )

    run = subprocess.run(  # noqa: S603 - the program is the line above
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (run.stdout.strip(), run.stderr) == ("[]", "")


def test_relative_imports_and_imports_inside_functions_are_seen(tmp_path):
    package = tmp_path / "screening"
    package.mkdir()
    (package / "views.py").write_text(
        "import json as j\nfrom . import forms\nfrom .questionnaire.journey import Journey\n"
        "def late():\n    from appointments import models\n"
    )

    assert list(imported_names(package / "views.py", root=tmp_path)) == [
        "json",
        "screening.forms",
        "screening.questionnaire.journey.Journey",
        "appointments.models",
    ]


def imports_outside(files: list[Path], package: str) -> list[str]:
    """The imports that are neither of this package nor of the standard library."""
    return [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files
        for name in imported_names(file)
        if not is_within(name, package) and name.split(".")[0] not in sys.stdlib_module_names
    ]


def imports_of(files: list[Path], *packages: str) -> list[str]:
    return [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files
        for name in imported_names(file)
        if any(is_within(name, package) for package in packages)
    ]


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def imported_names(file: Path, root: Path = ROOT) -> Iterator[str]:
    """Full dotted names, with the name taken: `from . import forms` in screening gives screening.forms."""
    package = ".".join(file.relative_to(root).parent.parts)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def all_python_files() -> list[Path]:
    """Every Python file of the project, those in hidden folders such as .venv left out."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "node_modules"))]
    return sorted([*ROOT.glob("*.py"), *(file for folder in folders for file in folder.rglob("*.py"))])

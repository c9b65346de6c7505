"""Who may know whom, read from the files themselves: imports, names in strings, and templates all point downwards."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.admin import AdminSite
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).parents[1]
PRODUCT = ("accounts", "appointments", "audit", "common", "config", "interop", "screening")

# From the floor up. Each may know those before it; those on one floor do not know each other.
FLOORS = [
    {"common"},
    {"audit", "accounts", "screening.questionnaire"},
    {"screening.pathways"},
    {"screening"},
    {"appointments.models"},
    {"appointments.calendar"},
    {"appointments.lifecycle"},
    {"appointments.worklist", "appointments.delivery", "appointments.portal", "appointments.reporting"},
    {"appointments.intake"},
    {"appointments.operations"},
    {"appointments.staff"},
    {"interop"},
    {"config"},
]
# What a layer may know beside those on its own floor and below: less, for some.
KNOWS_ONLY = {
    "audit": {"common"},
    "accounts": {"common"},
    "screening.questionnaire": set(),
    "screening.pathways": {"screening.questionnaire"},
    "screening": {"common", "screening.questionnaire", "screening.pathways"},
}
# Who stands elsewhere than the folder says, because Django wants it there, or because it is small.
PLACES = {
    "appointments.journal": "appointments.models",
    "appointments.reference": "appointments.models",
    "appointments.roles": "appointments.models",
    "appointments.fields": "appointments.models",
    "appointments.search": "appointments.models",
    "appointments.typed_dates": "appointments.models",
    "appointments.rate_limit": "appointments.models",
    "appointments.migrations": "appointments.models",
    "appointments": "appointments.staff",
}
TEMPLATES = {
    "common": "common",
    "upright": "common",
    "django": "common",
    "screening": "screening",
    "accounts": "accounts",
    "registration": "accounts",
    "messages": "appointments.delivery",
    "texts": "appointments.delivery",
    "portal": "appointments.portal",
    "intake": "appointments.intake",
    "staff": "appointments.staff",
    "admin": "appointments.staff",
}
# Every admin has this frame, whoever draws it.
DJANGOS_OWN = "admin/base_site.html"
LAYERS = {layer: height for height, floor in enumerate(FLOORS) for layer in floor}
# Plain Python: the questionnaire and its pathways, and the words of the lifecycle, which describe conditions by Q.
PURE = {
    "screening/questionnaire": set(),
    "screening/pathways": set(),
    "common/languages.py": set(),
    "screening/cases.py": set(),
    "appointments/lifecycle/grammar.py": set(),
    "appointments/lifecycle/guard.py": {"django.db.models.Q"},
}


def test_every_file_of_the_product_has_its_layer():
    for file in product_files():
        assert layer_of(module_of(file)) in LAYERS, file
    for template in templates():
        assert layer_of_template(template) in LAYERS, template


def test_imports_point_downwards():
    assert [fault for file in product_files() for fault in upward(file, imported_names(file), layer_of)] == []


def test_no_module_imports_itself_by_way_of_others():
    """Between the modules of one package, too: what stands in a circle cannot be read, tested or changed alone."""
    modules = {module_of(file): file for file in product_files()}
    graph = {
        module: {found for name in imported_names(file) if (found := owner(name, modules)) and found != module}
        for module, file in modules.items()
    }

    assert [circle for module in graph if (circle := way_back(graph, module))] == []


def test_names_in_strings_point_downwards():
    """Names of addresses and templates, in code and in templates."""
    faults = []
    for file in product_files():
        # Settings name the layers for those below, by these strings; they stand above all.
        faults += upward(file, names_of_pages(strings_in(file)), layer_of_page)
        faults += upward(file, names_of_templates(strings_in(file)), layer_of_template)
    for template in templates():
        text = template.read_text("utf-8")
        own = layer_of_template(template)
        faults += upward(template, re.findall(r"{% url '([^']+)'", text), layer_of_page, own)
        extended = re.findall(r"{% (?:extends|include) [\"']([^\"']+)[\"']", text)
        faults += upward(
            template,
            [name for name in extended if (ROOT / "templates" / name).exists() and name != DJANGOS_OWN],
            layer_of_template,
            own,
        )
        loaded = [
            f"{app}.templatetags.{name}"
            for name in " ".join(re.findall("{% load ([^%]+)%}", text)).split()
            for app in PRODUCT
            if (ROOT / app / "templatetags" / f"{name}.py").exists()
        ]
        faults += upward(template, loaded, layer_of, own)

    assert faults == []


def test_what_is_plain_python_knows_nothing_of_django_but_what_is_named():
    for place, allowed in PURE.items():
        path = ROOT / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            for name in imported_names(file):
                is_ours = name.split(".")[0] in PRODUCT
                assert is_ours or name in allowed or name.split(".")[0] in sys.stdlib_module_names, (file, name)


def test_nothing_of_the_product_knows_the_tests():
    assert [file for file in product_files() for name in imported_names(file) if name.split(".")[0] == "tests"] == []


def test_importing_the_pathway_loads_nothing_of_django():
    program = (
        "import sys, screening.pathways; print([name for name in sys.modules if name.split('.')[0] == 'django'])"
    )

    run = subprocess.run(  # noqa: S603 - the program is the line above
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (run.stdout.strip(), run.stderr) == ("[]", "")


# That these tests would see it.


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("screening.views", "from appointments import models", "screening knows appointments.models"),
        ("screening.views", "def late():\n    import config.settings", "screening knows config"),
        ("accounts.views", "from audit import record", "accounts knows audit"),
        ("appointments.calendar.slots", "from ..lifecycle import guards", "calendar knows appointments.lifecycle"),
        ("appointments.delivery.outbox", "from ..portal import views", "delivery knows appointments.portal"),
    ],
)
def test_an_arrow_that_points_up_or_sideways_is_seen(tmp_path, module, source, fault):
    file = tmp_path / f"{module.replace('.', '/')}.py"
    file.parent.mkdir(parents=True)
    file.write_text(source)

    (found,) = upward(file, imported_names(file, root=tmp_path), layer_of, layer_of(module))
    assert fault in found


def test_names_in_strings_are_seen(db):
    assert layer_of_page("appointments:status") == "appointments.portal"
    assert layer_of_page("admin:handover") == "appointments.staff"
    assert layer_of_page("admin:sessions") == "accounts"
    assert layer_of_page("screening:result") == "screening"
    assert upward(ROOT / "screening/views.py", ["appointments:status"], layer_of_page) != []
    assert upward(ROOT / "accounts/views.py", ["staff/base.html"], layer_of_template) != []


def test_circles_are_seen():
    assert way_back({"a": {"b"}, "b": {"c"}, "c": {"a"}}, "a") == ["a", "b", "c", "a"]
    assert way_back({"a": {"b"}, "b": set()}, "a") is None


def upward(file: Path, names, layer, own: str = "") -> list[str]:
    own = own or layer_of(module_of(file))
    faults = []
    for name in names:
        other = layer(name)
        if other is None or other == own:
            continue
        allowed = KNOWS_ONLY.get(own)
        if LAYERS[other] >= LAYERS[own] or (allowed is not None and other not in allowed):
            faults.append(f"{file}: {own} knows {other}: {name}")
    return faults


def layer_of(name: str) -> str | None:
    """The layer of a module or of a name in it; None for what is not ours."""
    if name.split(".")[0] not in PRODUCT:
        return None
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = ".".join(parts[:length])
        if place in PLACES:
            return PLACES[place]
        if place in LAYERS:
            return place
    return None


def layer_of_template(template: Path | str) -> str | None:
    path = Path(template)
    parts = path.relative_to(ROOT / "templates").parts if path.is_absolute() else path.parts
    return TEMPLATES.get(parts[0])


def layer_of_page(name: str) -> str | None:
    """The layer whose view an address leads to; None for Django's own."""
    # Replaced by ours or not, whoever has an admin may count on these.
    if name.removeprefix("admin:") in {"index", "login", "logout", "password_change", "password_change_done"}:
        return None
    view = views_by_name().get(name)
    if view is None and name.startswith("admin:appointments_"):
        return "appointments.staff"
    return layer_of(view) if view else None


def views_by_name() -> dict[str, str]:
    found: dict[str, str] = {}

    def look(patterns, namespace: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                look(pattern.url_patterns, inner)
            elif isinstance(pattern, URLPattern) and pattern.name:
                view = pattern.callback
                is_djangos = isinstance(getattr(view, "admin_site", None), AdminSite) and view.__module__.startswith(
                    "django"
                )
                found.setdefault(f"{namespace}{pattern.name}", "" if is_djangos else view.__module__)

    look(get_resolver(settings.ROOT_URLCONF).url_patterns, "")
    return found


def strings_in(file: Path) -> list[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def names_of_pages(strings: list[str]) -> list[str]:
    return [text for text in strings if re.fullmatch(r"(admin|appointments|fhir|screening):\w+", text)]


def names_of_templates(strings: list[str]) -> list[str]:
    return [text for text in strings if re.fullmatch(r"\w+/[\w/]+\.(html|txt)", text)]


def way_back(graph: dict[str, set[str]], start: str) -> list[str] | None:
    """A way from a module to itself, or None."""
    ways = [[start]]
    seen = set()
    while ways:
        way = ways.pop()
        for following in sorted(graph.get(way[-1], ())):
            if following == start:
                return [*way, start]
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return None


def owner(name: str, modules: dict[str, Path]) -> str | None:
    """The module that a name is imported from."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        if ".".join(parts[:length]) in modules:
            return ".".join(parts[:length])
    return None


def imported_names(file: Path, root: Path = ROOT) -> Iterator[str]:
    """Full dotted names, with the name taken: `from . import forms` in screening gives screening.forms."""
    package = ".".join(file.relative_to(root).parent.parts)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def product_files() -> list[Path]:
    return sorted(file for part in PRODUCT for file in (ROOT / part).rglob("*.py"))


def templates() -> list[Path]:
    return sorted(file for file in (ROOT / "templates").rglob("*") if file.is_file())

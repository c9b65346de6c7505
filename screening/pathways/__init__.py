"""Every pathway there is, by its key: one module each, registered by its place in this folder or in the clinic's own.

Plain Python, as pathways are. A broken one fails here, when it is imported. What a pathway was before stands in
`earlier`, because requests stored under it are shown in the words that were read.

`CLINIC_PATHWAYS` in the environment names a folder with more modules, and `PATHWAYS` which of them all this site
offers, by their keys: the first at the plain addresses, the others each under its own, see screening/mounted.py.
Without it, all are offered, ours first.
"""

import os
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from ..questionnaire.definition import BrokenPathway, Pathway
from . import earlier

__path__ = [*__path__, *filter(None, [os.environ.get("CLINIC_PATHWAYS", "").strip()])]


def _modules(package: ModuleType | None = None) -> dict[str, ModuleType]:
    name, path = (package.__name__, package.__path__) if package else (__name__, __path__)
    return {module.name: import_module(f"{name}.{module.name}") for module in iter_modules(path) if not module.ispkg}


_current = _modules()
PATHWAYS: dict[str, Pathway] = {name: module.PATHWAY for name, module in _current.items()}
EARLIER: tuple[Pathway, ...] = tuple(module.PATHWAY for module in _modules(earlier).values())

for name, pathway in PATHWAYS.items():
    if name != pathway.key:
        raise BrokenPathway(f"the module {name} has the pathway {pathway.key}")


def _offered() -> tuple[Pathway, ...]:
    keys = [key.strip() for key in os.environ.get("PATHWAYS", "").split(",") if key.strip()] or [*PATHWAYS]
    if unknown := sorted(set(keys) - PATHWAYS.keys()):
        raise BrokenPathway(f"PATHWAYS names {', '.join(unknown)}; there are {', '.join(PATHWAYS)}")
    return tuple(PATHWAYS[key] for key in dict.fromkeys(keys))


# Those of this site. The first is the one that a plain address means.
OFFERED = _offered()
FIRST = OFFERED[0]


# The keys of all priorities there are, the most urgent first: by their names, as P1 goes before P2.
URGENCIES = sorted({priority.key for one in PATHWAYS.values() for priority in one.priorities})


def pathway_of(key: str, version: str) -> Pathway:
    """The pathway as it was then; as it is now for a version, and the first for a key, that nobody knows."""
    return versions(key).get(version) or PATHWAYS.get(key, FIRST)


def versions(key: str) -> dict[str, Pathway]:
    """Every version there is of a pathway, the oldest first."""
    return {one.version: one for one in (*EARLIER, *PATHWAYS.values()) if one.key == key}


def beside(pathway: Pathway, what: str) -> Path:
    """The file of that kind that stands beside the module of the pathway, like its cases.csv; it need not exist."""
    return Path(str(_current[pathway.key].__file__)).with_suffix(f".{what}")

"""Every pathway there is, by its key: one module each, registered by its place in this folder.

Plain Python, as pathways are. A broken one fails here, when it is imported. What a pathway was before stands in
`earlier`, because requests stored under it are shown in the words that were read.
"""

from importlib import import_module
from pkgutil import iter_modules

from ..questionnaire.definition import Pathway
from . import earlier

PATHWAYS: dict[str, Pathway] = {
    module.name: import_module(f"{__name__}.{module.name}").PATHWAY
    for module in iter_modules(__path__)
    if not module.ispkg
}
# The one that this site offers.
PATHWAY = PATHWAYS["vertebral_cement"]
EARLIER: tuple[Pathway, ...] = tuple(
    import_module(f"{earlier.__name__}.{module.name}").PATHWAY for module in iter_modules(earlier.__path__)
)


def pathway_of_version(version: str) -> Pathway:
    """The pathway as it was then; as it is now for a version that nobody knows."""
    return next((pathway for pathway in EARLIER if pathway.version == version), PATHWAY)


def versions() -> dict[str, Pathway]:
    """Every version there is of the pathway that this site offers, the oldest first."""
    return {pathway.version: pathway for pathway in (*EARLIER, PATHWAY)}

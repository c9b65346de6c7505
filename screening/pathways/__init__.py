"""Every pathway there is, by its key: one module each, registered by its place in this folder.

Plain Python, as pathways are. A broken one fails here, when it is imported.
"""

from importlib import import_module
from pkgutil import iter_modules

from ..questionnaire.definition import Pathway

PATHWAYS: dict[str, Pathway] = {
    module.name: import_module(f"{__name__}.{module.name}").PATHWAY for module in iter_modules(__path__)
}
# The one that this site offers.
PATHWAY = PATHWAYS["vertebral_cement"]

"""Who did or saw what, when and from where, without the data itself; written before any of it leaves.

Pages say what they show with `shows`; verbs write what they did with `record`, within `atomic`.
"""

from .numbers import Numbers
from .recorder import atomic, record, seal_the_nameless, shows

__all__ = ["Numbers", "atomic", "record", "seal_the_nameless", "shows"]

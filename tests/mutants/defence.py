"""What a defence is, to those who list them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Defence:
    """Without it, `old` in that file reads `new`. `noticed_by` is what pytest is given, separated by blanks.

    Where SQLite has nothing of the kind, it is looked for `on_postgresql`.
    """

    name: str
    file: str
    old: str
    new: str
    noticed_by: str
    on_postgresql: bool = False

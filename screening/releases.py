"""Which texts of a pathway there have been, version by version: a list that only grows, beside its module.

A text that somebody has signed or patients have read never changes under its name: it becomes another version, or,
where only a slip of the pen was mended, another revision that says so. Only the last entry may be a draft.
"""

import csv
import datetime
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache

from .pathways import PATHWAYS, beside

FILE = "releases.csv"


class NotReleased(ValueError):
    """The text differs from the one that is listed. `str()` says what can be done."""


@dataclass(frozen=True)
class Release:
    """`fingerprint` is of every sentence, see signed_text.py; `note` says what a revision mended."""

    version: str
    revision: int
    date: datetime.date
    fingerprint: str
    state: str
    note: str

    @property
    def is_draft(self) -> bool:
        return self.state == "draft"


@cache
def releases(key: str) -> tuple[Release, ...]:
    """None of a pathway that has no such file."""
    listed = beside(PATHWAYS[key], FILE)
    if not listed.exists():
        return ()
    with listed.open(encoding="utf-8", newline="") as file:
        return tuple(
            Release(
                row["version"],
                int(row["revision"]),
                datetime.date.fromisoformat(row["date"]),
                row["fingerprint"],
                row["state"],
                row["note"],
            )
            for row in csv.DictReader(file)
        )


def listed(
    known: Sequence[Release], *, version: str, fingerprint: str, today: datetime.date, note: str
) -> list[Release]:
    """The list with this text in it, at its end. Raises NotReleased where that would change what was released."""
    if not known:
        return [Release(version, 0, today, fingerprint, "draft", note or "First text of this version.")]
    *others, last = known
    if last.version == version and last.fingerprint == fingerprint:
        return [*known]
    if last.version != version:
        if any(release.version == version for release in known):
            raise NotReleased(f"Version {version} is listed before {last.version}. Give this text a new version.")
        return [*known, Release(version, 0, today, fingerprint, "draft", note or "First text of this version.")]
    if last.is_draft:
        return [*others, Release(version, last.revision, today, fingerprint, "draft", note or last.note)]
    if not note:
        raise NotReleased(
            f"The text of version {version} was released and has changed. Raise VERSION in the pathway; or, if only "
            "a slip of the pen was mended, say which: make approve MENDED='…'."
        )
    return [*known, Release(version, last.revision + 1, today, fingerprint, "draft", note)]


def write(key: str, known: Sequence[Release]) -> None:
    with beside(PATHWAYS[key], FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Release))
        writer.writerows(astuple(release) for release in known)
    releases.cache_clear()

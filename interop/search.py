"""Finds resources by the parameters of a search, as R4 has them: all of these, and of each any of its values."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# What a Questionnaire is found by, each an element of it, and of which type the parameter is.
PARAMETERS = {"_id": "token", "status": "token", "url": "uri", "version": "token"}
# There is nothing else to give.
NEEDLESS = ("_format",)
SYSTEMS = {"status": "http://hl7.org/fhir/publication-status"}
UNESCAPED_COMMA = re.compile(r"(?<!\\),")


class NotSearched(ValueError):
    """This parameter is none, and whoever asks wants to know."""


@dataclass(frozen=True)
class Search:
    """`heeded` are the parameters that are searched by, as they were given."""

    heeded: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, asked: Iterable[tuple[str, str]], *, is_strict: bool) -> "Search":
        """Without what is no parameter; if it is strict, and for an unknown modifier, raises NotSearched for it."""
        heeded = []
        for name, value in asked:
            plain, is_modified, _ = name.partition(":")
            is_unknown = name not in (*PARAMETERS, *NEEDLESS)
            if (is_strict and is_unknown) or (is_modified and plain in PARAMETERS):
                raise NotSearched(name)
            if name in PARAMETERS and value:
                heeded.append((name, value))
        return cls(tuple(heeded))

    def finds(self, resource: dict) -> bool:
        return all(
            any(_fits(resource, name, value) for value in UNESCAPED_COMMA.split(values))
            for name, values in self.heeded
        )


def _fits(resource: dict, name: str, value: str) -> bool:
    said = resource[name.removeprefix("_")]
    if PARAMETERS[name] == "uri":
        return said == value.replace("\\,", ",")
    system, _, code = value.rpartition("|")
    return code == said and system in ("", SYSTEMS.get(name))

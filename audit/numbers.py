"""The numbers of the requests that an entry is about, small enough to keep and quick enough to search."""

import base64
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Lookup, Q, TextField
from django.db.models.sql.compiler import SQLCompiler

from .models import AuditEntry

# A list shows no more than these; an export does, and what is deleted at once may be more.
MOST_IN_WORDS = 500


class Numbers:
    """A set of numbers with a bit for each, so that a million of them take 125 kB."""

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._bits = bytearray()
        self.count = 0
        for number in numbers:
            self.add(number)

    def add(self, number: int) -> None:
        at, bit = divmod(number, 8)
        if at >= len(self._bits):
            self._bits.extend(bytes(at + 1 - len(self._bits)))
        if not self._bits[at] >> bit & 1:
            self._bits[at] |= 1 << bit
            self.count += 1

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        at, bit = divmod(number, 8)
        return at < len(self._bits) and bool(self._bits[at] >> bit & 1)

    def __iter__(self) -> Iterator[int]:
        return (8 * at + bit for at, byte in enumerate(self._bits) if byte for bit in range(8) if byte >> bit & 1)

    def packed(self) -> str:
        return base64.b64encode(zlib.compress(bytes(self._bits))).decode()

    @classmethod
    def unpacked(cls, text: str) -> "Numbers":
        numbers = cls()
        numbers._bits = bytearray(zlib.decompress(base64.b64decode(text)))
        numbers.count = sum(byte.bit_count() for byte in numbers._bits)
        return numbers


def columns_for(numbers: Iterable[int]) -> dict:
    """The columns of an entry about these."""
    if not isinstance(numbers, Numbers):
        numbers = Numbers(numbers)
    if numbers.count > MOST_IN_WORDS:
        return {"count": numbers.count, "packed": numbers.packed()}
    return {"count": numbers.count, "numbers": " ".join(map(str, numbers))}


def numbers_of(entry: AuditEntry) -> Iterable[int]:
    return Numbers.unpacked(entry.packed) if entry.packed else map(int, entry.numbers.split())


def about(number: int) -> Q:
    """The entries that are about the request of that number. Reads each that is about very many: there are few."""
    big = AuditEntry.objects.exclude(packed="").values_list("seq", "packed")
    among_many = [seq for seq, packed in big.iterator(chunk_size=1) if number in Numbers.unpacked(packed)]
    return Q(numbers__has_number=number) | Q(seq__in=among_many)


@TextField.register_lookup
class HasNumber(Lookup):
    """Whether a number is one of those that stand in a text, with a blank between. PostgreSQL has an index for it."""

    lookup_name = "has_number"
    prepare_rhs = False

    def get_prep_lookup(self) -> str:
        return str(int(self.rhs))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"' ' || {column} || ' ' LIKE %s", (*params, f"% {self.rhs} %")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"string_to_array({column}, ' ') @> ARRAY[%s]", (*params, self.rhs)

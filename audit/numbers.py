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
# Bits that are kept as one number.
PAGE = 1024
# Bits that are kept as one number.
PAGE = 1024


class Numbers:
    """A set of numbers with a bit for each, so that a million of them take 200 kB.

    In pages, so that one number costs the same however high it is.
    """

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._pages: dict[int, int] = {}
        for number in numbers:
            self.add(number)

    @property
    def count(self) -> int:
        return sum(page.bit_count() for page in self._pages.values())

    def add(self, number: int) -> None:
        at, bit = divmod(number, PAGE)
        self._pages[at] = self._pages.get(at, 0) | 1 << bit

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        at, bit = divmod(number, PAGE)
        return bool(self._pages.get(at, 0) >> bit & 1)

    def __iter__(self) -> Iterator[int]:
        for at, page in sorted(self._pages.items()):
            while page:
                lowest = page & -page
                yield PAGE * at + lowest.bit_length() - 1
                page ^= lowest

    def packed(self) -> str:
        """All bits from that of 0 to that of the highest number, compressed."""
        pages = range(max(self._pages, default=-1) + 1)
        bits = b"".join(self._pages.get(at, 0).to_bytes(PAGE // 8, "little") for at in pages)
        return base64.b64encode(zlib.compress(bits.rstrip(b"\0"))).decode()

    @classmethod
    def unpacked(cls, text: str) -> "Numbers":
        numbers, bits = cls(), zlib.decompress(base64.b64decode(text))
        for at in range(0, len(bits), PAGE // 8):
            if page := int.from_bytes(bits[at : at + PAGE // 8], "little"):
                numbers._pages[8 * at // PAGE] = page
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

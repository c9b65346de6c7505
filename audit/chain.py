"""The audit as a chain: each entry is sealed with a key, together with the one before it.

Whoever changes, removes, inserts or swaps entries without the key breaks the chain at that place. Who cuts off its
end has to put an older head in place of the present one, which shows against a head that was kept elsewhere.

What is put behind the end, or into the place of the head, must stop nobody's work, for no page is shown without its
entry. It is set aside: the chain goes on behind it, from the last entry that is genuine, with an entry that says so.
"""

import datetime
import hashlib
import hmac
import itertools
import json
import logging
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import QuerySet, Subquery
from django.utils import timezone

from .models import AuditEntry, AuditHead

logger = logging.getLogger(__name__)
Row = TypeVar("Row", AuditEntry, tuple)

HEAD = 1
START = "0" * 64
READ_AT_ONCE = 1_000
# So many entries are looked at, from the end, for the last that is genuine.
MOST_SET_ASIDE = 10_000
AS_JSON = json.JSONEncoder(separators=(",", ":")).encode
GOES_ON_BEHIND = re.compile(r"goes on behind (\d+)\.")


class Sealed(NamedTuple):
    """What a mac is of, in its sequence, and the mac: an entry, at a tenth of the cost."""

    seq: int
    at: datetime.datetime
    who: str
    user_id: int | None
    username: str
    address: str
    action: str
    page: str
    method: str
    outcome: str
    status: int | None
    details: str
    count: int  # type: ignore[assignment]  # tuples have a method of that name
    numbers: str
    packed: str
    key: str
    mac: str

    @classmethod
    def of(cls, entry: AuditEntry) -> "Sealed":
        return cls._make(attrgetter(*cls._fields)(entry))


class Broken(OperationalError):
    """The head of the chain is missing, so that nothing can be added to it."""


@transaction.atomic(savepoint=False)
def append(entries: list[AuditEntry]) -> None:
    """Add entries at the end. Three statements; until the transaction ends no other process can add any.

    So it has to be the last that a transaction does, and what the transaction holds by then is waited for by nobody
    who holds the head.
    """
    last = AuditEntry.objects.order_by("-seq")[:1]
    heads = AuditHead.objects.select_for_update().filter(pk=HEAD)
    head = heads.annotate(last_seq=Subquery(last.values("seq")), last_mac=Subquery(last.values("mac"))).first()
    if head is None:
        raise Broken("The head of the audit is missing.")
    seq, mac = head.seq, head.mac
    # Who waited for the lock has seen the last entry of before.
    if not _is_end(head, head.last_seq, head.last_mac) and not _is_end(head, *_last()):
        logger.critical("The audit has entries, or a head, that we did not write. They are set aside.")
        seq, mac, note = _set_aside(head)
        entries = [note, *entries]
    for entry in entries:
        seq += 1
        entry.seq, entry.key = seq, next(iter(by_name()))
        entry.mac = mac = mac_of(Sealed.of(entry), mac, keys()[0])
    AuditEntry.objects.bulk_create(entries)
    AuditHead.objects.filter(pk=HEAD).update(seq=seq, mac=mac, seal=_seal("head", seq, mac))


def _is_end(head: AuditHead, last_seq: int | None, last_mac: str | None) -> bool:
    """Whether it names the last entry, if there is one; by whom it was sealed, a key may say that is not here yet."""
    return last_seq is None or (head.seq, head.mac) == (last_seq, last_mac)


def _last() -> tuple[int | None, str | None]:
    return AuditEntry.objects.order_by("-seq").values_list("seq", "mac").first() or (None, None)


def _set_aside(head: AuditHead) -> tuple[int, str, AuditEntry]:
    """The number behind which the chain goes on, the mac that it goes on from, and the entry that says so."""
    rows = AuditEntry.objects.order_by("-seq").values_list(*Sealed._fields)
    newest = list(map(Sealed._make, rows[: MOST_SET_ASIDE + 1]))
    genuine = next((entry for entry, before in itertools.pairwise(newest) if _follows(entry, before)), None)
    start = (genuine.seq, genuine.mac) if genuine else (head.seq, head.mac)
    end = max(newest[0].seq if newest else 0, start[0])
    details = f"What stands up to {end} and was not written by us; the chain goes on behind {start[0]}."
    return (
        end,
        start[1],
        AuditEntry(
            at=timezone.now(),
            who=AuditEntry.Who.SYSTEM,
            action=AuditEntry.Action.SET_ASIDE,
            outcome=AuditEntry.Result.FAILED,
            details=details,
        ),
    )


def _follows(entry: Sealed, before: Sealed) -> bool:
    if entry.action == AuditEntry.Action.SET_ASIDE:
        return is_genuine(entry, _goes_on_from(entry) or before.mac, by_name())
    return entry.seq == before.seq + 1 and is_genuine(entry, before.mac, by_name())


def _goes_on_from(entry: Sealed) -> str | None:
    """The mac that an entry which set others aside is sealed with."""
    behind = GOES_ON_BEHIND.search(entry.details)
    return AuditEntry.objects.filter(seq=behind[1]).values_list("mac", flat=True).first() if behind else None


def begin() -> None:
    """Make the head of a chain without entries. What has entries and no head stays so: its end may be missing."""
    if not AuditHead.objects.exists() and not AuditEntry.objects.exists():
        AuditHead.objects.bulk_create(
            [AuditHead(pk=HEAD, seq=0, mac=START, seal=_seal("head", 0, START))], ignore_conflicts=True
        )


def head() -> AuditHead | None:
    return AuditHead.objects.filter(pk=HEAD).first()


def faults(
    kept: tuple[int, str] | None = None,
    *,
    only_behind: bool = False,
    watched: Callable[[Iterator[Sealed]], Iterator[Sealed]] = iter,
) -> Iterator[str]:
    """What is wrong with the chain, place by place; nothing if it is whole. Needs memory for READ_AT_ONCE entries.

    `kept` is a head that was written down elsewhere, as its number and mac; with `only_behind`, what stands before it
    is not looked at again, if it is there. The entries go through `watched`.
    """
    end, last = head(), AuditEntry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    if end is None:
        yield "The head is missing."
        return
    if not _is_sealed(end.seal, "head", end.seq, end.mac):
        yield "The head is not the one that was written."
    if last > end.seq and last > (head() or end).seq:
        yield f"{end.seq + 1}: inserted behind the head."
    seq = 0
    mac: str | None = START
    if end.first_kept > 1:
        seq, mac = end.first_kept - 1, end.cut_mac
        if not _is_sealed(end.cut_seal, "cut", seq, mac):
            yield f"{seq + 1}: cut off in front without the key."
    if only_behind and kept and AuditEntry.objects.filter(seq=kept[0], mac=kept[1]).exists():
        seq, mac = kept
    is_found, named = kept in (None, (0, START), (seq, mac)), by_name()
    entries = AuditEntry.objects.filter(seq__gt=seq, seq__lte=end.seq).values_list(*Sealed._fields)
    for entry in watched(map(Sealed._make, in_pieces(entries))):
        if entry.seq != seq + 1:
            yield f"{seq + 1}: removed, up to {entry.seq - 1}."
            mac = None
        if entry.action == AuditEntry.Action.SET_ASIDE:
            mac = _goes_on_from(entry) or mac
        if mac is not None and not is_genuine(entry, mac, named):
            yield f"{entry.seq}: {'altered' if entry.key in named else 'sealed with a key that is not here'}."
        seq, mac = entry.seq, entry.mac
        is_found = is_found or kept == (seq, mac)
    if (seq, mac) != (end.seq, end.mac):
        yield f"{seq + 1}: removed at the end: the head is {end.seq}."
    if kept is not None and not is_found and kept[0] >= end.first_kept:
        yield f"{kept[0]}: not the head that was kept: {_why_lost(kept[0])}"


def _why_lost(seq: int) -> str:
    """A backup goes on under the numbers of entries that were lost with what came after it."""
    restores = AuditEntry.objects.filter(action=AuditEntry.Action.RESTORE, seq__lte=seq)
    if restore := restores.order_by("seq").last():
        return (
            f"the restore of {restore.at:%Y-%m-%d %H:%M} UTC, entry {restore.seq}, explains it if this head was kept "
            "before then; if it was kept later, the end was cut off, or all was written anew."
        )
    return "the end was cut off, or all was written anew, and no restore explains it."


def in_pieces(entries: QuerySet[Any, Row]) -> Iterator[Row]:
    """These, by number, in memory for a piece only; without a cursor, which a pooler may not let live."""
    after = -1
    while piece := list(entries.filter(seq__gt=after).order_by("seq")[:READ_AT_ONCE]):
        yield from piece
        last = piece[-1]
        after = last.seq if isinstance(last, AuditEntry) else last[0]


def cut(before: datetime.datetime) -> int:
    """Remove the entries of before that time from the front; give how many. For the owner of the table only.

    What is left is verified from the mark that stays in the head.
    """
    kept = AuditEntry.objects.filter(at__gte=before).order_by("seq").values_list("seq", flat=True).first()
    end = head()
    if end is None:
        raise Broken("The head of the audit is missing.")
    first_kept = kept if kept is not None else end.seq + 1
    last = AuditEntry.objects.filter(seq=first_kept - 1).first()
    if last is None:
        return 0
    with transaction.atomic():
        AuditHead.objects.filter(pk=HEAD).update(
            first_kept=first_kept, cut_mac=last.mac, cut_seal=_seal("cut", last.seq, last.mac)
        )
        removed, _ = AuditEntry.objects.filter(seq__lt=first_kept).delete()
    return removed


def mac_of(entry: Sealed, before: str, key: bytes) -> str:
    at = entry.at.astimezone(datetime.UTC).isoformat()
    return _mac(key, AS_JSON([before, entry.seq, at, *entry[2:-1]]))


def is_genuine(entry: Sealed, before: str, by_name: dict[str, bytes]) -> bool:
    key = by_name.get(entry.key)
    return key is not None and _is_same(entry.mac, mac_of(entry, before, key))


def keys() -> tuple[bytes, ...]:
    """The key to seal with, then those that were used before."""
    if settings.AUDIT_KEY:
        return _derived(settings.AUDIT_KEY, *settings.AUDIT_KEY_FALLBACKS)
    return _derived(settings.SECRET_KEY, *settings.AUDIT_KEY_FALLBACKS, *settings.SECRET_KEY_FALLBACKS)


def by_name() -> dict[str, bytes]:
    """The same by the names that entries give them."""
    return _by_name(keys())


@lru_cache
def _by_name(keys: tuple[bytes, ...]) -> dict[str, bytes]:
    return {_mac(key, "name")[:8]: key for key in keys}


@lru_cache
def _derived(*secrets: str) -> tuple[bytes, ...]:
    return tuple(hashlib.sha256(f"upright.audit:{secret}".encode()).digest() for secret in secrets)


def _mac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


def _seal(what: str, seq: int, mac: str) -> str:
    return _mac(keys()[0], json.dumps([what, seq, mac]))


def _is_sealed(seal: str, what: str, seq: int, mac: str) -> bool:
    return any(_is_same(seal, _mac(key, json.dumps([what, seq, mac]))) for key in keys())


def _is_same(found: str, computed: str) -> bool:
    # As bytes, because of text that is not ASCII, which whoever alters the table may have put there, it knows no way.
    return hmac.compare_digest(found.encode(), computed.encode())

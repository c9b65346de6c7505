"""When something may be done with a request: one condition, for the database and for a loaded row.

Of Django only Q, which describes a condition and needs no settings.
"""

from __future__ import annotations

import datetime
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from django.db.models import Q

Request = Any
User = Any


@dataclass(frozen=True)
class Guard:
    """When a verb may be done: one condition, asked of the database by `q` and of a loaded request by `holds`.

    `condition` takes the member of staff, None for the patient, and the moment. `also` is for what no column tells;
    it is asked of a loaded request only, whose version the database compares.
    """

    prose: str
    condition: Callable[[User, datetime.datetime], Q]
    also: Callable[[Request, User, datetime.datetime], bool] | None = None

    def q(self, user: User, now: datetime.datetime) -> Q:
        return self.condition(user, now)

    def holds(self, request: Request, user: User, now: datetime.datetime) -> bool:
        """The same as `q`, without a statement where the relations that it names are loaded."""
        is_met = _kleene(self.q(user, now), lambda path: value_of(request, path))
        return bool(is_met) and (self.also is None or self.also(request, user, now))

    def may_hold_in(self, status: str) -> bool:
        """Whether any request with this status can meet it."""
        anybody, some_time = _Anybody(), datetime.datetime.now(datetime.UTC)
        is_met = _kleene(self.q(anybody, some_time), lambda path: status if path == "status" else UNKNOWN)
        return is_met is not False

    def __or__(self, other: Guard) -> Guard:
        return self._with(other, operator.or_, "or")

    def __and__(self, other: Guard) -> Guard:
        return self._with(other, operator.and_, "and")

    def _with(self, other: Guard, join: Callable[[Q, Q], Q], word: str) -> Guard:
        if self.also or other.also:
            raise ValueError(f"only conditions can be joined: {self.prose}, {other.prose}")
        return Guard(
            f"{self.prose} {word} {other.prose}", lambda user, now: join(self.q(user, now), other.q(user, now))
        )


UNKNOWN = object()


class _Anybody:
    pk = id = 0

    def has_perm(self, permission: str) -> bool:
        return False


def value_of(request: Request, path: str) -> Any:
    """What a request has at the end of a path like appointment__starts_at."""
    return reduce(lambda found, name: getattr(found, name, None), path.split("__"), request)


def _kleene(q: Q, value_of: Callable[[str], Any]) -> bool | None:
    """Whether a condition holds; None if that depends on what is not known."""
    # Django's types know no pairs of a path and a value among the children.
    children: list[Any] = [*q.children]
    found = [
        _kleene(child, value_of) if isinstance(child, Q) else _compared(child[0], child[1], value_of)
        for child in children
    ]
    decisive = q.connector == Q.OR
    is_met = decisive if decisive in found else None if None in found else not decisive
    return is_met if is_met is None else is_met != q.negated


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "exact": operator.eq,
    "in": lambda found, value: found in tuple(value),
    "isnull": lambda found, value: (found is None) == value,
    "lt": lambda found, value: found is not None and found < value,
    "lte": lambda found, value: found is not None and found <= value,
    "gt": lambda found, value: found is not None and found > value,
    "gte": lambda found, value: found is not None and found >= value,
}


def _compared(path: str, value: Any, value_of: Callable[[str], Any]) -> bool | None:
    name, _, lookup = path.rpartition("__")
    if not name or lookup not in COMPARISONS:
        name, lookup = path, "exact"
    found = value_of(name)
    return None if found is UNKNOWN else COMPARISONS[lookup](found, value)

"""Tells an error of a database that cannot serve us just now from one that we made."""

from django.db import DatabaseError, InterfaceError, InternalError, OperationalError


def is_outage(error: BaseException | None) -> bool:
    """Whether the same may succeed in a minute, or after somebody has seen to the database.

    InternalError is what a server says that only reads, for being a copy, or that ended a transaction for lasting too
    long. A bare DatabaseError is what the driver says when the connection broke at a moment it did not expect.
    """
    return isinstance(error, OperationalError | InterfaceError | InternalError) or type(error) is DatabaseError

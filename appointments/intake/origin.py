"""By which way a request came in, and who of the staff took it."""

from dataclasses import dataclass
from typing import Self

from django.contrib.auth.models import User

from ..models import ReferralSource, Source


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The same names as in AppointmentRequest. Without anything said, a visitor sent it from the public pages."""

    source: str = Source.WEB
    referred_by: str = ""
    taken_by: User | None = None
    sent_digest: str = ""

    @classmethod
    def of_link(cls, code: str) -> Self:
        """Of a visitor who came by a link with this code. One that nobody knows says nothing."""
        known = ReferralSource.objects.filter(code=code, is_active=True).first() if code else None
        return cls(source=known.kind, referred_by=known.name) if known else cls()

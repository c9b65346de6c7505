"""What a patient types to be called: who it is for, and how to reach them. Each is a column of the request."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True)
class Contact:
    """The same names as in AppointmentRequest and in the forms; `phone` as +12125550123, `consent` word for word."""

    name: str
    date_of_birth: datetime.date
    phone: str
    language: str
    call_times: list[str]
    voicemail_ok: bool
    consent: str
    email: str = ""
    postal_address: str = ""
    filled_in_by: str = ""
    relationship: str = ""
    may_talk: str = ""
    phone_note: str = ""
    phone_owner: str = ""
    patient_phone: str = ""
    other_language: str = ""
    needs_interpreter: bool = False
    hard_of_hearing: bool = False
    large_print: bool = False
    texts_ok: bool = False

    @classmethod
    def of(cls, entered: Mapping) -> "Contact":
        """What of these cleaned values is stored; the rest only helped to fill in the forms."""
        return cls(**{name: entered[name] for name in NAMES & entered.keys()})


NAMES = {one.name for one in fields(Contact)}

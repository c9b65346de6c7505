"""What is stored: a request for a visit, what staff did about it, and the visit that came of it.

The database itself refuses what must not happen; see the constraints of each model.
"""

# Imported so that Django registers them: their tables belong to this application.
from audit import models as _audit_models  # noqa: F401
from common.clinic_tables import WEEKDAYS, ClinicDetails, ClinicNotices, LanguageHelp, OpeningHours
from screening import models as _screening_models  # noqa: F401

from .clinic import (
    Absence,
    Caller,
    Clinician,
    ConsultingHours,
    ExtraHours,
    Holiday,
    KnownNetwork,
    Place,
    PlaceHours,
    VisitKind,
)
from .ehr import PatientMatch
from .feeds import CalendarFeed
from .history import ContactAttempt, Event, OfferedTime, PossibleDuplicate
from .messages import Message, MessageQuerySet, TextOptOut
from .operation import DailyCount, ErasureLeave, Incarnation, PeriodicJob, RateBucket
from .records import ExportLog
from .requests import (
    QUEUE_ORDER,
    AppointmentRequest,
    AppointmentRequestQuerySet,
    Awaited,
    Language,
    MayTalk,
    NurseCheck,
    PhoneOwner,
    Records,
    Status,
)
from .sources import ReferralSource, Source
from .visits import Appointment

__all__ = [
    "QUEUE_ORDER",
    "WEEKDAYS",
    "Absence",
    "Appointment",
    "AppointmentRequest",
    "AppointmentRequestQuerySet",
    "Awaited",
    "CalendarFeed",
    "Caller",
    "ClinicDetails",
    "ClinicNotices",
    "Clinician",
    "ConsultingHours",
    "ContactAttempt",
    "DailyCount",
    "ErasureLeave",
    "Event",
    "ExportLog",
    "ExtraHours",
    "Holiday",
    "Incarnation",
    "KnownNetwork",
    "Language",
    "LanguageHelp",
    "MayTalk",
    "Message",
    "MessageQuerySet",
    "NurseCheck",
    "OfferedTime",
    "OpeningHours",
    "PatientMatch",
    "PeriodicJob",
    "PhoneOwner",
    "Place",
    "PlaceHours",
    "PossibleDuplicate",
    "RateBucket",
    "Records",
    "ReferralSource",
    "Source",
    "Status",
    "TextOptOut",
    "VisitKind",
]

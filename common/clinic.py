"""The clinic whose pages these are, as its settings name it."""

from functools import cached_property
from typing import Any

import phonenumbers
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language


class Clinic:
    @property
    def name(self) -> str:
        return settings.CLINIC_NAME

    @property
    def phone(self) -> str:
        return settings.CLINIC_PHONE

    @cached_property
    def phone_link(self) -> str:
        number = phonenumbers.parse(settings.CLINIC_PHONE, settings.PHONE_REGION)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.RFC3966)

    @property
    def hours(self) -> str:
        """When somebody answers the phone, in the active language."""
        return settings.CLINIC_HOURS[get_language()]

    @property
    def emergency_number(self) -> str:
        return settings.EMERGENCY_NUMBER


CLINIC = Clinic()


def clinic(request: HttpRequest) -> dict[str, Any]:
    """Context processor."""
    return {"clinic": CLINIC}

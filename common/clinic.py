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
        return _link_to(settings.CLINIC_PHONE)

    @property
    def nurse_line(self) -> str:
        """Whom to call after hours, with its hours in the active language; empty where the clinic has none."""
        hours = settings.NURSE_LINE_HOURS.get(get_language(), "")
        return f"{settings.NURSE_LINE}, {hours}" if settings.NURSE_LINE and hours else settings.NURSE_LINE

    @property
    def nurse_line_link(self) -> str:
        return _link_to(settings.NURSE_LINE) if settings.NURSE_LINE else ""

    @property
    def hours(self) -> str:
        """When somebody answers the phone, in the active language."""
        return settings.CLINIC_HOURS[get_language()]

    @property
    def emergency_number(self) -> str:
        return settings.EMERGENCY_NUMBER


def _link_to(number: str) -> str:
    parsed = phonenumbers.parse(number, settings.PHONE_REGION)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.RFC3966)


CLINIC = Clinic()


def clinic(request: HttpRequest) -> dict[str, Any]:
    """Context processor."""
    return {"clinic": CLINIC}

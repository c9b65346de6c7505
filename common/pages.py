"""The addresses of the public pages that settings.PAGES names, so that no part has to know whose they are."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


class _Addresses:
    def __getitem__(self, key: str) -> str:
        return reverse(settings.PAGES[key])


PAGES = _Addresses()


def pages(request: HttpRequest) -> dict:
    """Context processor: `{{ pages.status }}` is the address of that page."""
    return {"pages": PAGES}

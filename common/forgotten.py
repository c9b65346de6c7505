"""Whoever has ended what they did here leaves nothing behind in the browser."""

from django.http import HttpResponse

# Not "cookies": those would be the cookies of the health system's other sites, too.
WHAT = '"cache", "storage"'


def forgotten_by_the_browser(response: HttpResponse) -> HttpResponse:
    response["Clear-Site-Data"] = WHAT
    return response

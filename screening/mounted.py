"""The public pages once more under the address of each pathway, but for the first, which has the plain ones.

`/procedures/spinal-stenosis/check/` is `/check/` of the pathway `spinal_stenosis`. Whatever is linked from there
stays there, because addresses are made with that prefix, as if the site stood under it.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix, reverse, set_script_prefix

from .pathways import FIRST, OFFERED
from .questionnaire.definition import Pathway

PREFIX = "/procedures/"
# What patients see. The rest of the site has one address only.
PAGES = (
    *("check", "how-this-check-decides", "visit", "status", "language", "language-help", "accessibility"),
    *("text-messages", "brand", "components"),
)
MOUNTED = re.compile(rf"{PREFIX}(?P<address>[a-z0-9-]+)(?P<page>/(?:(?:{'|'.join(PAGES)})/.*)?)", re.DOTALL)
BY_ADDRESS = {one.key.replace("_", "-"): one for one in OFFERED if one is not FIRST}

GetResponse = Callable[[HttpRequest], HttpResponse]


def mounted(get_response: GetResponse) -> GetResponse:
    """Middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        found = MOUNTED.fullmatch(request.path_info)
        if not found or found["address"] not in BY_ADDRESS:
            return get_response(request)
        outside = get_script_prefix()
        request.path_info = found["page"]
        set_script_prefix(home_of(BY_ADDRESS[found["address"]]))
        try:
            return get_response(request)
        finally:
            set_script_prefix(outside)

    return middleware


def offered_pathway(request: HttpRequest) -> Pathway:
    """The one whose pages are asked for."""
    found = MOUNTED.fullmatch(request.path)
    return BY_ADDRESS.get(found["address"], FIRST) if found else FIRST


def address_of(pathway: Pathway, page: str) -> str:
    """Of a page of that pathway, by its name, from a page of any."""
    return home_of(pathway) + reverse(page).removeprefix(get_script_prefix())


def home_of(pathway: Pathway) -> str:
    """Where the pages of a pathway that is offered begin, with a slash at the end."""
    return "/" if pathway is FIRST else f"{PREFIX}{pathway.key.replace('_', '-')}/"

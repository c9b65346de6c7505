"""What programs are told at the addresses of FHIR when something cannot be done, in words."""

from django.conf import settings
from django.http import HttpResponse, JsonResponse

CONTENT_TYPE = "application/fhir+json; charset=utf-8"
ADDRESSES = "/fhir/"


def issue(code: str, words: str, expression: str = "") -> dict:
    found = {"severity": "error", "code": code, "diagnostics": words}
    return found | ({"expression": [expression]} if expression else {})


def outcome(status: int, *issues: dict) -> JsonResponse:
    resource = {"resourceType": "OperationOutcome", "issue": [*issues]}
    return JsonResponse(resource, status=status, content_type=CONTENT_TYPE)


def in_place_of(page: HttpResponse) -> HttpResponse:
    """The same refusal as a page for people, with all its headers but those of its content; itself, if it is none."""
    if page.get("Content-Type") == CONTENT_TYPE:
        return page
    response = outcome(page.status_code, issue(*_said(page.status_code)))
    for name, value in page.items():
        if name not in ("Content-Type", "Content-Length", "Content-Language"):
            response[name] = value
    return response


def _said(status: int) -> tuple[str, str]:
    match status:
        case 400:
            return "structure", "This cannot be read. It must be UTF-8, with its length, at an address of ours."
        case 403:
            return "security", "Programs ask by HTTPS, and send to QuestionnaireResponse only."
        case 404:
            return "not-found", "There is nothing at this address."
        case 405:
            return "not-supported", "This address cannot do that."
        case 413:
            return "too-long", f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024} kB are the most that is read."
        case 414:
            return "too-long", "This address is too long."
    return "transient" if status == 503 else "exception", "This went wrong on our side. Send it again later."

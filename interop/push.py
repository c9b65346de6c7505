"""Tells an EHR's FHIR server how a request stands: one transaction, conditional by our identifiers, and read back.

It is sent as it stands now, and may be sent any number of times: each resource is found there by our identifier and
replaced. The outbox sees to it that one request is sent by one worker at a time. The patient is the record's own, and
is never changed by us.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
import urllib3
from django.conf import settings

from appointments.delivery.failures import Deferred, Failure, NoAnswer, Rejected, Unavailable, pause_of
from appointments.lifecycle.definition import DID_NOT_COME, REOPEN
from appointments.models import Appointment, AppointmentRequest, Clinician, Message, PatientMatch, Place
from appointments.search import folded

from . import case, terms
from .keys import proof_of_ours

# What we write there. Who is a clinician or a place it knows itself, and Provenance has no identifier to find it by.
WRITTEN = ("QuestionnaireResponse", "ServiceRequest", "Task", "Appointment")
FHIR = "application/fhir+json"
MOST_CANDIDATES = 20
LONGEST_ANSWER = 5_000_000
# Of what it says of a patient.
LONGEST_WORDS = 200
# As FHIR has it, and those of servers that take it less strictly.
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Not of this bundle but of the way there, or of us.
OF_THE_WAY = (401, 403, 404, 429, 502, 503, 504)
# It may do with the same bundle later.
LATER = (408, 409, 412, 423, 500)


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    retry_after: str


class EhrSender:
    """The line to the EHR. `connect` and `send` raise Failure."""

    def __init__(self) -> None:
        self._http = requests.Session()
        self._authorization: dict[str, str] = {}
        self._token_until = self._deadline = 0.0

    def connect(self) -> None:
        if time.monotonic() < self._token_until:
            return
        self._deadline = time.monotonic() + settings.EHR_TIMEOUT
        try:
            answer = self._ask("POST", settings.EHR_TOKEN_URL, data=proof_of_ours())
        except NoAnswer as failure:
            # Nothing was handed over yet.
            raise Unavailable(str(failure)) from None
        token, seconds = answer.body.get("access_token"), _seconds(answer.body.get("expires_in"))
        if answer.status != 200 or not isinstance(token, str) or seconds is None:
            raise Unavailable(
                f"the health record does not let us in ({answer.status})", seconds=pause_of(answer.retry_after)
            )
        # Used no longer than half its life, so that it does not end on the way.
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._token_until = time.monotonic() + seconds / 2

    def send(self, message: Message) -> None:
        """Takes SEND_SECONDS at most. To send what was sent before is no harm, so nobody asks whether it was."""
        self._deadline = time.monotonic() + settings.SEND_SECONDS
        related = ("taken_by", "claimed_by", "appointment__clinician", "appointment__place", "appointment__kind")
        request = AppointmentRequest.objects.select_related(*related).get(pk=message.its_request.pk)
        entries = list(entries_of(request, self._patient_of(request)))
        answer = self._fhir("POST", "", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
        # What is there counts first: it says more than a refusal does, as that something is there twice.
        for entry in entries:
            self._read_back(entry)
        done = [str(_object(one, "response").get("status", "")) for one in _objects(answer.body, "entry")]
        refused = [status[:3] for status in done if not status.startswith("2")]
        if refused or len(done) != len(entries):
            raise Failure(
                f"the health record took only a part of it ({refused[0] if refused else 'and says no more'})"
            )
        # What could not be sent before is said by this.
        before = request.messages.filter(channel=Message.Channel.EHR, state=Message.State.FAILED)
        before.filter(version__lte=message.version).update(state=Message.State.DROPPED)

    def close(self) -> None:
        self._http.close()

    def _read_back(self, entry: dict[str, Any]) -> None:
        resource = entry["resource"]
        kind = resource["resourceType"]
        found = self._found(self._fhir("GET", entry["request"]["url"]), kind)
        if len(found) > 1:
            raise Rejected(f"the health record has more than one {kind} of this request")
        if not found or found[0].get("status") != resource["status"]:
            raise Failure(f"the health record does not say of the {kind} what was sent")

    def _patient_of(self, request: AppointmentRequest) -> str:
        """The id of the patient there. Raises Deferred if a person has to say who it is."""
        match = PatientMatch.objects.filter(request=request).first()
        if match and not match.decided_by and _is_another_by_now(request, match):
            match.delete()
            match = None
        if match and match.patient_id:
            return match.patient_id
        patient = case.patient_of(request)
        found = self._search({"identifier": _token(patient)})
        if not found and match and match.is_new:
            # Known by our identifier, should this be cut off before we have read the answer.
            self._fhir("POST", "Patient", json=patient, headers={"If-None-Exist": f"identifier={_quoted(patient)}"})
            found = self._search({"identifier": _token(patient)})
        # Who has our identifier may be called by another name by now.
        the_same = [one for one in found if _is_in_use(one)]
        if not found and not match:
            words = _words_of(request.name)
            wanted = [_escaped(word) for word in dict.fromkeys((words[0], words[-1]))]
            found = self._search({"birthdate": request.date_of_birth.isoformat(), "name": wanted})
            # A server looks for the start of words, or for a part of them.
            the_same = [one for one in found if _is_the_same(one, request)]
        if len(the_same) == 1 and len(found) < MOST_CANDIDATES:
            values = {"patient_id": the_same[0]["id"], "candidates": []}
            PatientMatch.objects.update_or_create(request=request, defaults=values)
            return the_same[0]["id"]
        candidates = [{"id": one["id"], "words": _words(one)} for one in found]
        PatientMatch.objects.update_or_create(request=request, defaults={"candidates": candidates, "is_new": False})
        raise Deferred("staff have to say which patient of the health record it is")

    def _search(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """By POST, so that no name stands in an address."""
        answer = self._fhir("POST", "Patient/_search", data={**wanted, "_count": str(MOST_CANDIDATES)})
        return self._found(answer, "Patient")

    def _found(self, answer: Answer, kind: str) -> list[dict[str, Any]]:
        if answer.body.get("type") != "searchset":
            raise Unavailable("what answered is not a health record")
        found = [_object(one, "resource") for one in _objects(answer.body, "entry")]
        return [one for one in found if one.get("resourceType") == kind and ID.fullmatch(_text(one, "id"))]

    def _fhir(self, method: str, path: str, *, headers: dict[str, str] | None = None, **content: Any) -> Answer:
        if "json" in content:
            content["data"] = json.dumps(content.pop("json"))
            headers = {"Content-Type": FHIR, **(headers or {})}
        headers = {"Accept": FHIR, **self._authorization, **(headers or {})}
        answer = self._ask(method, f"{settings.EHR_URL}/{path}".rstrip("/"), headers=headers, **content)
        if answer.status == 401:
            self._token_until = 0.0
        if answer.status in OF_THE_WAY:
            raise Unavailable(f"the health record refused us ({answer.status})", seconds=pause_of(answer.retry_after))
        if answer.status >= 300:
            # What it says of the reasons may quote the patient.
            kind = Failure if answer.status in LATER or answer.status > 500 else Rejected
            raise kind(f"the health record refused it ({answer.status})")
        return answer

    def _ask(self, method: str, url: str, **content: Any) -> Answer:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise NoAnswer("the health record took too long")
        try:
            with self._http.request(
                method, url, timeout=min(left, settings.EHR_TIMEOUT), allow_redirects=False, stream=True, **content
            ) as answer:
                said = b""
                # What is there by now, and no more: whoever answers by drops would keep us waiting.
                while part := answer.raw.read1(65536, decode_content=True):
                    said += part
                    if len(said) > LONGEST_ANSWER or time.monotonic() > self._deadline:
                        raise NoAnswer("the health record took too long, or said too much")
                status, retry_after = answer.status_code, answer.headers.get("Retry-After", "")
        except requests.ConnectionError as error:
            raise Unavailable(f"the connection to the health record broke ({type(error).__name__})") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise NoAnswer(f"the health record did not answer ({type(error).__name__})") from None
        try:
            body = json.loads(said)
        except (ValueError, RecursionError):
            body = {}
        return Answer(status, body if isinstance(body, dict) else {}, retry_after)


def entries_of(request: AppointmentRequest, patient_id: str) -> Iterator[dict[str, Any]]:
    """What is written there, as entries of a transaction. Raises Rejected if somebody has no id there yet."""
    former = list(_former_visits(request))
    visits = [*filter(None, [request.appointment]), *(visit for visit, _status in former)]
    named = {terms.full_url("Patient", request.reference): f"Patient/{patient_id}"}
    for visit in visits:
        named[terms.full_url("Practitioner", visit.clinician_id)] = f"Practitioner/{_id_of(visit.clinician)}"
        named[terms.full_url("Location", visit.place_id)] = f"Location/{_id_of(visit.place)}"
    of_the_case = [(one["fullUrl"], one["resource"]) for one in case.bundle_of(request)["entry"]]
    for url, resource in (*of_the_case, *(case.appointment_of(request, *one) for one in former)):
        kind = resource["resourceType"]
        if kind in WRITTEN:
            text = json.dumps(resource)
            for ours, theirs in named.items():
                text = text.replace(ours, theirs)
            where = f"{kind}?identifier={_quoted(resource)}"
            yield {"fullUrl": url, "resource": json.loads(text), "request": {"method": "PUT", "url": where}}


def _former_visits(request: AppointmentRequest) -> Iterator[tuple[Appointment, str]]:
    """Those that the request no longer has, each with what became of it."""
    became = {}
    for event in request.events.standing().filter(verb__in=(DID_NOT_COME.event, REOPEN.event)):
        visit_id = event.before.get("appointment_id")
        if event.verb == DID_NOT_COME.event:
            became[visit_id] = "noshow"
        elif event.before.get("close_reason") == case.ATTENDED:
            became[visit_id] = "fulfilled"
    visits = Appointment.objects.filter(reference=request.reference).exclude(request=request)
    for visit in visits.select_related("clinician", "place", "kind").order_by("booked_at", "pk"):
        yield visit, became.get(str(visit.pk), "cancelled")


def _id_of(one: Clinician | Place) -> str:
    if not one.ehr_id:
        kind = type(one)._meta.verbose_name
        raise Rejected(f"a manager has to enter the health record's id of the {kind} {one}"[:100])
    return one.ehr_id


def _is_another_by_now(request: AppointmentRequest, match: PatientMatch) -> bool:
    """Whether the name or birthday by which the patient was found was corrected since."""
    since = request.events.filter(at__gt=match.at)
    return since.filter(before__has_any_keys=["name", "date_of_birth"]).exists()


def _is_the_same(patient: dict[str, Any], request: AppointmentRequest) -> bool:
    """Whether they have the birthday, and in one name the first and the last word of ours, whole.

    One word alone tells too little, unless it is all of their name.
    """
    words = [folded(word) for word in _words_of(request.name)]
    wanted = {words[0], words[-1]}
    names = [{folded(word) for word in _words_of(_said(one))} for one in _objects(patient, "name")]
    has_the_name = any(wanted <= name if len(words) > 1 else wanted == name for name in names)
    is_born_then = patient.get("birthDate") == request.date_of_birth.isoformat()
    return has_the_name and is_born_then and _is_in_use(patient)


def _is_in_use(patient: dict[str, Any]) -> bool:
    links = [one.get("type") for one in _objects(patient, "link")]
    return patient.get("active") is not False and "replaced-by" not in links


def _words_of(name: str) -> list[str]:
    return name.replace(",", " ").split() or [name]


def _said(name: dict[str, Any]) -> str:
    return _text(name, "text") or " ".join([*_texts(name, "given"), _text(name, "family")])


def _escaped(value: str) -> str:
    """As a search takes it for one value, whatever is in it."""
    return re.sub(r"([\\,$|])", r"\\\1", value)


# What stands there; what is of another kind than FHIR says counts as not said.


def _objects(resource: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = resource.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _object(resource: dict[str, Any], name: str) -> dict[str, Any]:
    found = resource.get(name)
    return found if isinstance(found, dict) else {}


def _texts(resource: dict[str, Any], name: str) -> list[str]:
    found = resource.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _text(resource: dict[str, Any], name: str) -> str:
    found = resource.get(name)
    return found if isinstance(found, str) else ""


def _token(resource: dict[str, Any]) -> str:
    """Our identifier as a search takes it. Some resources have a list of them, and some only one."""
    identifier = resource["identifier"]
    one = identifier[0] if isinstance(identifier, list) else identifier
    return f"{one['system']}|{one['value']}"


def _quoted(resource: dict[str, Any]) -> str:
    return quote(_token(resource), safe="")


def _words(patient: dict[str, Any]) -> str:
    """By which staff know one patient from another."""
    name = next(iter(_objects(patient, "name")), {})
    phones = [_text(one, "value") for one in _objects(patient, "telecom") if one.get("system") == "phone"]
    born = f"born {_text(patient, 'birthDate') or 'on a day not said'}"
    unused = "" if _is_in_use(patient) else "no longer in use there"
    words = (part[:LONGEST_WORDS] for part in (_said(name).strip(), born, *phones[:2], unused))
    return ", ".join(filter(None, words))


def _seconds(lives: Any) -> float | None:
    """How long a token lives, which some say as text, and some not at all; None if that is no number."""
    try:
        return 300 if lives is None else float(lives)
    except (TypeError, ValueError, OverflowError):
        return None

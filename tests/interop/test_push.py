"""What an EHR's FHIR server is told, whatever it answers; it is Medplum's, and misbehaves when told to."""

import datetime
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest
import requests
from django.db import OperationalError, connection
from django.utils import timezone
from joserfc.jwk import ECKey

from appointments.delivery.outbox import Worker
from appointments.lifecycle.definition import BOOK, CANCEL, CLAIM, CLOSE, LOG_CALL, REOPEN
from appointments.lifecycle.transition import perform
from appointments.models import Appointment, AppointmentRequest, Clinician, ContactAttempt, Message, PatientMatch
from audit.models import AuditEntry
from interop import terms
from interop.keys import proof_of_ours
from tests.staff import member_of, signed_in

ROOT = Path(__file__).parents[2]
JUDGES = ROOT / "var" / "judges"
pytestmark = [
    pytest.mark.skipif(
        not (JUDGES / "node_modules" / "@medplum" / "fhir-router").exists(), reason="make judges installs it"
    ),
    pytest.mark.process,
]
State = Message.State
KEYS = [ECKey.generate_key("P-384", {"kid": kid}).as_dict(private=True) for kid in ("this-month", "next-month")]
ANA = {"resourceType": "Patient", "name": [{"text": "Ana Example"}], "birthDate": "1948-03-14", "gender": "unknown"}
REACHED = {"channel": ContactAttempt.Channel.PHONE, "outcome": ContactAttempt.CallResult.REACHED, "note": ""}
# By hand: EHR_REQUESTS=1000 pytest tests/interop/test_push.py -k random
HOW_MANY = int(os.environ.get("EHR_REQUESTS", "24"))


class Ehr:
    """What the EHR holds, and a way to tell it what to do wrong."""

    def __init__(self, address: str, keys: dict) -> None:
        self.address, self.keys = address, keys
        self.told(keys=keys)

    def told(self, **what) -> list[str]:
        """Gives what it was asked since."""
        return requests.post(f"{self.address}/told", json=what, timeout=9).json()

    def has(self, kind: str, **search: str) -> list[dict]:
        address, headers, found = f"{self.address}/fhir/{kind}", self._pass(), []
        while len(found) % 1000 == 0:
            page = {"_count": "1000", "_offset": str(len(found)), **search}
            entries = requests.get(address, page, headers=headers, timeout=60).json().get("entry", [])
            found += [entry["resource"] for entry in entries]
            if not entries:
                break
        return found

    def add(self, resource: dict) -> str:
        address = f"{self.address}/fhir/{resource['resourceType']}"
        return requests.post(address, json=resource, headers=self._pass(), timeout=9).json()["id"]

    def _pass(self) -> dict[str, str]:
        given = requests.post(f"{self.address}/token", data=proof_of_ours(), timeout=9).json()
        return {"Authorization": f"Bearer {given['access_token']}"}


@pytest.fixture(scope="module")
def running():
    node = shutil.which("node", path=f"{JUDGES / 'bin'}:{os.environ['PATH']}")
    process = subprocess.Popen(  # noqa: S603
        [node, str(Path(__file__).with_name("ehr.mjs")), str(JUDGES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().split()[1]}"
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@pytest.fixture
def ehr(running, settings, client):
    """Each test has people of its own there, because nobody empties it."""
    settings.EHR_URL, settings.EHR_TOKEN_URL = f"{running}/fhir", f"{running}/token"
    settings.EHR_CLIENT_ID, settings.EHR_KEYS = "upright", {"keys": KEYS}
    settings.SENDS_EMAILS, settings.TEXTS = False, "off"
    # Each test is of another clinic, so that its identifiers are its own.
    settings.SITE_URL = f"http://clinic-{time.monotonic_ns()}.example"
    yield (ehr := Ehr(running, client.get("/fhir/jwks.json").json()))
    ehr.told(faults=[], random=[], chance=0, tokens_after=0, lives=300)


@pytest.fixture
def ana(ehr, a_request):
    """Somebody's request, and the id of the only patient there with the name and the birthday."""
    name = f"Ana Example{time.monotonic_ns()}"
    return a_request(name=name), ehr.add({**ANA, "name": [{"text": name}]})


@pytest.fixture
def booked(ana, scheduler, clinician, place, next_week):
    request, _ = ana
    for one in (clinician, place):
        one.ehr_id = f"theirs-{one.pk}"
        one.save()
    perform(CLAIM, request, by=scheduler)
    perform(LOG_CALL, request, by=scheduler, **REACHED)
    perform(BOOK, request, by=scheduler, starts_at=next_week, place=place, clinician=clinician)
    return request


def send() -> list[str]:
    """As a worker does that was just started; gives where the messages are then, the oldest first."""
    Message.objects.put_off().update(send_at=timezone.now())
    with closing(Worker()) as worker:
        worker.send_some()
    return list(Message.objects.order_by("version").values_list("state", flat=True))


def ours(request) -> dict[str, str]:
    return {"identifier": f"{terms.identifier('request', '')['system']}|{request.reference}"}


def test_nothing_is_told_to_anybody_where_no_ehr_is_named(a_request, scheduler, client, settings):
    assert settings.EHR_URL == ""

    perform(CLAIM, a_request(), by=scheduler)

    assert not Message.objects.filter(channel="ehr").exists()
    assert client.get("/fhir/jwks.json").json() == {"keys": []}


def test_the_record_says_how_the_request_stands_now_and_not_how_it_stood(ehr, ana, booked, scheduler, client):
    request, patient = booked, ana[1]

    assert send() == [State.DROPPED] * 3 + [State.SENT]

    (task,), (wish,), (visit,) = (ehr.has(kind, **ours(request)) for kind in ("Task", "ServiceRequest", "Task"))
    (answers,) = ehr.has("QuestionnaireResponse", **ours(request))
    (visit,) = ehr.has("Appointment", patient=f"Patient/{patient}")
    assert (task["status"], wish["status"], visit["status"]) == ("completed", "active", "booked")
    assert task["for"]["reference"] == wish["subject"]["reference"] == f"Patient/{patient}"
    assert {one["actor"]["reference"].partition("/")[2] for one in visit["participant"]} == {
        patient,
        request.appointment.clinician.ehr_id,
        request.appointment.place.ehr_id,
    }
    assert task["focus"]["reference"] == f"ServiceRequest/{wish['id']}"
    assert wish["supportingInfo"][0]["reference"] == f"QuestionnaireResponse/{answers['id']}"

    perform(CANCEL, request, by=scheduler, reason="patient")
    perform(CLAIM, request, by=scheduler)
    perform(CLOSE, request, by=scheduler, reason="declined")
    send()

    assert [one["status"] for one in ehr.has("Task", **ours(request))] == ["cancelled"]
    assert [one["status"] for one in ehr.has("Appointment", patient=f"Patient/{patient}")] == ["cancelled"]


def test_who_came_to_the_visit_came_also_when_the_request_is_reopened(ehr, ana, booked, scheduler):
    visits = Appointment.objects.filter(pk=booked.appointment_id)
    begun = timezone.now() - datetime.timedelta(hours=3)
    visits.update(starts_at=begun, ends_at=begun + datetime.timedelta(hours=1))

    def said() -> list[str]:
        send()
        return [one["status"] for one in ehr.has("Appointment", patient=f"Patient/{ana[1]}")]

    perform(CLOSE, AppointmentRequest.objects.get(pk=booked.pk), by=scheduler, reason="attended")
    assert said() == ["fulfilled"]
    perform(REOPEN, AppointmentRequest.objects.get(pk=booked.pk), by=scheduler)
    assert said() == ["fulfilled"]
    perform(CLAIM, AppointmentRequest.objects.get(pk=booked.pk), by=scheduler)
    perform(CLOSE, AppointmentRequest.objects.get(pk=booked.pk), by=scheduler, reason="declined")
    assert said() == ["fulfilled"]


def test_no_name_stands_in_an_address_there_and_a_key_can_be_changed(ehr, ana, settings, client):
    published = client.get("/fhir/jwks.json").json()["keys"]
    assert [(key["kid"], key["alg"], "d" in key) for key in published] == [
        ("this-month", "ES384", False),
        ("next-month", "ES384", False),
    ]
    settings.EHR_KEYS = {"keys": KEYS[::-1]}
    ehr.told()

    assert send() == [State.SENT]

    asked = ehr.told()
    assert "POST /Patient/_search" in asked
    assert "Example" not in " ".join(asked)

    settings.EHR_KEYS = {"keys": [ECKey.generate_key("P-384", {"kid": "this-month"}).as_dict(private=True)]}
    perform(CLAIM, ana[0], by=member_of("Schedulers"))
    send()
    assert Message.objects.get(version=1).error == "the health record does not let us in (400)"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("409", "the health record refused it (409)"),
        ("412", "the health record refused it (412)"),
        ("429", "the health record refused us (429)"),
        ("503", "the health record refused us (503)"),
        ("cut", "the connection to the health record broke (ConnectionError)"),
        ("lost", "the connection to the health record broke (ConnectionError)"),
        ("slow", "the health record did not answer (ReadTimeout)"),
        ("half", "the health record does not say of the Task what was sent"),
        ("nonsense", "the health record took only a part of it (and says no more)"),
    ],
)
def test_what_did_not_get_through_is_sent_again_and_is_there_once(ehr, booked, settings, fault, error):
    settings.EHR_TIMEOUT = 0.3 if fault == "slow" else 15
    ehr.told(faults=[fault])

    assert send()[-1] == State.WAITING
    assert Message.objects.get(state=State.WAITING).error == error
    assert send()[-1] == State.SENT

    for kind in ("Task", "ServiceRequest", "QuestionnaireResponse"):
        assert len(ehr.has(kind, **ours(booked))) == 1
    assert len(ehr.has("Appointment", patient=f"Patient/{booked.patient_match.patient_id}")) == 1


def test_what_the_record_refuses_staff_see_and_send_again(ehr, ana, booked):
    Clinician.objects.update(ehr_id="")
    client = signed_in(member_of("Schedulers"))

    assert send()[-1] == State.FAILED

    page = client.get("/admin/messages/").text
    assert "To the health record: how it stands" in page
    assert "A manager has to enter the health record&#x27;s id of the clinician Dr. Example" in page
    Clinician.objects.update(ehr_id="theirs")
    client.post("/admin/messages/")
    assert send()[-1] == State.SENT

    (twice,) = ehr.has("Task", **ours(booked))
    ehr.add({name: value for name, value in twice.items() if name not in ("id", "meta")})
    Message.objects.filter(state=State.SENT).update(state=State.WAITING, done_at=None)
    assert send()[-1] == State.FAILED
    assert "more than one Task of this request" in client.get("/admin/messages/").text


def test_a_person_says_who_it_is_where_not_exactly_one_is_found(ehr, a_request):
    name = f"Ana Twice{time.monotonic_ns()}"
    first, second = (ehr.add({**ANA, "name": [{"text": name}]}) for _ in range(2))
    unknown, two = a_request(name="Nobody There"), a_request(name=name)
    scheduler = member_of("Schedulers")
    client = signed_in(scheduler)

    send()
    perform(CLAIM, two, by=scheduler)

    assert set(send()) == {State.DROPPED}
    assert ehr.has("Task", **ours(two)) == []
    assert "<strong>2</strong> patients to find in the health record" in client.get("/admin/").text
    page = client.get("/admin/patient-matches/").text
    assert page.count(f"{name}, born 1948-03-14") == 3
    assert "Nobody there has this name and birthday." in page

    for request, choice in ((two, second), (unknown, "-new")):
        chosen = {"match": PatientMatch.objects.get(request=request).pk, "choice": choice}
        assert "This is kept" in client.post("/admin/patient-matches/", chosen, follow=True).text
        assert "Somebody else has decided" in client.post("/admin/patient-matches/", chosen, follow=True).text
    send()

    assert ehr.has("Task", **ours(two))[0]["for"]["reference"] == f"Patient/{second}"
    (added,) = ehr.has("Patient", **ours(unknown))
    assert added["name"][0]["text"] == "Nobody There"
    assert ehr.has("Task", **ours(unknown))[0]["for"]["reference"] == f"Patient/{added['id']}"
    assert AuditEntry.objects.filter(details="patient matched", user_id=scheduler.pk).count() == 2

    again = {"match": PatientMatch.objects.get(request=two).pk}
    client.post("/admin/patient-matches/", {**again, "choice": "-again"})
    client.post("/admin/patient-matches/", {**again, "choice": "-other", "other": first})
    send()
    assert [one["for"]["reference"] for one in ehr.has("Task", **ours(two))] == [f"Patient/{first}"]


IN_USE: dict = {}
MERGED = {"link": [{"other": {"reference": "Patient/another"}, "type": "replaced-by"}]}


@pytest.mark.parametrize(
    ("ours_", "theirs", "more", "is_the_same"),
    [
        ("Ana Example", "Ana Example", IN_USE, True),
        ("Ana Example", "Example, Ana Maria", IN_USE, True),
        ("José Núñez", "", {"name": [{"text": "JOSE NUNEZ", "given": ["José"], "family": "Núñez"}]}, True),
        ("Ana Exa\\m$p|le", "Ana Exa\\m$p|le", IN_USE, True),
        ("Li", "Li", IN_USE, True),
        ("Ana Example", "Mariana Counterexample", IN_USE, False),
        ("Li", "Zoe Lilienthal", IN_USE, False),
        ("Li", "Zoe Li", IN_USE, False),
        ("Jo Example,Zoe", "Zoe Other", IN_USE, False),
        ("Ana Example", "Ana Example", {"active": False}, False),
        ("Ana Example", "Ana Example", MERGED, False),
        ("Ana Example", "Ana Example", {"name": [{"given": ["Ana"]}, {"family": "Example"}]}, False),
        ("Ana Example", "Ana Example", {"name": [{"given": ["Ana"], "family": "Example"}]}, True),
    ],
)
def test_only_who_has_the_whole_words_of_the_name_and_is_in_use_is_taken_without_a_person(
    ehr, a_request, ours_, theirs, more, is_the_same
):
    request = a_request(name=ours_)
    # Where another test has people of this name, a birthday of its own tells them apart.
    born = datetime.date(1930, 1, 1) + datetime.timedelta(days=time.monotonic_ns() // 1000 % 20_000)
    AppointmentRequest.objects.filter(pk=request.pk).update(date_of_birth=born)
    there = ehr.add({**ANA, "name": [{"text": theirs}], "birthDate": str(born), **more})

    send()

    assert PatientMatch.objects.get().patient_id == (there if is_the_same else "")
    assert len(ehr.has("Task", **ours(request))) == is_the_same


def test_one_who_has_the_name_is_told_from_others_whom_the_search_finds_as_well(ehr, ana):
    request, patient = ana
    ehr.add({**ANA, "name": [{"text": f"Mari{request.name.lower()}"}]})
    ehr.add({**ANA, "name": [{"text": request.name}], "active": False})

    send()

    assert PatientMatch.objects.get().patient_id == patient


def test_where_the_record_has_more_than_it_shows_a_person_decides_among_them(ehr, ana):
    request, _ = ana
    for number in range(20):
        ehr.add({**ANA, "name": [{"text": f"{request.name}{number}"}]})

    send()

    assert PatientMatch.objects.get().patient_id == ""
    assert ehr.has("Task", **ours(request)) == []


@pytest.mark.parametrize(
    "typed", [{}, {"match": "x"}, {"match": "9"}, {"match": "1", "choice": "-other", "other": "a b"}]
)
def test_a_choice_that_is_none_is_refused_in_words(db, typed):
    answer = signed_in(member_of("Schedulers")).post("/admin/patient-matches/", typed, follow=True)

    assert answer.status_code == 200
    assert 'class="error"' in answer.text


def test_a_corrected_birthday_is_looked_for_anew_and_nothing_of_a_joke_leaves(ehr, ana, a_request):
    send()
    request, _ = ana
    a_request(doubts="too quick")
    request.events.create(verb="corrected", version=1, before={"date_of_birth": "1948-03-14"})
    AppointmentRequest.objects.filter(pk=request.pk).update(date_of_birth="1950-01-01", version=1)
    Message.objects.create(request=request, kind="for_the_record", channel="ehr", version=1)
    ehr.told()

    assert State.SENT not in send()[1:]

    assert PatientMatch.objects.open().get().request == request
    assert [asked for asked in ehr.told() if asked == "POST "] == []


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_in_the_middle_leaves_it_to_another_and_nothing_is_there_twice(ehr, ana, settings):
    request, _ = ana
    ehr.told(faults=["slow"], slow=30_000)
    variables = {
        **os.environ,
        "SQLITE_PATH": str(connection.settings_dict["NAME"]),
        "DATABASE_NAME": str(connection.settings_dict["NAME"]),
        "SITE_URL": settings.SITE_URL,
        "EHR_URL": settings.EHR_URL,
        "EHR_TOKEN_URL": settings.EHR_TOKEN_URL,
        "EHR_CLIENT_ID": "upright",
        "EHR_KEYS": json.dumps(settings.EHR_KEYS),
    }
    worker = subprocess.Popen([sys.executable, "manage.py", "work"], cwd=ROOT, env=variables)
    deadline = time.monotonic() + 60
    while not ehr.has("Task", **ours(request)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    left_behind = Message.objects.get(channel="ehr")
    assert left_behind.lease
    assert left_behind.handed_over_at
    perform(CLAIM, request, by=member_of("Schedulers"))

    with closing(Worker()) as other:
        other.send_some()
        assert Message.objects.get(version=1).state == State.WAITING
        settings.LEASE_SECONDS = settings.EMAIL_ANSWER_SECONDS = 0
        other.send_some()

    assert [*Message.objects.order_by("version").values_list("state", flat=True)] == [State.DROPPED, State.SENT]
    assert [one["status"] for one in ehr.has("Task", **ours(request))] == ["in-progress"]


@pytest.mark.parametrize(
    ("lives", "state"),
    [(300, "sent"), ("300", "sent"), (None, "sent"), (299.5, "sent"), ("soon", "waiting"), ([], "waiting")],
)
def test_a_token_says_how_long_it_lives_as_a_number_in_words_or_not_at_all(ana, ehr, lives, state):
    ehr.told(lives=lives)

    assert send() == [state]

    if state == "waiting":
        assert Message.objects.get().error == "the health record does not let us in (200)"


def test_where_nobody_lets_us_in_in_time_all_wait_and_the_worker_goes_on(ana, ehr, settings):
    settings.EHR_TIMEOUT = 0.1
    ehr.told(tokens_after=300)

    assert send() == [State.WAITING]

    waiting = Message.objects.get()
    assert (waiting.lease, waiting.handed_over_at) == (None, None)
    assert waiting.error == "the health record did not answer (ReadTimeout)"
    settings.EHR_TIMEOUT = 10
    ehr.told(tokens_after=0)
    assert send() == [State.SENT]


@pytest.mark.both
@pytest.mark.generated
@pytest.mark.django_db(transaction=True)
def test_with_a_server_that_fails_at_random_and_two_workers_each_is_there_once_and_says_what_we_say(
    ehr, a_request, scheduler, place, consults, next_week, settings
):
    settings.MESSAGE_ATTEMPTS = 100
    settings.EHR_TIMEOUT = 2
    chance = random.Random(17)  # noqa: S311
    names = [f"Ana{number} Often{time.monotonic_ns()}" for number in range(HOW_MANY)]
    place.ehr_id = "theirs"
    place.save()
    clinicians = [
        consults(Clinician.objects.create(name=f"Dr. Example {number}", ehr_id=f"c-{number}")) for number in range(24)
    ]
    patients = [f"Patient/{ehr.add({**ANA, 'name': [{'text': name}]})}" for name in names]
    settings.LEASE_SECONDS = 5
    ehr.told(random=["409", "412", "429", "500", "cut", "lost", "half", "nonsense"], chance=0.3)
    requests_ = [
        # Two with one phone would be taken for one person, who is not seen twice at once.
        a_request(name=name, phone=f"(212) 555-01{number % 100:02}")
        for number, name in enumerate(names)
    ]
    is_over = threading.Event()

    def work():
        # What a worker holds when the other three write for too long stays leased until one that goes on takes over.
        with closing(Worker()) as goes_on:
            while not is_over.is_set() or Message.objects.filter(state=State.WAITING).exists():
                with suppress(OperationalError):
                    goes_on.send_some()
                with suppress(OperationalError), closing(Worker()) as has_not_paused:
                    Message.objects.put_off().filter(lease=None).update(send_at=timezone.now())
                    has_not_paused.send_some()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    try:
        for number, request in enumerate(requests_):
            turn, at = divmod(number, len(clinicians))
            week, half_hour = divmod(turn, 14)
            starts_at = next_week + datetime.timedelta(weeks=week, minutes=30 * half_hour)
            booking = {"starts_at": starts_at, "place": place, "clinician": clinicians[at]}
            steps = [
                (CLAIM, {}),
                (LOG_CALL, REACHED),
                (BOOK, booking),
                (CANCEL, {"reason": "patient"}),
                (CLAIM, {}),
                (BOOK, booking),
            ]
            for verb, entered in steps[: chance.randint(0, len(steps))]:
                perform(verb, request, by=scheduler, **entered)
    finally:
        is_over.set()
        for worker in workers:
            worker.join()

    stored = list(AppointmentRequest.objects.filter(pk__in=[one.pk for one in requests_]).order_by("pk"))
    there = {kind: ehr.has(kind) for kind in ("Task", "ServiceRequest", "QuestionnaireResponse", "Appointment")}
    statuses = {"waiting": "requested", "claimed": "in-progress", "booked": "completed"}
    for kind in ("Task", "ServiceRequest", "QuestionnaireResponse"):
        found = Counter(_value_of(one) for one in there[kind] if _is_of(one, patients))
        assert found == Counter(one.reference for one in stored)
    tasks = {_value_of(one): (one["status"], one["for"]["reference"]) for one in there["Task"]}
    for request, patient in zip(stored, patients, strict=True):
        assert tasks[request.reference] == (statuses[request.status], patient)
    visits = Appointment.objects.filter(reference__in=[one.reference for one in stored])
    assert sorted((_value_of(one), one["status"]) for one in there["Appointment"] if _is_of(one, patients)) == sorted(
        (str(visit.pk), "cancelled" if visit.cancelled_at else "booked") for visit in visits
    )
    assert not Message.objects.filter(state=State.FAILED).exists()


def _is_of(resource: dict, patients: list[str]) -> bool:
    whose = resource.get("for") or resource.get("subject") or resource["participant"][0]["actor"]
    return whose["reference"] in patients


def _value_of(resource: dict) -> str:
    identifier = resource["identifier"]
    return (identifier[0] if isinstance(identifier, list) else identifier)["value"]

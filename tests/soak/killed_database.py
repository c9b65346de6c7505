"""The database is killed again and again while patients send requests and schedulers work on them.

What was acknowledged, by a confirmation or by the page that follows a verb, is compared with what is stored.
"""

import datetime
import random
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests import postgres
from tests.soak import site
from tests.soak.site import Browser, say
from tests.walk import CALL, CHECK, VISIT_ANSWERS, WHO, answer_check

PATIENTS, SCHEDULERS, REQUESTS = 4, 3, 30
TRIES = 200
# In the demo Dr. Example sees patients at the main clinic on these weekdays, from 9 AM to 3 PM.
AHEAD = [datetime.date.today() + datetime.timedelta(days=days) for days in range(7, 21)]
BOOKED_ON = [day for day in AHEAD if day.weekday() in (0, 2, 4)]
VERBS = {"claim": "claimed", "log-call": "called", "book": "booked", "cancel": "cancelled", "release": "released"}
# Patients get an answer sooner, whatever the database does: the time to connect to it is limited too.
LONGEST = 12
LETTERS = "abcdefghijklmnoprstuvw"
# The name, the e-mail and the phone of a patient, however it is written.
TYPED = re.compile(r"Ana \w+ Example|ana\d+@example|\+1212\d{7}|\(212\) \d{3}-\d{4}(?<!555-0100)", re.IGNORECASE)


@dataclass
class Ledger:
    """What happened, as those outside know it. Threads only append."""

    journeys: list[str] = field(default_factory=list)
    references: list[tuple[str, str]] = field(default_factory=list)
    asked_twice: list[tuple[str, str]] = field(default_factory=list)
    done: list[tuple[int, int, str, str]] = field(default_factory=list)
    seen: list[tuple[int, str]] = field(default_factory=list)
    not_told: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    confirmed_at: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    kills: int = 0


def run(seconds: float) -> list[str]:
    with postgres.running() as server:
        site.boot(server.variables)
        ledger = under_load(server, lambda ledger: kill(server, seconds, ledger))
    say(f"{ledger.kills} kills of the database in {seconds:.0f} s")
    return ledger.faults


def under_load(server: postgres.Server, harm: Callable[[Ledger], None], *, requests: int = REQUESTS) -> Ledger:
    """Do it while patients send requests and schedulers work on so many others, and compare.

    The faults are all that is other than it was said to be.
    """
    ledger, stop = Ledger(), threading.Event()
    staff, numbers = site.prepare(users=SCHEDULERS, requests=requests)
    from django.db import connection

    connection.close()
    said = Path(server.folder, "web.log")
    with (
        said.open("wb") as output,
        site.web(workers=3, output=output) as port,
        ThreadPoolExecutor(PATIENTS + SCHEDULERS) as pool,
    ):
        work = [pool.submit(patients, port, number, stop, ledger) for number in range(PATIENTS)]
        work += [pool.submit(scheduler, port, one, numbers, stop, ledger) for one in staff]
        try:
            harm(ledger)
        finally:
            stop.set()
        for one in work:
            one.result()
    ledger.faults += differences(ledger)
    ledger.faults += [f"{log.name} names a patient: {line}" for log in (said, server.log) for line in naming(log)]
    again = f"{len(set(ledger.again))} after {len(ledger.again)} pages that asked to send again"
    say(f"{len(ledger.references)} requests confirmed, of them {again}")
    say(f"{len(ledger.done)} verbs and {len(ledger.seen)} call sheets shown; {len(ledger.not_told)} times not")
    say(f"answers to patients: {site.percentiles(ledger.seconds)}")
    return ledger


def kill(server: postgres.Server, seconds: float, ledger: Ledger) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(random.uniform(0.5, 2))  # noqa: S311
        server.kill()
        ledger.kills += 1
        time.sleep(random.uniform(0, 0.3))  # noqa: S311
        server.start()


def naming(log: Path) -> list[str]:
    """The lines of a log with anything that a patient typed."""
    lines = log.read_text(errors="replace").splitlines()
    if not lines:
        return ["nothing: it is empty, so that nothing was tested"]
    return [line[:300] for line in lines if TYPED.search(line)]


# ------------------------------------------------------------------------------------------------------ Patients


def patients(port: int, number: int, stop: threading.Event, ledger: Ledger) -> None:
    """One after another. Every other one is the one before, who asks a second time."""
    sent = number * 10_000
    former = ""
    while not stop.is_set():
        who = sent // 2
        browser = site.visitor(port, sent)
        try:
            reference, journey = ask_for_visit(browser, who, ledger)
        except Exception as error:  # noqa: BLE001
            ledger.faults.append(f"patient: {type(error).__name__}: {error}"[:300])
            return
        finally:
            ledger.seconds += [seconds for *_, seconds in browser.answers]
            slow = [f"{path} took {seconds:.1f} s" for _, path, _, seconds in browser.answers if seconds > LONGEST]
            ledger.faults += slow
        ledger.references.append((journey, reference))
        ledger.confirmed_at.append(time.monotonic())
        if sent % 2:
            ledger.asked_twice.append((former, reference))
        former = reference
        sent += 1


def ask_for_visit(browser: Browser, who: int, ledger: Ledger) -> tuple[str, str]:
    """Give the reference, after as many tries as it takes, and the journey."""
    answer_check(browser)
    person = WHO | {
        "name": f"Ana {''.join(LETTERS[who // 22**place % 22] for place in range(4)).title()} Example",
        "phone": f"(212) {200 + who // 9000 % 700}-{1000 + who % 9000}",
        "date_of_birth_year": str(1930 + who % 30),
        "date_of_birth_day": str(1 + who % 28),
        "email": f"ana{who}@example.com",
    }
    for page, form in (("questions", VISIT_ANSWERS), ("who", person), ("call", CALL)):
        answer = browser.post(f"/visit/{page}/", form)
        if answer.status_code != 302:
            raise AssertionError(f"the page {page} answered {answer.status_code}")
    if wrong := [(path, status) for _, path, status, _ in browser.answers if status not in (200, 302)]:
        raise AssertionError(f"pages that need no database failed: {wrong}")
    journey = site.journey_of(browser)
    ledger.journeys.append(journey)
    for _ in range(TRIES):
        if random.random() < 0.2:  # noqa: S311
            # Who is impatient presses twice.
            other = Browser(browser.port, browser.address, browser.cookies)
            thread = threading.Thread(target=other.post, args=("/visit/check/", CHECK))
            thread.start()
            answer = browser.post("/visit/check/", CHECK)
            thread.join()
        else:
            answer = browser.post("/visit/check/", CHECK)
        if answer.status_code == 302 and answer["Location"] == "/visit/sent/":
            return confirmed(browser), journey
        ledger.again.append(journey)
        kept = person["email"] in answer.text and "What you typed is still here" in answer.text
        if answer.status_code != 503 or not kept or len(re.findall(r" checked\b", answer.text)) < len(CHECK):
            raise AssertionError(f"the last page answered {answer.status_code} and kept {kept}")
        time.sleep(0.3)
    raise AssertionError("the request could not be sent in so many tries")


def confirmed(browser: Browser) -> str:
    """The reference. The page shows what was stored, and so waits for a database that is away; one loads it again."""
    for _ in range(TRIES):
        page = browser.get("/visit/sent/")
        if page.status_code == 200:
            return site.reference_on(page)
        if page.status_code != 503:
            raise AssertionError(f"the confirmation answered {page.status_code}")
        time.sleep(0.3)
    raise AssertionError("the confirmation could not be seen in so many tries")


# -------------------------------------------------------------------------------------------------------- Staff


def scheduler(port: int, me: dict[str, str], requests: list[int], stop: threading.Event, ledger: Ledger) -> None:
    browser = Browser(port, cookies={"session": me["session"]})
    while not stop.is_set():
        pk = random.choice(requests)  # noqa: S311
        try:
            work_on(browser, pk, me["username"], ledger)
        except Exception as error:  # noqa: BLE001
            ledger.faults.append(f"scheduler: {type(error).__name__}: {error}"[:300])
            return
    slow = [f"{path} took {seconds:.1f} s" for _, path, _, seconds in browser.answers if seconds > LONGEST]
    ledger.faults += slow


def work_on(browser: Browser, pk: int, username: str, ledger: Ledger) -> None:
    sheet = browser.get(f"/admin/appointments/appointmentrequest/{pk}/change/")
    if sheet.status_code == 503:
        ledger.not_told.append("sheet")
        time.sleep(0.1)
        return
    if sheet.status_code != 200:
        raise AssertionError(f"a call sheet answered {sheet.status_code}")
    ledger.seen.append((pk, username))
    version = int(re.search(r'name="version" value="(\d+)"', sheet.text)[1])
    offered = [verb for verb in VERBS if f"/{pk}/do/{verb}/" in sheet.text]
    if not offered:
        return
    verb = random.choice(offered)  # noqa: S311
    clinicians = re.findall(r'<option value="(\d+)">Dr\. Example', sheet.text) or ["1"]
    place = re.search(r'<option value="(\d+)">Main clinic', sheet.text)
    form = {
        "claim": {},
        "release": {},
        "log-call": {"outcome": random.choice(["no_answer", "reached", "voicemail"])},  # noqa: S311
        "book": {
            # So few times that two want the same now and then.
            "starts_at": f"{random.choice(BOOKED_ON)}T{random.randint(9, 14):02}:00",  # noqa: S311
            "clinician": clinicians[0],
            "place": place[1] if place else "1",
        },
        "cancel": {"reason": "patient"},
    }[verb]
    answer = browser.post(f"/admin/appointments/appointmentrequest/{pk}/do/{verb}/", {"version": version, **form})
    if answer.status_code == 302 and "/login/" not in answer["Location"]:
        ledger.done.append((pk, version, VERBS[verb], username))
    elif answer.status_code == 503:
        ledger.not_told.append(verb)
    elif answer.status_code not in (409, 422):
        raise AssertionError(f"{verb} answered {answer.status_code}")


# --------------------------------------------------------------------------------------------- What is stored now


def differences(ledger: Ledger) -> list[str]:
    """What is stored other than what was acknowledged, and what is stored by half."""
    return [*of_the_requests(ledger), *of_the_verbs(ledger), *of_the_audit(ledger)]


def of_the_requests(ledger: Ledger):
    from appointments.models import AppointmentRequest, Message, PossibleDuplicate

    stored = {
        request.journey.hex: request for request in AppointmentRequest.objects.filter(journey__in=ledger.journeys)
    }
    acknowledged = dict(ledger.references)
    if not acknowledged:
        yield "No request was acknowledged, so that nothing was tested."
    yield from (f"lost: {journey}" for journey in acknowledged if journey not in stored)
    yield from (f"not acknowledged: {journey}" for journey in stored if journey not in acknowledged)
    for journey, request in stored.items():
        if acknowledged.get(journey, request.reference) != request.reference:
            yield f"confirmed with another reference: {journey}"
    people = Counter(request.phone for request in stored.values())
    yield from (f"doubled: {count} requests of one patient" for count in people.values() if count > 2)
    received = Message.objects.filter(kind="received", request__in=stored.values())
    told = Counter(received.values_list("request", flat=True))
    for request in stored.values():
        if told[request.pk] != (0 if request.doubts else 1):
            yield f"{request}: {told[request.pk]} messages that it was received; doubts: {request.doubts}"
    by_reference = {request.reference: request.pk for request in stored.values()}
    pairs = set(PossibleDuplicate.objects.values_list("earlier", "later"))
    for first, second in ledger.asked_twice:
        if first in by_reference and second in by_reference:
            pair = tuple(sorted((by_reference[first], by_reference[second])))
            if pair not in pairs:
                yield f"asked twice, and nobody knows: {pair}"


def of_the_verbs(ledger: Ledger):
    from appointments.models import Appointment, AppointmentRequest, ContactAttempt, Event, Message

    done = {(event.request_id, event.version - 1): event for event in Event.objects.select_related("by")}
    if not ledger.done:
        yield "No verb was acknowledged, so that nothing was tested."
    for pk, version, verb, username in ledger.done:
        event = done.get((pk, version))
        if event is None or (event.verb, event.by.username) != (verb, username):
            yield f"acknowledged and not there: {verb} of request {pk}, version {version}, by {username}"
    for twice, count in Counter(entry[:2] for entry in ledger.done).items():
        if count > 1:
            yield f"acknowledged to {count} people: {twice}"
    if len(done) != Event.objects.count():
        yield "Two events have the same version of the same request."
    kinds = Counter((event.request_id, event.verb) for event in done.values())
    attempts = Counter(ContactAttempt.objects.values_list("request", flat=True))
    messages = Counter(Message.objects.values_list("request", "kind"))
    visits = dict(Appointment.objects.values_list("pk", "cancelled_at"))
    reached = defaultdict(list)
    for pk, version in sorted(done):
        reached[pk].append(version + 1)
    for request in AppointmentRequest.objects.all():
        versions = reached[request.pk]
        if versions != list(range(1, request.version + 1)):
            yield f"{request}: version {request.version} after events {versions}"
        if attempts[request.pk] != kinds[request.pk, "called"]:
            yield f"{request}: {attempts[request.pk]} attempts, {kinds[request.pk, 'called']} calls"
        for verb, kind in (("booked", "booked"), ("booked", "reminder"), ("cancelled", "cancelled")):
            if messages[request.pk, kind] != kinds[request.pk, verb]:
                count = messages[request.pk, kind]
                yield f"{request}: {kinds[request.pk, verb]} times {verb}, {count} messages {kind}"
        if request.appointment_id and visits.pop(request.appointment_id) is not None:
            yield f"{request}: its visit is cancelled"
    # What is left are visits that no request has any more.
    yield from (f"a visit of nobody: {pk}" for pk, cancelled_at in visits.items() if cancelled_at is None)
    if len(visits) != sum(count for (_, verb), count in kinds.items() if verb == "cancelled"):
        yield f"{len(visits)} visits that were cancelled, and another number of events of that"


def of_the_audit(ledger: Ledger):
    from appointments.models import Event
    from audit import chain
    from audit.models import AuditEntry

    yield from (f"audit: {fault}" for fault in chain.faults())
    changes, views = Counter(), Counter()
    for entry in AuditEntry.objects.all():
        if entry.action == AuditEntry.Action.CHANGE:
            changes[entry.numbers, entry.details] += 1
        for number in entry.numbers.split():
            views[int(number), entry.username] += entry.action == AuditEntry.Action.VIEW
    for event in Event.objects.all():
        if changes[str(event.request_id), f"{event.verb}, version {event.version}"] != 1:
            yield f"not one audit entry: {event.verb} of request {event.request_id}, version {event.version}"
    for seen, count in Counter(ledger.seen).items():
        if views[seen] < count:
            yield f"{seen}: {count} call sheets seen, {views[seen]} in the audit"

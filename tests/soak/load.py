"""As many full submissions as can be had, each with all its pages, while staff use a queue of 100,000 requests.

SOAK_REQUESTS=2000 in the environment makes it shorter, for a quick look.
"""

import os
import random
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable

from tests import postgres
from tests.soak import site
from tests.soak.site import Browser, say
from tests.walk import CALL, CHECK, TEXTBOOK, VISIT_ANSWERS, WHO, answer_check, somebody

GOAL = 50
IN_QUEUE = 100_000
PATIENTS, SCHEDULERS = 8, 2
QUEUE = "/admin/appointments/appointmentrequest/"


def run(seconds: float) -> list[str]:
    requests = int(os.environ.get("SOAK_REQUESTS", IN_QUEUE))
    with postgres.running() as server:
        site.boot(server.variables)
        staff, _ = site.prepare(users=SCHEDULERS, requests=0)
        from django.db import connection

        from appointments.models import AppointmentRequest
        from tests.bench import fill

        fill.fill(AppointmentRequest.objects.get(), closed=requests // 20 * 19, still_open=requests // 20)
        before = AppointmentRequest.objects.count()
        connection.close()
        say(f"{before:,} requests stored, {os.cpu_count()} processors, patients and database on the same machine")
        with site.web(workers=os.cpu_count()) as port:
            confirmed = alone(port)
            faults: list[str] = []
            confirmed += measured(port, staff, seconds, submit, faults)
            say("the last page alone, of journeys that have got there:")
            confirmed += measured(port, staff, seconds / 2, last_page_of(port), faults)
        stored = AppointmentRequest.objects.count() - before
        if stored != confirmed:
            faults.append(f"{confirmed} were confirmed, {stored} are stored")
        return faults


def measured(port: int, staff: list[dict[str, str]], seconds: float, send: Callable, faults: list[str]) -> int:
    """One at a time from each patient, so that the machine is asked for all it has and no more.

    Gives how many were confirmed.
    """
    until = time.monotonic() + seconds
    took: dict[str, list[float]] = defaultdict(list)
    whole: list[float] = []
    confirmed: list[int] = []

    def patient(first: int) -> None:
        number = first * 100_000 + int(until) % 50_000
        while time.monotonic() < until:
            number += 1
            browser, started = site.visitor(port, number), time.monotonic()
            try:
                send(browser, number)
                confirmed.append(number)
            except Exception as error:  # noqa: BLE001
                faults.append(f"patient: {type(error).__name__}: {error}"[:200])
            whole.append(time.monotonic() - started)
            for method, path, status, wait in browser.answers:
                took["last POST" if (method, path) == ("POST", "/visit/check/") else f"other {method}s"].append(wait)
                if status not in (200, 302):
                    faults.append(f"{method} {path}: {status}")

    def scheduler(me: dict[str, str]) -> None:
        browser = Browser(port, cookies={"session": me["session"]})
        while time.monotonic() < until:
            path = random.choice([QUEUE, "/admin/", f"{QUEUE}?queue=all", f"{QUEUE}?q=Example"])  # noqa: S311
            answer = browser.get(path)
            took["staff"].append(answer.seconds)
            if answer.status_code != 200:
                faults.append(f"{path}: {answer.status_code}")
            time.sleep(0.5)

    threads = [threading.Thread(target=patient, args=(number,)) for number in range(PATIENTS)]
    threads += [threading.Thread(target=scheduler, args=(one,)) for one in staff]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = sum(map(len, took.values()))
    say(f"{len(whole) / seconds:.1f} submissions a second (goal {GOAL}), {asked / seconds:.0f} answers a second")
    say(f"one submission: {site.percentiles(whole)}")
    for what, waits in sorted(took.items()):
        say(f"{what}: {len(waits)}, {site.percentiles(waits)}")
    return len(confirmed)


def submit(browser: Browser, number: int) -> None:
    """Each page is asked for, read and sent, as a browser does it."""
    from screening.pathways.vertebral_cement import PATHWAY

    url = "/check/red_flags/"
    while url.startswith("/check/") and (page := PATHWAY.page(url.split("/")[2])):
        browser.get(url)
        keys = [question.key for question in page.questions if question.key in TEXTBOOK]
        url = browser.post(url, {key: TEXTBOOK[key] for key in keys})["Location"]
    browser.get(url)
    browser.get("/check/result/")
    steps = {"questions": VISIT_ANSWERS, "who": WHO | somebody(number), "call": CALL, "check": CHECK}
    for step, form in steps.items():
        browser.get(f"/visit/{step}/")
        answer = browser.post(f"/visit/{step}/", form)
    if not site.reference_on(browser.get(answer["Location"])):
        raise AssertionError("no reference")


def last_page_of(port: int) -> Callable:
    """What sends the last page only, for somebody new each time, as if all pages before had been filled in."""
    from common.sealed_cookie import seal, unseal

    model = site.visitor(port, 80_000)
    answer_check(model)
    model.post("/visit/questions/", VISIT_ANSWERS)
    model.post("/visit/who/", WHO)
    model.post("/visit/call/", CALL)
    kept = unseal(model.cookies["answers"], purpose="answers", max_age=3600)

    def send(browser: Browser, number: int) -> None:
        who = kept["notes"]["who"] | {name: [value] for name, value in somebody(number).items()}
        journey = kept | {"id": uuid.uuid4().hex, "notes": kept["notes"] | {"who": who}}
        browser.cookies["answers"] = seal(journey, purpose="answers")
        answer = browser.post("/visit/check/", CHECK)
        if answer.status_code != 302 or answer["Location"] != "/visit/sent/":
            raise AssertionError("not confirmed")

    return send


def alone(port: int) -> int:
    """How long one journey takes when nobody else is there. Gives how many were confirmed for that."""
    browsers = [site.visitor(port, 90_000 + number) for number in range(12)]
    for number, browser in enumerate(browsers):
        submit(browser, 90_000 + number)
    answers = [browser.answers for browser in browsers[2:]]
    whole = sorted(sum(seconds for *_, seconds in one) for one in answers)
    say(f"one journey alone: {len(answers[0])} answers, {whole[len(whole) // 2] * 1000:.0f} ms")
    return len(browsers)

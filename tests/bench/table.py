"""The product beside others, on one PostgreSQL: what each thing takes, and how many times that of the contestant.

Run by `python -m tests.bench`. Ours and theirs take turns, so that a busy machine is busy for both: read the ratios.
"""

import io
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"

ROUNDS = 15
CALLERS, SECONDS_OF_CALLS = 20, 10
AUDIT_ENTRIES, AT_ONCE = 100_000, 2_000
EXPORTED = 20_000
# Enough for a full page of those who can be called.
FEW = 200


class Row(NamedTuple):
    what: str
    goal: str
    ratio: str
    ours: str
    other: str = ""
    named: str = ""


def main(requests: int, still_open: int) -> int:
    import logging

    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client

    from tests.bench import fill

    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create_superuser("bench")
    staff = Client(SERVER_NAME="localhost")
    staff.force_login(user)
    model = fill.prepare()
    say(Row("what", "goal", "ratio", "ours", "other", "which other"))
    for row in (question_page(), *visits(), last_page(model), *rule(), memory()):
        say(row)
    fill.fill(model, closed=10, still_open=FEW - 1)
    few = {name: turn_about(lambda url=url: staff.get(url))[0] for name, url in GROWING.items()}
    fill.fill(model, closed=requests - still_open, still_open=still_open - FEW)
    all_are_due()
    for name, url in GROWING.items():
        (many,) = turn_about(lambda url=url: staff.get(url))
        say(Row(name, "≤ 1.5", f"{many / few[name]:.2f}", ms(many), ms(few[name]), f"{FEW} open, not {still_open:,}"))
    sheet = f"/admin/appointments/appointmentrequest/{model.pk + 20}/change/"
    for name, url in {"day sheet": "/admin/day-sheet/", "call sheet": sheet, "nurse's list": "/admin/nurse/"}.items():
        (took,) = turn_about(lambda url=url: staff.get(url))
        say(Row(name, "", "", ms(took), f"{len(staff.get(url).content) // 1000} kB", "size of the page"))
    started = time.perf_counter()
    staff.get("/admin/report/?weeks=52")
    say(Row("report, 52 weeks", "≤ 500 ms", "", ms(time.perf_counter() - started)))
    say(exports())
    say(audit_verified())
    all_are_due()
    rows, twice = next_calls()
    say(rows)
    return twice


GROWING = {"Today": "/admin/", "callable now": "/admin/appointments/appointmentrequest/?queue=callable"}


def question_page() -> Row:
    from django.test import Client

    from tests.bench.contestants import PAGES

    visitor, key = Client(SERVER_NAME="localhost"), PAGES[0].key
    ours, theirs = turn_about(
        lambda: visitor.get(f"/check/{key}/"), lambda: visitor.get(f"/bench/page/{key}/"), clock=time.process_time
    )
    return Row("question page, CPU", "≥ 0.75", f"{theirs / ours:.2f}", ms(ours), ms(theirs), "a page by hand")


def visits() -> list[Row]:
    from django.test import Client

    from tests.bench.contestants import PAGES
    from tests.walk import TEXTBOOK, answer_check

    def answers(page, prefix="") -> dict:
        return {prefix + one.key: TEXTBOOK[one.key] for one in page.questions if one.key in TEXTBOOK}

    def our_visit() -> None:
        visitor = Client(SERVER_NAME="localhost")
        for page in PAGES:
            visitor.get(f"/check/{page.key}/")
        answer_check(visitor)

    def wizard(kind: str) -> None:
        visitor, address = Client(SERVER_NAME="localhost"), f"/bench/{kind}/"
        visitor.get(address)
        for page in PAGES:
            step = {f"{kind}_pages-current_step": page.key}
            answer = visitor.post(address, step | answers(page, f"{page.key}-"))
        if answer.content != b"True":
            raise RuntimeError(f"the {kind} wizard did not come to its end")

    ours, session, cookie = turn_about(
        our_visit, lambda: wizard("session"), lambda: wizard("cookie"), clock=time.process_time
    )
    name = f"a check of {len(PAGES)} pages, CPU"
    return [
        Row(name, "≥ 2.5", f"{session / ours:.2f}", ms(ours), ms(session), "formtools' session wizard"),
        Row(name, "> 1", f"{cookie / ours:.2f}", ms(ours), ms(cookie), "formtools' cookie wizard"),
    ]


def last_page(model) -> Row:
    from django.test import Client

    from tests.bench.contestants import TYPED
    from tests.walk import answer_check, fill_in, somebody

    def at_the_last_page(number: int) -> Client:
        visitor = Client(SERVER_NAME="localhost")
        answer_check(visitor)
        for step in ("questions", "who", "call"):
            fill_in(visitor, step, somebody(number))
        return visitor

    visitors = [at_the_last_page(number) for number in range(ROUNDS + 1)]
    typed = {name: getattr(model, name) for name in TYPED}
    plain = Client(SERVER_NAME="localhost")
    ours, theirs = turn_about(
        lambda: fill_in(visitors.pop(), "check", {}), lambda: plain.post("/bench/insert/", typed)
    )
    return Row(
        "last page: one row", "≥ 0.5", f"{theirs / ours:.2f}", rate(1, ours), rate(1, theirs), "a plain ModelForm"
    )


def rule() -> list[Row]:
    from screening.pathways.vertebral_cement import PATHWAY
    from screening.questionnaire.journey import Journey
    from tests.walk import TEXTBOOK

    def often(job: Callable) -> Callable:
        return lambda: [job() for _ in range(AT_ONCE)]

    alone, journey = turn_about(
        often(lambda: PATHWAY.assess(TEXTBOOK)),
        often(lambda: Journey(PATHWAY, TEXTBOOK).assessment),
        clock=time.process_time,
    )
    return [
        Row("the rule, a core", "≥ 50,000/s", "", rate(AT_ONCE, alone)),
        Row("the rule with its journey", "≥ 15,000/s", "", rate(AT_ONCE, journey)),
    ]


def memory() -> Row:
    """Of a process that has loaded the application and answered nothing yet."""
    bare = "from django.conf import settings; settings.configure(ROOT_URLCONF='django.urls'); import django; "
    bare += "django.setup(); from django.core.wsgi import get_wsgi_application; get_wsgi_application()"
    read = "; print(open('/proc/self/status').read().split('VmRSS:')[1].split()[0])"

    def megabytes(code: str) -> int:
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        command = [sys.executable, "-c", code + read]
        return int(subprocess.run(command, env=environment, capture_output=True, check=True).stdout) // 1024  # noqa: S603

    ours, other = megabytes("import config.wsgi"), megabytes(bare)
    return Row("web worker", "≤ 65 MB", f"{ours / other:.2f}", f"{ours} MB", f"{other} MB", "bare Django")


def exports() -> Row:
    from django.db import connection

    from appointments.models import AppointmentRequest
    from appointments.reporting import export

    requests = export.fitting(state=export.State.ALL)
    last = AppointmentRequest.objects.order_by("pk").values_list("pk", flat=True)[:EXPORTED]
    chosen = requests.filter(pk__lte=max(last))
    count = chosen.count()

    def copy() -> None:
        with connection.cursor() as cursor:
            select = f"SELECT * FROM appointments_appointmentrequest WHERE id <= {max(last)}"  # noqa: S608
            cursor.cursor.copy_expert(f"COPY ({select}) TO STDOUT CSV", io.StringIO())

    ours, theirs = turn_about(lambda: sum(map(len, export.table(chosen))), copy, rounds=2)
    return Row("export", "≥ 0.25", f"{theirs / ours:.2f}", rate(count, ours), rate(count, theirs), "COPY TO CSV")


def audit_verified() -> Row:
    import audit
    from audit import chain

    for _ in range(AUDIT_ENTRIES // AT_ONCE):
        with audit.atomic():
            for _ in range(AT_ONCE):
                audit.record("view", who="system", requests=[1])
    started = time.perf_counter()
    if list(chain.faults()):
        raise RuntimeError("the audit is not whole")
    took = time.perf_counter() - started
    return Row("verify_audit", "≥ 100,000/s", "", rate(chain.head().seq, took))


def all_are_due() -> None:
    """So that next call has to choose among all of them."""
    from django.db import connection

    from appointments.models import AppointmentRequest

    nobody = {"claimed_by": None, "claimed_at": None, "assigned_until": None}
    due = {"next_call_at": None, "attempts_made": 0, "call_times": ["any"], "language": "en"}
    AppointmentRequest.objects.open().update(**nobody, **due, doubts="", nurse_check="")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def next_calls() -> tuple[Row, int]:
    from tests.bench.figures import at_once

    ours, took = at_once("take", CALLERS, SECONDS_OF_CALLS)
    all_are_due()
    others, took_others = at_once("take_plainly", CALLERS, SECONDS_OF_CALLS)
    rates, ninety_ninth = [], []
    for results, seconds in ((ours, took), (others, took_others)):
        each = sorted(second for result in results for second in result["seconds"])
        rates.append(len(each) / seconds)
        ninety_ninth.append(each[len(each) * 99 // 100])
    taken = [pk for result in ours for pk in result["taken"]]
    twice = len(taken) - len(set(taken))
    shown = [f"{calls:.0f}/s, p99 {ms(p99)}" for calls, p99 in zip(rates, ninety_ninth, strict=True)]
    name = f"next call, {CALLERS} processes, {twice} twice"
    return Row(name, "≥ 100/s", f"{rates[0] / rates[1]:.2f}", *shown, "SKIP LOCKED alone"), twice


def turn_about(*jobs: Callable, clock: Callable[[], float] = time.perf_counter, rounds: int = ROUNDS) -> list[float]:
    """The median seconds of each, after a first time that does not count."""
    for job in jobs:
        job()
    took: list[list[float]] = [[] for _ in jobs]
    for _ in range(rounds):
        for number, job in enumerate(jobs):
            started = clock()
            job()
            took[number].append(clock() - started)
    return [statistics.median(times) for times in took]


def ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


def rate(count: int, seconds: float) -> str:
    return f"{count / max(seconds, 1e-9):,.0f}/s"


def say(row: Row) -> None:
    what, goal, ratio, *others = row
    sys.stdout.write(f"  {ratio:>6}  {what:38}{goal:>12}{''.join(f'{other:>26}' for other in others)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    django.setup()
    sys.exit(main(*map(int, sys.argv[1:])))

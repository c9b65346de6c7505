"""What patients and staff are told when the disk is full, connections are short, a lock is held, the log is full."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import postgres
from tests.soak import site
from tests.soak.killed_database import Ledger, ask_for_visit, of_the_audit
from tests.soak.site import Browser, say
from tests.walk import CALL, CHECK, VISIT_ANSWERS, WHO, answer_check

CONNECTIONS = 12
# Whoever waits for a limit that does not work waits for far longer, and no limit and no slow machine takes that.
LONGEST = 15
MEGABYTES = 96
QUEUE = "/admin/appointments/appointmentrequest/"


class Scene:
    """Who is there, what they were told, and how long it took."""

    def __init__(self, port: int, staff: dict[str, str]):
        self.port, self.faults, self._number = port, [], 0
        self.staff = Browser(port, cookies={"session": staff["session"]})
        self.ledger = Ledger()

    def patient_meanwhile(self, what: str) -> Browser:
        """Somebody who gets as far as the last page, is asked there to send it again, and is kept what they typed."""
        self._number += 1
        browser = site.visitor(self.port, self._number)
        answer_check(browser)
        browser.post("/visit/questions/", VISIT_ANSWERS)
        browser.post("/visit/who/", WHO | {"phone": f"(212) 555-{1000 + self._number}"})
        browser.post("/visit/call/", CALL)
        answer = browser.post("/visit/check/", CHECK)
        kept = "What you typed is still here" in answer.text and "(212)" in answer.text
        self.look(f"{what}: the last page", answer, 503, kept)
        others = {status for _, _, status, _ in browser.answers[:-1]}
        if not others <= {200, 302}:
            self.faults.append(f"{what}: pages that need no database answered {others}")
        return browser

    def send_again(self, what: str, browser: Browser) -> None:
        answer = browser.post("/visit/check/", CHECK)
        self.look(f"{what}, afterwards: the last page", answer, 302, sent := answer.status_code == 302)
        if sent and not site.reference_on(browser.get("/visit/sent/")):
            self.faults.append(f"{what}: no reference afterwards")

    def staff_meanwhile(self, what: str, path: str = QUEUE) -> None:
        answer = self.staff.get(path)
        self.look(f"{what}: the queue", answer, 503, "<h1>" in answer.text and "Traceback" not in answer.text)

    def look(self, what: str, answer, status: int, is_right: bool) -> None:
        say(f"{what}: {answer.status_code} after {answer.seconds:.1f} s")
        if answer.status_code != status or not is_right:
            self.faults.append(f"{what}: {answer.status_code}, {'right' if is_right else 'wrong'} words")
        if answer.seconds > LONGEST:
            self.faults.append(f"{what}: {answer.seconds:.1f} s")


def run(seconds: float) -> list[str]:
    """`seconds` is what one statement may take."""
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk())
        server = stack.enter_context(postgres.running(connections=CONNECTIONS, data=disk))
        site.boot(server.variables, STATEMENT_SECONDS=str(int(seconds)))
        staff, _ = site.prepare(users=1, requests=3)
        with tempfile.TemporaryFile() as output:
            with site.web(output=output) as port:
                scene = Scene(port, staff[0])
                slow(scene)
                without_connections(scene)
                if disk:
                    disk_full(scene, server, disk)
                else:
                    say("not done: a full disk of PostgreSQL, because this user may not mount a small one")
            output.seek(0)
            lines = output.read().decode()
        # For operators there is a line, and nothing of a patient in it.
        if "could not be stored yet" not in lines or "Example" in lines:
            scene.faults.append("the log does not say it, or says too much")
        log_full(scene)
        from django.db import connection

        connection.close()
        scene.faults += of_the_audit(scene.ledger)
        return scene.faults


def slow(scene: Scene) -> None:
    """Another session holds a lock, which is to a page as a statement that does not end."""
    with another_session("LOCK TABLE appointments_appointmentrequest IN ACCESS EXCLUSIVE MODE"):
        browser = scene.patient_meanwhile("a locked table")
        scene.staff_meanwhile("a locked table")
    scene.send_again("a locked table", browser)
    with another_session("SELECT * FROM appointments_audithead FOR UPDATE"):
        scene.staff_meanwhile("a locked audit")
    back = scene.staff.get(QUEUE)
    scene.look("afterwards: the queue", back, 200, True)


def without_connections(scene: Scene) -> None:
    from django.db import connection

    connection.close()
    browsers = []
    held = []
    try:
        # First the others take what there is, and then those of the web server end.
        while len(held) < CONNECTIONS:
            try:
                held.append(connect())
            except Exception:  # noqa: BLE001
                with (held[0] if held else connect()).cursor() as cursor:
                    mine = [one.info.backend_pid for one in held]
                    cursor.execute(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE backend_type = 'client backend' AND pid <> ALL (%s)",
                        [mine],
                    )
                time.sleep(0.05)
        browsers.append(scene.patient_meanwhile("no connection left"))
        scene.staff_meanwhile("no connection left")
    finally:
        for one in held:
            one.close()
    time.sleep(0.3)
    for browser in browsers:
        scene.send_again("no connection left", browser)


def disk_full(scene: Scene, server: postgres.Server, disk: Path) -> None:
    """PostgreSQL needs space for the next file of WAL, and without it may give up altogether."""
    filler = disk / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True, check=False)  # noqa: S603, S607
    kept = None
    for number in range(400):
        browser = site.visitor(scene.port, 5_000 + number)
        answer_check(browser)
        browser.post("/visit/questions/", VISIT_ANSWERS)
        browser.post("/visit/who/", WHO | {"phone": f"(212) 556-{1000 + number}"})
        browser.post("/visit/call/", CALL)
        answer = browser.post("/visit/check/", CHECK)
        if answer.status_code != 302:
            scene.look("a full disk: the last page", answer, 503, "What you typed is still here" in answer.text)
            kept = browser
            break
    else:
        scene.faults.append("the disk was not full after 400 requests")
        return
    say(f"the disk was full after {number} more requests")
    # Staff are shown what there is as long as the entry of it in the audit finds a place.
    answer = scene.staff.get(QUEUE)
    scene.look("a full disk: the queue", answer, 503 if answer.status_code == 503 else 200, "<h1" in answer.text)
    filler.unlink()
    server.kill()
    server.start()
    scene.send_again("a full disk", kept)
    scene.look("a full disk, afterwards: the queue", scene.staff.get(QUEUE), 200, True)
    from appointments.models import AppointmentRequest

    count = AppointmentRequest.objects.filter(phone__startswith="+1212556").count()
    if count != number + 1:
        scene.faults.append(f"{number + 1} requests were confirmed, and {count} are stored")


def log_full(scene: Scene) -> None:
    """What nobody can write down keeps nobody from their page."""
    with open("/dev/full", "wb") as full, site.web(output=full) as port:
        browser = site.visitor(port, 9_000)
        try:
            reference, _ = ask_for_visit(browser, 9_000, scene.ledger)
            say(f"a full log: {'confirmed' if reference else 'not confirmed'}")
        except Exception as error:  # noqa: BLE001
            scene.faults.append(f"a full log: {type(error).__name__}: {error}")
        missing = Browser(port).get("/nothing/")
        scene.look("a full log: a page that is not there", missing, 404, True)


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """An empty folder on a disk of its own, or None where that may not be mounted."""
    with tempfile.TemporaryDirectory(prefix="upright-disk-") as name:
        mounted = subprocess.run(  # noqa: S603
            ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none", name],  # noqa: S607
            capture_output=True,
            check=False,
        )
        if os.geteuid() or mounted.returncode:
            yield None
            return
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=False)  # noqa: S603, S607


def connect():
    import psycopg2

    return psycopg2.connect(host=os.environ["DATABASE_HOST"], dbname="postgres", user="upright")


@contextmanager
def another_session(statement: str) -> Iterator[None]:
    session = connect()
    try:
        with session.cursor() as cursor:
            cursor.execute(statement)
        yield
    finally:
        session.rollback()
        session.close()

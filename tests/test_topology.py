"""The whole product as it is deployed: journeys over HTTPS through the proxy, while parts of it are killed,
replaced, slowed down and restored from a backup.

The tests share one topology, which takes a while to start, and each leaves it whole.
"""

import datetime
import email
import mailbox
import re
import signal
import socket
import ssl
import tempfile
import threading
import time
from base64 import b32decode
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from email import policy
from pathlib import Path

import pytest
from django_otp.oath import totp

from appointments import reference
from deploy.topology import Topology, missing_programs
from tests.relay import Relay, relay_to, to_address
from tests.walk import CALL, CHECK, VISIT_ANSWERS, WHO, answer_check, ask_for_visit, outcome_of, words_of
from tests.wire import Visitor

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(bool(missing_programs()), reason=f"programs are missing: {missing_programs()}"),
]

PASSWORD = "walks slowly by the river"  # noqa: S105
SHEETS = "/admin/appointments/appointmentrequest"
# Faster than this, the product doubts that a person answered, and keeps the request out of the calls to make.
SECONDS_OF_A_PERSON = 21
# Seconds that only what hangs takes, however slow the machine.
A_HANG = 120
ARRIVES_WITHIN = A_HANG
# Of those who answer as in a textbook.
OUTCOME = "likely_candidate"

STAFF = """
import datetime, os
from django.contrib.auth import get_user_model
from appointments.models import Clinician, ConsultingHours, Place
get_user_model().objects.create_superuser("scheduler", password=os.environ["STAFF_PASSWORD"])
clinician, place = Clinician.objects.create(name="Dr. Example"), Place.objects.create(name="Main clinic")
for weekday in range(5):
    ConsultingHours.objects.create(
        clinician=clinician, place=place, weekday=weekday, starts=datetime.time(9), ends=datetime.time(17)
    )
"""


@pytest.fixture(scope="module")
def networks() -> dict[str, Relay]:
    """That between the pooler and the database, and that between all others and the pooler."""
    return {}


@pytest.fixture(scope="module")
def topology(networks):
    # What a killed worker was sending is taken over after two minutes; here sooner.
    quick = {"LEASE_SECONDS": "3", "SEND_SECONDS": "2", "COUNT_EVERY_SECONDS": "1", "DATABASE_PATIENCE": "4"}
    with (
        # Not a folder of pytest's, into which the servers' user could not look.
        tempfile.TemporaryDirectory(prefix="upright-topology-") as folder,
        ExitStack() as stack,
    ):
        running = Topology(Path(folder), settings=quick)
        for name in running.reached_at:
            networks[name] = stack.enter_context(relay_to(to_address("127.0.0.1", running.ports[name])))
            running.reached_at[name] = networks[name].port
        stack.enter_context(running)
        running.manage("shell", "-c", STAFF, STAFF_PASSWORD=PASSWORD)
        yield running


@pytest.fixture(scope="module")
def patients(topology):
    """They have begun the check first of all, and so will have taken their time when they send the request."""
    with ThreadPoolExecutor(4) as pool:
        visitors = list(pool.map(lambda _: walked(visitor_of(topology)), range(14)))
    began = time.monotonic()

    def next_patient() -> Visitor:
        time.sleep(max(0, began + SECONDS_OF_A_PERSON - time.monotonic()))
        return visitors.pop()

    return next_patient


@pytest.fixture(scope="module")
def scheduler(topology):
    scheduler = visitor_of(topology)
    scheduler.post("/admin/login/?next=/admin/", {"username": "scheduler", "password": PASSWORD})
    shown = words_of(scheduler.get("/admin/second-factor/set-up/"))
    secret = re.search(r"(?:\b[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b", shown)[0].replace(" ", "")
    code = f"{totp(b32decode(secret)):06}"
    assert scheduler.post("/admin/second-factor/set-up/", {"code": code}).status_code == 200
    assert scheduler.get("/admin/").status_code == 200
    return scheduler


@pytest.fixture(autouse=True)
def is_whole(topology, patients):
    """What one test broke and did not mend must not fail the next one for no reason of its own."""
    assert all(process.popen.poll() is None for process in topology.processes.values())


def visitor_of(topology, **headers) -> Visitor:
    return Visitor(topology.url, topology.certificate, headers)


def ask(topology, question: str) -> str:
    """What the database itself says, to its owner."""
    return topology.client("psql", "--dbname=upright", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-c", question).strip()


def count(topology, table: str = "appointments_appointmentrequest", where: str = "true") -> int:
    return int(ask(topology, f"SELECT count(*) FROM {table} WHERE {where}"))  # noqa: S608


def walked(visitor: Visitor) -> Visitor:
    answer_check(visitor)
    return visitor


def outcome_of_a_walk(topology) -> str | None:
    return outcome_of(walked(visitor_of(topology)).get("/check/result/"))


def ready_to_send(visitor: Visitor, **changes) -> Visitor:
    """Who has answered the check has now filled in everything but the last page, too."""
    visitor.post("/visit/questions/", VISIT_ANSWERS)
    visitor.post("/visit/who/", WHO | changes)
    assert visitor.post("/visit/call/", CALL)["Location"] == "/visit/check/"
    return visitor


def letters(topology) -> list[email.message.EmailMessage]:
    if not (topology.mailbox / "new").exists():
        return []
    folder = mailbox.Maildir(topology.mailbox, create=False)
    return [email.message_from_bytes(folder.get_bytes(key), policy=policy.default) for key in folder.keys()]  # noqa: SIM118


def wait_for(something, seconds: float = ARRIVES_WITHIN):
    end = time.monotonic() + seconds
    while not (found := something()):
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.1)
    return found


def letter_to(topology, address: str, words: str):
    """The letter with these words in its subject, when a worker has sent it."""
    fits = lambda letter: letter["To"] == address and words in letter["Subject"]  # noqa: E731
    return wait_for(lambda: next(filter(fits, letters(topology)), None))


def in_text(letter) -> str:
    return letter.get_body(("plain",)).get_content()


def sheet_of(scheduler, pk: int) -> tuple[str, str]:
    """The page, and the version of the request that it shows."""
    page = scheduler.get(f"{SHEETS}/{pk}/change/").content.decode()
    return page, re.search(r'name="version" value="(\d+)"', page)[1]


def do(scheduler, pk: int, verb: str, **typed):
    done = scheduler.post(f"{SHEETS}/{pk}/do/{verb}/", {"version": sheet_of(scheduler, pk)[1], **typed})
    assert done.status_code == 302, words_of(done)
    return done


def offer_times_to_a_new_patient(topology, scheduler) -> str:
    """Gives the private link."""
    address = "offered@example.com"
    ready_to_send(walked(visitor_of(topology)), email=address).post("/visit/check/", CHECK)
    pk = int(ask(topology, f"SELECT id FROM appointments_appointmentrequest WHERE email = '{address}'"))  # noqa: S608
    do(scheduler, pk, "claim")
    times = re.findall(r'name="times" value="([^"]+)"', sheet_of(scheduler, pk)[0])
    do(scheduler, pk, "offer", times=times[:2])
    return re.search(rf"{topology.url}/visit/choose/[^\s\"<]+", sheet_of(scheduler, pk)[0])[0]


# -------------------------------------------------------------------------------- The proxy


def test_plain_http_leads_to_https_and_other_names_lead_nowhere(topology):
    def answer_of(host, address="/check/"):
        with socket.create_connection(("127.0.0.1", topology.ports["http"])) as line:
            line.sendall(f"GET {address} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            return b"".join(iter(lambda: line.recv(4096), b"")).decode()

    assert answer_of("localhost").startswith("HTTP/1.1 308 ")
    assert f"Location: {topology.url}/check/\r\n" in answer_of("localhost")
    assert answer_of("elsewhere.example").startswith("HTTP/1.1 421 ")
    assert "elsewhere.example" not in answer_of("elsewhere.example")
    # A machine that forgot the s is told, and not led on.
    assert answer_of("localhost", "/metrics/").startswith("HTTP/1.1 403 ")
    assert answer_of("localhost", "/texts/?a=b").startswith("HTTP/1.1 403 ")
    assert answer_of("localhost", "/texts/00000000-0000-4000-8000-000000000000/").startswith("HTTP/1.1 403 ")
    assert answer_of("localhost", "/mail-events/").startswith("HTTP/1.1 403 ")
    assert answer_of("localhost", "/fhir/QuestionnaireResponse").startswith("HTTP/1.1 403 ")


def test_no_tls_older_than_1_2_is_spoken(topology):
    context = ssl.create_default_context(cafile=topology.certificate)
    # By itself the library here refuses them too; the server is to be asked.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    with socket.create_connection(("127.0.0.1", topology.ports["https"])) as line, pytest.raises(ssl.SSLError):
        context.wrap_socket(line, server_hostname="localhost")


def test_cookies_and_headers_are_those_of_production(topology):
    visitor = visitor_of(topology)
    page = visitor.get("/check/red_flags/")

    assert page.status_code == 200
    assert set(visitor.cookies) == {"__Host-csrf"}
    assert page["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains; preload"
    assert page["Cache-Control"] == "no-store"


def test_cookies_of_other_sites_of_the_health_system_are_no_obstacle(topology):
    visitor = visitor_of(topology)
    visitor.cookies = {f"of_another_site_{number}": "x" * 4_000 for number in range(6)}

    assert visitor.get("/check/red_flags/").status_code == 200


def test_a_client_cannot_say_where_it_comes_from(topology):
    """Else anybody could guess references for ever, from a new address each time."""
    birthday = {"date_of_birth_month": "3", "date_of_birth_day": "14", "date_of_birth_year": "1948"}
    visitor = visitor_of(topology)
    # Tests before this one may have looked a request up from the same address.
    ask(topology, "DELETE FROM appointments_ratebucket")
    statuses = []
    for number in range(51):
        visitor.headers = {"X-Forwarded-For": f"192.0.2.{number}", "Forwarded": f"for=192.0.2.{number}"}
        typed = {"reference": reference.new(), **birthday}
        statuses.append(visitor.post("/status/", typed).status_code)

    assert statuses == [422] * 50 + [429]
    ask(topology, "DELETE FROM appointments_ratebucket")


def test_clients_that_send_a_byte_now_and_then_keep_nobody_waiting(topology):
    with slow_clients(topology, 12):
        visitor = visitor_of(topology)
        started = time.monotonic()
        pages = [visitor.get("/check/red_flags/").status_code for _ in range(5)]
        took = time.monotonic() - started

    assert pages == [200] * 5
    assert took < A_HANG


@contextmanager
def slow_clients(topology, how_many: int):
    """More of them than there are workers. Each has begun to send a form."""
    context = ssl.create_default_context(cafile=topology.certificate)
    stopped = threading.Event()
    lines = []
    for _ in range(how_many):
        plain = socket.create_connection(("localhost", topology.ports["https"]))
        line = context.wrap_socket(plain, server_hostname="localhost")
        line.sendall(
            b"POST /check/red_flags/ HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n"
        )
        lines.append(line)

    def dribble():
        while not stopped.wait(0.2):
            for line in lines:
                line.sendall(b"x")

    thread = threading.Thread(target=dribble)
    thread.start()
    time.sleep(0.5)
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        for line in lines:
            line.close()


# -------------------------------------------------------------------------------- What is away


def test_without_a_database_questions_go_on_and_the_form_is_kept_until_it_can_be_sent(topology, scheduler):
    before = count(topology)
    visitor = ready_to_send(walked(visitor_of(topology)))
    topology.stop_database()

    assert outcome_of_a_walk(topology) == OUTCOME
    started = time.monotonic()
    refused = visitor.post("/visit/check/", CHECK | {"texts_ok": "on"})
    assert refused.status_code == 503
    assert time.monotonic() - started < A_HANG
    assert re.search(r'name="texts_ok"[^>]* checked', refused.content.decode())
    staff = scheduler.get("/admin/")
    assert (staff.status_code, "We cannot look that up right now" in words_of(staff)) == (503, True)

    topology.start_database()
    sent = wait_for(lambda: (sent := visitor.post("/visit/check/", CHECK)).status_code == 302 and sent)
    assert sent["Location"] == "/visit/sent/"
    assert count(topology) == before + 1


@pytest.mark.parametrize("where", ["database", "pooler"])
def test_while_a_network_swallows_nobody_waits_for_long_and_the_form_is_kept(topology, patients, networks, where):
    visitor = ready_to_send(patients(), email=f"{where}@example.com")
    before = count(topology)

    networks[where].swallow()
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(visitor_of(topology).get, "/admin/login/") for _ in range(2)]
        said = visitor.post("/visit/check/", CHECK | {"texts_ok": "on"})
        seen = [visitor_of(topology).get(address).status_code for address in ("/check/pain/", "/health/")]
        [one.result() for one in waiting]
    took = time.monotonic() - began
    networks[where].flow()

    assert (said.status_code, seen) == (503, [302, 200])
    assert re.search(r'name="texts_ok"[^>]* checked', said.content.decode())
    assert took < A_HANG / 4
    sent = wait_for(lambda: (sent := visitor.post("/visit/check/", CHECK)).status_code == 302 and sent)
    assert sent["Location"] == "/visit/sent/"
    assert count(topology) == before + 1


def test_when_no_web_process_answers_the_proxy_says_what_to_do(topology):
    for web in topology.all_webs:
        topology.kill(web)

    page = visitor_of(topology).get("/check/")

    topology.start_together(*topology.all_webs)
    assert page.status_code == 503
    assert "Example Clinic: (212) 555-0100" in words_of(page)
    assert "call 911 now" in words_of(page)
    assert "llame al 911" in words_of(page)
    assert page["Cache-Control"] == "no-store"
    assert page["Content-Security-Policy"].startswith("default-src 'none'")
    # For two seconds it remembers who was gone, of those for the warning signs and of the others.
    for path in ("/check/red_flags/", "/check/"):
        wait_for(lambda path=path: visitor_of(topology).get(path).status_code == 200)


# -------------------------------------------------------------------------------- Without anybody noticing


def test_while_everything_is_replaced_with_other_secrets_nobody_notices(topology, scheduler):
    """Keys of signatures, and the role and password with which the database is opened."""
    visitor = ready_to_send(walked(visitor_of(topology)), email="rotated@example.com")
    link = offer_times_to_a_new_patient(topology, scheduler)
    old_key, new_key = topology.settings["SECRET_KEY"], "n" * 20 + topology.settings["SECRET_KEY"][20:]
    old_role = {name: topology.database[name] for name in ("DATABASE_USER", "DATABASE_PASSWORD")}
    new_role = {"DATABASE_USER": "upright_2", "DATABASE_PASSWORD": "another long password"}
    topology.make_roles(**new_role)

    with people_at_work(topology, scheduler) as seen:
        # First every process has to know the key with which others will seal.
        topology.settings["SECRET_KEY_FALLBACKS"] = new_key
        replace_everything(topology)
        topology.settings |= {"SECRET_KEY": new_key, "SECRET_KEY_FALLBACKS": old_key}
        topology.database |= new_role
        topology.database |= {name.replace("DATABASE", "DATABASE_FORMER"): value for name, value in old_role.items()}
        topology.reload("pooler")
        replace_everything(topology)

    assert len(seen) > 20
    assert [failure for failure in seen if failure] == []
    assert visitor.post("/visit/check/", CHECK)["Location"] == "/visit/sent/"
    assert scheduler.get("/admin/").status_code == 200
    assert visitor_of(topology).get(link).status_code == 200

    topology.database |= {"DATABASE_FORMER_USER": "", "DATABASE_FORMER_PASSWORD": ""}
    topology.reload("pooler")
    topology.as_superuser("DROP ROLE upright")
    assert scheduler.get("/admin/").status_code == 200


def replace_everything(topology) -> None:
    for web in topology.all_webs:
        topology.replace(web)
        # Those with the former settings and those with the new ones serve the same visitors for a while.
        time.sleep(0.7)
    for worker in topology.workers:
        topology.stop(worker)
    topology.start_together(*topology.workers)


@contextmanager
def people_at_work(topology, scheduler):
    """Meanwhile some walk through the check again and again, and a scheduler looks at the queue.

    Gives what each came to: nothing, or what went wrong.
    """
    seen, stopped = [], threading.Event()

    def walk():
        while not stopped.wait(0.2):
            try:
                outcome = outcome_of_a_walk(topology)
                seen.append("" if outcome == OUTCOME else f"a visitor came to {outcome}")
            except Exception as error:  # noqa: BLE001, whatever it is
                seen.append(repr(error))

    def look():
        while not stopped.wait(0.1):
            try:
                page = scheduler.get(f"{SHEETS}/")
                seen.append("" if page.status_code == 200 else f"the queue gave {page.status_code}")
            except Exception as error:  # noqa: BLE001
                seen.append(repr(error))

    threads = [threading.Thread(target=walk), threading.Thread(target=walk), threading.Thread(target=look)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def test_a_web_process_that_is_told_to_reload_fails_nobody(topology, scheduler):
    with people_at_work(topology, scheduler) as seen:
        for web in topology.all_webs:
            topology.processes[web].popen.send_signal(signal.SIGHUP)
        time.sleep(2)

    assert seen
    assert [failure for failure in seen if failure] == []


def test_a_web_process_and_a_worker_that_are_killed_lose_nothing_and_double_nothing(topology, patients):
    ask(topology, "DELETE FROM appointments_ratebucket")
    before = count(topology)
    addresses = [f"patient{number}@example.com" for number in range(6)]
    with ThreadPoolExecutor(len(addresses)) as pool:
        visitors = [ready_to_send(patients(), email=address) for address in addresses]

        def send(visitor):
            """Whoever sees that it failed sends it again, as the page says."""
            for _ in range(20):
                sent = visitor.post("/visit/check/", CHECK)
                if sent.status_code == 302:
                    return sent["Location"]
                assert sent.status_code in (502, 503)
                time.sleep(0.1)
            return None

        sending = [pool.submit(send, visitor) for visitor in visitors]
        time.sleep(0.02)
        topology.kill("web-1")
        topology.kill("worker-1")
        assert {future.result() for future in sending} == {"/visit/sent/"}

    assert count(topology) == before + len(addresses)
    for address in addresses:
        letter_to(topology, address, "We have your request")
    topology.start_together("web-1", "worker-1")


# -------------------------------------------------------------------------------- The journey


def test_a_patient_goes_from_the_first_question_to_a_booked_visit(topology, patients, scheduler):
    patient = patients()
    # The tests before sent many requests from this address.
    ask(topology, "DELETE FROM appointments_ratebucket")
    before = count(topology)

    assert ask_for_visit(patient, email="journey@example.com")["Location"] == "/visit/sent/"
    reference = re.search(r"\w{3}-\w{3}-\w{3}", words_of(patient.get("/visit/sent/")))[0]
    assert count(topology) == before + 1
    pk = int(ask(topology, "SELECT id FROM appointments_appointmentrequest WHERE email = 'journey@example.com'"))
    letter = letter_to(topology, "journey@example.com", "We have your request")
    assert "Ana" not in str(letter["Subject"])

    called = scheduler.post("/admin/next-call/", {})
    if called["Location"] != f"{SHEETS}/{pk}/change/":
        # At night and on Sundays there is nobody to call; a scheduler can still take a request from the queue.
        do(scheduler, pk, "claim")
    ids = ask(topology, "SELECT min(c.id), min(p.id) FROM appointments_clinician c, appointments_place p")
    visit = dict(zip(("clinician", "place"), ids.split("|"), strict=True))
    day = datetime.date.today() + datetime.timedelta(days=7)
    monday = day + datetime.timedelta(days=-day.weekday() % 7)
    do(scheduler, pk, "book", starts_at=f"{monday}T10:30", **visit)

    letter_to(topology, "journey@example.com", "booked")
    birthday = {name: value for name, value in WHO.items() if name.startswith("date_of_birth")}
    opened = patient.post("/status/", {"reference": reference, **birthday})
    assert opened["Location"] == "/status/yours/"
    assert f" {monday.day}, {monday.year} at 10:30" in words_of(patient.get("/status/yours/"))
    assert count(topology) == before + 1


def test_the_role_of_the_application_changes_rows_and_no_tables(topology):
    program = """
from django.db import connection, ProgrammingError
for statement in ("CREATE TABLE mine (id int)", "DROP TABLE appointments_event",
                  "ALTER TABLE appointments_event ADD x int", "TRUNCATE appointments_event CASCADE",
                  "DELETE FROM appointments_auditentry", "UPDATE appointments_auditentry SET details = ''"):
    try:
        connection.cursor().execute(statement)
        print("done")
    except ProgrammingError as error:
        print(error.__cause__.pgcode)
print(connection.settings_dict["USER"])
"""

    # "Insufficient privilege", each time.
    said = topology.manage("shell", "-v", "0", "-c", program).split()
    assert said == ["42501"] * 6 + [topology.database["DATABASE_USER"]]


# -------------------------------------------------------------------------------- Backup and restore


def test_everything_is_there_again_after_a_backup_was_restored_into_an_empty_server(topology, patients, scheduler):
    ask(topology, "DELETE FROM appointments_ratebucket")
    ask_for_visit(patients(), email="saved@example.com")
    letter_to(topology, "saved@example.com", "We have your request")
    backup = topology.folder / "upright.dump"
    before = rows_of_each_table(topology)
    topology.client("pg_dump", "--dbname=upright", "--format=custom", f"--file={backup}")
    topology.stop_database()

    topology.data = topology.folder / "restored"
    topology.make_database()
    topology.start_database()
    topology.make_roles()
    topology.client("pg_restore", "--exit-on-error", "--single-transaction", "--dbname=upright", str(backup))
    topology.client("psql", "--dbname=upright", "--command=ANALYZE")

    after = rows_of_each_table(topology)
    assert before["appointments_appointmentrequest"] > 0
    assert {table: rows for table, rows in after.items() if table not in WRITTEN_BY_THE_WAY} == {
        table: rows for table, rows in before.items() if table not in WRITTEN_BY_THE_WAY
    }
    topology.manage("migrate", "--check")
    assert "Workers go on" in topology.manage("restored", "--send")
    topology.manage("verify_audit")
    visitor = ready_to_send(patients(), email="restored@example.com")
    wait_for(lambda: visitor.post("/visit/check/", CHECK).status_code == 302)
    assert count(topology) == before["appointments_appointmentrequest"] + 1
    letter_to(topology, "restored@example.com", "We have your request")
    assert scheduler.get("/admin/").status_code == 200


# The counts of checks and the times of periodic work, which go on, and that a worker has noticed the restore.
WRITTEN_BY_THE_WAY = {"appointments_dailycount", "appointments_periodicjob", "appointments_incarnation"}
WRITTEN_BY_THE_WAY |= {"appointments_auditentry"}


def rows_of_each_table(topology) -> dict[str, int]:
    tables = ask(topology, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").splitlines()
    counts = ask(topology, " UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in tables))  # noqa: S608
    return dict(zip(tables, map(int, counts.splitlines()), strict=True))


def test_nobody_is_named_in_any_log_of_it(topology, patients):
    """After all of the above: killed, cut off and refused."""
    ask(topology, "DELETE FROM appointments_ratebucket")
    assert ask_for_visit(patients(), email="logged@example.com")["Location"] == "/visit/sent/"
    letter_to(topology, "logged@example.com", "We have your request")
    logs = {log.name: log.read_text(errors="replace") for log in topology.folder.glob("*.log")}
    told = [WHO["name"], "Ana", "5550123", "555-0123", "@example.com", "1948-03-14", PASSWORD, "/visit/choose/"]

    assert {"proxy.log", "pooler.log", "database.log", "web-1.log", "worker-1.log"} <= set(logs)
    assert [(name, words) for name, text in logs.items() for words in told if words in text] == []

"""What is tried with the containers, in this order. Each function yields what was tried, what was seen, and whether
that is as it should be."""

import json
import re
import secrets
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tests.containers.compose import HEALTHY, STARTED, Service
from tests.containers.project import Container, Project
from tests.containers.site import Site, until
from tests.walk import BIRTHDAY, CALL, CHECK, VISIT_ANSWERS, WHO, answer_check, ask_for_visit, outcome_of, words_of
from tests.wire import Visitor

ROOT = Path(__file__).parents[2]
Seen = tuple[str, object, bool]
Check = Callable[[Site], Iterator[Seen]]

# Faster than this, the product doubts that a person answered.
SECONDS_OF_A_PERSON = 21
FOLDERS = ["/", "/etc", "/usr", "/var", "/var/lib", "/run", "/root", "/upright", "/venv", "/opt", "/home"]
# In memory, and gone with the container.
TEMPORARY = ["/tmp", "/dev/shm"]  # noqa: S108
# PostgreSQL writes, and its image begins as root to become a user of its own.
OTHERWISE = "database"
NO_RIGHTS = "0000000000000000"
TOOLS = ["cc", "gcc", "g++", "clang", "make", "ld", "curl", "wget", "git"]


def all_are_up(site: Site) -> Iterator[Seen]:
    running = {name: len(site.project.of(name)) for name in site.project.services}
    wanted = {name: service.replicas for name, service in site.project.services.items()}
    yield "as many of each service as the file says", running, running == wanted
    ended = [site.project.state_of(one)["ExitCode"] for one in site.project.of("release")]
    yield "the release ended by itself", ended, ended == [0]
    for name, program in (("database", "postgres"), ("web", "python")):
        container = site.project.of(name)[0]
        version = site.project.execute(container, program, "--version")
        wanted = VERSIONS[program](container.service)
        yield f"{program}, of which {wanted} is wanted", version, f" {wanted}." in version


# The major versions that the files name.
VERSIONS: dict[str, Callable[[Service], str]] = {
    "postgres": lambda service: re.search(r":(\d+)", service.image)[1],
    "python": lambda service: re.search(r"FROM python:(\d+\.\d+)", service.dockerfile.read_text())[1],
}


def health(site: Site) -> Iterator[Seen]:
    for address in ("/health/", "/health/ready/"):
        answer = site.visitor().get(address)
        yield f"GET {address} through the proxy", (answer.status_code, words_of(answer)), answer.status_code == 200
    for container in site.project.containers:
        if site.project.health_of(container):
            yield f"the health test of {container.label}", "healthy", site.project.is_healthy(container)
    kept = site.visitor().get("/check/red_flags/")["Strict-Transport-Security"]
    yield "the first page keeps browsers to HTTPS", kept, kept.startswith("max-age=63072000")
    signing_in = site.visitor().get("/admin/login/")
    yield "the page where staff sign in", signing_in.status_code, 'name="password"' in signing_in.content.decode()


def journey(site: Site) -> Iterator[Seen]:
    patient, began, address = site.visitor(), time.monotonic(), f"{secrets.token_hex(4)}@example.com"
    answer_check(patient)
    outcome = outcome_of(patient.get("/check/result/"))
    yield "the check, answered as in a textbook", outcome, outcome == "likely_candidate"
    time.sleep(max(0, began + SECONDS_OF_A_PERSON - time.monotonic()))
    sent = ask_for_visit(patient, email=address)
    yield "the request for a visit", (sent.status_code, sent["Location"]), sent["Location"] == "/visit/sent/"
    reference = re.search(r"\w{3}-\w{3}-\w{3}", words_of(patient.get("/visit/sent/")))[0]
    yield "the page after it shows a reference", reference, True
    other = site.visitor()
    opened = other.post("/status/", {"reference": reference, **BIRTHDAY})
    page = other.get("/status/yours/")
    yield "looked up from another browser", (opened["Location"], page.status_code), reference in words_of(page)
    letter = until("the e-mail is there", lambda: site.letter(address, "We have your request"))
    yield "an e-mail, in the development mail server", letter["Subject"], reference in site.text_of(letter)


# ---------------------------------------------------------------------------------------------------------- Hardening


def hardening(site: Site) -> Iterator[Seen]:
    """From inside each container, as its own user."""
    for container in site.project.containers:
        if site.project.state_of(container)["Status"] == "running":
            yield from _rights(site.project, container)
            if container.service.name != OTHERWISE:
                yield from _writing(site.project, container)
            yield from _reach(site.project, container)
    published = {one.service.name for one in site.project.containers if one.service.ports}
    yield "who has a port that is published", published, published == {"proxy", "mail"}


def _rights(project: Project, container: Container) -> Iterator[Seen]:
    status = project.execute(container, "cat", "/proc/1/status")
    said = dict(re.findall(r"^(\w+):\s+(\S+)", status, re.MULTILINE))
    # The mail server is for trying things out, and runs as the image of others has it.
    yield f"{container.label}: its user", said["Uid"], said["Uid"] != "0" or container.service.name == "mail"
    yield f"{container.label}: no new privileges", said["NoNewPrivs"], said["NoNewPrivs"] == "1"
    if container.service.name != OTHERWISE:
        rights = {said[key] for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
        yield f"{container.label}: capabilities, those that it could get too", rights, rights == {NO_RIGHTS}


def _writing(project: Project, container: Container) -> Iterator[Seen]:
    files = [f"{folder}/probe" for folder in [*FOLDERS, *TEMPORARY]]
    tried = f"for file in {' '.join(files)}; do (: > $file) 2>/dev/null && echo $file && rm $file; done; true"
    could = project.execute(container, "sh", "-c", tried).split()
    yield f"{container.label}: where it can write", could, could == files[-len(TEMPORARY) :]
    mounts = [line.split() for line in project.execute(container, "cat", "/proc/mounts").splitlines()]
    root = [mount[3].split(",")[0] for mount in mounts if mount[1] == "/"]
    yield f"{container.label}: its root file system", root, root == ["ro"]


def _reach(project: Project, container: Container) -> Iterator[Seen]:
    is_to = "outside" in container.service.networks
    # The second column is where a route leads to; all zeros are everywhere.
    routes = [line.split()[1] for line in project.execute(container, "cat", "/proc/net/route").splitlines()[1:]]
    leads_out = "00000000" in routes
    yield f"{container.label}: a route to the outside, where {is_to} is right", leads_out, leads_out == is_to
    if not container.service.dockerfile:
        return
    (mail,) = project.of("mail")
    said = project.execute(container, "python3", "-c", CONNECT, project.address_of(mail, "outside"), "8025")
    yield f"{container.label}: to somebody on the network outside", said, (said == "connected") == is_to
    ports = project.execute(container, "python3", "-c", LISTENING).split()
    yield f"{container.label}: ports where it listens", ports, ports == LISTENS.get(container.service.name, ["8000"])
    tools = f"for one in {' '.join(TOOLS)}; do command -v $one; done; true"
    found = project.execute(container, "sh", "-c", tools).split()
    yield f"{container.label}: compilers and what fetches files", found, not found


LISTENS = {"proxy": ["8080", "8443"], "pooler": ["6432"], "worker": []}
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)
    print("connected")
except OSError as error:
    print(error.strerror or error)
"""
# Docker answers questions for names inside each container, on loopback.
LISTENING = """
rows = [line.split() for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}").readlines()[1:]]
addresses = [row[1].split(":") for row in rows if row[3] == "0A"]
print(*sorted({int(port, 16) for host, port in addresses if not host.endswith("7F")}))
"""


def roles(site: Site) -> Iterator[Seen]:
    said = json.loads(site.shell(site.project.of("web")[0], STATEMENTS))
    for statement, answer in said.items():
        is_refused = answer.startswith(("permission denied", "must be owner"))
        yield f"as the application's role: {statement}", answer, is_refused


STATEMENTS = """
import json
from django.db import connection, DatabaseError
said = {}
for statement in ("CREATE TABLE mine (id int)", "CREATE EXTENSION hstore", "DROP TABLE appointments_event",
                  "ALTER TABLE appointments_event ADD x int", "TRUNCATE appointments_event CASCADE",
                  "DELETE FROM appointments_auditentry", "SELECT rolpassword FROM pg_authid"):
    try:
        connection.cursor().execute(statement)
        said[statement] = "done"
    except DatabaseError as error:
        said[statement] = str(error).splitlines()[0]
print(json.dumps(said))
"""


def images(site: Site) -> Iterator[Seen]:
    """What anybody can read who gets an image."""
    engine, project = site.project.engine, site.project
    named = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    for image in sorted({project.image_of(one) for one in project.services.values() if one.dockerfile}):
        label = image.removeprefix(f"{project.name}-")
        said = engine("image", "inspect", image) + engine("history", "--no-trunc", image)
        told = [one for one in site.secrets if one in said] + re.findall(GIVEN, said)
        yield f"{label}: secrets in its history and variables", told, not told
        with tempfile.TemporaryDirectory(prefix="upright-image-") as folder:
            file = Path(folder) / "image.tar"
            engine("save", "--output", str(file), image, longest=600)
            names = [one.name for one in _files(file)]
        beside = {name.split("/")[1] for name in names if name.startswith("upright/")} - {*named, "staticfiles"}
        yield f"{label}: of {len(names)} files, those beside the product", beside, not beside
        suspects = [name for name in names if SUSPECT.search(name)]
        yield f"{label}: keys, databases, caches and histories in its layers", suspects, not suspects


GIVEN = r"(?:\w*(?:SECRET|PASSWORD|TOKEN)\w*|AUDIT_KEY)=[^\s$]\S*"
SUSPECT = re.compile(
    r"(^|/)(\.git|\.env|\.netrc|\.pypirc|pip\.conf|id_\w+|privkey\.pem|[^/]*\.sqlite3|\.cache)(/|$)|^tmp/."
)


def _files(image: Path) -> Iterator[tarfile.TarInfo]:
    """Of all layers, also those that a later layer takes away."""
    with tarfile.open(image) as whole:
        for part in whole:
            if part.isfile():
                with suppress(tarfile.ReadError), tarfile.open(fileobj=whole.extractfile(part)) as layer:
                    yield from (one for one in layer if one.isfile() and one.size)


# --------------------------------------------------------------------------------------------------- Coming and going


def made_anew(site: Site) -> Iterator[Seen]:
    """The web processes that the proxy knows are gone, and others come, with other addresses."""
    project = site.project
    former = project.of("web")
    addresses = {project.address_of(one, "inside") for one in former}
    took = [project.stop(container) for container in former]
    yield "each web container stopped: seconds and code", took, _in_time(took, former)
    for container in former:
        project.remove(container)
    page = site.visitor().get("/")
    is_right = page.status_code == 503 and "call 911 now" in words_of(page)
    yield "the page of the proxy meanwhile", (page.status_code, words_of(page)[:60]), is_right
    new = [project.start("web") for _ in former]
    others = {project.address_of(one, "inside") for one in new}
    yield "new ones have other addresses", f"{sorted(addresses)}, {sorted(others)}", not addresses & others
    for container in new:
        project.wait_for(container, HEALTHY)
    began = time.monotonic()
    until("the proxy has found them", lambda: site.status("/") == 200)
    yield "seconds from their health to the first page", f"{time.monotonic() - began:.1f}", True


def database_again(site: Site) -> Iterator[Seen]:
    (database,) = site.project.of("database")
    patient = _ready_to_send(site)
    with site.asked_steadily("/check/pain/", "/check/red_flags/", "/") as pages:
        took = site.project.stop(database)
        refused = patient.post("/visit/check/", CHECK)
        site.project.engine("start", database.name)
        site.project.wait_for(database, HEALTHY)
        until("the form is taken", lambda: patient.post("/visit/check/", CHECK).status_code == 302)
    yield "the database was stopped: seconds and code", took, _in_time([took], [database])
    yield "pages of questions meanwhile", dict(pages), pages.keys() == {"well"}
    page = words_of(refused)
    yield (
        "a form sent meanwhile",
        (refused.status_code, page[:60]),
        refused.status_code == 503 and WHO["name"] in page,
    )
    sent = words_of(patient.get("/visit/sent/"))
    yield "sent again afterwards", sent[:60], re.search(r"\w{3}-\w{3}-\w{3}", sent) is not None


def _ready_to_send(site: Site) -> Visitor:
    patient = site.visitor()
    answer_check(patient)
    patient.post("/visit/questions/", VISIT_ANSWERS)
    patient.post("/visit/who/", WHO)
    patient.post("/visit/call/", CALL)
    return patient


def upgraded(site: Site) -> Iterator[Seen]:
    """The lines of "Upgrade without downtime" in docs/operation/running.md, while somebody asks for pages."""
    project = site.project
    addresses = ["/", "/check/red_flags/", "/check/get-help-now/", "/status/", "/admin/login/"]
    with site.asked_steadily(*addresses) as pages:
        project.run("release")
        old = project.of("web")
        for container in [project.start("web") for _ in old]:
            project.wait_for(container, HEALTHY)
        time.sleep(10)
        took = [project.stop(container) for container in old]
        for container in old:
            project.remove(container)
        for name, is_up in (("warnings", HEALTHY), ("worker", STARTED)):
            for container in project.of(name):
                took.append(project.stop(container))
                project.remove(container)
                old.append(container)
                project.wait_for(project.start(name), is_up)
    yield "pages meanwhile", dict(pages), pages.keys() == {"well"}
    yield "how web, warnings and workers ended: seconds and code", took, _in_time(took, old)


def proxy_first(site: Site) -> Iterator[Seen]:
    """The proxy is there before anybody whose name it needs."""
    project = site.project
    for name in ("proxy", "web", "warnings"):
        gone = project.of(name)
        took = [project.stop(container) for container in gone]
        yield f"stopped: {name}, seconds and code", took, _in_time(took, gone)
        for container in gone:
            project.remove(container)
    proxy = project.start("proxy")
    time.sleep(5)
    state, status = project.state_of(proxy), site.status("/")
    waits = state["Status"] == "running" and not status
    yield "the proxy alone, after 5 seconds", (state["Status"], "answers" if status else "does not answer"), waits
    for name in ("web", "warnings"):
        for _ in range(project.services[name].replicas):
            project.start(name)
    took = project.wait_for(proxy, HEALTHY)
    until("it answers", lambda: site.status("/") == 200)
    yield "seconds from their start to its health, and it answers", f"{took:.1f}", True
    came_at = state["StartedAt"], project.state_of(proxy)["StartedAt"]
    yield "it was never started again", came_at[1], came_at[0] == came_at[1]


def stopped(site: Site) -> Iterator[Seen]:
    """All the rest, as `docker compose stop` does."""
    for name in reversed([service.name for service in site.project.composition.in_order()]):
        for container in site.project.of(name):
            if site.project.state_of(container)["Status"] == "running":
                took = site.project.stop(container)
                yield f"stopped: {name}, seconds and code", took, _in_time([took], [container])


def logs(site: Site) -> Iterator[Seen]:
    """Of all that ran, whatever was done to it."""
    left = {container.label: site.project.log_of(container) for container in site.project.containers}
    written = site.project.former_logs | left
    private = [*site.secrets, WHO["name"], WHO["phone"], WHO["email"]]
    told = [label for label, log in written.items() if any(one in log for one in private)]
    yield f"which of {len(written)} logs have a secret or a patient in them", told, not told
    wrong = [line for log in written.values() for line in re.findall(r".*(?:Traceback|\[emerg\]|PANIC).*", log)]
    yield "errors in them", wrong[:5], not wrong


def _in_time(took: Iterable[tuple[float, int]], containers: Iterable[Container]) -> bool:
    """None was killed, which would be 137, and none needed all the time it had."""
    return all(
        seconds < container.service.grace and code == 0
        for (seconds, code), container in zip(took, containers, strict=True)
    )


CHECKS: list[Check] = [
    *(all_are_up, health, journey, hardening, roles, images),
    *(made_anew, database_again, upgraded, proxy_first, stopped, logs),
]

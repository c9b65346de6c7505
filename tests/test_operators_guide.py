"""What the operator's guide has its reader type is typed here, from its own text, and what it promises comes of it.

A word that is changed there fails a test, and so does a block that nobody runs. What stands in capitals is filled in,
and nothing else. The scenarios share a site that was installed by the guide, and each leaves it whole.
"""

import argparse
import base64
import functools
import hashlib
import hmac
import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from base64 import b32decode
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml
from django_otp.oath import totp

from deploy.topology import HOST, Failed, hand_to_service_user, missing_programs
from tests import postgres
from tests.guide import PAGES, ROOT, block, blocks, not_fenced
from tests.operators import PASSWORD, SECRET_OF_TEXTS, SETTING_UP, Cluster, Site
from tests.test_deployment import SERVICES
from tests.test_kubernetes import FOLDER as MANIFESTS
from tests.test_kubernetes import PODS, WHOLE, environment_of, main
from tests.test_topology import A_HANG, WRITTEN_BY_THE_WAY, rows_of_each_table, wait_for
from tests.walk import words_of

pytestmark = pytest.mark.process
needs_servers = pytest.mark.skipif(bool(missing_programs()), reason=f"programs are missing: {missing_programs()}")

# What is not run here, and why. Each of these has a test of what can be seen of it all the same.
LEFT_OUT = {
    "packages": "installs programs on this machine",
    "demo": "starts for half a minute what tests/test_topology.py starts",
    "containers": "needs Docker",
    "cluster": "needs Kubernetes",
    "overlay": "is read by kustomize",
    "scrape": "is read by the Prometheus of whoever has one",
}
FOLLOWED = [*SETTING_UP, "empty-secrets"]

LOGS = ("web-1.log", "web-2.log", "worker-1.log")
PHONE = "+12125550188"
HEAD = re.compile(r"^Head: (\d+:[0-9a-f]{64})$", re.MULTILINE)


def follows(*names: str):
    """Says which blocks a scenario runs, one after the other, and holds it to that."""
    FOLLOWED.extend(names)

    def held(scenario):
        @needs_servers
        @functools.wraps(scenario)
        def run(**place):
            ((_, where),) = place.items()
            where.operator.done.clear()
            scenario(**place)
            assert where.operator.done == list(names)

        return run

    return held


@pytest.fixture(scope="module")
def site():
    with tempfile.TemporaryDirectory(prefix="upright-guide-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "upright").mkdir()
        (folder / "upright").chmod(0o755)
        installed = Site(folder)
        stack.callback(installed.take_down)
        installed.set_up()
        assert installed.operator.done == SETTING_UP
        yield installed


# ------------------------------------------------------------------------------------------ What is run


@follows("configuration")
def test_what_was_installed_serves_and_takes_up_another_configuration(site):
    does = site.operator.does
    page = site.visitor().get("/check/red_flags/")
    style = re.search(rb'"(/static/[^"]+\.css)"', page.content)[1].decode()
    scraped = yaml.safe_load(block("scrape").text)["scrape_configs"][0]
    bearer = {"Authorization": f"Bearer {site.token}"}

    assert (page.status_code, site.visitor().get(style).status_code) == (200, 200)
    assert [site.visitor(**given).get(scraped["metrics_path"]).status_code for given in (bearer, {})] == [200, 401]
    assert json.loads(site.visitor().get("/fhir/jwks.json").content)["keys"][0]["kid"] == "first"
    # A program that is registered is told what is wrong with what it sends.
    assert [site.posted("/fhir/QuestionnaireResponse", "{}", **given) for given in (bearer, {})] == [400, 401]

    assert in_plain_http(site, Host="other.example") == 421
    changed = site.of_the_proxy | {"ALLOWED_HOSTS": f"{HOST},other.example"}
    does("configuration", at=changed, PROCESS=str(site.parts["proxy"].pid))
    wait_for(lambda: in_plain_http(site, Host="other.example") == 308)


def in_plain_http(site, **headers: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", site.whole.ports["http"], timeout=A_HANG)) as proxy:
        proxy.request("GET", "/check/", headers=headers)
        return proxy.getresponse().status


@follows("account", "locks", "second-factor")
def test_the_first_account_signs_in_and_is_let_in_again_where_it_was_locked_out(site):
    does = site.operator.does
    answers = (("Username", "first"), ("Email", "first@example.com"), ("Password:", PASSWORD), ("(again)", PASSWORD))
    site.operator.types("account", *answers)
    staff = site.visitor()

    def signs_in(password: str) -> bool:
        signed = staff.post("/admin/login/?next=/admin/", {"username": "first", "password": password})
        return signed.status_code == 302

    assert [signs_in("a guess of somebody"), signs_in(PASSWORD)] == [False, False]
    listed, *removed = does("locks", USERNAME="first", ADDRESS="127.0.0.1").stdout.splitlines()
    assert listed.split()[:2] == ["127.0.0.1", "first"]
    assert removed == ["1 attempts removed.", "No attempts found."]
    assert signs_in(PASSWORD)

    shown = words_of(staff.get("/admin/second-factor/set-up/"))
    secret = re.search(r"(?:\b[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b", shown)[0].replace(" ", "")
    staff.post("/admin/second-factor/set-up/", {"code": f"{totp(b32decode(secret)):06}"})
    assert staff.get("/admin/").status_code == 200
    does("second-factor", USERNAME="first")
    assert staff.get("/admin/").status_code == 302
    assert site.asked("SELECT count(*) FROM otp_totp_totpdevice") == "0"


@follows("verify", "verify-on", "export", "cut")
def test_the_audit_is_verified_exported_and_cut(site):
    does = site.operator.does
    whole = does("verify").stdout
    head = HEAD.search(whole)[1]

    assert whole.endswith("The audit is whole.\n")
    assert does("verify-on", **{"NUMBER:HASH": head}).stdout.count("The audit is whole.\n") == 2
    # Whatever day it is where the clinic is.
    yesterday, tomorrow = site.asked("SELECT current_date - 1, current_date + 1").split("|")
    exported = does("export", FIRST=yesterday, LAST=tomorrow).stdout.splitlines()
    assert {json.loads(line)["resourceType"] for line in exported} == {"AuditEvent"}
    assert does("cut").stdout == "Removed 0 entries.\n"


@follows("once", "retention")
def test_what_is_due_is_sent_and_what_will_be_deleted_is_said(site):
    does = site.operator.does
    site.requests_of("told@example.com")

    does("once")
    assert "told@example.com" in site.told()
    assert "30 days" in does("retention").stdout


@follows(
    *("backup", "erase", "verify", "restore-roles", "restore-rows", "restored", "restored-each"),
    *("restored-drop", "restored-audit"),
)
def test_a_backup_is_restored_into_an_empty_server(site):
    does = site.operator.does
    erased, _ = site.requests_of("forgotten@example.com", "waiting@example.com")
    before = rows_of_each_table(site.whole)
    does("backup")
    gone = does("erase", REFERENCE=erased)
    assert gone.stdout == "One request is erased.\n"
    assert "forgotten@example.com" not in site.emails()
    (site.folder / "web-2.log").write_text(gone.stderr)
    assert text_from(site, PHONE, "STOP") == 200
    head = HEAD.search(does("verify").stdout)[1]

    site.whole.stop_database()
    site.whole.data = site.data.with_name("empty")
    site.whole.make_database()
    site.whole.start_database()
    does("restore-roles")
    does("restore-rows")
    after = rows_of_each_table(site.whole)
    assert before["appointments_appointmentrequest"] > 1
    assert [table for table in before.keys() - WRITTEN_BY_THE_WAY if before[table] != after[table]] == []

    marked = does("restored").stdout
    assert "Erased again: 1. Phones that want no texts, by the journal: 1." in marked
    assert "forgotten@example.com" not in site.emails()
    assert site.asked("SELECT count(*) FROM appointments_textoptout") == "1"
    assert "request number" in does("restored-each").stdout
    assert "Workers go on. To be sent: 0." in does("restored-drop").stdout
    assert "waiting@example.com" in site.emails()
    assert site.asked("SELECT count(*) FROM appointments_message WHERE state = 'waiting'") == "0"
    lost = does("restored-audit", fails=True, **{"NUMBER:HASH": head})
    assert "explains it if this head was kept before" in lost.stdout


def text_from(site, phone: str, words: str) -> int:
    form = {"From": phone, "Body": words}
    signed = f"{site.whole.url}/texts/" + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(SECRET_OF_TEXTS.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    kind = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return site.posted("/texts/", urlencode(form), **kind)


@follows("archive", "copy", "recovery", "recovery-time", "restored", "once", "restored-drop")
def test_a_database_goes_back_to_a_time_in_the_middle_of_a_burst_and_sends_nothing(site):
    does = site.operator.does
    places = {"ARCHIVE": f"{site.data.with_name('archive')}"}
    Path(places["ARCHIVE"]).mkdir()
    hand_to_service_user(Path(places["ARCHIVE"]))
    site.operator.configures("archive", site.data / "postgresql.conf", **places)
    site.whole.stop_database()
    site.whole.start_database()
    does("copy", COPY=str(site.data.with_name("copy")))
    site.requests_of("sooner@example.com")
    moment = site.asked("SELECT clock_timestamp()")
    site.requests_of("later@example.com")
    assert {"sooner@example.com", "later@example.com"} <= {*site.emails()}

    site.whole.stop_database()
    does("recovery", DATA=str(site.data), COPY=str(site.data.with_name("copy")))
    site.operator.configures("recovery-time", site.data / "postgresql.conf", TIME=moment, **places)
    site.whole.start_database()
    wait_for(lambda: site.asked("SELECT pg_is_in_recovery()") == "f")
    for log in LOGS:
        (site.folder / log).touch()
    does("restored")
    assert "sooner@example.com" in site.emails()
    assert "later@example.com" not in site.emails()
    does("once")
    assert not {"sooner@example.com", "later@example.com"} & site.told()
    does("restored-drop")


@follows("second-role", "configuration", "configuration", "first-role", "owner", "configuration")
def test_the_passwords_of_the_database_change(site):
    does, first = site.operator.does, {**site.whole.database}
    former = {"DATABASE_USER": first["DATABASE_USER"], "DATABASE_PASSWORD": first["DATABASE_PASSWORD"]}
    second = {"DATABASE_USER": "upright_2", "DATABASE_PASSWORD": PASSWORD}
    pooler = {"nginx": "pgbouncer", "PROCESS": str(site.parts["pooler"].pid)}

    does("second-role", at={"DATABASE_PASSWORD": PASSWORD})
    both = {name.replace("DATABASE", "DATABASE_FORMER"): value for name, value in former.items()} | second
    does("configuration", at=site.of_the_pooler | both, **pooler)
    wait_for(lambda: site.serves(second))
    assert site.serves(former)
    does("configuration", at=site.of_the_pooler | second, **pooler)
    wait_for(lambda: not site.serves(former))
    assert site.serves(second)
    does("first-role", at={"PGDATABASE": "upright"})
    does("owner", SECRET="another long one")  # noqa: S106
    with pytest.raises(Failed, match="password authentication failed"):
        site.asked("SELECT 1")
    site.whole.database["DATABASE_OWNER_PASSWORD"] = "another long one"  # noqa: S105
    assert site.asked("SELECT rolname FROM pg_roles WHERE rolname ~ '^upright(_2)?$'") == "upright_2"

    site.whole.make_roles()
    does("configuration", at=site.of_the_pooler, **pooler)
    wait_for(lambda: site.serves(former))


@pytest.fixture
def cluster():
    with ExitStack() as stack:
        # To look for the primary again takes five seconds by itself.
        hasty = "fsync = off\nwal_retrieve_retry_interval = 100ms\n"
        yield Cluster(stack.enter_context(postgres.running(hasty)), stack)


@follows(
    *("standbys", "follower", "standby", "standby", "waited-for", "waited-for", "waited-for"),
    *("most", "most", "promote", "rewind", "alone", "together"),
)
def test_a_standby_takes_over_and_the_lost_primary_comes_back(cluster):
    does, configures, lost = cluster.operator.does, cluster.operator.configures, cluster.primary
    configures("standbys", lost.data / "postgresql.conf")
    lost.kill()
    lost.start()
    does("follower", SECRET=PASSWORD)
    standbys = [cluster.add_standby(number) for number in (1, 2)]
    wait_for(lambda: cluster.is_followed_by(2))
    for server in (lost, *standbys):
        configures("waited-for", server.data / "postgresql.conf")
        server.reload("")
    wait_for(lambda: lost.ask("SHOW synchronous_standby_names") == "ANY 1 (*)")
    lost.ask("CREATE TABLE confirmed AS SELECT 1 AS number")

    lost.crash()
    has = {one: does("most", at={"PGPORT": str(one.port)}).stdout.split("/") for one in standbys}
    successor, other = sorted(standbys, key=lambda one: [int(part, 16) for part in has[one]], reverse=True)
    cluster.primary = successor
    assert does("promote").stdout == "t\n"
    wait_for(lambda: cluster.is_followed_by(1))
    successor.ask("INSERT INTO confirmed VALUES (2)")
    does("rewind", at=cluster.at_the_address(), ADDRESS="127.0.0.1", DATA=str(lost.data))
    lost.start()
    wait_for(lambda: cluster.is_followed_by(2))
    wait_for(lambda: lost.ask("SELECT sum(number), pg_is_in_recovery() FROM confirmed") == "3|t")

    for server in (other, lost):
        server.kill()
    with ThreadPoolExecutor(1) as pool:
        stored = pool.submit(successor.ask, "INSERT INTO confirmed VALUES (4)")
        wait_for(lambda: successor.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1")
        assert successor.ask("SELECT sum(number) FROM confirmed") == "3"
        does("alone")
        stored.result()
    assert successor.ask("SELECT sum(number) FROM confirmed") == "7"
    does("together")
    wait_for(lambda: successor.ask("SHOW synchronous_standby_names") == "ANY 1 (*)")


# -------------------------------------------------------------------------------------- What is not run


def test_each_block_of_the_guide_is_run_by_a_scenario_or_stands_on_the_list_of_those_that_cannot():
    named = {one.name for one in blocks() if one.language != "text"}

    assert named == {*FOLLOWED, *LEFT_OUT}
    assert not {*FOLLOWED} & LEFT_OUT.keys()
    assert not_fenced() == []


def of_the_list(name: str) -> str:
    assert name in LEFT_OUT
    return "".join(one.text for one in blocks() if one.name == name)


def shell(command: str, *options: str, cwd: Path = ROOT) -> bool:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(["/bin/sh", "-e", *options, "-c", command], cwd=cwd, env={"PATH": path}, check=False)  # noqa: S603
    return ran.returncode == 0


@pytest.mark.parametrize("name", [name for name in LEFT_OUT if name not in ("overlay", "scrape")])
def test_a_shell_can_read_what_is_not_run(name):
    assert shell(of_the_list(name), "-n")


def test_the_packages_to_install_are_those_whose_programs_are_missed(monkeypatch):
    monkeypatch.setattr("deploy.topology._program", lambda name: None)
    monkeypatch.setattr("deploy.topology.postgres_programs", lambda: None)

    assert sorted(of_the_list("packages").split()) == sorted(missing_programs().split())


def test_the_demo_is_a_program_that_is_there():
    assert shell(f"{of_the_list('demo').strip()} --help")


def test_what_docker_is_told_is_of_the_compose_file():
    told = [shlex.split(line.partition(" > ")[0], comments=True) for line in of_the_list("containers").splitlines()]
    composed = [docker_compose().parse_args(words[2:]) for words in told if words[:2] == ["docker", "compose"]]
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", ())}
    guide = "".join(page.read_text() for page in PAGES)

    assert {words[0] for words in told} == {"docker", "export", "sleep"}
    assert {words[1] for words in told if words[0] == "docker"} == {"compose", "stop", "rm"}
    for one in composed:
        assert all((ROOT / file).exists() for file in one.f or [])
        assert {*one.services} | {name.split("=")[0] for name in one.scale} <= SERVICES.keys()
    assert set(re.findall(r"--profile (\w+)", guide)) == profiles


def docker_compose() -> argparse.ArgumentParser:
    """What the guide uses of it, as Docker's reference has it."""
    strict = functools.partial(argparse.ArgumentParser, allow_abbrev=False)
    parser = strict("docker compose")
    parser.add_argument("-f", action="append")
    parser.set_defaults(services=[], scale=[])
    commands = parser.add_subparsers(required=True, parser_class=strict)
    up = commands.add_parser("up")
    for option in ("--build", "--detach", "--wait", "--no-deps", "--no-recreate"):
        up.add_argument(option, action="store_true")
    up.add_argument("--scale", action="append", default=[])
    kill = commands.add_parser("kill")
    kill.add_argument("--signal")
    for several in (up, kill, commands.add_parser("build")):
        several.add_argument("services", nargs="*")
    for name, option in (("run", "--rm"), ("exec", "-T")):
        command = commands.add_parser(name)
        command.add_argument(option, action="store_true")
        command.add_argument("services", nargs=1)
        command.add_argument("inside", nargs=argparse.REMAINDER)
    return parser


def test_what_the_cluster_is_told_is_of_the_manifests():
    told, overlay = of_the_list("cluster"), yaml.safe_load(of_the_list("overlay"))
    volumes = [volume for pod in PODS.values() for volume in pod["volumes"]]
    images = {image["name"] for image in WHOLE["images"]}
    maps = {one["name"]: one["envs"] for one in WHOLE["configMapGenerator"]}

    assert set(re.findall(r"create secret \w+ ([\w-]+)", told)) == {
        volume["secret"]["secretName"] for volume in volumes if "secret" in volume
    }
    assert set(re.findall(r"REGISTRY/([\w-]+):TAG", told)) == {one["name"] for one in overlay["images"]} == images
    assert set(re.findall(r"(?:deploy/(?=\w+ --)|job[ /])(\w+)", told)) == {"web", "release"} <= PODS.keys()
    assert all((ROOT / file).exists() for file in re.findall(r" -f (\S+)", told))
    assert {one["name"]: one["envs"] for one in overlay["configMapGenerator"]} == maps
    assert overlay["resources"][0].endswith(str(MANIFESTS.relative_to(ROOT)))


def test_the_secrets_of_the_cluster_are_the_files_that_its_pods_read(tmp_path):
    read = [Path(value) for part in PODS for value in environment_of(main(part)).values()]

    assert shell(block("empty-secrets").text, cwd=tmp_path)
    made = {file.name for file in tmp_path.iterdir()}
    assert made | {"SECRET_KEY", "AUDIT_KEY", "DATABASE_PASSWORD"} == {
        file.name for file in read if file.parent == Path("/secrets")
    }


@pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool: apt-get install prometheus")
def test_prometheus_takes_what_it_is_to_scrape(tmp_path):
    file = tmp_path / "prometheus.yml"
    file.write_text(of_the_list("scrape"))

    assert shell(f"promtool check config --syntax-only {file}")

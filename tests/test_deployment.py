"""docker-compose.yml, the operator's guide and the settings name the same things, and what starts servers is strict.

`make containers` starts the containers themselves; test_topology.py runs the same parts without them.
"""

import ast
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from time import sleep as time_passes

import pytest
import yaml
from django.core.management import get_commands

from appointments.operations.checks import python_is_mended
from common.languages import LANGUAGES
from deploy import start, topology
from deploy.start import Wrong, write_configuration
from screening.pathways.vertebral_cement import PATHWAY

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ["proxy", "web", "warnings", "worker", "release", "pooler"]

# For the demo and the tests, or fixed in the image.
NOT_IN_CONTAINERS = {"UPRIGHT_DEVELOPMENT", "DEBUG", "SQLITE_PATH", "STATIC_ROOT", "SECOND_FACTOR"}
# Read by gunicorn, by deploy/start.py, by deploy/roles.sql and by docker-compose.yml itself.
BESIDE_SETTINGS = {
    *("WEB_CONCURRENCY", "POOL_SIZE", "DATABASE_OWNER_PASSWORD", "DATABASE_ADMIN_PASSWORD", "CERTIFICATES"),
    *("DATABASE_FORMER_USER", "DATABASE_FORMER_PASSWORD", "DATABASE_TLS", "DATABASE_TLS_CA", "UNLIMITED"),
}

PROXY = {"ALLOWED_HOSTS": "clinic.example", "CLINIC_NAME": "Example & Sample", "CLINIC_PHONE": "(212) 555-0100"}
POOLER = {
    "DATABASE_HOST": "database",
    "DATABASE_NAME": "upright",
    "DATABASE_USER": "upright",
    "DATABASE_PASSWORD": 'a "long" one',
}


NOT_AS_ROOT = "Start it as a user of its own, not as root. docs/operation.md says how it gets ports 80 and 443.\n"


def read_by_settings() -> set[str]:
    """The names of variables that modules of config/ ask `environment` for, and those of the languages."""
    hours = {name for one in LANGUAGES for name in (one.hours_variable, one.nurse_hours_variable)}
    return hours | {
        call.args[0].value
        for file in (ROOT / "config").glob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "environment"
        and isinstance(call.args[0], ast.Constant)
    }


def written_in_the_guide() -> set[str]:
    guide = "".join(page.read_text() for page in (ROOT / "docs" / "operation").glob("*.md"))
    rows = re.findall(r"^\| (`[A-Z_]+`.*?) \|", guide, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}


def test_each_setting_stands_in_the_guide_and_no_other():
    assert len(read_by_settings()) > 40
    assert written_in_the_guide() == read_by_settings() | BESIDE_SETTINGS


@pytest.mark.parametrize("service", ["web", "warnings", "worker", "release"])
def test_each_setting_reaches_the_containers_and_no_other(service):
    given = set(SERVICES[service]["environment"]) - {"WEB_CONCURRENCY"}

    assert given == read_by_settings() - NOT_IN_CONTAINERS


def test_each_variable_of_the_compose_file_stands_in_the_guide():
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))

    assert used <= written_in_the_guide()


def test_no_secret_has_a_default():
    secrets = re.findall(
        r"\$\{(\w*(?:SECRET|PASSWORD|TOKEN|KEY)\w*)(.*?)\}", (ROOT / "docker-compose.yml").read_text()
    )

    assert len(secrets) > 5
    with_default = [name for name, default in secrets if default != ":-" and not default.startswith(":?")]
    # A file that anybody can download.
    assert set(with_default) == {"LEAKED_PASSWORDS"}


@pytest.mark.parametrize("service", OURS)
def test_containers_of_ours_can_write_nowhere_and_have_no_rights_to_spare(service):
    ours = SERVICES[service]

    assert (ours["read_only"], ours["tmpfs"], ours["cap_drop"]) == (True, ["/tmp"], ["ALL"])  # noqa: S108
    assert ours["security_opt"] == ["no-new-privileges:true"]


def test_only_the_proxy_is_reached_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service and "profiles" not in service] == [
        "proxy"
    ]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    on_both = [name for name, service in SERVICES.items() if "outside" in service["networks"]]
    # Workers reach the mail server.
    assert on_both == ["proxy", "worker", "mail"]


def test_the_application_uses_the_pooler_and_another_role_than_the_release():
    opened = {
        name: tuple(
            SERVICES[name]["environment"][f"DATABASE_{what}"] for what in ("HOST", "PORT", "USER", "PASSWORD")
        )
        for name in ("web", "worker", "release", "pooler")
    }

    assert opened["web"] == opened["worker"]
    assert opened["web"][:2] == ("pooler", "6432")
    assert opened["release"][:2] == opened["pooler"][:2] == ("database", "5432")
    assert opened["web"][2:] == opened["pooler"][2:]
    assert opened["release"][2:] == (
        "upright_owner",
        "${DATABASE_OWNER_PASSWORD:?Set DATABASE_OWNER_PASSWORD to another one.}",
    )
    made = SERVICES["database"]["environment"]
    assert (made["DATABASE_OWNER"], made["DATABASE_OWNER_PASSWORD"]) == opened["release"][2:]
    assert (made["DATABASE_USER"], made["DATABASE_PASSWORD"]) == opened["web"][2:]


def test_several_of_each_run_and_what_they_run_is_there():
    assert SERVICES["web"]["deploy"]["replicas"] >= 2
    assert SERVICES["worker"]["deploy"]["replicas"] >= 2
    assert SERVICES["worker"]["command"][:2] == ["python", "manage.py"]
    assert SERVICES["worker"]["command"][2] in get_commands()
    assert (ROOT / SERVICES["release"]["command"][1]).exists()
    assert "command" not in SERVICES["web"]
    sources = [volume.split(":")[0] for volume in SERVICES["database"]["volumes"] if volume.startswith("./")]
    assert sources
    assert all((ROOT / source).exists() for source in sources)


def test_postgresql_logs_no_statement_in_the_containers_and_here():
    command = SERVICES["database"]["command"]
    options = dict(option.split("=") for option in command[1:] if option != "-c")

    assert command[0] == "postgres"
    assert options == topology.POSTGRES_SETTINGS


def test_all_code_of_the_product_enters_the_image():
    named = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert packages - {"tests"} <= named


def test_the_image_is_of_a_python_that_no_text_keeps_busy_and_others_are_warned_of(monkeypatch):
    (pinned,) = set(re.findall(r"^FROM python:([\d.]+)-", (ROOT / "Dockerfile").read_text(), re.MULTILINE))

    def warned_of(version: str) -> list[str]:
        monkeypatch.setattr("sys.version_info", (*map(int, version.split(".")), "final", 0))
        return [warning.id for warning in python_is_mended(None)]

    assert warned_of(pinned) == []
    assert warned_of("3.15.0") == []
    assert warned_of("3.11.15") == warned_of("3.13.13") == ["appointments.I001"]


def test_the_proxy_and_the_pooler_start_with_what_the_compose_file_gives_them(tmp_path):
    def given(service):
        raw = SERVICES[service]["environment"]
        return {
            name: re.sub(r"\$\{\w+:?[-?]?(.*?)\}", lambda match: match[1].split()[0] if match[1] else "", str(value))
            for name, value in raw.items()
        } | {"FOLDER": str(tmp_path)}

    assert write_configuration(*SERVICES["proxy"]["command"], given("proxy"))[0] == "nginx"
    assert "server web:8000 " in (tmp_path / "nginx.conf").read_text()
    assert write_configuration(*SERVICES["pooler"]["command"], given("pooler"))[0] == "pgbouncer"
    assert "upright = host=database port=5432" in (tmp_path / "pgbouncer.ini").read_text()


def test_passwords_are_for_the_pooler_alone_to_read(tmp_path):
    write_configuration("pgbouncer", POOLER | {"FOLDER": str(tmp_path)})

    users = tmp_path / "users.txt"
    assert users.read_text() == '"upright" "a ""long"" one"\n'
    assert users.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("program", "environment", "names"),
    [
        ("nginx", {**PROXY, "ALLOWED_HOSTS": "clinic.example; return 200"}, "ALLOWED_HOSTS"),
        ("nginx", {**PROXY, "WEB": "web:8000 }"}, "WEB"),
        ("nginx", {**PROXY, "WARNINGS": "web:8000 }"}, "WARNINGS"),
        ("nginx", {**PROXY, "UNLIMITED": "192.0.2.0/24 1; default"}, "UNLIMITED"),
        ("nginx", {**PROXY, "HTTPS_PORT": "443;"}, "HTTPS_PORT"),
        ("nginx", {**PROXY, "ALLOWED_HOSTS": " "}, "ALLOWED_HOSTS"),
        ("pgbouncer", {**POOLER, "DATABASE_NAME": "upright\nauth_type = any"}, "DATABASE_NAME"),
        ("pgbouncer", {**POOLER, "DATABASE_PASSWORD": 'x\n"other" "y"'}, "DATABASE_PASSWORD"),
        ("pgbouncer", {**POOLER, "DATABASE_PASSWORD": ""}, "DATABASE_PASSWORD"),
    ],
)
def test_what_would_change_the_meaning_of_a_configuration_is_refused(program, environment, names, tmp_path):
    with pytest.raises(Wrong, match=names):
        write_configuration(program, environment | {"FOLDER": str(tmp_path)})

    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_a_missing_variable_is_named_and_nothing_is_started(tmp_path):
    started = subprocess.run(
        [sys.executable, "deploy/start.py", "nginx"],
        cwd=ROOT,
        env={"FOLDER": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (started.returncode, list(tmp_path.iterdir())) == (1, [])
    # Root is refused for that alone.
    missing = "Set ALLOWED_HOSTS in the environment. docs/operation.md says to what.\n"
    assert started.stderr == (NOT_AS_ROOT if os.geteuid() == 0 else missing)


@pytest.mark.parametrize(("program", "variables"), [("nginx", PROXY), ("pgbouncer", POOLER)])
def test_a_folder_that_takes_no_file_is_named(program, variables, tmp_path):
    with pytest.raises(Wrong, match=f"^FOLDER: {tmp_path}/nowhere/.* cannot be written"):
        write_configuration(program, {**variables, "FOLDER": str(tmp_path / "nowhere")})


@pytest.mark.process
def test_neither_is_started_as_root(tmp_path):
    """The proxy would look whole, and show a bare error instead of its page when nothing else answers."""
    for program, variables in (("nginx", PROXY), ("pgbouncer", POOLER)):
        started = subprocess.run(  # noqa: S603
            [sys.executable, "deploy/start.py", program],
            cwd=ROOT,
            env={**variables, "FOLDER": str(tmp_path), "PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

        is_root = os.geteuid() == 0
        assert started.returncode == 1
        assert (started.stderr == NOT_AS_ROOT) == is_root
        # Whoever starts it after that can write its files.
        assert (list(tmp_path.iterdir()) == []) == is_root


def test_a_database_whose_name_is_to_be_verified_needs_somebody_to_trust(tmp_path):
    verified = POOLER | {"DATABASE_TLS": "verify-full", "FOLDER": str(tmp_path)}
    with pytest.raises(Wrong, match="DATABASE_TLS_CA"):
        write_configuration("pgbouncer", verified)

    write_configuration("pgbouncer", verified | {"DATABASE_TLS_CA": "/certificates/database.pem"})

    assert "\nserver_tls_ca_file = /certificates/database.pem\n" in (tmp_path / "pgbouncer.ini").read_text()


@pytest.mark.process
def test_the_proxy_waits_for_its_servers_and_follows_them_where_they_are_made_anew(monkeypatch):
    """A name that leads nowhere ends nginx when it starts, and it never looks a name up again by itself."""
    answers = iter([[], ["192.0.2.1"], ["192.0.2.1"], [], ["192.0.2.2"]])
    last: list[str] = []

    def look_up(name, *_, **__):
        assert name == "web"
        last[:] = next(answers, last)
        if not last:
            raise socket.gaierror
        return [(None, None, None, "", (address, 0)) for address in last]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(start.time, "sleep", lambda seconds: time_passes(0.01))
    names = start.names_of_servers({"WEB": "web:8000, 127.0.0.1:8000", "WARNINGS": "[::1]:8000"})
    program = "import signal; signal.pthread_sigmask(0, {1}); print(flush=True); print(signal.sigwait({1}))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as proxy:  # noqa: S603
        proxy.stdout.readline()
        known = start.wait_for(names)
        following = threading.Thread(target=start.follow, args=(known, proxy.pid))
        following.start()
        # Told once, when the name led elsewhere.
        assert (proxy.communicate(timeout=30)[0], known) == (b"1\n", {"web": {"192.0.2.1"}})
        assert next(answers, None) is None
    following.join(30)
    assert not following.is_alive()


def test_words_of_the_clinic_are_words_on_the_page_of_the_proxy(tmp_path):
    write_configuration("nginx", PROXY | {"FOLDER": str(tmp_path)})

    assert (
        'Example &amp; Sample: <a href="tel:2125550100">(212) 555-0100</a>'
        in (tmp_path / "unavailable.html").read_text()
    )


def test_the_pages_with_warning_signs_are_those_with_processes_of_their_own():
    first, *_ = PATHWAY.pages
    pages = [first.key, *(outcome.address for outcome in PATHWAY.emergencies)]

    assert f'"^(/procedures/[a-z0-9-]+)?/check/({"|".join(pages)})/' in (ROOT / "deploy" / "nginx.conf").read_text()


def test_nothing_of_the_product_rests_in_a_session_of_the_database():
    """The pooler gives each transaction another connection. Migrations do not go by the pooler."""
    resting = re.compile(
        r"pg_(try_)?advisory_lock|\bLISTEN\b|\bPREPARE\b|WITH HOLD|SET SESSION|CREATE TEMP", re.IGNORECASE
    )
    files = [
        file
        for file in ROOT.glob("*/**/*.py")
        if file.relative_to(ROOT).parts[0] not in ("tests", "deploy", ".venv", "var")
        and "migrations" not in file.parts
    ]

    assert len(files) > 50
    assert [str(file) for file in files if resting.search(file.read_text())] == []

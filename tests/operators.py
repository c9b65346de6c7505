"""Who runs what the operator's guide says, and the servers that come of it: a site, and a primary with standbys."""

import http.client
import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from django.conf import settings

from deploy.topology import HOST, Topology, as_service_user, hand_to_service_user, postgres_programs
from tests import postgres
from tests.guide import ROOT, Block, block
from tests.interop.test_incoming import ANA
from tests.interop.test_incoming import response as answers_of_a_program
from tests.relay import relay_to, to_socket
from tests.test_topology import A_HANG, letters, wait_for
from tests.wire import Visitor

SETTING_UP = ["secret", "token", "key", "program", "roles", "release", "parts"]
PASSWORD = "walks slowly by the river"  # noqa: S105
SECRET_OF_TEXTS = "that of a provider"  # noqa: S105


class Operator:
    """Types what stands in the guide, in a folder with the product and with the variables that the guide names."""

    def __init__(self, folder: Path, variables_of: Callable[[str], dict[str, str]]) -> None:
        self.folder, self._variables_of = folder, variables_of
        self.done: list[str] = []
        # The Python that has the product's packages, and PostgreSQL's programs where Debian keeps them.
        self._path = f"{Path(sys.executable).parent}:{postgres_programs()}:{os.environ['PATH']}:/usr/sbin"

    def does(self, name: str, *, fails: bool = False, at: dict[str, str] | None = None, **words: str):
        """Run the block, up to the first command that fails; `at` are variables that differ this once."""
        text, found = self._next(name, words)
        sql = found.language == "sql"
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"] if sql else ["sh", "-e", "-c", text]
        run_as = self._as("superuser" if sql else found.who, at)
        done = subprocess.run(command, input=text if sql else "", capture_output=True, text=True, **run_as)  # noqa: S603
        assert bool(done.returncode) is fails, done.stdout + done.stderr
        return done

    def configures(self, name: str, file: Path, **words: str) -> None:
        with file.open("a") as configuration:
            configuration.write(self._next(name, words)[0])

    def types(self, name: str, *answers: tuple[str, str]) -> None:
        """Run the block at a terminal, and answer what it asks."""
        keyboard, terminal = pty.openpty()
        command = ["sh", "-e", "-c", self._next(name, {})[0]]
        typing = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, **self._as(""))  # noqa: S603
        os.close(terminal)
        with typing, open(keyboard, "r+b", buffering=0) as keys:
            for question, answer in answers:
                shown = b""
                while question.encode() not in shown:
                    shown += keys.read(1024)
                keys.write(f"{answer}\n".encode())
            # Until it ends, or what it says at last would hold it up.
            with suppress(OSError):
                while keys.read(1024):
                    pass
        assert typing.returncode == 0

    def begins(self, name: str, *parts: tuple[str, str, dict[str, str]], **words: str) -> list[subprocess.Popen]:
        """Start each command of the block as a service manager does: as whom, with which log and variables."""
        begun = []
        for line, (who, log, variables) in zip(self._next(name, words)[0].splitlines(), parts, strict=True):
            command, run_as = ["sh", "-c", f"exec {line}"], self._as(who, variables)
            with (self.folder / log).open("ab") as output:
                said = {"stdout": output, "stderr": output, "stdin": subprocess.DEVNULL}
                begun.append(subprocess.Popen(command, **said, **run_as))  # noqa: S603
        return begun

    def _next(self, name: str, words: dict[str, str]) -> tuple[str, Block]:
        self.done.append(name)
        found = block(name)
        return found.filled(**words), found

    def _as(self, who: str, variables: dict[str, str] | None = None) -> dict:
        return {
            "cwd": self.folder,
            "env": {"PATH": self._path, **self._variables_of(who), **(variables or {})},
            "start_new_session": True,
            **(as_service_user() if who in ("superuser", "user") else {}),
        }


class Site:
    """What the guide has installed: a database, the parts that run with it, and who looks after them."""

    def __init__(self, folder: Path) -> None:
        self.whole = Topology(folder, webs=1, workers=1)
        self.operator = Operator(folder / "upright", self._variables_of)
        self.folder = self.operator.folder
        self.parts: dict[str, subprocess.Popen] = {}

    @property
    def data(self) -> Path:
        return self.whole.data

    def _variables_of(self, who: str) -> dict[str, str]:
        server = {"PGHOST": "127.0.0.1", "PGPORT": str(self.whole.ports["database"])}
        match who:
            case "owner":
                owner = self.whole.as_owner()
                return owner | server | {"PGUSER": owner["DATABASE_USER"], "PGPASSWORD": owner["DATABASE_PASSWORD"]}
            case "superuser":
                return self.whole.database | server | {"PGHOST": str(self.data), "PGUSER": "postgres"}
            case "user":
                return {}
        return self.whole.as_application()

    def set_up(self) -> None:
        for name in (line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, self.folder / name)
        # Where PostgreSQL may rename its own folder.
        servers = self.whole.folder / "servers"
        servers.mkdir()
        hand_to_service_user(servers)
        self.whole.data = servers / "data"
        self.whole.make_database()
        self.whole.start_database()
        self.whole.start_part("mail")

        does, given = self.operator.does, self.whole.settings
        given["SECRET_KEY"] = does("secret").stdout.strip()
        self.token, given["FHIR_CLIENTS"] = does("token", NAME="portal").stdout.split()
        given |= {"EHR_KEYS": does("key").stdout, "METRICS_TOKEN": self.token, "SIGN_IN_TRIES": "1"}
        given |= {
            "TEXTS": "twilio",
            "TEXTS_ACCOUNT": "ours",
            "TEXTS_TOKEN": SECRET_OF_TEXTS,
            "TEXTS_FROM": "+12125550100",
        }
        # Installed is all here already: pip says so, or what it would install, and changes nothing.
        installed = does("program", at={"PIP_DRY_RUN": "1", "PIP_NO_INDEX": "1"}).stdout
        assert "Requirement already satisfied: django==" in installed
        does("roles")
        # Of what a pilot lacks it warns.
        assert "screening.W002" in does("release").stderr
        self._begin_the_parts()

    def _begin_the_parts(self) -> None:
        ports, database = self.whole.ports, self.whole.database
        self.whole.make_certificate()
        certificates, pooler = self.whole.certificate.parent, self.whole.folder / "pooler"
        pooler.mkdir()
        hand_to_service_user(pooler, certificates, *certificates.iterdir())
        https = str(ports["https"])
        self.of_the_proxy = {
            **{name: self.whole.settings[name] for name in ("ALLOWED_HOSTS", "CLINIC_NAME", "CLINIC_PHONE")},
            **{"FOLDER": str(certificates), "CERTIFICATES": str(certificates), "WEB": f"127.0.0.1:{ports['web-1']}"},
            **{"HTTP_PORT": str(ports["http"]), "HTTPS_PORT": https, "PUBLIC_PORT": https},
        }
        self.of_the_pooler = {
            **{name: database[name] for name in ("DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD")},
            **{"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": str(ports["database"])},
            **{"FOLDER": str(pooler), "LISTEN_ADDRESS": "127.0.0.1", "POOLER_PORT": str(ports["pooler"])},
        }
        begun = self.operator.begins(
            "parts",
            ("user", "pooler.log", self.of_the_pooler),
            ("", "web-1.log", {}),
            ("", "worker-1.log", {}),
            ("user", "proxy.log", self.of_the_proxy),
            PORT=str(ports["web-1"]),
        )
        self.parts = dict(zip(("pooler", "web", "worker", "proxy"), begun, strict=True))
        wait_for(lambda: self.whole.is_ready("web-1") and self._listens())
        # Messages wait for who looks at them.
        self._stop("worker")

    def _listens(self) -> bool:
        for part, begun in self.parts.items():
            assert begun.poll() is None, f"{part}: {[log.read_text()[-2000:] for log in self.folder.glob('*.log')]}"
        with suppress(OSError):
            return self.visitor().get("/health/").status_code == 200
        return False

    def _stop(self, part: str) -> None:
        begun = self.parts.pop(part)
        begun.terminate()
        begun.wait()

    def take_down(self) -> None:
        for part in [*self.parts]:
            self._stop(part)
        self.whole.stop_all()

    def visitor(self, **headers: str) -> Visitor:
        return Visitor(self.whole.url, self.whole.certificate, headers)

    def asked(self, statement: str) -> str:
        return self.whole.client("psql", "--dbname=upright", "-XAt", "--command", statement).strip()

    def emails(self) -> list[str]:
        """Of whose requests there are any."""
        return self.asked("SELECT email FROM appointments_appointmentrequest ORDER BY email").split()

    def requests_of(self, *emails: str) -> list[str]:
        """Somebody with each of these addresses asks for a visit, in a program that is registered; the references."""
        for email in emails:
            here = json.dumps(answers_of_a_program(contact=ANA | {"email": email}, number=email))
            sent = here.replace(settings.SITE_URL, self.whole.url)
            assert self.posted("/fhir/QuestionnaireResponse", sent, Authorization=f"Bearer {self.token}") == 201
        asked = "SELECT reference FROM appointments_appointmentrequest WHERE email = "
        return [self.asked(f"{asked}'{email}'") for email in emails]

    def posted(self, path: str, body: str, **headers: str) -> int:
        """As another program does."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.whole.ports["web-1"], timeout=A_HANG)) as web:
            web.request("POST", path, body, {"Host": HOST, "X-Forwarded-Proto": "https", **headers})
            return web.getresponse().status

    def serves(self, role: dict[str, str]) -> bool:
        """Whether the pooler lets this one in, and the database shows it the requests."""
        user, password = role["DATABASE_USER"], role["DATABASE_PASSWORD"]
        where = f"host=127.0.0.1 port={self.whole.ports['pooler']} dbname=upright user={user}"
        command = ["psql", "-XAt", where, "-c", "SELECT count(*) FROM appointments_appointmentrequest"]
        environment = {"PATH": os.environ["PATH"], "PGPASSWORD": password}
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0  # noqa: S603

    def told(self) -> set[str]:
        return {letter["To"] for letter in letters(self.whole)}


class Cluster:
    """Servers on one machine. All that ask for the primary do so at one address, which moves."""

    def __init__(self, primary: postgres.Server, stack: ExitStack) -> None:
        self.primary, self._stack = primary, stack
        self.address = stack.enter_context(relay_to(lambda: to_socket(socket_of(self.primary))())).port
        of_all = {"PGHOST": str(primary.folder), "PGUSER": "upright", "PGDATABASE": "postgres"}
        self.operator = Operator(primary.folder, lambda _: of_all | {"PGPORT": str(self.primary.port)})
        # Only the superuser is let in without a password.
        rules = primary.data / "pg_hba.conf"
        rules.write_text("local all,replication upright_standby scram-sha-256\n" + rules.read_text())

    def add_standby(self, number: int) -> postgres.Server:
        standby = postgres.Server(self.primary.folder, self.primary.folder / f"data-{number}", 5432 + number)
        self.operator.does("standby", at=self.at_the_address(), ADDRESS="127.0.0.1", DATA=str(standby.data))
        standby.start()
        self._stack.callback(standby.kill)
        return standby

    def at_the_address(self) -> dict[str, str]:
        return {"PGPORT": str(self.address), "PGPASSWORD": PASSWORD}

    def is_followed_by(self, count: int) -> bool:
        return self.primary.ask("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == str(count)


def socket_of(server: postgres.Server) -> str:
    return f"{server.folder}/.s.PGSQL.{server.port}"

"""The whole product on one machine, as production has it: proxy, web processes, workers, pooler, PostgreSQL, mail.

Everything listens on loopback only, on ports that were free, and keeps its files in one folder. Each process is
stopped by its own number. Nothing here is imported by the product.
"""

import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.start import write_configuration

ROOT = Path(__file__).parents[1]
HOST = "localhost"
# As root, what refuses to run as root runs as this user, which Debian's packages bring along.
SERVICE_USER = "postgres"
WARNINGS = "warnings"
LONGEST_START = 60
LONGEST_STOP = 40
POSTGRES_SETTINGS = {
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}


class Unavailable(Exception):
    """A program is not installed; the message says how to get it."""


class Failed(Exception):
    """A process did not do what it should; the message ends with what it said."""


@dataclass
class Process:
    popen: subprocess.Popen
    log: Path

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


def missing_programs() -> str:
    """What to install, in words; empty if all is there."""
    missing = [name for name in ("nginx", "pgbouncer", "openssl") if not _program(name)]
    if not postgres_programs():
        missing.append("postgresql")
    return f"apt-get install {' '.join(missing)}" if missing else ""


class Topology:
    """Starts and stops all of it, and each part by name.

    They are: database, pooler, mail, web-1 …, warnings (web processes for the pages with warning signs), worker-1 …,
    proxy.
    """

    def __init__(
        self, folder: Path, *, webs: int = 2, workers: int = 2, settings: Mapping[str, str] | None = None
    ) -> None:
        if missing := missing_programs():
            raise Unavailable(missing)
        self.folder = folder
        # Of the server that is started next; tests restore a backup into another.
        self.data = folder / "data"
        self.webs = [f"web-{number + 1}" for number in range(webs)]
        self.workers = [f"worker-{number + 1}" for number in range(workers)]
        self.processes: dict[str, Process] = {}
        self.all_webs = [*self.webs, WARNINGS]
        self._in_service = list(self.all_webs)
        parts = ("database", "pooler", "mail", "http", "https", *self.all_webs)
        self.ports = dict(zip(parts, free_ports(len(parts)), strict=True))
        # Where others reach the database and the pooler; tests put a network in between that can be silent.
        self.reached_at = {name: self.ports[name] for name in ("database", "pooler")}
        self.url = f"https://{HOST}:{self.ports['https']}"
        # Owner, application and superuser have different passwords, so that no part works with another's.
        self.database = {
            "DATABASE_NAME": "upright",
            "DATABASE_OWNER": "upright_owner",
            "DATABASE_OWNER_PASSWORD": secrets.token_urlsafe(),
            "DATABASE_USER": "upright",
            "DATABASE_PASSWORD": secrets.token_urlsafe(),
        }
        self.settings = {
            "SECRET_KEY": secrets.token_urlsafe(64),
            "ALLOWED_HOSTS": HOST,
            "SITE_URL": self.url,
            "BEHIND_TLS_PROXY": "true",
            # Its database is new, and so is without signatures.
            "PILOT": "true",
            "CLINIC_NAME": "Example Clinic",
            "CLINIC_PHONE": "(212) 555-0100",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(self.ports["mail"]),
            "EMAIL_STARTTLS": "false",
            "EMAIL_FROM": "clinic@example.com",
            "STATIC_ROOT": str(folder / "static"),
            "WEB_CONCURRENCY": "1",
            **(settings or {}),
        }

    def __enter__(self) -> "Topology":
        try:
            self.start()
        except BaseException:
            self.stop_all()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop_all()

    @property
    def certificate(self) -> Path:
        return self.folder / "proxy" / "fullchain.pem"

    @property
    def mailbox(self) -> Path:
        """A folder of the kind Maildir."""
        return self.folder / "mail"

    def start(self) -> None:
        self.folder.chmod(0o711)
        static = self._begin_manage("static", "collectstatic", "--noinput", "--verbosity=0")
        self.make_database()
        self.start_database()
        self.make_roles()
        self.release()
        self._wait_for(static)
        for name in ("pooler", "mail"):
            self.start_part(name)
        self.start_together(*self.all_webs, *self.workers)
        self.start_proxy()

    def start_proxy(self) -> None:
        """With a certificate of its own making; whether anybody answers behind it or not."""
        self.make_certificate()
        self.start_part("proxy")

    # ------------------------------------------------------------------------------------------------ The database

    def make_database(self) -> None:
        """An empty server in the folder `data`, whose superuser is let in on its own socket only."""
        self.data.mkdir()
        hand_to_service_user(self.data)
        command = ["initdb", "-D", str(self.data), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        command += ["--auth-local=trust", "--auth-host=scram-sha-256", "--data-checksums"]
        self._run(self._postgres(*command), user=True)

    def start_database(self) -> None:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.ports["database"],
            "unix_socket_directories": self.data,
            **POSTGRES_SETTINGS,
        }
        command = self._postgres("postgres", "-D", str(self.data))
        self._begin("database", [*command, *(f"--{option}={value}" for option, value in options.items())], user=True)
        ready = self._postgres("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.ports["database"]))
        self._until("database", lambda: subprocess.run(ready, check=False).returncode == 0)  # noqa: S603

    def stop_database(self) -> None:
        """At once, without waiting for who is connected."""
        self.stop("database", signal.SIGINT)

    def make_roles(self, **changes: str) -> None:
        self._psql("--dbname=postgres", f"--file={ROOT / 'deploy' / 'roles.sql'}", **changes)

    def as_superuser(self, statement: str) -> None:
        self._psql(f"--dbname={self.database['DATABASE_NAME']}", f"--command={statement}")

    def _psql(self, *arguments: str, **changes: str) -> None:
        """On the server's own socket, where its superuser needs no password."""
        where = [f"--host={self.data}", f"--port={self.ports['database']}", "--username=postgres"]
        self._run(
            self._postgres("psql", "--quiet", "--no-psqlrc", *where, *arguments),
            variables={**self.database, **changes},
        )

    def release(self) -> None:
        self._run(["sh", "deploy/release.sh"], variables=self.as_owner())

    def as_owner(self) -> dict[str, str]:
        """The variables under which settings open the database as its owner, without the pooler."""
        return {
            **self.settings,
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(self.ports["database"]),
            "DATABASE_NAME": self.database["DATABASE_NAME"],
            "DATABASE_USER": self.database["DATABASE_OWNER"],
            "DATABASE_PASSWORD": self.database["DATABASE_OWNER_PASSWORD"],
        }

    def as_application(self) -> dict[str, str]:
        """The variables of web processes and workers."""
        return {
            **self.settings,
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(self.reached_at["pooler"]),
            **{name: self.database[name] for name in ("DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD")},
        }

    def client(self, program: str, *arguments: str) -> str:
        """Run psql, pg_dump or pg_restore as the owner, straight at PostgreSQL, and give what it printed."""
        owner = self.as_owner()
        variables = {
            "PGHOST": owner["DATABASE_HOST"],
            "PGPORT": owner["DATABASE_PORT"],
            "PGUSER": owner["DATABASE_USER"],
            "PGPASSWORD": owner["DATABASE_PASSWORD"],
        }
        return self._run(self._postgres(program, *arguments), variables=variables)

    def manage(self, *arguments: str, **variables: str) -> str:
        """Run manage.py with the rights of the application, and give what it printed."""
        return self._run([sys.executable, "manage.py", *arguments], variables={**self.as_application(), **variables})

    # --------------------------------------------------------------------------------------------- The other parts

    def start_part(self, name: str) -> None:
        """Start it and wait until it answers."""
        self.start_together(name)

    def start_together(self, *names: str) -> None:
        for name in names:
            self._begin_part(name)
        for name in names:
            if name in self.all_webs:
                self._until(name, lambda name=name: self.is_ready(name))
            elif name not in self.workers:
                port = self.ports["https" if name == "proxy" else name]
                self._until(name, lambda port=port: _answers(port))

    def _begin_part(self, name: str) -> None:
        if name in self.all_webs:
            self._begin(name, self._gunicorn(self.ports[name]), variables=self.as_application())
        elif name in self.workers:
            self._begin(name, [sys.executable, "manage.py", "work"], variables=self.as_application())
        elif name == "mail":
            address = f"127.0.0.1:{self.ports['mail']}"
            catcher = ["-n", "-l", address, "-c", "aiosmtpd.handlers.Mailbox", str(self.mailbox)]
            self._begin(name, [sys.executable, "-m", "aiosmtpd", *catcher])
        else:
            self._begin(name, self._configured(name), user=True)

    def _configured(self, name: str) -> list[str]:
        """Write the configuration of the proxy or the pooler, as it has to be now."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        program = "nginx" if name == "proxy" else "pgbouncer"
        variables = {**self.settings, **self.database, "LISTEN_ADDRESS": "127.0.0.1", "FOLDER": str(folder)}
        variables["DATABASE_HOST"], variables["DATABASE_PORT"] = "127.0.0.1", str(self.reached_at["database"])
        variables |= {"POOLER_PORT": str(self.ports["pooler"]), "CERTIFICATES": str(folder)}
        variables |= {f"{kind.upper()}_PORT": str(self.ports[kind]) for kind in ("http", "https")}
        variables["PUBLIC_PORT"] = variables["HTTPS_PORT"]
        in_service = {web: f"127.0.0.1:{self.ports[web]}" for web in self._in_service}
        variables["WARNINGS"] = in_service.pop(WARNINGS, "")
        variables["WEB"] = ",".join(in_service.values())
        # Whoever tries what it bears, and whoever looks at it, comes from here.
        variables["UNLIMITED"] = "127.0.0.1"
        command = write_configuration(program, variables)
        hand_to_service_user(folder, *folder.glob("*.*"))
        return [_program(command[0]), *command[1:]]

    def reload(self, name: str) -> None:
        """Let the proxy or the pooler read its configuration again, and go on with whom it serves."""
        self._configured(name)
        self.processes[name].popen.send_signal(signal.SIGHUP)

    def replace(self, web: str) -> None:
        """Put a new web process, with the settings of now, into the place of this one, so that nobody notices.

        The proxy first stops passing requests to it: one that waits to be taken by a process that ends is lost.
        """
        self._in_service.remove(web)
        former = self.processes_of_the_proxy()
        self.reload("proxy")
        self._until("proxy", lambda: not former & self.processes_of_the_proxy())
        self.stop(web)
        self.start_part(web)
        self._in_service.append(web)
        self.reload("proxy")

    def processes_of_the_proxy(self) -> set[int]:
        """Each reads the configuration once, and ends when another was read and its last request is answered."""
        proxy = self.processes["proxy"].popen.pid
        return set(map(int, Path(f"/proc/{proxy}/task/{proxy}/children").read_text().split()))

    def is_ready(self, web: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[web], timeout=5)
        try:
            for path in ("/health/ready/", "/health/"):
                connection.request("GET", path, headers={"Host": HOST, "X-Forwarded-Proto": "https"})
                status = connection.getresponse().status
                if status != 404:
                    return status == 200
        except OSError:
            pass
        finally:
            connection.close()
        return False

    # ---------------------------------------------------------------------------------------------------- Processes

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end and wait until it has. What does not end in LONGEST_STOP seconds is killed."""
        process = self.processes.pop(name)
        if process.popen.poll() is None:
            process.popen.send_signal(how)
        try:
            process.popen.wait(LONGEST_STOP)
        except subprocess.TimeoutExpired:
            _kill_group(process.popen)
            raise Failed(f"{name} did not stop.\n{process.last_words()}") from None

    def kill(self, name: str) -> None:
        """It, and what it started, without a chance to tidy up."""
        _kill_group(self.processes.pop(name).popen)

    def stop_all(self) -> None:
        """Whatever has been started, in an order in which nobody has to wait for somebody who is gone."""
        first = ["proxy", *self.all_webs, *self.workers]
        running = sorted(self.processes, key=lambda name: first.index(name) if name in first else len(first))
        for name in running:
            if name not in first:
                continue
            self.processes[name].popen.terminate()
        failures = []
        for name in running:
            try:
                self.stop(name, signal.SIGINT if name == "database" else signal.SIGTERM)
            except Failed as failure:
                failures.append(str(failure))
        if failures:
            raise Failed("\n".join(failures))

    def _begin(
        self, name: str, command: list[str], *, variables: Mapping[str, str] | None = None, user: bool = False
    ) -> None:
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            popen = subprocess.Popen(  # noqa: S603
                command,
                cwd=ROOT if variables is not None or not user else self.folder,
                env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C reaches only us, who then stop them in order.
                start_new_session=True,
                **(as_service_user() if user else {}),
            )
        self.processes[name] = Process(popen, log)

    def _begin_manage(self, name: str, *arguments: str) -> str:
        self._begin(name, [sys.executable, "manage.py", *arguments], variables=self.as_application())
        return name

    def _wait_for(self, name: str) -> None:
        """For one that ends by itself."""
        process = self.processes[name]
        if process.popen.wait(LONGEST_START):
            raise Failed(f"{name} failed.\n{process.last_words()}")
        del self.processes[name]

    def _until(self, name: str, is_so: Callable[[], object]) -> None:
        process, end = self.processes[name], time.monotonic() + LONGEST_START
        while not is_so():
            if process.popen.poll() is not None:
                raise Failed(f"{name} ended by itself.\n{process.last_words()}")
            if time.monotonic() > end:
                raise Failed(f"{name} takes too long.\n{process.last_words()}")
            time.sleep(0.05)

    def _run(self, command: list[str], *, variables: Mapping[str, str] | None = None, user: bool = False) -> str:
        ran = subprocess.run(  # noqa: S603
            command,
            cwd=self.folder if user else ROOT,
            env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **(variables or {})},
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
            **(as_service_user() if user else {}),
        )
        if ran.returncode:
            raise Failed(f"{Path(command[0]).name} failed.\n{ran.stdout[-1000:]}{ran.stderr[-3000:]}")
        return ran.stdout

    def _postgres(self, program: str, *arguments: str) -> list[str]:
        return [str(postgres_programs() / program), *arguments]

    def _gunicorn(self, port: int) -> list[str]:
        """As the image starts it, but on loopback and a port of its own."""
        written = re.search(r"^CMD (\[.*?\])$", (ROOT / "Dockerfile").read_text(), re.DOTALL | re.MULTILINE)[1]
        command = json.loads(written.replace("\\\n", ""))
        command[command.index("0.0.0.0:8000")] = f"127.0.0.1:{port}"
        return [sys.executable, "-m", *command]

    def make_certificate(self) -> None:
        (self.folder / "proxy").mkdir(exist_ok=True)
        make_certificate(self.folder / "proxy")


def make_certificate(folder: Path) -> Path:
    """One for this machine, with its key beside it, under the names that the proxy looks for."""
    key, certificate = folder / "privkey.pem", folder / "fullchain.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", f"/CN={HOST}"]
    command += ["-addext", f"subjectAltName=DNS:{HOST},IP:127.0.0.1"]
    subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    return certificate


def as_service_user() -> dict:
    """As root, the options of Popen by which a process runs as another user."""
    return {"user": SERVICE_USER, "group": SERVICE_USER, "extra_groups": []} if os.geteuid() == 0 else {}


def hand_to_service_user(*paths: Path) -> None:
    if os.geteuid() == 0:
        for path in paths:
            shutil.chown(path, SERVICE_USER, SERVICE_USER)


def _kill_group(popen: subprocess.Popen) -> None:
    with suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGKILL)
    popen.wait()


def free_ports(count: int) -> list[int]:
    """All held open until all are known, so that no two are the same."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _program(name: str) -> str | None:
    """Debian keeps servers where only root looks for them."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def postgres_programs() -> Path | None:
    """What POSTGRES_BIN names, else where the newest of Debian's servers is, else the one on the PATH."""
    if named := os.environ.get("POSTGRES_BIN"):
        return Path(named)
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None

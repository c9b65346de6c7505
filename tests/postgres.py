"""A throw-away PostgreSQL server in a temporary folder, with the log settings the product needs."""

import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.topology import postgres_programs

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = {connections}
# As docker-compose.yml sets it: without these the log repeats what patients typed whenever a statement fails.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length_on_error = 0
"""


# Nothing here outlives the tests.
HASTY = """
fsync = off
full_page_writes = off
synchronous_commit = off
"""


class Unavailable(Exception):
    """There is no server to be had; the message says how to get one."""


class Server:
    """A server that can be killed and started again. `folder` is emptied of it by whoever made it."""

    def __init__(self, folder: Path, data: Path, port: int = 5432):
        self.folder, self.data, self.port, self.log = folder, data, port, folder / "log"
        self._binaries = binaries()
        # PostgreSQL refuses to run as root.
        self._as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.variables = {
            "DATABASE_HOST": str(folder),
            "DATABASE_PORT": str(port),
            "DATABASE_NAME": "upright",
            "DATABASE_USER": "upright",
            "TEST_DATABASE_LOG": str(self.log),
        }

    def make(self, settings: str, *options: str) -> None:
        if self._as_postgres:
            try:
                for folder in {self.folder, self.data.parent}:
                    shutil.chown(folder, "postgres")
            except LookupError as error:
                raise Unavailable("root needs a user named postgres to run it: apt-get install postgresql") from error
        self._call("initdb", "-U", "upright", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", *options)
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(settings)

    def start(self) -> None:
        self._call("pg_ctl", "start", "-w", "-l", str(self.log), "-o", f"-p {self.port}")

    def kill(self) -> None:
        """All its processes end at once, whatever they are at; the next start recovers what was committed."""
        if (self.data / "postmaster.pid").exists():
            self._call("pg_ctl", "stop", "-w", "-m", "immediate")

    def crash(self) -> None:
        """As a machine that goes: no process of it hears of anything, or ends what it is at."""
        pid_file = self.data / "postmaster.pid"
        postmaster = int(pid_file.read_text().split()[0])
        # So that it starts no other meanwhile.
        os.kill(postmaster, signal.SIGSTOP)
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        ends = []
        for process in (*map(int, children), postmaster):
            with suppress(ProcessLookupError):
                ends.append(os.pidfd_open(process))
                os.kill(process, signal.SIGKILL)
        for end in ends:
            select.select([end], [], [])
            os.close(end)
        # Another machine would find them, and no process of that number; here it may still be listed for a while.
        pid_file.unlink()
        for file in self.folder.glob(f".s.PGSQL.{self.port}*"):
            file.unlink()

    def reload(self, settings: str) -> None:
        """With these settings from now on."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(settings)
        self._call("pg_ctl", "reload")

    def standby(self, data: Path, port: int, address: int) -> "Server":
        """Another that follows whoever is at this address, a port of this machine, and can take over. It runs."""
        other = Server(self.folder, data, port)
        at = ["-h", "127.0.0.1", "-p", str(address), "-U", "upright"]
        other._call("pg_basebackup", *at, "--checkpoint=fast", "--write-recovery-conf", "--no-sync")
        other.start()
        return other

    def promote(self) -> None:
        self._call("pg_ctl", "promote", "-w")

    def follow(self, address: int) -> None:
        """Forget what only this one has, which has crashed, and become a standby of who is at this address."""
        source = f"host=127.0.0.1 port={address} user=upright dbname=postgres"
        self._call("pg_rewind", f"--source-server={source}", "--write-recovery-conf", "--no-sync")
        self.start()

    def ask(self, statement: str) -> str:
        """What it says to a superuser, at its own socket."""
        at = ["-h", str(self.folder), "-p", str(self.port), "-U", "upright", "-d", "postgres"]
        command = [str(self._binaries / "psql"), "-XAtq", *at, "-c", statement]
        said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        return said.stdout.strip()

    def base_backup(self, data: Path) -> "Server":
        """Where a server can be started that has what this one has, once this one is gone."""
        copy = Server(self.folder, data)
        copy._call("pg_basebackup", "-h", str(self.folder), "-U", "upright", "--checkpoint=fast")
        return copy

    def recover(self, archive: Path, until: str) -> None:
        """Start it with what the archive has of before that time, and go on from there."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"restore_command = 'cp {archive}/%f %p'\nrecovery_target_time = '{until}'\n")
            file.write("recovery_target_action = promote\n")
        (self.data / "recovery.signal").touch()
        self.start()

    def _call(self, program: str, *arguments: str) -> None:
        command = [*self._as_postgres, str(self._binaries / program), "-D", str(self.data), *arguments]
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate()
        finally:
            # Also after Ctrl-C, which is kept from it: killed half-way, it would leave processes behind.
            process.wait()
        if process.returncode:
            said += self.log.read_text() if self.log.exists() else ""
            raise Unavailable(f"{program} of {self._binaries} failed: {said.strip()}")


@contextmanager
def server() -> Iterator[dict[str, str]]:
    """Runs a server and gives the environment variables under which settings find it, and its log."""
    with running(HASTY) as hasty:
        yield hasty.variables


@contextmanager
def running(more_settings: str = "", *, connections: int = 200, data: Path | None = None) -> Iterator[Server]:
    """Runs a server of which one can ask more; without `more_settings` it writes as durably as in production.

    `data` is an empty folder for what it stores, on a small disk, say; its files of WAL are small then.
    """
    with tempfile.TemporaryDirectory(prefix="upright-postgres-") as name:
        folder = Path(name)
        made = Server(folder, data / "data" if data else folder / "data")
        try:
            settings = SETTINGS.format(folder=folder, connections=connections) + more_settings
            made.make(settings, *(["--wal-segsize=1"] if data else []))
            made.start()
            yield made
        finally:
            made.kill()


def binaries() -> Path:
    if found := postgres_programs():
        return found
    raise Unavailable("there is no server: apt-get install postgresql")

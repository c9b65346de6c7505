"""A throw-away PostgreSQL server in a temporary folder, with the log settings the product needs."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 200
# Nothing here outlives the tests.
fsync = off
full_page_writes = off
synchronous_commit = off
# As docker-compose.yml sets it: without these the log repeats what patients typed whenever a statement fails.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length_on_error = 0
"""


class Unavailable(Exception):
    """There is no server to be had; the message says how to get one."""


@contextmanager
def server() -> Iterator[dict[str, str]]:
    """Runs a server and gives the environment variables under which settings find it, and its log."""
    binaries = _binaries()
    # PostgreSQL refuses to run as root.
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    with tempfile.TemporaryDirectory(prefix="upright-postgres-") as name:
        folder = Path(name)
        data, log = folder / "data", folder / "log"

        def call(program: str, *arguments: str) -> None:
            command = [*as_postgres, str(binaries / program), "-D", str(data), *arguments]
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=folder,
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
                said += log.read_text() if log.exists() else ""
                raise Unavailable(f"{program} of {binaries} failed: {said.strip()}")

        if as_postgres:
            try:
                shutil.chown(folder, "postgres")
            except LookupError as error:
                raise Unavailable("root needs a user named postgres to run it: apt-get install postgresql") from error
        try:
            call("initdb", "-U", "upright", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
            with (data / "postgresql.conf").open("a") as file:
                file.write(SETTINGS.format(folder=folder))
            call("pg_ctl", "start", "-w", "-l", str(log))
            yield {
                "DATABASE_HOST": name,
                "DATABASE_PORT": "5432",
                "DATABASE_NAME": "upright",
                "DATABASE_USER": "upright",
                "TEST_DATABASE_LOG": str(log),
            }
        finally:
            if (data / "postmaster.pid").exists():
                call("pg_ctl", "stop", "-w", "-m", "immediate")


def _binaries() -> Path:
    """Where the newest of Debian's servers is, else the one on the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    if on_path := shutil.which("pg_ctl"):
        return Path(on_path).resolve().parent
    raise Unavailable("there is no server: apt-get install postgresql")

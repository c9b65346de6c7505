"""The server as it is run in production, for tests that send it bytes."""

import http.client
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

ROOT = Path(__file__).parents[1]
FORM = "application/x-www-form-urlencoded"


class Server:
    """Gunicorn as it is run in production, on a port of its own, with the database of this test."""

    def __init__(self, port: int):
        self.port = port

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> int:
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Host": "localhost", "Content-Type": FORM} | {k.replace("_", "-"): v for k, v in headers.items()}
        asked.request(method, path, body.encode(), sent)
        answer = asked.getresponse()
        answer.read()
        asked.close()
        return answer.status

    def say(self, raw: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as line:
            line.sendall(raw)
            line.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: line.recv(4096), b""))


@contextmanager
def serving(output: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    database = connection.settings_dict
    names = {"HOST": "DATABASE_HOST", "PORT": "DATABASE_PORT", "NAME": "DATABASE_NAME", "USER": "DATABASE_USER"}
    if connection.vendor == "sqlite":
        names = {"NAME": "SQLITE_PATH"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    environment |= {variable: str(database[name]) for name, variable in names.items()}
    environment |= {"LOG_FORMAT": "json", "UPRIGHT_DEVELOPMENT": "1", "COUNT_EVERY_SECONDS": "0"}
    command = ["-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi", "--workers", "1"]
    command += ["--no-control-socket", "--bind", f"127.0.0.1:{port}"]
    with output.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT
        )
        server = Server(port)
        try:
            until(lambda: answers(server))
            yield server
        finally:
            process.terminate()
            process.wait(timeout=120)


def answers(server: Server) -> bool:
    try:
        return server.ask("GET", "/health/") == 200
    except OSError:
        return False


def until(is_so) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)

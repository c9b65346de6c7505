"""A network between two servers that can be told to swallow: lines stay up, and nothing comes back."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Passes on what comes to `port`, to wherever `target` connects."""

    def __init__(self, target) -> None:
        self._target = target
        self._flows = threading.Event()
        self._flows.set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]

    def swallow(self) -> None:
        self._flows.clear()

    def flow(self) -> None:
        self._flows.set()

    def serve(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            try:
                far = self._target()
            except OSError:
                near.close()
                continue
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError), one, other:
            try:
                while said := one.recv(65_536):
                    self._flows.wait()
                    other.sendall(said)
            finally:
                # Closed alone, a line stays up for as long as the other thread waits for it.
                for line in (one, other):
                    with suppress(OSError):
                        line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._flows.set()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@contextmanager
def relay_to(target) -> Iterator[Relay]:
    """`target()` gives a new line to where the relay leads."""
    relay = Relay(target)
    threading.Thread(target=relay.serve, daemon=True).start()
    try:
        yield relay
    finally:
        relay.close()


def to_address(host: str, port: int):
    return lambda: socket.create_connection((host, port))


def to_socket(path: str):
    def connect() -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(path)
        except OSError:
            line.close()
            raise
        return line

    return connect

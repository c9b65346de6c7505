"""Clients that send one byte a second to gunicorn itself: what all others have of that, with no proxy between."""

import socket
import threading
import time
from contextlib import suppress

from tests import postgres
from tests.soak import site
from tests.soak.site import Browser, say

WORKERS = 2


def run(seconds: float) -> list[str]:
    """The product is meant to stand behind a proxy that reads requests whole; here is why. Finds no faults."""
    with postgres.running() as server:
        site.boot(server.variables)
        with site.web(workers=WORKERS) as port:
            for count in (1, WORKERS):
                stop = threading.Event()
                threads = [threading.Thread(target=drip, args=(port, stop)) for _ in range(count)]
                for thread in threads:
                    thread.start()
                time.sleep(1)
                waits, until = [], time.monotonic() + seconds
                try:
                    while time.monotonic() < until:
                        waits.append(wait(port))
                        time.sleep(0.2)
                finally:
                    stop.set()
                    for thread in threads:
                        thread.join()
                say(f"{count} slow clients, {WORKERS} processes: {len(waits)} answers, {site.percentiles(waits)}")
    return []


def wait(port: int) -> float:
    started = time.monotonic()
    with suppress(OSError):
        Browser(port).get("/")
    return time.monotonic() - started


def drip(port: int, stop: threading.Event) -> None:
    """A form of a page, a byte a second, again as soon as the server hangs up."""
    head = b"POST /check/pain/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    letters = head + b"Content-Length: 500\r\n\r\n" + b"x" * 500
    while not stop.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
                for letter in letters:
                    line.send(bytes([letter]))
                    if stop.wait(1):
                        return
        except OSError:
            stop.wait(0.1)

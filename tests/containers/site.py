"""The product in its containers, as visitors and operators see it."""

import http.client
import json
import secrets
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import TypeVar

from deploy.topology import HOST
from tests.containers.project import Container, Failed, Project
from tests.walk import words_of
from tests.wire import Response, Visitor

ARRIVES_WITHIN = 60
Found = TypeVar("Found")


def variables(folder: Path) -> dict[str, str]:
    """What the operator's guide asks to be set; the certificate is in the folder."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "AUDIT_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": HOST,
        # Its database is new, and so is without signatures.
        "PILOT": "true",
        "CLINIC_NAME": "Example Clinic",
        "CLINIC_PHONE": "(212) 555-0100",
        "CERTIFICATES": str(folder),
        "EMAIL_HOST": "mail",
        "EMAIL_PORT": "1025",
        "EMAIL_STARTTLS": "false",
        "EMAIL_FROM": "clinic@example.com",
        **{f"DATABASE_{whose}PASSWORD": secrets.token_urlsafe() for whose in ("ADMIN_", "OWNER_", "")},
    }


class Site:
    def __init__(self, project: Project, certificate: Path, settings: dict[str, str]) -> None:
        self.project, self.certificate = project, certificate
        self.url = settings["SITE_URL"]
        self.secrets = [value for name, value in settings.items() if name.endswith(("KEY", "PASSWORD"))]

    def visitor(self) -> Visitor:
        return Visitor(self.url, self.certificate)

    def status(self, address: str) -> int:
        """0 where nobody answers."""
        try:
            return self.visitor().get(address).status_code
        except (OSError, http.client.HTTPException):
            return 0

    def letter(self, address: str, words: str) -> dict | None:
        """What is known of the letter to this address with these words in its subject."""
        listed = self._of_mailpit("messages")["messages"]
        fits = [one for one in listed if address in [to["Address"] for to in one["To"]] and words in one["Subject"]]
        return fits[0] if fits else None

    def text_of(self, letter: dict) -> str:
        return self._of_mailpit(f"message/{letter['ID']}")["Text"]

    def _of_mailpit(self, what: str) -> dict:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.project.ports[8025]}/api/v1/{what}", timeout=20
        ) as answer:
            return json.load(answer)

    def shell(self, container: Container, program: str) -> str:
        """What the program prints where manage.py and its settings are."""
        return self.project.execute(container, "python", "manage.py", "shell", "--verbosity=0", "-c", program)

    @contextmanager
    def asked_steadily(self, *addresses: str, every: float = 0.1) -> Iterator[Counter[str]]:
        """Somebody asks for these pages all the while. Gives how often all was well, and what was not."""
        said = Counter[str]()
        ended = threading.Event()

        def ask() -> None:
            for address in cycle(addresses):
                try:
                    answer = self.visitor().get(address)
                    said["well" if answer.status_code in (200, 302) else _not_well(address, answer)] += 1
                except (OSError, http.client.HTTPException) as error:
                    said[f"{address}: {error!r}"] += 1
                if ended.wait(every):
                    return

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            yield said
        finally:
            ended.set()
            asking.join()


def _not_well(address: str, answer: Response) -> str:
    return f"{time.strftime('%X')} {address}: {answer.status_code} {words_of(answer)[:60]}"


def until(what: str, is_so: Callable[[], Found], longest: float = ARRIVES_WITHIN) -> Found:
    end = time.monotonic() + longest
    while not (found := is_so()):
        if time.monotonic() > end:
            raise Failed(f"In {longest} seconds it was not so: {what}.")
        time.sleep(0.3)
    return found

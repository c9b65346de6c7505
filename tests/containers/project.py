"""The containers, networks and volumes of one run, by the commands that Docker and podman share.

Each has a name of its own with the name of the run in front, and nothing else is touched. What the compose file says
is kept, with one exception: ports are published on loopback, on ports that were free.
"""

import json
import os
import secrets
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.topology import free_ports
from tests.containers.compose import COMPLETED, HEALTHY, Composition, Service

LONGEST_START = 180
LONGEST_BUILD = 1800


class Failed(Exception):
    """A command or a container did not do what it should; the message ends with what it said."""


class Engine:
    """Docker or podman: what CONTAINER_ENGINE names, else the first of them that works."""

    def __init__(self) -> None:
        names = [os.environ["CONTAINER_ENGINE"]] if "CONTAINER_ENGINE" in os.environ else ["docker", "podman"]
        # A client whose server is away fails here.
        working = [name for name in names if shutil.which(name) and _ran([name, "info"]).returncode == 0]
        if not working:
            raise Failed(f"This does not work here: {', '.join(names)}. On Debian: apt-get install podman")
        self.name = working[0]
        self.version = self("--version").strip()
        self.is_podman = "podman" in self.version

    def __call__(self, *arguments: str, longest: float = 120, **how: Any) -> str:
        """What it printed. It fails unless it ends with 0."""
        command = [self.name, *arguments]
        try:
            ran = _ran(command, timeout=longest, **how)
        except subprocess.TimeoutExpired:
            raise Failed(f"{_without_options(command)} took longer than {longest:.0f} seconds.") from None
        if ran.returncode:
            said = f"{ran.stdout[-500:]}{ran.stderr[-2000:]}"
            raise Failed(f"{_without_options(command)} ended with {ran.returncode}.\n{said}")
        return ran.stdout

    def has_image(self, image: str) -> bool:
        return _ran([self.name, "image", "inspect", image]).returncode == 0


def _ran(command: list[str], **how: Any) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, **how)  # noqa: S603


def _without_options(command: list[str]) -> str:
    return " ".join(word for word in command if not word.startswith("-"))


@dataclass(frozen=True)
class Container:
    name: str
    # Its service and which one of it this is, for who reads.
    label: str
    service: Service


class Project:
    def __init__(
        self, engine: Engine, composition: Composition, stand_ins: Mapping[str, str], ports: Mapping[int, int]
    ) -> None:
        """`stand_ins` has images by the names of those whose place they take, `ports` ours by those of the file."""
        self.engine, self.composition, self.stand_ins = engine, composition, stand_ins
        self.name = f"upright-{secrets.token_hex(3)}"
        self.services = composition.services
        self.containers: list[Container] = []
        self._started = Counter[str]()
        # Of those that have been removed, by their labels.
        self.former_logs: dict[str, str] = {}
        published = [port for service in self.services.values() for _, port, _ in service.ports]
        self.ports = dict(zip(published, free_ports(len(published)), strict=True)) | ports

    def build(self, folder: Path, options: list[str]) -> list[str]:
        """Each image of ours once. Gives their names."""
        ours = {self.image_of(one): one.dockerfile for one in self.services.values() if one.dockerfile}
        for image, dockerfile in ours.items():
            replaced = [f"--build-context={base}=docker-image://{other}" for base, other in self.stand_ins.items()]
            # In podman's own format an image has no health test.
            how = ["--format=docker"] if self.engine.is_podman else []
            where = ["--tag", image, "--file", str(dockerfile), str(folder)]
            self.engine("build", *how, *replaced, *options, *where, longest=LONGEST_BUILD)
        return list(ours)

    def image_of(self, service: Service) -> str:
        if service.dockerfile:
            return f"{self.name}-{service.image}"
        return self.stand_ins.get(service.image, service.image)

    # ---------------------------------------------------------------------------------------------------- All of it

    def up(self) -> None:
        """Each service in its order, as soon as what it waits for is as it has to be."""
        for network, is_internal in self.composition.networks.items():
            self.engine("network", "create", *(["--internal"] if is_internal else []), f"{self.name}_{network}")
        for volume in self.composition.volumes:
            self.engine("volume", "create", f"{self.name}_{volume}")
        for service in self.composition.in_order():
            for other, condition in service.depends_on.items():
                for container in self.of(other):
                    self.wait_for(container, condition)
            for _ in range(service.replicas):
                self.start(service.name)
        for container in self.containers:
            if self.health_of(container):
                self.wait_for(container, HEALTHY)

    def down(self) -> None:
        """Nothing of this run is left but the base images, and what the builder keeps for the next build."""
        for container in reversed(self.containers):
            _ran([self.engine.name, "rm", "--force", "--volumes", container.name])
        for kind, names in [("network", self.composition.networks), ("volume", self.composition.volumes)]:
            for name in names:
                _ran([self.engine.name, kind, "rm", "--force", f"{self.name}_{name}"])
        for image in {self.image_of(service) for service in self.services.values() if service.dockerfile}:
            # Another build may be at work with the same layers.
            _ran([self.engine.name, "image", "rm", "--no-prune", image])

    # ------------------------------------------------------------------------------------------------ One container

    def of(self, service: str) -> list[Container]:
        return [container for container in self.containers if container.service.name == service]

    def start(self, name: str) -> Container:
        """One more of this service."""
        service = self.services[name]
        self._started[name] += 1
        label = f"{name}-{self._started[name]}"
        container = Container(f"{self.name}_{label}", label, service)
        self.containers.append(container)
        first, *others = service.networks
        flags = [f"--name={container.name}", f"--network={self.name}_{first}", f"--network-alias={name}"]
        # The values are not among the arguments, which everybody on this machine can read.
        flags += [f"--env={variable}" for variable in service.environment]
        for source, target, how in service.volumes:
            flags.append(f"--volume={source if source.startswith('/') else f'{self.name}_{source}'}:{target}:{how}")
        flags += [f"--publish=127.0.0.1:{self.ports[port]}:{inner}" for _, port, inner in service.ports]
        if self.engine.is_podman:
            # As with Docker, nothing can be written but what the file names.
            flags.append("--read-only-tmpfs=false")
        create = ["create", *flags, *service.options, self.image_of(service), *service.command]
        self.engine(*create, env={**os.environ, **service.environment})
        for other in others:
            self.engine("network", "connect", f"--alias={name}", f"{self.name}_{other}", container.name)
        self.engine("start", container.name)
        return container

    def stop(self, container: Container) -> tuple[float, int]:
        """As the file says how. Gives how many seconds it took, and with what it ended."""
        began = time.monotonic()
        self.engine("stop", container.name, longest=container.service.grace + 60)
        return round(time.monotonic() - began, 1), self.state_of(container)["ExitCode"]

    def remove(self, container: Container) -> None:
        self.former_logs[container.label] = self.log_of(container)
        self.engine("rm", "--volumes", container.name)
        self.containers.remove(container)

    def run(self, name: str) -> None:
        """For one that ends by itself, once more."""
        container = self.start(name)
        self.wait_for(container, COMPLETED)
        self.remove(container)

    def execute(self, container: Container, *command: str) -> str:
        """What the command prints in there, as the container's own user."""
        return self.engine("exec", container.name, *command).strip()

    def wait_for(self, container: Container, condition: str) -> float:
        """Gives how many seconds it took."""
        began = time.monotonic()
        while not self.fits(container, condition):
            if time.monotonic() - began > LONGEST_START:
                raise Failed(f"{container.label} is not {condition} in time.\n{self.log_of(container)[-2000:]}")
            time.sleep(0.5)
        return time.monotonic() - began

    def fits(self, container: Container, condition: str) -> bool:
        state = self.state_of(container)
        has_ended = state["Status"] in ("exited", "stopped")
        if has_ended and (condition != COMPLETED or state["ExitCode"]):
            raise Failed(f"{container.label} ended with {state['ExitCode']}.\n{self.log_of(container)[-2000:]}")
        if condition == COMPLETED:
            return has_ended
        return state["Status"] == "running" and (condition != HEALTHY or self.is_healthy(container))

    def is_healthy(self, container: Container) -> bool:
        """By the test that the file or the image names, made now: with podman nobody makes it now and then."""
        test = self.health_of(container)
        if not test:
            raise Failed(f"{container.label} has no health test, and others wait for its health.")
        kind, *command = test
        command = ["sh", "-c", *command] if kind == "CMD-SHELL" else command
        return _ran([self.engine.name, "exec", container.name, *command]).returncode == 0

    def health_of(self, container: Container) -> list[str]:
        """The test, or nothing."""
        test = (self._inspect(container)["Config"].get("Healthcheck") or {}).get("Test", [])
        return [] if test == ["NONE"] else test

    def state_of(self, container: Container) -> dict[str, Any]:
        return self._inspect(container)["State"]

    def address_of(self, container: Container, network: str) -> str:
        return self._inspect(container)["NetworkSettings"]["Networks"][f"{self.name}_{network}"]["IPAddress"]

    def log_of(self, container: Container) -> str:
        ran = _ran([self.engine.name, "logs", container.name])
        return ran.stdout + ran.stderr

    def _inspect(self, container: Container) -> dict[str, Any]:
        return json.loads(self.engine("container", "inspect", container.name))[0]

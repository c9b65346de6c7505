"""Reads docker-compose.yml as Docker Compose does, and refuses what it does not know rather than leave it out."""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

HEALTHY, COMPLETED, STARTED = "service_healthy", "service_completed_successfully", "service_started"


class Unknown(ValueError):
    """The file says something that is not understood here; the message says what and where."""


class Missing(ValueError):
    """A variable has to be set; the message is the file's own."""


@dataclass(frozen=True)
class Service:
    name: str
    # Of one that is built here, the file that says how.
    dockerfile: Path | None
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    # Address of this machine or "", port of this machine, port of the container.
    ports: tuple[tuple[str, int, int], ...]
    # What is mounted, where, and how; the first is a folder, a file, or the name of a volume.
    volumes: tuple[tuple[str, str, str], ...]
    networks: tuple[str, ...]
    # What it waits for, and until when.
    depends_on: Mapping[str, str]
    replicas: int
    grace: float
    # Those of `docker create` and `podman create` that mean what the file says about rights, signals and health.
    options: tuple[str, ...]


@dataclass(frozen=True)
class Composition:
    services: Mapping[str, Service]
    volumes: tuple[str, ...]
    # With whether nothing outside can be reached from it.
    networks: Mapping[str, bool]

    def in_order(self) -> list[Service]:
        """Each after all that it waits for."""
        graph = {name: service.depends_on for name, service in self.services.items()}
        return [self.services[name] for name in TopologicalSorter(graph).static_order()]


def read(file: Path, variables: Mapping[str, str], profiles: Iterable[str] = ()) -> Composition:
    whole = _filled(yaml.safe_load(file.read_text("utf-8")), variables)
    _only(
        {key: value for key, value in whole.items() if not key.startswith("x-")},
        "the file",
        {"services", "volumes", "networks"},
    )
    volumes, networks = whole.get("volumes", {}), whole.get("networks", {})
    for name, said in [*volumes.items(), *networks.items()]:
        _only(said or {}, name, {"internal"} if name in networks else set())
    services = {
        name: _service(name, said, file.parent)
        for name, said in whole["services"].items()
        if set(said.get("profiles", [])) <= set(profiles)
    }
    for service in services.values():
        for kind, used, there in [
            ("service", service.depends_on, services),
            ("network", service.networks, networks),
            ("volume", [name for name, _, _ in service.volumes if not name.startswith("/")], volumes),
        ]:
            if strange := set(used) - set(there):
                raise Unknown(f"{service.name} names a {kind} that is not there: {', '.join(sorted(strange))}")
    return Composition(
        services, tuple(volumes), {name: bool((said or {}).get("internal")) for name, said in networks.items()}
    )


def seconds(text: str) -> float:
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text)
    if not text or not parts:
        raise Unknown(f"{text!r} is no time")
    hours, minutes, rest = (int(part or 0) for part in parts.groups())
    return hours * 3600 + minutes * 60 + rest


# ------------------------------------------------------------------------------------------------------- One service

_OPTIONS: dict[str, Callable[[Any], list[str]]] = {
    "restart": lambda policy: [f"--restart={policy}"],
    "read_only": lambda on: ["--read-only"] if on else [],
    "tmpfs": lambda folders: [f"--tmpfs={folder}" for folder in folders],
    "cap_drop": lambda rights: [f"--cap-drop={right}" for right in rights],
    "security_opt": lambda options: [f"--security-opt={option}" for option in options],
    "stop_signal": lambda signal: [f"--stop-signal={signal}"],
    "stop_grace_period": lambda time: [f"--stop-timeout={seconds(time):.0f}"],
    "healthcheck": lambda said: _health(said),
}
_ELSEWHERE = {
    *("build", "command", "depends_on", "deploy", "environment", "image", "networks", "ports", "profiles", "volumes"),
}


def _service(name: str, said: dict, folder: Path) -> Service:
    _only(said, name, _OPTIONS.keys() | _ELSEWHERE)
    deploy, depends_on = said.get("deploy", {}), said.get("depends_on", {})
    _only(deploy, f"deploy of {name}", {"replicas"})
    for other, condition in depends_on.items():
        _only(condition, f"{name}, which waits for {other},", {"condition"})
        if condition["condition"] not in (HEALTHY, COMPLETED, STARTED):
            raise Unknown(f"{name} waits for {other} to be {condition['condition']}")
    return Service(
        name=name,
        dockerfile=_dockerfile(name, said["build"], folder) if "build" in said else None,
        image=said["image"],
        command=tuple(map(str, said.get("command", []))),
        environment=said.get("environment", {}),
        ports=tuple(_port(port) for port in said.get("ports", [])),
        volumes=tuple(_volume(volume, folder) for volume in said.get("volumes", [])),
        networks=tuple(said["networks"]),
        depends_on={other: condition["condition"] for other, condition in depends_on.items()},
        replicas=deploy.get("replicas", 1),
        # What Docker waits unless it is told.
        grace=seconds(said.get("stop_grace_period", "10s")),
        options=tuple(option for key, value in said.items() if key in _OPTIONS for option in _OPTIONS[key](value)),
    )


def _dockerfile(name: str, said: str | dict, folder: Path) -> Path:
    said = {"context": said} if isinstance(said, str) else said
    _only(said, f"build of {name}", {"context", "dockerfile"})
    if said["context"] != ".":
        raise Unknown(f"{name} is built of {said['context']}")
    return folder / said.get("dockerfile", "Dockerfile")


def _port(said: str) -> tuple[str, int, int]:
    parts = re.fullmatch(r"(?:([\d.]+):)?(\d+):(\d+)", said)
    if not parts:
        raise Unknown(f"{said} is no port")
    return parts[1] or "", int(parts[2]), int(parts[3])


def _volume(said: str, folder: Path) -> tuple[str, str, str]:
    source, target, *how = said.split(":")
    if how not in ([], ["ro"]) or not target.startswith("/"):
        raise Unknown(f"{said} is no volume")
    return str((folder / source).resolve()) if source.startswith((".", "/")) else source, target, *(how or ["rw"])


def _health(said: dict) -> list[str]:
    _only(said, "healthcheck", {"test", "interval", "timeout", "start_period", "retries", "disable"})
    if said.get("disable"):
        return ["--no-healthcheck"]
    kind, *command = said["test"]
    if kind != "CMD":
        raise Unknown(f"a healthcheck by {kind}")
    rest = [f"--health-{key.replace('_', '-')}={value}" for key, value in said.items() if key != "test"]
    return [f"--health-cmd={shlex.join(command)}", *rest]


def _only(said: Mapping, where: str, known: set[str]) -> None:
    if strange := said.keys() - known:
        raise Unknown(f"{where} says {', '.join(sorted(strange))}, which is not understood here")


# --------------------------------------------------------------------------------------------------------- Variables


def _filled(said: Any, variables: Mapping[str, str]) -> Any:
    match said:
        case dict():
            return {key: _filled(value, variables) for key, value in said.items()}
        case list():
            return [_filled(value, variables) for value in said]
        case str():
            return re.sub(r"\$(?:\{(\w+)(?:(:[-?+])([^{}]*))?\}|(.?))", lambda found: _value(found, variables), said)
    return said


def _value(found: re.Match, variables: Mapping[str, str]) -> str:
    name, how, word, _ = found.groups()
    if not name:
        raise Unknown(f"{found.string!r} has a dollar sign that names no variable")
    value = variables.get(name, "")
    match how:
        case ":-":
            return value or word
        case ":+":
            return value and word
        case ":?" if not value:
            raise Missing(word)
    return value

"""Starts the proxy or the pooler, with its configuration filled in from the environment.

    python3 deploy/start.py nginx
    python3 deploy/start.py pgbouncer

The containers and `python -m deploy` both start them by this, so that what is tried is what is deployed. A password
may stand in the file that NAME_FILE names. It needs no more than Python, because it runs where the product is
not installed.
"""

import html
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).parent

DEFAULTS = {
    "FOLDER": "/tmp",  # noqa: S108, of the container, which is its own
    "CERTIFICATES": "/certificates",
    "LISTEN_ADDRESS": "0.0.0.0",  # noqa: S104, of the container, of which only the proxy's ports are published
    "HTTP_PORT": "8080",
    "HTTPS_PORT": "8443",
    "PUBLIC_PORT": "443",
    "WEB": "web:8000",
    "WARNINGS": "",
    "UNLIMITED": "",
    "POOLER_PORT": "6432",
    "POOL_SIZE": "20",
    "DATABASE_PORT": "5432",
    "DATABASE_TLS": "prefer",
    "DATABASE_TLS_CA": "",
    "DATABASE_FORMER_USER": "",
    "DATABASE_FORMER_PASSWORD": "",
}
NAMES = re.compile(r"[\w.:\[\]*/-]+")
# So often the names of servers are looked up, in seconds: nginx itself does so only when it starts or reloads.
LOOKED_UP_EVERY = 3.0
COMMANDS = {
    "nginx": ["nginx", "-e", "stderr", "-c", "{folder}/nginx.conf"],
    "pgbouncer": ["pgbouncer", "{folder}/pgbouncer.ini"],
}


# A name that does not lead anywhere leads to nothing.
Addresses = dict[str, frozenset[str]]


class Wrong(ValueError):
    """A variable is missing or cannot be right; the message says which."""


def write_configuration(program: str, environment: Mapping[str, str]) -> list[str]:
    """Write what the program reads into FOLDER, for its own user only, and give the command that starts it."""
    set_ones = {name: value for name, value in environment.items() if value.strip()}
    variables = _Variables({**DEFAULTS, **set_ones, **_in_files(set_ones)})
    folder = Path(variables["FOLDER"])
    match program:
        case "nginx":
            pages = ("unavailable.html", "too-many.html")
            files = {"nginx.conf": _nginx(variables), **{page: _page(page, variables) for page in pages}}
        case "pgbouncer":
            files = {"pgbouncer.ini": _pgbouncer(variables), "users.txt": _users(variables)}
        case _:
            raise Wrong(f"This starts nginx or pgbouncer, not {program!r}.")
    for name, text in files.items():
        file = folder / name
        try:
            file.touch(mode=0o600)
            # It may have been there before.
            file.chmod(0o600)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Wrong(f"FOLDER: {file} cannot be written ({error.strerror}).") from None
    return [part.format(folder=folder) for part in COMMANDS[program]]


def names_of_servers(environment: Mapping[str, str]) -> list[str]:
    """The hosts that the proxy passes on to, and that may be elsewhere tomorrow."""
    variables = {**DEFAULTS, **{name: value for name, value in environment.items() if value.strip()}}
    servers = re.split(r"[\s,]+", f"{variables['WEB']},{variables['WARNINGS']}".strip(" ,"))
    hosts = {server.rpartition(":")[0] for server in servers}
    return sorted(host for host in hosts if not re.fullmatch(r"[\d.]+|\[.*\]", host))


def addresses_of(names: Iterable[str]) -> Addresses:
    return {name: frozenset(_look_up(name)) for name in names}


def wait_for(names: Iterable[str]) -> Addresses:
    """Until each leads somewhere: nginx ends where one does not."""
    while not all((found := addresses_of(names)).values()):
        time.sleep(1)
    return found


def follow(known: Addresses, process: int, *, every: float = LOOKED_UP_EVERY) -> None:
    """Has the process read its configuration anew whenever a name leads elsewhere, for as long as there is one."""
    while True:
        time.sleep(every)
        found = addresses_of(known)
        try:
            # With a name that leads nowhere nginx would go on as it is, and ask no second time.
            if found != known and all(found.values()):
                os.kill(process, signal.SIGHUP)
                known = found
            os.kill(process, 0)
        except ProcessLookupError:
            return


def _look_up(name: str) -> Iterator[str]:
    try:
        for *_, address in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
            yield str(address[0])
    except OSError:
        return


def _in_files(set_ones: Mapping[str, str]) -> dict[str, str]:
    files = {name.removesuffix("_FILE"): file for name, file in set_ones.items() if name.endswith("PASSWORD_FILE")}
    try:
        return {name: Path(file).read_text("utf-8").rstrip("\r\n") for name, file in files.items()}
    except (OSError, UnicodeDecodeError):
        raise Wrong(f"{', '.join(files)}: …_FILE must name a file of text that we can read.") from None


class _Variables(dict):
    def __missing__(self, name: str) -> str:
        raise Wrong(f"Set {name} in the environment. docs/operation.md says to what.")


def _nginx(variables: _Variables) -> str:
    hosts = _names(variables, "ALLOWED_HOSTS")
    port = variables["PUBLIC_PORT"]
    return _filled(
        "nginx.conf",
        variables,
        # As Django reads them: a dot in front means subdomains too, which is what it means to nginx.
        SERVER_NAMES=" ".join("~." if host == "*" else host for host in hosts),
        PORT_IN_ADDRESSES="" if port == "443" else f":{port}",
        WEB_SERVERS=_servers(variables, "WEB"),
        # Without processes of their own for those pages, the others serve them; with them, when they are gone.
        WARNING_SERVERS="\n".join(
            [_servers(variables, "WARNINGS"), _servers(variables, "WEB", " backup")]
            if variables["WARNINGS"]
            else [_servers(variables, "WEB")]
        ),
        UNLIMITED_NETWORKS="\n".join(
            f"        {network} 0;" for network in (_names(variables, "UNLIMITED") if variables["UNLIMITED"] else ())
        ),
    )


def _servers(variables: _Variables, name: str, how: str = "") -> str:
    return "\n".join(f"        server {one} max_fails=1 fail_timeout=2s{how};" for one in _names(variables, name))


def _page(file: str, variables: _Variables) -> str:
    return _filled(
        file,
        variables,
        escape=html.escape,
        CLINIC_NAME=variables["CLINIC_NAME"],
        CLINIC_PHONE=variables["CLINIC_PHONE"],
        # Without an extension, which not every phone dials.
        CLINIC_PHONE_LINK="tel:" + re.sub(r"[a-zA-Z].*|[^+\d]", "", variables["CLINIC_PHONE"]),
        EMERGENCY_NUMBER=variables.get("EMERGENCY_NUMBER", "911"),
    )


def _pgbouncer(variables: _Variables) -> str:
    authority = variables["DATABASE_TLS_CA"]
    if variables["DATABASE_TLS"].startswith("verify") and not authority:
        raise Wrong("DATABASE_TLS=verify-… needs DATABASE_TLS_CA: a file with the authorities that are trusted.")
    if authority and not NAMES.fullmatch(authority):
        raise Wrong("DATABASE_TLS_CA must be a path, without blanks.")
    return _filled("pgbouncer.ini", variables, TLS_CA_LINE=f"server_tls_ca_file = {authority}" if authority else "")


def _users(variables: _Variables) -> str:
    """Who may use the pooler: the application's role, and while its password is changed the former one."""
    roles = [(variables["DATABASE_USER"], variables["DATABASE_PASSWORD"])]
    if former := variables["DATABASE_FORMER_USER"]:
        roles.append((former, variables["DATABASE_FORMER_PASSWORD"]))
    if any("\n" in text or "\r" in text for role in roles for text in role):
        raise Wrong("DATABASE_USER and DATABASE_PASSWORD must have no line break in them.")
    quoted = lambda text: '"' + text.replace('"', '""') + '"'  # noqa: E731
    return "".join(f"{quoted(name)} {quoted(password)}\n" for name, password in roles)


def _names(variables: _Variables, name: str) -> list[str]:
    names = re.split(r"[\s,]+", variables[name].strip(" ,"))
    if not all(map(NAMES.fullmatch, names)):
        raise Wrong(f"{name} must be names, separated by commas.")
    return names


def _filled(file: str, variables: _Variables, *, escape: Callable[[str], str] | None = None, **computed: str) -> str:
    def value(match: re.Match) -> str:
        name = match[1]
        if name in computed:
            return escape(computed[name]) if escape else computed[name]
        if not NAMES.fullmatch(variables[name]):
            raise Wrong(f"{name} must be a name, a number or a path, without blanks.")
        return variables[name]

    return re.sub(r"\$\{([A-Z_]+)\}", value, (HERE / file).read_text(encoding="utf-8"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if os.geteuid() == 0:
        # Nginx would give its work to another user, who may not read or write what is in FOLDER.
        sys.exit("Start it as a user of its own, not as root. docs/operation.md says how it gets ports 80 and 443.")
    try:
        command = write_configuration(sys.argv[1], os.environ)
    except Wrong as wrong:
        sys.exit(str(wrong))
    if sys.argv[1] == "nginx" and (names := names_of_servers(os.environ)):
        addresses, proxy = wait_for(names), os.getpid()
        if os.fork() == 0:
            follow(addresses, proxy)
            sys.exit()
    try:
        os.execvp(command[0], command)  # noqa: S606, one of COMMANDS
    except OSError as error:
        sys.exit(f"{command[0]} cannot be started ({error.strerror}).")

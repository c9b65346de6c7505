"""Builds both images, starts docker-compose.yml and tries what it promises: make containers

It prints what was tried and what was seen, ends with 1 if anything was not as it should be, and removes what it has
started. It takes the first of Docker and podman that works, or what CONTAINER_ENGINE names; tried with podman.

Where no registry can be reached, --stand-ins makes images of Debian's packages and uses them in the place of the
official ones. Whatever a build needs on this machine beside, certificates or a configuration of pip, say, is given by
--build-option, once for each. How podman itself works is said in the file that CONTAINERS_CONF names.

    make containers ARGS="--stand-ins --build-option=--volume=FOLDER/pip.conf:/etc/pip.conf:ro"
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.topology import HOST, free_ports, make_certificate
from tests.containers import bases, compose
from tests.containers.checks import CHECKS
from tests.containers.project import Engine, Failed, Project
from tests.containers.site import Site, variables

ROOT = Path(__file__).parents[2]


def main() -> int:
    # Asked to stop, leave as after Ctrl-C: everything has to be stopped and removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser(
        prog="python -m tests.containers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stand-ins", action="store_true", help="use images made of Debian's packages")
    parser.add_argument(
        "--base-option", action="append", default=[], metavar="OPTION", help="of mmdebstrap, for these"
    )
    parser.add_argument("--build-option", action="append", default=[], metavar="OPTION", help="of the builds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="upright-containers-") as name:
        folder = Path(name)
        # The proxy's user, of whom only the container knows, reads the key of this run.
        folder.chmod(0o755)
        certificate = make_certificate(folder)
        (folder / "privkey.pem").chmod(0o644)
        (port,) = free_ports(1)
        settings = {**variables(folder), "SITE_URL": f"https://{HOST}:{port}"}
        composition = compose.read(ROOT / "docker-compose.yml", settings, profiles=["development"])
        engine = Engine()
        say(f"With {engine.version}.")
        stand_ins: Mapping[str, str] = {}
        if options.stand_ins:
            dockerfiles = {one.dockerfile for one in composition.services.values() if one.dockerfile}
            ready = {one.image for one in composition.services.values() if not one.dockerfile}
            stand_ins = bases.stand_ins(engine, sorted({*bases.named_in(dockerfiles), *ready}), options.base_option)
            say(f"Of Debian's packages, in the place of the official ones: {', '.join(stand_ins)}.")
        project = Project(engine, composition, stand_ins, {443: port})
        try:
            return tried(Site(project, certificate, settings), options.build_option)
        finally:
            project.down()


def tried(site: Site, build_options: list[str]) -> int:
    project, began = site.project, time.monotonic()
    built = project.build(ROOT, build_options)
    say(f"Built {' and '.join(built)} in {time.monotonic() - began:.0f} seconds.")
    began = time.monotonic()
    project.up()
    say(f"Started {', '.join(one.label for one in project.containers)} in {time.monotonic() - began:.0f} seconds.")
    wrong = count = 0
    for check in CHECKS:
        say(f"\n{check.__name__.replace('_', ' ')}")
        try:
            for what, seen, is_right in check(site):
                say(f"  {'ok    ' if is_right else 'WRONG '} {what}: {seen}")
                count, wrong = count + 1, wrong + (not is_right)
        except Exception as error:  # noqa: BLE001, the other checks still say something
            say(f"  WRONG  it could not be tried to its end: {type(error).__name__}: {error}")
            wrong += 1
    say(f"\n{count} checks, {wrong} wrong.")
    return 1 if wrong else 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except (Failed, compose.Unknown, compose.Missing) as reason:
        sys.exit(str(reason))

"""Stand-ins for the base images where no registry can be reached: Debian's packages, by mmdebstrap.

They have the same programs of the same major versions, PostgreSQL's included, and are called by names of their own.
What is only in the official images is not tried with them.
"""

import re
import shlex
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import run

from tests.containers.project import Engine, Failed

HERE = Path(__file__).parent
# The releases of Debian that bring these major versions.
POSTGRESQL = {"15": "bookworm", "17": "trixie"}
NAME = "upright-stand-in"


@dataclass(frozen=True)
class Recipe:
    release: str
    packages: list[str] = field(default_factory=list)
    # Programs from this folder.
    files: list[str] = field(default_factory=list)
    # As a Dockerfile has them.
    changes: list[str] = field(default_factory=list)


def named_in(dockerfiles: Iterable[Path]) -> list[str]:
    """The base images, without the stages that one file makes for itself."""
    words = [
        line.split() for file in dockerfiles for line in file.read_text().splitlines() if line.startswith("FROM ")
    ]
    stages = {line[3] for line in words if len(line) > 3}
    return sorted({line[1] for line in words} - stages)


def recipe_for(image: str) -> Recipe:
    name, _, tag = image.partition(":")
    match name:
        case "debian":
            return Recipe(tag.split("-")[0])
        case "python":
            return Recipe(tag.split("-")[-1], ["python3", "python3-venv", "python-is-python3", "ca-certificates"])
        case "postgres":
            major = re.match(r"\d+", tag)[0]
            if major not in POSTGRESQL:
                raise Failed(f"Say in {Path(__file__).name} which release of Debian has PostgreSQL {major}.")
            path = f"ENV PATH=/usr/lib/postgresql/{major}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            entry = ['ENTRYPOINT ["sh", "/postgres.sh"]', 'CMD ["postgres"]', "STOPSIGNAL SIGINT"]
            return Recipe(POSTGRESQL[major], [f"postgresql-{major}"], ["postgres.sh"], [path, *entry])
        case "axllent/mailpit":
            return Recipe(
                "bookworm", ["python3", "python3-aiosmtpd"], ["mailpit.py"], ['ENTRYPOINT ["python3", "/mailpit.py"]']
            )
    raise Failed(f"There is no stand-in for {image}.")


def stand_ins(engine: Engine, images: Iterable[str], options: list[str]) -> Mapping[str, str]:
    """By the names of those whose place they take; made unless they are there."""
    made = {}
    for image in images:
        made[image] = f"localhost/{NAME}/{image}"
        if not engine.has_image(made[image]):
            _make(engine, made[image], recipe_for(image), options)
    return made


def _make(engine: Engine, name: str, recipe: Recipe, options: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="upright-base-") as folder:
        whole = Path(folder) / "whole.tar"
        command = ["mmdebstrap", "--quiet", "--variant=minbase", *options]
        command += [f"--include={package}" for package in recipe.packages]
        command += [f"--customize-hook=copy-in {shlex.quote(str(HERE / 'images' / file))} /" for file in recipe.files]
        try:
            made = run([*command, recipe.release, str(whole)], capture_output=True, text=True, check=False)  # noqa: S603
        except FileNotFoundError:
            raise Failed("Stand-ins are made by mmdebstrap: apt-get install mmdebstrap") from None
        if made.returncode:
            raise Failed(f"mmdebstrap failed for {name}.\n{made.stderr[-2000:]}")
        engine("import", *(f"--change={change}" for change in recipe.changes), str(whole), name, longest=600)

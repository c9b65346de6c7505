"""Takes each defence away, in a copy of the tree, and says which test noticed: python -m tests.mutants [WORDS]

With words, only those in whose name or file they stand. Ends with 1 where one was taken away and nobody noticed, or
where what is to be replaced does not stand there.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests import postgres
from tests.mutants.defence import Defence
from tests.mutants.defences import DEFENCES

ROOT = Path(__file__).parents[2]
LONGEST = 600
PYTEST = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "--no-header", "-p", "no:randomly"]


def main() -> int:
    words = " ".join(sys.argv[1:])
    chosen = [defence for defence in DEFENCES if words in f"{defence.name} {defence.file}"]
    with tempfile.TemporaryDirectory(prefix="upright-mutants-") as folder, ExitStack() as servers:
        # Servers that run as another user look into it, too.
        tree = copied(Path(folder))
        on_postgresql: dict[str, str] = {}
        if any(defence.on_postgresql for defence in chosen):
            try:
                on_postgresql = servers.enter_context(postgres.server())
            except postgres.Unavailable as reason:
                say(f"Nothing can be noticed on PostgreSQL: {reason}")
        unnoticed = [
            defence.name
            for defence in chosen
            if not is_noticed(defence, tree, on_postgresql if defence.on_postgresql else {})
        ]
    say(f"{len(chosen) - len(unnoticed)} of {len(chosen)} noticed.")
    return 1 if unnoticed or not chosen else 0


def copied(folder: Path) -> Path:
    folder.chmod(0o755)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    # What `make judges` has installed, where it has.
    (folder / "var").mkdir(exist_ok=True)
    (folder / "var" / "judges").symlink_to(ROOT / "var" / "judges")
    return folder


def is_noticed(defence: Defence, tree: Path, database: dict[str, str]) -> bool:
    file = tree / defence.file
    text = file.read_text("utf-8")
    if text.count(defence.old) < 1:
        say(f"NOT THERE   {defence.name}: {defence.file} does not have what is to be replaced")
        return False
    file.write_text(text.replace(defence.old, defence.new, 1), "utf-8")
    try:
        ran = subprocess.run(  # noqa: S603
            [*PYTEST, *defence.noticed_by.split()],
            cwd=tree,
            env=os.environ | database,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        say(f"noticed     {defence.name}: the tests did not end in {LONGEST} seconds")
        return True
    finally:
        file.write_text(text, "utf-8")
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", ran.stdout, re.MULTILINE)
    # 1 is a test that failed; all else is a run that did not come about.
    if ran.returncode == 1 and failed:
        say(f"noticed     {defence.name}: {failed[1]}")
        return True
    say(f"UNNOTICED   {defence.name}: pytest ended with {ran.returncode}")
    return False


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Which tests run when, in which order: a pytest plugin, loaded by the options in pyproject.toml.

Without --tier all tests run that can run with the database at hand. The markers are explained in pyproject.toml.
"""

import random
import subprocess
from collections import Counter

import pytest
from django.db import connection

# What runs the tests that `make test` leaves out, by the first of these markers that a test has.
COMMANDS = {
    "generated": ".ci/run",
    "browser": "make check",
    "process": "make check",
    "sweep": "make check",
    "postgresql": "make check",
    "both": "make check",
}
# Those with one of these take more than Python and a moment.
NOT_QUICK = COMMANDS.keys() - {"both"}
TIERS = ("test", "check", "rest", "fuzz")

left_out = pytest.StashKey[Counter]()


def belongs(marks: set[str], tier: str, *, to_postgresql: bool) -> bool:
    """Whether a test with these marks runs in this tier on that database; `rest` is all that `test` leaves out."""
    if to_postgresql and tier != "fuzz" and not marks & {"both", "postgresql"}:
        return False
    if not to_postgresql and "postgresql" in marks:
        return False
    is_quick = not to_postgresql and not marks & NOT_QUICK
    match tier:
        case "test":
            return is_quick
        case "check":
            return "generated" not in marks
        case "rest":
            return not is_quick
        case "fuzz":
            return "generated" in marks
    raise ValueError(tier)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tiers")
    group.addoption("--tier", choices=TIERS, help="run what belongs to this tier on this database")
    group.addoption("--shuffle", metavar="SEED", help="run in the random order of this seed")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[left_out] = Counter()


def pytest_report_header(config: pytest.Config) -> str | None:
    return f"in random order: --shuffle={config.option.shuffle}" if config.option.shuffle else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """After pytest itself has left out what the options -k and -m say."""
    to_postgresql = connection.vendor == "postgresql"
    if tier := config.option.tier:
        others = [item for item in items if not belongs(marks_of(item), tier, to_postgresql=to_postgresql)]
        config.stash[left_out] = count_left(items, tier, to_postgresql=to_postgresql)
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]
    elif not to_postgresql:
        for item in items:
            if item.get_closest_marker("postgresql"):
                item.add_marker(pytest.mark.skip(reason="only PostgreSQL has what this is about"))
    if config.option.shuffle:
        shuffle(items, config.option.shuffle)


def marks_of(item: pytest.Item) -> set[str]:
    marks = {mark.name for mark in item.iter_markers()}
    return marks - {"both"} if "either" in marks else marks


def count_left(items: list[pytest.Item], tier: str, *, to_postgresql: bool) -> Counter:
    """How many tests no run of this tier runs, or none on PostgreSQL, by marker."""
    leaves = {"test": COMMANDS.keys(), "check": {"generated"}}.get(tier, set()) if not to_postgresql else set()
    names = (next((name for name in COMMANDS if name in marks_of(item)), None) for item in items)
    return Counter(name for name in names if name in leaves)


def shuffle(items: list[pytest.Item], seed: str) -> None:
    """The tests of a file stay together, or what they share would be made again and again."""
    chance = random.Random(seed)  # noqa: S311
    files = {item.path: chance.random() for item in items}
    order = {item: (files[item.path], str(item.path), chance.random()) for item in items}
    items.sort(key=order.__getitem__)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = dict(session.config.stash[left_out])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error) -> None:
    """Each worker of a run has collected, and left out, the same."""
    node.config.stash[left_out] = Counter(getattr(node, "workeroutput", {}).get("left_out"))


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    if counts := config.stash[left_out]:
        terminalreporter.section("left to other commands")
        for name, command in COMMANDS.items():
            if counts[name]:
                terminalreporter.write_line(f"{counts[name]:5} {name:10}  {command}")
        terminalreporter.write_line("pyproject.toml says what each of these markers means.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    """A quick test that starts a second process has to say so, or the quick tier becomes slow one test at a time."""

    def refuse(*arguments, **options):
        raise AssertionError("what starts a second process is marked: pytest.mark.process")

    with pytest.MonkeyPatch.context() as patched:
        # On PostgreSQL no test is quick.
        if connection.vendor == "sqlite" and not marks_of(item) & NOT_QUICK:
            patched.setattr(subprocess.Popen, "__init__", refuse)
        return (yield)

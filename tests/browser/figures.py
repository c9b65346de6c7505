"""Shows at the end of a run the figures that tests recorded with record_property: a pytest plugin.

The tests themselves may have run in other processes.
"""

from collections import Counter
from itertools import chain


def pytest_terminal_summary(terminalreporter) -> None:
    counts, sentences = Counter(), {}
    for report in chain.from_iterable(terminalreporter.stats.values()):
        for name, value in report.user_properties if getattr(report, "when", "") == "call" else ():
            if isinstance(value, int):
                counts[name] += value
            else:
                sentences[name] = value
    figures = {**counts, **sentences}
    if figures:
        terminalreporter.section("figures")
    for name in sorted(figures):
        terminalreporter.line(f"{name}: {figures[name]}")

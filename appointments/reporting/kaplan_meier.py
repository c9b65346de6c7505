"""How long something takes, judged also by those for whom it has not happened: the estimate of Kaplan and Meier."""

from collections.abc import Mapping


def shortest_within(waits: Mapping[float, tuple[int, int]], share: float) -> float | None:
    """The shortest wait within which it happens to that share of all; None as long as that is not known.

    `waits` has, by how long they waited, for how many it happened then, and how many stopped waiting, or still wait,
    without it. Those leave the count when they do, and are taken for neither quick nor never.
    """
    at_risk = sum(happened + ended for happened, ended in waits.values())
    still_waiting = 1.0
    for wait, (happened, ended) in sorted(waits.items()):
        still_waiting *= 1 - happened / at_risk
        if happened and still_waiting <= 1 - share + 1e-9:
            return wait
        at_risk -= happened + ended
    return None

"""The rule as a table: which verdicts on the points lead to which outcome, in as few rows as that takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from .assessment import Outcome, Verdict
from .definition import Pathway, Situation
from .journey import Journey


@dataclass(frozen=True)
class Row:
    """For each criterion, in their order, the verdicts of this row. Several outcomes where more decides than these.

    Rows are read from the top: the first that fits counts.
    """

    verdicts: tuple[frozenset[Verdict], ...]
    outcomes: tuple[Outcome, ...]


def decision_table(pathway: Pathway, situation: Situation) -> list[Row]:
    """Costs one assessment for each way to answer what is varied: some hundreds take a part of a second."""
    met: dict[tuple[Verdict, ...], set[Outcome]] = {}
    quiet = Journey(pathway, situation.answers).completed().answers
    for values in product(*situation.varied.values()):
        varied = dict(zip(situation.varied, values, strict=True))
        answers = Journey(pathway, {**quiet, **varied}).relevant_answers
        verdicts = tuple(criterion.verdict(answers) for criterion in pathway.criteria)
        met.setdefault(verdicts, set()).add(pathway.outcome_of(answers))
    order = {outcome: place for place, outcome in enumerate(pathway.outcomes)}
    return _folded({key: tuple(sorted(outcomes, key=order.__getitem__)) for key, outcomes in met.items()}, order)


def _folded(left: dict[tuple[Verdict, ...], tuple[Outcome, ...]], order: Mapping[Outcome, int]) -> list[Row]:
    """Each row as wide as it can be without taking what belongs to a later one; what cannot be may stand anywhere."""
    rows: list[Row] = []
    for outcomes in sorted(set(left.values()), key=lambda some: [order[outcome] for outcome in some]):
        while start := next((verdicts for verdicts, meant in left.items() if meant == outcomes), None):
            same = [verdicts for verdicts, meant in left.items() if meant == outcomes]
            others = [verdicts for verdicts, meant in left.items() if meant != outcomes]
            cells = [frozenset((verdict,)) for verdict in start]
            for at in range(len(cells)):
                for wider in (frozenset(Verdict), *(frozenset((verdict,)) for verdict in Verdict)):
                    tried = [*cells[:at], cells[at] | wider, *cells[at + 1 :]]
                    says_more = len(wider) > 1 or any(_fits(tried, one) and not _fits(cells, one) for one in same)
                    if says_more and not any(_fits(tried, verdicts) for verdicts in others):
                        cells = tried
            rows.append(Row(tuple(cells), outcomes))
            left = {verdicts: meant for verdicts, meant in left.items() if not _fits(cells, verdicts)}
    return rows


def _fits(cells: Sequence[frozenset[Verdict]], verdicts: Sequence[Verdict]) -> bool:
    return all(verdict in cell for cell, verdict in zip(cells, verdicts, strict=True))

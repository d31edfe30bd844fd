"""The board of a table: scores on each model's own tasks, ranks and tiers on shared ones.

With holes the models did not meet the same tasks, so a raw score flatters who was spared the hard
ones; lines are then ordered by the score expected on *all* tasks. Example: SWE-bench Pro's five
runs have 729 to 955 of 970 instances each; their pairs rest on what both ran.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchserver.console.matrix.reading import Floats, Table
from benchserver.core.errors import BadInput
from benchserver.measurement.incomplete import Pairs, compare_shared
from benchserver.measurement.means import mean_score
from benchserver.measurement.multiplicity import holm
from benchserver.measurement.ranks import Comparison, rank_intervals, tiers

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One model. ``score`` and its interval: on its own tasks; ``expected``: on all tasks."""

    model: str
    tier: int
    score: float
    se: float
    low: float
    high: float
    expected: float
    rank_best: int
    rank_worst: int
    tasks: int
    runs: int


def board_of(table: Table, *, expected: Floats) -> tuple[tuple[Line, ...], tuple[Comparison, ...]]:
    """The lines, best tier first, and every pair.

    ``expected``: per model the score on all tasks; without holes it is the plain mean.
    Raises ``BadInput`` naming a model that has results on fewer than two families.
    """
    pairs = compare_shared(table.scores, families=table.families)
    compared = comparisons(table.models, pairs)
    order = {name: round(float(e), 12) for name, e in zip(table.models, expected, strict=True)}
    ranges = rank_intervals(table.models, compared, alpha=ALPHA)
    groups = tiers(order, compared, alpha=ALPHA)
    tier_of = {model: number for number, group in enumerate(groups, 1) for model in group}
    lines = [
        _line(table, row, tier=tier_of[model], ranks=ranges[model], expected=order[model])
        for row, model in enumerate(table.models)
    ]
    order_shown = sorted(lines, key=lambda line: (line.tier, -line.expected, line.model))
    return tuple(order_shown), compared


def comparisons(models: tuple[str, ...], pairs: Pairs) -> tuple[Comparison, ...]:
    """Every pair with its p-value adjusted (Holm) as one family."""
    first, second = np.triu_indices(len(models), 1)
    raw = pairs.p_value[first, second].tolist()
    adjusted = holm(raw)
    differences = np.nan_to_num(pairs.difference[first, second]).tolist()
    names = combinations(models, 2)
    return tuple(
        Comparison(first=a, second=b, difference=d, p_value=p, p_adjusted=q)
        for (a, b), d, p, q in zip(names, differences, raw, adjusted, strict=True)
    )


def _line(table: Table, row: int, *, tier: int, ranks: tuple[int, int], expected: float) -> Line:
    known = ~np.isnan(table.scores[row])
    families = table.families
    labels = None if families is None else [f for f, k in zip(families, known, strict=True) if k]
    try:
        found = mean_score(table.scores[row, known].tolist(), families=labels)
    except BadInput as problem:
        raise BadInput(problem.problem, place=table.models[row]) from None
    return Line(
        model=table.models[row],
        tier=tier,
        score=found.mean,
        se=found.se,
        low=found.interval.low,
        high=found.interval.high,
        expected=expected,
        rank_best=ranks[0],
        rank_worst=ranks[1],
        tasks=int(known.sum()),
        runs=table.runs[row],
    )

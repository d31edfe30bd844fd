"""Ranks that admit what the data cannot tell: intervals that hold for all models at once.

Every pair of models is tested on the same tasks, the p-values are adjusted for their number
(Holm; on boards of more than ``HOLM_UP_TO`` models by turning signs, ``resampling.py``), and a
model's best possible rank is one more than the models significantly better than it. Example: six
models between .30 and .77 on 60 tasks are [1, 5] five times and [6, 6]; an 18-point spread is one
tie. Sources: Mogstad, Romano, Shaikh, Wilhelm 2023 (rank intervals from pairwise tests), Copeland
1951 (display order only; it ignores noise).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput
from benchserver.measurement.incomplete import Pairs, compare_shared
from benchserver.measurement.means import Interval, cluster_codes, mean_score
from benchserver.measurement.multiplicity import holm
from benchserver.measurement.resampling import max_t
from benchserver.measurement.scores import checked_scores

Floats = npt.NDArray[np.float64]

HOLM_UP_TO = 20  # models: 190 pairs; fixed here, before anybody looks at a board


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One pair of models. ``difference``: first minus second; ``p_adjusted``: for all pairs."""

    first: str
    second: str
    difference: float
    p_value: float
    p_adjusted: float

    def better(self, alpha: float) -> str:
        """The model that is significantly better, or an empty string."""
        if self.p_adjusted > alpha or self.difference == 0:
            return ""
        return self.first if self.difference > 0 else self.second


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One line of the board. ``rank_low`` to ``rank_high``: the simultaneous rank interval.

    ``tier``: 1 is the best tie group; ``copeland``: head-to-head wins minus losses;
    ``upper_bound_rank``: by marginal intervals, a courtesy and no claim.
    """

    model: str
    mean: float
    rank_low: int
    rank_high: int
    tier: int
    copeland: int
    upper_bound_rank: int


def board(
    scores: Mapping[str, Sequence[float]],
    *,
    families: Sequence[Hashable] | None = None,
    alpha: float = 0.05,
) -> tuple[Standing, ...]:
    """The lines of one board in display order: by Copeland, then mean, then name.

    ``scores``: task scores per model, all on the same tasks in the same order.
    """
    means = {model: _mean(values) for model, values in scores.items()}
    comparisons = compare_all(scores, families=families)
    intervals = rank_intervals(means, comparisons, alpha=alpha)
    tier_of = {
        m: n for n, tier in enumerate(tiers(means, comparisons, alpha=alpha), 1) for m in tier
    }
    points = copeland(means)
    courtesy = upper_bound_ranks(
        {m: _interval(values, families, 1 - alpha) for m, values in scores.items()}
    )
    order = sorted(means, key=lambda m: (-points[m], -means[m], m))
    return tuple(
        Standing(
            model=model,
            mean=means[model],
            rank_low=intervals[model][0],
            rank_high=intervals[model][1],
            tier=tier_of[model],
            copeland=points[model],
            upper_bound_rank=courtesy[model],
        )
        for model in order
    )


def compare_all(
    scores: Mapping[str, Sequence[float]], *, families: Sequence[Hashable] | None = None
) -> tuple[Comparison, ...]:
    """All pairs, tested and adjusted as one family of tests. Pairs come sorted by model name.

    With single samples and no families the test is McNemar's exact one, else the paired t test
    with clustered errors; below two families nothing is claimed (p = 1). Raises ``BadInput`` when
    the rows differ in length.
    """
    names = sorted(scores)
    if not names:
        return ()
    if len({len(scores[name]) for name in names}) > 1:
        raise BadInput("all models of a board meet the same tasks", place="ranks")
    table = np.asarray([checked_scores(scores[name]) for name in names])
    means = [_mean(scores[name]) for name in names]
    raw = compare_shared(table, families=families)
    adjusted = adjusted_p_values(table, raw, families=families)
    first, second = np.triu_indices(len(names), 1)
    p, q = raw.p_value[first, second].tolist(), adjusted[first, second].tolist()
    return tuple(
        Comparison(
            first=names[a],
            second=names[b],
            difference=means[a] - means[b],
            p_value=p[n],
            p_adjusted=q[n],
        )
        for n, (a, b) in enumerate(zip(first.tolist(), second.tolist(), strict=True))
    )


def adjustment(models: int) -> str:
    """The estimator that adjusts the p-values of a board of so many models: its id."""
    return "holm" if models <= HOLM_UP_TO else "max-t"


def adjusted_p_values(
    table: Floats, raw: Pairs, *, families: Sequence[Hashable] | None = None
) -> Floats:
    """Models x models, never below the raw p-value; 1 on the diagonal.

    ``table``: models x tasks; ``raw``: its pairs as ``compare_shared`` gives them.
    """
    first, second = np.triu_indices(len(table), 1)
    adjusted = np.ones_like(raw.p_value)
    if adjustment(len(table)) == "holm":
        adjusted[first, second] = holm(raw.p_value[first, second].tolist())
    else:
        turned = max_t(table, families=families)[first, second]
        adjusted[first, second] = np.maximum(turned, raw.p_value[first, second])
    adjusted[second, first] = adjusted[first, second]
    return adjusted


def rank_intervals(
    models: Iterable[str], comparisons: Iterable[Comparison], *, alpha: float = 0.05
) -> dict[str, tuple[int, int]]:
    """[1 + models significantly better, M - models significantly worse] per model.

    With probability at least 1 - alpha all true ranks lie in their intervals together (Mogstad,
    Romano, Shaikh and Wilhelm 2023). Known answer: the module's example.
    """
    names = list(models)
    better, worse = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for pair in comparisons:
        winner = pair.better(alpha)
        if winner:
            better[pair.second if winner == pair.first else pair.first] += 1
            worse[winner] += 1
    return {name: (1 + better[name], len(names) - worse[name]) for name in names}


def tiers(
    means: Mapping[str, float], comparisons: Iterable[Comparison], *, alpha: float = 0.05
) -> list[list[str]]:
    """Tie groups by the leader rule: walk down by mean; whoever differs significantly from the
    group's *leader* opens the next group. ("Not different" is not transitive, so a rule is
    needed; this one is printed with the board, docs/statistics.md, 2026.) Models of the same mean
    go down together, and lead together: no name decides. Known answer: the module's example is
    two groups, the last model alone.
    """
    beaten = {
        (winner, c.second if winner == c.first else c.first)
        for c in comparisons
        if (winner := c.better(alpha))
    }
    groups: list[list[str]] = []
    leaders: list[str] = []
    for _, equals in groupby(sorted(means, key=lambda m: (-means[m], m)), key=means.__getitem__):
        level = list(equals)
        if groups and not any((leader, model) in beaten for leader in leaders for model in level):
            groups[-1] += level
        else:
            groups.append(level)
            leaders = list(level)
    return groups


def upper_bound_ranks(intervals: Mapping[str, Interval]) -> dict[str, int]:
    """1 + the models whose lower bound lies above this one's upper bound.

    As the public chat arenas rank (Chiang et al. 2024, arXiv 2403.04132). It ignores that all met
    the same tasks and how many are compared: a courtesy beside the rank interval, never a claim.
    Known answer: the module's example gives 1, 1, 1, 1, 1, 6.
    """
    return {
        model: 1 + sum(other.low > own.high for other in intervals.values())
        for model, own in intervals.items()
    }


def tier_numbers(
    table: Floats, *, families: Sequence[Hashable] | None = None, alpha: float = 0.05
) -> list[int]:
    """The tier of every row of models x tasks, by the same rule as ``board`` and without names.

    For asking often what would be.
    """
    raw = compare_shared(table, families=families)
    return walked_down(table, adjusted_p_values(table, raw, families=families) <= alpha)


def walked_down(table: Floats, different: npt.NDArray[np.bool_]) -> list[int]:
    """The tiers by the leader rule where it is known which pairs differ: models x models."""
    means = np.round(table.mean(axis=1), 12)
    found = np.zeros(len(table), dtype=np.intp)
    leaders = np.empty(0, dtype=np.intp)
    for mean in np.unique(means)[::-1]:
        level = np.flatnonzero(means == mean)
        if not len(leaders) or different[np.ix_(leaders, level)].any():
            leaders = level
        found[level] = found[leaders].max() or found.max() + 1
    return [int(tier) for tier in found]


def copeland(means: Mapping[str, float]) -> dict[str, int]:
    """Wins minus losses against every other model (Copeland 1951); a display order only.

    Known answer: means .767 .700 .733 .583 .650 .300 give 5, 1, 3, -3, -1, -5.
    """
    return {
        model: sum((mine > other) - (mine < other) for other in means.values())
        for model, mine in means.items()
    }


def _interval(
    values: Sequence[float], families: Sequence[Hashable] | None, confidence: float
) -> Interval:
    """The model's own interval; one family of tasks tells nothing."""
    if cluster_codes(families, len(values))[1] < 2:
        return Interval(0.0, 1.0)
    return mean_score(values, families=families, confidence=confidence).interval


def _mean(values: Sequence[float]) -> float:
    """Rounded to 12 digits: the order of the tasks must not decide between equal models."""
    return round(math.fsum(checked_scores(values)) / len(values), 12)

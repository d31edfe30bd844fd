"""Ranks that admit what the data cannot tell: intervals that hold for all models at once.

Every pair of models is tested on the same tasks, the p-values are adjusted for their number
(Holm), and a model's best possible rank is one more than the models significantly better than
it. Example: six models between .30 and .77 on 60 tasks are [1, 5] five times and [6, 6]; an
18-point spread is one tie. Sources: Mogstad, Romano, Shaikh, Wilhelm 2023 (rank intervals from
pairwise tests), Holm 1979, Copeland 1951 (display order only; it ignores noise).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from benchserver.core.errors import BadInput
from benchserver.measurement.pairs import discordant, mcnemar_exact, paired_difference
from benchserver.measurement.scores import checked_scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One pair of models. ``difference``: first minus second; ``p_adjusted``: after Holm."""

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

    ``tier``: 1 is the best tie group; ``copeland``: head-to-head wins minus losses.
    """

    model: str
    mean: float
    rank_low: int
    rank_high: int
    tier: int
    copeland: int


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
    order = sorted(means, key=lambda m: (-points[m], -means[m], m))
    return tuple(
        Standing(
            model=model,
            mean=means[model],
            rank_low=intervals[model][0],
            rank_high=intervals[model][1],
            tier=tier_of[model],
            copeland=points[model],
        )
        for model in order
    )


def compare_all(
    scores: Mapping[str, Sequence[float]], *, families: Sequence[Hashable] | None = None
) -> tuple[Comparison, ...]:
    """All pairs, tested and Holm-adjusted as one family. Pairs come sorted by model name.

    With single samples and no families the test is McNemar's exact one, else the paired t test
    with clustered errors. Raises ``BadInput`` when the rows differ in length.
    """
    if len({len(values) for values in scores.values()}) > 1:
        raise BadInput("all models of a board meet the same tasks", place="ranks")
    pairs = list(combinations(sorted(scores), 2))
    raw = [pair_p_value(scores[a], scores[b], families=families) for a, b in pairs]
    means = {model: _mean(values) for model, values in scores.items()}
    return tuple(
        Comparison(first=a, second=b, difference=means[a] - means[b], p_value=p, p_adjusted=q)
        for (a, b), p, q in zip(pairs, raw, holm(raw), strict=True)
    )


def pair_p_value(
    first: Sequence[float],
    second: Sequence[float],
    *,
    families: Sequence[Hashable] | None = None,
) -> float:
    """The two-sided p-value ``compare_all`` uses for one pair."""
    if families is None and {*first, *second} <= {0, 1}:
        return mcnemar_exact(*discordant(first, second))
    return paired_difference(first, second, families=families).p_value


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment, in the order given (Holm 1979).

    Known answer: .01, .04, .03 -> .03, .06, .06. Raises ``BadInput`` outside [0, 1].
    """
    if any(not 0 <= p <= 1 for p in p_values):
        raise BadInput("a p-value lies outside 0 to 1", place="holm")
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for done, i in enumerate(order):
        running = max(running, min(1.0, (len(order) - done) * p_values[i]))
        adjusted[i] = running
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
    needed; this one is printed with the board, docs/statistics.md, 2026.) Known answer: the
    module's example is two groups, the last model alone.
    """
    beaten = {
        (winner, c.second if winner == c.first else c.first)
        for c in comparisons
        if (winner := c.better(alpha))
    }
    groups: list[list[str]] = []
    for model in sorted(means, key=lambda m: (-means[m], m)):
        if groups and (groups[-1][0], model) not in beaten:
            groups[-1].append(model)
        else:
            groups.append([model])
    return groups


def copeland(means: Mapping[str, float]) -> dict[str, int]:
    """Wins minus losses against every other model (Copeland 1951); a display order only.

    Known answer: means .767 .700 .733 .583 .650 .300 give 5, 1, 3, -3, -1, -5.
    """
    return {
        model: sum((mine > other) - (mine < other) for other in means.values())
        for model, mine in means.items()
    }


def _mean(values: Sequence[float]) -> float:
    """Rounded to 12 digits: the order of the tasks must not decide between equal models."""
    return round(math.fsum(checked_scores(values)) / len(values), 12)

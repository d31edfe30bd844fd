"""Two models on the same tasks: is one better? Always by their difference task by task.

Looking whether two intervals overlap throws away that both models met the same tasks. Example:
100 tasks, A alone solves 14, B alone 6: the difference .08 has a paired error of .044, while the
unpaired one would be .069. Sources: Miller 2024 (paired errors), McNemar 1947, Newcombe 1998.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from scipy import stats

from benchserver.core.errors import BadInput
from benchserver.measurement.means import Interval, clustered_mean, wilson
from benchserver.measurement.scores import checked_scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """First model minus second: mean, clustered error, interval, two-sided p-value."""

    mean: float
    se: float
    interval: Interval
    p_value: float
    tasks: int
    clusters: int


def paired_difference(
    first: Sequence[float],
    second: Sequence[float],
    *,
    families: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Difference:
    """Mean of the per-task differences of two rows of task scores, t with G - 1 df (Miller 2024).

    Known answer: the module's example, se .0442216638714. When every difference is the same and
    not 0, t is undefined; p is then that of the sign test over families, 2^(1-G).
    Raises ``BadInput`` when the rows differ in length or hold fewer than two families.
    """
    a, b = checked_scores(first), checked_scores(second)
    if len(a) != len(b):
        raise BadInput(f"{len(a)} and {len(b)} tasks cannot be paired", place="pairs")
    mean, _, se, clusters = clustered_mean((a - b).tolist(), families)
    if se < 1e-12:
        p = 1.0 if abs(mean) < 1e-12 else 2.0 ** (1 - clusters)
        return _difference(mean, 0.0, Interval(mean, mean), p, len(a), clusters)
    half = float(stats.t.ppf(0.5 + confidence / 2, clusters - 1)) * se
    interval = Interval(max(-1.0, mean - half), min(1.0, mean + half))
    p = float(2 * stats.t.sf(abs(mean) / se, clusters - 1))
    return _difference(mean, se, interval, p, len(a), clusters)


def unpaired_error(first: Sequence[float], second: Sequence[float]) -> float:
    """The error if the two models had met unrelated tasks, for comparison only."""
    a, b = checked_scores(first), checked_scores(second)
    return math.hypot(clustered_mean(a.tolist(), None)[1], clustered_mean(b.tolist(), None)[1])


def discordant(first: Sequence[float], second: Sequence[float]) -> tuple[int, int]:
    """(only the first passed, only the second passed), for one sample per task (0 or 1)."""
    a, b = checked_scores(first), checked_scores(second)
    if len(a) != len(b):
        raise BadInput(f"{len(a)} and {len(b)} tasks cannot be paired", place="pairs")
    if not {*a, *b} <= {0.0, 1.0}:
        raise BadInput("discordant tasks are counted on single samples", place="pairs")
    return int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided exact p of McNemar (1947): binomial(b, b + c, 1/2).

    Known answers: (14, 6) .11531829834; (18, 5) .0106220245361; (12, 2) .012939453125.
    """
    n = _check_discordant(only_first, only_second)
    tail = float(stats.binom.cdf(min(only_first, only_second), n, 0.5))
    return min(1.0, 2 * tail)


def mcnemar_mid_p(only_first: int, only_second: int) -> float:
    """The less conservative mid-p variant (Fagerland, Lydersen and Laake 2013).

    Known answers: (14, 6) .0783538818359; (18, 5) .0066107511520. With no discordant task, or
    equal counts, it is 1.
    """
    n = _check_discordant(only_first, only_second)
    fewer = min(only_first, only_second)
    if only_first == only_second:
        return 1.0
    return mcnemar_exact(only_first, only_second) - float(stats.binom.pmf(fewer, n, 0.5))


def newcombe(
    passed_first: int,
    total_first: int,
    passed_second: int,
    total_second: int,
    *,
    confidence: float = 0.95,
) -> Interval:
    """Interval of a difference of two *unpaired* proportions, from their Wilson intervals.

    Known answer: 62/100 against 41/100 [.0715, .3375] (Newcombe 1998, method 10).
    """
    one = wilson(passed_first, total_first, confidence=confidence)
    two = wilson(passed_second, total_second, confidence=confidence)
    p, q = passed_first / total_first, passed_second / total_second
    below = math.hypot(p - one.low, two.high - q)
    above = math.hypot(one.high - p, q - two.low)
    return Interval(p - q - below, p - q + above)


def _difference(
    mean: float, se: float, interval: Interval, p: float, tasks: int, clusters: int
) -> Difference:
    return Difference(
        mean=mean, se=se, interval=interval, p_value=min(1.0, p), tasks=tasks, clusters=clusters
    )


def _check_discordant(only_first: int, only_second: int) -> int:
    if min(only_first, only_second) < 0:
        raise BadInput("a count of tasks is negative", place="mcnemar")
    return only_first + only_second

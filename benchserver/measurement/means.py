"""From passes to a score with an honest error: the unit is the task, never the sample.

Example: 12 tasks, one sample each, passes 111000110111 in four families of three give 2/3 with
a naive error of .142 but a clustered error of .236, because tasks of one family rise and fall
together. Every function names its source and a known answer; counts that cannot be are refused,
never clamped. Sources: Chen et al. 2021 (pass@k), Miller 2024, arXiv 2411.00640 (errors).

Standard library only, as far as degrees of freedom are whole: loading the numeric libraries takes
longer than grading thirty programs. What needs them is in ``scores.py``.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from benchserver.core.errors import BadInput

_EXACT_DF = 2000  # up to here the finite series is as quick as a library
_BISECTIONS = 64


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A score or a difference with its standard error and interval.

    ``se``: clustered (CR1); with one task per family it equals sd / sqrt(tasks). ``se_naive``:
    the same as if all tasks were unrelated. ``df``: degrees of freedom of the t interval.
    ``method``: ``t``, or ``wilson`` when no spread was seen, or ``welch``.
    """

    mean: float
    se: float
    se_naive: float
    interval: Interval
    confidence: float
    tasks: int
    clusters: int
    df: float
    method: str

    @property
    def se_plain(self) -> float:
        """The clustered error without its small-sample factor. Example: .204124145232."""
        return self.se * math.sqrt((self.clusters - 1) / self.clusters)

    @property
    def design_effect(self) -> float:
        """How much families inflate the variance: plain clustered over naive. Example: 2.0625."""
        if not self.se_naive:
            return 1.0
        return self.se_plain**2 / self.se_naive**2


def pass_at_k(n: int, c: int, k: int) -> float:
    """Unbiased chance that at least one of k samples passes, from c passes in n (Chen 2021).

    Known answers: (10, 3, 5) .916666666667; (200, 13, 10) .497551114731; (4, 2, 3) 1.
    Raises ``BadInput`` unless 0 <= c <= n and 1 <= k <= n.
    """
    check_counts(c, n, "pass@k")
    if not 1 <= k <= n:
        raise BadInput(f"pass@{k} needs at least {k} samples, there are {n}", place="pass@k")
    if n - c < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))


def score(
    passed: Sequence[int],
    samples: Sequence[int],
    *,
    families: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """The score of one model on one set of tasks: mean of passed/samples over tasks (Miller 2024).

    ``families``: cluster label per task; None: every task is its own.
    Known answer: the module's example, se .235702260396, se_naive .142133810904.
    """
    return mean_score(task_scores(passed, samples), families=families, confidence=confidence)


def score_at_k(
    passed: Sequence[int],
    samples: Sequence[int],
    k: int,
    *,
    families: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Mean pass@k over tasks, with the same errors. k = 1 equals ``score``."""
    check_lengths(passed, samples)
    values = [pass_at_k(n, c, k) for c, n in zip(passed, samples, strict=True)]
    return mean_score(values, families=families, confidence=confidence)


def task_scores(passed: Sequence[int], samples: Sequence[int]) -> list[float]:
    """s_j = c_j / K_j per task. Raises ``BadInput`` on impossible counts."""
    check_lengths(passed, samples)
    for c, n in zip(passed, samples, strict=True):
        check_counts(c, n, "score")
    return [c / n for c, n in zip(passed, samples, strict=True)]


def mean_score(
    values: Sequence[float],
    *,
    families: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Mean of task scores in [0, 1] with a t interval on G - 1 degrees of freedom (Miller 2024).

    The interval is cut to [0, 1]. When no cluster differs from another the spread says nothing;
    the interval is then Wilson's with the number of clusters as its sample size.
    Known answer: 111000110111 in twelve families, 2/3 with [.353832258120, .979501075213].
    """
    check_scores(values)
    mean, naive, se, clusters = clustered_mean(values, families)
    critical = t_quantile(0.5 + confidence / 2, clusters - 1)
    interval = Interval(max(0.0, mean - critical * se), min(1.0, mean + critical * se))
    method = "t"
    if se < 1e-12:
        interval, method = wilson_of(mean, clusters, confidence), "wilson"
    return Estimate(
        mean=mean,
        se=se,
        se_naive=naive,
        interval=interval,
        confidence=confidence,
        tasks=len(values),
        clusters=clusters,
        df=clusters - 1.0,
        method=method,
    )


def clustered_mean(
    data: Sequence[float], families: Sequence[Hashable] | None
) -> tuple[float, float, float, int]:
    """(mean, naive error, CR1 clustered error, clusters) of numbers of any range (Miller 2024).

    naive = sd(ddof 1)/sqrt(L); clustered = sqrt(sum_g (sum_g residuals)^2)/L * sqrt(G/(G-1)).
    Known answer: the module's example, .142133810904 and .235702260396. Raises ``BadInput`` with
    fewer than two clusters: no error can be told from one.
    """
    codes, clusters = cluster_codes(families, len(data))
    if clusters < 2:
        raise BadInput("an error needs at least two families of tasks", place="families")
    mean = math.fsum(data) / len(data)
    residuals = [value - mean for value in data]
    naive = math.sqrt(math.fsum(r * r for r in residuals) / (len(data) - 1) / len(data))
    sums = [0.0] * clusters
    for code, residual in zip(codes, residuals, strict=True):
        sums[code] += residual
    cr1 = math.sqrt(math.fsum(s * s for s in sums) * clusters / (clusters - 1)) / len(data)
    return mean, naive, cr1, clusters


def bernoulli_error(mean: float, n: int) -> float:
    """sqrt(p(1-p)/n): the error of a published table without per-task results.

    Known answer: 65.5 % on 5000 tasks .00672 (Miller 2024).
    """
    if n < 1 or not 0 <= mean <= 1:
        raise BadInput(f"{mean} on {n} tasks is no score", place="score")
    return math.sqrt(mean * (1 - mean) / n)


def wilson(passed: int, total: int, *, confidence: float = 0.95) -> Interval:
    """The interval of Wilson (1927) for one proportion. Not for tasks x samples as if independent.

    Known answers: 8/10 [.490162471537, .943317848546]; 0/10 [0, .277532799863].
    """
    check_counts(passed, total, "wilson")
    return wilson_of(passed / total, total, confidence)


def cluster_codes(families: Sequence[Hashable] | None, tasks: int) -> tuple[list[int], int]:
    """A number from 0 per task for its family, and how many families there are."""
    labels: Sequence[Hashable] = range(tasks) if families is None else families
    if len(labels) != tasks:
        raise BadInput(f"{len(labels)} families for {tasks} tasks", place="families")
    known: dict[Hashable, int] = {}
    codes = [known.setdefault(label, len(known)) for label in labels]
    return codes, len(known)


def check_scores(values: Sequence[float]) -> None:
    """Raises ``BadInput`` unless there are task scores and all are finite and in [0, 1]."""
    if not len(values):
        raise BadInput("there are no task scores", place="score")
    if not all(0 <= value <= 1 for value in values):  # NaN fails both comparisons
        raise BadInput("a task score lies outside 0 to 1", place="score")


def t_quantile(probability: float, df: float) -> float:
    """Student's t at ``probability`` (0.5 to 1). Known answer: (.975, 10) 2.228138851965."""
    if df == int(df) and 1 <= df <= _EXACT_DF:
        return _exact_t_quantile(2 * probability - 1, int(df))
    from scipy.special import stdtrit

    return float(stdtrit(df, probability))


@lru_cache(maxsize=1024)
def _exact_t_quantile(inside: float, df: int) -> float:
    """The t with ``inside`` of the distribution between -t and t, by halving its angle."""
    low, high = 0.0, math.pi / 2
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if _within(middle, df) < inside:
            low = middle
        else:
            high = middle
    return math.sqrt(df) * math.tan((low + high) / 2)


def _within(angle: float, df: int) -> float:
    """P(|T| <= sqrt(df) tan(angle)): Abramowitz and Stegun 26.7.3 (odd df), 26.7.4 (even)."""
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = df % 2
    term = math.cos(angle) if odd else 1.0
    total = term if df > 1 else 0.0
    for n in range(2 + odd, df - 1, 2):
        term *= square * (n - 1) / n
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def wilson_of(p: float, n: int, confidence: float) -> Interval:
    z2 = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = 0.0 if p == 0 else max(0.0, centre - half)
    return Interval(low, 1.0 if p == 1 else min(1.0, centre + half))


def check_counts(passed: int, total: int, place: str) -> None:
    if total < 1 or not 0 <= passed <= total:
        raise BadInput(f"{passed} passes of {total} is no count", place=place)


def check_lengths(passed: Sequence[int], samples: Sequence[int]) -> None:
    if len(passed) != len(samples) or not passed:
        raise BadInput(f"{len(passed)} counts for {len(samples)} tasks", place="score")

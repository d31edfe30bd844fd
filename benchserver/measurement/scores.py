"""From passes to a score with an honest error: the unit is the task, never the sample.

Example: 12 tasks, one sample each, passes 111000110111 in four families of three give 2/3 with
a naive error of .142 but a clustered error of .236, because tasks of one family rise and fall
together. Every function names its source and a known answer; counts that cannot be are refused,
never clamped. Sources: Chen et al. 2021 (pass@k), Miller 2024, arXiv 2411.00640 (errors).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput

Floats = npt.NDArray[np.float64]
MIN_BOOTSTRAP_CLUSTERS = 20


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
    def design_effect(self) -> float:
        """How much families inflate the variance: plain clustered over naive. Example: 2.0625."""
        if not self.se_naive:
            return 1.0
        plain = self.se**2 * (self.clusters - 1) / self.clusters
        return plain / self.se_naive**2


def pass_at_k(n: int, c: int, k: int) -> float:
    """Unbiased chance that at least one of k samples passes, from c passes in n (Chen 2021).

    Known answers: (10, 3, 5) .916666666667; (200, 13, 10) .497551114731; (4, 2, 3) 1.
    Raises ``BadInput`` unless 0 <= c <= n and 1 <= k <= n.
    """
    _check_counts(c, n, "pass@k")
    if not 1 <= k <= n:
        raise BadInput(f"pass@{k} needs at least {k} samples, there are {n}", place="pass@k")
    if n - c < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))


def plug_in(n: int, c: int, k: int) -> float:
    """1 - (1 - c/n)^k, biased low; only to show why pass_at_k exists. (10, 3, 5) -> .83193."""
    _check_counts(c, n, "pass@k")
    if k < 1:
        raise BadInput(f"k = {k} is below 1", place="pass@k")
    return 1.0 - (1.0 - c / n) ** k


def score(
    passed: Sequence[int],
    samples: Sequence[int],
    *,
    families: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """The score of one model on one set of tasks: the mean of passed/samples over tasks.

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
    _check_lengths(passed, samples)
    values = [pass_at_k(n, c, k) for c, n in zip(passed, samples, strict=True)]
    return mean_score(values, families=families, confidence=confidence)


def task_scores(passed: Sequence[int], samples: Sequence[int]) -> list[float]:
    """s_j = c_j / K_j per task. Raises ``BadInput`` on impossible counts."""
    _check_lengths(passed, samples)
    for c, n in zip(passed, samples, strict=True):
        _check_counts(c, n, "score")
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
    """
    data = checked_scores(values)
    mean, naive, se, clusters = clustered_mean(data, families)
    critical = _t_quantile(0.5 + confidence / 2, clusters - 1)
    interval = Interval(max(0.0, mean - critical * se), min(1.0, mean + critical * se))
    method = "t"
    if se < 1e-12:
        interval, method = _wilson(mean, clusters, confidence), "wilson"
    return Estimate(
        mean=mean,
        se=se,
        se_naive=naive,
        interval=interval,
        confidence=confidence,
        tasks=len(data),
        clusters=clusters,
        df=clusters - 1.0,
        method=method,
    )


def clustered_mean(
    data: Floats, families: Sequence[Hashable] | None
) -> tuple[float, float, float, int]:
    """(mean, naive error, CR1 clustered error, clusters) of numbers of any range.

    naive = sd(ddof 1)/sqrt(L); clustered = sqrt(sum_g (sum_g residuals)^2)/L * sqrt(G/(G-1)).
    Raises ``BadInput`` with fewer than two clusters: no error can be told from one.
    """
    codes, clusters = _codes(families, len(data))
    if clusters < 2:
        raise BadInput("an error needs at least two families of tasks", place="families")
    mean = math.fsum(data) / len(data)
    residuals = data - mean
    naive = math.sqrt(math.fsum(residuals**2) / (len(data) - 1) / len(data))
    sums = np.bincount(codes, weights=residuals, minlength=clusters)
    cr1 = math.sqrt(math.fsum(sums**2) * clusters / (clusters - 1)) / len(data)
    return mean, naive, cr1, clusters


def variance_split(passed: Sequence[int], samples: int) -> tuple[float, float]:
    """(omega^2 between tasks, sigma^2 within a task) with K samples each (Miller 2024).

    Var(s_j) = omega^2 + sigma^2/K. sigma^2 is the mean of s(1-s)K/(K-1); omega^2 may come out
    slightly below 0 and is then 0. Raises ``BadInput`` for K = 1: one sample shows no spread.
    """
    if samples < 2:
        raise BadInput("splitting the variance needs 2 samples per task", place="samples")
    s = np.asarray(task_scores(passed, [samples] * len(passed)))
    sigma2 = float(np.mean(s * (1 - s)) * samples / (samples - 1))
    return max(0.0, float(np.var(s, ddof=1)) - sigma2 / samples), sigma2


def bernoulli_error(mean: float, n: int) -> float:
    """sqrt(p(1-p)/n): the error of a published table without per-task results.

    Known answer: 65.5 % on 5000 tasks .00672 (Miller 2024).
    """
    if n < 1 or not 0 <= mean <= 1:
        raise BadInput(f"{mean} on {n} tasks is no score", place="score")
    return math.sqrt(mean * (1 - mean) / n)


def wilson(passed: int, total: int, *, confidence: float = 0.95) -> Interval:
    """Wilson's interval for one proportion. Not for tasks x samples as if independent.

    Known answers: 8/10 [.490162471537, .943317848546]; 0/10 [0, .277532799863].
    """
    _check_counts(passed, total, "wilson")
    return _wilson(passed / total, total, confidence)


def clopper_pearson(passed: int, total: int, *, confidence: float = 0.95) -> Interval:
    """The exact (conservative) interval, for gates. 0/10 -> [0, .308497]."""
    _check_counts(passed, total, "clopper_pearson")
    from scipy.special import betainccinv, betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(passed, total - passed + 1, tail)) if passed else 0.0
    high = float(betainccinv(passed + 1, total - passed, tail)) if passed < total else 1.0
    return Interval(low, high)


def gap(public: Estimate, private: Estimate) -> Estimate:
    """Public minus private score of one model, with Welch's error and degrees of freedom.

    The two splits hold different tasks, so the errors add. Known answer: 168/200 against 132/200
    is .18 with z about 4.25 (integrity note 4.2). A gap may also mean that the public tasks are
    easier; compare it with the panel's.
    """
    variances = (public.se**2, private.se**2)
    mean, se = public.mean - private.mean, math.sqrt(sum(variances))
    parts = [v * v / e.df for v, e in zip(variances, (public, private), strict=True)]
    df = sum(variances) ** 2 / sum(parts) if sum(parts) else min(public.df, private.df)
    half = _t_quantile(0.5 + private.confidence / 2, df) * se
    low, high = mean - half, mean + half
    if not se:  # both splits one-sided: the bounds of both intervals are all that is known
        low = public.interval.low - private.interval.high
        high = public.interval.high - private.interval.low
    return Estimate(
        mean=mean,
        se=se,
        se_naive=math.hypot(public.se_naive, private.se_naive),
        interval=Interval(max(-1.0, low), min(1.0, high)),
        confidence=private.confidence,
        tasks=public.tasks + private.tasks,
        clusters=public.clusters + private.clusters,
        df=df,
        method="welch",
    )


def cluster_bootstrap(
    values: Sequence[float],
    *,
    families: Sequence[Hashable] | None = None,
    draws: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """Percentile interval of the mean; whole families are drawn with replacement.

    Raises ``BadInput`` below 20 clusters, where it is degenerate (four give [.25, 1] on the
    module's example): print the t interval instead.
    """
    data = checked_scores(values)
    codes, clusters = _codes(families, len(data))
    if clusters < MIN_BOOTSTRAP_CLUSTERS:
        raise BadInput(
            f"a bootstrap over {clusters} families is degenerate",
            place="families",
            mend=f"Use the t interval below {MIN_BOOTSTRAP_CLUSTERS} families.",
        )
    sums, sizes = np.bincount(codes, weights=data), np.bincount(codes).astype(np.float64)
    generator = np.random.default_rng(seed)
    picks = generator.multinomial(clusters, np.full(clusters, 1 / clusters), size=draws)
    means = (picks @ sums) / (picks @ sizes)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(low), float(high))


def expected_best_of(tries: int) -> float:
    """How many standard errors the best of N equal tries lies above the truth.

    Known answers: 2 .564, 3 .846, 10 1.539, 27 1.998 (integrity note 1.7).
    """
    if tries < 1:
        raise BadInput("the best of no tries is nothing", place="tries")
    from scipy import integrate, stats

    log_pdf, log_cdf = stats.norm.logpdf, stats.norm.logcdf

    def density(x: float) -> float:
        return float(x * tries * np.exp(log_pdf(x) + (tries - 1) * log_cdf(x)))

    return float(integrate.quad(density, -12, 12, limit=200)[0])


def checked_scores(values: Sequence[float]) -> Floats:
    """The task scores as an array. Raises ``BadInput`` unless all are finite and in [0, 1]."""
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1 or not len(data):
        raise BadInput("there are no task scores", place="score")
    if not bool(np.all((data >= 0) & (data <= 1))):  # NaN fails both comparisons
        raise BadInput("a task score lies outside 0 to 1", place="score")
    return data


def _t_quantile(probability: float, df: float) -> float:
    # Loaded when needed: scipy takes longer to import than a hundred programs take to grade.
    from scipy.special import stdtrit

    return float(stdtrit(df, probability))


def _wilson(p: float, n: int, confidence: float) -> Interval:
    z2 = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = 0.0 if p == 0 else max(0.0, centre - half)
    return Interval(low, 1.0 if p == 1 else min(1.0, centre + half))


def _codes(families: Sequence[Hashable] | None, tasks: int) -> tuple[npt.NDArray[np.intp], int]:
    labels: Sequence[Hashable] = range(tasks) if families is None else families
    if len(labels) != tasks:
        raise BadInput(f"{len(labels)} families for {tasks} tasks", place="families")
    known: dict[Hashable, int] = {}
    codes = [known.setdefault(label, len(known)) for label in labels]
    return np.asarray(codes, dtype=np.intp), len(known)


def _check_counts(passed: int, total: int, place: str) -> None:
    if total < 1 or not 0 <= passed <= total:
        raise BadInput(f"{passed} passes of {total} is no count", place=place)


def _check_lengths(passed: Sequence[int], samples: Sequence[int]) -> None:
    if len(passed) != len(samples) or not passed:
        raise BadInput(f"{len(passed)} counts for {len(samples)} tasks", place="score")

"""What of scores needs numbers in bulk: splits of the variance, gaps, bootstraps, exact intervals.

Example: a public score of .84 against a private one of .66, 200 tasks each, is a gap of .18 with a
z of about 4.25. The means and their errors are in ``means.py``.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput
from benchserver.measurement.means import (
    Estimate,
    Interval,
    check_counts,
    check_scores,
    cluster_codes,
    t_quantile,
    task_scores,
)

Floats = npt.NDArray[np.float64]
MIN_BOOTSTRAP_CLUSTERS = 20


def variance_split(passed: Sequence[int], samples: int) -> tuple[float, float]:
    """(omega^2 between tasks, sigma^2 within a task) with K samples each (Miller 2024).

    Var(s_j) = omega^2 + sigma^2/K. sigma^2 is the mean of s(1-s)K/(K-1); omega^2 may come out
    slightly below 0 and is then 0. Known answer: 2, 1 and 0 of 2 samples give 1/6 and 1/6.
    Raises ``BadInput`` for K = 1: one sample shows no spread.
    """
    if samples < 2:
        raise BadInput("splitting the variance needs 2 samples per task", place="samples")
    s = np.asarray(task_scores(passed, [samples] * len(passed)))
    sigma2 = float(np.mean(s * (1 - s)) * samples / (samples - 1))
    return max(0.0, float(np.var(s, ddof=1)) - sigma2 / samples), sigma2


def clopper_pearson(passed: int, total: int, *, confidence: float = 0.95) -> Interval:
    """The exact (conservative) interval of Clopper and Pearson (1934), for gates.

    Known answer: 0/10 -> [0, .308497].
    """
    check_counts(passed, total, "clopper_pearson")
    from scipy.special import betainccinv, betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(passed, total - passed + 1, tail)) if passed else 0.0
    high = float(betainccinv(passed + 1, total - passed, tail)) if passed < total else 1.0
    return Interval(low, high)


def gap(public: Estimate, private: Estimate) -> Estimate:
    """Public minus private score of one model, with Welch's (1947) error and df.

    The two splits hold different tasks, so the errors add. Known answer: 168/200 against 132/200
    is .18 with z about 4.25 (integrity note 4.2). A gap may also mean that the public tasks are
    easier; compare it with the panel's.
    """
    variances = (public.se**2, private.se**2)
    mean, se = public.mean - private.mean, math.sqrt(sum(variances))
    parts = [v * v / e.df for v, e in zip(variances, (public, private), strict=True)]
    df = sum(variances) ** 2 / sum(parts) if sum(parts) else min(public.df, private.df)
    half = t_quantile(0.5 + private.confidence / 2, df) * se
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
    """Percentile interval of the mean; whole families are drawn with replacement (Efron and
    Tibshirani 1993).

    Known answer: below 20 clusters it is degenerate (four give [.25, 1] on the example of
    ``means.py``) and raises ``BadInput``: print the t interval instead.
    """
    data = checked_scores(values)
    codes, clusters = cluster_codes(families, len(data))
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
    """How many standard errors the best of N equal tries lies above the truth (Tippett 1925).

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
    if data.ndim != 1:
        raise BadInput("there are no task scores", place="score")
    check_scores(data.tolist())
    return data

"""Formulas written here a second time: intervals, errors, the t distribution, Holm's adjustment.

Example: 8 of 10 passed has Wilson's interval .490 to .943; nothing of numpy or scipy is needed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

ALPHA, MIN_CELL = 0.05, 20


@dataclass(frozen=True)
class Part:
    """The tasks of one split in form order: passes and verdicts per task, K samples each."""

    passed: tuple[int, ...]
    judged: tuple[int, ...]
    families: tuple[str, ...]
    samples: int

    @property
    def values(self) -> list[float]:
        return [p / self.samples for p in self.passed]


@dataclass(frozen=True)
class Figures:
    mean: float
    se: float
    low: float
    high: float
    df: int


def e4(value: float) -> int:
    return round(value * 10_000)


def beta_share(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    h = d
    for m in range(1, 400):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d, c = 1 / (1 + step * d), 1 + step / c
            h *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * h / a


def two_sided_t(t: float, df: float) -> float:
    return beta_share(df / 2, 0.5, df / (df + t * t))


def t_quantile(probability: float, df: float) -> float:
    """The t above which 1 - probability lies, by halving."""
    low, high = 0.0, 1.0
    while two_sided_t(high, df) > 2 * (1 - probability):
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if two_sided_t(middle, df) > 2 * (1 - probability):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def wilson(share: float, n: int) -> tuple[float, float]:
    z = NormalDist().inv_cdf(0.975)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (0.0 if share == 0 else centre - half), (1.0 if share == 1 else centre + half)


def clustered(values: Sequence[float], families: Sequence[str]) -> tuple[float, float, int]:
    """(mean, CR1 error, families)."""
    mean = math.fsum(values) / len(values)
    sums: dict[str, float] = defaultdict(float)
    for value, family in zip(values, families, strict=True):
        sums[family] += value - mean
    g = len(sums)
    spread = math.fsum(s * s for s in sums.values())
    return mean, math.sqrt(spread * g / (g - 1)) / len(values) if g > 1 else 0.0, g


def figures(part: Part) -> Figures:
    mean, se, g = clustered(part.values, part.families)
    if g < 2:
        return Figures(mean, 0.0, 0.0, 1.0, 0)
    if se < 1e-12:
        return Figures(mean, se, *wilson(mean, g), g - 1)
    half = t_quantile(0.975, g - 1) * se
    return Figures(mean, se, max(0.0, mean - half), min(1.0, mean + half), g - 1)


def holm(p_values: Sequence[float]) -> list[float]:
    adjusted, worst = [0.0] * len(p_values), 0.0
    for done, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        worst = max(worst, min(1.0, p_values[place] * (len(p_values) - done)))
        adjusted[place] = worst
    return adjusted

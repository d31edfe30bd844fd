"""Does a model fall off a cliff at its training cutoff? Passes before it against passes after it.

Newer tasks may simply be harder, so the plain table is never evidence: the same tasks are compared
on control models that had seen neither side (difference in differences), or with each task's
difficulty taken out by the panel (permutation of residuals). Example: 62 of 100 before and 41 of
100 after is an odds ratio of 2.35 (p .0045), but controls that fall too leave only p .019.

One observation per task: with K samples a task counts as their mean, so cells may be fractions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from scipy import optimize, special, stats

from benchserver.core.errors import BadInput
from benchserver.measurement.contamination.permutation import larger_mean

DEAD_ZONE = timedelta(days=91)  # what was written around a cutoff belongs to neither side


@dataclass(frozen=True, slots=True)
class Table:
    """Passes and tasks before a date and after it; passes may be fractions (means of samples)."""

    passed_before: float
    before: float
    passed_after: float
    after: float

    def cells(self) -> tuple[float, float, float, float]:
        """Passed and not passed before, passed and not passed after. Raises ``BadInput``."""
        sides = ((self.passed_before, self.before), (self.passed_after, self.after))
        if not all(0 <= passed <= total and total > 0 for passed, total in sides):
            raise BadInput("a side has no tasks, or more passes than tasks", place="cliff")
        (a, n), (c, m) = sides
        return a, n - a, c, m - c


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """Common odds ratio over strata; chi-squared (1 df) and p, plain and continuity corrected."""

    odds_ratio: float
    chi2: float
    p_value: float
    chi2_corrected: float
    p_corrected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cliff:
    """``log_odds``: the target's log odds ratio less the controls'; p is one-sided (a fall)."""

    log_odds: float
    se: float
    z: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """``effect``: mean residual before less mean residual after, in points of a score of 1."""

    effect: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Windows:
    """Places of the tasks on each side of a cutoff."""

    before: tuple[int, ...]
    after: tuple[int, ...]


def windows(
    written: Sequence[date | None],
    *,
    cutoff: date,
    start: date | None = None,
    dead_zone: timedelta = DEAD_ZONE,
) -> Windows:
    """Which tasks are certainly before and after. Undated ones and the dead zone are neither;
    ``start``: only what was written later counts, the cutoff of the youngest control."""
    dated = [(place, day) for place, day in enumerate(written) if day is not None]
    known = [(p, d) for p, d in dated if start is None or d > start]
    return Windows(
        before=tuple(p for p, d in known if d <= cutoff - dead_zone),
        after=tuple(p for p, d in known if d > cutoff + dead_zone),
    )


def table(scores: Sequence[float], sides: Windows) -> Table:
    """Task scores summed on each side, every task once."""
    before, after = ([scores[p] for p in side] for side in (sides.before, sides.after))
    return Table(float(sum(before)), len(before), float(sum(after)), len(after))


def odds_ratio(counts: Table) -> float:
    """Odds before over odds after; infinite when nobody failed before or passed after."""
    a, b, c, d = counts.cells()
    return a * d / (b * c) if b * c else math.inf if a * d else math.nan


def fisher(counts: Table) -> float:
    """Two-sided exact p of one table of whole counts (Fisher 1922).

    Known answer: 62/100 against 41/100 .00453864723553. Raises ``BadInput`` for fractions.
    """
    cells = counts.cells()
    if any(cell != int(cell) for cell in cells):
        raise BadInput("Fisher's test counts single samples", place="cliff")
    a, b, c, d = (int(cell) for cell in cells)
    return float(stats.fisher_exact(np.array([[a, b], [c, d]])).pvalue)


def mantel_haenszel(strata: Sequence[Table]) -> Pooled:
    """The common odds ratio over strata of difficulty and its test (Mantel and Haenszel 1959).

    Known answer: one stratum gives the plain odds ratio, and (N - 1) / N of the plain chi-squared.
    Raises ``BadInput`` without a stratum that can tell anything.
    """
    up = down = observed = expected = variance = 0.0
    for a, b, c, d in (stratum.cells() for stratum in strata):
        n = a + b + c + d
        up, down = up + a * d / n, down + b * c / n
        observed, expected = observed + a, expected + (a + b) * (a + c) / n
        if n > 1:
            variance += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1))
    if not variance:
        raise BadInput("every stratum is all passed or all failed", place="cliff.strata")
    off = abs(observed - expected)
    plain, corrected = off**2 / variance, max(0.0, off - 0.5) ** 2 / variance
    return Pooled(
        odds_ratio=up / down if down else math.inf,
        chi2=plain,
        p_value=float(stats.chi2.sf(plain, 1)),
        chi2_corrected=corrected,
        p_corrected=float(stats.chi2.sf(corrected, 1)),
    )


def difference_in_differences(target: Table, controls: Table) -> Cliff:
    """Does the target fall more than the controls do, on the logit scale? (Woolf 1955).

    ``controls``: all control models' cells summed. An empty cell gets 1/2 added in all eight
    (Haldane). Known answer: 62/100 and 41/100 against 150/300 and 138/300 is .693170952445 with
    error .332470702209, one-sided p .01854. Raises ``BadInput`` for a side without tasks.
    """
    cells = [*target.cells(), *controls.cells()]
    if min(cells) == 0:
        cells = [cell + 0.5 for cell in cells]
    signs = (1, -1, -1, 1, -1, 1, 1, -1)
    log_odds = sum(sign * math.log(cell) for sign, cell in zip(signs, cells, strict=True))
    se = math.sqrt(sum(1 / cell for cell in cells))
    z = log_odds / se
    return Cliff(log_odds=log_odds, se=se, z=z, p_value=float(stats.norm.sf(z)))


def panel_difficulties(passed: Sequence[float], samples: Sequence[float]) -> list[float]:
    """Logit difficulty of each task from the whole panel's passes, its ability being 0.

    Half a pass and half a failure are added, so that a task nobody solves stays finite.
    """
    rates = (np.asarray(passed, float) + 0.5) / (np.asarray(samples, float) + 1)
    return [float(-special.logit(rate)) for rate in rates]


def residuals(scores: Sequence[float], difficulties: Sequence[float]) -> list[float]:
    """Score less what a model of this ability makes of each task's difficulty.

    The ability is the one whose expected sum is the observed one (Rasch's maximum likelihood), so
    residuals sum to 0; all passed or all failed has none and raises ``BadInput``.
    """
    y, b = np.asarray(scores, float), np.asarray(difficulties, float)
    if len(y) != len(b) or not len(y):
        raise BadInput(f"{len(y)} scores and {len(b)} difficulties", place="cliff")
    if not 0 < y.sum() < len(y):
        raise BadInput("a model that passes all or nothing has no residuals", place="cliff")

    def surplus(ability: float) -> float:
        return float(special.expit(ability - b).sum() - y.sum())

    ability = optimize.brentq(surplus, b.min() - 40, b.max() + 40)
    return [float(r) for r in y - special.expit(ability - b)]


def residual_shift(values: Sequence[float], sides: Windows) -> Shift:
    """Are residuals higher before the cutoff? One-sided exact permutation over tasks (Fisher 1935).

    Known answer: five tasks all above five others, p 1/252. Raises ``BadInput`` for an empty side.
    """
    before, after = ([values[p] for p in side] for side in (sides.before, sides.after))
    found = larger_mean(before, after)
    return Shift(effect=found.difference, p_value=found.p_value)

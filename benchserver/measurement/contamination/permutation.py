"""Is one group's mean larger than chance makes it? All ways to deal the labels, without drawing.

Example: five values all above five others: one of the 252 ways to choose five, p = 1/252. With few
ways they are listed; with many, values are rounded to a grid and the ways to reach each sum are
counted (Pagano and Tritchler 1983), which keeps the test exact for the rounded values and reaches
the tiny p-values that hundreds of tests on one board ask for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput

Floats = npt.NDArray[np.float64]

_ALL_WAYS = 20_000
_STEPS = 2e8  # additions that counting may cost; finer grids cost more
_FINEST, _COARSEST = 256, 8  # grid points per unit
_SAME = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """``p_value``: share of all ways with a mean of the first group at least as large."""

    difference: float
    p_value: float


def larger_mean(first: Sequence[float], second: Sequence[float]) -> Difference:
    """One-sided p that the first mean is the larger by chance only (Pagano and Tritchler 1983).

    Known answer: 6, 7, 8, 9, 10 against 1, 2, 3, 4, 5 is 5 with p 1/252. Raises ``BadInput`` when
    a side is empty or a value is not finite.
    """
    values = np.asarray([*first, *second], dtype=float)
    if not first or not second or not np.isfinite(values).all():
        raise BadInput("two groups of finite values are needed", place="permutation")
    difference = float(np.mean(first) - np.mean(second))
    if math.comb(len(values), len(first)) <= _ALL_WAYS:
        return Difference(difference=difference, p_value=_listed(values, len(first)))
    return Difference(difference=difference, p_value=counted(values, len(first)))


def counted(values: Floats, k: int) -> float:
    """The p-value by counting: the first ``k`` values are the first group."""
    smaller = min(k, len(values) - k)
    grid = _grid(len(values), smaller, float(np.ptp(values)))
    steps = np.rint((values - values.min()) * grid).astype(np.int64)
    if k > smaller:  # the others as few: turned over, their sum is large when ours is
        steps = (steps.max() - steps)[::-1]
    ways = _ways(steps, smaller)
    observed = int(steps[:smaller].sum())
    return min(1.0, float(ways[observed:].sum() / ways.sum()))


def _ways(steps: npt.NDArray[np.int64], k: int) -> Floats:
    """For each sum, the ways to choose ``k`` of the values, up to a common factor."""
    top = int(np.sort(steps)[-k:].sum())
    ways = np.zeros((k + 1, top + 1))
    ways[0, 0] = 1.0
    for taken, step in enumerate(steps, start=1):
        rows = min(k, taken)
        ways[1 : rows + 1, step:] += ways[:rows, : top + 1 - step].copy()
        ways *= 0.5  # nothing overflows: 2^-n of all subsets
    return np.asarray(ways[k])


def _grid(n: int, k: int, width: float) -> float:
    """Points per unit: as fine as the work allows."""
    if width <= 0:
        return 1.0
    affordable = _STEPS / (n * k * k * width)
    return float(min(_FINEST, max(_COARSEST, affordable)))


def _listed(values: Floats, k: int) -> float:
    observed = float(values[:k].sum())
    sums = [float(values[list(chosen)].sum()) for chosen in combinations(range(len(values)), k)]
    return sum(s >= observed - _SAME for s in sums) / len(sums)

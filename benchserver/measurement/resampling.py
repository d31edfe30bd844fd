"""The largest of many differences by chance: one adjustment for all pairs of a large board.

With 200 models there are 19,900 pairs, and Holm treats them as if they had nothing in common. They
share their tasks. So the signs of whole families are turned at random, all pairs are computed
again on the same turned table, and a pair is significant when it is larger than the largest of
those that chance makes. Step by step: what is found leaves the field, and the rest is compared
with the largest of the rest. Example: two tasks told apart by all models alike count once.

Sources: Romano and Wolf 2005 and 2016 (step-down, adjusted p-values); Canay, Romano and Shaikh
2017 (turning the signs of clusters; valid with few of them); Phipson and Smyth 2010 (never 0).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput
from benchserver.measurement.means import cluster_codes

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

DRAWS = 2000
_BLOCK = 1_000_000  # statistics held at once: 8 MB each copy
_NOTHING = 1e-9


def max_t(
    scores: Floats,
    *,
    families: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Floats:
    """Adjusted two-sided p-values, models x models, 1 on the diagonal (Romano and Wolf 2016).

    ``scores``: models x tasks without holes. The statistic of a pair is |sum of D| over the root
    of the sum of D^2, where D is the summed difference of a family; with one task a family and
    single samples it is McNemar's. Its random copies turn the sign of every family, the same for
    all pairs. Known answer: two models that differ on 10 of 10 tasks the same way have
    p = 2 / 2^10 up to the draws' error. Raises ``BadInput`` for a table with holes or no draws.
    """
    if scores.ndim != 2 or not np.isfinite(scores).all() or draws < 1:
        raise BadInput("turning signs needs a full table and a draw", place="resampling")
    sums = _cluster_sums(scores, families)
    first, second, spread, observed = _ordered_pairs(sums)
    found = _step_down(sums, (first, second), spread, observed, draws, seed)
    return _square(len(sums), first, second, found)


def statistics(scores: Floats, *, families: Sequence[Hashable] | None = None) -> Floats:
    """The statistic of every pair, models x models, 0 on the diagonal (Romano and Wolf 2016).

    Known answer: two models that differ on 10 of 10 tasks the same way have sqrt(10).
    """
    sums = _cluster_sums(scores, families)
    total = sums.sum(axis=1)
    spread = np.sqrt(_squared_differences(sums))
    return _studentised(np.abs(total[:, None] - total[None, :]), spread)


def cutoff(
    scores: Floats,
    *,
    families: Sequence[Hashable] | None = None,
    alpha: float = 0.05,
    draws: int = DRAWS,
    seed: int = 0,
) -> float:
    """What a statistic must reach at the last step of ``max_t`` to be significant (Romano and Wolf
    2005): the 1 - alpha quantile of the largest among the pairs that are not; among all where those
    have no spread.

    Known answer: two models that differ half one way and half the other on 100 tasks: about 1.96.
    """
    sums = _cluster_sums(scores, families)
    first, second, spread, observed = _ordered_pairs(sums)
    p = _step_down(sums, (first, second), spread, observed, draws, seed)
    left = min(int((p <= alpha).sum()), len(p) - 1)
    rest = slice(left if spread[left:].any() else 0, None)
    inverse = _studentised(np.ones_like(spread[rest]), spread[rest])
    generator, largest = np.random.default_rng(seed), []
    block = max(1, _BLOCK // len(inverse))
    for start in range(0, draws, block):
        turned = _turned(generator, sums, min(block, draws - start))
        drawn = np.abs(turned[:, first[rest]] - turned[:, second[rest]]) * inverse
        largest.append(drawn.max(axis=1))
    return float(np.quantile(np.concatenate(largest), 1 - alpha))


def _ordered_pairs(sums: Floats) -> tuple[Places, Places, Floats, Floats]:
    """First, second, spread and statistic of every pair, the largest statistic first."""
    first, second = np.triu_indices(len(sums), 1)
    spread = np.sqrt(_squared_differences(sums)[first, second])
    total = sums.sum(axis=1)
    observed = _studentised(np.abs(total[first] - total[second]), spread)
    order = np.argsort(-observed, kind="stable")
    return first[order], second[order], spread[order], observed[order]


def _turned(generator: np.random.Generator, sums: Floats, draws: int) -> Floats:
    """Draws x models: each model's total after the families' signs were turned."""
    return np.asarray(generator.choice((-1.0, 1.0), size=(draws, sums.shape[1])) @ sums.T)


def _cluster_sums(scores: Floats, families: Sequence[Hashable] | None) -> Floats:
    """Models x families, less the mean over models, in an order that names and places of tasks
    do not decide: the same sign then meets the same family in every arrangement."""
    codes, clusters = cluster_codes(families, scores.shape[1])
    sums = np.asarray([np.bincount(codes, weights=row, minlength=clusters) for row in scores])
    weights = np.round(sums.sum(axis=1), 9)
    keys = [np.round(weights**2 @ sums, 6), np.round(weights @ sums, 6)]
    ordered = sums[:, np.lexsort([*np.round(np.sort(sums, axis=0), 9), *keys])]
    return np.asarray(ordered - ordered.mean(axis=0), dtype=np.float64)


def _squared_differences(sums: Floats) -> Floats:
    own = (sums * sums).sum(axis=1)
    squared = own[:, None] + own[None, :] - 2 * (sums @ sums.T)
    return np.where(squared < _NOTHING, 0.0, squared)


def _studentised(differences: Floats, spread: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, differences / spread, 0.0)


def _step_down(
    sums: Floats,
    pairs: tuple[Places, Places],
    spread: Floats,
    observed: Floats,
    draws: int,
    seed: int,
) -> Floats:
    """Per pair, largest statistic first: the share of draws whose largest among this and all
    smaller pairs is at least as large; then never below the pair before."""
    generator = np.random.default_rng(seed)
    inverse = _studentised(np.ones_like(spread), spread)
    exceeding = np.zeros(len(observed), dtype=np.int64)
    block = max(1, _BLOCK // max(1, len(observed)))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        turned = _turned(generator, sums, size)
        drawn = np.abs(turned[:, pairs[0]] - turned[:, pairs[1]]) * inverse
        largest = np.maximum.accumulate(drawn[:, ::-1], axis=1)[:, ::-1]
        exceeding += (largest >= observed - _NOTHING).sum(axis=0)
    return np.maximum.accumulate((1 + exceeding) / (1 + draws))


def _square(models: int, first: Places, second: Places, values: Floats) -> Floats:
    square = np.ones((models, models))
    square[first, second] = square[second, first] = values
    return square

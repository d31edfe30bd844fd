"""Tables with holes: every pair of models compared on the tasks both have, all pairs at once.

A task that was never run is missing, not failed, so two models are held against each other on
what they share and nowhere else. Example: A has tasks 1 to 4, B has 3 to 6; their difference rests
on tasks 3 and 4, and its error says so. On a table without holes every entry equals
``pairs.paired_difference`` (or ``pairs.mcnemar_exact`` for single samples without families).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchserver.core.errors import BadInput

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
_ROUNDING = 1e-11
Moments = tuple[Floats, Floats, Floats, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Arrays of models x models; entry [a, b] is model a minus model b.

    ``difference`` and ``se`` are nan without a shared task; ``tasks`` and ``clusters`` are shared
    ones; ``p_value`` is two-sided, 1 where fewer than two clusters are shared.
    """

    difference: Floats
    se: Floats
    tasks: Counts
    clusters: Counts
    p_value: Floats


def compare_shared(scores: Floats, *, families: Sequence[Hashable] | None = None) -> Pairs:
    """Paired differences with clustered errors (CR1) on shared tasks, t with G - 1 df.

    ``scores``: models x tasks in [0, 1], nan where there is no result. Source: Miller 2024
    (paired, clustered), applied to the tasks each pair shares. Known answer: 100 tasks, A alone
    solves 14, B alone 6: difference .08, error .0442216638714. Raises ``BadInput`` for scores
    outside [0, 1] and for labels that do not fit the tasks.
    """
    known = _checked(scores)
    x, m = np.where(known, scores, 0.0), known.astype(np.float64)
    codes = _codes(families, scores.shape[1])
    shared = m @ m.T
    sums = x @ m.T
    total = sums - sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(shared > 0, total / shared, np.nan)
    squares, crossed, sizes, clusters = _cluster_moments(x, m, codes)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = squares - 2 * mean * crossed + mean**2 * sizes
        # Large terms cancel: what rounding leaves of an equal difference is no spread.
        spread = np.where(spread < _ROUNDING * (1 + squares), 0.0, spread)
        se = np.sqrt(spread * clusters / (clusters - 1)) / shared
    se = np.where(clusters > 1, se, np.nan)
    single = families is None and bool(np.isin(x[known], (0.0, 1.0)).all())
    p = _mcnemar(x, m) if single else _t_test(mean, se, clusters)
    return Pairs(
        difference=mean,
        se=se,
        tasks=shared.astype(np.int64),
        clusters=clusters.astype(np.int64),
        p_value=np.where(clusters > 1, p, 1.0),
    )


def _checked(scores: Floats) -> npt.NDArray[np.bool_]:
    if scores.ndim != 2:
        raise BadInput("a table has models and tasks", place="scores")
    known = ~np.isnan(scores)
    if not ((scores[known] >= 0) & (scores[known] <= 1)).all():
        raise BadInput("a score lies outside 0 to 1", place="scores")
    return known


def _codes(families: Sequence[Hashable] | None, tasks: int) -> Counts:
    if families is None:
        return np.arange(tasks)
    if len(families) != tasks:
        raise BadInput(f"{len(families)} labels for {tasks} tasks", place="families")
    numbers = {label: n for n, label in enumerate(dict.fromkeys(families))}
    return np.asarray([numbers[label] for label in families])


def _cluster_moments(x: Floats, m: Floats, codes: Counts) -> Moments:
    """Over clusters, with D the summed differences and N the shared tasks of a cluster: the sums
    of D^2, D N and N^2, and the number of clusters with a shared task; each models x models.

    Clusters of one task open into matrix products, since N is 0 or 1 there; so do clusters
    without holes, where N is their size. Only the rest is walked through.
    """
    members = np.bincount(codes)
    alone = members[codes] == 1
    whole = np.bincount(codes, weights=m.min(axis=0)) == members
    whole &= members > 1
    moments = _moments_of_single(x[:, alone], m[:, alone])
    rows = [np.bincount(codes, weights=row, minlength=len(members)) for row in x]
    sums = np.asarray(rows, dtype=np.float64)
    moments = _added(moments, _moments_of_whole(sums[:, whole], members[whole].astype(float)))
    for code in np.flatnonzero((members > 1) & ~whole):
        xg, mg = x[:, codes == code], m[:, codes == code]
        half = xg @ mg.T
        d, n = half - half.T, mg @ mg.T
        moments = _added(moments, (d * d, d * n, n * n, (n > 0).astype(float)))
    return moments


def _added(one: Moments, other: Moments) -> Moments:
    first, second, third, fourth = (a + b for a, b in zip(one, other, strict=True))
    return first, second, third, fourth


def _moments_of_single(x: Floats, m: Floats) -> Moments:
    one_sided, sums, both = (x * x) @ m.T, x @ m.T, m @ m.T
    return one_sided + one_sided.T - 2 * (x @ x.T), sums - sums.T, both, both


def _moments_of_whole(sums: Floats, sizes: Floats) -> Moments:
    """``sums``: models x clusters, every task of them known to every model."""
    own, gram, weighted = (sums * sums).sum(axis=1), sums @ sums.T, sums @ sizes
    full = np.ones_like(gram)
    squares = own[:, None] + own[None, :] - 2 * gram
    crossed = weighted[:, None] - weighted[None, :]
    return squares, crossed, full * (sizes @ sizes), full * len(sizes)


def _t_test(mean: Floats, se: Floats, clusters: Floats) -> Floats:
    """Where every difference is the same and not 0, t is undefined: the sign test over clusters."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * stats.t.sf(np.abs(mean) / se, clusters - 1)
        sign = np.where(np.abs(mean) < 1e-12, 1.0, 2.0 ** (1 - clusters))
    return np.minimum(np.where(se == 0, sign, p), 1.0)


def _mcnemar(x: Floats, m: Floats) -> Floats:
    """The exact two-sided test of McNemar (1947) on the tasks only one of the two solved."""
    only_first = x @ (m - x * m).T
    only_second = only_first.T
    n = only_first + only_second
    tail = stats.binom.cdf(np.minimum(only_first, only_second), n, 0.5)
    return np.minimum(2 * tail, 1.0)

"""Is it still the same model? Two samples of replies to the same prompts, as distributions.

``equality_test``: the model equality test of Gao, Liang and Guestrin (2025): the Hamming kernel
counts equal places of two replies, the unbiased MMD^2 is averaged over prompts, and the p-value
comes from shuffling replies between the samples within each prompt. ``border_test``: for prompts
whose first token varies, the mean total variation between the two counts of first tokens. Example:
replies (1,1), (1,2) against (1,1), (2,2) give MMD^2 = 1 + 0 - 2 * 1 = -1.

A small p says "another distribution", not "fraud": quantisation and routing change it too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchserver.core.errors import BadInput

Reply = Sequence[int]  # tokens or characters, as numbers; longer is not better, equal places count
Matrix = NDArray[np.float64]
K = TypeVar("K", bound=Hashable)  # what names a prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """``statistic``: MMD^2 or mean total variation; ``p_value``: share of shuffles, this one
    included, with a statistic at least as large."""

    statistic: float
    p_value: float
    prompts: int
    permutations: int


def equality_test(
    first: Mapping[K, Sequence[Reply]],
    second: Mapping[K, Sequence[Reply]],
    *,
    permutations: int = 999,
    seed: int = 0,
) -> Equality:
    """Over the prompts that both samples have (Gao, Liang and Guestrin 2025).

    Known answer: the module's example, MMD^2 -1. Raises ``BadInput`` when there is no prompt, or
    one has fewer than two replies on a side.
    """
    prompts = _common(first, second)
    kernels = [_kernel([*first[p], *second[p]]) for p in prompts]
    labels = [_labels(len(first[p]), len(second[p])) for p in prompts]
    pairs = [(lambda z, k=k: _mmd(k, z), z) for k, z in zip(kernels, labels, strict=True)]
    return _shuffled(pairs, permutations, seed)


def total_variation(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Half the sum of the differences of two empirical distributions: 0 the same, 1 disjoint."""
    values = {*first, *second}
    return 0.5 * sum(
        abs(list(first).count(v) / len(first) - list(second).count(v) / len(second)) for v in values
    )


def border_test(
    first: Mapping[K, Sequence[Hashable]],
    second: Mapping[K, Sequence[Hashable]],
    *,
    permutations: int = 999,
    seed: int = 0,
) -> Equality:
    """Mean total variation over border inputs, prompt -> first tokens (B3IT, ICML 2026), shuffled
    within prompts. Known answer: 1, 1, 2, 2 against 3, 3, 3, 3 is 1. Raises ``BadInput``."""
    prompts = _common(first, second)
    pairs = []
    for prompt in prompts:
        onehot = _one_hot([*first[prompt], *second[prompt]])
        z = _labels(len(first[prompt]), len(second[prompt]))
        pairs.append((lambda labels, o=onehot: _variation(o, labels), z))
    return _shuffled(pairs, permutations, seed)


def _common(first: Mapping[K, Sequence[object]], second: Mapping[K, Sequence[object]]) -> list[K]:
    prompts = [prompt for prompt in first if prompt in second]
    if not prompts:
        raise BadInput("no prompt has replies in both samples", place="equality")
    if any(min(len(first[p]), len(second[p])) < 2 for p in prompts):
        raise BadInput("a prompt needs two replies in each sample", place="equality")
    return prompts


def _labels(first: int, second: int) -> Matrix:
    return np.array([1.0] * first + [0.0] * second)


def _kernel(replies: Sequence[Reply]) -> Matrix:
    """Hamming kernel of all pairs; shorter replies are filled with places equal to nothing."""
    longest = max((len(r) for r in replies), default=0)
    if longest == 0:  # nothing but empty replies: all the same
        return np.ones((len(replies), len(replies)))
    rows = np.array([[*r, *[-1] * (longest - len(r))] for r in replies])
    same = rows[:, None, :] == rows[None, :, :]
    real = (rows >= 0)[:, None, :]
    return np.asarray((same & real).sum(axis=2), dtype=float)


def _mmd(kernel: Matrix, labels: Matrix) -> float:
    n, m = labels.sum(), (1 - labels).sum()
    if n < 2 or m < 2:
        raise BadInput("a prompt needs two replies in each sample", place="equality")
    off = kernel - np.diag(np.diag(kernel))
    inside_first = labels @ off @ labels / (n * (n - 1))
    other = 1 - labels
    inside_second = other @ off @ other / (m * (m - 1))
    return float(inside_first + inside_second - 2 * (labels @ kernel @ other) / (n * m))


def _one_hot(values: Sequence[Hashable]) -> Matrix:
    known = list(dict.fromkeys(values))
    return np.array([[float(v == k) for k in known] for v in values])


def _variation(onehot: Matrix, labels: Matrix) -> float:
    first = labels @ onehot / labels.sum()
    second = (1 - labels) @ onehot / (1 - labels).sum()
    return float(0.5 * np.abs(first - second).sum())


Statistic = Callable[[Matrix], float]


def _shuffled(pairs: Sequence[tuple[Statistic, Matrix]], permutations: int, seed: int) -> Equality:
    """The mean statistic and its permutation p-value (Phipson and Smyth 2010: never 0)."""
    random = np.random.default_rng(seed)
    observed = float(np.mean([statistic(labels) for statistic, labels in pairs]))
    as_large = sum(
        float(np.mean([s(random.permutation(z)) for s, z in pairs])) >= observed - 1e-12
        for _ in range(permutations)
    )
    return Equality(
        statistic=observed,
        p_value=(1 + as_large) / (1 + permutations),
        prompts=len(pairs),
        permutations=permutations,
    )

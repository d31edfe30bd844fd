"""The adjusted p-values of a large board, drawn once more: signs of families turned at random.

The statistic of a pair is |sum| over the root of the sum of squares of its family differences. In
each draw every family keeps or turns its sign, for all pairs at once; a pair's p is how often the
largest of itself and all lesser pairs comes out as large. Other lots than the service's, so two
right answers differ: by chance, at most four errors of both draws. Example: the service has 2,000
draws, .05 may be .028 to .072.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

Range = tuple[float, float]

SERVICE_DRAWS = 2_000
MOST_DRAWS, CELLS = 20_000, 40_000_000
ERRORS, SLACK = 4.0, 3 / SERVICE_DRAWS  # a rare event's count is not normal
SEED = 20_260_719
ALMOST = 1e-9


def turned(values: Sequence[Sequence[float]], families: Sequence[str]) -> list[Range]:
    """From where to where the service's p may lie, for the pairs (0, 1), (0, 2), ... (1, 2)."""
    apart = _differences(np.asarray(values, dtype=float), families)
    size = np.sqrt((apart**2).sum(axis=1))
    scale = np.divide(1.0, size, out=np.zeros_like(size), where=size > ALMOST)
    seen = np.abs(apart.sum(axis=1)) * scale
    falling = np.argsort(-seen, kind="stable")
    draws = max(SERVICE_DRAWS, min(MOST_DRAWS, CELLS // len(seen)))
    share = _shares((apart * scale[:, None])[falling], seen[falling], draws)
    ranges: list[Range] = [(0.0, 1.0)] * len(seen)
    lowest = highest = 0.0
    for place, p in zip(falling.tolist(), share.tolist(), strict=True):
        low, high = _range(p, draws)
        lowest, highest = max(lowest, low), max(highest, high)
        ranges[place] = (lowest, highest)
    return ranges


def _differences(table: np.ndarray, families: Sequence[str]) -> np.ndarray:
    """Pairs x families."""
    places = {family: n for n, family in enumerate(dict.fromkeys(families))}
    sums = np.zeros((len(table), len(places)))
    for task, family in enumerate(families):
        sums[:, places[family]] += table[:, task]
    return np.asarray([sums[a] - sums[b] for a, b in combinations(range(len(sums)), 2)])


def _shares(scaled: np.ndarray, seen: np.ndarray, draws: int) -> np.ndarray:
    lots, at_least = np.random.default_rng(SEED), np.zeros(len(seen))
    for _ in range(0, draws, 200):
        signs = 2.0 * lots.integers(0, 2, size=(scaled.shape[1], min(200, draws))) - 1
        drawn = np.abs(scaled @ signs)
        largest = np.maximum.accumulate(drawn[::-1], axis=0)[::-1]
        at_least += (largest >= seen[:, None] - ALMOST).sum(axis=1)
    return at_least / draws


def _range(p: float, draws: int) -> Range:
    """The service counts its own draw as one more, so its p is never 0."""
    centre = (1 + SERVICE_DRAWS * p) / (1 + SERVICE_DRAWS)
    half = ERRORS * (p * (1 - p) * (1 / draws + 1 / SERVICE_DRAWS)) ** 0.5 + SLACK
    return max(1 / (1 + SERVICE_DRAWS), centre - half), min(1.0, centre + half)

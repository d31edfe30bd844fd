"""Who is better than whom: p-values of all pairs, tiers, rank intervals, and the pairs as told.

Up to twenty models the adjustment is Holm's and is repeated to the digit. Above, it is drawn by
lot, and drawn here again with other lots: what is published must lie within four Monte Carlo errors
of what came of it. Only where a step's edge lies inside that range does the published side stand.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from tests.recount.arithmetic import (
    ALPHA,
    MIN_CELL,
    Part,
    clustered,
    holm,
    t_quantile,
    two_sided_t,
)
from tests.recount.turning import Range, turned

HOLM_UP_TO = 20
STEPS = (100, 1_000, 10_000, 50_000, 200_000, 1_000_000)
CERTAIN, NOTHING = 50_000, 1_000_000


@dataclass(frozen=True)
class Line:
    """One ranked model; ``uses``: mean, low and high per unit."""

    slug: str
    owner: str
    hidden: Part
    cell: dict[str, Any]
    uses: dict[str, tuple[float, ...]]
    numbers: dict[str, Any]

    @property
    def mean(self) -> float:
        return round(math.fsum(self.hidden.values) / len(self.hidden.passed), 12)


@dataclass(frozen=True)
class Pair:
    """``adjusted``: from where to where the adjusted p may lie; ``told``: its published step."""

    raw: float
    adjusted: Range
    told: int | None

    @property
    def certain(self) -> bool:
        low, high = self.adjusted
        if low <= ALPHA < high:
            return self.told is not None and self.told <= CERTAIN
        return high <= ALPHA

    @property
    def step(self) -> int:
        low, high = (step_of(p) for p in self.adjusted)
        return self.told if self.told in STEPS and low <= self.told <= high else low


Pairs = dict[frozenset[str], Pair]


def step_of(p: float) -> int:
    return next(step for step in STEPS if p <= step / 1_000_000)


def p_of_pair(first: Part, other: Part) -> float:
    """McNemar's exact test for single samples without families, else the paired t test."""
    mine, theirs, families = first.values, other.values, first.families
    if first.samples == 1 and len(set(families)) == len(families):
        b = sum(x > y for x, y in zip(mine, theirs, strict=True))
        c = sum(x < y for x, y in zip(mine, theirs, strict=True))
        tail = sum(math.comb(b + c, k) for k in range(min(b, c) + 1))
        return min(1.0, float(2 * tail / 2 ** (b + c)))
    mean, se, g = clustered([x - y for x, y in zip(mine, theirs, strict=True)], families)
    if g < 2:
        return 1.0
    if se < 1e-9:
        return 1.0 if abs(mean) < 1e-12 else float(2.0 ** (1 - g))
    return two_sided_t(mean / se, g - 1)


def tested(lines: Sequence[Line], published: dict[str, Any]) -> Pairs:
    """Every pair of the board, adjusted together."""
    pairs = list(combinations(lines, 2))
    raw = [p_of_pair(a.hidden, b.hidden) for a, b in pairs]
    if len(lines) <= HOLM_UP_TO:
        ranges = [(p, p) for p in holm(raw)]
    else:
        drawn = turned([x.hidden.values for x in lines], lines[0].hidden.families)
        ranges = [(max(p, low), max(p, high)) for p, (low, high) in zip(raw, drawn, strict=True)]
    told = published.get("p_adjusted_e6", [])
    steps = told if len(told) == len(pairs) else [None] * len(pairs)
    return {
        frozenset((a.slug, b.slug)): Pair(p, between, step)
        for (a, b), p, between, step in zip(pairs, raw, ranges, steps, strict=True)
    }


def beats(pairs: Pairs, winner: Line, loser: Line) -> bool:
    return winner.mean > loser.mean and pairs[frozenset((winner.slug, loser.slug))].certain


def places(lines: Sequence[Line], pairs: Pairs) -> dict[str, dict[str, int]]:
    """Tier and rank interval of every model; models of one mean go down together."""
    by_mean: dict[float, list[Line]] = defaultdict(list)
    for each in lines:
        by_mean[each.mean].append(each)
    tier, leaders = 0, list[Line]()
    found: dict[str, dict[str, int]] = {}
    for mean in sorted(by_mean, reverse=True):
        level = by_mean[mean]
        if not leaders or any(beats(pairs, a, b) for a in leaders for b in level):
            tier, leaders = tier + 1, level
        for each in level:
            above = sum(beats(pairs, other, each) for other in lines if other is not each)
            below = sum(beats(pairs, each, other) for other in lines if other is not each)
            ends = {"rank_best": 1 + above, "rank_worst": len(lines) - below}
            higher = sum(other.cell["low_e4"] > each.cell["high_e4"] for other in lines)
            found[each.slug] = {"tier": tier, **ends, "rank_upper_bound": 1 + higher}
    return found


def pair_lists(lines: Sequence[Line], pairs: Pairs) -> dict[str, Any]:
    coarse = {each.slug for each in lines if each.cell["bound"]}
    for a, b in combinations(lines, 2):
        if a.owner == b.owner and _near(a.hidden, b.hidden):
            coarse |= {a.slug, b.slug}
    told = [_told(a, b, pairs, bool({a.slug, b.slug} & coarse)) for a, b in combinations(lines, 2)]
    names = ("difference_e4", "margin_e4", "p_e6", "p_adjusted_e6")
    lists = {name: [each[n] for each in told] for n, name in enumerate(names)}
    return {"tasks": len(lines[0].hidden.passed) if lines else 0, **lists}


def _near(first: Part, other: Part) -> bool:
    sides = [
        sum(x > y for x, y in zip(mine.passed, theirs.passed, strict=True))
        for mine, theirs in ((first, other), (other, first))
    ]
    return any(0 < side < MIN_CELL for side in sides)


def _told(a: Line, b: Line, pairs: Pairs, coarse: bool) -> tuple[int | None, int | None, int, int]:
    exact = pairs[frozenset((a.slug, b.slug))]
    raw, adjusted = step_of(exact.raw), exact.step
    if coarse:
        raw = adjusted = CERTAIN if beats(pairs, a, b) or beats(pairs, b, a) else NOTHING
    bounds = {a.cell["bound"], b.cell["bound"]}
    if len(bounds) == 1 and bounds != {""}:
        return None, None, raw, adjusted
    difference = a.cell["score_e4"] - b.cell["score_e4"]
    g = len(set(a.hidden.families))
    if bounds != {""} or g < 2:
        return difference, None, raw, adjusted
    critical, size = t_quantile(0.975, g - 1), abs(difference)
    half = critical * math.hypot(a.cell["se_e4"], b.cell["se_e4"])
    if raw < NOTHING:
        half = min(half, size * critical / t_quantile(1 - raw / 2_000_000, g - 1))
    return difference, round(half if raw <= CERTAIN else max(half, size)), raw, adjusted


def price(lines: Sequence[Line], pairs: Pairs) -> dict[str, dict[str, Any]]:
    shown: dict[str, dict[str, Any]] = {each.slug: {} for each in lines}
    for each, unit in [(line, unit) for line in lines for unit in line.uses]:
        mean, low, high = each.uses[unit]
        cheaper = [o for o in lines if unit in o.uses and o.uses[unit][2] < low]
        ends = {"mean": round(mean), "low": round(low), "high": round(high)}
        frontier = all(beats(pairs, each, other) for other in cheaper)
        shown[each.slug][unit] = {**ends, "frontier": frontier}
    return shown

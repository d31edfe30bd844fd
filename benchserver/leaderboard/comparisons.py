"""Every pair of a board: the difference, its margin and p, told no finer than single results bear.

A provider may know its own verdicts and can even choose what its model solves. An exact p of
another model against that one would tell how many of the *chosen* tasks the other one solved, and
two such sets tell a single task. So p is told in steps, and the margin follows from what is shown
anyway. Example: .7083 against .4583 on 24 tasks: 2500 +- 2500, p at most .05.

A pair is told only as the tiers tell it (at most .05, or 1) when one of the two is shown as a
bound, or when its owner has entered two models that differ on few tasks. See docs/adr/0023.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from benchserver.core.disclosure import MIN_CELL
from benchserver.evaluations import score
from benchserver.measurement import ranks
from benchserver.measurement.means import Interval
from benchserver.measurement.whole import CERTAIN_E6, P_STEPS_E6, p_step, pair_margin

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A ranked model: its owner group, its hidden results in form order, its cell as shown.

    ``alike``: the owner's other model whose results these are, because they hardly differ.
    """

    slug: str
    owner: str
    tasks: Sequence[score.TaskResult]
    cell: Mapping[str, Any]
    alike: str = ""

    @property
    def vector(self) -> list[float]:
        return score.vector(self.tasks)


def compare(entrants: Sequence[Entrant]) -> tuple[ranks.Comparison, ...]:
    """All pairs of the board, exact; only ``pairs`` and the tiers may show what comes of them."""
    if not entrants:
        return ()
    families = score.families(entrants[0].tasks)
    return ranks.compare_all({e.slug: e.vector for e in entrants}, families=families)


def standings(
    entrants: Sequence[Entrant], found: Sequence[ranks.Comparison]
) -> dict[str, dict[str, int]]:
    """Per model its tier, the ranks it may hold, and the courtesy rank by intervals as shown."""
    means = {e.slug: math.fsum(e.vector) / len(e.tasks) for e in entrants}
    means = {slug: round(mean, 12) for slug, mean in means.items()}
    intervals = ranks.rank_intervals(means, found, alpha=ALPHA)
    groups = ranks.tiers(means, found, alpha=ALPHA)
    courtesy = ranks.upper_bound_ranks(
        {e.slug: Interval(e.cell["low_e4"], e.cell["high_e4"]) for e in entrants}
    )
    return {
        slug: {
            "tier": tier,
            "rank_best": intervals[slug][0],
            "rank_worst": intervals[slug][1],
            "rank_upper_bound": courtesy[slug],
        }
        for tier, group in enumerate(groups, 1)
        for slug in group
    }


def better(found: Sequence[ranks.Comparison]) -> frozenset[tuple[str, str]]:
    """(winner, loser) of every pair that differs significantly."""
    return frozenset(
        (winner, pair.second if winner == pair.first else pair.first)
        for pair in found
        if (winner := pair.better(ALPHA))
    )


def pairs(
    entrants: Sequence[Entrant], found: Sequence[ranks.Comparison], *, order: Sequence[str]
) -> dict[str, Any]:
    """The snapshot's ``pairs``: one list per figure, over the pairs (0, 1), (0, 2), ... (1, 2) of
    ``models``, first minus second. A difference is null when two bounds leave it open."""
    by_slug = {e.slug: e for e in entrants}
    exact = {frozenset((c.first, c.second)): c for c in found}
    coarse, clusters = _coarse(entrants), _clusters(entrants)
    told = [
        _told(
            by_slug[a],
            by_slug[b],
            exact[frozenset((a, b))],
            coarse={a, b} & coarse,
            clusters=clusters,
        )
        for a, b in combinations(order, 2)
    ]
    columns = ("difference_e4", "margin_e4", "p_e6", "p_adjusted_e6")
    return {
        "models": list(order),
        "tasks": len(entrants[0].tasks) if entrants else 0,
        **{name: [pair[n] for pair in told] for n, name in enumerate(columns)},
    }


def _told(
    a: Entrant, b: Entrant, exact: ranks.Comparison, *, coarse: set[str], clusters: int
) -> tuple[int | None, int | None, int, int]:
    """(difference, margin, p, adjusted p) of one pair as it may leave."""
    certain = bool(exact.better(ALPHA))
    raw, adjusted = p_step(exact.p_value), p_step(exact.p_adjusted)
    if coarse:
        raw = adjusted = CERTAIN_E6 if certain else P_STEPS_E6[-1]
    if a.cell["bound"] and a.cell["bound"] == b.cell["bound"]:
        return None, None, raw, adjusted
    difference = a.cell["score_e4"] - b.cell["score_e4"]
    if a.cell["bound"] or b.cell["bound"] or clusters < 2:
        return difference, None, raw, adjusted
    errors = (a.cell["se_e4"], b.cell["se_e4"])
    margin = pair_margin(errors, difference_e4=difference, p_e6=raw, clusters=clusters)
    return difference, margin, raw, adjusted


def _clusters(entrants: Sequence[Entrant]) -> int:
    """Families of the hidden tasks; of one family no error can be told."""
    if not entrants:
        return 0
    families = score.families(entrants[0].tasks)
    return len(set(families)) if families else len(entrants[0].tasks)


def _coarse(entrants: Sequence[Entrant]) -> set[str]:
    """Models of which a pair may tell no more than the tiers do."""
    found = {e.slug for e in entrants if e.cell["bound"]}
    for a, b in combinations(entrants, 2):
        if a.owner == b.owner and _near(a.vector, b.vector):
            found |= {a.slug, b.slug}
    return found


def _near(first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether two results differ on 1 to ``MIN_CELL`` - 1 tasks on a side (core/disclosure)."""
    above = sum(x > y for x, y in zip(first, second, strict=True))
    below = sum(x < y for x, y in zip(first, second, strict=True))
    return 0 < above < MIN_CELL or 0 < below < MIN_CELL

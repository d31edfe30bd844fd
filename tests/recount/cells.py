"""One row of a board: the cells of both splits, their gap, faults, money and use per task.

Example: 23 of 24 hidden tasks are shown as "at least 21", since near the ends a count would tell
single results.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from tests.recount.arithmetic import Part, clustered, e4, figures, t_quantile, wilson
from tests.recount.bounded import told_figures
from tests.recount.rows import PLATFORM, Connection, one

UNITS = ("cost_micro_usd", "tokens_out", "milliseconds")


def cell(part: Part, *, hidden: bool) -> dict[str, Any] | None:
    """A part's numbers as published; of the hidden one a band near both ends."""
    if not part.passed:
        return None
    tasks, found = len(part.passed), told_figures(part) if hidden else figures(part)
    total, passed = tasks * part.samples, sum(part.passed)
    known = {"tasks": tasks, "samples": total, "missing": total - sum(part.judged)}
    margin = min((3 if tasks < 50 else 1) * part.samples, total // 2)
    if hidden and passed >= total - margin:
        low, _ = wilson(round((total - margin) * tasks / total) / tasks, tasks)
        known |= _scored(total - margin, 1 - margin / total, 0, low, 1.0)
        return {**known, "bound": "at_least"}
    if hidden and passed <= margin:
        _, high = wilson(round(margin * tasks / total) / tasks, tasks)
        return {**known, **_scored(margin, margin / total, 0, 0, high), "bound": "at_most"}
    return {
        **known,
        **_scored(passed, found.mean, found.se, found.low, found.high),
        "bound": "",
    }


def _scored(passed: int, mean: float, se: float, low: float, high: float) -> dict[str, int]:
    shares = {"score_e4": mean, "se_e4": se, "low_e4": low, "high_e4": high}
    return {"passed": passed, **{name: e4(share) for name, share in shares.items()}}


def gap(public: Part, hidden: Part) -> dict[str, int] | None:
    if len(public.passed) < 2 or len(hidden.passed) < 2:
        return None
    one, other = figures(public), told_figures(hidden)
    parts = [f.se**4 / f.df for f in (one, other)]
    variance = one.se**2 + other.se**2
    low, high = one.low - other.high, one.high - other.low
    if variance:
        half = t_quantile(0.975, variance**2 / sum(parts)) * math.sqrt(variance)
        low, high = one.mean - other.mean - half, one.mean - other.mean + half
    ends = {"low_e4": e4(max(-1.0, low)), "high_e4": e4(min(1.0, high))}
    return {"diff_e4": e4(one.mean - other.mean), **ends}


def faults(connection: Connection, evaluation: Any, sends: list[Any]) -> dict[str, int]:
    bad = [s for s in sends if s[2] in ("refused", "unknown", "invalid", "rejected")]
    ours = {s[1] for s in bad if s[3] == "worker_lost"}
    theirs = {s[1] for s in bad if s[3] not in ("worker_lost", "missed_deadline")}
    (platform,) = one(connection, PLATFORM, evaluation)
    return {"endpoint": len(theirs), "platform": platform + len(ours)}


def money(sends: list[Any], total: int, priced: bool) -> dict[str, Any]:
    answered = [s for s in sends if s[2] == "answered"]
    cost = sum(s[6] or 0 for s in answered) if priced and answered else None
    return {
        "tokens_in": sum(s[4] or 0 for s in answered),
        "tokens_out": sum(s[5] or 0 for s in answered),
        "cost_micro_usd": cost,
        "cost_per_task_micro_usd": None if cost is None else round(cost / total),
    }


def uses(form: list[Any], sends: list[Any], samples: int) -> dict[str, tuple[float, ...]]:
    """Mean, low and high per unit, unrounded; a unit that one answer does not tell is missing."""
    answered = [s for s in sends if s[2] == "answered"]
    families = [family for _, _, family in form]
    found: dict[str, tuple[float, ...]] = {}
    for place, unit in ((6, UNITS[0]), (5, UNITS[1]), (7, UNITS[2])):
        if not answered or any(s[place] is None for s in answered) or len(set(families)) < 2:
            continue
        sums: dict[str, int] = defaultdict(int)
        for send in answered:
            sums[send[0]] += send[place]
        mean, se, g = clustered([sums[v] / samples for _, v, _ in form], families)
        half = t_quantile(0.975, g - 1) * se
        found[unit] = (mean, max(0.0, mean - half), mean + half)
    return found

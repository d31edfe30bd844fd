"""pass@k of graded samples with its interval. Example: 82 of 164 tasks pass with one sample each:
``{"1": {"mean": 0.5, "interval": [0.4234, 0.5766], "method": ...}}``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchserver.measurement import means

_KS = (1, 5, 10, 100)


def pass_at_k(passed: Sequence[int], totals: Sequence[int]) -> dict[str, dict[str, Any]]:
    """k -> mean over tasks with its interval; only k that every task has samples for.

    ``passed`` and ``totals``: of each task, in the same order.
    """
    found = {}
    for k in (k for k in _KS if totals and k <= min(totals)):
        if len(totals) > 1:
            found[str(k)] = _estimate(means.score_at_k(passed, totals, k))
        else:
            found[str(k)] = _single(passed[0], totals[0], k)
    return found


def _estimate(estimate: means.Estimate) -> dict[str, Any]:
    interval = [round(estimate.interval.low, 4), round(estimate.interval.high, 4)]
    return {"mean": round(estimate.mean, 4), "interval": interval, "method": estimate.method}


def _single(passed: int, total: int, k: int) -> dict[str, Any]:
    """One task has no spread between tasks: the interval is about its samples, for k = 1 only."""
    mean = round(means.pass_at_k(total, passed, k), 4)
    if k > 1:
        return {"mean": mean, "interval": None, "method": "none"}
    interval = means.wilson(passed, total)
    return {
        "mean": mean,
        "interval": [round(interval.low, 4), round(interval.high, 4)],
        "method": "wilson",
    }

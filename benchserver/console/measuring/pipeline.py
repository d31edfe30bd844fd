"""How close is a whole evaluation to what its endpoint and its judging allow?

Real database, broker, worker processes and sandboxes in a home of its own, against a reference
endpoint of stated latency. Beside the wall time stands the bound that no scheduler beats:
the latencies actually drawn over the places, or the judged code's CPU over the cores. Example:
``./bench measure pipeline --attempts 1000 --concurrency 20``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from benchserver.console.measuring import staging
from benchserver.console.measuring.throwaway import Raw, Throwaway, Work
from benchserver.runtime.home import Home

GROWTH = (100, 1_000, 10_000, 100_000)
MOST = staging.MOST_TASKS * staging.MOST_SAMPLES
_MEBI = 2**20
_TITLES = (
    ("attempts", "attempts"),
    ("places", "concurrency"),
    ("judging", "judging"),
    ("wall s", "wall_seconds"),
    ("bound s", "bound_seconds"),
    ("ratio", "ratio"),
    ("peak", "peak_in_flight"),
    ("queue ms", "queue_ms"),
    ("claims/s", "claims_per_second"),
    ("CPU ms", "cpu_ms"),
    ("PSS MB", "pss_mb"),
)


def measure_pipeline(
    *,
    work: Work,
    concurrency: Sequence[int],
    judging: bool,
    keys: Callable[[Home], None],
    sizes: Sequence[int] = (),
) -> dict[str, Any]:
    """One run per value of ``concurrency``; one more per size in ``sizes``, those not judged.
    ``keys`` makes a new home's keys."""
    with Throwaway(judging=judging, keys=keys) as here:
        runs = _runs(here, [(work, places) for places in concurrency], judging=judging)
    sized = [Work(attempts=n, latency=work.latency, sigma=work.sigma) for n in sizes]
    most = max(concurrency)
    growth = []
    if sized:
        with Throwaway(judging=False, keys=keys) as here:
            growth = _runs(here, [(each, most) for each in sized], judging=False)
    return {
        "latency": work.latency,
        "sigma": work.sigma,
        "cores": os.cpu_count() or 1,
        "runs": runs,
        "growth": growth,
    }


def _runs(
    here: Throwaway, asked: Sequence[tuple[Work, int]], *, judging: bool
) -> list[dict[str, Any]]:
    """All in one home after each other, so that a later run finds the earlier ones' rows."""
    return [
        figures(here.run(work, concurrency=places, name=f"run{at}"), judging=judging)
        for at, (work, places) in enumerate(asked)
    ]


def figures(raw: Raw, *, judging: bool) -> dict[str, Any]:
    """One run's figures. ``queue_ms``: how long a place stood idle per attempt while there was
    work; ``cpu_ms``: per attempt, all our processes without what ran in sandboxes."""
    rows, saw, count = raw.rows, raw.seen, raw.rows["attempts"]
    wall, cpu = rows["wall_seconds"], sum(raw.cpu_seconds.values())
    limit = bound(raw)
    return {
        "attempts": count,
        "concurrency": raw.concurrency,
        "judging": "real" if judging else "none",
        "state": rows["state"],
        "states": rows["states"],
        "passed": rows["passed"],
        "sends": rows["sends"],
        "requests": saw.requests,
        "wall_seconds": round(wall, 2),
        "model_seconds": round(saw.last - rows["start"], 2),
        "bound_seconds": round(limit, 2),
        "ratio": round(wall / limit, 3) if limit else None,
        "drawn_seconds": round(saw.drawn_seconds, 2),
        "longest_seconds": round(saw.longest, 2),
        "judging_cpu_seconds": round(rows["judging_cpu_seconds"], 2),
        "peak_in_flight": saw.peak,
        "queue_ms": round(saw.idle_seconds * 1000 / count, 1),
        "claims_per_second": round(rows["claims"] / wall, 1),
        "cpu_ms": round(cpu * 1000 / count, 2),
        "cpu_ms_by_part": {n: round(s * 1000 / count, 2) for n, s in raw.cpu_seconds.items()},
        "pss_mb": round(raw.pss_bytes / _MEBI, 1),
        "request_seconds": round(rows["request_seconds"], 2),
        "load_before": round(raw.load, 2),
    }


def bound(raw: Raw) -> float:
    """Seconds no run can be faster than: latencies over places, judged CPU over cores."""
    judged: float = raw.rows["judging_cpu_seconds"]
    return max(raw.seen.drawn_seconds / raw.concurrency, judged / (os.cpu_count() or 1))


def lines(document: dict[str, Any]) -> list[str]:
    """The document as a table."""
    rows = [[title for title, _ in _TITLES]]
    every = [*document["runs"], *document["growth"]]
    rows += [[str(each[key]) for _, key in _TITLES] for each in every]
    text = ["".join(f"{word:>10}" for word in row) for row in rows]
    text.append(
        f"latency: mean {document['latency']} s, log-normal, sigma {document['sigma']}; bound: "
        f"latencies drawn / places, or judged CPU / {document['cores']} cores; peak: requests at "
        "once as the endpoint saw them; queue: idle time of a place per attempt; CPU: ours per "
        "attempt, without sandboxes and endpoint"
    )
    if any(each["judging"] == "none" for each in every):
        text.append("judging none: those replies were not judged, to measure everything else")
    return text + [_detail(each) for each in every]


def _detail(each: dict[str, Any]) -> str:
    parts = ", ".join(f"{name} {ms}" for name, ms in each["cpu_ms_by_part"].items())
    states = ", ".join(f"{count} {name}" for name, count in each["states"].items())
    return (
        f"{each['attempts']} at {each['concurrency']}: {states}, {each['sends']} sends, "
        f"CPU ms {parts}; load before {each['load_before']}"
    )

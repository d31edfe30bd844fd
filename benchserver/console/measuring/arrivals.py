"""What the endpoint itself saw of a run, from its log: latencies drawn, peak, idle places.

The service's own books are not asked, so a wrong count there cannot flatter the figures. Example:
two requests, 0 to 2 s and 1 to 3 s, at a limit of 2: 4 s drawn, peak 2, one place idle for 1 s
before the second came.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request: epoch seconds of its arrival and of its answer, seconds drawn to wait."""

    began: float
    ended: float
    drawn: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """``idle_seconds``: place-seconds that were free from ``start`` to the last arrival, while
    there still was something to send; ``last``: when the last answer went out."""

    requests: int
    drawn_seconds: float
    longest: float
    peak: int
    idle_seconds: float
    last: float


def read(log: Path) -> list[Arrival]:
    """The lines of a reference endpoint's log."""
    rows = [json.loads(line) for line in log.read_text().splitlines() if line.strip()]
    return [Arrival(row["began"], row["time"], row["drawn_seconds"]) for row in rows]


def seen(arrivals: Sequence[Arrival], *, start: float, limit: int) -> Seen:
    """All figures at once. ``start``: epoch seconds at which the work became due."""
    last = max((each.ended for each in arrivals), default=start)
    until = max((each.began for each in arrivals), default=start)
    busy = sum(max(0.0, min(each.ended, until) - max(each.began, start)) for each in arrivals)
    return Seen(
        requests=len(arrivals),
        drawn_seconds=sum(each.drawn for each in arrivals),
        longest=max((each.drawn for each in arrivals), default=0.0),
        peak=_peak(arrivals),
        idle_seconds=max(0.0, limit * (until - start) - busy),
        last=last,
    )


def _peak(arrivals: Sequence[Arrival]) -> int:
    """Most requests at once; one that ends when another begins is not counted twice."""
    steps = sorted([(each.began, 1) for each in arrivals] + [(each.ended, -1) for each in arrivals])
    now = peak = 0
    for _, step in steps:
        now += step
        peak = max(peak, now)
    return peak

"""How long boxes may wait, on every engine: waiting by choice is a hang, a starved host is not.

Waiting is wall time in which no box of the group wanted a CPU. A box has nothing to wait for, so
half its CPU limit (and 2 s for slow disks) of waiting is a hang: stopped there, long before the
backstop. Example: with a limit of 10 s, a program that sleeps is stopped after 7 s of waiting; one
that the host let run for 3 s of 60 is STARVED at a backstop of 60 s, and judged again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from benchserver.engines.sandbox.base import BoxRequest, Ending

_DISK_SECONDS = 2.0


class Stoppable(Protocol):
    request: BoxRequest

    def stop(self, verdict: Ending | None) -> None: ...


def may_end(requests: Sequence[BoxRequest], *, elapsed: float) -> bool:
    """Whether ``elapsed`` wall seconds are long enough for any verdict about waiting."""
    return elapsed >= min(_patience(requests), _backstop(requests))


def verdict_of_waiting(
    requests: Sequence[BoxRequest], *, elapsed: float, wanted: float
) -> Ending | None:
    """What boxes that started together have come to, or None. Seconds of wall time.

    ``wanted``: seconds in which one of them had a CPU or wanted one.
    """
    waiting = elapsed - wanted
    if waiting > _patience(requests):
        return Ending.IDLE_LIMIT
    if elapsed > _backstop(requests):
        return Ending.IDLE_LIMIT if waiting > elapsed / 2 else Ending.STARVED
    return None


def stop_group(alive: Sequence[Stoppable], verdict: Ending) -> None:
    """Of a pair that waits, the candidate (last) is the one who should have answered."""
    for box in reversed(alive):
        box.stop(verdict)
        verdict = Ending.SIGNALLED if verdict is Ending.IDLE_LIMIT else verdict


def _patience(requests: Sequence[BoxRequest]) -> float:
    return requests[-1].cpu_seconds / 2 + _DISK_SECONDS


def _backstop(requests: Sequence[BoxRequest]) -> float:
    return min(request.wall_seconds for request in requests)

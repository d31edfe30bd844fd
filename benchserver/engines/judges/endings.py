"""From how a box ended to what that means for the candidate; and patience with a busy host.

Example: a box that waited by its own choice until the backstop is the model's ``time_limit``; a
box that the host starved is nobody's verdict, it is run again, and in the end it is our fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from benchserver.core.errors import PlatformFault
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.sandbox.base import BoxResult, Ending, Sandbox

T = TypeVar("T")

_RETRIES = 2

_LIMITS = {
    Ending.CPU_LIMIT: Verdict.TIME_LIMIT,
    Ending.IDLE_LIMIT: Verdict.TIME_LIMIT,
    Ending.MEMORY_LIMIT: Verdict.MEMORY_LIMIT,
    Ending.OUTPUT_LIMIT: Verdict.OUTPUT_LIMIT,
}


def limit_verdict(result: BoxResult) -> Verdict | None:
    """The verdict of a limit that the candidate's box hit, or None."""
    return _LIMITS.get(result.ending)


def isolation_of(sandbox: Sandbox) -> str:
    """Engine and proved level in words, e.g. ``bubblewrap full`` (D21)."""
    return f"{sandbox.name} {sandbox.level.value}"


def judgement(
    verdict: Verdict, result: BoxResult, sandbox: Sandbox, *, detail: str = ""
) -> Judgement:
    """A judgement with the measurements of the candidate's box."""
    return Judgement(
        verdict=verdict,
        cpu_seconds=result.cpu_seconds,
        wall_seconds=result.wall_seconds,
        memory_bytes=result.memory_bytes,
        detail=detail,
        isolation=isolation_of(sandbox),
    )


def together(judged: Sequence[Judgement], *, decided_by: Judgement) -> Judgement:
    """Several runs of one submission as one: time adds up, memory is the highest."""
    return Judgement(
        verdict=decided_by.verdict,
        cpu_seconds=sum(one.cpu_seconds for one in judged),
        wall_seconds=sum(one.wall_seconds for one in judged),
        memory_bytes=max(one.memory_bytes for one in judged),
        detail=decided_by.detail,
        isolation=decided_by.isolation,
    )


def without_starving(once: Callable[[], T]) -> T:
    """Judge (or build); when the host starved the boxes, do it again, at most twice."""
    for _ in range(_RETRIES):
        try:
            return once()
        except PlatformFault as fault:
            if fault.code != "starved":
                raise
    return once()

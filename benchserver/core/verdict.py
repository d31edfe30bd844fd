"""How an attempt ends: in exactly one outcome, and outcomes are of two types.

A ``Verdict`` is about the model and is scored; a ``Fault`` is about the endpoint or about us and
is never scored. Example: a program that loops for ever is ``Verdict.TIME_LIMIT``; a worker that
was killed while judging it is ``FaultKind.PLATFORM`` and the attempt is judged again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the model's answer was worth. Only PASSED scores."""

    PASSED = "passed"
    WRONG_ANSWER = "wrong_answer"
    RUNTIME_ERROR = "runtime_error"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    COMPILE_ERROR = "compile_error"
    NO_CODE = "no_code"
    REFUSED = "refused"
    TRUNCATED = "truncated"


class FaultKind(StrEnum):
    """Whose failure it was, when it was not the model's."""

    ENDPOINT = "endpoint_fault"
    PLATFORM = "platform_fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict with its measurements. ``detail`` is a code or short phrase, never test content.

    ``cpu_seconds``: CPU of the candidate; ``wall_seconds``: real time of the judging;
    ``memory_bytes``: peak of the candidate, 0 when unknown; ``isolation``: engine and level (D21).
    ``points`` of ``points_total``: earned by subtasks, 0 of 0 when the task is not scored so; only
    all points are a pass.
    """

    verdict: Verdict
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    memory_bytes: int = 0
    detail: str = ""
    isolation: str = ""
    points: int = 0
    points_total: int = 0

    @property
    def passed(self) -> bool:
        return self.verdict is Verdict.PASSED

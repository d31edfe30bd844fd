"""The numbers the engine goes by, handed in by the composition root (defaults: D9, D12, D13)."""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN_SENDS_MAX = 2  # for life; also a CHECK constraint
UNSENT_TRIES_MAX = 5
JUDGE_TRIES_MAX = 3
BREAKER_FAILURES = 5  # failed sends in a row after which an endpoint rests


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePolicy:
    lease_seconds: int = 60
    refused_sends_max: int = 6
    retry_base_seconds: int = 5
    evaluations_per_rotation: int = 2
    exposure_per_provider: int = 1
    exposure_per_task: int = 10
    double_judging_share: int = 0  # percent of judged attempts that another machine judges again

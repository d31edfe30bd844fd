"""The numbers the engine goes by: what an attempt may use up, when an endpoint rests.

Example: the third send of unknown outcome does not exist, because ``UNKNOWN_SENDS_MAX`` is 2.
"""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN_SENDS_MAX = 2  # for life; also a CHECK constraint
UNSENT_TRIES_MAX = 5
JUDGE_TRIES_MAX = 3
BREAKER_FAILURES = 5  # failed sends in a row after which only a canary is sent
BREAKER_WINDOW = 20  # ... and the same when half of that many last sends failed
SAME_FAULTS_MAX = 3  # attempts ended by one code in a row, after which it is final at once
RETRY_AFTER_MAX = 900.0
LONGEST_REST = 300.0  # of a breaker, between two canaries
CANARY_SECONDS = 60.0  # a canary whose worker died may be sent anew after that


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePolicy:
    lease_seconds: int = 60
    refused_sends_max: int = 6
    retry_base_seconds: int = 5
    evaluations_per_rotation: int = 2
    exposure_per_provider: int = 1
    exposure_per_task: int = 10
    double_judging_share: int = 0  # percent of judged attempts that another machine judges again

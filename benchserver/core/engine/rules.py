"""What follows from what: pure rules over ``facts``, the same in production and under simulation.

Nothing here reads a clock or a database; randomness is handed in. Example: a complete 503 makes
``REFUSED``; ``backoff`` says how long the attempt waits, ``failed`` whether the endpoint's breaker
opens, and after the seventh the attempt ends as the endpoint's fault.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from benchserver.core.engine.facts import Budget, Lane, Unit
from benchserver.core.engine.policy import (
    BREAKER_FAILURES,
    BREAKER_WINDOW,
    CANARY_SECONDS,
    LONGEST_REST,
    RETRY_AFTER_MAX,
    SAME_FAULTS_MAX,
)
from benchserver.core.lifecycle import AttemptState

Random = Callable[[], float]  # uniform in [0, 1)

# Statuses that say "you are not welcome at all": nothing is gained by asking again.
UNWELCOME = (401, 403, 404)
_IN_A_ROW = "failed sends in a row"
_OF_LAST = f"of the last {BREAKER_WINDOW} sends failed"


class Opening(StrEnum):
    """What an endpoint's lane lets through now."""

    NOTHING = "nothing"
    CANARY = "canary"
    SEND = "send"


def opening(lane: Lane) -> Opening:
    """Limits first, then the breaker: while it is open one public canary at a time may go."""
    # Half a second's worth at once: at most 5 % above the rate in any 10 s (promise P11).
    lane.tokens = min(lane.tokens, max(1.0, (lane.rps or 0.0) / 2))
    if not lane.active or lane.resting_until > lane.now or lane.in_flight >= lane.limit:
        return Opening.NOTHING
    if lane.rps is not None and lane.tokens < 1:
        return Opening.NOTHING
    if lane.broken:
        return Opening.NOTHING if lane.probe_until > lane.now else Opening.CANARY
    return Opening.SEND


def rest(lane: Lane, *, seconds: float, reason: str) -> None:
    """No claim before then; an earlier, longer rest stands with its reason."""
    until = lane.now + min(seconds, RETRY_AFTER_MAX * 1.2)
    if until > lane.resting_until:
        lane.resting_until, lane.rest_reason = until, reason[:60]


def failed(lane: Lane, *, base: float) -> None:
    """Count a failed send; five in a row or half of the last twenty open the breaker."""
    lane.failures += 1
    lane.recent = (lane.recent + "x")[-BREAKER_WINDOW:]
    if lane.broken:
        return
    bad = lane.recent.count("x")
    if lane.failures >= BREAKER_FAILURES:
        _break(lane, base, f"{lane.failures} {_IN_A_ROW}")
    elif len(lane.recent) == BREAKER_WINDOW and 2 * bad >= BREAKER_WINDOW:
        _break(lane, base, f"{bad} {_OF_LAST}")


def _break(lane: Lane, base: float, reason: str) -> None:
    lane.broken, lane.recent = True, ""
    rest(lane, seconds=_between_canaries(lane, base), reason=reason)


def _between_canaries(lane: Lane, base: float) -> float:
    return min(LONGEST_REST, base * 2.0 ** min(lane.probes_failed, 10))


def went_well(lane: Lane) -> None:
    """A reply came. It says nothing against a Retry-After that the endpoint asked for."""
    lane.recent = (lane.recent + ".")[-BREAKER_WINDOW:] if "x" in lane.recent else ""
    lane.failures = lane.same_faults = lane.probes_failed = 0
    lane.broken, lane.probe_until, lane.same_code = False, 0.0, ""
    if lane.rest_reason.endswith((_IN_A_ROW, _OF_LAST)):
        lane.resting_until, lane.rest_reason = 0.0, ""


def probing(lane: Lane) -> None:
    """A canary leaves now; one whose worker dies blocks the lane no longer than a minute."""
    lane.probe_until = lane.now + CANARY_SECONDS


def probed(lane: Lane, *, passed: bool, base: float) -> None:
    """Half-open: a canary that passes closes the breaker, one that fails doubles its rest."""
    lane.probe_until = 0.0
    # Only a task's reply makes up for it: what answers the public alone is asked ever less often.
    lane.probes_failed += 1
    if passed:
        # The endpoint is up; whether it can do our work the very next send will show.
        lane.broken, lane.failures = False, BREAKER_FAILURES - 1
        return
    failures = max(lane.failures, BREAKER_FAILURES)
    rest(lane, seconds=_between_canaries(lane, base), reason=f"{failures} {_IN_A_ROW}")


def ended_by(lane: Lane, code: str) -> None:
    """An attempt ended by this code; how many in a row, with no reply between?"""
    lane.same_faults = lane.same_faults + 1 if lane.same_code == code else 1
    lane.same_code = code


def is_final(lane: Lane, code: str) -> bool:
    """An error that has ended attempt after attempt is not tried six times on each further one."""
    return lane.same_code == code and lane.same_faults >= SAME_FAULTS_MAX


def why_not(unit: Unit) -> str:
    """The code of what forbids sending now; empty when it is allowed."""
    if unit.cancelled:
        return "cancelled"
    if unit.closed:
        return "rotation_closed"
    if unit.paused:
        return "paused"
    if not unit.active:
        return "endpoint_not_active"
    return "endpoint_changed" if unit.revision != unit.endpoint_revision else ""


def over_budget(budget: Budget) -> bool:
    """Is there nothing left for one more request? What is in flight may still exceed it."""
    pairs = (
        (budget.requests, budget.max_requests),
        (budget.tokens, budget.max_tokens),
        (budget.micro_usd, budget.max_micro_usd),
    )
    return any(limit is not None and spent >= limit for spent, limit in pairs)


def backoff(tries: int, *, base: float, random: Random, retry_after: float | None = None) -> float:
    """Seconds until the next try: what the endpoint asked (0-900 s), else doubling, both +-20 %."""
    wished = retry_after if retry_after is not None else base * 2.0 ** max(0, tries - 1)
    return min(RETRY_AFTER_MAX, max(0.0, wished)) * (0.8 + 0.4 * random())


def waiting_state(unit: Unit) -> AttemptState:
    """Where an unsent attempt waits: it keeps the mark of an earlier send of unknown outcome."""
    return AttemptState.AMBIGUOUS if unit.unknown_sends else AttemptState.READY


def cost_micro_usd(
    price_in: int | None, price_out: int | None, *, tokens_in: int, tokens_out: int
) -> int | None:
    """Micro-USD, rounded up; None without a price. Prices are per million tokens (D20)."""
    if price_in is None or price_out is None:
        return None
    return -(-(tokens_in * price_in + tokens_out * price_out) // 1_000_000)

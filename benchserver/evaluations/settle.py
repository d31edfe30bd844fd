"""The few ways an attempt moves on, written once and used by generate, judge and reconcile.

Each takes an attempt that the caller holds locked. Example: ``fault(attempt, kind=ENDPOINT,
code="rate_limited")`` writes the fault row of this round and ends the attempt; the verdict table is
not touched, so a fault can never be scored.
"""

from __future__ import annotations

import random
from datetime import timedelta

from django.db.models import Value
from django.db.models.functions import Now

from benchserver.core.lifecycle import ATTEMPT, AttemptState
from benchserver.core.verdict import FaultKind, Judgement
from benchserver.evaluations.models import Attempt, FaultRecord, VerdictRecord, Wake
from benchserver.evaluations.policy import UNKNOWN_SENDS_MAX


def move(attempt: Attempt, state: AttemptState, *, reason: str = "", delay: float = 0.0) -> None:
    """Put a locked attempt into its next state; ``delay`` seconds until it may be claimed."""
    ATTEMPT.check(attempt.state, state)
    attempt.state = state.value
    attempt.reason = reason[:60]
    attempt.owner = "" if state not in (AttemptState.SENT,) else attempt.owner
    attempt.save()
    fresh = {"next_at": Now() + Value(timedelta(seconds=delay)), "updated_at": Now()}
    Attempt.objects.filter(pk=attempt.pk).update(**fresh)


def fault(attempt: Attempt, *, kind: FaultKind, code: str) -> None:
    """End the attempt without a verdict; its evaluation becomes incomplete and may resume."""
    FaultRecord.objects.create(
        attempt=attempt, round=attempt.evaluation.round, kind=kind.value, code=code[:60]
    )
    move(attempt, AttemptState.FAULTED, reason=code)


def judged(attempt: Attempt, judgement: Judgement) -> None:
    """End the attempt with its one verdict."""
    VerdictRecord.objects.create(
        attempt=attempt,
        verdict=judgement.verdict.value,
        cpu_milliseconds=round(judgement.cpu_seconds * 1000),
        wall_milliseconds=round(judgement.wall_seconds * 1000),
        memory_bytes=judgement.memory_bytes,
        isolation=judgement.isolation[:40],
        detail=judgement.detail[:80],
    )
    move(attempt, AttemptState.JUDGED)


def outcome_unknown(attempt: Attempt, *, kind: FaultKind, code: str, delay: float) -> None:
    """A send whose outcome nobody knows: one further send, then a fault (D12)."""
    attempt.unknown_sends += 1
    if attempt.unknown_sends < UNKNOWN_SENDS_MAX:
        move(attempt, AttemptState.AMBIGUOUS, reason=code, delay=delay)
    else:
        fault(attempt, kind=kind, code=code)


def wake(step: str, target: object) -> None:
    """Write a wake-up into the outbox, in the caller's transaction."""
    Wake.objects.create(step=step, target=str(target))


def backoff(tries: int, *, base: float, retry_after: float | None = None) -> float:
    """Seconds until the next try: what the endpoint asked, else doubling, both +-20 % jitter,
    at most 15 minutes."""
    wished = retry_after if retry_after is not None else base * 2 ** max(0, tries - 1)
    return min(900.0, wished) * random.uniform(0.8, 1.2)

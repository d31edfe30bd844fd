"""The few ways a locked attempt moves on, written once and used by every step.

Example: ``fault(tx, unit, kind=ENDPOINT, code="overloaded")`` writes the fault of this round and
ends the attempt; the verdicts are not touched, so a fault can never be scored.
"""

from __future__ import annotations

from benchserver.core.engine.facts import Unit
from benchserver.core.engine.policy import JUDGE_TRIES_MAX, UNKNOWN_SENDS_MAX
from benchserver.core.engine.store import Transaction
from benchserver.core.lifecycle import ATTEMPT, AttemptState
from benchserver.core.verdict import FaultKind, Judgement


def move(
    tx: Transaction, unit: Unit, state: AttemptState, *, reason: str = "", delay: float = 0.0
) -> None:
    """Put a locked attempt into its next state; ``delay`` seconds until it may be claimed."""
    ATTEMPT.check(unit.state, state)
    # A call in flight is its worker's to the end, also when its evaluation is cancelled meanwhile.
    calling = state is AttemptState.SENT or (
        state is AttemptState.CANCELLED and unit.state is AttemptState.SENT
    )
    unit.state, unit.reason = state, reason[:60]
    unit.owner = unit.owner if calling else ""
    unit.next_at = unit.now + delay
    tx.save(unit)


def fault(tx: Transaction, unit: Unit, *, kind: FaultKind, code: str) -> None:
    """End the attempt without a verdict; its evaluation becomes incomplete and may resume."""
    tx.add_fault(unit, kind=kind, code=code[:60])
    move(tx, unit, AttemptState.FAULTED, reason=code)


def judged(tx: Transaction, unit: Unit, judgement: Judgement) -> None:
    """End the attempt with its one verdict."""
    tx.add_verdict(unit, judgement)
    move(tx, unit, AttemptState.JUDGED)


def outcome_unknown(
    tx: Transaction, unit: Unit, *, kind: FaultKind, code: str, delay: float
) -> None:
    """A send whose outcome nobody knows: one further send, then a fault (D12)."""
    unit.unknown_sends += 1
    if unit.unknown_sends < UNKNOWN_SENDS_MAX:
        move(tx, unit, AttemptState.AMBIGUOUS, reason=code, delay=delay)
    else:
        fault(tx, unit, kind=kind, code=code)


def broken(tx: Transaction, unit: Unit, *, code: str) -> None:
    """Judging broke on our side: again after a pause, at last a platform fault; never a zero."""
    unit.judge_tries += 1
    if unit.judge_tries >= JUDGE_TRIES_MAX:
        fault(tx, unit, kind=FaultKind.PLATFORM, code=code)
        return
    delay = 2.0 * unit.judge_tries
    move(tx, unit, AttemptState.GENERATED, reason=code, delay=delay)
    tx.wake("judge", unit.id)


def revive(tx: Transaction, unit: Unit) -> None:
    """A faulted attempt of a resumed evaluation: judged again, or asked again."""
    unit.refused_sends = unit.unsent_tries = unit.judge_tries = 0
    if tx.has_reply(unit.id):
        move(tx, unit, AttemptState.GENERATED, reason="resumed")
        tx.wake("judge", unit.id)
    else:
        move(tx, unit, AttemptState.READY, reason="resumed")

"""Make the store true again: whatever died or was lost is found here and moved on by rule.

Doing it twice does nothing twice. Example: a worker killed after its send row was committed leaves
an expired lease in ``sent``; the row becomes a send of unknown outcome with cause ``worker_lost``
and the attempt gets its one further send. Lost wake-ups are written again, so losing the broker
costs seconds and nothing else.
"""

from __future__ import annotations

from uuid import UUID

from benchserver.core.engine import rules
from benchserver.core.engine.facts import Unit
from benchserver.core.engine.moves import broken, fault, move, outcome_unknown, revive
from benchserver.core.engine.policy import UNKNOWN_SENDS_MAX
from benchserver.core.engine.store import Store, Transaction
from benchserver.core.lifecycle import AttemptState
from benchserver.core.verdict import FaultKind

BATCH = 1000
LOST = "worker_lost"
# A reply nobody judges: its message is lost when all judges are idle, perhaps when they are not.
_QUIET_SECONDS = 10.0
_BUSY_SECONDS = 300.0


def expire_leases(store: Store, *, base: float) -> int:
    """Attempts whose worker is gone: by the store's clock, never by ours."""
    with store.transaction() as tx:
        expired = tx.expired(BATCH)
        for unit in expired:
            _expire(tx, unit, base)
        return len(expired)


def _expire(tx: Transaction, unit: Unit, base: float) -> None:
    if unit.state is AttemptState.LEASED:  # nothing was sent: transaction A did not happen
        move(tx, unit, rules.waiting_state(unit), reason=LOST)
    elif unit.state is AttemptState.SENT:  # whether bytes left nobody knows: it counts as sent
        tx.lose_sends(unit, code=LOST)
        outcome_unknown(tx, unit, kind=FaultKind.PLATFORM, code=LOST, delay=base)
    else:
        broken(tx, unit, code=LOST)


def end_forgotten(store: Store) -> int:
    """Sends that were in flight when their evaluation was cancelled, and whose worker never told:
    the row must not stay open for ever."""
    with store.transaction() as tx:
        return tx.lose_forgotten(code=LOST)


def end_stranded(store: Store) -> int:
    """Attempts that can never be sent any more, because their rotation's window is over."""
    with store.transaction() as tx:
        stranded = tx.stranded(BATCH)
        for unit in stranded:
            fault(tx, unit, kind=FaultKind.ENDPOINT, code="rotation_closed")
        return len(stranded)


def wake_due(store: Store) -> int:
    """Write anew what waits without a wake-up: free lanes with due attempts, unjudged replies."""
    with store.transaction() as tx:
        return _wake_lanes(tx) + _wake_judges(tx)


def _wake_lanes(tx: Transaction) -> int:
    count = 0
    waiting = tx.waiting("generate")
    for lane in tx.free_lanes():
        # What a broker that is away has not taken yet is not written again.
        missing = max(0, min(lane.due, lane.free) - waiting.get(str(lane.endpoint), 0))
        for _ in range(missing):
            tx.wake("generate", lane.endpoint)
        count += missing
    return count


def _wake_judges(tx: Transaction) -> int:
    known = tx.waiting("judge")
    lost = tx.unjudged(quiet_seconds=_QUIET_SECONDS, busy_seconds=_BUSY_SECONDS, limit=BATCH)
    missing = [attempt for attempt in lost if str(attempt) not in known]
    for attempt in missing:
        tx.wake("judge", attempt)
    return len(missing)


def cancel_units(tx: Transaction, evaluation: UUID) -> None:
    """Every attempt that has no verdict ends here; sends already made stay accounted."""
    for unit in tx.of_evaluation(evaluation):
        if unit.state not in (AttemptState.JUDGED, AttemptState.CANCELLED):
            move(tx, unit, AttemptState.CANCELLED, reason="cancelled")


def resume_units(tx: Transaction, evaluation: UUID) -> int:
    """Faulted attempts go on; one that has used its two sends of unknown outcome stays faulted:
    sending it again needs an admin."""
    faulted = [u for u in tx.of_evaluation(evaluation) if u.state is AttemptState.FAULTED]
    again = [u for u in faulted if u.unknown_sends < UNKNOWN_SENDS_MAX or tx.has_reply(u.id)]
    for unit in again:
        revive(tx, unit)
    return len(again)

"""From stored reply to verdict: claim, judge (a pure function, elsewhere), settle.

Example: two judges hear the same message; one gets the lease, the other gets None, and whoever
comes back after its lease ran out finds a newer fence and leaves the other's verdict alone.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from benchserver.core.engine.facts import Claim
from benchserver.core.engine.moves import broken, judged
from benchserver.core.engine.sending import Engine, held
from benchserver.core.lifecycle import AttemptState
from benchserver.core.verdict import Judgement


def claim_reply(
    engine: Engine, *, attempt_id: UUID, worker: str, hold_seconds: float
) -> Claim | None:
    """The right to judge one stored reply, or None when it is taken or done."""
    with engine.store.at_once() as tx:
        return tx.take_reply(
            attempt_id=attempt_id,
            worker=worker,
            lease_seconds=engine.policy.lease_seconds,
            hold_seconds=hold_seconds,
        )


def settle_verdict(
    engine: Engine, *, claim: Claim, judgement: Judgement, also: Callable[[], None]
) -> bool:
    """Store the verdict and do ``also`` in the same transaction; False when the claim was lost
    (the other worker's verdict stands)."""
    with engine.store.transaction() as tx:
        unit = held(tx, claim, state=AttemptState.JUDGING)
        if unit is None:
            return False
        judged(tx, unit, judgement)
        also()
        return True


def settle_broken(engine: Engine, *, claim: Claim, code: str) -> None:
    """Judging broke on our side: again after a pause, at last a platform fault; never a zero."""
    with engine.store.transaction() as tx:
        unit = held(tx, claim, state=AttemptState.JUDGING)
        if unit is not None:
            broken(tx, unit, code=code)

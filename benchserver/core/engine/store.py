"""What the engine asks of a store: transactions over locked rows, and nothing that decides.

Two stores keep this contract and pass one test of it: Postgres (the true one) and memory (for the
simulator). Example: ``with store.transaction() as tx: unit = tx.lock(attempt_id)``; when the block
raises, nothing of it happened.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from benchserver.core.engine.facts import Budget, Claim, Ended, FreeLane, Lane, Unit
from benchserver.core.verdict import FaultKind, Judgement


class Transaction(Protocol):
    """One atomic look and change. Rows it returns stay locked until it ends."""

    def lane(self, endpoint: UUID) -> Lane | None: ...

    def troubled(self, endpoint: UUID) -> Lane | None:
        """The lane when it remembers failures, else None (and then it is not locked)."""
        ...

    def save_lane(self, lane: Lane) -> None: ...

    def spend_token(self, lane: Lane) -> None:
        """Store ``lane.tokens`` as of now."""
        ...

    def take_due(
        self, *, endpoint: UUID, worker: str, lease_seconds: float, hold_seconds: float
    ) -> Claim | None:
        """Lease the first due attempt of the oldest evaluation that runs and is not paused,
        raising its fence; held at most ``hold_seconds`` longer than its protocol gives a reply."""
        ...

    def take_reply(
        self, *, attempt_id: UUID, worker: str, lease_seconds: float, hold_seconds: float
    ) -> Claim | None:
        """Lease a stored reply for judging, raising its attempt's fence."""
        ...

    def beat(self, *, workers: list[str], lease_seconds: float) -> None:
        """Extend these workers' leases, never past what they hold at most."""
        ...

    def lock(self, attempt_id: UUID) -> Unit | None: ...

    def save(self, unit: Unit) -> None: ...

    def budget(self, evaluation: UUID) -> Budget | None: ...

    def save_budget(self, evaluation: UUID, budget: Budget) -> None: ...

    def expose(self, unit: Unit) -> bool:
        """Make the reserved exposure final; False when none was reserved."""
        ...

    def add_send(self, unit: Unit, *, cause: str) -> UUID: ...

    def end_send(self, send: UUID, ended: Ended) -> None: ...

    def lose_sends(self, unit: Unit, *, code: str) -> None:
        """Sends of this attempt that are still pending end as unknown."""
        ...

    def lose_forgotten(self, *, code: str) -> int:
        """The same for pending sends of attempts that ended meanwhile (cancelled), once their
        lease is over; returns how many."""
        ...

    def has_reply(self, attempt_id: UUID) -> bool: ...

    def answered(self, evaluation: UUID) -> bool:
        """Has any attempt of it a reply?"""
        ...

    def flying(self, unit: Unit) -> bool:
        """Is another attempt of its evaluation between send and settlement?"""
        ...

    def adopt(self, unit: Unit) -> bool:
        """Bind the evaluation to its endpoint as it is now; False when somebody holds the row."""
        ...

    def add_verdict(self, unit: Unit, judgement: Judgement) -> None: ...

    def add_fault(self, unit: Unit, *, kind: FaultKind, code: str) -> None: ...

    def pause_endpoint(self, endpoint: UUID, *, reason: str) -> None: ...

    def wake(self, step: str, target: UUID) -> None:
        """A wake-up into the outbox, published after the commit."""
        ...

    def waiting(self, step: str) -> dict[str, int]:
        """Unpublished wake-ups of a step, by target."""
        ...

    def expired(self, limit: int) -> list[Unit]: ...

    def stranded(self, limit: int) -> list[Unit]:
        """Unsent attempts of running evaluations whose rotation's window is over."""
        ...

    def free_lanes(self) -> list[FreeLane]: ...

    def unjudged(self, *, quiet_seconds: float, busy_seconds: float, limit: int) -> list[UUID]:
        """Replies that wait for a judge since ``quiet_seconds``, or ``busy_seconds`` while judges
        are at work on others; they count as woken now."""
        ...

    def of_evaluation(self, evaluation: UUID) -> list[Unit]: ...


class Store(Protocol):
    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def claiming(self) -> AbstractContextManager[Transaction]:
        """For claims: one that a power cut takes back is as one never made, since nothing is sent
        or settled by it without a later transaction that outlasts the cut, and then so does it."""
        ...

    def at_once(self) -> AbstractContextManager[Transaction]:
        """The same for a claim that is the only thing asked of it."""
        ...

    def mine(self, claim: Claim) -> bool:
        """Lease held, send committed, nothing cancelled: asked right before the first byte."""
        ...

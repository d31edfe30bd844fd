"""The rows of the engine's store in memory, and what an outsider is shown of them.

Example: ``Tables().look(attempt_id, now)`` is a fresh ``Unit`` with what surrounds it now.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

from benchserver.core.engine.facts import Budget, Ended, Lane, Unit
from benchserver.core.lifecycle import AttemptState

LONG_AGO = -1e9


@dataclass(kw_only=True)
class Endpoint:
    id: UUID
    limit: int
    rps: float | None = None
    active: bool = True
    revision: int = 1
    refilled_at: float = 0.0


@dataclass(kw_only=True)
class Evaluation:
    id: UUID
    endpoint: UUID
    created: float
    closes_at: float
    running: bool = True
    cancelled: bool = False
    paused: bool = False
    revision: int = 1
    round: int = 1
    price_in: int | None = None
    price_out: int | None = None
    deadline: float = 0.0  # seconds that its protocol gives a reply


@dataclass(kw_only=True)
class Attempt:
    """The unit as last saved, and what only the store needs."""

    unit: Unit
    order: int
    hold_until: float = 0.0
    updated_at: float = LONG_AGO


@dataclass(kw_only=True)
class Send:
    id: UUID
    attempt: UUID
    ordinal: int
    cause: str
    fence: int
    ended: Ended | None = None


@dataclass
class Tables:
    endpoints: dict[UUID, Endpoint] = field(default_factory=dict)
    lanes: dict[UUID, Lane] = field(default_factory=dict)
    evaluations: dict[UUID, Evaluation] = field(default_factory=dict)
    budgets: dict[UUID, Budget] = field(default_factory=dict)
    attempts: dict[UUID, Attempt] = field(default_factory=dict)
    exposures: dict[UUID, float | None] = field(default_factory=dict)  # by attempt: first sent at
    sends: dict[UUID, Send] = field(default_factory=dict)
    replies: dict[UUID, UUID] = field(default_factory=dict)  # attempt -> the send it came by
    verdicts: dict[int, tuple[UUID, str]] = field(default_factory=dict)
    faults: dict[int, tuple[UUID, int, str, str]] = field(default_factory=dict)
    wakes: dict[int, tuple[str, str]] = field(default_factory=dict)
    serials: int = 0

    def serial(self) -> int:
        self.serials += 1
        return self.serials

    def look(self, attempt_id: UUID, now: float) -> Unit | None:
        """A fresh copy of the attempt with what surrounds it now."""
        row = self.attempts.get(attempt_id)
        if row is None:
            return None
        evaluation = self.evaluations[row.unit.evaluation]
        endpoint = self.endpoints[row.unit.endpoint]
        lane = self.lanes[row.unit.endpoint]
        return replace(
            row.unit,
            now=now,
            round=evaluation.round,
            cancelled=evaluation.cancelled,
            paused=evaluation.paused,
            closed=evaluation.closes_at <= now,
            active=endpoint.active,
            revision=evaluation.revision,
            endpoint_revision=endpoint.revision,
            price_in=evaluation.price_in,
            price_out=evaluation.price_out,
            budgeted=evaluation.id in self.budgets,
            replied=attempt_id in self.replies,
            troubled=lane.troubled,
        )

    def add_endpoint(self, row: Endpoint, *, now: float) -> None:
        row.refilled_at = now
        self.endpoints[row.id] = row
        self.lanes[row.id] = Lane(
            endpoint=row.id,
            now=now,
            limit=row.limit,
            rps=row.rps,
            active=row.active,
            in_flight=0,
            tokens=1.0,
        )

    def add_evaluation(self, row: Evaluation, budget: Budget | None = None) -> None:
        self.evaluations[row.id] = row
        if budget is not None:
            self.budgets[row.id] = budget

    def add_attempt(self, evaluation: UUID, *, attempt_id: UUID, order: int, now: float) -> None:
        unit = Unit(
            id=attempt_id,
            evaluation=evaluation,
            endpoint=self.evaluations[evaluation].endpoint,
            state=AttemptState.READY,
            fence=0,
            next_at=now,
        )
        self.attempts[attempt_id] = Attempt(unit=unit, order=order)
        self.exposures[attempt_id] = None


def dump(tables: Tables) -> dict[str, list[dict[str, Any]]]:
    """The tables an outsider checks, as plain JSON data."""
    sends = [
        {
            "send": str(s.id),
            "unit": str(s.attempt),
            "ordinal": s.ordinal,
            "cause": s.cause,
            "outcome": "pending" if s.ended is None else s.ended.outcome.value,
            "cost_micro_usd": None if s.ended is None else s.ended.cost_micro_usd,
            "usage": None if s.ended is None or not s.ended.usage else asdict(s.ended.usage),
        }
        for s in tables.sends.values()
    ]
    units = [
        {
            "unit": str(a.unit.id),
            "evaluation": str(a.unit.evaluation),
            "state": a.unit.state.value,
            "unknown_sends": a.unit.unknown_sends,
            "round": tables.evaluations[a.unit.evaluation].round,
        }
        for a in tables.attempts.values()
    ]
    return {
        "units": units,
        "sends": sends,
        "replies": [{"unit": str(a), "send": str(s)} for a, s in tables.replies.items()],
        "verdicts": [{"unit": str(u), "verdict": v} for u, v in tables.verdicts.values()],
        "faults": [{"unit": str(u), "round": r} for u, r, _, _ in tables.faults.values()],
        "exposures": [{"unit": str(u)} for u, at in tables.exposures.items() if at is not None],
    }

"""Where a simulation runs: a store, and what only its owner may do to it (set up, cancel, look).

Two backends: the one in memory here, and one on a real Postgres in the tests, whose SQL then goes
through the same misfortunes. Example: ``MemoryBackend().start(scenario(7))``.
"""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from benchserver.console.simulation.scenario import Scenario
from benchserver.core.engine import memory, mending, tables
from benchserver.core.engine.facts import Budget
from benchserver.core.engine.store import Store

PRICES = (1_100_003, 2_300_007)  # micro-USD per million tokens, in and out


class Backend(Protocol):
    @property
    def store(self) -> Store: ...

    def at(self, now: float) -> None:
        """Set the store's clock."""
        ...

    def acting(self, actor: str) -> None:
        """Who makes the next changes, for the history."""
        ...

    def start(self, plan: Scenario) -> None: ...

    def history(self) -> list[dict[str, Any]]:
        """Committed changes since the last call."""
        ...

    def published(self) -> list[tuple[str, str]]:
        """Take all wake-ups out of the outbox."""
        ...

    def keep(self, unit: UUID, send: UUID) -> None:
        """Store a reply, inside the open transaction."""
        ...

    def revision(self, unit: UUID) -> int:
        """Of the unit's endpoint as it is now."""
        ...

    def reply_send(self, unit: UUID) -> str: ...

    def cancel(self, evaluation: UUID) -> bool: ...

    def pause(self, evaluation: UUID) -> bool: ...

    def lift(self, evaluation: UUID) -> bool:
        """End its pause."""
        ...

    def resume(self, evaluation: UUID) -> bool: ...

    def change(self, endpoint: UUID) -> None:
        """The provider changes what is reached; it is admitted anew."""
        ...

    def activate(self, endpoint: UUID) -> None: ...

    def open_units(self) -> list[str]:
        """Attempts that have not ended."""
        ...

    def tables(self) -> dict[str, list[dict[str, Any]]]: ...


class MemoryBackend:
    def __init__(self) -> None:
        self.now = 0.0
        self.store = memory.MemoryStore(lambda: self.now)

    def at(self, now: float) -> None:
        self.now = now

    def acting(self, actor: str) -> None:
        self.store.actor = actor

    def start(self, plan: Scenario) -> None:
        for e in plan.endpoints:
            made = tables.Endpoint(id=e.id, limit=e.limit, rps=e.rps)
            self.store.tables.add_endpoint(made, now=self.now)
        for order, v in enumerate(plan.evaluations):
            row = tables.Evaluation(
                id=v.id,
                endpoint=v.endpoint,
                created=self.now + order,
                closes_at=v.closes_at,
                price_in=PRICES[0],
                price_out=PRICES[1],
            )
            limited = v.max_requests is not None
            budget = Budget(max_requests=v.max_requests) if limited else None
            self.store.tables.add_evaluation(row, budget)
            for place, unit in enumerate(v.units):
                self.store.tables.add_attempt(v.id, attempt_id=unit, order=place, now=self.now)

    def history(self) -> list[dict[str, Any]]:
        fresh, self.store.history = self.store.history, []
        return fresh

    def published(self) -> list[tuple[str, str]]:
        wakes = list(self.store.tables.wakes.values())
        self.store.tables.wakes.clear()
        return wakes

    def keep(self, unit: UUID, send: UUID) -> None:
        assert self.store.open is not None
        self.store.open.keep_reply(unit, send)

    def revision(self, unit: UUID) -> int:
        row = self.store.tables.attempts[unit]
        return self.store.tables.endpoints[row.unit.endpoint].revision

    def reply_send(self, unit: UUID) -> str:
        return str(self.store.tables.replies[unit])

    def cancel(self, evaluation: UUID) -> bool:
        row = self.store.tables.evaluations[evaluation]
        if row.cancelled or not self._open(evaluation):
            return False
        row.cancelled, row.running = True, False
        with self.store.transaction() as tx:
            mending.cancel_units(tx, evaluation)
        return True

    def pause(self, evaluation: UUID) -> bool:
        row = self.store.tables.evaluations[evaluation]
        if row.cancelled or row.paused or not self._open(evaluation):
            return False
        row.paused = True
        return True

    def lift(self, evaluation: UUID) -> bool:
        row = self.store.tables.evaluations[evaluation]
        was, row.paused = row.paused, False
        return was

    def resume(self, evaluation: UUID) -> bool:
        row = self.store.tables.evaluations[evaluation]
        if row.cancelled or self._open(evaluation) or row.closes_at <= self.now:
            return False
        row.round += 1
        with self.store.transaction() as tx:
            if mending.resume_units(tx, evaluation):
                return True
        row.round -= 1
        return False

    def _open(self, evaluation: UUID) -> bool:
        with self.store.transaction() as tx:
            return any(str(u.id) in self.open_units() for u in tx.of_evaluation(evaluation))

    def change(self, endpoint: UUID) -> None:
        self.store.tables.endpoints[endpoint].revision += 1

    def activate(self, endpoint: UUID) -> None:
        self.store.tables.endpoints[endpoint].active = True

    def open_units(self) -> list[str]:
        final = ("judged", "faulted", "cancelled")
        rows = self.store.tables.attempts.values()
        return [str(a.unit.id) for a in rows if a.unit.state not in final]

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        return tables.dump(self.store.tables)

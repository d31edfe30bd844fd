"""The engine's store in memory: the same contract as Postgres, a clock of one's own, a history.

For simulation and for trying rules out; nothing is kept. A transaction is atomic: when its block
raises, every row is as before and no history is written. Example: ``MemoryStore(lambda: now)``,
then ``tables.add_endpoint``, ``add_evaluation``, ``add_attempt`` and the engine's steps run on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from benchserver.core.engine.facts import Budget, Claim, Ended, FreeLane, Lane, Outcome, Unit
from benchserver.core.engine.tables import Attempt, Evaluation, Send, Tables
from benchserver.core.lifecycle import IN_FLIGHT, AttemptState
from benchserver.core.verdict import FaultKind, Judgement

_DUE = (AttemptState.READY, AttemptState.AMBIGUOUS)
_OWNED = (*IN_FLIGHT, AttemptState.JUDGING)
_ABSENT = object()


class MemoryStore:
    """``core.engine.store.Store``. ``history`` holds one dictionary per committed change."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.tables = Tables()
        self.history: list[dict[str, Any]] = []
        self.actor = ""
        self.open: MemoryTransaction | None = None

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        tx = self.open = MemoryTransaction(self)
        try:
            yield tx
        except BaseException:
            tx.undo()
            raise
        finally:
            self.open = None
        self.history += tx.history

    claiming = at_once = transaction  # what memory holds is lost together or not at all

    def mine(self, claim: Claim) -> bool:
        unit = self.tables.look(claim.attempt_id, self.clock())
        return (
            unit is not None
            and unit.fence == claim.fence
            and unit.state is AttemptState.SENT
            and unit.lease_until > self.clock()
            and not unit.cancelled
        )


class MemoryTransaction:
    """``core.engine.store.Transaction``: every change notes how it is undone."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._tables = store.tables
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self.history: list[dict[str, Any]] = []

    def undo(self) -> None:
        for table, key, old in reversed(self._undo):
            if old is _ABSENT:
                table.pop(key, None)
            else:
                table[key] = old

    def _put(self, table: dict[Any, Any], key: Any, row: Any) -> None:
        self._undo.append((table, key, table.get(key, _ABSENT)))
        table[key] = row

    def _note(self, kind: str, **facts: Any) -> None:
        self.history.append({"kind": kind, "t": self._now, "actor": self._store.actor, **facts})

    @property
    def _now(self) -> float:
        return self._store.clock()

    def lane(self, endpoint: UUID) -> Lane | None:
        kept = self._tables.lanes.get(endpoint)
        if kept is None:
            return None
        row = self._tables.endpoints[endpoint]
        mine = (a.unit for a in self._tables.attempts.values() if a.unit.endpoint == endpoint)
        flying = [unit for unit in mine if self._flies(unit)]
        refill = (self._now - row.refilled_at) * (row.rps or 0.0)
        return replace(
            kept,
            now=self._now,
            limit=row.limit,
            active=row.active,
            in_flight=len(flying),
            tokens=kept.tokens + refill,
        )

    def _flies(self, unit: Unit) -> bool:
        """A cancelled attempt's call is in flight until it ends or its worker's lease does."""
        if unit.state in IN_FLIGHT:
            return True
        if unit.state is not AttemptState.CANCELLED or unit.lease_until <= self._now:
            return False
        return any(s.attempt == unit.id and s.ended is None for s in self._tables.sends.values())

    def troubled(self, endpoint: UUID) -> Lane | None:
        lane = self.lane(endpoint)
        return lane if lane and lane.troubled else None

    def save_lane(self, lane: Lane) -> None:
        tokens = self._tables.lanes[lane.endpoint].tokens  # those are ``spend_token``'s
        self._put(self._tables.lanes, lane.endpoint, replace(lane, tokens=tokens))

    def spend_token(self, lane: Lane) -> None:
        kept = self._tables.lanes[lane.endpoint]
        self._put(self._tables.lanes, lane.endpoint, replace(kept, tokens=lane.tokens))
        row = self._tables.endpoints[lane.endpoint]
        self._put(self._tables.endpoints, lane.endpoint, replace(row, refilled_at=self._now))

    def take_due(
        self, *, endpoint: UUID, worker: str, lease_seconds: float, hold_seconds: float
    ) -> Claim | None:
        due = sorted(self._due(endpoint), key=self._age)
        if not due:
            return None
        hold = hold_seconds + self._tables.evaluations[due[0].unit.evaluation].deadline
        return self._lease(due[0], AttemptState.LEASED, worker, lease_seconds, hold)

    def _age(self, attempt: Attempt) -> tuple[float, int]:
        return self._tables.evaluations[attempt.unit.evaluation].created, attempt.order

    def _due(self, endpoint: UUID) -> list[Attempt]:
        return [
            a
            for a in self._tables.attempts.values()
            if a.unit.endpoint == endpoint
            and a.unit.state in _DUE
            and a.unit.next_at <= self._now
            and self._sends(self._tables.evaluations[a.unit.evaluation])
        ]

    def _sends(self, evaluation: Evaluation) -> bool:
        return evaluation.running and not evaluation.cancelled and not evaluation.paused

    def take_reply(
        self, *, attempt_id: UUID, worker: str, lease_seconds: float, hold_seconds: float
    ) -> Claim | None:
        row = self._tables.attempts.get(attempt_id)
        if row is None or row.unit.state is not AttemptState.GENERATED:
            return None
        if row.unit.next_at > self._now:
            return None
        return self._lease(row, AttemptState.JUDGING, worker, lease_seconds, hold_seconds)

    def _lease(
        self, row: Attempt, state: AttemptState, worker: str, lease: float, hold: float
    ) -> Claim:
        unit = replace(
            row.unit,
            state=state,
            fence=row.unit.fence + 1,
            owner=worker,
            lease_until=self._now + lease,
        )
        self._store_unit(unit, hold_until=self._now + hold)
        return Claim(attempt_id=unit.id, fence=unit.fence, worker=worker)

    def _store_unit(self, unit: Unit, hold_until: float | None = None) -> None:
        row = self._tables.attempts[unit.id]
        hold = row.hold_until if hold_until is None else hold_until
        fresh = replace(row, unit=replace(unit), hold_until=hold, updated_at=self._now)
        self._put(self._tables.attempts, unit.id, fresh)
        if row.unit.state is not unit.state or row.unit.fence != unit.fence:
            self._note(
                "move",
                unit=str(unit.id),
                source=row.unit.state.value,
                target=unit.state.value,
                fence=unit.fence,
                owner=unit.owner,
                reason=unit.reason,
            )

    def beat(self, *, workers: list[str], lease_seconds: float) -> None:
        for key, row in list(self._tables.attempts.items()):
            if row.unit.owner in workers and (row.unit.state in _OWNED or self._flies(row.unit)):
                lease = min(row.hold_until, self._now + lease_seconds)
                fresh = replace(row, unit=replace(row.unit, lease_until=lease))
                self._put(self._tables.attempts, key, fresh)

    def lock(self, attempt_id: UUID) -> Unit | None:
        return self._tables.look(attempt_id, self._now)

    def save(self, unit: Unit) -> None:
        self._store_unit(unit)

    def budget(self, evaluation: UUID) -> Budget | None:
        kept = self._tables.budgets.get(evaluation)
        return None if kept is None else replace(kept)

    def save_budget(self, evaluation: UUID, budget: Budget) -> None:
        self._put(self._tables.budgets, evaluation, replace(budget))

    def expose(self, unit: Unit) -> bool:
        if unit.id not in self._tables.exposures:
            return False
        if self._tables.exposures[unit.id] is None:
            self._put(self._tables.exposures, unit.id, self._now)
            self._note("exposure", unit=str(unit.id))
        return True

    def add_send(self, unit: Unit, *, cause: str) -> UUID:
        mine = [s for s in self._tables.sends.values() if s.attempt == unit.id]
        send = Send(
            id=UUID(int=self._tables.serial()),
            attempt=unit.id,
            ordinal=len(mine) + 1,
            cause=cause,
            fence=unit.fence,
        )
        self._put(self._tables.sends, send.id, send)
        self._note("send", unit=str(unit.id), send=str(send.id), cause=cause)
        return send.id

    def end_send(self, send: UUID, ended: Ended) -> None:
        self._put(self._tables.sends, send, replace(self._tables.sends[send], ended=ended))
        self._note("send_ended", send=str(send), outcome=ended.outcome.value)

    def lose_sends(self, unit: Unit, *, code: str) -> None:
        for send in list(self._tables.sends.values()):
            if send.attempt == unit.id and send.ended is None:
                self.end_send(send.id, Ended(outcome=Outcome.UNKNOWN, code=code))

    def lose_forgotten(self, *, code: str) -> int:
        count = 0
        for send in list(self._tables.sends.values()):
            unit = self._tables.attempts[send.attempt].unit
            over = unit.state is not AttemptState.SENT and unit.lease_until < self._now
            if send.ended is None and over:
                self.end_send(send.id, Ended(outcome=Outcome.UNKNOWN, code=code))
                count += 1
        return count

    def keep_reply(self, attempt_id: UUID, send: UUID) -> None:
        """What a worker's ``keep`` does here."""
        self._put(self._tables.replies, attempt_id, send)
        self._note("reply", unit=str(attempt_id), send=str(send))

    def has_reply(self, attempt_id: UUID) -> bool:
        return attempt_id in self._tables.replies

    def answered(self, evaluation: UUID) -> bool:
        attempts = self._tables.attempts
        return any(attempts[a].unit.evaluation == evaluation for a in self._tables.replies)

    def flying(self, unit: Unit) -> bool:
        return any(
            a.unit.evaluation == unit.evaluation
            and a.unit.state is AttemptState.SENT
            and a.unit.id != unit.id
            for a in self._tables.attempts.values()
        )

    def adopt(self, unit: Unit) -> bool:
        row = self._tables.evaluations[unit.evaluation]
        revision = self._tables.endpoints[unit.endpoint].revision
        self._put(self._tables.evaluations, unit.evaluation, replace(row, revision=revision))
        return True

    def add_verdict(self, unit: Unit, judgement: Judgement) -> None:
        verdict = judgement.verdict.value
        self._put(self._tables.verdicts, self._tables.serial(), (unit.id, verdict))
        self._note("verdict", unit=str(unit.id), verdict=verdict)

    def add_fault(self, unit: Unit, *, kind: FaultKind, code: str) -> None:
        row = (unit.id, unit.round, kind.value, code)
        self._put(self._tables.faults, self._tables.serial(), row)
        self._note("fault", unit=str(unit.id), round=unit.round, fault=kind.value, code=code)

    def pause_endpoint(self, endpoint: UUID, *, reason: str) -> None:
        row = self._tables.endpoints[endpoint]
        self._put(self._tables.endpoints, endpoint, replace(row, active=False))
        self._note("paused", endpoint=str(endpoint), reason=reason)

    def wake(self, step: str, target: UUID) -> None:
        self._put(self._tables.wakes, self._tables.serial(), (step, str(target)))

    def waiting(self, step: str) -> dict[str, int]:
        return Counter(target for s, target in self._tables.wakes.values() if s == step)

    def _fresh(self, rows: list[Attempt], limit: int) -> list[Unit]:
        found = (self._tables.look(row.unit.id, self._now) for row in rows[:limit])
        return [unit for unit in found if unit is not None]

    def expired(self, limit: int) -> list[Unit]:
        return self._fresh(
            [
                a
                for a in self._tables.attempts.values()
                if a.unit.state in _OWNED and a.unit.lease_until < self._now
            ],
            limit,
        )

    def stranded(self, limit: int) -> list[Unit]:
        rows = [
            a
            for a in self._tables.attempts.values()
            if a.unit.state in _DUE
            and self._tables.evaluations[a.unit.evaluation].running
            and self._tables.evaluations[a.unit.evaluation].closes_at <= self._now
        ]
        return self._fresh(rows, limit)

    def of_evaluation(self, evaluation: UUID) -> list[Unit]:
        rows = [a for a in self._tables.attempts.values() if a.unit.evaluation == evaluation]
        return self._fresh(sorted(rows, key=lambda a: a.order), len(rows))

    def free_lanes(self) -> list[FreeLane]:
        found = []
        for endpoint in self._tables.endpoints.values():
            lane = self.lane(endpoint.id)
            due = min(len(self._due(endpoint.id)), endpoint.limit)
            if lane and endpoint.active and due and lane.resting_until <= self._now:
                free = lane.limit - lane.in_flight
                found.append(FreeLane(endpoint=endpoint.id, due=due, free=free))
        return found

    def unjudged(self, *, quiet_seconds: float, busy_seconds: float, limit: int) -> list[UUID]:
        busy = any(
            a.unit.state is AttemptState.JUDGING and a.unit.lease_until > self._now
            for a in self._tables.attempts.values()
        )
        patience = busy_seconds if busy else quiet_seconds
        found = [
            a
            for a in self._tables.attempts.values()
            if a.unit.state is AttemptState.GENERATED
            and a.unit.next_at <= self._now
            and a.updated_at < self._now - patience
        ][:limit]
        for row in found:
            self._put(self._tables.attempts, row.unit.id, replace(row, updated_at=self._now))
        return [row.unit.id for row in found]

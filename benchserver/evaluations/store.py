"""The engine's store in Postgres: its SQL, its locks, its clock; every decision is the core's.

All times are the database's, so a worker's clock decides nothing. Example: two workers claim at
once; the lane row makes them wait for each other, ``SKIP LOCKED`` gives each another attempt, and
the raised fence is what later writes are checked against.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection

from benchserver.audit.prepared import MAY_BE_LOST, atomically, both, rows, run, send
from benchserver.core.engine.facts import Budget, Claim, Ended, FreeLane, Lane, Unit
from benchserver.core.ids import new_id
from benchserver.core.lifecycle import AttemptState
from benchserver.core.verdict import FaultKind, Judgement
from benchserver.evaluations import statements
from benchserver.evaluations.machines import machine_of
from benchserver.providers.register import pause_endpoint

_BUDGET = ("max_requests", "max_tokens", "max_micro_usd", "requests", "tokens", "micro_usd")


def _unit(row: tuple[Any, ...]) -> Unit:
    return Unit(
        id=row[0],
        evaluation=row[1],
        endpoint=row[2],
        state=AttemptState(row[3]),
        fence=row[4],
        owner=row[5],
        lease_until=row[6],
        next_at=row[7],
        reason=row[8],
        unknown_sends=row[9],
        refused_sends=row[10],
        unsent_tries=row[11],
        judge_tries=row[12],
        round=row[13],
        now=row[14],
        cancelled=row[15],
        paused=row[16],
        closed=row[17],
        active=row[18],
        revision=row[19],
        endpoint_revision=row[20],
        price_in=row[21],
        price_out=row[22],
        budgeted=row[23],
        replied=row[24],
        troubled=row[25],
    )


class PostgresTransaction:
    """``core.engine.store.Transaction``; open only inside ``transaction``."""

    def __init__(self, *, may_be_lost: bool = False) -> None:
        self._may_be_lost = may_be_lost

    def lane(self, endpoint: UUID) -> Lane | None:
        return self._lane(statements.LANE, endpoint)

    def troubled(self, endpoint: UUID) -> Lane | None:
        return self._lane(statements.TROUBLED, endpoint)

    def _lane(self, sql: str, endpoint: UUID) -> Lane | None:
        # Two statements: only one that begins when the lane is locked sees who is in flight.
        locked = (sql + statements.LOCKED, [endpoint])
        found, flying = both(locked, (statements.IN_FLIGHT, {"endpoint": endpoint}))
        if not found:
            return None
        row = found[0]
        return Lane(
            endpoint=row[0],
            limit=row[1],
            rps=row[2],
            active=row[3],
            now=row[4],
            tokens=row[5],
            in_flight=flying[0][0],
            resting_until=row[6],
            rest_reason=row[7],
            failures=row[8],
            recent=row[9],
            broken=row[10],
            probes_failed=row[11],
            probe_until=row[12],
            same_code=row[13],
            same_faults=row[14],
        )

    def save_lane(self, lane: Lane) -> None:
        names = ("endpoint", "resting_until", "rest_reason", "failures", "recent", "broken")
        more = ("probes_failed", "probe_until", "same_code", "same_faults")
        run(statements.SAVE_LANE, {name: getattr(lane, name) for name in (*names, *more)})

    def spend_token(self, lane: Lane) -> None:
        run(statements.SPEND, [lane.tokens, lane.endpoint])

    def take_due(
        self, *, endpoint: UUID, worker: str, lease_seconds: float, hold_seconds: float
    ) -> Claim | None:
        facts = {"endpoint": endpoint, "lease": lease_seconds, "hold": hold_seconds}
        return self._claim(statements.TAKE, facts, worker)

    def take_reply(
        self, *, attempt_id: UUID, worker: str, lease_seconds: float, hold_seconds: float
    ) -> Claim | None:
        facts = {"attempt": attempt_id, "lease": lease_seconds, "hold": hold_seconds}
        # A machine that is taken out judges nothing.
        facts["machine"] = machine_of(worker)
        return self._claim(statements.TAKE_REPLY, facts, worker)

    def _claim(self, sql: str, facts: dict[str, Any], worker: str) -> Claim | None:
        ending = MAY_BE_LOST if self._may_be_lost else ""
        found = rows(sql + ending, facts | {"worker": worker})
        return Claim(attempt_id=found[0][0], fence=found[0][1], worker=worker) if found else None

    def beat(self, *, workers: list[str], lease_seconds: float) -> None:
        run(statements.BEAT, [lease_seconds, workers])
        run(statements.BEAT_CANCELLED, [lease_seconds, workers])

    def lock(self, attempt_id: UUID) -> Unit | None:
        found = rows(statements.ONE, [attempt_id])
        return _unit(found[0]) if found else None

    def save(self, unit: Unit) -> None:
        names = ("id", "owner", "reason", "next_at")
        counters = ("unknown_sends", "refused_sends", "unsent_tries", "judge_tries")
        facts = {name: getattr(unit, name) for name in (*names, *counters)}
        run(statements.SAVE, facts | {"state": unit.state.value})

    def budget(self, evaluation: UUID) -> Budget | None:
        found = rows(statements.BUDGET, [evaluation])
        return Budget(**dict(zip(_BUDGET, found[0], strict=True))) if found else None

    def save_budget(self, evaluation: UUID, budget: Budget) -> None:
        spent = (budget.requests, budget.tokens, budget.micro_usd)
        run(statements.SAVE_BUDGET, [*spent, evaluation])

    def expose(self, unit: Unit) -> bool:
        if rows(statements.EXPOSE, [unit.id]):
            return True
        return bool(rows(statements.OF_PANEL, [unit.id]))  # what it meets exposes nothing

    def add_send(self, unit: Unit, *, cause: str) -> UUID:
        made = new_id()
        facts = {"id": made, "attempt": unit.id, "cause": cause, "fence": unit.fence}
        run(statements.ADD_SEND, facts)
        return made

    def end_send(self, send: UUID, ended: Ended) -> None:
        usage = ended.usage
        facts = {
            "id": send,
            "outcome": ended.outcome.value,
            "code": ended.code,
            "status": ended.status,
            "milliseconds": None if ended.seconds is None else round(ended.seconds * 1000),
            "tokens_in": usage and usage.tokens_in,
            "tokens_out": usage and usage.tokens_out,
            "reported": usage and usage.reported,
            "cost": usage and ended.cost_micro_usd,
        }
        run(statements.END_SEND, facts)

    def lose_sends(self, unit: Unit, *, code: str) -> None:
        run(statements.LOSE_SENDS, [code, unit.id])

    def lose_forgotten(self, *, code: str) -> int:
        return len(rows(statements.LOSE_FORGOTTEN, [code]))

    def has_reply(self, attempt_id: UUID) -> bool:
        return bool(rows(statements.REPLIED, [attempt_id])[0][0])

    def answered(self, evaluation: UUID) -> bool:
        return bool(rows(statements.ANSWERED, [evaluation])[0][0])

    def flying(self, unit: Unit) -> bool:
        return bool(rows(statements.FLYING, [unit.evaluation, unit.id])[0][0])

    def adopt(self, unit: Unit) -> bool:
        return len(rows(statements.ADOPT, [unit.evaluation])) == 1

    def add_verdict(self, unit: Unit, judgement: Judgement) -> None:
        facts = (
            unit.id,
            judgement.verdict.value,
            round(judgement.cpu_seconds * 1000),
            round(judgement.wall_seconds * 1000),
            judgement.memory_bytes,
            judgement.isolation[:40],
            judgement.detail[:80],
        )
        run(statements.ADD_VERDICT, facts)

    def add_fault(self, unit: Unit, *, kind: FaultKind, code: str) -> None:
        run(statements.ADD_FAULT, [unit.id, unit.round, kind.value, code])

    def pause_endpoint(self, endpoint: UUID, *, reason: str) -> None:
        send()  # the endpoint's room has statements of its own
        pause_endpoint(endpoint_id=endpoint, reason=reason, by="engine")

    def wake(self, step: str, target: UUID) -> None:
        run(statements.WAKE, [step, str(target)])

    def waiting(self, step: str) -> dict[str, int]:
        return Counter(row[0] for row in rows(statements.WAITING, [step]))

    def expired(self, limit: int) -> list[Unit]:
        return [_unit(row) for row in rows(statements.EXPIRED, [limit])]

    def stranded(self, limit: int) -> list[Unit]:
        return [_unit(row) for row in rows(statements.STRANDED, [limit])]

    def of_evaluation(self, evaluation: UUID) -> list[Unit]:
        return [_unit(row) for row in rows(statements.OF_EVALUATION, [evaluation])]

    def free_lanes(self) -> list[FreeLane]:
        found = rows(statements.FREE)
        return [FreeLane(endpoint=row[0], due=row[1], free=row[2]) for row in found]

    def unjudged(self, *, quiet_seconds: float, busy_seconds: float, limit: int) -> list[UUID]:
        facts = {"quiet": quiet_seconds, "busy": busy_seconds, "limit": limit}
        return sorted(row[0] for row in rows(statements.UNJUDGED, facts))


class PostgresStore:
    """``core.engine.store.Store`` over Django's connection."""

    @contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        with atomically():
            yield PostgresTransaction()

    @contextmanager
    def claiming(self) -> Iterator[PostgresTransaction]:
        alone = not connection.in_atomic_block  # never for somebody else's transaction
        with atomically():
            yield PostgresTransaction(may_be_lost=alone)

    @contextmanager
    def at_once(self) -> Iterator[PostgresTransaction]:
        # One statement is a transaction by itself.
        yield PostgresTransaction(may_be_lost=not connection.in_atomic_block)

    def mine(self, claim: Claim) -> bool:
        """The last look before the first byte. The window left is one system call and cannot be
        closed; the send is accounted either way."""
        return bool(rows(statements.MINE, [claim.attempt_id, claim.fence])[0][0])


def heartbeat(*, workers: list[str], lease_seconds: int) -> None:
    """Extend the leases of jobs that run now, never past an attempt's ``hold_until``."""
    with PostgresStore().transaction() as tx:
        tx.beat(workers=workers, lease_seconds=lease_seconds)

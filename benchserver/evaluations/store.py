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

from django.db import connection, transaction
from django.db.models.functions import Now

from benchserver.core.engine.facts import Budget, Claim, Ended, FreeLane, Lane, Unit
from benchserver.core.lifecycle import AttemptState
from benchserver.core.verdict import FaultKind, Judgement
from benchserver.evaluations import models, statements
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
        closed=row[16],
        active=row[17],
        revision=row[18],
        endpoint_revision=row[19],
        price_in=row[20],
        price_out=row[21],
    )


class PostgresTransaction:
    """``core.engine.store.Transaction`` over one cursor; open only inside ``transaction``."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def _all(self, sql: str, facts: Any) -> list[tuple[Any, ...]]:
        self._cursor.execute(sql, facts)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    def lane(self, endpoint: UUID) -> Lane | None:
        return self._lane(statements.LANE, endpoint)

    def troubled(self, endpoint: UUID) -> Lane | None:
        return self._lane(statements.TROUBLED, endpoint)

    def _lane(self, sql: str, endpoint: UUID) -> Lane | None:
        rows = self._all(sql + statements.LOCKED, [endpoint])
        if not rows:
            return None
        row = rows[0]
        return Lane(
            endpoint=row[0],
            limit=row[1],
            rps=row[2],
            active=row[3],
            now=row[4],
            tokens=row[5],
            in_flight=self._all(statements.IN_FLIGHT, {"endpoint": endpoint})[0][0],
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
        self._cursor.execute(
            statements.SAVE_LANE, {name: getattr(lane, name) for name in (*names, *more)}
        )

    def spend_token(self, lane: Lane) -> None:
        self._cursor.execute(statements.SPEND, [lane.tokens, lane.endpoint])

    def take_due(
        self, *, endpoint: UUID, worker: str, lease_seconds: float, hold_seconds: float
    ) -> Claim | None:
        facts = {"endpoint": endpoint, "lease": lease_seconds, "hold": hold_seconds}
        return self._claim(statements.TAKE, facts, worker)

    def take_reply(
        self, *, attempt_id: UUID, worker: str, lease_seconds: float, hold_seconds: float
    ) -> Claim | None:
        facts = {"attempt": attempt_id, "lease": lease_seconds, "hold": hold_seconds}
        return self._claim(statements.TAKE_REPLY, facts, worker)

    def _claim(self, sql: str, facts: dict[str, Any], worker: str) -> Claim | None:
        rows = self._all(sql, facts | {"worker": worker})
        return Claim(attempt_id=rows[0][0], fence=rows[0][1], worker=worker) if rows else None

    def beat(self, *, workers: list[str], lease_seconds: float) -> None:
        self._cursor.execute(statements.BEAT, [lease_seconds, workers])
        self._cursor.execute(statements.BEAT_CANCELLED, [lease_seconds, workers])

    def lock(self, attempt_id: UUID) -> Unit | None:
        rows = self._all(statements.ONE, [attempt_id])
        return _unit(rows[0]) if rows else None

    def save(self, unit: Unit) -> None:
        names = ("id", "owner", "reason", "next_at")
        counters = ("unknown_sends", "refused_sends", "unsent_tries", "judge_tries")
        facts = {name: getattr(unit, name) for name in (*names, *counters)}
        self._cursor.execute(statements.SAVE, facts | {"state": unit.state.value})

    def budget(self, evaluation: UUID) -> Budget | None:
        rows = self._all(statements.BUDGET, [evaluation])
        return Budget(**dict(zip(_BUDGET, rows[0], strict=True))) if rows else None

    def save_budget(self, evaluation: UUID, budget: Budget) -> None:
        spent = {name: getattr(budget, name) for name in ("requests", "tokens", "micro_usd")}
        models.Budget.objects.filter(pk=evaluation).update(**spent)

    def expose(self, unit: Unit) -> bool:
        self._cursor.execute(statements.EXPOSE, [unit.id])
        if self._cursor.rowcount == 1:
            return True
        return bool(self._all(statements.OF_PANEL, [unit.id]))  # what it meets exposes nothing

    def add_send(self, unit: Unit, *, cause: str) -> UUID:
        sends = models.Send.objects.filter(attempt=unit.id)
        send = models.Send.objects.create(
            attempt_id=unit.id, ordinal=sends.count() + 1, cause=cause, fence=unit.fence
        )
        made: UUID = send.pk
        return made

    def end_send(self, send: UUID, ended: Ended) -> None:
        facts: dict[str, Any] = {"outcome": ended.outcome.value, "code": ended.code}
        facts |= {"status": ended.status, "ended_at": Now()}
        if ended.seconds is not None:
            facts["milliseconds"] = round(ended.seconds * 1000)
        if ended.usage is not None:
            facts["tokens_in"] = ended.usage.tokens_in
            facts["tokens_out"] = ended.usage.tokens_out
            facts["usage_reported"] = ended.usage.reported
            facts["cost_micro_usd"] = ended.cost_micro_usd
        models.Send.objects.filter(pk=send).update(**facts)

    def lose_sends(self, unit: Unit, *, code: str) -> None:
        pending = models.Send.objects.filter(attempt=unit.id, outcome="pending")
        pending.update(outcome="unknown", code=code, ended_at=Now())

    def lose_forgotten(self, *, code: str) -> int:
        self._cursor.execute(statements.LOSE_FORGOTTEN, [code])
        return int(self._cursor.rowcount)

    def has_reply(self, attempt_id: UUID) -> bool:
        return models.Reply.objects.filter(attempt=attempt_id).exists()

    def answered(self, evaluation: UUID) -> bool:
        return models.Reply.objects.filter(attempt__evaluation=evaluation).exists()

    def flying(self, unit: Unit) -> bool:
        others = models.Attempt.objects.filter(evaluation=unit.evaluation, state=AttemptState.SENT)
        return others.exclude(pk=unit.id).exists()

    def adopt(self, unit: Unit) -> bool:
        self._cursor.execute(statements.ADOPT, [unit.evaluation])
        return bool(self._cursor.rowcount == 1)

    def add_verdict(self, unit: Unit, judgement: Judgement) -> None:
        models.VerdictRecord.objects.create(
            attempt_id=unit.id,
            verdict=judgement.verdict.value,
            cpu_milliseconds=round(judgement.cpu_seconds * 1000),
            wall_milliseconds=round(judgement.wall_seconds * 1000),
            memory_bytes=judgement.memory_bytes,
            isolation=judgement.isolation[:40],
            detail=judgement.detail[:80],
        )

    def add_fault(self, unit: Unit, *, kind: FaultKind, code: str) -> None:
        models.FaultRecord.objects.create(
            attempt_id=unit.id, round=unit.round, kind=kind.value, code=code
        )

    def pause_endpoint(self, endpoint: UUID, *, reason: str) -> None:
        pause_endpoint(endpoint_id=endpoint, reason=reason, by="engine")

    def wake(self, step: str, target: UUID) -> None:
        models.Wake.objects.create(step=step, target=str(target))

    def waiting(self, step: str) -> dict[str, int]:
        return Counter(models.Wake.objects.filter(step=step).values_list("target", flat=True))

    def expired(self, limit: int) -> list[Unit]:
        return [_unit(row) for row in self._all(statements.EXPIRED, [limit])]

    def stranded(self, limit: int) -> list[Unit]:
        return [_unit(row) for row in self._all(statements.STRANDED, [limit])]

    def of_evaluation(self, evaluation: UUID) -> list[Unit]:
        return [_unit(row) for row in self._all(statements.OF_EVALUATION, [evaluation])]

    def free_lanes(self) -> list[FreeLane]:
        rows = self._all(statements.FREE, [])
        return [FreeLane(endpoint=row[0], due=row[1], free=row[2]) for row in rows]

    def unjudged(self, *, quiet_seconds: float, busy_seconds: float, limit: int) -> list[UUID]:
        facts = {"quiet": quiet_seconds, "busy": busy_seconds, "limit": limit}
        return sorted(row[0] for row in self._all(statements.UNJUDGED, facts))


class PostgresStore:
    """``core.engine.store.Store`` over Django's connection."""

    @contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        with transaction.atomic(), connection.cursor() as cursor:
            yield PostgresTransaction(cursor)

    def mine(self, claim: Claim) -> bool:
        """The last look before the first byte. The window left is one system call and cannot be
        closed; the send is accounted either way."""
        with connection.cursor() as cursor:
            cursor.execute(statements.MINE, [claim.attempt_id, claim.fence])
            return bool(cursor.fetchone()[0])


def heartbeat(*, workers: list[str], lease_seconds: int) -> None:
    """Extend the leases of jobs that run now, never past an attempt's ``hold_until``."""
    with PostgresStore().transaction() as tx:
        tx.beat(workers=workers, lease_seconds=lease_seconds)

"""The engine's simulation on a real Postgres: production SQL and triggers under a virtual clock.

Functions named as the database's clocks stand before them in the search path, so every statement of
the store reads virtual time unchanged; triggers write the history that the checker reads. All of it
lives in the test's transaction and is gone with it. Example: ``PostgresBackend(board)`` is a
``Backend`` as ``MemoryBackend()`` is.
"""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F

from benchserver import wiring
from benchserver.console.simulation.backend import PRICES
from benchserver.console.simulation.scenario import EndpointPlan, EvaluationPlan, Scenario
from benchserver.core.errors import NotAllowed
from benchserver.core.lifecycle import ENDED
from benchserver.evaluations import control
from benchserver.evaluations.models import (
    Attempt,
    Budget,
    Evaluation,
    Exposure,
    FaultRecord,
    Lane,
    Reply,
    Send,
    VerdictRecord,
    Wake,
)
from benchserver.evaluations.score import finish
from benchserver.evaluations.store import PostgresStore
from benchserver.pools.models import Form
from benchserver.providers.models import Endpoint
from tests import arrange

LARGEST = 7  # attempts of an evaluation
_serial = itertools.count(1)

_WORLD = """
CREATE SCHEMA sim;
CREATE FUNCTION sim.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT to_timestamp(current_setting('sim.now')::float8) $$;
CREATE FUNCTION sim.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT to_timestamp(current_setting('sim.now')::float8) $$;
CREATE TABLE sim.history (seq bigserial PRIMARY KEY, body jsonb NOT NULL);
CREATE FUNCTION sim.note(kind text, facts jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO sim.history (body) VALUES (jsonb_build_object(
        'kind', kind, 't', current_setting('sim.now')::float8,
        'actor', current_setting('sim.actor')) || facts) $$;
CREATE FUNCTION sim.on_attempt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM sim.note('move', jsonb_build_object('unit', NEW.id, 'source', OLD.state,
        'target', NEW.state, 'fence', NEW.fence, 'owner', NEW.owner, 'reason', NEW.reason));
    RETURN NULL; END $$;
CREATE TRIGGER sim_attempt AFTER UPDATE ON evaluations_attempt FOR EACH ROW
    WHEN (OLD.state <> NEW.state OR OLD.fence <> NEW.fence) EXECUTE FUNCTION sim.on_attempt();
CREATE FUNCTION sim.on_send() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM sim.note('send', jsonb_build_object('unit', NEW.attempt_id, 'send', NEW.id,
            'cause', NEW.cause));
    ELSE
        PERFORM sim.note('send_ended', jsonb_build_object('send', NEW.id, 'outcome', NEW.outcome));
    END IF;
    RETURN NULL; END $$;
CREATE TRIGGER sim_send AFTER INSERT OR UPDATE ON evaluations_send FOR EACH ROW
    EXECUTE FUNCTION sim.on_send();
CREATE FUNCTION sim.on_exposure() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM sim.note('exposure', jsonb_build_object('unit', a.id))
    FROM evaluations_attempt a JOIN evaluations_evaluation v ON v.id = a.evaluation_id
    JOIN pools_formentry f ON f.id = a.entry_id
    WHERE f.version_id = NEW.version_id AND v.owner_group_id = NEW.owner_group_id;
    RETURN NULL; END $$;
CREATE TRIGGER sim_exposure AFTER UPDATE ON evaluations_exposure FOR EACH ROW
    WHEN (OLD.first_sent_at IS NULL AND NEW.first_sent_at IS NOT NULL)
    EXECUTE FUNCTION sim.on_exposure();
CREATE FUNCTION sim.on_reply() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM sim.note('reply', jsonb_build_object('unit', NEW.attempt_id, 'send', NEW.send_id));
    RETURN NULL; END $$;
CREATE TRIGGER sim_reply AFTER INSERT ON evaluations_reply FOR EACH ROW
    EXECUTE FUNCTION sim.on_reply();
"""


def build_world() -> None:
    """Virtual clocks and the history's triggers, in the transaction of the test."""
    with connection.cursor() as cursor:
        cursor.execute(_WORLD)


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class PostgresBackend:
    """One seed; ``board`` holds a form of ``LARGEST`` private tasks whose rotation stays open."""

    def __init__(self, board: arrange.Board) -> None:
        self.store = PostgresStore()
        self._form = Form.objects.get(rotation=board.rotation, track=board.track)
        self._board = board
        self._now = 0.0
        self._seen = 0
        self._evaluations: list[UUID] = []

    def __enter__(self) -> PostgresBackend:
        self._run("SET search_path = sim, pg_catalog, public")
        return self

    def __exit__(self, *_: object) -> None:
        Endpoint.objects.update(state=Endpoint.State.PAUSED)  # not the next seed's
        Wake.objects.all().delete()
        self._run("SET search_path TO DEFAULT")

    def _run(self, sql: str, facts: Any = None) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql, facts)
            return cursor.fetchall() if cursor.description else None

    def at(self, now: float) -> None:
        self._now = now
        self._run("SELECT set_config('sim.now', %s, false)", [repr(now)])

    def acting(self, actor: str) -> None:
        self._run("SELECT set_config('sim.actor', %s, false)", [actor])

    def start(self, plan: Scenario) -> None:
        self.acting("person")
        self._seen = self._run("SELECT coalesce(max(seq), 0) FROM sim.history")[0][0]
        rows = {e.id: self._endpoint(e) for e in plan.endpoints}
        for order, v in enumerate(plan.evaluations):
            self._evaluation(v, rows[v.endpoint], order)

    def _endpoint(self, plan: EndpointPlan) -> Endpoint:
        number = next(_serial)
        made = arrange.endpoint(
            owner=f"Owner {number}", model=f"model-{number}", max_concurrency=plan.limit
        )
        Lane.objects.filter(endpoint=made).delete()
        fresh = Endpoint.objects.get(pk=made.pk)
        fresh.pk, fresh.name, fresh.slug = plan.id, str(plan.id), f"ep_{next(_serial)}"
        fresh.max_rps = plan.rps
        fresh.price_in, fresh.price_out = PRICES
        fresh.save(force_insert=True)
        Lane.objects.create(endpoint=fresh, refilled_at=moment(self._now))
        return fresh

    def _evaluation(self, plan: EvaluationPlan, endpoint: Endpoint, order: int) -> None:
        entries = list(self._form.entries.select_related("version"))[: len(plan.units)]
        row = Evaluation.objects.create(
            id=plan.id,
            slug=f"ev_{next(_serial)}",
            provider=endpoint.provider,
            owner_group=endpoint.provider.owner_group,
            model=endpoint.model,
            endpoint=endpoint,
            endpoint_revision=endpoint.revision,
            rotation=self._board.rotation,
            track=self._board.track,
            form=self._form,
            protocol_payload={**self._board.track.protocol.to_payload(), "deadline_seconds": 0},
            total=len(entries),
            price_in=PRICES[0],
            price_out=PRICES[1],
            created_at=moment(self._now + order),
        )
        if plan.max_requests is not None:
            Budget.objects.create(evaluation=row, max_requests=plan.max_requests)
        for place, (unit, entry) in enumerate(zip(plan.units, entries, strict=True)):
            Attempt.objects.create(
                id=unit,
                evaluation=row,
                endpoint=endpoint,
                entry=entry,
                sample=0,
                order=place,
                next_at=moment(self._now),
                updated_at=moment(self._now),
            )
        Exposure.objects.bulk_create(
            (
                Exposure(
                    version=entry.version,
                    owner_group=endpoint.provider.owner_group,
                    rotation=self._board.rotation,
                )
                for entry in entries
            ),
            ignore_conflicts=True,
        )
        self._evaluations.append(row.pk)

    def history(self) -> list[dict[str, Any]]:
        rows = self._run(
            "SELECT seq, body FROM sim.history WHERE seq > %s ORDER BY seq", [self._seen]
        )
        if rows:
            self._seen = rows[-1][0]
        return [body if isinstance(body, dict) else json.loads(body) for _, body in rows]

    def published(self) -> list[tuple[str, str]]:
        rows = list(Wake.objects.order_by("id").values_list("step", "target"))
        if rows:
            Wake.objects.all().delete()
        return rows

    def keep(self, unit: UUID, send: UUID) -> None:
        Reply.objects.create(
            attempt_id=unit, send_id=send, stop_reason="stop", data_key="", sealed=b""
        )

    def revision(self, unit: UUID) -> int:
        found: int = Attempt.objects.values_list("endpoint__revision", flat=True).get(pk=unit)
        return found

    def reply_send(self, unit: UUID) -> str:
        return str(Reply.objects.values_list("send_id", flat=True).get(pk=unit))

    def cancel(self, evaluation: UUID) -> bool:
        row = Evaluation.objects.get(pk=evaluation)
        if not row.attempts.exclude(state__in=ENDED).exists():
            return False
        control.cancel(evaluation=row, by="person")
        return True

    def pause(self, evaluation: UUID) -> bool:
        row = Evaluation.objects.get(pk=evaluation)
        if row.paused_at or not row.attempts.exclude(state__in=ENDED).exists():
            return False
        control.pause(evaluation=row, by="person")
        return True

    def lift(self, evaluation: UUID) -> bool:
        row = Evaluation.objects.get(pk=evaluation)
        if row.paused_at is None or row.state != "running":
            return False
        control.resume(evaluation=row, by="person")
        return True

    def resume(self, evaluation: UUID) -> bool:
        row = Evaluation.objects.get(pk=evaluation)
        if row.attempts.exclude(state__in=ENDED).exists():
            return False
        if row.state == "running":
            finish(evaluation_id=row.pk, sealer=wiring.sealer())
            row.refresh_from_db()
        try:
            control.resume(evaluation=row, by="person")
        except NotAllowed:
            return False
        return True

    def change(self, endpoint: UUID) -> None:
        Endpoint.objects.filter(pk=endpoint).update(revision=F("revision") + 1)

    def activate(self, endpoint: UUID) -> None:
        paused = Endpoint.objects.filter(pk=endpoint, state=Endpoint.State.PAUSED)
        paused.update(state=Endpoint.State.ACTIVE, pause_reason="")

    def open_units(self) -> list[str]:
        mine = Attempt.objects.filter(evaluation__in=self._evaluations)
        return [str(pk) for pk in mine.exclude(state__in=ENDED).values_list("pk", flat=True)]

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        mine = {"attempt__evaluation__in": self._evaluations}
        units = Attempt.objects.filter(evaluation__in=self._evaluations)
        return {
            "units": [
                {
                    "unit": str(a.pk),
                    "evaluation": str(a.evaluation_id),
                    "state": a.state,
                    "unknown_sends": a.unknown_sends,
                    "round": a.evaluation.round,
                }
                for a in units.select_related("evaluation")
            ],
            "sends": [_send(s) for s in Send.objects.filter(**mine)],
            "replies": [
                {"unit": str(r.pk), "send": str(r.send_id)} for r in Reply.objects.filter(**mine)
            ],
            "verdicts": [
                {"unit": str(v.pk), "verdict": v.verdict}
                for v in VerdictRecord.objects.filter(**mine)
            ],
            "faults": [
                {"unit": str(f.attempt_id), "round": f.round}
                for f in FaultRecord.objects.filter(**mine)
            ],
        }


def _send(row: Send) -> dict[str, Any]:
    usage = {"tokens_in": row.tokens_in, "tokens_out": row.tokens_out}
    return {
        "send": str(row.pk),
        "unit": str(row.attempt_id),
        "ordinal": row.ordinal,
        "cause": row.cause,
        "outcome": row.outcome,
        "cost_micro_usd": row.cost_micro_usd,
        "usage": usage if row.tokens_in is not None else None,
    }

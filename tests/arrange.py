"""Bring evaluations into any state by the real verbs, or many at once by SQL along legal edges.

Example: ``claim, send = sent(evaluation)`` is an attempt whose send row is committed;
``judge_all(evaluation, passed)`` gives every attempt a verdict without running any code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection

from benchserver import wiring
from benchserver.core.engine import judging as judging_steps
from benchserver.core.engine import moves, sending, work
from benchserver.core.engine.facts import Claim, Failure
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.rotation import Policy, Window
from benchserver.core.verdict import FaultKind, Judgement, Verdict
from benchserver.engines.endpoints.base import EndpointFailure, Reply, StopReason, Usage
from benchserver.evaluations import generate
from benchserver.evaluations.models import Attempt, Evaluation, Exposure, Lane, Send, VerdictRecord
from benchserver.evaluations.queries import exposed
from benchserver.evaluations.request import request
from benchserver.evaluations.score import finish
from benchserver.pools import rotate
from benchserver.pools.models import FormEntry, Pool, Rotation, Track
from benchserver.providers.models import Endpoint, Model, PanelModel
from tests import factories

NOWHERE = "http://127.0.0.1:9/v1"
# No pause between tries; leases long enough for a busy machine.
POLICY = EnginePolicy(lease_seconds=120, retry_base_seconds=0)


@dataclass
class Board:
    pool: Pool
    track: Track
    rotation: Rotation


def board(
    *, private: int = 3, public: int = 1, samples: int = 1, deadline: int = 20, marker: str = ""
) -> Board:
    pool = factories.pool_of(factories.tasks(private=private, public=public, marker=marker))
    track = factories.track_of(pool, samples=samples, deadline=deadline)
    return Board(pool, track, factories.open_rotation(pool))


def next_rotation(stage: Board, *, name: str = "ro-next", again: bool = False) -> Rotation:
    """Close the open rotation and open another; ``again``: over the same tasks, spent or not."""
    made = planned_next(stage, name=name, again=again)
    return rotate.open_rotation(rotation=made, judge_image="sha256:x", by="test")


def planned_next(
    stage: Board, *, name: str = "ro-next", again: bool = False, private: int = 200
) -> Rotation:
    """Close the open rotation and plan one, due now, of at most so many private tasks."""
    rotate.close_rotation(rotation=stage.rotation, by="test")
    now = rotate.database_now()
    policy = Policy(private_target=private, public_target=200, min_private=1)
    known = {} if again else exposed(stage.pool)
    plan = rotate.preview(pool=stage.pool, policy=policy, exposed=known, now=now)
    window = Window(now, now + timedelta(days=9), name)
    return rotate.save_plan(pool=stage.pool, plan=plan, window=window, by="test")


def endpoint(
    url: str = NOWHERE,
    *,
    owner: str = "Acme",
    model: str = "model-a",
    max_concurrency: int = 4,
    max_rps: Decimal | None = None,
) -> Endpoint:
    return factories.endpoint(
        factories.provider(owner),
        url,
        model=model,
        max_concurrency=max_concurrency,
        max_rps=max_rps,
    )


def started(
    stage: Board,
    url: str = NOWHERE,
    *,
    owner: str = "Acme",
    model: str = "model-a",
    max_concurrency: int = 4,
) -> Evaluation:
    made = endpoint(url, owner=owner, model=model, max_concurrency=max_concurrency)
    return request(endpoint=made, track=stage.track, by="test")


def engine(*, lease: int = 120) -> sending.Engine:
    return generate.engine(EnginePolicy(lease_seconds=lease, retry_base_seconds=0))


def claim_next(endpoint_id: UUID, *, worker: str = "w1", lease: int = 120, hold: int = 600):
    """One step of the engine on the real database; None where nothing may be sent."""
    found = sending.claim_next(
        engine(lease=lease), endpoint=endpoint_id, worker=worker, hold_seconds=hold
    )
    return found if isinstance(found, Claim) else None


def claim_reply(attempt_id: UUID, *, worker: str = "j1", lease: int = 120, hold: int = 900):
    return judging_steps.claim_reply(
        engine(lease=lease), attempt_id=attempt_id, worker=worker, hold_seconds=hold
    )


def authorise(claim: Claim) -> Send | None:
    revision = Attempt.objects.get(pk=claim.attempt_id).endpoint.revision
    made = sending.authorise(engine(), claim=claim, prepared_for=revision)
    return None if made is None else Send.objects.get(pk=made)


def settle_reply(claim: Claim, send: Send, said: Reply) -> bool:
    answer = generate.answer(
        said, attempt_id=claim.attempt_id, send=send.pk, sealer=wiring.sealer()
    )
    return sending.settle_reply(
        engine(), claim=claim, send=send.pk, usage=answer.usage, keep=answer.keep
    )


def settle_failure(claim: Claim, send: Send, failure: EndpointFailure, alive: bool = False) -> None:
    happened = generate.failure_of(failure, alive=alive)
    sending.settle_failure(engine(), claim=claim, send=send.pk, failure=happened)


def exchange(claim: Claim, send: Send, prepared: generate._Prepared) -> None:
    """Send what was prepared and settle what comes, as the errand does after its transaction A."""
    attempt = Attempt.objects.get(pk=claim.attempt_id)
    engines = generate.Engines(
        client=wiring.endpoint, opener=wiring.opener(), sealer=wiring.sealer(), policy=POLICY
    )
    found = generate._exchange(work.Transmit(claim, send.pk), attempt, prepared, engines)
    if isinstance(found, Failure):
        sending.settle_failure(engine(), claim=claim, send=send.pk, failure=found)
    else:
        sending.settle_reply(
            engine(), claim=claim, send=send.pk, usage=found.usage, keep=found.keep
        )


def give_back(claim: Claim, code: str) -> None:
    sending.give_back(engine(), claim=claim, code=code)


def settle_verdict(claim: Claim, judgement: Judgement) -> bool:
    return judging_steps.settle_verdict(
        engine(), claim=claim, judgement=judgement, also=lambda: None
    )


def settle_broken(claim: Claim, code: str) -> None:
    judging_steps.settle_broken(engine(), claim=claim, code=code)


def fault(attempt: Attempt, *, kind: FaultKind, code: str) -> None:
    """End an attempt, with the counters it was given here, by the engine's own move."""
    attempt.save()
    with engine().store.transaction() as tx:
        unit = tx.lock(attempt.pk)
        assert unit is not None
        moves.fault(tx, unit, kind=kind, code=code)


def claimed(evaluation: Evaluation, *, worker: str = "w1", lease: int = 120) -> Claim:
    claim = claim_next(evaluation.endpoint_id, worker=worker, lease=lease)
    assert claim is not None
    return claim


def sent(evaluation: Evaluation, *, worker: str = "w1", lease: int = 120) -> tuple[Claim, Send]:
    claim = claimed(evaluation, worker=worker, lease=lease)
    send = authorise(claim)
    assert send is not None
    return claim, send


def reply(text: str = "```python\nx = 1\n```", stop: StopReason = StopReason.STOP) -> Reply:
    usage = Usage(tokens_in=10, tokens_out=20, reported=True)
    return Reply(text=text, stop_reason=stop, usage=usage, seconds=0.1)


def answered(
    evaluation: Evaluation, text: str = "x = 1", stop: StopReason = StopReason.STOP
) -> Attempt:
    claim, send = sent(evaluation)
    assert settle_reply(claim, send, reply(text, stop))
    return Attempt.objects.get(pk=claim.attempt_id)


def judging(attempt: Attempt, *, worker: str = "j1", lease: int = 120) -> Claim:
    Attempt.objects.filter(pk=attempt.pk).update(next_at="2000-01-01T00:00:00Z")
    claim = claim_reply(attempt.pk, worker=worker, lease=lease)
    assert claim is not None
    return claim


def judged(evaluation: Evaluation, verdict: Verdict = Verdict.PASSED) -> Attempt:
    attempt = answered(evaluation)
    claim = judging(attempt)
    assert settle_verdict(claim, Judgement(verdict=verdict))
    return attempt


def expire(claim: Claim) -> None:
    """Let a lease run out, by the database clock."""
    Attempt.objects.filter(pk=claim.attempt_id).update(lease_until="2000-01-01T00:00:00Z")


def due(evaluation: Evaluation) -> None:
    """Let every pause before a further try be over."""
    Attempt.objects.filter(evaluation=evaluation).update(next_at="2000-01-01T00:00:00Z")
    lane = Lane.objects.filter(endpoint=evaluation.endpoint_id)
    lane.update(resting_until=None, probe_until=None)
    lane.filter(broken=True).update(broken=False, failures=0, recent="")


def attempt_of(claim: Claim) -> Attempt:
    return Attempt.objects.get(pk=claim.attempt_id)


_EDGES = ("leased", "sent", "generated", "judging", "judged")


def judge_all(
    evaluation: Evaluation,
    verdict: Callable[[Attempt], Verdict | FaultKind],
    *,
    samples: int | None = None,
) -> None:
    """End every ready attempt as ``verdict`` says, along legal edges, in a few statements.
    ``samples``: only the first so many of each task; the others stay ready."""
    found = evaluation.attempts.select_related("entry", "evaluation").order_by("order")
    attempts = list(found if samples is None else found.filter(sample__lt=samples))
    ends = [(attempt, verdict(attempt)) for attempt in attempts]
    good = [(attempt, end) for attempt, end in ends if isinstance(end, Verdict)]
    with connection.cursor() as cursor:
        for state in _EDGES:
            cursor.execute(
                "UPDATE evaluations_attempt SET state = %s WHERE id = ANY(%s)",
                [state, [attempt.pk for attempt, _ in good]],
            )
    VerdictRecord.objects.bulk_create(
        VerdictRecord(attempt=attempt, verdict=end.value) for attempt, end in good
    )
    for attempt, end in ends:
        if isinstance(end, FaultKind):
            fault(attempt, kind=end, code="server_error")
    Exposure.objects.filter(
        owner_group=evaluation.owner_group, rotation=evaluation.rotation
    ).update(first_sent_at=evaluation.created_at)


def completed(evaluation: Evaluation, verdict: Callable[[Attempt], Verdict | FaultKind]) -> str:
    """The same, and finished; returns the evaluation's new state."""
    judge_all(evaluation, verdict)
    state = finish(evaluation_id=evaluation.pk, sealer=wiring.sealer())
    evaluation.refresh_from_db()
    assert state is not None
    return state.value


def first(count: int) -> Callable[[Attempt], Verdict]:
    """Private tasks with a form place among the first ``count`` private ones pass, public all."""

    def verdict(attempt: Attempt) -> Verdict:
        if attempt.entry.split == "public":
            return Verdict.PASSED
        before = attempt.entry.form.entries.filter(
            split="private", position__lt=attempt.entry.position
        ).count()
        return Verdict.PASSED if before < count else Verdict.WRONG_ANSWER

    return verdict


def row_counts() -> dict[str, int]:
    """Rows of every table of the project: what a refusal must leave alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ "
            "'^(audit|ledger|providers|pools|evaluations|leaderboard|portal)_'"
        )
        names = [row[0] for row in cursor.fetchall()]
        counts = {}
        for name in names:
            cursor.execute(f'SELECT count(*) FROM "{name}"')
            counts[name] = cursor.fetchone()[0]
    return counts


def past_the_triggers(sql: str, *values: object) -> None:
    """As a superuser could change rows that are append-only."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def to_panel(model: Model) -> None:
    """From now on a reference model of the operator's, with weights frozen at the year's start."""
    PanelModel.objects.create(
        model=model, family="open", weights_digest="ab" * 32, frozen_on=date(2026, 1, 1)
    )


class EvenLot:
    """Draws companions evenly over a form's places, so that no test passes or fails by luck."""

    def sample(self, versions: list[UUID], count: int) -> list[UUID]:
        entries = FormEntry.objects.filter(version__in=versions).order_by("position")
        ordered = list(dict.fromkeys(entries.values_list("version_id", flat=True)))
        return [ordered[n * len(ordered) // count] for n in range(count)]

"""Bring evaluations into any state by the real verbs, or many at once by SQL along legal edges.

Example: ``claim, send = sent(evaluation)`` is an attempt whose send row is committed;
``judge_all(evaluation, passed)`` gives every attempt a verdict without running any code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import connection

from benchserver import wiring
from benchserver.core.rotation import Policy, Window
from benchserver.core.verdict import FaultKind, Judgement, Verdict
from benchserver.engines.endpoints.base import Reply, StopReason, Usage
from benchserver.evaluations import generate, judge, settle
from benchserver.evaluations.claim import Claim, claim_generation, claim_judging
from benchserver.evaluations.models import Attempt, Evaluation, Exposure, Send, VerdictRecord
from benchserver.evaluations.policy import EnginePolicy
from benchserver.evaluations.queries import exposed
from benchserver.evaluations.request import request
from benchserver.evaluations.score import finish
from benchserver.pools import rotate
from benchserver.pools.models import Pool, Rotation, Track
from benchserver.providers.models import Endpoint
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
    rotate.close_rotation(rotation=stage.rotation, by="test")
    now = rotate.database_now()
    policy = Policy(private_target=200, public_target=200, min_private=1)
    known = {} if again else exposed(stage.pool)
    plan = rotate.preview(pool=stage.pool, policy=policy, exposed=known, now=now)
    window = Window(now, now + timedelta(days=9), name)
    made = rotate.save_plan(pool=stage.pool, plan=plan, window=window, by="test")
    return rotate.open_rotation(rotation=made, judge_image="sha256:x", by="test")


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


def claimed(evaluation: Evaluation, *, worker: str = "w1", lease: int = 120) -> Claim:
    claim = claim_generation(
        endpoint_id=evaluation.endpoint_id, worker=worker, lease_seconds=lease, hold_seconds=600
    )
    assert claim is not None
    return claim


def sent(evaluation: Evaluation, *, worker: str = "w1", lease: int = 120) -> tuple[Claim, Send]:
    claim = claimed(evaluation, worker=worker, lease=lease)
    send = generate.authorise(claim=claim)
    assert send is not None
    return claim, send


def reply(text: str = "```python\nx = 1\n```", stop: StopReason = StopReason.STOP) -> Reply:
    usage = Usage(tokens_in=10, tokens_out=20, reported=True)
    return Reply(text=text, stop_reason=stop, usage=usage, seconds=0.1)


def answered(
    evaluation: Evaluation, text: str = "x = 1", stop: StopReason = StopReason.STOP
) -> Attempt:
    claim, send = sent(evaluation)
    assert generate.settle_reply(
        claim=claim, send=send, reply=reply(text, stop), sealer=wiring.sealer()
    )
    return Attempt.objects.get(pk=claim.attempt_id)


def judging(attempt: Attempt, *, worker: str = "j1", lease: int = 120) -> Claim:
    Attempt.objects.filter(pk=attempt.pk).update(next_at="2000-01-01T00:00:00Z")
    claim = claim_judging(
        attempt_id=attempt.pk, worker=worker, lease_seconds=lease, hold_seconds=900
    )
    assert claim is not None
    return claim


def judged(evaluation: Evaluation, verdict: Verdict = Verdict.PASSED) -> Attempt:
    attempt = answered(evaluation)
    claim = judging(attempt)
    assert judge.settle_verdict(claim=claim, judgement=Judgement(verdict=verdict))
    return attempt


def expire(claim: Claim) -> None:
    """Let a lease run out, by the database clock."""
    Attempt.objects.filter(pk=claim.attempt_id).update(lease_until="2000-01-01T00:00:00Z")


def due(evaluation: Evaluation) -> None:
    """Let every pause before a further try be over."""
    Attempt.objects.filter(evaluation=evaluation).update(next_at="2000-01-01T00:00:00Z")
    evaluation.endpoint.lane.__class__.objects.filter(endpoint=evaluation.endpoint_id).update(
        resting_until=None
    )


def attempt_of(claim: Claim) -> Attempt:
    return Attempt.objects.get(pk=claim.attempt_id)


_EDGES = ("leased", "sent", "generated", "judging", "judged")


def judge_all(evaluation: Evaluation, verdict: Callable[[Attempt], Verdict | FaultKind]) -> None:
    """End every ready attempt as ``verdict`` says, along legal edges, in a few statements."""
    attempts = list(evaluation.attempts.select_related("entry", "evaluation").order_by("order"))
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
            settle.fault(attempt, kind=end, code="server_error")
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

"""Drive the real verbs in this process, without a broker: what the jobs do, one call at a time."""

from __future__ import annotations

from uuid import UUID

from benchserver import wiring
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.lifecycle import ENDED
from benchserver.evaluations import generate, judge
from benchserver.evaluations.models import Attempt, Evaluation
from benchserver.evaluations.score import finish

POLICY = EnginePolicy(lease_seconds=5, retry_base_seconds=0)


def generation(policy: EnginePolicy = POLICY) -> generate.Engines:
    return generate.Engines(
        client=wiring.endpoint, opener=wiring.opener(), sealer=wiring.sealer(), policy=policy
    )


def judging(policy: EnginePolicy = POLICY) -> judge.Engines:
    return judge.Engines(judging=wiring.judging(), opener=wiring.opener(), policy=policy)


def run(evaluation: Evaluation, *, policy: EnginePolicy = POLICY, rounds: int = 400) -> Evaluation:
    """Generate and judge until all attempts have ended, or ``rounds`` calls are used up."""
    for _ in range(rounds):
        busy = generate.generate_next(
            endpoint_id=evaluation.endpoint_id, worker="test", engines=generation(policy)
        )
        judge_all(evaluation, policy)
        if not evaluation.attempts.exclude(state__in=ENDED).exists():
            break
        if busy is None:
            Attempt.objects.filter(evaluation=evaluation).update(next_at="2000-01-01T00:00:00Z")
    finish(evaluation_id=evaluation.pk, sealer=wiring.sealer())
    evaluation.refresh_from_db()
    return evaluation


def judge_all(evaluation: Evaluation, policy: EnginePolicy = POLICY) -> None:
    waiting: list[UUID] = list(
        evaluation.attempts.filter(state="generated").values_list("pk", flat=True)
    )
    for pk in waiting:
        judge.judge_attempt(attempt_id=pk, worker="test", engines=judging(policy))

"""What may be said about evaluations: progress, reasons, queue, usage; never per-task results.

Every wait has a reason a provider can read. Example: "resting until 12:03:10 UTC because the
endpoint asked for it (rate_limited); 31 of 48 attempts are judged".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from benchserver.core.disclosure import MIN_CELL
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.lifecycle import AttemptState, EvaluationState
from benchserver.core.task import Split
from benchserver.evaluations import forecast
from benchserver.evaluations.models import Attempt, Evaluation, Exposure, FaultRecord, Lane, Send
from benchserver.evaluations.repeats import told_for
from benchserver.evaluations.score import cost, told_to_provider
from benchserver.evaluations.told import withheld_from_provider
from benchserver.pools.models import Pool, TaskVersion
from benchserver.pools.rotate import Exposed, database_now
from benchserver.providers.models import Endpoint, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """An evaluation as its provider may see it. Times are UTC; money is integer micro-USD."""

    state: str
    reason: str
    total: int
    sent: int
    judged: int
    faults: int
    waiting: int
    paused_by: str  # "", "provider" or "operator"
    queue_position: int | None
    expected_start: datetime | None
    expected_end: datetime | None
    cost_micro_usd: int | None
    tokens_in: int
    tokens_out: int
    fault_codes: dict[str, int]
    result: dict[str, Any] | None


def evaluations_of(provider: Provider) -> QuerySet[Evaluation]:
    """A provider's evaluations, newest first."""
    return provider.evaluations.select_related("model", "endpoint", "track", "rotation").order_by(
        "-created_at"
    )


def describe(evaluation: Evaluation) -> Status:
    """Everything a waiting page needs, in one look at the database."""
    counts = dict(
        evaluation.attempts.values_list("state").annotate(n=Count("id")).order_by("state")
    )
    judged = counts.get(AttemptState.JUDGED, 0)
    faults = counts.get(AttemptState.FAULTED, 0)
    waiting = counts.get(AttemptState.READY, 0) + counts.get(AttemptState.AMBIGUOUS, 0)
    now = database_now()
    money = cost(evaluation)
    running = evaluation.state == EvaluationState.RUNNING
    queued = running and waiting and evaluation.paused_at is None
    expected = forecast.expected(evaluation, done=judged + faults, now=now)
    return Status(
        state=evaluation.state,
        reason=_reason(evaluation, counts, now),
        total=evaluation.total,
        sent=_sent(evaluation),
        judged=judged,
        faults=faults,
        waiting=waiting,
        paused_by=evaluation.paused_by if running else "",
        queue_position=forecast.ahead(evaluation).count() + 1 if queued else None,
        expected_start=expected.start,
        expected_end=expected.end,
        cost_micro_usd=money["cost_micro_usd"],
        tokens_in=money["tokens_in"],
        tokens_out=money["tokens_out"],
        fault_codes=fault_codes(evaluation),
        result=_result(evaluation),
    )


def _sent(evaluation: Evaluation) -> int:
    sends = Send.objects.filter(attempt__evaluation=evaluation)
    sent: int = sends.aggregate(n=Count("attempt", distinct=True))["n"]
    return sent


def _reason(evaluation: Evaluation, counts: dict[str, int], now: datetime) -> str:
    """One or two sentences: what happens, why, what next."""
    judged = counts.get(AttemptState.JUDGED, 0)
    done = f"{judged} of {evaluation.total} attempts are judged"
    if evaluation.state == EvaluationState.COMPLETE:
        gone = evaluation.attempts.exclude(entry__withdrawn=None).count()
        if gone:
            return (
                f"Complete: {gone} of {evaluation.total} attempts are on tasks that were withdrawn "
                "since and count no longer; all others have a verdict."
            )
        return f"Complete: all {evaluation.total} attempts have a verdict."
    if evaluation.state == EvaluationState.CANCELLED:
        return f"Cancelled; {done}. Sends already made stay accounted."
    if evaluation.state == EvaluationState.INCOMPLETE:
        faulted = counts.get(AttemptState.FAULTED, 0)
        spent = " Its budget is spent." if "budget_spent" in fault_codes(evaluation) else ""
        return (
            f"{faulted} of {evaluation.total} attempts ended with a fault, not a verdict, so it is "
            f"not ranked.{spent} It can be resumed until "
            f"{evaluation.rotation.closes_at:%Y-%m-%d %H:%M} UTC; nothing is charged again."
        )
    return f"{_waiting_for(evaluation, counts, now)}; {done}."


def _waiting_for(evaluation: Evaluation, counts: dict[str, int], now: datetime) -> str:
    if evaluation.paused_at is not None:
        return _paused(evaluation, counts)
    endpoint = evaluation.endpoint
    if endpoint.state == Endpoint.State.AWAITING:
        return (
            f"Waiting for the admission of endpoint {endpoint.name} (awaiting_admission): a minute "
            "of public questions; no task leaves before it passes"
        )
    if endpoint.state != Endpoint.State.ACTIVE:
        why = f" ({endpoint.pause_reason})" if endpoint.pause_reason else ""
        return f"Waiting: endpoint {endpoint.name} is {endpoint.state}{why}; change it to go on"
    lane = Lane.objects.filter(endpoint=endpoint).first()
    if lane and lane.resting_until and lane.resting_until > now:
        return f"Resting until {lane.resting_until:%H:%M:%S} UTC because of {lane.rest_reason}"
    if lane and lane.broken:
        return (
            "Waiting for an answer to a public question before any task is sent again, "
            f"after {lane.failures} failed sends"
        )
    flying = counts.get(AttemptState.SENT, 0) + counts.get(AttemptState.LEASED, 0)
    if flying:
        return f"Running: {flying} calls are in flight"
    judging = counts.get(AttemptState.GENERATED, 0) + counts.get(AttemptState.JUDGING, 0)
    if judging:
        return f"Judging {judging} replies"
    later = evaluation.attempts.filter(next_at__gt=now).aggregate(at=Min("next_at"))["at"]
    if later is not None:
        reasons = evaluation.attempts.exclude(reason="").aggregate(r=Max("reason"))["r"]
        return f"Waiting until {later:%H:%M:%S} UTC to send again after {reasons or 'a failure'}"
    return "Waiting for a free worker"


def _paused(evaluation: Evaluation, counts: dict[str, int]) -> str:
    """Since when, by whom, what still ends by itself, and until when it may be resumed."""
    by_operator = evaluation.paused_by == Evaluation.Pauser.OPERATOR
    flying = counts.get(AttemptState.SENT, 0)
    ending = f"; {flying} calls in flight end by themselves" if flying else ""
    return (
        f"Paused by {'the operator' if by_operator else 'you'} since "
        f"{evaluation.paused_at:%Y-%m-%d %H:%M} UTC: nothing more is sent until "
        f"{'the operator resumes it' if by_operator else 'you resume it'}{ending}; what is unsent "
        f"when the rotation closes at {evaluation.rotation.closes_at:%Y-%m-%d %H:%M} UTC ends "
        "with a fault"
    )


def fault_codes(evaluation: Evaluation) -> dict[str, int]:
    """Codes of the faults of the current round, with counts."""
    rows = FaultRecord.objects.filter(attempt__evaluation=evaluation, round=evaluation.round)
    return dict(rows.values_list("code").annotate(n=Count("id")).order_by("code"))


def _result(evaluation: Evaluation) -> dict[str, Any] | None:
    if evaluation.state != EvaluationState.COMPLETE:
        return None
    told = told_for(evaluation, min_cell=MIN_CELL)
    withheld = withheld_from_provider(told, min_cell=MIN_CELL)
    return told_to_provider(evaluation, told=told, withheld=withheld)


def usage(provider: Provider) -> dict[str, Any]:
    """What the owner group used, per rotation: evaluations, exposures, sends, tokens, cost."""
    group = provider.owner_group
    rotations = []
    for rotation_id, slug in (
        Evaluation.objects.filter(owner_group=group)
        .values_list("rotation_id", "rotation__slug")
        .distinct()
        .order_by("rotation__slug")
    ):
        sends = Send.objects.filter(
            attempt__evaluation__owner_group=group, attempt__evaluation__rotation=rotation_id
        )
        sums = sends.aggregate(
            tokens_in=Sum("tokens_in"), tokens_out=Sum("tokens_out"), cost=Sum("cost_micro_usd")
        )
        exposures = Exposure.objects.filter(owner_group=group, rotation=rotation_id)
        rotations.append(
            {
                "rotation": slug,
                "evaluations": Evaluation.objects.filter(
                    owner_group=group, rotation=rotation_id
                ).count(),
                "exposures_reserved": exposures.count(),
                "exposures_final": exposures.filter(first_sent_at__isnull=False).count(),
                "sends": sends.count(),
                "tokens_in": sums["tokens_in"] or 0,
                "tokens_out": sums["tokens_out"] or 0,
                "cost_micro_usd": sums["cost"] or 0,
            }
        )
    return {"owner_group": group.slug, "rotations": rotations}


def exposed(pool: Pool) -> dict[UUID, Exposed]:
    """Final exposures per version of a pool, as the rotation plan needs them."""
    figures: dict[UUID, Exposed] = {}
    rows = Exposure.objects.filter(version__task__pool=pool, first_sent_at__isnull=False)
    per_group = rows.values("version_id", "owner_group_id").annotate(
        n=Count("id"), first=Min("first_sent_at")
    )
    for row in per_group:
        old = figures.get(row["version_id"])
        earliest = row["first"] if old is None else min(row["first"], old.first_sent_at)
        figures[row["version_id"]] = Exposed(
            groups=1 + (old.groups if old else 0),
            by_group_max=max(row["n"], old.by_group_max if old else 0),
            first_sent_at=earliest,
        )
    return figures


def worn_out(pool: Pool, policy: EnginePolicy) -> set[UUID]:
    """Hidden versions of a pool that have been met as often as allowed (D9)."""
    figures = exposed(pool)
    private = TaskVersion.objects.filter(pk__in=figures).exclude(task__split=Split.PUBLIC)
    return {
        pk
        for pk in private.values_list("pk", flat=True)
        if figures[pk].by_group_max >= policy.exposure_per_provider
        or figures[pk].groups >= policy.exposure_per_task
    }


def in_state(evaluation: Evaluation, *states: AttemptState) -> QuerySet[Attempt]:
    return evaluation.attempts.filter(Q(state__in=states))

"""Make the database true again: whatever died or was lost is found here and moved on by rule.

Runs every few seconds in a process of its own; doing it twice does nothing twice. Example: a worker
killed after its send row was committed leaves an expired lease in ``sent``; the row becomes a send
of unknown outcome with cause ``worker_lost`` and the attempt gets its one further send. Lost
wake-ups are published again, so losing the broker costs seconds and nothing else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, F, Q, Value
from django.db.models.functions import Now

from benchserver.core.lifecycle import ENDED, IN_FLIGHT, AttemptState, EvaluationState
from benchserver.core.verdict import FaultKind
from benchserver.evaluations import opinions, settle
from benchserver.evaluations.judge import broken
from benchserver.evaluations.models import Attempt, Evaluation, Send, Wake
from benchserver.providers.models import Endpoint

_BATCH = 1000
LOST = "worker_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What one pass moved."""

    expired: int
    stranded: int
    woken: int


def reconcile(*, retry_base: float) -> Mended:
    """One pass over all rules."""
    return Mended(
        expired=expire_leases(retry_base=retry_base),
        stranded=end_stranded(),
        woken=wake_due(),
    )


@transaction.atomic
def expire_leases(*, retry_base: float) -> int:
    """Attempts whose worker is gone: by the database clock, never by ours."""
    expired = (
        Attempt.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("evaluation")
        .filter(state__in=_EXPIRY, lease_until__lt=Now())[:_BATCH]
    )
    count = 0
    for attempt in expired:
        _EXPIRY[AttemptState(attempt.state)](attempt, retry_base)
        count += 1
    return count


def _expire_leased(attempt: Attempt, base: float) -> None:
    """Nothing was sent: transaction A did not happen."""
    back = AttemptState.AMBIGUOUS if attempt.unknown_sends else AttemptState.READY
    settle.move(attempt, back, reason=LOST)


def _expire_sent(attempt: Attempt, base: float) -> None:
    """The send row is there; whether bytes left nobody knows. It counts as sent."""
    pending = Send.objects.filter(attempt=attempt, outcome=Send.Outcome.PENDING)
    pending.update(outcome=Send.Outcome.UNKNOWN, code=LOST, ended_at=Now())
    settle.outcome_unknown(attempt, kind=FaultKind.PLATFORM, code=LOST, delay=base)


def _expire_judging(attempt: Attempt, base: float) -> None:
    broken(attempt, code=LOST)


_EXPIRY = {
    AttemptState.LEASED: _expire_leased,
    AttemptState.SENT: _expire_sent,
    AttemptState.JUDGING: _expire_judging,
}


@transaction.atomic
def end_stranded() -> int:
    """Attempts that can never be sent any more, because their rotation's window is over."""
    stranded = (
        Attempt.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("evaluation")
        .filter(
            state__in=(AttemptState.READY, AttemptState.AMBIGUOUS),
            evaluation__state=EvaluationState.RUNNING,
            evaluation__rotation__closes_at__lte=Now(),
        )[:_BATCH]
    )
    count = 0
    for attempt in stranded:
        settle.fault(attempt, kind=FaultKind.ENDPOINT, code="rotation_closed")
        count += 1
    return count


@transaction.atomic
def wake_due() -> int:
    """Publish anew what waits without a wake-up: free lanes with due attempts, unjudged replies."""
    count = 0
    waiting = Counter(Wake.objects.filter(step="generate").values_list("target", flat=True))
    for endpoint, free in _free_lanes():
        # What a broker that is away has not taken yet is not written again.
        missing = max(0, free - waiting[endpoint])
        for _ in range(missing):
            settle.wake("generate", endpoint)
        count += missing
    stale = Attempt.objects.filter(
        state=AttemptState.GENERATED,
        next_at__lte=Now(),
        updated_at__lt=Now() - Value(timedelta(seconds=10)),
    ).values_list("pk", flat=True)[:_BATCH]
    known = set(Wake.objects.filter(step="judge").values_list("target", flat=True))
    for pk in stale:
        if str(pk) not in known:
            settle.wake("judge", pk)
            count += 1
    return count + opinions.wake_due()


def _free_lanes() -> list[tuple[str, int]]:
    """(endpoint id, wake-ups worth sending) for endpoints with due attempts and free calls."""
    due = Q(
        state__in=(AttemptState.READY, AttemptState.AMBIGUOUS),
        next_at__lte=Now(),
        evaluation__state=EvaluationState.RUNNING,
        evaluation__cancel_requested_at=None,
    )
    rows = (
        Attempt.objects.filter(endpoint__state=Endpoint.State.ACTIVE)
        .values("endpoint_id", limit=F("endpoint__max_concurrency"))
        .annotate(due=Count("id", filter=due), busy=Count("id", filter=Q(state__in=IN_FLIGHT)))
        .filter(due__gt=0)
    )
    return [
        (str(row["endpoint_id"]), free)
        for row in rows
        if (free := min(row["due"], row["limit"] - row["busy"])) > 0
    ]


def unfinished() -> list[Evaluation]:
    """Running evaluations all of whose attempts have ended: somebody must finish them."""
    open_attempts = Count("attempts", filter=~Q(attempts__state__in=ENDED))
    return list(
        Evaluation.objects.filter(state=EvaluationState.RUNNING)
        .annotate(open=open_attempts)
        .filter(open=0)
    )

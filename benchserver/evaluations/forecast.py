"""When an evaluation will start and end, as far as anybody can tell.

By its own pace once something is done; before that by what the endpoint's answers took lately, by
what stands before it in the queue and by the lane's rest. Example: 40 attempts of an evaluation
asked for earlier, 12 s a call, 4 calls at once: it starts in two minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet

from benchserver.core.lifecycle import ENDED, EvaluationState
from benchserver.evaluations.models import Evaluation, Lane, Send
from benchserver.providers.models import Endpoint

_USUAL_SECONDS = 20.0  # of a call to an endpoint that has answered none yet
_LATELY = 50  # sends


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """UTC, None where it depends on somebody (a pause) or is over."""

    start: datetime | None
    end: datetime | None


def ahead(evaluation: Evaluation) -> QuerySet[Evaluation]:
    """Evaluations of the same endpoint that were asked for earlier and may send: they go first."""
    return Evaluation.objects.filter(
        endpoint=evaluation.endpoint,
        state=EvaluationState.RUNNING,
        paused_at=None,
        created_at__lt=evaluation.created_at,
    )


def expected(evaluation: Evaluation, *, done: int, now: datetime) -> Expected:
    """``done``: its attempts that have ended."""
    began = _first_send(evaluation)
    if evaluation.state != EvaluationState.RUNNING:
        return Expected(start=began, end=evaluation.ended_at)
    if evaluation.paused_at or evaluation.endpoint.state != Endpoint.State.ACTIVE:
        return Expected(start=began, end=None)
    left = evaluation.total - done
    if began is not None and done:
        pace: timedelta = (now - began) / done
        return Expected(start=began, end=now + pace * left)
    each = _seconds_per_attempt(evaluation.endpoint)
    start = began or _rested(evaluation.endpoint, now) + each * _attempts_ahead(evaluation)
    return Expected(start=start, end=max(start, now) + each * left)


def _first_send(evaluation: Evaluation) -> datetime | None:
    sends = Send.objects.filter(attempt__evaluation=evaluation)
    first: datetime | None = sends.aggregate(first=Min("committed_at"))["first"]
    return first


def _rested(endpoint: Endpoint, now: datetime) -> datetime:
    lane = Lane.objects.filter(endpoint=endpoint).first()
    resting = lane.resting_until if lane is not None else None
    return max(now, resting) if resting is not None else now


def _attempts_ahead(evaluation: Evaluation) -> int:
    left = Count("attempts", filter=~Q(attempts__state__in=ENDED))
    return sum(ahead(evaluation).annotate(left=left).values_list("left", flat=True))


def _seconds_per_attempt(endpoint: Endpoint) -> timedelta:
    """A call's time over the calls that may be made at once, no faster than the rate allows."""
    answered = Send.objects.filter(attempt__endpoint=endpoint, outcome=Send.Outcome.ANSWERED)
    lately = list(answered.order_by("-pk").values_list("milliseconds", flat=True)[:_LATELY])
    known = [ms for ms in lately if ms is not None]
    call = sum(known) / len(known) / 1000 if known else _USUAL_SECONDS
    slowest = 1 / float(endpoint.max_rps) if endpoint.max_rps else 0.0
    return timedelta(seconds=max(slowest, call / endpoint.max_concurrency))

"""When an endpoint rests: after failures in a row, or because it asked for it (Retry-After).

A rest is a fact in the database that all workers and the provider's page read. Example: five
failed sends in a row rest the lane for 5 s, the next five for 10 s, at most 5 minutes; one success
clears it.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q, Value
from django.db.models.functions import Now

from benchserver.evaluations.models import Lane
from benchserver.evaluations.policy import BREAKER_FAILURES

_LONGEST_REST = 300.0
_IN_A_ROW = "failed sends in a row"


def ensure_lane(endpoint_id: UUID) -> None:
    Lane.objects.get_or_create(endpoint_id=endpoint_id)


def rest(endpoint_id: UUID, *, seconds: float, reason: str) -> None:
    """No further claim before then; an earlier, longer rest stands with its reason."""
    until = Now() + Value(timedelta(seconds=min(seconds, 900.0)))
    shorter = Q(resting_until=None) | Q(resting_until__lt=until)
    Lane.objects.filter(shorter, endpoint_id=endpoint_id).update(
        resting_until=until, rest_reason=reason[:60]
    )


def note_success(endpoint_id: UUID) -> None:
    """The endpoint is well. A call that was in flight says nothing against its Retry-After."""
    lane = Lane.objects.filter(endpoint_id=endpoint_id)
    lane.filter(rest_reason__endswith=_IN_A_ROW).update(resting_until=None, rest_reason="")
    lane.filter(failures__gt=0).update(failures=0)


def note_failure(endpoint_id: UUID, *, base: float) -> None:
    """Count a failure in a row; every ``BREAKER_FAILURES`` of them rest the lane, doubling."""
    Lane.objects.filter(endpoint_id=endpoint_id).update(failures=F("failures") + 1)
    failures = Lane.objects.values_list("failures", flat=True).get(endpoint_id=endpoint_id)
    if failures % BREAKER_FAILURES == 0:
        seconds = min(_LONGEST_REST, base * 2 ** (failures // BREAKER_FAILURES - 1))
        rest(endpoint_id, seconds=seconds, reason=f"{failures} {_IN_A_ROW}")

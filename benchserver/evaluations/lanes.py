"""When an endpoint rests: after failures in a row, or because it asked for it (Retry-After).

A rest is a fact in the database that all workers and the provider's page read. Example: five
failed sends in a row rest the lane for 5 s, the next five for 10 s, at most 5 minutes; one success
clears it.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import F, Value
from django.db.models.functions import Greatest, Now

from benchserver.evaluations.models import Lane
from benchserver.evaluations.policy import BREAKER_FAILURES

_LONGEST_REST = 300.0


def ensure_lane(endpoint_id: UUID) -> None:
    Lane.objects.get_or_create(endpoint_id=endpoint_id)


def rest(endpoint_id: UUID, *, seconds: float, reason: str) -> None:
    """No further claim before then; an earlier, longer rest stands."""
    until = Now() + Value(timedelta(seconds=min(seconds, 900.0)))
    Lane.objects.filter(endpoint_id=endpoint_id).update(
        resting_until=Greatest(F("resting_until"), until), rest_reason=reason[:60]
    )


def note_success(endpoint_id: UUID) -> None:
    Lane.objects.filter(endpoint_id=endpoint_id, failures__gt=0).update(
        failures=0, resting_until=None, rest_reason=""
    )


def note_failure(endpoint_id: UUID, *, base: float) -> None:
    """Count a failure in a row; every ``BREAKER_FAILURES`` of them rest the lane, doubling."""
    Lane.objects.filter(endpoint_id=endpoint_id).update(failures=F("failures") + 1)
    failures = Lane.objects.values_list("failures", flat=True).get(endpoint_id=endpoint_id)
    if failures % BREAKER_FAILURES == 0:
        seconds = min(_LONGEST_REST, base * 2 ** (failures // BREAKER_FAILURES - 1))
        rest(endpoint_id, seconds=seconds, reason=f"{failures} failed sends in a row")

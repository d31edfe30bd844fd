"""When an endpoint rests for a reason from outside the engine: a quiet moment, an admission.

A rest is a fact in the database that all workers and the provider's page read. Example:
``rest(endpoint_id, seconds=120, reason="...")`` holds claims back; a longer Retry-After stands.
(Rests that follow from failed sends are the engine's: ``core/engine/rules.py``.)
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Q, Value
from django.db.models.functions import Now

from benchserver.evaluations.models import Lane


def ensure_lane(endpoint_id: UUID) -> None:
    Lane.objects.get_or_create(endpoint_id=endpoint_id)


def lift(endpoint_id: UUID, *, reason: str) -> None:
    """End the rest that has this reason; any other stands."""
    lane = Lane.objects.filter(endpoint=endpoint_id, rest_reason=reason[:60])
    lane.update(resting_until=None, rest_reason="")


def rest(endpoint_id: UUID, *, seconds: float, reason: str) -> None:
    """No further claim before then; an earlier, longer rest stands with its reason."""
    until = Now() + Value(timedelta(seconds=min(seconds, 900.0)))
    shorter = Q(resting_until=None) | Q(resting_until__lt=until)
    Lane.objects.filter(shorter, endpoint_id=endpoint_id).update(
        resting_until=until, rest_reason=reason[:60]
    )

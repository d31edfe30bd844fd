"""A moment without calls of evaluations, so that public questions stay within the same limits.

The endpoint's lane rests with a reason its provider can read, calls in flight end by themselves,
and the rest ends with the block. Example: ``with quiet(endpoint_id, reason="...") as calm:`` and
``calm`` is False when calls were still in flight at the end of our patience: nothing is asked then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db.models.functions import Now

from benchserver.core.lifecycle import IN_FLIGHT
from benchserver.evaluations import lanes
from benchserver.evaluations.models import Attempt, Lane

LONGEST = 120.0  # seconds; a worker that dies in the block leaves no more than this behind
PATIENCE = 60.0
OURS = "public questions"  # how the reason of each such rest begins


@contextmanager
def quiet(endpoint_id: UUID, *, reason: str) -> Iterator[bool]:
    """Rest the lane while the block runs. An endpoint that was never asked has no lane, and an
    older, longer rest (Retry-After) stands: then the block is not calm either."""
    if _resting(endpoint_id):
        yield False
        return
    lanes.rest(endpoint_id, seconds=LONGEST, reason=reason)
    try:
        yield _drained(endpoint_id, PATIENCE)
    finally:
        lanes.lift(endpoint_id, reason=reason)


def _resting(endpoint_id: UUID) -> bool:
    """Does it rest for a reason that is not a visit of ours?"""
    resting = Lane.objects.filter(endpoint=endpoint_id, resting_until__gt=Now())
    return resting.exclude(rest_reason__startswith=OURS).exists()


def _drained(endpoint_id: UUID, patience: float) -> bool:
    end = time.monotonic() + patience
    while Attempt.objects.filter(endpoint=endpoint_id, state__in=IN_FLIGHT).exists():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True

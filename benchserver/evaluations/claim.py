"""Who works on which attempt: claims with fence and lease, by the database clock only.

A claim raises the attempt's fence; every later write must name that fence, so a worker that lost
its lease changes nothing. Example: a frozen worker wakes up after its attempt was given to another;
its ``UPDATE ... WHERE fence = 3`` matches no row, and the other's verdict stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from benchserver.evaluations.models import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to write to one attempt while ``fence`` is its newest."""

    attempt_id: UUID
    fence: int
    worker: str


_LANE = """
SELECT e.max_concurrency, e.max_rps, e.state = 'active',
       coalesce(l.resting_until > clock_timestamp(), false),
       l.tokens + extract(epoch FROM clock_timestamp() - l.refilled_at) * coalesce(e.max_rps, 0)
FROM evaluations_lane l JOIN providers_endpoint e ON e.id = l.endpoint_id
WHERE l.endpoint_id = %s
FOR UPDATE OF l
"""

_IN_FLIGHT = """
SELECT count(*) FROM evaluations_attempt WHERE endpoint_id = %s AND state IN ('leased', 'sent')
"""

_TAKE = """
UPDATE evaluations_attempt SET
    state = 'leased', fence = fence + 1, owner = %(worker)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
    hold_until = clock_timestamp() + make_interval(secs => %(hold)s),
    updated_at = clock_timestamp()
WHERE id = (
    SELECT a.id FROM evaluations_attempt a
    JOIN evaluations_evaluation v ON v.id = a.evaluation_id
    WHERE a.endpoint_id = %(endpoint)s AND a.state IN ('ready', 'ambiguous')
      AND a.next_at <= clock_timestamp()
      AND v.state = 'running' AND v.cancel_requested_at IS NULL
    ORDER BY v.created_at, a."order"
    FOR UPDATE OF a SKIP LOCKED LIMIT 1)
RETURNING id, fence
"""

_SPEND = """
UPDATE evaluations_lane SET tokens = %s, refilled_at = clock_timestamp() WHERE endpoint_id = %s
"""


@transaction.atomic
def claim_generation(
    *, endpoint_id: UUID, worker: str, lease_seconds: int, hold_seconds: int
) -> Claim | None:
    """The next sendable attempt of an endpoint, within its concurrency and rate, or None.

    The lane row is locked, so the limits hold across all workers (D12, promise P11).
    """
    with connection.cursor() as cursor:
        cursor.execute(_LANE, [endpoint_id])
        lane = cursor.fetchone()
        if lane is None:
            return None
        limit, rps, active, resting, tokens = lane
        cursor.execute(_IN_FLIGHT, [endpoint_id])
        in_flight = cursor.fetchone()[0]
        # Half a second's worth at once: at most 5 % above the rate in any 10 s (promise P11).
        tokens = min(float(tokens), max(1.0, float(rps or 0) / 2))
        if not active or resting or in_flight >= limit or (rps is not None and tokens < 1):
            return None
        facts: dict[str, str | int | UUID] = {
            "worker": worker,
            "lease": lease_seconds,
            "hold": hold_seconds,
            "endpoint": endpoint_id,
        }
        cursor.execute(_TAKE, facts)
        taken = cursor.fetchone()
        if taken is None:
            return None
        if rps is not None:
            cursor.execute(_SPEND, [tokens - 1, endpoint_id])
    return Claim(attempt_id=taken[0], fence=taken[1], worker=worker)


_TAKE_REPLY = """
UPDATE evaluations_attempt SET
    state = 'judging', fence = fence + 1, owner = %s,
    lease_until = clock_timestamp() + make_interval(secs => %s),
    hold_until = clock_timestamp() + make_interval(secs => %s),
    updated_at = clock_timestamp()
WHERE id = (SELECT id FROM evaluations_attempt WHERE id = %s AND state = 'generated'
            AND next_at <= clock_timestamp() FOR UPDATE SKIP LOCKED)
RETURNING fence
"""


@transaction.atomic
def claim_judging(
    *, attempt_id: UUID, worker: str, lease_seconds: int, hold_seconds: int
) -> Claim | None:
    """The right to judge one stored reply, or None when it is taken or done."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_REPLY, [worker, lease_seconds, hold_seconds, attempt_id])
        row = cursor.fetchone()
    return None if row is None else Claim(attempt_id=attempt_id, fence=row[0], worker=worker)


_BEAT = """
UPDATE evaluations_attempt
SET lease_until = least(hold_until, clock_timestamp() + make_interval(secs => %s))
WHERE owner = ANY(%s) AND state IN ('leased', 'sent', 'judging')
"""


def heartbeat(*, workers: Sequence[str], lease_seconds: int) -> None:
    """Extend the leases of jobs that run now, never past an attempt's ``hold_until``."""
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, [lease_seconds, list(workers)])


def held(claim: Claim, *, state: str) -> Attempt | None:
    """The claimed attempt, locked, if the claim still holds and it is in ``state``; else None.

    Call inside the transaction that writes.
    """
    return (
        Attempt.objects.select_for_update(of=("self",))
        .select_related("evaluation__rotation", "endpoint", "entry")
        .filter(pk=claim.attempt_id, fence=claim.fence, state=state)
        .first()
    )

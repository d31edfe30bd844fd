"""The SQL of the engine's store: what is locked, by which clock, with which index in mind.

Every time is ``clock_timestamp()`` of the database. Example: ``TAKE`` leases the first due attempt
of an endpoint's oldest evaluation that runs unpaused and raises its fence in the same statement.
"""

from __future__ import annotations

LANE = """
SELECT l.endpoint_id, e.max_concurrency, e.max_rps::float8, e.state = 'active',
       extract(epoch FROM clock_timestamp())::float8,
       l.tokens + extract(epoch FROM clock_timestamp() - l.refilled_at)::float8
           * coalesce(e.max_rps, 0)::float8,
       coalesce(extract(epoch FROM l.resting_until), 0)::float8, l.rest_reason,
       l.failures, l.recent, l.broken, l.probes_failed,
       coalesce(extract(epoch FROM l.probe_until), 0)::float8, l.same_code, l.same_faults
FROM evaluations_lane l JOIN providers_endpoint e ON e.id = l.endpoint_id
WHERE l.endpoint_id = %s
"""
_TROUBLE = "l.failures > 0 OR l.recent <> '' OR l.broken OR l.same_faults > 0"
TROUBLED = LANE + f" AND ({_TROUBLE})"
LOCKED = " FOR UPDATE OF l"

# A cancelled attempt's call is in flight until it ends or its worker's lease does.
IN_FLIGHT = """
SELECT (SELECT count(*) FROM evaluations_attempt
        WHERE endpoint_id = %(endpoint)s AND state IN ('leased', 'sent'))
     + (SELECT count(*) FROM evaluations_send s JOIN evaluations_attempt a ON a.id = s.attempt_id
        WHERE s.outcome = 'pending' AND a.endpoint_id = %(endpoint)s AND a.state = 'cancelled'
          AND a.lease_until > clock_timestamp())
"""

SAVE_LANE = """
UPDATE evaluations_lane SET
    resting_until = to_timestamp(nullif(%(resting_until)s::float8, 0)),
    rest_reason = %(rest_reason)s, failures = %(failures)s, recent = %(recent)s,
    broken = %(broken)s, probes_failed = %(probes_failed)s,
    probe_until = to_timestamp(nullif(%(probe_until)s::float8, 0)),
    same_code = %(same_code)s, same_faults = %(same_faults)s
WHERE endpoint_id = %(endpoint)s
"""

SPEND = """
UPDATE evaluations_lane SET tokens = %s, refilled_at = clock_timestamp() WHERE endpoint_id = %s
"""

TAKE = """
UPDATE evaluations_attempt SET
    state = 'leased', fence = fence + 1, owner = %(worker)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
    hold_until = clock_timestamp() + make_interval(secs => %(hold)s + next.deadline),
    updated_at = clock_timestamp()
FROM (
    SELECT due.id, (v.protocol_payload->>'deadline_seconds')::float8 AS deadline
    FROM evaluations_evaluation v CROSS JOIN LATERAL (
        SELECT a.id FROM evaluations_attempt a
        WHERE a.evaluation_id = v.id AND a.state IN ('ready', 'ambiguous')
          AND a.next_at <= clock_timestamp()
        ORDER BY a."order" LIMIT 1 FOR UPDATE SKIP LOCKED) due
    WHERE v.endpoint_id = %(endpoint)s AND v.state = 'running' AND v.cancel_requested_at IS NULL
      AND v.paused_at IS NULL
    ORDER BY v.created_at LIMIT 1) next
WHERE evaluations_attempt.id = next.id
RETURNING evaluations_attempt.id, fence"""

TAKE_REPLY = """
UPDATE evaluations_attempt SET
    state = 'judging', fence = fence + 1, owner = %(worker)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
    hold_until = clock_timestamp() + make_interval(secs => %(hold)s),
    updated_at = clock_timestamp()
WHERE id = (SELECT id FROM evaluations_attempt WHERE id = %(attempt)s AND state = 'generated'
            AND next_at <= clock_timestamp()
            AND NOT EXISTS (SELECT 1 FROM evaluations_suspendedworker
                            WHERE name = %(machine)s AND lifted_at IS NULL)
            FOR UPDATE SKIP LOCKED)
RETURNING id, fence"""

BEAT = """
UPDATE evaluations_attempt
SET lease_until = least(hold_until, clock_timestamp() + make_interval(secs => %s))
WHERE owner = ANY(%s) AND state IN ('leased', 'sent', 'judging')
"""

UNIT = (
    """
SELECT a.id, a.evaluation_id, a.endpoint_id, a.state, a.fence, a.owner,
       coalesce(extract(epoch FROM a.lease_until), 0)::float8,
       extract(epoch FROM a.next_at)::float8, a.reason,
       a.unknown_sends, a.refused_sends, a.unsent_tries, a.judge_tries, v.round,
       extract(epoch FROM clock_timestamp())::float8,
       v.cancel_requested_at IS NOT NULL, v.paused_at IS NOT NULL,
       r.state <> 'open' OR r.closes_at <= clock_timestamp(),
       e.state = 'active', v.endpoint_revision, e.revision, v.price_in, v.price_out,
       EXISTS (SELECT 1 FROM evaluations_budget b WHERE b.evaluation_id = v.id),
       EXISTS (SELECT 1 FROM evaluations_reply y WHERE y.attempt_id = a.id),
       EXISTS (SELECT 1 FROM evaluations_lane l WHERE l.endpoint_id = e.id AND ("""
    + _TROUBLE
    + """))
FROM evaluations_attempt a
JOIN evaluations_evaluation v ON v.id = a.evaluation_id
JOIN pools_rotation r ON r.id = v.rotation_id
JOIN providers_endpoint e ON e.id = a.endpoint_id
"""
)
ONE = UNIT + " WHERE a.id = %s FOR UPDATE OF a"
EXPIRED = (
    UNIT
    + """ WHERE a.state IN ('leased', 'sent', 'judging') AND a.lease_until < clock_timestamp()
ORDER BY a.lease_until, a.id LIMIT %s FOR UPDATE OF a SKIP LOCKED"""
)
STRANDED = (
    UNIT
    + """ WHERE a.state IN ('ready', 'ambiguous') AND v.state = 'running'
AND r.closes_at <= clock_timestamp()
ORDER BY a.next_at, a.id LIMIT %s FOR UPDATE OF a SKIP LOCKED"""
)
OF_EVALUATION = UNIT + ' WHERE a.evaluation_id = %s ORDER BY a."order" FOR UPDATE OF a'

SAVE = """
UPDATE evaluations_attempt SET
    state = %(state)s, owner = %(owner)s, reason = %(reason)s,
    unknown_sends = %(unknown_sends)s, refused_sends = %(refused_sends)s,
    unsent_tries = %(unsent_tries)s, judge_tries = %(judge_tries)s,
    next_at = to_timestamp(%(next_at)s::float8), updated_at = clock_timestamp()
WHERE id = %(id)s
"""

LOSE_FORGOTTEN = """
UPDATE evaluations_send s SET outcome = 'unknown', code = %s, ended_at = clock_timestamp()
FROM evaluations_attempt a
WHERE a.id = s.attempt_id AND s.outcome = 'pending' AND a.state <> 'sent'
  AND a.lease_until < clock_timestamp()
RETURNING 1
"""

BEAT_CANCELLED = """
UPDATE evaluations_attempt a
SET lease_until = least(hold_until, clock_timestamp() + make_interval(secs => %s))
FROM evaluations_send s
WHERE s.attempt_id = a.id AND s.outcome = 'pending' AND a.owner = ANY(%s)
  AND a.state = 'cancelled' AND a.lease_until > clock_timestamp()
"""

EXPOSE = """
WITH met AS MATERIALIZED (
    SELECT f.version_id, v.owner_group_id, v.rotation_id
    FROM evaluations_attempt a
    JOIN evaluations_evaluation v ON v.id = a.evaluation_id
    JOIN pools_formentry f ON f.id = a.entry_id
    WHERE a.id = %s)
UPDATE evaluations_exposure x
SET first_sent_at = coalesce(x.first_sent_at, statement_timestamp())
WHERE x.version_id = (SELECT version_id FROM met)
  AND x.owner_group_id = (SELECT owner_group_id FROM met)
  AND x.rotation_id = (SELECT rotation_id FROM met)
RETURNING 1
"""

ADD_SEND = """
INSERT INTO evaluations_send
    (id, attempt_id, ordinal, cause, fence, outcome, code, usage_reported)
SELECT %(id)s, %(attempt)s, count(*) + 1, %(cause)s, %(fence)s, 'pending', '', false
FROM evaluations_send WHERE attempt_id = %(attempt)s
"""

END_SEND = """
UPDATE evaluations_send SET
    outcome = %(outcome)s, code = %(code)s, status = %(status)s,
    ended_at = statement_timestamp(),
    milliseconds = coalesce(%(milliseconds)s::int, milliseconds),
    tokens_in = coalesce(%(tokens_in)s::int, tokens_in),
    tokens_out = coalesce(%(tokens_out)s::int, tokens_out),
    usage_reported = coalesce(%(reported)s::boolean, usage_reported),
    cost_micro_usd = coalesce(%(cost)s::bigint, cost_micro_usd)
WHERE id = %(id)s
"""

KEEP_REPLY = """
INSERT INTO evaluations_reply (attempt_id, send_id, stop_reason, data_key, sealed)
VALUES (%s, %s, %s, %s, %s)
"""

ADD_VERDICT = """
INSERT INTO evaluations_verdictrecord (attempt_id, verdict, cpu_milliseconds, wall_milliseconds,
    memory_bytes, isolation, detail)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""

ADD_TRACE = """
INSERT INTO evaluations_replytrace
    (attempt_id, containment_e4, run, salts, literals, failure_mac)
VALUES (%s, %s, %s, %s, %s, %s)
"""

ADD_FAULT = """
INSERT INTO evaluations_faultrecord (attempt_id, round, kind, code) VALUES (%s, %s, %s, %s)
"""

LOSE_SENDS = """
UPDATE evaluations_send SET outcome = 'unknown', code = %s, ended_at = statement_timestamp()
WHERE attempt_id = %s AND outcome = 'pending'
"""

STILL_OPEN = """
SELECT EXISTS (SELECT 1 FROM evaluations_attempt WHERE evaluation_id = %s AND state = ANY(%s))
"""

SUSPENDED = """
SELECT EXISTS (SELECT 1 FROM evaluations_suspendedworker WHERE name = %s AND lifted_at IS NULL)
"""

REPLIED = "SELECT EXISTS (SELECT 1 FROM evaluations_reply WHERE attempt_id = %s)"

ANSWERED = """
SELECT EXISTS (
    SELECT 1 FROM evaluations_reply y JOIN evaluations_attempt a ON a.id = y.attempt_id
    WHERE a.evaluation_id = %s)
"""

FLYING = """
SELECT EXISTS (
    SELECT 1 FROM evaluations_attempt WHERE evaluation_id = %s AND state = 'sent' AND id <> %s)
"""

WAKE = "INSERT INTO evaluations_wake (step, target) VALUES (%s, %s)"
WAITING = "SELECT target FROM evaluations_wake WHERE step = %s"

OF_PANEL = """
SELECT p.model_id
FROM evaluations_attempt a
JOIN evaluations_evaluation v ON v.id = a.evaluation_id
JOIN providers_panelmodel p ON p.model_id = v.model_id
WHERE a.id = %s
"""

BUDGET = """
SELECT max_requests, max_tokens, max_micro_usd, requests, tokens, micro_usd
FROM evaluations_budget WHERE evaluation_id = %s FOR UPDATE
"""
SAVE_BUDGET = """
UPDATE evaluations_budget SET requests = %s, tokens = %s, micro_usd = %s WHERE evaluation_id = %s
"""

ADOPT = """
UPDATE evaluations_evaluation v SET endpoint_revision = e.revision
FROM providers_endpoint e
WHERE e.id = v.endpoint_id
  AND v.id IN (SELECT id FROM evaluations_evaluation WHERE id = %s FOR UPDATE SKIP LOCKED)
RETURNING 1
"""

FREE = """
SELECT e.id, d.due, e.max_concurrency - (
    SELECT count(*) FROM evaluations_attempt b
    WHERE b.endpoint_id = e.id AND b.state IN ('leased', 'sent'))
FROM providers_endpoint e
LEFT JOIN evaluations_lane l ON l.endpoint_id = e.id
CROSS JOIN LATERAL (SELECT count(*) AS due FROM (
    SELECT 1 FROM evaluations_evaluation v
    JOIN evaluations_attempt a ON a.evaluation_id = v.id
    WHERE v.endpoint_id = e.id AND v.state = 'running' AND v.cancel_requested_at IS NULL
      AND v.paused_at IS NULL AND a.state IN ('ready', 'ambiguous')
      AND a.next_at <= clock_timestamp()
    LIMIT e.max_concurrency) few) d
WHERE e.state = 'active' AND d.due > 0
  AND (l.resting_until IS NULL OR l.resting_until <= clock_timestamp())
ORDER BY e.id
"""

UNJUDGED = """
UPDATE evaluations_attempt SET updated_at = clock_timestamp() WHERE id IN (
    SELECT a.id FROM evaluations_attempt a
    WHERE a.state = 'generated' AND a.next_at <= clock_timestamp()
      AND a.updated_at < clock_timestamp() - make_interval(secs => CASE WHEN EXISTS (
          SELECT 1 FROM evaluations_attempt j
          WHERE j.state = 'judging' AND j.lease_until > clock_timestamp())
          THEN %(busy)s ELSE %(quiet)s END)
    ORDER BY a.updated_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""

MINE = """
SELECT EXISTS (
    SELECT 1 FROM evaluations_attempt a JOIN evaluations_evaluation v ON v.id = a.evaluation_id
    WHERE a.id = %s AND a.fence = %s AND a.state = 'sent'
      AND a.lease_until > clock_timestamp() AND v.cancel_requested_at IS NULL)
"""

"""The raw rows: every SQL statement of the recount about evaluations, and how one row is read.

Only tables of outcomes, sends, exposures and plans are read; a published number never comes from
here. Example: ``VERDICTS`` gives the verdicts of one evaluation, one row for each attempt.
"""

from __future__ import annotations

import json
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

EVALUATION = """
SELECT e.id, e.form_id, e.rotation_id, e.owner_group_id::text, e.total, e.price_in, e.created_at,
  e.model_id FROM evaluations_evaluation e WHERE e.slug = %s
"""
FORM = """
SELECT f.split, f.version_id::text, v.family_mac
FROM pools_formentry f JOIN pools_taskversion v ON v.id = f.version_id
WHERE f.form_id = %s AND f.id NOT IN (SELECT entry_id FROM pools_withdrawnentry)
ORDER BY f.position
"""
WITHDRAWN = """
SELECT count(*) FILTER (WHERE f.split = 'private'), count(*) FILTER (WHERE f.split = 'public')
FROM pools_withdrawnentry w JOIN pools_formentry f ON f.id = w.entry_id WHERE f.form_id = %s
"""
SAMPLES = "SELECT count(DISTINCT sample) FROM evaluations_attempt WHERE evaluation_id = %s"
# Hidden tasks that the evaluation was asked, whatever was withdrawn later.
ASKED = """
SELECT DISTINCT f.version_id, v.family_mac FROM evaluations_attempt a
JOIN pools_formentry f ON f.id = a.entry_id JOIN pools_taskversion v ON v.id = f.version_id
WHERE a.evaluation_id = %s AND f.split = 'private'
"""
# The verdict that counts: a correction since it counts, else the stored one.
RIGHT = """
COALESCE((SELECT c.verdict FROM evaluations_verdictcorrection c WHERE c.attempt_id = a.id
  AND c.counts_since IS NOT NULL ORDER BY c.id DESC LIMIT 1), v.verdict)
"""
VERDICTS = f"""
SELECT f.version_id::text, {RIGHT}
FROM evaluations_attempt a JOIN pools_formentry f ON f.id = a.entry_id
LEFT JOIN evaluations_verdictrecord v ON v.attempt_id = a.id
WHERE a.evaluation_id = %s
"""
SENDS = """
SELECT f.version_id::text, s.attempt_id, s.outcome, s.code, s.tokens_in, s.tokens_out,
  s.cost_micro_usd, s.milliseconds
FROM evaluations_send s JOIN evaluations_attempt a ON a.id = s.attempt_id
JOIN pools_formentry f ON f.id = a.entry_id WHERE a.evaluation_id = %s
"""
PLATFORM = """
SELECT count(*) FROM evaluations_faultrecord r JOIN evaluations_attempt a ON a.id = r.attempt_id
WHERE a.evaluation_id = %s AND r.kind = 'platform'
"""
SEEN = """
SELECT DISTINCT v.family_mac FROM evaluations_exposure x JOIN pools_taskversion v
ON v.id = x.version_id WHERE x.owner_group_id::text = %s AND x.rotation_id <> %s
AND x.first_sent_at <= %s
"""
STATES = """
SELECT state, count(*) FROM evaluations_evaluation WHERE form_id = %s
AND model_id NOT IN (SELECT model_id FROM providers_panelmodel) GROUP BY state
"""
TRIES = "SELECT count(*) FROM evaluations_evaluation WHERE form_id = %s AND model_id = %s"
TRIES_OF = """
SELECT count(*) FROM evaluations_evaluation e JOIN providers_model m ON m.id = e.model_id
WHERE e.form_id = %s AND m.slug = %s
"""
TRIES_OF_OWNER = """
SELECT count(*) FROM evaluations_evaluation e JOIN providers_provider p ON p.id = e.provider_id
WHERE e.rotation_id = %s AND p.owner_group_id = (
  SELECT q.owner_group_id FROM evaluations_evaluation f
  JOIN providers_provider q ON q.id = f.provider_id WHERE f.id = %s)
"""
BOARD = """
SELECT f.id, r.log_index, t.protocol_payload FROM pools_form f
JOIN pools_rotation r ON r.id = f.rotation_id JOIN pools_track t ON t.id = f.track_id
WHERE t.slug = %s AND r.slug = %s
"""
BEFORE = "SELECT count(*) FROM ledger_entry WHERE kind = 'snapshot' AND index < "
BEFORE += "(SELECT log_index FROM leaderboard_snapshot WHERE sequence = %s)"


def one(connection: Connection, sql: str, *values: Any) -> Any:
    found = connection.execute(sql, values).fetchone()
    assert found is not None, f"no row for {values}"
    return found


def parsed(value: Any) -> Any:
    """A JSON column: text on a connection that leaves it alone."""
    return json.loads(value) if isinstance(value, str) else value

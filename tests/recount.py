"""Recount a published board from the raw rows: no code of the service, only SQL and arithmetic.

    python tests/recount.py DATABASE_URL

Prints one line per published row and exits 1 when any number differs from the recount: passes per
split, score, started evaluations, tokens and cost. Bounds are checked to hold, not to be equal.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from typing import Any

import psycopg

RAW = """
SELECT f.split, f.version_id::text, v.verdict
FROM evaluations_evaluation e
JOIN evaluations_attempt a ON a.evaluation_id = e.id
JOIN pools_formentry f ON f.id = a.entry_id
LEFT JOIN evaluations_verdictrecord v ON v.attempt_id = a.id
WHERE e.slug = %s
"""
MONEY = """
SELECT coalesce(sum(s.tokens_in), 0), coalesce(sum(s.tokens_out), 0), sum(s.cost_micro_usd)
FROM evaluations_send s
JOIN evaluations_attempt a ON a.id = s.attempt_id
JOIN evaluations_evaluation e ON e.id = a.evaluation_id
WHERE e.slug = %s AND s.outcome = 'answered'
"""
STARTED = """
SELECT count(*) FROM evaluations_evaluation e JOIN pools_track t ON t.id = e.track_id
JOIN pools_rotation r ON r.id = e.rotation_id WHERE t.slug = %s AND r.slug = %s
"""


def recount(connection: psycopg.Connection[Any]) -> list[str]:
    """What differs in the newest snapshot of every board; empty when all numbers agree."""
    newest = (
        "SELECT DISTINCT ON (track) body FROM leaderboard_snapshot ORDER BY track, sequence DESC"
    )
    faults = []
    for (body,) in connection.execute(newest).fetchall():
        board = json.loads(body)
        track, rotation = board["track"]["slug"], board["rotation"]["slug"]
        started = connection.execute(STARTED, (track, rotation)).fetchone()[0]  # type: ignore[index]
        if started != board["evaluations"]["started"]:
            faults.append(f"{track}: {started} evaluations started")
        for row in board["rows"]:
            faults += [f"{track} {row['model']['slug']}: {f}" for f in _row(connection, row)]
    return faults


def _row(connection: psycopg.Connection[Any], row: dict[str, Any]) -> list[str]:
    raw = connection.execute(RAW, (row["evaluation"],)).fetchall()
    faults = []
    for split in ("private", "public"):
        mine = [(task, verdict == "passed") for s, task, verdict in raw if s == split]
        faults += _cell(split, mine, row[split])
    tokens_in, tokens_out, cost = connection.execute(MONEY, (row["evaluation"],)).fetchone()  # type: ignore[misc]
    told = (row["tokens_in"], row["tokens_out"], row["cost_micro_usd"])
    if told != (tokens_in, tokens_out, None if told[2] is None else int(cost or 0)):
        faults.append(f"tokens or cost {told} are {(tokens_in, tokens_out, cost)}")
    return faults


def _cell(split: str, mine: list[tuple[str, bool]], cell: dict[str, Any] | None) -> list[str]:
    if not mine or cell is None:
        return [] if not mine and cell is None else [f"{split}: {len(mine)} attempts, cell {cell}"]
    passed, tasks = sum(ok for _, ok in mine), {task for task, _ in mine}
    if cell["bound"]:
        holds = (
            passed >= cell["passed"] if cell["bound"] == "at_least" else passed <= cell["passed"]
        )
        return [] if holds else [f"{split}: the bound does not hold"]
    share = sum(
        Fraction(sum(ok for t, ok in mine if t == task), sum(t == task for t, _ in mine))
        for task in tasks
    ) / len(tasks)
    told = (cell["passed"], cell["samples"], cell["tasks"], cell["score_e4"])
    found = (passed, len(mine), len(tasks), round(share * 10_000))
    return [] if told == found else [f"{split}: published {told}, recounted {found}"]


def main() -> int:
    with psycopg.connect(sys.argv[1]) as connection:
        faults = recount(connection)
        count = connection.execute("SELECT count(*) FROM leaderboard_snapshot").fetchone()
    print("\n".join(faults) or f"every number of the newest boards agrees ({count[0]} snapshots)")  # type: ignore[index]
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

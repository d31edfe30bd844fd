"""Whose hidden results a row tells: its own, or those of the owner's earlier model that is alike.

Example: 92 and 91 of 150 that differ in one task are both told as 92 passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tests.recount.arithmetic import MIN_CELL, Part
from tests.recount.rows import Connection

GROUP = """
SELECT e.id, e.model_id, e.slug FROM evaluations_evaluation e
JOIN providers_provider p ON p.id = e.provider_id
WHERE e.form_id = %s AND (e.state = 'complete' OR e.slug = ANY(%s)) AND p.owner_group_id = (
  SELECT q.owner_group_id FROM evaluations_evaluation f
  JOIN providers_provider q ON q.id = f.provider_id WHERE f.id = %s)
ORDER BY e.state <> 'complete', coalesce(e.ended_at, e.created_at), e.id
"""


def told_of(
    connection: Connection,
    evaluation: Any,
    form_id: Any,
    body: dict[str, Any],
    hidden_of: Callable[[Any], Part],
) -> tuple[Any, str]:
    """(id and slug of the evaluation whose hidden results are told)."""
    shown = [row["evaluation"] for row in body["rows"]]
    rows = connection.execute(GROUP, (form_id, shown, evaluation)).fetchall()
    parts = {row[0]: hidden_of(row[0]) for row in rows} if len(rows) > 1 else {}
    answer: dict[Any, Any] = {}
    best: dict[Any, Any] = {}  # per model: the row its provider was told last
    news: list[Any] = []
    for row in rows:
        previous = best.get(row[1])
        if previous and not _better(parts[row[0]], parts[previous[0]]):
            answer[row[0]] = answer[previous[0]]
        else:
            best[row[1]] = row
            near = [
                e
                for e in news
                if e[1] != row[1] and _near(parts[e[0]].passed, parts[row[0]].passed)
            ]
            answer[row[0]] = near[0] if near else row
            news += [] if near else [row]
        if row[0] == evaluation:
            return answer[row[0]][0], answer[row[0]][2]
    raise AssertionError("a row's evaluation is of its form")


def _near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    apart = sum(x != y for x, y in zip(one, other, strict=True))
    return apart < min(MIN_CELL, len(one) // 10 + 1)


def _better(new: Part, old: Part) -> bool:
    gains = [x - y for x, y in zip(new.values, old.values, strict=True)]
    mean = math.fsum(gains) / len(gains)
    spread = math.fsum((gain - mean) ** 2 for gain in gains) / (len(gains) - 1)
    changed = sum(abs(gain) > 1e-9 for gain in gains)
    return changed >= MIN_CELL and mean > math.sqrt(spread / len(gains)) * (1 + 1e-9) + 1e-9

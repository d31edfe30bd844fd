"""How often a clean board would get any public mark: from how much was looked at, not from a row.

All strong findings of a board share one in a thousand, and a mark needs two of them, so at most
half of it; a guessed 40-bit salt is added. Example: 20 models, 200 replies each: .0005 and 4e-9.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from tests.recount.rows import Connection, one

SHARED, SALT_BITS = 0.001, 40

LOOKED = """
SELECT count(*) FROM evaluations_evidencerecord r JOIN evaluations_evaluation e
ON e.id = r.evaluation_id WHERE e.slug = %s AND r.examined_at <= %s
"""
MODELS = """
SELECT count(DISTINCT model_id) FROM evaluations_evaluation WHERE form_id = %s
AND state = 'complete' AND model_id NOT IN (SELECT model_id FROM providers_panelmodel)
"""


def evidence(
    connection: Connection, body: dict[str, Any], form_id: Any, slug: str, replies: int
) -> dict[str, int] | None:
    """``replies``: of the evaluation; None before anybody has looked."""
    published = datetime.fromisoformat(body["published_at"]) + timedelta(seconds=1)
    if not one(connection, LOOKED, slug, published)[0]:
        return None
    (models,) = one(connection, MODELS, form_id)
    guessed = -math.expm1(models * replies * math.log1p(-(2.0**-SALT_BITS)))
    return {"alarm_e6": math.ceil((SHARED / 2 + guessed) * 1_000_000)}

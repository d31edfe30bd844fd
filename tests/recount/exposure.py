"""Who was sent how much of the pool, and until when whole forms are left, from the raw rows.

The forecast plays rotation after rotation by the limits the service is set to. Example: 300 fresh
tasks, forms of 150, one rotation every 91 days and no intake: two rotations, half a year.
"""

from __future__ import annotations

import math
import os
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.recount.arithmetic import e4
from tests.recount.rows import Connection, one, parsed

# Every owner group that met a hidden task of the form: (slug, tasks here, tasks ever).
MET = """
SELECT g.slug, count(DISTINCT v.task_id) FILTER (WHERE x.rotation_id = f.rotation_id AND
  x.version_id IN (SELECT version_id FROM pools_formentry WHERE form_id = f.id)),
  count(DISTINCT v.task_id)
FROM pools_form f JOIN pools_rotation r ON r.id = f.rotation_id
JOIN pools_task t ON t.pool_id = r.pool_id AND t.split = 'private'
JOIN pools_taskversion v ON v.task_id = t.id JOIN evaluations_exposure x ON x.version_id = v.id
JOIN providers_ownergroup g ON g.id = x.owner_group_id
WHERE f.id = %s AND x.first_sent_at IS NOT NULL GROUP BY g.slug ORDER BY g.slug COLLATE "C"
"""
SENT = """
SELECT g.slug, count(DISTINCT a.id), count(*) FROM evaluations_send s
JOIN evaluations_attempt a ON a.id = s.attempt_id JOIN pools_formentry n ON n.id = a.entry_id
JOIN evaluations_evaluation e ON e.id = a.evaluation_id
JOIN providers_ownergroup g ON g.id = e.owner_group_id
WHERE e.form_id = %s AND n.split = 'private' AND s.outcome <> 'not_sent' GROUP BY g.slug
"""
HELD = """
SELECT count(*) FROM pools_task t JOIN pools_rotation r ON r.pool_id = t.pool_id
JOIN pools_form f ON f.rotation_id = r.id WHERE f.id = %s AND t.split = 'private'
"""
POOL = """
SELECT r.pool_id FROM pools_rotation r JOIN pools_form f ON f.rotation_id = r.id WHERE f.id = %s
"""
ROTATIONS = """
SELECT id, state, opens_at, closes_at, root, plan FROM pools_rotation WHERE pool_id = %s
ORDER BY opens_at DESC
"""
HIDDEN_OF = """
SELECT count(*) FROM pools_taskversion v JOIN pools_task t ON t.id = v.task_id
WHERE t.split = 'private' AND v.id::text = ANY(%s)
"""
# Newest versions of hidden tasks that are in use, in no open rotation and not marked as leaked.
RESTING = """
SELECT n.id FROM (
  SELECT DISTINCT ON (v.task_id) v.id, t.retired_at, t.leaked_at FROM pools_taskversion v
  JOIN pools_task t ON t.id = v.task_id WHERE t.pool_id = %s AND t.split = 'private'
  ORDER BY v.task_id, v.number DESC) n
WHERE n.retired_at IS NULL AND n.leaked_at IS NULL AND n.id NOT IN (
  SELECT e.version_id FROM pools_formentry e JOIN pools_form f ON f.id = e.form_id
  JOIN pools_rotation r ON r.id = f.rotation_id WHERE r.pool_id = %s AND r.state = 'open')
"""
EXPOSURES = """
SELECT x.version_id, x.owner_group_id, x.rotation_id, x.first_sent_at, t.split
FROM evaluations_exposure x JOIN pools_taskversion v ON v.id = x.version_id
JOIN pools_task t ON t.id = v.task_id WHERE t.pool_id = %s AND x.first_sent_at <= %s
"""
CAME = """
SELECT count(*) FROM pools_taskversion v JOIN pools_task t ON t.id = v.task_id
WHERE t.pool_id = %s AND t.split = 'private' AND v.number = 1 AND v.imported_at > %s
AND v.imported_at <= %s
"""

LATELY, USUAL_DAYS, USUAL_FORM, INTAKE_DAYS = 4, 14.0, 150, 180
HORIZON_DAYS, QUARTER = 3653, 365.25 / 4
DAY = timedelta(days=1)


def setting(name: str, usual: int) -> int:
    return int(os.environ.get(name) or usual)


@dataclass(frozen=True)
class Limits:
    """What the service is set to, by the same variables, since no table holds it."""

    per_group: int = field(default_factory=lambda: setting("EXPOSURE_PER_PROVIDER", 1))
    per_task: int = field(default_factory=lambda: setting("EXPOSURE_PER_TASK", 10))
    days: int = field(default_factory=lambda: setting("TASK_MAX_AGE_DAYS", 120))


def exposure(connection: Connection, body: dict[str, Any], form_id: Any) -> dict[str, Any]:
    """Who was sent how much, and what is left."""
    (held,) = one(connection, HELD, form_id)
    rows = connection.execute(SENT, (form_id,)).fetchall()
    sent = {slug: (attempts, sends) for slug, attempts, sends in rows}
    met = [row for row in connection.execute(MET, (form_id,)).fetchall() if row[1]]
    groups = [
        {
            "tasks": here,
            "share_e4": e4(ever / held),
            "samples": sent.get(slug, (0, 0))[0],
            "sends": sent.get(slug, (0, 0))[1],
        }
        for slug, here, ever in met
    ]
    amounts = [ever for _, _, ever in met]
    apart = sum(abs(x - y) for x in amounts for y in amounts)
    share = apart / (2 * len(amounts) * sum(amounts)) if sum(amounts) else 0.0
    now = datetime.fromisoformat(body["published_at"])
    forecast = Forecast(connection, one(connection, POOL, form_id)[0], now, Limits())
    return {
        "groups": groups,
        "pool_tasks": held,
        "gini_e4": e4(share) if met else None,
        "forecast": forecast.numbers(),
    }


class Forecast:
    """A pool as it stood at ``now``, which a snapshot tells to the second."""

    def __init__(self, connection: Connection, pool: Any, now: datetime, limits: Limits) -> None:
        self.connection, self.pool, self.now, self.limits = connection, pool, now, limits
        self.just_after = now + timedelta(seconds=1)
        every = connection.execute(ROTATIONS, (pool,)).fetchall()
        self.first = min((r[2] for r in every if r[4]), default=None)
        self.rotations = [r for r in every if r[1] != "abandoned"][:LATELY]
        self.met = connection.execute(EXPOSURES, (pool, self.just_after)).fetchall()

    def numbers(self) -> dict[str, Any]:
        groups, pace, every = self.groups(), self.pace(), self.every()
        left, form = float(self.fresh()), self.form()
        lives = min(self.limits.per_group, int(self.limits.days // every) + 1)
        forms, most = 0, math.ceil(HORIZON_DAYS / (every * lives))
        while forms < most and left >= form:
            left, forms = left - form + pace * every * lives, forms + 1
        told = {"intake_per_quarter": round(pace * QUARTER), "groups": groups}
        if not groups or forms == most:
            return {**told, "until": "", "rotations": None}
        opens = max([r[3] for r in self.rotations if r[1] == "open"] + [self.now])
        ends = opens + min(forms * lives * every, HORIZON_DAYS) * DAY
        until = ends.astimezone(self.now.tzinfo).date().isoformat()
        return {**told, "until": until, "rotations": forms * lives}

    def groups(self) -> int:
        lately = {r[0] for r in self.rotations}
        return len({x[1] for x in self.met if x[2] in lately and x[4] == "private"})

    def pace(self) -> float:
        """Hidden tasks a day that came in since the first rotation opened."""
        if self.first is None:
            return 0.0
        since = max(self.first, self.now - INTAKE_DAYS * DAY)
        days = (self.now - since) / DAY
        (came,) = one(self.connection, CAME, self.pool, since, self.just_after)
        return came / days if days >= 1 else 0.0

    def every(self) -> float:
        """Days from one opening to the next; of a single rotation its length."""
        if not self.rotations:
            return USUAL_DAYS
        newest, oldest = self.rotations[0], self.rotations[-1]
        gaps = len(self.rotations) - 1
        length = (newest[2] - oldest[2]) / gaps if gaps else newest[3] - newest[2]
        return max(length / DAY, 1 / 24)

    def form(self) -> int:
        plan = parsed(self.rotations[0][5]) if self.rotations else {}
        (count,) = one(self.connection, HIDDEN_OF, plan.get("versions", []))
        return count or USUAL_FORM

    def fresh(self) -> int:
        """Hidden tasks that the limits still allow in a next form."""
        looks: dict[Any, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
        first: dict[Any, datetime] = {}
        for version, group, _, moment, _ in self.met:
            looks[version][group] += 1
            first[version] = min(moment, first.get(version, moment))
        resting = self.connection.execute(RESTING, (self.pool, self.pool)).fetchall()
        return sum(self._usable(looks[v], first.get(v, self.now)) for (v,) in resting)

    def _usable(self, looks: dict[Any, int], since: datetime) -> bool:
        limits = self.limits
        often = max(looks.values(), default=0) >= limits.per_group or len(looks) >= limits.per_task
        return not often and max(0, (self.now - since).days) <= limits.days

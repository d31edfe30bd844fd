"""A row's breakdown from the raw rows: the part before noise is counted, the stored noise added.

Example: 31 of 60 in Rust and a stored -1 must have been published as 30.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import Any

from tests.recount.arithmetic import Part, e4
from tests.recount.rows import Connection

EPSILON_E3, LIMIT_E3 = 1000, 4000
STATE = "SELECT state FROM pools_rotation WHERE id = %s"
NAMES = """
SELECT v.id::text, v.language, v.topic FROM pools_formentry f
JOIN pools_taskversion v ON v.id = f.version_id
WHERE f.form_id = %s AND f.split = 'private' ORDER BY f.position
"""
NOISE = """
SELECT kind, value, tasks_id, passed, noise FROM evaluations_cellnoise WHERE evaluation_id = %s
"""
DRAWN = """
SELECT s.versions, n.epsilon_e3, n.evaluation_id FROM evaluations_cellnoise n
JOIN evaluations_toldset s ON s.digest = n.tasks_id
JOIN evaluations_evaluation e ON e.id = n.evaluation_id WHERE e.model_id = %s
"""
Member = tuple[str, int, str]  # version, passes, family


def breakdown(
    connection: Connection, found: Sequence[Any], versions: Sequence[str], part: Part, least: int
) -> dict[str, Any] | None:
    """``found``: the evaluation's row; ``versions``: of its hidden tasks, in the order of
    ``part``; ``least``: the smallest cell."""
    evaluation, form_id, rotation, model = found[0], found[1], found[2], found[7]
    if connection.execute(STATE, (rotation,)).fetchone() != ("closed",):
        return None
    noise = {row[:4]: row[4] for row in connection.execute(NOISE, (evaluation,)).fetchall()}
    drawn = connection.execute(DRAWN, (model,)).fetchall()
    members = dict(
        zip(versions, zip(versions, part.passed, part.families, strict=True), strict=True)
    )
    cells = []
    for kind, value, tasks in _groups(connection, form_id, members):
        if len(tasks) < least or len(versions) - len(tasks) < least:
            continue
        passed = sum(count for _, count, _ in tasks)
        kept = noise.get((kind, value, _digest(tasks), passed))
        cells.append(_cell(tasks, passed + kept if kept is not None else None, part.samples))
    return {
        "cells": cells,
        "epsilon_e3": _spent(row for row in drawn if row[2] == evaluation),
        "epsilon_ever_e3": _spent(drawn),
        "epsilon_limit_e3": LIMIT_E3,
    }


def _groups(
    connection: Connection, form_id: Any, members: dict[str, Member]
) -> list[tuple[str, str, list[Member]]]:
    groups: dict[tuple[str, str], list[Member]] = defaultdict(list)
    for version, language, topic in connection.execute(NAMES, (form_id,)).fetchall():
        for key in (("language", language), ("topic", topic)):
            if key[1] and version in members:
                groups[key].append(members[version])
    return [(kind, value, groups[kind, value]) for kind, value in sorted(groups)]


def _cell(tasks: Sequence[Member], passed: int | None, samples: int) -> dict[str, Any]:
    n = len(tasks)
    known = {"tasks": n, "samples": n * samples, "epsilon_e3": EPSILON_E3}
    if passed is None:
        return known
    z, share = NormalDist().inv_cdf(0.975), passed / (n * samples)
    a = math.exp(-EPSILON_E3 / 1000 / samples)
    noise = math.sqrt(2 * a) / (1 - a) / (n * samples)
    families = Counter(family for _, _, family in tasks)
    middle = (min(1.0, max(0.0, share)) * n + z * z / 2) / (n + z * z)
    inflated = math.fsum(size * size for size in families.values()) / n
    se = math.sqrt(middle * (1 - middle) * inflated / n + noise * noise)
    half = z * se + 0.5 / (n * samples)
    shares = {"score": share, "noise": noise, "se": se, "low": share - half, "high": share + half}
    return {**known, "passed": passed, **{f"{name}_e4": e4(x) for name, x in shares.items()}}


def _spent(rows: Iterable[Any]) -> int:
    totals: dict[str, int] = defaultdict(int)
    for versions, epsilon, _ in rows:
        for version in json.loads(versions) if isinstance(versions, str) else versions:
            totals[version] += epsilon
    return max(totals.values(), default=0)


def _digest(tasks: Sequence[Member]) -> str:
    names = sorted(version for version, _, _ in tasks)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()

"""The numbers of a snapshot in its own shape, each computed again.

Example: ``expected(connection, body)["rows"][0]["private"]["passed"]`` is a count of verdicts; of
``body`` only names are used, the moment it was published, and steps that are drawn by lot.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist
from typing import Any

from tests.recount.alike import told_of
from tests.recount.arithmetic import MIN_CELL, Part, clustered, e4, t_quantile
from tests.recount.breakdowns import breakdown
from tests.recount.cells import cell, faults, gap, money, uses
from tests.recount.equating import equating
from tests.recount.evidence import evidence
from tests.recount.exposure import exposure, setting
from tests.recount.pairs import Line, pair_lists, places, price, tested
from tests.recount.rows import (
    ASKED,
    BEFORE,
    BOARD,
    EVALUATION,
    FORM,
    SAMPLES,
    SEEN,
    SENDS,
    STATES,
    TRIES,
    TRIES_OF,
    TRIES_OF_OWNER,
    VERDICTS,
    WITHDRAWN,
    Connection,
    one,
    parsed,
)

OBSERVED_FROM = 6


def expected(connection: Connection, body: dict[str, Any]) -> dict[str, Any]:
    names = (body["track"]["slug"], body["rotation"]["slug"])
    form_id, log_index, protocol = one(connection, BOARD, *names)
    protocol = parsed(protocol)
    form = connection.execute(FORM, (form_id,)).fetchall()
    states = dict(connection.execute(STATES, (form_id,)).fetchall())
    splits = [split for split, _, _ in form]
    hidden, public = one(connection, WITHDRAWN, form_id)
    lines = [line(connection, body, row) for row in body["rows"]]
    pairs = tested(lines, body.get("pairs", {}))
    where, costs = places(lines, pairs), price(lines, pairs)
    link, equated = equating(connection, body, form_id, lines, protocol["samples"])
    (earlier,) = one(connection, BEFORE, body["sequence"])
    return {
        "v": 1,
        "seq": earlier,
        "sequence": earlier,
        "min_cell": setting("MIN_CELL", MIN_CELL),
        "rotation": {
            "private_tasks": splits.count("private"),
            "public_tasks": splits.count("public"),
            "withdrawn_private": hidden,
            "withdrawn_public": public,
            "log_index": log_index,
            "witnesses": 0,
        },
        "protocol": protocol,
        "evaluations": {
            "started": sum(states.values()),
            **dict.fromkeys(("running", "complete", "incomplete", "cancelled"), 0),
            **states,
        },
        "resolves_e4": resolves(lines, splits.count("private"), protocol["samples"]),
        "rows": [
            {**x.numbers, **where[x.slug], "price": costs[x.slug], "equated": equated[x.slug]}
            for x in lines
        ],
        "equating": link,
        "pairs": pair_lists(lines, pairs),
        "exposure": exposure(connection, body, form_id),
        "unranked": [
            {"evaluations": one(connection, TRIES_OF, form_id, each["model"]["slug"])[0]}
            for each in body["unranked"]
        ],
    }


def line(connection: Connection, body: dict[str, Any], row: dict[str, Any]) -> Line:
    found = one(connection, EVALUATION, row["evaluation"])
    evaluation, form_id, rotation, owner, total, price_in, created, model = found
    form = connection.execute(FORM, (form_id,)).fetchall()
    sends = connection.execute(SENDS, (evaluation,)).fetchall()
    (samples,) = one(connection, SAMPLES, evaluation)

    def part(which: Any, split: str) -> Part:
        return _part(form, connection.execute(VERDICTS, (which,)).fetchall(), split, samples)

    told, told_slug = told_of(
        connection, evaluation, form_id, body, lambda which: part(which, "private")
    )
    hidden, public = part(told, "private"), part(evaluation, "public")
    shown = cell(hidden, hidden=True)
    seen = {family for (family,) in connection.execute(SEEN, (owner, rotation, created))}
    asked = [family for _, family in connection.execute(ASKED, (evaluation,)).fetchall()]
    met = sum(family in seen for family in asked)
    numbers = {
        "private": shown,
        "public": cell(public, hidden=False),
        "gap": gap(public, hidden) if shown and not shown["bound"] else None,
        "faults": faults(connection, evaluation, sends),
        "evaluations": one(connection, TRIES, form_id, model)[0],
        "owner_evaluations": one(connection, TRIES_OF_OWNER, rotation, evaluation)[0],
        "seen_before_e4": e4(met / len(asked)) if asked else 0,
        "breakdown": breakdown(
            connection,
            one(connection, EVALUATION, told_slug),
            [version for split, version, _ in form if split == "private"],
            hidden,
            setting("MIN_CELL", MIN_CELL),
        ),
        "evidence": evidence(connection, body, form_id, row["evaluation"], total),
        **money(sends, total, price_in is not None),
    }
    slug = row["model"]["slug"]
    return Line(slug, owner, hidden, shown or {}, uses(form, sends, samples), numbers)


def _part(form: list[Any], verdicts: list[Any], split: str, samples: int) -> Part:
    passed: dict[str, int] = defaultdict(int)
    judged: dict[str, int] = defaultdict(int)
    for version, verdict in verdicts:
        judged[version] += verdict is not None
        passed[version] += verdict == "passed"
    mine = [(version, family) for s, version, family in form if s == split]
    return Part(
        passed=tuple(passed[v] for v, _ in mine),
        judged=tuple(judged[v] for v, _ in mine),
        families=tuple(family for _, family in mine),
        samples=samples,
    )


def resolves(lines: Sequence[Line], tasks: int, samples: int) -> int:
    if not tasks:
        return 0
    if len(lines) < OBSERVED_FROM:
        z = NormalDist()
        factor = z.inv_cdf(0.975) + z.inv_cdf(0.8)
        return min(10_000, e4(factor * math.sqrt((1 / 9 + 2 / 6 / samples) / tasks)))
    families = lines[0].hidden.families
    errors = []
    for a, b in combinations(lines, 2):
        apart = [x - y for x, y in zip(a.hidden.values, b.hidden.values, strict=True)]
        errors.append(clustered(apart, families)[1])
    df = len(set(families)) - 1
    if df < 1:
        return 0
    typical = math.sqrt(math.fsum(e * e for e in errors) / len(errors))
    found = typical * (t_quantile(0.975, df) + t_quantile(0.8, df))
    return min(10_000, math.ceil(found * 100) * 100)

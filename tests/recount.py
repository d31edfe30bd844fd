"""Recount a published board from the raw rows: no code of the service, only SQL and arithmetic.

    python tests/recount.py DATABASE_URL

Every number of the newest snapshot of each board is computed again from verdicts, sends and
exposures, with formulas written here a second time, and compared leaf by leaf. Prints what differs
and what nobody recounts; exits 1 when anything differs.
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any

import psycopg

ALPHA, MIN_CELL, HOLM_UP_TO, OBSERVED_FROM = 0.05, 20, 20, 6
STEPS = (100, 1_000, 10_000, 50_000, 200_000, 1_000_000)
UNITS = ("cost_micro_usd", "tokens_out", "milliseconds")
# Members whose numbers rest on more than verdicts, sends and exposures; told, not compared.
ELSEWHERE = ("equating", "min_cell")
ELSEWHERE_IN_ROWS = ("equated", "evidence")

NEWEST = "SELECT DISTINCT ON (track) body FROM leaderboard_snapshot ORDER BY track, sequence DESC"
EVALUATION = """
SELECT e.id, e.form_id, e.rotation_id, e.owner_group_id::text, e.total, e.price_in, e.created_at,
  e.model_id FROM evaluations_evaluation e WHERE e.slug = %s
"""
FORM = """
SELECT f.split, f.version_id::text, v.family_mac
FROM pools_formentry f JOIN pools_taskversion v ON v.id = f.version_id
WHERE f.form_id = %s ORDER BY f.position
"""
VERDICTS = """
SELECT f.version_id::text, v.verdict
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

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Part:
    """The tasks of one split in form order: passes and verdicts per task, K samples each."""

    passed: tuple[int, ...]
    judged: tuple[int, ...]
    families: tuple[str, ...]
    samples: int

    @property
    def values(self) -> list[float]:
        return [p / self.samples for p in self.passed]


@dataclass(frozen=True)
class Figures:
    mean: float
    se: float
    low: float
    high: float
    df: int


# ---- arithmetic --------------------------------------------------------------------------------


def e4(value: float) -> int:
    return round(value * 10_000)


def beta_share(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    h = d
    for m in range(1, 400):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d, c = 1 / (1 + step * d), 1 + step / c
            h *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * h / a


def two_sided_t(t: float, df: float) -> float:
    return beta_share(df / 2, 0.5, df / (df + t * t))


def t_quantile(probability: float, df: float) -> float:
    """The t above which 1 - probability lies, by halving."""
    low, high = 0.0, 1.0
    while two_sided_t(high, df) > 2 * (1 - probability):
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if two_sided_t(middle, df) > 2 * (1 - probability):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def wilson(share: float, n: int) -> tuple[float, float]:
    z = NormalDist().inv_cdf(0.975)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (0.0 if share == 0 else centre - half), (1.0 if share == 1 else centre + half)


def clustered(values: Sequence[float], families: Sequence[str]) -> tuple[float, float, int]:
    """(mean, CR1 error, families)."""
    mean = math.fsum(values) / len(values)
    sums: dict[str, float] = defaultdict(float)
    for value, family in zip(values, families, strict=True):
        sums[family] += value - mean
    g = len(sums)
    spread = math.fsum(s * s for s in sums.values())
    return mean, math.sqrt(spread * g / (g - 1)) / len(values) if g > 1 else 0.0, g


def figures(part: Part) -> Figures:
    mean, se, g = clustered(part.values, part.families)
    if g < 2:
        return Figures(mean, 0.0, 0.0, 1.0, 0)
    if se < 1e-12:
        return Figures(mean, se, *wilson(mean, g), g - 1)
    half = t_quantile(0.975, g - 1) * se
    return Figures(mean, se, max(0.0, mean - half), min(1.0, mean + half), g - 1)


def p_of_pair(one: Part, other: Part) -> float:
    """McNemar's exact test for single samples without families, else the paired t test."""
    first, second, families = one.values, other.values, one.families
    if one.samples == 1 and len(set(families)) == len(families):
        b = sum(x > y for x, y in zip(first, second, strict=True))
        c = sum(x < y for x, y in zip(first, second, strict=True))
        tail = sum(math.comb(b + c, k) for k in range(min(b, c) + 1))
        return min(1.0, float(2 * tail / 2 ** (b + c)))
    mean, se, g = clustered([x - y for x, y in zip(first, second, strict=True)], families)
    if g < 2:
        return 1.0
    if se < 1e-9:
        return 1.0 if abs(mean) < 1e-12 else float(2.0 ** (1 - g))
    return two_sided_t(mean / se, g - 1)


def holm(p_values: Sequence[float]) -> list[float]:
    adjusted, worst = [0.0] * len(p_values), 0.0
    for done, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        worst = max(worst, min(1.0, p_values[place] * (len(p_values) - done)))
        adjusted[place] = worst
    return adjusted


# ---- one row -----------------------------------------------------------------------------------


def cell(part: Part, *, hidden: bool) -> dict[str, Any] | None:
    """A part's numbers as published; of the hidden one a band near both ends."""
    if not part.passed:
        return None
    tasks, found = len(part.passed), figures(part)
    total, passed = tasks * part.samples, sum(part.passed)
    known = {"tasks": tasks, "samples": total, "missing": total - sum(part.judged)}
    margin = min((3 if tasks < 50 else 1) * part.samples, total // 2)
    if hidden and passed >= total - margin:
        low, _ = wilson(round((total - margin) * tasks / total) / tasks, tasks)
        known |= _scored(total - margin, 1 - margin / total, 0, low, 1.0)
        return {**known, "bound": "at_least"}
    if hidden and passed <= margin:
        _, high = wilson(round(margin * tasks / total) / tasks, tasks)
        return {**known, **_scored(margin, margin / total, 0, 0, high), "bound": "at_most"}
    return {
        **known,
        **_scored(passed, found.mean, found.se, found.low, found.high),
        "bound": "",
    }


def _scored(passed: int, mean: float, se: float, low: float, high: float) -> dict[str, int]:
    shares = {"score_e4": mean, "se_e4": se, "low_e4": low, "high_e4": high}
    return {"passed": passed, **{name: e4(share) for name, share in shares.items()}}


def gap(public: Part, hidden: Part) -> dict[str, int] | None:
    if len(public.passed) < 2 or len(hidden.passed) < 2:
        return None
    one, other = figures(public), figures(hidden)
    parts = [f.se**4 / f.df for f in (one, other)]
    variance = one.se**2 + other.se**2
    low, high = one.low - other.high, one.high - other.low
    if variance:
        half = t_quantile(0.975, variance**2 / sum(parts)) * math.sqrt(variance)
        low, high = one.mean - other.mean - half, one.mean - other.mean + half
    ends = {"low_e4": e4(max(-1.0, low)), "high_e4": e4(min(1.0, high))}
    return {"diff_e4": e4(one.mean - other.mean), **ends}


def faults(connection: Connection, evaluation: Any, sends: list[Any]) -> dict[str, int]:
    bad = [s for s in sends if s[2] in ("refused", "unknown", "invalid", "rejected")]
    ours = {s[1] for s in bad if s[3] == "worker_lost"}
    theirs = {s[1] for s in bad if s[3] not in ("worker_lost", "missed_deadline")}
    (platform,) = _one(connection, PLATFORM, evaluation)
    return {"endpoint": len(theirs), "platform": platform + len(ours)}


def money(sends: list[Any], total: int, priced: bool) -> dict[str, Any]:
    answered = [s for s in sends if s[2] == "answered"]
    cost = sum(s[6] or 0 for s in answered) if priced and answered else None
    return {
        "tokens_in": sum(s[4] or 0 for s in answered),
        "tokens_out": sum(s[5] or 0 for s in answered),
        "cost_micro_usd": cost,
        "cost_per_task_micro_usd": None if cost is None else round(cost / total),
    }


def uses(form: list[Any], sends: list[Any], samples: int) -> dict[str, tuple[float, ...]]:
    """Mean, low and high per unit, unrounded; a unit that one answer does not tell is missing."""
    answered = [s for s in sends if s[2] == "answered"]
    families = [family for _, _, family in form]
    found: dict[str, tuple[float, ...]] = {}
    for place, unit in ((6, UNITS[0]), (5, UNITS[1]), (7, UNITS[2])):
        if not answered or any(s[place] is None for s in answered) or len(set(families)) < 2:
            continue
        sums: dict[str, int] = defaultdict(int)
        for send in answered:
            sums[send[0]] += send[place]
        mean, se, g = clustered([sums[v] / samples for _, v, _ in form], families)
        half = t_quantile(0.975, g - 1) * se
        found[unit] = (mean, max(0.0, mean - half), mean + half)
    return found


# ---- the whole board ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    slug: str
    owner: str
    hidden: Part
    cell: dict[str, Any]
    uses: dict[str, tuple[float, ...]]
    numbers: dict[str, Any]


def line(connection: Connection, row: dict[str, Any]) -> Line:
    found = _one(connection, EVALUATION, row["evaluation"])
    evaluation, form_id, rotation, owner, total, price, created, model = found
    form = connection.execute(FORM, (form_id,)).fetchall()
    verdicts = connection.execute(VERDICTS, (evaluation,)).fetchall()
    sends = connection.execute(SENDS, (evaluation,)).fetchall()
    samples = total // len(form)
    hidden, public = (_part(form, verdicts, split, samples) for split in ("private", "public"))
    shown = cell(hidden, hidden=True)
    seen = {family for (family,) in connection.execute(SEEN, (owner, rotation, created))}
    met = sum(family in seen for family in hidden.families)
    numbers = {
        "private": shown,
        "public": cell(public, hidden=False),
        "gap": gap(public, hidden) if shown and not shown["bound"] else None,
        "faults": faults(connection, evaluation, sends),
        "evaluations": _one(connection, TRIES, form_id, model)[0],
        "owner_evaluations": _one(connection, TRIES_OF_OWNER, rotation, evaluation)[0],
        "seen_before_e4": e4(met / len(hidden.families)) if hidden.families else 0,
        **money(sends, total, price is not None),
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


Pairs = dict[frozenset[str], tuple[float, float]]


def tested(lines: Sequence[Line], published: dict[str, Any]) -> Pairs:
    """(p, adjusted p) of every pair. Beyond Holm's board the adjusted one is drawn by lot and not
    repeated here: the published decision stands, and what follows from it is recounted."""
    pairs = list(combinations(lines, 2))
    raw = [p_of_pair(a.hidden, b.hidden) for a, b in pairs]
    adjusted = holm(raw) if len(lines) <= HOLM_UP_TO else _published(lines, published)
    names = [frozenset((a.slug, b.slug)) for a, b in pairs]
    return dict(zip(names, zip(raw, adjusted, strict=True), strict=True))


def _published(lines: Sequence[Line], published: dict[str, Any]) -> list[float]:
    told = [p / 1_000_000 for p in published.get("p_adjusted_e6", [])]
    count = len(lines) * (len(lines) - 1) // 2
    return told if len(told) == count else [1.0] * count


def beats(pairs: Pairs, one: Line, other: Line) -> bool:
    mine, theirs = (
        round(math.fsum(x.hidden.values) / len(x.hidden.values), 12) for x in (one, other)
    )
    return mine > theirs and pairs[frozenset((one.slug, other.slug))][1] <= ALPHA


def places(lines: Sequence[Line], pairs: Pairs) -> dict[str, dict[str, int]]:
    """Tier and rank interval of every model; models of one mean go down together."""
    by_mean: dict[float, list[Line]] = defaultdict(list)
    for each in lines:
        by_mean[round(math.fsum(each.hidden.values) / len(each.hidden.values), 12)].append(each)
    tier, leaders = 0, list[Line]()
    found: dict[str, dict[str, int]] = {}
    for mean in sorted(by_mean, reverse=True):
        level = by_mean[mean]
        if not leaders or any(beats(pairs, a, b) for a in leaders for b in level):
            tier, leaders = tier + 1, level
        for each in level:
            above = sum(beats(pairs, other, each) for other in lines if other is not each)
            below = sum(beats(pairs, each, other) for other in lines if other is not each)
            found[each.slug] = {
                "tier": tier,
                "rank_best": 1 + above,
                "rank_worst": len(lines) - below,
            }
    return found


def pair_lists(lines: Sequence[Line], pairs: Pairs) -> dict[str, Any]:
    coarse = {each.slug for each in lines if each.cell["bound"]}
    for a, b in combinations(lines, 2):
        if a.owner == b.owner and _near(a.hidden, b.hidden):
            coarse |= {a.slug, b.slug}
    told = [_told(a, b, pairs, bool({a.slug, b.slug} & coarse)) for a, b in combinations(lines, 2)]
    names = ("difference_e4", "margin_e4", "p_e6", "p_adjusted_e6")
    lists = {name: [each[n] for each in told] for n, name in enumerate(names)}
    return {"tasks": len(lines[0].hidden.passed) if lines else 0, **lists}


def _near(one: Part, other: Part) -> bool:
    sides = [
        sum(x > y for x, y in zip(first.passed, second.passed, strict=True))
        for first, second in ((one, other), (other, one))
    ]
    return any(0 < side < MIN_CELL for side in sides)


def _told(a: Line, b: Line, pairs: Pairs, coarse: bool) -> tuple[int | None, int | None, int, int]:
    exact = pairs[frozenset((a.slug, b.slug))]
    raw, adjusted = (next(s for s in STEPS if p <= s / 1_000_000) for p in exact)
    if coarse:
        raw = adjusted = STEPS[3] if beats(pairs, a, b) or beats(pairs, b, a) else STEPS[-1]
    bounds = {a.cell["bound"], b.cell["bound"]}
    if len(bounds) == 1 and bounds != {""}:
        return None, None, raw, adjusted
    difference = a.cell["score_e4"] - b.cell["score_e4"]
    g = len(set(a.hidden.families))
    if bounds != {""} or g < 2:
        return difference, None, raw, adjusted
    critical, size = t_quantile(0.975, g - 1), abs(difference)
    half = critical * math.hypot(a.cell["se_e4"], b.cell["se_e4"])
    if raw < STEPS[-1]:
        half = min(half, size * critical / t_quantile(1 - raw / 2_000_000, g - 1))
    return difference, round(half if raw <= STEPS[3] else max(half, size)), raw, adjusted


def price(lines: Sequence[Line], pairs: Pairs) -> dict[str, dict[str, Any]]:
    shown: dict[str, dict[str, Any]] = {each.slug: {} for each in lines}
    for each, unit in [(one, unit) for one in lines for unit in one.uses]:
        mean, low, high = each.uses[unit]
        cheaper = [o for o in lines if unit in o.uses and o.uses[unit][2] < low]
        ends = {"mean": round(mean), "low": round(low), "high": round(high)}
        ends["frontier"] = all(beats(pairs, each, other) for other in cheaper)
        shown[each.slug][unit] = ends
    return shown


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


def exposure(connection: Connection, form_id: Any) -> dict[str, Any]:
    """Who was sent how much; the forecast, which rests on rules of admission, is told only."""
    (held,) = _one(connection, HELD, form_id)
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
    return {"groups": groups, "pool_tasks": held, "gini_e4": e4(share) if met else None}


def expected(connection: Connection, body: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a snapshot in its own shape."""
    names = (body["track"]["slug"], body["rotation"]["slug"])
    form_id, log_index, protocol = _one(connection, BOARD, *names)
    protocol = json.loads(protocol) if isinstance(protocol, str) else protocol
    form = connection.execute(FORM, (form_id,)).fetchall()
    states = dict(connection.execute(STATES, (form_id,)).fetchall())
    splits = [split for split, _, _ in form]
    lines = [line(connection, row) for row in body["rows"]]
    pairs = tested(lines, body.get("pairs", {}))
    where, costs = places(lines, pairs), price(lines, pairs)
    (earlier,) = _one(connection, BEFORE, body["sequence"])
    return {
        "v": 1,
        "seq": earlier,
        "sequence": earlier,
        "rotation": {
            "private_tasks": splits.count("private"),
            "public_tasks": splits.count("public"),
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
        "rows": [{**x.numbers, **where[x.slug], "price": costs[x.slug]} for x in lines],
        "pairs": pair_lists(lines, pairs),
        "exposure": exposure(connection, form_id),
        "unranked": [
            {"evaluations": _one(connection, TRIES_OF, form_id, each["model"]["slug"])[0]}
            for each in body["unranked"]
        ],
    }


# ---- comparing ---------------------------------------------------------------------------------


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every number and every yes or no, with its path."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in inner:
            yield from leaves(each, (*path, key))
    elif isinstance(value, int) and (not isinstance(value, bool) or path[-1] == "frontier"):
        yield path, value


def elsewhere(path: tuple[Any, ...]) -> bool:
    in_rows = path[0] == "rows" and path[2] in ELSEWHERE_IN_ROWS
    return path[0] in ELSEWHERE or path[:2] == ("exposure", "forecast") or in_rows


def differences(connection: Connection, body: dict[str, Any]) -> list[str]:
    return disagreements(body, expected(connection, body))


def disagreements(body: dict[str, Any], numbers: dict[str, Any]) -> list[str]:
    """One line per number that is not what the raw rows make of it, or that only one side has."""
    told = {path: value for path, value in leaves(body) if not elsewhere(path)}
    found = dict(leaves(numbers))
    if body["method"] == "1":  # before comparisons and prices
        found = {path: v for path, v in found.items() if path in told}
    wrong = []
    for path in sorted({*told, *found}, key=str):
        if told.get(path) != found.get(path):
            where = ".".join(map(str, path))
            wrong.append(f"{where}: published {told.get(path)}, recounted {found.get(path)}")
    return wrong


def recount(connection: Connection) -> list[str]:
    """What differs in the newest snapshot of every board; empty when all numbers agree."""
    return _over(connection, differences)


def untouched(connection: Connection) -> list[str]:
    """The numbers that this script leaves to others."""
    return _over(
        connection,
        lambda _, body: [".".join(map(str, p)) for p, _ in leaves(body) if elsewhere(p)],
    )


def _over(
    connection: Connection, look: Callable[[Connection, dict[str, Any]], list[str]]
) -> list[str]:
    bodies = [json.loads(body) for (body,) in connection.execute(NEWEST).fetchall()]
    return [f"{body['track']['slug']} {each}" for body in bodies for each in look(connection, body)]


def _one(connection: Connection, sql: str, *values: Any) -> Any:
    found = connection.execute(sql, values).fetchone()
    assert found is not None, f"no row for {values}"
    return found


def main() -> int:
    with psycopg.connect(sys.argv[1]) as connection:
        wrong, left = recount(connection), untouched(connection)
    for each in left:
        print(f"not recounted: {each}", file=sys.stderr)
    print("\n".join(wrong) or "every number of the newest boards agrees with the raw rows")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

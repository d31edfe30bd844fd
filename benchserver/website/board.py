"""A snapshot's body as a page shows it: every number formatted, every place on an axis known.

Pure: no request, no database. The template only puts these texts in order. Example:
``board_page(body).rows[0].score`` is ``70.8`` for a body whose first row has ``score_e4`` 7083.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchserver.website import costchart
from benchserver.website.axis import Axis, Mark, fitting
from benchserver.website.figures import (
    clean,
    clock,
    count,
    day,
    elapsed,
    ends,
    moment,
    money,
    percent,
    plural,
    points,
    ranks,
    signed,
    spread,
    whole_points,
)

Body = Mapping[str, Any]
NOTHING = "—"
BOUND_SIGN = {"at_least": "≥ ", "at_most": "≤ ", "": ""}
BOUND_WORD = {"at_least": "at least ", "at_most": "at most ", "": ""}


@dataclass(frozen=True, slots=True)
class ModelName:
    name: str
    slug: str
    owner: str
    weights: str
    cutoff: str


@dataclass(frozen=True, slots=True)
class Score:
    """One part's score: ``text`` 70.8, ``spread`` ±7.1, ``counts`` 17 of 24."""

    text: str
    spread: str
    interval: str
    counts: str
    missing: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Evidence:
    """Signs of memory: ``words`` empty when nothing is said; ``alarm``: how often a clean board
    would get any mark, at most; ``reply``: the provider's own words."""

    words: str
    reply: str
    alarm: str


@dataclass(frozen=True, slots=True)
class Row:
    tier: int
    leads: bool
    model: ModelName
    score: Score
    rank: str
    public: str
    gap: str
    gap_spread: str
    seen: str
    faults: str
    our_faults: str
    faults_long: str
    evaluations: int
    owner_evaluations: int
    evaluation: str
    cost: str
    cost_total: str
    cost_note: str
    tokens: str
    isolation: str
    identity: str
    alike: str
    evidence: Evidence | None
    ended: str
    keys: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Unranked:
    model: ModelName
    state: str
    reason: str
    evaluations: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reader needs to trust the numbers, each as finished text."""

    private_tasks: int
    public_tasks: int
    withdrawn: str
    samples: str
    fresh: str
    started: int
    complete: int
    endings: str
    committed: str
    ahead: str
    late: bool
    witnesses: int
    root: str
    root_short: str
    log_index: str
    judging: str
    isolation: str
    languages: str
    state: str
    window: str


@dataclass(frozen=True, slots=True)
class Equated:
    """A score as it would be on the track's first form, in points."""

    model: ModelName
    score: str
    here: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Across:
    """The board across rotations; ``reasons``: why it cannot be compared, else none."""

    form: str
    reasons: tuple[str, ...]
    rows: tuple[Equated, ...]
    shift: str
    shift_se: str
    models: int
    families: int


@dataclass(frozen=True, slots=True)
class BoardPage:
    name: str
    track: str
    rotation: str
    sequence: int
    method: str
    published: str
    resolves: str
    tiers: tuple[tuple[Row, ...], ...]
    rows: tuple[Row, ...]
    top_tier: int
    unranked: tuple[Unranked, ...]
    across: Across | None
    facts: Facts
    protocol: Mapping[str, Any]
    axis: Axis
    ruler: Mark | None
    wide_chart: costchart.Chart | None
    tall_chart: costchart.Chart | None
    unit: costchart.Unit
    units: tuple[costchart.Unit, ...]


def board_page(body: Body, *, unit: str = "money") -> BoardPage:
    """``unit``: along which the chart runs; one that nobody knows is money."""
    shared = shared_axis(body["rows"])
    rows = rows_of(body["rows"], shared)
    found = {each.key: (each, _points(body["rows"], each)) for each in costchart.UNITS}
    drawn = tuple(each for each, points in found.values() if costchart.drawable(points))
    chosen = found[unit if unit in found else "money"][0]
    chosen = chosen if chosen in drawn or not drawn else drawn[0]
    priced = found[chosen.key][1]
    return BoardPage(
        name=clean(body["track"]["name"]),
        track=body["track"]["slug"],
        rotation=body["rotation"]["slug"],
        sequence=body["sequence"],
        method=clean(body["method"]),
        published=clock(body["published_at"]),
        resolves=whole_points(body["resolves_e4"]) if body["resolves_e4"] else "",
        tiers=tuple(_by_tier(rows)),
        rows=rows,
        top_tier=sum(row.tier == rows[0].tier for row in rows) if rows else 0,
        unranked=tuple(_unranked(each) for each in body["unranked"]),
        across=_across(body),
        facts=facts_of(body),
        protocol=body["protocol"],
        axis=shared,
        ruler=_ruler(body["resolves_e4"], shared),
        wide_chart=costchart.draw(priced, width=720, height=360, unit=chosen),
        tall_chart=costchart.draw(priced, width=350, height=420, unit=chosen),
        unit=chosen,
        units=drawn,
    )


def shared_axis(rows: Sequence[Body]) -> Axis:
    edges = (row["private"][key] for row in rows for key in ("low_e4", "high_e4"))
    return fitting(edges)


def rows_of(rows: Sequence[Body], shared: Axis) -> tuple[Row, ...]:
    """Tier by tier, inside a tier in the snapshot's order; ``leads`` marks each tier's first."""
    ordered = sorted(rows, key=lambda row: int(row["tier"]))
    before = [None, *(row["tier"] for row in ordered)]
    return tuple(
        row_of(row, shared, leads=row["tier"] != tier)
        for row, tier in zip(ordered, before, strict=False)
    )


def row_of(row: Body, shared: Axis, *, leads: bool = True) -> Row:
    gap, faults, public = row["gap"], row["faults"], row["public"]
    cost = row["cost_per_task_micro_usd"]
    return Row(
        tier=row["tier"],
        leads=leads,
        model=model_name(row["model"]),
        score=score_of(row["private"], shared),
        rank=ranks(row["rank_best"], row["rank_worst"]),
        public=_public(public),
        gap=signed(gap["diff_e4"]) if gap else NOTHING,
        gap_spread=_gap_spread(gap) if gap else "",
        seen=percent(row["seen_before_e4"]),
        faults=count(faults["endpoint"]),
        our_faults=f"+{count(faults['platform'])} ours" if faults["platform"] else "",
        faults_long=f"{count(faults['endpoint'])} endpoint, {count(faults['platform'])} ours",
        evaluations=row["evaluations"],
        owner_evaluations=row.get("owner_evaluations", 0),  # older snapshots have no such member
        evaluation=clean(row["evaluation"]),
        cost=NOTHING if cost is None else money(cost),
        cost_total=_total(row["cost_micro_usd"]),
        cost_note="≈" if cost is not None and row["usage"] == "estimated" else "",
        tokens=f"{count(row['tokens_in'])} in, {count(row['tokens_out'])} out",
        isolation=clean(row["isolation"]),
        identity=clean(row["identity"])
        if row.get("identity")
        else "",  # older snapshots have no such member
        alike=row.get("alike", ""),
        evidence=evidence_of(row.get("evidence")),
        ended=day(row["ended_at"]),
        keys=_sort_keys(row),
    )


def evidence_of(member: Body | None) -> Evidence | None:
    """None when nobody has looked, also in snapshots from before there was anything to look at."""
    if member is None:
        return None
    return Evidence(
        # an empty text stays empty: cleaning would call it unnamed
        words=clean(member["words"]) if member["words"] else "",
        reply=clean(member["reply"]) if member["reply"] else "",
        alarm=f"{member['alarm_e6'] / 10_000:.2f} %",
    )


def model_name(model: Body) -> ModelName:
    name, version = clean(model["name"]), model["version"].strip()
    return ModelName(
        name=f"{name} {clean(version)}" if version else name,
        slug=model["slug"],
        owner=clean(model["owner"]),
        weights="open weights" if model["open"] else "",
        cutoff=day(model["declared_cutoff"]) if model["declared_cutoff"] else "not declared",
    )


def score_of(part: Body, shared: Axis) -> Score:
    bound, low, high = part["bound"], part["low_e4"], part["high_e4"]
    e4 = part["score_e4"]
    missing = part["missing"]
    return Score(
        text=f"{BOUND_SIGN[bound]}{points(e4)}",
        spread="" if bound else spread(e4, low=low, high=high),
        interval=ends(low, high),
        counts=f"{BOUND_WORD[bound]}{count(part['passed'])} of {count(part['samples'])}",
        missing=f"{plural(missing, 'sample')} missing, counted as not passed" if missing else "",
        mark=shared.mark(e4, low=low, high=high, bound=bound),
    )


def facts_of(body: Body) -> Facts:
    rotation, runs = body["rotation"], body["evaluations"]
    ahead, late = _ahead(rotation["committed_at"], rotation["first_send_at"])
    return Facts(
        private_tasks=rotation["private_tasks"],
        public_tasks=rotation["public_tasks"],
        withdrawn=withdrawn_words(rotation),
        samples=plural(body["protocol"]["samples"], "sample"),
        fresh=_fresh(rotation["oldest_task"], rotation["newest_task"]),
        started=runs["started"],
        complete=runs["complete"],
        endings=_endings(runs),
        committed=day(rotation["committed_at"]),
        ahead=ahead,
        late=late,
        witnesses=rotation["witnesses"],
        root=rotation["root"],
        root_short=short_hash(rotation["root"]),
        log_index=count(rotation["log_index"]),
        judging=clean(body["track"]["judging_class"]),
        isolation=", ".join(sorted({clean(row["isolation"]) for row in body["rows"]})),
        languages=", ".join(clean(each) for each in body["track"]["languages"]),
        state=clean(rotation["state"]),
        window=f"{day(rotation['opens_at'])} to {day(rotation['closes_at'])}",
    )


def withdrawn_words(rotation: Mapping[str, Any]) -> str:
    """What counts no longer; empty where all tasks do. Older snapshots do not tell."""
    counts = {"hidden": "withdrawn_private", "public": "withdrawn_public"}
    found = {kind: rotation.get(name, 0) for kind, name in counts.items()}
    return " and ".join(plural(n, f"{kind} task") for kind, n in found.items() if n)


def short_hash(digest: str) -> str:
    return f"{digest[:8]}…{digest[-8:]}" if len(digest) > 20 else digest


def _by_tier(rows: Sequence[Row]) -> list[tuple[Row, ...]]:
    tiers: list[list[Row]] = []
    for row in rows:
        if row.leads:
            tiers.append([])
        tiers[-1].append(row)
    return [tuple(tier) for tier in tiers]


def _points(rows: Sequence[Body], unit: costchart.Unit) -> list[costchart.Point]:
    """The rows whose use is known. Snapshots of method 1 tell only the mean cost."""
    found = []
    for row in rows:
        use = (row.get("price") or {}).get(unit.member) or {}
        old = row["cost_per_task_micro_usd"] if unit.member == "cost_micro_usd" else None
        mean = use.get("mean") or old
        if not mean:
            continue
        found.append(
            costchart.Point(
                name=model_name(row["model"]).name,
                cost=mean,
                score=row["private"]["score_e4"],
                low=row["private"]["low_e4"],
                high=row["private"]["high_e4"],
                least=use.get("low", 0),
                most=use.get("high", 0),
                frontier=use.get("frontier"),
            )
        )
    return found


def _ruler(resolves_e4: int, shared: Axis) -> Mark | None:
    """The smallest difference told apart, drawn to scale at the axis' lower end."""
    if not 0 < resolves_e4 < shared.high_e4 - shared.low_e4:
        return None
    end = shared.low_e4 + resolves_e4
    return shared.mark(end, low=shared.low_e4, high=end)


def _public(part: Body | None) -> str:
    if part is None:
        return NOTHING
    bound = part["bound"]
    passed, total = count(part["passed"]), count(part["samples"])
    return f"{BOUND_SIGN[bound]}{points(part['score_e4'])} ({BOUND_WORD[bound]}{passed} of {total})"


def _gap_spread(gap: Body) -> str:
    return spread(gap["diff_e4"], low=gap["low_e4"], high=gap["high_e4"])


def _total(micro_usd: int | None) -> str:
    return NOTHING if micro_usd is None else money(micro_usd)


def _sort_keys(row: Body) -> Mapping[str, int]:
    """Integers for sorting in the browser; a missing value sorts last."""
    cost, gap = row["cost_per_task_micro_usd"], row["gap"]
    return {
        "score": row["private"]["score_e4"],
        "cost": -1 if cost is None else cost,
        "gap": gap["diff_e4"] if gap else -10_001,
        "seen": row["seen_before_e4"],
    }


def _across(body: Body) -> Across | None:
    """None for a snapshot from before there were equated scores."""
    found = body.get("equating")
    if found is None:
        return None
    link = found["link"] or {}
    rows = [row for row in body["rows"] if row.get("equated")]
    rows.sort(key=lambda row: -int(row["equated"]["expected_e4"]))
    return Across(
        form=found["form"],
        reasons=tuple(clean(reason) for reason in found["reasons"]),
        rows=tuple(_equated(row) for row in rows),
        shift=f"{link.get('shift_e3', 0) / 1000:+.2f}",
        shift_se=f"{link.get('shift_se_e3', 0) / 1000:.2f}",
        models=link.get("panel_models", 0),
        families=link.get("panel_families", 0),
    )


def _equated(row: Body) -> Equated:
    told = row["equated"]
    return Equated(
        model=model_name(row["model"]),
        score=points(told["expected_e4"]),
        here=points(row["private"]["score_e4"]),
        low=points(told["low_e4"]),
        high=points(told["high_e4"]),
    )


def _unranked(entry: Body) -> Unranked:
    return Unranked(
        model=model_name(entry["model"]),
        state=clean(entry["state"]),
        reason=clean(entry["reason"]),
        evaluations=entry["evaluations"],
    )


def _fresh(oldest: str, newest: str) -> str:
    if not newest:
        return ""
    return day(newest) if oldest == newest else f"{day(oldest)} – {day(newest)}"


def _endings(runs: Body) -> str:
    always = f"{runs['incomplete']} incomplete, {runs['cancelled']} withdrawn"
    return f"{always}, {runs['running']} running" if runs["running"] else always


def _ahead(committed: str, first_send: str | None) -> tuple[str, bool]:
    """How long before the first prompt the tasks were fixed, and whether that was too late."""
    if not first_send or not committed:
        return "", False
    seconds = int((moment(first_send) - moment(committed)).total_seconds())
    return elapsed(abs(seconds)), seconds < 0

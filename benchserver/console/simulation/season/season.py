"""One season from one seed: each rotation is opened, used, closed and published; then judged.

Example: ``play(Rules(), seed=1)`` returns a ``Season`` whose ``gains["variants"]`` holds, per
rotation, how many standard errors the best shown variant lay above the truth.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from benchserver.console.simulation.season.boards import Press, Row, rows_of, vectors
from benchserver.console.simulation.season.cast import (
    Member,
    Neighbour,
    Prober,
    cast,
    panel_replies,
)
from benchserver.console.simulation.season.desk import Desk, worn_tasks_sent
from benchserver.console.simulation.season.examination import Reference, grades, reference
from benchserver.console.simulation.season.rules import Protection, Rules
from benchserver.console.simulation.season.world import Counts, World
from benchserver.core.errors import NotAllowed
from benchserver.measurement import ranks
from benchserver.measurement.adaptive.attacks import best_of
from benchserver.measurement.contamination.evidence import Grade
from benchserver.measurement.equating import rasch, table


@dataclass(slots=True)
class Season:
    """What was true beside what was shown. ``z``: (shown - true) / error of each honest row, one
    list per board; ``equated_z``: the same for pass rates on the first form, per honest model.
    ``grades``: of each model of each closed form, what the examiner made of it."""

    rules: Rules
    seed: int
    z: list[list[float]] = field(default_factory=list)
    inside: list[list[bool]] = field(default_factory=list)
    equated_z: list[float] = field(default_factory=list)
    raw_z: list[float] = field(default_factory=list)
    false_claims: list[int] = field(default_factory=list)
    tiers: list[int] = field(default_factory=list)
    grades: list[dict[str, Grade]] = field(default_factory=list)
    gains: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    unshown: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    settled: int = 0
    learned: int = 0
    window_leaks: int = 0
    foreign: int = 0
    over_caps: int = 0
    over_quota: int = 0
    not_first: int = 0
    refused_releases: int = 0
    boards_refused: int = 0
    turned_away: int = 0
    evaluations: int = 0
    reserve: int = 0
    short: str = ""


@dataclass(slots=True)
class _Stage:
    desk: Desk
    members: list[Member]
    press: Press
    panel: list[list[Counts]] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    rows: list[list[Row]] = field(default_factory=list)


def play(rules: Rules, *, seed: int, judged: bool = True) -> Season:
    """``judged``: without it only the gains are kept, for what is taken away in comparison."""
    stage = _Stage(Desk(rules, World(seed)), cast(rules), Press())
    season = Season(rules=rules, seed=seed)
    for _ in range(rules.rotations):
        try:
            stage.desk.open_rotation()
        except NotAllowed as refusal:
            season.short = str(refusal)
            break
        _use(stage, season)
        _gains(stage, season)
        if judged:
            _judge_board(stage, season)
            _examine(stage, season)
            stage.press.publish(stage.desk, stage.rows[-1])
    _judge_season(stage, season, whole=judged)
    return season


def _use(stage: _Stage, season: Season) -> None:
    for member in _queue(stage):
        try:
            member.turn(stage.desk)
        except NotAllowed:
            season.turned_away += 1
    stage.panel.append(panel_replies(stage.desk))
    stage.rows.append(rows_of(stage.desk))


def _queue(stage: _Stage) -> list[Member]:
    """By lot in every rotation, so that whom a cap turns away is luck; the neighbour waits for
    what it is given."""
    order = stage.desk.world.generator("queue", str(stage.desk.rotation))
    drawn = [stage.members[n] for n in order.permutation(len(stage.members))]
    return sorted(drawn, key=lambda member: isinstance(member, Neighbour))


def _gains(stage: _Stage, season: Season) -> None:
    """Of every cheat: how far its best shown row lies above what is true of it."""
    form, world = stage.desk.form, stage.desk.world
    usual = float(np.median([row.shown.se for row in stage.rows[-1]] or [0.0]))
    for member in stage.members:
        if member.plain:
            continue
        mine = [row for row in stage.rows[-1] if row.run.account.owner == member.name]
        if not mine:
            season.unshown[member.name] += 1
            continue
        best = max(mine, key=lambda row: row.shown.mean).shown
        gain = best_of(
            [row.shown.mean for row in mine],
            truth=member.truth(world, form),
            error=max(best.se, usual, 1 / len(form)),  # who passes everything shows no spread
        )
        season.gains[member.name].append(gain)


def _judge_board(stage: _Stage, season: Season) -> None:
    form, world = stage.desk.form, stage.desk.world
    ability = {m.name: m.ability for m in stage.members if m.plain}
    rows = [row for row in stage.rows[-1] if row.run.model in ability]
    z, inside = [], []
    for row in rows:
        truth = world.rate(ability[row.run.model], form)
        z.append((row.shown.mean - truth) / row.shown.se)
        inside.append(row.shown.interval.low <= truth <= row.shown.interval.high)
    if rows:
        season.z.append(z)
        season.inside.append(inside)
    comparisons = ranks.compare_all(vectors(rows))
    claims = [pair for pair in comparisons if pair.better(0.05)]
    season.false_claims.append(sum(_false(pair, ability) for pair in claims))
    means = {row.run.model: row.shown.mean for row in rows}
    season.tiers.append(len(ranks.tiers(means, comparisons)))


def _examine(stage: _Stage, season: Season) -> None:
    """As after closing: all models of the form together, against all the panel ever met."""
    if not season.rules.on(Protection.EVIDENCE):
        return
    stage.references.append(reference(stage.desk, stage.panel[-1]))
    members = {member.name: member for member in stage.members}
    season.grades.append(grades(stage.desk, stage.rows[-1], members, stage.references))


def _false(pair: ranks.Comparison, ability: dict[str, float]) -> bool:
    winner = pair.better(0.05)
    loser = pair.second if winner == pair.first else pair.first
    return ability[winner] <= ability[loser]


def _judge_season(stage: _Stage, season: Season, *, whole: bool) -> None:
    desk = stage.desk
    for member in stage.members:
        if isinstance(member, Prober):
            season.learned += member.learned
        if isinstance(member, Neighbour):
            season.foreign += member.foreign
            season.window_leaks += member.leaks
    if not whole:
        return
    season.settled = stage.press.verdicts_settled()
    season.refused_releases = stage.press.refused
    season.boards_refused = stage.press.boards_refused
    season.over_caps = worn_tasks_sent(desk)
    season.over_quota = _over_quota(desk)
    season.not_first = sum(_overtaken(desk, row) for rows in stage.rows for row in rows)
    season.evaluations = len(desk.runs)
    season.reserve = desk.plans[-1].effects.reserve
    if not season.short and any(len(form) < desk.rules.tasks for form in desk.forms):
        season.short = "a rotation had fewer tasks than planned"
    if desk.rotation > 0:
        _equate(stage, season)


def _over_quota(desk: Desk) -> int:
    """Evaluations beyond the quota, counted by the company that is behind the accounts."""
    used: dict[tuple[str, int], int] = defaultdict(int)
    for run in desk.runs:
        used[run.account.owner, run.rotation] += 1
    return sum(max(0, n - desk.rules.evaluations) for n in used.values())


def _overtaken(desk: Desk, row: Row) -> bool:
    """Is an evaluation shown although an earlier one of its model was complete?"""
    earlier = desk.runs[: next(n for n, run in enumerate(desk.runs) if run is row.run)]
    same = (r for r in earlier if (r.model, r.rotation) == (row.run.model, row.run.rotation))
    return any(run.judged == run.total for run in same)


def _equate(stage: _Stage, season: Season) -> None:
    """The last rotation's honest rows, put on the first form by way of the panel."""
    desk, k = stage.desk, stage.desk.rules.samples
    first, last = desk.forms[0], desk.forms[-1]
    members = {m.name: m for m in stage.members if m.plain}
    rows = [row for row in stage.rows[-1] if row.run.model in members]
    passed = np.zeros((len(stage.panel[0]) + len(rows), len(first) + len(last)), dtype=np.int64)
    samples = np.zeros_like(passed)
    panel = len(stage.panel[0])
    passed[:panel] = np.hstack([np.array(stage.panel[0]), np.array(stage.panel[-1])])
    samples[:panel] = k
    for number, row in enumerate(rows, panel):
        passed[number, len(first) :], samples[number, len(first) :] = row.run.passed, k
    rotations = [0] * len(first) + [1] * len(last)
    flags = [number < panel for number in range(len(passed))]
    counts = table.table(passed=passed, samples=samples, rotations=rotations, panel=flags)
    fit = rasch.fit(counts)
    form = np.array(rotations) == 0
    for number, row in enumerate(rows, panel):
        truth = desk.world.rate_on(members[row.run.model].ability, first)
        figure = fit.expected(number, form=form)
        season.equated_z.append((figure.value - truth) / figure.se)
        season.raw_z.append((row.shown.mean - truth) / row.shown.se)

"""Everything a report says of one table, computed once: the board, its tasks, what is suspicious.

Example: ``report_on(read_table(path), title="SWE-bench Pro")`` holds the lines of the board, the
items with their difficulty, and one part for each question the table can answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from scipy.special import expit

from benchserver.console.matrix.findings import Part, cliffs, saturated, told_apart
from benchserver.console.matrix.leader import against_leader
from benchserver.console.matrix.reading import Floats, Table
from benchserver.console.matrix.slopes import slopes
from benchserver.console.matrix.standings import Line, board_of
from benchserver.core.errors import BadInput
from benchserver.measurement.equating import rasch
from benchserver.measurement.equating.table import table as counts_of
from benchserver.measurement.estimators import label
from benchserver.measurement.items import analyse
from benchserver.measurement.power import observed_resolution
from benchserver.measurement.ranks import Comparison

_FINEST = 20  # samples per cell that a share is read as, where the file does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One task. ``difficulty`` in logits on the scale of the abilities, 0 being the mean model;
    ``item_rest``: None where nothing can be told; ``contrary``: beyond chance, able models fail it
    and weak ones pass."""

    task: str
    models: int
    share: float
    difficulty: float
    item_rest: float | None
    contrary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``abilities``: (model, logits), best first. ``resolves``: the difference a typical pair
    would show in 80 of 100 cases, in points; None where the table has holes."""

    title: str
    claim: str
    facts: tuple[str, ...]
    lines: tuple[Line, ...]
    items: tuple[Item, ...]
    abilities: tuple[tuple[str, float], ...]
    resolves: float | None
    critical: float | None
    pairs: tuple[Comparison, ...]
    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    holes: bool

    @property
    def difficulties(self) -> list[float]:
        return [item.difficulty for item in self.items]

    @property
    def worn(self) -> list[Item]:
        """Tasks that speak against the rest, the strangest first."""
        strange = [item for item in self.items if item.contrary]
        return sorted(strange, key=lambda item: (item.item_rest or 0.0, item.task))

    @property
    def map_words(self) -> str:
        every = sum(item.share == 1 for item in self.items)
        nobody = sum(item.share == 0 for item in self.items)
        return (
            f"{nobody:,} of {len(self.items):,} tasks were solved by no model and {every:,} by "
            "all: those tell nobody apart. A model solves half of the tasks that lie at its height."
        )


def report_on(table: Table, *, title: str, cutoffs: Mapping[str, date] | None = None) -> Report:
    """Raises ``BadInput`` for a table that no board can be made of."""
    if len(table.models) < 2:
        raise BadInput("a board needs two models", place=title)
    table = _without_empty(table)
    abilities, difficulties = _scale(table)
    expected = _expected(table, abilities, difficulties)
    lines, pairs = board_of(table, expected=expected)
    holes = bool(np.isnan(table.scores).any())
    resolves = None if holes else _resolves(table)
    items, critical = _items(table, difficulties)
    order = sorted(zip(table.models, abilities.tolist(), strict=True), key=lambda m: -m[1])
    return Report(
        title=title,
        claim=told_apart(lines, resolves),
        facts=_facts(table, lines),
        lines=lines,
        items=items,
        abilities=tuple(order),
        resolves=resolves,
        critical=critical,
        pairs=pairs,
        parts=_parts(table, lines, cutoffs or {}),
        notes=table.notes,
        holes=holes,
    )


def _parts(table: Table, lines: tuple[Line, ...], cutoffs: Mapping[str, date]) -> tuple[Part, ...]:
    """What the table can answer beyond the board."""
    asked = (
        against_leader(table, lines),
        saturated(table, lines),
        cliffs(table, cutoffs),
        slopes(table),
    )
    return tuple(part for part in asked if part is not None)


def estimators(report: Report) -> list[tuple[str, str]]:
    """What made each kind of number, as ``id@version``."""
    named = [
        ("score, interval", "task-mean"),
        ("differences of pairs", "shared-pairs"),
        ("their p-values together", "holm"),
        ("ranks", "rank-intervals"),
        ("tiers", "leader-tiers"),
        ("difficulty, ability, score on all tasks", "panel-rasch"),
        ("fits the rest", "item-rest"),
    ]
    if report.resolves is not None:
        named.append(("what it resolves", "observed-resolution"))
    named += [(part.title, name) for part in report.parts for name in part.estimators]
    return [(what, label(name)) for what, name in named]


def _without_empty(table: Table) -> Table:
    """Tasks nobody ran are left out and counted; a model without any result is refused."""
    known = ~np.isnan(table.scores)
    for model, row in zip(table.models, known, strict=True):
        if not row.any():
            raise BadInput("has no result at all", place=model)
    kept = known.any(axis=0)
    if kept.all():
        return table
    pick = np.flatnonzero(kept).tolist()

    def some(values: Any) -> Any:
        return None if values is None else tuple(values[n] for n in pick)

    return Table(
        models=table.models,
        tasks=some(table.tasks),
        scores=table.scores[:, kept],
        families=some(table.families),
        dates=some(table.dates),
        runs=table.runs,
        notes=(*table.notes, f"{int((~kept).sum())} tasks that nobody ran are left out"),
    )


def _scale(table: Table) -> tuple[Floats, Floats]:
    """Abilities and difficulties in logits, the mean model at 0."""
    known = ~np.isnan(table.scores)
    scores = np.nan_to_num(table.scores)
    samples = _samples(scores[known])
    found = rasch.fit(
        counts_of(
            passed=np.rint(scores * samples).astype(np.int64) * known,
            samples=samples * known.astype(np.int64),
            rotations=np.zeros(len(table.tasks), dtype=np.int64),
            panel=np.ones(len(table.models), dtype=np.bool_),
        )
    )
    return found.theta, found.b


def _samples(scores: Floats) -> int:
    """The fewest samples per cell that explain every share: 10 for multiples of .1."""
    for samples in range(1, _FINEST):
        if np.abs(scores * samples - np.rint(scores * samples)).max() < 1e-6:
            return samples
    return _FINEST


def _expected(table: Table, abilities: Floats, difficulties: Floats) -> Floats:
    """Score on all tasks: what was seen, and the model's chance where nothing was run."""
    chances = expit(abilities[:, None] - difficulties[None, :])
    filled = np.where(np.isnan(table.scores), chances, table.scores)
    return np.asarray(filled.mean(axis=1))


def _resolves(table: Table) -> float | None:
    samples = _samples(table.scores)
    passed = np.rint(table.scores * samples).astype(int).tolist()
    return 100 * observed_resolution(passed, samples, families=table.families).detectable


def _items(table: Table, difficulties: Floats) -> tuple[tuple[Item, ...], float | None]:
    """Item-rest correlations need every model on every task: with holes there are none."""
    known = ~np.isnan(table.scores)
    shares = np.nansum(table.scores, axis=0) / known.sum(axis=0)
    whole = analyse(table.scores.tolist()) if known.all() and len(table.tasks) > 1 else None
    rests = [i.item_rest for i in whole.items] if whole else [None] * len(table.tasks)
    critical = whole.critical if whole else None
    items = tuple(
        Item(
            task=task,
            models=int(count),
            share=float(share),
            difficulty=float(b),
            item_rest=rest,
            contrary=rest is not None and critical is not None and rest < -critical,
        )
        for task, count, share, b, rest in zip(
            table.tasks, known.sum(axis=0), shares, difficulties, rests, strict=True
        )
    )
    return items, critical


def _facts(table: Table, lines: tuple[Line, ...]) -> tuple[str, ...]:
    missing = int(np.isnan(table.scores).sum())
    facts = [f"{len(lines):,} models", f"{len(table.tasks):,} tasks"]
    if table.families:
        facts.append(f"{len(set(table.families)):,} families")
    if missing:
        facts.append(f"{missing:,} of {table.scores.size:,} cells were not run")
    return tuple(facts)

"""Is a task, or a whole form for one group, passed more often than its models explain?

The difficulties come from the panel, or without one from the models that met the tasks earlier; a
model's chance on a task comes from what it did on all others. Example: the third group to meet a
task passes it, and the fourth and the fifth, all of them weak: S climbs past 4 and somebody looks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from benchserver.evaluations.outcomes import Outcomes, order_sent
from benchserver.measurement.asks import CHANCE
from benchserver.measurement.compromise import (
    ALARM,
    chance_of_alarm,
    cusum,
    expected_rates,
    window_p,
)
from benchserver.measurement.equating.rasch import fit
from benchserver.measurement.equating.table import Floats, table

FEWEST_BEFORE = 3  # models that set the difficulties before another is judged by them
FEWEST_TASKS = 10
_WINDOW = 2  # results in each half before the halves are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One task: the highest S, and the chance that its later results are better by luck."""

    highest: float
    jump_p: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """``false_alarms``: how many tasks would alarm if nothing were wrong with any."""

    tasks: Mapping[UUID, Seen]
    false_alarms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """One owner group on one form. ``chance``: of so high an S by luck, from simulation."""

    group: str
    highest: float
    chance: float

    @property
    def alarm(self) -> bool:
        return self.highest >= ALARM and self.chance <= CHANCE


@dataclass(frozen=True, slots=True)
class _Judged:
    """Rows of the table that can be judged, in the order they met it, and their chances."""

    rows: tuple[int, ...]
    rates: Floats


def by_task(found: Outcomes) -> Watched:
    """The sum of surprises of every task over the entrants of a form."""
    judged = _judged(found)
    if judged is None:
        return Watched(tasks={}, false_alarms=0.0)
    results = found.shares[list(judged.rows)]
    tasks = {}
    for place, version in enumerate(found.versions):
        watch = cusum(results[:, place].tolist(), judged.rates[:, place].tolist())
        jump = _jump(results[:, place])
        tasks[version] = Seen(highest=max(watch.sums), jump_p=jump)
    chances = [chance_of_alarm(column.tolist(), draws=400) for column in judged.rates.T]
    return Watched(tasks=tasks, false_alarms=sum(chances))


def pooled(found: Outcomes) -> tuple[Pooled, ...]:
    """Per owner group the sum over all its results on a form, in the order they were sent."""
    judged = _judged(found)
    if judged is None:
        return ()
    results: dict[str, list[float]] = defaultdict(list)
    rates: dict[str, list[float]] = defaultdict(list)
    for place, row in enumerate(judged.rows):
        evaluation = found.evaluations[row]
        for column in order_sent(evaluation, found.versions):
            results[evaluation.owner_group.slug].append(float(found.shares[row, column]))
            rates[evaluation.owner_group.slug].append(float(judged.rates[place, column]))
    return tuple(_pooled(group, results[group], rates[group]) for group in sorted(results))


def difficulties(found: Outcomes) -> Mapping[UUID, float]:
    """Logits per task from the panel, else from all models; empty below three of them."""
    rows = found.passed[found.panel] if found.panel.sum() >= FEWEST_BEFORE else found.passed
    if len(rows) < FEWEST_BEFORE:
        return {}
    counts = table(
        passed=rows,
        samples=np.full(rows.shape, found.samples),
        rotations=np.zeros(rows.shape[1]),
        panel=np.ones(len(rows)),
    )
    return dict(zip(found.versions, fit(counts).b.tolist(), strict=True))


def _judged(found: Outcomes) -> _Judged | None:
    """Entrants against the panel, or each against the entrants before it; None if too few."""
    if len(found.versions) < FEWEST_TASKS:
        return None
    entrants = [row for row in range(found.models) if not found.panel[row]]
    if found.panel.sum() >= FEWEST_BEFORE and entrants:
        rates = expected_rates(
            found.passed[found.panel], found.passed[entrants], samples=found.samples
        )
        return _Judged(tuple(entrants), rates)
    later = entrants[FEWEST_BEFORE:]
    if not later:
        return None
    before = [entrants[: place + FEWEST_BEFORE] for place in range(len(later))]
    parts = [
        expected_rates(found.passed[known], found.passed[[row]], samples=found.samples)
        for known, row in zip(before, later, strict=True)
    ]
    return _Judged(tuple(later), np.vstack(parts))


def _pooled(group: str, results: list[float], rates: list[float]) -> Pooled:
    highest = max(cusum(results, rates).sums)
    chance = chance_of_alarm(rates, threshold=max(highest, ALARM))
    return Pooled(group=group, highest=highest, chance=chance)


def _jump(results: Floats) -> float | None:
    """Fisher's test of the later half against the earlier; a pass is half of the samples."""
    half = len(results) // 2
    if half < _WINDOW:
        return None
    passes = results >= 0.5
    early, late = passes[:half], passes[half:]
    return window_p((int(early.sum()), len(early)), (int(late.sum()), len(late)))

"""What is shown at the end of a rotation, and what is refused: the rows, their ranks, the audit.

Three things are tried on every rotation, as an operator might: the board; scores per topic; and,
after one task turned out to be faulty, the board again without it. Example: with 150 tasks the last
differs from the first by one task and is refused; without the audit it tells that task's result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchserver.console.simulation.season.desk import Desk, Run
from benchserver.console.simulation.season.rules import Protection
from benchserver.console.simulation.season.world import Floats
from benchserver.core.completeness import enough_verdicts
from benchserver.core.disclosure import Cell
from benchserver.core.releases import Release, audit
from benchserver.measurement.leakage import read, settled
from benchserver.measurement.means import Estimate, mean_score

TOPICS = 5


@dataclass(frozen=True, slots=True)
class Row:
    run: Run
    shown: Estimate
    scores: Floats


@dataclass(slots=True)
class Press:
    """Everything that ever left, per owner group, and what the auditor kept back."""

    told: dict[str, list[Release]] = field(default_factory=lambda: defaultdict(list))
    refused: int = 0
    boards_refused: int = 0

    def publish(self, desk: Desk, rows: Sequence[Row]) -> None:
        """The board, then topics, then the corrected board, each as one release of all groups."""
        tasks = desk.form
        topics = [frozenset(tasks[n::TOPICS]) for n in range(TOPICS)]
        whole = frozenset(tasks)
        if not self._release(desk, rows, [whole]):
            self.boards_refused += 1
        self._release(desk, rows, topics)
        self._release(desk, rows, [whole - {tasks[0]}])

    def _release(self, desk: Desk, rows: Sequence[Row], sets: Sequence[frozenset[str]]) -> bool:
        fresh: dict[str, list[Release]] = defaultdict(list)
        for row in rows:
            fresh[row.run.group] += [_release_of(desk, row.run, tasks) for tasks in sets]
        if desk.rules.on(Protection.AUDIT):
            least = desk.rules.min_cell
            if any(audit(self.told[g], new, min_cell=least) for g, new in fresh.items()):
                self.refused += 1
                return False
        for group, new in fresh.items():
            self.told[group] += new
        return True

    def verdicts_settled(self) -> int:
        """Task results that a reader of everything published can compute, over all evaluations."""
        facts = defaultdict(list)
        for release in (r for releases in self.told.values() for r in releases):
            facts[release.evaluation].append(read(release.cell))
        return sum(len(settled(known)) for known in facts.values())


def rows_of(desk: Desk) -> list[Row]:
    """One row per model of the rotation that has just closed: its first complete evaluation, or
    the best where that protection is off."""
    by_model: dict[str, list[Row]] = defaultdict(list)
    for run in desk.runs:
        if run.rotation == desk.rotation and _ranked(desk, run):
            by_model[run.model].append(_row(desk, run))
    if desk.rules.on(Protection.FIRST):
        return [rows[0] for rows in by_model.values()]
    return [max(rows, key=lambda row: row.shown.mean) for rows in by_model.values()]


def _ranked(desk: Desk, run: Run) -> bool:
    if not desk.rules.on(Protection.COMPLETE):
        return True
    return enough_verdicts(judged=run.judged, total=run.total, closed=True)


def _row(desk: Desk, run: Run) -> Row:
    scores = run.scores
    if not desk.rules.on(Protection.COMPLETE):  # withheld replies leave the denominator
        answered = run.samples - run.missing
        scores = run.passed[answered > 0] / answered[answered > 0]
    return Row(run, mean_score(scores.tolist()), scores)


def _release_of(desk: Desk, run: Run, tasks: frozenset[str]) -> Release:
    inside = np.array([task in tasks for task in desk.form])
    cell = Cell(
        label=run.model,
        task_ids=tasks,
        passed=int(run.passed[inside].sum()),
        total=len(tasks) * run.samples,
    )
    name = f"{run.model}-{run.rotation}"
    return Release(evaluation=name, model=run.model, cell=cell, form=frozenset(desk.form))


def vectors(rows: Sequence[Row]) -> Mapping[str, list[float]]:
    return {row.run.model: row.scores.tolist() for row in rows}

"""What an attacker computes from published numbers: the control that the auditor is held against.

Counts are integers, so a set of numbers can settle a task's result although no linear algebra does.
Example: "4 of 6" on {1..6} and "at least 4 of 5" on {1..5} leave 0 for task 6, and nothing
settles any of the others. Nothing here knows the results; it reads what a reader reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from benchserver.core.disclosure import AtLeast, AtMost, Cell, shown_as
from benchserver.core.errors import BadInput
from benchserver.core.spans import TaskSet, blocks, components

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fact:
    """What a reader knows of one set: between ``low`` and ``high`` passes, ``samples`` per task."""

    tasks: TaskSet
    low: int
    high: int
    samples: int = 1


def read(cell: Cell) -> Fact:
    """A cell as it is printed: exact, or a bound near both ends."""
    shown = shown_as(cell)
    samples = cell.total // len(cell.task_ids) if cell.task_ids else 1
    low = 0 if isinstance(shown, AtMost) else shown.passed
    high = shown.total if isinstance(shown, AtLeast) else shown.passed
    return Fact(cell.task_ids, low, high, samples)


def settled(facts: Sequence[Fact]) -> frozenset[str]:
    """Tasks whose count is the same in every table of results that fits the facts of one run.

    Decides whether a release gives single results away, exactly: integer programs over blocks of
    alike tasks, least and greatest count of each. Known answers: {0..2} with 2 and {0..1} with 1
    settle task 2; "at least 3 of 4" settles nothing; 4 of 4 settles all four. Raises ``BadInput``
    when no table fits, or when the facts disagree about the samples per task.
    Source: the integer side of query-set auditing (Kleinberg, Papadimitriou and Raghavan 2003).
    """
    found: set[str] = set()
    for part in components(fact.tasks for fact in facts):
        found |= _settled([fact for fact in facts if fact.tasks in part])
    return frozenset(found)


def _settled(facts: Sequence[Fact]) -> set[str]:
    samples = {fact.samples for fact in facts}
    if len(samples) != 1:
        raise BadInput("one run has one number of samples per task", place="facts")
    columns = blocks([fact.tasks for fact in facts])
    caps = np.array([len(block) * min(samples) for block in columns], dtype=float)
    program = _Program(facts, columns, caps)
    found: set[str] = set()
    for at, block in enumerate(columns):
        low, high = program.least(at), program.greatest(at)
        if high == 0 or low == caps[at] or (len(block) == 1 and low == high):
            found |= block
    return found


class _Program:
    """Passes per block, whole numbers from 0 to its cap, that fit all facts."""

    def __init__(self, facts: Sequence[Fact], columns: Sequence[TaskSet], caps: Floats) -> None:
        rows = [[float(block <= fact.tasks) for block in columns] for fact in facts]
        self._fits = LinearConstraint(
            np.array(rows), [f.low - 0.5 for f in facts], [f.high + 0.5 for f in facts]
        )
        self._caps = caps

    def least(self, column: int) -> int:
        return self._end(column, sign=1)

    def greatest(self, column: int) -> int:
        return self._end(column, sign=-1)

    def _end(self, column: int, *, sign: int) -> int:
        goal = np.zeros(len(self._caps))
        goal[column] = sign
        done = milp(
            goal,
            integrality=np.ones(len(goal), dtype=np.int64),
            bounds=Bounds(0, self._caps),
            constraints=self._fits,
        )
        if done.x is None:
            raise BadInput("no table of results fits these numbers", place="facts")
        return round(float(done.x[column]))

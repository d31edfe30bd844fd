"""Which numbers about private tasks may be published: pure rules that refuse.

The danger is subtraction. Example: "31 of 40" beside "30 of 39" on the same tasks less one tells
the fortieth task's result. So every published set, and every difference of two, holds no task or
at least ``MIN_CELL`` of them, no combination of sets pins down one task, and a cell that everybody
or nobody passed is shown as a bound. Public tasks are open and need none of this.

Sources: integrity note 3.5 (query-set auditing, Chin and Ozsoyoglu 1982), reliability note 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from benchserver.core.errors import BadInput
from benchserver.core.spans import (
    TaskSet,
    blocks,
    follows,
    leverages,
    reduced,
    rows_of,
    tells_of_few,
)

MIN_CELL = 20
SMALL_CELL = 50
MAX_LEVERAGE = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Cell:
    """One published number: ``passed`` of ``total`` samples on these private tasks.

    ``total`` is the task count times the samples per task. Raises ``BadInput`` otherwise.
    """

    label: str
    task_ids: TaskSet
    passed: int
    total: int

    def __post_init__(self) -> None:
        if not 0 <= self.passed <= self.total:
            raise BadInput(f"{self.passed} of {self.total} is no count", place=self.label)
        tasks = len(self.task_ids)
        if (self.total % tasks if tasks else self.total) or (tasks and not self.total):
            raise BadInput(
                f"{self.total} samples do not divide over {tasks} tasks", place=self.label
            )

    @property
    def one_sided(self) -> bool:
        """Everything passed or nothing did: the number gives away every member."""
        return self.total > 0 and self.passed in (0, self.total)


@dataclass(frozen=True, slots=True)
class Exact:
    passed: int
    total: int


@dataclass(frozen=True, slots=True)
class AtLeast:
    passed: int
    total: int


@dataclass(frozen=True, slots=True)
class AtMost:
    passed: int
    total: int


Shown = Exact | AtLeast | AtMost


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a release must not leave. ``labels``: the cells to blame; no task id is ever named."""

    code: str
    labels: tuple[str, ...]
    reason: str


def shown_as(cell: Cell) -> Shown:
    """How a cell's number is printed: as it is, or as a bound near both ends.

    The bound is a band, not a mark for "all": with fewer than ``SMALL_CELL`` tasks whatever lies
    within 3 tasks of an end is shown as that band, with more tasks whatever lies within 1. So
    "at least 17 of 20" means 17, 18, 19 or 20, and nobody can tell that all were passed.
    """
    tasks = len(cell.task_ids)
    if not tasks:
        return Exact(0, 0)
    margin = band(tasks, cell.total)
    if cell.passed >= cell.total - margin:
        return AtLeast(cell.total - margin, cell.total)
    if cell.passed <= margin:
        return AtMost(margin, cell.total)
    return Exact(cell.passed, cell.total)


def band(tasks: int, total: int) -> int:
    """How many passes from an end a count is still shown as the end's band.

    ``total``: passes there could be, tasks times samples.
    """
    margin = (3 if tasks < SMALL_CELL else 1) * (total // tasks)
    return min(margin, total // 2)  # a cell of a task or two must not show both bounds


def set_refusals(labels: Mapping[TaskSet, str], *, min_cell: int = MIN_CELL) -> tuple[Refusal, ...]:
    """What is wrong with the sets, whatever their counts are: set -> label, each set once."""
    found = [
        Refusal("small_cell", (label,), f"a cell has fewer than {min_cell} tasks")
        for tasks, label in labels.items()
        if len(tasks) < min_cell
    ]
    for (one, label), (other, other_label) in combinations(labels.items(), 2):
        here, there = len(one - other), len(other - one)
        if 0 < here < min_cell or 0 < there < min_cell:
            reason = (
                f"two cells differ by fewer than {min_cell} tasks: "
                f"{here} are only in the first, {there} only in the second"
            )
            found.append(Refusal("small_difference", (label, other_label), reason))
    return (*found, *_combination_refusals(labels, min_cell))


def _combination_refusals(labels: Mapping[TaskSet, str], min_cell: int) -> list[Refusal]:
    """Sums and differences of many sets: blocks they isolate, tasks they pin down."""
    everyone = tuple(sorted(set(labels.values())))
    found = []
    worst = max(leverages(labels).values(), default=Fraction(0))
    if worst == 1:
        found.append(Refusal("task_disclosed", everyone, "a task's own result can be computed"))
    elif worst > MAX_LEVERAGE:
        reason = "the cells together pin down one task too closely"
        found.append(Refusal("leverage", everyone, reason))
    if tells_of_few(labels, under=min_cell):
        reason = f"the cells together give the result of fewer than {min_cell} tasks"
        found.append(Refusal("small_block", everyone, reason))
    return found


def value_refusals(cells: Sequence[Cell]) -> list[Refusal]:
    """Numbers shown as they are must not undo a bound, nor give an all-or-nothing remainder."""
    exact = [c for c in cells if isinstance(shown_as(c), Exact) and c.task_ids]
    banded = [c for c in cells if not isinstance(shown_as(c), Exact)]
    found = []
    for big in exact:
        for small in exact:
            if small.task_ids < big.task_ids and _one_sided_rest(big, small):
                reason = "the remainder of two cells was passed by (nearly) all or none"
                found.append(Refusal("one_sided_rest", (big.label, small.label), reason))
    if not found and _one_sided_block(exact):
        reason = "a remainder of the cells was passed by (nearly) all or none"
        found.append(Refusal("one_sided_rest", tuple(c.label for c in exact), reason))
    sets = [c.task_ids for c in exact]
    for cell in banded:
        if follows(cell.task_ids, sets):
            reason = "a bound can be undone from the other cells"
            found.append(Refusal("bound_undone", (cell.label,), reason))
    return found


def _one_sided_rest(big: Cell, small: Cell) -> bool:
    rest = big.task_ids - small.task_ids
    return _near_an_end(big.passed - small.passed, big.total - small.total, tasks=len(rest))


def _near_an_end(passed: Fraction | int, total: Fraction | int, *, tasks: int) -> bool:
    """As a cell that would be a band; a difference of two runs may even lie beyond the end."""
    margin = band(tasks, int(total))
    return passed <= margin or passed >= total - margin


def _one_sided_block(exact: Sequence[Cell]) -> bool:
    """Whether some block of tasks has a known count, and that count is all or nothing."""
    sets = [c.task_ids for c in exact]
    columns = blocks(sets)
    width = len(columns)
    numbers = [[Fraction(c.passed), Fraction(c.total)] for c in exact]
    rows = [[*row, *tail] for row, tail in zip(rows_of(sets, columns), numbers, strict=True)]
    alone = [r for r in reduced(rows, width=width) if sum(map(bool, r[:width])) == 1]
    return any(
        _near_an_end(row[width], row[width + 1], tasks=len(columns[row.index(Fraction(1))]))
        for row in alone
    )

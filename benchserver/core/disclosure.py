"""Which numbers about private tasks may be published: pure rules that refuse.

The danger is subtraction. Example: "31 of 40" beside "30 of 39" on the same tasks less one tells
the fortieth task's result. So every published set, and every difference of two, holds no task or
at least ``MIN_CELL`` of them, no combination of sets pins down one task, and a cell that everybody
or nobody passed is shown as a bound. Public tasks are open and need none of this.

Sources: integrity note 3.5 (query-set auditing, Chin and Ozsoyoglu 1982), reliability note 3.4.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

from benchserver.core.errors import BadInput, NotAllowed

MIN_CELL = 20
SMALL_CELL = 50
MAX_LEVERAGE = Fraction(1, 2)

TaskSet = frozenset[str]


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
    margin = (3 if tasks < SMALL_CELL else 1) * (cell.total // tasks)
    margin = min(margin, cell.total // 2)  # a cell of a task or two must not show both bounds
    if cell.passed >= cell.total - margin:
        return AtLeast(cell.total - margin, cell.total)
    if cell.passed <= margin:
        return AtMost(margin, cell.total)
    return Exact(cell.passed, cell.total)


def refusals(
    cells: Sequence[Cell], *, whole: TaskSet = frozenset(), min_cell: int = MIN_CELL
) -> tuple[Refusal, ...]:
    """All reasons why these numbers of *one model* may not be public together; empty: publish.

    ``cells``: everything ever published about the model on these tasks plus what is new;
    ``whole``: the private part of the form, when it is known that others can guess it (always).
    """
    return (
        *_set_refusals(cells, whole=whole, min_cell=min_cell),
        *_value_refusals(cells),
    )


def group_refusals(
    cells_by_model: Mapping[str, Sequence[Cell]],
    *,
    whole: TaskSet = frozenset(),
    min_cell: int = MIN_CELL,
) -> tuple[Refusal, ...]:
    """The same for all models of one owner group together.

    Two variants of one model answer nearly alike, so their sets are held against each other too.
    """
    found: list[Refusal] = []
    for model in sorted(cells_by_model):
        found += refusals(cells_by_model[model], whole=whole, min_cell=min_cell)
    together = [cell for model in sorted(cells_by_model) for cell in cells_by_model[model]]
    found += _set_refusals(together, whole=whole, min_cell=min_cell)
    return tuple(dict.fromkeys(found))


def require_publishable(
    cells: Sequence[Cell], *, whole: TaskSet = frozenset(), min_cell: int = MIN_CELL
) -> None:
    """Raises ``NotAllowed`` (code ``disclosure_<rule>``) with the first refusal."""
    found = refusals(cells, whole=whole, min_cell=min_cell)
    if found:
        first = found[0]
        reason = f"{first.reason} ({', '.join(first.labels)})"
        raise NotAllowed(reason, code=f"disclosure_{first.code}")


def leverages(sets: Iterable[TaskSet]) -> dict[str, Fraction]:
    """h_j per task: how far the published sets pin down that one task, 0 to 1, exactly.

    h_j = 1 means the task's own result can be computed. h is the squared length of the task's
    unit vector projected on the row space of the sets. Known answers: {0..11} and {0..10} give
    task 11 h = 1 and the others 1/11; {0..4} and {5..9} give 1/5 throughout.
    """
    distinct = sorted({s for s in sets if s}, key=sorted)
    blocks = _blocks(distinct)
    rows = _independent(_rows(distinct, blocks), width=len(blocks))
    sizes = [len(block) for block in blocks]
    inverse = _inverse(_gram(rows, sizes))
    found: dict[str, Fraction] = {}
    for column, block in enumerate(blocks):
        v = [row[column] for row in rows]
        pairs = product(range(len(rows)), repeat=2)
        h = sum((v[i] * inverse[i][j] * v[j] for i, j in pairs), Fraction(0))
        found.update(dict.fromkeys(block, h))
    return found


def _set_refusals(cells: Sequence[Cell], *, whole: TaskSet, min_cell: int) -> tuple[Refusal, ...]:
    labels: dict[TaskSet, str] = {}
    for cell in cells:
        if cell.task_ids:
            labels.setdefault(cell.task_ids, cell.label)
    found = [
        Refusal("small_cell", (label,), f"a cell has fewer than {min_cell} tasks")
        for tasks, label in labels.items()
        if len(tasks) < min_cell
    ]
    if whole:
        found += _complement_refusals(labels, whole, min_cell)
    for (one, label), (other, other_label) in combinations(labels.items(), 2):
        if any(0 < len(side) < min_cell for side in (one - other, other - one)):
            reason = f"two cells differ by fewer than {min_cell} tasks"
            found.append(Refusal("small_difference", (label, other_label), reason))
    return (*found, *_combination_refusals(labels, min_cell))


def _complement_refusals(
    labels: Mapping[TaskSet, str], whole: TaskSet, min_cell: int
) -> list[Refusal]:
    found = []
    for tasks, label in labels.items():
        if not tasks <= whole:
            found.append(Refusal("outside_form", (label,), "a cell has tasks outside its form"))
        elif 0 < len(whole - tasks) < min_cell:
            reason = f"a cell leaves fewer than {min_cell} tasks of its form outside"
            found.append(Refusal("small_complement", (label,), reason))
    return found


def _combination_refusals(labels: Mapping[TaskSet, str], min_cell: int) -> list[Refusal]:
    """Sums and differences of many sets: blocks they isolate, tasks they pin down."""
    everyone = tuple(sorted(set(labels.values())))
    blocks = _blocks(list(labels))
    h = leverages(labels)
    found = []
    worst = max(h.values(), default=Fraction(0))
    if worst == 1:
        found.append(Refusal("task_disclosed", everyone, "a task's own result can be computed"))
    elif worst > MAX_LEVERAGE:
        reason = "the cells together pin down one task too closely"
        found.append(Refusal("leverage", everyone, reason))
    # A block of m alike tasks has its sum known exactly when m * h = 1.
    if any(1 < len(b) < min_cell and h[min(b)] * len(b) == 1 for b in blocks):
        reason = f"the cells together give the result of fewer than {min_cell} tasks"
        found.append(Refusal("small_block", everyone, reason))
    return found


def _value_refusals(cells: Sequence[Cell]) -> list[Refusal]:
    """Numbers shown as they are must not undo a bound, nor give an all-or-nothing remainder."""
    exact = [c for c in cells if isinstance(shown_as(c), Exact) and c.task_ids]
    banded = [c for c in cells if not isinstance(shown_as(c), Exact)]
    found = []
    for big in exact:
        for small in exact:
            if small.task_ids < big.task_ids and _one_sided_rest(big, small):
                reason = "the remainder of two cells was passed by all or by none"
                found.append(Refusal("one_sided_rest", (big.label, small.label), reason))
    if not found and _one_sided_block(exact):
        reason = "a remainder of the cells was passed by all or by none"
        found.append(Refusal("one_sided_rest", tuple(c.label for c in exact), reason))
    sets = [c.task_ids for c in exact]
    for cell in banded:
        if _in_span(cell.task_ids, sets):
            reason = "a bound can be undone from the other cells"
            found.append(Refusal("bound_undone", (cell.label,), reason))
    return found


def _one_sided_rest(big: Cell, small: Cell) -> bool:
    return big.passed - small.passed in (0, big.total - small.total)


def _one_sided_block(exact: Sequence[Cell]) -> bool:
    """Whether some block of tasks has a known count, and that count is all or nothing."""
    blocks = _blocks([c.task_ids for c in exact])
    width = len(blocks)
    numbers = [[Fraction(c.passed), Fraction(c.total)] for c in exact]
    sets = _rows([c.task_ids for c in exact], blocks)
    rows = [[*row, *tail] for row, tail in zip(sets, numbers, strict=True)]
    alone = [r for r in _independent(rows, width=width) if sum(map(bool, r[:width])) == 1]
    return any(row[width] in (0, row[width + 1]) for row in alone)


def _in_span(target: TaskSet, sets: Sequence[TaskSet]) -> bool:
    """Whether the target's count follows from the counts of the sets (exact rank)."""
    blocks = _blocks([*sets, target])
    rows, width = _rows(sets, blocks), len(blocks)
    more = rows + _rows([target], blocks)
    return len(_independent(rows, width=width)) == len(_independent(more, width=width))


def _blocks(sets: Collection[TaskSet]) -> list[TaskSet]:
    """Tasks that lie in exactly the same sets, as blocks: they cannot be told apart."""
    signature: dict[str, list[int]] = {}
    for number, tasks in enumerate(sets):
        for task in tasks:
            signature.setdefault(task, []).append(number)
    blocks: dict[tuple[int, ...], set[str]] = {}
    for task, numbers in signature.items():
        blocks.setdefault(tuple(numbers), set()).add(task)
    return [frozenset(blocks[key]) for key in sorted(blocks)]


Row = list[Fraction]


def _rows(sets: Iterable[TaskSet], blocks: Sequence[TaskSet]) -> list[Row]:
    return [[Fraction(int(block <= tasks)) for block in blocks] for tasks in sets]


def _independent(rows: Sequence[Row], *, width: int) -> list[Row]:
    """The reduced row echelon form without zero rows; columns from ``width`` on ride along."""
    work = [list(row) for row in rows]
    basis: list[Row] = []
    for column in range(width):
        lead = next((row for row in work if row[column]), None)
        if lead is None:
            continue
        work.remove(lead)
        lead = [x / lead[column] for x in lead]
        work = [_without(row, lead, column) for row in work]
        basis = [*(_without(row, lead, column) for row in basis), lead]
    return basis


def _without(row: Row, lead: Row, column: int) -> Row:
    factor = row[column]
    return [x - factor * y for x, y in zip(row, lead, strict=True)] if factor else row


def _gram(rows: Sequence[Row], sizes: Sequence[int]) -> list[Row]:
    return [
        [sum((x * y * m for x, y, m in zip(a, b, sizes, strict=True)), Fraction(0)) for b in rows]
        for a in rows
    ]


def _inverse(matrix: Sequence[Row]) -> list[Row]:
    """Gauss-Jordan on a regular matrix of fractions (a Gram matrix of independent rows is)."""
    n = len(matrix)
    work = [[*row, *(Fraction(int(i == j)) for j in range(n))] for i, row in enumerate(matrix)]
    for column in range(n):
        pivot = next(i for i in range(column, n) if work[i][column])
        work[column], work[pivot] = work[pivot], work[column]
        lead = work[column][column]
        work[column] = [x / lead for x in work[column]]
        for other in range(n):
            if other != column and work[other][column]:
                factor = work[other][column]
                pairs = zip(work[other], work[column], strict=True)
                work[other] = [x - factor * y for x, y in pairs]
    return [row[n:] for row in work]

"""What sums over sets of tasks tell about fewer tasks: exact linear algebra, no thresholds.

A published count is one equation: the sum of its tasks' results. Equations can be added and
subtracted, so what matters is the space their 0/1 rows span. Example: {1..12} and {1..11} span the
row of task 12 alone, so its result can be computed; {1..5} and {6..10} span nothing so small.
Everything is in fractions, and sets that share no task, even through others, are looked at apart.

Source: query-set auditing (Chin and Ozsoyoglu 1982); integrity note 3.5.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import product

TaskSet = frozenset[str]
Row = list[Fraction]

_MAX_STEPS = 2_000


def leverages(sets: Iterable[TaskSet]) -> dict[str, Fraction]:
    """h_j per task: how far the published sets pin down that one task, 0 to 1, exactly.

    h_j = 1 means the task's own result can be computed. h is the squared length of the task's
    unit vector projected on the row space of the sets; adding a set never lowers it. Known answers:
    {0..11} and {0..10} give task 11 h = 1 and the others 1/11; {0..4} and {5..9} give 1/5.
    """
    found: dict[str, Fraction] = {}
    for part in components(sets):
        found.update(_leverages(part))
    return found


@lru_cache(maxsize=512)
def _leverages(part: frozenset[TaskSet]) -> dict[str, Fraction]:
    columns = blocks(part)
    rows = reduced(rows_of(part, columns), width=len(columns))
    inverse = _inverse(_gram(rows, [len(block) for block in columns]))
    found: dict[str, Fraction] = {}
    for column, block in enumerate(columns):
        v = [row[column] for row in rows]
        pairs = product(range(len(rows)), repeat=2)
        h = sum((v[i] * inverse[i][j] * v[j] for i, j in pairs), Fraction(0))
        found.update(dict.fromkeys(block, h))
    return found


def tells_of_few(sets: Iterable[TaskSet], *, under: int) -> bool:
    """Whether some combination of the sets rests on one to ``under`` - 1 tasks alone.

    That is a nonzero vector of the row space whose support is so small: sums, differences,
    differences of differences, with any weights. Adding a set never makes it False. A family too
    entangled to be searched counts as True, since nobody could show that it is harmless.
    """
    return any(_tells_of_few(part, under) for part in components(sets))


@lru_cache(maxsize=512)
def _tells_of_few(part: frozenset[TaskSet], under: int) -> bool:
    columns = blocks(part)
    sizes = [len(block) for block in columns]
    rows = reduced(rows_of(part, columns), width=len(columns))
    for column, size in enumerate(sizes):
        if size >= under:
            rows = _vanishing_at(rows, column)
    return _light(rows, sizes, under)


def _light(rows: list[Row], sizes: Sequence[int], under: int) -> bool:
    """Branch on one column after the other: zero there (a dimension less) or not (its weight)."""
    work: list[tuple[list[Row], frozenset[int], int]] = [(rows, frozenset(), 0)]
    for _ in range(_MAX_STEPS):
        if not work:
            return False
        basis, kept, weight = work.pop()
        live = [c for c in range(len(sizes)) if c not in kept and any(row[c] for row in basis)]
        if not basis or weight >= under:
            continue
        if weight + sum(sizes[c] for c in live) < under:
            return True
        if len(basis) > 1:
            column = max(live, key=lambda c: (sizes[c], -c))
            work.append((basis, kept | {column}, weight + sizes[column]))
            work.append((_vanishing_at(basis, column), kept, weight))
        elif sum(size for size, x in zip(sizes, basis[0], strict=True) if x) < under:
            return True
    return True


def _vanishing_at(rows: Sequence[Row], column: int) -> list[Row]:
    """A basis of those combinations of the rows that are zero in a column."""
    lead = next((row for row in rows if row[column]), None)
    if lead is None:
        return list(rows)
    scaled = [x / lead[column] for x in lead]
    return [_without(row, scaled, column) for row in rows if row is not lead]


def follows(target: TaskSet, sets: Iterable[TaskSet]) -> bool:
    """Whether the target's sum follows from the sums of the sets (exact rank)."""
    near = {s for part in components([*sets, target]) if target in part for s in part} - {target}
    given = [*near, *(s for s in sets if s == target)]
    columns = blocks([*given, target])
    width = len(columns)
    rows = rows_of(given, columns)
    more = rows + rows_of([target], columns)
    return len(reduced(rows, width=width)) == len(reduced(more, width=width))


def components(sets: Iterable[TaskSet]) -> list[frozenset[TaskSet]]:
    """The distinct nonempty sets, grouped so that sets of two groups share no task."""
    groups: list[tuple[set[str], set[TaskSet]]] = []
    for tasks in sorted({s for s in sets if s}, key=len, reverse=True):
        near = [group for group in groups if not tasks.isdisjoint(group[0])]
        groups = [group for group in groups if tasks.isdisjoint(group[0])]
        union = set(tasks).union(*(tasks_of for tasks_of, _ in near))
        groups.append((union, {tasks}.union(*(members for _, members in near))))
    return [frozenset(members) for _, members in groups]


def blocks(sets: Collection[TaskSet]) -> list[TaskSet]:
    """Tasks that lie in exactly the same sets, as blocks: they cannot be told apart."""
    signature: dict[str, list[int]] = {}
    for number, tasks in enumerate(sets):
        for task in tasks:
            signature.setdefault(task, []).append(number)
    found: dict[tuple[int, ...], set[str]] = {}
    for task, numbers in signature.items():
        found.setdefault(tuple(numbers), set()).add(task)
    return [frozenset(found[key]) for key in sorted(found)]


def rows_of(sets: Iterable[TaskSet], columns: Sequence[TaskSet]) -> list[Row]:
    """One 0/1 row per set over the blocks; a block lies in a set wholly or not at all."""
    first = [next(iter(block)) for block in columns]
    return [[Fraction(int(task in tasks)) for task in first] for tasks in sets]


def reduced(rows: Sequence[Row], *, width: int) -> list[Row]:
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

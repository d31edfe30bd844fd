"""Whether two models of one owner came out so alike that their difference tells of few tasks.

An owner may enter one model twice under two names and fail a task on purpose in one of them: the
difference of the two exact scores is that task's hidden verdict. Example: on 150 tasks 92 and 91
passes that differ in one task are both told as 92. Two models that really differ do so in more
than a tenth of the tasks, unless both pass nearly all of them or nearly none.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchserver.core.disclosure import MIN_CELL
from benchserver.core.errors import BadInput


def alike(first: Sequence[int], second: Sequence[int], *, min_cell: int = MIN_CELL) -> bool:
    """Do fewer than ``alike_below`` tasks have another count of passes? (docs/statistics.md, 2026)

    ``first``, ``second``: passes per task of two models on one form. None is alike, too: that no
    chosen task made a difference would tell that all of them were failed anyway. Known answer: of
    150 tasks 15 that differ are alike, 16 are not. Raises ``BadInput`` on rows of other lengths.
    """
    if len(first) != len(second):
        raise BadInput("two models of one form have the same tasks", place="siblings")
    changed = sum(a != b for a, b in zip(first, second, strict=True))
    return changed < alike_below(len(first), min_cell=min_cell)


def alike_below(tasks: int, *, min_cell: int = MIN_CELL) -> int:
    """How many tasks must differ: ``min_cell``, on small forms more than a tenth of them.

    With the whole cell two honest models could hardly ever be told apart on 24 tasks.
    Known answers: 24 tasks 3, 150 tasks 16, from 190 tasks on 20.
    """
    return min(min_cell, tasks // 10 + 1)

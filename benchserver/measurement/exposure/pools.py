"""How many tasks a pool needs for P owner groups that come E times, and how many to write for it.

With *common forms* all groups meet the same tasks in the same window, so a form costs its tasks
once, not once per provider: 10 groups, 2 evaluations each, 150 tasks need 300. A form of their own
for everybody would need 3,000. That is why forms are common (D9). Supply of good tasks is the
scarce thing, so the second question is how many candidates must be written.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchserver.core.errors import BadInput

RESERVE = 0.2
REJECTED = 0.3  # share of candidates that intake refuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """``groups`` P, ``evaluations`` E per group, ``tasks`` L per form, ``per_group`` c,
    ``per_task`` C, all in the same stretch of time (a quarter)."""

    groups: int
    evaluations: int
    tasks: int
    per_group: int = 1
    per_task: int = 10

    def __post_init__(self) -> None:
        if min(self.groups, self.evaluations, self.tasks, self.per_group, self.per_task) < 1:
            raise BadInput("groups, evaluations, tasks and caps are at least 1", place="season")

    @property
    def forms(self) -> int:
        """Forms each group must meet so that it sees no task more than c times: ceil(E / c)."""
        return math.ceil(self.evaluations / self.per_group)

    @property
    def lots(self) -> int:
        """Sets of groups that need tasks of their own so that no task passes its C."""
        looks = self.groups * min(self.per_group, self.evaluations)
        return math.ceil(looks / self.per_task)


def common_forms(season: Season) -> int:
    """N = L * ceil(E / c) * ceil(P min(c, E) / C) (integrity note of 2026, section 7.3).

    Known answers (P, E, L, c, C): (10, 2, 150, 1, 10) 300; (20, 2, 150, 1, 5) 1200;
    (30, 2, 200, 1, 10) 1200.
    """
    return season.tasks * season.forms * season.lots


def disjoint_forms(season: Season) -> int:
    """N = L * ceil(E / c) * P: every group a form of its own (note of 2026, section 7.3).

    Known answer: (10, 2, 150, 1, 10) 3000.
    """
    return season.tasks * season.forms * season.groups


def least(season: Season) -> int:
    """No design needs fewer than max(L E / c, L E P / C) tasks (note of 2026, section 7.3).

    Known answer: (20, 2, 150, 1, 5) 1200.
    """
    looks = season.tasks * season.evaluations
    by_task = looks * season.groups
    return max(-(-looks // season.per_group), -(-by_task // season.per_task))


def to_write(tasks: int, *, reserve: float = RESERVE, rejected: float = REJECTED) -> int:
    """Candidates to write: N (1 + reserve) / (1 - rejected), rounded up (note of 2026, 7.3).

    Known answers: 300 -> 515; with the .683 that SWE-bench Verified removed -> 1136. Raises
    ``BadInput`` for a rejection of 1 or more, or a negative number.
    """
    if tasks < 0 or reserve < 0 or not 0 <= rejected < 1:
        raise BadInput("nothing gets through, or a number is negative", place="to_write")
    return math.ceil(tasks * (1 + reserve) / (1 - rejected) - 1e-9)

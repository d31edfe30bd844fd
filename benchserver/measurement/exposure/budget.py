"""What each group has been shown, what is left of a task, and how evenly the looking is spread.

An exposure is a (task, owner group) pair from the moment the prompt leaves, whatever follows. A
task has c looks per group, C groups in all and A days; what is left is the scarcest of the three.
Example: four groups that saw 150, 150, 150 and 0 tasks have a Gini index of .25.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchserver.core.errors import BadInput

Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """``per_group``: c, ``per_task``: C, ``max_age_days``: A (D9)."""

    per_group: int = 1
    per_task: int = 10
    max_age_days: int = 120

    def __post_init__(self) -> None:
        if min(self.per_group, self.per_task) < 1 or self.max_age_days < 0:
            raise BadInput("caps are at least 1 and the age not negative", place="caps")


def gini(amounts: Sequence[float]) -> float:
    """Gini's (1912) index of inequality: 0 when all have the same, (n - 1) / n when one has all.

    sum_i sum_j |x_i - x_j| / (2 n^2 mean). Known answers: 1, 1, 1 -> 0; 0, 0, 0, 1 -> .75;
    150, 150, 150, 0 -> .25. All zero is 0. Raises ``BadInput`` for none or a negative amount.
    """
    ordered = sorted(amounts)
    if not ordered or not all(0 <= x < math.inf for x in ordered):
        raise BadInput("amounts are there and not negative", place="gini")
    n, total = len(ordered), math.fsum(ordered)
    if not total:
        return 0.0
    ranked = math.fsum((2 * i - n - 1) * x for i, x in enumerate(ordered, 1))
    return max(0.0, ranked / (n * total))


def groups_left(met_by: int, age_days: int, caps: Caps) -> int:
    """How many more groups may meet a task: 0 when its age or its C is used up (note of 2026,
    section 7.2). Known answer: met by 7 of 10 and 30 days old: 3; 121 days old: 0."""
    if met_by < 0 or age_days < 0:
        raise BadInput("counts are not negative", place="groups_left")
    if age_days > caps.max_age_days:
        return 0
    return max(0, caps.per_task - met_by)


def seen_before(families: Sequence[Hashable], known: Collection[Hashable]) -> float:
    """Share of a form's tasks whose family the group had met in an earlier rotation, 0 to 1; 0
    without tasks (decision D13 of 2026: an owner knows a family once it met one task of it).

    Known answer: families a, a, b, c with a known: .5.
    """
    met = sum(family in known for family in families)
    return met / len(families) if families else 0.0


def tasks_seen(exposures: Iterable[tuple[Group, Hashable]]) -> Mapping[Group, int]:
    """Different tasks per group from (group, task) pairs; a second look at a task adds nothing.

    Known answer: (a, 1), (a, 1), (a, 2), (b, 1): a 2, b 1 (note of 2026, section 7.2).
    """
    seen: dict[Group, int] = {}
    for group, _ in set(exposures):
        seen[group] = seen.get(group, 0) + 1
    return seen

"""The error of a hidden score as it may leave: clustered, or the largest that its results allow.

Example: two tasks of 24 share a family, so whether they agree must not be seen in the error.
"""

from __future__ import annotations

import math
from collections import defaultdict

from tests.recount.arithmetic import MIN_CELL, Figures, Part, figures, t_quantile, wilson


def told_figures(part: Part) -> Figures:
    exact = figures(part)
    groups: dict[str, list[int]] = defaultdict(list)
    for passed, family in zip(part.passed, part.families, strict=True):
        groups[family].append(passed)
    if len(groups) < 2 or _tellable(list(groups.values()), part.samples):
        return exact
    apart = sorted((value - exact.mean) ** 2 for value in part.values)
    sizes = sorted(len(group) for group in groups.values() for _ in group)
    most = math.fsum(n * square for n, square in zip(sizes, apart, strict=True))
    g = len(groups)
    se = math.sqrt(most * g / (g - 1)) / len(part.passed)
    if se < 1e-12:
        return Figures(exact.mean, se, *wilson(exact.mean, g), g - 1)
    half = t_quantile(0.975, g - 1) * se
    return Figures(exact.mean, se, max(0.0, exact.mean - half), min(1.0, exact.mean + half), g - 1)


def _tellable(groups: list[list[int]], samples: int) -> bool:
    shared = [group for group in groups if len(group) > 1]
    if not shared:
        return True
    of_size = defaultdict(list)
    for group in groups:
        of_size[len(group)] += group
    if any(len(tasks) < MIN_CELL for tasks in of_size.values()):
        return False
    if len(of_size) > 1 and not all(
        _inside(sum(tasks), len(tasks), samples) for tasks in of_size.values()
    ):
        return False
    alike = sum(sum(group) in (0, samples * len(group)) for group in shared)
    return _inside(alike, len(shared), 1)


def _inside(passed: int, tasks: int, samples: int) -> bool:
    """Neither within the upper band nor within the lower one."""
    margin = min((3 if tasks < 50 else 1) * samples, tasks * samples // 2)
    return margin < passed < tasks * samples - margin

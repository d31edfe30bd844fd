"""Scored subtasks: a group of cases earns its points when all of them pass, and stops at the first
that does not; the other groups go on.

Only all points are a pass; the verdict is that of the first group that failed. Example: 50 of 100
points when the small cases pass and a large one ends in ``time_limit``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from benchserver.core.task import Subtask
from benchserver.core.verdict import Judgement
from benchserver.engines.judges.endings import together


def judge_subtasks(
    subtasks: Sequence[Subtask], judge_case: Callable[[int], Judgement]
) -> Judgement:
    """One judgement with points. ``judge_case`` judges a case by its number, each at most once."""
    judged: dict[int, Judgement] = {}

    @cache
    def once(number: int) -> Judgement:
        judged[number] = judge_case(number)
        return judged[number]

    failures = [_first_failure(subtask, once) for subtask in subtasks]
    earned = [s.points for s, failure in zip(subtasks, failures, strict=True) if failure is None]
    worst = next((failure for failure in failures if failure is not None), None)
    everything = list(judged.values())
    return replace(
        together(everything, decided_by=worst or everything[-1]),
        points=sum(earned),
        points_total=sum(subtask.points for subtask in subtasks),
    )


def _first_failure(subtask: Subtask, once: Callable[[int], Judgement]) -> Judgement | None:
    """The group's cases in random order, until one does not pass."""
    numbers = list(subtask.cases)
    random.SystemRandom().shuffle(numbers)
    return next((found for number in numbers if not (found := once(number)).passed), None)
